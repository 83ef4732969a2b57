//! Constants: changes of parameters that no input enters, all at once.
//!
//! Every bias-like parameter gets an unknown change. The changes run forwards through sums, slices, joins, linear maps of weights and
//! partitions of unity as linear *expressions* in the unknowns; each operation that is not linear asks of the expression that reaches it to
//! vanish, or to be the same along the axes over which a softmax or a mean takes it up. What satisfies all *conditions* together changes no
//! output. A product with a value that an input enters leaves no expression, but something that vanishes with it: it must be forgotten
//! as a whole.
//!
//! [`crate::paths`] finds the parameters each of whose changes is taken back; here the unknowns share their conditions, so that a part of a
//! parameter may be free: stacked biases of gates, a value bias in the kernel of what reads it.
//!
//! | module | idea |
//! |---|---|
//! | [`expressions`] | linear expressions, each once |
//! | [`unknowns`] | which parameters are constants, along which axes |
//! | [`pass`] | what each operation does to changes |
//! | [`systems`] | the independent systems of conditions, and how many solutions they have at least |

pub mod expressions;
pub mod pass;
pub mod systems;
pub mod unknowns;

use crate::paths::Paths;
use expressions::{ExpressionId, Expressions};
use sym_ir::{ParameterId, ValueId};

/// An unknown change: of a parameter along some of its axes, the same along the others; or the constant that weights make as they change
/// along a direction in which what they read has a constant part alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The parameter.
    pub parameter: ParameterId,
    /// Its value.
    pub value: ValueId,
    /// The axes along which it varies, ascending.
    pub axes: Vec<usize>,
    /// The expression that it is.
    pub expression: ExpressionId,
    /// How weights read a constant.
    pub read: Option<Read>,
}

/// Weights W that read a value with a constant part c: the change n ⊗ z of them adds the constant (n·c) z, where n is orthogonal to all that
/// varies in the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The product.
    pub product: ValueId,
    /// The value.
    pub value: ValueId,
    /// The value's contracted axis.
    pub axis: usize,
    /// The weights' contracted axis.
    pub contracted: usize,
    /// What the value itself changes by, with the weights' axis for each axis of that: `None` for the contracted one.
    pub change: Option<(ExpressionId, Vec<Option<usize>>)>,
}

/// What an operation asks of an expression.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The expression.
    pub expression: ExpressionId,
    /// The axes of the expression along which it must not vary; `None` where it must vanish.
    pub even: Option<Vec<usize>>,
    /// The operation that asks first.
    pub by: ValueId,
}

/// All unknowns of a program with their conditions.
#[derive(Debug)]
pub struct Constants {
    /// The expressions.
    pub expressions: Expressions,
    /// The unknowns in program order.
    pub unknowns: Vec<Unknown>,
    /// The conditions.
    pub conditions: Vec<Condition>,
}

impl Constants {
    /// Of a program.
    pub fn of(paths: &Paths) -> Self {
        pass::run(paths)
    }
}
