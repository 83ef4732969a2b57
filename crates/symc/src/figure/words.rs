//! What stands at axes and in legends for a probe.

use sym_ir::experiment::{Probe, ProbeKind};
use sym_ir::probes::Columns;

/// What the columns of a probe are: `pair`, `singular value`. `None` where it has one.
pub fn thing(probe: &Probe) -> Option<&'static str> {
    match (probe.kind, probe.kind.declaration().columns) {
        (ProbeKind::Delta, Columns::Many(pair)) => Some(match probe.word("group") {
            Some("sign" | "scale") => "unit",
            Some("rotation" | "double_rotation") => "direction",
            _ => pair,
        }),
        (_, Columns::Many(thing)) => Some(thing),
        (_, Columns::One | Columns::Estimate) => None,
    }
}

/// The quantity, without whose it is.
pub fn quantity(probe: &Probe) -> &'static str {
    let declaration = probe.kind.declaration();
    let is_of_pairs = matches!(declaration.columns, Columns::Many(pair) if thing(probe) == Some(pair));
    if probe.kind == ProbeKind::Delta && !is_of_pairs { "distance Δ" } else { declaration.label }
}

/// The quantity and whose it is.
pub fn axis_label(probe: &Probe) -> String {
    let what = quantity(probe);
    if probe.target.is_empty() || probe.word("with").is_some() { what.to_string() } else { format!("{what} of {}", probe.target) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sym_diagnostics::{FileId, Span};
    use sym_ir::probes::SettingValue;

    #[test]
    fn distances_are_those_of_what_the_group_moves() {
        let delta = |group: Option<&str>| {
            let settings = group.map(|group| ("group", SettingValue::Name(group.to_string()))).into_iter().collect();
            Probe { kind: ProbeKind::Delta, target: "fc1".to_string(), settings, span: Span::new(FileId(0), 0, 0) }
        };
        let words = |group: Option<&str>| (thing(&delta(group)), axis_label(&delta(group)));
        assert_eq!(words(None), (Some("pair"), "pair distance Δ of fc1".to_string()));
        assert_eq!(words(Some("sign")), (Some("unit"), "distance Δ of fc1".to_string()));
        assert_eq!(words(Some("rotation")), (Some("direction"), "distance Δ of fc1".to_string()));
    }
}
