//! What a proof has to say about a program.

use super::TRUE_SIZES;
use super::assumption::Assumption;
use super::budget::MEMORY;
use super::soundness::Refutation;
use super::subject::Subjects;
use super::{Doubt, Numbers};
use sym_diagnostics::{Code, Diagnostic, FileId, Span};
use sym_infer::Symmetries;
use sym_infer::choices::Chooser;
use sym_ir::Program;

fn place(program: &Program) -> Span {
    program.nodes.last().map_or(Span::new(FileId(0), 0, 0), |node| node.span)
}

/// A derived symmetry that does not hold: `claims` are those of the space's number.
pub(super) fn refuted(program: &Program, claims: &Symmetries, refutation: &Refutation) -> Diagnostic {
    let space = &claims.spaces[refutation.space];
    let message = format!(
        "{} on `{}` changes the output of `{}` by {:.1e} of its size: {}",
        space.group, space.name, program.name, refutation.difference, refutation.element
    );
    let diagnostic = derived(program, claims, refutation.space, message);
    match &refutation.first {
        Some((name, span)) => {
            diagnostic.cause(*span, format!("{name} is the first operation whose value changes and should not"))
        }
        None => diagnostic,
    }
}

/// A derived continuous symmetry along whose directions the output changes.
pub(super) fn moving(program: &Program, claims: &Symmetries, space: usize, residual: f64) -> Diagnostic {
    let message = format!(
        "a claimed flat direction on `{}` moves the output of `{}`: J t is {residual:.1e} of |J| |t|",
        claims.spaces[space].name, program.name
    );
    derived(program, claims, space, message)
}

/// A declared symmetry that does not hold.
pub(super) fn assumption_refuted(program: &Program, assumption: &Assumption, refutation: &Refutation) -> Diagnostic {
    let message = format!(
        "`{}` is wrong: {} changes the output of `{}` by {:.1e} of its size",
        assumption.text, refutation.element, program.name, refutation.difference
    );
    let diagnostic = assumed(assumption, message);
    match &refutation.first {
        Some((name, span)) => {
            diagnostic.cause(*span, format!("{name} is the first operation whose value changes and should not"))
        }
        None => diagnostic,
    }
}

/// A declared continuous symmetry along whose directions the output changes.
pub(super) fn assumption_moves(program: &Program, assumption: &Assumption, residual: f64) -> Diagnostic {
    let message = format!(
        "`{}` is wrong: a direction of the group moves the output of `{}`, J t is {residual:.1e} of |J| |t|",
        assumption.text, program.name
    );
    assumed(assumption, message)
}

/// A declared symmetry of a group on another number of units.
pub(super) fn assumption_of_size(assumption: &Assumption, size: u128) -> Diagnostic {
    let message = format!("`{}` is wrong: `{}` has {size} units", assumption.text, assumption.space);
    Diagnostic::new(Code::E0302, assumption.span, message)
        .found(format!("a group on {} units", assumption.group.size))
        .expected(format!("one on {size}"))
        .help(format!("write `{}({size})`, or no size", assumption.group.name))
}

fn assumed(assumption: &Assumption, message: String) -> Diagnostic {
    Diagnostic::new(Code::E0302, assumption.span, message)
        .label(format!("no action of {} on the units of `{}` keeps the function", assumption.group.name, assumption.space))
        .found("a change of the function")
        .expected("none beyond rounding")
        .help(format!("remove the item, or assume a smaller group on `{}`", assumption.space))
}

fn derived(program: &Program, claims: &Symmetries, space: usize, message: String) -> Diagnostic {
    let space = &claims.spaces[space];
    let parameter = space.acts_on.first().and_then(|action| program.parameters.get(action.parameter.0 as usize));
    Diagnostic::new(Code::E0302, parameter.map_or_else(|| place(program), |parameter| parameter.span), message)
        .found("a change of the function")
        .expected("none beyond rounding")
        .help("report this model: a derived symmetry must hold")
}

/// A count of directions that numbers do not decide.
pub(super) fn undecided(program: &Program, message: String) -> Diagnostic {
    Diagnostic::new(Code::E0304, place(program), message).help("read the table as derived, not as proved complete")
}

/// Soundness at true sizes beyond the memory limit.
pub(super) fn too_large(program: &Program, bytes: u128) -> String {
    format!(
        "a check of `{}` at its own sizes takes about {:.1} GiB; the limit is {} GiB",
        program.name,
        bytes as f64 / f64::from(1 << 30),
        MEMORY >> 30
    )
}

