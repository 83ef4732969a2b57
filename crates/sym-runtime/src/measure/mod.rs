//! `measure` items: the probes of a training run on weights from a file.
//!
//! A measurement leaves a record like that of a run of no steps, whose seed 0 is the weights as they are and whose further seeds are the same function in
//! other coordinates: weights moved by random elements of the connected groups ([`gauge`]).

mod gauge;
mod weights;

pub use weights::known_names;

use crate::data::{DataSet, Examples, Inputs, Table, Targets};
use crate::evaluate;
use crate::probes::{Ground, Instruments, Panel, Score, View, score};
use crate::record::{Checkpoint, Ending, Record, Row, Settings, Summary, Writer};
use crate::train::{Environment, Outcome, unmeasured};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use sym_diagnostics::Diagnostic;
use sym_infer::{Symmetries, Weights};
use sym_ir::experiment::{Data, Loss, Measure, Measurement};

/// Examples that are evaluated at once.
const CHUNK: usize = 256;

/// Reads the weights and measures. `data` is the item's data set, where it has one; `symmetries` are those of its program.
pub fn run(measurement: &Measurement, data: Option<&Data>, symmetries: &Symmetries, environment: &Environment<'_>) -> Outcome {
    let directory = environment.out.join(&measurement.name);
    match attempt(measurement, data, symmetries, environment, &directory) {
        Ok((record, diagnostics)) => Outcome { directory, record: Some(record), diagnostics, interrupted: false },
        Err(diagnostics) => Outcome { directory, record: None, diagnostics, interrupted: false },
    }
}

fn attempt(
    measurement: &Measurement,
    data: Option<&Data>,
    symmetries: &Symmetries,
    environment: &Environment<'_>,
    directory: &Path,
) -> Result<(Record, Vec<Diagnostic>), Vec<Diagnostic>> {
    let program = &measurement.program;
    if measurement.data.is_some() {
        sym_lower::check(program)?;
    }
    let set = data.map(|item| environment.data.load(item, program, environment.base)).transpose()?;
    let nothing = Examples { inputs: Vec::new(), targets: Targets::Numbers(Table { values: Vec::new(), width: 1 }) };
    let examples = set.as_ref().map_or(&nothing, |set| &set.train);
    let measures = [Measure { every: 1, probes: measurement.probes.clone() }];
    let ground = Ground {
        program,
        measures: &measures,
        symmetries,
        data: measurement.data.as_ref().map_or("", |(name, _)| name),
        targets: &examples.targets,
        has_test: set.as_ref().is_some_and(|set| set.test.is_some()),
    };
    let panel = Panel::new(&ground)?;
    let given = weights::read(measurement, symmetries, environment.base).map_err(|problem| vec![problem])?;
    let settings = Settings::of_measurement(measurement, set.as_deref(), &given.hash);
    let writer = Writer::open(directory, environment.spec, &settings, panel.columns(), false, environment.resume)
        .map_err(|problem| vec![problem])?;
    let mut seeds = Vec::new();
    let mut summaries = Vec::new();
    for seed in 0..=measurement.gauges {
        let started = Instant::now();
        let own = (seed > 0).then(|| gauge::moved(program, symmetries, &given, seed));
        let weights = own.as_ref().map_or(&given.weights, |(weights, _)| weights);
        let mut values = measured(measurement, set.as_deref().map(|set| &**set), examples, &panel, weights);
        if let Some((_, moved)) = &own {
            panel.keep(&mut values, |space| space.map_or(!moved.is_empty(), |space| moved.iter().any(|name| name == space)));
        }
        let row = Row { step: 0, wall_seconds: started.elapsed().as_secs_f64(), values };
        let state = Checkpoint {
            step: 0,
            wall_seconds: row.wall_seconds,
            ending: Ending::Finished,
            detectors: Vec::new(),
            tensors: BTreeMap::new(),
        };
        summaries.push(writer.summarise(seed, &state, std::slice::from_ref(&row), 0, &[]));
        seeds.push((seed, vec![row], Vec::new()));
    }
    let summary = Summary {
        schema: 1,
        train: measurement.name.clone(),
        parameters: program.trainable_entries().and_then(|count| u64::try_from(count).ok()).unwrap_or(u64::MAX),
        steps: 0,
        complete: true,
        seeds: summaries,
    };
    let unmeasured = panel.unmeasured().into_iter().map(|(probe, reason)| unmeasured(probe, reason, &measurement.name)).collect();
    Ok((writer.finish(summary, seeds).map_err(|problem| vec![problem])?, unmeasured))
}

/// The row of some weights.
fn measured(
    measurement: &Measurement,
    set: Option<&DataSet>,
    examples: &Examples,
    panel: &Panel,
    weights: &Weights,
) -> Vec<Option<f64>> {
    let program = &measurement.program;
    let loss = measurement.data.as_ref().map_or(Loss::Mse, |(_, loss)| *loss);
    let width = program
        .outputs
        .first()
        .map_or(1, |output| program.node(output.value).shape.iter().map(|axis| axis.size as usize).product::<usize>().max(1));
    let mut outputs = |inputs: &[Inputs]| evaluate::outputs(program, weights, inputs).unwrap_or_default();
    let mut scored = |test: bool| match set.and_then(|set| if test { set.test.as_ref() } else { Some(&set.train) }) {
        Some(examples) => score(&mut outputs, examples, loss, width, CHUNK),
        None => Score { loss: f64::NAN, accuracy: None },
    };
    let mut instruments = Instruments::new(program, loss, examples).tested_on(set.and_then(|set| set.test.as_ref()));
    let (seed, evaluated) = (0, None);
    let mut view = View { program, weights, start: weights, seed, score: &mut scored, evaluated, instruments: &mut instruments };
    panel.measure(0, true, &mut view, &mut panel.detectors())
}
