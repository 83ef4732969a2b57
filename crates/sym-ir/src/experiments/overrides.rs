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
    pub fn read(sources: &mut Sources, set: &[(String, String)], items: &[&Item]) -> Self {
        let mut overrides = Self::default();
        for (path, value) in set {
            let name = path.split_once('.').map_or(path.as_str(), |(name, _)| name);
            let header = items.iter().find_map(|item| match &item.kind {
                ItemKind::Train(train) if train.name.text == name => Some(format!("train {name} = {name}")),
                ItemKind::Theorem(theorem) if theorem.name.text == name => Some(format!("theorem {name} on {name}")),
                _ => None,
            });
            match header {
                Some(header) => overrides.read_one(sources, path, &header, value),
                None => overrides.check_name(path, name, items),
            }
        }
        overrides
    }

    fn read_one(&mut self, sources: &mut Sources, path: &str, header: &str, value: &str) {
        let (name, key) = path.split_once('.').unwrap_or((path, ""));
        if !is_name(key) {
            self.diagnostics.push(
                Diagnostic::without_span(Code::E0219, format!("`--set {path}={value}` names no field of `{name}`"))
                    .found(format!("`{path}`"))
                    .expected("a field")
                    .help(format!("write `--set {name}.steps=100`")),
            );
            return;
        }
        let text = format!("{header} {{ {key} {value} }}");
        let file = sources.add(format!("--set {name}.{key}={value}"), &text);
        let (tree, diagnostics) = sym_syntax::parse(file, &text);
        let readable = diagnostics.is_empty();
        self.diagnostics.extend(diagnostics);
        let [item] = tree.items.as_slice() else { return };
        let fields = match &item.kind {
            ItemKind::Train(train) => &train.fields,
            ItemKind::Theorem(theorem) => &theorem.fields,
            _ => return,
        };
        if let [field] = fields.as_slice() {
            self.fields.push((name.to_string(), field.clone()));
        } else if readable {
            self.diagnostics.push(
                Diagnostic::new(Code::E0211, item.span, format!("`--set {name}.{key}={value}` is not one value"))
                    .label("not one field with one value")
                    .expected("one value"),
            );
        }
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

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
