//! What the measurements of a seed say about its end and about the weights that stay.
//!
//! Everything here is a function of the rows so far, so that going on from a checkpoint needs nothing but those.

use crate::probes::Panel;
use crate::record::Row;
use sym_ir::experiment::{Keep, Stop, Train};

/// A best value so far.
#[derive(Debug, Clone)]
struct BestSoFar {
    column: usize,
    highest: bool,
    best: Option<f64>,
    /// Measurements since.
    since: u64,
}

impl BestSoFar {
    fn new(column: usize, highest: bool) -> Self {
        Self { column, highest, best: None, since: 0 }
    }

    /// Whether the row has a new best value; `None` where it has no value.
    fn observe(&mut self, row: &Row) -> Option<bool> {
        let value = row.values[self.column].filter(|value| !value.is_nan())?;
        let is_better = self.best.is_none_or(|best| if self.highest { value > best } else { value < best });
        if is_better {
            (self.best, self.since) = (Some(value), 0);
        } else {
            self.since += 1;
        }
        Some(is_better)
    }
}

/// A rule that keeps weights.
#[derive(Debug, Clone)]
struct Kept {
    /// The rule as it is written.
    rule: String,
    /// `None` for the last checkpoints.
    record: Option<BestSoFar>,
    /// How many weights it keeps.
    most: usize,
}

/// Follows the measurements of a seed.
#[derive(Debug, Clone)]
pub struct Watch {
    stops: Vec<(Stop, BestSoFar)>,
    kept: Vec<Kept>,
}

/// Weights that a rule keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The rule as it is written.
    pub rule: String,
    /// The best value, where the rule looks at one.
    pub value: Option<f64>,
    /// How many weights it keeps.
    pub most: usize,
}

impl Watch {
    /// The rules of a run, whose quantities are columns of the panel.
    pub fn new(train: &Train, panel: &Panel) -> Self {
        let stops = train.stop.iter().filter_map(|stop| {
            let highest = matches!(stop, Stop::Stalled { best, .. } if best.highest);
            Some((stop.clone(), BestSoFar::new(panel.column_of(stop.probe())?, highest)))
        });
        let kept = train.keep.iter().filter_map(|keep| {
            let (record, most) = match keep {
                Keep::Last(count) => (None, usize::try_from(*count).unwrap_or(usize::MAX)),
                Keep::Best(best) => (Some(BestSoFar::new(panel.column_of(&best.probe)?, best.highest)), 1),
            };
            Some(Kept { rule: keep.to_string(), record, most })
        });
        Self { stops: stops.collect(), kept: kept.collect() }
    }

    /// Whether there is no rule.
    pub fn is_idle(&self) -> bool {
        self.stops.is_empty() && self.kept.is_empty()
    }

    /// The rules that keep the weights of a row, once it is whole.
    pub fn keeps(&mut self, row: &Row) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for Kept { rule, record, most } in &mut self.kept {
            if let Some(record) = record
                && record.observe(row) == Some(true)
            {
                wanted.push(Wanted { rule: rule.clone(), value: record.best, most: *most });
            }
        }
        wanted
    }

    /// Why the seed ends at a row, where a rule says so.
    pub fn ends(&mut self, row: &Row) -> Option<String> {
        let mut why = None;
        for (stop, record) in &mut self.stops {
            if record.observe(row).is_none() {
                continue;
            }
            let value = row.values[record.column].unwrap_or(f64::NAN);
            let ends = match stop {
                Stop::Below { value: limit, .. } => value < *limit,
                Stop::Above { value: limit, .. } => value > *limit,
                Stop::Stalled { measurements, .. } => record.since >= *measurements,
            };
            if ends && why.is_none() {
                why = Some(stop.to_string());
            }
        }
        why
    }

    /// The rules that keep the weights of every checkpoint for a while.
    pub fn at_checkpoint(&self) -> Vec<Wanted> {
        let last = self.kept.iter().filter(|kept| kept.record.is_none());
        last.map(|kept| Wanted { rule: kept.rule.clone(), value: None, most: kept.most }).collect()
    }
}
