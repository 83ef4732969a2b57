//! Rows that repeat from layer to layer, as one row.
//!
//! Two rows have one form if they differ in nothing but numbers of names: `layers.0.mlp` acting on `layers.0.fc.weight` and `layers.1.mlp`
//! acting on `layers.1.fc.weight`. Rows of one form whose numbers grow by equal steps are shown as the first of them, with
//! `{0…95}` for a number that grows, and `{i}` or `{i+1}` where it comes again. Terms of long sums are shown in the same way.

use std::collections::BTreeMap;
use std::ops::Range;

/// Fewer rows than this are shown one by one.
const FEWEST: usize = 4;

/// Rows of one form.
struct Run {
    rows: Vec<usize>,
    /// The numbers of the last row.
    last: Vec<u64>,
    /// How much each grows from row to row, once there are two rows.
    steps: Vec<u64>,
}

/// A part of a text: what does not change, or the number of a layer.
#[derive(Clone, Copy)]
enum Piece<'t> {
    Text(&'t str),
    Number(u64),
}

/// The rows with runs of four or more as one row. Only in the columns `named` are numbers those of layers; the first of them says how
/// far the numbers go. Whether there was a run.
pub fn merged(rows: Vec<Vec<String>>, named: &[usize]) -> (Vec<Vec<String>>, bool) {
    let mut runs: Vec<Run> = Vec::new();
    // The latest run of each form.
    let mut latest: BTreeMap<String, usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let (form, numbers) = form(row, named);
        let run = latest.get(&form).copied();
        if run.is_some_and(|run| runs[run].takes(at, &numbers)) {
            continue;
        }
        // Two rows are no run yet: the second may begin one with this row.
        let second = run.map(|run| &runs[run]).filter(|run| run.rows.len() == 2);
        let pair = second.map(|run| Run { rows: vec![run.rows[1]], last: run.last.clone(), steps: Vec::new() });
        let begun = pair.and_then(|mut pair| pair.takes(at, &numbers).then_some(pair));
        runs.push(begun.unwrap_or_else(|| Run { rows: vec![at], last: numbers, steps: Vec::new() }));
        latest.insert(form, runs.len() - 1);
    }
    let mut run_of = vec![None; rows.len()];
    for run in runs.iter().filter(|run| run.rows.len() >= FEWEST) {
        run.rows.iter().for_each(|&at| run_of[at] = Some(run));
    }
    let found = run_of.iter().any(Option::is_some);
    let shown = rows.into_iter().zip(&run_of).enumerate().filter_map(|(at, (row, run))| match run {
        None => Some(row),
        Some(run) => (run.rows[0] == at).then(|| run.row(&row, named)),
    });
    (shown.collect(), found)
}

/// Lines with runs of four or more as one line.
pub fn lines(lines: Vec<String>) -> Vec<String> {
    let rows = lines.into_iter().map(|line| vec![line]).collect();
    merged(rows, &[0]).0.into_iter().flatten().collect()
}

/// What the shortened rows mean.
pub const LEGEND: &str = "{a…b} makes one row for each number, and {i} is that number; all else holds for each row.";

impl Run {
    /// Adds a row of these numbers, if it is the next one.
    fn takes(&mut self, at: usize, numbers: &[u64]) -> bool {
        let steps: Option<Vec<u64>> = numbers.iter().zip(&self.last).map(|(next, last)| next.checked_sub(*last)).collect();
        let Some(steps) = steps else { return false };
        let grows = steps.iter().any(|step| *step > 0);
        if !grows || (self.rows.len() > 1 && steps != self.steps) {
            return false;
        }
        self.last = numbers.to_vec();
        self.steps = steps;
        self.rows.push(at);
        true
    }

