//! Units without influence, and classes of nearly equal or opposite units.

use super::{Kinds, kinds, relative};
use crate::data::Inputs;
use crate::evaluate::outputs;
use sym_diagnostics::Diagnostic;
use sym_infer::{Frame, Space, Symmetries, Weights};
use sym_ir::{Operation, ParameterId, Program};
use sym_rewrite::{ClassedSpace, UnitClass};

/// Examples on which the influence of units is measured, at most.
const EXAMPLES: usize = 64;
/// What a block of trained entries counts as at least, beside the largest of them: rounding in biases of zero makes no units differ.
const LEAST: f64 = 1e-3;
/// After so many units of one space that are not without influence, each of them alone, the stronger ones are not looked at.
const MISSES: usize = 8;

/// The states of all spaces of units in which some vanish or belong together, and the weights without those that vanish. `program` has all tensors trained; `trained` tells those that are so
/// by themselves.
///
/// # Errors
/// What the program cannot be executed for.
pub fn states(
    program: &Program,
    symmetries: &Symmetries,
    trained: &[bool],
    weights: &Weights,
    tolerance: f64,
    inputs: &[Inputs],
) -> Result<(Vec<ClassedSpace>, Weights), Vec<Diagnostic>> {
    let spaces: Vec<Units> = (0..symmetries.spaces.len())
        .filter_map(|space| {
            let kinds = kinds(symmetries, space);
            ((kinds.merge || kinds.zero) && !kinds.linear)
                .then(|| Units::of(program, &symmetries.spaces[space], space, kinds, trained))
        })
        .collect();
    let inputs = first(inputs);
    let mut influence =
        Influence { program, before: outputs(program, weights, &inputs)?, inputs, at: weights.clone(), tolerance };
    let mut vanishing: Vec<Vec<bool>> = spaces.iter().map(|units| vec![false; units.count]).collect();
    // Units that only vanishing ones read vanish too.
    loop {
        let mut more = false;
        for (units, gone) in spaces.iter().zip(&mut vanishing) {
            let candidates = units.weak(&influence.at, tolerance, gone);
            let left = gone.iter().filter(|gone| !**gone).count();
            // A space without units is no model.
            let candidates = &candidates[..candidates.len().min(left.saturating_sub(1))];
            more |= influence.remove(units, candidates, gone, &mut 0)?;
        }
        if !more {
            break;
        }
    }
    let found = spaces.iter().zip(&vanishing).filter_map(|(units, gone)| units.state(&influence.at, tolerance, gone));
    let found = found.collect();
    Ok((found, influence.at))
}

/// The first examples, as many as influence is measured on.
pub fn first(inputs: &[Inputs]) -> Vec<Inputs> {
    inputs.iter().map(|table| table.select(&(0..table.rows().min(EXAMPLES)).collect::<Vec<_>>())).collect()
}

/// The units of one space with all entries that belong to them.
struct Units {
    space: usize,
    count: usize,
    kinds: Kinds,
    blocks: Vec<Block>,
}

/// Whether an operation adds a parameter itself.
fn added(program: &Program, id: ParameterId) -> bool {
    let reads = |term: &sym_ir::Term| program.node(term.value).operation == Operation::Parameter(id);
    program.nodes.iter().any(|node| matches!(&node.operation, Operation::Add { terms, .. } if terms.iter().any(reads)))
}

/// The entries along one axis of a parameter.
struct Block {
    parameter: usize,
    /// Positions behind the axis, of the axis, and in front of it.
    inner: usize,
    outer: usize,
    /// Whether they change sign with the unit.
    odd: bool,
    trained: bool,
    /// Whether it is added: a unit with a small bias is not weak.
    added: bool,
}

