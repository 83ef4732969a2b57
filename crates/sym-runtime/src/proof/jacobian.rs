//! Rows of J = ∂f/∂θ by reverse mode through the lowered program.
//!
//! Trainable parameters become inputs, one copy for every row; the sum of what the rows look at then has, in one backward pass, each row of J as
//! the gradient of its copy. A row looks at a random combination of the outputs for its example: such rows of different examples are as
//! independent as any, where single outputs of one example (tokens, pixels, classes) repeat each other.

use crate::Stream;
use crate::data::Inputs;
use burn::tensor::{DType, Device, Tensor, TensorData};
use faer::Mat;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::{Entries, Input, InputId, Operation, Program};
use sym_lower::{Array, Module};
use sym_rewrite::{has_batch_statistics, with_explicit_batch};

/// The number of parameter copies' entries that one backward pass holds: 2 MiB in double precision, so that values stay near the processor.
const ENTRIES: usize = 1 << 18;

/// The number of examples that share statistics of the batch. Each row of J depends on them all.
const BATCH: usize = 6;

/// Inputs of a number of examples: for each input of the program its entries, examples first.
#[derive(Debug, Clone)]
pub(super) struct Examples {
    pub count: usize,
    pub inputs: Vec<Vec<f64>>,
}

impl Examples {
    /// The arrays of a range of examples, each example `repeat` times in a row.
    pub fn arrays(&self, program: &Program, range: std::ops::Range<usize>, repeat: usize, device: &Device) -> Vec<Array> {
        program
            .inputs
            .iter()
            .zip(&self.inputs)
            .map(|(input, values)| {
                let sizes: Vec<usize> = input.shape.iter().map(|axis| axis.size as usize).collect();
                let width: usize = sizes.iter().product();
                let rows = range.clone().flat_map(|row| std::iter::repeat_n(&values[row * width..(row + 1) * width], repeat));
                let values: Vec<f64> = rows.flatten().copied().collect();
                let shape: Vec<usize> = std::iter::once(range.len() * repeat).chain(sizes).collect();
                Array::from_values(&values, &shape, device, DType::F64)
            })
            .collect()
    }
}

/// The number of examples with which one row can be had: of those that share statistics each depends on all.
pub(super) fn examples_a_row(program: &Program) -> usize {
    if has_batch_statistics(program) { BATCH } else { 1 }
}

/// `rows` rows of J from as many examples, or from all with as many rows for each, up to one for each output; with a column for every trained
/// entry in the order of parameters.
///
/// Copies of parameters are apart only where examples are: with statistics of the batch, batches of [`BATCH`] examples take their place, and
/// examples that fill no batch are left out.
pub(super) fn jacobian(
    program: &Program,
    weights: &Weights,
    examples: &Examples,
    rows: usize,
) -> Result<Mat<f64>, Vec<Diagnostic>> {
    if has_batch_statistics(program) {
        let size = BATCH.min(examples.count);
        let batches = with_explicit_batch(program, size as u128);
        return jacobian(&batches, weights, &Examples { count: examples.count / size, inputs: examples.inputs.clone() }, rows);
    }
    let lifted = lift(program);
    let device = Device::flex().autodiff();
    let frozen = |trainable: &bool, values: &Vec<f64>| (!trainable).then(|| values.clone());
    let trainable: Vec<bool> = program.parameters.iter().map(|parameter| parameter.trainable).collect();
    let kept = Weights {
        values: trainable.iter().zip(&weights.values).filter_map(|(trainable, values)| frozen(trainable, values)).collect(),
    };
    let module = Module::new(&lifted, &kept, &device, DType::F64)?;
    let columns: usize =
        trainable.iter().zip(&weights.values).filter(|(trainable, _)| **trainable).map(|(_, values)| values.len()).sum();
    let width: usize = program.outputs.iter().map(|output| entries(&program.node(output.value).shape)).sum();
    // As many rows for each example; single outputs where that is all of them.
    let count = examples.count.min(rows);
    let share = rows.div_ceil(count.max(1)).clamp(1, width.max(1));
    let mut stream = Stream::new(0, "proof/jacobian", &program.name);
    let mut result = Mat::zeros(count * share, columns);
    let batch = (ENTRIES / (share * columns).max(1)).clamp(1, count.max(1));
    let mut first = 0;
    while first < count {
        let range = first..(first + batch).min(count);
        let rows = range.len() * share;
        let mut inputs = examples.arrays(program, range.clone(), share, &device);
        let mut leaves = Vec::new();
        for (parameter, values) in program.parameters.iter().zip(&weights.values).filter(|(parameter, _)| parameter.trainable) {
            let tiled: Vec<f64> = std::iter::repeat_n(values, rows).flatten().copied().collect();
            let data = TensorData::new(tiled, [rows * values.len()]);
            let leaf = Tensor::<1>::from_data(data, (&device, DType::F64)).require_grad();
            let shape: Vec<usize> = std::iter::once(rows).chain(parameter.shape.iter().map(|axis| axis.size as usize)).collect();
            inputs.push(Array::from(leaf.clone()).reshape(&shape));
            leaves.push((leaf, values.len()));
        }
        let outputs = module.forward(&inputs);
        let cotangents: Vec<f64> = if share == width {
            (0..rows * width).map(|at| f64::from(u8::from(at / width % width == at % width))).collect()
        } else {
            (0..rows * width).map(|_| stream.normal()).collect()
        };
        let loss = combined(outputs, rows, &cotangents, &device);
        let mut gradients = loss.backward();
        let mut column = 0;
        for (leaf, length) in leaves {
            if let Some(gradient) = leaf.grad_remove(&mut gradients) {
                for (at, value) in Array::from(gradient).values().into_iter().enumerate() {
                    result[(first * share + at / length, column + at % length)] = value;
                }
            }
            column += length;
        }
        first = range.end;
    }
    Ok(trained(program, result))
}

