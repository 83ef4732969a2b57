//! `train NAME = MODEL { … }`.

use super::arguments::{self, Arguments};
use super::fields::{Fields, Schema};
use super::reporter::Reporter;
use super::values::{fraction, optional, positive, whole, word};
use super::{Elaborator, ending, fit, initial, optimizer, probe, running, schedule};
use crate::Program;
use crate::experiment::{Data, Loss, Measure, Measured, Probe, Schedule, Statistics, Train};
use crate::intervention::Instance;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, ExprKind, FieldValue};

const SCHEMA: Schema = Schema {
    known: &[
        "data",
        "loss",
        "init",
        "optim",
        "batch",
        "steps",
        "seeds",
        "every",
        "schedule",
        "clip",
        "statistics",
        "checkpoint",
        "stop",
        "keep",
        "on",
        "profile",
    ],
    repeatable: &["every"],
};

/// The losses under their names in the language.
pub(super) const LOSSES: [(&str, Loss); 2] = [("mse", Loss::Mse), ("cross_entropy", Loss::CrossEntropy)];

/// The most seeds of one run.
const MAX_SEEDS: u64 = 10_000;

impl Elaborator<'_> {
    pub(super) fn train(&mut self, train: &ast::Train, span: Span) {
        let overrides = self.overrides.of(&train.name.text);
        if let Some(found) = self.train_with(train, &overrides, None, span)
            && !self.document.trains.contains_key(&found.name)
        {
            self.document.trains.insert(found.name.clone(), found);
        }
    }

    /// The run that an item describes with some of its fields replaced, on other data where these are given.
    pub(super) fn train_with(
        &mut self,
        train: &ast::Train,
        overrides: &[ast::Field],
        data: Option<&Data>,
        span: Span,
    ) -> Option<Train> {
        let name = train.name.text.clone();
        let fields = Fields::resolve(
            (format!("train `{name}`"), train.name.span),
            &train.fields,
            &SCHEMA,
            self.profile,
            overrides,
            &mut self.reporter,
        );
        let before = self.reporter.count();
        // A profile or the command line may put another model in place of that of the header.
        let model_expr = fields.expr("on", &mut self.reporter).cloned().unwrap_or_else(|| train.model.clone());
        let model = self.models.instantiate(&model_expr);
        let named = fields.required("data", "data Digits", &mut self.reporter).cloned().and_then(|expr| self.data_named(&expr));
        let data = data.cloned().or(named);
        let reporter = &mut self.reporter;
        let loss_expr = fields.required("loss", "loss mse", reporter);
        let loss = loss_expr.and_then(|expr| loss(expr, reporter));
        let optim_expr = fields.required("optim", "optim gd(lr: 0.05)", reporter);
        let optimizer = optim_expr.and_then(|expr| optimizer::elaborate(expr, reporter));
        let is_temperature = optim_expr.is_some_and(optimizer::has_temperature);
        let steps = fields.required("steps", "steps 1_000", reporter).and_then(|expr| whole(expr, "`steps`", 1, reporter));
        let batch_expr = fields.expr("batch", reporter);
        let batch = optional(batch_expr, "`batch`", 1, reporter);
        let schedule = fields.expr("schedule", reporter);
        let schedule = schedule.map_or(Some(Schedule::default()), |expr| schedule::elaborate(expr, reporter));
        let clip = fields.expr("clip", reporter);
        let clip = clip.map_or(Some(None), |expr| positive(expr, "`clip`", reporter).map(Some));
        let statistics_expr = fields.expr("statistics", reporter);
        let statistics = statistics_expr.map_or(Some(Statistics::default()), |expr| running::elaborate(expr, reporter));
        let seeds = seeds(fields.exprs("seeds"), reporter);
        let checkpoint = optional(fields.expr("checkpoint", reporter), "`checkpoint`", 1, reporter);
        if let (Some(batch), Some(optim), Some(_)) = (batch_expr, optim_expr, batch)
            && optimizer::takes_all_examples(optim)
        {
            reporter.push(
                Diagnostic::new(Code::E0223, batch.span, "`gd` takes all examples at every step, so `batch` has no meaning")
                    .label("a batch size")
                    .cause(optim.span, "uses all examples")
                    .help("write `sgd(…)` in place of `gd(…)`, or remove `batch`"),
            );
        }
        let of_optimizer = optimizer.as_ref().and_then(|optimizer| optimizer.batch);
        if let (Some(data), Some(None), None, Some(_)) = (&data, batch, of_optimizer, &optimizer)
            && data.fresh
        {
            reporter.push(
                Diagnostic::new(Code::E0223, train.name.span, format!("fresh examples of `{}` need a batch size", data.name))
                    .label("every step takes all examples")
                    .cause(data.span, "draws new examples for every step")
                    .expected("`batch`, the number of examples a step")
                    .help("write `sgd(…)` with `batch 128`, or remove `fresh: true`"),
            );
        }
        if let (Some(expr), Some(None), None, Some(_), true) = (optim_expr, batch, of_optimizer, &optimizer, is_temperature) {
            reporter.push(
                Diagnostic::new(
                    Code::E0223,
                    expr.span,
                    "a `temperature` needs a batch size: it is the learning rate over the batch",
                )
                .label("η = temperature × batch")
                .expected("`batch`, the number of examples a step")
                .help("add `batch 32`, or give the learning rate as `lr`"),
            );
        }
        let (model, Instance { program, edits }) = model?;
        if let Some(expr) = statistics_expr {
            running::check(expr, &program, reporter);
        }
        let init: Vec<_> =
            fields.exprs("init").iter().filter_map(|expr| initial::elaborate(expr, Some(&program), reporter)).collect();
        let measures = measures(&fields, &program, reporter);
        if let (Some(data), Some((loss, _)), Some(loss_expr)) = (&data, loss, loss_expr) {
            fit::check(&program, data, loss, model_expr.span, loss_expr.span, reporter);
        }
        let probes: Vec<Probe> = measures.iter().flat_map(|measure| measure.probes.iter().cloned()).collect();
        for probe in &probes {
            check_probe(probe, data.as_ref(), loss.map(|(loss, _)| loss), reporter);
        }
        let measured = Measured { name: name.clone(), program, steps: steps.unwrap_or(0), probes, span: train.name.span };
        let stop = fields.exprs("stop").iter().filter_map(|expr| ending::stop(expr, &measured, reporter)).collect();
        let keep = fields.exprs("keep").iter().filter_map(|expr| ending::keep(expr, &measured, reporter)).collect();
        let Measured { program, .. } = measured;
        if reporter.count() > before {
            return None;
        }
        let (data, (loss, smoothing), mut optimizer, schedule, clip) = (data?, loss?, optimizer?, schedule?, clip?);
        let statistics = statistics?;
        let (steps, batch, seeds, checkpoint) = (steps?, batch?, seeds?, checkpoint?);
        let batch = batch.or(optimizer.batch);
        optimizer.batch = batch;
        if is_temperature {
            // η = T S: no batch is an error by now.
            optimizer.learning_rate *= batch? as f64;
        }
        let data = data.name;
        Some(Train {
            name,
            model,
            program,
            edits,
            data,
            loss,
            smoothing,
            init,
            optimizer,
            schedule,
            clip,
            statistics,
            batch,
            steps,
            seeds,
            measures,
            checkpoint,
            stop,
            keep,
            span,
        })
    }
}

