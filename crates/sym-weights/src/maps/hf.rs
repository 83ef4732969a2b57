//! Models of Hugging Face's transformers. The standard library has its names where both have a model; rules are for what differs.

use super::{Form, NameMap, Rule, same, third, transposed};

/// A rule that splits the matrix of queries, keys and values of GPT-2, stored as [in, 3 out].
const fn split(from: &'static str, to: &'static str, index: usize) -> Rule {
    Rule { from, to, form: Form::TransposedPart { index, of: 3 } }
}

/// `bert`, also as sentence-transformers wrap it.
pub(super) const BERT: NameMap = NameMap {
    name: "hf.bert",
    summary: "BERT of transformers and sentence-transformers, for `bert`",
    prefixes: &["bert.", "model.bert.", "model.0.auto_model.", "0.auto_model.", "auto_model.", "module."],
    rules: &[
        // Checkpoints that were converted from TensorFlow.
        same("embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"),
        same("embeddings.LayerNorm.beta", "embeddings.LayerNorm.bias"),
        same("encoder.layer.*.attention.output.LayerNorm.gamma", "encoder.layer.*.attention.output.LayerNorm.weight"),
        same("encoder.layer.*.attention.output.LayerNorm.beta", "encoder.layer.*.attention.output.LayerNorm.bias"),
        same("encoder.layer.*.output.LayerNorm.gamma", "encoder.layer.*.output.LayerNorm.weight"),
        same("encoder.layer.*.output.LayerNorm.beta", "encoder.layer.*.output.LayerNorm.bias"),
    ],
    ignored: &["embeddings.position_ids", "cls.predictions.bias"],
};

/// `roberta`: as `bert`.
pub(super) const ROBERTA: NameMap = NameMap {
    name: "hf.roberta",
    summary: "RoBERTa and XLM-RoBERTa of transformers, for `bert`; their table of positions has two rows more",
    prefixes: &["roberta.", "model.0.auto_model.", "0.auto_model.", "auto_model.", "module."],
    rules: &[],
    ignored: &["embeddings.position_ids"],
};

/// `distilbert`, with the names of `bert`.
pub(super) const DISTILBERT: NameMap = NameMap {
    name: "hf.distilbert",
    summary: "DistilBERT of transformers, for blocks of `bert`",
    prefixes: &["distilbert.", "model.0.auto_model.", "0.auto_model.", "auto_model.", "module."],
    rules: &[
        same("transformer.layer.*.attention.q_lin.*", "encoder.layer.*.attention.self.query.*"),
        same("transformer.layer.*.attention.k_lin.*", "encoder.layer.*.attention.self.key.*"),
        same("transformer.layer.*.attention.v_lin.*", "encoder.layer.*.attention.self.value.*"),
        same("transformer.layer.*.attention.out_lin.*", "encoder.layer.*.attention.output.dense.*"),
        same("transformer.layer.*.sa_layer_norm.*", "encoder.layer.*.attention.output.LayerNorm.*"),
        same("transformer.layer.*.ffn.lin1.*", "encoder.layer.*.intermediate.dense.*"),
        same("transformer.layer.*.ffn.lin2.*", "encoder.layer.*.output.dense.*"),
        same("transformer.layer.*.output_layer_norm.*", "encoder.layer.*.output.LayerNorm.*"),
    ],
    ignored: &["embeddings.position_ids"],
};

/// `gpt2`, whose `Conv1D` stores matrices as [in, out] and queries, keys and values as one: as `gpt2` of the standard library has them, or in
/// pieces for `attention` and `feed_forward`.
pub(super) const GPT2: NameMap = NameMap {
    name: "hf.gpt2",
    summary: "GPT-2 of transformers, for `gpt2`, or for `attention` and `feed_forward` with their own names",
    prefixes: &["transformer.", "module."],
    rules: &[
        split("h.*.attn.c_attn.weight", "h.*.attn.q_proj.weight", 0),
        split("h.*.attn.c_attn.weight", "h.*.attn.k_proj.weight", 1),
        split("h.*.attn.c_attn.weight", "h.*.attn.v_proj.weight", 2),
        split("h.*.attn.c_attn.bias", "h.*.attn.q_proj.bias", 0),
        split("h.*.attn.c_attn.bias", "h.*.attn.k_proj.bias", 1),
        split("h.*.attn.c_attn.bias", "h.*.attn.v_proj.bias", 2),
        transposed("h.*.attn.c_proj.weight", "h.*.attn.out_proj.weight"),
        same("h.*.attn.c_proj.bias", "h.*.attn.out_proj.bias"),
        transposed("h.*.mlp.c_fc.weight", "h.*.mlp.fc1.weight"),
        same("h.*.mlp.c_fc.bias", "h.*.mlp.fc1.bias"),
        transposed("h.*.mlp.c_proj.weight", "h.*.mlp.fc2.weight"),
        same("h.*.mlp.c_proj.bias", "h.*.mlp.fc2.bias"),
    ],
    ignored: &["h.*.attn.bias", "h.*.attn.masked_bias", "lm_head.weight"],
};

/// `llama`, also Mistral and Qwen2.
pub(super) const LLAMA: NameMap = NameMap {
    name: "hf.llama",
    summary: "LLaMA and models of its form of transformers, for `llama`",
    prefixes: &["model.", "module."],
    rules: &[
        // Where the readout is the table of tokens, the file has no other.
        same("embed_tokens.weight", "lm_head.weight"),
    ],
    ignored: &["layers.*.self_attn.rotary_emb.inv_freq"],
};

/// `vit`, `deit` and `dinov2`, with timm's names: queries, keys and values become one tensor.
pub(super) const VIT: NameMap = NameMap {
    name: "hf.vit",
    summary: "ViT, DeiT and DINOv2 of transformers, for `vit` and its blocks",
    prefixes: &["vit.", "deit.", "dinov2.", "backbone.", "module."],
    rules: &[
        same("embeddings.cls_token", "cls_token"),
        same("embeddings.position_embeddings", "pos_embed"),
        same("embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
        third("encoder.layer.*.attention.attention.query.*", "blocks.*.attn.qkv.*", 0),
        third("encoder.layer.*.attention.attention.key.*", "blocks.*.attn.qkv.*", 1),
        third("encoder.layer.*.attention.attention.value.*", "blocks.*.attn.qkv.*", 2),
        same("encoder.layer.*.attention.output.dense.*", "blocks.*.attn.proj.*"),
        same("encoder.layer.*.layernorm_before.*", "blocks.*.norm1.*"),
        same("encoder.layer.*.layernorm_after.*", "blocks.*.norm2.*"),
        same("encoder.layer.*.norm1.*", "blocks.*.norm1.*"),
        same("encoder.layer.*.norm2.*", "blocks.*.norm2.*"),
        same("encoder.layer.*.intermediate.dense.*", "blocks.*.mlp.fc1.*"),
        same("encoder.layer.*.output.dense.*", "blocks.*.mlp.fc2.*"),
        same("encoder.layer.*.mlp.fc1.*", "blocks.*.mlp.fc1.*"),
        same("encoder.layer.*.mlp.fc2.*", "blocks.*.mlp.fc2.*"),
        same("encoder.layer.*.layer_scale1.lambda1", "blocks.*.ls1.gamma"),
        same("encoder.layer.*.layer_scale2.lambda1", "blocks.*.ls2.gamma"),
        same("layernorm.*", "norm.*"),
        same("classifier.*", "head.*"),
    ],
    ignored: &["embeddings.mask_token", "pooler.dense.weight", "pooler.dense.bias"],
};
