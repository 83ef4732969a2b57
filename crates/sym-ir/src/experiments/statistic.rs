//! Quantities of sweeps: in claims `spearman(Decay.rank(fc1.weight) at end, width)`, in figures `plot Decay.rank(fc1.weight) at end against width`.

use super::arguments::{Arguments, callee};
use super::reporter::Reporter;
use super::values::name;
use super::{Elaborator, probe};
use crate::experiment::{Measured, Plotted, Probe, ProbeKind, Quantity, Statistic, Sweep, SweepPlot, When};
use crate::probes::Columns;
use sym_diagnostics::{Code, Diagnostic};
use sym_syntax::ast::{Argument, Expr, ExprKind};

impl Elaborator<'_> {
    /// Whether an expression is a quantity of a sweep: `Decay.loss`, `Decay.loss at end`.
    pub(super) fn is_of_sweep(&self, expr: &Expr) -> bool {
        let quantity = if let ExprKind::At { quantity, .. } = &expr.kind { quantity } else { expr };
        matches!(callee(quantity), Some([owner, _]) if self.names.sweeps.contains_key(owner.text.as_str()))
    }

    /// The sweep and its quantities. `None` also where the sweep has errors of its own.
    fn of_sweep(&mut self, expr: &Expr) -> Option<(Sweep, Vec<Probe>)> {
        let Some([owner, word]) = callee(expr) else { return None };
        let sweep = self.document.sweeps.get(&owner.text)?.clone();
        let run = Measured::of_train(&sweep.runs.first()?.train);
        let probes = probe::referred(expr, word, &run, &mut self.reporter)?;
        Some((sweep, probes))
    }

    /// The number of a setting.
    fn setting_of(&mut self, sweep: &Sweep, expr: &Expr) -> Option<usize> {
        let written = self.reporter.text(expr.span);
        let found = sweep.setting(&written);
        if found.is_none() {
            self.reporter.unknown(expr.span, "setting", &written, sweep.settings.iter().map(String::as_str));
        }
        found
    }

    /// `spearman(Decay.rank(fc1.weight) at end, width)`.
    pub(super) fn statistic(&mut self, expr: &Expr, word: &str) -> Option<Quantity> {
        let (_, statistic, needs_setting) = Statistic::ALL.into_iter().find(|(name, ..)| *name == word)?;
        let mut arguments = Arguments::of(expr, word, if needs_setting { &["of", "setting"] } else { &["of"] });
        let of = arguments.required("of", "Sweep.loss at end", &mut self.reporter);
        let setting = if needs_setting { arguments.required("setting", "lr", &mut self.reporter) } else { None };
        arguments.finish(&mut self.reporter);
        let of = of?;
        let ExprKind::At { quantity, when } = &of.kind else {
            self.reporter.wrong_type(of, &format!("`{word}`"), "a quantity of a sweep at a moment, such as `Sweep.loss at end`");
            return None;
        };
        if !self.is_of_sweep(quantity) && !needs_setting {
            let when = self.moment(when)?;
            let (measured, name) = self.run_and_quantity(quantity)?;
            let probes = probe::referred(quantity, name, &measured, &mut self.reporter)?;
            return Some(Quantity::OfRun { statistic, train: measured.name, probes, when });
        }
        if !self.is_of_sweep(quantity) {
            self.reporter.wrong_type(quantity, &format!("`{word}`"), "a quantity of a sweep, such as `Sweep.loss`");
            return None;
        }
        let when = self.moment(when)?;
        let (sweep, probes) = self.of_sweep(quantity)?;
        let probe = one_number(quantity, &probes, &format!("{}.", sweep.name), &mut self.reporter)?;
        let setting = match setting {
            Some(expr) => Some(self.setting_of(&sweep, expr)?),
            None => None,
        };
        // Words have an order, the one in which they are listed, and no distances.
        let fits = statistic == Statistic::Spearman
            || setting.is_none_or(|at| {
                sweep.runs.iter().all(|run| matches!(run.values[at], crate::experiment::SettingValue::Number(_)))
            });
        if !fits {
            self.reporter.wrong_type(expr, &format!("`{word}`"), "a setting whose values are numbers");
            return None;
        }
        Some(Quantity::OfSweep { statistic, sweep: sweep.name, probe, when, setting })
    }

    /// What `plot` draws of a sweep, with the name of the horizontal axis.
    pub(super) fn sweep_plots(
        &mut self,
        expr: &Expr,
        against: Option<&Expr>,
        options: &[Argument],
    ) -> Option<(Vec<SweepPlot>, String)> {
        let (quantity, when) = match &expr.kind {
            ExprKind::At { quantity, when } => (&**quantity, Some(self.moment(when)?)),
            _ => (expr, None),
        };
        let (sweep, probes) = self.of_sweep(quantity)?;
        let (mut colour, mut rows) = (None, None);
        for option in options {
            let place = match option.name.as_ref().map(|name| name.text.as_str()) {
                Some("colour") => &mut colour,
                Some("rows") => &mut rows,
                other => {
                    let (span, text) = (option.name.as_ref().map_or(option.value.span, |name| name.span), other.unwrap_or(""));
                    self.reporter.push(
                        Diagnostic::new(Code::E0209, span, format!("`plot` has no option `{text}`"))
                            .label("not an option of it")
                            .found(format!("`{text}`"))
                            .suggest(text, ["colour", "rows"]),
                    );
                    return None;
                }
            };
            *place = Some(&option.value);
        }
        let colour = match colour {
            Some(expr) => Some(self.setting_of(&sweep, expr)?),
            None => None,
        };
        let is_step = against.is_none_or(|against| name(against) == Some("step"));
        let is_index = against.is_some_and(|against| name(against) == Some("index"));
        let (plotted, axis) = match (when, against) {
            (when, _) if is_index && rows.is_none() => {
                (Plotted::Columns { when: when.unwrap_or(When::End) }, "index".to_string())
            }
            (None, _) if is_step && rows.is_none() => (Plotted::Steps, "step".to_string()),
            (Some(when), Some(against)) if !is_step => {
                let setting = self.setting_of(&sweep, against)?;
                let rows = match rows {
                    Some(expr) => Some(self.setting_of(&sweep, expr)?),
                    None => None,
                };
                (Plotted::Against { when, setting, rows }, sweep.settings[setting].clone())
            }
            _ => {
                let found = self.reporter.text(expr.span);
                self.reporter.push(
                    Diagnostic::new(
                        Code::E0211,
                        expr.span,
                        "a sweep is drawn over `step`, or at one moment over `index` or against a setting",
                    )
                    .label("neither")
                    .found(format!("`{found}`"))
                    .expected("`plot Sweep.loss over step` or `plot Sweep.loss at end against lr`"),
                );
                return None;
            }
        };
        for probe in &probes {
            if !is_index && matches!(probe.kind.declaration().columns, Columns::Many(_)) {
                one_number(quantity, &probes, &format!("{}.", sweep.name), &mut self.reporter)?;
            }
        }
        let plot =
            |probe: Probe| SweepPlot { sweep: sweep.name.clone(), settings: sweep.settings.clone(), probe, plotted, colour };
        Some((probes.into_iter().map(plot).collect(), axis))
    }

    /// `start`, `end` or a step.
    pub(super) fn moment(&mut self, when: &Expr) -> Option<When> {
        match name(when) {
            Some("start") => Some(When::Start),
            Some("end") => Some(When::End),
            Some(other) => {
                self.reporter.unknown(when.span, "moment", other, ["start", "end"]);
                None
            }
            None => Some(When::Step(super::values::whole(when, "a step", 0, &mut self.reporter)?)),
        }
    }
}

/// The one probe of a quantity that has one number at a moment; `owner` is what stands before the probe, such as `Saddle.`.
pub(super) fn one_number(quantity: &Expr, probes: &[Probe], owner: &str, reporter: &mut Reporter) -> Option<Probe> {
    let [probe] = probes else {
        reporter.wrong_type(quantity, "what is compared", "one quantity, not several");
        return None;
    };
    if let Columns::Many(thing) = probe.kind.declaration().columns {
        let written = probe.column();
        let help = if probe.kind == ProbeKind::Delta {
            format!("write `{owner}ndosb({})`, the number of pairs apart", probe.target)
        } else {
            format!("take a single number, such as `{owner}loss`")
        };
        let message = format!("`{written}` has one value a {thing}, and one number is needed");
        reporter.push(
            Diagnostic::new(Code::E0211, quantity.span, message)
                .label("many numbers")
                .found(format!("one number a {thing}"))
                .expected("one number")
                .help(help),
        );
        return None;
    }
    Some(probe.clone())
}
