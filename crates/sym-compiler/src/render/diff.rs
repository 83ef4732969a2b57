//! Comparisons of models, as tables and one line a fact.

use super::Style;
use super::table::{action, heading, table};
use super::text::printable;
use crate::report::{ActionRow, Change, DiffReport, ModelDiff, SpaceDiff, SpaceRow};
use std::fmt::Write;

/// All comparisons as tables: what differs, and how much is the same.
pub fn human(report: &DiffReport, style: Style) -> String {
    let mut text = String::new();
    for diff in &report.models {
        text.push_str(&heading(&title(diff), style));
        let rows: Vec<Vec<String>> = diff.spaces.iter().filter(|space| space.change != Change::Same).map(row).collect();
        if rows.is_empty() {
            text.push_str("The symmetries are the same.\n");
        } else {
            text.push_str(&table(&["space", "change", "before", "after", "acts on"], rows, style));
        }
        let same = diff.spaces.iter().filter(|space| space.change == Change::Same).count();
        if same > 0 && !diff.is_same() {
            let _ = writeln!(text, "{same} {} the same", if same == 1 { "space is" } else { "spaces are" });
        }
        let _ = writeln!(text, "{}\n", totals(diff));
    }
    text + &lonely(report)
}

/// One line a space.
pub fn short(report: &DiffReport) -> String {
    let mut text = String::new();
    for diff in &report.models {
        let title = title(diff);
        for space in &diff.spaces {
            let [name, change, before, after, acts_on] = row(space).try_into().unwrap_or_default();
            let acts_on = acts_on.replace('\n', ", ");
            let _ = writeln!(text, "{title}: {name}: {change}: {before} -> {after}; {acts_on}");
        }
        let _ = writeln!(text, "{title}: {}", totals(diff));
    }
    printable(&(text + &lonely(report)))
}

/// `Mlp (old.sym) → Mlp (new.sym)`.
fn title(diff: &ModelDiff) -> String {
    format!("{} ({}) → {} ({})", diff.a.name, diff.a.file, diff.b.name, diff.b.file)
}

/// Name, change, groups before and after, and the actions: those that come with `+`, those that go with `−`.
fn row(space: &SpaceDiff) -> Vec<String> {
    let group = |row: &Option<SpaceRow>| row.as_ref().map_or_else(|| "–".to_string(), |row| row.group.clone());
    let actions = |row: &Option<SpaceRow>| -> Vec<ActionRow> { row.as_ref().map_or_else(Vec::new, |row| row.acts_on.clone()) };
    let (a, b) = (actions(&space.a), actions(&space.b));
    let gone = a.iter().filter(|action| !b.contains(action)).map(|gone| format!("− {}", action(gone)));
    let new = b.iter().filter(|action| !a.contains(action)).map(|new| format!("+ {}", action(new)));
    let acts_on: Vec<String> = gone.chain(new).collect();
    vec![space.name.clone(), space.change.word().to_string(), group(&space.a), group(&space.b), acts_on.join("\n")]
}

fn totals(diff: &ModelDiff) -> String {
    let (a, b) = (&diff.a, &diff.b);
    format!(
        "parameters {} → {}, continuous dimension {} → {}, log₁₀ order {:.2} → {:.2}",
        a.parameters, b.parameters, a.continuous_dim, b.continuous_dim, a.log10_order, b.log10_order
    )
}

/// Models without a counterpart.
fn lonely(report: &DiffReport) -> String {
    let mut text = String::new();
    for (names, which) in [(&report.only_a, "first"), (&report.only_b, "second")] {
        if !names.is_empty() {
            let _ = writeln!(text, "only in the {which}: {}", names.join(", "));
        }
    }
    text
}
