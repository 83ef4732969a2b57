//! The names that the items of a file define, with the standard library behind them.

use crate::library::{self, LibraryFile};
use indexmap::IndexMap;
use std::rc::Rc;
use sym_diagnostics::{Code, Diagnostic, FileId, Sources};
use sym_syntax::ast::{Ident, Item, ItemKind};

/// Primitives: names that no item may take.
pub const PRIMITIVES: [&str; 18] = [
    "softmax",
    "sum",
    "mean",
    "max",
    "min",
    "reshape",
    "concat",
    "slice",
    "sqrt",
    "identity",
    "normalise",
    "window",
    "one_hot",
    "mask",
    "top_k",
    "rotary",
    "zeros",
    "gather",
];

/// Items by name.
#[derive(Debug, Default)]
pub struct Names {
    items: IndexMap<String, Rc<Item>>,
    library: IndexMap<String, Rc<Item>>,
    library_files: IndexMap<&'static str, FileId>,
}

impl Names {
    /// Enters an item under its name; E0202 where the name is taken.
    pub fn enter(&mut self, item: &Rc<Item>, diagnostics: &mut Vec<Diagnostic>) {
        let Some(name) = item_name(item) else { return };
        if PRIMITIVES.contains(&name.text.as_str()) || crate::Builtin::ALL.iter().any(|(builtin, _)| *builtin == name.text) {
            diagnostics.push(
                Diagnostic::new(Code::E0202, name.span, format!("`{}` is the name of a primitive", name.text))
                    .label("defined again here")
                    .found(name.text.clone())
                    .expected("a name that is not built in")
                    .help(format!("choose another name, such as `my_{}`", name.text)),
            );
            return;
        }
        if let Some(first) = self.items.get(&name.text).and_then(|first| item_name(first)) {
            let same_file = first.span.file == name.span.file;
            let mut diagnostic = Diagnostic::new(Code::E0202, name.span, format!("`{}` is defined twice", name.text))
                .label("defined again here")
                .found(name.text.clone())
                .expected("one definition a name")
                .help("rename one of them");
            if same_file {
                diagnostic = diagnostic.cause(first.span, "first defined here");
            }
            diagnostics.push(diagnostic);
            return;
        }
        self.items.insert(name.text.clone(), item.clone());
    }

    /// The data sets of the files that `root` uses.
    pub fn used_data(&self, root: FileId) -> impl Iterator<Item = &Rc<Item>> {
        self.items.values().filter(move |item| matches!(item.kind, ItemKind::Data(_)) && item.span.file != root)
    }

    /// The user's item of this name.
    pub fn own(&self, name: &str) -> Option<Rc<Item>> {
        self.items.get(name).cloned()
    }

    /// The item of this name; the standard library's where the user has none.
    pub fn find(&mut self, name: &str, sources: &mut Sources) -> Option<Rc<Item>> {
        if let Some(item) = self.items.get(name).or_else(|| self.library.get(name)) {
            return Some(item.clone());
        }
        let file = library::file_of(name)?;
        let id = *self.library_files.entry(file.path).or_insert_with(|| sources.add(file.path, file.text));
        let (tree, _) = sym_syntax::parse(id, &alone(file.text, name)?);
        let item = Rc::new(tree.items.into_iter().next()?);
        self.library.insert(name.to_string(), item.clone());
        Some(item)
    }

    /// Whether a file belongs to the standard library.
    pub fn is_library(&self, file: FileId) -> bool {
        self.library_files.values().any(|known| *known == file)
    }

    /// The user's names of items that `wanted` accepts, in order.
    pub fn list(&self, wanted: impl Fn(&ItemKind) -> bool) -> Vec<String> {
        self.items.iter().filter(|(_, item)| wanted(&item.kind)).map(|(name, _)| name.clone()).collect()
    }

    /// Everything that can be called in a model: blocks, functions and primitives.
    pub fn callable(&self) -> Vec<String> {
        let own = self.list(|kind| matches!(kind, ItemKind::Block(_) | ItemKind::Function(_)));
        let library = library::FILES.iter().flat_map(LibraryFile::blocks).map(str::to_string);
        let builtin = crate::Builtin::ALL.iter().map(|(name, _)| (*name).to_string());
        own.into_iter().chain(library).chain(PRIMITIVES.iter().map(|name| (*name).to_string())).chain(builtin).collect()
    }
}

/// A text of the library with blanks in front of one block and nothing behind it, so that places in it are places in the text.
fn alone(text: &str, block: &str) -> Option<String> {
    let head = format!("\nblock {block}(");
    let start = if text.starts_with(&head[1..]) { 0 } else { text.find(&head)? + 1 };
    let end = text[start..].find("\nblock ").map_or(text.len(), |length| start + length);
    Some(" ".repeat(start) + &text[start..end])
}

/// The name that an item defines for others.
pub fn item_name(item: &Item) -> Option<&Ident> {
    match &item.kind {
        ItemKind::Function(function) => Some(&function.name),
        ItemKind::Block(block) => Some(&block.name),
        ItemKind::Model(model) => Some(&model.name),
        ItemKind::Data(data) => Some(&data.name),
        ItemKind::Train(train) => Some(&train.name),
        ItemKind::Theorem(theorem) => Some(&theorem.name),
        ItemKind::Sweep(sweep) => Some(&sweep.name),
        ItemKind::Measure(measure) => Some(&measure.name),
        ItemKind::Use(_) | ItemKind::Figure(_) | ItemKind::Expect(_) | ItemKind::Assume(_) | ItemKind::Error => None,
    }
}
