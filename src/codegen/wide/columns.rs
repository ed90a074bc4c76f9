//! Reductions of columns, as `StripKind::Columns` defines them: the rows of every column join, in order,
//! what the outputs hold.
//!
//! Columns are taken some vectors at a time, whose accumulators stay in registers while the rows go by;
//! the last ones in a vector of which only some lanes exist.

use smallvec::SmallVec;

use super::assemble::{Alu, Assembler, Gpr, Mem, Move, When};
use super::body::{Body, Fixed};
use super::emit::slot;
use super::frame::{Frame, Slots};
use super::join::{held, lane_size, stays};
use super::placed::Placed;
use super::select::{Lanes, Selector};
use super::{Machine, lanes};
use crate::base::caches::LINE;
use crate::base::strip::StripArgs;
use crate::kernel::Strip;
use crate::op::Fold;

/// Most vectors of columns that are taken at a time.
const MOST: usize = 8;

/// How far ahead in each row memory is asked for, in bytes. Rows are far apart, so that a processor does not
/// foresee where the next piece of one is read: sums of the columns of 4096 x 4096 `f32` take four fifths of
/// the time so, and in the second-level cache 3 % longer.
const AHEAD: i32 = 2048;

/// How many vectors of columns are taken at a time. Addresses that move from column to column serve one.
fn together(machine: Machine, strip: &Strip) -> usize {
    let near = strip.operands.iter().all(|operand| stays(operand.step));
    if near { held(machine, strip.outputs().len(), MOST) } else { 1 }
}

/// The code of an iteration: what begins and ends a vector of columns, and what a row does.
struct Parts {
    begin: Vec<Placed>,
    row: Vec<Placed>,
    end: Vec<Placed>,
}

/// The accumulators of a vector of columns, read; those with a row more; and written.
fn bodies(
    machine: Machine,
    strip: &Strip,
    fold: Fold,
    last: bool,
    fixed: &mut Vec<(Fixed, u8)>,
    slots: &mut Slots,
) -> [Body; 3] {
    let outputs = || strip.arguments..strip.operands.len();
    let fresh = |s: &mut Selector| -> SmallVec<[Lanes; 2]> {
        let fresh = |output: &crate::kernel::Operand| {
            Lanes::new(output.dtype, s.fresh_vector(lane_size(output.dtype)))
        };
        strip.outputs().iter().map(fresh).collect()
    };
    let mut s = Selector::new(machine, strip, last, fixed, slots);
    let (before, read) = (fresh(&mut s), outputs().map(|k| s.load(k)).collect::<SmallVec<[Lanes; 2]>>());
    s.carry(&before, &read);
    let begin = s.finish();
    let mut s = Selector::new(machine, strip, last, fixed, slots);
    let before = fresh(&mut s);
    let after = s.joined(fold, &before);
    s.carry(&before, &after);
    let row = s.finish();
    let mut s = Selector::new(machine, strip, last, fixed, slots);
    let before = fresh(&mut s);
    s.carry(&before, &before);
    for (k, lanes) in outputs().zip(before) {
        s.store(k, lanes);
    }
    [begin, row, s.finish()]
}

/// Emits a strip that reduces each column.
pub(super) fn columns(asm: Assembler, machine: Machine, strip: &Strip, fold: Fold) -> Assembler {
    let (mut slots, mut fixed) = (Slots::default(), Vec::new());
    let [whole, last] = [false, true].map(|last| bodies(machine, strip, fold, last, &mut fixed, &mut slots));
    let (each, together) = (strip.outputs().len(), together(machine, strip));
    let [column, outer] = [slots.word(), slots.area(8 * strip.arguments)];
    let of: Vec<&Body> = whole.iter().chain(&last).collect();
    let mut frame =
        Frame::new(asm, machine, strip, lanes(machine, strip), fixed, slots, &of, each * together);
    let registers = frame.file.carried.clone();
    let mut parts = |[begin, row, end]: &[Body; 3], number: usize| {
        let [begin, row, end] = frame.allocated([begin, row, end], &registers[number * each..][..each]);
        Parts { begin, row, end }
    };
    let whole: Vec<Parts> = (0..together).map(|number| parts(&whole, number)).collect();
    let last = [parts(&last, 0)];
    frame.reduce_columns(&whole, &last, column, outer);
    frame.asm
}

/// The text of what a row does to a vector of columns, before registers are given out.
pub(super) fn selected(machine: Machine, strip: &Strip, fold: Fold) -> String {
    let mut fixed = Vec::new();
    let [_, row, _] = bodies(machine, strip, fold, false, &mut fixed, &mut Slots::default());
    row.text(&fixed)
}

