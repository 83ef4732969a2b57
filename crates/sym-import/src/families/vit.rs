//! Vision transformers: whole, or the encoder behind the patches.

use crate::Draft;
use crate::shapes::Shapes;

/// Image, patches, class token, blocks and head.
pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let [width, channels, patch, _] = shapes.of("patch_embed.proj.weight")?;
    let [_, places, _] = shapes.of("pos_embed")?;
    let [classes, _] = shapes.of("head.weight")?;
    let (depth, hidden) = blocks(shapes)?;
    let side = places.checked_sub(1)?.isqrt();
    if side * side + 1 != places {
        return None;
    }
    let mut notes = Vec::new();
    let heads = shapes.heads(width, &mut notes)?;
    let epsilon = shapes.epsilon(&["layer_norm_eps"], 1e-6, &mut notes);
    let size = side * patch;
    Some(Draft {
        name: "Vit",
        body: vec![
            format!("input x[{channels}, {size}, {size}]"),
            format!(
                "output vit(x, {classes}, {patch}, {width}, {depth}, {heads}, hidden: {hidden}, epsilon: {epsilon}, name: \"\")"
            ),
        ],
        probes: probes(),
        not_inferred: notes,
    })
}

/// The blocks alone.
pub fn encoder(shapes: &Shapes<'_>) -> Option<Draft> {
    let [_, width] = shapes.of("blocks.0.attn.qkv.weight")?;
    let (depth, hidden) = blocks(shapes)?;
    let mut notes = vec!["what stands in front of the blocks and behind them: the model is their sequence alone".to_string()];
    if shapes.has("blocks.0.ls1.gamma") {
        notes.push("the gains of LayerScale on what blocks add to the stream: they are left out".to_string());
    }
    let heads = shapes.heads(width, &mut notes)?;
    let epsilon = shapes.epsilon(&["layer_norm_eps"], 1e-6, &mut notes);
    notes.push("the number of patches: 16 and a class token are assumed".to_string());
    Some(Draft {
        name: "Encoder",
        body: vec![
            format!("input patches[17, {width}]"),
            "z = patches".to_string(),
            format!(
                "for i in 0..{depth} {{ z = pre_norm_block(z, {heads}, width: {hidden}, epsilon: {epsilon}, name: \"blocks.{{i}}\") }}"
            ),
            "output z".to_string(),
        ],
        probes: probes(),
        not_inferred: notes,
    })
}

/// How many blocks, and the width of their hidden layers.
fn blocks(shapes: &Shapes<'_>) -> Option<(u64, u64)> {
    let [hidden, _] = shapes.of("blocks.0.mlp.fc1.weight")?;
    Some((shapes.layers("blocks.{}.mlp.fc1.weight"), hidden))
}

fn probes() -> Vec<String> {
    vec![
        "ndos(blocks.*.attn.wq, threshold: 0.1, group: double_rotation)".to_string(),
        "product_spectrum(blocks.*.attn.wq)".to_string(),
        "stable_rank(blocks.*.mlp.fc1.weight)".to_string(),
    ]
}
