//! `--set Saddle.steps=100`, `--set Saddle.optim.lr=0.1`: a field, or an argument of its value, of a `train`, `theorem` or `measure` item from the command line.

use sym_diagnostics::{Code, Diagnostic, FileId, Sources};
use sym_syntax::ast::{Expr, Field, FieldValue, Item, ItemKind};

/// How a `measure` item begins, whose clauses stand in front of its braces.
const MEASURE: &str = "measure ";

/// Fields from the command line, by item.
#[derive(Debug, Default)]
pub struct Overrides {
    fields: Vec<(String, Field)>,
    /// What is wrong with them.
    pub diagnostics: Vec<Diagnostic>,
}

impl Overrides {
    /// Reads the overrides of `train`, `theorem` and `measure` items among `items`; those of models are left to the elaboration of models. Each
    /// becomes a source of its own, so that diagnostics can point into it.
    pub fn read(sources: &mut Sources, set: &[(String, String)], items: &[&Item]) -> Self {
        let mut overrides = Self::default();
        for (path, value) in set {
            let name = path.split_once('.').map_or(path.as_str(), |(name, _)| name);
            let header = items.iter().find_map(|item| match &item.kind {
                ItemKind::Train(train) if train.name.text == name => Some(format!("train {name} = {name}")),
                ItemKind::Theorem(theorem) if theorem.name.text == name => Some(format!("theorem {name} on {name}")),
                ItemKind::Measure(measure) if measure.name.text == name => Some(format!("{MEASURE}{name} on {name}")),
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
        // `optim.lr`: an argument of the field's value.
        let (field, argument) = match key.split_once('.') {
            Some((field, argument)) => (field, Some(argument)),
            None => (key, None),
        };
        if !is_name(field) || !argument.is_none_or(is_name) {
            self.diagnostics.push(
                Diagnostic::without_span(Code::E0219, format!("`--set {path}={value}` names no field of `{name}`"))
                    .usage()
                    .found(format!("`{path}`"))
                    .expected("a field")
                    .help(format!("write `--set {name}.steps=100` or `--set {name}.optim.lr=0.1`")),
            );
            return;
        }
        let text = if header.starts_with(MEASURE) {
            format!("{header} {field} {value} {{ norm }}")
        } else {
            format!("{header} {{ {field} {value} }}")
        };
        let file = sources.add(format!("--set {name}.{key}={value}"), &text);
        let (tree, diagnostics) = sym_syntax::parse(file, &text);
        if let Some(first) = diagnostics.into_iter().next() {
            // What follows the first is about the text around the value, which the user has not written.
            self.diagnostics.push(first);
            return;
        }
        let [item] = tree.items.as_slice() else { return };
        let fields = match &item.kind {
            ItemKind::Train(train) => &train.fields,
            ItemKind::Theorem(theorem) => &theorem.fields,
            ItemKind::Measure(measure) => &measure.clauses,
            _ => return,
        };
        let is_one = |field: &Field| matches!(&field.value, FieldValue::Exprs(exprs) if exprs.len() == 1);
        if let [field] = fields.as_slice()
            && (argument.is_none() || is_one(field))
        {
            let mut field = field.clone();
            field.key.text = key.to_string();
            self.fields.push((name.to_string(), field));
        } else {
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
                ItemKind::Measure(measure) => Some(measure.name.text.as_str()),
                _ => None,
            })
            .collect();
        if !names.contains(&name) {
            self.diagnostics.push(
                Diagnostic::without_span(
                    Code::E0201,
                    format!("`--set {path}` names no model, train, theorem or measure: there is no `{name}`"),
                )
                .usage()
                .found(format!("`{name}`"))
                .expected("the name of a model, train, theorem or measure")
                .suggest(name, names),
            );
        }
    }

    /// The fields given for one item.
    pub(super) fn of(&self, name: &str) -> Vec<Field> {
        self.fields.iter().filter(|(item, _)| item == name).map(|(_, field)| field.clone()).collect()
    }
}

/// The expression that stands behind a `--set …=`, where it is one without mistakes.
pub(crate) fn expression(raw: &str) -> Option<Expr> {
    let (tree, diagnostics) = sym_syntax::parse(FileId(0), &format!("train set = set {{ steps {raw} }}"));
    let [Item { kind: ItemKind::Train(train), .. }] = tree.items.as_slice() else { return None };
    let [Field { value: FieldValue::Exprs(values), .. }] = train.fields.as_slice() else { return None };
    let [value] = values.as_slice() else { return None };
    diagnostics.is_empty().then(|| value.clone())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}
