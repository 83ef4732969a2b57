//! What is done to examples of any source: the arguments that all sources share.

use super::{augment, files};
use crate::experiment::{Augmentation, DataSource, Normalisation, Preparation};
use crate::experiments::arguments::Arguments;
use crate::experiments::reporter::Reporter;
use crate::experiments::values::{flag, non_negative, number, optional, word};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::Expr;

/// The arguments.
pub(super) const ARGUMENTS: [&str; 5] = ["normalise", "transform", "input_scale", "label_noise", "augment"];

/// The preparation with where its parts are written.
pub(super) struct Written {
    pub(super) prepared: Preparation,
    pub(super) fresh: bool,
    test_count: Option<Span>,
    normalise: Option<Span>,
    label_noise: Option<Span>,
    augment: Option<Span>,
}

/// Takes the arguments of the preparation, `fresh` where the source generates examples, `n` where it does not, and `test_n` of published sets.
pub(super) fn elaborate(arguments: &mut Arguments<'_>, reporter: &mut Reporter) -> Option<Written> {
    let generated = matches!(arguments.name.as_str(), "teacher" | "gaussian" | "in_context");
    let fresh = if generated { arguments.named("fresh") } else { None };
    let fresh = fresh.map_or(Some(false), |value| flag(value, "`fresh`", reporter));
    let count = if generated { None } else { arguments.named("n") };
    let count = optional(count, "`n`", 1, reporter);
    let published = files::arguments_of(&arguments.name).is_some_and(|known| known.contains(&"test_n"));
    let test_of = if published { arguments.named("test_n") } else { None };
    let test_count = optional(test_of, "`test_n`", 1, reporter);
    let groups = [("feature", Normalisation::Feature), ("channel", Normalisation::Channel), ("whole", Normalisation::Whole)];
    let normalise_of = arguments.named("normalise");
    let normalise = normalise_of.map_or(Some(None), |value| word(value, "normalisation", &groups, reporter).map(Some));
    let transform = arguments.named("transform").map_or(Some(None), |value| at_least_one(value, reporter).map(Some));
    let scale = arguments.named("input_scale");
    let scale = scale.map_or(Some(None), |value| number(value, "`input_scale`", reporter).map(Some));
    let noise_of = arguments.named("label_noise");
    let label_noise = noise_of.map_or(Some(0.0), |value| non_negative(value, "`label_noise`", reporter));
    let augment_of = arguments.named("augment");
    let augment = augment_of.map_or(Some(Vec::new()), |value| augment::elaborate(value, reporter));
    Some(Written {
        prepared: Preparation {
            count: count?,
            test_count: test_count?,
            normalise: normalise?,
            transform: transform?,
            scale: scale?,
            label_noise: label_noise?,
            augment: augment?,
        },
        fresh: fresh?,
        test_count: test_of.map(|value| value.span),
        normalise: normalise_of.map(|value| value.span),
        label_noise: noise_of.map(|value| value.span),
        augment: augment_of.map(|value| value.span),
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
    /// Whether the source has what the preparation changes; `split` is where a second part is split off.
    pub(super) fn check(&self, source: &DataSource, split: Option<Span>, expr: &Expr, reporter: &mut Reporter) -> Option<()> {
        if let Some(span) = self.test_count {
            check_test(source, span, split, reporter)?;
        }
        let has_channels = matches!(source, DataSource::File(file) if file.format.has_channels());
        if self.prepared.normalise == Some(Normalisation::Channel) && !has_channels {
            let span = self.normalise.unwrap_or(expr.span);
            reporter.bad_value(span, "`normalise`", "channel", "feature or whole where examples are no images");
            return None;
        }
        let is_image = |change: &Augmentation| !matches!(change, Augmentation::Noise { .. });
        if self.prepared.augment.iter().any(is_image) && !has_channels && *source != DataSource::Digits {
            let span = self.augment.unwrap_or(expr.span);
            reporter.bad_value(span, "`augment`", "a change of images", "`noise` where examples are no images");
            return None;
        }
        let Preparation { normalise, transform, label_noise, augment, .. } = &self.prepared;
        if self.fresh && (normalise.is_some() || transform.is_some() || *label_noise > 0.0 || !augment.is_empty()) {
            reporter.push(
                Diagnostic::new(
                    Code::E0223,
                    expr.span,
                    "fresh examples are neither normalised, transformed, augmented nor given wrong labels",
                )
                .label("`fresh: true` with one of them")
                .expected("`input_scale` at most")
                .help("remove `fresh: true`, or what is done to the examples"),
            );
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

/// Only published test examples that are used can be fewer.
fn check_test(source: &DataSource, span: Span, split: Option<Span>, reporter: &mut Reporter) -> Option<()> {
    let published = matches!(source, DataSource::File(file) if file.has_test());
    let fault = match split {
        Some(split) => Diagnostic::new(Code::E0223, span, "`test_n` counts published test examples, which a `split` replaces")
            .cause(split, "the second part")
            .help("remove `test_n`: the split says how many"),
        None if !published => {
            Diagnostic::new(Code::E0223, span, "`test_n` counts published test examples, and a single file has none")
                .expected("the folder of the published set")
                .help("remove `test_n`, or write `split 500 as test`")
        }
        None => return Some(()),
    };
    reporter.push(fault.label("of which test examples?"));
    None
}
