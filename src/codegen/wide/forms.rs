//! The vector instructions: one row per instruction, from which its bytes and its text follow.
//!
//! A row serves single and double words (or floats) and every width; AVX2 code takes the VEX form,
//! AVX-512 code the EVEX form. `tests.rs` decodes every form with an independent decoder.

macro_rules! ops {
    ($( $(#[$doc:meta])* $Op:ident, )*) => {
        /// An instruction, without its element size and width.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Op { $( $(#[$doc])* $Op, )* }

        #[cfg(test)]
        impl Op {
            /// Every instruction.
            pub(super) const ALL: &[Op] = &[$( Op::$Op, )*];
        }
    };
}
ops! {
    // Floats.
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Sqrt,
    /// `vroundps` or `vrndscaleps`, the same bytes.
    Round,
    /// A comparison into a vector of lanes, VEX.
    CmpLanes,
    /// A comparison into a mask register, EVEX.
    CmpMask,
    /// The larger or smaller with zeros ordered, EVEX.
    Range,
    Fma132,
    Fma213,
    Fma231,
    /// Multiply and subtract.
    Fms132,
    Fms213,
    Fms231,
    /// Minus the product, plus.
    Fnma132,
    Fnma213,
    Fnma231,
    /// Minus the product, minus.
    Fnms132,
    Fnms213,
    Fnms231,
    // Integers.
    IAdd,
    ISub,
    IMul,
    /// The product of the low words of double words.
    IMulWords,
    IMin,
    IMax,
    IAbs,
    IEqLanes,
    IGtLanes,
    ICmpMask,
    ShiftLeft,
    ShiftRight,
    ShiftArithmetic,
    ShiftLeftBy,
    ShiftRightBy,
    ShiftArithmeticBy,
    // Bits.
    And,
    AndNot,
    Or,
    Xor,
    // Choosing by a vector of lanes and by a mask register.
    BlendLanes,
    BlendMask,
    // Moves.
    Load,
    Store,
    StoreStream,
    Copy,
    LoadLanes,
    StoreLanes,
    /// From an element in memory or the lowest of a register.
    Broadcast,
    BroadcastByte,
    BroadcastShort,
    /// From a general register.
    BroadcastGpr,
    /// One element, to or from memory.
    LoadScalar,
    StoreScalar,
    FromGpr,
    Gather,
    Scatter,
    InsertHalf,
    ExtractHalf,
    // Bytes.
    LoadBytes,
    StoreBytes,
    BytesToWords,
    /// With their signs.
    SignedBytesToWords,
    ByteTest,
    PackWords,
    PackHalves,
    // Bytes and halves of words, without signs: what is too large becomes the largest.
    PackWordsUnsigned,
    PackHalvesUnsigned,
    /// Halves of words, as words.
    HalvesToWords,
    SignedHalvesToWords,
    WordsToBytes,
    WordsToHalves,
    /// Words, as double words.
    WordsToDoubles,
    /// Floats of 16 bits.
    F16ToF32,
    F32ToF16,
    // Order.
    Permute,
    /// Quarters of a vector of double words, by a constant.
    PermuteQuarters,
    ShuffleTwo,
    // Conversions.
    I32ToF32,
    F32ToI32,
    F32ToF64,
    F64ToF32,
    I32ToF64,
    F64ToI32,
    I64ToF64,
    I64ToF32,
    F64ToI64,
    F32ToI64,
    I32ToI64,
    I64ToI32,
    SignMask,
    MoveMask,
    // Masks: of 16 bits (`size` 4) or of 8 (`size` 8).
    MaskAnd,
    MaskAndNot,
    MaskOr,
    MaskXor,
    MaskXnor,
    MaskNot,
    MaskTest,
    MaskCopy,
    MaskLoad,
    MaskStore,
    MaskFromGpr,
    MaskToGpr,
    MaskShiftRight,
    /// Ends the use of the upper halves.
    ZeroUpper,
}

/// Which operands sit where: in the field `reg`, in `vvvv`, in `rm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The destination in `reg`, sources in `vvvv` and `rm`.
    Rvm,
    /// The destination in `reg`, the source in `rm`.
    Rm,
    /// The destination in `vvvv`, the source in `rm`, this number in `reg`.
    Vm(u8),
    /// The destination in `rm`, the source in `reg`.
    Mr,
    /// The destination in `rm`, the mask in `vvvv`, the source in `reg`.
    Mvr,
    /// The destination in `reg`, sources in `vvvv` and `rm`, the mask in the last byte.
    Rvmr,
    /// No operands.
    Zo,
}

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// The whole vector.
    F,
    /// A vector of half the width.
    H,
    /// A quarter of it.
    Q,
    /// 16 bytes.
    X,
    /// The low so many bytes of a vector of 16.
    S(u8),
    /// A mask register.
    K,
    /// A general register.
    G,
    /// Lanes of elements at addresses by a whole vector of indices.
    Indexed,
}

