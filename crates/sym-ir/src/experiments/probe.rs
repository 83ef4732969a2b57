//! Probes: `loss`, `delta(fc1, pairs: neighbours)`, `ndosb(fc1, threshold: 0.1)`, `rank(fc1.weight)`.

use super::arguments::{self, Arguments};
use super::initial::unmatched;
use super::reporter::Reporter;
use super::values::{name, non_negative, selector as selector_of};
use crate::experiment::{Probe, ProbeKind, Train};
use crate::{Program, selector};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Expr, Ident};

/// The share of the largest singular value above which others count, where a `rank` probe names none.
const RANK_THRESHOLD: f64 = 0.01;

/// What a probe looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// The whole model.
    Model,
    /// The units of a layer.
    Units,
    /// Matrices.
    Matrices,
    /// Parameters; the whole model where none is named.
    Parameters,
}

fn looks(kind: ProbeKind) -> Looks {
    match kind {
        ProbeKind::Loss | ProbeKind::TestLoss | ProbeKind::Accuracy | ProbeKind::TestAccuracy => Looks::Model,
        ProbeKind::Delta | ProbeKind::Ndos | ProbeKind::Ndosb | ProbeKind::Breakings => Looks::Units,
        ProbeKind::Rank => Looks::Matrices,
        ProbeKind::Norm => Looks::Parameters,
    }
}

fn known(kind: ProbeKind) -> &'static [&'static str] {
    match kind {
        ProbeKind::Loss | ProbeKind::TestLoss | ProbeKind::Accuracy | ProbeKind::TestAccuracy | ProbeKind::Norm => &[],
        ProbeKind::Delta => &["pairs"],
        ProbeKind::Ndos | ProbeKind::Ndosb | ProbeKind::Breakings | ProbeKind::Rank => &["threshold"],
    }
}

/// A probe as written, before its selector is resolved.
struct Written {
    kind: ProbeKind,
    target: Option<(String, Span)>,
    threshold: Option<f64>,
    span: Span,
}

fn kind_of(name: &Ident, reporter: &mut Reporter) -> Option<ProbeKind> {
    let found = ProbeKind::ALL.iter().find(|(word, _)| *word == name.text).map(|(_, kind)| *kind);
    if found.is_none() {
        reporter.unknown(name.span, "probe", &name.text, ProbeKind::ALL.iter().map(|(word, _)| *word));
    }
    found
}

fn read(expr: &Expr, kind: ProbeKind, reporter: &mut Reporter) -> Option<Written> {
    let mut arguments = Arguments::of(expr, kind.name(), known(kind));
    let mut sound = true;
    let mut target = None;
    if looks(kind) != Looks::Model
        && let Some(value) = arguments.positional()
    {
        target = selector_of(value).map(|text| (text, value.span));
        if target.is_none() {
            reporter.wrong_type(value, &format!("`{}`", kind.name()), "a layer or parameter such as `fc1.weight`");
            sound = false;
        }
    }
    let threshold = match known(kind).contains(&"threshold").then(|| arguments.named("threshold")).flatten() {
        None => None,
        Some(value) => {
            let threshold = non_negative(value, "`threshold`", reporter);
            sound &= threshold.is_some();
            threshold
        }
    };
    if kind == ProbeKind::Delta
        && let Some(value) = arguments.named("pairs")
        && name(value) != Some("neighbours")
    {
        let found = reporter.text(value.span);
        reporter.bad_value(value.span, "`pairs`", &format!("`{found}`"), "`neighbours`");
        sound = false;
    }
    arguments.finish(reporter);
    sound.then_some(Written { kind, target, threshold, span: expr.span })
}

/// E0210: a probe of a layer without the layer.
fn untargeted(written: &Written, reporter: &mut Reporter) {
    let word = written.kind.name();
    let example = if looks(written.kind) == Looks::Matrices { "fc1.weight" } else { "fc1" };
    reporter.push(
        Diagnostic::new(Code::E0210, written.span, format!("`{word}` needs to know what to look at"))
            .label("no layer or parameter here")
            .expected("a layer or parameter")
            .help(format!("write `{word}({example})`")),
    );
}

/// What a selector means for a kind of probe: layers for unit probes, matrices for `rank`, parameters for `norm`.
fn targets(kind: ProbeKind, target: &str, span: Span, program: &Program, reporter: &mut Reporter) -> Option<Vec<String>> {
    let found: Vec<String> = match looks(kind) {
        Looks::Model => Vec::new(),
        Looks::Units => selector::prefixes(target, program).into_iter().map(str::to_string).collect(),
        Looks::Matrices | Looks::Parameters => program
            .parameters
            .iter()
            .filter(|parameter| selector::selects(target, &parameter.path))
            .filter(|parameter| looks(kind) == Looks::Parameters || parameter.shape.len() >= 2)
            .map(|parameter| parameter.path.clone())
            .collect(),
    };
    if !found.is_empty() {
        return Some(found);
    }
    if selector::prefixes(target, program).is_empty() {
        reporter.push(unmatched(target, span, program));
    } else {
        let matrices =
            program.parameters.iter().filter(|parameter| parameter.shape.len() >= 2).map(|parameter| parameter.path.as_str());
        reporter.push(
            Diagnostic::new(Code::E0221, span, format!("`{target}` matches no matrix of `{}`", program.name))
                .label("has no two axes")
                .found(format!("`{target}`"))
                .expected("a parameter with two axes")
                .suggest(target, matrices),
        );
    }
    None
}

