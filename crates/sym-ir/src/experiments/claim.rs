//! `expect` and `assume`: `symmetry(Quick.fc1) == signed_permutation(16)`, `Quick.test_accuracy at end > 0.94`.

use super::arguments::{Arguments, callee};
use super::statistic::one_number;
use super::values::{arithmetic, constant, size, whole, word};
use super::{Elaborator, probe};
use crate::experiment::{Between, Carrier, Claim, GroupName, Likeness, ProbeKind, Quantity, Statistic, When};
use crate::selector;
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::{self, Expr, ExprKind, Ident};

/// The groups under their names in the language.
const GROUPS: [&str; 16] = [
    "trivial",
    "permutation",
    "signed_permutation",
    "monomial",
    "positive_monomial",
    "gl",
    "o",
    "o_ones",
    "o_form",
    "complex",
    "unitary",
    "translation",
    "rescaling",
    "positive_rescaling",
    "signs",
    "directions",
];

/// Besides the measures of likeness.
const QUANTITIES: [&str; 11] =
    ["symmetry", "dims", "flat", "drop_ratio", "barrier", "gauge_change", "spearman", "slope", "lowest", "highest", "mean"];

const CARRIERS: [(&str, Carrier); 3] =
    [("model", Carrier::Model), ("objective", Carrier::Objective), ("dynamics", Carrier::Dynamics)];

/// What a quantity can be compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Number,
    Group,
}

fn sort(quantity: &Quantity) -> Sort {
    match quantity {
        Quantity::Group(_) | Quantity::Symmetry { .. } => Sort::Group,
        Quantity::Number(_)
        | Quantity::Dims(_)
        | Quantity::ContinuousDim(_)
        | Quantity::Measured { .. }
        | Quantity::DropRatio { .. }
        | Quantity::Between(_)
        | Quantity::OfRun { .. }
        | Quantity::GaugeChange { .. }
        | Quantity::OfSweep { .. }
        | Quantity::Binary(..) => Sort::Number,
    }
}

