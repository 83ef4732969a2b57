//! Activation regions: for units with kinks J depends on which inputs lie on which side, and a sample has to show every region that matters.

use super::jacobian::Examples;
use crate::Stream;
use burn::tensor::{DType, Device};
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::{Builtin, Function, Operation, ParameterId, Program, Scalar, ValueId};
use sym_lower::{Array, Module};
use sym_rewrite::AxisClasses;

/// Inputs on which each connected pair of units has to be active together.
pub const ACTIVE: usize = 10;
/// Quantiles of the sample at which a bias puts the kink of its unit.
const QUANTILES: [f64; 2] = [0.3, 0.7];

/// An elementwise function with a kink.
#[derive(Debug)]
struct Kink {
    /// What it is applied to.
    argument: ValueId,
    /// A bias among the summands of the argument: the parameter, its coefficient, and the argument's axes along which it runs.
    bias: Option<(ParameterId, f64, Vec<usize>)>,
    /// The argument's axes that tell units apart; along the others (tokens, pixels) a unit is repeated.
    units: Vec<usize>,
    /// The sign of arguments that it forgets; 0 where it forgets none.
    forgets: f64,
    /// Kinks whose units it reads, with no other kink between.
    before: Vec<usize>,
}

/// The kinks of a program.
#[derive(Debug)]
pub struct Kinks {
    all: Vec<Kink>,
}

/// Whether some function has a kink or a constant piece, so that the answer is for the regions of the sample.
pub fn is_piecewise(program: &Program) -> bool {
    program.nodes.iter().any(|node| match &node.operation {
        Operation::Map { function, .. } => has_kink(&function.body),
        Operation::Reduce { .. } | Operation::TopK { .. } => true,
        _ => false,
    })
}

fn has_kink(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Argument | Scalar::Number(_) => false,
        Scalar::Add(parts) | Scalar::Multiply(parts) => parts.iter().any(has_kink),
        Scalar::Power(base, _) => has_kink(base),
        Scalar::Call(
            Builtin::Relu | Builtin::LeakyRelu(_) | Builtin::Abs | Builtin::Step | Builtin::LeakyStep(_) | Builtin::Sign,
            _,
        ) => true,
        Scalar::Call(_, argument) => has_kink(argument),
    }
}

/// The sign of arguments on which a function is constant.
fn forgets(function: &Function) -> f64 {
    let constant = |sign: f64| function.body.evaluate(sign) == function.body.evaluate(2.0 * sign);
    match (constant(-1.0), constant(1.0)) {
        (true, false) => -1.0,
        (false, true) => 1.0,
        _ => 0.0,
    }
}

impl Kinks {
    /// All kinks of values that depend on inputs.
    pub fn of(program: &Program) -> Self {
        let classes = AxisClasses::of(program);
        let mut weights = std::collections::HashSet::new();
        for (at, node) in program.nodes.iter().enumerate() {
            if matches!(node.operation, Operation::Parameter(_)) {
                weights.extend((0..node.shape.len()).map(|axis| classes.class(ValueId(at as u32), axis)));
            }
        }
        let mut all: Vec<Kink> = Vec::new();
        // Of every value the kinks that it depends on with no other between.
        let mut behind: Vec<Vec<usize>> = Vec::with_capacity(program.nodes.len());
        for node in &program.nodes {
            let mut own: Vec<usize> =
                node.operation.operands().iter().flat_map(|operand| behind[operand.0 as usize].clone()).collect();
            own.sort_unstable();
            own.dedup();
            if let Operation::Map { value, function } = &node.operation
                && node.batched
                && has_kink(&function.body)
            {
                let rank = program.node(*value).shape.len();
                all.push(Kink {
                    argument: *value,
                    bias: bias(program, *value),
                    units: (0..rank).filter(|&axis| weights.contains(&classes.class(*value, axis))).collect(),
                    forgets: forgets(function),
                    before: std::mem::replace(&mut own, vec![all.len()]),
                });
            }
            behind.push(own);
        }
        Self { all }
    }

