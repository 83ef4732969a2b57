//! Dense layers: a product with a weight matrix, a bias and an activation, found in the program and done as one operation.

use super::map::kernel;
use crate::Array;
use sym_ir::{Operand, Operation, Program, Term, ValueId};
use sym_kernels::Activation;

/// The parts of f(x Wᵀ + b).
#[derive(Debug)]
pub(crate) struct DenseLayer {
    /// [batch, …, in]
    pub x: ValueId,
    /// [out, in]
    pub weight: ValueId,
    /// [out]
    pub bias: ValueId,
    /// The identity where absent.
    pub activation: Option<Activation>,
}

/// Finds dense layers: by their results, and which values are inside of one. `readers` says how often a value is read; a value inside is
/// read by its layer alone.
pub(crate) fn find(program: &Program, readers: &[u32]) -> (Vec<Option<DenseLayer>>, Vec<bool>) {
    let mut layers: Vec<Option<DenseLayer>> = (0..program.nodes.len()).map(|_| None).collect();
    let mut inside = vec![false; program.nodes.len()];
    for (at, node) in program.nodes.iter().enumerate() {
        match &node.operation {
            Operation::Add { terms, constant } if *constant == 0.0 => {
                if let Some((product, layer)) = sum(program, at, terms, readers) {
                    inside[product.0 as usize] = true;
                    layers[at] = Some(layer);
                }
            }
            Operation::Map { value, function } if readers[value.0 as usize] == 1 => {
                if let Some(activation) = kernel(&function.body)
                    && let Some(layer) = layers[value.0 as usize].take()
                {
                    inside[value.0 as usize] = true;
                    layers[at] = Some(DenseLayer { activation: Some(activation), ..layer });
                }
            }
            _ => {}
        }
    }
    (layers, inside)
}

/// The layer of a sum, if it is one of a product and a bias along the last axis; with the product.
fn sum(program: &Program, at: usize, terms: &[Term], readers: &[u32]) -> Option<(ValueId, DenseLayer)> {
    let [product, bias] = terms else { return None };
    let rank = program.nodes[at].shape.len();
    let is_bias = |term: &Term| term.coefficient == 1.0 && term.axes.len() == 1 && term.axes[0] + 1 == rank;
    let is_product =
        |term: &Term| term.coefficient == 1.0 && term.axes.iter().copied().eq(0..rank) && readers[term.value.0 as usize] == 1;
    let bias_is_plain = |term: &Term| !program.node(term.value).batched;
    let (product, bias) = [(product, bias), (bias, product)]
        .into_iter()
        .find(|(product, bias)| is_product(product) && is_bias(bias) && bias_is_plain(bias))?;
    let node = program.node(product.value);
    let Operation::Einsum { operands, output, coefficient } = &node.operation else { return None };
    let [first, second] = operands.as_slice() else { return None };
    if *coefficient != 1.0 || !node.batched {
        return None;
    }
    let parts = |weight: &Operand, x: &Operand| -> Option<(ValueId, ValueId)> {
        let [out, summed] = weight.labels[..] else { return None };
        let (last, lead) = output.split_last()?;
        let (x_last, x_lead) = x.labels.split_last()?;
        let distinct = out != summed && !lead.contains(&out) && !lead.contains(&summed);
        let unique = lead.iter().enumerate().all(|(at, label)| !lead[..at].contains(label));
        let matches = *last == out && *x_last == summed && lead == x_lead && distinct && unique;
        let batched = program.node(x.value).batched && !program.node(weight.value).batched;
        (matches && batched).then_some((weight.value, x.value))
    };
    let (weight, x) = parts(first, second).or_else(|| parts(second, first))?;
    Some((product.value, DenseLayer { x, weight, bias: bias.value, activation: None }))
}

/// The value of a layer.
pub(crate) fn layer(activation: Option<Activation>, x: Array, weight: Array, bias: Array) -> Array {
    let mut sizes = x.dims();
    let width = sizes.pop().expect("an axis to sum over");
    let rows = sizes.iter().product();
    sizes.push(bias.len());
    match (x.reshape(&[rows, width]), weight, bias) {
        (Array::R2(x), Array::R2(weight), Array::R1(bias)) => {
            Array::from(sym_kernels::dense::dense(activation, x, weight, bias)).reshape(&sizes)
        }
        _ => unreachable!("a weight has two axes and a bias one"),
    }
}
