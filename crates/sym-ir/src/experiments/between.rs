//! Comparisons of networks in claims: `barrier(A, B, aligned: true)`, `alignment(A.h, B.h)`, `cka(A.h, B.k, examples: 500)`.

use super::Elaborator;
use super::arguments::Arguments;
use super::values::{flag, name, optional, whole};
use crate::experiment::{BarrierOf, Between, Likeness, Probe, Quantity, Train};
use crate::{Parameter, values};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Expr, ExprKind};

/// More points along a way are as good as these.
const MOST_POINTS: usize = 10_001;

/// The most examples: matrices of 128 MiB.
const MOST_EXAMPLES: usize = 4_096;

impl Elaborator<'_> {
    /// `barrier(A, B, aligned: true, points: 25)`, or `barrier(A)` between the first two seeds of one run.
    pub(super) fn barrier(&mut self, expr: &Expr) -> Option<BarrierOf> {
        let mut arguments = Arguments::of(expr, "barrier", &["from", "to", "aligned", "points"]);
        let from = arguments.required("from", "RunA, RunB", &mut self.reporter);
        let to = arguments.named("to").or_else(|| arguments.positional());
        let aligned = arguments.named("aligned").map_or(Some(false), |value| flag(value, "`aligned`", &mut self.reporter));
        let points = arguments.named("points").map_or(Some(25), |value| whole(value, "`points`", 3, &mut self.reporter));
        arguments.finish(&mut self.reporter);
        let from = self.run_named(from?, "`barrier`")?;
        let to = match to {
            Some(to) => self.run_named(to, "`barrier`")?,
            None => from.clone(),
        };
        if from.name == to.name && from.seeds.len() < 2 {
            self.reporter.bad_value(expr.span, "the barrier of one run", "one seed", "two seeds, or two runs");
            return None;
        }
        let shapes = |train: &Train| {
            let sizes = |parameter: &Parameter| parameter.shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
            train.program.parameters.iter().map(|own| (own.path.clone(), sizes(own))).collect::<Vec<_>>()
        };
        if shapes(&from) != shapes(&to) {
            let found = format!("`{}` and `{}`", from.model, to.model);
            self.reporter.bad_value(expr.span, "the models of a barrier", &found, "two runs of one model");
            return None;
        }
        let points = usize::try_from(points?).ok()?.min(MOST_POINTS);
        Some(BarrierOf { from: from.name, to: to.name, aligned: aligned?, points })
    }

    /// `alignment(A.h, B.k)`, or `alignment(A.h)` between the seeds of one run.
    pub(super) fn likeness(&mut self, expr: &Expr, word: &str) -> Option<Quantity> {
        let kind = Likeness::kinds().find(|kind| kind.name() == word)?;
        // What is not said is as in a probe.
        let probe = Probe::new(kind, "", expr.span);
        let fallback = |name: &str| probe.number(name).map_or(0, |number| number as usize);
        let mut arguments = Arguments::of(expr, word, &["one", "other", "examples"]);
        let one = arguments.required("one", "RunA.h", &mut self.reporter);
        let other = arguments.named("other").or_else(|| arguments.positional());
        let examples = optional(arguments.named("examples"), "`examples`", 2, &mut self.reporter);
        arguments.finish(&mut self.reporter);
        let what = format!("`{word}`");
        let (train, one) = self.value_of_run(one?, &what)?;
        let other = match other {
            Some(other) => self.value_of_run(other, &what)?.1,
            None => one.clone(),
        };
        if one.0 == other.0 && train.seeds.len() < 2 {
            self.reporter.bad_value(expr.span, &format!("the {word} of one run"), "one seed", "two seeds, or two runs");
            return None;
        }
        let examples = examples?.map_or(fallback("examples"), |count| usize::try_from(count).unwrap_or(usize::MAX));
        if examples > MOST_EXAMPLES {
            let expected = format!("at most {MOST_EXAMPLES}: every example is compared with every other");
            self.reporter.bad_value(expr.span, "`examples`", &examples.to_string(), &expected);
            return None;
        }
        let permutations = fallback("permutations");
        Some(Quantity::Between(Between::Likeness(Likeness { kind, one, other, examples, permutations })))
    }

    /// `A.h`, `A.attention.scores`: a run and a value of its model.
    fn value_of_run(&mut self, expr: &Expr, what: &str) -> Option<(Train, (String, String))> {
        let path = if let ExprKind::Path(path) = &expr.kind { path.as_slice() } else { &[] };
        let [run, rest @ ..] = path else {
            self.reporter.wrong_type(expr, what, "a value of a run, such as `RunA.h`");
            return None;
        };
        if rest.is_empty() {
            self.reporter.wrong_type(expr, what, "a value of the run's model, such as `RunA.h`");
            return None;
        }
        let train = self.run(&run.text, run.span)?;
        let value = rest.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".");
        if values::named(&train.program, &value).is_none() {
            let known = values::names(&train.program);
            self.reporter.push(
                Diagnostic::new(Code::E0221, expr.span, format!("`{}` has no `{value}` to compare", train.model))
                    .label("no value of that name")
                    .found(format!("`{value}`"))
                    .expected("the name of a value that depends on an input")
                    .suggest(&value, known.iter().map(|(name, _)| name.as_str())),
            );
            return None;
        }
        Some((train.clone(), (train.name, value)))
    }

    /// The run of a name; `None` also where it has errors of its own.
    fn run(&mut self, name: &str, span: Span) -> Option<Train> {
        if !self.names.trains.contains_key(name) {
            self.reporter.unknown(span, "training run", name, self.names.trains.keys().copied());
        }
        self.document.trains.get(name).cloned()
    }

    /// The run that an expression names.
    fn run_named(&mut self, expr: &Expr, what: &str) -> Option<Train> {
        let Some(name) = name(expr) else {
            self.reporter.wrong_type(expr, what, "the name of a `train` item");
            return None;
        };
        self.run(name, expr.span)
    }
}