    /// Shifts the bias of every unit with a kink so that the kink lies inside the sample.
    pub fn place(
        &self,
        program: &Program,
        weights: &mut Weights,
        examples: &Examples,
        stream: &mut Stream,
    ) -> Result<(), Vec<Diagnostic>> {
        for kink in &self.all {
            let Some((parameter, coefficient, axes)) = &kink.bias else { continue };
            let device = Device::flex();
            let inputs = examples.arrays(program, 0..examples.count, 1, &device);
            let value = Module::new(program, weights, &device, DType::F64)?.forward_value(&inputs, kink.argument);
            let seen = by_unit(program, kink.argument, axes, &value, examples.count);
            for (entry, mut sample) in weights.values[parameter.0 as usize].iter_mut().zip(seen) {
                sample.sort_by(f64::total_cmp);
                let quantile = stream.uniform(QUANTILES[0], QUANTILES[1]);
                let at = ((sample.len() as f64 * quantile) as usize).min(sample.len() - 1);
                *entry -= sample[at] / coefficient;
            }
        }
        Ok(())
    }

    /// The least number of inputs on which a unit, or a connected pair of units, is active; `None` where no unit forgets anything.
    pub fn least_active(
        &self,
        program: &Program,
        weights: &Weights,
        examples: &Examples,
    ) -> Result<Option<usize>, Vec<Diagnostic>> {
        if self.all.iter().all(|kink| kink.forgets == 0.0) {
            return Ok(None);
        }
        let values = values(program, weights, examples)?;
        // By kink and unit: on which inputs it is active at some position.
        let active: Vec<Vec<Vec<bool>>> = self
            .all
            .iter()
            .map(|kink| {
                let seen = by_unit(program, kink.argument, &kink.units, &values[kink.argument.0 as usize], examples.count);
                let on = |value: &f64| kink.forgets == 0.0 || value * kink.forgets < 0.0;
                seen.iter()
                    .map(|sample| {
                        let repeats = sample.len() / examples.count;
                        sample.chunks(repeats.max(1)).map(|positions| positions.iter().any(on)).collect()
                    })
                    .collect()
            })
            .collect();
        let together = |one: &[bool], other: &[bool]| one.iter().zip(other).filter(|(one, other)| **one && **other).count();
        let mut least = usize::MAX;
        for (at, kink) in self.all.iter().enumerate() {
            for unit in &active[at] {
                least = least.min(together(unit, unit));
                for before in kink.before.iter().flat_map(|&before| &active[before]) {
                    least = least.min(together(unit, before));
                }
            }
        }
        Ok(Some(least))
    }
}

/// A trainable parameter among the summands of a value.
fn bias(program: &Program, value: ValueId) -> Option<(ParameterId, f64, Vec<usize>)> {
    let Operation::Add { terms, .. } = &program.node(value).operation else { return None };
    terms.iter().find_map(|term| match program.node(term.value).operation {
        Operation::Parameter(id) if program.parameter(id).trainable && term.coefficient != 0.0 => {
            Some((id, term.coefficient, term.axes.clone()))
        }
        _ => None,
    })
}

fn values(program: &Program, weights: &Weights, examples: &Examples) -> Result<Vec<Array>, Vec<Diagnostic>> {
    let device = Device::flex();
    let inputs = examples.arrays(program, 0..examples.count, 1, &device);
    Ok(Module::new(program, weights, &device, DType::F64)?.forward_values(&inputs))
}

/// The entries of a batched value by the tuple of positions on some axes, examples first.
fn by_unit(program: &Program, value: ValueId, axes: &[usize], array: &Array, count: usize) -> Vec<Vec<f64>> {
    let shape: Vec<usize> = program.node(value).shape.iter().map(|axis| axis.size as usize).collect();
    let units: usize = axes.iter().map(|&axis| shape[axis]).product();
    let entries: usize = shape.iter().product();
    let unit = |mut at: usize| {
        let mut positions = vec![0; shape.len()];
        for axis in (0..shape.len()).rev() {
            positions[axis] = at % shape[axis];
            at /= shape[axis];
        }
        axes.iter().fold(0, |unit, &axis| unit * shape[axis] + positions[axis])
    };
    let of: Vec<usize> = (0..entries).map(unit).collect();
    let mut result = vec![Vec::with_capacity(count * entries / units.max(1)); units];
    for example in array.values().chunks(entries.max(1)) {
        example.iter().zip(&of).for_each(|(entry, &unit)| result[unit].push(*entry));
    }
    result
}
