//! What masks freeze, count and leave: W-asymmetric networks (Lim et al. 2024) in training and under the proof.

mod support {
    pub mod texts;
}

use support::texts::model;
use sym_infer::Weights;
use sym_ir::experiment::{Init, InitKind};
use sym_ir::{Parameter, Program};
use sym_runtime::{init, proof};

const MLP: &str = "model Mlp { input x[6] output linear(tanh(linear(x, 8, name: \"fc1\")), 3, name: \"head\") }";

fn masked(by: &str) -> Program {
    model(&format!("{MLP} model Test = Mlp with {{ {by} }}"))
}

/// The frozen entries of all parameters.
fn frozen(program: &Program, weights: &Weights) -> Vec<u64> {
    let of = |(parameter, values): (&Parameter, &Vec<f64>)| {
        parameter.frozen_entries().places.into_iter().map(|place| values[place].to_bits()).collect::<Vec<_>>()
    };
    program.parameters.iter().zip(&weights.values).flat_map(of).collect()
}

#[test]
fn frozen_entries_have_their_values_whatever_the_initial_steps_say() {
    let program = masked("by w_asymmetric(frozen: 2, std: 0.5, seed: 3)");
    let span = program.nodes[0].span;
    let step = Init { kind: InitKind::Constant { value: 7.0 }, targets: Vec::new(), span };
    let start =
        |steps: &[Init], seed| init::weights(&program, None, steps, &init::Files::default(), seed, "init").expect("it fits");
    let (plain, constant) = (start(&[], 0), start(&[step], 1));
    assert_eq!(frozen(&program, &plain), frozen(&program, &constant));
    let fc1 = &constant.values[0];
    assert_eq!(fc1.iter().filter(|entry| **entry != 7.0).count(), 16);
}

#[test]
fn masks_and_offsets_are_the_same_in_every_process_and_on_every_machine() {
    let hash = |program: &Program| {
        let weights = init::weights(program, None, &[], &init::Files::default(), 9, "init").expect("it fits");
        let mut bytes = Vec::new();
        for (parameter, values) in program.parameters.iter().zip(&weights.values) {
            let fixed = if parameter.trainable { parameter.frozen_entries().places } else { (0..values.len()).collect() };
            for place in fixed {
                bytes.extend((place as u64).to_le_bytes());
                bytes.extend(values[place].to_le_bytes());
            }
        }
        blake3::hash(&bytes).to_hex()[..16].to_string()
    };
    assert_eq!(hash(&masked("by w_asymmetric(frozen: 2)")), "fe6b6c946a6aa38a");
    assert_eq!(hash(&masked("by w_asymmetric(frozen: densest, seed: 5)")), "649a20b7df2ba7a7");
    assert_eq!(hash(&masked("by syre(sigma: 0.1, seed: 5)")), "994857cb57dfdfad");
    assert_eq!(hash(&masked("by sigma_asymmetric(seed: 5)")), "3e1f368fcea05bd6");
}

#[test]
fn the_network_of_the_paper_has_as_many_trained_entries_as_it_says() {
    let layer = |at: usize, width: usize| {
        format!("h{at} = relu(layer_norm(linear(h{}, {width}, name: \"fc{at}\"), name: \"ln{at}\"))", at - 1)
    };
    let text = format!(
        "model Mlp {{ input h0[784]\n{}\n{}\n{}\noutput linear(h3, 10, name: \"head\") }}
         model Test = Mlp with {{
             on fc1, fc2, fc3 by w_asymmetric(frozen: 64)
             on head by w_asymmetric(frozen: 256)
         }}",
        layer(1, 512),
        layer(2, 512),
        layer(3, 512)
    );
    let program = model(&text);
    let (trained, frozen) = (program.trainable_entries(), program.masked_entries());
    assert_eq!((trained.map(|trained| trained + frozen), frozen, trained), (Some(935_434), 100_864, Some(834_570)));
}

/// Flat directions of a masked model by hand: of GL(k) each frozen entry takes one, of scales each that meets one.
#[test]
fn what_frozen_entries_leave_is_what_the_rank_of_the_jacobian_says() {
    let linear = "model M { input x[3] output linear(linear(x, 3, bias: false, name: \"fc1\"), 2, bias: false, name: \"fc2\") }";
    let attention = "model M { input x[5, 8] output attention(x, heads: 2, bias: false, name: \"attn\") }";
    let relu = "model M { input x[4] output linear(relu(linear(relu(linear(x, 5, name: \"fc1\")), 6, name: \"fc2\")), 3, name: \"fc3\") }";
    let normed = "model M { input x[6] output linear(layer_norm(linear(x, 5, name: \"fc1\"), name: \"ln\"), 3, name: \"fc2\") }";
    for (text, by, flat) in [
        (linear, "on fc1 by w_asymmetric(frozen: 1)", 9 - 3),
        (linear, "by w_asymmetric(frozen: 1)", 9 - 3 - 2),
        (linear, "by w_asymmetric(frozen: 2)", 0),
        // Two heads of k = 4: GL(4) for queries with keys and for values with the output, 4 frozen entries a head and weight.
        (attention, "on attn.wq by w_asymmetric(frozen: 1)", 64 - 8),
        (attention, "on attn.wq, attn.wk by w_asymmetric(frozen: 1)", 64 - 16),
        (attention, "on attn.wq, attn.wk by w_asymmetric(frozen: 2)", 64 - 32),
        // Six frozen entries join the scales of 5 + 6 units to as many components as the 11 units and 6 edges have.
        (relu, "on fc2 by w_asymmetric(frozen: 1)", 5),
        (relu, "by w_asymmetric(frozen: 1)", 0),
        // The first of the densest rows has no frozen entry: its unit keeps its scale.
        (relu, "on fc1 by w_asymmetric(frozen: densest)", 1 + 6),
        // Shifts and scales that a layer norm forgets, gains, and rotations: 27 without a mask.
        (normed, "on fc1 by w_asymmetric(frozen: 1)", 27 - 5),
    ] {
        let program = model(&format!("{text} model Test = M with {{ {by} }}"));
        let symmetries = sym_infer::infer(&program);
        let numbers = proof::verify(&program, &symmetries, 0).numbers.expect("a count");
        assert_eq!((numbers.flat, numbers.unexplained), (flat, 0), "{by} of {text}");
        assert!(numbers.max_residual < 1e-12, "{by}");
    }
}
