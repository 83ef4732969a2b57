//! The families that are known. A new one is a file here and an entry in [`ALL`]; the first whose model fits the file is taken.

mod bert;
mod chain;
mod gpt2;
mod llama;
mod resnet;
mod vit;

use crate::Draft;
use crate::shapes::Shapes;

/// A family of models.
pub struct Family {
    /// The map of names that its files are read with.
    pub map: Option<&'static str>,
    /// The model for a file, where the file can be one of the family.
    pub draft: fn(&Shapes<'_>) -> Option<Draft>,
}

/// All families, the more particular first.
pub const ALL: &[Family] = &[
    Family { map: Some("hf.bert"), draft: bert::draft },
    Family { map: Some("hf.roberta"), draft: bert::roberta },
    Family { map: Some("hf.distilbert"), draft: bert::distilbert },
    Family { map: Some("hf.gpt2"), draft: gpt2::draft },
    Family { map: Some("hf.llama"), draft: llama::draft },
    Family { map: Some("timm.vit"), draft: vit::draft },
    Family { map: Some("hf.vit"), draft: vit::draft },
    Family { map: Some("torchvision.vit"), draft: vit::draft },
    Family { map: Some("timm.vit"), draft: vit::features },
    Family { map: Some("hf.vit"), draft: vit::features },
    Family { map: Some("torchvision.vit"), draft: vit::features },
    Family { map: Some("timm.vit"), draft: vit::encoder },
    Family { map: Some("hf.vit"), draft: vit::encoder },
    Family { map: Some("torchvision.resnet"), draft: resnet::draft },
    Family { map: None, draft: chain::draft },
];

/// The length of sequences in a spec, where a model takes any.
pub const TOKENS: u64 = 16;

/// What is assumed of every model of tokens.
pub fn length(context: Option<u64>) -> (u64, String) {
    let tokens = context.map_or(TOKENS, |context| context.min(TOKENS));
    (tokens, format!("the length of sequences: {tokens} tokens are assumed"))
}
