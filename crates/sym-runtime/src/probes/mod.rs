//! What is measured, one file a quantity. All of it is computed in double precision on the host, in a fixed order.

mod degree;
mod delta;
mod norm;
mod panel;
mod rank;
mod score;

pub use degree::{Detector, Event};
pub use delta::{distances, unit_vectors};
pub use norm::norm;
pub use panel::{Panel, View};
pub use rank::{matrix, rank};
pub use score::{Score, score};
