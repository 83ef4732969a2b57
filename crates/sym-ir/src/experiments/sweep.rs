//! `sweep NAME = train TRAIN over { SETTING: VALUES, … }`.

use super::arguments::{Arguments, callee, set_argument};
use super::values::{number, positive, whole};
use super::{Elaborator, optimizer};
use crate::experiment::{Data, SettingValue, Sweep, SweepRun, Train};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_streams::Stream;
use sym_syntax::ast::{self, Expr, ExprKind, Field, FieldValue, Ident, Number, ParameterKind};

/// The most runs of a sweep.
const MAX_RUNS: usize = 100_000;

/// The fields of a `train` item that a sweep may set as a whole.
const FIELDS: [&str; 11] =
    ["on", "data", "loss", "init", "optim", "schedule", "clip", "statistics", "batch", "steps", "checkpoint"];

/// Where a setting belongs.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// A field of the `train` item, or an argument of its value: `steps`, `optim.lr`.
    Field(String),
    /// An argument of the model.
    Model(String),
    /// An argument of the data's source.
    Data(String),
}

impl Place {
    /// The name that says where it belongs.
    fn full(&self) -> String {
        match self {
            Place::Field(name) => name.clone(),
            Place::Model(name) => format!("model.{name}"),
            Place::Data(name) => format!("data.{name}"),
        }
    }
}

/// The values of one setting.
enum Values {
    /// One run, or one row of the grid, for each.
    Listed(Vec<Expr>),
    /// One drawn for each sample: between two numbers, evenly in the number or in its logarithm.
    Drawn { low: f64, high: f64, logarithmic: bool },
}

struct Setting<'a> {
    key: &'a Ident,
    place: Place,
    values: Values,
    span: Span,
}

