//! Linear expressions in unknown constants, each stored once: equal changes of different values are one expression.

use std::collections::HashMap;
use sym_ir::{ParameterId, ValueId};

/// Names an expression.
pub type ExpressionId = u32;

/// A number as a key.
pub type Bits = u64;

/// How an expression is made of others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Form {
    /// The change of a parameter along some of its axes, or the constant that it makes as it reads one.
    Unknown {
        /// The parameter.
        parameter: ParameterId,
        /// Its axes, ascending.
        axes: Vec<usize>,
        /// Whether it reads.
        reads: bool,
    },
    /// A sum of expressions, each repeated along the axes that it lacks.
    Sum(Vec<Part>),
    /// A product with weights, summed over the labels that the result lacks.
    Product {
        /// The expression.
        of: ExpressionId,
        /// Labels of its axes.
        labels: Vec<u32>,
        /// Weights with their labels.
        others: Vec<(ValueId, Vec<u32>)>,
        /// Labels of the result.
        output: Vec<u32>,
        /// A factor.
        factor: Bits,
    },
    /// Successive positions of an axis.
    Piece {
        /// The expression.
        of: ExpressionId,
        /// The axis.
        axis: usize,
        /// The first position.
        start: u128,
    },
    /// Expressions side by side along an axis, zero between them.
    Joined {
        /// The axis of the result.
        axis: usize,
        /// Each with the first of its positions.
        parts: Vec<(Part, u128, u128)>,
    },
    /// Repeated to all axes of a shape, whose entries are counted in other axes.
    Regrouped {
        /// The expression, along axes of the shape.
        of: Part,
        /// The shape.
        shape: Vec<u128>,
    },
}

/// An expression in a larger one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The expression.
    pub of: ExpressionId,
    /// For each of its axes the axis of the whole.
    pub axes: Vec<usize>,
    /// A factor.
    pub factor: Bits,
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expression {
    /// How it is made.
    pub form: Form,
    /// The sizes of its axes.
    pub sizes: Vec<u128>,
}

impl Expression {
    /// The number of its entries.
    pub fn entries(&self) -> u128 {
        entries(&self.sizes)
    }
}

/// The number of entries of a shape.
pub fn entries(sizes: &[u128]) -> u128 {
    sizes.iter().copied().fold(1, u128::saturating_mul)
}

impl Form {
    /// The expressions that it is made of.
    pub fn operands(&self) -> Vec<ExpressionId> {
        match self {
            Form::Unknown { .. } => Vec::new(),
            Form::Sum(parts) => parts.iter().map(|part| part.of).collect(),
            Form::Product { of, .. } | Form::Piece { of, .. } => vec![*of],
            Form::Joined { parts, .. } => parts.iter().map(|part| part.0.of).collect(),
            Form::Regrouped { of, .. } => vec![of.of],
        }
    }
}

/// All expressions; operands precede what is made of them.
#[derive(Debug, Default)]
pub struct Expressions {
    all: Vec<Expression>,
    known: HashMap<(Form, Vec<u128>), ExpressionId>,
}

impl Expressions {
    /// The expression of a form.
    pub fn add(&mut self, form: Form, sizes: Vec<u128>) -> ExpressionId {
        let key = (form, sizes);
        if let Some(&known) = self.known.get(&key) {
            return known;
        }
        let (form, sizes) = key.clone();
        let id = self.all.len() as ExpressionId;
        self.all.push(Expression { form, sizes });
        self.known.insert(key, id);
        id
    }

    /// An expression.
    pub fn get(&self, id: ExpressionId) -> &Expression {
        &self.all[id as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
