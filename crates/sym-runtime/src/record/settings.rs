//! What a record says about how it came to be.

use crate::data::Loaded;
use crate::init::Files;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::Program;
use sym_ir::experiment::{Data, Measurement, Schedule, Statistics, Train};

/// Resolved settings of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The form of the record.
    pub schema: u32,
    /// Version of the tool.
    pub version: String,
    /// Architecture and operating system.
    pub platform: String,
    /// Name of the training run.
    pub train: String,
    /// Its seeds.
    pub seeds: Vec<u64>,
    /// Everything that determines the numbers, by field.
    pub resolved: Value,
    /// A hash of `resolved`.
    pub spec_hash: String,
}

impl Settings {
    /// The settings of a measurement of given weights; `read` is a hash of everything that was read of the file.
    pub fn of_measurement(measurement: &Measurement, data: Option<&Loaded>, read: &str) -> Self {
        let probes: Vec<Value> = measurement.probes.iter().map(|probe| json!(probe.column_with_settings())).collect();
        let resolved = json!({
            "model": measurement.model,
            "program": blake3::hash(text(&measurement.program).as_bytes()).to_hex().to_string(),
            "from": measurement.path,
            "names": measurement.names.as_ref().map(|(name, _)| name),
            "read_hash": read,
            "data": measurement.data.as_ref().map(|(name, _)| name),
            "data_hash": data.map(|data| &data.hash),
            "gauges": measurement.gauges,
            "probes": probes,
        });
        Self::resolved(&measurement.name, (0..=measurement.gauges).collect(), resolved)
    }

    fn resolved(name: &str, seeds: Vec<u64>, resolved: Value) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_string(),
            platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            train: name.to_string(),
            seeds,
            spec_hash: blake3::hash(resolved.to_string().as_bytes()).to_hex().to_string(),
            resolved,
        }
    }
}

/// The form of records that this version writes.
const SCHEMA: u32 = 1;

/// Rules as they are written, where there are some.
fn shown(rules: &[impl ToString]) -> Option<Value> {
    (!rules.is_empty()).then(|| rules.iter().map(ToString::to_string).collect())
}

