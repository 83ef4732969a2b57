//! What is measured. A probe is declared in [`sym_ir::probes`]; what it looks at in a model, `target` finds, and its value, `quantity` computes with the functions
//! of `sym-measure`. All of it is computed in double precision, in a fixed order, and changes no bit of what trains.

mod event;
pub(crate) mod groups;
mod instruments;
mod likeness;
mod matrix;
mod norm;
mod panel;
mod quantity;
mod score;
mod target;

pub use event::{Detector, Event, Kind};
pub use instruments::Instruments;
pub use likeness::{likeness, seen};
pub use norm::norm;
pub use panel::Panel;
pub use quantity::View;
pub use score::{Score, score};
pub use target::{Ground, check};
