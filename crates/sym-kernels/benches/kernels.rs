//! Kernels on 4,096 numbers in the second-level cache, on each instruction set that the processor has: `cargo bench -p sym-kernels`. What the processor does
//! not have runs as the widest that it has.

use divan::Bencher;
use divan::counter::ItemsCount;
use sym_kernels::normalise::{self, Over};
use sym_kernels::slice::{Real, apply_at};
use sym_kernels::{Activation, Level, softmax};

const COUNT: usize = 4_096;
const ROW: usize = 64;
const LEVELS: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];
const FUNCTIONS: [Activation; 4] = [Activation::Tanh, Activation::Sigmoid, Activation::Gelu, Activation::Exp];

fn main() {
    divan::main();
}

/// Numbers between −3 and 3.
fn numbers<T: Real>() -> Vec<T> {
    (0..COUNT).map(|at| T::from_f64((at as f64 * 12.9898).sin() * 3.0)).collect()
}

fn functions() -> impl Iterator<Item = (Level, Activation)> {
    LEVELS.into_iter().flat_map(|level| FUNCTIONS.map(|function| (level, function)))
}

#[divan::bench(types = [f32, f64], args = functions())]
fn function<T: Real>(bencher: Bencher, (level, function): (Level, Activation)) {
    let bencher = bencher.counter(ItemsCount::new(COUNT)).with_inputs(numbers::<T>);
    bencher.bench_local_refs(|values| apply_at(level, function, values));
}

#[divan::bench(types = [f32, f64], args = LEVELS)]
fn softmax_of_rows<T: Real>(bencher: Bencher, level: Level) {
    let bencher = bencher.counter(ItemsCount::new(COUNT)).with_inputs(numbers::<T>);
    bencher.bench_local_refs(|values| level.at_most(|| softmax::rows(values, ROW)));
}

#[divan::bench(types = [f32, f64], args = LEVELS)]
fn layer_norm<T: Real>(bencher: Bencher, level: Level) {
    let bencher = bencher.counter(ItemsCount::new(COUNT)).with_inputs(numbers::<T>);
    let mut inverses = vec![T::from_f64(0.0); COUNT / ROW];
    bencher.bench_local_refs(|values| {
        level.at_most(|| normalise::forward(Over::Rows { n: ROW }, true, 1e-5, values, &mut inverses));
    });
}
