//! The units of a space that exchanges move.

use super::entries::{beside, entries_of, shape};
use sym_infer::action::{Coordinates, offsets, other_axes};
use sym_infer::{Frame, Generators, Space, Surviving, UnitAxis, Weights};
use sym_ir::{ParameterId, Program};
use sym_measure::Matrix;
use sym_measure::neurons::{self, Distinct};
use sym_measure::states::permutation;

/// Units whose weights can be compared.
#[derive(Debug, Clone)]
pub struct Units {
    coordinates: Coordinates,
    form: Form,
}

/// Where the weights of a unit are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// At its position along axes; where masks leave only some units free, these are their positions.
    Axes(Vec<UnitAxis>, Option<Vec<usize>>),
    /// In parameters of its own, with the axes whose positions are exchanged independently.
    Branches(Vec<Vec<ParameterId>>, Vec<Vec<usize>>),
}

impl Form {
    /// The units that generators exchange; `None` where they exchange none.
    pub fn exchanged(generators: &Generators) -> Option<Self> {
        let along = |axes: Vec<UnitAxis>| (!axes.is_empty()).then_some(Self::Axes(axes, None));
        match generators {
            Generators::Units { permuted, .. } => along(permuted.clone()),
            // Permutations are among these matrices.
            Generators::Matrices { frames, family, gains } if family.has_permutations() => {
                let of_frames = frames.iter().map(|frame| UnitAxis {
                    parameter: frame.parameter,
                    axes: frame.axes.clone(),
                    over: frame.over.clone(),
                });
                let of_gains = gains.iter().map(|&(parameter, axis)| UnitAxis { parameter, axes: vec![axis], over: Vec::new() });
                along(of_frames.chain(of_gains).collect())
            }
            Generators::Branches { parts, over } => Some(Self::Branches(parts.clone(), over.clone())),
            Generators::Masked { rows, surviving: Surviving::Units(units) } => match rows.as_slice() {
                [row] => match Self::exchanged(row)? {
                    Self::Axes(axes, None) => Some(Self::Axes(axes, Some(units.clone()))),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// How many copies of how many units.
    pub fn extent(&self, program: &Program) -> (usize, usize) {
        let product = |id: ParameterId, axes: &[usize]| {
            let shape = shape(program, id);
            axes.iter().map(|&axis| shape[axis]).product::<usize>()
        };
        match self {
            Self::Axes(axes, among) => {
                let copies = axes.iter().map(|own| product(own.parameter, &own.over)).max().unwrap_or(1);
                let size = axes.first().map_or(0, |own| product(own.parameter, &own.axes));
                (copies, among.as_ref().map_or(size, Vec::len))
            }
            Self::Branches(parts, over) => {
                let copies = parts.first().and_then(|part| part.first()).zip(over.first());
                (copies.map_or(0, |(id, axes)| product(*id, axes)), parts.len())
            }
        }
    }

    /// For each copy its units.
    pub fn populations(&self, program: &Program, weights: &Weights) -> Vec<Population> {
        let (copies, size) = self.extent(program);
        let all = (0..copies).map(|copy| match self {
            Self::Axes(axes, among) => {
                let unit = |row: usize| among.as_ref().map_or(row, |among| among[row]);
                let of_axis = |own: &UnitAxis| {
                    let shape = shape(program, own.parameter);
                    let moved: Vec<usize> = own.axes.iter().chain(&own.over).copied().collect();
                    let (rows, starts) = (offsets(&shape, &own.axes), offsets(&shape, &own.over));
                    let rest = offsets(&shape, &other_axes(shape.len(), &moved));
                    let values = &weights.values[own.parameter.0 as usize];
                    let start = starts[copy % starts.len().max(1)];
                    Matrix::from_fn(size, rest.len(), |row, at| values[rows[unit(row)] + start + rest[at]])
                };
                let is_tied = |own: &&UnitAxis| axes.iter().filter(|other| other.parameter == own.parameter).count() > 1;
                let parts: Vec<Matrix> = axes.iter().map(of_axis).collect();
                let alone: Vec<&Matrix> =
                    axes.iter().zip(&parts).filter(|(own, _)| !is_tied(own)).map(|(_, part)| part).collect();
                let mut tied: Vec<ParameterId> = axes.iter().filter(is_tied).map(|own| own.parameter).collect();
                tied.dedup();
                let tied = tied.into_iter().map(|id| {
                    let own: Vec<&UnitAxis> = axes.iter().filter(|own| own.parameter == id).collect();
                    Tied::of(program, weights, &own, copy, &(0..size).map(unit).collect::<Vec<_>>())
                });
                Population { tied: tied.collect(), alone: beside(&alone), all: beside(&parts.iter().collect::<Vec<_>>()) }
            }
            Self::Branches(parts, over) => {
                let of_branch = |part: &Vec<ParameterId>| -> Vec<f64> {
                    let entries = part.iter().zip(over);
                    entries.flat_map(|(id, axes)| entries_of(program, *id, axes, weights).row(copy).to_vec()).collect()
                };
                let rows: Vec<Vec<f64>> = parts.iter().map(of_branch).collect();
                let all = Matrix::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |row, at| rows[row][at]);
                Population { tied: Vec::new(), alone: all.clone(), all }
            }
        });
        all.collect()
    }
}

/// Units that can be exchanged with each other.
#[derive(Debug)]
pub struct Population {
    /// The weights of each unit in a row, (in, bias, out) one after the other.
    pub all: Matrix,
    /// The same of parameters that have units along one axis.
    alone: Matrix,
    /// Parameters that have them along several, as those of a recurrence from units to the same units.
    tied: Vec<Tied>,
}

impl Population {
    /// ‖θ − gθ‖/√2 for the exchange g of two units: the distance of their rows where no parameter is tied.
    fn distance(&self, one: usize, other: usize, sign: f64) -> f64 {
        let alone = permutation::squared_distance(self.alone.row(one), self.alone.row(other), sign);
        (alone + self.tied.iter().map(|tied| tied.moved(one, other, sign)).sum::<f64>()).sqrt()
    }

    /// The distances of neighbours in the order of norms (PSU A.1); with `signed`, units are alike up to their signs.
    pub fn neighbour_distances(&self, signed: bool) -> Vec<f64> {
        permutation::neighbour_distances_by(self.all.view(), |one, other| {
            let apart = self.distance(one, other, 1.0);
            if signed { apart.min(self.distance(one, other, -1.0)) } else { apart }
        })
    }

    /// Units by whether they are alike.
    pub fn distinct(&self, threshold: f64) -> Distinct {
        neurons::distinct_by(self.all.rows(), threshold, |one, other| self.distance(one, other, 1.0))
    }
}

/// A parameter with units along several axes.
#[derive(Debug)]
struct Tied {
    /// For each axis, or axes that form the index, the offset of each unit.
    along: Vec<Vec<usize>>,
    /// The offsets by all other indices.
    rest: Vec<usize>,
    values: Vec<f64>,
}

impl Tied {
    fn of(program: &Program, weights: &Weights, own: &[&UnitAxis], copy: usize, units: &[usize]) -> Self {
        let shape = shape(program, own[0].parameter);
        let moved: Vec<usize> = own.iter().flat_map(|own| own.axes.iter().chain(&own.over)).copied().collect();
        let starts = offsets(&shape, &own[0].over);
        let start = starts[copy % starts.len().max(1)];
        let along = |own: &&UnitAxis| {
            let rows = offsets(&shape, &own.axes);
            units.iter().map(|&unit| rows[unit]).collect()
        };
        Self {
            along: own.iter().map(along).collect(),
            rest: offsets(&shape, &other_axes(shape.len(), &moved)).into_iter().map(|at| start + at).collect(),
            values: weights.values[own[0].parameter.0 as usize].clone(),
        }
    }

    /// ½ ∑ (θ − gθ)² where g exchanges two units along every axis, and changes the signs of both where `sign` is −1.
    fn moved(&self, one: usize, other: usize, sign: f64) -> f64 {
        let exchanged = |unit: usize| match unit {
            unit if unit == one => other,
            unit if unit == other => one,
            unit => unit,
        };
        let count = self.along.first().map_or(0, Vec::len);
        let mut index = vec![0; self.along.len()];
        let mut sum = 0.0;
        loop {
            if index.contains(&one) || index.contains(&other) {
                let place = |of: &dyn Fn(usize) -> usize| -> usize {
                    index.iter().zip(&self.along).map(|(&unit, along)| along[of(unit)]).sum()
                };
                let (here, there) = (place(&|unit| unit), place(&exchanged));
                let flips = index.iter().filter(|&&unit| unit == one || unit == other).count();
                let factor = if flips % 2 == 1 { sign } else { 1.0 };
                sum +=
                    self.rest.iter().map(|at| (self.values[here + at] - factor * self.values[there + at]).powi(2)).sum::<f64>();
            }
            let Some(next) = (0..index.len()).rev().find(|&at| index[at] + 1 < count) else { break };
            index[next] += 1;
            index[next + 1..].fill(0);
        }
        sum / 2.0
    }
}

impl Units {
    /// Those of a space: what its exchanges move or, where it has none, the slices of the axes on which it acts. `None` where nothing acts on units.
    pub fn of(program: &Program, space: &Space) -> Option<Self> {
        let coordinates = Coordinates::of(program, space)?;
        if let Some(form) = Form::exchanged(&coordinates.generators) {
            return Some(Self { coordinates, form });
        }
        let fields = match &coordinates.generators {
            Generators::Units { scales, signs, .. } => scales.iter().chain(signs).next(),
            _ => None,
        };
        let along = |parameter: ParameterId, axes: Vec<usize>| UnitAxis { parameter, axes, over: Vec::new() };
        let axes: Vec<UnitAxis> = if let Some(field) = fields {
            let entries = field.entries.iter().filter(|entry| !entry.shift);
            entries.map(|entry| along(entry.parameter, entry.axes.clone())).collect()
        } else if coordinates.generators == space.generators {
            let actions = space.acts_on.iter().filter(|action| action.frame != Frame::Shift);
            actions.filter_map(|action| Some(along(action.parameter, vec![action.axis?]))).collect()
        } else {
            Vec::new()
        };
        (!axes.is_empty()).then_some(Self { coordinates, form: Form::Axes(axes, None) })
    }

    /// How many units all copies have.
    pub fn count(&self) -> usize {
        let (copies, size) = self.form.extent(&self.coordinates.program);
        copies * size
    }

    /// For each copy of the space its units.
    pub fn populations(&self, weights: &Weights) -> Vec<Population> {
        self.form.populations(&self.coordinates.program, &self.coordinates.lifted(weights))
    }
}
