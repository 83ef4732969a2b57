//! What is emitted for small models, as a person reads it. That it computes the right thing is compared in `tests/emitted`.

use sym_diagnostics::{Code, Sources};
use sym_emit::Emitted;
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};

/// The models use no other files.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// The last model of a text.
fn program(text: &str) -> Program {
    let mut sources = Sources::default();
    let root = sources.add("nets.sym", text);
    let options = Options { rewrite: Some(sym_rewrite::interventions::apply), ..Options::default() };
    let document = compile(&mut sources, root, &mut NoFiles, &options);
    let errors: Vec<_> = document.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    document.models.last().expect("there is a model").1.program.clone()
}

fn emitted(text: &str) -> Emitted {
    sym_emit::rust(&program(text), "nets.safetensors").expect("it can be emitted")
}

#[test]
fn layers_of_all_sizes_share_a_struct() {
    let text = "model Mlp { input x[64]
        h = tanh(linear(x, 16, name: \"fc1\"))
        output linear(h, 10, name: \"head\") }";
    insta::assert_snapshot!(emitted(text).source);
}

#[test]
fn blocks_that_are_alike_are_a_loop() {
    let text = "block layer(x[t, d]) -> [t, d] {
        return x + attention(layer_norm(x, name: \"norm\"), 2, causal: true, name: \"attn\") }
        model Transformer { input tokens[6] in 0..50
        h = embedding(tokens, 50, 8, name: \"embed\")
        for i in 0..3 { h = layer(h, name: \"layers.{i}\") }
        output linear(h, 50, name: \"head\") }";
    insta::assert_snapshot!(emitted(text).source);
}

#[test]
fn blocks_that_differ_are_a_tuple() {
    let text = "model Stages { input x[5]
        h = relu(linear(x, 4, name: \"stages.0.fc\"))
        output prelu(linear(h, 3, name: \"stages.1.fc\"), name: \"stages.1.act\") }";
    let source = emitted(text).source;
    for part in ["pub stages: (StageLayer, StageLayer2),", "self.stages.0.forward(x)", "self.stages.1.forward(h)"] {
        assert!(source.contains(part), "{part} in\n{source}");
    }
}

#[test]
fn names_of_the_file_become_names_of_rust() {
    let text = "fn swish(x) = x * sigmoid(x)
        model Names { input type[3]
        param W[4, 3]
        param w[4]
        h[k] = W[k, i] * type[i] + w[k]
        output swish(linear(h, 2, name: \"in\")) }";
    let source = emitted(text).source;
    for field in ["pub w: Param<Tensor<2>>", "pub w_2: Param<Tensor<1>>", "pub in_: LinearLayer", "type_: Tensor<2>"] {
        assert!(source.contains(field), "{field} in\n{source}");
    }
}

#[test]
fn values_of_the_file_are_constants_that_no_optimiser_moves() {
    let text = "model Plain { input x[3]
        h = tanh(linear(x, 4, name: \"fc1\"))
        output linear(h, 2, name: \"head\") }
        model Free = Plain with { remove permutation, sign by syre }";
    let Emitted { source, constants, .. } = emitted(text);
    let constants = constants.expect("offsets are constants");
    let file = safetensors::SafeTensors::deserialize(&constants).expect("it is a safetensors file");
    let mut names: Vec<_> = file.names().into_iter().collect();
    names.sort_unstable();
    let frozen: Vec<_> = program(text).parameters.into_iter().filter(|parameter| !parameter.trainable).collect();
    let mut expected: Vec<_> = frozen.iter().map(|parameter| parameter.path.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
    let given = frozen[0].given().expect("the file fixes it");
    let bytes: Vec<u8> = given.iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(file.tensor(&frozen[0].path).expect("it is in the file").data(), bytes);
    assert_eq!(source.matches(".set_require_grad(false)").count(), frozen.len());
    assert!(source.contains(&format!("static GIVEN: &[u8; {}] = include_bytes!(\"nets.safetensors\");", constants.len())));
}

#[test]
fn masked_weights_keep_their_frozen_entries_apart() {
    let text = "model Plain { input x[6]
        h = tanh(linear(x, 4, name: \"fc1\"))
        output linear(h, 2, name: \"head\") }
        model Masked = Plain with { on fc1.weight by w_asymmetric(frozen: 2) }";
    let Emitted { source, constants, .. } = emitted(text);
    assert!(source.contains("masked(self.weight.val(), self.weight_held.val())"), "{source}");
    let constants = constants.expect("frozen entries are constants");
    let file = safetensors::SafeTensors::deserialize(&constants).expect("it is a safetensors file");
    let held = file.tensor("fc1.weight.held").expect("it is in the file");
    let numbers = held.data().chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes")));
    assert_eq!(numbers.filter(|number| !number.is_nan()).count(), 4 * 2);
}

#[test]
fn what_cannot_be_emitted_is_an_error() {
    let text = "model Plain(width: int = 1_000_000) { input x[64]
        h = tanh(linear(x, width, name: \"fc1\"))
        output linear(h, 2, name: \"head\") }
        model Free = Plain with { remove permutation, sign by syre }";
    let errors = sym_emit::rust(&program(text), "nets.safetensors").expect_err("it is too large to embed");
    assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [Code::E0503]);
}

#[test]
fn the_same_program_gives_the_same_text() {
    let text = "model M { input x[5]\n output gru(x, 3, name: \"\") }";
    let text = text.replace("x[5]", "x[4, 5]");
    assert_eq!(emitted(&text), emitted(&text));
    assert_eq!(sym_emit::dot(&program(&text)), sym_emit::dot(&program(&text)));
}

#[test]
fn a_summary_counts_what_each_block_holds() {
    let text = "model Mlp { input x[64]
        h = tanh(linear(x, 16, name: \"fc1\"))
        output linear(h, 10, name: \"head\") }";
    insta::assert_snapshot!(sym_emit::summary(&program(text)));
}

#[test]
fn a_graph_has_a_frame_for_each_block() {
    let text = "model Readout { input x[3]\n output linear(x, 2, name: \"head\") }";
    insta::assert_snapshot!(sym_emit::dot(&program(text)));
}
