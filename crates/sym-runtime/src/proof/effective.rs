//! How nearly the symmetries still hold that interventions broke.
//!
//! A nominally asymmetric network with weak randomness is nearly symmetric. At the weights where training starts, elements of the groups that
//! the model had before are applied to the same parameters of the model after, and what they change is measured.

use super::jacobian::Examples;
use super::point;
use crate::{Stream, init};
use burn::tensor::{DType, Device};
use faer::Mat;
use sym_diagnostics::Diagnostic;
use sym_infer::{Space, Symmetries, Weights, action};
use sym_ir::Program;
use sym_lower::{Array, Module};

/// Examples that outputs are compared on.
const EXAMPLES: usize = 64;
/// Simple elements tried of each group.
const ELEMENTS: usize = 64;
/// Directions of each group that are put into a matrix; of more, as many random ones.
const DIRECTIONS: usize = 128;
/// A relative change below this is rounding: the symmetry holds.
const ROUNDING: f64 = 1e-9;
/// The step of central differences, relative to the weights.
const STEP: f64 = 1e-5;

/// What is left of a group that was broken.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The space.
    pub space: String,
    /// Its group before the interventions.
    pub group: String,
    /// Exchanges, signs and other simple elements.
    pub elements: Option<Elements>,
    /// Directions.
    pub directions: Option<Directions>,
}

/// What simple elements change.
#[derive(Debug, Clone, PartialEq)]
pub struct Elements {
    /// How many were tried.
    pub tried: usize,
    /// The element that changes the outputs least, in words.
    pub nearest: String,
    /// ‖f(gθ) − f(θ)‖ / ‖f(θ)‖ over the examples, of that element.
    pub smallest: f64,
    /// The median over those tried.
    pub median: f64,
}

/// Singular values of J on the directions of the group, over the root mean square of ‖J r‖ for random unit r in the same parameters: 1 is as
/// steep as any direction, 0 is flat.
#[derive(Debug, Clone, PartialEq)]
pub struct Directions {
    /// How many directions span what was looked at.
    pub count: usize,
    /// Dimensions of the group.
    pub of: u128,
    /// The smallest.
    pub smallest: f64,
    /// The median.
    pub median: f64,
}

/// The groups of `before` that do not hold in `after`, and how nearly they do. Parameters are the same where their paths are; frozen offsets, masks
/// and factors that only `after` has stay as they are. `weights` are those of `after`; by itself the initial ones of `seed`.
///
/// # Errors
///
/// E0207 for a program beyond memory, E0501 for one that cannot be executed.
pub fn effective(
    before: &Program,
    after: &Program,
    weights: Option<&Weights>,
    seed: u64,
) -> Result<Vec<Effective>, Vec<Diagnostic>> {
    let weights = match weights {
        Some(weights) => weights.clone(),
        None => init::weights(after, None, &[], &init::Files::default(), seed, "init")?,
    };
    let symmetries = sym_infer::infer(before);
    let mut stream = Stream::new(seed, "proof/effective", &after.name);
    let examples = point::examples(after, EXAMPLES, &mut stream);
    let measured = Measured::new(before, after, weights, &examples)?;
    let mut found = Vec::new();
    for (at, space) in symmetries.spaces.iter().enumerate() {
        if space.acts_on.is_empty() || !measured.has_all(space) {
            continue;
        }
        let elements = measured.elements(space)?;
        let directions = measured.directions(&symmetries, at, &mut stream)?;
        let changes = elements.as_ref().is_some_and(|elements| elements.median > ROUNDING);
        let climbs = directions.as_ref().is_some_and(|directions| directions.median > ROUNDING);
        if changes || climbs {
            found.push(Effective { space: space.name.clone(), group: space.group.to_string(), elements, directions });
        }
    }
    Ok(found)
}

/// The program after interventions at one point, with the parameters that it shares with the one before.
struct Measured<'a> {
    before: &'a Program,
    after: &'a Program,
    weights: Weights,
    /// For each parameter of `before` its place in `after`.
    shared: Vec<Option<usize>>,
    inputs: Vec<Array>,
    outputs: Vec<f64>,
}

impl<'a> Measured<'a> {
    fn new(before: &'a Program, after: &'a Program, weights: Weights, examples: &Examples) -> Result<Self, Vec<Diagnostic>> {
        let sizes = |parameter: &sym_ir::Parameter| parameter.shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
        let shared = before
            .parameters
            .iter()
            .map(|own| after.parameters.iter().position(|other| other.path == own.path && sizes(other) == sizes(own)))
            .collect();
        let inputs = examples.arrays(after, 0..examples.count, 1, &Device::flex());
        let mut measured = Self { before, after, weights, shared, inputs, outputs: Vec::new() };
        measured.outputs = measured.outputs_at(&measured.weights)?;
        Ok(measured)
    }

    fn has_all(&self, space: &Space) -> bool {
        space.acts_on.iter().all(|action| self.shared[action.parameter.0 as usize].is_some())
    }

    fn outputs_at(&self, weights: &Weights) -> Result<Vec<f64>, Vec<Diagnostic>> {
        let module = Module::new(self.after, weights, &Device::flex(), DType::F64)?;
        Ok(module.forward(&self.inputs).into_iter().flat_map(|output| output.values()).collect())
    }

