//! Examples: from files, which are checked before anything is taken from them, and from generators.

mod array;
mod cursor;
pub mod draw;
mod element;
mod error;
mod examples;
pub mod read;
mod sources;
mod table;
pub mod transform;

pub use array::{Array, Layout};
pub use cursor::Cursor;
pub use element::{Element, Entries, Order};
pub use error::{Error, Kind, Place};
pub use examples::{Examples, Parts, Targets};
pub use sources::{Remote, SOURCES, Source};
pub use table::{Affine, Dense, Number, Table};
