//! `fixed [[0, 1], [2, 0]]`: entries of a parameter that are not trained. Its rectangular pieces become tensors of their own, side by side in
//! one stored tensor, and the parameter the value that joins them. Their paths lie below that of the parameter, so that its selectors select them.

use super::declare::Declared;
use super::network::{MOST_ENTRIES, Network, shape_text};
use super::scope::Tensor;
use crate::program::{Axis, Operation, ValueId};
use crate::storage::{Part, Storage, StoredAxis};
use std::collections::BTreeSet;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Expr, ExprKind};

/// Positions of entries, by axis.
type Places = BTreeSet<Vec<u128>>;

/// A tensor as its pieces.
#[derive(Debug, PartialEq, Eq)]
enum Pieces {
    /// A box of entries that are all trained or all fixed, with its first position and its size by axis.
    One { trained: bool, start: Vec<u128>, size: Vec<u128> },
    /// Pieces along an axis.
    Joined { axis: usize, parts: Vec<Pieces> },
}

impl Network<'_, '_> {
    /// The positions that a list names.
    pub(super) fn fixed_places(&mut self, expr: &Expr, shape: &[Axis]) -> Option<Places> {
        let ExprKind::List(entries) = &expr.kind else {
            self.no_places(expr, shape);
            return None;
        };
        let mut places = Places::new();
        for entry in entries {
            let numbers = match &entry.kind {
                ExprKind::List(numbers) => numbers.iter().collect(),
                _ => vec![entry],
            };
            if numbers.len() != shape.len() {
                self.no_places(entry, shape);
                return None;
            }
            let mut place = Vec::new();
            for (number, axis) in numbers.into_iter().zip(shape) {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                let at = self.elaborator.whole(number, scope)?;
                let Some(at) = u128::try_from(at).ok().filter(|&at| at < axis.size && at < MOST_ENTRIES) else {
                    let size = axis.size;
                    self.report(
                        Diagnostic::new(Code::E0223, number.span, format!("there is no position {at} in an axis of {size}"))
                            .label(format!("shape {}", shape_text(shape)))
                            .found(at.to_string())
                            .expected(format!("a position inside 0..{size}")),
                    );
                    return None;
                };
                place.push(at);
            }
            places.insert(place);
        }
        Some(places)
    }

    fn no_places(&mut self, expr: &Expr, shape: &[Axis]) {
        if matches!(expr.kind, ExprKind::Error) {
            return;
        }
        let text = self.elaborator.text(expr.span);
        let example = (0..shape.len()).map(|_| "0").collect::<Vec<_>>().join(", ");
        self.report(
            Diagnostic::new(
                Code::E0211,
                expr.span,
                format!("`{text}` is no position in a tensor of shape {}", shape_text(shape)),
            )
            .found(text)
            .expected(format!("a list of positions, such as `[[{example}]]`")),
        );
    }

    /// Declares the pieces of a parameter and joins them.
    pub(super) fn declare_pieces(&mut self, declared: Declared, places: &Places, span: Span) -> Option<Tensor> {
        let sizes: Vec<u128> = declared.shape.iter().map(|axis| axis.size).collect();
        let all: Vec<Vec<u128>> = places.iter().cloned().collect();
        let pieces = pieces(&all, &vec![0; sizes.len()], &sizes, 0);
        let value = self.declare_piece(&declared, &pieces, span)?;
        self.builder.rename(value, &declared.path);
        Some(Tensor { value, axes: declared.shape })
    }

    fn declare_piece(&mut self, declared: &Declared, pieces: &Pieces, span: Span) -> Option<ValueId> {
        if !self.spend(span) {
            return None;
        }
        match pieces {
            Pieces::One { trained, start, size } => {
                let ranges: Vec<String> =
                    start.iter().zip(size).map(|(start, size)| format!("{start}:{}", start + size)).collect();
                let shape = declared.shape.iter().zip(size).map(|(axis, &size)| resized(axis, size)).collect();
                let piece = Declared {
                    path: format!("{}.[{}]", declared.path, ranges.join(", ")),
                    storage: part(&declared.storage, start),
                    shape,
                    trainable: declared.trainable && *trained,
                    ..declared.clone()
                };
                Some(self.builder.declare_parameter(piece.parameter()))
            }
            Pieces::Joined { axis, parts } => {
                let values: Vec<ValueId> =
                    parts.iter().map(|part| self.declare_piece(declared, part, span)).collect::<Option<_>>()?;
                let mut shape = self.builder.shape(values[0]).to_vec();
                let size = values.iter().map(|&value| self.builder.shape(value)[*axis].size).sum();
                shape[*axis] = resized(&declared.shape[*axis], size);
                self.push(Operation::Concat { values, axis: *axis }, shape, "concat", span)
            }
        }
    }
}

