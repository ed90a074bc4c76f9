//! The `graph` text read back: `text.parse::<Graph>()` of what a captured graph prints.
//!
//! ```text
//! graph  = "graph {" line* "return" [ value { "," value } ] "}"
//! line   = id "=" op ":" type
//! op     = "input" [ number ] | "scalar s" number | "const" number | "iota"
//!        | name value { "," value }              elementwise, `where`, `fma`, `astype`, `matmul`,
//!                                                `broadcast`, `reshape`
//!        | "permute_dims" value "by" [axis, …]
//!        | "slice" value "by" [start+extent*step, …]
//!        | "read" value "by" [index, …]          an index as in `i + 2*k - 1`
//!        | fold value "over" [axis, …]
//!        | "join" value { "," value } "along" axis
//!        | host value { "," value }              host operations without an axis
//!        | host value { "," value } "from" axis  `gather` and the kinds of `scatter`
//!        | host value "," value "by" [start+extent*step, …]      the kinds of `assign`
//! ```
//!
//! One line is one node. An `input` without a number is the next one: its number is that of the inputs
//! above it. Constants have the dtype of their line. Spaces are free. This is version 1 of the format,
//! which has no mark of its own; nests and groups are no part of it, for they print to be read by
//! people. What parses is verified, so any text gives a sound graph or an error that names the line.
//!
//! This file is long because its tests, two fifths of it, go through what does not parse.

use std::str::FromStr;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::index_map::axis_name;
use crate::base::promotion::Weak;
use crate::base::{Affine, DType, Error, ErrorKind, Result, Scalar, Shape, Type};
use crate::graph::{Element, Graph, Node, NodeId, Op, Value, View, verify};
use crate::op::{Binary, Fold, HostOp, Unary};

impl FromStr for Graph {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut lines = text.lines().enumerate().map(|(index, rest)| Line { number: index + 1, rest });
        let mut line = next(&mut lines, "`graph {`")?;
        line.expect("graph")?;
        line.expect("{")?;
        line.end()?;
        let mut reader = Reader::default();
        loop {
            line = next(&mut lines, "a node or `return`")?;
            if line.eat("return") {
                break;
            }
            reader.node(line)?;
        }
        if !line.at_end() {
            reader.graph.outputs = reader.values(&mut line)?;
        }
        line.end()?;
        line = next(&mut lines, "`}`")?;
        line.expect("}")?;
        line.end()?;
        match lines.find(|line| !line.at_end()) {
            Some(mut line) => line.end().map(|()| reader.graph),
            None => Ok(reader.graph),
        }
    }
}

/// The next line that is not blank.
fn next<'a>(lines: &mut impl Iterator<Item = Line<'a>>, expected: &str) -> Result<Line<'a>> {
    let end = || Error::new(ErrorKind::Format, format!("graph text: expected {expected}, found its end"));
    lines.find(|line| !line.at_end()).ok_or_else(end)
}

/// The graph read so far.
#[derive(Default)]
struct Reader {
    graph: Graph,
    /// By the number printed: equal nodes become one, so numbers may shift.
    names: FxHashMap<u32, NodeId>,
    inputs: u32,
}

impl Reader {
    /// Reads `%3 = add %1, %2 : f32[4]`.
    fn node(&mut self, mut line: Line) -> Result<()> {
        line.expect("%")?;
        let name: u32 = line.number("the number of a node")?;
        line.expect("=")?;
        let (op, args, slices) = self.op(&mut line)?;
        line.expect(":")?;
        let ty = ty(&mut line)?;
        line.end()?;
        if slices.is_some_and(|extents| extents != ty.shape) {
            return Err(line.error(&format!("the slice to have the extents of {ty}")));
        }
        let op = match op {
            // Their dtype is known only now.
            Draft::Const(text) => Op::Const(constant(&line, text, ty.dtype)?),
            Draft::Op(op) => op,
        };
        let node = Node::new(op, args, ty);
        verify::node(&self.graph, &node).map_err(|broken| line.breaks(&broken))?;
        if self.names.insert(name, self.graph.add(node)).is_some() {
            return Err(line.error(&format!("another name than %{name}, which is taken")));
        }
        Ok(())
    }