/// `mse`, `cross_entropy`, `cross_entropy(smoothing: 0.1)`, with the ε of label smoothing.
fn loss(expr: &Expr, reporter: &mut Reporter) -> Option<(Loss, f64)> {
    let is_entropy = matches!(arguments::callee(expr), Some([name]) if name.text == "cross_entropy");
    if !is_entropy || !matches!(expr.kind, ExprKind::Call { .. }) {
        return word(expr, "loss", &LOSSES, reporter).map(|loss| (loss, 0.0));
    }
    let mut arguments = Arguments::of(expr, "cross_entropy", &["smoothing"]);
    let smoothing = arguments.named("smoothing").map_or(Some(0.0), |value| fraction(value, "`smoothing`", reporter));
    arguments.finish(reporter);
    smoothing.map(|smoothing| (Loss::CrossEntropy, smoothing))
}

/// `seeds 0..5`, `seeds 3`, `seeds [1, 7]`; seed 0 where absent.
fn seeds(exprs: &[Expr], reporter: &mut Reporter) -> Option<Vec<u64>> {
    let (first, rest) = match exprs {
        [] => return Some(vec![0]),
        [first, rest @ ..] => (first, rest),
    };
    match &first.kind {
        ExprKind::Range { low, high, inclusive } if rest.is_empty() => {
            let low = whole(low, "the first seed", 0, reporter);
            let high_value = whole(high, "the last seed", 0, reporter);
            let (low, high_value) = (low?, high_value?);
            let end = high_value.saturating_add(u64::from(*inclusive));
            if end <= low || end - low > MAX_SEEDS {
                let found = format!("{} seeds", end.saturating_sub(low));
                reporter.bad_value(first.span, "`seeds`", &found, &format!("a range of 1 to {MAX_SEEDS} seeds"));
                return None;
            }
            Some((low..end).collect())
        }
        ExprKind::List(entries) if rest.is_empty() => seed_list(entries, first, reporter),
        _ => seed_list(exprs, first, reporter),
    }
}

