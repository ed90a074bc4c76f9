//! The register file: which fixed values hold a register for good, and where the others lie.

use super::Machine;
use super::allocate::uses;
use super::body::{Body, Class, Fixed, Home, V};
use super::frame::Slots;

/// Which registers there are, and which hold fixed values for good.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Vector registers that change.
    pub(super) vectors: u8,
    /// Bytes of the widest vectors.
    pub(super) widest: u8,
    /// Those of what passes from one iteration to the next.
    pub(super) carried: Vec<u8>,
    /// Per fixed value the register that holds it.
    pub(super) permanent: Vec<Option<u8>>,
    /// Per fixed value where it is otherwise.
    pub(super) homes: Vec<Home>,
    /// Per fixed value the width of its vector.
    pub(super) widths: Vec<u8>,
}

/// Which registers are whose: so many are for what is carried, and those fixed values that are used
/// most often get some for good, as far as bodies leave any.
pub(super) fn registers(
    machine: Machine,
    fixed: &[(Fixed, u8)],
    slots: &mut Slots,
    bodies: &[&Body],
    carried: usize,
) -> File {
    let evex = machine == Machine::Avx512;
    let all = if evex { 32 } else { 16 };
    let mut uses: Vec<(usize, usize)> = (0..fixed.len()).map(|number| (0, number)).collect();
    for inst in bodies.iter().flat_map(|body| body.insts.iter().map(move |inst| (body, inst))) {
        let (body, inst) = inst;
        for v in inst.sources() {
            if let Some(number) = body.info(v).fixed {
                uses[number].0 += 1;
            }
        }
    }
    let most = bodies.iter().map(|body| pressure(body)).max().unwrap_or(0);
    // Two more for what an instruction takes from memory.
    let free = usize::saturating_sub(all, most.max(4) + 2 + carried);
    uses.retain(|(count, number)| *count > 0 && !matches!(fixed[*number].0, Fixed::Tail { .. }));
    uses.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let mut permanent = vec![None; fixed.len()];
    let mut next = all;
    for (_, number) in uses.into_iter().take(free) {
        next -= 1;
        permanent[number] = Some(next as u8);
    }
    let carried: Vec<u8> = (next - carried..next).map(|reg| reg as u8).collect();
    next -= carried.len();
    let homes = fixed
        .iter()
        .enumerate()
        .map(|(number, (fixed, width))| match fixed {
            Fixed::Splat { size, bits } => Home::Splat { size: *size, bits: *bits },
            Fixed::Table(_) => Home::Table(number),
            _ => Home::Slot(slots.vector(*width)),
        })
        .collect();
    let widest = if evex { 64 } else { 32 };
    let widths = fixed.iter().map(|(_, width)| *width).collect();
    File { vectors: next as u8, widest, carried, permanent, homes, widths }
}

/// The most vector registers that values of `body` need at once, if fixed and carried ones need none.
pub(super) fn pressure(body: &Body) -> usize {
    let uses = uses(body);
    let mut ends = vec![0_usize; body.insts.len() + 1];
    let (mut live, mut most) = (0, 0);
    for (at, inst) in body.insts.iter().enumerate() {
        let carried = |v: &V| body.carried.iter().any(|(_, after)| after == v);
        let counts = |v: &V| body.info(*v).class == Class::Vector && !carried(v);
        if let Some(dst) = inst.dst().filter(counts) {
            live += 1;
            ends[uses[dst.index()].last().map_or(at, |last| *last as usize)] += 1;
        }
        most = most.max(live);
        live -= ends[at];
    }
    most
}
