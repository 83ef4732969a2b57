//! Layers of the standard library against their published formulas, with weights read from the state dict as published code stores them.

use crate::support::weights;
use burn::tensor::{DType, Device};
use sym_diagnostics::Sources;
use sym_ir::{Loader, Options, Program};
use sym_lower::{Array, Module, Stored, to_state_dict};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file {path}"))
    }
}

/// A matrix or vector of a state dict.
#[derive(Clone)]
struct Tensor {
    columns: usize,
    values: Vec<f64>,
}

impl Tensor {
    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// W x + b, of successive rows of W.
    fn rows(&self, from: usize, count: usize, x: &[f64], bias: Option<&Tensor>) -> Vec<f64> {
        (from..from + count)
            .map(|row| {
                let product: f64 = x.iter().enumerate().map(|(column, x)| self.at(row, column) * x).sum();
                product + bias.map_or(0.0, |bias| bias.values[row])
            })
            .collect()
    }
}

/// A layer on one example: its state dict, its input rows and its output.
struct Executed {
    tensors: Vec<Stored>,
    input: Vec<Vec<f64>>,
    output: Vec<f64>,
}

impl Executed {
    fn tensor(&self, name: &str) -> Tensor {
        let found = self.tensors.iter().find(|tensor| tensor.name == name);
        let found = found.unwrap_or_else(|| panic!("`{name}` among {:?}", self.names()));
        Tensor { columns: found.shape.last().copied().unwrap_or(1), values: found.values.clone() }
    }

    fn names(&self) -> Vec<(&str, &[usize])> {
        self.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice())).collect()
    }

    fn assert_output(&self, expected: &[f64]) {
        assert_eq!(self.output.len(), expected.len());
        for (found, expected) in self.output.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} instead of {expected}");
        }
    }
}

