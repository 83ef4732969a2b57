//! Linear layers one behind the other.

use crate::Draft;
use crate::shapes::Shapes;

pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let mut layers: Vec<(&str, u64, u64)> = Vec::new();
    for (name, shape) in shapes.all() {
        match (name.strip_suffix(".weight"), shape) {
            (Some(layer), [width, inputs]) => layers.push((layer, *width, *inputs)),
            _ if name.strip_suffix(".bias").is_some() => {}
            _ => return None,
        }
    }
    // Names are in the order of the alphabet: `10` stands before `2`.
    layers.sort_by_key(|(layer, ..)| (layer.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_string(), number(layer)));
    let fits = |pair: &[(&str, u64, u64)]| pair[0].1 == pair[1].2;
    if layers.len() < 2 || !layers.windows(2).all(fits) {
        return None;
    }
    let mut body = vec![format!("input x[{}]", layers[0].2)];
    let last = layers.len() - 1;
    let mut value = "x".to_string();
    for (at, (layer, width, _)) in layers.iter().enumerate() {
        let bias = if shapes.has(&format!("{layer}.bias")) { "" } else { ", bias: false" };
        let linear = format!("linear({value}, {width}{bias}, name: \"{layer}\")");
        if at == last {
            body.push(format!("output {linear}"));
        } else {
            value = format!("h{}", at + 1);
            body.push(format!("{value} = relu({linear})"));
        }
    }
    Some(Draft {
        name: "Chain",
        body,
        probes: vec!["norm".to_string()]
            .into_iter()
            .chain(layers.iter().map(|(layer, ..)| format!("stable_rank({layer}.weight)")))
            .filter(|probe| !probe.contains("(0") && !probe.starts_with(|letter: char| letter.is_ascii_digit()))
            .collect(),
        not_inferred: vec![
            "the activations between the layers: relu is assumed".to_string(),
            "the order of the layers: that of their names and sizes".to_string(),
        ],
    })
}

/// The number at the end of a name.
fn number(layer: &str) -> u64 {
    let digits = layer.len() - layer.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
    layer[layer.len() - digits..].parse().unwrap_or(0)
}
