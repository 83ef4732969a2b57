//! Whether a model, a data set and a loss fit together, decided before anything runs.

use super::reporter::Reporter;
use crate::Program;
use crate::experiment::{Data, DataSource, FileFormat, FileSource, Loss};
use sym_diagnostics::{Code, Diagnostic, Span};

/// What one example of a data set consists of.
struct Example {
    /// Entries of the input; unknown for a file.
    inputs: Option<u128>,
    /// The target.
    target: Target,
}

enum Target {
    /// A class number below this.
    Class(u128),
    /// That many numbers; unknown for a file that may hold any number of them.
    Numbers(Option<u128>),
}

impl Example {
    fn of(data: &Data) -> Self {
        match &data.source {
            DataSource::Digits => Self { inputs: Some(64), target: Target::Class(10) },
            DataSource::File(FileSource { format, .. }) => {
                let target = match (format.classes(), format) {
                    (Some(classes), _) => Target::Class(u128::from(classes)),
                    (None, FileFormat::Npy { .. } | FileFormat::Npz { .. }) => Target::Numbers(None),
                    (None, _) => Target::Numbers(Some(1)),
                };
                Self { inputs: format.inputs(), target }
            }
            DataSource::InContext { tokens, features, .. } => {
                let entries = u128::from(*tokens).saturating_mul(u128::from(*features).saturating_add(1));
                Self { inputs: Some(entries), target: Target::Numbers(Some(1)) }
            }
            DataSource::Teacher { program, .. } => {
                Self { inputs: Some(input_entries(program)), target: Target::Numbers(Some(output_entries(program))) }
            }
            DataSource::Identity { dimension, .. } => {
                Self { inputs: Some(u128::from(*dimension)), target: Target::Numbers(Some(u128::from(*dimension))) }
            }
        }
    }
}

/// Checks the sizes of a model against its data set, and the loss against the targets; the span is that of the model's use.
pub(super) fn check(program: &Program, data: &Data, loss: Loss, model: Span, loss_span: Span, reporter: &mut Reporter) -> bool {
    if !single(program, model, reporter) {
        return false;
    }
    let example = Example::of(data);
    let (inputs, outputs) = (input_entries(program), output_entries(program));
    if let Some(expected) = example.inputs.filter(|expected| *expected != inputs) {
        mismatch(program, data, "input", model, inputs, expected, reporter);
        return false;
    }
    match (loss, example.target) {
        (Loss::CrossEntropy, Target::Class(classes)) if classes != outputs => {
            mismatch(program, data, "output", model, outputs, classes, reporter);
            false
        }
        (Loss::Mse, Target::Numbers(Some(numbers))) if numbers != outputs => {
            mismatch(program, data, "output", model, outputs, numbers, reporter);
            false
        }
        (Loss::CrossEntropy, Target::Class(_)) | (Loss::Mse, Target::Numbers(_)) => true,
        (Loss::CrossEntropy, Target::Numbers(_)) => {
            wrong_loss(data, "cross_entropy", "class numbers", "mse", loss_span, reporter);
            false
        }
        (Loss::Mse, Target::Class(_)) => {
            wrong_loss(data, "mse", "numbers", "cross_entropy", loss_span, reporter);
            false
        }
    }
}

/// Whether the model has one input and one output, as training needs; E0204 otherwise.
pub(super) fn single(program: &Program, model: Span, reporter: &mut Reporter) -> bool {
    for (what, count) in [("input", program.inputs.len()), ("output", program.outputs.len())] {
        if count != 1 {
            reporter.push(
                Diagnostic::new(
                    Code::E0204,
                    model,
                    format!("training needs a model with one {what}; `{}` has {count}", program.name),
                )
                .label(format!("a model with {count} {what}s"))
                .found(format!("{count} {what}s"))
                .expected(format!("one {what}")),
            );
            return false;
        }
    }
    true
}

/// Whether targets are classes.
pub(super) fn has_classes(data: &Data) -> bool {
    matches!(Example::of(data).target, Target::Class(_))
}

fn input_entries(program: &Program) -> u128 {
    program.inputs.iter().map(|input| entries(&input.shape)).fold(0, u128::saturating_add)
}

fn output_entries(program: &Program) -> u128 {
    program.outputs.iter().map(|output| entries(&program.node(output.value).shape)).fold(0, u128::saturating_add)
}

fn entries(shape: &[crate::Axis]) -> u128 {
    shape.iter().map(|axis| axis.size).fold(1, u128::saturating_mul)
}

fn mismatch(program: &Program, data: &Data, what: &str, model: Span, found: u128, expected: u128, reporter: &mut Reporter) {
    reporter.push(
        Diagnostic::new(
            Code::E0203,
            model,
            format!("`{}` has {found} {what} entries, but `{}` needs {expected}", program.name, data.name),
        )
        .label(format!("{found} {what} entries"))
        .cause(data.span, format!("examples with {expected} of them"))
        .found(found.to_string())
        .expected(expected.to_string()),
    );
}

fn wrong_loss(data: &Data, loss: &str, targets: &str, other: &str, span: Span, reporter: &mut Reporter) {
    reporter.push(
        Diagnostic::new(Code::E0223, span, format!("`{loss}` needs {targets} as targets, which `{}` does not have", data.name))
            .label(format!("needs {targets}"))
            .cause(data.span, "the data set")
            .found(format!("`{loss}`"))
            .expected(format!("`{other}`"))
            .help(format!("write `loss {other}`, or choose other data")),
    );
}