impl Frame<'_> {
    fn reduce_columns(&mut self, whole: &[Parts], last: &[Parts], column: i32, outer: i32) {
        self.enter(true);
        self.per_call();
        self.load(Gpr::RAX, self.args);
        let at = std::mem::offset_of!(StripArgs, outer) as i32;
        self.asm.mov(Move::Load, 8, Gpr::RAX, Mem::At { base: Gpr::RAX, disp: at });
        for k in 0..self.strip.arguments as i32 {
            self.asm.mov(Move::Load, 8, Gpr::RCX, Mem::At { base: Gpr::RAX, disp: 8 * k });
            self.store(Gpr::RCX, outer + 8 * k);
        }
        self.asm.alu(Alu::Xor, Gpr::RBX, Gpr::RBX);
        let lanes = i32::from(self.lanes);
        let mut widths = vec![whole.len()];
        if whole.len() > 1 {
            widths.push(1);
        }
        for width in widths {
            let (head, done) = (self.asm.label(), self.asm.label());
            let columns = lanes * width as i32;
            self.asm.bind(head);
            self.load(Gpr::RAX, self.count);
            self.asm.alu(Alu::Sub, Gpr::RAX, Gpr::RBX);
            self.asm.alu_imm(Alu::Cmp, Gpr::RAX, columns);
            self.asm.jump(When::Below, done);
            self.some_columns(&whole[..width], false, column, outer);
            self.asm.alu_imm(Alu::Add, Gpr::RBX, columns);
            self.asm.jump(When::Always, head);
            self.asm.bind(done);
        }
        let done = self.asm.label();
        self.load(Gpr::RCX, self.count);
        self.asm.alu(Alu::Sub, Gpr::RCX, Gpr::RBX);
        self.asm.jump(When::Equal, done);
        let placed: Vec<Placed> =
            last.iter().flat_map(|parts| [&parts.begin, &parts.row, &parts.end]).flatten().cloned().collect();
        self.begin_last(&placed);
        self.some_columns(last, true, column, outer);
        self.asm.bind(done);
        self.leave();
    }

    /// All rows of the columns from `rbx` on, of one vector per part.
    fn some_columns(&mut self, parts: &[Parts], last: bool, column: i32, outer: i32) {
        self.store(Gpr::RBX, column);
        for k in 0..self.tracks.len() {
            let track = self.tracks[k];
            self.load(Gpr::RAX, track.row);
            if track.ahead.is_some() {
                self.load(Gpr::RCX, track.step);
                self.asm.multiply(Gpr::RCX, slot(column));
                self.asm.alu(Alu::Add, Gpr::RAX, Gpr::RCX);
            }
            match track.at {
                Ok(register) => self.asm.copy(register, Gpr::RAX),
                Err(at) => self.store(Gpr::RAX, at),
            }
        }
        for (number, parts) in parts.iter().enumerate() {
            for placed in &parts.begin {
                self.placed(placed, number as u8, last);
            }
        }
        self.load(Gpr::RBP, self.rows);
        let head = self.asm.label();
        self.asm.bind_aligned(head);
        for number in 0..self.fixed.len() {
            if let (Fixed::Uniform(operand), width) = self.fixed[number].clone() {
                let base = self.base(operand);
                self.spread(number, self.strip.operands[operand].dtype, Mem::At { base, disp: 0 }, width);
            }
        }
        for (number, parts) in parts.iter().enumerate() {
            for placed in &parts.row {
                self.placed(placed, number as u8, last);
            }
        }
        if parts.len() > 1 {
            self.ask_ahead(parts.len());
        }
        for k in 0..self.strip.arguments {
            let ahead = outer + 8 * k as i32;
            match self.tracks[k].at {
                Ok(register) => self.asm.alu_mem(Alu::Add, 8, register, slot(ahead)),
                Err(at) => {
                    self.load(Gpr::RAX, ahead);
                    self.asm.alu_to_mem(Alu::Add, 8, slot(at), Gpr::RAX);
                }
            }
        }
        self.asm.alu_imm(Alu::Sub, Gpr::RBP, 1);
        self.asm.jump(When::NotEqual, head);
        for (number, parts) in parts.iter().enumerate() {
            for placed in &parts.end {
                self.placed(placed, number as u8, last);
            }
        }
    }

    /// Asks for what of each row lies ahead of these vectors.
    fn ask_ahead(&mut self, vectors: usize) {
        for operand in 0..self.strip.arguments {
            let Some(scale) = self.tracks[operand].scale else { continue };
            let bytes = usize::from(scale) * usize::from(self.lanes) * vectors;
            for line in (0..bytes).step_by(LINE) {
                let base = self.base(operand);
                self.asm.prefetch(Mem::Indexed { base, index: Gpr::RBX, scale, disp: AHEAD + line as i32 });
            }
        }
    }
}
