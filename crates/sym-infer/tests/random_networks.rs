//! Networks that nobody chose: every claim holds, whatever the graph.

mod support;

use proptest::prelude::*;
use support::evaluate::evaluate;
use support::numbers::{inputs, is_special};
use support::random_program::{Elementwise, Kind, Plan, Step, Weight, plans};
use support::rank::Normal;
use sym_infer::action::{random_element, tangents};
use sym_infer::{Weights, infer};

/// The first claim that numbers contradict.
fn contradiction(plan: &Plan, seed: u64) -> Option<String> {
    let program = plan.build();
    let symmetries = infer(&program);
    let mut normal = Normal(seed);
    let mut theta = Weights::zeros(&program);
    theta.values.iter_mut().flatten().for_each(|entry| *entry = 0.5 * normal.draw());
    let still = Weights::zeros(&program);
    let mut samples: Vec<Vec<Vec<f64>>> = (0..3).map(|_| inputs(&program, 1.0, &mut normal)).collect();
    samples.retain(|x| !is_special(&program, &theta, x));
    // Beyond a million rounding alone is too large.
    let differs = |value: f64, change: f64| {
        let size = 1.0 + value.abs();
        value.is_finite() && size <= 1e6 && (change.is_nan() || change.abs() >= 1e-8 * size)
    };
    for (number, space) in symmetries.spaces.iter().enumerate() {
        let moved = random_element(&program, &symmetries, number, &theta, &mut || normal.draw());
        for x in &samples {
            for (before, after) in evaluate(&program, &theta, &still, x).iter().zip(evaluate(&program, &moved, &still, x)) {
                if differs(before.0, before.0 - after.0) {
                    return Some(format!("{}: {} {} {}", space.name, space.group, before.0, after.0));
                }
            }
        }
    }
    for (number, vector) in tangents(&program, &symmetries, &theta) {
        for x in &samples {
            for (value, slope) in evaluate(&program, &theta, &vector, x) {
                if differs(value, slope) {
                    return Some(format!("{}: slope {slope}", symmetries.spaces[number].name));
                }
            }
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn claims_hold(plan in plans(8, false), seed in 0u64..1000) {
        let contradiction = contradiction(&plan, seed);
        prop_assert!(contradiction.is_none(), "{}", contradiction.unwrap_or_default());
    }
}

#[test]
fn what_takes_a_constant_back_need_not_be_linear_in_it() {
    // Two directions behind a map of rank two, both with a constant that a later weight takes back.
    let step = |weight, width| Step { kind: Kind::Dense { weight, bias: false }, axis: 0, width };
    let constant = Step { kind: Kind::Constant, axis: 0, width: 1 };
    let plan = Plan { sequence: false, steps: vec![step(Weight::LowRank, 4), constant, step(Weight::Free, 3)], whole: false };
    assert_eq!(contradiction(&plan, 0), None);
}

#[test]
fn a_fixed_constant_beside_two_indices_of_one_space_is_taken_back_once() {
    // Gains of rows, whose Gram matrix is scaled by the product of two, and a constant added to it.
    let step = |kind| Step { kind, axis: 0, width: 1 };
    let steps = vec![step(Kind::Gain { full: false }), step(Kind::Gram), step(Kind::Constant)];
    assert_eq!(contradiction(&Plan { sequence: true, steps, whole: true }, 0), None);
}

#[test]
fn a_change_that_meets_itself_is_seen() {
    // |z + n|² is not |z|², though n ⟂ z: z is contracted with itself.
    let step = |kind, axis, width| Step { kind, axis, width };
    let windows = Kind::Convolution { stride: 1, padding: 0, dilation: 1, depthwise: false };
    let dense = Kind::Dense { weight: Weight::Free, bias: false };
    let steps = vec![step(windows, 0, 1), step(dense, 1, 3), step(Kind::Gram, 0, 1)];
    assert_eq!(contradiction(&Plan { sequence: false, steps, whole: false }, 0), None);
}

#[test]
fn joined_values_have_constant_parts_of_their_own() {
    // Rows behind a softmax have a constant part; the row of weights beside them another.
    let step = |kind, axis| Step { kind, axis, width: 4 };
    let steps = vec![step(Kind::Mixture { bias: false }, 2), step(Kind::Token, 1)];
    assert_eq!(contradiction(&Plan { sequence: true, steps, whole: true }, 0), None);
}

#[test]
fn an_axis_that_passes_a_reshape_whole_may_be_split_elsewhere() {
    // Both axes of a Gram matrix are one space; a reshape splits the first and passes the second.
    let step = |kind, width| Step { kind, axis: 0, width };
    let dense = Kind::Dense { weight: Weight::Free, bias: false };
    let steps = vec![step(dense, 4), step(Kind::Gram, 1), step(Kind::SplitAxis, 1)];
    assert_eq!(contradiction(&Plan { sequence: true, steps, whole: true }, 0), None);
}

#[test]
fn what_is_made_with_the_same_weights_lies_in_their_range() {
    // The token's part of the product and the input's both lie in the range of one factor of the weights.
    let token = Step { kind: Kind::Token, axis: 0, width: 1 };
    let dense = |weight, width| Step { kind: Kind::Dense { weight, bias: false }, axis: 0, width };
    let steps = vec![token, dense(Weight::LowRank, 3), dense(Weight::Free, 1)];
    assert_eq!(contradiction(&Plan { sequence: false, steps, whole: false }, 0), None);
}

#[test]
fn a_block_of_weights_beside_a_skip_acts_about_its_own_centre() {
    // Of the matrix over positions, one block lies beside a skip of what it reads, another beside a token.
    let step = |kind, axis, width| Step { kind, axis, width };
    let pool = Kind::MaxPool { lowest: false };
    let steps = vec![step(Kind::Token, 2, 1), step(Kind::Skip, 2, 1), step(Kind::Split, 1, 1), step(pool, 2, 1)];
    assert_eq!(contradiction(&Plan { sequence: true, steps, whole: true }, 601), None);
}

#[test]
fn a_scale_along_both_axes_of_a_sum_with_a_number_is_not_taken_back() {
    // (λᵢλⱼ − 1) c is not (λᵢ − 1) c + (λⱼ − 1) c.
    let step = |kind| Step { kind, axis: 0, width: 1 };
    let steps = vec![step(Kind::Split), step(Kind::Gram), step(Kind::Constant)];
    assert_eq!(contradiction(&Plan { sequence: false, steps, whole: true }, 0), None);
}

#[test]
fn windows_beside_what_they_run_over_keep_no_permutation_of_each_position() {
    // Units of one position are added to those of its neighbour, and to their own.
    let step = |kind, width| Step { kind, axis: 0, width };
    let windows = Kind::Convolution { stride: 1, padding: 1, dilation: 2, depthwise: false };
    let function = Kind::Function(Elementwise::Tanh);
    let steps =
        vec![step(Kind::Heads, 4), step(Kind::SplitAxis, 1), step(windows, 1), step(Kind::Residual, 1), step(function, 1)];
    assert_eq!(contradiction(&Plan { sequence: true, steps, whole: true }, 0), None);
}
