//! Claims: what `expect` items state, judged by symmetries and measured curves, and what `assume` items declare.

mod correlation;
mod evidence;
mod group;
mod number;
#[cfg(test)]
mod tests;

pub use correlation::{slope, spearman};
pub use evidence::{Curve, Evidence, SweepCurves, breakings};
pub use number::{at, change, index};

use crate::proof::Assumption;
use number::Number;
use serde::Serialize;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_infer::Group;
use sym_ir::experiment::{Carrier, Claim, Quantity};
use sym_ir::selector;
use sym_syntax::ast::Comparison;

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is true.
    Holds,
    /// It is false, or one of its sides has no value.
    Fails,
    /// The user declares it.
    Assumed,
    /// A run has to decide it.
    Undecided,
}

/// A judged claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The claim as written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// How it stands.
    pub outcome: Outcome,
    /// The value of its left side; `None` while undecided.
    pub found: Option<String>,
    /// The comparison with the value of its right side, such as `> 0.94`.
    pub expected: Option<String>,
    /// E0301 where it fails, E0306 where it is assumed and does not follow from the rules, E0307 where it does.
    pub diagnostic: Option<Diagnostic>,
}

/// Judges an `expect` item. One that needs a run is undecided while [`Evidence::curves`] knows nothing of it.
pub fn evaluate(claim: &Claim, evidence: &dyn Evidence) -> Verdict {
    let Some(judged) = judge(claim, evidence) else { return verdict(claim, Outcome::Undecided, None, None) };
    if judged.holds {
        return verdict(claim, Outcome::Holds, Some(judged), None);
    }
    let diagnostic = Diagnostic::new(Code::E0301, claim.span, format!("`{}` does not hold", claim.text))
        .label(judged.reason.clone().unwrap_or_else(|| format!("found {}", judged.found)))
        .found(judged.found.clone())
        .expected(judged.expected.clone());
    verdict(claim, Outcome::Fails, Some(judged), Some(diagnostic))
}

/// Judges an `assume` item: it holds where it follows from the rules, which is worth a note, and is assumed otherwise.
pub fn assume(claim: &Claim, evidence: &dyn Evidence) -> Verdict {
    let Some(judged) = judge(claim, evidence) else { return verdict(claim, Outcome::Assumed, None, None) };
    if judged.holds {
        let message = format!("`{}` is derived: the assumption adds nothing", claim.text);
        let diagnostic = Diagnostic::new(Code::E0307, claim.span, message)
            .label(format!("derived: {}", judged.found))
            .help("write `expect` instead of `assume` to have it tested");
        return verdict(claim, Outcome::Holds, Some(judged), Some(diagnostic));
    }
    let message = format!("`{}` is assumed: it does not follow from the rules", claim.text);
    let testable = Assumption::of(claim).is_some_and(|assumption| assumption.is_testable());
    let help = if testable {
        "`symc check --verify` tests it with numbers"
    } else {
        "numbers cannot test this claim: nothing but the file speaks for it"
    };
    let diagnostic = Diagnostic::new(Code::E0306, claim.span, message)
        .help(help)
        .label(format!("derived: {}", judged.found))
        .found(judged.found.clone())
        .expected(judged.expected.clone());
    verdict(claim, Outcome::Assumed, Some(judged), Some(diagnostic))
}

fn verdict(claim: &Claim, outcome: Outcome, judged: Option<Judged>, diagnostic: Option<Diagnostic>) -> Verdict {
    let (found, expected) = judged.map(|judged| (judged.found, judged.expected)).unzip();
    Verdict { text: claim.text.clone(), span: claim.span, outcome, found, expected, diagnostic }
}

/// A comparison with both of its sides known.
struct Judged {
    holds: bool,
    found: String,
    expected: String,
    /// Why a side has no value.
    reason: Option<String>,
}

/// `None` where a run has to come first.
fn judge(claim: &Claim, evidence: &dyn Evidence) -> Option<Judged> {
    let grouped = |side: &Quantity| matches!(side, Quantity::Group(_) | Quantity::Symmetry { .. });
    if grouped(&claim.left) || grouped(&claim.right) { Some(groups(claim, evidence)) } else { numbers(claim, evidence) }
}

