//! What may be swapped as wholes, and what may not: each network says in its name why.

mod support;

use std::f64::consts::LOG10_2;
use support::evaluate::evaluate;
use support::networks::{build, catalogue};
use support::rank::Normal;
use sym_infer::action::random_element;
use sym_infer::{Generators, Space, Symmetries, Weights, infer};
use sym_ir::{Axis, Builder, Builtin, Operation, Program, Term, ValueId};

/// The rows of branches as `name: group`.
fn swaps(program: &Program) -> Vec<String> {
    let is_swap = |row: &&Space| matches!(row.generators, Generators::Branches { .. });
    infer(program).spaces.iter().filter(is_swap).map(|row| format!("{}: {}", row.name, row.group)).collect()
}

fn order(symmetries: &Symmetries) -> f64 {
    symmetries.spaces.iter().map(|row| row.log10_order).sum()
}

fn log10_factorial(n: u32) -> f64 {
    (2..=n).map(|k| f64::from(k).log10()).sum()
}

/// Random elements of all rows leave the outputs alone.
fn holds(program: &Program) {
    let mut normal = Normal(3);
    let symmetries = infer(program);
    let still = Weights::zeros(program);
    for number in 0..symmetries.spaces.len() {
        let mut theta = Weights::zeros(program);
        theta.values.iter_mut().flatten().for_each(|entry| *entry = normal.draw());
        let moved = random_element(program, &symmetries, number, &theta, &mut || normal.draw());
        let size = |input: &sym_ir::Input| input.shape.iter().map(|axis| axis.size as usize).product();
        let x: Vec<Vec<f64>> = program.inputs.iter().map(|input| (0..size(input)).map(|_| normal.draw()).collect()).collect();
        for (before, after) in evaluate(program, &theta, &still, &x).iter().zip(evaluate(program, &moved, &still, &x)) {
            assert!((before.0 - after.0).abs() < 1e-10 * (1.0 + before.0.abs()), "{}", symmetries.spaces[number].name);
        }
    }
}

fn gated(gate: Option<Builtin>, scale: f64) -> Program {
    build("gated", |b| {
        let x = b.input("x", &[4]);
        let mut g = b.linear("gate", x, 3, true);
        if let Some(gate) = gate {
            g = b.map(gate, g);
        }
        let mut u = b.linear("up", x, 3, true);
        if scale != 1.0 {
            u = b.scaled_einsum("i->i", &[u], scale);
        }
        let h = b.einsum("i,i->i", &[g, u]);
        b.linear("down", h, 2, false)
    })
}

#[test]
fn branches_of_a_bilinear_unit_are_swapped_unit_by_unit() {
    let program = gated(None, 1.0);
    assert_eq!(swaps(&program), ["gate.swap: permutation(2)^3"]);
    holds(&program);
    // S₂ for each of three units, beside their 3! permutations and the sign of one branch against the other and against the readout.
    let symmetries = infer(&program);
    assert!((order(&symmetries) - (3.0 * LOG10_2 + log10_factorial(3) + 6.0 * LOG10_2)).abs() < 1e-9);
}

#[test]
fn a_function_or_a_factor_on_one_branch_alone_tells_them_apart() {
    assert!(swaps(&gated(Some(Builtin::Silu), 1.0)).is_empty());
    assert!(swaps(&gated(None, 2.0)).is_empty());
}

#[test]
fn factors_of_one_weight_are_permuted_entry_by_entry() {
    let rows: Vec<String> = catalogue()
        .iter()
        .filter(|row| ["dcs_entry_v", "dwf_depth3_entry", "dcs_neuron_v", "matrix_factorization_r2"].contains(&row.name))
        .flat_map(|row| swaps(&row.program))
        .collect();
    assert_eq!(rows, ["v.swap: permutation(2)^12", "u.swap: permutation(3)^12"]);
}

/// The mean of networks with two hidden layers, as a loop or stacked over an axis.
fn members(count: u128, stacked: bool) -> Program {
    build("members", |b| {
        let x = b.input("x", &[3]);
        if stacked {
            let mut h = None;
            for (layer, (width, inner)) in [(4, 3), (5, 4), (2, 5)].into_iter().enumerate() {
                let weight = b.parameter(&format!("w{layer}"), &[count, width, inner]);
                let bias = b.parameter(&format!("b{layer}"), &[count, width]);
                let product = match h {
                    None => b.einsum("eoi,i->eo", &[weight, x]),
                    Some(h) => b.einsum("eoi,ei->eo", &[weight, h]),
                };
                let z = b.add(&[product, bias]);
                h = Some(if layer < 2 { b.map(Builtin::Gelu, z) } else { b.map(Builtin::Sigmoid, z) });
            }
            return b.einsum("eo->o", &[h.expect("three layers")]);
        }
        let each: Vec<ValueId> = (0..count)
            .map(|member| {
                let h = b.linear(&format!("member{member}.fc1"), x, 4, true);
                let h = b.map(Builtin::Gelu, h);
                let h = b.linear(&format!("member{member}.fc2"), h, 5, true);
                let h = b.map(Builtin::Gelu, h);
                let y = b.linear(&format!("member{member}.head"), h, 2, true);
                b.map(Builtin::Sigmoid, y)
            })
            .collect();
        b.add(&each)
    })
}

