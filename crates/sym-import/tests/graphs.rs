//! Specs for ONNX graphs, whose constants tell what names and shapes do not, and for files of PyTorch.

mod files;

use files::{bert, initial, node, onnx, scratch, sound};
use std::path::Path;
use sym_import::import;

/// The encoder as an exporter writes it: a weight without a name, heads in the shapes that values are given.
fn graph(shape: &[i64]) -> Vec<Vec<u8>> {
    let mut fields = Vec::new();
    for (name, sizes) in bert().iter().filter(|(name, _)| !name.starts_with("cls")) {
        let nameless = name == "bert.encoder.layer.0.attention.self.query.weight";
        let zeros = vec![0; 4 * sizes.iter().product::<usize>()];
        fields.push(initial(if nameless { "onnx::MatMul_1" } else { name }, sizes, 1, &zeros));
    }
    let longs: Vec<u8> = shape.iter().flat_map(|size| size.to_le_bytes()).collect();
    fields.push(initial("shape", &[shape.len()], 7, &longs));
    fields.push(initial("half", &[], 1, &0.5f32.to_le_bytes()));
    let query = "/bert/encoder/layer.0/attention/self/query/MatMul";
    fields.push(node("MatMul", query, &["x", "onnx::MatMul_1"], "q", None));
    fields.push(node("Reshape", "/bert/encoder/layer.0/attention/self/Reshape", &["q", "shape"], "h", None));
    fields.push(node("LayerNormalization", "/bert/norm", &["h"], "n", Some(("epsilon", 1e-7))));
    fields.push(node("Erf", "/bert/erf", &["n"], "e", None));
    fields
}

#[test]
fn a_graph_tells_heads_epsilon_and_activation() {
    let directory = scratch();
    let found = import(&onnx(&directory, "model.onnx", &graph(&[0, 0, 4, 2])), "model.onnx", None).expect("a spec");
    insta::assert_snapshot!(sound(&found));
    assert_eq!((found.names, found.matched), (Some("hf.bert"), found.tensors));
}

#[test]
fn heads_are_assumed_where_the_shapes_of_a_graph_are_others() {
    let directory = scratch();
    for shape in [&[0, -1, 8][..], &[0, 0, 3, 5], &[0, 0, 0, 8], &[i64::MIN, 1, i64::MAX, 2], &[]] {
        let found = import(&onnx(&directory, "model.onnx", &graph(shape)), "model.onnx", None).expect("a spec");
        sound(&found);
        assert!(found.not_inferred.iter().any(|note| note.starts_with("the number of heads")), "{shape:?}: {}", found.text);
    }
}

#[test]
fn files_of_pytorch() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sym-weights/tests/data");
    let wrapped = import(&data.join("wrapped.pth"), "wrapped.pth", None).expect("a spec");
    insta::assert_snapshot!("a_layer_with_a_norm", sound(&wrapped));
    let nested = import(&data.join("nested.pt"), "nested.pt", None).expect("a spec");
    insta::assert_snapshot!("tensors_of_many_kinds", sound(&nested));
    let legacy = import(&data.join("nested_legacy.pt"), "nested.pt", None).expect("a spec");
    assert_eq!(legacy.text, nested.text);
}
