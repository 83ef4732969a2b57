//! `theorem NAME on MODEL { state … optim … steps … expect divergence < 1e-9 }`.

use super::fields::{Fields, Schema};
use super::initial::unmatched;
use super::reporter::Reporter;
use super::train::LOSSES;
use super::values::{name, positive, selector as selector_of, size, whole, word};
use super::{Elaborator, fit, optimizer};
use crate::experiment::{Loss, Optimizer, StateClause, StateVerb, Theorem};
use crate::intervention::Instance;
use crate::{Program, selector};
use sym_diagnostics::{Code, Diagnostic, Sources, Span};
use sym_syntax::ast::{self, Axis, Comparison, Expr, ExprKind, FieldValue};

const SCHEMA: Schema = Schema {
    known: &["state", "data", "loss", "optim", "steps", "reproject", "seed", "init", "expect", "profile"],
    repeatable: &["state", "expect"],
};

/// The largest relative divergence allowed where the theorem does not say `expect divergence < …`.
const TOLERANCE: f64 = 1e-9;

/// What a theorem may bound.
const BOUNDED: [&str; 2] = ["divergence", "least_squares"];

impl Elaborator<'_> {
    pub(super) fn theorem(&mut self, theorem: &ast::Theorem, span: Span) {
        let name = theorem.name.text.clone();
        let fields = Fields::resolve(
            (format!("theorem `{name}`"), theorem.name.span),
            &theorem.fields,
            &SCHEMA,
            self.profile,
            &self.overrides.of(&name),
            &mut self.reporter,
        );
        let before = self.reporter.count();
        let model = self.models.instantiate(&theorem.model);
        let data_expr = fields.expr("data", &mut self.reporter).cloned();
        let data = data_expr.as_ref().map(|expr| self.data_named(expr));
        let reporter = &mut self.reporter;
        let loss_expr = fields.expr("loss", reporter);
        let loss = loss_expr.map_or(Some(Loss::Mse), |expr| word(expr, "loss", &LOSSES, reporter));
        let seed = fields.expr("seed", reporter).map_or(Some(0), |expr| whole(expr, "`seed`", 0, reporter));
        let projected = fields
            .expr("init", reporter)
            .map_or(Some(true), |expr| word(expr, "kind of initial weights", &[("projected", true), ("given", false)], reporter));
        let reproject =
            fields.expr("reproject", reporter).map_or(Some(None), |expr| whole(expr, "`reproject`", 1, reporter).map(Some));
        let bounds = bounds(&fields, reporter);
        fields.require("optim", "optim gd(lr: 0.05)", reporter);
        let optimizers: Vec<Optimizer> =
            fields.exprs("optim").iter().filter_map(|expr| optimizer::of_theorem(expr, reporter)).collect();
        let steps = fields.required("steps", "steps 1_000", reporter).and_then(|expr| whole(expr, "`steps`", 1, reporter));
        fields.require("state", "state merge fc1 into 8", reporter);
        let Some((model, Instance { program, .. })) = model else { return };
        let mut state = Vec::new();
        for field in fields.all("state") {
            let FieldValue::State(clauses) = &field.value else { continue };
            state.extend(clauses.iter().filter_map(|clause| state_clause(clause, &program, reporter)));
        }
        if let (Some(Some(data)), Some(expr)) = (&data, &data_expr)
            && data.fresh
        {
            let expected = "a data set without `fresh: true`: both models train on the same examples";
            reporter.bad_value(expr.span, "the data of a theorem", &format!("`{}`, which is fresh", data.name), expected);
        }
        match (&data, loss) {
            (Some(Some(data)), Some(loss)) => {
                let loss_span = loss_expr.or(data_expr.as_ref()).map_or(span, |expr| expr.span);
                fit::check(&program, data, loss, theorem.model.span, loss_span, reporter);
            }
            (None, Some(Loss::CrossEntropy)) => needs_classes(loss_expr.map_or(span, |expr| expr.span), reporter),
            _ => {
                fit::single(&program, theorem.model.span, reporter);
            }
        }
        if reporter.count() > before || self.document.theorems.contains_key(&name) {
            return;
        }
        let (Some(loss), Some(seed), Some(projected), Some(reproject), Some(bounds), Some(steps)) =
            (loss, seed, projected, reproject, bounds, steps)
        else {
            return;
        };
        let data = match data {
            None => None,
            Some(Some(data)) => Some(data.name),
            Some(None) => return,
        };
        let theorem = Theorem {
            name: name.clone(),
            model,
            program,
            state,
            data,
            loss,
            optimizers,
            steps,
            seed,
            projected,
            reproject,
            tolerance: bounds.divergence,
            least_squares: bounds.least_squares,
            span,
        };
        if !theorem.state.is_empty() && !theorem.optimizers.is_empty() {
            self.document.theorems.insert(name, theorem);
        }
    }
}