/// How it may be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// VEX in AVX2 code, EVEX in AVX-512 code.
    Both,
    Vex,
    Evex,
    /// VEX with this L, whatever the width.
    VexL(u8),
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    pub(super) name: &'static str,
    /// What follows the name: in VEX code, in EVEX code.
    pub(super) suffix: [&'static str; 2],
    pub(super) shape: Shape,
    /// Of `reg`, `vvvv` and `rm`.
    pub(super) sizes: [Size; 3],
    /// 0: none, 1: 66, 2: F3, 3: F2.
    pub(super) prefix: u8,
    /// 1: 0F, 2: 0F 38, 3: 0F 3A.
    pub(super) map: u8,
    pub(super) w: u8,
    pub(super) opcode: u8,
    pub(super) space: Space,
    /// Whether a constant byte follows.
    pub(super) imm: bool,
    /// Whether the two sources may be exchanged.
    pub(super) commutes: bool,
    /// Whether an element in memory may stand for all, in EVEX code.
    pub(super) splats: bool,
}

impl Form {
    const fn new(name: &'static str, prefix: u8, map: u8, w: u8, opcode: u8) -> Self {
        Self {
            name,
            suffix: ["", ""],
            shape: Shape::Rvm,
            sizes: [Size::F; 3],
            prefix,
            map,
            w,
            opcode,
            space: Space::Both,
            imm: false,
            commutes: false,
            splats: false,
        }
    }

    const fn suffix(self, vex: &'static str, evex: &'static str) -> Self {
        Self { suffix: [vex, evex], ..self }
    }

    const fn shape(self, shape: Shape, sizes: [Size; 3]) -> Self {
        Self { shape, sizes, ..self }
    }

    const fn rm(self, reg: Size, rm: Size) -> Self {
        self.shape(Shape::Rm, [reg, Size::F, rm])
    }

    const fn mr(self, rm: Size, reg: Size) -> Self {
        self.shape(Shape::Mr, [reg, Size::F, rm])
    }

    const fn only(self, space: Space) -> Self {
        Self { space, ..self }
    }

    const fn imm(self) -> Self {
        Self { imm: true, ..self }
    }

    const fn commutes(self) -> Self {
        Self { commutes: true, ..self }
    }

    const fn splats(self) -> Self {
        Self { splats: true, ..self }
    }
}

/// Arithmetic on floats: the prefix tells the size.
const fn float(name: &'static str, size: u8, opcode: u8) -> Form {
    let (suffix, prefix) = if size == 4 { ("ps", 0) } else { ("pd", 1) };
    Form::new(name, prefix, 1, (size == 8) as u8, opcode).suffix(suffix, suffix).splats()
}

/// Later instructions on floats: W tells the size.
const fn float2(name: &'static str, size: u8, map: u8, opcode: u8) -> Form {
    let suffix = if size == 4 { "ps" } else { "pd" };
    Form::new(name, 1, map, (size == 8) as u8, opcode).suffix(suffix, suffix).splats()
}

/// Instructions on integers of which W tells the size, and in VEX code maybe the opcode.
const fn int(name: &'static str, size: u8, map: u8, opcodes: [u8; 2]) -> Form {
    let (suffix, w) = if size == 4 { ("d", 0) } else { ("q", 1) };
    Form::new(name, 1, map, w, opcodes[w as usize]).suffix(suffix, suffix).splats()
}

/// Logic, whose size only EVEX code knows.
const fn bits(name: &'static str, size: u8, opcode: u8) -> Form {
    let (suffix, w) = if size == 4 { ("d", 0) } else { ("q", 1) };
    Form::new(name, 1, 1, w, opcode).suffix("", suffix).splats()
}

/// Instructions on masks of 16 or 8 bits.
const fn mask(name: &'static str, size: u8, l: u8, opcode: u8) -> Form {
    let (suffix, prefix) = if size == 4 { ("w", 0) } else { ("b", 1) };
    let form = Form::new(name, prefix, 1, 0, opcode).suffix(suffix, suffix).only(Space::VexL(l));
    form.shape(Shape::Rvm, [Size::K; 3])
}

