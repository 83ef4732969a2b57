//! The whole way from source texts to a [`Document`].

use crate::elaborate::Elaborator;
use crate::experiment::{Document, Model};
use crate::experiments::{Models, Overrides};
use crate::intervention::{Instance, Rewrite};
use crate::library::FILES;
use crate::names::Names;
use std::rc::Rc;
use sym_diagnostics::{Code, Diagnostic, FileId, Sources, Span};
use sym_syntax::ast::{Expr, Item, ItemKind, StringLiteral, UsePath};

/// Where files that a `use` names come from.
pub trait Loader {
    /// The canonical name and the text of `path` as written in the file `from`.
    ///
    /// # Errors
    /// A message, lower case, that says why it cannot be read.
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String>;
}

/// What the user asked for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The profile to apply.
    pub profile: Option<String>,
    /// Overrides: (`Saddle.steps`, `100`).
    pub set: Vec<(String, String)>,
    /// What carries out the interventions of models; without it they are refused.
    pub rewrite: Option<Rewrite>,
}

/// The most files that one compilation reads.
const MOST_FILES: usize = 1000;

/// Compiles the file `root` with all files that it uses.
pub fn compile(sources: &mut Sources, root: FileId, loader: &mut dyn Loader, options: &Options) -> Document {
    let mut reading =
        Reading { diagnostics: Vec::new(), names: Names::default(), open: Vec::new(), read: Vec::new(), root_items: Vec::new() };
    reading.file(sources, root, loader);
    let Reading { diagnostics, names, root_items, .. } = reading;
    let syntax_errors = diagnostics.iter().filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span)).collect();
    let mut document = Document { diagnostics, ..Document::default() };
    let mut elaborator = Elaborator::new(sources, names, options);
    elaborator.syntax_errors = syntax_errors;
    for item in &root_items {
        match &item.kind {
            ItemKind::Model(model) => {
                let own = elaborator.names.own(&model.name.text).is_some_and(|own| Rc::ptr_eq(&own, item));
                if own
                    && elaborator.has_all_defaults(&model.name.text)
                    && let Some(Instance { program, edits }) = elaborator.default_model(&model.name)
                {
                    document.models.insert(model.name.text.clone(), Model { program, edits, span: item.span });
                }
            }
            ItemKind::Function(function) => elaborator.check_function(function),
            _ => {}
        }
    }
    let used: Vec<Rc<Item>> = elaborator.names.used_data(root).cloned().collect();
    let items: Vec<&Item> = root_items.iter().chain(&used).map(Rc::as_ref).collect();
    let overrides = Overrides::read(elaborator.sources, &options.set, &items);
    let texts = elaborator.sources.clone();
    crate::experiments::elaborate(&items, &texts, options.profile.as_deref(), &overrides, &mut elaborator, &mut document);
    elaborator.check_alone(&root_items);
    document.diagnostics.extend(elaborator.take_diagnostics());
    document.diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.primary.as_ref().map(|label| (label.span.file != root, label.span.file, label.span.start));
        (place.is_none(), place)
    });
    document
}

/// What `use std.NAME` may name; `layers` is all of it.
fn modules() -> impl Iterator<Item = &'static str> {
    std::iter::once("layers").chain(FILES.iter().map(|file| file.module))
}

/// Files being read: their items, and which `use` leads where.
struct Reading {
    diagnostics: Vec<Diagnostic>,
    names: Names,
    open: Vec<String>,
    read: Vec<String>,
    root_items: Vec<Rc<Item>>,
}

impl Reading {
    fn file(&mut self, sources: &mut Sources, id: FileId, loader: &mut dyn Loader) {
        let name = sources.file(id).name.clone();
        let text = sources.file(id).text.clone();
        let is_root = self.open.is_empty();
        self.open.push(name.clone());
        self.read.push(name.clone());
        let (tree, diagnostics) = sym_syntax::parse(id, &text);
        self.diagnostics.extend(diagnostics);
        let items: Vec<Rc<Item>> = tree.items.into_iter().map(Rc::new).collect();
        for item in &items {
            if let ItemKind::Use(path) = &item.kind {
                self.use_item(sources, &name, path, item.span, loader);
            }
        }
        for item in &items {
            let shared = matches!(
                item.kind,
                ItemKind::Function(_) | ItemKind::Block(_) | ItemKind::Model(_) | ItemKind::Data(_) | ItemKind::Train(_)
            );
            if is_root || shared {
                self.names.enter(item, &mut self.diagnostics);
            }
        }
        if is_root {
            self.root_items = items;
        }
        self.open.pop();
    }

    fn use_item(&mut self, sources: &mut Sources, from: &str, path: &UsePath, span: Span, loader: &mut dyn Loader) {
        match path {
            UsePath::Module(module) => {
                let known = module.first().is_some_and(|first| first.text == "std")
                    && module.get(1).is_none_or(|name| modules().any(|module| module == name.text));
                if !known {
                    let written = module.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
                    let modules: Vec<String> = modules().map(|name| format!("std.{name}")).collect();
                    self.diagnostics.push(
                        Diagnostic::new(Code::E0201, span, format!("there is no module `{written}`"))
                            .found(written.clone())
                            .expected("a part of `std`, or a file as `use \"file.sym\"`")
                            .suggest(&written, modules.iter().map(String::as_str)),
                    );
                }
            }
            UsePath::File(literal) => self.use_file(sources, from, literal, loader),
        }
    }

    fn use_file(&mut self, sources: &mut Sources, from: &str, literal: &StringLiteral, loader: &mut dyn Loader) {
        let Some(path) = literal.plain() else {
            self.diagnostics.push(
                Diagnostic::new(Code::E0217, literal.span, "the path of a used file has a `{…}` in it")
                    .found(sources.text(literal.span).to_string())
                    .expected("a plain path"),
            );
            return;
        };
        let (name, text) = match loader.load(from, &path) {
            Ok(loaded) => loaded,
            Err(reason) => {
                self.diagnostics.push(
                    Diagnostic::new(Code::E0217, literal.span, format!("`{path}` cannot be read: {reason}"))
                        .found(reason)
                        .expected("a readable file, relative to this one")
                        .help("check the path"),
                );
                return;
            }
        };
        if let Some(at) = self.open.iter().position(|open| *open == name) {
            let mut circle: Vec<&str> = self.open[at..].iter().map(String::as_str).collect();
            circle.push(&name);
            self.diagnostics.push(
                Diagnostic::new(Code::E0216, literal.span, format!("`{path}` leads back to itself: {}", circle.join(" uses ")))
                    .label("closes the circle")
                    .found(circle.join(" → "))
                    .expected("files that use each other in one direction")
                    .help("move what both need into a third file"),
            );
            return;
        }
        if self.read.contains(&name) {
            return;
        }
        if self.read.len() >= MOST_FILES || self.open.len() >= 64 {
            self.diagnostics.push(
                Diagnostic::new(Code::E0217, literal.span, format!("`{path}` is one file too many"))
                    .found(format!("{} files, {} deep", self.read.len(), self.open.len()))
                    .expected(format!("at most {MOST_FILES} files, 64 deep")),
            );
            return;
        }
        let id = sources.add(name, text);
        self.file(sources, id, loader);
    }
}

impl Models for Elaborator<'_> {
    fn instantiate(&mut self, expr: &Expr) -> Option<(String, Instance)> {
        self.instantiate_model(expr)
    }
}
