//! Index notation: sums of products of indexed tensors, and how they become operations.

use super::network::{Network, shape_text};
use super::scope::Tensor;
use crate::Function;
use crate::program::{Axis, Label, Operand, Operation, Term, ValueId};
use std::collections::HashMap;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};

/// An index of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Index {
    /// A name in brackets.
    Named(Arc<str>),
    /// One of the leading axes that `..` stands for.
    Rest(usize),
    /// An axis of a tensor that is written without indices.
    Position(usize),
    /// The index of an explicit `sum(j: …)`: always summed.
    Bound(u32),
}

/// A tensor with an index for each of its axes.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    pub value: ValueId,
    pub labels: Vec<Index>,
    pub axes: Vec<Axis>,
}

/// A constant times tensors.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub coefficient: f64,
    pub factors: Vec<Factor>,
}

/// A sum of products. Tensors without indices share one shape.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    pub terms: Vec<Product>,
    /// The shape of what is written without indices; `None` where everything has indices or rank 0.
    pub shape: Option<Vec<Axis>>,
}

/// What the indices of one statement are.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Indices that stay: those on the left, and those of enclosing explicit sums.
    pub kept: Vec<Index>,
    /// The size of each index, with where it was first seen.
    pub sizes: HashMap<Index, (u128, Span)>,
    /// Whether the left side has indices, so that every tensor must have them.
    pub indexed: bool,
    /// Number of explicit sums so far.
    pub bound: u32,
}

impl Product {
    fn has(&self, label: &Index) -> bool {
        self.factors.iter().any(|factor| factor.labels.contains(label))
    }
}

impl Sum {
    /// A constant.
    pub fn number(value: f64) -> Self {
        Self { terms: vec![Product { coefficient: value, factors: Vec::new() }], shape: None }
    }

    /// One indexed tensor.
    pub fn factor(factor: Factor) -> Self {
        Self { terms: vec![Product { coefficient: 1.0, factors: vec![factor] }], shape: None }
    }

    /// A tensor without indices.
    pub fn tensor(tensor: &Tensor) -> Self {
        let labels = (0..tensor.axes.len()).map(Index::Position).collect();
        let mut sum = Self::factor(Factor { value: tensor.value, labels, axes: tensor.axes.clone() });
        if !tensor.axes.is_empty() {
            sum.shape = Some(tensor.axes.clone());
        }
        sum
    }

    /// Times a constant.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        for term in &mut self.terms {
            term.coefficient *= factor;
        }
        self
    }

    /// The indices in order of first use, without those of explicit sums.
    pub fn labels(&self) -> Vec<Index> {
        let mut labels = Vec::new();
        for label in self.terms.iter().flat_map(|term| &term.factors).flat_map(|factor| &factor.labels) {
            if !matches!(label, Index::Bound(_)) && !labels.contains(label) {
                labels.push(label.clone());
            }
        }
        labels
    }

    /// Whether anything in it has written indices.
    fn is_indexed(&self) -> bool {
        self.labels().iter().any(|label| matches!(label, Index::Named(_) | Index::Rest(_)))
    }

    /// The axis that an index runs along.
    pub fn axis_of(&self, label: &Index) -> Option<Axis> {
        self.terms.iter().flat_map(|term| &term.factors).find_map(|factor| {
            let at = factor.labels.iter().position(|other| other == label)?;
            Some(factor.axes[at].clone())
        })
    }
}

impl Index {
    /// As messages show it.
    pub fn text(&self) -> String {
        match self {
            Index::Named(name) => name.to_string(),
            Index::Rest(_) => "..".into(),
            Index::Position(at) => format!("axis {at}"),
            Index::Bound(_) => "summed index".into(),
        }
    }
}

