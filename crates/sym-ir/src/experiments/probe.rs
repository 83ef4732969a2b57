//! Probes: `loss`, `delta(fc1, pairs: neighbours)`, `ndosb(fc1, threshold: 0.1)`, `rank(fc1.weight)`, as [`crate::probes`] declares them.

use super::arguments::{self, Arguments};
use super::initial::unmatched;
use super::reporter::Reporter;
use super::values::{name, non_negative, positive, selector as selector_of, whole};
use crate::experiment::{Measured, Probe, ProbeKind};
use crate::probes::{Fallback, Looks, PROBES, Range, Setting, SettingValue};
use crate::{Program, selector, values};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Expr, ExprKind, Ident};

/// A probe as written, before its selector is resolved.
struct Written {
    kind: ProbeKind,
    target: Option<Target>,
    settings: Vec<(&'static str, SettingValue)>,
    span: Span,
}

/// What a probe is of, as written.
struct Target {
    text: String,
    span: Span,
    /// Whether it is the name of a space in quotes, which only the analysis knows, such as `"q*k"`.
    is_quoted: bool,
}

impl Written {
    fn has(&self, setting: &Setting) -> bool {
        self.settings.iter().any(|(name, _)| *name == setting.name)
    }

    fn probe(&self, target: &str) -> Probe {
        let probe = Probe::new(self.kind, target, self.span);
        self.settings.iter().cloned().fold(probe, |probe, (name, value)| probe.with(name, value))
    }
}

fn kind_of(name: &Ident, reporter: &mut Reporter) -> Option<ProbeKind> {
    let found = ProbeKind::named(&name.text);
    if found.is_none() {
        reporter.unknown(name.span, "probe", &name.text, PROBES.iter().map(|probe| probe.name));
    }
    found
}

/// The names of a probe's settings.
fn known(kind: ProbeKind) -> &'static [&'static str] {
    static KNOWN: std::sync::LazyLock<Vec<Vec<&'static str>>> = std::sync::LazyLock::new(|| {
        PROBES.iter().map(|probe| probe.settings.iter().map(|setting| setting.name).collect()).collect()
    });
    &KNOWN[kind as usize]
}

fn read(expr: &Expr, kind: ProbeKind, program: &Program, reporter: &mut Reporter) -> Option<Written> {
    let mut arguments = Arguments::of(expr, kind.name(), known(kind));
    let mut sound = true;
    let mut target = None;
    if kind.declaration().looks != Looks::Model
        && let Some(value) = arguments.positional()
    {
        let quoted = match &value.kind {
            ExprKind::String(literal) if kind.declaration().looks == Looks::Units => literal.plain(),
            _ => None,
        };
        let is_quoted = quoted.is_some();
        target = quoted.or_else(|| selector_of(value)).map(|text| Target { text, span: value.span, is_quoted });
        if target.is_none() {
            reporter.wrong_type(value, &format!("`{}`", kind.name()), "a layer or parameter such as `fc1.weight`");
            sound = false;
        }
    }
    let mut settings = Vec::new();
    for setting in kind.declaration().settings {
        let Some(given) = arguments.named(setting.name) else { continue };
        match value(given, setting, program, reporter) {
            Some(value) => settings.push((setting.name, value)),
            None => sound = false,
        }
    }
    arguments.finish(reporter);
    sound.then_some(Written { kind, target, settings, span: expr.span })
}

/// The value of a setting.
fn value(expr: &Expr, setting: &Setting, program: &Program, reporter: &mut Reporter) -> Option<SettingValue> {
    let what = format!("`{}`", setting.name);
    match setting.range {
        Range::NonNegative => non_negative(expr, &what, reporter).map(SettingValue::Number),
        Range::Positive => positive(expr, &what, reporter).map(SettingValue::Number),
        Range::Whole(least) => whole(expr, &what, least, reporter).map(|value| SettingValue::Number(value as f64)),
        Range::Word(words) => {
            let found = name(expr).filter(|found| words.contains(found));
            if found.is_none() {
                let found = reporter.text(expr.span);
                let expected = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
                reporter.bad_value(expr.span, &what, &format!("`{found}`"), &expected);
            }
            found.map(|found| SettingValue::Name(found.to_string()))
        }
        Range::Value | Range::Parameter => {
            let Some(text) = selector_of(expr) else {
                let expected =
                    if setting.range == Range::Value { "a value such as `h`" } else { "a parameter such as `head.weight`" };
                reporter.wrong_type(expr, &what, expected);
                return None;
            };
            let known = match setting.range {
                Range::Value => values::named(program, &text).is_some(),
                _ => program.parameters.iter().any(|parameter| parameter.path == text),
            };
            if known {
                return Some(SettingValue::Name(text));
            }
            reporter.push(match setting.range {
                Range::Value => no_value(&text, expr.span, program),
                _ => unmatched(&text, expr.span, program),
            });
            None
        }
    }
}

