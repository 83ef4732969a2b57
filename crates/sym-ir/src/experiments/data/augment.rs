//! `augment: noise(0.1)`, `augment: [crop(4), flip]`.

use crate::experiment::Augmentation;
use crate::experiments::arguments::{Arguments, callee};
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{non_negative, whole};
use sym_syntax::ast::{Expr, ExprKind};

const NAMES: [&str; 3] = ["noise", "flip", "crop"];

/// The changes that an expression names; `None` where one of them has an error.
pub(super) fn elaborate(expr: &Expr, reporter: &mut Reporter) -> Option<Vec<Augmentation>> {
    let all = match &expr.kind {
        ExprKind::List(all) => all.as_slice(),
        _ => std::slice::from_ref(expr),
    };
    // All are looked at, so that each mistake is said.
    let found: Vec<Option<Augmentation>> = all.iter().map(|one| change(one, reporter)).collect();
    found.into_iter().collect()
}

fn change(expr: &Expr, reporter: &mut Reporter) -> Option<Augmentation> {
    let Some([name]) = callee(expr) else {
        reporter.wrong_type(expr, "`augment`", "changes such as `[crop(4), flip]`");
        return None;
    };
    let known: &[&str] = match name.text.as_str() {
        "noise" => &["std"],
        "crop" => &["pixels"],
        "flip" => &[],
        other => {
            reporter.unknown(name.span, "change of examples", other, NAMES);
            return None;
        }
    };
    let mut arguments = Arguments::of(expr, &name.text, known);
    let change = match name.text.as_str() {
        "noise" => {
            let std = arguments.required("std", "0.1", reporter).and_then(|value| non_negative(value, "`std`", reporter));
            std.map(|std| Augmentation::Noise { std })
        }
        "crop" => {
            let pixels = arguments.required("pixels", "4", reporter).and_then(|value| whole(value, "`pixels`", 1, reporter));
            pixels.map(|pixels| Augmentation::Crop { pixels })
        }
        _ => Some(Augmentation::Flip),
    };
    arguments.finish(reporter);
    change
}
