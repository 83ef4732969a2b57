//! `data NAME = SOURCE split N as test`.

mod augment;
mod distribution;
mod files;
mod generated;
mod preparation;

use super::Elaborator;
use super::arguments::{Arguments, callee};
use super::values::whole;
use crate::experiment::{Data, DataSource};
use sym_diagnostics::Span;
use sym_syntax::ast::{self, Expr};

/// The sources that are no files.
const MADE: [&str; 4] = ["digits", "teacher", "gaussian", "in_context"];

impl Elaborator<'_> {
    pub(super) fn data(&mut self, data: &ast::Data, span: Span) {
        if let Some(found) = self.data_of(data, span)
            && !self.document.data.contains_key(&found.name)
        {
            self.document.data.insert(found.name.clone(), found);
        }
    }

    /// The data set that an item describes.
    pub(super) fn data_of(&mut self, data: &ast::Data, span: Span) -> Option<Data> {
        let expr = &data.source;
        let split = match &data.split {
            None => Some(None),
            Some(split) => {
                whole(&split.count, "the split", 1, &mut self.reporter).map(|count| Some((count, split.name.text.clone())))
            }
        };
        let Some([word]) = callee(expr) else {
            self.reporter.wrong_type(expr, "`data`", "a source such as `digits()`");
            return None;
        };
        let Some(known) = arguments_of(&word.text) else {
            let names = MADE.into_iter().chain(files::NAMES);
            self.reporter.unknown(word.span, "source of data", &word.text, names);
            return None;
        };
        let mut arguments = Arguments::of(expr, &word.text, known).also(&preparation::ARGUMENTS);
        let preparation = preparation::elaborate(&mut arguments, &mut self.reporter);
        let source = self.data_source(&word.text, arguments, expr);
        let (source, preparation) = (source?, preparation?);
        let second = data.split.as_ref().map(|split| split.name.span);
        preparation.check(&source, second, expr, &mut self.reporter)?;
        let (preparation, fresh) = (preparation.prepared, preparation.fresh);
        Some(Data { name: data.name.text.clone(), source, preparation, fresh, split: split?, span })
    }

    fn data_source(&mut self, word: &str, mut arguments: Arguments<'_>, expr: &Expr) -> Option<DataSource> {
        let reporter = &mut self.reporter;
        match word {
            "teacher" => self.teacher(arguments, expr),
            "gaussian" => generated::gaussian(arguments, reporter),
            "in_context" => generated::in_context(arguments, reporter),
            "digits" => {
                arguments.finish(reporter);
                Some(DataSource::Digits)
            }
            _ => {
                let source = files::elaborate(word, &mut arguments, expr, reporter);
                arguments.finish(reporter);
                Some(DataSource::File(source?))
            }
        }
    }
}

/// The names of a source's own arguments; `None` for a word that is no source.
fn arguments_of(word: &str) -> Option<&'static [&'static str]> {
    match word {
        "digits" => Some(&["n"]),
        "teacher" => Some(&["model", "init", "scale", "n", "x", "rank", "noise", "fresh"]),
        "gaussian" => Some(&["d", "n", "std", "rank", "fresh"]),
        "in_context" => Some(&["tokens", "d", "n", "noise", "fresh"]),
        _ => files::arguments_of(word),
    }
}
