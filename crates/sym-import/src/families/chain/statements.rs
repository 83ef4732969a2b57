//! The statements of a chain.

use super::{Layer, Shapes};
use crate::Draft;

/// Positions along an axis where sizes do not tell.
const POSITIONS: u64 = 8;

/// Probes of single layers at most.
const PROBED: usize = 12;

const RECTANGLE: &str =
    "block rectangle(x[c, h, w], channels: int, rows: int, columns: int, above: int, beside: int, bias: bool = true) {
    param weight[channels, c, rows, columns]
    down = window(x, rows, over: 1, padding: above)
    taps = window(down, columns, over: 3, padding: beside)
    y[o, p, q] = weight[o, i, r, s] * taps[i, p, r, q, s]
    if bias {
        param bias[channels]
        return z[o, p, q] = y[o, p, q] + bias[o]
    } else {
        return y
    }
}";

const BATCH_NORM: &str = "block sequence_norm(x[c, n], epsilon: float) -> [c, n] {
    param weight[c]
    param bias[c]
    frozen running_mean[c]
    frozen running_var[c]
    return y[i, p] = (x[i, p] - running_mean[i]) / sqrt(running_var[i] + epsilon) * weight[i] + bias[i]
}";

const FLATTEN: &str = "block flatten_sequence(x[c, n], width: int, bias: bool = true) -> [width] {
    param weight[width, c, n] stored \"weight\" as [width, (c n)]
    if bias {
        param bias[width]
        return y[o] = weight[o, i, p] * x[i, p] + bias[o]
    } else {
        return y[o] = weight[o, i, p] * x[i, p]
    }
}";

/// How the last convolution meets the first linear layer.
#[derive(Clone, Copy, PartialEq)]
enum Meeting {
    Never,
    Mean,
    Flat,
}

pub fn draft(shapes: &Shapes<'_>, layers: &[Layer<'_>]) -> Option<Draft> {
    let mut draft = Draft { name: "Chain", ..Draft::default() };
    let convolutions: Vec<&Layer<'_>> = layers.iter().filter(|layer| !layer.kernel.is_empty()).collect();
    let axes = convolutions.first().map_or(0, |layer| layer.kernel.len());
    let (meeting, positions) = positions(&convolutions, layers.get(convolutions.len()), axes);
    let first = layers.first()?;
    let mut sizes = vec![first.inputs.to_string()];
    for (axis, positions) in positions.iter().enumerate() {
        // A kernel of even length gives one position less.
        let even = convolutions.iter().filter(|layer| layer.kernel[axis].is_multiple_of(2)).count() as u64;
        sizes.push(positions.checked_add(even)?.to_string());
    }
    draft.body.push(format!("input x[{}]", sizes.join(", ")));
    let shown = shapes.shown_activation();
    let mut value = "x".to_string();
    for (at, layer) in layers.iter().enumerate() {
        let meets = if at == convolutions.len() { meeting } else { Meeting::Never };
        let groups = if at == 0 { 1 } else { layers[at - 1].width / layer.inputs };
        let mut term = call(layer, &value, meets, axes, groups, &mut draft.blocks)?;
        if let Some(norm) = layer.norm {
            let name = norm.name;
            term = match (norm.batch, layer.kernel.len()) {
                (true, 0) => format!("batch_norm1d({term}, epsilon: 1e-5, train: false, name: \"{name}\")"),
                (true, 1) => {
                    define(&mut draft.blocks, BATCH_NORM);
                    format!("sequence_norm({term}, epsilon: 1e-5, name: \"{name}\")")
                }
                (true, _) => format!("batch_norm2d({term}, epsilon: 1e-5, train: false, name: \"{name}\")"),
                (false, _) => format!("layer_norm({term}, epsilon: 1e-5, name: \"{name}\")"),
            };
        }
        if at + 1 == layers.len() {
            draft.body.push(format!("output {term}"));
        } else {
            value = format!("h{}", at + 1);
            draft.body.push(format!("{value} = {}({term})", shown.unwrap_or("relu")));
        }
    }
    draft.probes = probes(layers);
    draft.not_inferred = notes(layers, axes, meeting, shown);
    Some(draft)
}

