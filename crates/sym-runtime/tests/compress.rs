//! Weights that are at a symmetric state, moved along its orbit so that nobody sees it, are found there and become the smaller model.

use sym_diagnostics::Sources;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};
use sym_runtime::compress::{Compressed, compress, random_inputs, relative};
use sym_runtime::{Stream, evaluate};

const TOLERANCE: f64 = 1e-6;

/// The models use no files.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

fn model(text: &str) -> Program {
    let mut sources = Sources::default();
    let root = sources.add("model.sym".to_string(), text.to_string());
    let mut document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    document.models.pop().expect("the text is a model").1.program
}

fn normal(program: &Program) -> Weights {
    let mut stream = Stream::new(1, "compress", &program.name);
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|value| *value = stream.normal());
    weights
}

/// The entries of a parameter by its path.
fn values<'w>(program: &Program, weights: &'w mut Weights, path: &str) -> &'w mut [f64] {
    let at = program.parameters.iter().position(|parameter| parameter.path == path).expect("the parameter is there");
    &mut weights.values[at]
}

/// Copies row `from` to row `to`, times a factor.
fn copy_row(values: &mut [f64], width: usize, [from, to]: [usize; 2], factor: f64) {
    for column in 0..width {
        values[to * width + column] = factor * values[from * width + column];
    }
}

/// The same with columns.
fn copy_column(values: &mut [f64], width: usize, [from, to]: [usize; 2], factor: f64) {
    for row in values.chunks_mut(width) {
        row[to] = factor * row[from];
    }
}

/// Compresses, and requires that outputs stay what they are to rounding.
fn compressed(program: &Program, weights: &Weights) -> Compressed {
    let inputs = random_inputs(program);
    let small = compress(program, weights, TOLERANCE, &inputs).expect("the model can be executed");
    let before = evaluate::outputs(program, weights, &inputs).expect("the model can be executed");
    let after = evaluate::outputs(&small.program, &small.weights, &inputs).expect("the smaller model can be executed");
    let change = relative(&before, &after);
    assert!(change < 1e-12, "outputs change by {change:.1e}");
    small
}

fn shape(program: &Program, path: &str) -> Vec<u128> {
    let found = program.parameters.iter().find(|parameter| parameter.path == path).expect("the parameter is there");
    found.shape.iter().map(|axis| axis.size).collect()
}

/// (units, left, merged, vanished) of each space.
fn rows(small: &Compressed) -> Vec<(usize, usize, usize, usize)> {
    assert!(small.spaces.iter().all(|space| space.refused.is_none()), "{:?}", small.spaces);
    small.spaces.iter().map(|space| (space.units, space.left, space.merged, space.vanished)).collect()
}

fn mlp(act: &str) -> Program {
    model(&format!("model Mlp {{ input x[3]  h = {act}(linear(x, 6, name: \"fc1\"))  output linear(h, 2, name: \"head\") }}"))
}

#[test]
fn rescaled_copies_of_a_unit_are_one_unit() {
    let program = mlp("relu");
    let mut weights = normal(&program);
    // relu(3 z) a/3 = relu(z) a; the readers differ, so that the class has the sum of both.
    copy_row(values(&program, &mut weights, "fc1.weight"), 3, [0, 4], 3.0);
    copy_row(values(&program, &mut weights, "fc1.bias"), 1, [0, 4], 3.0);
    copy_column(values(&program, &mut weights, "head.weight"), 6, [0, 4], 1.0 / 3.0);
    let small = compressed(&program, &weights);
    assert_eq!(rows(&small), [(6, 5, 2, 0)]);
    assert_eq!(shape(&small.program, "fc1.weight"), [5, 3]);
}

#[test]
fn opposite_units_are_one_unit_and_units_without_weights_on_one_side_vanish() {
    let program = mlp("tanh");
    let mut weights = normal(&program);
    copy_row(values(&program, &mut weights, "fc1.weight"), 3, [1, 2], -1.0);
    copy_row(values(&program, &mut weights, "fc1.bias"), 1, [1, 2], -1.0);
    copy_column(values(&program, &mut weights, "head.weight"), 6, [1, 2], -1.0);
    // Nothing reads unit 3; unit 5 is always tanh(0).
    copy_column(values(&program, &mut weights, "head.weight"), 6, [0, 3], 0.0);
    copy_row(values(&program, &mut weights, "fc1.weight"), 3, [0, 5], 0.0);
    copy_row(values(&program, &mut weights, "fc1.bias"), 1, [0, 5], 0.0);
    assert_eq!(rows(&compressed(&program, &weights)), [(6, 3, 2, 2)]);
}

#[test]
fn a_unit_that_carries_a_constant_stays() {
    let program = mlp("tanh");
    let mut weights = normal(&program);
    copy_row(values(&program, &mut weights, "fc1.weight"), 3, [0, 5], 0.0);
    assert_eq!(rows(&compressed(&program, &weights)), []);
}

