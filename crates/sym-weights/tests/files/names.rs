//! Maps of names, on small files with the names of published ones.

use super::bytes::safetensors;
use sym_weights::Archive;
use sym_weights::maps::{Wanted, all, find, fit};

fn wanted(tensors: &[(&str, &[u64])]) -> Vec<Wanted> {
    tensors.iter().map(|(name, shape)| Wanted { name: (*name).to_string(), shape: shape.to_vec() }).collect()
}

fn archive(tensors: &[(&str, &[usize], &[f32])]) -> Archive {
    Archive::from_bytes(safetensors(tensors), "file").expect("a file")
}

#[test]
fn every_map_has_a_name_of_its_own_and_an_unknown_one_suggests_the_nearest() {
    let mut names: Vec<&str> = all().iter().map(|map| map.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().len());
    assert_eq!(find("hf.bert").expect("a map").name, "hf.bert");
    assert_eq!(find("hf.brt"), Err(Some("hf.bert")));
    assert_eq!(find("torchvision.resnets"), Err(Some("torchvision.resnet")));
    assert_eq!(find("something.else"), Err(None));
}

#[test]
fn without_a_map_names_are_equal() {
    let mut file = archive(&[("a.weight", &[2], &[1.0, 2.0]), ("other", &[1], &[0.0]), ("scalar", &[], &[3.0])]);
    let model = wanted(&[("a.weight", &[2]), ("b", &[1]), ("other", &[3])]);
    let found = fit(&file, None, &model);
    assert_eq!(found.missing, ["b"]);
    assert_eq!(found.reshaped, [("other".to_string(), vec![3], "other".to_string(), vec![1])]);
    assert_eq!(found.left_over, [""; 0]);
    assert_eq!(found.read(&mut file, 0).expect("read"), Some(vec![1.0, 2.0]));
    assert_eq!(found.read(&mut file, 1).expect("nothing"), None);
}

#[test]
fn prefixes_of_the_file_and_of_the_model_are_both_left_out() {
    let file = archive(&[
        ("model.0.auto_model.embeddings.LayerNorm.gamma", &[1], &[1.0]),
        ("model.0.auto_model.pooler.dense.bias", &[1], &[2.0]),
        ("model.0.auto_model.embeddings.position_ids", &[1], &[0.0]),
    ]);
    let model = wanted(&[("bert.embeddings.LayerNorm.weight", &[1])]);
    let found = fit(&file, find("hf.bert").ok(), &model);
    assert_eq!(found.pieces[0][0].tensor, "model.0.auto_model.embeddings.LayerNorm.gamma");
    assert_eq!(found.left_over, ["model.0.auto_model.pooler.dense.bias"]);
    assert_eq!(found.ignored, ["model.0.auto_model.embeddings.position_ids"]);
}

#[test]
fn one_matrix_of_queries_keys_and_values_is_split_and_transposed() {
    // Two inputs, queries, keys and values of one entry each: [in, 3].
    let mut file = archive(&[
        ("transformer.h.3.attn.c_attn.weight", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("transformer.h.3.attn.c_attn.bias", &[3], &[7.0, 8.0, 9.0]),
        ("transformer.h.3.mlp.c_fc.weight", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
    ]);
    let map = find("hf.gpt2").ok();
    let model = wanted(&[
        ("h.3.attn.k_proj.weight", &[1, 2]),
        ("h.3.attn.v_proj.bias", &[1]),
        ("h.3.mlp.fc1.weight", &[2, 2]),
        ("h.3.attn.c_attn.weight", &[2, 3]),
    ]);
    let found = fit(&file, map, &model);
    assert!(found.missing.is_empty() && found.reshaped.is_empty());
    let mut read = |at| found.read(&mut file, at).expect("read").expect("there");
    assert_eq!(read(0), [2.0, 5.0]);
    assert_eq!(read(1), [9.0]);
    assert_eq!(read(2), [1.0, 3.0, 2.0, 4.0]);
    assert_eq!(read(3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn queries_keys_and_values_are_joined() {
    let name = |part: &str| format!("vit.encoder.layer.0.attention.attention.{part}.weight");
    let (query, key, value) = (name("query"), name("key"), name("value"));
    let parts: [(&str, &[usize], &[f32]); 3] =
        [(&value, &[1, 2], &[5.0, 6.0]), (&query, &[1, 2], &[1.0, 2.0]), (&key, &[1, 2], &[3.0, 4.0])];
    let model = wanted(&[("blocks.0.attn.qkv.weight", &[3, 2])]);
    let mut file = archive(&parts);
    let found = fit(&file, find("hf.vit").ok(), &model);
    assert_eq!(found.read(&mut file, 0).expect("read"), Some(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    // Without one of the three it cannot be made.
    let file = archive(&parts[..2]);
    assert_eq!(fit(&file, find("hf.vit").ok(), &model).reshaped.len(), 1);
}

#[test]
fn a_part_along_the_first_axis() {
    let mut file = archive(&[("blocks.0.attn.qkv.weight", &[3, 1], &[1.0, 2.0, 3.0])]);
    let found = fit(&file, find("timm.vit").ok(), &wanted(&[("blocks.0.attn.k_proj.weight", &[1, 1])]));
    assert_eq!(found.read(&mut file, 0).expect("read"), Some(vec![2.0]));
}
