//! Vision transformers: whole, without a head, or the blocks behind the patches.

use crate::Draft;
use crate::shapes::Shapes;

/// A block whose parts are scaled by gains before they are added, as in `DINOv2`.
const SCALED: &str = "block scaled_block(x[t, d], heads: int, width: int, epsilon: float) -> [t, d] {
    param gain1[d] stored \"ls1.gamma\"
    param gain2[d] stored \"ls2.gamma\"
    u = layer_norm(x, epsilon: epsilon, name: \"norm1\")
    a = fused_attention(u, heads, weight: \"qkv.weight\", shift: \"qkv.bias\", out: \"proj\", name: \"attn\")
    b[i, e] = x[i, e] + a[i, e] * gain1[e]
    c = feed_forward(layer_norm(b, epsilon: epsilon, name: \"norm2\"), width, name: \"mlp\")
    return y[i, e] = b[i, e] + c[i, e] * gain2[e]
}";

/// The blocks of a file.
struct Blocks {
    width: u64,
    depth: u64,
    hidden: u64,
    heads: u64,
    epsilon: String,
    scaled: bool,
}

impl Blocks {
    fn of(shapes: &Shapes<'_>, notes: &mut Vec<String>) -> Option<Self> {
        let [hidden, width] = shapes.of("blocks.0.mlp.fc1.weight")?;
        let heads = shapes.heads(width, width, notes)?;
        let epsilon = shapes.epsilon(&["layer_norm_eps"], 1e-6, notes);
        shapes.activation("gelu", &[], notes);
        let depth = shapes.layers("blocks.{}.mlp.fc1.weight");
        Some(Self { width, depth, hidden, heads, epsilon, scaled: shapes.has("blocks.0.ls1.gamma") })
    }

    /// The loop over them, for a stream `z`, and a norm behind them where the file has one.
    fn statements(&self, shapes: &Shapes<'_>) -> Vec<String> {
        let Self { depth, hidden, heads, epsilon, .. } = self;
        let block = if self.scaled { "scaled_block" } else { "pre_norm_block" };
        let mut body = vec![format!(
            "for i in 0..{depth} {{ z = {block}(z, {heads}, width: {hidden}, epsilon: {epsilon}, name: \"blocks.{{i}}\") }}"
        )];
        if shapes.has("norm.weight") {
            body.push(format!("output layer_norm(z, epsilon: {epsilon}, name: \"norm\")"));
        } else {
            body.push("output z".to_string());
        }
        body
    }

    fn draft(&self, name: &'static str, body: Vec<String>, not_inferred: Vec<String>) -> Draft {
        let blocks = if self.scaled { vec![SCALED.to_string()] } else { Vec::new() };
        Draft { name, blocks, body, probes: probes(), not_inferred }
    }
}

/// An image in patches of square size.
struct Patches {
    channels: u64,
    patch: u64,
    side: u64,
}

impl Patches {
    fn of(shapes: &Shapes<'_>) -> Option<Self> {
        let [_, channels, patch, columns] = shapes.of("patch_embed.proj.weight")?;
        let [_, places, _] = shapes.of("pos_embed")?;
        let side = places.checked_sub(1)?.isqrt();
        (patch == columns && side > 0 && side * side + 1 == places).then_some(Self { channels, patch, side })
    }

    fn input(&self) -> Option<String> {
        let size = self.side.checked_mul(self.patch)?;
        Some(format!("input x[{}, {size}, {size}]", self.channels))
    }
}

/// Image, patches, class token, blocks and head.
pub fn draft(shapes: &Shapes<'_>) -> Option<Draft> {
    let patches = Patches::of(shapes)?;
    let [classes, _] = shapes.of("head.weight")?;
    let mut notes = Vec::new();
    let blocks = Blocks::of(shapes, &mut notes).filter(|blocks| !blocks.scaled)?;
    let Blocks { width, depth, hidden, heads, epsilon, .. } = &blocks;
    let patch = patches.patch;
    let model =
        format!("output vit(x, {classes}, {patch}, {width}, {depth}, {heads}, hidden: {hidden}, epsilon: {epsilon}, name: \"\")");
    Some(blocks.draft("Vit", vec![patches.input()?, model], notes))
}

/// Image, patches, class token and blocks, without a head.
pub fn features(shapes: &Shapes<'_>) -> Option<Draft> {
    let patches = Patches::of(shapes)?;
    let mut notes = vec!["what stands behind the blocks: the model gives the class token and the patches".to_string()];
    let blocks = Blocks::of(shapes, &mut notes)?;
    let Patches { channels, patch, side } = patches;
    let (width, count) = (blocks.width, side.checked_mul(side)?);
    let mut body = vec![
        patches.input()?,
        format!("param proj[{width}, {channels}, {patch}, {patch}] stored \"patch_embed.proj.weight\""),
        format!("param shift[{width}] stored \"patch_embed.proj.bias\""),
        format!("param token[1, 1, {width}] stored \"cls_token\""),
        format!("param places[1, {}, {width}] stored \"pos_embed\"", count + 1),
        format!("cut = reshape(x, [{channels}, {side}, {patch}, {side}, {patch}])"),
        "patches[p, q, e] = cut[i, p, r, q, s] * proj[e, i, r, s] + shift[e]".to_string(),
        format!("all = concat(reshape(token, [1, {width}]), reshape(patches, [{count}, {width}]), over: 0)"),
        format!("z = all + reshape(places, [{}, {width}])", count + 1),
    ];
    body.extend(blocks.statements(shapes));
    Some(blocks.draft("Features", body, notes))
}

/// The blocks alone.
pub fn encoder(shapes: &Shapes<'_>) -> Option<Draft> {
    let mut notes = vec!["what stands in front of the blocks and behind them: the model is their sequence alone".to_string()];
    let blocks = Blocks::of(shapes, &mut notes)?;
    notes.push("the number of patches: 16 and a class token are assumed".to_string());
    let mut body = vec![format!("input patches[17, {}]", blocks.width), "z = patches".to_string()];
    body.extend(blocks.statements(shapes));
    Some(blocks.draft("Encoder", body, notes))
}

fn probes() -> Vec<String> {
    vec![
        "ndos(blocks.*.attn.wq, threshold: 0.1, group: double_rotation)".to_string(),
        "product_spectrum(blocks.*.attn.wq)".to_string(),
        "stable_rank(blocks.*.mlp.fc1.weight)".to_string(),
    ]
}
