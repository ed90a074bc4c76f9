//! Instructions on registers: what allocation makes of a body.

use smallvec::SmallVec;

use super::body::{Class, Convert, Home, Info, Place};
use super::forms::Op;
use crate::base::DType;
use crate::op::Routine;

/// What a machine instruction's last operand is.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Reg(u8),
    Place(Place),
    /// A fixed value in its home.
    Home(Home),
}

/// An instruction on registers.
#[derive(Clone, Debug)]
pub(super) enum Placed {
    Vector {
        op: Op,
        size: u8,
        width: u8,
        reg: u8,
        vvvv: u8,
        rm: At,
        mask: u8,
        zero: bool,
        imm: u8,
    },
    Call {
        args: SmallVec<[i32; 2]>,
        result: i32,
        routine: Routine,
        dtype: DType,
    },
    Rare {
        mask: u8,
        mask_info: Info,
        saved: Vec<Saved>,
        arg: Saved,
        result: Saved,
        routine: Routine,
        dtype: DType,
    },
    /// The register has a quotient already if all lanes of `ok` are set.
    Quotient {
        reg: u8,
        ok: u8,
        a: u8,
        b: At,
        size: u8,
        width: u8,
    },
    Check {
        ok: u8,
        ok_info: Info,
        error: u32,
    },
    Convert {
        reg: u8,
        from: i32,
        to: i32,
        what: Convert,
        count: u8,
    },
    Stage {
        operand: usize,
        out: bool,
        size: u8,
        slot: i32,
    },
}

/// A register and where on the stack it is kept meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Saved {
    pub(super) class: Class,
    pub(super) reg: u8,
    pub(super) slot: i32,
}

impl Placed {
    /// Stores a register of this width where it is kept.
    pub(super) fn store(saved: Saved, width: u8) -> Self {
        let op = if saved.class == Class::Vector { Op::Store } else { Op::MaskStore };
        let rm = At::Place(Place::Slot(saved.slot));
        Placed::Vector { op, size: 4, width, reg: saved.reg, vvvv: 0, rm, mask: 0, zero: false, imm: 0 }
    }
}
