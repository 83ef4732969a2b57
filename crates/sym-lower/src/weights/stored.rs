//! Tensors as files hold them, and their fit to a program.

use super::layout::{from_stored, stored_shape, to_stored};
use sym_diagnostics::{Code, Diagnostic, nearest};
use sym_infer::Weights;
use sym_ir::{Parameter, Program};

/// A tensor under its stored name, in its stored layout.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The name, such as `fc1.weight`.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
    /// Entries in row-major order.
    pub values: Vec<f64>,
}

/// The weights of a program as its state dict stores them.
pub fn to_state_dict(program: &Program, weights: &Weights) -> Vec<Stored> {
    program
        .parameters
        .iter()
        .zip(&weights.values)
        .map(|(parameter, values)| Stored {
            name: parameter.storage.name.clone(),
            shape: stored_shape(parameter),
            values: to_stored(parameter, values),
        })
        .collect()
}

/// The weights of a program from its state dict; `source` is the name of the file for messages.
///
/// # Errors
///
/// One E0607 that lists all missing and superfluous tensors and all other shapes.
pub fn from_state_dict(program: &Program, tensors: &[Stored], source: &str) -> Result<Weights, Diagnostic> {
    let values = fitted(program, tensors, source, None)?;
    Ok(Weights { values: values.into_iter().map(|(_, values)| values).collect() })
}

/// The values of the selected parameters from a state dict that may hold more, by position in the program.
///
/// # Errors
///
/// One E0607 that lists all missing tensors and all other shapes.
pub fn from_state_dict_partly(
    program: &Program,
    tensors: &[Stored],
    source: &str,
    selected: &dyn Fn(&Parameter) -> bool,
) -> Result<Vec<(usize, Vec<f64>)>, Diagnostic> {
    fitted(program, tensors, source, Some(selected))
}

fn fitted(
    program: &Program,
    tensors: &[Stored],
    source: &str,
    selected: Option<&dyn Fn(&Parameter) -> bool>,
) -> Result<Vec<(usize, Vec<f64>)>, Diagnostic> {
    let mut weights = Vec::with_capacity(program.parameters.len());
    let (mut missing, mut reshaped) = (Vec::new(), Vec::new());
    for (at, parameter) in program.parameters.iter().enumerate() {
        if selected.is_some_and(|selected| !selected(parameter)) {
            continue;
        }
        let expected = stored_shape(parameter);
        match tensors.iter().find(|tensor| tensor.name == parameter.storage.name) {
            None => missing.push((&parameter.storage.name, expected)),
            Some(tensor) if tensor.shape != expected => reshaped.push((tensor, expected)),
            Some(tensor) => weights.push((at, from_stored(parameter, &tensor.values))),
        }
    }
    let known = |name: &String| program.parameters.iter().any(|parameter| parameter.storage.name == *name);
    let unknown: Vec<&Stored> = tensors.iter().filter(|tensor| !known(&tensor.name)).collect();
    let extra: &[&Stored] = if selected.is_some() { &[] } else { &unknown };
    if missing.is_empty() && reshaped.is_empty() && extra.is_empty() {
        return Ok(weights);
    }

    let mut faults = Vec::new();
    let mut fault = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => faults.push(format!("1 tensor {one}")),
        _ => faults.push(format!("{count} tensors {many}")),
    };
    fault(missing.len(), "is missing", "are missing");
    fault(extra.len(), "is not of the model", "are not of the model");
    fault(reshaped.len(), "has another shape", "have another shape");
    let list = |tensors: Vec<(&String, &Vec<usize>)>| -> String {
        tensors.into_iter().map(|(name, shape)| format!("`{name}` {shape:?}")).collect::<Vec<_>>().join(", ")
    };
    let found = extra.iter().map(|tensor| (&tensor.name, &tensor.shape));
    let found = list(found.chain(reshaped.iter().map(|(tensor, _)| (&tensor.name, &tensor.shape))).collect());
    let expected = missing.iter().map(|(name, shape)| (*name, shape));
    let expected = list(expected.chain(reshaped.iter().map(|(tensor, shape)| (&tensor.name, shape))).collect());
    let renamed = missing.iter().find_map(|(name, _)| {
        let near = nearest(name, unknown.iter().map(|tensor| tensor.name.as_str()))?;
        Some(format!("`{near}` in the file may be `{name}` of the model"))
    });

    let message = format!("`{source}` does not fit `{}`: {}", program.name, faults.join(", "));
    let mut diagnostic = Diagnostic::without_span(Code::E0607, message);
    if !found.is_empty() {
        diagnostic = diagnostic.found(found);
    }
    if !expected.is_empty() {
        diagnostic = diagnostic.expected(expected);
    }
    Err(match renamed {
        Some(help) => diagnostic.help(help),
        None => {
            diagnostic.help("name and shape parameters as the file has them, with `stored \"NAME\" as [AXES]` where they differ")
        }
    })
}
