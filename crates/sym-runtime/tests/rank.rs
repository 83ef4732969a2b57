//! J and its rank against numbers counted by hand.

use sym_infer::Symmetries;
use sym_ir::{Builder, Builtin, Operation, Program};
use sym_runtime::proof::verify;

fn none() -> Symmetries {
    Symmetries { spaces: Vec::new(), continuous_dim: 0 }
}

/// (D, rank J) where nothing is claimed.
fn rank(program: &Program) -> (u128, u128) {
    let numbers = verify(program, &none(), 0).numbers.expect("the program is small");
    assert!(numbers.decided(), "{numbers:?}");
    assert_eq!(numbers.unexplained, numbers.flat);
    (numbers.parameters, numbers.rank)
}

#[test]
fn a_linear_map_through_a_bottleneck_has_the_dimension_of_its_rank_variety() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[4]);
    let h = builder.linear("fc1", x, 3, false);
    let h = builder.linear("fc2", h, 3, false);
    let y = builder.linear("fc3", h, 2, false);
    builder.output("output", y);
    // All 2×4 matrices.
    assert_eq!(rank(&builder.finish()), (27, 8));
}

#[test]
fn a_model_without_input_is_its_tensor() {
    let mut builder = Builder::new("M");
    let (u, v) = (builder.parameter("u", &[5, 2]), builder.parameter("v", &[4, 2]));
    let product = builder.einsum("ir,jr->ij", &[u, v]);
    builder.output("output", product);
    // 5×4 matrices of rank 2: 2(5 + 4) − 4.
    assert_eq!(rank(&builder.finish()), (18, 14));
}

#[test]
fn relu_units_lose_one_dimension_each() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let h = builder.linear("fc1", x, 5, true);
    let h = builder.map(Builtin::Relu, h);
    let y = builder.linear("fc2", h, 2, true);
    builder.output("output", y);
    assert_eq!(rank(&builder.finish()), (32, 27));
}

#[test]
fn frozen_entries_are_no_parameters() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let (w, b) = (builder.frozen("w", &[2, 3]), builder.parameter("b", &[2]));
    let z = builder.einsum("ij,j->i", &[w, x]);
    let z = builder.add(&[z, b]);
    builder.output("output", z);
    assert_eq!(rank(&builder.finish()), (2, 2));
}

#[test]
fn a_parameter_that_does_nothing_is_flat() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let _ = builder.parameter("unused", &[4]);
    let y = builder.linear("fc", x, 2, true);
    builder.output("output", y);
    let proof = verify(&builder.finish(), &none(), 0);
    let numbers = proof.numbers.expect("the program is small");
    assert_eq!((numbers.flat, numbers.unexplained), (4, 4));
    let [(path, share)] = &numbers.moved[..] else { panic!("{:?}", numbers.moved) };
    assert!(path == "unused" && (share - 1.0).abs() < 1e-12, "{share}");
    assert_eq!(proof.diagnostics.len(), 1);
}

#[test]
fn batch_statistics_couple_the_examples_of_a_batch() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[3]);
    let h = builder.linear("fc1", x, 4, true);
    let shape = builder.shape(h).to_vec();
    let statistics = Operation::Normalise { value: h, axes: Vec::new(), batch: true, centre: true, epsilon: 0.0 };
    let h = builder.push(statistics, shape, "norm");
    let (gain, shift) = (builder.parameter("gain", &[4]), builder.parameter("shift", &[4]));
    let h = builder.einsum("i,i->i", &[h, gain]);
    let h = builder.add(&[h, shift]);
    let h = builder.map(Builtin::Tanh, h);
    let y = builder.linear("fc2", h, 2, false);
    builder.output("output", y);
    // For each unit the scale and the bias in front of the statistics.
    assert_eq!(rank(&builder.finish()), (32, 24));
}