fn numbers(claim: &Claim, evidence: &dyn Evidence) -> Option<Judged> {
    let sign = sign(claim.comparison);
    let undefined =
        |found: String, expected: String, reason: String| Some(Judged { holds: false, found, expected, reason: Some(reason) });
    match (number::of(&claim.left, evidence), number::of(&claim.right, evidence)) {
        (Number::NotYet, _) | (_, Number::NotYet) => None,
        (Number::Undefined(reason), Number::Known(right, _)) => {
            undefined(format!("no value: {reason}"), format!("{sign} {}", number::text(right)), reason)
        }
        (Number::Undefined(reason), Number::Undefined(_)) => {
            undefined(format!("no value: {reason}"), "a number".to_string(), reason)
        }
        (Number::Known(left, _), Number::Undefined(reason)) => {
            undefined(number::text(left), format!("{sign} a number, but: {reason}"), reason)
        }
        (Number::Known(left, note), Number::Known(right, _)) => {
            let holds = match claim.comparison {
                Comparison::Equal => left == right,
                Comparison::NotEqual => left != right,
                Comparison::Less => left < right,
                Comparison::LessOrEqual => left <= right,
                Comparison::Greater => left > right,
                Comparison::GreaterOrEqual => left >= right,
            };
            let found = note.map_or_else(|| number::text(left), |note| format!("{}, {note}", number::text(left)));
            Some(Judged { holds, found, expected: format!("{sign} {}", number::text(right)), reason: None })
        }
    }
}

fn groups(claim: &Claim, evidence: &dyn Evidence) -> Judged {
    let (left, right) = (derived(&claim.left, evidence), derived(&claim.right, evidence));
    let (left, right) = (side(&claim.left, left.clone(), right.clone()), side(&claim.right, right, left));
    let holds = match (&left, &right) {
        (Ok(left), Ok(right)) => match claim.comparison {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::GreaterOrEqual => left.contains(right),
            Comparison::Greater => left.contains(right) && left != right,
            Comparison::LessOrEqual => right.contains(left),
            Comparison::Less => right.contains(left) && left != right,
        },
        // A kind of group of which the other side has no part: different from it.
        _ => claim.comparison == Comparison::NotEqual,
    };
    let text = |side: Result<Group, String>| side.map_or_else(|kind| kind, |group| group.to_string());
    Judged { holds, found: text(left), expected: format!("{} {}", sign(claim.comparison), text(right)), reason: None }
}

/// The group that the analysis gives a side, where it is a `symmetry(…)`.
fn derived(quantity: &Quantity, evidence: &dyn Evidence) -> Option<Group> {
    let Quantity::Symmetry { model, space, of } = quantity else { return None };
    // A layer without a symmetry has the trivial group; a name that neither a layer nor a space has, none.
    if let Some(name) = space
        && evidence.program(model).is_some_and(|program| selector::prefixes(name, program).is_empty())
        && evidence.symmetries(model, Carrier::Model).is_some_and(|found| found.spaces.iter().all(|space| space.name != *name))
    {
        return None;
    }
    evidence.symmetries(model, *of).map(|symmetries| group::of(symmetries, space.as_deref(), *of))
}

/// The group of a side; a name without a size takes that of the other side. Otherwise words for what it is.
fn side(quantity: &Quantity, own: Option<Group>, other: Option<Group>) -> Result<Group, String> {
    match (own, quantity) {
        (Some(group), _) => Ok(group),
        (None, Quantity::Group(name)) => {
            let named = group::named(name, &other.unwrap_or(Group::Trivial));
            named.map(|group| group::normal(&group)).ok_or_else(|| format!("{} of any size", name.name))
        }
        (None, Quantity::Symmetry { model, space: Some(name), .. }) => Err(format!("no space `{name}` in `{model}`")),
        (None, _) => Err("no analysis".to_string()),
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}
