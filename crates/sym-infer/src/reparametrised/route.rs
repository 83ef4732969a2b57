//! The way from an expression to one parameter that makes every change of it.

use crate::class::FunctionClass;
use crate::graph::Graph;
use crate::spaces::repeats;
use sym_ir::{Builtin, Initial, Label, Operand, Operation, ParameterId, Program, Scalar, ValueId};

/// One operation on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A product, one factor of which has an index for each of its own.
    Factor {
        /// The product.
        value: ValueId,
        /// The factor.
        slot: usize,
    },
    /// A sum, one term of which runs along all axes.
    Term {
        /// The sum.
        value: ValueId,
        /// The term.
        slot: usize,
    },
    /// Vectors brought to a length of one that have a trained length on the way.
    Direction {
        /// The normalised value.
        value: ValueId,
        /// The lengths.
        lengths: ParameterId,
        /// For each of their axes that of the value; `None` for one that is summed.
        along: Vec<Option<usize>>,
    },
}

impl Link {
    /// The operation.
    pub fn value(&self) -> ValueId {
        match self {
            Link::Factor { value, .. } | Link::Term { value, .. } | Link::Direction { value, .. } => *value,
        }
    }

    /// The same with another number.
    pub fn at(self, at: ValueId) -> Self {
        match self {
            Link::Factor { slot, .. } => Link::Factor { value: at, slot },
            Link::Term { slot, .. } => Link::Term { value: at, slot },
            Link::Direction { lengths, along, .. } => Link::Direction { value: at, lengths, along },
        }
    }
}

/// A way to a parameter.
pub struct Route {
    /// The factor of a product with which it begins.
    pub slot: usize,
    /// The operations, the expression first.
    pub links: Vec<Link>,
    /// The parameter.
    pub leaf: ParameterId,
    /// For each of its axes that of the expression.
    pub axes: Vec<usize>,
    /// The values on the way.
    pub inner: Vec<ValueId>,
    /// Whether more than the parameter makes the expression.
    made: bool,
}

/// Operations on a way at most.
const LONGEST: usize = 16;

/// Finds ways.
pub struct Routes<'a> {
    pub program: &'a Program,
    pub graph: &'a Graph,
}

/// Trained lengths on the way so far, with the expression's axis for each of their axes; `None` for one that is summed.
type Lengths = Vec<(ParameterId, Vec<Option<usize>>)>;

