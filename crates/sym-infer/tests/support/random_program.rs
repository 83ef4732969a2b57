//! Random well-typed programs: a plan is a list of steps, each of which fits any value or does nothing, so that every part of a plan is a
//! plan and failures shrink.

use proptest::prelude::*;
use sym_ir::{Builtin, Function, Pairs, Scalar};

/// A program: an input, steps, a readout.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Four positions of three features, not three features alone.
    pub sequence: bool,
    pub steps: Vec<Step>,
    /// Whether the readout sums over all axes, or over the last one.
    pub whole: bool,
}

/// What is done to the value so far along one of its axes.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub kind: Kind,
    /// Taken modulo the number of axes.
    pub axis: usize,
    /// The size of an axis that the step makes.
    pub width: u128,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A matrix of weights along the axis.
    Dense {
        weight: Weight,
        bias: bool,
    },
    /// A matrix for each position of the next axis.
    Heads,
    /// Two axes in place of one.
    Split,
    /// The axis removed.
    Pool(Pool),
    Function(Elementwise),
    /// Plus an earlier value.
    Residual,
    /// Times a matrix times the value.
    Gate,
    Softmax,
    Normalise {
        centre: bool,
        all: bool,
    },
    Square,
    /// A quadratic form for each output.
    Bilinear,
    /// The products of all pairs of rows.
    Gram,
    Gain {
        full: bool,
    },
    Scalar,
    Bias {
        full: bool,
    },
    /// An earlier matrix once more, transposed or as it was.
    Tie {
        transposed: bool,
    },
    Constant,
    /// Minus half the mean.
    ScaledMean,
    Adapter,
    Mixture {
        bias: bool,
    },
    Experts,
    /// Plus a matrix times an earlier value.
    Skip,
    /// Times a linear function of an earlier value, perhaps plus one, plus another.
    Modulate {
        one: bool,
    },
    /// Linear paths from an earlier value beside each other.
    Parallel {
        scaled: bool,
    },
    Convolution {
        stride: u128,
        padding: u128,
        dilation: u128,
        depthwise: bool,
    },
    MaxPool {
        lowest: bool,
    },
    Attention {
        heads: bool,
        turned: Option<Pairs>,
        masked: bool,
        bias: bool,
    },
    Largest {
        gate: bool,
    },
    MergeAxes,
    SplitAxis,
    Concat,
    /// A position of weights in front of the others.
    Token,
    Slice {
        last: bool,
    },
    Transpose,
    /// Plus a row of a table.
    Lookup,
}

/// How a matrix of weights comes about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    Free,
    /// Entry by entry a product.
    Product,
    LowRank,
    /// Rows of length one, times a gain.
    Directions,
    /// Entry by entry a product with a sigmoid, perhaps plus another product.
    Gated {
        shifted: bool,
    },
    Masked,
    /// Rows of one parameter above those of another, or of a frozen tensor; perhaps with a frozen summand.
    Joined {
        frozen: bool,
        moved: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pool {
    Sum,
    Mean,
    Max,
    Min,
    Weights,
}

/// An elementwise function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Elementwise {
    Tanh,
    Sigmoid,
    Gelu,
    Exp,
    Cos,
    Sin,
    Cube,
    Shrink,
    ThreeMinusSigmoid,
    Softplus,
    Relu,
    Abs,
    LeakyRelu,
}

impl Elementwise {
    /// Those with a kink get a bias of their own, so that units can be made to switch.
    pub fn has_kink(self) -> bool {
        matches!(self, Self::Relu | Self::Abs | Self::LeakyRelu)
    }

    pub fn function(self) -> Function {
        let number = Scalar::Number;
        match self {
            Self::Tanh => Function::builtin(Builtin::Tanh),
            Self::Sigmoid => Function::builtin(Builtin::Sigmoid),
            Self::Gelu => Function::builtin(Builtin::Gelu),
            Self::Exp => Function::builtin(Builtin::Exp),
            Self::Cos => Function::builtin(Builtin::Cos),
            Self::Sin => Function::builtin(Builtin::Sin),
            Self::Cube => Function::power(3.0),
            Self::Shrink => Function { name: "shrink".into(), body: Scalar::Multiply(vec![number(-0.5), Scalar::Argument]) },
            Self::ThreeMinusSigmoid => {
                let sigmoid = Scalar::Call(Builtin::Sigmoid, Box::new(Scalar::Argument));
                let body = Scalar::Add(vec![number(3.0), Scalar::Multiply(vec![number(-1.0), sigmoid])]);
                Function { name: "3 - sigmoid".into(), body }
            }
            Self::Softplus => Function::builtin(Builtin::Softplus),
            Self::Relu => Function::builtin(Builtin::Relu),
            Self::Abs => Function::builtin(Builtin::Abs),
            Self::LeakyRelu => Function::builtin(Builtin::LeakyRelu(0.1)),
        }
    }
}

