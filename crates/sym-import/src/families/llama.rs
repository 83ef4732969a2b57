//! `llama` and models of its form.

use super::length;
use crate::Draft;
use crate::shapes::Shapes;

pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [vocabulary, width] = shapes.of("embed_tokens.weight")?;
    let [hidden, _] = shapes.of("layers.0.mlp.gate_proj.weight")?;
    let [of_keys, _] = shapes.of("layers.0.self_attn.k_proj.weight")?;
    let depth = shapes.layers("layers.{}.mlp.gate_proj.weight");
    let mut notes = Vec::new();
    let heads = shapes.heads(width, of_keys, &mut notes)?;
    let groups = (of_keys * heads).checked_div(width).filter(|groups| *groups > 0)?;
    let epsilon = shapes.epsilon(&["rms_norm_eps"], 1e-5, &mut notes);
    let base = shapes.number(&["rope_theta"]).unwrap_or_else(|| {
        notes.push("the base of rotary positions: 10000 is assumed".to_string());
        10_000.0
    });
    let (tokens, note) = length(None);
    notes.push(note);
    shapes.activation("silu", &["swish"], &mut notes);
    Some(Draft {
        name: "Llama",
        body: vec![
            format!("input tokens[{tokens}] in 0..{vocabulary}"),
            format!(
                "output llama(tokens, {vocabulary}, {width}, {depth}, {heads}, {groups}, {hidden}, base: {base:?}, epsilon: {epsilon}, name: \"\")"
            ),
        ],
        probes: vec![
            "stable_rank(model.layers.*.mlp.gate_proj.weight)".to_string(),
            "norm(model.layers.*.input_layernorm.weight)".to_string(),
        ],
        not_inferred: notes,
        ..Draft::default()
    })
}
