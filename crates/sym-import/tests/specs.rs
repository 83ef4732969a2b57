//! Specs for files: what is known of a family is filled in and fits the file, what names and shapes do not tell is said.

mod files;

use files::{bert, dense, file, named, norm, scratch, sound};
use sym_diagnostics::Code;
use sym_import::import;

#[test]
fn bert_with_its_configuration_beside_it() {
    let directory = scratch();
    let path = file(&directory, "model.safetensors", &bert());
    std::fs::write(directory.path().join("config.json"), r#"{"num_attention_heads": 4, "layer_norm_eps": 1e-6}"#)
        .expect("writable");
    let found = import(&path, "model.safetensors", None).expect("a spec");
    insta::assert_snapshot!(sound(&found));
    assert_eq!((found.names, found.left_over.as_slice()), (Some("hf.bert"), &["cls.decoder.weight".to_string()][..]));
    assert_eq!(found.matched + 1, found.tensors);
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
    insta::assert_snapshot!(sound(
        &import(&file(&directory, "gpt2.safetensors", &tensors), "gpt2.safetensors", None).expect("a spec")
    ));
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
    insta::assert_snapshot!(sound(
        &import(&file(&directory, "llama.safetensors", &tensors), "llama.safetensors", None).expect("a spec")
    ));
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
    insta::assert_snapshot!(sound(
        &import(&file(&directory, "vit.safetensors", &tensors), "vit.safetensors", None).expect("a spec")
    ));
}

#[test]
fn layers_that_fit_one_behind_the_other() {
    let mut tensors = Vec::new();
    dense(&mut tensors, "fc1", 12, 7);
    dense(&mut tensors, "fc2", 12, 12);
    tensors.push(("fc10.weight".to_string(), vec![3, 12]));
    let directory = scratch();
    insta::assert_snapshot!(sound(
        &import(&file(&directory, "mlp.safetensors", &tensors), "mlp.safetensors", None).expect("a spec")
    ));
}

#[test]
fn an_unknown_file_has_its_parameters() {
    let tensors = named(&[("alpha.kernel", &[3, 4]), ("beta.scale", &[5]), ("gamma.table", &[2, 3, 4])]);
    let directory = scratch();
    let found = import(&file(&directory, "odd.safetensors", &tensors), "odd.safetensors", None).expect("a spec");
    insta::assert_snapshot!(sound(&found));
    assert_eq!((found.tensors, found.matched), (3, 3));
}

#[test]
fn a_tensor_whose_name_no_spec_can_write_is_left_over() {
    let tensors = named(&[("plain", &[3, 4]), ("", &[2]), ("a{b}\"c", &[2]), ("a\nmodel B() {", &[2])]);
    let directory = scratch();
    let found = import(&file(&directory, "odd.safetensors", &tensors), "odd.safetensors", None).expect("a spec");
    assert_eq!((found.matched, found.left_over.len()), (1, 3), "{}", found.text);
    assert!(found.not_inferred.iter().any(|note| note.contains("3 tensors")), "{:?}", found.not_inferred);
    sound(&found);
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

#[test]
fn roberta_and_distilbert() {
    let directory = scratch();
    let mut roberta = bert();
    roberta.retain(|(name, _)| !name.contains("token_type") && !name.starts_with("cls"));
    let mut distilbert = roberta.clone();
    for (name, _) in &mut roberta {
        *name = name.replacen("bert.", "roberta.", 1);
    }
    roberta.extend(named(&[("roberta.embeddings.token_type_embeddings.weight", &[1, 8])]));
    let found = import(&file(&directory, "roberta.safetensors", &roberta), "roberta.safetensors", None).expect("a spec");
    insta::assert_snapshot!("roberta", sound(&found));
    assert_eq!((found.names, found.matched), (Some("hf.roberta"), found.tensors));
    for (name, _) in &mut distilbert {
        for (from, to) in [
            ("bert.encoder.layer", "distilbert.transformer.layer"),
            ("bert.embeddings", "distilbert.embeddings"),
            ("attention.self.query", "attention.q_lin"),
            ("attention.self.key", "attention.k_lin"),
            ("attention.self.value", "attention.v_lin"),
            ("attention.output.dense", "attention.out_lin"),
            ("attention.output.LayerNorm", "sa_layer_norm"),
            ("intermediate.dense", "ffn.lin1"),
            ("output.dense", "ffn.lin2"),
            ("output.LayerNorm", "output_layer_norm"),
        ] {
            *name = name.replace(from, to);
        }
    }
    let path = file(&directory, "distilbert.safetensors", &distilbert);
    std::fs::write(directory.path().join("config.json"), r#"{"n_heads": 2, "activation": "relu"}"#).expect("writable");
    let found = import(&path, "distilbert.safetensors", None).expect("a spec");
    insta::assert_snapshot!("distilbert", sound(&found));
    assert_eq!((found.names, found.matched), (Some("hf.distilbert"), found.tensors));
}

#[test]
fn a_file_whose_name_no_spec_can_write_is_said() {
    let directory = scratch();
    let path = file(&directory, "plain.safetensors", &named(&[("alpha.kernel", &[3, 4])]));
    for name in ["a\"b", "a{b}", "a\nb", ""] {
        assert_eq!(import(&path, name, None).expect_err("no name").code, Code::E0607, "{name}");
    }
}

#[test]
fn a_vision_transformer_with_gains_and_without_a_head() {
    let mut tensors = named(&[
        ("patch_embed.proj.weight", &[8, 3, 4, 4]),
        ("patch_embed.proj.bias", &[8]),
        ("cls_token", &[1, 1, 8]),
        ("pos_embed", &[1, 5, 8]),
        ("blocks.0.ls1.gamma", &[8]),
        ("blocks.0.ls2.gamma", &[8]),
    ]);
    for name in ["blocks.0.norm1", "blocks.0.norm2", "norm"] {
        norm(&mut tensors, name, 8);
    }
    for (part, width, inputs) in [("attn.qkv", 24, 8), ("attn.proj", 8, 8), ("mlp.fc1", 32, 8), ("mlp.fc2", 8, 32)] {
        dense(&mut tensors, &format!("blocks.0.{part}"), width, inputs);
    }
    let directory = scratch();
    let found = import(&file(&directory, "dino.safetensors", &tensors), "dino.safetensors", None).expect("a spec");
    insta::assert_snapshot!(sound(&found));
    assert_eq!((found.matched, found.left_over.len()), (found.tensors, 0));
}

#[test]
fn a_residual_network() {
    let mut tensors = named(&[("conv1.weight", &[4, 3, 7, 7])]);
    let mut norms = vec![("bn1".to_string(), 4)];
    for stage in 1..=4 {
        let (inputs, width) = (if stage == 1 { 4 } else { 4 << (stage - 2) }, 4 << (stage - 1));
        for (part, inputs, taps) in [("conv1", inputs, 3), ("conv2", width, 3), ("downsample.0", inputs, 1)] {
            let own = format!("layer{stage}.0.{part}");
            let Some(part) = part.strip_prefix("conv").map(|at| format!("bn{at}")).or((stage > 1).then(|| "downsample.1".into()))
            else {
                continue;
            };
            tensors.push((format!("{own}.weight"), vec![width, inputs, taps, taps]));
            norms.push((format!("layer{stage}.0.{part}"), width));
        }
    }
    for (name, width) in norms {
        norm(&mut tensors, &name, width);
        tensors.push((format!("{name}.running_mean"), vec![width]));
        tensors.push((format!("{name}.running_var"), vec![width]));
    }
    dense(&mut tensors, "fc", 10, 32);
    let directory = scratch();
    let found = import(&file(&directory, "resnet.safetensors", &tensors), "resnet.safetensors", None).expect("a spec");
    insta::assert_snapshot!(sound(&found));
    assert_eq!((found.names, found.matched), (Some("torchvision.resnet"), found.tensors));
}
