//! What all seeds of a run share, checked before the first step.

use super::Environment;
use crate::data::{self, DataSet, EachStep, Loaded, Targets};
use crate::engine::Running;
use crate::init::Files;
use crate::probes::{Ground, Panel};
use burn::tensor::{DType, Device};
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic};
use sym_infer::Symmetries;
use sym_ir::experiment::{Data, Loss, Statistics, Train};
use sym_ir::{Operation, Program};
use sym_lower::Backend;

/// The most entries of one value in an evaluation, where more than one example is at hand.
const MOST_EVALUATED: usize = 1 << 24;

/// What all seeds of a run share.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The run.
    pub train: &'a Train,
    /// The symmetries of its program.
    pub symmetries: &'a Symmetries,
    /// Its examples.
    pub data: Arc<Loaded>,
    /// What each step trains on.
    pub each_step: EachStep<'a>,
    /// The weights that its initial values come from.
    pub files: Files,
    /// Its probes.
    pub panel: Panel,
    /// What executes the program.
    pub backend: Backend,
    /// Its device, without autodiff.
    pub device: Device,
    /// The type of all numbers on it.
    pub dtype: DType,
    /// Entries of the first output.
    pub width: usize,
    /// Examples a step.
    pub batch: Option<usize>,
    /// Examples that are evaluated at once.
    pub chunk: usize,
    /// Running statistics at the start, where the model has norms over the batch and they are asked for.
    pub running: Option<Running>,
    /// Steps between checkpoints.
    pub interval: u64,
}

impl<'a> Setup<'a> {
    /// Loads the data and checks that everything fits together.
    ///
    /// # Errors
    ///
    /// Everything that does not.
    pub fn new(
        train: &'a Train,
        item: &'a Data,
        symmetries: &'a Symmetries,
        environment: &Environment<'_>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let (backend, dtype) = Backend::with_dtype(environment.backend, environment.dtype)?;
        sym_lower::check(&train.program)?;
        check_differentiable(train)?;
        let data = environment.data.load(item, &train.program, environment.base)?;
        let files = Files::read(&train.program, &train.init, environment.base)?;
        let running = match train.statistics {
            Statistics::Batch => None,
            Statistics::Running { momentum } => {
                Running::of(&train.program, momentum).map(|running| files.running(&train.init, running))
            }
        };
        let width = check_targets(train, item, &data)?;
        let ground = Ground {
            program: &train.program,
            measures: &train.measures,
            symmetries,
            data: &train.data,
            targets: &data.train.targets,
            has_test: data.test.is_some(),
        };
        let panel = Panel::new(&ground)?;
        let batch = batch(train, if item.fresh { usize::MAX } else { data.train.len() })?;
        let each_step = EachStep::new(item, &data, &train.program, environment.base, batch)?;
        let interval = train.checkpoint.unwrap_or_else(|| train.steps.div_ceil(10).max(100)).max(1);
        Ok(Self {
            train,
            symmetries,
            data,
            each_step,
            files,
            panel,
            backend,
            device: backend.device(),
            dtype,
            width,
            batch,
            chunk: chunk(&train.program),
            running,
            interval,
        })
    }
}

impl Setup<'_> {
    /// The program with all tensors that a seed leaves: its weights and then its running statistics.
    pub fn stored(&self) -> &Program {
        self.running.as_ref().map_or(&self.train.program, Running::evaluation)
    }
}

/// Examples that are evaluated at once: up to 2,048, fewer where a value has so many entries that memory counts.
fn chunk(program: &Program) -> usize {
    let entries = |node: &sym_ir::Node| node.shape.iter().map(|axis| axis.size as usize).product::<usize>();
    let widest = program.nodes.iter().map(entries).max().unwrap_or(1).max(1);
    (MOST_EVALUATED / widest).clamp(1, 2048)
}

/// Examples a step, checked against how many there are.
fn batch(train: &Train, examples: usize) -> Result<Option<usize>, Vec<Diagnostic>> {
    let Some(size) = train.batch.or(train.optimizer.batch) else { return Ok(None) };
    match usize::try_from(size) {
        Ok(size) if (1..=examples).contains(&size) => Ok(Some(size)),
        _ => Err(vec![
            Diagnostic::new(
                Code::E0223,
                train.span,
                format!("`{}` asks for batches of {size} out of {examples} examples", train.name),
            )
            .found(size.to_string())
            .expected(format!("1 to {examples}")),
        ]),
    }
}

/// Checks that the first output depends on the data and on something that can be trained.
fn check_differentiable(train: &Train) -> Result<(), Vec<Diagnostic>> {
    let program = &train.program;
    let fault = if !program.outputs.first().is_some_and(|output| program.node(output.value).batched) {
        "has an output that does not depend on the data"
    } else if !reaches_trainable(program) {
        "has no parameter that training could change"
    } else {
        return Ok(());
    };
    Err(vec![Diagnostic::new(
        Code::E0223,
        train.span,
        format!("`{}` cannot be trained: model `{}` {fault}", train.name, train.model),
    )])
}

fn reaches_trainable(program: &Program) -> bool {
    let mut depends = vec![false; program.nodes.len()];
    for (at, node) in program.nodes.iter().enumerate() {
        depends[at] = match &node.operation {
            Operation::Parameter(id) => program.parameter(*id).trainable,
            other => other.operands().iter().any(|operand| depends[operand.0 as usize]),
        };
    }
    program.outputs.first().is_some_and(|output| depends[output.value.0 as usize])
}

/// Checks targets against loss and output; gives the number of entries of the output.
fn check_targets(train: &Train, item: &Data, data: &DataSet) -> Result<usize, Vec<Diagnostic>> {
    let wrong = |code, message: String| Diagnostic::new(code, train.span, message).cause(item.span, "the data");
    let shape = train.program.outputs.first().map_or(&[][..], |output| &train.program.node(output.value).shape);
    let width = data::entries(shape)
        .ok_or_else(|| vec![wrong(Code::E0207, format!("the output of `{}` does not fit into memory", train.model))])?;
    let parts = || std::iter::once(&data.train).chain(&data.test);
    let fault = match (&data.train.targets, train.loss) {
        (Targets::Numbers(_), Loss::CrossEntropy) => Some(
            wrong(Code::E0211, format!("cross_entropy needs classes and the targets of `{}` are numbers", item.name))
                .found("numbers")
                .expected("classes"),
        ),
        (Targets::Numbers(table), Loss::Mse) => (table.width != width).then(|| {
            wrong(
                Code::E0203,
                format!("`{}` gives {} outputs and `{}` has {} targets an example", train.model, width, item.name, table.width),
            )
            .found(width.to_string())
            .expected(table.width.to_string())
        }),
        (Targets::Classes(_), _) => {
            let classes = parts().flat_map(|part| match &part.targets {
                Targets::Classes(classes) => classes.iter().copied(),
                Targets::Numbers(_) => [].iter().copied(),
            });
            let count = classes.max().map_or(0, |largest| largest + 1);
            (count > width || shape.len() > 1).then(|| {
                wrong(Code::E0203, format!("`{}` gives {width} outputs and `{}` has {count} classes", train.model, item.name))
                    .found(width.to_string())
                    .expected(format!("one axis of {count} or more"))
            })
        }
    };
    fault.map_or(Ok(width), |fault| Err(vec![fault]))
}
