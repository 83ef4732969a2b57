//! What an intervention did: the symmetries before and after it, by kind, compared with what it is said to do.

use crate::interventions::selected;
use std::collections::BTreeMap;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Family, Generators, Group, Space, Symmetries};
use sym_ir::Program;
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};
use sym_ir::intervention::{Change, Edit, InterventionKind, SymmetryKind};

/// How much of a kind there is before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Before the intervention.
    pub before: u128,
    /// After it.
    pub after: u128,
}

/// Amounts of each kind that there is on either side. Units that can be exchanged, signs that can be flipped, and dimensions of the
/// others. A larger group counts as each of the kinds that it contains: GL(n) as n² dimensions of double rotation, n(n − 1)/2 of
/// rotation, n of rescaling, n signs and n units.
pub type Amounts = BTreeMap<SymmetryKind, Amount>;

/// What an intervention did.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Trainable entries; `None` beyond `u128`.
    pub trainable: [Option<u128>; 2],
    /// Symmetries of the model.
    pub model: Amounts,
    /// Those that loss and decay keep.
    pub objective: Amounts,
    /// Those whose fixed sets training does not leave.
    pub dynamics: Amounts,
    /// Those of what it acts on that are left, at the level of its claim.
    left: BTreeMap<SymmetryKind, (u128, Vec<String>)>,
}

/// The training under which objective and dynamics are compared where the file has no `train` item for a model: gradient descent with
/// coupled decay.
pub fn plain_training() -> (Loss, Optimizer) {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    let optimizer = Optimizer { rule, learning_rate: 0.1, decay: 1e-4, decay_kind: DecayKind::Coupled, batch: None };
    (Loss::Mse, optimizer)
}

impl Effect {
    /// What each of successive interventions did: derives the symmetries of every program between them once and compares neighbours.
    pub fn of_all(edits: &[Edit], loss: Loss, optimizer: &Optimizer) -> Vec<Self> {
        let trained = |program: &Program| sym_infer::infer_training(program, &loss, optimizer);
        let Some(first) = edits.first() else { return Vec::new() };
        let mut before = trained(&first.before);
        let compared = |edit: &Edit| {
            let after = trained(&edit.after);
            let sides = [std::mem::replace(&mut before, after.clone()), after];
            Self::between(edit, &sides, optimizer)
        };
        edits.iter().map(compared).collect()
    }

    /// Compares the symmetries of both sides: the same spaces as of the models alone, each with what training keeps of it.
    fn between(edit: &Edit, trained: &[Symmetries; 2], optimizer: &Optimizer) -> Self {
        let sides = [&edit.before, &edit.after];
        let objective = |space: &Space| space.kept.as_ref().map_or(Group::Trivial, |kept| kept.objective.clone());
        let dynamics = |space: &Space| space.kept.as_ref().map_or(Group::Trivial, |kept| kept.dynamics.clone());
        let of_decay = matches!(edit.intervention.kind, InterventionKind::Syre { .. });
        let left = if !of_decay {
            left(edit, &trained[1], &|space: &Space| space.group.clone())
        } else if optimizer.decay_kind == DecayKind::Coupled {
            left(edit, &trained[1], &objective)
        } else {
            left(edit, &trained[1], &dynamics)
        };
        Self {
            trainable: sides.map(Program::trainable_entries),
            model: compare(trained, &|space| space.group.clone()),
            objective: compare(trained, &objective),
            dynamics: compare(trained, &dynamics),
            left,
        }
    }

    /// E0404 where the intervention does not do what it is said to do.
    pub fn refutation(&self, edit: &Edit) -> Option<Diagnostic> {
        let intervention = &edit.intervention;
        let Change { adds, kinds } = intervention.change.as_ref()?;
        let written = &intervention.written;
        for (kind, span) in kinds {
            if *adds {
                let amount = self.model.get(kind).copied().unwrap_or(Amount { before: 0, after: 0 });
                if amount.after <= amount.before {
                    return Some(
                        Diagnostic::new(Code::E0404, *span, format!("`{written}` adds no {kind}"))
                            .label("not added")
                            .found(format!("{kind}: {} before, {} after", amount.before, amount.after))
                            .expected("more after than before"),
                    );
                }
            } else if let Some((count, spaces)) = self.left.get(kind) {
                let level =
                    if matches!(intervention.kind, InterventionKind::Syre { .. }) { "the objective" } else { "the model" };
                return Some(
                    Diagnostic::new(Code::E0404, *span, format!("`{written}` leaves {kind} of {level}"))
                        .label("not removed")
                        .found(format!("{kind}: {count} left, of {}", spaces.join(", ")))
                        .expected("none left on what it acts on"),
                );
            }
        }
        None
    }
}

