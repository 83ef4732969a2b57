//! Specs for files: what is known of a family is filled in and fits the file, what names and shapes do not tell is said.

use safetensors::{Dtype, tensor::TensorView};
use std::path::PathBuf;
use sym_diagnostics::Code;
use sym_import::import;

/// A safetensors file of zeros with these tensors.
fn file(directory: &tempfile::TempDir, name: &str, tensors: &[(String, Vec<usize>)]) -> PathBuf {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, shape)| vec![0; 4 * shape.iter().product::<usize>()]).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("as many bytes as the shape says"))
    });
    let path = directory.path().join(name);
    std::fs::write(&path, safetensors::serialize(views, None).expect("serialised")).expect("writable");
    path
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().expect("a scratch directory")
}

fn named(tensors: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    tensors.iter().map(|(name, shape)| ((*name).to_string(), shape.to_vec())).collect()
}

/// A layer with bias.
fn dense(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, width: usize, inputs: usize) {
    tensors.push((format!("{name}.weight"), vec![width, inputs]));
    tensors.push((format!("{name}.bias"), vec![width]));
}

fn norm(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, width: usize) {
    tensors.push((format!("{name}.weight"), vec![width]));
    tensors.push((format!("{name}.bias"), vec![width]));
}

fn bert() -> Vec<(String, Vec<usize>)> {
    let mut tensors = named(&[
        ("bert.embeddings.word_embeddings.weight", &[30, 8]),
        ("bert.embeddings.position_embeddings.weight", &[12, 8]),
        ("bert.embeddings.token_type_embeddings.weight", &[2, 8]),
        ("cls.decoder.weight", &[30, 8]),
    ]);
    norm(&mut tensors, "bert.embeddings.LayerNorm", 8);
    for layer in 0..2 {
        let own = format!("bert.encoder.layer.{layer}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            dense(&mut tensors, &format!("{own}.{part}"), 8, 8);
        }
        dense(&mut tensors, &format!("{own}.intermediate.dense"), 20, 8);
        dense(&mut tensors, &format!("{own}.output.dense"), 8, 20);
        norm(&mut tensors, &format!("{own}.attention.output.LayerNorm"), 8);
        norm(&mut tensors, &format!("{own}.output.LayerNorm"), 8);
    }
    tensors
}

