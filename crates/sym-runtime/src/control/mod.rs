//! Control of given weights: moving them along the orbits of a model's symmetries, which changes no output, and comparing them.
//!
//! | operation | module |
//! |---|---|
//! | `align` to other weights | [`matching`] |
//! | `balance` the norms of factors | [`balance`] |
//! | `canonicalise`: one point for each orbit | [`canonical`] |
//! | similarity of units by their values | `activations` |
//! | exact assignment, nearest matrices of a group | `assignment`, `procrustes` |
//! | `teleport` to a larger gradient | [`teleport`](mod@teleport) |
//! | the loss between two points | [`barrier`] |
//!
//! Everything moves weights by elements of the found groups (`sym_infer::action::apply_element`), in double precision and in a fixed order.
//! Rows whose elements are neither permutations, factors, signs nor matrices along axes are left as they are, and named.

mod activations;
mod assignment;
pub mod balance;
pub mod barrier;
pub mod canonical;
mod matching;
pub(crate) mod moved;
mod places;
mod procrustes;
pub mod teleport;

use sym_infer::{Generators, Space, Symmetries};

pub use balance::balanced;
pub use barrier::{Barrier, barrier};
pub use canonical::canonicalise;
pub use matching::{Aligned, By, align};
pub use teleport::{Teleported, teleport};

/// The rows that control leaves as they are, by name.
pub fn left(symmetries: &Symmetries) -> Vec<String> {
    fn is_moved(generators: &Generators) -> bool {
        match generators {
            Generators::Units { .. } | Generators::Matrices { .. } => true,
            Generators::Split { inner } | Generators::Cut { inner } => is_moved(inner),
            _ => false,
        }
    }
    let acts = |space: &&Space| space.group != sym_infer::Group::Trivial;
    symmetries.spaces.iter().filter(acts).filter(|space| !is_moved(&space.generators)).map(|space| space.name.clone()).collect()
}
