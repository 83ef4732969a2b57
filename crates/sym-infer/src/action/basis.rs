//! Orthonormal bases of small subspaces.

/// Vectors of equal length.
pub type Vectors = Vec<Vec<f64>>;

/// Relative size below which a remainder counts as zero.
const TOLERANCE: f64 = 1e-10;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// An orthonormal basis of the span: Gram–Schmidt, largest remainder first; each remainder that is taken is made orthogonal twice more.
pub fn span(mut vectors: Vectors) -> Vectors {
    if is_everything(&vectors) {
        return identity(vectors[0].len());
    }
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
        vectors.iter_mut().for_each(|vector| subtract(vector, &next));
        basis.push(next);
    }
    // Of the whole space the basis of unit vectors, which is seen at a glance.
    if basis.len() == length { identity(length) } else { basis }
}

/// Whether each unit vector is among them.
fn is_everything(vectors: &[Vec<f64>]) -> bool {
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.len() < length {
        return false;
    }
    let mut seen = vec![false; length];
    for vector in vectors {
        let mut entries = vector.iter().enumerate().filter(|(_, entry)| **entry != 0.0);
        if let (Some((at, 1.0)), None) = (entries.next(), entries.next()) {
            seen[at] = true;
        }
    }
    length > 0 && seen.into_iter().all(|seen| seen)
}

/// Takes out what a vector has along a unit vector.
fn subtract(vector: &mut [f64], direction: &[f64]) {
    let part = dot(vector, direction);
    vector.iter_mut().zip(direction).for_each(|(entry, along)| *entry -= part * along);
}

fn remove(vector: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        basis.iter().for_each(|direction| subtract(vector, direction));
    }
}

/// An orthonormal basis of what is orthogonal to all rows in ℝⁿ; `rows` is orthonormal.
///
/// Householder reflections that take the rows to the first unit vectors take the others to the basis.
pub fn complement(rows: &[Vec<f64>], n: usize) -> Vectors {
    let mut mirrors = Vectors::new();
    for (at, row) in rows.iter().enumerate().take(n) {
        let mut image = row.clone();
        mirrors.iter().for_each(|mirror| reflect(&mut image, mirror));
        image[..at].fill(0.0);
        image[at] += image[at].signum() * dot(&image, &image).sqrt();
        let norm = dot(&image, &image).sqrt();
        image.iter_mut().for_each(|entry| *entry /= norm);
        mirrors.push(image);
    }
    let mut basis = identity(n).split_off(mirrors.len());
    for vector in &mut basis {
        mirrors.iter().rev().for_each(|mirror| reflect(vector, mirror));
    }
    basis
}

/// Mirrors a vector along a unit vector.
fn reflect(vector: &mut [f64], mirror: &[f64]) {
    let part = 2.0 * dot(vector, mirror);
    vector.iter_mut().zip(mirror).for_each(|(entry, along)| *entry -= part * along);
}

/// The unit vectors.
pub fn identity(n: usize) -> Vectors {
    (0..n).map(|at| (0..n).map(|other| if at == other { 1.0 } else { 0.0 }).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Vectors, complement, dot, identity, span};

    fn vectors(count: usize, length: usize) -> Vectors {
        (0..count)
            .map(|row| (0..length).map(|column| ((7 * row * row + 5 * row * column + 3 * column + 1) as f64).sin()).collect())
            .collect()
    }

    #[test]
    fn a_complement_is_orthonormal_and_orthogonal_to_the_rows() {
        for (count, n) in [(0, 3), (1, 4), (3, 7), (5, 5), (6, 7)] {
            let rows = span(vectors(count, n));
            let basis = complement(&rows, n);
            assert_eq!((rows.len(), basis.len()), (count, n - count));
            for (at, vector) in basis.iter().enumerate() {
                assert!(rows.iter().all(|row| dot(row, vector).abs() < 1e-14));
                for (other, against) in basis.iter().enumerate() {
                    assert!((dot(vector, against) - f64::from(u8::from(at == other))).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn a_span_keeps_one_of_dependent_vectors_and_knows_the_whole_space() {
        let mut dependent = vectors(3, 6);
        dependent.push(dependent[0].iter().zip(&dependent[2]).map(|(a, b)| a - 2.0 * b).collect());
        assert_eq!(span(dependent).len(), 3);
        assert_eq!(span([vectors(2, 4), identity(4)].concat()), identity(4));
    }
}
