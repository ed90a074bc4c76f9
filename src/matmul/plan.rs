//! Decisions: how a product is cut into tasks, and per task what is packed, how large blocks are,
//! and where in scratch everything lies. Plain arithmetic; `drive` obeys it.

use smallvec::{SmallVec, smallvec};

use super::pack::stage_bytes;
use super::{Kernel, Product, Sink, Source, Task};
use crate::base::{Kind, caches};

/// Bytes of the second-level cache of a core: what common ones have, if nobody says.
fn second_level_cache() -> usize {
    caches::second_level().unwrap_or(1 << 20)
}

/// Bytes of a packed block of the right operand, from where micro-kernels stream it: half the
/// second-level cache of a core.
fn right_block() -> usize {
    (second_level_cache() / 2).clamp(256 << 10, 1 << 20)
}

/// Bytes of a block of the left operand, which lies beside that of the right one. A right operand that
/// is kept packed for an epilogue comes from far away once per such block: with half of these bytes a
/// product of 1024³ with an epilogue takes a sixth longer.
const LEFT_BLOCK: usize = 256 << 10;
/// Bytes of one panel of the left operand: it stays in the first-level cache (32 KiB and more)
/// while panels of the right operand pass by. Deeper blocks of k store and load accumulators less
/// often: with 8 KiB a product of 1024³ takes 3 % longer.
const LEFT_PANEL: usize = 16 << 10;
/// Bytes up to which an operand is kept packed for later blocks; fewer in tests, so that they see
/// operands packed again.
const KEPT: usize = if cfg!(test) { 128 << 10 } else { 4 << 20 };
/// Bytes up to which an unpacked right operand is cached well enough to be one block.
const NEAR: usize = 128 << 10;
/// Bytes from which a right operand comes from memory, not from a cache; fewer in tests, so that they see
/// such operands.
const FAR: usize = if cfg!(test) { 256 << 10 } else { 16 << 20 };
/// Full tiles of rows for which a right operand is not worth packing, however large it is: 64×784 by
/// 784×512 takes 9 % less time so, 32×784 by the same 17 %.
const FEW: usize = 8;
/// The same for one that comes from memory.
const FEW_FAR: usize = 4;
/// The same for tiles that are not [`BROAD`].
const FEW_NARROW: usize = 2;
/// Bytes of a row of a tile from which it is a run worth reading from afar: with the 64 bytes that AVX2
/// reads, 32×768 by 768×3072 takes a third longer unpacked, and 512³ 5 %.
const BROAD: usize = 128;
/// Full tiles of columns of a block of an unpacked right operand: its rows are short runs in memory,
/// which should not be shorter than need be.
const DIRECT_TILES: usize = 8;
/// Least depth that the width of blocks is reckoned by: short sums should not make them so wide that
/// a panel of accumulators leaves the first-level cache.
const SHALLOW: usize = 128;
/// Rows of a right operand that are read side by side if it is far away or tiles are narrow: as many
/// streams as a core prefetches well.
const STREAMS: usize = 16;
/// Bytes of accumulators beside such streams.
const STREAM_SUMS: usize = 32 << 10;

/// What becomes of an operand before micro-kernels read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// It is read where it is.
    Direct,
    /// Each block is packed when it is needed, over the last one.
    Block,
    /// What is packed stays: of the left operand everything, of the right one all k of the current
    /// columns.
    Kept,
}

/// What runs over a panel of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Tiles.
    Tiles,
    /// [`Height::along`](super::kernels::Height::along), once.
    Along,
    /// [`Kernel::turned`], once.
    Turned,
}

/// Which operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Its lanes are rows.
    Left,
    /// Its lanes are columns.
    Right,
}

/// How elements lie in a packed panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The lanes of one k side by side: the only form vectors of the right operand can be read in.
    Lanes,
    /// The k of one lane side by side: what the left operand mostly is already, so that it need not
    /// be turned around. Its elements are read one by one, from anywhere.
    Ks,
}

