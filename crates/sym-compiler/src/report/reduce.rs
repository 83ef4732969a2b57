//! A smaller model of given weights.

use super::{Diagnosed, Integer, Schema};
use serde::Serialize;

/// The report of `symc reduce`.
#[derive(Debug, Default, Serialize)]
pub struct ReduceReport {
    /// The version of the form.
    pub schema: Schema,
    /// The model.
    pub model: String,
    /// The tolerance of the command line.
    pub tolerance: f64,
    /// D before and after.
    pub parameters: [Integer; 2],
    /// The spaces in which a symmetric state was found.
    pub spaces: Vec<ReducedSpaceRow>,
    /// ‖`P_G` θ − θ‖ / ‖θ‖ at the balanced point of the orbit of θ.
    pub distance: Option<f64>,
    /// The examples of the following numbers: `test` or `training` examples of the run, or `random` inputs.
    pub examples: &'static str,
    /// How many they are.
    pub count: usize,
    /// The largest difference of an output, relative to the largest.
    pub change_of_outputs: Option<f64>,
    /// Mean loss before and after, where a run gives one.
    pub loss: Option<[f64; 2]>,
    /// Share of examples with the right class before and after, where there are classes.
    pub accuracy: Option<[f64; 2]>,
    /// The files that were written.
    pub out: Vec<String>,
    /// Diagnostics.
    pub diagnostics: Vec<Diagnosed>,
}

/// What became of a space of units.
#[derive(Debug, Serialize)]
pub struct ReducedSpaceRow {
    /// The space.
    pub name: String,
    /// Its units before.
    pub units: usize,
    /// Its units after.
    pub left: usize,
    /// Units that are one with another.
    pub merged: usize,
    /// Units without influence, or directions that are not in use.
    pub vanished: usize,
    /// Why there is no smaller model, where there is none.
    pub refused: Option<String>,
}

impl ReduceReport {
    /// One line a fact.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.spaces.iter().map(|space| space.line(&self.model)).collect();
        lines.extend(self.facts().into_iter().map(|fact| format!("{}: {fact}", self.model)));
        lines
    }

    /// Everything but the spaces.
    pub fn facts(&self) -> Vec<String> {
        let [before, after] = self.parameters;
        let factor = before.0 as f64 / (after.0 as f64).max(1.0);
        let mut facts = vec![format!("{before} parameters before, {after} after: {factor:.2} × fewer")];
        if let Some(distance) = self.distance {
            facts.push(format!("projected at a relative distance of {distance:.6}"));
        }
        let on = format!(
            "on {} {}",
            self.count,
            match self.examples {
                "random" => "random inputs".to_string(),
                part => format!("{part} examples"),
            }
        );
        if let Some(change) = self.change_of_outputs {
            facts.push(format!("outputs changed by {change:.1e} of the largest {on}"));
        }
        if let Some([before, after]) = self.loss {
            facts.push(format!("loss {before:.6} before, {after:.6} after {on}"));
        }
        if let Some([before, after]) = self.accuracy {
            facts.push(format!("accuracy {before:.4} before, {after:.4} after {on}"));
        }
        facts.extend(self.out.iter().map(|path| format!("written to {path}")));
        facts
    }
}

impl ReducedSpaceRow {
    fn line(&self, model: &str) -> String {
        let Self { name, units, left, merged, vanished, refused } = self;
        match refused {
            Some(why) => format!("{model}.{name}: {units} units stay: {why}"),
            None => format!("{model}.{name}: {units} units before, {left} after; {merged} merged, {vanished} vanished"),
        }
    }
}
