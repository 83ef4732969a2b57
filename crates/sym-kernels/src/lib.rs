//! Vectorised activations for sym, as plain functions over slices and as a burn backend extension.
//!
//! - [`dense`] is a dense layer with bias and activation in one operation.
//! - [`slice`] works on `&[f32]` and `&[f64]`.
//! - [`softmax`], [`normalise`] and [`sums`] treat rows or columns of an array, forward and backward; [`broadcast`] combines every
//!   row with one row, or with one number a row.
//! - [`optimiser`] does a step of gradient descent or Adam in one pass over memory.
//! - [`arithmetic`] and [`matrix`] are sums, products and matrix products on slices.
//! - [`share`] says how work is divided among threads.
//! - [`tensor`] works on burn tensors. On burn's flex backend in `f32` or `f64` it runs the slice kernels, and with autodiff
//!   records one node that saves the value (or, where the derivative is no function of the value, the derivative).
//!   Every other device and type uses burn's own operation.
//!
//! Accuracy, in units in the last place: values are at most 2 off in `f64` (largest seen in some millions of arguments: tanh 1.7, gelu,
//! sine and cosine 1.5, erf 1.4, all others 1.2), down to subnormal values and for arguments of every size, and at most 2 in `f32`
//! (largest seen: tanh 1.4, all others 1.3). Derivatives are within four roundings of the larger of themselves and one.
//!
//! Invariants:
//! - The bits of an element depend on its argument alone: not on position, length, threads, instruction set or machine.
//! - The bits of a sum depend on its terms and their number alone: the order of additions is fixed, not that of the instruction set.
//! - `unsafe` occurs in `isa.rs`, to call functions compiled for a detected instruction set, and in `matrix.rs`, to call `gemm`.
//! - The crate knows no models: of the programs it knows the names of their elementwise functions.

mod activation;
pub mod arithmetic;
mod isa;
mod lanes;
mod math;
mod tasks;

pub mod broadcast;
pub mod dense;
pub mod matrix;
pub mod normalise;
pub mod optimiser;
pub mod share;
pub mod slice;
pub mod softmax;
pub mod sums;
pub mod tensor;

pub use activation::Activation;
pub use isa::Level;
