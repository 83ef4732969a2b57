//! Tensors as files hold them, and their fit to a program.

use std::collections::{HashMap, HashSet};
use sym_diagnostics::{Code, Diagnostic, nearest};
use sym_infer::Weights;
use sym_ir::storage::View;
use sym_ir::{Parameter, Program, StoredTensor};

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
    let (tensors, _) = program.stored_tensors();
    tensors
        .iter()
        .flat_map(|tensor| {
            let form = Form::of(tensor);
            let mut values = vec![0.0; form.members.len() * form.entries];
            for view in &tensor.views {
                let shape = &program.parameter(view.parameter).shape;
                for (place, value) in view.places(shape).zip(&weights.values[view.parameter.0 as usize]) {
                    values[place as usize] = *value;
                }
            }
            let member = |(at, name): (usize, String)| Stored {
                name,
                shape: form.shape.clone(),
                values: values[at * form.entries..(at + 1) * form.entries].to_vec(),
            };
            form.members.into_iter().enumerate().map(member).collect::<Vec<_>>()
        })
        .collect()
}

/// The tensors of one pattern of names, which must fit into memory.
struct Form {
    /// The name of each.
    members: Vec<String>,
    /// The shape of each.
    shape: Vec<usize>,
    /// The number of entries of each.
    entries: usize,
}

impl Form {
    fn of(tensor: &StoredTensor) -> Self {
        let shape: Vec<usize> = tensor.shape.iter().map(|&size| size as usize).collect();
        Self { members: tensor.members(), entries: shape.iter().product(), shape }
    }
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
    let given: HashMap<&str, &Stored> = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut own: HashSet<String> = HashSet::new();
    for tensor in &program.stored_tensors().0 {
        let wanted = |view: &&View| selected.is_none_or(|selected| selected(program.parameter(view.parameter)));
        let views: Vec<&View> = tensor.views.iter().filter(wanted).collect();
        let form = Form::of(tensor);
        own.extend(form.members.iter().cloned());
        if views.is_empty() {
            continue;
        }
        let mut members = Vec::with_capacity(form.members.len());
        for name in &form.members {
            match given.get(name.as_str()) {
                None => missing.push((name.clone(), form.shape.clone())),
                Some(found) if found.shape != form.shape => reshaped.push((*found, form.shape.clone())),
                Some(found) => members.push(&found.values),
            }
        }
        if members.len() == form.members.len() {
            weights.extend(views.into_iter().map(|view| {
                let places = view.places(&program.parameter(view.parameter).shape).map(|place| place as usize);
                let values = places.map(|place| members[place / form.entries][place % form.entries]).collect();
                (view.parameter.0 as usize, values)
            }));
        }
    }
    weights.sort_by_key(|(at, _)| *at);
    // Running statistics of norms that use those of the batch: evaluation alone reads them.
    let norms = program.batch_norms();
    own.extend(norms.iter().flat_map(|norm| norm.mean.iter().chain([&norm.variance])).map(|tensor| tensor.storage.name.at(&[])));
    let unknown: Vec<&Stored> = tensors.iter().filter(|tensor| !own.contains(&tensor.name)).collect();
    let extra: &[&Stored] = if selected.is_some() { &[] } else { &unknown };
    if missing.is_empty() && extra.is_empty() && reshaped.is_empty() {
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
    let expected = missing.iter().map(|(name, shape)| (name, shape));
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
