//! Einsums of any shape equal their definition, a sum over all indices.

use proptest::prelude::*;
use sym_ir::{Builder, InputId, ParameterId, Program};
use sym_plan::Plan;

/// Sizes of the indices a to f.
const SIZES: [usize; 6] = [2, 3, 4, 5, 7, 1];
const BATCH: usize = 3;

/// An equation such as `abc,cbd->ad` of an input, which has a batch, and parameters.
fn equations() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>)> {
    let factor = proptest::sample::subsequence((0..SIZES.len()).collect::<Vec<_>>(), 1..=4).prop_shuffle();
    (proptest::collection::vec(factor, 1..=3), any::<proptest::sample::Index>(), any::<u64>()).prop_map(
        |(factors, cut, order)| {
            let mut labels: Vec<usize> = factors.concat();
            labels.sort_unstable();
            labels.dedup();
            let kept = cut.index(labels.len() + 1);
            // A permutation that depends on a number.
            let mut seed = order;
            for at in (1..labels.len()).rev() {
                labels.swap(at, (seed % (at as u64 + 1)) as usize);
                seed /= at as u64 + 1;
            }
            labels.truncate(kept);
            (factors, labels)
        },
    )
}

fn letters(labels: &[usize]) -> String {
    labels.iter().map(|&label| char::from(b'a' + label as u8)).collect()
}

fn program(factors: &[Vec<usize>], output: &[usize]) -> Program {
    let mut builder = Builder::new("Einsum");
    let values: Vec<_> = factors
        .iter()
        .enumerate()
        .map(|(at, labels)| {
            let sizes: Vec<u128> = labels.iter().map(|&label| SIZES[label] as u128).collect();
            if at == 0 { builder.input("x", &sizes) } else { builder.parameter(&format!("w{at}"), &sizes) }
        })
        .collect();
    let texts: Vec<String> = factors.iter().map(|labels| letters(labels)).collect();
    let product = builder.einsum(&format!("{}->{}", texts.join(","), letters(output)), &values);
    builder.output("output", product);
    builder.finish()
}

fn volume(labels: &[usize]) -> usize {
    labels.iter().map(|&label| SIZES[label]).product()
}

fn number(at: usize) -> f64 {
    (at as f64 * 12.9898).sin()
}

fn place(labels: &[usize], index: &[usize; 6]) -> usize {
    labels.iter().fold(0, |place, &label| place * SIZES[label] + index[label])
}

fn definition(factors: &[Vec<usize>], output: &[usize]) -> Vec<f64> {
    let mut result = vec![0.0; BATCH * volume(output)];
    // Only indices that occur are summed over.
    let range = |label: usize| if factors.iter().flatten().any(|&other| other == label) { SIZES[label] } else { 1 };
    for batch in 0..BATCH {
        let mut index = [0; 6];
        'all: loop {
            let product: f64 = factors
                .iter()
                .enumerate()
                .map(|(at, labels)| {
                    let start = if at == 0 { batch * volume(labels) } else { 1000 * at };
                    number(start + place(labels, &index))
                })
                .product();
            result[batch * volume(output) + place(output, &index)] += product;
            for (label, at) in index.iter_mut().enumerate() {
                *at += 1;
                if *at < range(label) {
                    continue 'all;
                }
                *at = 0;
            }
            break;
        }
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_planned_einsum_is_its_definition((factors, output) in equations()) {
        let program = program(&factors, &output);
        let mut plan = Plan::<f64>::new(&program, BATCH);
        plan.input_mut(InputId(0)).iter_mut().enumerate().for_each(|(at, value)| *value = number(at));
        for at in 1..factors.len() {
            let values = plan.parameter_mut(ParameterId(at as u32 - 1));
            values.iter_mut().enumerate().for_each(|(entry, value)| *value = number(1000 * at + entry));
        }
        plan.run();
        let expected = definition(&factors, &output);
        prop_assert_eq!(plan.output(0).len(), expected.len());
        for (found, expected) in plan.output(0).iter().zip(&expected) {
            // At most 840 summands of at most 1.
            prop_assert!((found - expected).abs() < 1e-12, "{} for {}", found, expected);
        }
    }
}
