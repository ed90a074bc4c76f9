//! Registers for the values of a body, in one walk over its straight line.
//!
//! A value gets a register where it is computed and gives it back after its last use. Elements of
//! operands and fixed values are read from memory by the instruction that needs them, where it can
//! and no register holds them. When registers run out, the value whose next use is furthest goes to
//! the stack.

mod fma;

use smallvec::SmallVec;

use super::body::{Body, Class, Home, Info, Inst, Place, Plain, Source, V};
use super::file::File;
use super::forms::{Op, Shape, Size, form};
use super::frame::Slots;
use super::placed::{At, Placed, Saved};

/// The mask register that says which lanes exist in the last iteration.
pub(super) const ACTIVE: u8 = 7;

/// Per value the instructions that read it.
pub(super) fn uses(body: &Body) -> Vec<SmallVec<[u32; 4]>> {
    let mut uses = vec![SmallVec::new(); body.values.len()];
    for (at, inst) in body.insts.iter().enumerate() {
        for v in inst.sources() {
            uses[v.index()].push(at as u32);
        }
    }
    for (_, after) in &body.carried {
        uses[after.index()].push(body.insts.len() as u32);
    }
    uses
}

/// The instructions of `body` on registers; of what is carried, these.
pub(super) fn allocate(body: &Body, file: &File, slots: &mut Slots, carried: &[u8]) -> Vec<Placed> {
    let mut allocator = Allocator {
        body,
        file,
        slots,
        uses: uses(body),
        seen: vec![0; body.values.len()],
        reg: vec![None; body.values.len()],
        home: vec![None; body.values.len()],
        vectors: vec![None; usize::from(file.vectors)],
        masks: vec![None; usize::from(ACTIVE)],
        pinned: SmallVec::new(),
        carried,
        placed: Vec::with_capacity(body.insts.len() * 2),
    };
    for (&(before, _), &reg) in body.carried.iter().zip(carried) {
        allocator.reg[before.index()] = Some(reg);
    }
    for (at, info) in body.values.iter().enumerate() {
        if let Some(fixed) = info.fixed {
            allocator.reg[at] = file.permanent[fixed];
            allocator.home[at] = Some(At::Home(file.homes[fixed]));
        }
    }
    if let Some(active) = body.active {
        allocator.reg[active.index()] = Some(ACTIVE);
    }
    let mut storing = false;
    for inst in &body.insts {
        if !storing && inst.stores() {
            storing = true;
            allocator.settle_loads();
        }
        allocator.inst(inst);
    }
    for (&(_, after), &reg) in body.carried.iter().zip(carried) {
        allocator.pinned.clear();
        let from = allocator.anywhere(after);
        if !matches!(from, At::Reg(at) if at == reg) {
            allocator.load_from(reg, body.info(after), from);
        }
    }
    allocator.placed
}

struct Allocator<'a> {
    body: &'a Body,
    file: &'a File,
    slots: &'a mut Slots,
    uses: Vec<SmallVec<[u32; 4]>>,
    /// How many of its uses are behind, per value.
    seen: Vec<usize>,
    reg: Vec<Option<u8>>,
    /// Where in memory a value also is.
    home: Vec<Option<At>>,
    /// Who holds each register.
    vectors: Vec<Option<V>>,
    masks: Vec<Option<V>>,
    /// Values that must keep their registers now.
    pinned: SmallVec<[V; 4]>,
    /// The registers of what is carried.
    carried: &'a [u8],
    placed: Vec<Placed>,
}

