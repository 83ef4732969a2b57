//! The loops, generic over function and type; `isa.rs` compiles each for every instruction set.

use crate::isa::Task;
use crate::math::Family;
use crate::math::real::Real;

/// Elements handled together: small enough to stay in the first-level cache between passes.
const BLOCK: usize = 512;

/// Replaces arguments by values.
pub(crate) struct Forward<'a, T, F> {
    pub values: &'a mut [T],
    pub family: F,
}

#[inline(always)]
fn forward<T: Real, F: Family<T>>(family: F, values: &mut [T]) {
    for block in values.chunks_mut(BLOCK) {
        if F::HAS_IRREGULAR && any_irregular(family, block) {
            for v in block.iter_mut() {
                *v = if family.irregular(*v) { family.irregular_value_and_slope(*v).0 } else { family.value(*v) };
            }
        } else {
            for v in block.iter_mut() {
                *v = family.value(*v);
            }
        }
    }
}

#[inline(always)]
fn any_irregular<T: Real, F: Family<T>>(family: F, block: &[T]) -> bool {
    block.iter().fold(false, |found, &x| found | family.irregular(x))
}

impl<T: Real, F: Family<T>> Task for Forward<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        forward(self.family, self.values);
    }
}

/// Replaces arguments by values and writes the derivatives.
pub(crate) struct ForwardSlope<'a, T, F> {
    pub values: &'a mut [T],
    pub slopes: &'a mut [T],
    pub family: F,
}

#[inline(always)]
fn forward_slope<T: Real, F: Family<T>>(family: F, values: &mut [T], slopes: &mut [T]) {
    for (block, slopes) in values.chunks_mut(BLOCK).zip(slopes.chunks_mut(BLOCK)) {
        if F::HAS_IRREGULAR && any_irregular(family, block) {
            for (v, s) in block.iter_mut().zip(slopes) {
                (*v, *s) = if family.irregular(*v) { family.irregular_value_and_slope(*v) } else { family.value_and_slope(*v) };
            }
        } else {
            for (v, s) in block.iter_mut().zip(slopes) {
                (*v, *s) = family.value_and_slope(*v);
            }
        }
    }
}

impl<T: Real, F: Family<T>> Task for ForwardSlope<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        forward_slope(self.family, self.values, self.slopes);
    }
}

/// Adds a bias to every row and replaces arguments by values; writes the derivatives if `slopes` is not empty.
pub(crate) struct BiasForward<'a, T, F> {
    pub values: &'a mut [T],
    pub bias: &'a [T],
    pub slopes: &'a mut [T],
    pub family: F,
}

impl<T: Real, F: Family<T>> Task for BiasForward<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = rows_per_block(self.bias.len());
        if self.slopes.is_empty() {
            for block in self.values.chunks_mut(rows) {
                add_bias(block, self.bias);
                forward(self.family, block);
            }
        } else {
            for (block, slopes) in self.values.chunks_mut(rows).zip(self.slopes.chunks_mut(rows)) {
                add_bias(block, self.bias);
                forward_slope(self.family, block, slopes);
            }
        }
    }
}

/// Adds a bias to every row.
pub(crate) struct AddBias<'a, T> {
    pub values: &'a mut [T],
    pub bias: &'a [T],
}

impl<T: Real> Task for AddBias<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        add_bias(self.values, self.bias);
    }
}

/// Elements of as many whole rows as fill a block.
#[inline(always)]
fn rows_per_block(columns: usize) -> usize {
    columns * (BLOCK / columns).max(1)
}

#[inline(always)]
fn add_bias<T: Real>(values: &mut [T], bias: &[T]) {
    for row in values.chunks_exact_mut(bias.len()) {
        for (v, &b) in row.iter_mut().zip(bias) {
            *v = *v + b;
        }
    }
}

/// Replaces gradients with respect to values by gradients with respect to arguments.
pub(crate) struct Backward<'a, T, F> {
    pub saved: &'a [T],
    pub gradients: &'a mut [T],
    pub family: F,
}

#[inline(always)]
fn backward<T: Real, F: Family<T>>(family: F, saved: &[T], gradients: &mut [T]) {
    for (g, &s) in gradients.iter_mut().zip(saved) {
        *g = family.chain(s, *g);
    }
}

impl<T: Real, F: Family<T>> Task for Backward<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        backward(self.family, self.saved, self.gradients);
    }
}

/// Like [`Backward`], and adds the sum over rows to `bias`, row after row.
pub(crate) struct BiasBackward<'a, T, F> {
    pub saved: &'a [T],
    pub gradients: &'a mut [T],
    pub bias: &'a mut [T],
    pub family: F,
}

impl<T: Real, F: Family<T>> Task for BiasBackward<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = rows_per_block(self.bias.len());
        for (saved, block) in self.saved.chunks(rows).zip(self.gradients.chunks_mut(rows)) {
            backward(self.family, saved, block);
            sum_rows(block, self.bias);
        }
    }
}

/// Adds the sum over rows to `sums`, row after row.
pub(crate) struct SumRows<'a, T> {
    pub values: &'a [T],
    pub sums: &'a mut [T],
}

impl<T: Real> Task for SumRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        sum_rows(self.values, self.sums);
    }
}

#[inline(always)]
fn sum_rows<T: Real>(values: &[T], sums: &mut [T]) {
    for row in values.chunks_exact(sums.len()) {
        for (s, &v) in sums.iter_mut().zip(row) {
            *s = *s + v;
        }
    }
}