/// The columns of trained entries, of those of all entries of trainable parameters.
fn trained(program: &Program, jacobian: Mat<f64>) -> Mat<f64> {
    if !program.has_masks() {
        return jacobian;
    }
    let (mut kept, mut first) = (Vec::new(), 0);
    for parameter in program.parameters.iter().filter(|parameter| parameter.trainable) {
        kept.extend(parameter.trained_places().into_iter().map(|place| first + place));
        first += entries(&parameter.shape);
    }
    Mat::from_fn(jacobian.nrows(), kept.len(), |row, column| jacobian[(row, kept[column])])
}

/// `rows` rows of J at given inputs, an example a row of each table; with as many rows as outputs of all examples one for each of them, in
/// their order.
///
/// # Errors
///
/// E0501 for a program that cannot be executed.
pub fn rows_of_jacobian(
    program: &Program,
    weights: &Weights,
    inputs: &[Inputs],
    rows: usize,
) -> Result<Mat<f64>, Vec<Diagnostic>> {
    let count = inputs.first().map_or(0, Inputs::rows);
    let inputs = inputs.iter().map(Inputs::dense).collect();
    jacobian(program, weights, &Examples { count, inputs }, rows)
}

fn entries(shape: &[sym_ir::Axis]) -> usize {
    shape.iter().map(|axis| axis.size as usize).product()
}

/// The sum over rows of what they look at: of each its own cotangent's product with the outputs, which are joined.
fn combined(outputs: Vec<Array>, rows: usize, cotangents: &[f64], device: &Device) -> Tensor<1> {
    let width = cotangents.len() / rows.max(1);
    let mut first = 0;
    let mut total: Option<Tensor<1>> = None;
    for output in outputs {
        let length = output.len() / rows;
        let own: Vec<f64> = (0..rows).flat_map(|row| &cotangents[row * width + first..][..length]).copied().collect();
        let own = Tensor::<1>::from_data(TensorData::new(own, [rows * length]), (device, DType::F64));
        let sum = (output.flat() * own).sum();
        total = Some(match total {
            Some(total) => total + sum,
            None => sum,
        });
        first += length;
    }
    total.expect("a program has an output")
}

/// The program with its trainable parameters as further inputs; frozen tensors stay.
fn lift(program: &Program) -> Program {
    let mut lifted = Program { parameters: Vec::new(), nodes: Vec::with_capacity(program.nodes.len()), ..program.clone() };
    let replaced: Vec<Operation> = program
        .parameters
        .iter()
        .map(|parameter| {
            if parameter.trainable {
                let id = InputId(lifted.inputs.len() as u32);
                lifted.inputs.push(Input {
                    name: parameter.path.clone(),
                    shape: parameter.shape.clone(),
                    rank: None,
                    basis: Vec::new(),
                    entries: Entries::Real,
                    span: parameter.span,
                });
                Operation::Input(id)
            } else {
                lifted.parameters.push(parameter.clone());
                Operation::Parameter(sym_ir::ParameterId(lifted.parameters.len() as u32 - 1))
            }
        })
        .collect();
    for node in &program.nodes {
        let mut node = node.clone();
        if let Operation::Parameter(id) = node.operation {
            node.operation = replaced[id.0 as usize].clone();
        }
        node.batched = matches!(node.operation, Operation::Input(_))
            || node.operation.operands().iter().any(|operand| lifted.nodes[operand.0 as usize].batched);
        lifted.nodes.push(node);
    }
    lifted
}