#[test]
fn members_of_an_ensemble_have_one_group_whether_stacked_or_unrolled() {
    let unrolled = members(3, false);
    assert_eq!(swaps(&unrolled), ["member0.swap: permutation(3)"]);
    holds(&unrolled);
    holds(&members(3, true));
    // S₃ of the members, and the units of both hidden layers in each.
    let expected = log10_factorial(3) + 3.0 * (log10_factorial(4) + log10_factorial(5));
    for program in [unrolled, members(3, true)] {
        assert!((order(&infer(&program)) - expected).abs() < 1e-9, "{} for {expected}", order(&infer(&program)));
    }
}

/// Two branches over a value of their own, with what each reads.
fn pair(
    b: &mut Builder,
    left: &mut dyn FnMut(&mut Builder) -> ValueId,
    right: &mut dyn FnMut(&mut Builder) -> ValueId,
) -> ValueId {
    let (one, other) = (left(b), right(b));
    b.add(&[one, other])
}

fn branch(b: &mut Builder, x: ValueId, name: &str) -> ValueId {
    let h = b.linear(&format!("{name}.up"), x, 3, true);
    let h = b.map(Builtin::Tanh, h);
    let y = b.linear(&format!("{name}.down"), h, 2, true);
    b.map(Builtin::Sigmoid, y)
}

#[test]
fn what_else_reads_a_branch_tells_it_apart() {
    let seen_twice = build("seen", |b| {
        let x = b.input("x", &[3]);
        let (left, right) = (branch(b, x, "left"), branch(b, x, "right"));
        let both = b.add(&[left, right]);
        let again = b.map(Builtin::Tanh, left);
        b.einsum("i,i->i", &[both, again])
    });
    assert!(swaps(&seen_twice).is_empty());
    let mut b = Builder::new("output");
    let x = b.input("x", &[3]);
    let (left, right) = (branch(&mut b, x, "left"), branch(&mut b, x, "right"));
    let both = b.add(&[left, right]);
    b.output("both", both);
    b.output("left", left);
    assert!(swaps(&b.finish()).is_empty());
}

#[test]
fn branches_share_frozen_tensors_and_inputs_but_have_none_of_their_own() {
    let with = |own: [&str; 2]| {
        build("frozen", |b| {
            let x = b.input("x", &[3]);
            let mut tensors = std::collections::BTreeMap::new();
            for name in own {
                let known = tensors.get(name).copied();
                tensors.insert(name, known.unwrap_or_else(|| b.frozen(name, &[3, 3])));
            }
            let side = |b: &mut Builder, name: &str, frozen: ValueId| {
                let z = b.einsum("oi,i->o", &[frozen, x]);
                branch(b, z, name)
            };
            let [left, right] = [side(b, "left", tensors[own[0]]), side(b, "right", tensors[own[1]])];
            b.add(&[left, right])
        })
    };
    assert_eq!(swaps(&with(["c", "c"])), ["left.swap: permutation(2)"]);
    assert!(swaps(&with(["c", "d"])).is_empty());
    let mut b = Builder::new("inputs");
    let inputs = ["x", "y"].map(|name| b.input(name, &[3]));
    let y = pair(&mut b, &mut |b| branch(b, inputs[0], "left"), &mut |b| branch(b, inputs[1], "right"));
    b.output("output", y);
    assert!(swaps(&b.finish()).is_empty());
}

#[test]
fn a_shared_parameter_stays_and_a_parameter_of_several_uses_goes_along_with_all() {
    let shared = build("shared", |b| {
        let x = b.input("x", &[3]);
        let common = b.parameter("common", &[3, 3]);
        let side = |b: &mut Builder, name: &str| {
            let z = b.einsum("oi,i->o", &[common, x]);
            let h = branch(b, z, name);
            let back = b.einsum("io,o->i", &[common, z]);
            let scale = b.parameter(&format!("{name}.scale"), &[2, 3]);
            let more = b.einsum("oi,i->o", &[scale, back]);
            b.einsum("i,i->i", &[h, more])
        };
        let [left, right] = [side(b, "left"), side(b, "right")];
        b.add(&[left, right])
    });
    assert_eq!(swaps(&shared), ["left.swap: permutation(2)"]);
    holds(&shared);
    // A recurrence reads its weights at each step: the branches of all steps are one pair.
    let recurrent = |apart: bool| {
        build("recurrent", |b| {
            let weights = ["a", "b"].map(|name| b.parameter(name, &[3, 2]));
            let inner = b.parameter("inner", &[3, 3]);
            let mut h = None;
            for step in 0..3 {
                let x = b.input(&format!("x{step}"), &[2]);
                let [one, other] = weights.map(|weight| b.einsum("oi,i->o", &[weight, x]));
                let z = b.einsum("o,o->o", &[one, other]);
                let z = match h {
                    None => z,
                    Some(h) => {
                        let back = b.einsum("oi,i->o", &[inner, h]);
                        b.add(&[z, back])
                    }
                };
                let z = if apart && step == 1 { b.add(&[z, one]) } else { z };
                h = Some(b.map(Builtin::Tanh, z));
            }
            h.expect("three steps")
        })
    };
    assert_eq!(swaps(&recurrent(false)), ["a.swap: permutation(2)^3"]);
    assert!(swaps(&recurrent(true)).is_empty());
}

