//! `measure NAME on MODEL from "FILE" names MAP data DATA gauges N { … }`.

use super::values::{selector, string, whole};
use super::{Elaborator, fit, probe};
use crate::experiment::{Data, Loss, Measurement, Probe, ProbeKind};
use crate::intervention::Instance;
use crate::probes::Looks;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Expr, Field, FieldValue};

const CLAUSES: [&str; 4] = ["from", "names", "data", "gauges"];

/// More changes of gauge show no more.
const MOST_GAUGES: u64 = 1_000;

impl Elaborator<'_> {
    pub(super) fn measurement(&mut self, item: &ast::Measure, span: Span) {
        let name = item.name.text.clone();
        let before = self.reporter.count();
        self.known_clauses(&item.clauses);
        let mut clauses = item.clauses.clone();
        for (at, field) in item.profiles.iter().enumerate() {
            let FieldValue::Profile { name, fields } = &field.value else { continue };
            self.known_clauses(fields);
            let named = |other: &&Field| matches!(&other.value, FieldValue::Profile { name: own, .. } if own.text == name.text);
            if let Some(first) = item.profiles[..at].iter().find(named) {
                self.reporter.duplicate(field.span, first.span, &format!("the profile `{}`", name.text));
            }
            if self.profile == Some(name.text.as_str()) {
                replace(&mut clauses, fields);
            }
        }
        let given = self.overrides.of(&name);
        self.known_clauses(&given);
        replace(&mut clauses, &given);
        let clause = |key: &str| clause(&clauses, key);
        let model = self.models.instantiate(&item.model);
        let path = clause("from");
        if path.is_none() {
            self.reporter.push(
                Diagnostic::new(Code::E0210, item.model.span, format!("`{name}` needs the file of weights"))
                    .label("no `from` behind it")
                    .expected("`from \"…\"`")
                    .help("write `from \"model.safetensors\"` behind the model"),
            );
        }
        let path_span = path.map_or(span, |expr| expr.span);
        let path = path.and_then(|expr| string(expr, "`from`", &mut self.reporter));
        let names = clause("names").map(|expr| {
            let found = selector(expr).map(|name| (name, expr.span));
            if found.is_none() {
                self.reporter.wrong_type(expr, "`names`", "a map of names such as `hf.bert`");
            }
            found
        });
        let data_expr = clause("data");
        let data = data_expr.map(|expr| self.data_named(expr));
        let gauges = clause("gauges").map_or(Some(0), |expr| self.gauges(expr));
        let Some((model, Instance { program, edits })) = model else { return };
        let mut probes: Vec<Probe> = Vec::new();
        for probe in item.probes.iter().flat_map(|expr| probe::measured(expr, &program, &mut self.reporter)).collect::<Vec<_>>() {
            let column = probe.column_with_settings();
            match probes.iter().find(|first| first.column_with_settings() == column) {
                Some(first) => self.reporter.duplicate(probe.span, first.span, &format!("the column `{column}`")),
                None => probes.push(probe),
            }
        }
        if probes.is_empty() && self.reporter.count() == before {
            self.reporter.push(
                Diagnostic::new(Code::E0210, item.name.span, format!("`{name}` measures nothing"))
                    .label("no probe in its braces")
                    .expected("at least one probe")
                    .help("name the probes: `{ norm, spectrum(fc1.weight) }`"),
            );
        }
        if let (Some(Some(data)), Some(expr)) = (&data, data_expr) {
            fit::check(&program, data, loss_of(data), item.model.span, expr.span, &mut self.reporter);
        }
        for probe in &probes {
            self.check_given(probe, data.as_ref().and_then(Option::as_ref), data.is_some());
        }
        if self.reporter.count() > before || self.document.measurements.contains_key(&name) {
            return;
        }
        let (Some(path), Some(gauges)) = (path, gauges) else { return };
        let data = match data {
            None => None,
            Some(Some(data)) => Some((data.name.clone(), loss_of(&data))),
            Some(None) => return,
        };
        let names = names.flatten();
        let measurement =
            Measurement { name: name.clone(), model, program, edits, path, names, data, gauges, probes, path_span, span };
        self.document.measurements.insert(name, measurement);
    }

    /// E0201 for a clause that there is not, E0202 for one that stands twice, E0211 for one with several values.
    fn known_clauses(&mut self, clauses: &[Field]) {
        for (at, clause) in clauses.iter().enumerate() {
            let key = clause.key.text.as_str();
            if !CLAUSES.contains(&key) {
                self.reporter.unknown(clause.key.span, "clause", key, CLAUSES);
            } else if let Some(first) = clauses[..at].iter().find(|first| first.key.text == key) {
                self.reporter.duplicate(clause.span, first.span, &format!("`{key}`"));
            } else if let FieldValue::Exprs(values) = &clause.value
                && let [_, second, ..] = values.as_slice()
            {
                self.reporter.wrong_type(second, &format!("`{key}`"), "one value");
            }
        }
    }

    fn gauges(&mut self, expr: &Expr) -> Option<u64> {
        let count = whole(expr, "`gauges`", 0, &mut self.reporter)?;
        if count > MOST_GAUGES {
            self.reporter.bad_value(expr.span, "`gauges`", &count.to_string(), &format!("at most {MOST_GAUGES}"));
            return None;
        }
        Some(count)
    }

    /// What given weights alone do not have: a course of training, or examples.
    fn check_given(&mut self, probe: &Probe, data: Option<&Data>, is_given: bool) {
        let word = probe.kind.name();
        if matches!(probe.kind, ProbeKind::Breakings | ProbeKind::Restorations | ProbeKind::Drift | ProbeKind::Barrier) {
            self.reporter.push(
                Diagnostic::new(
                    Code::E0211,
                    probe.span,
                    format!("`{word}` is about a course of training, and given weights have none"),
                )
                .label("compares with earlier steps")
                .found(format!("`{word}`"))
                .expected("a probe of the weights as they are")
                .help("measure it in a `train` item"),
            );
        } else if needs_examples(probe) && !is_given {
            self.reporter.push(
                Diagnostic::new(Code::E0210, probe.span, format!("`{word}` needs examples"))
                    .label("no `data` in this item")
                    .expected("`data …`")
                    .help("write `data Digits` in front of the braces, with the name of a `data` item"),
            );
        } else if let Some(data) = data {
            super::train::check_probe(probe, Some(data), Some(loss_of(data)), &mut self.reporter);
        }
    }
}

/// Puts clauses in place of those of the same key.
fn replace(clauses: &mut Vec<Field>, new: &[Field]) {
    clauses.retain(|own| new.iter().all(|field| field.key.text != own.key.text));
    clauses.extend_from_slice(new);
}

fn clause<'a>(clauses: &'a [Field], key: &str) -> Option<&'a Expr> {
    let field = clauses.iter().find(|clause| clause.key.text == key)?;
    match &field.value {
        FieldValue::Exprs(values) => values.first(),
        _ => None,
    }
}

/// Classes are compared by cross entropy, numbers by squares.
fn loss_of(data: &Data) -> Loss {
    if fit::has_classes(data) { Loss::CrossEntropy } else { Loss::Mse }
}

fn needs_examples(probe: &Probe) -> bool {
    matches!(probe.kind.declaration().looks, Looks::Model | Looks::Values)
}
