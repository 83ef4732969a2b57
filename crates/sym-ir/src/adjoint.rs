//! What derivatives of programs need besides the primitives.

use crate::program::{Pairs, ReduceKind, ValueId};

/// An operation of a derived program. No model contains one.
#[derive(Debug, Clone, PartialEq)]
pub enum Adjoint {
    /// The sum (or mean) over the batch of a batched value; the result is not batched and has the same shape.
    OverBatch {
        /// Argument, batched.
        value: ValueId,
        /// Whether the sum is divided by the number of examples.
        mean: bool,
    },
    /// A value that is not batched, for every example of the batch: the adjoint of the sum over it.
    Repeat {
        /// Argument, not batched.
        value: ValueId,
    },
    /// The adjoint of a window: x[p] = ∑ y[o, t] over o·stride + t·dilation − padding = p. The axes of positions and taps become one, whose
    /// size the result says.
    Fold {
        /// Argument.
        value: ValueId,
        /// The axis of positions o; taps t are right behind. The result has p there.
        axis: usize,
        /// Steps between windows, at least 1.
        stride: u128,
        /// Positions added on both sides.
        padding: u128,
        /// Steps between taps, at least 1.
        dilation: u128,
    },
    /// The adjoint of a slice: `before` zeros, the value, and zeros up to the size of the result.
    Pad {
        /// Argument.
        value: ValueId,
        /// The axis that grows.
        axis: usize,
        /// Zeros in front.
        before: u128,
    },
    /// 1 at the entry that a reduction keeps, 0 elsewhere; the shape is that of the argument. Of equal entries the first counts, the last of
    /// the axes compared first and the first of them last, as the reduction goes: the entry that is first in row-major order.
    First {
        /// Argument.
        value: ValueId,
        /// Which entry is kept.
        kind: ReduceKind,
        /// Axes of the reduction, ascending.
        axes: Vec<usize>,
    },
    /// 1 at the entries that a choice of the largest keeps, 0 elsewhere.
    Kept {
        /// Argument.
        value: ValueId,
        /// The axis.
        axis: usize,
        /// How many entries are kept, at least 1; those equal to the last of them are kept too.
        count: u128,
    },
    /// The constant [i, j] that is 1 where i − `before` ≤ j ≤ i + `after`, else 0. With both 0 it is the identity.
    Band {
        /// How far back i sees; `None` for everything.
        before: Option<u128>,
        /// How far ahead i sees; `None` for everything.
        after: Option<u128>,
    },
    /// Rotary positions turned back: the transpose, which is the inverse, of turning them.
    TurnBack {
        /// Argument.
        value: ValueId,
        /// The axis of positions.
        position: usize,
        /// The axis of pairs, of even size.
        axis: usize,
        /// The base of the frequencies.
        base: f64,
        /// Which entries make a pair.
        pairs: Pairs,
    },
    /// 1/√(v + ε) of a normalisation with the same settings; the shape is that of the argument without `axes`. Not batched where the
    /// statistics run over the batch.
    InverseDeviation {
        /// Argument of the normalisation.
        value: ValueId,
        /// Axes over which the statistics run, ascending.
        axes: Vec<usize>,
        /// Whether they also run over the batch, where the value has one.
        batch: bool,
        /// Whether v is the variance about the mean, not about 0.
        centre: bool,
        /// ε ≥ 0.
        epsilon: f64,
    },
}

impl Adjoint {
    /// The value that it reads; the band reads none.
    pub fn operand(&self) -> Option<ValueId> {
        match self {
            Adjoint::OverBatch { value, .. }
            | Adjoint::Repeat { value }
            | Adjoint::Fold { value, .. }
            | Adjoint::Pad { value, .. }
            | Adjoint::First { value, .. }
            | Adjoint::Kept { value, .. }
            | Adjoint::TurnBack { value, .. }
            | Adjoint::InverseDeviation { value, .. } => Some(*value),
            Adjoint::Band { .. } => None,
        }
    }

    /// The value that it reads, to be replaced.
    pub fn operand_mut(&mut self) -> Option<&mut ValueId> {
        match self {
            Adjoint::OverBatch { value, .. }
            | Adjoint::Repeat { value }
            | Adjoint::Fold { value, .. }
            | Adjoint::Pad { value, .. }
            | Adjoint::First { value, .. }
            | Adjoint::Kept { value, .. }
            | Adjoint::TurnBack { value, .. }
            | Adjoint::InverseDeviation { value, .. } => Some(value),
            Adjoint::Band { .. } => None,
        }
    }

    /// Whether the result is batched, by whether the argument is.
    pub fn is_batched(&self, argument: bool) -> bool {
        match self {
            Adjoint::OverBatch { .. } | Adjoint::Band { .. } => false,
            Adjoint::Repeat { .. } => true,
            Adjoint::InverseDeviation { batch, .. } => argument && !batch,
            Adjoint::Fold { .. }
            | Adjoint::Pad { .. }
            | Adjoint::First { .. }
            | Adjoint::Kept { .. }
            | Adjoint::TurnBack { .. } => argument,
        }
    }

    /// The word for it in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Adjoint::OverBatch { mean: false, .. } => "sum_over_batch",
            Adjoint::OverBatch { mean: true, .. } => "mean_over_batch",
            Adjoint::Repeat { .. } => "repeat",
            Adjoint::Fold { .. } => "fold",
            Adjoint::Pad { .. } => "pad",
            Adjoint::First { .. } => "first",
            Adjoint::Kept { .. } => "kept",
            Adjoint::Band { .. } => "band",
            Adjoint::TurnBack { .. } => "turn_back",
            Adjoint::InverseDeviation { .. } => "inverse_deviation",
        }
    }
}