/// The probes that one entry of `measure { … }` stands for: a glob stands for one probe each.
pub(super) fn measured(expr: &Expr, program: &Program, reporter: &mut Reporter) -> Vec<Probe> {
    let Some([name]) = arguments::callee(expr) else {
        reporter.wrong_type(expr, "`measure`", "a probe such as `loss`");
        return Vec::new();
    };
    let Some(written) = kind_of(name, reporter).and_then(|kind| read(expr, kind, reporter)) else { return Vec::new() };
    let kind = written.kind;
    let threshold = match (kind, written.threshold) {
        (_, Some(threshold)) => threshold,
        (ProbeKind::Rank, None) => RANK_THRESHOLD,
        (ProbeKind::Ndos | ProbeKind::Ndosb | ProbeKind::Breakings, None) => {
            needs_threshold(kind.name(), expr.span, reporter);
            return Vec::new();
        }
        _ => 0.0,
    };
    let probe = |target: String| Probe { kind, target, threshold, span: expr.span };
    match &written.target {
        Some((target, span)) => {
            targets(kind, target, *span, program, reporter).unwrap_or_default().into_iter().map(probe).collect()
        }
        None if matches!(looks(kind), Looks::Model | Looks::Parameters) => vec![probe(String::new())],
        None => {
            untargeted(&written, reporter);
            Vec::new()
        }
    }
}

fn needs_threshold(word: &str, span: Span, reporter: &mut Reporter) {
    reporter.push(
        Diagnostic::new(Code::E0210, span, format!("`{word}` needs a `threshold`"))
            .label("no `threshold` here")
            .expected("`threshold: …`")
            .help("add `threshold: 0.1`: the distance below which two units count as alike"),
    );
}

/// The probes of a run that an expression refers to: `Saddle.rank(fc1.weight)`, where `name` is `rank`. E0201 where the run does not
/// measure them.
pub(super) fn referred(expr: &Expr, name: &Ident, train: &Train, reporter: &mut Reporter) -> Option<Vec<Probe>> {
    let written = kind_of(name, reporter).and_then(|kind| read(expr, kind, reporter))?;
    let all = || train.measures.iter().flat_map(|measure| &measure.probes);
    let wanted: Vec<String> = match &written.target {
        Some((target, span)) => targets(written.kind, target, *span, &train.program, reporter)?,
        None if matches!(looks(written.kind), Looks::Model | Looks::Parameters) => vec![String::new()],
        None => {
            untargeted(&written, reporter);
            return None;
        }
    };
    let mut found = Vec::new();
    for target in wanted {
        let Some(probe) = all().find(|probe| probe.kind == written.kind && probe.target == target) else {
            let column = Probe { kind: written.kind, target, threshold: 0.0, span: expr.span }.column();
            let columns: Vec<String> = all().map(Probe::column).collect();
            reporter.push(
                Diagnostic::new(Code::E0201, expr.span, format!("`{}` does not measure `{column}`", train.name))
                    .label("not measured")
                    .cause(train.span, "its `measure` does not list it")
                    .found(format!("`{column}`"))
                    .expected(format!("a quantity that `{}` measures", train.name))
                    .suggest(&column, columns.iter().map(String::as_str)),
            );
            return None;
        };
        if let Some(threshold) = written.threshold.filter(|threshold| *threshold != probe.threshold) {
            let (found, expected) = (threshold.to_string(), format!("{}, as in `{}`", probe.threshold, train.name));
            reporter.bad_value(expr.span, "`threshold`", &found, &expected);
            return None;
        }
        found.push(Probe { span: expr.span, ..probe.clone() });
    }
    Some(found)
}

/// `breaking(fc1, threshold: 0.1)`: the steps at which a neighbour pair first exceeds the threshold, read from the run's `delta(fc1)`.
pub(super) fn breaking(expr: &Expr, train: &Train, reporter: &mut Reporter) -> Option<Vec<Probe>> {
    let mut arguments = Arguments::of(expr, "breaking", &["threshold"]);
    let layer = arguments.required("layer", "fc1", reporter);
    let threshold = arguments.named("threshold");
    if threshold.is_none() {
        needs_threshold("breaking", expr.span, reporter);
    }
    let threshold = threshold.and_then(|value| non_negative(value, "`threshold`", reporter));
    arguments.finish(reporter);
    let (layer, threshold) = (layer?, threshold?);
    let Some(target) = selector_of(layer) else {
        reporter.wrong_type(layer, "`breaking`", "a layer such as `fc1`");
        return None;
    };
    let layers = targets(ProbeKind::Breakings, &target, layer.span, &train.program, reporter)?;
    let measured = |layer: &str| {
        train
            .measures
            .iter()
            .flat_map(|measure| &measure.probes)
            .any(|probe| probe.kind == ProbeKind::Delta && probe.target == layer)
    };
    if let Some(missing) = layers.iter().find(|layer| !measured(layer)) {
        reporter.push(
            Diagnostic::new(
                Code::E0201,
                expr.span,
                format!("`breaking({missing})` needs `delta({missing})`, which `{}` does not measure", train.name),
            )
            .label("read from `delta`")
            .cause(train.span, "its `measure` does not list it")
            .help(format!("add `delta({missing})` to `measure` in `{}`", train.name)),
        );
        return None;
    }
    Some(layers.into_iter().map(|target| Probe { kind: ProbeKind::Breakings, target, threshold, span: expr.span }).collect())
}