#[test]
fn branches_that_cross_are_swapped_together() {
    // p·σ(q) + q·σ(p): each factor is a part of both terms.
    let crossed = build("crossed", |b| {
        let x = b.input("x", &[3]);
        let (p, q) = (b.linear("p", x, 2, true), b.linear("q", x, 2, true));
        let (sp, sq) = (b.map(Builtin::Sigmoid, p), b.map(Builtin::Sigmoid, q));
        let (left, right) = (b.einsum("i,i->i", &[p, sq]), b.einsum("i,i->i", &[q, sp]));
        b.add(&[left, right])
    });
    assert_eq!(swaps(&crossed), ["p.swap: permutation(2)^2"]);
    holds(&crossed);
}

#[test]
fn blocks_of_branches_are_branches_themselves() {
    // g₁(u₁ + u₂) + g₂(u₃ + u₄), written as four terms: S₂ wr S₂.
    let nested = build("nested", |b| {
        let x = b.input("x", &[3]);
        let mut terms = Vec::new();
        for gate in 0..2 {
            let g = b.linear(&format!("g{gate}"), x, 2, true);
            let g = b.map(Builtin::Sigmoid, g);
            for unit in 0..2 {
                let u = b.linear(&format!("u{gate}{unit}"), x, 2, true);
                let u = b.map(Builtin::Tanh, u);
                terms.push(b.einsum("i,i->i", &[g, u]));
            }
        }
        b.add(&terms)
    });
    assert_eq!(swaps(&nested), ["u00.swap: permutation(2)^2", "u10.swap: permutation(2)^2", "g0.swap: permutation(2)^2"]);
    holds(&nested);
}

#[test]
fn gates_of_recurrent_cells_are_not_swapped() {
    let gru = build("gru", |b| {
        let (x, h) = (b.input("x", &[2]), b.input("h", &[3]));
        let gate = |b: &mut Builder, name: &str, h: ValueId| {
            let (x, h) = (b.linear(&format!("{name}.x"), x, 3, true), b.linear(&format!("{name}.h"), h, 3, true));
            b.add(&[x, h])
        };
        let r = gate(b, "r", h);
        let r = b.map(Builtin::Sigmoid, r);
        let z = gate(b, "z", h);
        let z = b.map(Builtin::Sigmoid, z);
        let reset = b.einsum("i,i->i", &[r, h]);
        let n = gate(b, "n", reset);
        let n = b.map(Builtin::Tanh, n);
        let one = |value, coefficient| Term { value, coefficient, axes: vec![0] };
        let keep = b.push(Operation::Add { terms: vec![one(z, -1.0)], constant: 1.0 }, vec![Axis::of(3)], "keep");
        let (new, old) = (b.einsum("i,i->i", &[keep, n]), b.einsum("i,i->i", &[z, h]));
        b.add(&[new, old])
    });
    assert!(swaps(&gru).is_empty(), "{:?}", swaps(&gru));
}

#[test]
fn what_a_continuous_group_holds_already_has_no_row() {
    // Two tables in one sum trade, and two linear paths are one space of GL(n + m).
    for row in
        catalogue().iter().filter(|row| ["hard_parallel_linear_paths", "hard_token_position_type_tables"].contains(&row.name))
    {
        assert!(swaps(&row.program).is_empty(), "{}", row.name);
    }
    let tables = build("tables", |b| {
        let x = b.input("x", &[3]);
        let (one, other) = (b.linear("one", x, 2, false), b.linear("other", x, 2, false));
        let z = b.add(&[one, other]);
        b.map(Builtin::Tanh, z)
    });
    assert!(swaps(&tables).is_empty());
}

#[test]
fn units_of_experts_are_permuted_expert_by_expert() {
    let moe = catalogue().into_iter().find(|row| row.name == "moe_softmax_router").expect("it is in the catalogue");
    let groups: Vec<String> = infer(&moe.program).spaces.iter().map(|row| row.group.to_string()).collect();
    assert!(groups.contains(&"permutation(3)".to_string()) && groups.contains(&"permutation(3)^3".to_string()), "{groups:?}");
    // Under grouped queries the heads of a group change places in each group: S₂ wr S₂.
    let grouped = catalogue().into_iter().find(|row| row.name == "attn_gqa_4q_2kv").expect("it is in the catalogue");
    let finite: f64 =
        infer(&grouped.program).spaces.iter().filter(|row| row.continuous_dim == 0).map(|row| row.log10_order).sum();
    assert!((finite - 3.0 * LOG10_2).abs() < 1e-9, "{finite}");
}
