//! `data NAME = SOURCE split N as test`.

use super::arguments::{Arguments, callee};
use super::reporter::Reporter;
use super::values::{non_negative, number, positive, string, whole};
use super::{Elaborator, initial};
use crate::experiment::{Data, DataSource, Distribution, Init, InitKind};
use sym_diagnostics::Span;
use sym_syntax::ast::{self, Expr};

const SOURCES: [&str; 4] = ["digits", "csv", "teacher", "gaussian"];

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
        let source = self.data_source(&data.source);
        let split = match &data.split {
            None => Some(None),
            Some(split) => {
                whole(&split.count, "the split", 1, &mut self.reporter).map(|count| Some((count, split.name.text.clone())))
            }
        };
        Some(Data { name: data.name.text.clone(), source: source?, split: split?, span })
    }

    fn data_source(&mut self, expr: &Expr) -> Option<DataSource> {
        let Some([name]) = callee(expr) else {
            self.reporter.wrong_type(expr, "`data`", "a source such as `digits()`");
            return None;
        };
        match name.text.as_str() {
            "digits" => {
                Arguments::of(expr, "digits", &[]).finish(&mut self.reporter);
                Some(DataSource::Digits)
            }
            "csv" => csv(expr, &mut self.reporter),
            "teacher" => self.teacher(expr),
            "gaussian" => gaussian(expr, &mut self.reporter),
            other => {
                self.reporter.unknown(name.span, "source of data", other, SOURCES);
                None
            }
        }
    }

    fn teacher(&mut self, expr: &Expr) -> Option<DataSource> {
        let reporter = &mut self.reporter;
        let mut arguments = Arguments::of(expr, "teacher", &["model", "init", "scale", "n", "x", "noise"]);
        let model = arguments.required("model", "Mlp", reporter);
        let count = arguments.required("n", "300", reporter).and_then(|value| whole(value, "`n`", 1, reporter));
        let scale = arguments.named("scale").map_or(Some(1.0), |value| number(value, "`scale`", reporter));
        let noise = arguments.named("noise").map_or(Some(0.0), |value| non_negative(value, "`noise`", reporter));
        let inputs = arguments
            .named("x")
            .map_or(Some(Distribution::Normal { mean: 0.0, std: 1.0 }), |value| distribution(value, reporter));
        let init = arguments.named("init");
        arguments.finish(reporter);
        let program = self.models.instantiate(model?).map(|(_, instance)| instance.program);
        let init = match init {
            Some(value) => initial::elaborate(value, program.as_ref(), &mut self.reporter),
            None => Some(Init { kind: InitKind::Default, targets: Vec::new(), span: expr.span }),
        };
        Some(DataSource::Teacher {
            program: Box::new(program?),
            init: init?,
            scale: scale?,
            count: count?,
            inputs: inputs?,
            noise: noise?,
        })
    }
}

fn csv(expr: &Expr, reporter: &mut Reporter) -> Option<DataSource> {
    let mut arguments = Arguments::of(expr, "csv", &["path", "target", "classes"]);
    let path = arguments.required("path", "\"table.csv\"", reporter);
    let span = path.map_or(expr.span, |path| path.span);
    let path = path.and_then(|value| string(value, "`path`", reporter));
    let target = match arguments.named("target") {
        None => Some(None),
        Some(value) if super::values::name(value) == Some("last") => Some(None),
        Some(value) => string(value, "`target`", reporter).map(Some),
    };
    let classes = match arguments.named("classes") {
        None => Some(None),
        Some(value) => whole(value, "`classes`", 2, reporter).map(Some),
    };
    arguments.finish(reporter);
    Some(DataSource::Csv { path: path?, target: target?, classes: classes?, span })
}

fn gaussian(expr: &Expr, reporter: &mut Reporter) -> Option<DataSource> {
    let mut arguments = Arguments::of(expr, "gaussian", &["d", "n", "std"]);
    let dimension = arguments.required("d", "10", reporter).and_then(|value| whole(value, "`d`", 1, reporter));
    let count = arguments.required("n", "1_000", reporter).and_then(|value| whole(value, "`n`", 1, reporter));
    let std = arguments.named("std").map_or(Some(1.0), |value| positive(value, "`std`", reporter));
    arguments.finish(reporter);
    Some(DataSource::Identity { dimension: dimension?, count: count?, inputs: Distribution::Normal { mean: 0.0, std: std? } })
}

/// `normal(0, 1.5)`, `uniform(-1, 1)`, `sin(normal(0, 1.5))`.
fn distribution(expr: &Expr, reporter: &mut Reporter) -> Option<Distribution> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`x`", "a distribution such as `normal(0, 1)`");
        return None;
    };
    match name.text.as_str() {
        "normal" => {
            let mut arguments = Arguments::of(expr, "normal", &["mean", "std"]);
            let mean = arguments.required("mean", "0", reporter).and_then(|value| number(value, "`mean`", reporter));
            let std = arguments.required("std", "1", reporter).and_then(|value| non_negative(value, "`std`", reporter));
            arguments.finish(reporter);
            Some(Distribution::Normal { mean: mean?, std: std? })
        }
        "uniform" => {
            let mut arguments = Arguments::of(expr, "uniform", &["low", "high"]);
            let low = arguments.required("low", "-1", reporter).and_then(|value| number(value, "`low`", reporter));
            let high = arguments.required("high", "1", reporter);
            let bound = high.and_then(|value| number(value, "`high`", reporter));
            arguments.finish(reporter);
            let (low, bound) = (low?, bound?);
            if low >= bound {
                reporter.bad_value(high?.span, "`high`", &bound.to_string(), &format!("above `low`, {low}"));
                return None;
            }
            Some(Distribution::Uniform { low, high: bound })
        }
        "sin" => {
            let mut arguments = Arguments::of(expr, "sin", &["of"]);
            let inner = arguments.required("of", "normal(0, 1)", reporter).and_then(|value| distribution(value, reporter));
            arguments.finish(reporter);
            Some(Distribution::Sine(Box::new(inner?)))
        }
        other => {
            reporter.unknown(name.span, "distribution", other, ["normal", "uniform", "sin"]);
            None
        }
    }
}
