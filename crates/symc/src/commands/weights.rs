//! `symc weights FILE`.

use crate::arguments::{self, By, Format, Operation};
use crate::console::Console;
use crate::render::json;
use crate::report::{BarrierRow, Diagnosed, Integer, ProjectionRow, WeightsReport};
use crate::session::{self, Compiled};
use crate::{Exit, output, subject};
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::{Symmetries, Weights};
use sym_ir::experiment::{Loss, StateClause};
use sym_rewrite::Coordinates;
use sym_runtime::control;
use sym_runtime::data::Examples;

/// The same seed gives the same inputs.
const SEED: u64 = 0;

/// Moves given weights along the orbits of a model's symmetries, or compares them, and writes the result.
pub fn execute(arguments: &arguments::Weights, console: Console) -> Exit {
    let mut compiled = session::compile(&arguments.file, &arguments.settings);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    let mut report = WeightsReport { operation: arguments.operation.word().to_string(), ..WeightsReport::default() };
    let mut exit = session::exit(&compiled, &found);
    let mut sources = compiled.sources.clone();
    if exit == Exit::Success {
        match subject(&compiled, arguments) {
            Ok(mut subject) => {
                report.model = subject.chosen.name.to_string();
                let state = arguments.state.as_deref().map(|text| {
                    sym_ir::experiments::states(&mut sources, &format!("--state {text}"), text, subject.chosen.program)
                });
                let outcome = state.unwrap_or_else(|| Ok(Vec::new())).and_then(|state| {
                    subject.state = state;
                    subject.execute(arguments, &mut report)
                });
                exit = Exit::failed_if(outcome.is_err());
                found.extend(outcome.err().unwrap_or_default());
            }
            Err(misuse) => {
                output::error(&format!("error: {misuse}"));
                return Exit::Usage;
            }
        }
    }
    console.diagnostics(&sources, &found);
    report.diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&sources, diagnostic)).collect();
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Human | Format::Short if console.quiet || exit != Exit::Success => {}
        Format::Human | Format::Short => output::print(&report.lines().join("\n")),
    }
    exit
}

/// What is operated on.
struct Subject<'a> {
    chosen: subject::Subject<'a>,
    symmetries: Symmetries,
    compiled: &'a Compiled,
    /// The state to project onto.
    state: Vec<StateClause>,
}

/// The model and run that the command line names, or what is wrong with it.
fn subject<'a>(compiled: &'a Compiled, arguments: &arguments::Weights) -> Result<Subject<'a>, String> {
    let document = &compiled.document;
    if arguments.operation.needs_target() && arguments.to.is_none() {
        return Err(format!("--do {} needs the other weights: --to FILE", arguments.operation.word()));
    }
    let needs_examples =
        arguments.operation.needs_examples() || (arguments.operation.needs_target() && arguments.by == By::Activations);
    if needs_examples && arguments.train.is_none() {
        let available: Vec<&str> = document.trains.keys().map(String::as_str).collect();
        let word = arguments.operation.word();
        return Err(format!("--do {word} needs examples and a loss: --train NAME; available: {}", available.join(", ")));
    }
    if (arguments.operation == Operation::Project) != arguments.state.is_some() {
        return Err("--do project and --state STATE belong together, such as --state \"merge fc1 into 8\"".to_string());
    }
    if arguments.operation != Operation::Barrier && arguments.out.is_none() {
        return Err(format!("--do {} needs the file to write: --out FILE", arguments.operation.word()));
    }
    let chosen = subject::Subject::of(compiled, arguments.model.as_deref(), arguments.train.as_deref())?;
    Ok(Subject { symmetries: sym_infer::infer(chosen.program), chosen, compiled, state: Vec::new() })
}

