//! `figure "NAME" { plot Run.loss over step; mark breaking(fc1, threshold: 0.1) }`.

use super::fields::{Fields, Schema};
use super::plots::Plots;
use super::values::{name, string};
use super::{Elaborator, arguments, probe};
use crate::experiment::{Across, BarrierOf, Figure, Measured, Profile, Series, When};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, FieldValue, Ident};

const SCHEMA: Schema = Schema { known: &["plot", "mark", "title", "log"], repeatable: &["plot", "mark"] };

/// The axes of profiles.
const ACROSS: [(&str, Across); 2] = [("layer", Across::Layers), ("index", Across::Columns)];

/// Layers that are named one after the other are one row.
fn join(profiles: &mut Vec<Profile>, found: Profile) {
    let kind = |profile: &Profile| profile.probes.first().map(|probe| probe.kind);
    let alike = |last: &&mut Profile| {
        found.across == Across::Layers
            && (&last.train, last.when, last.across, kind(last)) == (&found.train, found.when, found.across, kind(&found))
    };
    match profiles.last_mut().filter(alike) {
        Some(last) => last.probes.extend(found.probes),
        None => profiles.push(found),
    }
}

impl Elaborator<'_> {
    pub(super) fn figure(&mut self, figure: &ast::Figure, span: Span) {
        let header = ("the figure".to_string(), figure.name.span);
        let fields = Fields::resolve(header, &figure.fields, &SCHEMA, None, &[], &mut self.reporter);
        let before = self.reporter.count();
        let stem = self.stem(figure);
        let title = match fields.expr("title", &mut self.reporter) {
            None => Some(None),
            Some(expr) => string(expr, "`title`", &mut self.reporter).map(Some),
        };
        fields.require("plot", "plot Run.loss over step", &mut self.reporter);
        let mut plots = Plots::default();
        let mut complete = true;
        for field in fields.all("plot") {
            complete &= match &field.value {
                FieldValue::Plot { series, against, options } => {
                    self.plot(field.span, series, against.as_ref(), options, &mut plots).is_some()
                }
                other => matches!(other, FieldValue::Error),
            };
        }
        let marks = self.marks(&fields, &plots.series);
        let (log_x, log_y) = self.log(&fields, &plots, complete);
        let (Some(stem), Some(title), Some(marks)) = (stem, title, marks) else { return };
        if self.reporter.count() == before
            && complete
            && let Plots { series, sweeps, profiles, ways, over: Some(over) } = plots
        {
            let drawn = Figure { name: stem, title, series, marks, sweeps, profiles, ways, over, log_x, log_y, span };
            self.document.figures.push(drawn);
        }
    }

    /// One `plot`; `None` where a part of it is wrong, and the other parts are there all the same.
    fn plot(
        &mut self,
        span: Span,
        exprs: &[Expr],
        against: Option<&Expr>,
        options: &[Argument],
        plots: &mut Plots,
    ) -> Option<()> {
        let mut complete = true;
        if exprs.iter().any(|expr| self.is_of_sweep(expr)) {
            for expr in exprs {
                match self.sweep_plots(expr, against, options) {
                    Some((found, axis)) => {
                        self.one_axis(&mut plots.over, axis, expr.span);
                        plots.sweeps.extend(found);
                    }
                    None => complete = false,
                }
            }
            return complete.then_some(());
        }
        let axis = against.and_then(name);
        if axis == Some("way") {
            self.one_axis(&mut plots.over, "way".to_string(), span);
            self.no_options(options);
            for expr in exprs {
                match self.way(expr) {
                    Some(found) => plots.ways.push(found),
                    None => complete = false,
                }
            }
            return complete.then_some(());
        }
        if let Some(&(word, across)) = ACROSS.iter().find(|(word, _)| axis == Some(word)) {
            let seed = self.seed(options)?;
            self.one_axis(&mut plots.over, word.to_string(), span);
            let mut own: Vec<Profile> = Vec::new();
            for expr in exprs {
                match self.profile(expr, across, seed) {
                    Some(found) => join(&mut own, found),
                    None => complete = false,
                }
            }
            plots.profiles.extend(own);
            return complete.then_some(());
        }
        self.over_step(against);
        self.one_axis(&mut plots.over, "step".to_string(), span);
        let seed = self.seed(options)?;
        for expr in exprs {
            match self.measured_series(expr, seed) {
                Some(found) => plots.series.extend(found),
                None => complete = false,
            }
        }
        complete.then_some(())
    }

    /// Panels of a figure share their horizontal axis.
    fn one_axis(&mut self, over: &mut Option<String>, axis: String, span: Span) {
        match over {
            Some(first) if *first != axis => {
                let (found, expected) = (format!("`{axis}`"), format!("`{first}`, as in the `plot` before"));
                self.reporter.bad_value(span, "the horizontal axis of one figure", &found, &expected);
            }
            _ => *over = Some(axis),
        }
    }

    /// The stem of the files: letters, digits, `-`, `_` and `.`, so that no figure leaves its directory.
    fn stem(&mut self, figure: &ast::Figure) -> Option<String> {
        let span = figure.name.span;
        let stem = figure.name.plain().unwrap_or_default();
        let sound = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | ' ');
        if stem.is_empty() || stem.starts_with('.') || !stem.chars().all(sound) || stem.len() > 100 {
            let found = self.reporter.text(span);
            self.reporter.bad_value(span, "the figure's name", &found, "a file name of letters, digits, `-` and `_`");
            return None;
        }
        if let Some(first) = self.document.figures.iter().find(|other| other.name == stem) {
            let first = first.span;
            self.reporter.duplicate(span, first, &format!("the figure `{stem}`"));
            return None;
        }
        Some(stem)
    }

    fn over_step(&mut self, against: Option<&Expr>) {
        if let Some(expr) = against
            && name(expr) != Some("step")
        {
            let found = self.reporter.text(expr.span);
            self.reporter.bad_value(expr.span, "the horizontal axis", &format!("`{found}`"), "`step`, `layer`, `index` or `way`");
        }
    }

    fn no_options(&mut self, options: &[Argument]) {
        for option in options {
            let (span, text) =
                option.name.as_ref().map_or((option.value.span, String::new()), |name| (name.span, name.text.clone()));
            self.reporter.push(
                Diagnostic::new(Code::E0209, span, format!("`plot` has no option `{text}`"))
                    .label("not an option of it")
                    .found(format!("`{text}`"))
                    .help("remove it"),
            );
        }
    }

    /// `seed: 0`, the one option of what is drawn of a run.
    #[expect(clippy::option_option, reason = "absent is not wrong")]
    fn seed(&mut self, options: &[Argument]) -> Option<Option<u64>> {
        let is_seed = |option: &&Argument| option.name.as_ref().is_some_and(|name| name.text == "seed");
        let (own, others): (Vec<&Argument>, Vec<&Argument>) = options.iter().partition(is_seed);
        self.no_options(&others.into_iter().cloned().collect::<Vec<_>>());
        match own.first() {
            None => Some(None),
            Some(option) => super::values::whole(&option.value, "`seed`", 0, &mut self.reporter).map(Some),
        }
    }

    /// `Run.loss` or `Run.delta(fc1)`: the run and the quantity. `None` also where the run has errors of its own.
    pub(super) fn run_and_quantity<'e>(&mut self, expr: &'e Expr) -> Option<(Measured, &'e Ident)> {
        let Some([run, quantity]) = arguments::callee(expr) else {
            self.reporter.wrong_type(expr, "this", "a measured quantity such as `Run.loss`");
            return None;
        };
        if !self.names.measured.contains(&run.text.as_str()) {
            self.reporter.unknown(run.span, "training run", &run.text, self.names.measured.iter().copied());
        }
        Some((self.document.measured(&run.text)?, quantity))
    }

    /// `Run.rank(fc*.weight) at 100`; at the end where no step is given.
    fn profile(&mut self, expr: &Expr, across: Across, seed: Option<u64>) -> Option<Profile> {
        let (quantity, when) = match &expr.kind {
            ExprKind::At { quantity, when } => (quantity.as_ref(), self.moment(when)?),
            _ => (expr, When::End),
        };
        let (measured, word) = self.run_and_quantity(quantity)?;
        let probes = probe::referred(quantity, word, &measured, &mut self.reporter)?;
        Some(Profile { train: measured.name, probes, when, across, seed })
    }

    /// `barrier(A, B, aligned: true)`: the loss along the way from one network to the other.
    fn way(&mut self, expr: &Expr) -> Option<BarrierOf> {
        match arguments::callee(expr) {
            Some([word]) if word.text == "barrier" => self.barrier(expr),
            _ => {
                self.reporter.wrong_type(expr, "what is drawn over a way", "`barrier(RunA, RunB)`, the ends of the way");
                None
            }
        }
    }

    fn measured_series(&mut self, expr: &Expr, seed: Option<u64>) -> Option<Vec<Series>> {
        let (train, quantity) = self.run_and_quantity(expr)?;
        let probes = probe::referred(expr, quantity, &train, &mut self.reporter)?;
        Some(probes.into_iter().map(|probe| Series { train: train.name.clone(), probe, seed }).collect())
    }

    /// `mark breaking(…)` marks the events of every run that is drawn, `mark Run.breaking(…)` those of one.
    fn marks(&mut self, fields: &Fields, series: &[Series]) -> Option<Vec<Series>> {
        let mut marks = Vec::new();
        for field in fields.all("mark") {
            let (FieldValue::Exprs(exprs) | FieldValue::Plot { series: exprs, .. }) = &field.value else { continue };
            for expr in exprs {
                let runs: Vec<Measured> = match arguments::callee(expr) {
                    Some([word]) if word.text == "breaking" => {
                        let mut runs: Vec<Measured> = Vec::new();
                        for entry in series {
                            if let Some(train) = self.document.measured(&entry.train)
                                && runs.iter().all(|run| run.name != train.name)
                            {
                                runs.push(train);
                            }
                        }
                        runs
                    }
                    Some([_, word]) if word.text == "breaking" => vec![self.run_and_quantity(expr)?.0],
                    _ => {
                        self.reporter.wrong_type(expr, "`mark`", "an event such as `breaking(fc1, threshold: 0.1)`");
                        return None;
                    }
                };
                for train in runs {
                    let probes = probe::breaking(expr, &train, &mut self.reporter)?;
                    marks.extend(probes.into_iter().map(|probe| Series { train: train.name.clone(), probe, seed: None }));
                }
            }
        }
        Some(marks)
    }
}
