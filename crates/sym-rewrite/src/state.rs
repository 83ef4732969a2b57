//! From the clauses of a symmetric state to signed maps of units.

use crate::strata::Position;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::{Action, Class, Frame, Generators, Group, Space, Symmetries};
use sym_ir::experiment::{StateClause, StateVerb};
use sym_ir::{ParameterId, Program};

/// What a state does to the units of one space.
#[derive(Debug, Clone)]
pub(crate) struct UnitMap {
    /// The position of the space in [`Symmetries::spaces`].
    pub space: usize,
    /// What becomes of each unit. Units that one reflection takes away together share its number.
    pub units: Vec<Position>,
    /// The number of units in each class.
    pub multiplicities: Vec<usize>,
}

impl UnitMap {
    /// Whether every class has the same number of units, and which.
    pub fn uniform(&self) -> Option<usize> {
        let first = *self.multiplicities.first()?;
        self.multiplicities.iter().all(|&count| count == first).then_some(first)
    }

    /// Whether some unit vanishes.
    pub fn drops(&self) -> bool {
        self.units.iter().any(|unit| matches!(unit, Position::Dropped { .. }))
    }
}

/// A symmetric state of one space: what becomes of each of its units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassedSpace {
    /// The position of the space in [`Symmetries::spaces`].
    pub space: usize,
    /// By unit.
    pub units: Vec<UnitClass>,
}

/// What becomes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitClass {
    /// It is one of a class of equal units, or the negative of those. Classes are numbered from 0 without gaps.
    Of {
        /// The class.
        class: usize,
        /// Whether it is their negative.
        negative: bool,
    },
    /// It has no weights: a sign or scale of its own takes them away. Units of a linear layer vanish together.
    Vanishing,
}

/// Takes given classes, or says why one of the states is no fixed set of a symmetry that the model has.
pub(crate) fn chosen_maps(
    program: &Program,
    symmetries: &Symmetries,
    state: &[ClassedSpace],
) -> Result<Vec<UnitMap>, Vec<Diagnostic>> {
    let map = |chosen: &ClassedSpace| chosen_map(program, &symmetries.spaces[chosen.space], chosen).map_err(|error| vec![*error]);
    state.iter().map(map).collect()
}

/// Whether a state of these verbs is the fixed set of a subgroup, acting as the reduction can follow it.
pub fn has_state(space: &Space, verb: StateVerb) -> bool {
    space.acts_on.iter().any(|action| action.axis.is_some()) && has_subgroup(space, verb)
}

fn chosen_map(program: &Program, space: &Space, chosen: &ClassedSpace) -> Result<UnitMap, Box<Diagnostic>> {
    let refused = |message: String| Box::new(Diagnostic::without_span(Code::E0401, message));
    let classes = chosen.units.iter().filter_map(|unit| match unit {
        UnitClass::Of { class, .. } => Some(class + 1),
        UnitClass::Vanishing => None,
    });
    let mut multiplicities = vec![0; classes.max().unwrap_or(0)];
    let first = chosen.units.iter().position(|unit| *unit == UnitClass::Vanishing);
    // A reflection of a linear group takes away all at once what single signs take away one by one.
    let together = has_state(space, StateVerb::LowRank { rank: 1 });
    let mut units = Vec::with_capacity(chosen.units.len());
    for (at, unit) in chosen.units.iter().enumerate() {
        units.push(match *unit {
            UnitClass::Of { class, negative } => {
                multiplicities[class] += 1;
                Position::Kept { class, negative }
            }
            UnitClass::Vanishing => Position::Dropped { reflection: first.filter(|_| together).unwrap_or(at) },
        });
    }
    if units.len() as u128 != space.size || multiplicities.is_empty() || multiplicities.contains(&0) {
        return Err(refused(format!("no classes of the {} units of `{}`", space.size, space.name)));
    }
    let negative = chosen.units.iter().any(|unit| matches!(unit, UnitClass::Of { negative: true, .. }));
    let merged = multiplicities.iter().any(|&count| count > 1);
    let needed = [
        (negative, StateVerb::MergeSigned { classes: 1 }),
        (merged && !negative, StateVerb::Merge { classes: 1 }),
        (first.is_some() && !together, StateVerb::Zero),
    ];
    match needed.iter().find(|(needed, verb)| *needed && !has_state(space, *verb)) {
        Some((_, verb)) => {
            Err(refused(format!("`{}` has no state of `{}` that needs {}", program.name, space.name, needs(*verb))))
        }
        None => Ok(UnitMap { space: chosen.space, units, multiplicities }),
    }
}

