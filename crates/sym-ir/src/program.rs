//! The tensor program: parameters, inputs, and one operation a node in SSA order.
//!
//! Shapes are those of one example. A value that depends on an input carries an implicit leading batch axis ([`Node::batched`]); values
//! of parameters alone do not.

use crate::mask::Mask;
use crate::storage::Storage;
use crate::{Adjoint, Function};
use std::sync::Arc;
use sym_diagnostics::Span;

/// Names a node's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// Names a parameter of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub u32);

/// Names an input of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputId(pub u32);

/// An index of one einsum: equal labels are one index. Labels mean nothing outside their operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(pub u32);

/// One axis of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The number of positions.
    pub size: u128,
    /// The size as written (`width`, `d / heads`, `64`).
    pub symbol: Arc<str>,
    /// The index name that `over: j` refers to; empty where the axis has none.
    pub name: Arc<str>,
}

impl Axis {
    /// An axis of a literal size without a name.
    pub fn of(size: u128) -> Self {
        Self { size, symbol: size.to_string().into(), name: Arc::default() }
    }
}

/// A shape-checked program of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The model's name.
    pub name: String,
    /// Parameters and frozen tensors, in the order of their first use.
    pub parameters: Vec<Parameter>,
    /// Inputs.
    pub inputs: Vec<Input>,
    /// Operations; each operand precedes its user.
    pub nodes: Vec<Node>,
    /// Results, at least one.
    pub outputs: Vec<Output>,
}

/// A tensor of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The path of selectors: block names and the parameter's name, such as `fc1.weight`.
    pub path: String,
    /// How it is stored in a state dict.
    pub storage: Storage,
    /// Axes as the program uses them.
    pub shape: Vec<Axis>,
    /// False for a tensor that is never trained: its entries are not parameters.
    pub trainable: bool,
    /// Initial values where the `train` item names no others.
    pub initial: Initial,
    /// What it is to interventions.
    pub role: Role,
    /// Where it is declared.
    pub span: Span,
}

/// What a parameter is to interventions: how they select it, and what they have made of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Role {
    /// The block that declares it, such as `linear`; empty where the model does.
    pub block: Arc<str>,
    /// The sizes of its axes as its declaration writes them, such as `heads`, whatever the caller gives for them.
    pub sizes: Vec<Arc<str>>,
    /// Whether it is a factor that an intervention has put beside a weight. Steps of `init` leave it alone unless they name it in full,
    /// so that the function at the start is that of the model without the intervention.
    pub factor: bool,
    /// Which stream its initial values come from; `None` for that of the run.
    pub drawn: Option<Drawn>,
    /// The relative half-width of the spread of decay over its entries: entry i decays with `1 + u`, u uniform on ±spread.
    pub decay_spread: Option<(f64, Drawn)>,
    /// Which of its entries are frozen at random values.
    pub mask: Option<Mask>,
}

/// A stream of random numbers that belongs to the file, not to a run: the same in every run and on every machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The seed that the file gives.
    pub seed: u64,
    /// What is drawn for which model, such as `syre of Mlp`. The parameter's path completes the name of the stream.
    pub purpose: Arc<str>,
}

/// Initial values of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Initial {
    /// All entries the same.
    Constant(f64),
    /// Uniform on (−bound, bound), as PyTorch's `nn.Linear` uses with bound = 1/√fan-in.
    Uniform {
        /// Half-width.
        bound: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        std: f64,
    },
    /// These entries, in row-major order.
    Values(Arc<[f64]>),
}

/// An input of one example.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Name.
    pub name: String,
    /// Axes, without the batch.
    pub shape: Vec<Axis>,
    /// The dimension of the subspace that it never leaves, where declared.
    pub rank: Option<u128>,
    /// Vectors that span that subspace, where they are known: a proof draws them.
    pub basis: Vec<Vec<f64>>,
    /// What its entries are.
    pub entries: Entries,
    /// Where it is declared.
    pub span: Span,
}

/// What the entries of an input are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// Real numbers.
    Real,
    /// Whole numbers from 0, such as token ids.
    Integer {
        /// The first that does not occur.
        below: u128,
    },
}

