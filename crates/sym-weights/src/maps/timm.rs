//! Models of timm, whose names the standard library has.

use super::{Form, NameMap, Rule};

const fn split(from: &'static str, to: &'static str, index: usize) -> Rule {
    Rule { from, to, form: Form::Part { index, of: 3 } }
}

/// `vit_*` and `deit_*`, as `vit` has them, or with the matrix of queries, keys and values split for `attention`.
pub(super) const VIT: NameMap = NameMap {
    name: "timm.vit",
    summary: "ViT and DeiT of timm, for `vit`, or for `attention` with its own names",
    prefixes: &["module.", "model.", "backbone."],
    rules: &[
        split("blocks.*.attn.qkv.weight", "blocks.*.attn.q_proj.weight", 0),
        split("blocks.*.attn.qkv.weight", "blocks.*.attn.k_proj.weight", 1),
        split("blocks.*.attn.qkv.weight", "blocks.*.attn.v_proj.weight", 2),
        split("blocks.*.attn.qkv.bias", "blocks.*.attn.q_proj.bias", 0),
        split("blocks.*.attn.qkv.bias", "blocks.*.attn.k_proj.bias", 1),
        split("blocks.*.attn.qkv.bias", "blocks.*.attn.v_proj.bias", 2),
        super::same("blocks.*.attn.proj.*", "blocks.*.attn.out_proj.*"),
    ],
    ignored: &["head_dist.weight", "head_dist.bias", "dist_token"],
};
