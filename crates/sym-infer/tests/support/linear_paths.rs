//! Networks in which linear paths meet: what one of them does another can undo.

use super::networks::{Row, build, row};
use sym_ir::{Axis, Builder, Builtin, Operation, ValueId};

/// Rows of the catalogue, then networks whose numbers the Jacobian test confirms.
pub fn linear_paths() -> Vec<Row> {
    vec![
        row("attn_2head_bias", 80, 56, 24, build("attn_2head_bias", |b| attention_with_biases(b, 2, 3, 4, 2))),
        row(
            "hard_softmax_then_affine",
            22,
            17,
            5,
            build("hard_softmax_then_affine", |b| {
                let x = b.input("x", &[3]);
                let z = b.linear("fc1", x, 4, false);
                let p = b.softmax(z, 0);
                b.linear("fc2", p, 2, true)
            }),
        ),
        row("hard_lora_trainable_base", 38, 20, 18, build("hard_lora_trainable_base", adapter_beside_base)),
        row("hard_parallel_linear_paths", 40, 24, 16, build("hard_parallel_linear_paths", parallel_paths)),
        row("parallel_paths_of_widths", 106, 64, 42, build("parallel_paths_of_widths", parallel_paths_of_different_widths)),
        row("product_beside_base", 38, 20, 18, build("product_beside_base", product_beside_base)),
        row("experts_with_biases", 35, 30, 5, build("experts_with_biases", experts_with_biases)),
        row("linear_experts_beside_skip", 60, 44, 16, build("linear_experts_beside_skip", linear_experts_beside_skip)),
        row("gain_beside_matrix", 15, 12, 3, build("gain_beside_matrix", gain_beside_matrix)),
        row("biases_of_joined_parts", 24, 20, 4, build("biases_of_joined_parts", biases_of_joined_parts)),
        row("two_attentions_in_one_sum", 26, 20, 6, build("two_attentions_in_one_sum", two_softmaxes)),
    ]
}

fn attention_with_biases(b: &mut Builder, heads: u128, tokens: u128, d: u128, k: u128) -> ValueId {
    let x = b.input("x", &[tokens, d]);
    let [wq, wk, wv] = ["wq", "wk", "wv"].map(|path| b.parameter(path, &[heads, d, k]));
    let [bq, bk, bv] = ["bq", "bk", "bv"].map(|path| b.parameter(path, &[heads, k]));
    let wo = b.parameter("wo", &[heads, k, d]);
    let bo = b.parameter("bo", &[d]);
    let q = b.einsum("ta,ham->thm", &[x, wq]);
    let q = b.add(&[q, bq]);
    let key = b.einsum("ta,ham->thm", &[x, wk]);
    let key = b.add(&[key, bk]);
    let v = b.einsum("ta,han->thn", &[x, wv]);
    let v = b.add(&[v, bv]);
    let s = b.scaled_einsum("ihm,jhm->hij", &[q, key], 1.0 / (k as f64).sqrt());
    let p = b.softmax(s, 2);
    let o = b.einsum("hij,jhn->hin", &[p, v]);
    let y = b.einsum("hin,hne->ie", &[o, wo]);
    b.add(&[y, bo])
}

fn adapter_beside_base(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[5]);
    let base = b.linear("W", x, 4, false);
    let down = b.linear("A", x, 2, false);
    let up = b.linear("B", down, 4, false);
    let z = b.add(&[base, up]);
    b.map(Builtin::Tanh, z)
}

/// The same with the product of the factors added to the matrix before the input meets it.
fn product_beside_base(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[5]);
    let base = b.parameter("W", &[4, 5]);
    let up = b.parameter("B", &[4, 2]);
    let down = b.parameter("A", &[2, 5]);
    let product = b.einsum("or,ri->oi", &[up, down]);
    let whole = b.add(&[base, product]);
    let z = b.einsum("oi,i->o", &[whole, x]);
    b.map(Builtin::Tanh, z)
}

