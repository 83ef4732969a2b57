//! What the plots of a figure draw, and which of its axes are logarithmic.

use super::Elaborator;
use super::fields::Fields;
use crate::experiment::{BarrierOf, LogarithmicOf, ProbeKind, Profile, Series, SweepPlot};
use crate::probes::PROBES;

/// What the `plot` fields of a figure draw, and along which axis.
#[derive(Default)]
pub(super) struct Plots {
    pub(super) series: Vec<Series>,
    pub(super) sweeps: Vec<SweepPlot>,
    pub(super) profiles: Vec<Profile>,
    pub(super) ways: Vec<BarrierOf>,
    pub(super) over: Option<String>,
}

impl Plots {
    /// The kinds of what is drawn, each once.
    fn quantities(&self) -> Vec<ProbeKind> {
        let of_series = self.series.iter().map(|series| series.probe.kind);
        let of_sweeps = self.sweeps.iter().map(|plot| plot.probe.kind);
        let of_profiles = self.profiles.iter().flat_map(|profile| &profile.probes).map(|probe| probe.kind);
        let of_ways = self.ways.iter().map(|_| ProbeKind::Loss);
        let mut found = Vec::new();
        for kind in of_series.chain(of_sweeps).chain(of_profiles).chain(of_ways) {
            if !found.contains(&kind) {
                found.push(kind);
            }
        }
        found
    }
}

/// What a word of `log` names.
#[derive(Clone, Copy)]
enum LogAxis {
    X,
    Y,
    Of(ProbeKind),
}

impl Elaborator<'_> {
    /// `log y`, `log x, y`, `log x, loss`: axes, or quantities that are plotted.
    pub(super) fn log(&mut self, fields: &Fields, plots: &Plots, complete: bool) -> (bool, LogarithmicOf) {
        let axes = [("x", LogAxis::X), ("y", LogAxis::Y)];
        // What else is plotted is not known where a part of it is wrong.
        let kinds = if complete { plots.quantities() } else { PROBES.iter().map(|probe| probe.kind).collect() };
        let plotted: Vec<_> = kinds.into_iter().map(|kind| (kind.name(), LogAxis::Of(kind))).collect();
        let words: Vec<_> = axes.into_iter().chain(plotted).collect();
        let (mut log_x, mut all, mut quantities) = (false, false, Vec::new());
        for expr in fields.exprs("log") {
            match super::values::word(expr, "axis or plotted quantity", &words, &mut self.reporter) {
                Some(LogAxis::X) => log_x = true,
                Some(LogAxis::Y) => all = true,
                Some(LogAxis::Of(kind)) => quantities.push(kind),
                None => {}
            }
        }
        (log_x, if all { LogarithmicOf::All } else { LogarithmicOf::Quantities(quantities) })
    }
}
