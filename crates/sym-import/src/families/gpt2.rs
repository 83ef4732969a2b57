//! GPT-2.

use super::length;
use crate::Draft;
use crate::shapes::Shapes;

pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [vocabulary, width] = shapes.of("wte.weight")?;
    let [context, _] = shapes.of("wpe.weight")?;
    let depth = shapes.layers("h.{}.attn.c_attn.weight");
    let mut notes = Vec::new();
    let heads = shapes.heads(width, width, &mut notes)?;
    let epsilon = shapes.epsilon(&["layer_norm_epsilon"], 1e-5, &mut notes);
    let (tokens, note) = length(Some(context));
    notes.push(note);
    shapes.activation("gelu_tanh", &["gelu_new", "gelu_pytorch_tanh"], &mut notes);
    Some(Draft {
        name: "Gpt2",
        body: vec![
            format!("input tokens[{tokens}] in 0..{vocabulary}"),
            format!(
                "output gpt2(tokens, {vocabulary}, {width}, {depth}, {heads}, context: {context}, epsilon: {epsilon}, name: \"\")"
            ),
        ],
        probes: vec![
            "ndos(h.*.attn.wq, threshold: 0.1, group: double_rotation)".to_string(),
            "product_spectrum(h.*.attn.wq)".to_string(),
            "stable_rank(h.*.mlp.c_fc.weight)".to_string(),
        ],
        not_inferred: notes,
        ..Draft::default()
    })
}