impl Kernel {
    /// The width of the panel with which to begin `left` lanes: all its lanes, also those that the
    /// last vector has too many.
    pub(super) fn panel(&self, side: Side, left: usize) -> usize {
        match side {
            Side::Left => self.height(left).rows,
            Side::Right => self.vectors(left.div_ceil(self.lanes)) * self.lanes,
        }
    }
}

/// How one task runs.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rows, columns and k of a block; the last may be smaller.
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) depth: usize,
    /// Whether blocks of rows follow each other within a block of k; otherwise all k of a block of
    /// rows come first.
    pub(super) k_outer: bool,
    pub(super) left: Packing,
    pub(super) left_form: Form,
    pub(super) right: Packing,
    pub(super) way: Way,
    /// Whether the product is of one column, and computed as one of one row: see [`is_swapped`].
    pub(super) swapped: bool,
    /// Byte offsets in scratch.
    pub(super) left_at: usize,
    pub(super) right_at: usize,
    pub(super) stage_at: usize,
    pub(super) sums_at: usize,
    /// Elements from one row of accumulators in scratch to the next.
    pub(super) sums_stride: usize,
    /// Bytes of scratch.
    bytes: usize,
}

impl Plan {
    /// Bytes of scratch, aligned to [`super::SCRATCH_ALIGN`], that [`super::run`] needs.
    pub fn scratch_bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn new(kernel: &Kernel, k: usize, task: &Task, lhs: Source, rhs: Source, sink: Sink) -> Self {
        let (m, n) = (task.rows.len(), task.columns.len());
        let size = kernel.dtype.size();
        let (tall, wide) = (kernel.rows, kernel.columns);
        let in_place = matches!(sink, Sink::Memory { .. });
        let left_form = left_form(kernel, lhs);

        let right_bytes = k.saturating_mul(n).saturating_mul(size);
        let (near, far) = (right_bytes <= NEAR, right_bytes > FAR);
        let adjacent = is_adjacent(kernel, rhs);
        let few = match is_broad(kernel) {
            false => FEW_NARROW,
            true if far => FEW_FAR,
            true => FEW,
        };
        let along = |rows| kernel.height(rows).along.is_some();
        let way = match () {
            () if m == 1 && kernel.turned.is_some() && is_turned(kernel, rhs) => Way::Turned,
            // Read once, what is far away or needs no arithmetic to speak of is best read in long runs.
            () if adjacent && !near && (1..=tall).contains(&m) && along(m) && (far || m == 1) => Way::Along,
            () => Way::Tiles,
        };
        let right_direct = match way {
            Way::Tiles => {
                adjacent && (m <= few * tall || near || is_cached(kernel, k, rhs))
                    || n == 1 && matches!(rhs, Source::Memory { .. })
            }
            Way::Along | Way::Turned => true,
        };
        let left_direct =
            (left_form == Form::Ks || n <= 2 * wide || m < tall) && matches!(lhs, Source::Memory { .. });
        let panel_depth = LEFT_PANEL / (tall * size);

        if left_direct && right_direct && near && k <= panel_depth {
            // All is cached as it is: one block, and nothing to reckon.
            let sums_stride = n.next_multiple_of(kernel.lanes) + 64 / size;
            let bytes = if in_place { 0 } else { tall.min(m) * sums_stride * size };
            return Self {
                rows: m,
                columns: n,
                depth: k.max(1),
                k_outer: in_place,
                left: Packing::Direct,
                left_form,
                right: Packing::Direct,
                way,
                swapped: false,
                left_at: 0,
                right_at: 0,
                stage_at: 0,
                sums_at: 0,
                sums_stride,
                bytes,
            };
        }

        let streams = right_direct && !near && (far || !is_broad(kernel));
        let depth = match way {
            Way::Tiles => even(k, if streams { STREAMS } else { panel_depth }, 1),
            Way::Along | Way::Turned => k.max(1),
        };
        let columns = match way {
            Way::Turned => n,
            Way::Tiles if right_direct && !near && !streams => even(n, DIRECT_TILES * wide, wide),
            Way::Tiles if !streams => even(n, right_block() / (depth.max(SHALLOW) * size), wide),
            _ => even(n, (STREAM_SUMS / (m.min(2 * tall) * size)).max(wide), wide),
        };
        let rows = even(m, LEFT_BLOCK / (depth.max(STREAMS) * size), tall);
        let padded_columns = columns.next_multiple_of(kernel.lanes);

        let left = match () {
            () if left_direct => Packing::Direct,
            () if n > columns && m.saturating_mul(k).saturating_mul(size) <= KEPT => Packing::Kept,
            () => Packing::Block,
        };
        let right = match () {
            () if right_direct => Packing::Direct,
            () if in_place || m <= rows || k <= depth => Packing::Block,
            () if padded_columns.saturating_mul(k).saturating_mul(size) <= KEPT => Packing::Kept,
            () => Packing::Block,
        };
        // A right operand that is packed anew for every block of rows wants few such blocks.
        let repacked = right == Packing::Block && !in_place && k > depth;
        let rows = if repacked { even(m, 4 * rows, tall) } else { rows };

        let left_bytes = match left {
            Packing::Direct => 0,
            Packing::Block => rows.min(m) * depth * size,
            Packing::Kept => m * k * size,
        };
        let right_bytes = match right {
            Packing::Direct => 0,
            Packing::Block => padded_columns * depth * size,
            Packing::Kept => padded_columns * k * size,
        };
        let staged = matches!(rhs, Source::Strip { along_k: true, .. });
        // One line more than needed, so that rows of a power of two of bytes fall into different
        // sets of the cache.
        let sums_stride = padded_columns + 64 / size;
        let sums_rows = match () {
            () if in_place => 0,
            // Finished at once, a panel of rows makes room for the next.
            () if k <= depth => tall.min(m),
            () => rows.min(m),
        };
        let right_at = left_bytes.next_multiple_of(64);
        let stage_at = right_at + right_bytes.next_multiple_of(64);
        let sums_at = stage_at + if staged { stage_bytes(kernel) } else { 0 };
        let bytes = sums_at + sums_rows * sums_stride * size;
        Self {
            rows,
            columns,
            depth,
            k_outer: in_place,
            left,
            left_form,
            right,
            way,
            swapped: false,
            left_at: 0,
            right_at,
            stage_at,
            sums_at,
            sums_stride,
            bytes,
        }
    }
}

