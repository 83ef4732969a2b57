//! The catalogue's networks with the numbers that `flat_directions.tsv` states: D, rank J, flat.

use super::linear_paths::linear_paths;
use sym_ir::{Builder, Builtin, Function, Program, Scalar, ValueId};

pub struct Row {
    pub name: &'static str,
    pub entries: u128,
    pub rank: usize,
    pub flat: usize,
    /// Flat directions that no rule explains, and honestly so.
    pub unexplained: usize,
    pub program: Program,
}

type Activation = Box<dyn Fn(&mut Builder, ValueId) -> ValueId>;

fn act(builtin: Builtin) -> Activation {
    Box::new(move |b, x| b.map(builtin, x))
}

fn power(exponent: f64) -> Activation {
    Box::new(move |b, x| b.map_function(Function::power(exponent), x))
}

fn identity() -> Activation {
    Box::new(|_, x| x)
}

fn relu_squared() -> Activation {
    Box::new(|b, x| {
        let relu = Scalar::Call(Builtin::Relu, Box::new(Scalar::Argument));
        b.map_function(Function { name: "relu2".into(), body: Scalar::Power(Box::new(relu), 2.0) }, x)
    })
}

/// A multi-layer perceptron with layers `fc1`, `fc2`, ….
pub fn mlp(name: &str, dims: &[u128], bias: bool, act: &dyn Fn(&mut Builder, ValueId) -> ValueId, softmax: bool) -> Program {
    let mut b = Builder::new(name);
    let mut h = b.input("x", &[dims[0]]);
    for (layer, &out) in dims[1..].iter().enumerate() {
        let scope = format!("fc{}", layer + 1);
        h = b.linear(&scope, h, out, bias);
        if layer + 2 < dims.len() {
            h = act(&mut b, h);
        }
    }
    if softmax {
        h = b.softmax(h, 0);
    }
    b.output("output", h);
    b.finish()
}

pub fn build(name: &str, make: impl FnOnce(&mut Builder) -> ValueId) -> Program {
    let mut b = Builder::new(name);
    let output = make(&mut b);
    b.output("output", output);
    b.finish()
}

fn glu(name: &str, gate: Activation, hidden: u128, input: u128, output: u128) -> Program {
    build(name, |b| {
        let x = b.input("x", &[input]);
        let g = b.linear("gate", x, hidden, false);
        let g = gate(b, g);
        let u = b.linear("up", x, hidden, false);
        let h = b.einsum("i,i->i", &[g, u]);
        b.linear("down", h, output, false)
    })
}

fn attention(name: &str, heads: u128, tokens: u128, d: u128, k: u128, softmax: bool) -> Program {
    build(name, |b| {
        let x = b.input("x", &[tokens, d]);
        let [wq, wk, wv] = ["wq", "wk", "wv"].map(|path| b.parameter(path, &[heads, d, k]));
        let wo = b.parameter("wo", &[heads, k, d]);
        let q = b.einsum("ia,ham->him", &[x, wq]);
        let key = b.einsum("ja,ham->hjm", &[x, wk]);
        let mut s = b.scaled_einsum("him,hjm->hij", &[q, key], 1.0 / (k as f64).sqrt());
        if softmax {
            s = b.softmax(s, 2);
        }
        let v = b.einsum("ja,han->hjn", &[x, wv]);
        let o = b.einsum("hij,hjn->hin", &[s, v]);
        b.einsum("hin,hne->ie", &[o, wo])
    })
}

pub fn row(name: &'static str, entries: u128, rank: usize, flat: usize, program: Program) -> Row {
    Row { name, entries, rank, flat, unexplained: 0, program }
}

/// A product of parameters `names` of these sizes by an einsum, applied before tanh and a readout.
fn weighted(name: &str, equation: &str, factors: &[(&str, &[u128])]) -> Program {
    build(name, |b| {
        let x = b.input("x", &[3]);
        let factors: Vec<ValueId> = factors.iter().map(|(path, sizes)| b.parameter(path, sizes)).collect();
        let w = b.einsum(equation, &factors);
        let z = b.einsum("ia,a->i", &[w, x]);
        let h = b.map(Builtin::Tanh, z);
        b.linear("a", h, 2, false)
    })
}

