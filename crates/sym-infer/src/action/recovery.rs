//! Recovering a value from a linear function of it: h = M u + c gives u = L h.

use crate::action::context::Context;
use crate::action::tensor::Tensor;
use crate::paths::Paths;
use sym_ir::{Operation, ValueId};

/// h = M u + c along one axis of each.
#[derive(Debug, Clone)]
pub struct Image {
    /// M, one vector a column.
    pub columns: Vec<Vec<f64>>,
    /// c.
    pub constant: Vec<f64>,
}

impl Image {
    /// The value's part along its axis as a function of `source`, of `size` entries along its own.
    pub fn of(context: &Context, paths: &Paths, value: ValueId, axis: usize, source: ValueId, size: usize) -> Option<Self> {
        let rows = context.program.node(value).shape[axis].size as usize;
        if value == source {
            let columns = crate::action::basis::identity(size);
            return Some(Self { columns, constant: vec![0.0; rows] });
        }
        match &context.program.node(value).operation {
            Operation::Einsum { operands, output, coefficient } => {
                let mapped = paths.mapped(operands, output, axis)?;
                let inner = Self::of(context, paths, mapped.inner.value, mapped.axis, source, size)?;
                let weights = context.value(mapped.weights.value)?;
                let first = mapped.weights.labels[0] == mapped.kept;
                let apply = |vector: &[f64]| -> Vec<f64> {
                    let length = vector.len();
                    let entry = |row: usize, at: usize| weights.values[if first { row * length + at } else { at * rows + row }];
                    let product = |row: usize| vector.iter().enumerate().map(|(at, own)| entry(row, at) * own).sum::<f64>();
                    (0..rows).map(|row| coefficient * product(row)).collect()
                };
                Some(Self {
                    columns: inner.columns.iter().map(|column| apply(column)).collect(),
                    constant: apply(&inner.constant),
                })
            }
            Operation::Add { terms, constant } => {
                let mut sum = Self { columns: vec![vec![0.0; rows]; size], constant: vec![*constant; rows] };
                for term in terms {
                    let own = term.axes.iter().position(|own| *own == axis);
                    if !context.program.node(term.value).batched {
                        let tensor = context.value(term.value)?;
                        let entry = |row: usize| tensor.values[if own.is_some() { row } else { 0 }];
                        sum.constant.iter_mut().enumerate().for_each(|(row, sum)| *sum += term.coefficient * entry(row));
                        continue;
                    }
                    let part = Self::of(context, paths, term.value, own?, source, size)?;
                    let vectors = sum.columns.iter_mut().zip(&part.columns).chain([(&mut sum.constant, &part.constant)]);
                    for (sum, part) in vectors {
                        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += term.coefficient * part);
                    }
                }
                Some(sum)
            }
            Operation::Map { value: inner, .. } => {
                let slope = paths.slope(value)?;
                let mut image = Self::of(context, paths, *inner, axis, source, size)?;
                for vector in image.columns.iter_mut().chain([&mut image.constant]) {
                    vector.iter_mut().for_each(|entry| *entry *= slope);
                }
                Some(image)
            }
            _ => None,
        }
    }

    /// L with L M = 1 and L c = 0, a row for each entry of u. `None` where the columns are dependent.
    pub fn inverse(&self) -> Option<Tensor> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let rows = self.constant.len();
        let mut vectors = self.columns.clone();
        if self.constant.iter().any(|entry| *entry != 0.0) {
            vectors.push(self.constant.clone());
        }
        // A = Q R by Gram–Schmidt, each column twice.
        let count = vectors.len();
        let mut triangle = vec![vec![0.0; count]; count];
        let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
        for (at, vector) in vectors.iter().enumerate() {
            let mut rest = vector.clone();
            for _ in 0..2 {
                for (before, own) in basis.iter().enumerate() {
                    let part = dot(own, &rest);
                    triangle[before][at] += part;
                    rest.iter_mut().zip(own).for_each(|(entry, own)| *entry -= part * own);
                }
            }
            let length = dot(&rest, &rest).sqrt();
            if length <= DEPENDENT * dot(vector, vector).sqrt() {
                return None;
            }
            triangle[at][at] = length;
            basis.push(rest.into_iter().map(|entry| entry / length).collect());
        }
        // The rows of R⁻¹ Qᵀ from the last to the first.
        let mut inverse = basis;
        for at in (0..count).rev() {
            let (own, after) = inverse[at..].split_first_mut()?;
            for (factor, row) in triangle[at][at + 1..].iter().zip(after) {
                own.iter_mut().zip(row.iter()).for_each(|(entry, row)| *entry -= factor * row);
            }
            own.iter_mut().for_each(|entry| *entry /= triangle[at][at]);
        }
        inverse.truncate(self.columns.len());
        Some(Tensor { shape: vec![inverse.len(), rows], values: inverse.concat() })
    }
}

/// A column that has no more than this part of its length beside the others is one of their span.
const DEPENDENT: f64 = 1e-10;