#[test]
fn bert_with_its_configuration_beside_it() {
    let directory = scratch();
    let path = file(&directory, "model.safetensors", &bert());
    std::fs::write(directory.path().join("config.json"), r#"{"num_attention_heads": 4, "layer_norm_eps": 1e-6}"#)
        .expect("writable");
    let found = import(&path, "model.safetensors", None).expect("a spec");
    insta::assert_snapshot!(found.text);
    assert_eq!((found.names, found.left_over.as_slice()), (Some("hf.bert"), &["cls.decoder.weight".to_string()][..]));
    assert_eq!(found.matched + 1, found.tensors);
    assert_eq!(sym_syntax::format(&found.text).expect("it parses"), found.text);
}

#[test]
fn bert_without_says_what_is_assumed() {
    let directory = scratch();
    let found = import(&file(&directory, "model.safetensors", &bert()), "model.safetensors", Some("Encoder")).expect("a spec");
    assert!(found.text.contains("model Encoder()"));
    assert!(found.not_inferred.iter().any(|note| note.contains("number of heads")), "{:?}", found.not_inferred);
}

#[test]
fn gpt2() {
    let mut tensors = named(&[("wte.weight", &[20, 8]), ("wpe.weight", &[32, 8])]);
    norm(&mut tensors, "ln_f", 8);
    for layer in 0..2 {
        let own = format!("h.{layer}");
        norm(&mut tensors, &format!("{own}.ln_1"), 8);
        norm(&mut tensors, &format!("{own}.ln_2"), 8);
        for (part, inputs, width) in [("attn.c_attn", 8, 24), ("attn.c_proj", 8, 8), ("mlp.c_fc", 8, 32), ("mlp.c_proj", 32, 8)] {
            tensors.push((format!("{own}.{part}.weight"), vec![inputs, width]));
            tensors.push((format!("{own}.{part}.bias"), vec![width]));
        }
    }
    let directory = scratch();
    insta::assert_snapshot!(
        import(&file(&directory, "gpt2.safetensors", &tensors), "gpt2.safetensors", None).expect("a spec").text
    );
}

#[test]
fn llama_with_groups() {
    let mut tensors =
        named(&[("model.embed_tokens.weight", &[20, 16]), ("lm_head.weight", &[20, 16]), ("model.norm.weight", &[16])]);
    for (part, shape) in [
        ("self_attn.q_proj", [16, 16]),
        ("self_attn.k_proj", [8, 16]),
        ("self_attn.v_proj", [8, 16]),
        ("self_attn.o_proj", [16, 16]),
        ("mlp.gate_proj", [24, 16]),
        ("mlp.up_proj", [24, 16]),
        ("mlp.down_proj", [16, 24]),
    ] {
        tensors.push((format!("model.layers.0.{part}.weight"), shape.to_vec()));
    }
    tensors.extend(named(&[
        ("model.layers.0.input_layernorm.weight", &[16]),
        ("model.layers.0.post_attention_layernorm.weight", &[16]),
    ]));
    let directory = scratch();
    std::fs::write(
        directory.path().join("config.json"),
        r#"{"num_attention_heads": 4, "rms_norm_eps": 1e-5, "rope_theta": 500000.0}"#,
    )
    .expect("writable");
    insta::assert_snapshot!(
        import(&file(&directory, "llama.safetensors", &tensors), "llama.safetensors", None).expect("a spec").text
    );
}

#[test]
fn a_vision_transformer_whole_and_its_blocks_alone() {
    let mut tensors = Vec::new();
    norm(&mut tensors, "blocks.0.norm1", 8);
    norm(&mut tensors, "blocks.0.norm2", 8);
    dense(&mut tensors, "blocks.0.attn.qkv", 24, 8);
    dense(&mut tensors, "blocks.0.attn.proj", 8, 8);
    dense(&mut tensors, "blocks.0.mlp.fc1", 32, 8);
    dense(&mut tensors, "blocks.0.mlp.fc2", 8, 32);
    let directory = scratch();
    let blocks = import(&file(&directory, "blocks.safetensors", &tensors), "blocks.safetensors", None).expect("a spec");
    assert!(blocks.text.contains("pre_norm_block"), "{}", blocks.text);
    tensors.extend(named(&[
        ("patch_embed.proj.weight", &[8, 3, 4, 4]),
        ("patch_embed.proj.bias", &[8]),
        ("cls_token", &[1, 1, 8]),
        ("pos_embed", &[1, 5, 8]),
    ]));
    norm(&mut tensors, "norm", 8);
    dense(&mut tensors, "head", 10, 8);
    insta::assert_snapshot!(
        import(&file(&directory, "vit.safetensors", &tensors), "vit.safetensors", None).expect("a spec").text
    );
}

#[test]
fn layers_that_fit_one_behind_the_other() {
    let mut tensors = Vec::new();
    dense(&mut tensors, "fc1", 12, 7);
    dense(&mut tensors, "fc2", 12, 12);
    tensors.push(("fc10.weight".to_string(), vec![3, 12]));
    let directory = scratch();
    insta::assert_snapshot!(
        import(&file(&directory, "mlp.safetensors", &tensors), "mlp.safetensors", None).expect("a spec").text
    );
}

#[test]
fn an_unknown_file_has_its_parameters() {
    let tensors = named(&[("alpha.kernel", &[3, 4]), ("beta.scale", &[5]), ("gamma.table", &[2, 3, 4])]);
    let directory = scratch();
    let found = import(&file(&directory, "odd.safetensors", &tensors), "odd.safetensors", None).expect("a spec");
    insta::assert_snapshot!(found.text);
    assert_eq!((found.tensors, found.matched), (3, 3));
}

#[test]
fn a_tensor_whose_name_no_spec_can_write_is_left_over() {
    let tensors = named(&[("plain", &[3, 4]), ("", &[2]), ("a{b}\"c", &[2])]);
    let directory = scratch();
    let found = import(&file(&directory, "odd.safetensors", &tensors), "odd.safetensors", None).expect("a spec");
    assert_eq!((found.matched, found.left_over.len()), (1, 2), "{}", found.text);
    assert!(found.not_inferred.iter().any(|note| note.contains("2 tensors")), "{:?}", found.not_inferred);
}

#[test]
fn what_is_no_file_of_weights_is_said() {
    let directory = scratch();
    let absent = directory.path().join("absent.safetensors");
    assert_eq!(import(&absent, "absent", None).expect_err("absent").code, Code::E0601);
    let damaged = directory.path().join("damaged.safetensors");
    std::fs::write(&damaged, b"\xff\x00\x00\x00\x00\x00\x00\x00{").expect("writable");
    assert_eq!(import(&damaged, "damaged", None).expect_err("damaged").code, Code::E0602);
    assert_eq!(
        import(&file(&directory, "empty.safetensors", &[]), "empty.safetensors", None).expect_err("empty").code,
        Code::E0607
    );
}
