//! What the declared training keeps: the model's, the objective's and the dynamics' symmetry are three things.

use crate::centres::Centres;
use crate::cuts::with_cuts;
use crate::infer::Analysis;
use crate::masks::with_masks;
use crate::skips;
use crate::splits::with_splits;
use crate::symmetries::{Class, Generators, Group, Kept, Symmetries};
use sym_ir::Program;
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};

/// The symmetries of a model with [`Kept`] filled in for a loss and an optimiser. A loss that forgets more than the model adds spaces
/// on which the model's own group is trivial.
///
/// The objective keeps what leaves the loss and a coupled decay ½γ‖θ‖² alone. The dynamics keep those of its elements whose fixed
/// sets training does not leave: all linear ones under gradient descent (Fix(G) = Fix(Gᵀ) holds for every group here), signed
/// permutations of coordinates under Adam, and no θ-dependent ones under any decay.
pub fn infer_training(program: &Program, loss: &Loss, optimizer: &Optimizer) -> Symmetries {
    let of_cuts = |program: &Program| with_splits(program, |program| of_split(program, *loss, optimizer));
    with_masks(program, |program| with_cuts(program, of_cuts))
}

fn of_split(program: &Program, loss: Loss, optimizer: &Optimizer) -> Symmetries {
    let centres = Centres::of(program);
    let effective = centres.as_ref().map_or(program, |centres| &centres.program);
    let analysis = Analysis::of(effective);
    let mut symmetries = skips::symmetries(effective);
    if loss == Loss::CrossEntropy {
        symmetries.spaces.extend(analysis.logit_shifts(&symmetries));
    }
    let coupled = optimizer.decay > 0.0 && optimizer.decay_kind == DecayKind::Coupled;
    let mut spaces = Vec::new();
    for space in symmetries.spaces {
        let affine = space.class == Class::Affine;
        let rows = centres.as_ref().map_or_else(|| vec![space.clone()], |centres| centres.translated(space.clone()));
        for mut row in rows {
            let of_loss = match (&row.group, &row.generators) {
                // A shift of the logits, which the model sees and the loss does not.
                (Group::Trivial, Generators::Kernels { .. }) => Group::Translation(row.directions(program)),
                (group, _) => group.clone(),
            };
            let decayed = |group: &Group| if affine { linear_part(group) } else { group.orthogonal_part() };
            let objective = if coupled { decayed(&of_loss) } else { of_loss };
            let dynamics = match optimizer.rule {
                Rule::Adam { .. } if affine => linear_part(&objective),
                Rule::Adam { .. } => objective.coordinate_part(),
                Rule::Sgd { .. } if affine && optimizer.decay > 0.0 => linear_part(&objective),
                Rule::Sgd { .. } => objective.clone(),
            };
            // What acts about a centre other than 0, or on one factor of a product, is broken by any decay towards 0.
            let offset = affine
                && matches!(
                    row.generators,
                    Generators::Assembled { .. } | Generators::Reparametrised { .. } | Generators::Skipless { .. }
                );
            let about = centres.as_ref().is_some_and(|centres| centres.moves(&row)) && row.class == Class::Affine;
            let broken = |group: Group, by: bool| if (offset || about) && by { Group::Trivial } else { group };
            let spread = row.acts_on.iter().any(|action| effective.parameter(action.parameter).role.decay_spread.is_some());
            let unequal = |group: Group, by: bool| if spread && by { group.sign_part() } else { group };
            let (objective, dynamics) = (unequal(objective, coupled), unequal(dynamics, optimizer.decay > 0.0));
            row.kept = Some(Kept { objective: broken(objective, coupled), dynamics: broken(dynamics, optimizer.decay > 0.0) });
            spaces.push(row);
        }
    }
    symmetries.spaces = spaces;
    let kept = |space: &crate::Space| space.kept.as_ref().is_some_and(|kept| kept.objective != Group::Trivial);
    symmetries
        .spaces
        .retain(|space| !matches!(space.generators, Generators::Kernels { .. }) || space.group != Group::Trivial || kept(space));
    symmetries
}

/// Of an affine group (with shifts) the permutations, which are linear.
fn linear_part(group: &Group) -> Group {
    match group.units() {
        Some((n, ..)) => Group::of_units(n, 0, 0),
        None => Group::Trivial,
    }
}