/// Without a data set the targets are those of a random teacher: numbers, not classes.
fn needs_classes(span: Span, reporter: &mut Reporter) {
    reporter.push(
        Diagnostic::new(Code::E0220, span, "`cross_entropy` needs classes, and the theorem has no `data`")
            .label("needs class numbers")
            .found("targets of a random teacher")
            .expected("a data set with classes")
            .help("add `data Digits`, or remove `loss cross_entropy`"),
    );
}

/// What a theorem claims beside its state.
struct Bounds {
    divergence: f64,
    least_squares: Option<f64>,
}

/// `expect divergence < 1e-9`, `expect least_squares < 1e-6`.
fn bounds(fields: &Fields, reporter: &mut Reporter) -> Option<Bounds> {
    let mut given: [Option<(f64, Span)>; 2] = [None, None];
    let mut sound = true;
    for field in fields.all("expect") {
        let FieldValue::Claim(claim) = &field.value else { return None };
        let word = name(&claim.left).filter(|_| matches!(claim.comparison, Comparison::Less | Comparison::LessOrEqual));
        let Some(at) = BOUNDED.iter().position(|bounded| word == Some(bounded)) else {
            let found = reporter.text(claim.span);
            let message = format!("a theorem expects `divergence < …` or `least_squares < …`, not `{found}`");
            reporter.push(
                Diagnostic::new(Code::E0211, claim.span, message)
                    .label("no bound on what a theorem measures")
                    .found(format!("`{found}`"))
                    .expected("`divergence < 1e-9` or `least_squares < 1e-6`"),
            );
            sound = false;
            continue;
        };
        if let Some((_, first)) = given[at] {
            reporter.duplicate(claim.span, first, &format!("the bound on `{}`", BOUNDED[at]));
            sound = false;
        }
        match positive(&claim.right, &format!("the bound on `{}`", BOUNDED[at]), reporter) {
            Some(bound) => given[at] = Some((bound, claim.span)),
            None => sound = false,
        }
    }
    let [divergence, least_squares] = given.map(|bound| bound.map(|(bound, _)| bound));
    sound.then(|| Bounds { divergence: divergence.unwrap_or(TOLERANCE), least_squares })
}

/// The symmetric state that a text such as `merge fc1 into 8, zero fc2[0..4]` names for a program; diagnostics point into the source `name`,
/// which is added.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn states(sources: &mut Sources, name: &str, text: &str, program: &Program) -> Result<Vec<StateClause>, Vec<Diagnostic>> {
    let whole = format!("theorem State on State {{ state {text} }}");
    let file = sources.add(name, &whole);
    let (tree, diagnostics) = sym_syntax::parse(file, &whole);
    // What follows the first is about the text around the states.
    if let Some(first) = diagnostics.into_iter().next() {
        return Err(vec![first]);
    }
    let mut reporter = Reporter::new(sources);
    let fields = tree.items.iter().flat_map(|item| match &item.kind {
        ast::ItemKind::Theorem(theorem) => theorem.fields.as_slice(),
        _ => &[],
    });
    let mut found = Vec::new();
    for field in fields {
        if let FieldValue::State(clauses) = &field.value {
            found.extend(clauses.iter().filter_map(|clause| state_clause(clause, program, &mut reporter)));
        }
    }
    let diagnostics = reporter.finish();
    if diagnostics.is_empty() { Ok(found) } else { Err(diagnostics) }
}

