//! Reads the fields of a body, with the profile and `--set` applied.

use super::arguments::set_argument;
use super::reporter::Reporter;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Expr, Field, FieldValue, Ident};

/// The fields that a kind of item has.
pub(super) struct Schema {
    /// All keys.
    pub(super) known: &'static [&'static str],
    /// Those that may stand more than once.
    pub(super) repeatable: &'static [&'static str],
}

/// The effective fields of one item.
pub(super) struct Fields {
    item: String,
    span: Span,
    list: Vec<Field>,
    /// Whether some text of the item could not be read: what seems to be missing may stand in it.
    unreadable: bool,
}

impl Fields {
    /// Checks the keys of all fields, also of profiles that are not asked for, and applies first the profile, then the overrides: each
    /// replaces the fields of the same key.
    ///
    /// `item` is the item in words, such as ``train `Saddle` ``, `span` its name.
    pub(super) fn resolve(
        (item, span): (String, Span),
        own: &[Field],
        schema: &Schema,
        profile: Option<&str>,
        overrides: &[Field],
        reporter: &mut Reporter,
    ) -> Self {
        let unreadable = own.iter().any(|field| match &field.value {
            FieldValue::Exprs(exprs) => exprs.iter().any(super::reporter::unreadable),
            other => matches!(other, FieldValue::Error),
        });
        let list = resolve_keys(&own.iter().collect::<Vec<_>>(), schema, true, reporter);
        let mut resolved = Self { item, span, list, unreadable };
        for field in own {
            let FieldValue::Profile { name, fields } = &field.value else { continue };
            let fields = resolve_keys(&fields.iter().collect::<Vec<_>>(), schema, false, reporter);
            if profile == Some(name.text.as_str()) {
                resolved.replace(fields);
            }
        }
        let (fields, arguments): (Vec<&Field>, Vec<&Field>) = overrides.iter().partition(|field| !field.key.text.contains('.'));
        resolved.replace(resolve_keys(&fields, schema, false, reporter));
        for argument in arguments {
            resolved.set_argument(argument, reporter);
        }
        resolved
    }

    /// Applies `optim.lr 0.1` from the command line: an argument of every call that the field holds.
    fn set_argument(&mut self, new: &Field, reporter: &mut Reporter) {
        let (key, name) = new.key.text.split_once('.').unwrap_or((&new.key.text, ""));
        let FieldValue::Exprs(values) = &new.value else { return };
        let [value] = values.as_slice() else { return };
        let field = self.list.iter_mut().find(|field| field.key.text == key);
        let Some(FieldValue::Exprs(exprs)) = field.map(|field| &mut field.value) else {
            let keys: Vec<&str> = self.list.iter().map(|field| field.key.text.as_str()).collect();
            reporter.push(
                Diagnostic::new(Code::E0219, new.key.span, format!("{} has no field `{key}` with arguments", self.item))
                    .label("no such field")
                    .found(format!("`{key}`"))
                    .expected("a field of this item whose value is a call, such as `optim`")
                    .suggest(key, keys),
            );
            return;
        };
        for expr in exprs {
            let named = Ident { text: name.to_string(), span: new.key.span };
            if !set_argument(expr, &named, value) {
                reporter.wrong_type(expr, &format!("what `{}` changes", new.key.text), "a call such as `gd(lr: 0.05)`");
            }
        }
    }

    fn replace(&mut self, fields: Vec<Field>) {
        self.list.retain(|field| fields.iter().all(|new| new.key.text != field.key.text));
        self.list.extend(fields);
    }

    /// The fields of a key.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Field> {
        self.list.iter().filter(move |field| field.key.text == key)
    }

    /// The values of a field.
    pub(super) fn exprs(&self, key: &str) -> &[Expr] {
        match self.list.iter().find(|field| field.key.text == key).map(|field| &field.value) {
            Some(FieldValue::Exprs(exprs)) => exprs,
            _ => &[],
        }
    }

    /// The one value of a field; E0211 where it has several.
    pub(super) fn expr(&self, key: &str, reporter: &mut Reporter) -> Option<&Expr> {
        match self.exprs(key) {
            [] => None,
            [one] => Some(one),
            [first, second, ..] => {
                reporter.push(
                    Diagnostic::new(Code::E0211, second.span, format!("the field `{key}` has one value"))
                        .label("a second value")
                        .found(format!("{} values", self.exprs(key).len()))
                        .expected("one value")
                        .cause(first.span, "the first value"),
                );
                None
            }
        }
    }

    /// [`Fields::expr`], with E0220 where the field is missing.
    pub(super) fn required(&self, key: &str, example: &str, reporter: &mut Reporter) -> Option<&Expr> {
        self.require(key, example, reporter);
        self.expr(key, reporter)
    }

    /// E0220 unless the field is there, readable or not, or may stand in text that could not be read.
    pub(super) fn require(&self, key: &str, example: &str, reporter: &mut Reporter) {
        if self.unreadable || self.all(key).next().is_some() {
            return;
        }
        reporter.push(
            Diagnostic::new(Code::E0220, self.span, format!("{} has no `{key}`", self.item))
                .label(format!("`{key}` is missing"))
                .expected(format!("a field `{key}`"))
                .help(format!("add `{example}`")),
        );
    }
}

/// The fields with known keys, without profiles; E0219 and E0202 for the others.
fn resolve_keys(fields: &[&Field], schema: &Schema, profiles: bool, reporter: &mut Reporter) -> Vec<Field> {
    let mut kept: Vec<Field> = Vec::new();
    for &field in fields {
        let key = field.key.text.as_str();
        if profiles && matches!(field.value, FieldValue::Profile { .. }) {
            continue;
        }
        if !schema.known.contains(&key) {
            if !matches!(field.value, FieldValue::Error) {
                reporter.push(
                    Diagnostic::new(Code::E0219, field.key.span, format!("there is no field `{key}` here"))
                        .label("not a field of this item")
                        .found(format!("`{key}`"))
                        .expected("a field of this item")
                        .suggest(key, schema.known.iter().copied()),
                );
            }
            continue;
        }
        if !schema.repeatable.contains(&key)
            && let Some(first) = kept.iter().find(|kept| kept.key.text == key)
        {
            reporter.duplicate(field.key.span, first.key.span, &format!("the field `{key}`"));
            continue;
        }
        kept.push(field.clone());
    }
    kept
}
