//! What is done to examples of any source: the arguments that all sources share.

use crate::experiment::{DataSource, Normalisation, Preparation};
use crate::experiments::arguments::Arguments;
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{non_negative, number, optional, word};
use sym_diagnostics::Span;
use sym_syntax::ast::Expr;

/// The arguments.
pub(super) const ARGUMENTS: [&str; 4] = ["normalise", "transform", "input_scale", "label_noise"];

/// The preparation with where its parts are written.
pub(super) struct Written {
    pub(super) prepared: Preparation,
    normalise: Option<Span>,
    label_noise: Option<Span>,
}

/// Takes the arguments of the preparation, and `n` where the source is not one that generates `n` examples.
pub(super) fn elaborate(arguments: &mut Arguments<'_>, reporter: &mut Reporter) -> Option<Written> {
    let generated = matches!(arguments.name.as_str(), "teacher" | "gaussian" | "in_context");
    let count = if generated { None } else { arguments.named("n") };
    let count = optional(count, "`n`", 1, reporter);
    let groups = [("feature", Normalisation::Feature), ("channel", Normalisation::Channel), ("whole", Normalisation::Whole)];
    let normalise_of = arguments.named("normalise");
    let normalise = normalise_of.map_or(Some(None), |value| word(value, "normalisation", &groups, reporter).map(Some));
    let transform = arguments.named("transform").map_or(Some(None), |value| at_least_one(value, reporter).map(Some));
    let scale = arguments.named("input_scale");
    let scale = scale.map_or(Some(None), |value| number(value, "`input_scale`", reporter).map(Some));
    let noise_of = arguments.named("label_noise");
    let label_noise = noise_of.map_or(Some(0.0), |value| non_negative(value, "`label_noise`", reporter));
    Some(Written {
        prepared: Preparation {
            count: count?,
            normalise: normalise?,
            transform: transform?,
            scale: scale?,
            label_noise: label_noise?,
        },
        normalise: normalise_of.map(|value| value.span),
        label_noise: noise_of.map(|value| value.span),
    })
}

fn at_least_one(value: &Expr, reporter: &mut Reporter) -> Option<f64> {
    let condition = number(value, "`transform`", reporter)?;
    if condition < 1.0 {
        reporter.bad_value(value.span, "`transform`", &condition.to_string(), "a condition number of at least 1");
        return None;
    }
    Some(condition)
}

impl Written {
    /// Whether the source has what the preparation changes.
    pub(super) fn check(&self, source: &DataSource, expr: &Expr, reporter: &mut Reporter) -> Option<()> {
        let has_channels = matches!(source, DataSource::File(file) if file.format.has_channels());
        if self.prepared.normalise == Some(Normalisation::Channel) && !has_channels {
            let span = self.normalise.unwrap_or(expr.span);
            reporter.bad_value(span, "`normalise`", "channel", "feature or whole where examples are no images");
            return None;
        }
        if source.classes().is_some() && self.prepared.label_noise > 1.0 {
            let span = self.label_noise.unwrap_or(expr.span);
            reporter.bad_value(span, "`label_noise`", &self.prepared.label_noise.to_string(), "a probability in 0..=1");
            return None;
        }
        Some(())
    }
}