#[test]
fn units_that_only_vanishing_ones_read_vanish_too() {
    let program = model(
        "model Deep { input x[3]  h = tanh(linear(x, 4, name: \"fc1\"))  h2 = tanh(linear(h, 3, name: \"fc2\"))
         output linear(h2, 2, name: \"head\") }",
    );
    let mut weights = normal(&program);
    copy_column(values(&program, &mut weights, "head.weight"), 3, [0, 2], 0.0);
    // Unit 1 of fc1 is read by unit 2 of fc2 alone.
    for row in [0, 1] {
        values(&program, &mut weights, "fc2.weight")[row * 4 + 1] = 0.0;
    }
    assert_eq!(rows(&compressed(&program, &weights)), [(4, 3, 0, 1), (3, 2, 0, 1)]);
}

#[test]
fn queries_and_keys_of_low_rank_lose_directions() {
    let program = model(
        "model Scores {
            input x[5, 6]
            param wq[6, 4]
            param wk[6, 4]
            output y[i, j] = x[i, a] * wq[a, m] * x[j, b] * wk[b, m]
        }",
    );
    let mut weights = normal(&program);
    // Columns 2 and 3 of the queries are combinations of columns 0 and 1; the keys are of full rank.
    for row in values(&program, &mut weights, "wq").chunks_mut(4) {
        (row[2], row[3]) = (row[0] - 2.0 * row[1], 0.5 * row[0] + row[1]);
    }
    let small = compressed(&program, &weights);
    assert_eq!(rows(&small), [(4, 2, 0, 2)]);
    assert_eq!((shape(&small.program, "wq"), shape(&small.program, "wk")), (vec![6, 2], vec![6, 2]));
}