/// The row of `op` on elements of `size` bytes, 4 or 8.
pub(super) const fn form(op: Op, size: u8) -> Form {
    use Size::{F, G, H, Indexed, K, Q, S, X};
    let word = size == 4;
    match op {
        Op::Add => float("vadd", size, 0x58).commutes(),
        Op::Sub => float("vsub", size, 0x5c),
        Op::Mul => float("vmul", size, 0x59).commutes(),
        Op::Div => float("vdiv", size, 0x5e),
        Op::Min => float("vmin", size, 0x5d),
        Op::Max => float("vmax", size, 0x5f),
        Op::Sqrt => float("vsqrt", size, 0x51).rm(F, F),
        Op::Round => {
            let suffix = if word { ["roundps", "rndscaleps"] } else { ["roundpd", "rndscalepd"] };
            Form::new("v", 1, 3, !word as u8, if word { 8 } else { 9 })
                .suffix(suffix[0], suffix[1])
                .rm(F, F)
                .imm()
                .splats()
        }
        Op::CmpLanes => float("vcmp", size, 0xc2).imm().only(Space::Vex),
        Op::CmpMask => float("vcmp", size, 0xc2).imm().shape(Shape::Rvm, [K, F, F]).only(Space::Evex),
        Op::Range => float2("vrange", size, 3, 0x50).imm().only(Space::Evex),
        Op::Fma132 => float2("vfmadd132", size, 2, 0x98),
        Op::Fma213 => float2("vfmadd213", size, 2, 0xa8),
        Op::Fma231 => float2("vfmadd231", size, 2, 0xb8),
        Op::Fms132 => float2("vfmsub132", size, 2, 0x9a),
        Op::Fms213 => float2("vfmsub213", size, 2, 0xaa),
        Op::Fms231 => float2("vfmsub231", size, 2, 0xba),
        Op::Fnma132 => float2("vfnmadd132", size, 2, 0x9c),
        Op::Fnma213 => float2("vfnmadd213", size, 2, 0xac),
        Op::Fnma231 => float2("vfnmadd231", size, 2, 0xbc),
        Op::Fnms132 => float2("vfnmsub132", size, 2, 0x9e),
        Op::Fnms213 => float2("vfnmsub213", size, 2, 0xae),
        Op::Fnms231 => float2("vfnmsub231", size, 2, 0xbe),
        Op::IAdd => int("vpadd", size, 1, [0xfe, 0xd4]).commutes(),
        Op::ISub => int("vpsub", size, 1, [0xfa, 0xfb]),
        Op::IMul => int("vpmull", size, 2, [0x40, 0x40]).commutes(),
        Op::IMulWords => Form::new("vpmuludq", 1, 1, 1, 0xf4).commutes(),
        Op::IMin => int("vpmins", size, 2, [0x39, 0x39]).commutes(),
        Op::IMax => int("vpmaxs", size, 2, [0x3d, 0x3d]).commutes(),
        Op::IAbs => int("vpabs", size, 2, [0x1e, 0x1f]).rm(F, F),
        Op::IEqLanes if word => int("vpcmpeq", size, 1, [0x76, 0x76]).only(Space::Vex),
        Op::IEqLanes => int("vpcmpeq", size, 2, [0x29, 0x29]).only(Space::Vex),
        Op::IGtLanes if word => int("vpcmpgt", size, 1, [0x66, 0x66]).only(Space::Vex),
        Op::IGtLanes => int("vpcmpgt", size, 2, [0x37, 0x37]).only(Space::Vex),
        Op::ICmpMask => {
            int("vpcmp", size, 3, [0x1f, 0x1f]).imm().shape(Shape::Rvm, [K, F, F]).only(Space::Evex)
        }
        Op::ShiftLeft => int("vpsll", size, 1, [0x72, 0x73]).imm().shape(Shape::Vm(6), [F, F, F]),
        Op::ShiftRight => int("vpsrl", size, 1, [0x72, 0x73]).imm().shape(Shape::Vm(2), [F, F, F]),
        Op::ShiftArithmetic => int("vpsra", size, 1, [0x72, 0x72]).imm().shape(Shape::Vm(4), [F, F, F]),
        Op::ShiftLeftBy => int("vpsllv", size, 2, [0x47, 0x47]),
        Op::ShiftRightBy => int("vpsrlv", size, 2, [0x45, 0x45]),
        Op::ShiftArithmeticBy => int("vpsrav", size, 2, [0x46, 0x46]),
        Op::And => bits("vpand", size, 0xdb).commutes(),
        Op::AndNot => bits("vpandn", size, 0xdf),
        Op::Or => bits("vpor", size, 0xeb).commutes(),
        Op::Xor => bits("vpxor", size, 0xef).commutes(),
        Op::BlendLanes => {
            let (suffix, opcode) = if word { ("ps", 0x4a) } else { ("pd", 0x4b) };
            Form::new("vblendv", 1, 3, 0, opcode)
                .suffix(suffix, suffix)
                .shape(Shape::Rvmr, [F, F, F])
                .only(Space::Vex)
        }
        Op::BlendMask => float2("vblendm", size, 2, 0x65).only(Space::Evex),
        Op::Load => Form { splats: false, ..float("vmovu", size, 0x10).rm(F, F) },
        Op::Store => Form { splats: false, ..float("vmovu", size, 0x11).mr(F, F) },
        Op::StoreStream => Form { splats: false, ..float("vmovnt", size, 0x2b).mr(F, F) },
        Op::Copy => Form { splats: false, ..float("vmova", size, 0x28).rm(F, F) },
        Op::LoadLanes => {
            let opcode = if word { 0x2c } else { 0x2d };
            let suffix = if word { "ps" } else { "pd" };
            Form::new("vmaskmov", 1, 2, 0, opcode).suffix(suffix, suffix).only(Space::Vex)
        }
        Op::StoreLanes => {
            let opcode = if word { 0x2e } else { 0x2f };
            let suffix = if word { "ps" } else { "pd" };
            Form::new("vmaskmov", 1, 2, 0, opcode)
                .suffix(suffix, suffix)
                .shape(Shape::Mvr, [F, F, F])
                .only(Space::Vex)
        }
        Op::Broadcast if word => Form::new("vbroadcastss", 1, 2, 0, 0x18).rm(F, S(4)),
        // W must be 0 in VEX code: the encoder knows.
        Op::Broadcast => Form::new("vbroadcastsd", 1, 2, 1, 0x19).rm(F, S(8)),
        Op::BroadcastByte => Form::new("vpbroadcastb", 1, 2, 0, 0x78).rm(F, S(1)),
        Op::BroadcastShort => Form::new("vpbroadcastw", 1, 2, 0, 0x79).rm(F, S(2)),
        Op::BroadcastGpr => int("vpbroadcast", size, 2, [0x7c, 0x7c]).rm(F, G).only(Space::Evex),
        Op::LoadScalar if word => Form::new("vmovd", 1, 1, 0, 0x6e).rm(X, S(4)),
        Op::LoadScalar => Form::new("vmovq", 2, 1, 1, 0x7e).rm(X, S(8)),
        Op::StoreScalar if word => Form::new("vmovd", 1, 1, 0, 0x7e).mr(S(4), X),
        Op::StoreScalar => Form::new("vmovq", 1, 1, 1, 0xd6).mr(S(8), X),
        Op::FromGpr => int("vmov", size, 1, [0x6e, 0x6e]).rm(X, G),
        Op::Gather => float2("vgatherq", size, 2, 0x93)
            .shape(Shape::Rvm, [if word { H } else { F }, if word { H } else { F }, Indexed]),
        Op::Scatter => {
            float2("vscatterq", size, 2, 0xa3).mr(Indexed, if word { H } else { F }).only(Space::Evex)
        }
        Op::InsertHalf => {
            Form::new("vinsertf", 1, 3, 1, 0x1a).suffix("128", "64x4").imm().shape(Shape::Rvm, [F, F, H])
        }
        Op::ExtractHalf => Form::new("vextractf", 1, 3, 1, 0x1b).suffix("128", "64x4").imm().mr(H, F),
        Op::LoadBytes => Form::new("vmovdqu8", 3, 1, 0, 0x6f).rm(F, F).only(Space::Evex),
        Op::StoreBytes => Form::new("vmovdqu8", 3, 1, 0, 0x7f).mr(F, F).only(Space::Evex),
        Op::BytesToWords => Form::new("vpmovzxbd", 1, 2, 0, 0x31).rm(F, Q),
        Op::SignedBytesToWords => Form::new("vpmovsxbd", 1, 2, 0, 0x21).rm(F, Q),
        Op::HalvesToWords => Form::new("vpmovzxwd", 1, 2, 0, 0x33).rm(F, H),
        Op::SignedHalvesToWords => Form::new("vpmovsxwd", 1, 2, 0, 0x23).rm(F, H),
        Op::WordsToDoubles => Form::new("vpmovzxdq", 1, 2, 0, 0x35).rm(F, H),
        Op::WordsToBytes => Form::new("vpmovdb", 2, 2, 0, 0x31).mr(Q, F).only(Space::Evex),
        Op::WordsToHalves => Form::new("vpmovdw", 2, 2, 0, 0x33).mr(H, F).only(Space::Evex),
        Op::F16ToF32 => Form::new("vcvtph2ps", 1, 2, 0, 0x13).rm(F, H),
        Op::F32ToF16 => Form::new("vcvtps2ph", 1, 3, 0, 0x1d).mr(H, F).imm(),
        Op::PackWordsUnsigned => Form::new("vpackusdw", 1, 2, 0, 0x2b).only(Space::Vex),
        Op::PackHalvesUnsigned => Form::new("vpackuswb", 1, 1, 0, 0x67).only(Space::Vex),
        Op::ByteTest => Form::new("vptestmb", 1, 2, 0, 0x26).shape(Shape::Rvm, [K, F, F]).only(Space::Evex),
        Op::PackWords => Form::new("vpackssdw", 1, 1, 0, 0x6b).only(Space::Vex),
        Op::PackHalves => Form::new("vpacksswb", 1, 1, 0, 0x63).only(Space::Vex),
        Op::Permute if word => Form::new("vpermps", 1, 2, 0, 0x16),
        Op::Permute => Form::new("vpermpd", 1, 2, 1, 0x16).only(Space::Evex),
        Op::PermuteQuarters => Form::new("vpermpd", 1, 3, 1, 0x01).rm(F, F).imm(),
        Op::ShuffleTwo => Form { splats: false, ..float("vshuf", size, 0xc6).imm() },
        Op::I32ToF32 => Form::new("vcvtdq2ps", 0, 1, 0, 0x5b).rm(F, F),
        Op::F32ToI32 => Form::new("vcvttps2dq", 2, 1, 0, 0x5b).rm(F, F),
        Op::F32ToF64 => Form::new("vcvtps2pd", 0, 1, 0, 0x5a).rm(F, H),
        Op::F64ToF32 => Form::new("vcvtpd2ps", 1, 1, 1, 0x5a).rm(H, F),
        Op::I32ToF64 => Form::new("vcvtdq2pd", 2, 1, 0, 0xe6).rm(F, H),
        Op::F64ToI32 => Form::new("vcvttpd2dq", 1, 1, 1, 0xe6).rm(H, F),
        Op::I64ToF64 => Form::new("vcvtqq2pd", 2, 1, 1, 0xe6).rm(F, F).only(Space::Evex),
        Op::I64ToF32 => Form::new("vcvtqq2ps", 0, 1, 1, 0x5b).rm(H, F).only(Space::Evex),
        Op::F64ToI64 => Form::new("vcvttpd2qq", 1, 1, 1, 0x7a).rm(F, F).only(Space::Evex),
        Op::F32ToI64 => Form::new("vcvttps2qq", 1, 1, 0, 0x7a).rm(F, H).only(Space::Evex),
        Op::I32ToI64 => Form::new("vpmovsxdq", 1, 2, 0, 0x25).rm(F, H),
        Op::I64ToI32 => Form::new("vpmovqd", 2, 2, 0, 0x35).mr(H, F).only(Space::Evex),
        Op::SignMask => {
            let suffix = if word { "d2m" } else { "q2m" };
            Form::new("vpmov", 2, 2, !word as u8, 0x39).suffix(suffix, suffix).rm(K, F).only(Space::Evex)
        }
        Op::MoveMask => Form { splats: false, ..float("vmovmsk", size, 0x50).rm(G, F).only(Space::Vex) },
        Op::MaskAnd => mask("kand", size, 1, 0x41),
        Op::MaskAndNot => mask("kandn", size, 1, 0x42),
        Op::MaskOr => mask("kor", size, 1, 0x45),
        Op::MaskXnor => mask("kxnor", size, 1, 0x46),
        Op::MaskXor => mask("kxor", size, 1, 0x47),
        Op::MaskNot => mask("knot", size, 0, 0x44).rm(K, K),
        Op::MaskTest => mask("kortest", size, 0, 0x98).rm(K, K),
        Op::MaskCopy | Op::MaskLoad => mask("kmov", size, 0, 0x90).rm(K, K),
        Op::MaskStore => mask("kmov", size, 0, 0x91).mr(K, K),
        Op::MaskFromGpr => mask("kmov", size, 0, 0x92).rm(K, G),
        Op::MaskToGpr => mask("kmov", size, 0, 0x93).rm(G, K),
        Op::MaskShiftRight => {
            Form { map: 3, prefix: 1, w: word as u8, ..mask("kshiftr", size, 0, 0x30).rm(K, K).imm() }
        }
        Op::ZeroUpper => {
            Form::new("vzeroupper", 0, 1, 0, 0x77).shape(Shape::Zo, [F, F, F]).only(Space::VexL(0))
        }
    }
}
