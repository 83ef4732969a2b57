//! The model and run that a command line names.

use crate::session::Compiled;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, nearest};
use sym_ir::Program;
use sym_ir::experiment::{Loss, Train};
use sym_runtime::data::DataSet;

/// What a command works on.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The model.
    pub program: &'a Program,
    /// The run that gives examples and the loss.
    pub train: Option<&'a Train>,
}

impl<'a> Subject<'a> {
    /// That of `--train`, or that of `--model`, or the only model of the file; else what is wrong with the command line.
    pub fn of(compiled: &'a Compiled, model: Option<&str>, train: Option<&str>) -> Result<Self, String> {
        let document = &compiled.document;
        if let Some(name) = train {
            let known = || document.trains.keys().map(String::as_str).collect();
            let train = document.trains.get(name).ok_or_else(|| unknown("train item", name, known()))?;
            let model = train.model.strip_suffix("()").unwrap_or(&train.model);
            return Ok(Self { name: model, program: &train.program, train: Some(train) });
        }
        let known: Vec<&str> = document.models.keys().map(String::as_str).collect();
        let of = |name: &str| document.models.get_key_value(name);
        let found = match (model, known.as_slice()) {
            (Some(name), _) => of(name).ok_or_else(|| unknown("model", name, known)),
            (None, &[only]) => of(only).ok_or_else(|| unknown("model", only, known)),
            (None, _) => Err(format!("which model is meant? --model NAME; available: {}", known.join(", "))),
        };
        found.map(|(name, model)| Self { name, program: &model.program, train: None })
    }

    /// The examples of the run with its loss; E0601 without a run.
    pub fn data(&self, compiled: &Compiled) -> Result<(DataSet, Loss), Vec<Diagnostic>> {
        let missing = || vec![Diagnostic::without_span(Code::E0601, "there are no examples".to_string())];
        let train = self.train.ok_or_else(missing)?;
        let base = Path::new(&compiled.file).parent().unwrap_or_else(|| Path::new(""));
        let data = compiled.document.data.get(&train.data).ok_or_else(missing)?;
        Ok((sym_runtime::data::load(data, self.program, base)?, train.loss))
    }
}

fn unknown(what: &str, name: &str, known: Vec<&str>) -> String {
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("a similar one is {near}"),
        None => format!("available: {}", known.join(", ")),
    };
    format!("there is no {what} {name}; {help}")
}