/// What is left of each kind on what an intervention acts on, with the spaces that have it.
fn left(edit: &Edit, symmetries: &Symmetries, group: &dyn Fn(&Space) -> Group) -> BTreeMap<SymmetryKind, (u128, Vec<String>)> {
    let paths = selected(&edit.before, &edit.intervention);
    let below = |path: &str, whole: &str| path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let acted_on = |path: &str| paths.iter().any(|whole| below(path, whole));
    let mut left: BTreeMap<SymmetryKind, (u128, Vec<String>)> = BTreeMap::new();
    for space in &symmetries.spaces {
        if !space.acts_on.iter().any(|action| acted_on(&edit.after.parameter(action.parameter).path)) {
            continue;
        }
        let mut own = BTreeMap::new();
        add_space(space, &group(space), &mut own);
        for (kind, count) in own.into_iter().filter(|(_, count)| *count > 0) {
            let (total, spaces) = left.entry(kind).or_default();
            *total = total.saturating_add(count);
            spaces.push(space.name.clone());
        }
    }
    left
}

fn compare(sides: &[Symmetries; 2], group: &dyn Fn(&Space) -> Group) -> Amounts {
    let [before, after] = sides.each_ref().map(|symmetries| {
        let mut amounts = BTreeMap::new();
        symmetries.spaces.iter().for_each(|space| add_space(space, &group(space), &mut amounts));
        amounts
    });
    let mut compared = Amounts::new();
    for (_, kind) in SymmetryKind::ALL {
        let amount = Amount {
            before: before.get(&kind).copied().unwrap_or_default(),
            after: after.get(&kind).copied().unwrap_or_default(),
        };
        if amount.before > 0 || amount.after > 0 {
            compared.insert(kind, amount);
        }
    }
    compared
}

/// Adds what a space has of each kind. What frozen entries leave of GL, alone or together with others, is double rotation still.
fn add_space(space: &Space, group: &Group, amounts: &mut BTreeMap<SymmetryKind, u128>) {
    let is_general = |generators: &Generators| matches!(generators, Generators::Matrices { family: Family::General, .. });
    let cut = match &space.generators {
        Generators::Masked { rows, .. } => rows.iter().any(is_general),
        Generators::Assembled { inner, frozen: true } => is_general(inner),
        _ => false,
    };
    if let (true, Group::Directions(dimension)) = (cut, group) {
        let total = amounts.entry(SymmetryKind::DoubleRotation).or_default();
        *total = total.saturating_add(*dimension);
        return;
    }
    add(group, 1, amounts);
}

/// Adds `copies` times what a group has of each kind.
fn add(group: &Group, copies: u128, amounts: &mut BTreeMap<SymmetryKind, u128>) {
    use SymmetryKind::{DoubleRotation, Permutation, Rescaling, Rotation, Sign, Translation};
    let mut more = |kind: SymmetryKind, count: u128| {
        let total = amounts.entry(kind).or_default();
        *total = total.saturating_add(count.saturating_mul(copies));
    };
    let units = |n: u128| if n >= 2 { n } else { 0 };
    let pairs = |n: u128| n.saturating_mul(n.saturating_sub(1)) / 2;
    match group {
        Group::Trivial => {}
        Group::GeneralLinear(n) => {
            more(DoubleRotation, n.saturating_mul(*n));
            more(Rotation, pairs(*n));
            more(Rescaling, *n);
            more(Sign, *n);
            more(Permutation, units(*n));
        }
        Group::Orthogonal(n) => {
            more(Rotation, pairs(*n));
            more(Sign, *n);
            more(Permutation, units(*n));
        }
        Group::OrthogonalFixingOnes(n) => {
            more(Rotation, pairs(n.saturating_sub(1)));
            more(Permutation, units(*n));
        }
        Group::Form(n) => more(Rotation, pairs(*n)),
        Group::Complex(pairs) => {
            more(Rotation, *pairs);
            more(Rescaling, *pairs);
        }
        Group::Unitary(pairs) => more(Rotation, *pairs),
        Group::Rescaling { dim, signed } => {
            more(Rescaling, *dim);
            more(Sign, if *signed { *dim } else { 0 });
        }
        Group::Translation(n) | Group::Directions(n) => more(Translation, *n),
        Group::Turns { count, halves } => {
            more(Translation, *count);
            more(Sign, if *halves { *count } else { 0 });
        }
        Group::Signs(n) => more(Sign, *n),
        Group::Product(parts) => parts.iter().for_each(|part| add(part, copies, amounts)),
        Group::Wreath { inner, copies: count, permuted } => {
            if *permuted {
                more(Permutation, units(*count));
            }
            add(inner, copies.saturating_mul(*count), amounts);
        }
        units_group => {
            if let Some((n, factors, signs)) = units_group.units() {
                more(Permutation, units(n));
                more(Rescaling, n.saturating_mul(factors));
                more(Sign, n.saturating_mul(signs));
            }
        }
    }
}