/// The layer applied to a value.
fn call(layer: &Layer<'_>, value: &str, meets: Meeting, axes: usize, groups: u64, blocks: &mut Vec<String>) -> Option<String> {
    let Layer { name, width, .. } = layer;
    let bias = if layer.bias { "" } else { ", bias: false" };
    let parts = if groups == 1 { String::new() } else { format!(", groups: {groups}") };
    let padding = |taps: u64| (taps - 1) / 2;
    Some(match layer.kernel {
        [taps] => {
            let padding = padding(*taps);
            format!("conv1d({value}, {width}, kernel: {taps}, padding: {padding}{parts}{bias}, name: \"{name}\")")
        }
        [rows, columns] if rows == columns => {
            let padding = padding(*rows);
            format!("conv2d({value}, {width}, kernel: {rows}, padding: {padding}{parts}{bias}, name: \"{name}\")")
        }
        [rows, columns] if groups == 1 => {
            define(blocks, RECTANGLE);
            let (above, beside) = (padding(*rows), padding(*columns));
            format!("rectangle({value}, {width}, {rows}, {columns}, {above}, {beside}{bias}, name: \"{name}\")")
        }
        [] => match (meets, axes) {
            (Meeting::Mean, 1) => format!("linear(mean({value}, over: 1), {width}{bias}, name: \"{name}\")"),
            (Meeting::Mean, _) => format!("linear(mean({value}, over: [1, 2]), {width}{bias}, name: \"{name}\")"),
            (Meeting::Flat, 1) => {
                define(blocks, FLATTEN);
                format!("flatten_sequence({value}, {width}{bias}, name: \"{name}\")")
            }
            (Meeting::Flat, _) => format!("flatten_linear({value}, {width}{bias}, name: \"{name}\")"),
            (Meeting::Never, _) => format!("linear({value}, {width}{bias}, name: \"{name}\")"),
        },
        _ => return None,
    })
}

fn define(blocks: &mut Vec<String>, block: &str) {
    if !blocks.iter().any(|known| known == block) {
        blocks.push(block.to_string());
    }
}

/// How many positions the last convolution has along each axis.
fn positions(convolutions: &[&Layer<'_>], linear: Option<&Layer<'_>>, axes: usize) -> (Meeting, Vec<u64>) {
    let narrow = axes == 2 && convolutions.iter().all(|layer| layer.kernel[1] == 1);
    let assumed: Vec<u64> = (0..axes).map(|axis| if axis == 1 && narrow { 1 } else { POSITIONS }).collect();
    let (Some(last), Some(linear)) = (convolutions.last(), linear) else { return (Meeting::Never, assumed) };
    let count = linear.inputs / last.width;
    let side = count.isqrt();
    match axes {
        _ if count == 1 => (Meeting::Mean, assumed),
        1 => (Meeting::Flat, vec![count]),
        _ if !narrow && side * side == count => (Meeting::Flat, vec![side, side]),
        _ => (Meeting::Flat, vec![count, 1]),
    }
}

fn probes(layers: &[Layer<'_>]) -> Vec<String> {
    let mut probes = vec!["norm".to_string()];
    for layer in layers.iter().take(PROBED) {
        // A path cannot begin with a digit.
        let starts = |part: &str| part.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        let is_name = |part: &str| part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let part = |(at, part)| if is_name(part) && (at > 0 || starts(part)) { part } else { "*" };
        let path: Vec<&str> = layer.name.split('.').enumerate().map(part).collect();
        let probe = format!("stable_rank({}.weight)", path.join("."));
        if !probes.contains(&probe) {
            probes.push(probe);
        }
    }
    probes
}

fn notes(layers: &[Layer<'_>], axes: usize, meeting: Meeting, shown: Option<&str>) -> Vec<String> {
    let mut notes = Vec::new();
    if shown.is_none() {
        notes.push("the activations between the layers: relu is assumed".to_string());
    }
    notes.push("the order of the layers: that of their names and sizes".to_string());
    if axes > 0 {
        notes.push("strides, paddings and pooling: positions are kept as far as kernels allow, nothing is pooled".to_string());
        notes.push(match meeting {
            Meeting::Never => format!("the size of the input: {POSITIONS} positions along an axis are assumed at the end"),
            Meeting::Mean => "what is between convolutions and linear layers: the mean over positions is assumed".to_string(),
            Meeting::Flat => "how positions are flattened: channels are assumed to vary slowest".to_string(),
        });
    }
    if layers.iter().any(|layer| layer.norm.is_some()) {
        notes.push("where norms stand and their ε: in front of the activations and 1e-5 are assumed".to_string());
    }
    notes
}