    /// Reads an operation with its arguments; of a slice also the extents it states.
    fn op<'a>(&mut self, line: &mut Line<'a>) -> Result<(Draft<'a>, Vec<Value>, Option<Shape>)> {
        let start = *line;
        let name = line.word();
        let leaf = |op: Op| Ok((Draft::Op(op), Vec::new(), None));
        match name {
            "input" => {
                let number = if line.rest.trim_start().starts_with(':') {
                    self.inputs
                } else {
                    line.number("a number")?
                };
                self.inputs += 1;
                return leaf(Op::Input(number));
            }
            "scalar" => {
                line.expect("s")?;
                return leaf(Op::Scalar(line.number("the number of a scalar")?));
            }
            "const" => return Ok((Draft::Const(line.token()), Vec::new(), None)),
            "iota" => return leaf(Op::Iota),
            _ => {}
        }
        let plain = plain(name);
        let fold = Fold::ALL.iter().find(|fold| fold.name() == name);
        let host = HostOp::named(name);
        if plain.is_none()
            && fold.is_none()
            && host.is_none()
            && !["permute_dims", "slice", "read", "join"].contains(&name)
        {
            return Err(start.error("an operation of a captured graph"));
        }
        let start = *line;
        let args = self.values(line)?;
        let mut slices = None;
        let op = match (plain, fold, name) {
            (Some(op), ..) => op,
            (_, Some(&fold), _) => {
                line.expect("over")?;
                Op::Reduce { fold, axes: list(line, |line| line.number("an axis"))?.into() }
            }
            (.., "permute_dims") => {
                line.expect("by")?;
                Op::View(View::Permute(list(line, |line| line.number("an axis"))?.into()))
            }
            (.., "slice") => {
                line.expect("by")?;
                let parts = list(line, slice)?;
                slices = Some(parts.iter().map(|part| part.1).collect());
                Op::View(View::Slice(parts.iter().map(|&(start, _, step)| (start, step)).collect()))
            }
            (.., "read") => {
                line.expect("by")?;
                Op::View(View::Affine(Box::new(list(line, affine)?.into_iter().collect())))
            }
            _ if let Some(host) = host => {
                if let HostOp::Assign { update, .. } = host {
                    line.expect("by")?;
                    Op::Host(HostOp::Assign { update, window: list(line, slice)? })
                } else if let Some((word, _)) = host.number() {
                    line.expect(word)?;
                    Op::Host(host.with_number(line.number("a number")?))
                } else {
                    Op::Host(host)
                }
            }
            _ => {
                line.expect("along")?;
                Op::Join { axis: line.number("an axis")? }
            }
        };
        let variadic = matches!(op, Op::Join { .. } | Op::Host(_));
        if !variadic && args.len() != arity(&op) {
            return Err(start.error(&format!("{} arguments", arity(&op))));
        }
        Ok((Draft::Op(op), args, slices))
    }

    /// Reads `%1, %2`.
    fn values(&self, line: &mut Line) -> Result<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            let start = *line;
            line.expect("%")?;
            let name: u32 = line.number("the number of a node")?;
            let id = self.names.get(&name).ok_or_else(|| start.error("a node of a line above"))?;
            values.push(Value::from(*id));
            if !line.eat(",") {
                return Ok(values);
            }
        }
    }
}

/// An operation; a constant's dtype stands behind it.
enum Draft<'a> {
    Const(&'a str),
    Op(Op),
}

/// The operation that is said by its name alone.
fn plain(name: &str) -> Option<Op> {
    let element = match name {
        "where" => Element::Select,
        "fma" => Element::Fma,
        "astype" => Element::Cast,
        "broadcast" => return Some(Op::View(View::Broadcast)),
        "reshape" => return Some(Op::View(View::Reshape)),
        "matmul" => return Some(Op::Matmul),
        _ => {
            let unary = Unary::ALL.iter().find(|op| op.name() == name).map(|&op| Element::Unary(op));
            unary
                .or_else(|| Binary::ALL.iter().find(|op| op.name() == name).map(|&op| Element::Binary(op)))?
        }
    };
    Some(Op::Elementwise(element))
}

