//! Curvature of a loss from Hessian–vector products.

pub mod lanczos;
pub mod sharpness;
pub mod trace;

/// The inner product.
pub(crate) fn inner(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// `vector += factor · other`.
pub(crate) fn add(vector: &mut [f64], factor: f64, other: &[f64]) {
    vector.iter_mut().zip(other).for_each(|(entry, other)| *entry += factor * other);
}
