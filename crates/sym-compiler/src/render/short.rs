//! One line a fact: `file:line:column: error[E0203]: headline; found …; expected …; help: …`, `file: Mlp.fc1: signed_permutation(16), …`.

use super::interventions;
use super::table::{action, decision, departures, moved_by, moved_share, number, serialized, status};
use super::text::printable;
use crate::report::{ExpectationRow, ModelReport, RunReport, TheoremRow};
use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Severity, Sources};

/// The word for a severity.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A diagnostic on one line.
pub fn diagnostic(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let mut line = String::new();
    if let Some(label) = &diagnostic.primary {
        let file = sources.file(label.span.file);
        let position = file.position(label.span.start);
        let _ = write!(line, "{}:{}:{}: ", file.name, position.line, position.column);
    }
    let _ = write!(line, "{}[{}]: {}", severity(diagnostic.severity), diagnostic.code, diagnostic.message);
    for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help:", &diagnostic.help)] {
        if let Some(part) = part {
            let _ = write!(line, "; {word} {part}");
        }
    }
    printable(&line).replace('\n', " ")
}

/// A model, one line a fact.
pub fn model(model: &ModelReport) -> String {
    let mut text = String::new();
    let at = format!("{}: {}", model.file, model.name);
    let _ = writeln!(
        text,
        "{at}: {} parameters, {} spaces, continuous dimension {}, log10 order {:.2}",
        model.parameters,
        model.spaces.len(),
        model.continuous_dim,
        model.log10_order
    );
    if let Some(masks) = &model.masks {
        let unlisted = if masks.listed { "" } else { "; too many to look at each" };
        let _ = writeln!(text, "{at}: masks: {} of {} entries frozen{unlisted}", masks.frozen, masks.entries);
    }
    for space in &model.spaces {
        let acts_on: Vec<String> = space.acts_on.iter().map(action).collect();
        let _ = writeln!(
            text,
            "{at}.{}: {}, {}, size {}, dimension {}, log10 order {:.2}, acts on {}; {}",
            space.name,
            space.group,
            serialized(&space.class),
            space.size,
            space.continuous_dim,
            space.log10_order,
            acts_on.join(", "),
            status(space)
        );
        for state in &space.states {
            let _ = writeln!(
                text,
                "{at}.{}: state: {}: rank {} = {}, removed {}",
                space.name, state.description, state.rank, state.formula, state.removed
            );
        }
        for conserved in &space.conserved {
            let _ = writeln!(text, "{at}.{}: conserved: {} ({})", space.name, conserved.formula, conserved.count);
        }
    }
    for intervention in &model.interventions {
        text.push_str(&interventions::short(&at, intervention));
    }
    if let Some(rows) = &model.effective {
        text.push_str(&interventions::effective_short(&at, rows));
    }
    for training in &model.training {
        for space in &training.spaces {
            let _ = writeln!(
                text,
                "{at}.{}: train {} ({}): model {}, objective {}, dynamics {}",
                space.name, training.name, training.objective, space.model, space.objective, space.dynamics
            );
        }
    }
    if let Some(verify) = &model.verify {
        let _ = writeln!(
            text,
            "{at}: verify: parameters {}, rank {}, flat {}, explained {}, undecided {}, unexplained {}, largest residual {:.1e}",
            verify.parameters,
            verify.rank,
            verify.flat,
            verify.explained,
            verify.undecided,
            verify.unexplained,
            verify.max_residual
        );
        if let Some(residual) = verify.epsilon_residual {
            let place = if verify.epsilon_on_miniature { " on the miniature" } else { "" };
            let _ = writeln!(text, "{at}: verify: epsilon of norms {residual:.1e}{place}");
        }
        for moved in &verify.moved {
            let _ = writeln!(text, "{at}: verify: {} {}", moved_by(verify), moved_share(moved));
        }
        for departure in departures(verify) {
            let _ = writeln!(text, "{at}: verify: miniature: {}: {}", departure.text, departure.example);
        }
    }
    if let Some(reason) = &model.uncounted {
        let _ = writeln!(text, "{at}: verify: not counted: {reason}");
    }
    if let Some(found) = &model.at_weights {
        let counts = match (found.rank, found.flat, found.explained, found.undecided, found.unexplained) {
            (Some(rank), Some(flat), Some(explained), Some(undecided), Some(unexplained)) => {
                format!("rank {rank}, flat {flat}, explained {explained}, undecided {undecided}, unexplained {unexplained}, ")
            }
            _ => String::new(),
        };
        let _ = writeln!(text, "{at}: at {}: {counts}largest residual {:.1e}", found.file, found.max_residual);
    }
    printable(&text)
}

/// The derivation of the spaces of one name, one line a step.
pub fn derivation(model: &ModelReport, name: &str) -> String {
    let mut text = String::new();
    for space in model.spaces.iter().filter(|space| space.name == name) {
        for reason in &space.derivation {
            let times = if reason.count > 1 { format!(" ({} times)", reason.count) } else { String::new() };
            let place = format!("{}:{}:{}", reason.file, reason.line, reason.column);
            let _ = writeln!(text, "{place}: {}.{name}: {}{times}", model.name, reason.text);
        }
        let _ = writeln!(text, "{}: {}.{name}: {}", model.file, model.name, decision(space));
    }
    printable(&text)
}

/// A claim with its outcome.
pub fn expectation(row: &ExpectationRow) -> String {
    let found = row.found.as_ref().map_or_else(String::new, |found| format!("; found {found}"));
    printable(&format!("{}:{}: {}: {}{found}", row.file, row.line, row.outcome.word(), row.text))
}

/// A training run, one line a fact.
pub fn run(run: &RunReport) -> String {
    let mut text = String::new();
    for seed in &run.seeds {
        let _ = writeln!(
            text,
            "{}: seed {}: {} of {} steps, {}, {} breakings, {:.1} s",
            run.train,
            seed.seed,
            seed.steps,
            seed.of,
            serialized(&seed.outcome),
            seed.breakings,
            seed.seconds
        );
    }
    for row in &run.measured {
        let end = match (row.end, row.lowest, row.highest) {
            (Some(end), Some(lowest), Some(highest)) => {
                format!("{} at end ({} to {})", number(end), number(lowest), number(highest))
            }
            _ => "no seed reached the end".to_string(),
        };
        let _ = writeln!(text, "{}: {}: {} at start, {end}", run.train, row.name, number(row.start));
    }
    printable(&text)
}

/// A theorem with one optimiser.
pub fn theorem(row: &TheoremRow) -> String {
    printable(&format!(
        "theorem {}: {}: {}, {} steps, D {}, rank {}, divergence {:.1e} of {:.0e}, off state {:.1e}{}{}, speed-up {:.1}\n",
        row.name,
        row.optimizer,
        if row.holds { "holds" } else { "fails" },
        row.steps,
        row.full,
        row.reduced,
        row.divergence,
        row.tolerance,
        row.off_state,
        row.two_orders.map_or_else(String::new, |orders| format!(", two orders {orders:.1e}")),
        row.least_squares.as_ref().map_or_else(String::new, |claim| {
            let found = claim.found.map_or_else(|| "not measured".to_string(), |found| format!("{found:.1e}"));
            format!(", least squares {found} of {:.0e}: {}", claim.bound, if claim.holds { "holds" } else { "fails" })
        }),
        row.speed_up
    ))
}