    /// The first row in the words for all.
    fn row(&self, row: &[String], named: &[usize]) -> Vec<String> {
        let mut steps = self.steps.iter().copied();
        // The number that grows first, with its step.
        let mut index: Option<(u64, u64)> = None;
        let mut word = |number: u64| {
            let step = steps.next().unwrap_or_default();
            match index {
                _ if step == 0 => number.to_string(),
                Some((index, own)) if step == own && number == index => "{i}".to_string(),
                Some((index, own)) if step == own && number > index => format!("{{i+{}}}", number - index),
                Some((index, own)) if step == own => format!("{{i-{}}}", index - number),
                _ => {
                    index = index.or(Some((number, step)));
                    let last = number + step * (self.rows.len() as u64 - 1);
                    if step == 1 { format!("{{{number}…{last}}}") } else { format!("{{{number},{}…{last}}}", number + step) }
                }
            }
        };
        let mut shown = row.to_vec();
        for &column in named {
            let words = pieces(&row[column]).into_iter().map(|piece| match piece {
                Piece::Text(piece) => piece.to_string(),
                Piece::Number(number) => word(number),
            });
            shown[column] = words.collect();
        }
        shown
    }
}

/// What rows must share to be of one form, and the numbers in which they may differ.
fn form(row: &[String], named: &[usize]) -> (String, Vec<u64>) {
    let (mut form, mut numbers) = (String::new(), Vec::new());
    for (column, text) in row.iter().enumerate() {
        form.push('\0');
        if !named.contains(&column) {
            form.push_str(text);
            continue;
        }
        for piece in pieces(text) {
            match piece {
                Piece::Text(piece) => form.push_str(piece),
                Piece::Number(number) => {
                    form.push('\u{1}');
                    numbers.push(number);
                }
            }
        }
    }
    (form, numbers)
}

/// A text in pieces.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for Range { start, end } in numbers(text) {
        if let Ok(number) = text[start..end].parse() {
            pieces.extend([Piece::Text(&text[from..start]), Piece::Number(number)]);
            from = end;
        }
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces
}

/// Where a text has numbers of layers: parts of paths that are numbers (`layers.0.fc1`), or where it has none such, numbers behind letters
/// (`fc1.weight`). Numbers of scales (`λ2`) grow with them; sizes, axes in brackets and powers do not count.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let (mut parts, mut endings, mut scales) = (Vec::new(), Vec::new(), Vec::new());
    let mut depth = 0i32;
    let mut before = None;
    let mut rest = text.char_indices().peekable();
    while let Some((start, char)) = rest.next() {
        depth += i32::from(char == '[') - i32::from(char == ']');
        if !char.is_ascii_digit() {
            before = Some(char);
            continue;
        }
        let mut end = start + 1;
        while rest.next_if(|(_, char)| char.is_ascii_digit()).is_some() {
            end += 1;
        }
        let mut behind = text[end..].chars();
        let (next, letter) = (behind.next(), behind.next().is_some_and(char::is_alphabetic));
        let ends = next.is_none_or(|next| !next.is_alphanumeric() && next != '_');
        if depth == 0 && end - start < 10 && (char != '0' || end - start == 1) {
            match before {
                Some('λ') => scales.push(start..end),
                Some('.') if ends => parts.push(start..end),
                Some(before) if before.is_alphabetic() || before == '_' => endings.push(start..end),
                _ if next == Some('.') && letter => parts.push(start..end),
                _ => {}
            }
        }
        before = Some(char);
    }
    let mut all = if parts.is_empty() { endings } else { parts };
    all.extend(scales);
    all.sort_by_key(|range| range.start);
    all
}

/// A sum with runs of terms as one term.
pub fn sum(text: &str) -> String {
    let mut terms: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match terms.last_mut() {
            Some(term) if !matches!(word, "+" | "−") => *term = format!("{term} {word}"),
            _ => terms.push(word.to_string()),
        }
    }
    lines(terms).join(" ")
}