impl Elaborator<'_> {
    pub(super) fn sweep(&mut self, sweep: &ast::Sweep, span: Span) {
        let before = self.reporter.count();
        let Some(&base) = self.names.trains.get(sweep.train.text.as_str()) else {
            if !sweep.train.text.is_empty() {
                let names: Vec<&str> = self.names.trains.keys().copied().collect();
                self.reporter.unknown(sweep.train.span, "training run", &sweep.train.text, names);
            }
            return;
        };
        // A run with errors of its own has said so.
        let Some(train) = self.document.trains.get(&sweep.train.text).cloned() else { return };
        let (settings, samples) = self.settings(sweep, base, &train);
        if self.reporter.count() > before {
            return;
        }
        let combinations = self.combinations(&sweep.name, &settings, samples);
        if self.reporter.count() > before || self.document.sweeps.contains_key(&sweep.name.text) {
            return;
        }
        let Some(combinations) = combinations else { return };
        let mut runs = Vec::new();
        for values in combinations {
            let Some(run) = self.sweep_run(base, &train, &settings, &values, span) else {
                // The other settings would say the same.
                return;
            };
            runs.push(run);
        }
        let name = sweep.name.text.clone();
        let settings = settings.iter().map(|setting| setting.key.text.clone()).collect();
        self.document.sweeps.insert(name.clone(), Sweep { name, train: train.name, settings, runs, span });
    }

    /// The settings with the profile applied, and the number of samples.
    fn settings<'s>(&mut self, sweep: &'s ast::Sweep, base: &ast::Train, train: &Train) -> (Vec<Setting<'s>>, Option<u64>) {
        let profile = sweep.fields.iter().find_map(|field| match &field.value {
            FieldValue::Profile { name, fields } if self.profile == Some(name.text.as_str()) => Some(fields.as_slice()),
            _ => None,
        });
        let profile = profile.unwrap_or_default();
        let mut given: Vec<&Field> = Vec::new();
        for field in sweep.fields.iter().filter(|field| !matches!(field.value, FieldValue::Profile { .. })) {
            let replaced = profile.iter().find(|new| new.key.text == field.key.text);
            if let Some(first) = given.iter().find(|first| first.key.text == field.key.text) {
                self.reporter.duplicate(field.key.span, first.key.span, &format!("the setting `{}`", field.key.text));
            } else {
                given.push(replaced.unwrap_or(field));
            }
        }
        let is_new = |new: &&Field| given.iter().all(|field| field.key.text != new.key.text);
        given.extend(profile.iter().filter(is_new).collect::<Vec<_>>());
        let (mut settings, mut samples) = (Vec::new(), None);
        for field in given {
            let FieldValue::Exprs(exprs) = &field.value else { continue };
            let [expr] = exprs.as_slice() else { continue };
            if field.key.text == "samples" {
                samples = whole(expr, "`samples`", 1, &mut self.reporter);
                continue;
            }
            let place = self.place(&field.key, base, train);
            let values = self.values(expr);
            if let (Some(place), Some(values)) = (place, values) {
                settings.push(Setting { key: &field.key, place, values, span: expr.span });
            }
        }
        (settings, samples)
    }

    /// Where a setting belongs, also where that is not written.
    fn place(&mut self, key: &Ident, base: &ast::Train, train: &Train) -> Option<Place> {
        let name = key.text.as_str();
        if let Some((first, rest)) = name.split_once('.') {
            return Some(match first {
                "model" => Place::Model(rest.to_string()),
                "data" => Place::Data(rest.to_string()),
                _ => Place::Field(name.to_string()),
            });
        }
        let model = callee(&base.model).and_then(|path| path.first()).and_then(|name| self.names.models.get(name.text.as_str()));
        let of_model: Vec<&str> = model.map_or_else(Vec::new, |model| {
            let is_size = |kind: &ParameterKind| !matches!(kind, ParameterKind::Value { .. });
            model
                .parameters
                .iter()
                .filter(|parameter| is_size(&parameter.kind))
                .map(|parameter| parameter.name.text.as_str())
                .collect()
        });
        let optim = base.fields.iter().find_map(|field| match &field.value {
            FieldValue::Exprs(exprs) if field.key.text == "optim" => exprs.first().and_then(callee).and_then(|path| path.first()),
            _ => None,
        });
        let of_optim: &[&str] = optim.map_or(&[], |name| optimizer::arguments_of(&name.text));
        let source = self.names.data.get(train.data.as_str()).map(|data| &data.source);
        let of_data: Vec<&str> = source.map_or_else(Vec::new, |source| {
            super::arguments::arguments(source)
                .iter()
                .filter_map(|argument| Some(argument.name.as_ref()?.text.as_str()))
                .collect()
        });
        let mut candidates = Vec::new();
        if FIELDS.contains(&name) {
            candidates.push(Place::Field(name.to_string()));
        }
        // `batch` of `sgd` is the field `batch`.
        if of_optim.contains(&name) && candidates.is_empty() {
            candidates.push(Place::Field(format!("optim.{name}")));
        }
        if of_model.contains(&name) {
            candidates.push(Place::Model(name.to_string()));
        }
        if of_data.contains(&name) {
            candidates.push(Place::Data(name.to_string()));
        }
        match candidates.as_slice() {
            [_] => candidates.pop(),
            [] => {
                let known = FIELDS.iter().chain(of_optim).copied().chain(of_model).chain(of_data);
                let known: Vec<&str> = known.collect();
                self.reporter.push(
                    Diagnostic::new(Code::E0219, key.span, format!("`{}` has no setting `{name}`", base.name.text))
                        .label("not a setting of the run, its model or its data")
                        .found(format!("`{name}`"))
                        .expected("a field of the run, an argument of its optimiser, its model or its data")
                        .suggest(name, known),
                );
                None
            }
            several => {
                let names: Vec<String> = several.iter().map(|place| format!("`{}`", place.full())).collect();
                self.reporter.push(
                    Diagnostic::new(Code::E0219, key.span, format!("`{name}` is a setting of several things"))
                        .label("which of them?")
                        .found(format!("`{name}`"))
                        .expected(names.join(" or "))
                        .help(format!("write {}", names.join(" or "))),
                );
                None
            }
        }
    }

    /// `[8, 16]`, `1..=4`, `linspace(0, 1, 5)`, `logspace(1e-5, 1e-1, 9)`, `uniform(0, 1)`, `loguniform(1e-5, 1e-1)`.
    fn values(&mut self, expr: &Expr) -> Option<Values> {
        let reporter = &mut self.reporter;
        match &expr.kind {
            ExprKind::List(entries) if !entries.is_empty() => Some(Values::Listed(entries.clone())),
            ExprKind::Range { low, high, inclusive } => {
                let (low, high) = (whole(low, "the first value", 0, reporter)?, whole(high, "the last value", 0, reporter)?);
                let end = high.saturating_add(u64::from(*inclusive));
                if end <= low || end - low > MAX_RUNS as u64 {
                    let found = format!("{} values", end.saturating_sub(low));
                    reporter.bad_value(expr.span, "the range", &found, &format!("1 to {MAX_RUNS} values"));
                    return None;
                }
                Some(Values::Listed((low..end).map(|value| literal(value as f64, expr.span)).collect()))
            }
            ExprKind::Call { callee, .. } => match callee.as_slice() {
                [word] if matches!(word.text.as_str(), "linspace" | "logspace") => self.spaced(expr, word.text == "logspace"),
                [word] if matches!(word.text.as_str(), "uniform" | "loguniform") => self.drawn(expr, word.text == "loguniform"),
                _ => {
                    reporter.wrong_type(expr, "a setting of a sweep", "values such as `[8, 16]` or `logspace(1e-5, 1e-1, 9)`");
                    None
                }
            },
            _ => {
                reporter.wrong_type(expr, "a setting of a sweep", "values such as `[8, 16]` or `logspace(1e-5, 1e-1, 9)`");
                None
            }
        }
    }

    fn bounds(&mut self, arguments: &mut Arguments, logarithmic: bool) -> Option<(f64, f64)> {
        let reporter = &mut self.reporter;
        let read = if logarithmic { positive } else { number };
        let (low, high) = (arguments.required("low", "1e-5", reporter), arguments.required("high", "1e-1", reporter));
        let (low, high) = (low?, high?);
        let (from, to) = (read(low, "`low`", reporter), read(high, "`high`", reporter));
        let (from, to) = (from?, to?);
        if from >= to {
            reporter.bad_value(high.span, "`high`", &to.to_string(), &format!("above `low`, {from}"));
            return None;
        }
        Some((from, to))
    }

    fn spaced(&mut self, expr: &Expr, logarithmic: bool) -> Option<Values> {
        let name = if logarithmic { "logspace" } else { "linspace" };
        let mut arguments = Arguments::of(expr, name, &["low", "high", "n"]);
        let bounds = self.bounds(&mut arguments, logarithmic);
        let count = arguments.required("n", "9", &mut self.reporter);
        let count = count.and_then(|count| whole(count, "`n`", 2, &mut self.reporter).map(|value| (value, count.span)));
        arguments.finish(&mut self.reporter);
        let ((low, high), (count, span)) = (bounds?, count?);
        if count > MAX_RUNS as u64 {
            self.reporter.bad_value(span, "`n`", &count.to_string(), &format!("at most {MAX_RUNS}"));
            return None;
        }
        let at = |step: u64| {
            let share = step as f64 / (count - 1) as f64;
            match step {
                0 => low,
                _ if step == count - 1 => high,
                _ if logarithmic => rounded(low * libm::pow(high / low, share)),
                _ => rounded(low + (high - low) * share),
            }
        };
        Some(Values::Listed((0..count).map(|step| literal(at(step), expr.span)).collect()))
    }

    fn drawn(&mut self, expr: &Expr, logarithmic: bool) -> Option<Values> {
        let name = if logarithmic { "loguniform" } else { "uniform" };
        let mut arguments = Arguments::of(expr, name, &["low", "high"]);
        let bounds = self.bounds(&mut arguments, logarithmic);
        arguments.finish(&mut self.reporter);
        let (low, high) = bounds?;
        Some(Values::Drawn { low, high, logarithmic })
    }

    /// The values of all settings for every run: the grid of those that are listed, for each sample of those that are drawn.
    fn combinations(&mut self, sweep: &Ident, settings: &[Setting], samples: Option<u64>) -> Option<Vec<Vec<Expr>>> {
        if settings.is_empty() {
            self.reporter.push(
                Diagnostic::new(Code::E0220, sweep.span, format!("sweep `{}` has no settings", sweep.text))
                    .label("nothing varies")
                    .expected("a setting with its values")
                    .help("write `over { lr: logspace(1e-4, 1e-1, 4) }`"),
            );
            return None;
        }
        let drawn = settings.iter().find(|setting| matches!(setting.values, Values::Drawn { .. }));
        if let (Some(setting), None) = (drawn, samples) {
            self.reporter.push(
                Diagnostic::new(Code::E0220, setting.span, format!("`{}` is drawn, but not how often", setting.key.text))
                    .label("one value for each sample")
                    .expected("`samples`")
                    .help("add `samples: 20`"),
            );
            return None;
        }
        let samples = if drawn.is_some() { samples.unwrap_or(1) as usize } else { 1 };
        let grid = settings.iter().map(|setting| if let Values::Listed(values) = &setting.values { values.len() } else { 1 });
        let count = grid.clone().try_fold(samples, usize::checked_mul).filter(|&count| count <= MAX_RUNS);
        let Some(count) = count else {
            self.reporter.push(
                Diagnostic::new(Code::E0223, sweep.span, format!("sweep `{}` has more than {MAX_RUNS} runs", sweep.text))
                    .label("too many runs")
                    .expected(format!("at most {MAX_RUNS} runs"))
                    .help("fewer values, or values that are drawn: `lr: loguniform(1e-4, 1e-1), samples: 100`"),
            );
            return None;
        };
        let sizes: Vec<usize> = grid.collect();
        let mut draws: Vec<Vec<Expr>> = Vec::new();
        for setting in settings {
            let mut stream = Stream::new(0, "sweep", &format!("{}/{}", sweep.text, setting.key.text));
            draws.push(match &setting.values {
                Values::Listed(_) => Vec::new(),
                Values::Drawn { low, high, logarithmic } => (0..samples)
                    .map(|_| {
                        let share = stream.unit();
                        let value = if *logarithmic { low * libm::pow(high / low, share) } else { low + (high - low) * share };
                        literal(value, setting.span)
                    })
                    .collect(),
            });
        }
        let at = |run: usize| {
            let mut rest = run % (count / samples);
            let mut values: Vec<Expr> = Vec::new();
            for ((setting, &size), drawn) in settings.iter().zip(&sizes).zip(&draws).rev() {
                values.push(match &setting.values {
                    Values::Listed(listed) => listed[rest % size].clone(),
                    Values::Drawn { .. } => drawn[run / (count / samples)].clone(),
                });
                rest /= size;
            }
            values.reverse();
            values
        };
        Some((0..count).map(at).collect())
    }

    /// The run at one combination of values.
    fn sweep_run(
        &mut self,
        base: &ast::Train,
        train: &Train,
        settings: &[Setting],
        values: &[Expr],
        span: Span,
    ) -> Option<SweepRun> {
        let mut item = base.clone();
        let mut fields = self.overrides.of(&base.name.text);
        let mut source: Option<ast::Data> = None;
        let is_model = |(setting, _): &(&Setting, &Expr)| setting.place == Place::Field("on".to_string());
        let given: Vec<(&Setting, &Expr)> = settings.iter().zip(values).collect();
        let is_set = fields.iter().any(|field| field.key.text == "on");
        let has_other_model = is_set || given.iter().any(is_model) || self.has_other_model(base);
        // A model comes before its arguments.
        let (models, others): (Vec<_>, Vec<_>) = given.into_iter().partition(is_model);
        for (setting, value) in models.into_iter().chain(others) {
            let span = setting.key.span;
            match &setting.place {
                Place::Field(name) => {
                    let key = Ident { text: name.clone(), span };
                    fields.push(Field { key, value: FieldValue::Exprs(vec![value.clone()]), span });
                }
                Place::Model(name) if has_other_model => {
                    let key = Ident { text: format!("on.{name}"), span };
                    fields.push(Field { key, value: FieldValue::Exprs(vec![value.clone()]), span });
                }
                Place::Model(name) => {
                    set_argument(&mut item.model, &Ident { text: name.clone(), span }, value);
                }
                Place::Data(name) => {
                    let data = match source.take() {
                        Some(data) => data,
                        None => (*self.names.data.get(train.data.as_str())?).clone(),
                    };
                    let data = source.insert(data);
                    set_argument(&mut data.source, &Ident { text: name.clone(), span }, value);
                }
            }
        }
        let before = self.reporter.count();
        let data = match &source {
            None => None,
            Some(source) => Some(self.data_of(source, self.document.data.get(&train.data)?.span)?),
        };
        let train = self.train_with(&item, &fields, data.as_ref(), span)?;
        let data: Data = match data {
            Some(data) => data,
            None => self.document.data.get(&train.data)?.clone(),
        };
        let values = values.iter().map(|value| self.setting_value(value)).collect();
        (self.reporter.count() == before).then_some(SweepRun { values, train, data })
    }

    /// Whether the run has its model from a field `on`, its own or that of the profile.
    fn has_other_model(&self, base: &ast::Train) -> bool {
        let is_on = |field: &Field| field.key.text == "on";
        let of_profile = |field: &Field| match &field.value {
            FieldValue::Profile { name, fields } => Some(name.text.as_str()) == self.profile && fields.iter().any(is_on),
            _ => false,
        };
        base.fields.iter().any(|field| is_on(field) || of_profile(field))
    }

    fn setting_value(&self, value: &Expr) -> SettingValue {
        match super::values::constant(value) {
            Some(number) => SettingValue::Number(number),
            None => SettingValue::Text(self.reporter.text(value.span)),
        }
    }
}

/// A number to twelve significant digits, so that a tenth of a decade is written as one writes it.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A number that stands for a written one.
fn literal(value: f64, span: Span) -> Expr {
    let integer = (value.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&value)).then_some(value as u128);
    Expr { kind: ExprKind::Number(Number { text: value.to_string(), float: value, integer }), span }
}
