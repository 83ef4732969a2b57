//! Files of `torch.save`: pickles whose tensors lie beside them.
//!
//! A pickle is a program for a stack machine, which may name any function of Python. The interpreter here builds containers, strings, numbers and
//! descriptions of tensors; every other function is a name and nothing more, so nothing is ever executed.

mod legacy;
mod pickle;
mod rebuild;
mod zip;

pub(crate) use legacy::{begins, tensors as legacy_tensors};
pub(crate) use zip::{root, tensors as zip_tensors};

use crate::NumberType;
use crate::archive::{Tensor, Unread};
use crate::fault::Read;
use crate::place::{Data, Place};
use pickle::{Machine, Node, Value};
use rebuild::Rebuilt;

/// How deep containers may be nested.
const MAX_DEPTH: usize = 64;

/// The most values that are looked at: containers may share parts, so that a short pickle can describe many.
const MAX_VALUES: usize = 4_000_000;

/// Keys under which training scripts put the state dict among other things, as are left out of names where everything is below one.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];

/// An array that tensors are views of.
#[derive(Debug, Clone, Copy)]
struct Array {
    data: Data,
    /// How many bytes it has.
    length: u64,
    swapped: bool,
}

/// The tensors within a value, by the keys that lead to them, with `array` for that of a key.
fn flatten(machine: &Machine, top: &Value, array: &dyn Fn(&str) -> Option<Array>, unread: &mut Vec<Unread>) -> Read<Vec<Tensor>> {
    let mut tensors = Vec::new();
    let mut left = MAX_VALUES;
    let mut stack = vec![(String::new(), top.clone(), 0usize)];
    while let Some((name, value, depth)) = stack.pop() {
        left = left.checked_sub(1).ok_or("it holds more values than can be looked at")?;
        let Value::Node(at) = value else { continue };
        let below = |key: &str| if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
        if depth > MAX_DEPTH {
            return Err(format!("its values are nested more than {MAX_DEPTH} deep"));
        }
        match &machine.nodes[at] {
            Node::Dict(entries) => {
                for (key, value) in entries.iter().rev() {
                    match key {
                        Value::Text(key) => stack.push((below(key), value.clone(), depth + 1)),
                        Value::Int(key) => stack.push((below(&key.to_string()), value.clone(), depth + 1)),
                        _ => {}
                    }
                }
            }
            Node::List(values) | Node::Tuple(values) => {
                for (at, value) in values.iter().enumerate().rev() {
                    stack.push((below(&at.to_string()), value.clone(), depth + 1));
                }
            }
            Node::Tensor(rebuilt) => match tensor(&name, rebuilt, array)? {
                Ok(tensor) => tensors.push(tensor),
                Err(reason) => unread.push(Unread { name, reason }),
            },
            Node::Object(class) => unread.push(Unread { name, reason: format!("an object of the class `{class}`") }),
            Node::Global { module, name: own } => unread.push(Unread { name, reason: format!("the function `{module}.{own}`") }),
            Node::Set(_) | Node::Storage(_) | Node::Foreign => {}
        }
    }
    unwrap(&mut tensors);
    Ok(tensors)
}

/// Shortens names where a wrapper holds all parameters; what a script saved beside it keeps its name.
fn unwrap(tensors: &mut [Tensor]) {
    for wrapper in WRAPPERS {
        let prefix = format!("{wrapper}.");
        if !tensors.is_empty() && tensors.iter().all(|tensor| tensor.name.starts_with(&prefix)) {
            for tensor in &mut *tensors {
                tensor.name.drain(..prefix.len());
            }
        }
    }
}

/// A tensor, or the words for one whose numbers are not read.
fn tensor(name: &str, rebuilt: &Rebuilt, array: &dyn Fn(&str) -> Option<Array>) -> Read<Result<Tensor, String>> {
    let number: NumberType = match &rebuilt.number {
        Ok(number) => *number,
        Err(kind) => return Ok(Err(format!("numbers of type `{kind}`"))),
    };
    let array = array(&rebuilt.key).ok_or_else(|| format!("the numbers of `{name}` are missing"))?;
    let count = array.length / number.width();
    let place = Place {
        source: 0,
        data: array.data,
        count,
        swapped: array.swapped,
        first: rebuilt.first,
        strides: rebuilt.strides.clone(),
    };
    place.check(&rebuilt.shape).map_err(|problem| format!("`{name}`: {problem}"))?;
    Ok(Ok(Tensor { name: name.to_string(), number, shape: rebuilt.shape.clone(), place, alias: None }))
}
