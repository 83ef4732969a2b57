//! From the syntax of `data`, `train`, `sweep`, `measure`, `theorem`, `figure`, `expect` and `assume` items to their typed form.
//!
//! An item with an error is missing from the document; items that refer to it say nothing about that.

mod arguments;
mod between;
mod claim;
mod data;
mod ending;
mod fields;
mod figure;
mod fit;
mod initial;
mod measurement;
mod optimizer;
pub(crate) mod overrides;
mod plots;
mod probe;
mod reporter;
mod running;
mod schedule;
mod statistic;
mod sweep;
mod theorem;
mod train;
pub(crate) mod values;

pub use overrides::Overrides;
pub use theorem::states;

use crate::Document;
use crate::intervention::Instance;
use indexmap::IndexMap;
use reporter::Reporter;
use sym_diagnostics::{Code, Diagnostic, Sources};
use sym_syntax::ast;

/// What the elaboration of models offers to other items.
pub trait Models {
    /// The program of `Mlp` or `Mlp(width: 64)`, with the expression as written. `None` where it has errors; a diagnostic has been given.
    fn instantiate(&mut self, expr: &ast::Expr) -> Option<(String, Instance)>;
}

/// Elaborates every item but `use`, `fn`, `block` and `model` into the document, whose models are there already.
///
/// `profile` is what `--profile` asks for. Items may stand in any order.
pub fn elaborate(
    items: &[&ast::Item],
    sources: &Sources,
    profile: Option<&str>,
    overrides: &Overrides,
    models: &mut dyn Models,
    document: &mut Document,
) {
    let mut elaborator =
        Elaborator { names: Names::collect(items), profile, overrides, models, document, reporter: Reporter::new(sources) };
    elaborator.document.profiles = profiles(items);
    let known = elaborator.document.profiles.clone();
    elaborator.reporter.check_profile(profile, &known);
    for item in items {
        if let ast::ItemKind::Data(data) = &item.kind {
            elaborator.data(data, item.span);
        }
    }
    for item in items {
        match &item.kind {
            ast::ItemKind::Train(train) => elaborator.train(train, item.span),
            ast::ItemKind::Theorem(theorem) => elaborator.theorem(theorem, item.span),
            ast::ItemKind::Measure(measure) => elaborator.measurement(measure, item.span),
            _ => {}
        }
    }
    for item in items {
        if let ast::ItemKind::Sweep(sweep) = &item.kind {
            elaborator.sweep(sweep, item.span);
        }
    }
    for item in items {
        match &item.kind {
            ast::ItemKind::Figure(figure) => elaborator.figure(figure, item.span),
            ast::ItemKind::Expect(claim) => elaborator.expectation(claim),
            ast::ItemKind::Assume(claim) => elaborator.assumption(claim),
            _ => {}
        }
    }
    let diagnostics = elaborator.reporter.finish();
    document.diagnostics.extend(overrides.diagnostics.iter().cloned());
    document.diagnostics.extend(diagnostics);
}

/// The state of one elaboration. Each kind of item adds its methods in a file of its own.
struct Elaborator<'a> {
    names: Names<'a>,
    profile: Option<&'a str>,
    overrides: &'a Overrides,
    models: &'a mut dyn Models,
    document: &'a mut Document,
    reporter: Reporter<'a>,
}

/// All items by name, also those with errors.
struct Names<'a> {
    models: IndexMap<&'a str, &'a ast::Model>,
    data: IndexMap<&'a str, &'a ast::Data>,
    trains: IndexMap<&'a str, &'a ast::Train>,
    sweeps: IndexMap<&'a str, &'a ast::Sweep>,
    /// What has measured columns: training runs and measurements.
    measured: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn collect(items: &[&'a ast::Item]) -> Self {
        let mut names = Self {
            models: IndexMap::new(),
            data: IndexMap::new(),
            trains: IndexMap::new(),
            sweeps: IndexMap::new(),
            measured: Vec::new(),
        };
        for item in items {
            match &item.kind {
                ast::ItemKind::Model(model) => {
                    names.models.entry(&model.name.text).or_insert(model);
                }
                ast::ItemKind::Data(data) => {
                    names.data.entry(&data.name.text).or_insert(data);
                }
                ast::ItemKind::Train(train) => {
                    names.trains.entry(&train.name.text).or_insert(train);
                    names.measured.push(&train.name.text);
                }
                ast::ItemKind::Measure(measure) => {
                    names.measured.push(&measure.name.text);
                }
                ast::ItemKind::Sweep(sweep) => {
                    names.sweeps.entry(&sweep.name.text).or_insert(sweep);
                }
                _ => {}
            }
        }
        names
    }
}

impl Elaborator<'_> {
    /// The data set of this name; `None` also where it has errors of its own.
    fn data_named(&mut self, expr: &ast::Expr) -> Option<crate::experiment::Data> {
        let Some(name) = values::name(expr) else {
            self.reporter.wrong_type(expr, "`data`", "the name of a `data` item");
            return None;
        };
        if !self.names.data.contains_key(name) {
            self.reporter.unknown(expr.span, "data set", name, self.names.data.keys().copied());
        }
        self.document.data.get(name).cloned()
    }
}

/// The profiles that items have, in order.
fn profiles(items: &[&ast::Item]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let fields: &[ast::Field] = match &item.kind {
            ast::ItemKind::Train(train) => &train.fields,
            ast::ItemKind::Theorem(theorem) => &theorem.fields,
            ast::ItemKind::Sweep(sweep) => &sweep.fields,
            ast::ItemKind::Measure(measure) => &measure.profiles,
            _ => &[],
        };
        for field in fields {
            if let ast::FieldValue::Profile { name, .. } = &field.value
                && !names.contains(&name.text)
            {
                names.push(name.text.clone());
            }
        }
    }
    names
}

impl Reporter<'_> {
    /// E0201 for a profile that no item has.
    fn check_profile(&mut self, profile: Option<&str>, names: &[String]) {
        let Some(profile) = profile else { return };
        if !names.iter().any(|name| name == profile) {
            self.push(
                Diagnostic::without_span(Code::E0201, format!("no item has a profile `{profile}`"))
                    .usage()
                    .found(format!("`--profile {profile}`"))
                    .expected("a profile of the file")
                    .suggest(profile, names.iter().map(String::as_str)),
            );
        }
    }
}