fn seed_list(entries: &[Expr], at: &Expr, reporter: &mut Reporter) -> Option<Vec<u64>> {
    let mut seeds = Vec::new();
    for entry in entries {
        let seed = whole(entry, "a seed", 0, reporter)?;
        if seeds.contains(&seed) {
            reporter.bad_value(entry.span, "the second seed", &seed.to_string(), "different from the seeds before it");
            return None;
        }
        seeds.push(seed);
    }
    if seeds.is_empty() {
        reporter.bad_value(at.span, "`seeds`", "empty", "at least one seed");
        return None;
    }
    Some(seeds)
}

fn measures(fields: &Fields, program: &Program, reporter: &mut Reporter) -> Vec<Measure> {
    let mut measures: Vec<Measure> = Vec::new();
    for field in fields.all("every") {
        let FieldValue::Every { interval, probes } = &field.value else { continue };
        let every = whole(interval, "the interval", 1, reporter);
        let mut found: Vec<Probe> = Vec::new();
        for expr in probes {
            for probe in probe::measured(expr, program, reporter) {
                let earlier = measures.iter().flat_map(|measure| &measure.probes).chain(&found);
                let column = probe.column_with_settings();
                if let Some(first) = earlier.into_iter().find(|first| first.column_with_settings() == column) {
                    reporter.duplicate(probe.span, first.span, &format!("the column `{column}`"));
                } else {
                    found.push(probe);
                }
            }
        }
        if let Some(every) = every {
            measures.push(Measure { every, probes: found });
        }
    }
    measures
}

/// A probe of the second part needs one; a probe of classes needs classes.
pub(super) fn check_probe(probe: &Probe, data: Option<&Data>, loss: Option<Loss>, reporter: &mut Reporter) {
    let word = probe.kind.name();
    if probe.kind.is_of_test()
        && let Some(data) = data
        && !data.has_test()
    {
        reporter.push(
            Diagnostic::new(
                Code::E0220,
                probe.span,
                format!("`{word}` needs a second part of `{}`, which has no `split`", data.name),
            )
            .label("nothing to test on")
            .cause(data.span, "all examples train")
            .expected("a `split`")
            .help(format!("write `split 100 as test` at the end of `data {}`", data.name)),
        );
    }
    if probe.kind.is_accuracy() && loss == Some(Loss::Mse) {
        reporter.push(
            Diagnostic::new(Code::E0223, probe.span, format!("`{word}` needs classes, but the loss is `mse`"))
                .label("counts correct classes")
                .found("`mse`")
                .expected("`cross_entropy`")
                .help("measure `loss` instead"),
        );
    }
}
