//! A tensor program as a burn module: the reference execution on any burn device, in single or double precision.
//!
//! [`Module`] interprets a [`sym_ir::Program`] one operation after another; [`primitive`] has one file per family of operations.
//! Values of unknown rank are [`Array`]s; batched values carry a leading batch axis, and
//! a rank-0 value is an array of one axis of length 1.
//!
//! Architecture invariant: this crate evaluates and differentiates; it does not train, draws no random numbers and owns no loss. Whatever
//! it cannot execute is said before anything runs, all at once ([`check`]).

mod array;
mod backend;
mod compile;
mod execute;
mod module;
mod primitive;
mod text;
mod weights;

pub use array::{Array, MAX_RANK};
pub use backend::{Backend, OFFERS, Offer, dtype};
pub use compile::{MAX_ENTRIES, check};
pub use module::Module;
pub use text::text;
pub use weights::{
    Packed, Stored, check_sizes, from_safetensors, from_state_dict, from_state_dict_partly, load, load_pytorch, load_safetensors,
    load_state_dict, save_safetensors, to_safetensors, to_state_dict,
};
