//! Maps from the names of a file to those of a model.
//!
//! A map is data: prefixes that wrap a model, and rules from a name of the file to one of the model. A new one is a file here and a line in
//! [`all`].

mod fit;
mod hf;
mod pattern;
mod timm;
mod torch;

pub use fit::{Fit, Wanted, fit, offered};

use sym_diagnostics::nearest;

/// A map of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameMap {
    /// Its name in the language, such as `hf.bert`.
    pub name: &'static str,
    /// What it is for.
    pub summary: &'static str,
    /// What may stand in front of all names, in the file or in the model, such as `bert.`.
    pub prefixes: &'static [&'static str],
    /// Other names, in order; a name that the model has needs no rule.
    pub rules: &'static [Rule],
    /// Tensors of the file that a model has no use for: counters, masks, heads for training.
    pub ignored: &'static [&'static str],
}

/// A name of the file and what it holds of a tensor of the model. In both, `*` stands for one part of a name between points, the same in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// In the file.
    pub from: &'static str,
    /// In the model.
    pub to: &'static str,
    /// How the one is made of the other.
    pub form: Form,
}

/// How a tensor of the model is made of one of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It is the same.
    Same,
    /// It is the transpose of a matrix.
    Transposed,
    /// It is the `index`-th of `of` equal parts along axis 0.
    Part {
        /// Which.
        index: usize,
        /// Of how many.
        of: usize,
    },
    /// It is the transpose of the `index`-th of `of` equal parts of a matrix along axis 1 (or of a vector).
    TransposedPart {
        /// Which.
        index: usize,
        /// Of how many.
        of: usize,
    },
    /// Its `index`-th of `of` equal parts along axis 0 is the tensor of the file.
    Joined {
        /// Which.
        index: usize,
        /// Of how many.
        of: usize,
    },
}

/// A rule that renames.
const fn same(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to, form: Form::Same }
}

/// A rule that takes the transpose.
const fn transposed(from: &'static str, to: &'static str) -> Rule {
    Rule { from, to, form: Form::Transposed }
}

/// A rule that puts queries, keys and values, by index, into one tensor.
const fn third(from: &'static str, to: &'static str, index: usize) -> Rule {
    Rule { from, to, form: Form::Joined { index, of: 3 } }
}

/// Every map, in the order of the documentation.
pub fn all() -> &'static [NameMap] {
    &[
        hf::BERT,
        hf::ROBERTA,
        hf::DISTILBERT,
        hf::GPT2,
        hf::LLAMA,
        hf::VIT,
        timm::VIT,
        torch::RESNET,
        torch::VISION_VIT,
        torch::CREPE,
    ]
}

/// The map of a name.
///
/// # Errors
///
/// The nearest name, if one is near.
pub fn find(name: &str) -> Result<&'static NameMap, Option<&'static str>> {
    all().iter().find(|map| map.name == name).ok_or_else(|| nearest(name, all().iter().map(|map| map.name)))
}
