//! Coordinates of weights in which the group of a space acts on whole axes of parameters: cut, split, assembled and reparametrised weights are written out,
//! and counted from the frozen summands beside them.

use crate::action::{Weights, assembled, reparametrised};
use crate::assembled::Assembly;
use crate::centres::Centres;
use crate::cuts::Cuts;
use crate::reparametrised::Reparametrised;
use crate::skips::Skips;
use crate::splits::Splits;
use crate::symmetries::{Generators, Space};
use std::borrow::Cow;
use sym_ir::Program;

/// Where a space's group acts, and how weights get there.
#[derive(Debug, Clone)]
pub struct Coordinates {
    /// The program in these coordinates.
    pub program: Program,
    /// The generators in terms of it: none that stands for generators of another program, but for those that masks restrict.
    pub generators: Generators,
    /// Whether distances of weights are those in the model's own coordinates, so that a gradient flow there is one here.
    pub is_isometric: bool,
    lifts: Vec<Lift>,
}

#[derive(Debug, Clone)]
enum Lift {
    Cut(Box<Cuts>),
    Centred(Box<(Program, Centres)>),
    Assembled(Box<(Program, Assembly)>),
    Reparametrised(Box<Reparametrised>),
    Skipless(Box<Skips>),
}

impl Coordinates {
    /// Those of a space; `None` where only elements that keep frozen entries of assembled weights are meant, or the program has lost what the space is about.
    pub fn of(program: &Program, space: &Space) -> Option<Self> {
        let is_masked = matches!(space.generators, Generators::Masked { .. });
        let program = match program.has_masks() {
            true if is_masked => program.without_masks(),
            true => program.with_masked_frozen(),
            false => program.clone(),
        };
        let mut found = Self { program, generators: space.generators.clone(), is_isometric: true, lifts: Vec::new() };
        if let Generators::Cut { inner } = &found.generators {
            let cuts = Cuts::of(&found.program)?;
            (found.generators, found.program) = ((**inner).clone(), cuts.program.clone());
            found.lifts.push(Lift::Cut(Box::new(cuts)));
        }
        if let Generators::Split { inner } = &found.generators {
            let splits = Splits::of(&found.program)?;
            (found.generators, found.program) = ((**inner).clone(), splits.program);
        }
        if let Some(centres) = Centres::of(&found.program) {
            let centred = centres.program.clone();
            found.lifts.push(Lift::Centred(Box::new((std::mem::replace(&mut found.program, centred), centres))));
        }
        loop {
            match &found.generators {
                Generators::Assembled { inner, frozen: false } => {
                    let assembly = Assembly::of(&found.program, false)?;
                    found.generators = (**inner).clone();
                    let assembled = assembly.program.clone();
                    let lift = (std::mem::replace(&mut found.program, assembled), assembly);
                    found.lifts.push(Lift::Assembled(Box::new(lift)));
                    found.is_isometric = false;
                }
                Generators::Reparametrised { inner } => {
                    let free = Reparametrised::of(&found.program)?;
                    (found.generators, found.program) = ((**inner).clone(), free.program.clone());
                    found.lifts.push(Lift::Reparametrised(Box::new(free)));
                    found.is_isometric = false;
                }
                Generators::Skipless { inner } => {
                    let skips = Skips::of(&found.program)?;
                    (found.generators, found.program) = ((**inner).clone(), skips.program.clone());
                    found.lifts.push(Lift::Skipless(Box::new(skips)));
                }
                Generators::Assembled { .. } | Generators::Cut { .. } | Generators::Split { .. } => return None,
                _ => return Some(found),
            }
        }
    }

    /// Weights of the model in these coordinates.
    pub fn lifted<'w>(&self, weights: &'w Weights) -> Cow<'w, Weights> {
        self.lifts.iter().fold(Cow::Borrowed(weights), |at, lift| {
            Cow::Owned(match lift {
                Lift::Cut(cuts) => cuts.lifted(&at),
                Lift::Centred(about) => {
                    let mut moved = at.into_owned();
                    about.1.shift(&about.0, &mut moved, false);
                    moved
                }
                Lift::Assembled(about) => assembled::lifted(&about.1, &about.0, &at),
                Lift::Reparametrised(free) => reparametrised::lifted(free, &at),
                Lift::Skipless(skips) => skips.lifted(&at),
            })
        })
    }
}
