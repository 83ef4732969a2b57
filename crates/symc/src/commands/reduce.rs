//! `symc reduce FILE`.

use crate::arguments::{self, Format};
use crate::console::Console;
use crate::render::{json, reduced};
use crate::report::{Diagnosed, Integer, ReduceReport, ReducedSpaceRow};
use crate::session::{self, Compiled};
use crate::subject::Subject;
use crate::{Exit, output};
use std::path::Path;
use sym_compiler::files;
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_infer::Weights;
use sym_ir::experiment::Loss;
use sym_ir::{Program, source};
use sym_runtime::compress::{self, Compressed, CompressedSpace};
use sym_runtime::data::{Examples, Inputs, Targets};
use sym_runtime::{evaluate, loss};

/// The largest change of an output, relative to the largest, by which the written model may differ from the reduced one: rounding.
const ROUNDING: f64 = 1e-9;

/// Makes a smaller model of given weights.
pub fn execute(arguments: &arguments::Reduce, console: Console) -> Exit {
    let mut compiled = session::compile(&arguments.file, &arguments.settings);
    let mut found = std::mem::take(&mut compiled.document.diagnostics);
    let mut report = ReduceReport { tolerance: arguments.tolerance, ..ReduceReport::default() };
    let mut exit = session::exit(&compiled, &found);
    if exit == Exit::Success {
        match Subject::of(&compiled, arguments.model.as_deref(), arguments.train.as_deref()) {
            Ok(subject) => {
                report.model = subject.name.to_string();
                let outcome = reduce(&compiled, subject, arguments, &mut report);
                exit = Exit::failed_if(outcome.is_err());
                found.extend(outcome.err().unwrap_or_default());
            }
            Err(misuse) => {
                output::error(&format!("error: {misuse}"));
                return Exit::Usage;
            }
        }
    }
    console.diagnostics(&compiled.sources, &found);
    report.diagnostics = found.iter().map(|diagnostic| Diagnosed::new(&compiled.sources, diagnostic)).collect();
    match console.format {
        Format::Json => output::print(&json::document(&report)),
        Format::Human | Format::Short if console.quiet || exit != Exit::Success => {}
        Format::Human => output::print(&reduced::table(&report, console.report)),
        Format::Short => output::print(&report.lines().join("\n")),
    }
    exit
}

fn reduce(
    compiled: &Compiled,
    subject: Subject<'_>,
    arguments: &arguments::Reduce,
    report: &mut ReduceReport,
) -> Result<(), Vec<Diagnostic>> {
    let program = subject.program;
    sym_lower::check(program)?;
    let weights = sym_lower::load(&arguments.weights, program).map_err(|problem| vec![problem])?;
    let given = match subject.train {
        Some(_) => Some(subject.data(compiled)?),
        None => None,
    };
    // States are looked for on examples of the training part and judged on the others.
    let random = compress::random_inputs(program);
    let inputs = given.as_ref().map_or(&random, |(data, _)| &data.train.inputs);
    let small = compress::compress(program, &weights, arguments.tolerance, inputs)?;
    let judged = given.as_ref().map(|(data, loss)| (data.test.as_ref().unwrap_or(&data.train), *loss));
    let on = judged.map_or(&random, |(examples, _)| &examples.inputs);
    report.examples = match &given {
        Some((data, _)) if data.test.is_some() => "test",
        Some(_) => "training",
        None => "random",
    };
    report.count = on.first().map_or(1, Inputs::rows);
    let sizes = |program: &Program| Integer(program.trainable_entries().unwrap_or(u128::MAX));
    report.parameters = [sizes(program), sizes(&small.program)];
    report.spaces = small.spaces.iter().map(space_row).collect();
    report.distance = Some(small.distance);
    let before = evaluate::outputs(program, &weights, on)?;
    let after = evaluate::outputs(&small.program, &small.weights, on)?;
    report.change_of_outputs = Some(compress::relative(&before, &after));
    if let Some((examples, of)) = judged {
        measure(report, examples, of, [&before, &after]);
    }
    if let Some(out) = &arguments.out {
        let text = text(subject.name, &small, report);
        read_back(&text, &small, on)?;
        report.out = write(out, subject.name, &text, &small)?;
    }
    Ok(())
}

fn space_row(space: &CompressedSpace) -> ReducedSpaceRow {
    let CompressedSpace { name, units, left, merged, vanished, refused } = space.clone();
    ReducedSpaceRow { name, units, left, merged, vanished, refused }
}

/// Loss and accuracy on examples, before and after.
fn measure(report: &mut ReduceReport, examples: &Examples, of: Loss, outputs: [&[f64]; 2]) {
    let rows = examples.len().max(1);
    let width = outputs[0].len() / rows;
    report.loss = Some(outputs.map(|outputs| loss::sum(of, outputs, &examples.targets, width) / rows as f64));
    if let Targets::Classes(classes) = &examples.targets {
        report.accuracy = Some(outputs.map(|outputs| loss::correct(outputs, classes, width) as f64 / rows as f64));
    }
}

/// The file of the smaller model.
fn text(name: &str, small: &Compressed, report: &ReduceReport) -> String {
    let [before, after] = report.parameters;
    format!("// {name} with {after} of {before} parameters; its weights are in {name}.safetensors.\n\n{}", source(&small.program))
}

/// A smaller model uses no files.
struct NoFiles;

impl sym_ir::Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file {path}"))
    }
}

/// Whether the text is a model that computes what the reduced one does: nothing is written otherwise.
fn read_back(text: &str, small: &Compressed, inputs: &[Inputs]) -> Result<(), Vec<Diagnostic>> {
    let broken = |what: &str| vec![Diagnostic::without_span(Code::E0901, format!("the smaller model {what}"))];
    let mut sources = Sources::default();
    let root = sources.add("reduced.sym".to_string(), text.to_string());
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &sym_ir::Options::default());
    let model = document.models.values().next().ok_or_else(|| broken("is written as a file that does not compile"))?;
    let double = sym_lower::dtype("f64").map_err(|problem| vec![problem])?;
    let stored = sym_lower::to_safetensors(&small.program, &small.weights, double);
    let own: Weights =
        sym_lower::from_safetensors(&stored, &model.program, "reduced.safetensors").map_err(|problem| vec![problem])?;
    let change = compress::relative(
        &evaluate::outputs(&small.program, &small.weights, inputs)?,
        &evaluate::outputs(&model.program, &own, inputs)?,
    );
    if change <= ROUNDING { Ok(()) } else { Err(broken(&format!("changes outputs by {change:.1e} when it is read back"))) }
}

/// Writes the model and its weights, each whole or not at all.
fn write(out: &Path, name: &str, text: &str, small: &Compressed) -> Result<Vec<String>, Vec<Diagnostic>> {
    let refused = |path: &Path, error: std::io::Error| {
        vec![Diagnostic::without_span(Code::E0603, format!("`{}` cannot be written: {error}", path.display()))]
    };
    std::fs::create_dir_all(out).map_err(|error| refused(out, error))?;
    let stem: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let (model, weights) = (out.join(format!("{stem}.sym")), out.join(format!("{stem}.safetensors")));
    let double = sym_lower::dtype("f64").map_err(|problem| vec![problem])?;
    sym_lower::save_safetensors(&weights, &small.program, &small.weights, double).map_err(|problem| vec![problem])?;
    files::create(&model, text).map_err(|error| refused(&model, error))?;
    Ok([model, weights].map(|path| path.display().to_string()).to_vec())
}