impl Elaborator<'_> {
    pub(super) fn expectation(&mut self, claim: &ast::Claim) {
        if let Some(claim) = self.claim(claim) {
            self.document.expectations.push(claim);
        }
    }

    /// Only a symmetry can be assumed: everything else is measured or counted.
    pub(super) fn assumption(&mut self, claim: &ast::Claim) {
        let Some(typed) = self.claim(claim) else { return };
        if matches!((&typed.left, &typed.right), (Quantity::Symmetry { .. }, Quantity::Group(_))) {
            self.document.assumptions.push(typed);
            return;
        }
        self.reporter.wrong_type(&claim.left, "`assume`", "a symmetry such as `symmetry(Mlp.fc1) >= permutation`");
    }

    fn claim(&mut self, claim: &ast::Claim) -> Option<Claim> {
        let (left, right) = (self.quantity(&claim.left), self.quantity(&claim.right));
        let (left, right) = (left?, right?);
        if sort(&left) != sort(&right) {
            let words = |sort| if sort == Sort::Group { "a group" } else { "a number" };
            let (found, expected) = (words(sort(&right)), words(sort(&left)));
            self.reporter.push(
                Diagnostic::new(Code::E0211, claim.right.span, format!("{expected} cannot be compared with {found}"))
                    .label(found)
                    .cause(claim.left.span, expected)
                    .found(found)
                    .expected(expected),
            );
            return None;
        }
        Some(Claim { left, comparison: claim.comparison, right, text: self.reporter.text(claim.span), span: claim.span })
    }

    fn quantity(&mut self, expr: &Expr) -> Option<Quantity> {
        if let Some(value) = constant(expr) {
            return Some(Quantity::Number(value));
        }
        match &expr.kind {
            ExprKind::Binary { operator, left, right } if arithmetic(*operator, 1.0, 1.0).is_some() => {
                let (typed_left, typed_right) = (self.quantity(left), self.quantity(right));
                Some(Quantity::Binary(
                    *operator,
                    Box::new(self.numeric(left, typed_left?)?),
                    Box::new(self.numeric(right, typed_right?)?),
                ))
            }
            ExprKind::Unary { operator: ast::UnaryOperator::Negate, operand } => {
                let typed = self.quantity(operand)?;
                let typed = self.numeric(operand, typed)?;
                Some(Quantity::Binary(ast::BinaryOperator::Subtract, Box::new(Quantity::Number(0.0)), Box::new(typed)))
            }
            ExprKind::At { quantity, .. } if self.is_of_sweep(quantity) => {
                let found = self.reporter.text(expr.span);
                self.reporter.push(
                    Diagnostic::new(Code::E0211, expr.span, "a sweep has one value a run: a claim needs one number")
                        .label("many numbers")
                        .found("one number a run")
                        .expected("one number")
                        .help(format!("write `highest({found})`, `lowest(…)`, `spearman({found}, SETTING)` or `slope(…)`")),
                );
                None
            }
            ExprKind::At { quantity, when } => self.measured(quantity, when),
            _ => match callee(expr) {
                Some([word]) => self.named(expr, word),
                Some([_, _]) => {
                    let (_, quantity) = self.run_and_quantity(expr)?;
                    let found = self.reporter.text(expr.span);
                    self.reporter.push(
                        Diagnostic::new(
                            Code::E0211,
                            expr.span,
                            format!("`{}` is measured at many steps: a claim needs one", quantity.text),
                        )
                        .label("a curve, not a number")
                        .found("a curve")
                        .expected("a number")
                        .help(format!("write `{found} at end`")),
                    );
                    None
                }
                _ => {
                    self.reporter.wrong_type(expr, "a claim", "a number or a group");
                    None
                }
            },
        }
    }

    fn numeric(&mut self, expr: &Expr, quantity: Quantity) -> Option<Quantity> {
        if sort(&quantity) == Sort::Number {
            return Some(quantity);
        }
        self.reporter.wrong_type(expr, "arithmetic", "a number");
        None
    }

    /// `Saddle.loss at end`.
    fn measured(&mut self, quantity: &Expr, when: &Expr) -> Option<Quantity> {
        let when = self.moment(when)?;
        let (train, word) = self.run_and_quantity(quantity)?;
        let probes = probe::referred(quantity, word, &train, &mut self.reporter)?;
        let probe = one_number(quantity, &probes, &format!("{}.", train.name), &mut self.reporter)?;
        if let When::Step(step) = when
            && step > train.steps
        {
            self.reporter.bad_value(
                quantity.span,
                "the step",
                &step.to_string(),
                &format!("at most {}, the steps of `{}`", train.steps, train.name),
            );
            return None;
        }
        Some(Quantity::Measured { train: train.name, probe, when })
    }

    fn named(&mut self, expr: &Expr, word: &Ident) -> Option<Quantity> {
        match word.text.as_str() {
            "symmetry" => self.symmetry(expr),
            "dims" => self.counted(expr, "dims").map(Quantity::Dims),
            "flat" => self.counted(expr, "flat").map(Quantity::ContinuousDim),
            "drop_ratio" => self.drop_ratio(expr),
            "barrier" => self.barrier(expr).map(|of| Quantity::Between(Between::Barrier(of))),
            likeness if Likeness::kinds().any(|kind| kind.name() == likeness) => self.likeness(expr, likeness),
            "gauge_change" => self.gauge_change(expr),
            statistic if Statistic::ALL.iter().any(|(name, ..)| *name == statistic) => self.statistic(expr, statistic),
            group if GROUPS.contains(&group) => self.group(expr, group),
            other => {
                if matches!(expr.kind, ExprKind::Call { .. }) {
                    let names: Vec<&str> =
                        GROUPS.into_iter().chain(QUANTITIES).chain(Likeness::kinds().map(ProbeKind::name)).collect();
                    self.reporter.push(
                        Diagnostic::new(Code::E0305, word.span, format!("there is no group or quantity `{other}`"))
                            .label("neither a group nor a quantity")
                            .found(format!("`{other}`"))
                            .expected("a group such as `permutation(16)`")
                            .suggest(other, names),
                    );
                } else {
                    self.reporter.push(
                        Diagnostic::new(Code::E0305, word.span, format!("there is no group `{other}`"))
                            .label("not a group")
                            .found(format!("`{other}`"))
                            .expected("a group such as `permutation(16)`")
                            .suggest(other, GROUPS),
                    );
                }
                None
            }
        }
    }

    /// `permutation(16)`; `permutation` alone has the size of what it is compared with.
    fn group(&mut self, expr: &Expr, group: &str) -> Option<Quantity> {
        let mut arguments = Arguments::of(expr, group, if group == "trivial" { &[] } else { &["size"] });
        let given = if group == "trivial" { None } else { arguments.named("size").or_else(|| arguments.positional()) };
        let size = given.map_or(Some(0), |value| size(value, "the size of a group", 1, &mut self.reporter));
        arguments.finish(&mut self.reporter);
        Some(Quantity::Group(GroupName { name: group.to_string(), size: size? }))
    }

    /// `symmetry(Plain)`, `symmetry(Plain.fc1)`, `symmetry(Run, of: objective)`.
    fn symmetry(&mut self, expr: &Expr) -> Option<Quantity> {
        let mut arguments = Arguments::of(expr, "symmetry", &["model", "of"]);
        let target = arguments.required("model", "Mlp.fc1", &mut self.reporter);
        let of = arguments.named("of");
        let carrier =
            of.map_or(Some(Carrier::Model), |value| word(value, "carrier of a symmetry", &CARRIERS, &mut self.reporter));
        arguments.finish(&mut self.reporter);
        let target = target?;
        let ExprKind::Path(path) = &target.kind else {
            self.reporter.wrong_type(target, "`symmetry`", "a model or run, or a layer of it such as `Mlp.fc1`");
            return None;
        };
        let (owner, rest) = path.split_first()?;
        if !self.has_program(owner) {
            return None;
        }
        let program = self.document.program(&owner.text)?;
        let space = (!rest.is_empty()).then(|| rest.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("."));
        if let Some(space) = &space
            && selector::spaces(space, program).is_empty()
        {
            let span = rest[0].span.to(target.span.after());
            self.reporter.push(super::initial::unmatched(space, span, program));
            return None;
        }
        let of_carrier = carrier?;
        if of_carrier != Carrier::Model && !self.names.trains.contains_key(owner.text.as_str()) {
            let span = of.map_or(target.span, |value| value.span);
            let found = format!("the model `{}`", owner.text);
            self.reporter.push(
                Diagnostic::new(
                    Code::E0211,
                    span,
                    format!("`{}` declares no training, so it has no objective and no dynamics", owner.text),
                )
                .label("belongs to a training run")
                .found(found)
                .expected("a `train` item")
                .help("name a `train` item of this model, or remove `of:`"),
            );
            return None;
        }
        Some(Quantity::Symmetry { model: owner.text.clone(), space, of: of_carrier })
    }

    /// The model or run in `dims(M)`.
    fn counted(&mut self, expr: &Expr, quantity: &str) -> Option<String> {
        let mut arguments = Arguments::of(expr, quantity, &["model"]);
        let target = arguments.required("model", "Mlp", &mut self.reporter);
        arguments.finish(&mut self.reporter);
        let target = target?;
        let ExprKind::Path(path) = &target.kind else {
            self.reporter.wrong_type(target, &format!("`{quantity}`"), "the name of a model or run");
            return None;
        };
        let [owner] = path.as_slice() else {
            self.reporter.wrong_type(target, &format!("`{quantity}`"), "the name of a model or run");
            return None;
        };
        self.has_program(owner).then(|| owner.text.clone())
    }

    /// Whether a model has a program by its defaults, or a run has one; false also where it has errors of its own.
    fn has_program(&mut self, owner: &Ident) -> bool {
        let owner_name = owner.text.as_str();
        if self.document.program(owner_name).is_some() {
            return true;
        }
        if self.names.trains.contains_key(owner_name) {
            return false;
        }
        let Some(model) = self.names.models.get(owner_name) else {
            let names: Vec<&str> = self.names.trains.keys().chain(self.names.models.keys()).copied().collect();
            self.reporter.unknown(owner.span, "model or training run", owner_name, names);
            return false;
        };
        let open =
            model.parameters.iter().find(|parameter| matches!(parameter.kind, ast::ParameterKind::Setting { default: None, .. }));
        if let Some(open) = open {
            let setting = &open.name.text;
            self.reporter.push(
                Diagnostic::new(Code::E0210, owner.span, format!("`{owner_name}` has no default for `{setting}`"))
                    .label("which one is meant?")
                    .cause(open.span, "no default here")
                    .help(format!("add `model {owner_name}16 = {owner_name}({setting}: 16)` and name that")),
            );
        }
        false
    }

    /// `drop_ratio(Saddle.loss, breaking(fc1, threshold: 0.1), window: 200)`.
    fn drop_ratio(&mut self, expr: &Expr) -> Option<Quantity> {
        let mut arguments = Arguments::of(expr, "drop_ratio", &["window"]);
        let curve = arguments.required("loss", "Run.loss, breaking(fc1, threshold: 0.1), window: 200", &mut self.reporter);
        let events = arguments.required("breaking", "breaking(fc1, threshold: 0.1)", &mut self.reporter);
        let window = arguments.named("window");
        if window.is_none() {
            self.reporter.push(
                Diagnostic::new(Code::E0210, expr.span, "`drop_ratio` needs a `window`")
                    .label("no `window` here")
                    .expected("`window: …` in steps")
                    .help("add `window: 200`: the steps around a breaking that count as near"),
            );
        }
        let window = window.and_then(|value| whole(value, "`window`", 1, &mut self.reporter));
        arguments.finish(&mut self.reporter);
        let (curve, events) = (curve?, events?);
        let (train, quantity) = self.run_and_quantity(curve)?;
        let curve = probe::referred(curve, quantity, &train, &mut self.reporter)?;
        let [loss] = curve.as_slice() else { return None };
        if !matches!(loss.kind, ProbeKind::Loss | ProbeKind::TestLoss) {
            let found = quantity.text.clone();
            self.reporter.bad_value(expr.span, "the curve of `drop_ratio`", &format!("`{found}`"), "`loss` or `test_loss`");
            return None;
        }
        if !matches!(callee(events), Some([word]) if word.text == "breaking") {
            self.reporter.wrong_type(events, "`drop_ratio`", "an event such as `breaking(fc1, threshold: 0.1)`");
            return None;
        }
        let probes = probe::breaking(events, &train, &mut self.reporter)?;
        let [breaking] = probes.as_slice() else {
            self.reporter.wrong_type(events, "`drop_ratio`", "the breakings of one layer");
            return None;
        };
        Some(Quantity::DropRatio { train: train.name, loss: loss.clone(), breaking: breaking.clone(), window: window? })
    }

    /// `gauge_change(Heads.product_spectrum(attention.*))`.
    fn gauge_change(&mut self, expr: &Expr) -> Option<Quantity> {
        let mut arguments = Arguments::of(expr, "gauge_change", &[]);
        let of = arguments.required("quantity", "Heads.product_spectrum(attention)", &mut self.reporter);
        arguments.finish(&mut self.reporter);
        let of = of?;
        let (measured, word) = self.run_and_quantity(of)?;
        let probes = probe::referred(of, word, &measured, &mut self.reporter)?;
        let gauges = self.document.measurements.get(&measured.name).map(|measurement| measurement.gauges);
        if gauges.unwrap_or(0) == 0 {
            let found = if gauges.is_some() { "a measurement without other gauges" } else { "a training run" };
            self.reporter.bad_value(of.span, "`gauge_change`", found, "of a `measure` item with `gauges 3`");
            return None;
        }
        Some(Quantity::GaugeChange { measurement: measured.name, probes })
    }
}
