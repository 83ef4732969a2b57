//! The typed form of a `figure` item.

use super::{BarrierOf, SweepPlot, When};
use crate::probes::{Probe, ProbeKind};
use sym_diagnostics::Span;

/// Quantities whose vertical axes are logarithmic: those of their panels.
#[derive(Debug, Clone, PartialEq)]
pub enum LogarithmicOf {
    /// `log y`: all.
    All,
    /// `log loss, norm`: these.
    Quantities(Vec<ProbeKind>),
}

impl LogarithmicOf {
    /// Whether a quantity's axis is.
    pub fn holds(&self, kind: ProbeKind) -> bool {
        match self {
            Self::All => true,
            Self::Quantities(kinds) => kinds.contains(&kind),
        }
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The stem of its files.
    pub name: String,
    /// The title, where given.
    pub title: Option<String>,
    /// What is drawn: a training run with a column.
    pub series: Vec<Series>,
    /// Marked events.
    pub marks: Vec<Series>,
    /// What is drawn of sweeps.
    pub sweeps: Vec<SweepPlot>,
    /// What is drawn across layers or columns.
    pub profiles: Vec<Profile>,
    /// Ways from one network to another along which the loss is drawn.
    pub ways: Vec<BarrierOf>,
    /// The horizontal axis: `step`, `layer`, `index`, `way`, or the setting of a sweep.
    pub over: String,
    /// Whether the horizontal axis is logarithmic.
    pub log_x: bool,
    /// Whose vertical axes are logarithmic.
    pub log_y: LogarithmicOf,
    /// The item.
    pub span: Span,
}

/// `plot Run.rank(fc*.weight) over layer`, `plot Run.spectrum(fc1.weight) at 100 over index`: quantities of a run at one moment, in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The training run or measurement.
    pub train: String,
    /// The quantities, in the order of the model.
    pub probes: Vec<Probe>,
    /// When.
    pub when: When,
    /// What lies along the axis.
    pub across: Across,
    /// The one seed that is drawn; all of them where absent.
    pub seed: Option<u64>,
}

/// What lies along the axis of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// One quantity after the other: layers.
    Layers,
    /// The columns of a quantity, such as singular values.
    Columns,
}

/// A measured column of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The training run.
    pub train: String,
    /// The quantity.
    pub probe: Probe,
    /// The one seed that is drawn; all of them where absent.
    pub seed: Option<u64>,
}
