//! What the graph of an ONNX file tells that names and shapes do not: how values are split into heads, ε, and activations.

use std::collections::HashMap;
use sym_weights::Archive;
use sym_weights::onnx::Node;

/// Facts of a graph; none for a file without one.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Heads and entries of each, with the number of values that are split so.
    splits: HashMap<(u64, u64), usize>,
    /// The ε of layer norms, where all have the same.
    pub epsilon: Option<f64>,
    /// The activation, where there is one kind alone.
    pub activation: Option<&'static str>,
}

impl Facts {
    /// Reads shapes and scalars that are constants of the graph, and no weights.
    pub fn of(archive: &mut Archive) -> Self {
        let Some(graph) = archive.graph.clone() else { return Self::default() };
        let mut splits = HashMap::new();
        let mut epsilons = Vec::new();
        let makers: HashMap<&str, &Node> =
            graph.nodes.iter().flat_map(|node| node.outputs.iter().map(move |value| (value.as_str(), node))).collect();
        for node in &graph.nodes {
            match node.operation.as_str() {
                "Reshape" => {
                    if let Some(split) = node.inputs.get(1).and_then(|shape| split(archive, &makers, shape)) {
                        *splits.entry(split).or_default() += 1;
                    }
                }
                "LayerNormalization" => epsilons.push(node.float("epsilon").map_or(1e-5, shortest)),
                "Sqrt" => epsilons.extend(node.inputs.first().and_then(|value| added(archive, &makers, value))),
                _ => {}
            }
        }
        let epsilon = epsilons.first().copied().filter(|first| epsilons.iter().all(|epsilon| epsilon == first));
        let has = |kinds: &[&str]| graph.nodes.iter().any(|node| kinds.contains(&node.operation.as_str()));
        let activation = match (has(&["Erf", "Gelu"]), has(&["Relu"]), has(&["Tanh"])) {
            (true, false, false) => Some("gelu"),
            (false, true, false) => Some("relu"),
            (false, false, true) if !has(&["Pow"]) => Some("tanh"),
            _ => None,
        };
        Self { splits, epsilon, activation }
    }

    /// The number of heads that most values of this width are split into.
    pub fn heads(&self, width: u64) -> Option<u64> {
        let fitting = self.splits.iter().filter(|((heads, entries), _)| heads.checked_mul(*entries) == Some(width));
        fitting.max_by_key(|((heads, _), count)| (**count, *heads)).map(|((heads, _), _)| *heads)
    }
}

/// The number that a single-precision one was written as.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

/// The last two sizes of a shape of four axes or more, where they are fixed.
fn split(archive: &mut Archive, makers: &HashMap<&str, &Node>, shape: &str) -> Option<(u64, u64)> {
    let sizes: Vec<Option<f64>> = if let Some(values) = constant(archive, shape) {
        values.into_iter().map(Some).collect()
    } else {
        let node = makers.get(shape).filter(|node| node.operation == "Concat")?;
        node.inputs.iter().map(|part| constant(archive, part).and_then(single)).collect()
    };
    match sizes.as_slice() {
        [_, _, .., Some(heads), Some(entries)] if *heads >= 1.0 && *entries >= 1.0 => Some((*heads as u64, *entries as u64)),
        _ => None,
    }
}

/// The constant that is added in front of a root.
fn added(archive: &mut Archive, makers: &HashMap<&str, &Node>, value: &str) -> Option<f64> {
    let node = makers.get(value).filter(|node| node.operation == "Add")?;
    let found = node.inputs.iter().find_map(|input| constant(archive, input).and_then(single))?;
    Some(shortest(found as f32))
}

fn single(values: Vec<f64>) -> Option<f64> {
    <[f64; 1]>::try_from(values).ok().map(|[value]| value)
}

/// A small constant of the graph.
fn constant(archive: &mut Archive, name: &str) -> Option<Vec<f64>> {
    const SMALL: u64 = 8;
    archive.tensor(name).filter(|tensor| tensor.entries() <= SMALL && tensor.shape.len() <= 1)?;
    archive.read(name).ok()
}