fn resized(axis: &Axis, size: u128) -> Axis {
    if axis.size == size { axis.clone() } else { Axis::of(size) }
}

/// The storage of a piece of a parameter that begins at `start`.
fn part(whole: &Storage, start: &[u128]) -> Storage {
    let layout = whole.layout.iter().map(|stored| {
        let &[axis] = stored.axes.as_slice() else { return stored.clone() };
        StoredAxis { axes: vec![axis], part: Some(Part { first: 0, count: 1, start: start[axis] }) }
    });
    Storage { name: whole.name.clone(), layout: layout.collect() }
}

/// The boxes of a tensor from axis `axis` on, whose fixed positions end with `places`.
fn pieces(places: &[Vec<u128>], start: &[u128], size: &[u128], axis: usize) -> Pieces {
    let count: u128 = size[axis..].iter().product();
    if places.is_empty() || places.len() as u128 == count {
        return Pieces::One { trained: places.is_empty(), start: start.to_vec(), size: size.to_vec() };
    }
    let tails =
        |at: u128| -> Vec<&[u128]> { places.iter().filter(|place| place[axis] == at).map(|place| &place[axis + 1..]).collect() };
    let mut marks: Vec<u128> = places.iter().flat_map(|place| [place[axis], place[axis] + 1]).chain([0, size[axis]]).collect();
    marks.sort_unstable();
    marks.dedup();
    let mut runs: Vec<(u128, u128)> = Vec::new();
    for pair in marks.windows(2) {
        match runs.last_mut() {
            Some((first, end)) if tails(*first) == tails(pair[0]) => *end = pair[1],
            _ => runs.push((pair[0], pair[1])),
        }
    }
    let mut parts: Vec<Pieces> = runs
        .into_iter()
        .map(|(first, end)| {
            let (mut start, mut size) = (start.to_vec(), size.to_vec());
            (start[axis], size[axis]) = (first, end - first);
            let own: Vec<Vec<u128>> = places.iter().filter(|place| place[axis] == first).cloned().collect();
            if axis + 1 == size.len() {
                return Pieces::One { trained: own.is_empty(), start, size };
            }
            pieces(&own, &start, &size, axis + 1)
        })
        .collect();
    if parts.len() == 1 { parts.remove(0) } else { Pieces::Joined { axis, parts } }
}

#[cfg(test)]
mod tests {
    use super::{Pieces, pieces};

    fn boxes(found: &Pieces) -> Vec<(bool, Vec<u128>, Vec<u128>)> {
        match found {
            Pieces::One { trained, start, size } => vec![(*trained, start.clone(), size.clone())],
            Pieces::Joined { parts, .. } => parts.iter().flat_map(boxes).collect(),
        }
    }

    #[test]
    fn equal_rows_are_one_piece_and_runs_of_a_row_too() {
        let places = [vec![0, 1], vec![1, 1], vec![2, 0], vec![2, 1], vec![2, 2]];
        let found = boxes(&pieces(&places, &[0, 0], &[4, 3], 0));
        let expected = [
            (true, vec![0, 0], vec![2, 1]),
            (false, vec![0, 1], vec![2, 1]),
            (true, vec![0, 2], vec![2, 1]),
            (false, vec![2, 0], vec![1, 3]),
            (true, vec![3, 0], vec![1, 3]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn no_position_and_all_positions_are_one_piece() {
        assert_eq!(boxes(&pieces(&[], &[0], &[3], 0)), [(true, vec![0], vec![3])]);
        assert_eq!(boxes(&pieces(&[vec![0], vec![1]], &[0], &[2], 0)), [(false, vec![0], vec![2])]);
    }
}