impl Network<'_, '_> {
    /// The common shape of two operands: that of what is written without indices, empty where there is nothing such.
    fn join_shapes(&mut self, left: &Sum, right: &Sum, span: Span) -> Option<Vec<Axis>> {
        let mixed = match (&left.shape, &right.shape) {
            (Some(_), None) => right.is_indexed(),
            (None, Some(_)) => left.is_indexed(),
            (Some(_), Some(_)) | (None, None) => false,
        };
        if mixed {
            self.report(
                Diagnostic::new(Code::E0205, span, "tensors with and without indices are mixed")
                    .found(self.elaborator.text(span))
                    .expected("indices on every tensor, or on none")
                    .help("write the indices of every tensor, such as `y[i] = x[i] + b[i]`"),
            );
            return None;
        }
        let (Some(a), Some(b)) = (&left.shape, &right.shape) else {
            return Some(left.shape.clone().or_else(|| right.shape.clone()).unwrap_or_default());
        };
        if a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.size != b.size) {
            self.report(
                Diagnostic::new(Code::E0203, span, format!("shapes {} and {} do not fit together", shape_text(a), shape_text(b)))
                    .label("elementwise operation here")
                    .found(format!("{} and {}", shape_text(a), shape_text(b)))
                    .expected("equal shapes, or a tensor of rank 0")
                    .help("use indices to repeat a tensor along an axis, such as `y[i, j] = x[i, j] + b[j]`"),
            );
            return None;
        }
        Some(a.clone())
    }

    /// left + right.
    pub fn add(&mut self, left: Sum, right: Sum, span: Span) -> Option<Sum> {
        let shape = self.join_shapes(&left, &right, span)?;
        let mut terms = left.terms;
        terms.extend(right.terms);
        Some(Sum { terms, shape: (!shape.is_empty()).then_some(shape) })
    }

    /// left · right. A sum of several terms becomes a value of its own first, unless one of its terms alone is summed over an index.
    pub fn multiply(&mut self, left: Sum, right: Sum, context: &Context, span: Span) -> Option<Sum> {
        let shape = self.join_shapes(&left, &right, span)?;
        let left = self.condense(left, context, span)?;
        let right = self.condense(right, context, span)?;
        let mut terms = Vec::new();
        for a in &left.terms {
            for b in &right.terms {
                if !self.spend(span) {
                    return None;
                }
                let factors = a.factors.iter().chain(&b.factors).cloned().collect();
                terms.push(Product { coefficient: a.coefficient * b.coefficient, factors });
            }
        }
        Some(Sum { terms, shape: (!shape.is_empty()).then_some(shape) })
    }

    fn condense(&mut self, sum: Sum, context: &Context, span: Span) -> Option<Sum> {
        if sum.terms.len() < 2 {
            return Some(sum);
        }
        let whole = sum
            .labels()
            .iter()
            .filter(|label| !matches!(label, Index::Position(_)) && !context.kept.contains(label))
            .all(|label| sum.terms.iter().all(|term| term.has(label)));
        if !whole {
            return Some(sum);
        }
        let shape = sum.shape.clone();
        let factor = self.materialize(&sum, context, span)?;
        Some(Sum { shape, ..Sum::factor(factor) })
    }

    /// The value of a sum over its own indices: axes of unindexed tensors in order, then the indices that stay, then the others.
    pub fn materialize(&mut self, sum: &Sum, context: &Context, span: Span) -> Option<Factor> {
        let own = sum.labels();
        let mut order: Vec<Index> = sum.shape.iter().flat_map(|shape| (0..shape.len()).map(Index::Position)).collect();
        order.extend(context.kept.iter().filter(|label| own.contains(label)).cloned());
        let others: Vec<Index> = own.into_iter().filter(|label| !order.contains(label)).collect();
        order.extend(others);
        self.build(sum, &order, span)
    }

    /// The value of a sum under a nonlinear function; E0206 where an index would be summed inside. `place` says what it stands under.
    pub fn nonlinear(&mut self, sum: &Sum, context: &Context, place: &str, span: Span) -> Option<Factor> {
        let summed = sum.labels().into_iter().find(|label| !matches!(label, Index::Position(_)) && !context.kept.contains(label));
        if let Some(index) = summed {
            let index = index.text();
            let text = self.elaborator.text(span);
            let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).filter(|text| !text.contains(['(', ')']));
            let inner = inner.unwrap_or(&text).to_string();
            self.report(
                Diagnostic::new(Code::E0206, span, format!("index `{index}` is summed {place}"))
                    .label(format!("`{index}` is not on the left"))
                    .found(text.clone())
                    .expected("an explicit sum, or the index on the left")
                    .help(format!(
                        "write the sum where it is meant: `sum({index}: {inner})` inside, or `sum({index}: …)` around the term"
                    )),
            );
            return None;
        }
        self.materialize(sum, context, span)
    }

    /// An elementwise function of an indexed value.
    pub fn map(&mut self, factor: Factor, function: Function, span: Span) -> Option<Factor> {
        if self.is_zero(factor.value) && function.body.evaluate(0.0) == 0.0 {
            return Some(factor);
        }
        let name = function.name.clone();
        let value = self.push(Operation::Map { value: factor.value, function }, factor.axes.clone(), &name, span)?;
        Some(Factor { value, ..factor })
    }

    /// Computes a sum with the axes `order`; indices outside `order` are summed term by term.
    pub fn build(&mut self, sum: &Sum, order: &[Index], span: Span) -> Option<Factor> {
        let mut axes = Vec::new();
        for label in order {
            let position = match (label, &sum.shape) {
                (Index::Position(at), Some(shape)) => shape.get(*at).cloned(),
                _ => None,
            };
            axes.push(position.or_else(|| sum.axis_of(label))?);
        }
        let constant: f64 = sum.terms.iter().filter(|term| term.factors.is_empty()).map(|term| term.coefficient).sum();
        let vanishes = |product: &&Product| product.factors.iter().any(|factor| self.is_zero(factor.value));
        let products: Vec<&Product> =
            sum.terms.iter().filter(|term| !term.factors.is_empty()).filter(|term| !vanishes(term)).collect();
        if products.is_empty() {
            let output = (0..axes.len() as u32).map(Label).collect();
            let (name, coefficient) = if constant == 0.0 { ("zeros", 0.0) } else { ("constant", constant) };
            let value = self.push(Operation::Einsum { operands: Vec::new(), output, coefficient }, axes.clone(), name, span)?;
            return Some(Factor { value, labels: order.to_vec(), axes });
        }
        let complete = |product: &Product| order.iter().all(|label| product.has(label));
        if let ([product], true) = (products.as_slice(), constant == 0.0)
            && complete(product)
        {
            if let [factor] = product.factors.as_slice()
                && product.coefficient == 1.0
                && factor.labels == order
            {
                return Some(factor.clone());
            }
            let value = self.einsum(product, product.coefficient, order, axes.clone(), span)?;
            return Some(Factor { value, labels: order.to_vec(), axes });
        }
        let mut terms = Vec::new();
        for product in products {
            terms.push(self.term(product, order, &axes, span)?);
        }
        let value = self.push(Operation::Add { terms, constant }, axes.clone(), "add", span)?;
        Some(Factor { value, labels: order.to_vec(), axes })
    }

    fn term(&mut self, product: &Product, order: &[Index], axes: &[Axis], span: Span) -> Option<Term> {
        let place = |label: &Index| order.iter().position(|other| other == label);
        if let [factor] = product.factors.as_slice() {
            let places: Option<Vec<usize>> = factor.labels.iter().map(place).collect();
            if let Some(places) = places {
                let distinct = places.iter().enumerate().all(|(at, axis)| !places[..at].contains(axis));
                if distinct {
                    return Some(Term { value: factor.value, coefficient: product.coefficient, axes: places });
                }
            }
        }
        let kept: Vec<Index> = order.iter().filter(|label| product.has(label)).cloned().collect();
        let places: Vec<usize> = kept.iter().filter_map(place).collect();
        let shape = places.iter().map(|&at| axes[at].clone()).collect();
        let value = self.einsum(product, product.coefficient, &kept, shape, span)?;
        Some(Term { value, coefficient: 1.0, axes: places })
    }

    fn einsum(&mut self, product: &Product, coefficient: f64, output: &[Index], shape: Vec<Axis>, span: Span) -> Option<ValueId> {
        let mut labels: HashMap<Index, Label> = HashMap::new();
        let mut label = |index: &Index| {
            let next = Label(labels.len() as u32);
            *labels.entry(index.clone()).or_insert(next)
        };
        let operands = product
            .factors
            .iter()
            .map(|factor| Operand { value: factor.value, labels: factor.labels.iter().map(&mut label).collect() })
            .collect();
        let output = output.iter().map(&mut label).collect();
        self.push(Operation::Einsum { operands, output, coefficient }, shape, "einsum", span)
    }
}
