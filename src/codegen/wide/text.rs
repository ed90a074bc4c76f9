//! Machine instructions as text, in the order of operands that Intel writes.

use super::assemble::{Constant, Gpr, Mem, Rm, Vector};
use super::forms::{Form, Op, Shape, Size};

impl Gpr {
    /// Its name for values of 4 or 8 bytes.
    pub(super) fn name(self, size: u8) -> String {
        const OLD: [&str; 8] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
        match (OLD.get(usize::from(self.0)), size) {
            (Some(name), 4) => format!("e{name}"),
            (Some(name), _) => format!("r{name}"),
            (None, 4) => format!("r{}d", self.0),
            (None, _) => format!("r{}", self.0),
        }
    }
}

/// `[rax+rbx*4-64]`.
pub(super) fn mem(at: Mem) -> String {
    let offset = |disp: i32| match disp {
        0 => String::new(),
        1.. => format!("+{disp}"),
        _ => format!("{disp}"),
    };
    match at {
        Mem::At { base, disp } => format!("[{}{}]", base.name(8), offset(disp)),
        Mem::Indexed { base, index, scale: 1, disp } => {
            format!("[{}+{}{}]", base.name(8), index.name(8), offset(disp))
        }
        Mem::Indexed { base, index, scale, disp } => {
            format!("[{}+{}*{scale}{}]", base.name(8), index.name(8), offset(disp))
        }
        Mem::Lanes { base, index, disp } => format!("[{}+v{index}{}]", base.name(8), offset(disp)),
        Mem::Pool(Constant(at)) => format!("[c{at}]"),
    }
}

/// `vaddps zmm1{k2}{z}, zmm3, [rax]{1to16}`.
pub(super) fn text(form: &Form, v: &Vector, evex: bool) -> String {
    let vector = |number: u8, width: u8| match width {
        64 => format!("zmm{number}"),
        32 => format!("ymm{number}"),
        _ => format!("xmm{number}"),
    };
    let register = |number: u8, size: Size| match size {
        Size::F => vector(number, v.width),
        Size::H => vector(number, v.width / 2),
        Size::Q => vector(number, v.width / 4),
        Size::X | Size::S(_) | Size::Indexed => vector(number, 16),
        Size::K => format!("k{number}"),
        Size::G => Gpr(number).name(if v.op == Op::FromGpr || v.op == Op::BroadcastGpr { v.size } else { 4 }),
    };
    let rm = match v.rm {
        Rm::Reg(number) => register(number, form.sizes[2]),
        Rm::Mem(Mem::Lanes { base, index, disp }) => {
            mem(Mem::Lanes { base, index, disp }).replace(&format!("v{index}"), &vector(index, v.width))
        }
        Rm::Mem(at) => mem(at),
        Rm::Splat(at) => format!("{}{{1to{}}}", mem(at), v.width / v.size),
    };
    let (reg, vvvv) = (register(v.reg, form.sizes[0]), register(v.vvvv, form.sizes[1]));
    let gather = v.op == Op::Gather && evex;
    let mut operands = match form.shape {
        Shape::Rvm if gather => vec![reg, rm],
        Shape::Rvm if form.sizes[2] == Size::Indexed => vec![reg, rm, vvvv],
        Shape::Rvm => vec![reg, vvvv, rm],
        Shape::Rm => vec![reg, rm],
        Shape::Vm(_) => vec![vvvv, rm],
        Shape::Mr => vec![rm, reg],
        Shape::Mvr => vec![rm, vvvv, reg],
        Shape::Rvmr => vec![reg, vvvv, rm, vector(v.mask, v.width)],
        Shape::Zo => vec![],
    };
    if evex && v.mask != 0 {
        operands[0] += &format!("{{k{}}}{}", v.mask, if v.zero { "{z}" } else { "" });
    }
    if form.imm {
        operands.push(v.imm.to_string());
    }
    let mut name = format!("{}{}", form.name, form.suffix[usize::from(evex)]);
    if matches!(v.op, Op::InsertHalf | Op::ExtractHalf) && evex && v.width == 32 {
        name = name.replace("64x4", "32x4");
    }
    let name = name.as_str();
    if operands.is_empty() { name.to_owned() } else { format!("{name} {}", operands.join(", ")) }
}