/// Kinds of step; without those whose pieces depend on which entry is largest where `smooth`.
fn kinds(smooth: bool) -> BoxedStrategy<Kind> {
    let flag = any::<bool>;
    let weight = prop_oneof![
        6 => Just(Weight::Free),
        1 => Just(Weight::Product),
        1 => Just(Weight::LowRank),
        1 => Just(Weight::Directions),
        1 => flag().prop_map(|shifted| Weight::Gated { shifted }),
        1 => Just(Weight::Masked),
        1 => (flag(), flag()).prop_map(|(frozen, moved)| Weight::Joined { frozen, moved }),
    ];
    let elementwise = prop::sample::select(vec![
        Elementwise::Tanh,
        Elementwise::Sigmoid,
        Elementwise::Gelu,
        Elementwise::Exp,
        Elementwise::Cos,
        Elementwise::Sin,
        Elementwise::Cube,
        Elementwise::Shrink,
        Elementwise::ThreeMinusSigmoid,
        Elementwise::Softplus,
        Elementwise::Relu,
        Elementwise::Abs,
        Elementwise::LeakyRelu,
    ]);
    let mut pools = vec![Pool::Sum, Pool::Mean, Pool::Weights];
    if !smooth {
        pools.extend([Pool::Max, Pool::Min]);
    }
    let pool = prop::sample::select(pools);
    let turned = prop::sample::select(vec![None, Some(Pairs::Interleaved), Some(Pairs::Halves)]);
    let layers = prop_oneof![
        12 => (weight, flag()).prop_map(|(weight, bias)| Kind::Dense { weight, bias }),
        8 => elementwise.prop_map(Kind::Function),
        2 => Just(Kind::Heads),
        3 => Just(Kind::Split),
        3 => pool.prop_map(Kind::Pool),
        2 => Just(Kind::Residual),
        2 => Just(Kind::Gate),
        2 => Just(Kind::Softmax),
        4 => (flag(), flag()).prop_map(|(centre, all)| Kind::Normalise { centre, all }),
        3 => (flag(), turned, flag(), flag())
            .prop_map(|(heads, turned, masked, bias)| Kind::Attention { heads, turned, masked, bias }),
        2 => (1u128..3, 0u128..2, 1u128..3, flag())
            .prop_map(|(stride, padding, dilation, depthwise)| Kind::Convolution { stride, padding, dilation, depthwise }),
    ];
    let products = prop_oneof![
        Just(Kind::Square),
        Just(Kind::Bilinear),
        Just(Kind::Gram),
        flag().prop_map(|full| Kind::Gain { full }),
        Just(Kind::Scalar),
        flag().prop_map(|full| Kind::Bias { full }),
        flag().prop_map(|transposed| Kind::Tie { transposed }),
        Just(Kind::Constant),
        Just(Kind::ScaledMean),
        Just(Kind::Lookup),
    ];
    let paths = prop_oneof![
        Just(Kind::Adapter),
        flag().prop_map(|bias| Kind::Mixture { bias }),
        Just(Kind::Experts),
        Just(Kind::Skip),
        flag().prop_map(|scaled| Kind::Parallel { scaled }),
        flag().prop_map(|one| Kind::Modulate { one }),
    ];
    let shapes = prop_oneof![
        Just(Kind::MergeAxes),
        Just(Kind::SplitAxis),
        Just(Kind::Concat),
        Just(Kind::Token),
        flag().prop_map(|last| Kind::Slice { last }),
        Just(Kind::Transpose),
    ];
    let largest =
        prop_oneof![flag().prop_map(|lowest| Kind::MaxPool { lowest }), flag().prop_map(|gate| Kind::Largest { gate }),];
    if smooth {
        return prop_oneof![6 => layers, 2 => products, 1 => paths, 1 => shapes].boxed();
    }
    prop_oneof![6 => layers, 2 => products, 1 => paths, 1 => shapes, 1 => largest].boxed()
}

/// Plans of up to `length` steps.
pub fn plans(length: usize, smooth: bool) -> impl Strategy<Value = Plan> {
    let step = (kinds(smooth), 0usize..3, 1u128..5).prop_map(|(kind, axis, width)| Step { kind, axis, width });
    (any::<bool>(), prop::collection::vec(step, 1..=length), any::<bool>()).prop_map(|(sequence, steps, whole)| Plan {
        sequence,
        steps,
        whole,
    })
}