impl Routes<'_> {
    /// From a value of weights alone.
    pub fn of_value(&self, value: ValueId) -> Option<Route> {
        let node = self.program.node(value);
        if node.batched || self.graph.is_output(value) || self.graph.uses(value).is_empty() {
            return None;
        }
        let axes = (0..node.shape.len()).collect();
        let start = Route { slot: 0, links: Vec::new(), leaf: ParameterId(0), axes, inner: Vec::new(), made: false };
        self.follow(value, start, &mut Lengths::new()).filter(|route| route.made)
    }

    /// From some factors of a product: one of them, and others that have no index beside its own.
    pub fn of_factors(&self, product: ValueId) -> Option<(Route, Vec<usize>)> {
        let Operation::Einsum { operands, output, .. } = &self.program.node(product).operation else { return None };
        let mut order: Vec<usize> = (0..operands.len()).collect();
        order.sort_by_key(|slot| std::cmp::Reverse(operands[*slot].labels.len()));
        order.into_iter().find_map(|slot| {
            let others = self.scaling(operands, output, slot);
            if others.is_empty() || others.len() + 1 == operands.len() && self.keeps(operands, output, slot) {
                return None;
            }
            let mut lengths = Lengths::new();
            let axes: Vec<usize> = (0..operands[slot].labels.len()).collect();
            self.add_lengths(operands, &operands[slot].labels, &others, &axes, &mut lengths);
            let links = vec![Link::Factor { value: product, slot: 0 }];
            let start = Route { slot, links, leaf: ParameterId(0), axes, inner: Vec::new(), made: true };
            Some((self.step(operands[slot].value, start, &mut lengths)?, others))
        })
    }

    /// The other factors that only scale the entries of one, which do not vanish.
    fn scaling(&self, operands: &[Operand], output: &[Label], slot: usize) -> Vec<usize> {
        let own = &operands[slot];
        if self.program.node(own.value).batched || repeats(&own.labels) {
            return Vec::new();
        }
        let alone = |label: &Label, at: usize| {
            !output.contains(label)
                && operands.iter().enumerate().all(|(other, operand)| other == at || !operand.labels.contains(label))
        };
        let scales = |at: &usize| {
            let other = &operands[*at];
            *at != slot
                && self.is_nonzero(other.value)
                && other.labels.iter().all(|label| own.labels.contains(label) || alone(label, *at))
        };
        (0..operands.len()).filter(scales).collect()
    }

    /// Whether a product has the indices of one of its factors.
    fn keeps(&self, operands: &[Operand], output: &[Label], slot: usize) -> bool {
        let own = &operands[slot].labels;
        own.len() == output.len()
            && own.iter().all(|label| output.contains(label))
            && !self.program.node(operands[slot].value).batched
    }

    /// The next value of a way, which nothing else reads.
    fn step(&self, value: ValueId, mut route: Route, lengths: &mut Lengths) -> Option<Route> {
        if self.graph.uses(value).len() != 1 || self.graph.is_output(value) || route.links.len() > LONGEST {
            return None;
        }
        route.inner.push(value);
        self.follow(value, route, lengths)
    }

    fn follow(&self, value: ValueId, mut route: Route, lengths: &mut Lengths) -> Option<Route> {
        let node = self.program.node(value);
        if node.batched {
            return None;
        }
        match &node.operation {
            Operation::Parameter(id) => {
                route.leaf = *id;
                (self.program.parameter(*id).trainable && self.graph.is_read_once(*id, value)).then_some(route)
            }
            Operation::Einsum { operands, output, coefficient } if *coefficient != 0.0 => (0..operands.len()).find_map(|slot| {
                let others = self.scaling(operands, output, slot);
                if others.len() + 1 != operands.len() || !self.keeps(operands, output, slot) {
                    return None;
                }
                let labels = &operands[slot].labels;
                let place = |label: &Label| output.iter().position(|own| own == label).map(|axis| route.axes[axis]);
                let axes: Vec<usize> = labels.iter().filter_map(place).collect();
                let mut lengths = lengths.clone();
                self.add_lengths(operands, labels, &others, &axes, &mut lengths);
                let mut links = route.links.clone();
                links.push(Link::Factor { value, slot });
                let made = route.made || !others.is_empty();
                let next = Route { slot: route.slot, links, leaf: route.leaf, axes, inner: route.inner.clone(), made };
                self.step(operands[slot].value, next, &mut lengths)
            }),
            Operation::Add { terms, .. } => (0..terms.len()).find_map(|slot| {
                let term = &terms[slot];
                let whole = term.axes.len() == node.shape.len() && term.coefficient != 0.0;
                let parameter = matches!(self.program.node(term.value).operation, Operation::Parameter(_));
                // Parameters beside others are as free without.
                if !whole || parameter {
                    return None;
                }
                let mut links = route.links.clone();
                links.push(Link::Term { value, slot });
                let axes = term.axes.iter().map(|axis| route.axes[*axis]).collect();
                let next =
                    Route { slot: route.slot, links, leaf: route.leaf, axes, inner: route.inner.clone(), made: route.made };
                self.step(term.value, next, &mut Lengths::new())
            }),
            Operation::Normalise { value: of, axes, centre: false, epsilon, .. } if *epsilon == 0.0 => {
                let mut kept: Vec<usize> =
                    (0..node.shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| route.axes[axis]).collect();
                kept.sort_unstable();
                let at = lengths.iter().position(|(_, along)| {
                    let mut own: Vec<usize> = along.iter().copied().flatten().collect();
                    own.sort_unstable();
                    own == kept
                })?;
                let (parameter, along) = lengths.remove(at);
                let here = |axis: Option<usize>| axis.and_then(|axis| route.axes.iter().position(|own| *own == axis));
                let along = along.into_iter().map(here).collect();
                route.links.push(Link::Direction { value, lengths: parameter, along });
                self.step(*of, route, lengths)
            }
            _ => None,
        }
    }

    /// Factors that are trained and read nowhere else may be lengths.
    fn add_lengths(&self, operands: &[Operand], labels: &[Label], others: &[usize], axes: &[usize], lengths: &mut Lengths) {
        for operand in others.iter().map(|slot| &operands[*slot]) {
            let Operation::Parameter(id) = self.program.node(operand.value).operation else { continue };
            if self.program.parameter(id).trainable && self.graph.is_read_once(id, operand.value) && !repeats(&operand.labels) {
                let place = |label: &Label| labels.iter().position(|own| own == label).map(|at| axes[at]);
                lengths.push((id, operand.labels.iter().map(place).collect()));
            }
        }
    }

    /// Whether no entry of a value of weights alone vanishes for almost all weights.
    fn is_nonzero(&self, value: ValueId) -> bool {
        let node = self.program.node(value);
        !node.batched
            && match &node.operation {
                Operation::Parameter(id) => {
                    let parameter = self.program.parameter(*id);
                    // A frozen tensor may be a mask, unless it is a constant.
                    parameter.trainable || matches!(parameter.initial, Initial::Constant(value) if value != 0.0)
                }
                Operation::Einsum { operands, coefficient, .. } => {
                    *coefficient != 0.0 && operands.iter().all(|operand| self.is_nonzero(operand.value))
                }
                Operation::Map { function, .. } if never_vanishes(&function.body) => true,
                Operation::Map { value, function } => {
                    is_analytic(&function.body) && FunctionClass::of(function).constant.is_none() && self.is_nonzero(*value)
                }
                _ => false,
            }
    }
}

/// Whether a function has no zero wherever it is finite, such as one over a root.
fn never_vanishes(body: &Scalar) -> bool {
    match body {
        Scalar::Number(number) => *number != 0.0,
        Scalar::Power(base, exponent) => *exponent < 0.0 || never_vanishes(base),
        Scalar::Multiply(parts) => parts.iter().all(never_vanishes),
        Scalar::Call(builtin, _) => matches!(builtin, Builtin::Exp | Builtin::Sigmoid | Builtin::Softplus),
        Scalar::Argument | Scalar::Add(_) => false,
    }
}

/// Whether a function is given by a power series everywhere: then it vanishes on a null set, unless it is constant.
fn is_analytic(body: &Scalar) -> bool {
    match body {
        Scalar::Argument | Scalar::Number(_) => true,
        Scalar::Add(parts) | Scalar::Multiply(parts) => parts.iter().all(is_analytic),
        Scalar::Power(base, exponent) => exponent.fract() == 0.0 && *exponent >= 0.0 && is_analytic(base),
        Scalar::Call(Builtin::Relu | Builtin::LeakyRelu(_) | Builtin::Abs | Builtin::Log, _) => false,
        Scalar::Call(_, argument) => is_analytic(argument),
    }
}