/// A result.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Name; `output` where the file gives none.
    pub name: String,
    /// Value.
    pub value: ValueId,
}

/// An operation with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is computed.
    pub operation: Operation,
    /// Axes of the result, without the batch.
    pub shape: Vec<Axis>,
    /// Whether the result carries the implicit batch axis: it depends on an input, other than through a sum over the batch.
    pub batched: bool,
    /// The path of block names in which it stands, such as `fc1`; empty at the top.
    pub scope: Arc<str>,
    /// The name that the file gives the value (`h`), or that of the operation.
    pub name: Arc<str>,
    /// Where it is written.
    pub span: Span,
}

/// The primitives. Layers are blocks of the standard library.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// An input.
    Input(InputId),
    /// A parameter or frozen tensor.
    Parameter(ParameterId),
    /// coefficient · ∏ operands, summed over all labels that the output lacks. A label that occurs twice in one operand is a diagonal; an
    /// output label that no operand has repeats the value along that axis. Covers contraction, elementwise product, scaling,
    /// transposition, sum, mean and broadcast. No operands: the constant `coefficient`.
    Einsum {
        /// Factors.
        operands: Vec<Operand>,
        /// Labels of the result's axes, all different.
        output: Vec<Label>,
        /// A constant factor.
        coefficient: f64,
    },
    /// constant + ∑ coefficient · term, each term repeated along the axes it lacks.
    Add {
        /// Summands.
        terms: Vec<Term>,
        /// A constant summand.
        constant: f64,
    },
    /// An elementwise function.
    Map {
        /// Argument.
        value: ValueId,
        /// Function.
        function: Function,
    },
    /// Softmax over one axis.
    Softmax {
        /// Logits.
        value: ValueId,
        /// The normalised axis.
        axis: usize,
    },
    /// Largest or smallest entry over some axes, which are removed.
    Reduce {
        /// Argument.
        value: ValueId,
        /// Which.
        kind: ReduceKind,
        /// Axes, ascending.
        axes: Vec<usize>,
    },
    /// Splits and merges axes without moving an entry (row-major order).
    Reshape {
        /// Argument.
        value: ValueId,
        /// The finest common axes, in order.
        atoms: Vec<Axis>,
        /// How many successive atoms each axis of the argument merges.
        from: Vec<usize>,
        /// How many successive atoms each axis of the result merges.
        to: Vec<usize>,
    },
    /// Joins values along one axis.
    Concat {
        /// Parts, equal in all other axes.
        values: Vec<ValueId>,
        /// The joined axis.
        axis: usize,
    },
    /// Successive entries of one axis.
    Slice {
        /// Argument.
        value: ValueId,
        /// The cut axis.
        axis: usize,
        /// First entry kept; the result's axis says how many.
        start: u128,
    },
    /// (x − m)/√(v + ε) with v = mean of (x − m)² over `axes` together, for each position of the other axes; m is the mean of x over the same
    /// entries where `centre` is set, otherwise 0. Covers layer norm (centred), RMS norm (not centred), instance norm and, over a
    /// split axis, group norm (Ba et al. 2016; Zhang and Sennrich 2019; Wu and He 2018). The variance is the biased one, as in PyTorch.
    Normalise {
        /// Argument.
        value: ValueId,
        /// Axes over which the statistics run, ascending.
        axes: Vec<usize>,
        /// Whether they also run over the batch, where the value has one: batch norm in training (Ioffe and Szegedy 2015).
        batch: bool,
        /// Whether the mean is subtracted first.
        centre: bool,
        /// ε ≥ 0.
        epsilon: f64,
    },
    /// Sliding windows: `axis` of n positions becomes two axes [o, t] with y[o, t] = x[o·stride + t·dilation − padding], and `rest` where
    /// that lies outside of x; o runs over ⌊(n + 2·padding − dilation·(taps − 1) − 1)/stride⌋ + 1 positions. A convolution is a window in each
    /// spatial axis and an einsum with the kernel; pooling is a window and a maximum or mean over the taps.
    Window {
        /// Argument.
        value: ValueId,
        /// The windowed axis; the result has positions there and taps right behind.
        axis: usize,
        /// Steps between windows, at least 1.
        stride: u128,
        /// Positions added on both sides.
        padding: u128,
        /// Steps between taps, at least 1.
        dilation: u128,
        /// What padding holds: 0, or −∞ in front of a maximum.
        rest: f64,
    },
    /// y[…, c] = 1 where x[…] = c, else 0: whole numbers as unit vectors along a new last axis. The product with a table looks up
    /// its rows: an embedding.
    OneHot {
        /// Whole numbers from 0 to below the size of the new axis.
        value: ValueId,
    },
    /// x[…, i, …, j, …] where i − `before` ≤ j ≤ i + `after`, else −∞: in front of a softmax over j, the entries that position i sees.
    /// Causal attention has `after` = 0 and no `before`.
    Mask {
        /// Argument.
        value: ValueId,
        /// The axis of i.
        row: usize,
        /// The axis of j.
        column: usize,
        /// How far back i sees; `None` for everything.
        before: Option<u128>,
        /// How far ahead i sees; `None` for everything.
        after: Option<u128>,
    },
    /// The `count` largest entries along an axis as they are, all others `rest`. Entries equal to the last of them are kept too, so that no
    /// position is preferred and permutations pass. Gradients pass through the kept entries alone.
    TopK {
        /// Argument.
        value: ValueId,
        /// The axis.
        axis: usize,
        /// How many entries are kept, at least 1.
        count: u128,
        /// What the others become: 0, or −∞ in front of a softmax.
        rest: f64,
    },
    /// Rotary positions (Su et al. 2021): pair p of the n entries along `axis` turns by the angle t·base^(−2p/n) at position t:
    /// (a, b) ↦ (a cos − b sin, a sin + b cos).
    Rotary {
        /// Argument.
        value: ValueId,
        /// The axis of t.
        position: usize,
        /// The axis of pairs, of even size.
        axis: usize,
        /// The base of the frequencies, such as 10,000.
        base: f64,
        /// Which entries make a pair.
        pairs: Pairs,
    },
    /// What only derivatives of programs compute.
    Adjoint(Adjoint),
}

