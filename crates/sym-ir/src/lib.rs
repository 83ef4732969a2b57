//! The tensor program of a model and the typed form of everything else a `.sym` file states.
//!
//! Architecture invariant: a [`Program`] is shape-checked, in SSA order and free of names to resolve. This crate knows nothing about
//! groups, touches no numbers of weights and does no input or output: files that a `use` names come through [`Loader`].

mod adjoint;
mod batch_norms;
pub mod builder;
pub mod compile;
pub mod contraction;
pub mod elaborate;
pub mod experiment;
pub mod experiments;
pub mod function;
mod initial;
pub mod intervention;
pub mod library;
pub mod mask;
mod names;
pub mod probes;
pub mod program;
pub mod selector;
pub mod source;
pub mod storage;
mod text;
pub mod values;

pub use adjoint::Adjoint;
pub use batch_norms::BatchNorm;
pub use builder::Builder;
pub use compile::{Loader, Options, compile};
pub use experiment::Document;
pub use function::{Builtin, Function, Scalar};
pub use intervention::{Edit, Intervention};
pub use mask::{FrozenEntries, Mask, MaskRule};
pub use names::PRIMITIVES;
pub use program::{
    Axis, Drawn, Entries, Initial, Input, InputId, Label, Node, Operand, Operation, Output, Pairs, Parameter, ParameterId,
    Program, ReduceKind, Role, Term, ValueId,
};
pub use source::source;
pub use storage::{Storage, StoredName, StoredTensor};
pub use text::text;