pub fn catalogue() -> Vec<Row> {
    let mut rows = vec![
        row("mlp_relu_3_5_2", 32, 27, 5, mlp("mlp_relu_3_5_2", &[3, 5, 2], true, &act(Builtin::Relu), false)),
        row("mlp_relu_3_5_4_2", 54, 45, 9, mlp("mlp_relu_3_5_4_2", &[3, 5, 4, 2], true, &act(Builtin::Relu), false)),
        row("mlp_leaky_3_5_2", 32, 27, 5, mlp("mlp_leaky_3_5_2", &[3, 5, 2], true, &act(Builtin::LeakyRelu(0.1)), false)),
        row("mlp_tanh_3_5_2", 32, 32, 0, mlp("mlp_tanh_3_5_2", &[3, 5, 2], true, &act(Builtin::Tanh), false)),
        row("mlp_gelu_3_5_2", 32, 32, 0, mlp("mlp_gelu_3_5_2", &[3, 5, 2], true, &act(Builtin::Gelu), false)),
        row("mlp_sigmoid_3_5_2", 32, 32, 0, mlp("mlp_sigmoid_3_5_2", &[3, 5, 2], true, &act(Builtin::Sigmoid), false)),
        row("mlp_sin_3_5_2", 32, 32, 0, mlp("mlp_sin_3_5_2", &[3, 5, 2], true, &act(Builtin::Sin), false)),
        row("mlp_exp_3_5_2", 32, 27, 5, mlp("mlp_exp_3_5_2", &[3, 5, 2], true, &act(Builtin::Exp), false)),
        row("mlp_square_3_4_1_nobias", 16, 6, 10, mlp("mlp_square_3_4_1_nobias", &[3, 4, 1], false, &power(2.0), false)),
        Row {
            unexplained: 2,
            ..row("mlp_cube_3_4_1_nobias", 16, 10, 6, mlp("mlp_cube_3_4_1_nobias", &[3, 4, 1], false, &power(3.0), false))
        },
        row("mlp_relu2_3_4_2", 26, 22, 4, mlp("mlp_relu2_3_4_2", &[3, 4, 2], true, &relu_squared(), false)),
        row("linear_4_3_3_2_nobias", 27, 8, 19, mlp("linear_4_3_3_2_nobias", &[4, 3, 3, 2], false, &identity(), false)),
        row("linear_4_3_4_bias", 31, 19, 12, mlp("linear_4_3_4_bias", &[4, 3, 4], true, &identity(), false)),
        row("linear_3_4_2_bias", 26, 8, 18, mlp("linear_3_4_2_bias", &[3, 4, 2], true, &identity(), false)),
        row("linear_2_5_6_3_nobias", 58, 6, 52, mlp("linear_2_5_6_3_nobias", &[2, 5, 6, 3], false, &identity(), false)),
        row("softmax_regression_4_3", 15, 10, 5, mlp("softmax_regression_4_3", &[4, 3], true, &identity(), true)),
        row("mlp_tanh_softmax_3_5_4", 44, 38, 6, mlp("mlp_tanh_softmax_3_5_4", &[3, 5, 4], true, &act(Builtin::Tanh), true)),
        row("swiglu", 32, 28, 4, glu("swiglu", act(Builtin::Silu), 4, 3, 2)),
        row("reglu", 32, 24, 8, glu("reglu", act(Builtin::Relu), 4, 3, 2)),
        row("bilinear_glu", 39, 33, 6, glu("bilinear_glu", identity(), 3, 4, 5)),
        row("dcs_scalar_v", 21, 20, 1, weighted("dcs_scalar_v", ",ia->ia", &[("v", &[]), ("W", &[4, 3])])),
        row("dcs_neuron_v", 24, 20, 4, weighted("dcs_neuron_v", "i,ia->ia", &[("v", &[4]), ("W", &[4, 3])])),
        row("dcs_entry_v", 32, 20, 12, weighted("dcs_entry_v", "ia,ia->ia", &[("v", &[4, 3]), ("W", &[4, 3])])),
        row(
            "dwf_depth3_entry",
            44,
            20,
            24,
            weighted("dwf_depth3_entry", "ia,ia,ia->ia", &[("u", &[4, 3]), ("v", &[4, 3]), ("w", &[4, 3])]),
        ),
        row("attn_1head", 32, 24, 8, attention("attn_1head", 1, 3, 4, 2, true)),
        row("attn_2head", 64, 48, 16, attention("attn_2head", 2, 3, 4, 2, true)),
        row("linear_attention", 32, 23, 9, attention("linear_attention", 1, 3, 4, 2, false)),
        row("hard_linear_attention_2head", 64, 46, 18, attention("hard_linear_attention_2head", 2, 3, 4, 2, false)),
    ];
    rows.push(row(
        "mlp_relu_residual_d4_h5",
        57,
        40,
        17,
        build("mlp_relu_residual_d4_h5", |b| {
            let x = b.input("x", &[4]);
            let h = b.linear("fc1", x, 5, true);
            let h = b.map(Builtin::Relu, h);
            let r = b.linear("fc2", h, 4, true);
            let s = b.add(&[x, r]);
            b.linear("head", s, 2, false)
        }),
    ));
    rows.push(row(
        "embed_residual_linear_readout",
        84,
        63,
        21,
        build("embed_residual_linear_readout", |b| {
            let x = b.input("x", &[5]);
            let e = b.linear("embed", x, 4, false);
            let h = b.linear("fc1", e, 5, false);
            let h = b.map(Builtin::Relu, h);
            let r = b.linear("fc2", h, 4, false);
            let s = b.add(&[e, r]);
            b.linear("head", s, 6, false)
        }),
    ));
    rows.push(row(
        "tied_autoencoder_tanh",
        23,
        23,
        0,
        build("tied_autoencoder_tanh", |b| {
            let x = b.input("x", &[5]);
            let w = b.parameter("W", &[3, 5]);
            let bias = b.parameter("b", &[3]);
            let c = b.parameter("c", &[5]);
            let z = b.einsum("ha,a->h", &[w, x]);
            let z = b.add(&[z, bias]);
            let h = b.map(Builtin::Tanh, z);
            let y = b.einsum("ha,h->a", &[w, h]);
            b.add(&[y, c])
        }),
    ));
    rows.push(row(
        "tied_linear_autoencoder",
        15,
        12,
        3,
        build("tied_linear_autoencoder", |b| {
            let x = b.input("x", &[5]);
            let w = b.parameter("W", &[3, 5]);
            let z = b.einsum("ha,a->h", &[w, x]);
            b.einsum("ha,h->a", &[w, z])
        }),
    ));
    rows.push(row(
        "lora_frozen_base",
        18,
        14,
        4,
        build("lora_frozen_base", |b| {
            let x = b.input("x", &[5]);
            let w = b.frozen("W", &[4, 5]);
            let up = b.parameter("B", &[4, 2]);
            let down = b.parameter("A", &[2, 5]);
            let base = b.einsum("oi,i->o", &[w, x]);
            let r = b.einsum("ri,i->r", &[down, x]);
            let delta = b.einsum("or,r->o", &[up, r]);
            let z = b.add(&[base, delta]);
            b.map(Builtin::Tanh, z)
        }),
    ));
    rows.push(row(
        "matrix_factorization_r2",
        18,
        14,
        4,
        build("matrix_factorization_r2", |b| {
            let u = b.parameter("U", &[5, 2]);
            let v = b.parameter("V", &[4, 2]);
            b.einsum("ir,jr->ij", &[u, v])
        }),
    ));
    rows.push(row(
        "low_rank_input",
        28,
        20,
        8,
        build("low_rank_input", |b| {
            let x = b.input("x", &[3]);
            let base = b.frozen("B", &[5, 3]);
            let z = b.einsum("oi,i->o", &[base, x]);
            let h = b.linear("fc1", z, 4, false);
            let h = b.map(Builtin::Tanh, h);
            b.linear("head", h, 2, false)
        }),
    ));
    rows.push(row(
        "attn_logits_only",
        24,
        15,
        9,
        build("attn_logits_only", |b| {
            let x = b.input("x", &[3, 4]);
            let wq = b.parameter("Wq", &[4, 3]);
            let wk = b.parameter("Wk", &[4, 3]);
            let q = b.einsum("ia,am->im", &[x, wq]);
            let k = b.einsum("ja,am->jm", &[x, wk]);
            b.einsum("im,jm->ij", &[q, k])
        }),
    ));
    rows.push(row(
        "attn_gqa_4q_2kv",
        120,
        104,
        16,
        build("attn_gqa_4q_2kv", |b| {
            let x = b.input("x", &[3, 5]);
            let wq = b.parameter("wq", &[2, 2, 5, 2]);
            let wk = b.parameter("wk", &[2, 5, 2]);
            let wv = b.parameter("wv", &[2, 5, 2]);
            let wo = b.parameter("wo", &[2, 2, 2, 5]);
            let q = b.einsum("ia,gram->grim", &[x, wq]);
            let k = b.einsum("ja,gam->gjm", &[x, wk]);
            let s = b.einsum("grim,gjm->grij", &[q, k]);
            let p = b.softmax(s, 3);
            let v = b.einsum("ja,gan->gjn", &[x, wv]);
            let o = b.einsum("grij,gjn->grin", &[p, v]);
            b.einsum("grin,grne->ie", &[o, wo])
        }),
    ));
    rows.push(row(
        "rnn_tanh_T3",
        32,
        32,
        0,
        build("rnn_tanh_T3", |b| {
            let xs: Vec<ValueId> = (0..3).map(|t| b.input(&format!("x{t}"), &[2])).collect();
            let wx = b.parameter("Wx", &[4, 2]);
            let wh = b.parameter("Wh", &[4, 4]);
            let wo = b.parameter("Wo", &[2, 4]);
            let mut h = None;
            for x in xs {
                let z = b.einsum("hi,i->h", &[wx, x]);
                let z = match h {
                    None => z,
                    Some(h) => {
                        let r = b.einsum("gh,h->g", &[wh, h]);
                        b.add(&[z, r])
                    }
                };
                h = Some(b.map(Builtin::Tanh, z));
            }
            b.einsum("oh,h->o", &[wo, h.expect("three steps")])
        }),
    ));
    rows.push(row(
        "rnn_linear_T6",
        21,
        12,
        9,
        build("rnn_linear_T6", |b| {
            let xs: Vec<ValueId> = (0..6).map(|t| b.input(&format!("x{t}"), &[2])).collect();
            let wx = b.parameter("Wx", &[3, 2]);
            let wh = b.parameter("Wh", &[3, 3]);
            let wo = b.parameter("Wo", &[2, 3]);
            let mut h: Option<ValueId> = None;
            let mut outputs = Vec::new();
            for x in xs {
                let z = b.einsum("hi,i->h", &[wx, x]);
                let z = match h {
                    None => z,
                    Some(h) => {
                        let r = b.einsum("gh,h->g", &[wh, h]);
                        b.add(&[z, r])
                    }
                };
                h = Some(z);
                outputs.push(b.einsum("oh,h->o", &[wo, z]));
            }
            let (last, others) = outputs.split_last().expect("six outputs");
            for (t, &value) in others.iter().enumerate() {
                b.output(format!("y{t}"), value);
            }
            *last
        }),
    ));
    rows.push(row(
        "moe_softmax_router",
        66,
        53,
        13,
        build("moe_softmax_router", |b| {
            let x = b.input("x", &[4]);
            let r = b.parameter("R", &[3, 4]);
            let w1 = b.parameter("W1", &[3, 3, 4]);
            let w2 = b.parameter("W2", &[3, 2, 3]);
            let z = b.einsum("ea,a->e", &[r, x]);
            let g = b.softmax(z, 0);
            let h = b.einsum("eha,a->eh", &[w1, x]);
            let h = b.map(Builtin::Relu, h);
            let y = b.einsum("eoh,eh->eo", &[w2, h]);
            b.einsum("e,eo->o", &[g, y])
        }),
    ));
    rows.push(row(
        "contrastive_dot",
        15,
        12,
        3,
        build("contrastive_dot", |b| {
            let x = b.input("x", &[2, 5]);
            let w = b.parameter("W", &[3, 5]);
            let left = b.frozen("left", &[2]);
            let right = b.frozen("right", &[2]);
            let u = b.einsum("t,ta,ha->h", &[left, x, w]);
            let v = b.einsum("t,ta,ha->h", &[right, x, w]);
            b.einsum("h,h->", &[u, v])
        }),
    ));
    rows.push(row(
        "hard_product_space",
        40,
        24,
        16,
        build("hard_product_space", |b| {
            let x = b.input("x", &[5]);
            let w = b.parameter("W", &[2, 2, 5]);
            let a = b.parameter("A", &[5, 2, 2]);
            let z = b.einsum("hma,a->hm", &[w, x]);
            b.einsum("yhm,hm->y", &[a, z])
        }),
    ));
    rows.push(row(
        "hard_sum_of_units",
        12,
        3,
        9,
        build("hard_sum_of_units", |b| {
            let x = b.input("x", &[3]);
            let w = b.parameter("W", &[4, 3]);
            let z = b.einsum("ha,a->h", &[w, x]);
            b.einsum("h->", &[z])
        }),
    ));
    rows.push(row(
        "hard_symmetric_bilinear_tie",
        24,
        15,
        9,
        build("hard_symmetric_bilinear_tie", |b| {
            let x = b.input("x", &[5]);
            let w = b.parameter("W", &[3, 5]);
            let s = b.parameter("S", &[3, 3]);
            let z = b.einsum("ha,a->h", &[w, x]);
            let z = b.einsum("gh,h->g", &[s, z]);
            b.einsum("ga,g->a", &[w, z])
        }),
    ));
    rows.extend(linear_paths());
    rows
}
