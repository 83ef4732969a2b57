//! Sweeps: a training run at every setting of some of its values.

use super::{Data, Probe, Train, When};
use serde::{Deserialize, Serialize};
use std::fmt;
use sym_diagnostics::Span;

/// A training run, repeated over settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Name.
    pub name: String,
    /// The `train` item that is repeated.
    pub train: String,
    /// The settings that vary, under the names as written, in order.
    pub settings: Vec<String>,
    /// The runs; in a grid the last setting varies fastest.
    pub runs: Vec<SweepRun>,
    /// The item.
    pub span: Span,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRun {
    /// The values of the settings, in their order.
    pub values: Vec<SettingValue>,
    /// The run; its name is that of the repeated item.
    pub train: Train,
    /// Its data.
    pub data: Data,
}

/// The value of a setting in one run.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// A number.
    Number(f64),
    /// Anything else, as written: `tanh`, `kaiming`.
    Text(String),
}

impl fmt::Display for SettingValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) if *value != 0.0 && !(1e-3..1e6).contains(&value.abs()) => write!(out, "{value:e}"),
            Self::Number(value) => write!(out, "{value}"),
            Self::Text(text) => out.write_str(text),
        }
    }
}

impl Sweep {
    /// The number of a setting.
    pub fn setting(&self, name: &str) -> Option<usize> {
        self.settings.iter().position(|setting| setting == name)
    }

    /// The name of a run in reports: `Decay[decay=1e-5, width=64]`.
    pub fn label(&self, run: &SweepRun) -> String {
        let values: Vec<String> =
            self.settings.iter().zip(&run.values).map(|(setting, value)| format!("{setting}={value}")).collect();
        format!("{}[{}]", self.name, values.join(", "))
    }
}

/// A quantity of a sweep in a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPlot {
    /// The sweep.
    pub sweep: String,
    /// The names of its settings.
    pub settings: Vec<String>,
    /// The quantity.
    pub probe: Probe,
    /// Against what it is drawn.
    pub plotted: Plotted,
    /// The number of the setting that decides the colour of a line.
    pub colour: Option<usize>,
}

/// The axes of a sweep's plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plotted {
    /// Over the steps of each run.
    Steps,
    /// At one moment, against a setting.
    Against {
        /// When.
        when: When,
        /// The number of the setting along the horizontal axis.
        setting: usize,
        /// The number of the setting along the vertical axis of a heat map.
        rows: Option<usize>,
    },
    /// The columns of the quantity of each run, at one moment.
    Columns {
        /// When.
        when: When,
    },
}

/// A number of the runs of a sweep, where every seed of a run counts, or of the seeds and columns of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// `spearman`: the rank correlation of the quantity with a setting (Spearman 1904), ties by their mean rank.
    Spearman,
    /// `slope`: the slope of the least-squares line of the quantity's logarithm against the setting's.
    Slope,
    /// `lowest`: the least value.
    Lowest,
    /// `highest`: the greatest value.
    Highest,
    /// `mean`: the mean of all values.
    Mean,
}

impl Statistic {
    /// The statistics under their names in the language, and whether each needs a setting.
    pub const ALL: [(&'static str, Self, bool); 5] = [
        ("spearman", Self::Spearman, true),
        ("slope", Self::Slope, true),
        ("lowest", Self::Lowest, false),
        ("highest", Self::Highest, false),
        ("mean", Self::Mean, false),
    ];
}
