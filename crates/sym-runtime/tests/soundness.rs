//! False claims are refuted, whatever the model's size, and true ones are confirmed.

use sym_diagnostics::Code;
use sym_infer::Status;
use sym_ir::{Builder, Builtin, Program};
use sym_runtime::proof::{Verification, verify};

fn one_hidden_layer(sizes: [u128; 3], activation: Builtin) -> Program {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[sizes[0]]);
    let h = builder.linear("fc1", x, sizes[1], true);
    let h = builder.map(activation, h);
    let y = builder.linear("fc2", h, sizes[2], true);
    builder.output("output", y);
    builder.finish()
}

const SMALL: [u128; 3] = [3, 5, 2];
/// More parameters than completeness is decided for at true sizes.
const LARGE: [u128; 3] = [40, 90, 5];

fn codes(proof: &Verification) -> Vec<Code> {
    proof.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn a_false_claim_is_refuted_with_the_group_the_element_and_the_first_value_that_changes() {
    // The signs of a tanh layer, which gelu does not have.
    let claims = sym_infer::infer(&one_hidden_layer(SMALL, Builtin::Tanh));
    let proof = verify(&one_hidden_layer(SMALL, Builtin::Gelu), &claims, 0);
    assert_eq!(codes(&proof), [Code::E0302]);
    assert_eq!(proof.symmetries.spaces[0].status, Status::Refuted);
    let diagnostic = &proof.diagnostics[0];
    assert!(diagnostic.message.starts_with("signed_permutation(5) on `fc1` changes the output of `M`"), "{}", diagnostic.message);
    assert!(diagnostic.message.ends_with("the sign flip of unit 0"), "{}", diagnostic.message);
    let [cause] = &diagnostic.secondary[..] else { panic!("{:?}", diagnostic.secondary) };
    assert_eq!(cause.message, "the einsum in `fc2` is the first operation whose value changes and should not");
}

#[test]
fn a_false_rescaling_is_refuted_by_the_jacobian_and_by_group_elements_once() {
    let claims = sym_infer::infer(&one_hidden_layer(SMALL, Builtin::Relu));
    let proof = verify(&one_hidden_layer(SMALL, Builtin::Tanh), &claims, 0);
    assert_eq!(codes(&proof), [Code::E0302]);
    assert_eq!(proof.numbers.map(|numbers| (numbers.rank, numbers.explained, numbers.unexplained)), Some((32, 0, 0)));
}

#[test]
fn a_true_claim_is_verified_and_explains_all() {
    let program = one_hidden_layer(SMALL, Builtin::Relu);
    let proof = verify(&program, &sym_infer::infer(&program), 0);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    assert_eq!(proof.symmetries.spaces[0].status, Status::Verified);
    assert_eq!(proof.numbers.map(|numbers| (numbers.flat, numbers.explained)), Some((5, 5)));
}

#[test]
fn generators_are_tested_at_true_sizes_beyond_the_miniature() {
    let program = one_hidden_layer(LARGE, Builtin::Relu);
    let proof = verify(&program, &sym_infer::infer(&program), 0);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    assert_eq!(proof.too_large, None);
    assert!(0.0 < proof.max_gradient && proof.max_gradient < 1e-12, "{}", proof.max_gradient);

    let mut claims = sym_infer::infer(&one_hidden_layer(LARGE, Builtin::Relu));
    // Without its finite elements the claim is only its generators.
    claims.spaces[0].group = sym_infer::Group::Rescaling { dim: 90, signed: false };
    let proof = verify(&one_hidden_layer(LARGE, Builtin::Tanh), &claims, 0);
    assert!(codes(&proof).contains(&Code::E0302));
}

#[test]
fn a_model_beyond_the_memory_limit_is_checked_on_its_miniature() {
    let program = one_hidden_layer([40_000, 90_000, 5], Builtin::Relu);
    let proof = verify(&program, &sym_infer::infer(&program), 0);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    // At least the weights themselves, 8 bytes each.
    assert!(proof.too_large.is_some_and(|bytes| bytes > 8 * 40_000 * 90_000));
    assert_eq!(proof.symmetries.spaces[0].status, Status::Verified);
    assert!(proof.max_difference < 1e-12 && proof.max_gradient < 1e-12);
}

#[test]
fn matrix_groups_of_any_width_are_tested_with_elements_of_rank_one() {
    let mut builder = Builder::new("M");
    let x = builder.input("x", &[70]);
    let h = builder.linear("fc1", x, 60, false);
    let y = builder.linear("fc2", h, 65, false);
    builder.output("output", y);
    let program = builder.finish();
    let proof = verify(&program, &sym_infer::infer(&program), 0);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    assert!(0.0 < proof.max_difference && proof.max_difference < 1e-11, "{}", proof.max_difference);
    assert!(0.0 < proof.max_gradient && proof.max_gradient < 1e-12, "{}", proof.max_gradient);
}

#[test]
fn a_large_model_is_proved_complete_on_its_miniature() {
    let program = one_hidden_layer(LARGE, Builtin::Relu);
    let proof = verify(&program, &sym_infer::infer(&program), 0);
    assert!(proof.diagnostics.is_empty(), "{:?}", proof.diagnostics);
    let numbers = proof.numbers.expect("the miniature is small");
    assert!(numbers.miniature && numbers.parameters < 2_000, "{numbers:?}");
    assert_eq!((numbers.flat, numbers.unexplained), (numbers.explained, 0));
}