/// The extent of blocks that cut `extent` as evenly as multiples of `unit` allow, into about as
/// many as blocks of `target` would; at least one unit.
fn even(extent: usize, target: usize, unit: usize) -> usize {
    let blocks = (extent + target / 2) / target.max(1);
    extent.div_ceil(blocks.max(1)).next_multiple_of(unit).max(unit)
}

/// Tasks per thread at most, so that a slow thread does not hold up the rest.
const TASKS: usize = 4;
/// Least time of a task, in ns: several times what it takes to hand one to another thread.
const TASK_NS: usize = 25_000;
/// Least bytes side by side that a task of few rows reads of the right operand at each k.
const RUN: usize = 2 << 10;
/// What packing an element costs, in products.
const PACKED: usize = 32;

/// Cuts a product: see [`super::split`].
pub(super) fn split(
    kernel: &Kernel,
    product: Product,
    threads: usize,
    lhs: Source,
    rhs: Source,
) -> SmallVec<[Task; 4]> {
    let Product { dtype, m, n, k } = product;
    if m == 0 || n == 0 {
        return SmallVec::new();
    }
    // At 2.5 GHz: two vectors of float products each cycle, or one of integers in three cycles; and at
    // 16 bytes per ns.
    let rate = if dtype.kind() == Kind::Float { 5 * kernel.lanes } else { kernel.lanes };
    let size = dtype.size();
    let products = m.saturating_mul(n).saturating_mul(k);
    let elements =
        m.saturating_mul(k).saturating_add(k.saturating_mul(n)).saturating_add(m.saturating_mul(n));
    let ns = (products / rate).saturating_add(elements / 16 * size);
    let most = (ns / TASK_NS).min(if threads > 1 { threads * TASKS } else { 1 });
    if most <= 1 {
        return smallvec![Task { rows: 0..m, columns: 0..n }];
    }

    // Each task packs its own rows and columns, unless it reads them where they lie.
    let form = left_form(kernel, lhs);
    let left = if form == Form::Ks && matches!(lhs, Source::Memory { .. }) { 0 } else { PACKED };
    let near = k.saturating_mul(n).saturating_mul(size) <= NEAR;
    let right = if is_adjacent(kernel, rhs) && (near || is_cached(kernel, k, rhs)) { 0 } else { PACKED };
    let (row_tiles, column_tiles) = (m.div_ceil(kernel.rows), n.div_ceil(kernel.columns));
    // The time all tasks take on these threads, if the last one comes a quarter of itself late.
    let cost = |(row_cuts, column_cuts): (usize, usize)| {
        let rows = (row_tiles.div_ceil(row_cuts) * kernel.rows).min(m);
        let columns = (column_tiles.div_ceil(column_cuts) * kernel.columns).min(n);
        let task = rows.saturating_mul(columns).saturating_add(left * rows + right * columns);
        task.saturating_mul(4 * (row_cuts * column_cuts).div_ceil(threads) + 1)
    };
    // A few rows stream the right operand from far away, which wants long runs.
    let most_columns = if m <= 2 * kernel.rows { (n * size / RUN).max(1) } else { column_tiles };
    let cuts = (1..=most.min(row_tiles))
        .flat_map(|rows| (1..=(most / rows).min(most_columns)).map(move |columns| (rows, columns)));
    let (row_cuts, column_cuts) = cuts.min_by_key(|&cuts| cost(cuts)).unwrap_or((1, 1));

    let cut = |nth: usize, cuts: usize, tiles: usize, tile: usize, end: usize| {
        (tiles * nth / cuts * tile).min(end)..(tiles * (nth + 1) / cuts * tile).min(end)
    };
    let mut parts = SmallVec::new();
    for row in 0..row_cuts {
        for column in 0..column_cuts {
            parts.push(Task {
                rows: cut(row, row_cuts, row_tiles, kernel.rows, m),
                columns: cut(column, column_cuts, column_tiles, kernel.columns, n),
            });
        }
    }
    parts
}