/// Puts the fields that have a value into an object.
fn add(object: &mut Value, fields: impl IntoIterator<Item = (&'static str, Option<Value>)>) {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?)));
    object.as_object_mut().expect("settings are an object").extend(fields);
}

impl Settings {
    /// The settings of a run.
    pub fn new(train: &Train, data: &Data, set: &Loaded, files: &Files, backend: &str, dtype: &str) -> Self {
        let mut resolved = Self::asked(train, data);
        let read = [
            ("data_hash", Some(json!(set.hash))),
            ("examples", Some(json!(set.train.len()))),
            ("test_examples", Some(json!(set.test.as_ref().map_or(0, crate::data::Examples::len)))),
            ("init_hash", files.hash().map(|hash| json!(hash))),
            ("backend", Some(json!(backend))),
            ("dtype", Some(json!(dtype))),
        ];
        add(&mut resolved, read);
        Self::resolved(&train.name, train.seeds.clone(), resolved)
    }

    /// What determines the numbers of a run beside its files, its data and what executes it.
    pub fn asked(train: &Train, data: &Data) -> Value {
        let init: Vec<Value> = train.init.iter().map(|init| json!({ "kind": init.kind, "targets": init.targets })).collect();
        let measures: Vec<Value> = train
            .measures
            .iter()
            .map(|measure| {
                let probes: Vec<Value> = measure.probes.iter().map(|probe| json!(probe.column_with_settings())).collect();
                json!({ "every": measure.every, "probes": probes })
            })
            .collect();
        let mut asked = json!({
            "model": train.model,
            "program": blake3::hash(text(&train.program).as_bytes()).to_hex().to_string(),
            "data": data.name,
            "loss": train.loss,
            "init": init,
            "optimizer": train.optimizer,
            "batch": train.batch.or(train.optimizer.batch),
            "steps": train.steps,
            "seeds": train.seeds,
            "measures": measures,
            "checkpoint": train.checkpoint,
        });
        // A curve is not gone on with in another form of the model.
        let has_running = matches!(train.statistics, Statistics::Running { .. }) && !train.program.batch_norms().is_empty();
        let reduced_in_evaluation =
            has_running && train.measures.iter().flat_map(|measure| &measure.probes).any(|probe| probe.kind.is_reduced());
        // What is not asked for is not said, so that the hash of a run without it stays what it was.
        let choices = [
            ("schedule", (train.schedule != Schedule::default()).then(|| json!(train.schedule))),
            ("smoothing", (train.smoothing > 0.0).then(|| json!(train.smoothing))),
            ("clip", train.clip.map(|clip| json!(clip))),
            ("statistics", (!train.program.batch_norms().is_empty()).then(|| json!(train.statistics))),
            ("reduced", reduced_in_evaluation.then(|| json!("evaluation"))),
            ("stop", shown(&train.stop)),
            ("keep", shown(&train.keep)),
            ("fresh", data.fresh.then_some(Value::Bool(true))),
            ("augment", (!data.preparation.augment.is_empty()).then(|| json!(data.preparation.augment))),
        ];
        add(&mut asked, choices);
        asked
    }

    /// Whether settings that were read back, with the hash of `wanted`, also say what `wanted` says. Versions may differ.
    pub(super) fn is_whole(&self, wanted: &Self) -> bool {
        // Reading may change the last digit of a number: compare with what is read of the same text.
        let text = serde_json::to_string(wanted).expect("settings are plain data");
        let wanted: Self = serde_json::from_str(&text).expect("settings are read as they are written");
        self.resolved == wanted.resolved && self.seeds == wanted.seeds
    }

    /// Refuses to go on with a record of other settings.
    ///
    /// # Errors
    ///
    /// E0605 with the first field that differs.
    pub fn same_as(&self, wanted: &Self, directory: &std::path::Path) -> Result<(), Diagnostic> {
        if self.spec_hash == wanted.spec_hash && self.train == wanted.train {
            return Ok(());
        }
        let differing = wanted
            .resolved
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| self.resolved.get(name.as_str()) != Some(*value));
        // A field that the record has under another value says more than one that it lacks.
        let field = differing
            .min_by_key(|(name, _)| self.resolved.get(name.as_str()).is_none())
            .map(|(name, value)| (name.clone(), value.clone()));
        let message = format!("the record `{}` belongs to another spec or other settings", directory.display());
        let diagnostic =
            Diagnostic::without_span(Code::E0605, message).help("undo the change, or start a new record with `--out`");
        Err(match field {
            Some((name, value)) => {
                let recorded = self.resolved.get(&name).cloned().unwrap_or(Value::Null);
                diagnostic.found(format!("`{name}` = {value}")).expected(format!("`{name}` = {recorded}, as recorded"))
            }
            None => diagnostic.found(wanted.train.clone()).expected(format!("{}, as recorded", self.train)),
        })
    }
}

/// Everything about a program that determines its numbers, without where it is written.
fn text(program: &Program) -> String {
    let mut text = format!("model {}\n", program.name);
    let sizes = |shape: &[sym_ir::Axis]| shape.iter().map(|axis| axis.size.to_string()).collect::<Vec<_>>().join(" ");
    let mut line = |arguments: std::fmt::Arguments<'_>| text.write_fmt(arguments).expect("writing to a string succeeds");
    for parameter in &program.parameters {
        let sym_ir::Parameter { path, storage, shape, trainable, initial, role, span: _ } = parameter;
        line(format_args!("parameter {path} [{}] {storage:?} {trainable} {initial:?}\n", sizes(shape)));
        let sym_ir::Role { block: _, sizes: _, factor, drawn, decay_spread, mask } = role;
        if *factor || drawn.is_some() || decay_spread.is_some() {
            line(format_args!("role {factor} {drawn:?} {decay_spread:?}\n"));
        }
        if let Some(mask) = mask {
            line(format_args!("mask {mask:?}\n"));
        }
    }
    for input in &program.inputs {
        line(format_args!("input {} [{}]\n", input.name, sizes(&input.shape)));
    }
    for node in &program.nodes {
        line(format_args!("node [{}] {:?}\n", sizes(&node.shape), node.operation));
    }
    for output in &program.outputs {
        line(format_args!("output {} {}\n", output.name, output.value.0));
    }
    text
}
