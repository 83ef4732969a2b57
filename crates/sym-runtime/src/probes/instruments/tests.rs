//! Derivatives against finite differences of the model itself, by the burn module.

use super::*;
use crate::data::{Inputs, Table};
use crate::{Stream, evaluate, loss, testing};
use burn::tensor::{DType, Device};
use sym_ir::{Builder, Builtin};
use sym_lower::Module;
use sym_measure::operator::{LinearOperator, dense};

fn weights(program: &Program) -> Weights {
    let mut stream = Stream::new(2, "test", "instruments");
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|entry| *entry = 0.7 * stream.normal());
    weights
}

fn examples(inputs: usize, targets: Targets) -> Examples {
    let mut stream = Stream::new(3, "test", "instruments");
    let values = (0..targets.len() * inputs).map(|_| stream.normal()).collect();
    Examples { inputs: vec![Inputs::of(values, inputs)], targets }
}

fn cases() -> Vec<(Loss, Examples)> {
    let numbers = Table { values: (0..10).map(|at| libm::sin(f64::from(at))).collect(), width: 2 };
    vec![
        (Loss::Mse, examples(3, Targets::Numbers(numbers))),
        (Loss::CrossEntropy, examples(3, Targets::Classes(vec![0, 1, 1, 0, 1]))),
    ]
}

/// The outputs by the burn module.
fn interpreted(program: &Program, weights: &Weights, inputs: &[Inputs]) -> Vec<f64> {
    let device = Device::flex();
    let module = Module::new(program, weights, &device, DType::F64).expect("it can be executed");
    module.forward(&evaluate::arrays(program, inputs, &device, DType::F64)).swap_remove(0).values()
}

/// The mean loss of the first examples by the burn module.
fn reference(program: &Program, weights: &Weights, of: Loss, examples: &Examples, rows: &[usize]) -> f64 {
    let examples = examples.select(rows);
    let outputs = interpreted(program, weights, &examples.inputs);
    loss::sum(of, &outputs, &examples.targets, 2) / rows.len() as f64
}

/// Central differences of a vector-valued function of trained entries: row k is the derivative in entry k.
fn differences(
    coordinates: &Coordinates,
    weights: &Weights,
    step: f64,
    function: &mut dyn FnMut(&Weights) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    let here = coordinates.vector(weights);
    (0..here.len())
        .map(|at| {
            let mut moved = |by: f64| {
                let mut there = here.clone();
                there[at] += by;
                function(&coordinates.replaced(weights, &there))
            };
            let (above, below) = (moved(step), moved(-step));
            above.iter().zip(&below).map(|(above, below)| (above - below) / (2.0 * step)).collect()
        })
        .collect()
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let program = testing::mlp(&[3, 4, 2]);
    let weights = weights(&program);
    for (of, examples) in cases() {
        let mut instruments = Instruments::new(&program, of, &examples);
        let rows = [0, 2, 3];
        let mut gradient = vec![0.0; instruments.coordinates().size()];
        let value = instruments.gradient(&weights, &rows, &mut gradient);
        assert!((value - reference(&program, &weights, of, &examples, &rows)).abs() < 1e-13);
        let expected = differences(&Coordinates::of(&program), &weights, 1e-5, &mut |weights| {
            vec![reference(&program, weights, of, &examples, &rows)]
        });
        assert!(gradient.iter().zip(&expected).all(|(found, expected)| (found - expected[0]).abs() < 1e-8));
    }
}

#[test]
fn the_mean_of_gradients_of_examples_is_the_gradient() {
    let program = testing::mlp(&[3, 4, 2]);
    let weights = weights(&program);
    for (of, examples) in cases() {
        let mut instruments = Instruments::new(&program, of, &examples);
        let rows = instruments.rows(100);
        assert_eq!(rows.len(), 5);
        let each = instruments.gradients(&weights, &rows);
        let mut one = vec![0.0; each.columns()];
        for example in 0..5 {
            instruments.gradient(&weights, &[example], &mut one);
            assert!(one.iter().zip(each.row(example)).all(|(one, found)| (one - found).abs() < 1e-13));
        }
    }
}

