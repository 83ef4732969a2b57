//! Orthonormal bases of small subspaces.

/// Vectors of equal length.
pub type Vectors = Vec<Vec<f64>>;

/// Relative size below which a remainder counts as zero.
const TOLERANCE: f64 = 1e-10;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// An orthonormal basis of the span: Gram–Schmidt, largest remainder first, each step twice.
pub fn span(mut vectors: Vectors) -> Vectors {
    let scale = vectors.iter().map(|vector| dot(vector, vector).sqrt()).fold(0.0, f64::max);
    let length = vectors.first().map_or(0, Vec::len);
    let mut basis = Vectors::new();
    while basis.len() < length {
        let Some((at, largest)) =
            vectors.iter().map(|vector| dot(vector, vector).sqrt()).enumerate().max_by(|left, right| left.1.total_cmp(&right.1))
        else {
            break;
        };
        if largest <= TOLERANCE * scale || largest == 0.0 {
            break;
        }
        let mut next = vectors.swap_remove(at);
        remove(&mut next, &basis);
        let norm = dot(&next, &next).sqrt();
        next.iter_mut().for_each(|entry| *entry /= norm);
        vectors.iter_mut().for_each(|vector| remove(vector, std::slice::from_ref(&next)));
        basis.push(next);
    }
    basis
}

fn remove(vector: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        for direction in basis {
            let part = dot(vector, direction);
            vector.iter_mut().zip(direction).for_each(|(entry, along)| *entry -= part * along);
        }
    }
}

/// An orthonormal basis of what is orthogonal to all rows in ℝⁿ; `rows` is orthonormal.
pub fn complement(rows: &[Vec<f64>], n: usize) -> Vectors {
    let mut rest = identity(n);
    rest.iter_mut().for_each(|vector| remove(vector, rows));
    let wanted = n.saturating_sub(rows.len());
    let mut basis = span(rest);
    basis.truncate(wanted);
    basis
}

/// The unit vectors.
pub fn identity(n: usize) -> Vectors {
    (0..n).map(|at| (0..n).map(|other| if at == other { 1.0 } else { 0.0 }).collect()).collect()
}