/// `D − (a + b + …)` with terms that come four times or more counted.
pub fn counted(text: &str) -> String {
    let Some(inner) = text.strip_prefix("D − (").and_then(|text| text.strip_suffix(')')) else { return text.to_string() };
    let mut terms: Vec<(&str, usize)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for term in inner.split(" + ") {
        if term.matches('(').count() != term.matches(')').count() {
            return text.to_string();
        }
        let place = *places.entry(term).or_insert(terms.len());
        if place == terms.len() {
            terms.push((term, 0));
        }
        terms[place].1 += 1;
    }
    let words = terms.into_iter().map(|(term, count)| match count {
        0..FEWEST => vec![term; count].join(" + "),
        _ => format!("{count} × {term}"),
    });
    format!("D − ({})", words.collect::<Vec<_>>().join(" + "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn layers_that_differ_in_their_number_alone_are_one_row() {
        let layers: Vec<Vec<String>> = (0..5)
            .flat_map(|layer| {
                let next = layer + 1;
                rows(&[
                    [&format!("h.{layer}.attn"), &format!("h.{layer}.attn.wq[0] g"), "64"],
                    [&format!("h.{layer}.mlp"), &format!("h.{layer}.fc.weight[0] π\nh.{next}.ln.weight[0] π"), "256"],
                ])
            })
            .collect();
        let expected = rows(&[
            ["h.{0…4}.attn", "h.{i}.attn.wq[0] g", "64"],
            ["h.{0…4}.mlp", "h.{i}.fc.weight[0] π\nh.{i+1}.ln.weight[0] π", "256"],
        ]);
        assert_eq!(merged(layers, &[0, 1]), (expected, true));
    }

    #[test]
    fn a_layer_that_differs_in_anything_else_stays_apart() {
        let sizes = ["8", "8", "9", "8", "8", "8", "8"];
        let layers: Vec<Vec<String>> =
            sizes.iter().enumerate().flat_map(|(layer, size)| rows(&[[&format!("fc{layer}"), "", size]])).collect();
        // Layers 0, 1 and 3 do not grow by equal steps.
        let (shown, _) = merged(layers, &[0, 1]);
        let names: Vec<&str> = shown.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["fc0", "fc1", "fc2", "fc{3…6}"]);
    }

    #[test]
    fn few_rows_and_axes_are_left_alone() {
        let few = rows(&[["fc1", "fc1.weight[0]", "8"], ["fc2", "fc2.weight[0]", "8"], ["fc3", "fc3.weight[0]", "8"]]);
        assert_eq!(merged(few.clone(), &[0, 1]), (few, false));
        let axes = ["W[0]", "W[1]", "W[2]", "W[3]"].map(String::from).to_vec();
        assert_eq!(lines(axes.clone()), axes);
    }

    #[test]
    fn steps_of_two_say_so() {
        let lines_of = |layers: &[u32]| layers.iter().map(|layer| format!("h.{layer}.moe g")).collect::<Vec<_>>();
        assert_eq!(lines(lines_of(&[1, 3, 5, 7])), ["h.{1,3…7}.moe g"]);
    }

    #[test]
    fn numbers_that_grow_faster_have_a_range_of_their_own() {
        let scaled = (0..4).map(|layer| format!("h.{layer}.ln_1.weight[0] ±πλ{}^-1", 2 * layer + 1)).collect();
        assert_eq!(lines(scaled), ["h.{0…3}.ln_1.weight[0] ±πλ{1,3…7}^-1"]);
    }

    #[test]
    fn of_a_path_the_number_between_points_is_that_of_the_layer() {
        let experts = (0..4).flat_map(|layer| [1, 3].map(|weight| format!("h.{layer}.w{weight} g"))).collect();
        assert_eq!(lines(experts), ["h.{0…3}.w1 g", "h.{0…3}.w3 g"]);
    }

    #[test]
    fn long_sums_are_short() {
        let terms: Vec<String> = (0..9).map(|layer| format!("|h.{layer}.wo[:,i]|²")).collect();
        assert_eq!(sum(&format!("|E[:]|² + {} − |A[:]|²", terms.join(" + "))), "|E[:]|² + |h.{0…8}.wo[:,i]|² − |A[:]|²");
        assert_eq!(counted("D − ((n − 1)·4 + 8·2 + 3 + 8·2 + 8·2 + 8·2)"), "D − ((n − 1)·4 + 4 × 8·2 + 3)");
        assert_eq!(counted("D − (n + n + n)"), "D − (n + n + n)");
    }
}
