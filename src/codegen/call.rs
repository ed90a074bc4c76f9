//! What no vector instruction does: routines called lane by lane, for all elements or for rare ones,
//! and checks.

use cranelift_codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, FuncRef, InstBuilder, Signature, StackSlot, Value, types,
};
use smallvec::SmallVec;

use super::arms::scalar;
use super::lanes::{Emitter, LANES, Lanes, Parts};
use super::symbol;
use crate::base::DType;
use crate::op::Routine;

impl Emitter<'_> {
    /// `routine` of every element.
    pub(super) fn call(&mut self, routine: Routine, args: &[Lanes]) -> Lanes {
        let dtype = args[0].dtype;
        let function = self.routine(routine, dtype, args.len());
        let args: SmallVec<[[Value; LANES]; 2]> = args.iter().map(|arg| self.split(*arg)).collect();
        let lanes = std::array::from_fn(|lane| {
            let args: SmallVec<[Value; 2]> = args.iter().map(|arg| arg[lane]).collect();
            let call = self.ins().call(function, &args);
            self.builder.inst_results(call)[0]
        });
        self.join(dtype, lanes)
    }

    /// `mask ? routine(arg) : fast`, out of line and only if any lane asks for it; or just `fast`, if
    /// those that ask are put off.
    pub(super) fn rare(&mut self, mask: Lanes, fast: Lanes, routine: Routine, arg: Lanes) -> Lanes {
        if self.put_off.is_some() {
            let mask = self.narrow(mask);
            self.put_off.as_mut().expect("it is there").push(mask);
            return fast;
        }
        let (slow, merge) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(slow);
        let any = self.narrow(mask);
        let any = self.ins().vany_true(any);
        let parts = |lanes: Lanes| -> SmallVec<[_; 2]> {
            lanes.parts.as_slice().iter().map(|x| (*x).into()).collect()
        };
        self.ins().brif(any, slow, &[], merge, &parts(fast));

        self.builder.switch_to_block(slow);
        let slow_lanes = self.call(routine, &[arg]);
        let chosen = self.select(mask, slow_lanes, fast);
        self.ins().jump(merge, &parts(chosen));

        self.builder.switch_to_block(merge);
        let merged: SmallVec<[Value; 2]> = fast
            .parts
            .as_slice()
            .iter()
            .map(|part| {
                let ty = self.type_of(*part);
                self.builder.append_block_param(merge, ty)
            })
            .collect();
        Lanes::new(fast.dtype, Parts::new(&merged))
    }

    /// Notes `error` where `ok` does not hold.
    pub(super) fn check(&mut self, ok: Lanes, error: u32) {
        let slot = self.error_slot();
        let ok = self.narrow(ok);
        let bits = self.splat_bits(types::I32X4, u64::from(error));
        let failed = self.not(ok);
        let failed = self.ins().band(failed, bits);
        let before = self.ins().stack_load(types::I64, types::I32X4, slot, 0);
        let after = self.ins().bor(before, failed);
        self.ins().stack_store(types::I64, after, slot, 0);
    }

    fn error_slot(&mut self) -> StackSlot {
        self.errors.expect("a body with checks has a place for their errors")
    }

    fn routine(&mut self, routine: Routine, dtype: DType, arity: usize) -> FuncRef {
        let key = (routine, dtype);
        if let Some((_, function)) = self.routines.iter().find(|(known, _)| *known == key) {
            return *function;
        }
        let value = AbiParam::new(scalar(dtype));
        let mut signature = Signature::new(self.call_conv);
        signature.params.resize(arity, value);
        signature.returns.push(value);
        let signature = self.builder.import_signature(signature);
        let function = self.builder.import_function(ExtFuncData {
            name: ExternalName::testcase(symbol(routine, dtype)),
            signature,
            // Anywhere in the address space.
            colocated: false,
            patchable: false,
        });
        self.routines.push((key, function));
        function
    }
}
