//! States, conserved quantities, reasons, and what training keeps.

mod support;

use std::fmt::Write as _;
use support::networks::{catalogue, mlp};
use sym_infer::{Class, Group, infer, infer_training};
use sym_ir::experiment::{DecayKind, Loss, Optimizer, Rule};
use sym_ir::{Builder, Builtin};

const SHOWN: [&str; 10] = [
    "mlp_tanh_3_5_2",
    "mlp_relu_3_5_2",
    "mlp_exp_3_5_2",
    "mlp_relu2_3_4_2",
    "linear_4_3_4_bias",
    "tied_linear_autoencoder",
    "dcs_entry_v",
    "rnn_tanh_T3",
    "mlp_relu_residual_d4_h5",
    "attn_2head",
];

#[test]
fn states_laws_and_reasons() {
    let mut text = String::new();
    for row in catalogue().into_iter().filter(|row| SHOWN.contains(&row.name)) {
        let _ = writeln!(text, "{} (D {})", row.name, row.entries);
        for space in infer(&row.program).spaces {
            let _ = writeln!(text, "  {}: {}, order 10^{:.2}", space.name, space.group, space.log10_order);
            for state in &space.states {
                let _ = writeln!(
                    text,
                    "    state  {:?}: {}; rank {}, removed {}, {}",
                    state.kind, state.description, state.rank, state.removed, state.formula
                );
            }
            for law in &space.conserved {
                let _ = writeln!(text, "    law    {} ({})", law.formula, law.count);
            }
            for reason in &space.reasons {
                let _ = writeln!(text, "    reason {}", reason.text);
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_an_objective_and_an_optimiser_keep() {
    let gd = Rule::Sgd { momentum: 0.0, nesterov: false };
    let adam = Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    let settings = [
        ("mse, gd", Loss::Mse, gd, 0.0, DecayKind::Coupled),
        ("cross-entropy, gd", Loss::CrossEntropy, gd, 0.0, DecayKind::Coupled),
        ("cross-entropy, gd with coupled decay", Loss::CrossEntropy, gd, 0.01, DecayKind::Coupled),
        ("mse, adam", Loss::Mse, adam, 0.0, DecayKind::Coupled),
        ("mse, adamw", Loss::Mse, adam, 0.01, DecayKind::Decoupled),
    ];
    let mut text = String::new();
    for row in catalogue().into_iter().filter(|row| SHOWN[..6].contains(&row.name)) {
        for (name, loss, rule, decay, decay_kind) in settings {
            let optimizer = Optimizer { rule, learning_rate: 0.1, decay, decay_kind, batch: None };
            let _ = writeln!(text, "{}, {name}", row.name);
            for space in infer_training(&row.program, &loss, &optimizer).spaces {
                let kept = space.kept.expect("training fills it");
                let _ = writeln!(text, "  {:12} {} > {} > {}", space.name, space.group, kept.objective, kept.dynamics);
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_static_bias_moves_the_group_and_only_decay_breaks_it() {
    let mut b = Builder::new("m");
    let x = b.input("x", &[3]);
    let (w, centre) = (b.parameter("w", &[4, 3]), b.frozen("centre", &[4, 3]));
    let sum = b.add(&[w, centre]);
    let hidden = b.einsum("ij,j->i", &[sum, x]);
    let hidden = b.map(Builtin::Relu, hidden);
    let y = b.linear("head", hidden, 2, false);
    b.output("output", y);
    let program = b.finish();
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    let mut kept = [0.0, 0.01].map(|decay| {
        let optimizer = Optimizer { rule, learning_rate: 0.1, decay, decay_kind: DecayKind::Coupled, batch: None };
        infer_training(&program, &Loss::Mse, &optimizer).spaces.remove(0)
    });
    let scales = Group::PositiveMonomial { size: 4, factors: 1 };
    assert!(kept.iter().all(|space| space.group == scales && space.class == Class::Affine && space.states.is_empty()));
    let [free, decayed] = kept.each_mut().map(|space| space.kept.take().expect("training fills it"));
    assert_eq!((free.objective, free.dynamics), (scales.clone(), scales));
    assert_eq!((decayed.objective, decayed.dynamics), (Group::Trivial, Group::Trivial));
}

#[test]
fn layers_name_their_spaces() {
    let program = mlp("m", &[64, 16, 16, 10], true, &|b: &mut Builder, x| b.map(Builtin::Tanh, x), false);
    let spaces = infer(&program).spaces;
    let names: Vec<&str> = spaces.iter().map(|space| space.name.as_str()).collect();
    assert_eq!(names, ["fc1", "fc2"]);
    assert!(spaces.iter().all(|space| space.group == Group::SignedPermutation(16)));
}

#[test]
fn frozen_entries_leave_no_symmetry_and_the_report_says_why() {
    let mut b = Builder::new("frozen");
    let x = b.input("x", &[3]);
    let mask = b.frozen("mask", &[5, 3]);
    let w = b.parameter("fc1.weight", &[5, 3]);
    let masked = b.einsum("ia,ia->ia", &[mask, w]);
    let z = b.einsum("ia,a->i", &[masked, x]);
    let h = b.map(Builtin::Relu, z);
    let y = b.linear("fc2", h, 2, false);
    b.output("output", y);
    let spaces = infer(&b.finish()).spaces;
    assert!(spaces.iter().any(|space| space.group == Group::Trivial && space.reasons[0].text.contains("frozen tensor `mask`")));
    // The positive scale of each unit passes a mask that multiplies.
    assert_eq!(spaces.iter().map(|space| space.continuous_dim).sum::<u128>(), 5);
}
