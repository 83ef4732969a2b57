//! Sources that are generated.

use super::distribution::distribution;
use crate::experiment::{DataSource, Distribution, Init, InitKind};
use crate::experiments::arguments::Arguments;
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{non_negative, number, optional, positive, whole};
use crate::experiments::{Elaborator, initial};
use sym_syntax::ast::Expr;

impl Elaborator<'_> {
    pub(super) fn teacher(&mut self, mut arguments: Arguments<'_>, expr: &Expr) -> Option<DataSource> {
        let reporter = &mut self.reporter;
        let model = arguments.required("model", "Mlp", reporter);
        let count = arguments.required("n", "300", reporter).and_then(|value| whole(value, "`n`", 1, reporter));
        let scale = arguments.named("scale").map_or(Some(1.0), |value| number(value, "`scale`", reporter));
        let noise = arguments.named("noise").map_or(Some(0.0), |value| non_negative(value, "`noise`", reporter));
        let inputs = arguments
            .named("x")
            .map_or(Some(Distribution::Normal { mean: 0.0, std: 1.0 }), |value| distribution(value, reporter));
        let rank_of = arguments.named("rank");
        let rank = optional(rank_of, "`rank`", 1, reporter);
        let init = arguments.named("init");
        arguments.finish(reporter);
        let program = self.models.instantiate(model?).map(|(_, instance)| instance.program);
        let init = match init {
            Some(value) => initial::elaborate(value, program.as_ref(), &mut self.reporter),
            None => Some(Init { kind: InitKind::Default, targets: Vec::new(), span: expr.span }),
        };
        let program = program?;
        let entries = |input: &crate::Input| input.shape.iter().map(|axis| axis.size).fold(1, u128::saturating_mul);
        let smallest = program.inputs.iter().map(entries).min().unwrap_or(0);
        let rank = rank?;
        check_rank(rank, rank_of, smallest, &mut self.reporter)?;
        Some(DataSource::Teacher {
            program: Box::new(program),
            init: init?,
            scale: scale?,
            count: count?,
            inputs: inputs?,
            rank,
            noise: noise?,
        })
    }
}

pub(super) fn gaussian(mut arguments: Arguments<'_>, reporter: &mut Reporter) -> Option<DataSource> {
    let dimension = arguments.required("d", "10", reporter).and_then(|value| whole(value, "`d`", 1, reporter));
    let count = arguments.required("n", "1_000", reporter).and_then(|value| whole(value, "`n`", 1, reporter));
    let std = arguments.named("std").map_or(Some(1.0), |value| positive(value, "`std`", reporter));
    let rank_of = arguments.named("rank");
    let rank = optional(rank_of, "`rank`", 1, reporter);
    arguments.finish(reporter);
    let (dimension, rank) = (dimension?, rank?);
    check_rank(rank, rank_of, u128::from(dimension), reporter)?;
    let inputs = Distribution::Normal { mean: 0.0, std: std? };
    Some(DataSource::Identity { dimension, count: count?, inputs, rank })
}

/// A subspace has at most as many dimensions as the space.
fn check_rank(rank: Option<u64>, written: Option<&Expr>, entries: u128, reporter: &mut Reporter) -> Option<()> {
    match (rank, written) {
        (Some(rank), Some(written)) if u128::from(rank) > entries => {
            reporter.bad_value(written.span, "`rank`", &rank.to_string(), &format!("at most {entries}, the entries of an input"));
            None
        }
        _ => Some(()),
    }
}

pub(super) fn in_context(mut arguments: Arguments<'_>, reporter: &mut Reporter) -> Option<DataSource> {
    let tokens = arguments.required("tokens", "16", reporter).and_then(|value| whole(value, "`tokens`", 2, reporter));
    let features = arguments.required("d", "4", reporter).and_then(|value| whole(value, "`d`", 1, reporter));
    let count = arguments.required("n", "1_000", reporter).and_then(|value| whole(value, "`n`", 1, reporter));
    let noise = arguments.named("noise").map_or(Some(0.0), |value| non_negative(value, "`noise`", reporter));
    arguments.finish(reporter);
    Some(DataSource::InContext { tokens: tokens?, features: features?, count: count?, noise: noise? })
}
