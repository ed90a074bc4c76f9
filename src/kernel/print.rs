//! Kernels and plans as text: loops one would write by hand, extents and byte steps beside them.

use std::fmt::Write;

use smallvec::SmallVec;

use crate::base::DType;
use crate::base::index_map::axis_name;
use crate::kernel::loops::{Direction, Factor, Finish, Gather, Kernel, Map, Matmul, Reduce, Tiles, Work};
use crate::kernel::plan::links;
use crate::kernel::{Chain, Link, Place, Plan, Slot, Stage, Strip};
use crate::op::{HostOp, print};

/// Every kernel's loops.
pub fn kernels(plan: &Plan) -> String {
    let mut text = String::new();
    for (number, kernel) in plan.kernels.iter().enumerate() {
        Printer { plan, kernel, text: &mut text, depth: 0, locals: &[], rows: Vec::new() }.kernel(number);
    }
    text
}

/// Buffers with their lifetimes, kernels in order. `donated` says which inputs this evaluation may
/// overwrite.
pub fn plan(plan: &Plan, donated: &[bool]) -> String {
    let mut text = String::from("plan {\n");
    for (number, buffer) in plan.buffers.iter().enumerate() {
        let _ = write!(text, "  b{number}");
        if let Some(input) = buffer.input {
            let _ = write!(text, " = input {input}");
            if donated.get(input as usize) == Some(&true) {
                text.push_str(" (donated)");
            }
        }
        let _ = write!(text, " : {}, {} bytes", buffer.ty, buffer.bytes);
        let _ = match buffer.last_use {
            Some(kernel) => writeln!(text, ", until k{kernel}"),
            None => writeln!(text),
        };
    }
    let list = |buffers: &[u32]| buffers.iter().map(|b| format!("b{b}")).collect::<Vec<_>>().join(", ");
    for (number, kernel) in plan.kernels.iter().enumerate() {
        let _ = write!(text, "  k{number} reads {} writes {}", list(&kernel.reads), list(&kernel.writes));
        for &(written, read) in &kernel.in_place {
            let _ = match plan.buffers[read as usize].input {
                None => write!(text, ", b{written} over b{read}"),
                Some(input) if donated.get(input as usize) == Some(&true) => {
                    write!(text, ", b{written} over b{read} (donated)")
                }
                Some(_) => write!(text, ", b{written} not over b{read}: others hold it"),
            };
        }
        text.push('\n');
    }
    let outputs: Vec<u32> = plan.outputs.iter().map(|(buffer, _)| *buffer).collect();
    let _ = writeln!(text, "  return {}\n}}", list(&outputs));
    text
}

struct Printer<'a> {
    plan: &'a Plan,
    kernel: &'a Kernel,
    text: &'a mut String,
    depth: usize,
    /// What the locals of the stage are called.
    locals: &'a [String],
    /// The rows that index arrays point at, of the present strip.
    rows: Vec<String>,
}

/// `a[i, -j]`: axes along which something moves with their steps, the longest step first, as the array has
/// them.
fn bracketed(name: String, mut axes: Vec<(i64, String)>) -> String {
    axes.sort_by_key(|(step, _)| std::cmp::Reverse(step.unsigned_abs()));
    let sign = |step: i64| if step < 0 { "-" } else { "" };
    let axes: Vec<String> = axes.iter().map(|(step, axis)| format!("{}{axis}", sign(*step))).collect();
    if axes.is_empty() { name } else { format!("{name}[{}]", axes.join(", ")) }
}