    /// The weights as those of `before`.
    fn as_before(&self) -> Weights {
        let mut weights = Weights::zeros(self.before);
        for (own, shared) in weights.values.iter_mut().zip(&self.shared) {
            if let Some(at) = shared {
                own.clone_from(&self.weights.values[*at]);
            }
        }
        weights
    }

    /// Weights of `before` put back; what is frozen stays.
    fn as_after(&self, moved: Weights) -> Weights {
        let mut weights = self.weights.clone();
        for (own, shared) in moved.values.into_iter().zip(&self.shared) {
            if let Some(at) = shared.filter(|at| self.after.parameters[*at].trainable) {
                weights.values[at] = own;
            }
        }
        init::hold(self.after, &mut weights);
        weights
    }

    fn elements(&self, space: &Space) -> Result<Option<Elements>, Vec<Diagnostic>> {
        let weights = self.as_before();
        let mut changes: Vec<(f64, String)> = Vec::new();
        let all = action::elementary(self.before, space);
        let stride = all.len().div_ceil(ELEMENTS).max(1);
        for element in all.iter().step_by(stride) {
            let moved = self.as_after(action::apply_elementary(self.before, space, &weights, element));
            let outputs = self.outputs_at(&moved)?;
            let difference: Vec<f64> = outputs.iter().zip(&self.outputs).map(|(a, b)| a - b).collect();
            changes.push((norm(&difference) / norm(&self.outputs).max(f64::MIN_POSITIVE), element.to_string()));
        }
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((smallest, nearest)) = changes.first().cloned() else { return Ok(None) };
        let median = changes[changes.len() / 2].0;
        Ok(Some(Elements { tried: changes.len(), nearest, smallest, median }))
    }

    fn directions(&self, symmetries: &Symmetries, at: usize, stream: &mut Stream) -> Result<Option<Directions>, Vec<Diagnostic>> {
        let of = symmetries.spaces[at].continuous_dim;
        let count = of.min(DIRECTIONS as u128) as usize;
        if count == 0 {
            return Ok(None);
        }
        let weights = self.as_before();
        let tangents: Vec<Vec<f64>> = if of <= DIRECTIONS as u128 {
            let alone = Symmetries { continuous_dim: of, spaces: vec![symmetries.spaces[at].clone()] };
            action::tangents(self.before, &alone, &weights).into_iter().map(|(_, tangent)| flat(&tangent)).collect()
        } else {
            let mut random = || flat(&action::random_tangent(self.before, symmetries, at, &weights, &mut || stream.normal()));
            (0..count).map(|_| random()).collect()
        };
        let basis = orthonormal(tangents);
        if basis.is_empty() {
            return Ok(None);
        }
        let touched: Vec<bool> = (0..basis[0].len()).map(|entry| basis.iter().any(|direction| direction[entry] != 0.0)).collect();
        let random: Vec<Vec<f64>> = (0..8)
            .map(|_| {
                let vector: Vec<f64> = touched.iter().map(|touched| if *touched { stream.normal() } else { 0.0 }).collect();
                let length = norm(&vector);
                vector.into_iter().map(|entry| entry / length).collect()
            })
            .collect();
        let mut squares = 0.0;
        for direction in &random {
            squares += norm(&self.slope(direction)?).powi(2);
        }
        let typical = (squares / random.len() as f64).sqrt().max(f64::MIN_POSITIVE);
        let slopes: Vec<Vec<f64>> = basis.iter().map(|direction| self.slope(direction)).collect::<Result<_, _>>()?;
        let matrix = Mat::from_fn(slopes[0].len(), slopes.len(), |row, column| slopes[column][row]);
        let mut values: Vec<f64> = matrix.singular_values().unwrap_or_default();
        values.resize(slopes.len(), 0.0);
        values.sort_by(f64::total_cmp);
        let median = values[values.len() / 2] / typical;
        Ok(Some(Directions { count: basis.len(), of, smallest: values[0] / typical, median }))
    }

    /// J t by central differences, for a unit t over the entries of `before`.
    fn slope(&self, direction: &[f64]) -> Result<Vec<f64>, Vec<Diagnostic>> {
        let weights = self.as_before();
        let size = norm(&flat(&weights)).max(1.0);
        let at = |factor: f64| {
            let mut moved = weights.clone();
            for (entry, direction) in moved.values.iter_mut().flatten().zip(direction) {
                *entry += factor * direction;
            }
            self.outputs_at(&self.as_after(moved))
        };
        let (above, below) = (at(STEP * size)?, at(-STEP * size)?);
        Ok(above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * STEP * size)).collect())
    }
}

fn flat(weights: &Weights) -> Vec<f64> {
    weights.values.iter().flatten().copied().collect()
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|entry| entry * entry).sum::<f64>().sqrt()
}

/// An orthonormal basis of the span, by Gram–Schmidt applied twice.
fn orthonormal(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for mut vector in vectors {
        let before = norm(&vector);
        for _ in 0..2 {
            for known in &basis {
                let along: f64 = vector.iter().zip(known).map(|(a, b)| a * b).sum();
                for (entry, known) in vector.iter_mut().zip(known) {
                    *entry -= along * known;
                }
            }
        }
        let length = norm(&vector);
        if length > ROUNDING * before {
            basis.push(vector.into_iter().map(|entry| entry / length).collect());
        }
    }
    basis
}
