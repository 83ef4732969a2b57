//! How the spaces of a chart lie in each other, and in which order they can be judged.

use super::moved::{Axis, Kind, Moved, shape, tuples_of_units};
use std::collections::BTreeSet;
use sym_infer::action::Chart;
use sym_infer::{Field, Generators};

/// Sign fields of a unit whose combinations are tried.
const SIGNS: usize = 4;

/// The spaces of a chart that permute or mix positions.
pub struct Places<'a> {
    /// The coordinates.
    pub chart: &'a Chart,
    /// By space; `None` for those that neither permute nor mix positions.
    pub moved: Vec<Option<Moved>>,
    /// By space those with a copy at each of its positions.
    pub children: Vec<Vec<usize>>,
}

/// Which entries count.
#[derive(Clone, Copy)]
pub enum Count<'a> {
    /// All.
    All,
    /// Those that no other space moves, apart from these and from children.
    Placed(&'a [bool]),
}

impl<'a> Places<'a> {
    /// Of the spaces of a chart.
    pub fn of(chart: &'a Chart) -> Self {
        let moved: Vec<Option<Moved>> = chart.symmetries.spaces.iter().map(Moved::of).collect();
        let is_child = |parent: &Moved, child: &Moved| {
            child.axes.iter().all(|own| {
                let holds = |axis: &&Axis| axis.axes.iter().all(|axis| own.over.contains(axis));
                parent.axes.iter().filter(|axis| axis.parameter == own.parameter).any(|axis| holds(&axis))
            })
        };
        let children = moved
            .iter()
            .map(|parent| match parent {
                Some(parent) if parent.kind == Kind::Units => {
                    let nested = |(at, child): (usize, &Option<Moved>)| {
                        child.as_ref().is_some_and(|child| is_child(parent, child)).then_some(at)
                    };
                    moved.iter().enumerate().filter_map(nested).collect()
                }
                _ => Vec::new(),
            })
            .collect();
        Self { chart, moved, children }
    }

    /// The space that is not in place and has the largest share of entries whose other axes are.
    pub fn most_placed(&self, placed: &[bool]) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (space, moved) in self.moved.iter().enumerate().filter(|(space, _)| !placed[*space]) {
            let Some(moved) = moved else { continue };
            let entries = |counted: &dyn Fn(usize) -> bool| {
                let own: BTreeSet<usize> = moved.axes.iter().map(|axis| axis.parameter.0 as usize).collect();
                own.into_iter()
                    .filter(|parameter| counted(*parameter))
                    .map(|parameter| self.chart.program.parameters[parameter].entries().unwrap_or(0))
                    .sum::<u128>()
            };
            let share = entries(&|parameter| self.counts(space, parameter, Count::Placed(placed))) as f64
                / entries(&|_| true).max(1) as f64;
            // What holds others goes before them.
            let inside = (0..placed.len()).filter(|parent| !placed[*parent] && self.children[*parent].contains(&space)).count();
            let key = share - inside as f64;
            if best.is_none_or(|(largest, _)| key > largest) {
                best = Some((key, space));
            }
        }
        best.map(|(_, space)| space)
    }

    /// Whether a parameter's entries tell where the positions of a space belong.
    pub fn counts(&self, space: usize, parameter: usize, count: Count) -> bool {
        let Count::Placed(placed) = count else { return true };
        let moves = |moved: &Moved| moved.axes.iter().filter(|axis| axis.parameter.0 as usize == parameter).count();
        self.moved.iter().enumerate().all(|(other, moved)| {
            let times = moved.as_ref().map_or(0, moves);
            if other == space { times < 2 } else { times == 0 || placed[other] || self.children[space].contains(&other) }
        })
    }

    /// The sign fields with one sign a unit: number, field, and the tuple of each copy and unit.
    pub fn unit_signs(&self, space: usize, moved: &Moved) -> Vec<(usize, Field, Vec<Vec<usize>>)> {
        let Generators::Units { signs, .. } = &self.chart.symmetries.spaces[space].generators else { return Vec::new() };
        let of_units = signs
            .iter()
            .enumerate()
            .filter_map(|(number, field)| Some((number, field.clone(), tuples_of_units(&self.chart.program, moved, field)?)));
        of_units.take(SIGNS).collect()
    }

    /// The child that a parameter of a space is judged through: the one with the most copies.
    pub fn child_of(&self, space: usize, parameter: usize) -> Option<usize> {
        let over = |child: usize| {
            let moved = self.moved[child].as_ref()?;
            moved.axes.iter().find(|axis| axis.parameter.0 as usize == parameter).map(|axis| axis.over.len())
        };
        let own = self.children[space].iter().filter_map(|&child| Some((over(child)?, child)));
        own.fold(None, |best: Option<(usize, usize)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, child)| child)
    }

    /// How many positions a space has.
    pub fn size(&self, moved: &Moved) -> usize {
        moved.axes.first().map_or(0, |axis| {
            let shape = shape(&self.chart.program, axis.parameter);
            axis.axes.iter().map(|&at| shape[at]).product()
        })
    }
}

/// Which of the fields change the sign of a parameter.
pub fn mask(fields: &[(usize, Field, Vec<Vec<usize>>)], parameter: usize) -> usize {
    let times = |field: &Field| field.entries.iter().filter(|entry| entry.parameter.0 as usize == parameter).count();
    fields.iter().enumerate().map(|(at, (_, field, _))| (times(field) % 2) << at).sum()
}

/// The number of tuples of a field.
pub fn tuples(field: &Field) -> usize {
    field.sizes.iter().map(|&size| size as usize).product()
}