/// How many arguments `op` has.
fn arity(op: &Op) -> usize {
    match op {
        Op::Elementwise(Element::Binary(_)) | Op::Matmul => 2,
        Op::Elementwise(Element::Select | Element::Fma) => 3,
        _ => 1,
    }
}

/// Reads `f32[2, 3]`.
fn ty(line: &mut Line) -> Result<Type> {
    let start = *line;
    let name = line.word();
    let dtype = DType::ALL.iter().find(|dtype| dtype.name() == name).ok_or_else(|| start.error("a dtype"))?;
    let extents = list(line, |line| line.number("an extent"))?;
    let checked = Type::checked("type", *dtype, Shape::new(extents));
    checked.map_err(|broken| line.breaks(&broken))
}

/// Reads `start+extent*step`.
fn slice(line: &mut Line) -> Result<(i64, usize, i64)> {
    let start = line.number("a first index")?;
    line.expect("+")?;
    let extent = line.number("an extent")?;
    line.expect("*")?;
    Ok((start, extent, line.number("a step")?))
}

/// Reads `2*i - k + 3`: axes ascend, and what is constant comes last.
fn affine(line: &mut Line) -> Result<Affine> {
    let mut index = Affine::constant(0);
    let mut negative = line.eat("-");
    loop {
        let start = *line;
        let digits = line.take(|c| c.is_ascii_digit());
        let size: i64 = match digits {
            "" => 1,
            _ => digits.parse().map_err(|_| start.error("a coefficient"))?,
        };
        let signed = if negative { -size } else { size };
        if digits.is_empty() || line.eat("*") {
            let axis = axis(line.word()).ok_or_else(|| start.error("an index"))?;
            if size == 0 || index.terms.last().is_some_and(|last| last.0 >= axis) {
                return Err(start.error("axes in order"));
            }
            index.terms.push((axis, signed));
        } else {
            index.offset = signed;
            return Ok(index);
        }
        match (line.eat("-"), line.eat("+")) {
            (false, false) => return Ok(index),
            (minus, _) => negative = minus,
        }
    }
}

/// The axis that is printed as `name`.
fn axis(name: &str) -> Option<u32> {
    match (name, name.strip_prefix('a')) {
        (_, Some(number)) => number.parse().ok().filter(|axis| *axis >= 6),
        _ => (0..6).find(|axis| axis_name(*axis) == name).map(|axis| axis as u32),
    }
}

/// Reads `[item, item, …]`.
fn list<'a, T>(line: &mut Line<'a>, mut item: impl FnMut(&mut Line<'a>) -> Result<T>) -> Result<Vec<T>> {
    line.expect("[")?;
    let mut items = Vec::new();
    if line.eat("]") {
        return Ok(items);
    }
    loop {
        items.push(item(line)?);
        if !line.eat(",") {
            line.expect("]")?;
            return Ok(items);
        }
    }
}

/// The constant that `text` says, in `dtype`. Shortest decimal forms read back to the same bits.
fn constant(line: &Line, text: &str, dtype: DType) -> Result<Scalar> {
    let value = match dtype {
        DType::Bool => text.parse().ok().map(|value: bool| Scalar::from(value)),
        DType::F32 => text.parse().ok().map(|value: f32| Scalar::from(value)),
        _ if dtype.is_float() => text.parse().ok().map(|value: f64| Scalar::new(dtype, value)),
        _ => text.parse().ok().and_then(|value: i128| Weak::Int(value).to_scalar(dtype)),
    };
    value.ok_or_else(|| Line { rest: text, ..*line }.error(&format!("a constant of {dtype}")))
}

