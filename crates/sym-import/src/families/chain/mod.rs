//! Linear layers and convolutions one behind the other, with norms.

mod order;
mod statements;

use crate::Draft;
use crate::shapes::Shapes;
use crate::write::is_plain;
use order::natural;

/// A layer of a chain.
#[derive(Debug, Clone)]
struct Layer<'a> {
    name: &'a str,
    width: u64,
    /// What it reads: for a convolution in groups, that of one group.
    inputs: u64,
    /// The axes of its kernel: none for a linear layer.
    kernel: &'a [u64],
    bias: bool,
    norm: Option<Norm<'a>>,
}

/// A norm behind a layer.
#[derive(Debug, Clone, Copy)]
struct Norm<'a> {
    name: &'a str,
    width: u64,
    /// Whether it has statistics of batches.
    batch: bool,
}

/// The chain of all tensors of a file, where their sizes fit one another.
pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let (mut layers, norms) = parts(shapes)?;
    let count = layers.len() + norms.len();
    order::attach(&mut layers, norms)?;
    let layers = order::chain(layers).filter(|_| count > 1)?;
    statements::draft(shapes, &layers)
}

/// The layers and the norms of a file, each in the natural order of names; `None` where it has other tensors.
fn parts<'a>(shapes: &'a Shapes<'_>) -> Option<(Vec<Layer<'a>>, Vec<Norm<'a>>)> {
    let (mut layers, mut norms) = (Vec::new(), Vec::new());
    for (tensor, shape) in shapes.all().filter(|(_, shape)| !shape.is_empty()) {
        let (name, part) = tensor.rsplit_once('.')?;
        let has = |part: &str| shapes.has(&format!("{name}.{part}"));
        match (part, shape) {
            _ if !is_plain(name) || shape.contains(&0) => return None,
            ("weight", [width]) if has("bias") => norms.push(Norm { name, width: *width, batch: has("running_mean") }),
            ("weight", [width, inputs, kernel @ ..]) if kernel.len() <= 2 => {
                layers.push(Layer { name, width: *width, inputs: *inputs, kernel, bias: has("bias"), norm: None });
            }
            ("bias" | "running_mean" | "running_var", [_]) if has("weight") => {}
            _ => return None,
        }
    }
    layers.sort_by_key(|layer| natural(layer.name));
    norms.sort_by_key(|norm| natural(norm.name));
    Some((layers, norms))
}