fn state_clause(clause: &ast::StateClause, program: &Program, reporter: &mut Reporter) -> Option<StateClause> {
    let (target, units) = units(&clause.target, program, reporter)?;
    let verb = match clause.verb.text.as_str() {
        "merge" => StateVerb::Merge { classes: amount(clause, "into", reporter)? },
        "merge_signed" => StateVerb::MergeSigned { classes: amount(clause, "into", reporter)? },
        "low_rank" => StateVerb::LowRank { rank: amount(clause, "to", reporter)? },
        "zero" => {
            if let Some(amount) = &clause.amount {
                let found = reporter.text(amount.span);
                reporter.push(
                    Diagnostic::new(Code::E0209, amount.span, format!("`zero` has no place for `{found}`"))
                        .label("one value too many")
                        .found(format!("`{found}`"))
                        .help("name the units in brackets: `zero fc1[0..4]`"),
                );
                return None;
            }
            StateVerb::Zero
        }
        other => {
            reporter.unknown(clause.verb.span, "state", other, ["merge", "merge_signed", "zero", "low_rank"]);
            return None;
        }
    };
    Some(StateClause { verb, target, units, span: clause.span })
}

fn amount(clause: &ast::StateClause, word: &str, reporter: &mut Reporter) -> Option<u128> {
    let verb = &clause.verb.text;
    let Some(amount) = &clause.amount else {
        reporter.push(
            Diagnostic::new(Code::E0210, clause.span, format!("`{verb}` needs to know how many remain"))
                .label(format!("no `{word}` here"))
                .expected(format!("`{word} …`"))
                .help(format!("write `{verb} {} {word} 8`", reporter.text(clause.target.span))),
        );
        return None;
    };
    size(amount, &format!("the number after `{word}`"), 1, reporter)
}

/// `fc1` or `fc1[0..4]`.
fn units(expr: &Expr, program: &Program, reporter: &mut Reporter) -> Option<(String, Option<(u128, u128)>)> {
    let (base, range) = match &expr.kind {
        ExprKind::Index { base, indices } => {
            let [Axis::Expr(range)] = indices.as_slice() else {
                reporter.wrong_type(expr, "a state", "a layer with one range of units, such as `fc1[0..4]`");
                return None;
            };
            (base.as_ref(), Some(range))
        }
        _ => (expr, None),
    };
    let Some(target) = selector_of(base) else {
        reporter.wrong_type(expr, "a state", "a layer such as `fc1`");
        return None;
    };
    // A space of a layer that several have, such as `attn.m`, has a name of its own below it.
    let layer = target.rsplit_once('.').map_or("", |(layer, _)| layer);
    if selector::prefixes(&target, program).is_empty() && selector::prefixes(layer, program).is_empty() {
        reporter.push(unmatched(&target, base.span, program));
        return None;
    }
    let Some(range) = range else { return Some((target, None)) };
    let ExprKind::Range { low, high, inclusive } = &range.kind else {
        let unit = size(range, "a unit", 0, reporter)?;
        return Some((target, Some((unit, unit.saturating_add(1)))));
    };
    let (from, to) = (size(low, "the first unit", 0, reporter)?, size(high, "the last unit", 0, reporter)?);
    let to = to.saturating_add(u128::from(*inclusive));
    if to <= from {
        let found = reporter.text(range.span);
        reporter.bad_value(range.span, "the range of units", &found, "a range of at least one unit");
        return None;
    }
    Some((target, Some((from, to))))
}
