//! `--set Saddle.steps=100`: a field of a `train` or `theorem` item from the command line.

use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_syntax::ast::{Field, Item, ItemKind};

/// Fields from the command line, by item.
#[derive(Debug, Default)]
pub struct Overrides {
    fields: Vec<(String, Field)>,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Overrides {
    /// Reads the overrides of `train` and `theorem` items among `items`; those of models are left to the elaboration of models. Each
    /// becomes a source of its own, so that diagnostics can point into it.
    pub fn read(_sources: &mut Sources, set: &[(String, String)], items: &[&Item]) -> Self {
        let mut overrides = Self::default();
        for (path, _) in set {
            let name = path.split_once('.').map_or(path.as_str(), |(name, _)| name);
            overrides.check_name(path, name, items);
        }
        overrides
    }

    fn check_name(&mut self, path: &str, name: &str, items: &[&Item]) {
        let names: Vec<&str> = items
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Model(model) => Some(model.name.text.as_str()),
                ItemKind::Train(train) => Some(train.name.text.as_str()),
                ItemKind::Theorem(theorem) => Some(theorem.name.text.as_str()),
                _ => None,
            })
            .collect();
        if !names.contains(&name) {
            self.diagnostics.push(
                Diagnostic::without_span(
                    Code::E0201,
                    format!("`--set {path}` names no model, train or theorem: there is no `{name}`"),
                )
                .found(format!("`{name}`"))
                .expected("the name of a model, train or theorem")
                .suggest(name, names),
            );
        }
    }

    /// The fields given for one item.
    pub(super) fn of(&self, name: &str) -> Vec<Field> {
        self.fields.iter().filter(|(item, _)| item == name).map(|(_, field)| field.clone()).collect()
    }
}
