//! One point for each orbit.
//!
//! After balancing (see [`super::balance`]) what is left keeps norms: units are sorted by them, largest first; of signs the first entry that
//! counts is positive; matrices turn a space to the principal axes of all entries that it moves, largest first. Which entries are first is
//! only told by those whose other axes are in place, so spaces are taken from inputs and outputs inwards.

use super::balance::balance;
use super::moved::{Kind, Moved, columns};
use super::places::{Count, Places, mask, tuples};
use super::procrustes::matrix;
use faer::{Mat, Side};
use sym_infer::action::{Chart, Element, apply_element};
use sym_infer::{Family, Generators, Symmetries, Weights};
use sym_ir::Program;

/// An entry counts as zero below this part of the largest beside it, and norms as equal within it.
const SMALL: f64 = 1e-6;

/// The canonical point of the orbit of `weights`: the same function, and the same point for all weights of the orbit for which norms and
/// principal axes are distinct.
pub fn canonicalise(program: &Program, symmetries: &Symmetries, weights: &Weights) -> Weights {
    Chart::all(program, symmetries).iter().fold(weights.clone(), |weights, chart| {
        let (balanced, _) = balance(chart, &chart.lifted(&weights));
        let mut canonical = Canonical { places: Places::of(chart), at: balanced };
        canonical.run();
        chart.lowered(canonical.at)
    })
}

struct Canonical<'a> {
    places: Places<'a>,
    at: Weights,
}

impl Canonical<'_> {
    fn run(&mut self) {
        let mut placed: Vec<bool> = self.places.moved.iter().map(Option::is_none).collect();
        while let Some(space) = self.places.most_placed(&placed) {
            let Some(moved) = self.places.moved[space].clone() else { continue };
            match moved.kind {
                Kind::Units => self.sort(space, &moved, &placed),
                Kind::Matrices(family) => self.turn(space, &moved, family, &placed),
            }
            placed[space] = true;
        }
        for space in 0..placed.len() {
            self.other_signs(space);
        }
    }

    fn apply(&mut self, space: usize, element: &Element) {
        let chart = self.places.chart;
        self.at = apply_element(&chart.program, &chart.symmetries.spaces[space], &self.at, element);
    }

    /// For each copy the entries of a space by position: all of them, and those whose other axes are in place with the number of the axis.
    fn entries(&self, space: usize, moved: &Moved, placed: &[bool]) -> Vec<Entries> {
        let chart = self.places.chart;
        let layouts = moved.layouts(&chart.program, &chart.symmetries.spaces[space], &self.at);
        let copies = layouts.first().map_or(0, |layout| layout.copies.len());
        let told: Vec<bool> = layouts
            .iter()
            .map(|layout| {
                self.places.counts(space, layout.parameter, Count::Placed(placed))
                    && self.places.child_of(space, layout.parameter).is_none()
            })
            .collect();
        (0..copies)
            .map(|copy| {
                let all: Vec<Mat<f64>> = layouts.iter().map(|layout| columns(layout, layout.copies[copy], &self.at)).collect();
                let number = all.iter().enumerate().filter(|(at, _)| told[*at] || !told.contains(&true));
                let told = number.map(|(at, entries)| (layouts[at].parameter, entries.clone())).collect();
                Entries { all, told }
            })
            .collect()
    }

    fn sort(&mut self, space: usize, moved: &Moved, placed: &[bool]) {
        let orders = self.entries(space, moved, placed).iter().map(Entries::order).collect();
        self.apply(space, &Element::Orders(orders));
        let fields = self.places.unit_signs(space, moved);
        let mut flips: Vec<Vec<bool>> = fields.iter().map(|(_, field, _)| vec![false; tuples(field)]).collect();
        for (copy, entries) in self.entries(space, moved, placed).iter().enumerate() {
            for unit in 0..entries.size() {
                let signs: Vec<(usize, f64)> = entries
                    .told
                    .iter()
                    .map(|(parameter, entries)| (mask(&fields, *parameter), first_sign(entries, unit)))
                    .collect();
                let after = |combination: usize| -> Vec<i8> {
                    let sign = |mask: usize| if (combination & mask).count_ones() % 2 == 1 { -1.0 } else { 1.0 };
                    signs.iter().map(|&(mask, first)| (sign(mask) * first) as i8).collect()
                };
                let mut best = 0;
                for combination in 1..1 << fields.len() {
                    if after(combination) > after(best) {
                        best = combination;
                    }
                }
                for (at, (_, _, tuple)) in fields.iter().enumerate() {
                    flips[at][tuple[copy][unit]] = best >> at & 1 == 1;
                }
            }
        }
        let numbers: Vec<usize> = fields.iter().map(|(number, _, _)| *number).collect();
        for (field, flipped) in numbers.into_iter().zip(flips) {
            self.apply(space, &Element::Flip { field, flipped });
        }
    }

    fn turn(&mut self, space: usize, moved: &Moved, family: Family, placed: &[bool]) {
        let copies = self.entries(space, moved, placed).into_iter().map(|entries| {
            let g = entries.axes(family).unwrap_or_else(|| Mat::identity(entries.size(), entries.size()));
            (matrix(&g), matrix(&g))
        });
        let element = Element::Matrices(copies.collect());
        self.apply(space, &element);
    }

    /// Of signs that no unit has for itself: the first entry that changes is positive.
    fn other_signs(&mut self, space: usize) {
        let chart = self.places.chart;
        let Generators::Units { signs, .. } = &chart.symmetries.spaces[space].generators else { return };
        let moved = self.places.moved[space].clone();
        let of_units = moved.map_or_else(Vec::new, |moved| self.places.unit_signs(space, &moved));
        for (number, field) in signs.iter().enumerate().filter(|(number, _)| of_units.iter().all(|own| own.0 != *number)) {
            for tuple in 0..tuples(field) {
                let flipped = (0..tuples(field)).map(|at| at == tuple).collect();
                let before = self.at.clone();
                self.apply(space, &Element::Flip { field: number, flipped });
                let pairs = before.values.iter().flatten().zip(self.at.values.iter().flatten());
                let first = pairs.filter(|(before, after)| before != after).map(|(before, _)| *before).next();
                if first.is_some_and(|first| first > 0.0) {
                    self.at = before;
                }
            }
        }
    }
}