impl Printer<'_> {
    /// The same printer, calling a stage's locals by these names.
    fn calling<'b>(&'b mut self, locals: &'b [String]) -> Printer<'b> {
        let Printer { plan, kernel, depth, .. } = *self;
        Printer { locals, plan, kernel, text: &mut *self.text, depth, rows: Vec::new() }
    }

    fn line(&mut self, line: impl AsRef<str>) {
        let _ = writeln!(self.text, "{:indent$}{}", "", line.as_ref(), indent = 2 * self.depth);
    }

    fn kernel(&mut self, number: usize) {
        let typed =
            |buffer: &u32| format!("{}: {}", self.buffer(*buffer), self.plan.buffers[*buffer as usize].ty);
        let mut given: Vec<String> = self.kernel.reads.iter().map(typed).collect();
        given.extend(self.scalars().iter().map(|(scalar, dtype)| format!("s{scalar}: {dtype}")));
        let results: Vec<String> = self.kernel.writes.iter().map(typed).collect();
        self.line(format!("kernel k{number}({}) -> {} {{", given.join(", "), results.join(", ")));
        self.depth += 1;
        let outer = self.kernel.outer_axes;
        let extents = self.kernel.stages[0].extents.clone();
        for (axis, extent) in extents.iter().enumerate().take(outer) {
            let by = if axis + 1 == outer { format!(" by {}", self.kernel.block) } else { String::new() };
            self.line(format!("par {} in 0..{extent}{by} {{", axis_name(axis)));
            self.depth += 1;
        }
        for stage in &self.kernel.stages {
            self.stage(stage, outer.saturating_sub(1));
        }
        for _ in 0..outer + 1 {
            self.depth -= 1;
            self.line("}");
        }
    }

    /// The scalars of the kernel's strips, each once.
    fn scalars(&self) -> Vec<(u32, DType)> {
        let mut scalars = Vec::new();
        for link in self.kernel.stages.iter().flat_map(|stage| links(&stage.work)) {
            let dtypes = &self.plan.strips[link.strip].scalars;
            scalars.extend(link.scalars.iter().copied().zip(dtypes.iter().copied()));
        }
        scalars.sort_unstable();
        scalars.dedup();
        scalars
    }

    /// `a`, `b`, … for what is read, `y`, `y1`, … for what is written.
    fn buffer(&self, buffer: u32) -> String {
        match self.kernel.writes.iter().position(|&written| written == buffer) {
            Some(0) => "y".into(),
            Some(nth) => format!("y{nth}"),
            None => {
                let nth = self.kernel.reads.iter().position(|&read| read == buffer);
                print::argument_name(nth.expect("a kernel lists what it reads"))
            }
        }
    }

    /// `a[i, j]`: the axes along which the place moves, backwards ones with a minus.
    fn place(&self, place: &Place) -> String {
        let moving = || place.steps.iter().enumerate().filter(|(_, step)| **step != 0);
        let name = match place.slot {
            Slot::Buffer(buffer) => self.buffer(buffer),
            Slot::Scratch(row) => format!("row{row}"),
            Slot::Temp(temp) => return format!("t{temp}"),
            Slot::Picked(row) => return self.rows[row as usize].clone(),
            Slot::Local(local) => {
                return self.locals.get(local as usize).cloned().unwrap_or_else(|| format!("local{local}"));
            }
            Slot::Iota => {
                let mut terms: Vec<String> = Vec::new();
                for (axis, &step) in moving() {
                    terms.push(if step == 1 {
                        axis_name(axis)
                    } else {
                        format!("{step}*{}", axis_name(axis))
                    });
                }
                if place.offset != 0 || terms.is_empty() {
                    terms.push(place.offset.to_string());
                }
                return format!("({})", terms.join(" + "));
            }
        };
        let axes = moving().map(|(axis, &step)| (step, axis_name(axis)));
        bracketed(name, axes.collect())
    }

    /// `a[b[i], j]`: what is gathered, with the indices among the axes along which it moves.
    fn gathered(&self, gather: &Gather) -> String {
        let moving = gather.from.steps.iter().enumerate().filter(|(_, step)| **step != 0);
        let mut axes: Vec<(i64, String)> = moving.map(|(axis, &step)| (step, axis_name(axis))).collect();
        let indices = gather.indices.iter().map(|index| (index.step, self.place(&index.place)));
        axes.splice(0..0, indices);
        let still = Place { steps: SmallVec::new(), ..gather.from.clone() };
        match gather.from.slot {
            Slot::Iota => bracketed("iota".into(), axes),
            _ => bracketed(self.place(&still), axes),
        }
    }

    /// `i in 0..64`, or `i in block` for the axis that the kernel takes in blocks.
    fn range(&self, axis: usize, extent: usize) -> String {
        match axis + 1 == self.kernel.outer_axes {
            true => format!("{} in block", axis_name(axis)),
            false => format!("{} in 0..{extent}", axis_name(axis)),
        }
    }

    fn stage(&mut self, stage: &Stage, from: usize) {
        match &stage.work {
            Work::Map(map) => {
                let inner = [Some(map.column), map.row];
                let loops = (from..stage.extents.len()).filter(|&axis| !inner.contains(&Some(axis)));
                self.nest(stage, loops, |printer| {
                    printer.strips(map, |axis| stage.extents[axis]);
                });
            }
            Work::Reduce(reduce) => self.reduce(stage, reduce, from),
            Work::Host(host) => {
                let args: Vec<String> = host.args.iter().map(|(place, _)| self.place(place)).collect();
                // What has a shape that depends on data was evaluated before there was a plan.
                let note = match host.op {
                    HostOp::Compress { count } => {
                        format!(" // {count} rows, counted when the mask was given")
                    }
                    _ => String::new(),
                };
                self.line(format!("{} = {}({}){note}", self.place(&host.out.0), host.op, args.join(", ")));
            }
            Work::Matmul(matmul) => self.matmul(stage, matmul),
        }
    }

    /// Loops over `axes` around `body`.
    fn nest(&mut self, stage: &Stage, axes: impl Iterator<Item = usize>, body: impl FnOnce(&mut Self)) {
        let axes: Vec<usize> = axes.filter(|&axis| stage.extents[axis] != 1).collect();
        for &axis in &axes {
            let word = if self.kernel.outer_axes == 0 { "par" } else { "for" };
            let range = self.range(axis, stage.extents[axis]);
            self.line(format!("{word} {range} {{"));
            self.depth += 1;
        }
        body(self);
        for _ in axes {
            self.depth -= 1;
            self.line("}");
        }
    }

    /// The strips of a chain over its rows and columns.
    fn strips(&mut self, map: &Map, extent: impl Fn(usize) -> usize) {
        let row = map.row.map(|row| self.range(row, extent(row)) + ", ").unwrap_or_default();
        let column = self.range(map.column, extent(map.column));
        let tiles = match map.tiles {
            None => String::new(),
            Some(Tiles { rows, columns, run, along }) => {
                let (what, order) =
                    (if run { "runs" } else { "tiles" }, if along { " along rows" } else { "" });
                format!(" by {what} {rows} x {columns}{order}")
            }
        };
        self.line(format!("strip {row}{column}{tiles} {{"));
        self.depth += 1;
        let copies: Vec<String> = (0..map.staged.len()).map(|copy| format!("tile{copy}")).collect();
        for (copy, staged) in copies.iter().zip(&map.staged) {
            self.line(format!("{copy} = {}", self.place(&staged.place)));
        }
        // A map has no locals but these.
        let mut printer = if copies.is_empty() { self.calling(self.locals) } else { self.calling(&copies) };
        printer.chain(&map.chain);
        self.depth -= 1;
        self.line("}");
    }

    fn chain(&mut self, chain: &Chain) {
        for (gather, to) in &chain.copies {
            self.line(format!("{} = {}", self.place(to), self.gathered(gather)));
        }
        chain.links.iter().for_each(|link| self.link(link));
    }

    /// What a strip computes, one line per binding and output.
    fn link(&mut self, link: &Link) {
        let strip: &Strip = &self.plan.strips[link.strip];
        self.rows = link.rows.iter().map(|row| self.gathered(row)).collect();
        let place = |operand: usize| self.place(&link.places[operand]);
        let scalar = |scalar: usize| format!("s{}", link.scalars[scalar]);
        strip.lines(&place, &scalar, &place, "of ").iter().for_each(|line| self.line(line));
    }

    fn reduce(&mut self, stage: &Stage, reduce: &Reduce, from: usize) {
        let named = |name: &'static str, count: usize| {
            (0..count).map(move |a| if a == 0 { name.to_owned() } else { format!("{name}{a}") })
        };
        let n = reduce.accumulators.len();
        let elements = named("element", reduce.elements.len());
        let locals: Vec<String> = named("acc", n).chain(named("right", n)).chain(elements).collect();
        let column = match reduce.direction {
            Direction::Along => stage.extents.len() - 1,
            Direction::Across(column) => column,
        };
        let reduced: Vec<String> = (reduce.kept..stage.extents.len())
            .map(|axis| format!("{} in 0..{}", axis_name(axis), stage.extents[axis]))
            .collect();
        let across = match reduce.direction {
            Direction::Across(axis) if reduce.then.column == axis => Some(axis),
            _ => None,
        };
        let loops = (from..reduce.kept).filter(|&axis| Some(axis) != across);
        self.nest(stage, loops, |printer| {
            let mut printer = printer.calling(&locals);
            let way = match across {
                Some(axis) => format!("across {}", printer.range(axis, stage.extents[axis])),
                None => format!("along {}", axis_name(column)),
            };
            printer.line(format!(
                "{} {way} over {}, lanes {} {{",
                reduce.fold,
                reduced.join(", "),
                reduce.lanes
            ));
            printer.depth += 1;
            if let Some(each) = &reduce.each {
                printer.chain(each);
            }
            reduce.scan.iter().for_each(|scan| printer.link(scan));
            printer.link(&reduce.accumulate);
            printer.depth -= 1;
            printer.line("}");
            printer.chain(&reduce.then.chain);
        });
    }

    fn matmul(&mut self, stage: &Stage, matmul: &Matmul) {
        let rank = stage.extents.len();
        let (m, n, k) = (rank - 3, rank - 2, rank - 1);
        self.nest(stage, 0..m, |printer| {
            let over = |axis: usize| format!("{} in 0..{}", axis_name(axis), stage.extents[axis]);
            printer.line(format!("matmul {}, {}, {} {{", over(m), over(n), over(k)));
            printer.depth += 1;
            for (name, factor) in [("lhs", &matmul.lhs), ("rhs", &matmul.rhs)] {
                let locals = [name.to_owned()];
                let mut inner = printer.calling(&locals);
                match factor {
                    Factor::Memory(place) => {
                        let line = format!("{name} = {}", inner.place(place));
                        inner.line(line);
                    }
                    Factor::Chain { chain, .. } => inner.chain(chain),
                }
            }
            let locals = ["acc".to_owned()];
            let mut inner = printer.calling(&locals);
            inner.line("acc = fma(lhs, rhs, acc)");
            match &matmul.then {
                Finish::Store(place) => {
                    let line = format!("{} = acc", inner.place(place));
                    inner.line(line);
                }
                Finish::Chain(chain) => inner.chain(chain),
            }
            printer.depth -= 1;
            printer.line("}");
        });
    }
}
