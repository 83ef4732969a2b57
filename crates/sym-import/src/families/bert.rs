//! BERT and what is made of it.

use super::length;
use crate::Draft;
use crate::shapes::Shapes;

/// The sizes of an encoder.
struct Sizes {
    vocabulary: u64,
    width: u64,
    context: u64,
    hidden: u64,
    depth: u64,
    heads: u64,
    epsilon: String,
    tokens: u64,
}

impl Sizes {
    /// Those of a file whose positions begin at row `from` of their table.
    fn of(shapes: &Shapes<'_>, from: u64, notes: &mut Vec<String>) -> Option<Self> {
        let [vocabulary, width] = shapes.of("embeddings.word_embeddings.weight")?;
        let [context, _] = shapes.of("embeddings.position_embeddings.weight")?;
        let [hidden, _] = shapes.of("encoder.layer.0.intermediate.dense.weight")?;
        let heads = shapes.heads(width, width, notes)?;
        let epsilon = shapes.epsilon(&["layer_norm_eps"], 1e-12, notes);
        let (tokens, note) = length(Some(context.checked_sub(from)?));
        notes.push(note);
        shapes.activation("gelu", &[], notes);
        let depth = shapes.layers("encoder.layer.{}.intermediate.dense.weight");
        Some(Self { vocabulary, width, context, hidden, depth, heads, epsilon, tokens })
    }
}

/// BERT as the standard library has it, with two kinds of tokens.
pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [2, _] = shapes.of("embeddings.token_type_embeddings.weight")? else { return None };
    let mut notes = Vec::new();
    let Sizes { vocabulary, width, context, hidden, depth, heads, epsilon, tokens } = Sizes::of(shapes, 0, &mut notes)?;
    let body = vec![
        format!("input tokens[{tokens}] in 0..{vocabulary}"),
        format!("input kinds[{tokens}] in 0..2"),
        format!(
            "output bert(tokens, kinds, {vocabulary}, {width}, {depth}, {heads}, hidden: {hidden}, context: {context}, epsilon: {epsilon}, name: \"\")"
        ),
    ];
    Some(Draft { name: "Bert", body, probes: probes(), not_inferred: notes, ..Draft::default() })
}

/// `RoBERTa`, whose tokens are all of one kind and whose positions begin at row 2 of their table.
pub fn roberta(shapes: &Shapes<'_>) -> Option<Draft> {
    let [1, width] = shapes.of("embeddings.token_type_embeddings.weight")? else { return None };
    let mut notes = vec!["where positions begin: at row 2 of their table, as in RoBERTa".to_string()];
    let sizes = Sizes::of(shapes, 2, &mut notes)?;
    let mut body = stream(&sizes, 2);
    body.push(format!("param kind[1, {width}] stored \"embeddings.token_type_embeddings.weight\""));
    body.push("e[t, a] = words[t, a] + rows[t, a] + kind[z, a]".to_string());
    Some(Draft { name: "Roberta", body: blocks(body, &sizes), probes: probes(), not_inferred: notes, ..Draft::default() })
}

/// `DistilBERT`, whose tokens have no kind.
pub fn distilbert(shapes: &Shapes<'_>) -> Option<Draft> {
    if shapes.has("embeddings.token_type_embeddings.weight") {
        return None;
    }
    let mut notes = Vec::new();
    let sizes = Sizes::of(shapes, 0, &mut notes)?;
    let mut body = stream(&sizes, 0);
    body.push("e = words + rows".to_string());
    Some(Draft { name: "Distilbert", body: blocks(body, &sizes), probes: probes(), not_inferred: notes, ..Draft::default() })
}

/// Tokens and positions.
fn stream(sizes: &Sizes, from: u64) -> Vec<String> {
    let Sizes { vocabulary, width, context, tokens, .. } = sizes;
    vec![
        format!("input tokens[{tokens}] in 0..{vocabulary}"),
        format!("param places[{context}, {width}] stored \"embeddings.position_embeddings.weight\""),
        format!("words = embedding(tokens, {vocabulary}, {width}, name: \"embeddings.word_embeddings\")"),
        format!("rows = slice(places, {from}..{}, over: 0)", from + tokens),
    ]
}

/// The blocks behind the embeddings.
fn blocks(mut body: Vec<String>, sizes: &Sizes) -> Vec<String> {
    let Sizes { hidden, depth, heads, epsilon, .. } = sizes;
    body.push(format!("h = layer_norm(e, epsilon: {epsilon}, name: \"embeddings.LayerNorm\")"));
    body.push(format!(
        "for i in 0..{depth} {{ h = bert_block(h, {heads}, {hidden}, epsilon: {epsilon}, name: \"encoder.layer.{{i}}\") }}"
    ));
    body.push("output h".to_string());
    body
}

fn probes() -> Vec<String> {
    vec![
        "ndos(encoder.layer.*.attention.wq, threshold: 0.1, group: double_rotation)".to_string(),
        "product_spectrum(encoder.layer.*.attention.wq)".to_string(),
        "stable_rank(encoder.layer.*.intermediate.dense.weight)".to_string(),
    ]
}
