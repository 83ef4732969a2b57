//! `input`, `param` and `frozen` statements.

use super::{Writer, number};
use crate::program::{Axis, Entries, Initial, Parameter, ParameterId};
use crate::storage::{Part, StoredAxis};

impl Writer<'_> {
    /// All inputs and parameters.
    pub fn declarations(&mut self) {
        for input in &self.program.inputs {
            let sizes = sizes(&input.shape);
            let range = match input.entries {
                Entries::Real => String::new(),
                Entries::Integer { below } => format!(" in 0..{below}"),
            };
            let rank = input.rank.map_or_else(String::new, |rank| format!(" rank {rank}"));
            self.lines.push(format!("input {}[{sizes}]{range}{rank}", input.name));
        }
        for (id, parameter) in self.program.parameter_ids() {
            let line = self.parameter(id, parameter);
            self.lines.push(line);
        }
    }

    fn parameter(&mut self, id: ParameterId, parameter: &Parameter) -> String {
        let name = self.names.parameter(id);
        let word = if parameter.trainable { "param" } else { "frozen" };
        let storage = &parameter.storage;
        let as_written = storage.is_as_written();
        let (shape, stored) = if as_written {
            let stored = storage.name.pattern();
            let stored = if stored == name { String::new() } else { format!(" stored \"{}\"", escaped(&stored)) };
            (sizes(&parameter.shape), stored)
        } else {
            let axes = self.named_sizes(&parameter.shape);
            let mut stored = storage.name.to_string();
            let mut each = String::new();
            for &axis in storage.name.axes() {
                stored = stored.replace(&format!("{{{axis}}}"), &format!("{{e{axis}}}"));
                each.extend([" for e", &axis.to_string(), " in ", &axes[axis]]);
            }
            let layout: Vec<String> = storage.layout.iter().map(|stored| stored_axis(stored, &axes)).collect();
            (axes.join(", "), format!(" stored \"{stored}\"{each} as [{}]", layout.join(", ")))
        };
        let shape = if shape.is_empty() { String::new() } else { format!("[{shape}]") };
        format!("{word} {name}{shape}{stored}{}", initial(&parameter.initial))
    }

    /// A name for the size of every axis, all different, so that a layout can refer to them.
    fn named_sizes(&mut self, shape: &[Axis]) -> Vec<String> {
        let mut own: Vec<String> = Vec::with_capacity(shape.len());
        for axis in shape {
            let known = self.settings.iter().find(|(name, size)| *size == axis.size && !own.contains(name));
            let name = if let Some((name, _)) = known {
                name.clone()
            } else {
                let name = self.names.fresh(&format!("n{}", axis.size));
                self.settings.push((name.clone(), axis.size));
                name
            };
            own.push(name);
        }
        own
    }
}

/// `4, 3`.
pub(super) fn sizes(shape: &[Axis]) -> String {
    shape.iter().map(|axis| axis.size.to_string()).collect::<Vec<_>>().join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// `d`, `(heads k)`, `(heads k) at 4`, `(heads k at 4)`.
fn stored_axis(stored: &StoredAxis, axes: &[String]) -> String {
    let names: Vec<&str> = stored.axes.iter().map(|&axis| axes[axis].as_str()).collect();
    let merged = |names: Vec<String>| if names.len() == 1 { names.concat() } else { format!("({})", names.join(" ")) };
    match stored.part {
        None => merged(names.iter().map(ToString::to_string).collect()),
        Some(Part { first: 0, count, start }) if count == names.len() => {
            format!("{} at {start}", merged(names.iter().map(ToString::to_string).collect()))
        }
        Some(Part { first, start, .. }) => {
            let cut = |(at, name): (usize, &&str)| if at == first { format!("{name} at {start}") } else { (*name).to_string() };
            merged(names.iter().enumerate().map(cut).collect())
        }
    }
}

fn initial(initial: &Initial) -> String {
    match initial {
        Initial::Constant(value) if *value == 0.0 => " init zeros".to_string(),
        Initial::Constant(value) if *value == 1.0 => " init ones".to_string(),
        Initial::Constant(value) => format!(" init constant({})", number(*value)),
        Initial::Uniform { bound } => format!(" init uniform({})", number(*bound)),
        Initial::Normal { mean, std } if *mean == 0.0 => format!(" init normal(std: {})", number(*std)),
        Initial::Normal { mean, std } => format!(" init normal(std: {}, mean: {})", number(*std), number(*mean)),
        // No statement lists values: they are those of the stored tensor.
        Initial::Values(_) => " init zeros".to_string(),
    }
}