/// Which entries of an axis of n rotary positions turn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// Neighbours 2p and 2p + 1.
    Interleaved,
    /// p and p + n/2, as most published weights have it.
    Halves,
}

impl Pairs {
    /// The two entries of pair `pair` among `size`.
    pub fn entries(self, pair: usize, size: usize) -> (usize, usize) {
        match self {
            Pairs::Interleaved => (2 * pair, 2 * pair + 1),
            Pairs::Halves => (pair, pair + size / 2),
        }
    }
}

/// The number of windows over an axis; `None` where not even one fits.
pub fn window_count(size: u128, taps: u128, stride: u128, padding: u128, dilation: u128) -> Option<u128> {
    let span = dilation.checked_mul(taps.checked_sub(1)?)?.checked_add(1)?;
    let padded = padding.checked_mul(2)?.checked_add(size)?;
    Some(padded.checked_sub(span)?.checked_div(stride)? + 1)
}

/// A factor of an einsum.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// Value.
    pub value: ValueId,
    /// A label for each of its axes.
    pub labels: Vec<Label>,
}

/// A summand.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Value.
    pub value: ValueId,
    /// A constant factor.
    pub coefficient: f64,
    /// For each axis of the value, the axis of the result that it runs along, all different.
    pub axes: Vec<usize>,
}

/// Which entry a reduction keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReduceKind {
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl Program {
    /// The node of a value.
    pub fn node(&self, value: ValueId) -> &Node {
        &self.nodes[value.0 as usize]
    }

    /// A parameter.
    pub fn parameter(&self, id: ParameterId) -> &Parameter {
        &self.parameters[id.0 as usize]
    }

    /// All parameters with their ids.
    pub fn parameter_ids(&self) -> impl Iterator<Item = (ParameterId, &Parameter)> {
        self.parameters.iter().enumerate().map(|(at, parameter)| (ParameterId(at as u32), parameter))
    }

    /// The program with ε = 0 in all norms, where scales in front of them are forgotten exactly; `None` if it is so already.
    pub fn with_exact_norms(&self) -> Option<Self> {
        let mut exact = self.clone();
        let mut changed = false;
        for node in &mut exact.nodes {
            if let Operation::Normalise { epsilon, .. } = &mut node.operation {
                changed |= *epsilon != 0.0;
                *epsilon = 0.0;
            }
        }
        changed.then_some(exact)
    }

    /// The number D of trained entries; `None` beyond `u128`.
    pub fn trainable_entries(&self) -> Option<u128> {
        self.parameters.iter().try_fold(0u128, |sum, parameter| sum.checked_add(parameter.trained_entries()?))
    }
}

