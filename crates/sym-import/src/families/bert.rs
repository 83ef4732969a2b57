//! BERT and what is made of it.

use super::length;
use crate::Draft;
use crate::shapes::Shapes;

pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [vocabulary, width] = shapes.of("embeddings.word_embeddings.weight")?;
    let [context, _] = shapes.of("embeddings.position_embeddings.weight")?;
    let [hidden, _] = shapes.of("encoder.layer.0.intermediate.dense.weight")?;
    let [kinds, _] = shapes.of("embeddings.token_type_embeddings.weight")?;
    let depth = shapes.layers("encoder.layer.{}.intermediate.dense.weight");
    let mut notes = Vec::new();
    let heads = shapes.heads(width, &mut notes)?;
    let epsilon = shapes.epsilon(&["layer_norm_eps"], 1e-12, &mut notes);
    let (tokens, note) = length(Some(context));
    notes.push(note);
    notes.push("the activation: the model of this name has gelu".to_string());
    Some(Draft {
        name: "Bert",
        body: vec![
            format!("input tokens[{tokens}] in 0..{vocabulary}"),
            format!("input kinds[{tokens}] in 0..{kinds}"),
            format!(
                "output bert(tokens, kinds, {vocabulary}, {width}, {depth}, {heads}, hidden: {hidden}, context: {context}, epsilon: {epsilon}, name: \"\")"
            ),
        ],
        probes: vec![
            "ndos(encoder.layer.*.attention.wq, threshold: 0.1, group: double_rotation)".to_string(),
            "product_spectrum(encoder.layer.*.attention.wq)".to_string(),
            "stable_rank(encoder.layer.*.intermediate.dense.weight)".to_string(),
        ],
        not_inferred: notes,
    })
}