/// What is left of one line.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn at_end(&self) -> bool {
        self.rest.trim_start().is_empty()
    }

    /// Skips `text` if it comes next.
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.trim_start().strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &str) -> Result<()> {
        if self.eat(text) { Ok(()) } else { Err(self.error(&format!("`{text}`"))) }
    }

    fn end(&mut self) -> Result<()> {
        if self.at_end() { Ok(()) } else { Err(self.error("the end of the line")) }
    }

    /// The characters up to the first that `more` does not hold for.
    fn take(&mut self, more: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start();
        let (taken, rest) = rest.split_at(rest.find(|c| !more(c)).unwrap_or(rest.len()));
        self.rest = rest;
        taken
    }

    /// A name.
    fn word(&mut self) -> &'a str {
        self.take(|c| c.is_ascii_alphanumeric() || c == '_')
    }

    /// All up to the next space.
    fn token(&mut self) -> &'a str {
        self.take(|c| !c.is_whitespace())
    }

    /// A number that fits its type.
    fn number<T: FromStr>(&mut self, what: &str) -> Result<T> {
        let start = *self;
        let sign = if self.eat("-") { "-" } else { "" };
        let digits = self.take(|c| c.is_ascii_digit());
        format!("{sign}{digits}").parse().map_err(|_| start.error(what))
    }

    /// The error of a line that reads well but breaks a rule.
    fn breaks(&self, rule: &Error) -> Error {
        Error::new(ErrorKind::Format, format!("graph text, line {}: {rule}", self.number))
    }

    /// The error of finding something else than `expected` here.
    fn error(&self, expected: &str) -> Error {
        let found = self.rest.trim();
        let shown: SmallVec<[char; 24]> = found.chars().take(24).collect();
        let shown: String = shown.into_iter().collect();
        let found = if found.is_empty() { "the end of the line".to_owned() } else { format!("`{shown}`") };
        let message = format!("graph text, line {}: expected {expected}, found {found}", self.number);
        Error::new(ErrorKind::Format, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
graph {
  %0  = input : f32[64, 256]
  %1  = input 2 : f32[256, 128]
  %2  = scalar s1 : f32[]
  %3  = matmul %0, %1 : f32[64, 128]
  %4  = broadcast %2 : f32[64, 128]
  %5  = add %3, %4 : f32[64, 128]
  %6  = const -0 : f32[64, 128]
  %7  = maximum %5, %6 : f32[64, 128]
  %8  = slice %7 by [63+32*-2, 0+128*1] : f32[32, 128]
  %9  = permute_dims %8 by [1, 0] : f32[128, 32]
  %10 = reshape %9 : f32[4096]
  %11 = argmax %10 over [0] : i64[]
  %12 = iota : i64[4]
  %13 = join %12, %12 along 0 : i64[8]
  %14 = astype %13 : bool[8]
  %15 = where %14, %13, %13 : i64[8]
  %16 = read %13 by [2*i + j - k + 1] : i64[2, 3, 2]
  return %11, %15, %16
}
";

    #[test]
    fn a_graph_prints_and_parses_to_the_same() {
        let graph: Graph = TEXT.parse().unwrap();
        assert_eq!(graph.to_string(), TEXT);
        assert_eq!(graph.to_string().parse::<Graph>().unwrap(), graph);
    }

    #[test]
    fn constants_keep_their_bits() {
        let constants = [
            Scalar::from(f64::NAN),
            Scalar::from(f64::NEG_INFINITY),
            Scalar::from(-0.0_f64),
            Scalar::from(f64::from_bits(1)),
            Scalar::from(0.1_f64),
            Scalar::from(f64::MAX),
            Scalar::from(f32::NAN),
            Scalar::from(0.1_f32),
            Scalar::from(f32::from_bits(1)),
            Scalar::from(f32::MIN),
            Scalar::from(16_777_216.0_f32),
            Scalar::from(i64::MIN),
            Scalar::from(i32::MIN),
            Scalar::from(true),
        ];
        let mut graph = Graph::default();
        for value in constants {
            let id = graph.add(Node::new(Op::Const(value), [], Type::new(value.dtype(), [2, 0].as_slice())));
            graph.outputs.push(id.into());
        }
        assert_eq!(graph.to_string().parse::<Graph>().unwrap(), graph);
    }

    #[test]
    fn spaces_and_numbering_are_free() {
        let text = "graph{\n\n %7=input:f32[2]\n %3 =   negative %7 :f32[ 2 ]\n\nreturn %3\n}\n";
        let graph: Graph = text.parse().unwrap();
        let normal = "graph {\n  %0 = input : f32[2]\n  %1 = negative %0 : f32[2]\n  return %1\n}\n";
        assert_eq!(graph.to_string(), normal);
        assert_eq!("graph {\n return \n}".parse::<Graph>().unwrap(), Graph::default());
    }

    #[test]
    fn errors_name_the_line_and_what_was_expected() {
        let error = |line: &str| {
            let text = format!("graph {{\n  %0 = input : f32[2, 3]\n  {line}\n  return %0\n}}");
            text.parse::<Graph>().unwrap_err().to_string()
        };
        let cases = [
            (
                "%1 = ad %0, %0 : f32[2, 3]",
                "line 3: expected an operation of a captured graph, found `ad %0, %0 : f32[2, 3]`",
            ),
            ("%1 = add %0 : f32[2, 3]", "line 3: expected 2 arguments, found `%0 : f32[2, 3]`"),
            (
                "%1 = add %0, %1 : f32[2, 3]",
                "line 3: expected a node of a line above, found `%1 : f32[2, 3]`",
            ),
            ("%1 = const 0.5 : i32[2]", "line 3: expected a constant of i32, found `0.5`"),
            ("%1 = sum %0 over 1 : f32[2]", "line 3: expected `[`, found `1 : f32[2]`"),
            ("%1 = input : f80[2]", "line 3: expected a dtype, found `f80[2]`"),
            ("%1 = input : f32[-2]", "line 3: expected an extent, found `-2]`"),
            (
                "%0 = input : f32[1]",
                "line 3: expected another name than %0, which is taken, found the end of the line",
            ),
            (
                "%1 = slice %0 by [0+1*1, 0+1*1] : f32[1, 2]",
                "line 3: expected the slice to have the extents of f32[1, 2], found the end of the line",
            ),
            ("%1 = negative %0", "line 3: expected `:`, found the end of the line"),
            ("%1 = negative %0 : f32[2, 3] f32[]", "line 3: expected the end of the line, found `f32[]`"),
        ];
        for (line, message) in cases {
            assert_eq!(error(line), format!("graph text, {message}"));
        }
        let end = "graph {\n  %0 = input : f32[]".parse::<Graph>().unwrap_err();
        assert_eq!(end.to_string(), "graph text: expected a node or `return`, found its end");
    }

    #[test]
    fn a_graph_that_breaks_an_invariant_does_not_parse() {
        let lines = [
            "%1 = negative %0 : f32[3, 2]",
            "%1 = permute_dims %0 by [0, 2] : f32[2, 3]",
            "%1 = permute_dims %0 by [0, 0] : f32[2, 2]",
            "%1 = permute_dims %0 by [0] : f32[2]",
            "%1 = broadcast %0 : f32[3]",
            "%1 = slice %0 by [0+2*1] : f32[2]",
            "%1 = slice %0 by [0+2*9223372036854775807, 0+3*1] : f32[2, 3]",
            "%1 = read %0 by [i, j] : f32[3, 3]",
            "%1 = read %0 by [i] : f32[2]",
            "%1 = read %0 by [i, k] : f32[2, 0]",
            "%1 = read %0 by [-i, j] : f32[2, 3]",
            "%1 = read %0 by [i + i, j] : f32[1, 3]",
            "%1 = read %0 by [9223372036854775807*i, j] : f32[2, 3]",
            "%1 = join %0, %0 along 2 : f32[2, 6]",
            "%1 = join %0, %0 along 1 : f64[2, 6]",
            "%1 = join %0, %0 along 1 : f32[3, 6]",
            "%1 = sum %0 over [2] : f32[2, 3]",
            "%1 = sum %0 over [1, 1] : f32[2]",
            "%1 = any %0 over [0, 1] : f32[]",
            "%1 = matmul %0, %0 : f32[2, 3]",
            "%1 = reshape %0 : f32[5]",
            "%1 = iota : f32[5]",
            "%1 = input : f64[4611686018427387904]",
        ];
        for line in lines {
            let text = format!("graph {{\n  %0 = input : f32[2, 3]\n  {line}\n  return %0\n}}");
            let error = text.parse::<Graph>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Format);
            assert!(error.to_string().contains("line 3"), "{line}: {error}");
        }
    }
}