#[test]
fn channels_take_their_running_statistics_along_and_these_stay_frozen() {
    let program = model(
        "model Net {
            input x[2, 5, 5]
            h = relu(batch_norm2d(conv2d(x, 4, kernel: 3, name: \"conv1\"), train: false, name: \"bn\"))
            output conv2d(h, 2, kernel: 3, name: \"conv2\")
        }",
    );
    let mut weights = normal(&program);
    for value in values(&program, &mut weights, "bn.running_var") {
        *value = 1.0 + value.abs();
    }
    copy_row(values(&program, &mut weights, "conv1.weight"), 18, [0, 3], 1.0);
    for path in ["conv1.bias", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"] {
        copy_row(values(&program, &mut weights, path), 1, [0, 3], 1.0);
    }
    for output in values(&program, &mut weights, "conv2.weight").chunks_mut(4 * 9) {
        copy_row(output, 9, [0, 3], 1.0);
    }
    let small = compressed(&program, &weights);
    assert_eq!(shape(&small.program, "conv1.weight")[0], 3);
    assert_eq!(shape(&small.program, "bn.running_var"), [3]);
    let frozen = |program: &Program| program.parameters.iter().filter(|parameter| !parameter.trainable).count();
    assert_eq!(frozen(&small.program), frozen(&program));
}

fn heads() -> Program {
    model("model Heads { input x[5, 6]  output mean(attention(x, heads: 3, k: 2, bias: false, name: \"attn\"), over: 0) }")
}

/// Multiplies the two positions m of a head from the left, along an axis that has `inner` entries behind it.
fn turn(values: &mut [f64], outer: usize, heads: usize, head: usize, inner: usize, by: [[f64; 2]; 2]) {
    for block in 0..outer {
        for rest in 0..inner {
            let at = |m: usize| ((block * heads + head) * 2 + m) * inner + rest;
            let (one, other) = (values[at(0)], values[at(1)]);
            values[at(0)] = by[0][0] * one + by[0][1] * other;
            values[at(1)] = by[1][0] * one + by[1][1] * other;
        }
    }
}

#[test]
fn heads_that_are_equal_up_to_a_change_of_basis_are_one_head() {
    let program = heads();
    let mut weights = normal(&program);
    // Head 2 is head 0 in another basis of its queries and keys, and another one of its values.
    for path in ["attn.wq", "attn.wk", "attn.wv"] {
        copy_row(values(&program, &mut weights, path), 2 * 6, [0, 2], 1.0);
    }
    for row in values(&program, &mut weights, "attn.wo").chunks_mut(3 * 2) {
        copy_row(row, 2, [0, 2], 1.0);
    }
    // g = [[2, 1], [1, 1]] has the determinant 1, and g⁻ᵀ = [[1, −1], [−1, 2]].
    let (g, dual) = ([[2.0, 1.0], [1.0, 1.0]], [[1.0, -1.0], [-1.0, 2.0]]);
    turn(values(&program, &mut weights, "attn.wq"), 1, 3, 2, 6, g);
    turn(values(&program, &mut weights, "attn.wk"), 1, 3, 2, 6, dual);
    turn(values(&program, &mut weights, "attn.wv"), 1, 3, 2, 6, dual);
    turn(values(&program, &mut weights, "attn.wo"), 6, 3, 2, 1, g);
    let small = compressed(&program, &weights);
    assert_eq!(rows(&small), [(3, 2, 2, 0)]);
    assert_eq!(shape(&small.program, "attn.wq"), [2, 2, 6]);
}

#[test]
fn several_heads_lose_the_directions_that_none_of_them_uses() {
    let program = heads();
    let mut weights = normal(&program);
    // The queries of head h are one direction, times 1 and h + 2; the values of head 1 alone are one direction.
    for (head, rows) in values(&program, &mut weights, "attn.wq").chunks_mut(2 * 6).enumerate() {
        copy_row(rows, 6, [0, 1], head as f64 + 2.0);
    }
    copy_row(&mut values(&program, &mut weights, "attn.wv")[2 * 6..4 * 6], 6, [0, 1], -1.0);
    let small = compressed(&program, &weights);
    assert_eq!(rows(&small), [(2, 1, 0, 1)]);
    assert_eq!((shape(&small.program, "attn.wq"), shape(&small.program, "attn.wk")), (vec![3, 1, 6], vec![3, 1, 6]));
    assert_eq!(shape(&small.program, "attn.wv"), [3, 2, 6]);
}

#[test]
fn a_channel_without_gain_whose_constant_a_later_bias_takes_up_vanishes() {
    let program = model(
        "model Net {
            input x[2, 5, 5]
            h = batch_norm2d(relu(conv2d(x, 4, kernel: 3, name: \"conv1\")), train: false, name: \"bn\")
            output linear(reshape(max_pool2d(h, kernel: 3), [4]), 2, name: \"head\")
        }",
    );
    let mut weights = normal(&program);
    for value in values(&program, &mut weights, "bn.running_var") {
        *value = 1.0 + value.abs();
    }
    values(&program, &mut weights, "bn.weight")[2] = 0.0;
    assert!(values(&program, &mut weights, "bn.bias")[2].abs() > 0.1);
    assert_eq!(rows(&compressed(&program, &weights)), [(4, 3, 0, 1)]);
}

#[test]
fn a_model_with_masks_is_refused() {
    let mut program = mlp("tanh");
    let drawn = sym_ir::Drawn { seed: 0, purpose: "Mlp mask".into() };
    let rule = sym_ir::MaskRule::Count { frozen: 1, of: 3 };
    program.parameters[0].role.mask = Some(sym_ir::Mask { rule, std: 1.0, drawn });
    let weights = normal(&program);
    let problems = compress(&program, &weights, TOLERANCE, &random_inputs(&program)).expect_err("a mask");
    assert_eq!(problems[0].code, sym_diagnostics::Code::E0401);
    assert_eq!(problems[0].message, "`Mlp` has no smaller model with the mask of `fc1.weight`");
}

#[test]
fn channels_with_the_same_large_statistics_but_other_weights_stay_apart() {
    let program = model(
        "model Net {
            input x[2, 5, 5]
            h = relu(batch_norm2d(conv2d(x, 4, kernel: 3, name: \"conv1\"), train: false, name: \"bn\"))
            output conv2d(h, 2, kernel: 3, name: \"conv2\")
        }",
    );
    let mut weights = normal(&program);
    values(&program, &mut weights, "bn.running_var").fill(1e6);
    let inputs = random_inputs(&program);
    assert!(compress(&program, &weights, 0.1, &inputs).expect("the model can be executed").spaces.is_empty());
}

#[test]
fn channels_without_influence_that_may_not_vanish_are_one_channel_without_weights() {
    let program = model(
        "model Net {
            input x[2, 5, 5]
            h = relu(batch_norm2d(conv2d(x, 4, kernel: 3, name: \"conv1\"), train: false, epsilon: 1e-3, name: \"bn\"))
            output conv2d(h, 2, kernel: 3, name: \"conv2\")
        }",
    );
    let mut weights = normal(&program);
    for value in values(&program, &mut weights, "bn.running_var") {
        *value = 1.0 + value.abs();
    }
    // Channel 1 is always off, and nothing reads channel 3: their mean would be neither.
    values(&program, &mut weights, "bn.weight")[1] = 0.0;
    values(&program, &mut weights, "bn.bias")[1] = 0.0;
    for output in values(&program, &mut weights, "conv2.weight").chunks_mut(4 * 9) {
        copy_row(output, 9, [0, 3], 0.0);
    }
    assert_eq!(rows(&compressed(&program, &weights)), [(4, 3, 2, 0)]);
}
