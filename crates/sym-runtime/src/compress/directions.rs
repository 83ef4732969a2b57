//! Linear spaces with fewer directions in use than they have.
//!
//! Under GL(n) the function depends on W = (primal weights) and V = (dual weights) through the products Wᵀ V alone. With Wᵀ V = A S Bᵀ the
//! weights S^{1/2} Aᵀ and S^{1/2} Bᵀ have the same products, their positions are the singular directions, largest first, and a position with
//! S = 0 has no weights. Under O(n) it is the singular directions of all weights together.

use super::kinds;
use crate::control::moved::{Kind, Moved, columns};
use faer::Mat;
use sym_infer::action::FrameOffsets;
use sym_infer::{Family, Generators, Symmetries, Weights};
use sym_ir::Program;
use sym_rewrite::{ClassedSpace, UnitClass};

/// Weights of the same function in singular directions, with the state in which the last positions are not in use.
pub struct Turned {
    pub weights: Weights,
    pub state: Option<ClassedSpace>,
}

/// Turns a linear space to its singular directions; `None` where it is no such space, or where that shows nothing: all directions are in
/// use, and there is one group for all. Where each head has its own, heads that were equal up to a change of basis are equal then, if their
/// singular values are distinct: of the two signs that a direction can have, the largest entry of the primal weights is positive.
pub fn turned(program: &Program, symmetries: &Symmetries, space: usize, weights: &Weights, tolerance: f64) -> Option<Turned> {
    let own = &symmetries.spaces[space];
    let moved = Moved::of(own).filter(|_| kinds(symmetries, space).linear)?;
    let Generators::Matrices { gains, .. } = &own.generators else { return None };
    let Kind::Matrices(family @ (Family::General | Family::Orthogonal)) = moved.kind else { return None };
    let layouts = moved.layouts(program, own, weights);
    let first = layouts.first().filter(|_| gains.is_empty())?;
    let size = first.rows.len();
    let mut turned = weights.clone();
    let mut rank = 1;
    for copy in 0..first.copies.len() {
        let side = |dual: Option<bool>| -> Vec<&FrameOffsets> {
            layouts.iter().filter(|layout| dual.is_none_or(|dual| layout.dual == dual)).collect()
        };
        let joined = |side: &[&FrameOffsets]| joined(side, copy, weights);
        let sizes = if family == Family::General {
            let (primal, dual) = (side(Some(false)), side(Some(true)));
            let (one, other, sizes) = balanced_factors(&joined(&primal)?, &joined(&dual)?)?;
            write(&primal, copy, &one, &mut turned);
            write(&dual, copy, &other, &mut turned);
            sizes
        } else {
            let all = side(None);
            let entries = joined(&all)?;
            let svd = entries.thin_svd().ok()?;
            let sizes = values(&svd);
            let axes = svd.U().transpose() * &entries;
            write(&all, copy, &padded(&axes, size), &mut turned);
            sizes
        };
        let largest = sizes.first().copied().unwrap_or(0.0);
        rank = rank.max(sizes.iter().filter(|&&value| value > tolerance * largest).count());
    }
    if rank >= size {
        let several = family == Family::General && first.copies.len() > 1;
        return several.then_some(Turned { weights: turned, state: None });
    }
    let kept = |class| if class < rank { UnitClass::Of { class, negative: false } } else { UnitClass::Vanishing };
    let state = ClassedSpace { space, units: (0..size).map(kept).collect() };
    Some(Turned { weights: turned, state: Some(state) })
}

/// Factors S^{1/2} Aᵀ and S^{1/2} Bᵀ with the products of the given ones, and S, largest first.
fn balanced_factors(primal: &Mat<f64>, dual: &Mat<f64>) -> Option<(Mat<f64>, Mat<f64>, Vec<f64>)> {
    let size = primal.nrows();
    let (p, d) = (primal.thin_svd().ok()?, dual.thin_svd().ok()?);
    let scaled = |u: Mat<f64>, s: &[f64]| Mat::from_fn(u.nrows(), u.ncols(), |row, column| u[(row, column)] * s[column]);
    let (left, right) = (scaled(p.U().to_owned(), &values(&p)), scaled(d.U().to_owned(), &values(&d)));
    let core = (left.transpose() * &right).thin_svd().ok()?;
    let sizes = values(&core);
    let half = |m: &Mat<f64>| Mat::from_fn(m.nrows(), m.ncols(), |row, column| m[(row, column)] * sizes[row].sqrt());
    let mut one = half(&(p.V() * core.U()).transpose().to_owned());
    let mut other = half(&(d.V() * core.V()).transpose().to_owned());
    for row in 0..one.nrows() {
        let largest =
            (0..one.ncols()).map(|column| one[(row, column)]).fold(0.0f64, |a, b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            one.row_mut(row).iter_mut().chain(other.row_mut(row).iter_mut()).for_each(|entry| *entry = -*entry);
        }
    }
    Some((padded(&one, size), padded(&other, size), sizes))
}

fn values(svd: &faer::linalg::solvers::Svd<f64>) -> Vec<f64> {
    svd.S().column_vector().iter().copied().collect()
}

/// With rows of zeros below.
fn padded(m: &Mat<f64>, rows: usize) -> Mat<f64> {
    Mat::from_fn(rows, m.ncols(), |row, column| if row < m.nrows() { m[(row, column)] } else { 0.0 })
}

/// The entries of several layouts side by side, [positions, all other indices]; `None` where there are none.
fn joined(layouts: &[&FrameOffsets], copy: usize, weights: &Weights) -> Option<Mat<f64>> {
    let parts: Vec<Mat<f64>> = layouts.iter().map(|layout| columns(layout, layout.copies[copy], weights)).collect();
    let rows = parts.first()?.nrows();
    let places: Vec<(usize, usize)> =
        parts.iter().enumerate().flat_map(|(part, entries)| (0..entries.ncols()).map(move |column| (part, column))).collect();
    Some(Mat::from_fn(rows, places.len(), |row, at| parts[places[at].0][(row, places[at].1)]))
}

/// The other way: entries back to where they lie.
fn write(layouts: &[&FrameOffsets], copy: usize, entries: &Mat<f64>, weights: &mut Weights) {
    let mut column = 0;
    for layout in layouts {
        let start = layout.copies[copy];
        for rest in &layout.rest {
            for (row, offset) in layout.rows.iter().enumerate() {
                weights.values[layout.parameter][start + offset + rest] = entries[(row, column)];
            }
            column += 1;
        }
    }
}
