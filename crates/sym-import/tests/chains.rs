//! Specs for layers one behind the other.

mod files;

use files::{Tensors, dense, file, named, norm, scratch, sound};
use sym_import::{Imported, import};

fn chain(tensors: &Tensors) -> Imported {
    let directory = scratch();
    let found = import(&file(&directory, "net.safetensors", tensors), "net.safetensors", None).expect("a spec");
    sound(&found);
    found
}

fn convolution(tensors: &mut Tensors, name: &str, shape: &[usize]) {
    tensors.push((format!("{name}.weight"), shape.to_vec()));
    tensors.push((format!("{name}.bias"), shape[..1].to_vec()));
}

fn batch_norm(tensors: &mut Tensors, name: &str, width: usize) {
    norm(tensors, name, width);
    tensors.push((format!("{name}.running_mean"), vec![width]));
    tensors.push((format!("{name}.running_var"), vec![width]));
}

#[test]
fn layers_of_a_sequence_by_number() {
    let mut tensors = Vec::new();
    for (at, width, inputs) in [(0, 12, 7), (2, 12, 12), (10, 3, 12)] {
        dense(&mut tensors, &at.to_string(), width, inputs);
    }
    norm(&mut tensors, "3", 12);
    insta::assert_snapshot!(chain(&tensors).text);
}

#[test]
fn images_with_batch_norms() {
    let mut tensors = Vec::new();
    convolution(&mut tensors, "features.0", &[8, 3, 3, 3]);
    batch_norm(&mut tensors, "features.1", 8);
    tensors.push(("features.3.weight".to_string(), vec![8, 1, 3, 3]));
    convolution(&mut tensors, "features.4", &[16, 8, 2, 2]);
    batch_norm(&mut tensors, "features.5", 16);
    dense(&mut tensors, "classifier.1", 20, 16 * 9);
    dense(&mut tensors, "classifier.4", 10, 20);
    insta::assert_snapshot!(chain(&tensors).text);
}

#[test]
fn kernels_of_one_column_and_a_head_that_is_first_by_name() {
    let mut tensors = Vec::new();
    dense(&mut tensors, "classifier", 10, 16);
    convolution(&mut tensors, "conv1", &[6, 1, 8, 1]);
    convolution(&mut tensors, "conv2", &[4, 6, 5, 1]);
    batch_norm(&mut tensors, "conv1_BN", 6);
    batch_norm(&mut tensors, "conv2_BN", 4);
    insta::assert_snapshot!(chain(&tensors).text);
}

#[test]
fn sequences_flattened_or_averaged() {
    let mut tensors = Vec::new();
    convolution(&mut tensors, "conv1", &[4, 2, 5]);
    batch_norm(&mut tensors, "bn1", 4);
    let mut flat = tensors.clone();
    dense(&mut flat, "fc", 3, 4 * 7);
    insta::assert_snapshot!("a_sequence_flattened", chain(&flat).text);
    dense(&mut tensors, "fc", 3, 4);
    assert!(chain(&tensors).text.contains("linear(mean(h1, over: 1), 3, name: \"fc\")"));
}

#[test]
fn the_order_is_that_of_sizes_where_names_have_another() {
    let mut tensors = Vec::new();
    dense(&mut tensors, "decoder", 9, 2);
    dense(&mut tensors, "encoder", 2, 9);
    dense(&mut tensors, "head", 5, 9);
    let text = chain(&tensors).text;
    let places: Vec<usize> = ["\"encoder\"", "\"decoder\"", "\"head\""].iter().filter_map(|name| text.find(name)).collect();
    assert!(places.len() == 3 && places.is_sorted(), "{text}");
}

#[test]
fn what_is_no_chain_has_its_parameters() {
    let mut apart = Vec::new();
    dense(&mut apart, "one", 3, 4);
    dense(&mut apart, "two", 5, 6);
    let loose = named(&[("a.weight", &[3, 4]), ("b.weight", &[2, 3]), ("scale", &[3]), ("empty.weight", &[0, 4])]);
    for tensors in [apart, loose] {
        assert!(chain(&tensors).text.contains("model Imported()"));
    }
}

#[test]
fn many_layers_of_one_size_take_no_time() {
    let mut tensors = Vec::new();
    for at in 0..60 {
        dense(&mut tensors, &format!("layer{at}"), 4, 4);
    }
    dense(&mut tensors, "other", 5, 6);
    assert!(chain(&tensors).text.contains("model Imported()"));
}
