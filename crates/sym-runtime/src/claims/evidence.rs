//! What claims and figures are judged and drawn by: symmetries and measured curves.

use sym_infer::Symmetries;
use sym_ir::Program;
use sym_ir::experiment::{Between, Carrier, Probe, SettingValue};

/// A measured quantity of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The seed.
    pub seed: u64,
    /// Steps of the measurements, ascending.
    pub steps: Vec<u64>,
    /// One series of values a column, each as long as `steps`: one column for most probes, one a pair for `delta`.
    pub columns: Vec<Vec<f64>>,
    /// Why the seed has no end, where it broke off before: `it diverged at step 12`.
    pub broke_off: Option<String>,
}

/// What one run of a sweep measured of a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepCurves {
    /// The values of the settings.
    pub values: Vec<SettingValue>,
    /// One curve a seed.
    pub curves: Vec<Curve>,
}

/// What is known once a file has been analysed and its runs are done.
pub trait Evidence {
    /// The program of a model or training run.
    fn program(&self, model: &str) -> Option<&Program>;

    /// The symmetries of a model or training run, those of its objective or dynamics in `kept`.
    fn symmetries(&self, model: &str, of: Carrier) -> Option<&Symmetries>;

    /// The measured curves of a probe, one a seed; `None` before the run.
    fn curves(&self, train: &str, probe: &Probe) -> Option<Vec<Curve>>;

    /// What a measurement gave of a probe in each gauge, that of the file first; `None` before it was made.
    fn gauges(&self, measurement: &str, probe: &Probe) -> Option<Vec<Curve>>;

    /// The curves of a probe in every run of a sweep that measured it; `None` before the runs.
    fn sweep(&self, sweep: &str, probe: &Probe) -> Option<Vec<SweepCurves>>;

    /// What comparisons of pairs of networks gave, one number a pair, or why there is none; `None` before the runs.
    fn between(&self, of: &Between) -> Option<Result<Vec<f64>, String>>;
}

/// The steps at which a column first exceeds the threshold: the breakings of neighbour pairs in a `delta` curve, ascending. A column that
/// exceeds it at the first measurement has not broken: it never was symmetric.
pub fn breakings(curve: &Curve, threshold: f64) -> Vec<u64> {
    let mut steps: Vec<u64> = curve
        .columns
        .iter()
        .filter_map(|column| {
            let first = column.iter().zip(&curve.steps).position(|(value, _)| *value >= threshold)?;
            (first > 0).then(|| curve.steps[first])
        })
        .collect();
    steps.sort_unstable();
    steps
}

#[cfg(test)]
mod tests {
    use super::{Curve, breakings};

    #[test]
    fn a_pair_breaks_once_where_it_first_exceeds_the_threshold() {
        let curve = Curve {
            seed: 0,
            steps: vec![0, 50, 100, 150],
            columns: vec![vec![0.0, 0.0, 0.2, 0.3], vec![0.0, 0.2, 0.0, 0.2], vec![0.0; 4], vec![0.5; 4]],
            broke_off: None,
        };
        assert_eq!(breakings(&curve, 0.1), [50, 100]);
    }
}