/// How the left operand lies in panels: as it does in memory, or as strips run.
fn left_form(kernel: &Kernel, lhs: Source) -> Form {
    match lhs {
        Source::Memory { column, .. } if column == kernel.dtype.size() as isize => Form::Ks,
        Source::Strip { along_k: true, .. } => Form::Ks,
        _ => Form::Lanes,
    }
}

/// Whether what a right operand of `k` rows spans in memory stays in the second-level cache, so that it
/// can be read again and again where it is: 256³ takes 2 % less time so, 128×512 by 512×512 6 %. Spans
/// matter, not bytes, as rows of a power of two of bytes fall into few sets of the cache.
fn is_cached(kernel: &Kernel, k: usize, rhs: Source) -> bool {
    let Source::Memory { row, .. } = rhs else { return false };
    is_broad(kernel) && k.saturating_mul(row.unsigned_abs()) <= second_level_cache() / 2
}

/// Whether tiles are [`BROAD`].
fn is_broad(kernel: &Kernel) -> bool {
    kernel.columns * kernel.dtype.size() >= BROAD
}

/// Whether the right operand is memory whose k are side by side.
fn is_turned(kernel: &Kernel, rhs: Source) -> bool {
    matches!(rhs, Source::Memory { row, .. } if row == kernel.dtype.size() as isize)
}

/// Whether a product of one column is computed as one of one row, operands and extents having changed
/// places: there is a kernel for it, and results are as adjacent in a column as they are in a row.
pub(super) fn is_swapped(kernel: &Kernel, product: Product, lhs: Source, sink: Sink) -> bool {
    let size = kernel.dtype.size() as isize;
    let readable = match lhs {
        Source::Memory { row, .. } if row == size => true,
        Source::Memory { column, .. } if column == size => kernel.turned.is_some(),
        _ => false,
    };
    product.n == 1 && readable && !matches!(sink, Sink::Memory { row, .. } if row != size)
}

/// Whether the right operand is memory whose columns are side by side.
fn is_adjacent(kernel: &Kernel, rhs: Source) -> bool {
    matches!(rhs, Source::Memory { column, .. } if column == kernel.dtype.size() as isize)
}