/// Entries of one copy of a space by position.
struct Entries {
    all: Vec<Mat<f64>>,
    told: Vec<(usize, Mat<f64>)>,
}

impl Entries {
    fn size(&self) -> usize {
        self.all.first().map_or(0, Mat::nrows)
    }

    /// Positions by norm, largest first; by the sizes of the entries that are in place where all norms are equal.
    fn order(&self) -> Vec<usize> {
        let squares = |unit: usize| self.all.iter().map(|entries| entries.row(unit).squared_norm_l2()).sum::<f64>();
        let mut keys: Vec<f64> = (0..self.size()).map(squares).collect();
        let (least, largest) = keys.iter().fold((f64::MAX, 0.0f64), |(least, largest), &key| (least.min(key), largest.max(key)));
        if largest - least <= SMALL * largest {
            let weighted = |unit: usize| {
                let entries =
                    self.told.iter().flat_map(|(_, entries)| (0..entries.ncols()).map(move |at| entries[(unit, at)].abs()));
                entries.enumerate().map(|(at, entry)| entry / (at + 1) as f64).sum::<f64>()
            };
            keys = (0..self.size()).map(weighted).collect();
        }
        let mut order: Vec<usize> = (0..self.size()).collect();
        order.sort_by(|&a, &b| keys[b].total_cmp(&keys[a]));
        order
    }

    /// The matrix of a family that turns to the principal axes.
    fn axes(&self, family: Family) -> Option<Mat<f64>> {
        let n = self.size();
        let mut g = match family {
            Family::General | Family::Orthogonal => self.principal(&Mat::identity(n, n))?,
            Family::OrthogonalFixingOnes => self.principal(&complement_of_ones(n))?,
            Family::Complex(pairs) | Family::Unitary(pairs) => {
                let mut g = Mat::identity(n, n);
                for at in 0..n / 2 {
                    let (p, q) = pairs.entries(at, n);
                    let Some((x, y)) = self.first_pair(p, q) else { continue };
                    let length = x.hypot(y);
                    (g[(p, p)], g[(p, q)], g[(q, p)], g[(q, q)]) = (x / length, y / length, -y / length, x / length);
                }
                return Some(g);
            }
        };
        for row in 0..g.nrows() {
            let sign = self.told.iter().map(|(_, entries)| first_sign(&(&g * entries), row)).find(|sign| *sign != 0.0);
            if sign == Some(-1.0) {
                (0..n).for_each(|column| g[(row, column)] = -g[(row, column)]);
            }
        }
        if family == Family::OrthogonalFixingOnes {
            let mean = Mat::from_fn(n, n, |_, _| 1.0 / n as f64);
            return Some(complement_of_ones(n).transpose() * g + mean);
        }
        Some(g)
    }

    /// The principal axes of all entries within the span of the rows of `basis`, one a row, largest first.
    fn principal(&self, basis: &Mat<f64>) -> Option<Mat<f64>> {
        let mut gram = Mat::zeros(basis.nrows(), basis.nrows());
        for entries in &self.all {
            let inner = basis * entries;
            gram += &inner * inner.transpose();
        }
        let eigen = gram.self_adjoint_eigen(Side::Lower).ok()?;
        let (vectors, size) = (eigen.U().to_owned(), basis.nrows());
        // Eigenvalues come in ascending order.
        let descending = Mat::from_fn(size, size, |row, column| vectors[(column, size - 1 - row)]);
        Some(descending * basis)
    }

    /// The first entries of a pair that are in place and not small.
    fn first_pair(&self, p: usize, q: usize) -> Option<(f64, f64)> {
        let pairs = |entries: &Mat<f64>| -> Vec<(f64, f64)> {
            (0..entries.ncols()).map(|at| (entries[(p, at)], entries[(q, at)])).collect()
        };
        self.told.iter().find_map(|(_, entries)| {
            let largest = pairs(entries).iter().map(|(x, y)| x.hypot(*y)).fold(0.0, f64::max);
            pairs(entries).into_iter().find(|(x, y)| largest > 0.0 && x.hypot(*y) > SMALL * largest)
        })
    }
}

/// The sign of the first entry of a row that is not small; 0 where all are zero.
fn first_sign(entries: &Mat<f64>, row: usize) -> f64 {
    let largest = entries.row(row).norm_max();
    let first = (0..entries.ncols()).map(|at| entries[(row, at)]).find(|entry| largest > 0.0 && entry.abs() > SMALL * largest);
    first.map_or(0.0, f64::signum)
}

/// Helmert's orthonormal basis of what is orthogonal to the ones, shape [n − 1, n].
fn complement_of_ones(n: usize) -> Mat<f64> {
    Mat::from_fn(n.saturating_sub(1), n, |row, column| {
        let before = (row + 1) as f64;
        let norm = (before * (before + 1.0)).sqrt();
        match column.cmp(&(row + 1)) {
            std::cmp::Ordering::Less => 1.0 / norm,
            std::cmp::Ordering::Equal => -before / norm,
            std::cmp::Ordering::Greater => 0.0,
        }
    })
}
