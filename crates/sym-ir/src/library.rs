//! The texts of the standard library, and which block stands in which.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A file of the standard library.
#[derive(Debug, Clone, Copy)]
pub struct LibraryFile {
    /// The module, as `use std.NAME` has it.
    pub module: &'static str,
    /// The path that messages show.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

macro_rules! files {
    ($($module:literal)*) => {
        [$(LibraryFile {
            module: $module,
            path: concat!("std/", $module, ".sym"),
            text: include_str!(concat!("../std/", $module, ".sym")),
        },)*]
    };
}

/// The files.
pub static FILES: [LibraryFile; 13] = files! {
    "linear" "mlp" "residual" "embedding" "norm" "conv" "resnet" "attention" "transformer" "moe" "recurrent" "factorised" "heads"
};

/// The file of each block.
static BLOCKS: LazyLock<HashMap<&'static str, &'static LibraryFile>> =
    LazyLock::new(|| FILES.iter().flat_map(|file| file.blocks().map(move |block| (block, file))).collect());

impl LibraryFile {
    /// The names of its blocks in order: each begins a line of its own.
    pub fn blocks(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().filter_map(|line| Some(line.strip_prefix("block ")?.split_once('(')?.0))
    }
}

/// The file in which a block stands.
pub(crate) fn file_of(block: &str) -> Option<&'static LibraryFile> {
    BLOCKS.get(block).copied()
}
