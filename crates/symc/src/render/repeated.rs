//! Rows that repeat from layer to layer, as one row.
//!
//! Two rows have one form if they differ in nothing but numbers of names: `layers.0.mlp` acting on `layers.0.fc.weight` and `layers.1.mlp`
//! acting on `layers.1.fc.weight`. Rows of one form whose numbers grow by equal steps are shown as the first of them, with
//! `{0…95}` for the number that grows, and `{i}` or `{i+1}` where it comes again.

use std::collections::BTreeMap;

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
        let growing = steps.iter().copied().find(|step| *step > 0);
        let even = growing.is_some_and(|growing| steps.iter().all(|step| *step == 0 || *step == growing));
        if !even || (self.rows.len() > 1 && steps != self.steps) {
            return false;
        }
        self.last = numbers.to_vec();
        self.steps = steps;
        self.rows.push(at);
        true
    }

    /// The first row in the words for all.
    fn row(&self, row: &[String], named: &[usize]) -> Vec<String> {
        let mut next = 0;
        // The number that grows, as its first place has it.
        let mut index: Option<u64> = None;
        let mut shown = row.to_vec();
        for &column in named {
            let mut text = String::new();
            for piece in pieces(&row[column]) {
                match piece {
                    Piece::Text(piece) => text.push_str(piece),
                    Piece::Number(number) => {
                        let step = self.steps[next];
                        next += 1;
                        let word = match index {
                            _ if step == 0 => number.to_string(),
                            None => {
                                index = Some(number);
                                let last = number + step * (self.rows.len() as u64 - 1);
                                if step == 1 {
                                    format!("{{{number}…{last}}}")
                                } else {
                                    format!("{{{number},{}…{last}}}", number + step)
                                }
                            }
                            Some(index) if number == index => "{i}".to_string(),
                            Some(index) if number > index => format!("{{i+{}}}", number - index),
                            Some(index) => format!("{{i-{}}}", index - number),
                        };
                        text.push_str(&word);
                    }
                }
            }
            shown[column] = text;
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

/// A text in pieces. Numbers in brackets are axes, and those beside a comma or with leading zeros are no numbers of layers.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut depth = 0i32;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let digits = rest.len() - rest.trim_start_matches(|char: char| char.is_ascii_digit()).len();
        let (piece, behind) = if digits > 0 {
            rest.split_at(digits)
        } else {
            rest.split_at(rest.find(|char: char| char.is_ascii_digit()).unwrap_or(rest.len()))
        };
        rest = behind;
        if digits == 0 {
            depth += piece.chars().map(|char| i32::from(char == '[') - i32::from(char == ']')).sum::<i32>();
            return Some(Piece::Text(piece));
        }
        let plain = depth == 0 && digits < 10 && (digits == 1 || !piece.starts_with('0'));
        let number = piece.parse().ok().filter(|_| plain);
        Some(number.map_or(Piece::Text(piece), Piece::Number))
    })
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
}
