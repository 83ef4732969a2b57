//! Symmetries of the program of the blocks as symmetries of the given one.

use super::Cuts;
use crate::centres::Centres;
use crate::symmetries::{Action, Field, FieldEntry, Generators, Group, MatrixFrame, Space, Symmetries, UnitAxis};
use std::collections::BTreeMap;
use sym_ir::{ParameterId, Program};

impl Cuts {
    /// A row of this program as one of the given program.
    ///
    /// Where weights have centres, about which rows of the one program act and rows of the other do not, a row stays one of this program.
    fn translated(&self, space: Space, centred: bool) -> Space {
        let touched = space.acts_on.iter().any(|action| self.blocks.contains_key(&action.parameter));
        let same = match touched {
            _ if centred => None,
            true => self.rejoined(&space.generators),
            false => stands_alone(&space.generators).then(|| space.generators.clone()),
        };
        let place = |action: &Action| Action {
            parameter: self.whole_of(action.parameter),
            axis: action.axis.filter(|axis| self.is_whole(action.parameter, *axis)),
            frame: action.frame.clone(),
        };
        let mut acts_on: Vec<Action> = Vec::new();
        for action in space.acts_on.iter().map(place) {
            if !acts_on.contains(&action) {
                acts_on.push(action);
            }
        }
        // Units that are a part of an axis are not its positions.
        let parts = space.acts_on.iter().any(|action| action.axis.is_some_and(|axis| !self.is_whole(action.parameter, axis)));
        if parts {
            acts_on.iter_mut().for_each(|action| action.axis = None);
            acts_on.dedup();
        }
        Space {
            acts_on,
            states: if parts { Vec::new() } else { space.states },
            generators: same.unwrap_or_else(|| Generators::Cut { inner: Box::new(space.generators) }),
            ..space
        }
    }

    /// The parameter of the given program.
    fn whole_of(&self, parameter: ParameterId) -> ParameterId {
        self.blocks.get(&parameter).map_or(parameter, |block| block.of)
    }

    /// Whether all positions of an axis of the given program's parameter lie in this block.
    fn is_whole(&self, parameter: ParameterId, axis: usize) -> bool {
        let Some(block) = self.blocks.get(&parameter) else { return true };
        self.program.parameter(parameter).shape[axis].size == self.program.parameter(block.of).shape[axis].size
    }

    /// The same for all blocks of each parameter: what a group does to whole parameters.
    fn rejoined(&self, generators: &Generators) -> Option<Generators> {
        if !stands_alone(generators) {
            return None;
        }
        match generators {
            Generators::Matrices { frames, family, gains } if gains.is_empty() => {
                let with = |frame: &MatrixFrame, parameter| MatrixFrame { parameter, ..frame.clone() };
                let axes = |frame: &MatrixFrame| (frame.parameter, [frame.axes.as_slice(), &frame.over].concat());
                Some(Generators::Matrices { frames: self.joined(frames, axes, with)?, family: *family, gains: Vec::new() })
            }
            Generators::Units { permuted, scales, signs } => {
                let with = |unit: &UnitAxis, parameter| UnitAxis { parameter, ..unit.clone() };
                let axes = |unit: &UnitAxis| (unit.parameter, [unit.axes.as_slice(), &unit.over].concat());
                let fields =
                    |fields: &[Field]| -> Option<Vec<Field>> { fields.iter().map(|field| self.joined_field(field)).collect() };
                Some(Generators::Units {
                    permuted: self.joined(permuted, axes, with)?,
                    scales: fields(scales)?,
                    signs: fields(signs)?,
                })
            }
            _ => None,
        }
    }

    fn joined_field(&self, field: &Field) -> Option<Field> {
        let with = |entry: &FieldEntry, parameter| FieldEntry { parameter, ..entry.clone() };
        let entries = self.joined(&field.entries, |entry| (entry.parameter, entry.axes.clone()), with)?;
        Some(Field { entries, ..field.clone() })
    }

    /// Items about blocks as items about their parameters; `None` unless each is the same for all blocks, and about axes that are not cut.
    fn joined<T: PartialEq>(
        &self,
        items: &[T],
        place: impl Fn(&T) -> (ParameterId, Vec<usize>),
        with: impl Fn(&T, ParameterId) -> T,
    ) -> Option<Vec<T>> {
        let mut joined: Vec<(T, usize)> = Vec::new();
        for item in items {
            let (parameter, axes) = place(item);
            if !axes.iter().all(|axis| self.is_whole(parameter, *axis)) {
                return None;
            }
            let own = with(item, self.whole_of(parameter));
            match joined.iter_mut().find(|(known, _)| *known == own) {
                Some((_, count)) => *count += 1,
                None => joined.push((own, 1)),
            }
        }
        let mut blocks: BTreeMap<ParameterId, usize> = BTreeMap::new();
        self.blocks.values().for_each(|block| *blocks.entry(block.of).or_insert(0) += 1);
        let complete = |(item, count): &(T, usize)| *count == blocks.get(&place(item).0).copied().unwrap_or(1);
        joined.iter().all(complete).then(|| joined.into_iter().map(|(item, _)| item).collect())
    }
}

/// Whether elements need no look at the program.
fn stands_alone(generators: &Generators) -> bool {
    let plain = |field: &Field| field.complements.is_empty() && field.offsets.is_empty();
    match generators {
        Generators::Matrices { frames, .. } => frames.iter().all(|frame| frame.gains.is_empty()),
        Generators::Parallel { .. } | Generators::Branches { .. } => true,
        Generators::Units { scales, signs, .. } => scales.iter().chain(signs).all(plain),
        _ => false,
    }
}

/// The symmetries that `analyse` finds, of the program with its axes cut.
pub fn with_cuts(program: &Program, analyse: impl FnOnce(&Program) -> Symmetries) -> Symmetries {
    let Some(cuts) = Cuts::of(program) else { return analyse(program) };
    let centred = [program, &cuts.program].into_iter().any(|program| Centres::of(program).is_some());
    let Symmetries { spaces, continuous_dim } = analyse(&cuts.program);
    Symmetries { spaces: spaces.into_iter().map(|space| cuts.translated(space, centred)).collect(), continuous_dim }
}

/// The program of the blocks with the rows about it, all others trivial, and the rows without those; `None` where no row is about blocks.
pub fn unfolded(program: &Program, symmetries: &Symmetries) -> Option<(Cuts, Symmetries, Symmetries)> {
    let is_cut = |space: &Space| matches!(space.generators, Generators::Cut { .. });
    if !symmetries.spaces.iter().any(is_cut) {
        return None;
    }
    let cuts = Cuts::of(program)?;
    let (mut of_blocks, mut others) = (symmetries.clone(), symmetries.clone());
    for (own, other) in of_blocks.spaces.iter_mut().zip(&mut others.spaces) {
        match &own.generators {
            Generators::Cut { inner } => {
                own.generators = (**inner).clone();
                other.generators = Generators::Units { permuted: Vec::new(), scales: Vec::new(), signs: Vec::new() };
                other.group = Group::Trivial;
            }
            _ => own.group = Group::Trivial,
        }
    }
    Some((cuts, of_blocks, others))
}