impl Allocator<'_> {
    fn inst(&mut self, inst: &Inst) {
        self.pinned.clear();
        match inst {
            Inst::Load { dst, operand } => {
                self.home[dst.index()] = Some(At::Place(Place::Operand { operand: *operand, disp: 0 }));
            }
            Inst::Vector(plain) => self.plain(plain),
            Inst::Fma { .. } => self.fma(inst),
            Inst::Call { dst, args, routine, dtype } => {
                let args_at = args.iter().map(|arg| self.store_copy(*arg)).collect();
                args.iter().for_each(|arg| self.used(*arg));
                self.spill_all();
                let result = self.slots.vector(self.body.info(*dst).width);
                self.placed.push(Placed::Call { args: args_at, result, routine: *routine, dtype: *dtype });
                self.reload_permanent();
                self.home[dst.index()] = Some(At::Place(Place::Slot(result)));
            }
            Inst::Rare { dst, fast, mask, arg, routine, dtype, .. } => {
                let (mask_reg, arg_reg) = (self.in_reg(*mask), self.in_reg(*arg));
                let dst_reg = self.tie(*dst, *fast);
                // What is alive after this, and what holds for good.
                for v in [*mask, *arg] {
                    self.used(v);
                }
                let mut saved = self.saved(*dst);
                let mut keep =
                    |reg: u8| Saved { class: Class::Vector, reg, slot: self.slots.vector(self.file.widest) };
                let (arg_at, result) = (keep(arg_reg), keep(dst_reg));
                saved.retain(|saved| saved.class == Class::Mask || saved.reg != dst_reg);
                self.placed.push(Placed::Rare {
                    mask: mask_reg,
                    mask_info: self.body.info(*mask),
                    saved,
                    arg: arg_at,
                    result,
                    routine: *routine,
                    dtype: *dtype,
                });
            }
            Inst::Quotient { dst, fast, ok, a, b, size, width } => {
                let (ok_reg, a_reg, b_at) = (self.in_reg(*ok), self.in_reg(*a), self.anywhere(*b));
                let reg = self.tie(*dst, *fast);
                [ok, a, b].into_iter().for_each(|v| self.used(*v));
                let (size, width) = (*size, *width);
                self.placed.push(Placed::Quotient { reg, ok: ok_reg, a: a_reg, b: b_at, size, width });
            }
            Inst::Check { ok, error, .. } => {
                let reg = self.in_reg(*ok);
                self.used(*ok);
                self.placed.push(Placed::Check { ok: reg, ok_info: self.body.info(*ok), error: *error });
            }
            Inst::Convert { dst, a, what } => {
                let from = self.store_copy(*a);
                self.used(*a);
                let info = self.body.info(*dst);
                let (to, reg) = (self.slots.vector(info.width), self.fresh(*dst));
                let count = info.width / info.size;
                self.placed.push(Placed::Convert { reg, from, to, what: *what, count });
                self.load_from(reg, info, At::Place(Place::Slot(to)));
            }
            Inst::Stage { operand, out, size, slot } => {
                self.placed.push(Placed::Stage { operand: *operand, out: *out, size: *size, slot: *slot });
            }
        }
        if let Some(dst) = inst.dst().filter(|dst| self.uses[dst.index()].is_empty()) {
            self.release(dst);
        }
    }

    fn plain(&mut self, plain: &Plain) {
        let mut plain = *plain;
        let form = form(plain.op, plain.size);
        if let (Some(a), Source::Value(b)) = (plain.a, plain.b) {
            let only_b = self.reg[a.index()].is_none() && self.reg[b.index()].is_some();
            if form.commutes && plain.tied.is_none() && only_b {
                (plain.a, plain.b) = (Some(b), Source::Value(a));
            }
        }
        let a = plain.a.map(|a| self.in_reg(a));
        let mask = plain.mask.map(|mask| self.in_reg(mask));
        let takes_memory = matches!(form.shape, Shape::Rvm | Shape::Rm | Shape::Rvmr)
            && matches!(form.sizes[2], Size::F | Size::H)
            && !matches!(plain.op, Op::MoveMask | Op::SignMask | Op::Copy);
        let rm = match plain.b {
            Source::None => None,
            Source::Place(place) => Some(At::Place(place)),
            Source::Lanes { operand, index } => {
                Some(At::Place(Place::Lanes { operand, index: self.in_reg(index) }))
            }
            Source::Value(b) if takes_memory => Some(self.anywhere(b)),
            Source::Value(b) => Some(At::Reg(self.in_reg(b))),
        };
        let dst = match (plain.dst, plain.tied) {
            (Some(dst), Some(tied)) => Some(self.tie(dst, tied)),
            (dst, _) => {
                self.used_by(&plain);
                dst.map(|dst| self.fresh(dst))
            }
        };
        if plain.dst.is_some() && plain.tied.is_some() {
            self.used_by(&Plain { tied: None, ..plain });
        }
        let none = At::Reg(0);
        let (reg, vvvv, rm) = match form.shape {
            Shape::Rvm | Shape::Rvmr => (dst, a, rm.unwrap_or(none)),
            Shape::Rm => (dst, None, rm.unwrap_or(none)),
            Shape::Vm(_) => (None, dst, rm.unwrap_or(none)),
            Shape::Mr => (a, None, rm.unwrap_or(At::Reg(dst.unwrap_or(0)))),
            Shape::Mvr => (a, mask, rm.unwrap_or(none)),
            Shape::Zo => (None, None, none),
        };
        self.placed.push(Placed::Vector {
            op: plain.op,
            size: plain.size,
            width: plain.width,
            reg: reg.unwrap_or(0),
            vvvv: vvvv.unwrap_or(0),
            rm,
            mask: if form.shape == Shape::Mvr { 0 } else { mask.unwrap_or(0) },
            zero: plain.zero,
            imm: plain.imm,
        });
    }

    fn used_by(&mut self, plain: &Plain) {
        for v in Inst::Vector(*plain).sources() {
            self.used(v);
        }
    }

    fn in_register(&self, v: V) -> bool {
        self.reg[v.index()].is_some()
    }

    /// Whether its register is free after its last use.
    fn is_transient(&self, v: V) -> bool {
        let carried = self.body.carried.iter().any(|(before, _)| *before == v);
        self.body.info(v).fixed.is_none() && self.body.active != Some(v) && !carried
    }

    /// Whether `after` is what becomes of `before`, which is carried.
    fn carries(&self, before: V, after: V) -> bool {
        self.body.carried.contains(&(before, after))
    }

    /// Uses that are still to come.
    fn left(&self, v: V) -> usize {
        self.uses[v.index()].len() - self.seen[v.index()]
    }

    /// One use of `v` is behind.
    fn used(&mut self, v: V) {
        self.seen[v.index()] += 1;
        if self.left(v) == 0 {
            self.release(v);
        }
    }

    fn release(&mut self, v: V) {
        if self.holders(v).contains(&Some(v)) {
            for holder in self.holders(v) {
                if *holder == Some(v) {
                    *holder = None;
                }
            }
            self.reg[v.index()] = None;
        }
    }

    fn holders(&mut self, v: V) -> &mut Vec<Option<V>> {
        match self.body.info(v).class {
            Class::Vector => &mut self.vectors,
            Class::Mask => &mut self.masks,
        }
    }

    /// The register of `v`, which keeps it for this instruction; it is loaded if it has none.
    fn in_reg(&mut self, v: V) -> u8 {
        if let Some(reg) = self.reg[v.index()] {
            self.pinned.push(v);
            return reg;
        }
        let from = self.home[v.index()].expect("a value is in a register or in memory");
        let reg = self.fresh(v);
        self.load_from(reg, self.body.info(v), from);
        reg
    }

    /// The register of `v`, or where in memory it is if this is the last time or it is fixed.
    fn anywhere(&mut self, v: V) -> At {
        let info = self.body.info(v);
        match self.home[v.index()] {
            Some(home) if !self.in_register(v) && (self.left(v) == 1 || info.fixed.is_some()) => home,
            _ => At::Reg(self.in_reg(v)),
        }
    }

    /// A register for `v`, which this instruction computes or loads.
    fn fresh(&mut self, v: V) -> u8 {
        // What is carried goes where it was before, if that is not needed any more.
        let own = self.body.carried.iter().position(|(_, after)| *after == v);
        if let Some(at) = own.filter(|&at| self.left(self.body.carried[at].0) == 0) {
            self.reg[v.index()] = Some(self.carried[at]);
            self.pinned.push(v);
            return self.carried[at];
        }
        let reg = self.free(self.body.info(v).class);
        self.holders(v)[usize::from(reg)] = Some(v);
        self.reg[v.index()] = Some(reg);
        self.pinned.push(v);
        reg
    }

    /// A register that nobody holds.
    fn free(&mut self, class: Class) -> u8 {
        let pinned = &self.pinned;
        let (holders, first) = match class {
            Class::Vector => (&self.vectors, 0),
            Class::Mask => (&self.masks, 1),
        };
        if let Some(reg) = (first..holders.len()).find(|reg| holders[*reg].is_none()) {
            return reg as u8;
        }
        let next = |v: V| self.uses[v.index()].get(self.seen[v.index()]).copied();
        let (reg, victim) = (first..holders.len())
            .filter_map(|reg| holders[reg].map(|v| (reg, v)))
            .filter(|(_, v)| !pinned.contains(v))
            .max_by_key(|(_, v)| next(*v))
            .expect("an instruction names fewer values than there are registers");
        self.spill(victim);
        reg as u8
    }

    /// Takes the register of `v` away, which stays in memory.
    fn spill(&mut self, v: V) {
        let info = self.body.info(v);
        if self.home[v.index()].is_none() && self.left(v) > 0 {
            let slot = self.store_copy(v);
            self.home[v.index()] = Some(At::Place(Place::Slot(slot)));
        }
        let reg = usize::from(self.reg[v.index()].take().expect("it has a register"));
        match info.class {
            Class::Vector => self.vectors[reg] = None,
            Class::Mask => self.masks[reg] = None,
        }
    }

    /// Stores `v` to a new slot.
    fn store_copy(&mut self, v: V) -> i32 {
        let reg = self.in_reg(v);
        let info = self.body.info(v);
        let slot = self.slots.vector(info.width);
        self.placed.push(Placed::store(Saved { class: info.class, reg, slot }, info.width));
        slot
    }

    /// Whatever changes and is needed later goes to memory.
    fn spill_all(&mut self) {
        let held: Vec<V> = self.vectors.iter().chain(&self.masks).flatten().copied().collect();
        held.into_iter().for_each(|v| self.spill(v));
    }

    fn reload_permanent(&mut self) {
        for fixed in 0..self.file.permanent.len() {
            if let Some(reg) = self.file.permanent[fixed] {
                let width = self.file.widths[fixed];
                let info = Info { class: Class::Vector, size: 4, width, fixed: Some(fixed) };
                self.load_from(reg, info, At::Home(self.file.homes[fixed]));
            }
        }
    }

    /// All registers with something in them that is needed later, but that of `dst`.
    fn saved(&mut self, dst: V) -> Vec<Saved> {
        let held: Vec<V> = self.vectors.iter().chain(&self.masks).flatten().copied().collect();
        let mut saved = Vec::new();
        for v in held {
            if v == dst || self.left(v) == 0 {
                continue;
            }
            let info = self.body.info(v);
            let reg = self.reg[v.index()].expect("it is held");
            saved.push(Saved { class: info.class, reg, slot: self.slots.kept(info.class, reg) });
        }
        let carried = self.file.carried.clone();
        for reg in self.file.permanent.iter().flatten().copied().chain(carried).collect::<Vec<_>>() {
            saved.push(Saved { class: Class::Vector, reg, slot: self.slots.kept(Class::Vector, reg) });
        }
        saved
    }

    /// A register for `dst` that holds `tied` now. Its use is counted.
    fn tie(&mut self, dst: V, tied: V) -> u8 {
        let info = self.body.info(dst);
        let last = self.left(tied) == 1;
        if last && self.carries(tied, dst) {
            self.seen[tied.index()] += 1;
            return self.fresh(dst);
        }
        if last
            && self.is_transient(tied)
            && let Some(reg) = self.reg[tied.index()]
        {
            self.seen[tied.index()] += 1;
            self.reg[tied.index()] = None;
            self.holders(dst)[usize::from(reg)] = Some(dst);
            self.reg[dst.index()] = Some(reg);
            self.pinned.push(dst);
            return reg;
        }
        self.pinned.push(tied);
        let reg = self.fresh(dst);
        match (self.reg[tied.index()], self.home[tied.index()]) {
            (Some(from), _) => self.placed.push(Placed::Vector {
                op: Op::Copy,
                size: 4,
                width: info.width,
                reg,
                vvvv: 0,
                rm: At::Reg(from),
                mask: 0,
                zero: false,
                imm: 0,
            }),
            (None, Some(home)) => self.load_from(reg, info, home),
            (None, None) => unreachable!("a value is in a register or in memory"),
        }
        self.used(tied);
        reg
    }

    fn load_from(&mut self, reg: u8, info: Info, from: At) {
        let (op, size) = match (from, info.class) {
            // Two double words are loaded as they are: no instruction spreads one so little.
            (At::Home(Home::Splat { size, .. }), _) if size < info.width / 2 => (Op::Broadcast, size),
            (At::Reg(_), Class::Vector) => (Op::Copy, 4),
            (At::Reg(_), Class::Mask) => (Op::MaskCopy, 4),
            (_, Class::Vector) => (Op::Load, 4),
            (_, Class::Mask) => (Op::MaskLoad, 4),
        };
        let width = info.width;
        self.placed.push(Placed::Vector {
            op,
            size,
            width,
            reg,
            vvvv: 0,
            rm: from,
            mask: 0,
            zero: false,
            imm: 0,
        });
    }

    /// Before anything is stored, what was to be read later is read.
    fn settle_loads(&mut self) {
        for at in 0..self.body.values.len() {
            let v = V::new(at);
            if let Some(At::Place(Place::Operand { .. })) = self.home[at] {
                if self.left(v) > 0 {
                    self.pinned.clear();
                    self.in_reg(v);
                }
                self.home[at] = None;
            }
        }
    }
}