impl Units {
    fn of(program: &Program, own: &Space, space: usize, kinds: Kinds, trained: &[bool]) -> Self {
        let count = own.size as usize;
        let mut known: Vec<(usize, usize)> = Vec::new();
        let mut blocks = Vec::new();
        for action in own.acts_on.iter().filter(|action| action.frame != Frame::Shift) {
            let Some(axis) = action.axis else { continue };
            let parameter = action.parameter.0 as usize;
            if known.contains(&(parameter, axis)) {
                continue;
            }
            known.push((parameter, axis));
            let sizes: Vec<usize> = program.parameters[parameter].shape.iter().map(|axis| axis.size as usize).collect();
            let odd = match &action.frame {
                Frame::Primal | Frame::Dual => true,
                Frame::Monomial { sign, .. } => *sign,
                Frame::Shift => false,
            };
            let (inner, outer) = (sizes[axis + 1..].iter().product(), sizes[..axis].iter().product());
            blocks.push(Block {
                parameter,
                inner,
                outer,
                odd,
                trained: trained[parameter],
                added: added(program, action.parameter),
            });
        }
        Self { space, count, kinds, blocks }
    }

    /// The places of a unit's entries in a block.
    fn places(&self, block: &Block, unit: usize) -> impl Iterator<Item = usize> + use<> {
        let (inner, count) = (block.inner, self.count);
        (0..block.outer).flat_map(move |outer| {
            let start = (outer * count + unit) * inner;
            start..start + inner
        })
    }

    fn norm(&self, block: &Block, unit: usize, weights: &Weights) -> f64 {
        let values = &weights.values[block.parameter];
        self.places(block, unit).map(|place| values[place] * values[place]).sum::<f64>().sqrt()
    }

    /// Units that are small in some block beside the largest unit there, the smallest first. Two weights of √τ are τ behind each other.
    fn weak(&self, weights: &Weights, tolerance: f64, gone: &[bool]) -> Vec<usize> {
        let mut least = vec![f64::INFINITY; self.count];
        for block in self.blocks.iter().filter(|block| !block.added) {
            let norms: Vec<f64> = (0..self.count).map(|unit| self.norm(block, unit, weights)).collect();
            let largest = norms.iter().copied().fold(0.0, f64::max);
            if largest > 0.0 {
                least.iter_mut().zip(norms).for_each(|(least, norm)| *least = least.min(norm / largest));
            }
        }
        let mut weak: Vec<usize> = (0..self.count).filter(|&unit| !gone[unit] && least[unit] <= tolerance.sqrt()).collect();
        weak.sort_by(|&a, &b| least[a].total_cmp(&least[b]));
        weak
    }

    /// Without what is trained of some units; a variance stays what it can be divided by.
    fn without(&self, units: &[usize], weights: &Weights) -> Weights {
        let mut weights = weights.clone();
        for block in self.blocks.iter().filter(|block| block.trained) {
            for &unit in units {
                self.places(block, unit).for_each(|place| weights.values[block.parameter][place] = 0.0);
            }
        }
        weights
    }

    /// The root mean square over units of the norm that each block has: statistics of activations and weights are of different sizes.
    fn sizes(&self, weights: &Weights) -> Vec<f64> {
        let square = |block: &Block, unit: usize| self.norm(block, unit, weights).powi(2);
        let size = |block: &Block| ((0..self.count).map(|unit| square(block, unit)).sum::<f64>() / self.count as f64).sqrt();
        let sizes: Vec<f64> = self.blocks.iter().map(size).collect();
        let trained = self.blocks.iter().zip(&sizes).filter(|(block, _)| block.trained);
        let least = LEAST * trained.map(|(_, size)| *size).fold(0.0, f64::max);
        let floored = |(block, size): (&Block, f64)| if block.trained { size.max(least) } else { size };
        self.blocks.iter().zip(sizes).map(floored).collect()
    }