/// What the counts at all subjects say: at most one diagnostic.
pub(super) fn count(program: &Program, subjects: &Subjects, all: &[Numbers]) -> Option<Diagnostic> {
    if let Some((unclear, reason)) = all.iter().find_map(|numbers| Some((numbers, reason(numbers)?))) {
        let message = format!("the flat directions of `{}` could not be counted: {reason}", program.name);
        return Some(undecided_directions(program, unclear, message));
    }
    if let Some(worst) = all.iter().max_by_key(|numbers| numbers.unexplained).filter(|numbers| numbers.unexplained > 0) {
        let diagnostic = unexplained(program, worst);
        if all.len() == 1 {
            return Some(diagnostic);
        }
        let counts = all.iter().map(|numbers| format!("{} of {}", numbers.unexplained, numbers.flat)).collect::<Vec<_>>();
        return Some(diagnostic.found(format!("{} flat directions at {} assignments of sizes", counts.join(", "), all.len())));
    }
    let missing = subjects.missing.as_ref()?;
    Some(undecided(program, format!("`{}` has more than {TRUE_SIZES} parameters, and {missing}", program.name)))
}

/// Why a count is undecided, in words.
pub(super) fn reason(numbers: &Numbers) -> Option<String> {
    let examples = numbers.examples;
    Some(match numbers.doubt? {
        Doubt::Rounding => format!("the smallest singular value is {:.1e} of the largest", numbers.smallest),
        Doubt::Rows => format!("{examples} inputs do not show all, and more do not fit into memory"),
        Doubt::Activity => {
            let active = numbers.least_active.unwrap_or_default();
            format!("two connected units are active together on only {active} of {examples} inputs")
        }
    })
}

/// The parameters that the directions in question move, and where the first of them is declared.
fn moved(program: &Program, numbers: &Numbers) -> (String, Option<Span>) {
    let names = numbers.moved.iter().map(|(path, _)| format!("`{path}`")).collect::<Vec<_>>().join(", ");
    let first = numbers.moved.first().and_then(|(path, _)| program.parameters.iter().find(|parameter| parameter.path == *path));
    (names, first.map(|parameter| parameter.span))
}

/// Directions of which numbers do not say whether they are flat.
fn undecided_directions(program: &Program, numbers: &Numbers, message: String) -> Diagnostic {
    let (names, span) = moved(program, numbers);
    let Some(span) = span else { return undecided(program, message) };
    let few = numbers.unexplained == 1;
    let count = format!("{} undecided direction{}", numbers.unexplained, if few { "" } else { "s" });
    Diagnostic::new(Code::E0304, span, message)
        .label(format!("the undecided direction{} {names}", if few { " moves" } else { "s move" }))
        .found(count)
        .expected("directions that are flat, or are not, beyond rounding")
        .help("read the table as derived, not as proved complete")
}

/// Directions of parameters that decide nothing but a choice, at the first subject that has any.
pub(super) fn choices(subjects: &Subjects, all: &[Numbers]) -> Option<Diagnostic> {
    let (subject, numbers) = subjects.found.iter().zip(all).find(|(_, numbers)| numbers.undecided > 0)?;
    Some(choices_of(&subject.program, numbers))
}

/// Directions of parameters that decide nothing but a choice.
pub(super) fn choices_of(program: &Program, numbers: &Numbers) -> Diagnostic {
    let path = |chooser: &Chooser| format!("`{}`", program.parameter(chooser.parameter).path);
    let names = numbers.choosers.iter().map(path).collect::<Vec<_>>().join(", ");
    let message = format!(
        "{} of the {} flat directions of `{}` are no symmetry, only invisible while a choice stays",
        numbers.undecided, numbers.flat, program.name
    );
    let span = numbers.choosers.first().map_or_else(|| place(program), |chooser| program.node(chooser.choice).span);
    Diagnostic::new(Code::E0304, span, message)
        .label(format!("{names} decide{} here which entry is the largest, and nothing else", if numbers.choosers.len() == 1 { "s" } else { "" }))
        .found(format!("{} undecided direction{}", numbers.undecided, if numbers.undecided == 1 { "" } else { "s" }))
        .expected("directions along which outputs change smoothly, or never")
        .help("outputs jump where another entry becomes the largest: derivatives say nothing of these weights, in proofs as in training")
}

/// Flat directions that no symmetry explains.
fn unexplained(program: &Program, numbers: &Numbers) -> Diagnostic {
    let (names, span) = moved(program, numbers);
    let span = span.unwrap_or_else(|| place(program));
    let message = format!(
        "{} of the {} flat directions of `{}` follow from no derived symmetry",
        numbers.unexplained, numbers.flat, program.name
    );
    Diagnostic::new(Code::E0303, span, message)
        .label(format!("they move {names}"))
        .found(format!("{} flat directions", numbers.flat))
        .expected(format!("{}, the dimension that the symmetries explain", numbers.explained))
        .help("compare the widths: a layer may have more units than its neighbours can tell apart")
}
