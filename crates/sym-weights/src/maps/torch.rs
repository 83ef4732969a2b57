//! Models of torchvision and torchcrepe.

use super::{NameMap, same};

/// `resnet*`, whose names the standard library has.
pub(super) const RESNET: NameMap = NameMap {
    name: "torchvision.resnet",
    summary: "ResNets of torchvision, for `resnet18` to `resnet152`",
    prefixes: &["module.", "model.", "backbone."],
    rules: &[],
    ignored: &["*.num_batches_tracked", "*.*.*.num_batches_tracked", "*.*.*.*.num_batches_tracked"],
};

/// `vit_*`, with timm's names.
pub(super) const VISION_VIT: NameMap = NameMap {
    name: "torchvision.vit",
    summary: "ViT of torchvision, for `vit`",
    prefixes: &["module.", "model."],
    rules: &[
        same("class_token", "cls_token"),
        same("encoder.pos_embedding", "pos_embed"),
        same("conv_proj.*", "patch_embed.proj.*"),
        same("encoder.layers.*.self_attention.in_proj_weight", "blocks.*.attn.qkv.weight"),
        same("encoder.layers.*.self_attention.in_proj_bias", "blocks.*.attn.qkv.bias"),
        same("encoder.layers.*.self_attention.out_proj.*", "blocks.*.attn.proj.*"),
        same("encoder.layers.*.ln_1.*", "blocks.*.norm1.*"),
        same("encoder.layers.*.ln_2.*", "blocks.*.norm2.*"),
        same("encoder.layers.*.mlp.0.*", "blocks.*.mlp.fc1.*"),
        same("encoder.layers.*.mlp.3.*", "blocks.*.mlp.fc2.*"),
        same("encoder.layers.*.mlp.linear_1.*", "blocks.*.mlp.fc1.*"),
        same("encoder.layers.*.mlp.linear_2.*", "blocks.*.mlp.fc2.*"),
        same("encoder.ln.*", "norm.*"),
        same("heads.head.*", "head.*"),
    ],
    ignored: &[],
};

/// The convolutions with batch norms of torchcrepe, in both widths.
pub(super) const CREPE: NameMap = NameMap {
    name: "torchcrepe",
    summary: "CREPE of torchcrepe, as `examples/reduce/crepe_tiny.sym` names its parameters",
    prefixes: &["module."],
    rules: &[],
    ignored: &["*.num_batches_tracked"],
};