fn execute(rows: usize, width: usize, layer: &str) -> Executed {
    let text = format!("model Case {{ input x[{rows}, {width}]  output {layer} }}");
    let mut sources = Sources::default();
    let root = sources.add("case.sym", text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    let program: &Program = &document.models["Case"].program;
    let weights = weights(program, 11);
    let x = crate::support::numbers(rows * width, 3);
    let module = Module::new(program, &weights, &Device::flex(), DType::F64).expect("the program can be executed");
    let array = Array::from_values(&x, &[1, rows, width], &Device::flex(), DType::F64);
    Executed {
        tensors: to_state_dict(program, &weights),
        input: x.chunks(width).map(<[f64]>::to_vec).collect(),
        output: module.forward(&[array])[0].values(),
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// `nn.LSTM` on one sequence, by the formulas of its documentation.
fn lstm(case: &Executed, width: usize, input: &[Vec<f64>], suffix: &str) -> Vec<Vec<f64>> {
    let tensor = |name: &str| case.tensor(&format!("{name}_{suffix}"));
    let (wi, wh, bi, bh) = (tensor("weight_ih"), tensor("weight_hh"), tensor("bias_ih"), tensor("bias_hh"));
    let (mut h, mut c) = (vec![0.0; width], vec![0.0; width]);
    let mut all = Vec::new();
    for x in input {
        let gate =
            |at: usize, h: &[f64]| add(&wi.rows(at * width, width, x, Some(&bi)), &wh.rows(at * width, width, h, Some(&bh)));
        let [i, f, g, o] = [0, 1, 2, 3].map(|at| gate(at, &h));
        for k in 0..width {
            c[k] = sigmoid(f[k]) * c[k] + sigmoid(i[k]) * g[k].tanh();
            h[k] = sigmoid(o[k]) * c[k].tanh();
        }
        all.push(h.clone());
    }
    all
}

#[test]
fn lstm_in_both_directions_and_two_layers() {
    let case = execute(4, 3, "lstm(x, 2, layers: 2, bidirectional: true, name: \"\")");
    assert_eq!(case.names()[0], ("weight_ih_l0", &[8, 3][..]));
    let mut h = case.input.clone();
    for layer in 0..2 {
        let there = lstm(&case, 2, &h, &format!("l{layer}"));
        let reversed: Vec<Vec<f64>> = h.iter().rev().cloned().collect();
        let mut back = lstm(&case, 2, &reversed, &format!("l{layer}_reverse"));
        back.reverse();
        h = there.into_iter().zip(back).map(|(there, back)| [there, back].concat()).collect();
    }
    case.assert_output(&h.concat());
}

#[test]
fn gru() {
    let case = execute(4, 3, "gru(x, 2, name: \"\")");
    let tensor = |name: &str| case.tensor(name);
    let (wi, wh, bi, bh) = (tensor("weight_ih_l0"), tensor("weight_hh_l0"), tensor("bias_ih_l0"), tensor("bias_hh_l0"));
    let mut h = vec![0.0; 2];
    let mut all = Vec::new();
    for x in &case.input {
        let [ir, iz, inn] = [0, 2, 4].map(|at| wi.rows(at, 2, x, Some(&bi)));
        let [hr, hz, hn] = [0, 2, 4].map(|at| wh.rows(at, 2, &h, Some(&bh)));
        h = (0..2)
            .map(|k| {
                let (r, z) = (sigmoid(ir[k] + hr[k]), sigmoid(iz[k] + hz[k]));
                (1.0 - z) * (inn[k] + r * hn[k]).tanh() + z * h[k]
            })
            .collect();
        all.extend_from_slice(&h);
    }
    case.assert_output(&all);
}

#[test]
fn rnn() {
    let case = execute(4, 3, "last(rnn(x, 2, name: \"\"))");
    let tensor = |name: &str| case.tensor(name);
    let (wi, wh, bi, bh) = (tensor("weight_ih_l0"), tensor("weight_hh_l0"), tensor("bias_ih_l0"), tensor("bias_hh_l0"));
    let mut h = vec![0.0; 2];
    for x in &case.input {
        let sum = add(&wi.rows(0, 2, x, Some(&bi)), &wh.rows(0, 2, &h, Some(&bh)));
        h = sum.into_iter().map(f64::tanh).collect();
    }
    case.assert_output(&h);
}

/// The state-space recurrence by its definition.
#[test]
fn diagonal_state_space() {
    let case = execute(5, 2, "diagonal_ssm(x, 3, name: \"\")");
    let (b, c, skip, decay) = (case.tensor("B"), case.tensor("C"), case.tensor("D"), case.tensor("log_decay"));
    let mut s = vec![0.0; 3];
    let mut all = Vec::new();
    for x in &case.input {
        let drive = b.rows(0, 3, x, None);
        for n in 0..3 {
            s[n] = (-decay.values[n].exp()).exp() * s[n] + drive[n];
        }
        all.extend(c.rows(0, 2, &s, None).iter().enumerate().map(|(at, y)| y + skip.values[at] * x[at]));
    }
    case.assert_output(&all);
}

/// Attention of heads side by side: `project` gives queries, keys and values of a position.
fn attention(rows: &[Vec<f64>], heads: usize, causal: bool, project: &dyn Fn(usize, &[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let of = |which: usize| rows.iter().map(|row| project(which, row)).collect::<Vec<_>>();
    let (q, k, v) = (of(0), of(1), of(2));
    let size = q[0].len() / heads;
    (0..rows.len())
        .map(|i| {
            (0..heads)
                .flat_map(|head| {
                    let range = head * size..(head + 1) * size;
                    let seen = if causal { i + 1 } else { rows.len() };
                    let score = |j: usize| -> f64 {
                        let dot: f64 = q[i][range.clone()].iter().zip(&k[j][range.clone()]).map(|(a, b)| a * b).sum();
                        (dot / (size as f64).sqrt()).exp()
                    };
                    let total: f64 = (0..seen).map(score).sum();
                    let mixed = |m: usize| (0..seen).map(|j| score(j) / total * v[j][head * size + m]).sum::<f64>();
                    (0..size).map(mixed).collect::<Vec<f64>>()
                })
                .collect()
        })
        .collect()
}

/// `nn.MultiheadAttention`: `in_proj_weight` [3 d, d] holds queries, keys and values one below the other.
#[test]
fn multi_head_attention_of_pytorch() {
    let case = execute(3, 4, "fused_attention(x, 2, name: \"\")");
    assert_eq!(case.names()[..2], [("in_proj_weight", &[12, 4][..]), ("out_proj.weight", &[4, 4][..])]);
    let (w, b) = (case.tensor("in_proj_weight"), case.tensor("in_proj_bias"));
    let heads = attention(&case.input, 2, false, &|which, x| w.rows(4 * which, 4, x, Some(&b)));
    let (out, bias) = (case.tensor("out_proj.weight"), case.tensor("out_proj.bias"));
    let expected: Vec<f64> = heads.iter().flat_map(|row| out.rows(0, 4, row, Some(&bias))).collect();
    case.assert_output(&expected);
}

/// GPT-2 stores matrices as [in, out], queries, keys and values side by side.
#[test]
fn attention_of_gpt2() {
    let case = execute(3, 4, "gpt2_attention(x, 2, name: \"\")");
    let transposed = |name: &str| {
        let stored = case.tensor(name);
        let (rows, columns) = (stored.columns, stored.values.len() / stored.columns);
        let values = (0..rows * columns).map(|at| stored.at(at % columns, at / columns)).collect();
        Tensor { columns, values }
    };
    let (w, b) = (transposed("c_attn.weight"), case.tensor("c_attn.bias"));
    let heads = attention(&case.input, 2, true, &|which, x| w.rows(4 * which, 4, x, Some(&b)));
    let (out, bias) = (transposed("c_proj.weight"), case.tensor("c_proj.bias"));
    let expected: Vec<f64> = heads.iter().flat_map(|row| out.rows(0, 4, row, Some(&bias))).collect();
    case.assert_output(&expected);
}

/// Every expert's matrices are tensors of their own.
#[test]
fn mixture_of_experts() {
    let case = execute(2, 3, "moe(x, 3, 4, top: 2, gated: \"w1\", value: \"w3\", out: \"w2\", name: \"\")");
    let router = case.tensor("gate.weight");
    let mut all = Vec::new();
    for x in &case.input {
        let logits = router.rows(0, 3, x, None);
        let lowest = logits.iter().copied().fold(f64::INFINITY, f64::min);
        let gates: Vec<f64> = logits.iter().map(|&logit| if logit == lowest { 0.0 } else { logit.exp() }).collect();
        let mut y = vec![0.0; 3];
        for (expert, gate) in gates.iter().enumerate() {
            let tensor = |name: &str| case.tensor(&format!("experts.{expert}.{name}.weight"));
            let (a, b) = (tensor("w1").rows(0, 4, x, None), tensor("w3").rows(0, 4, x, None));
            let hidden: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a * sigmoid(*a) * b).collect();
            let out = tensor("w2").rows(0, 3, &hidden, None);
            y.iter_mut().zip(out).for_each(|(y, out)| *y += gate / gates.iter().sum::<f64>() * out);
        }
        all.extend(y);
    }
    case.assert_output(&all);
}