#[test]
fn rows_of_the_jacobian_are_derivatives_of_outputs() {
    let program = testing::mlp(&[3, 4, 2]);
    let weights = weights(&program);
    let (of, examples) = cases().swap_remove(0);
    let mut instruments = Instruments::new(&program, of, &examples);
    let rows = instruments.rows(3);
    let found = instruments.jacobian(&weights, &rows);
    let inputs = examples.select(&rows).inputs;
    let expected =
        differences(&Coordinates::of(&program), &weights, 1e-5, &mut |weights| interpreted(&program, weights, &inputs));
    assert_eq!((found.rows(), found.columns()), (6, expected.len()));
    for row in 0..6 {
        assert!((0..expected.len()).all(|column| (found.row(row)[column] - expected[column][row]).abs() < 1e-8));
    }
}

#[test]
fn products_with_the_hessian_are_differences_of_gradients() {
    let program = testing::mlp(&[3, 4, 2]);
    let weights = weights(&program);
    for (of, examples) in cases() {
        let mut instruments = Instruments::new(&program, of, &examples);
        let rows = instruments.rows(4);
        let Ok(found) = dense(&mut instruments.hessian(&weights, &rows));
        let expected = differences(&Coordinates::of(&program), &weights, 1e-5, &mut |weights| {
            let mut gradient = vec![0.0; found.rows()];
            instruments.gradient(weights, &rows, &mut gradient);
            gradient
        });
        for (row, expected) in expected.iter().enumerate() {
            assert!(found.row(row).iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-8), "{of:?}");
        }
    }
}

#[test]
fn the_hessian_of_a_linear_model_is_that_of_least_squares() {
    // f = W x and the mean over 2n entries of squares: H = (1/n) ∑ xxᵀ for each of the two outputs.
    let mut builder = Builder::new("Linear");
    let x = builder.input("x", &[3]);
    let y = builder.linear("fc1", x, 2, false);
    builder.output("output", y);
    let program = builder.finish();
    let (of, examples) = cases().swap_remove(0);
    let weights = weights(&program);
    let mut instruments = Instruments::new(&program, of, &examples);
    let rows = instruments.rows(5);
    let mut product = vec![0.0; 6];
    for at in 0..6 {
        let unit: Vec<f64> = (0..6).map(|other| f64::from(u8::from(other == at))).collect();
        let Ok(()) = instruments.hessian(&weights, &rows).apply(&unit, &mut product);
        for (other, found) in product.iter().enumerate() {
            let x = |row: usize, at: usize| examples.inputs[0].at(row, at % 3);
            let expected =
                if at / 3 == other / 3 { (0..5).map(|row| x(row, at) * x(row, other)).sum::<f64>() / 5.0 } else { 0.0 };
            assert!((found - expected).abs() < 1e-14);
        }
    }
}

#[test]
fn features_are_the_values_of_a_layer() {
    let mut builder = Builder::new("Net");
    let x = builder.input("x", &[3]);
    let hidden = builder.linear("fc1", x, 4, true);
    let active = builder.map(Builtin::Tanh, hidden);
    let y = builder.linear("fc2", active, 2, true);
    builder.output("output", y);
    let program = builder.finish();
    let weights = weights(&program);
    let (of, examples) = cases().swap_remove(0);
    let mut instruments = Instruments::new(&program, of, &examples);
    let rows = [4, 1];
    let found = instruments.features(&weights, active, &rows);
    for (at, row) in rows.iter().enumerate() {
        for unit in 0..4 {
            let x = examples.inputs[0].range(*row, row + 1);
            let sum: f64 = (0..3).map(|input| weights.values[0][unit * 3 + input] * x[input]).sum();
            assert!((found.row(at)[unit] - libm::tanh(sum + weights.values[1][unit])).abs() < 1e-14);
        }
    }
}
