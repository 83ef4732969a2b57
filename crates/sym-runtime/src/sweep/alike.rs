//! Equal runs of sweeps.

use crate::record::Settings;
use std::collections::HashMap;
use sym_ir::experiment::Sweep;

/// A run: which sweep it is of, and which of that sweep's runs.
pub(super) type Place = (usize, usize);

/// The runs of sweeps, equal ones together, in the order of the first of each.
pub(super) fn together<'a>(sweeps: impl Iterator<Item = (usize, &'a Sweep)>) -> Vec<Vec<Place>> {
    let mut groups: Vec<Vec<Place>> = Vec::new();
    let mut known = HashMap::new();
    for (sweep_at, sweep) in sweeps {
        for (at, run) in sweep.runs.iter().enumerate() {
            let asked = Settings::asked(&run.train, &run.data).to_string();
            let alike: &mut Vec<(usize, _)> = known.entry((&run.train.name, asked)).or_default();
            let group = alike.iter().find(|(_, data)| *data == &run.data).map_or(groups.len(), |&(group, _)| group);
            if group == groups.len() {
                alike.push((group, &run.data));
                groups.push(Vec::new());
            }
            groups[group].push((sweep_at, at));
        }
    }
    groups
}
