//! Generic weights and inputs of a program, and a model's Jacobian there.

use super::evaluate::{evaluate_along, values};
use super::rank::Normal;
use sym_infer::Weights;
use sym_ir::{Builtin, Entries, Operation, Program, Scalar, Term, ValueId};

/// Inputs of one example: normal numbers, or whole ones below their bound.
pub fn inputs(program: &Program, scale: f64, normal: &mut Normal) -> Vec<Vec<f64>> {
    let draw = |input: &sym_ir::Input, normal: &mut Normal| -> Vec<f64> {
        let size = input.shape.iter().map(|axis| axis.size as usize).product();
        let entry = |_| match input.entries {
            Entries::Integer { below } => (normal.uniform() * below as f64).floor(),
            Entries::Real => scale * normal.draw(),
        };
        (0..size).map(entry).collect()
    };
    program.inputs.iter().map(|input| draw(input, normal)).collect()
}

/// Weights 1.5 N/√fan-in, biases 0.5 N, gains exp(0.3 N).
pub fn generic(program: &Program, normal: &mut Normal) -> Weights {
    let mut weights = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        let fan_in = if parameter.shape.len() > 1 { parameter.shape.last().map_or(1, |axis| axis.size) } else { 1 };
        let is_gain =
            parameter.path.starts_with("gain") || parameter.path.starts_with("scale") || parameter.path.starts_with('g');
        let is_bias = parameter.path.contains('b') && parameter.shape.len() == 1;
        for value in values {
            let draw = normal.draw();
            *value = match (is_gain, is_bias) {
                (true, _) => (0.3 * draw).exp(),
                (_, true) => 0.5 * draw,
                _ => 1.5 * draw / (fan_in as f64).sqrt(),
            };
        }
    }
    weights
}

/// Whether an elementwise function has a kink at 0.
fn has_kink(body: &Scalar) -> bool {
    match body {
        Scalar::Argument | Scalar::Number(_) => false,
        Scalar::Add(parts) | Scalar::Multiply(parts) => parts.iter().any(has_kink),
        Scalar::Power(base, _) => has_kink(base),
        Scalar::Call(builtin, argument) => {
            matches!(builtin, Builtin::Relu | Builtin::LeakyRelu(_) | Builtin::Abs) || has_kink(argument)
        }
    }
}

/// The arguments of functions with kinks.
fn kinks(program: &Program) -> Vec<ValueId> {
    let argument = |node: &sym_ir::Node| match &node.operation {
        Operation::Map { value, function } if has_kink(&function.body) => Some(*value),
        _ => None,
    };
    program.nodes.iter().filter_map(argument).collect()
}

/// Moves the biases in front of kinks until every unit switches inside the sample. False where one has no bias or does not switch.
pub fn place_kinks(program: &Program, weights: &mut Weights, samples: &[Vec<Vec<f64>>]) -> bool {
    kinks(program).into_iter().all(|value| {
        let Operation::Add { terms, .. } = &program.node(value).operation else { return false };
        let bias = |term: &Term| match program.node(term.value).operation {
            Operation::Parameter(id) if term.axes.len() == 1 => Some((id, term.axes[0])),
            _ => None,
        };
        let Some((id, axis)) = terms.iter().find_map(bias) else { return false };
        let shape: Vec<usize> = program.node(value).shape.iter().map(|axis| axis.size as usize).collect();
        let inner: usize = shape[axis + 1..].iter().product();
        let of_unit = |weights: &Weights, unit: usize| -> Vec<f64> {
            let of_sample = |sample: &Vec<Vec<f64>>| {
                let entries = values::<1>(program, weights, &[], sample)[value.0 as usize].clone();
                let size = shape[axis];
                let own = entries.into_iter().enumerate().filter(move |(at, _)| at / inner % size == unit);
                own.map(|(_, jet)| jet.value).collect::<Vec<f64>>()
            };
            let mut all: Vec<f64> = samples.iter().flat_map(of_sample).collect();
            all.sort_by(f64::total_cmp);
            all
        };
        (0..weights.values[id.0 as usize].len()).all(|unit| {
            let before = of_unit(weights, unit);
            // Kinks of units that read the same lie apart.
            weights.values[id.0 as usize][unit] -= before[before.len() * (3 + unit % 7) / 12];
            let after = of_unit(weights, unit);
            // An eighth on either side.
            after[after.len() / 8] < -1e-6 && after[after.len() - 1 - after.len() / 8] > 1e-6
        })
    })
}

/// Whether some function has a kink.
pub fn is_piecewise(program: &Program) -> bool {
    !kinks(program).is_empty()
}

/// Whether the entries of a norm are all alike up to rounding, or those between which the largest are chosen, so that nothing can be said.
pub fn is_special(program: &Program, weights: &Weights, inputs: &[Vec<f64>]) -> bool {
    let values = values::<1>(program, weights, &[], inputs);
    program.nodes.iter().any(|node| match node.operation {
        Operation::Normalise { value, .. } => {
            let entries = values[value.0 as usize].iter().map(|jet| jet.value);
            let (least, largest) = entries.fold((f64::MAX, f64::MIN), |(least, most), entry| (least.min(entry), most.max(entry)));
            is_close(least, largest)
        }
        Operation::TopK { value, axis, count, .. } => {
            let shape: Vec<usize> = program.node(value).shape.iter().map(|axis| axis.size as usize).collect();
            let inner: usize = shape[axis + 1..].iter().product();
            let own = &values[value.0 as usize];
            let starts = (0..own.len()).filter(|at| (at / inner).is_multiple_of(shape[axis]));
            starts.into_iter().any(|start| {
                let mut entries: Vec<f64> = (0..shape[axis]).map(|at| own[start + at * inner].value).collect();
                entries.sort_by(|a, b| b.total_cmp(a));
                let count = count as usize;
                count < entries.len() && is_close(entries[count], entries[count - 1])
            })
        }
        _ => false,
    })
}

/// Whether two numbers differ by no more than rounding, that of sums of numbers around one that cancel included.
fn is_close(small: f64, large: f64) -> bool {
    let size = large.abs().max(small.abs());
    large - small <= 1e-9 * size || size <= 1e-12
}

/// How many derivatives are taken at once.
const LANES: usize = 8;

/// Columns of J: for each trainable entry the derivatives of all outputs on all samples.
pub fn jacobian(program: &Program, weights: &Weights, samples: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
    let trained = program.parameters.iter().enumerate().filter(|(_, parameter)| parameter.trainable);
    let units: Vec<Weights> = trained
        .flat_map(|(number, _)| (0..weights.values[number].len()).map(move |entry| (number, entry)))
        .map(|(number, entry)| {
            let mut direction = Weights::zeros(program);
            direction.values[number][entry] = 1.0;
            direction
        })
        .collect();
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for chunk in units.chunks(LANES) {
        let rows: Vec<_> = samples.iter().flat_map(|x| evaluate_along::<LANES>(program, weights, chunk, x)).collect();
        columns.extend((0..chunk.len()).map(|lane| rows.iter().map(|jet| jet.slopes[lane]).collect::<Vec<f64>>()));
    }
    columns
}

/// The trainable entries as one vector.
pub fn trainable(program: &Program, vector: &Weights) -> Vec<f64> {
    let entries = program.parameters.iter().zip(&vector.values).filter(|(parameter, _)| parameter.trainable);
    entries.flat_map(|(_, values)| values.iter().copied()).collect()
}