impl Parameter {
    /// The number of entries; `None` beyond `u128`.
    pub fn entries(&self) -> Option<u128> {
        self.shape.iter().try_fold(1u128, |product, axis| product.checked_mul(axis.size))
    }

    /// PyTorch's fans of the stored shape: (second axis, first axis), each times the receptive field of the others. `None` below rank 2.
    pub fn fans(&self) -> Option<(u128, u128)> {
        let stored = self.stored_shape();
        let field: u128 = stored.iter().skip(2).product();
        (stored.len() >= 2).then(|| (stored[1] * field, stored[0] * field))
    }
}

impl Operation {
    /// The values that it reads, in order.
    pub fn operands(&self) -> Vec<ValueId> {
        match self {
            Operation::Input(_) | Operation::Parameter(_) => Vec::new(),
            Operation::Einsum { operands, .. } => operands.iter().map(|operand| operand.value).collect(),
            Operation::Add { terms, .. } => terms.iter().map(|term| term.value).collect(),
            Operation::Map { value, .. }
            | Operation::Softmax { value, .. }
            | Operation::Reduce { value, .. }
            | Operation::Reshape { value, .. }
            | Operation::Slice { value, .. }
            | Operation::Normalise { value, .. }
            | Operation::Window { value, .. }
            | Operation::OneHot { value }
            | Operation::Mask { value, .. }
            | Operation::TopK { value, .. }
            | Operation::Rotary { value, .. } => vec![*value],
            Operation::Concat { values, .. } => values.clone(),
            Operation::Adjoint(adjoint) => adjoint.operand().into_iter().collect(),
        }
    }

    /// The values that it reads, in order, to be replaced.
    pub fn operands_mut(&mut self) -> Vec<&mut ValueId> {
        match self {
            Operation::Input(_) | Operation::Parameter(_) => Vec::new(),
            Operation::Einsum { operands, .. } => operands.iter_mut().map(|operand| &mut operand.value).collect(),
            Operation::Add { terms, .. } => terms.iter_mut().map(|term| &mut term.value).collect(),
            Operation::Map { value, .. }
            | Operation::Softmax { value, .. }
            | Operation::Reduce { value, .. }
            | Operation::Reshape { value, .. }
            | Operation::Slice { value, .. }
            | Operation::Normalise { value, .. }
            | Operation::Window { value, .. }
            | Operation::OneHot { value }
            | Operation::Mask { value, .. }
            | Operation::TopK { value, .. }
            | Operation::Rotary { value, .. } => vec![value],
            Operation::Concat { values, .. } => values.iter_mut().collect(),
            Operation::Adjoint(adjoint) => adjoint.operand_mut().into_iter().collect(),
        }
    }

    /// The word for it in messages.
    pub fn word(&self) -> &'static str {
        match self {
            Operation::Input(_) => "input",
            Operation::Parameter(_) => "parameter",
            Operation::Einsum { .. } => "einsum",
            Operation::Add { .. } => "add",
            Operation::Map { .. } => "map",
            Operation::Softmax { .. } => "softmax",
            Operation::Reduce { .. } => "reduce",
            Operation::Reshape { .. } => "reshape",
            Operation::Concat { .. } => "concat",
            Operation::Slice { .. } => "slice",
            Operation::Normalise { .. } => "normalise",
            Operation::Window { .. } => "window",
            Operation::OneHot { .. } => "one_hot",
            Operation::Mask { .. } => "mask",
            Operation::TopK { .. } => "top_k",
            Operation::Rotary { .. } => "rotary",
            Operation::Adjoint(adjoint) => adjoint.word(),
        }
    }
}