/// Reads all clauses, or says why one of them is no fixed set of a symmetry that the model has.
pub(crate) fn unit_maps(
    program: &Program,
    symmetries: &Symmetries,
    clauses: &[StateClause],
) -> Result<Vec<UnitMap>, Vec<Diagnostic>> {
    let mut diagnostics = Vec::new();
    let mut by_space: Vec<(usize, Vec<&StateClause>)> = Vec::new();
    for clause in clauses {
        match checked_space(program, symmetries, clause) {
            Ok(space) => match by_space.iter_mut().find(|(other, _)| *other == space) {
                Some((_, clauses)) => clauses.push(clause),
                None => by_space.push((space, vec![clause])),
            },
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let mut maps = Vec::new();
    for (space, clauses) in by_space {
        match combine(symmetries, space, &clauses) {
            Ok(map) => maps.push(map),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    if diagnostics.is_empty() { Ok(maps) } else { Err(diagnostics) }
}

/// The space of a clause whose group has the subgroup that the clause needs.
fn checked_space(program: &Program, symmetries: &Symmetries, clause: &StateClause) -> Result<usize, Box<Diagnostic>> {
    let on_units = |space: &Space| space.acts_on.iter().any(|action| action.axis.is_some());
    let named = symmetries.spaces.iter().enumerate().filter(|(_, space)| space.name == clause.target);
    // A layer may carry several symmetries (units, and a trade of biases): the state concerns the one that has its subgroup.
    let candidates: Vec<(usize, &Space)> = named.collect();
    let holds = |space: &Space| {
        has_subgroup(space, clause.verb) || clause.verb == StateVerb::Zero && vanish_with_their_matrices(symmetries, space)
    };
    if let Some(&(at, _)) = candidates.iter().find(|(_, space)| on_units(space) && holds(space)) {
        return Ok(at);
    }
    let Some(&(_, space)) = candidates.first() else {
        let names = symmetries.spaces.iter().filter(|space| on_units(space)).map(|space| space.name.as_str());
        let message = format!("`{}` has no symmetry on `{}`", program.name, clause.target);
        return Err(Box::new(
            Diagnostic::new(Code::E0401, clause.span, message)
                .label("nothing moves these units")
                .found("no symmetry there: what an input or an output carries is fixed")
                .expected(needs(clause.verb))
                .suggest(&clause.target, names),
        ));
    };
    Err(Box::new(refusal(program, space, clause)))
}

fn refusal(program: &Program, space: &Space, clause: &StateClause) -> Diagnostic {
    let (verb, help) = match clause.verb {
        StateVerb::Merge { .. } => ("merged", "choose a layer whose units are permuted"),
        StateVerb::MergeSigned { .. } => ("sign-merged", "use `merge`, or an odd activation such as `tanh`"),
        StateVerb::Zero => ("zeroed", "use `merge`, or an activation with a sign or scale symmetry such as `tanh` or `relu`"),
        StateVerb::LowRank { .. } => {
            ("cut to a lower rank", "use `merge`, or remove what stands between the layer and its reader")
        }
    };
    let message = format!("the units of `{}` cannot be {verb}: `{}` has no such symmetry there", clause.target, program.name);
    let diagnostic = Diagnostic::new(Code::E0401, clause.span, message)
        .label(format!("the group on `{}` is {}", space.name, space.group))
        .found(space.group.to_string())
        .expected(needs(clause.verb))
        .help(help);
    match space.reasons.last() {
        Some(reason) if reason.span != clause.span => diagnostic.cause(reason.span, reason.text.clone()),
        _ => diagnostic,
    }
}

fn needs(verb: StateVerb) -> &'static str {
    match verb {
        StateVerb::Merge { .. } => "a group that contains the permutations of the units",
        StateVerb::MergeSigned { .. } => "a linear group that contains permutations with signs",
        StateVerb::Zero => "a linear group that contains signs or scales of single units",
        StateVerb::LowRank { .. } => "GL(n) or O(n)",
    }
}

/// Whether −1 in every group of matrices that each position of an axis has for itself (GL of each head) changes the sign of a parameter there.
pub(crate) fn has_own_sign(symmetries: &Symmetries, parameter: ParameterId, axis: usize) -> bool {
    let frames = symmetries.spaces.iter().flat_map(|space| match &space.generators {
        Generators::Matrices { frames, .. } => frames.as_slice(),
        _ => &[],
    });
    frames.filter(|frame| frame.parameter == parameter && frame.over.contains(&axis)).count() % 2 == 1
}

/// Whether units of a permuted space can vanish by the signs of matrix groups that each of them has for itself.
fn vanish_with_their_matrices(symmetries: &Symmetries, space: &Space) -> bool {
    let plain =
        matches!(&space.generators, Generators::Units { permuted, .. } if permuted.iter().all(|unit| unit.axes.len() == 1));
    let signed = |action: &Action| action.axis.is_some_and(|axis| has_own_sign(symmetries, action.parameter, axis));
    plain && matches!(space.group, Group::Permutation(_)) && space.acts_on.iter().all(signed)
}

/// Whether the group of a space holds the subgroup whose fixed set a verb names, acting as the reduction can follow it.
fn has_subgroup(space: &Space, verb: StateVerb) -> bool {
    // Units of a space of several parts lie in several parameters.
    let parts = match &space.generators {
        Generators::Parallel { .. } | Generators::Branches { .. } => true,
        Generators::Units { permuted, .. } => permuted.iter().any(|unit| unit.axes.len() > 1),
        _ => false,
    };
    let linear = space.class == Class::Linear && !parts;
    let factors = match &space.group {
        Group::Product(factors) => factors.as_slice(),
        other => std::slice::from_ref(other),
    };
    // The same element of all copies.
    let factors = factors.iter().map(|group| match (group, &space.generators) {
        (Group::Wreath { inner, permuted: false, .. }, Generators::Units { .. })
        | (Group::Wreath { inner, .. }, Generators::Matrices { .. }) => inner,
        (other, _) => other,
    });
    factors.into_iter().any(|group| match (verb, group) {
        (
            StateVerb::Merge { .. },
            Group::Permutation(_)
            | Group::SignedPermutation(_)
            | Group::PositiveMonomial { .. }
            | Group::Monomial { .. }
            | Group::MixedMonomial { .. },
        ) => space.class != Class::Gauge && !parts,
        // Permutations move gains along.
        (StateVerb::Merge { .. }, Group::GeneralLinear(_) | Group::Orthogonal(_) | Group::OrthogonalFixingOnes(_)) => {
            matches!(space.class, Class::Linear | Class::Gauge) && !parts
        }
        (_, Group::GeneralLinear(_) | Group::Orthogonal(_)) | (StateVerb::MergeSigned { .. }, Group::SignedPermutation(_)) => {
            linear
        }
        // Of several signs a unit's state means the first.
        (StateVerb::MergeSigned { .. }, Group::Monomial { .. } | Group::MixedMonomial { .. }) => {
            let several = group.units().is_none_or(|(.., signs)| signs > 1);
            linear && (!several || matches!(space.generators, Generators::Units { .. }))
        }
        (
            StateVerb::Zero,
            Group::SignedPermutation(_) | Group::PositiveMonomial { .. } | Group::Monomial { .. } | Group::MixedMonomial { .. },
        ) => linear && space.acts_on.iter().all(vanishes),
        _ => false,
    })
}

/// Whether the fixed set of a unit's signs and scales has zeros here.
fn vanishes(action: &Action) -> bool {
    match &action.frame {
        Frame::Primal | Frame::Dual => true,
        Frame::Monomial { degrees, sign } => *sign || degrees.iter().any(|degree| degree.numerator != 0),
        Frame::Shift => false,
    }
}

/// Points at the clause that came first.
fn claimed_twice(diagnostic: Diagnostic, other: Option<&StateClause>) -> Diagnostic {
    let diagnostic = diagnostic
        .label("claims them again")
        .expected("every unit in one clause")
        .help("give the clauses ranges that do not meet, such as `merge fc1[0..4] into 2, zero fc1[4..6]`");
    match other {
        Some(other) => diagnostic.cause(other.span, "claimed here"),
        None => diagnostic,
    }
}

/// Joins the clauses on one space into one map.
fn combine(symmetries: &Symmetries, at: usize, clauses: &[&StateClause]) -> Result<UnitMap, Box<Diagnostic>> {
    let space = &symmetries.spaces[at];
    let size = usize::try_from(space.size).map_err(|_| {
        let message = format!("`{}` has {} units, too many to reduce", space.name, space.size);
        Box::new(Diagnostic::new(Code::E0401, clauses[0].span, message))
    })?;
    let mut owner: Vec<Option<usize>> = vec![None; size];
    // Clauses with a range speak first; those without take what is left.
    let order = (0..clauses.len())
        .filter(|&c| clauses[c].units.is_some())
        .chain((0..clauses.len()).filter(|&c| clauses[c].units.is_none()));
    for c in order {
        let clause = clauses[c];
        let error = |message: String| Diagnostic::new(Code::E0401, clause.span, message);
        if let Some((low, high)) = clause.units {
            if low >= high || high > space.size {
                return Err(error(format!("`{}` has no units {low}..{high}", clause.target))
                    .found(format!("{low}..{high}"))
                    .expected(format!("a range within 0..{size}"))
                    .into());
            }
            let range = low as usize..high as usize;
            if let Some(unit) = range.clone().find(|&unit| owner[unit].is_some()) {
                let message = format!("two clauses of the state claim unit {unit} of `{}`", clause.target);
                return Err(claimed_twice(error(message), owner[unit].map(|other| clauses[other])).into());
            }
            owner[range].fill(Some(c));
        } else {
            let mut free = owner.iter_mut().filter(|owner| owner.is_none()).peekable();
            if free.peek().is_none() {
                let message = format!("two clauses of the state claim the units of `{}`", clause.target);
                return Err(claimed_twice(error(message), owner[0].map(|other| clauses[other])).into());
            }
            free.for_each(|owner| *owner = Some(c));
        }
    }
    // Every unit is taken away by a reflection of its own, until it is kept or shares one.
    let dropped = (0..size).map(|unit| Position::Dropped { reflection: unit });
    let mut map = UnitMap { space: at, units: dropped.collect(), multiplicities: Vec::new() };
    for unit in (0..size).filter(|&unit| owner[unit].is_none()) {
        map.units[unit] = Position::Kept { class: map.multiplicities.len(), negative: false };
        map.multiplicities.push(1);
    }
    for (c, clause) in clauses.iter().enumerate() {
        let units: Vec<usize> = (0..size).filter(|&unit| owner[unit] == Some(c)).collect();
        let (classes, signed) = match clause.verb {
            StateVerb::Zero => continue,
            StateVerb::Merge { classes } => (classes, false),
            StateVerb::MergeSigned { classes } => (classes, true),
            StateVerb::LowRank { rank } => (rank, false),
        };
        if classes == 0 || classes > units.len() as u128 {
            let message = format!("{} units of `{}` cannot form {classes} classes", units.len(), clause.target);
            let diagnostic = Diagnostic::new(Code::E0401, clause.span, message)
                .found(classes.to_string())
                .expected(format!("1 to {}", units.len()));
            return Err(Box::new(diagnostic));
        }
        let classes = classes as usize;
        if matches!(clause.verb, StateVerb::LowRank { .. }) {
            for &unit in &units[..classes] {
                map.units[unit] = Position::Kept { class: map.multiplicities.len(), negative: false };
                map.multiplicities.push(1);
            }
            for &unit in &units[classes..] {
                map.units[unit] = Position::Dropped { reflection: units[classes] };
            }
            continue;
        }
        let mut rest = units.as_slice();
        for class in 0..classes {
            let count = units.len() / classes + usize::from(class < units.len() % classes);
            let (members, others) = rest.split_at(count);
            for (place, &unit) in members.iter().enumerate() {
                map.units[unit] = Position::Kept { class: map.multiplicities.len(), negative: signed && place % 2 == 1 };
            }
            map.multiplicities.push(count);
            rest = others;
        }
    }
    if map.multiplicities.is_empty() {
        let message = format!("no unit of `{}` is left", space.name);
        let diagnostic =
            Diagnostic::new(Code::E0401, clauses[0].span, message).help("leave at least one unit, such as `zero fc1[1..4]`");
        return Err(Box::new(diagnostic));
    }
    Ok(map)
}
