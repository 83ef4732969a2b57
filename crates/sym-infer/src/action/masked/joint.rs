//! Generators of several groups together that are zero at frozen entries, from the tangents of all of them.

use super::still;
use crate::action::Weights;
use crate::action::basis::{complement, span};
use crate::symmetries::{Space, Symmetries};
use sym_ir::Program;

/// Entries of tangents that are held at once: 512 MiB.
const HELD: u128 = 1 << 26;

/// The tangents of rows without regard to masks, and the rates of the frozen entries that any of them moves, an entry a row.
fn all(program: &Program, rows: &[Space], weights: &Weights) -> (Vec<Weights>, Vec<Vec<f64>>) {
    let continuous_dim = rows.iter().map(|row| row.continuous_dim).fold(0, u128::saturating_add);
    let symmetries = Symmetries { spaces: rows.to_vec(), continuous_dim };
    let vectors: Vec<Weights> =
        crate::action::tangents(&program.without_masks(), &symmetries, weights).into_iter().map(|(_, vector)| vector).collect();
    let mut rates = Vec::new();
    for (number, parameter) in program.parameters.iter().enumerate().filter(|(_, parameter)| parameter.trainable) {
        for place in parameter.frozen_entries().places {
            let row: Vec<f64> = vectors.iter().map(|vector| vector.values[number][place]).collect();
            if row.iter().any(|rate| *rate != 0.0) {
                rates.push(row);
            }
        }
    }
    (vectors, rates)
}

fn combined(program: &Program, vectors: &[Weights], amounts: &[f64]) -> Weights {
    let mut sum = Weights::zeros(program);
    vectors.iter().zip(amounts).for_each(|(vector, amount)| sum.add(vector, *amount));
    still(program, &mut sum);
    sum
}

/// A basis of the tangents of rows that leave frozen entries alone.
pub(super) fn tangents(program: &Program, rows: &[Space], weights: &Weights) -> Vec<Weights> {
    let (vectors, rates) = all(program, rows, weights);
    complement(&span(rates), vectors.len()).iter().map(|amounts| combined(program, &vectors, amounts)).collect()
}

/// A random one of them; zero where all of them are too many to hold.
pub(super) fn random(program: &Program, rows: &[Space], weights: &Weights, normal: &mut dyn FnMut() -> f64) -> Weights {
    let count = rows.iter().map(|row| row.continuous_dim).fold(0, u128::saturating_add);
    if count.saturating_mul(program.trainable_entries().unwrap_or(u128::MAX)) > HELD {
        return Weights::zeros(program);
    }
    let (vectors, rates) = all(program, rows, weights);
    let mut amounts: Vec<f64> = vectors.iter().map(|_| normal()).collect();
    for direction in span(rates) {
        let part: f64 = amounts.iter().zip(&direction).map(|(amount, along)| amount * along).sum();
        amounts.iter_mut().zip(&direction).for_each(|(amount, along)| *amount -= part * along);
    }
    combined(program, &vectors, &amounts)
}