/// E0221: a name of no value.
fn no_value(target: &str, span: Span, program: &Program) -> Diagnostic {
    let names = values::names(program);
    Diagnostic::new(Code::E0221, span, format!("`{target}` matches no value of `{}`", program.name))
        .label("matches nothing")
        .found(format!("`{target}`"))
        .expected(format!("a value or layer of `{}`", program.name))
        .suggest(target, names.iter().map(|(name, _)| name.as_str()))
}

/// E0210: a probe of a layer without the layer.
fn untargeted(written: &Written, reporter: &mut Reporter) {
    let word = written.kind.name();
    let (what, example) = match written.kind.declaration().looks {
        Looks::Matrices => ("layer or parameter", "fc1.weight"),
        Looks::Values => ("value or layer", "h"),
        _ => ("layer or parameter", "fc1"),
    };
    reporter.push(
        Diagnostic::new(Code::E0210, written.span, format!("`{word}` needs to know what to look at"))
            .label(format!("no {what} here"))
            .expected(format!("a {what}"))
            .help(format!("write `{word}({example})`")),
    );
}

/// What a selector means for a kind of probe: layers for unit probes, matrices for `rank`, parameters for `norm`, values for those of features.
fn targets(kind: ProbeKind, target: &str, span: Span, program: &Program, reporter: &mut Reporter) -> Option<Vec<String>> {
    let looks = kind.declaration().looks;
    let found: Vec<String> = match looks {
        Looks::Model => Vec::new(),
        Looks::Units => selector::spaces(target, program),
        Looks::Values => values::selected(program, target),
        Looks::Matrices | Looks::Parameters => program
            .parameters
            .iter()
            .filter(|parameter| selector::selects(target, &parameter.path))
            .filter(|parameter| looks == Looks::Parameters || parameter.shape.len() >= 2)
            .map(|parameter| parameter.path.clone())
            .collect(),
    };
    if !found.is_empty() {
        return Some(found);
    }
    if looks == Looks::Values {
        reporter.push(no_value(target, span, program));
    } else if selector::prefixes(target, program).is_empty() {
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

/// The targets of a probe as written; E0210 where there is none and one is needed.
fn resolved(written: &Written, program: &Program, reporter: &mut Reporter) -> Option<Vec<String>> {
    match &written.target {
        Some(target) if target.is_quoted => Some(vec![target.text.clone()]),
        Some(target) => targets(written.kind, &target.text, target.span, program, reporter),
        None if matches!(written.kind.declaration().looks, Looks::Model | Looks::Parameters) => Some(vec![String::new()]),
        None => {
            untargeted(written, reporter);
            None
        }
    }
}

/// The probes that one entry of `measure { … }` stands for: a glob stands for one probe each.
pub(super) fn measured(expr: &Expr, program: &Program, reporter: &mut Reporter) -> Vec<Probe> {
    let Some([name]) = arguments::callee(expr) else {
        reporter.wrong_type(expr, "`measure`", "a probe such as `loss`");
        return Vec::new();
    };
    let Some(written) = kind_of(name, reporter).and_then(|kind| read(expr, kind, program, reporter)) else { return Vec::new() };
    for setting in written.kind.declaration().settings {
        if let Fallback::Required(help) = setting.fallback
            && !written.has(setting)
        {
            needs(written.kind.name(), setting.name, help, expr.span, reporter);
            return Vec::new();
        }
    }
    let found = resolved(&written, program, reporter).unwrap_or_default();
    found.iter().map(|target| written.probe(target)).collect()
}

/// E0210: a probe without a setting that it needs.
fn needs(word: &str, setting: &str, help: &str, span: Span, reporter: &mut Reporter) {
    reporter.push(
        Diagnostic::new(Code::E0210, span, format!("`{word}` needs a `{setting}`"))
            .label(format!("no `{setting}` here"))
            .expected(format!("`{setting}: …`"))
            .help(help),
    );
}

/// The probes of a run that an expression refers to: `Saddle.rank(fc1.weight)`, where `name` is `rank`. E0201 where the run does not
/// measure them.
pub(super) fn referred(expr: &Expr, name: &Ident, train: &Measured, reporter: &mut Reporter) -> Option<Vec<Probe>> {
    let written = kind_of(name, reporter).and_then(|kind| read(expr, kind, &train.program, reporter))?;
    let all = || train.probes.iter();
    let wanted = resolved(&written, &train.program, reporter)?;
    // What tells two probes apart by name: their other value.
    let with = |probe: &Probe| probe.word("with").map(str::to_string);
    let mut found = Vec::new();
    for target in wanted {
        let asked = written.probe(&target);
        let same = |probe: &&Probe| probe.kind == written.kind && probe.target == target;
        let named = |probe: &&Probe| same(probe) && (with(&asked).is_none() || with(probe) == with(&asked));
        let given = |probe: &&Probe| named(probe) && written.settings.iter().all(|setting| probe.settings.contains(setting));
        let Some(probe) = all().find(given).or_else(|| all().find(named)) else {
            let column = asked.column();
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
        if let Some((name, value)) = written.settings.iter().find(|setting| !probe.settings.contains(setting)) {
            let own = probe.settings.iter().find(|(known, _)| known == name).map_or_else(String::new, |(_, value)| shown(value));
            let expected = format!("{own}, as in `{}`", train.name);
            reporter.bad_value(expr.span, &format!("`{name}`"), &shown(value), &expected);
            return None;
        }
        found.push(Probe { span: expr.span, ..probe.clone() });
    }
    Some(found)
}

/// A setting's value as it is written.
fn shown(value: &SettingValue) -> String {
    match value {
        SettingValue::Number(number) => number.to_string(),
        SettingValue::Name(name) => name.clone(),
    }
}

/// `breaking(fc1, threshold: 0.1, group: sign)`: the steps at which a generator's Δ first exceeds the threshold, read from the run's `delta(fc1)` of that
/// group; of the first that the run measures where none is named.
pub(super) fn breaking(expr: &Expr, train: &Measured, reporter: &mut Reporter) -> Option<Vec<Probe>> {
    let mut arguments = Arguments::of(expr, "breaking", &["threshold", "group"]);
    let layer = arguments.required("layer", "fc1", reporter);
    let threshold = arguments.named("threshold");
    if threshold.is_none() {
        needs("breaking", "threshold", NEEDS_THRESHOLD, expr.span, reporter);
    }
    let threshold = threshold.and_then(|value| non_negative(value, "`threshold`", reporter));
    let group = match arguments.named("group") {
        None => None,
        Some(given) => match value(given, &crate::probes::GROUP, &train.program, reporter)? {
            SettingValue::Name(group) => Some(group),
            SettingValue::Number(_) => None,
        },
    };
    arguments.finish(reporter);
    let (layer, threshold) = (layer?, threshold?);
    let Some(target) = selector_of(layer) else {
        reporter.wrong_type(layer, "`breaking`", "a layer such as `fc1`");
        return None;
    };
    let layers = targets(ProbeKind::Breakings, &target, layer.span, &train.program, reporter)?;
    let mut found = Vec::new();
    for layer in layers {
        let measured = || train.probes.iter().filter(|probe| probe.kind == ProbeKind::Delta && probe.target == layer);
        let wanted = |probe: &&Probe| group.as_deref().is_none_or(|group| probe.word("group") == Some(group));
        let Some(delta) = measured().find(wanted) else {
            let needed = match &group {
                Some(group) => format!("delta({layer}, group: {group})"),
                None => format!("delta({layer})"),
            };
            reporter.push(
                Diagnostic::new(
                    Code::E0201,
                    expr.span,
                    format!("`breaking({layer})` needs `{needed}`, which `{}` does not measure", train.name),
                )
                .label("read from `delta`")
                .cause(train.span, "its `measure` does not list it")
                .help(format!("add `{needed}` to `measure` in `{}`", train.name)),
            );
            return None;
        };
        let of = delta.word("group").unwrap_or("own").to_string();
        let probe = Probe::new(ProbeKind::Breakings, &layer, expr.span).with("threshold", SettingValue::Number(threshold));
        found.push(probe.with("group", SettingValue::Name(of)));
    }
    Some(found)
}

const NEEDS_THRESHOLD: &str = "add `threshold: 0.1`: the distance below which two units count as alike";