/// Gates sum to one: a bias common to all experts is one of the output.
fn experts_with_biases(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[3]);
    let router = b.parameter("router", &[3, 3]);
    let weight = b.parameter("weight", &[3, 2, 3]);
    let bias = b.parameter("bias", &[3, 2]);
    let z = b.einsum("ea,a->e", &[router, x]);
    let g = b.softmax(z, 0);
    let h = b.einsum("eoa,a->eo", &[weight, x]);
    let h = b.map(Builtin::Tanh, h);
    let h = b.add(&[h, bias]);
    let y = b.einsum("e,eo->o", &[g, h]);
    let late = b.parameter("late", &[2]);
    let y = b.add(&[y, late]);
    b.map(Builtin::Tanh, y)
}

/// What all linear experts do alike, a linear map beside them can do.
fn linear_experts_beside_skip(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[4]);
    let router = b.parameter("router", &[3, 4]);
    let experts = b.parameter("experts", &[3, 3, 4]);
    let skip = b.parameter("skip", &[3, 4]);
    let z = b.einsum("ea,a->e", &[router, x]);
    let g = b.softmax(z, 0);
    let y = b.einsum("e,eoa,a->o", &[g, experts, x]);
    let s = b.einsum("oa,a->o", &[skip, x]);
    let y = b.add(&[y, s]);
    b.map(Builtin::Tanh, y)
}

/// A matrix does what a vector of scales beside it does.
fn gain_beside_matrix(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[3]);
    let full = b.linear("full", x, 3, false);
    let gain = b.parameter("gain", &[3]);
    let scaled = b.einsum("i,i->i", &[gain, x]);
    let z = b.add(&[full, scaled]);
    let h = b.map(Builtin::Gelu, z);
    let out = b.parameter("out", &[3]);
    b.einsum("i,i->", &[out, h])
}

/// A bias of a part is a bias of the whole.
fn biases_of_joined_parts(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[3]);
    let left = b.linear("left", x, 2, true);
    let right = b.linear("right", x, 2, true);
    let operation = Operation::Concat { values: vec![left, right], axis: 0 };
    let whole = b.push(operation, vec![Axis::of(4)], "whole");
    let bias = b.parameter("bias", &[4]);
    let z = b.add(&[whole, bias]);
    let h = b.map(Builtin::Gelu, z);
    let out = b.parameter("out", &[4]);
    b.einsum("i,i->", &[out, h])
}

/// Two tables, each mixed by a softmax: a row added to all of one is taken back by the other.
fn two_softmaxes(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[2]);
    let first = b.linear("first", x, 3, false);
    let second = b.linear("second", x, 3, false);
    let [first, second] = [first, second].map(|z| b.softmax(z, 0));
    let left = b.linear("left", first, 2, false);
    let right = b.linear("right", second, 2, false);
    let z = b.add(&[left, right]);
    let h = b.map(Builtin::Gelu, z);
    b.linear("out", h, 1, false)
}

/// Two bottlenecks side by side are one of twice the width.
fn parallel_paths(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[5]);
    let first = b.linear("W1", x, 2, false);
    let first = b.linear("A1", first, 5, false);
    let second = b.linear("W2", x, 2, false);
    let second = b.linear("A2", second, 5, false);
    b.add(&[first, second])
}

/// Paths of different widths with biases, summed one after the other.
fn parallel_paths_of_different_widths(b: &mut Builder) -> ValueId {
    let x = b.input("x", &[6]);
    let mut sum = b.linear("skip", x, 4, true);
    let mut h = b.map(Builtin::Tanh, x);
    for width in 1..4u128 {
        let down = b.linear(&format!("down{width}"), h, width, true);
        let up = b.linear(&format!("up{width}"), down, 4, false);
        sum = b.add(&[sum, up]);
    }
    h = b.map(Builtin::Gelu, sum);
    b.linear("out", h, 3, false)
}