impl Subject<'_> {
    fn execute(&self, arguments: &arguments::Weights, report: &mut WeightsReport) -> Result<(), Vec<Diagnostic>> {
        sym_lower::check(self.chosen.program)?;
        let load = |path: &Path| sym_lower::load(path, self.chosen.program).map_err(|problem| vec![problem]);
        let from = load(&arguments.from)?;
        let to = arguments.to.as_deref().map(load).transpose()?;
        if arguments.operation != Operation::Project {
            report.left = control::left(&self.symmetries);
        }
        let moved = match (arguments.operation, &to) {
            (Operation::Balance, _) => control::balanced(self.chosen.program, &self.symmetries, &from),
            (Operation::Canonicalise, _) => control::canonicalise(self.chosen.program, &self.symmetries, &from),
            (Operation::Teleport, _) => {
                let (examples, of) = self.examples()?;
                let found = control::teleport(self.chosen.program, &self.symmetries, &from, &examples, of, arguments.limit)?;
                (report.loss, report.gradient_norm) = (Some(found.losses), Some(found.gradients));
                found.weights
            }
            (Operation::Align | Operation::Barrier, Some(to)) => {
                let aligned = match arguments.by {
                    By::Weights => control::align(self.chosen.program, &self.symmetries, &from, to, control::By::Weights)?,
                    By::Activations => {
                        let by = control::By::Activations(&self.examples()?.0.inputs);
                        control::align(self.chosen.program, &self.symmetries, &from, to, by)?
                    }
                };
                report.distance = Some([aligned.before, aligned.after]);
                if arguments.operation == Operation::Barrier {
                    report.barrier = Some(self.barrier(&from, &aligned.weights, to, arguments.points)?);
                }
                aligned.weights
            }
            (Operation::Project, _) => self.projected(&from, report)?,
            (Operation::Align | Operation::Barrier, None) => from.clone(),
        };
        report.change_of_outputs = Some(sym_runtime::proof::change_of_outputs(self.chosen.program, &from, &moved, SEED)?);
        if let Some(out) = &arguments.out {
            sym_lower::save_safetensors(
                out,
                self.chosen.program,
                &moved,
                sym_lower::dtype("f64").map_err(|problem| vec![problem])?,
            )
            .map_err(|problem| vec![problem])?;
            report.out = Some(out.display().to_string());
        }
        Ok(())
    }

    /// `P_G θ` for the state of the command line.
    fn projected(&self, from: &Weights, report: &mut WeightsReport) -> Result<Weights, Vec<Diagnostic>> {
        let reduction = sym_rewrite::reduce(self.chosen.program, &self.symmetries, &self.state, Coordinates::Orthonormal)?;
        let moved = reduction.project(from);
        let squares = |weights: &Weights| weights.values.iter().flatten().map(|entry| entry * entry).sum::<f64>();
        let mut across = moved.clone();
        across.add(from, -1.0);
        report.projection = Some(ProjectionRow {
            rank: Integer(reduction.rank),
            parameters: Integer(self.chosen.program.trainable_entries().unwrap_or(u128::MAX)),
            distance: (squares(&across) / squares(from).max(f64::MIN_POSITIVE)).sqrt(),
        });
        Ok(moved)
    }

    fn barrier(&self, from: &Weights, aligned: &Weights, to: &Weights, points: usize) -> Result<BarrierRow, Vec<Diagnostic>> {
        let (examples, of) = self.examples()?;
        let unaligned = control::barrier(self.chosen.program, from, to, points, &examples, of)?;
        let aligned = control::barrier(self.chosen.program, aligned, to, points, &examples, of)?;
        let finite = |height: f64| height.is_finite().then_some(height);
        Ok(BarrierRow {
            points: unaligned.losses.len(),
            unaligned: finite(unaligned.height),
            aligned: finite(aligned.height),
            losses_unaligned: unaligned.losses,
            losses_aligned: aligned.losses,
        })
    }

    /// The training examples of the run with its loss.
    fn examples(&self) -> Result<(Examples, Loss), Vec<Diagnostic>> {
        let (data, loss) = self.chosen.data(self.compiled)?;
        Ok((data.train, loss))
    }
}