    /// All entries of a unit relative to the size of their block, those that change sign with it first.
    fn vector(&self, weights: &Weights, sizes: &[f64], unit: usize) -> [Vec<f64>; 2] {
        [true, false].map(|odd| {
            let blocks = self.blocks.iter().zip(sizes).filter(|(block, size)| block.odd == odd && **size > 0.0);
            let mut entries = Vec::new();
            for (block, size) in blocks {
                entries.extend(self.places(block, unit).map(|place| weights.values[block.parameter][place] / size));
            }
            entries
        })
    }

    /// The classes of units that are within the tolerance of the first of their class; `None` where each unit is one of its own.
    fn state(&self, weights: &Weights, tolerance: f64, gone: &[bool]) -> Option<ClassedSpace> {
        let mut leaders: Vec<([Vec<f64>; 2], f64)> = Vec::new();
        let mut dead: Option<usize> = None;
        let mut units = Vec::with_capacity(self.count);
        let sizes = self.sizes(weights);
        for (unit, &gone) in gone.iter().enumerate() {
            if gone && self.kinds.zero {
                units.push(UnitClass::Vanishing);
                continue;
            }
            let vector = self.vector(weights, &sizes, unit);
            let norm = vector.iter().flatten().map(|entry| entry * entry).sum::<f64>().sqrt();
            // Units that may not vanish are at least all one.
            let near = if gone {
                dead.map(|class| (class, false))
            } else {
                self.nearest(&leaders, &vector, norm, tolerance).filter(|_| self.kinds.merge)
            };
            let (class, negative) = near.unwrap_or_else(|| {
                leaders.push((vector, norm));
                (leaders.len() - 1, false)
            });
            if gone {
                dead = Some(class);
            }
            units.push(UnitClass::Of { class, negative });
        }
        (leaders.len() < self.count).then_some(ClassedSpace { space: self.space, units })
    }

    fn nearest(&self, leaders: &[([Vec<f64>; 2], f64)], own: &[Vec<f64>; 2], norm: f64, tolerance: f64) -> Option<(usize, bool)> {
        let mut best: Option<(f64, (usize, bool))> = None;
        for (class, (leader, size)) in leaders.iter().enumerate() {
            for negative in [false, true].into_iter().take(1 + usize::from(self.kinds.merge_signed)) {
                let sign = if negative { -1.0 } else { 1.0 };
                let squares = |one: &[f64], other: &[f64], sign: f64| -> f64 {
                    one.iter().zip(other).map(|(a, b)| (a - sign * b) * (a - sign * b)).sum()
                };
                let distance = (squares(&leader[0], &own[0], sign) + squares(&leader[1], &own[1], 1.0)).sqrt();
                let within = distance <= tolerance * size.max(norm);
                if within && best.is_none_or(|(least, _)| distance < least) {
                    best = Some((distance, (class, negative)));
                }
            }
        }
        best.map(|(_, found)| found)
    }
}

/// What the outputs were, and the weights without the units that are gone.
struct Influence<'a> {
    program: &'a Program,
    inputs: Vec<Inputs>,
    before: Vec<f64>,
    at: Weights,
    tolerance: f64,
}

impl Influence<'_> {
    /// Takes away as many of the candidates as leave the outputs within the tolerance: all of them, or those of both halves.
    fn remove(
        &mut self,
        units: &Units,
        candidates: &[usize],
        gone: &mut [bool],
        misses: &mut usize,
    ) -> Result<bool, Vec<Diagnostic>> {
        if candidates.is_empty() || *misses >= MISSES {
            return Ok(false);
        }
        let without = units.without(candidates, &self.at);
        if relative(&self.before, &outputs(self.program, &without, &self.inputs)?) <= self.tolerance {
            self.at = without;
            for &unit in candidates {
                gone[unit] = true;
            }
            return Ok(true);
        }
        if candidates.len() == 1 {
            *misses += 1;
            return Ok(false);
        }
        let (first, second) = candidates.split_at(candidates.len().div_ceil(2));
        Ok(self.remove(units, first, gone, misses)? | self.remove(units, second, gone, misses)?)
    }
}
