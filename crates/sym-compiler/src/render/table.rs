//! Reports as tables.

use super::text::printable;
use super::{Style, interventions, repeated};
use crate::report::{
    AtWeightsRow, CONVENTIONS, DepartureRow, ExpectationRow, Integer, MiniatureRow, ModelReport, MovedRow, Outcome, Report,
    RunReport, SpaceRow, TrainingReport, VerifyRow,
};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle, Width,
};
use std::fmt::Write;
use sym_infer::Status;

/// One rule under the header, none elsewhere.
const RULED: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─'))
    .content_lines(ContentLineStyle::none());

/// The characters that a column keeps at least where others need the place.
pub(super) const NARROWEST: usize = 16;
/// The characters of a column beyond which its cells are broken into lines.
pub(super) const WIDEST: usize = 36;

/// A table with a header, after an empty line; columns whose cells are all numbers are aligned to the right.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, style: Style) -> String {
    let numeric = |column: usize| {
        rows.iter().all(|row| row[column].chars().all(|char| char.is_ascii_digit() || ",.-+e–".contains(char)))
            && rows.iter().any(|row| !row[column].is_empty())
    };
    let alignments: Vec<CellAlignment> =
        (0..header.len()).map(|column| if numeric(column) { CellAlignment::Right } else { CellAlignment::Left }).collect();
    let mut table = Table::new();
    table.load_style(RULED);
    table.force_no_tty();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    let cells = |row: Vec<String>| {
        row.into_iter()
            .zip(&alignments)
            .map(|(text, alignment)| Cell::new(printable(&text)).set_alignment(*alignment))
            .collect::<Vec<_>>()
    };
    table.set_header(cells(header.iter().map(ToString::to_string).collect()));
    // Names and numbers keep their width up to a limit; where the table is too wide, the widest column gives way.
    let width =
        |column: usize| rows.iter().flat_map(|row| row[column].lines()).map(|line| line.chars().count()).max().unwrap_or(0);
    let widest = (0..header.len()).max_by_key(|column| width(*column));
    for row in &rows {
        table.add_row(cells(row.clone()));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_constraint(match width(at) {
            content if Some(at) == widest => ColumnConstraint::LowerBoundary(Width::Fixed(content.min(NARROWEST) as u16)),
            content if content > WIDEST => ColumnConstraint::UpperBoundary(Width::Fixed(WIDEST as u16)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    format!("\n{}\n", table.trim_fmt())
}

/// A heading.
pub fn heading(text: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[1m{}\u{1b}[0m\n", printable(text)) } else { format!("{}\n", printable(text)) }
}

/// A model: its spaces, symmetric states, conserved quantities, what training keeps, and the proof's numbers.
pub fn model(model: &ModelReport, style: Style) -> String {
    let mut text = heading(&format!("{} · {} parameters · {}", model.name, model.parameters, count(&model.spaces)), style);
    if let Some(masks) = &model.masks {
        let _ = writeln!(text, "{} of {} entries are frozen at random values", masks.frozen, masks.entries);
        if !masks.listed {
            text.push_str("They are too many to look at each: units that none of them touches were not looked for.\n");
        }
    }
    if model.spaces.is_empty() {
        text.push_str("No symmetry follows from the architecture.\n");
    } else {
        text.push_str(&spaces(&model.spaces, model.verify.as_ref(), style));
        text.push_str(&states(&model.spaces, style));
        text.push_str(&conserved(&model.spaces, style));
    }
    for intervention in &model.interventions {
        text.push_str(&interventions::table(intervention, style));
    }
    if let Some(rows) = &model.effective {
        text.push_str(&interventions::effective(rows, style));
    }
    for training in &model.training {
        text.push_str(&self::training(training, style));
    }
    if let Some(verify) = &model.verify {
        text.push_str(&self::verify(verify));
    }
    if let Some(reason) = &model.uncounted {
        let _ = writeln!(text, "\nproof: {} assignments of sizes were counted: {}", counted(model), printable(reason));
    }
    if let Some(found) = &model.at_weights {
        text.push_str(&self::at_weights(found));
    }
    text
}

/// At how many assignments of sizes flat directions were counted.
fn counted(model: &ModelReport) -> String {
    match model.verify.as_ref().map_or(0, |verify| verify.miniatures.len()) {
        0 => "no".to_string(),
        count => format!("only {count}"),
    }
}

fn count(spaces: &[SpaceRow]) -> String {
    match spaces.len() {
        1 => "1 symmetry".to_string(),
        count => format!("{count} symmetries"),
    }
}

fn spaces(spaces: &[SpaceRow], verify: Option<&VerifyRow>, style: Style) -> String {
    let miniature = verify.is_some_and(|verify| verify.miniature);
    let rows = spaces
        .iter()
        .map(|space| {
            let acts_on = repeated::lines(space.acts_on.iter().map(action).collect()).join("\n");
            vec![
                space.name.clone(),
                space.size.to_string(),
                space.group.clone(),
                serialized(&space.class),
                acts_on,
                space.continuous_dim.to_string(),
                order(space.log10_order),
                if space.status == Status::Verified && miniature { "verified (miniature)".to_string() } else { status(space) },
            ]
        })
        .collect();
    shortened(&["space", "size", "group", "class", "acts on", "dim", "log₁₀ order", "status"], rows, &[0, 4], style)
}

/// The status of a row, with the size of an approximate claim.
pub(super) fn status(space: &SpaceRow) -> String {
    let word = serialized(&space.status);
    match space.epsilon_residual {
        Some(residual) => format!("{word} ({residual:.1e})"),
        None => word,
    }
}

/// A table in which rows that repeat from layer to layer are one; numbers of layers stand in the columns `named`.
fn shortened(header: &[&str], rows: Vec<Vec<String>>, named: &[usize], style: Style) -> String {
    let (rows, repeats) = repeated::merged(rows, named);
    let mut text = table(header, rows, style);
    if repeats {
        text.push_str(repeated::LEGEND);
        text.push('\n');
    }
    text
}

/// `fc1.weight[0] ±π`: parameter, axis, frame.
pub(super) fn action(action: &crate::report::ActionRow) -> String {
    match action.axis {
        Some(axis) => format!("{}[{axis}] {}", action.param, action.frame),
        None => format!("{} {}", action.param, action.frame),
    }
}

fn states(spaces: &[SpaceRow], style: Style) -> String {
    let rows: Vec<Vec<String>> = spaces
        .iter()
        .flat_map(|space| {
            space.states.iter().map(|state| {
                vec![
                    space.name.clone(),
                    state.description.clone(),
                    state.rank.to_string(),
                    state.removed.to_string(),
                    repeated::counted(&state.formula),
                ]
            })
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    shortened(&["space", "symmetric state", "rank(P_G)", "removed", "formula"], rows, &[0, 1], style)
}

fn conserved(spaces: &[SpaceRow], style: Style) -> String {
    let rows: Vec<Vec<String>> = spaces
        .iter()
        .flat_map(|space| {
            space
                .conserved
                .iter()
                .map(|conserved| vec![space.name.clone(), repeated::sum(&conserved.formula), conserved.count.to_string()])
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    shortened(&["space", "conserved under gradient flow", "number"], rows, &[0, 1], style)
}

fn training(training: &TrainingReport, style: Style) -> String {
    if training.spaces.is_empty() {
        return String::new();
    }
    let rows = training
        .spaces
        .iter()
        .map(|space| vec![space.name.clone(), space.model.clone(), space.objective.clone(), space.dynamics.clone()])
        .collect();
    format!("\ntrain {}: {}", training.name, training.objective)
        + &shortened(&["space", "model", "objective", "dynamics"], rows, &[0], style)
}

/// The numbers of a proof in a few sentences.
fn verify(verify: &VerifyRow) -> String {
    let mut text = format!(
        "\nproof: {} (D = {}, rank J = {}), {} explained, {}{} unexplained; largest residual {:.1e}",
        directions(verify.flat),
        verify.parameters,
        verify.rank,
        verify.explained,
        undecided(verify.undecided),
        verify.unexplained,
        verify.max_residual
    );
    if verify.miniature {
        let counts = |of: &dyn Fn(&MiniatureRow) -> String| verify.miniatures.iter().map(of).collect::<Vec<_>>().join(", ");
        let _ = write!(
            text,
            "\n       counted on miniatures of {} parameters: {} flat, {} explained",
            counts(&|row| row.parameters.to_string()),
            counts(&|row| row.flat.to_string()),
            counts(&|row| row.explained.to_string())
        );
    }
    if !verify.decided {
        text.push_str("\n       of some directions nothing is decided");
    }
    if !verify.moved.is_empty() {
        let moved = verify.moved.iter().map(moved_share).collect::<Vec<_>>().join(", ");
        let _ = write!(text, "\n       {} {moved}", moved_by(verify));
    }
    for (at, departure) in departures(verify).into_iter().enumerate() {
        let lead = if at == 0 { "in miniatures, unlike in the model," } else { "and" };
        let _ = write!(text, "\n       {lead} {} ({})", departure.text, departure.example);
    }
    if let Some(bytes) = verify.too_large {
        let gibibytes = bytes.0 as f64 / f64::from(1 << 30);
        let _ =
            write!(text, "\n       symmetries checked on the first miniature: the model itself would take {gibibytes:.1} GiB");
    }
    if verify.regional {
        let _ = write!(text, "\n       units have kinks: counted in the activation regions of {} inputs", verify.examples);
        if let Some(active) = verify.least_active {
            let _ = write!(text, ", connected units active together on {active} of them at least");
        }
    }
    if let Some(residual) = verify.epsilon_residual {
        let place = if verify.epsilon_on_miniature { " on the first miniature" } else { "" };
        let _ = write!(
            text,
            "\n       proved with ε = 0 in norms: the declared ε moves approximate claims by up to {residual:.1e}{place}"
        );
    }
    text + "\n"
}

/// What the parameters beside it are moved by.
pub(super) fn moved_by(verify: &VerifyRow) -> &'static str {
    if verify.decided { "unexplained directions move" } else { "undecided directions move" }
}

/// A parameter with its share of directions.
pub(super) fn moved_share(moved: &MovedRow) -> String {
    format!("{} ({:.0} %)", moved.param, 100.0 * moved.share)
}

/// The rules that some miniature does not keep, each with the first example.
pub(super) fn departures(verify: &VerifyRow) -> Vec<&DepartureRow> {
    let mut found: Vec<&DepartureRow> = Vec::new();
    for departure in verify.miniatures.iter().flat_map(|row| &row.departures) {
        if !found.iter().any(|known| known.rule == departure.rule) {
            found.push(departure);
        }
    }
    found
}

/// A count of directions that a choice hides, where there are any.
fn undecided(count: Integer) -> String {
    if count.0 == 0 { String::new() } else { format!("{count} undecided, ") }
}

/// So many flat directions, in words.
fn directions(flat: Integer) -> String {
    format!("{flat} flat direction{}", if flat.0 == 1 { "" } else { "s" })
}

/// The numbers of a proof at given weights in a sentence.
fn at_weights(found: &AtWeightsRow) -> String {
    let counts = match (found.rank, found.flat, found.explained, found.unexplained) {
        (Some(rank), Some(flat), Some(explained), Some(unexplained)) => {
            let undecided = found.undecided.map(undecided).unwrap_or_default();
            format!("{} (rank J = {rank}), {explained} explained, {undecided}{unexplained} unexplained; ", directions(flat))
        }
        _ => String::new(),
    };
    format!("at {}: {counts}largest residual {:.1e}\n", printable(&found.file), found.max_residual)
}

/// How a space was derived: each operation that constrained it, and the one that decided.
pub fn derivation(model: &str, space: &SpaceRow, style: Style) -> String {
    let mut text = heading(&format!("{model}.{}: {}", space.name, space.group), style);
    for (at, reason) in space.derivation.iter().enumerate() {
        let times = if reason.count > 1 { format!(" ({} times)", reason.count) } else { String::new() };
        let place = format!("{}:{}:{}", reason.file, reason.line, reason.column);
        let _ = writeln!(text, "{:>3}. {place}: {}{times}", at + 1, printable(&reason.text));
    }
    let _ = writeln!(text, "{}", printable(&decision(space)));
    text
}

/// `signed_permutation(16), not GL: `tanh` at 14:9 is odd and not linear`.
pub(super) fn decision(space: &SpaceRow) -> String {
    match &space.decision {
        Some(decision) => format!(
            "{}, not {}: {} at {}:{} {}",
            space.group, decision.excluded, decision.subject, decision.line, decision.column, decision.predicate
        ),
        None => format!("{}: nothing takes more from it", space.group),
    }
}

/// Claims with their outcome.
pub fn expectations(rows: &[ExpectationRow], style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let cells = rows
        .iter()
        .map(|row| {
            vec![
                outcome(row.outcome, style),
                row.text.clone(),
                row.found.clone().unwrap_or_default(),
                format!("{}:{}", row.file, row.line),
            ]
        })
        .collect();
    table(&["", "claim", "found", "at"], cells, style)
}

/// What came of a claim, in a word.
pub fn outcome(outcome: Outcome, _style: Style) -> String {
    match outcome {
        Outcome::Holds => "✓ holds".to_string(),
        Outcome::Fails => "✗ fails".to_string(),
        Outcome::Deferred | Outcome::Assumed | Outcome::Undecided => format!("· {}", outcome.word()),
    }
}

/// The conventions, wrapped.
pub fn conventions(style: Style) -> String {
    let mut text = heading("Conventions", style);
    for convention in CONVENTIONS {
        let mut column = 0;
        for word in convention.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > style.width {
                text.push('\n');
                column = 0;
            }
            if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += length;
        }
        text.push('\n');
    }
    text
}

/// A logarithm of a group's order: to two decimals, nothing for the trivial group.
fn order(log10: f64) -> String {
    if log10 == 0.0 { "–".to_string() } else { format!("{log10:.2}") }
}

/// The word that an enumeration has in JSON.
pub(super) fn serialized(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
}

/// A training run: its seeds, and what was measured first and last.
pub fn run(run: &RunReport, style: Style) -> String {
    let mut text = heading(&format!("train {}", run.train), style);
    let seeds = run.seeds.iter().map(|seed| {
        vec![
            seed.seed.to_string(),
            format!("{} of {}", seed.steps, seed.of),
            serialized(&seed.outcome),
            seed.breakings.to_string(),
            format!("{:.1}", seed.seconds),
        ]
    });
    text.push_str(&table(&["seed", "steps", "", "breakings", "seconds"], seeds.collect(), style));
    let measured =
        run.measured.iter().map(|row| vec![row.name.clone(), number(row.start), end_of(row.end), range(row.lowest, row.highest)]);
    text.push_str(&table(&["measured", "start", "end", "range at the end"], measured.collect(), style));
    text
}

/// A value at the end, of which there is none where all seeds broke off.
pub(super) fn end_of(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_string(), number)
}

fn range(lowest: Option<f64>, highest: Option<f64>) -> String {
    lowest.zip(highest).map_or_else(|| "–".to_string(), |(lowest, highest)| format!("{} – {}", number(lowest), number(highest)))
}

/// Where everything is.
pub fn paths(report: &Report, style: Style) -> String {
    let mut text = String::new();
    if let Some(record) = &report.record {
        text.push_str(&heading(&format!("Record: {record}"), style));
    }
    for figure in &report.figures {
        let _ = writeln!(text, "figure: {}", printable(figure));
    }
    text
}

/// A measured value: short where it is whole, else four significant digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if value == value.trunc() && size < 1e6 {
        format!("{value:.0}")
    } else if (1e-3..1e6).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.3e}")
    }
}
