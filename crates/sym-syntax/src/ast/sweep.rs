//! Sweeps.

use super::{Field, Ident};

/// `sweep NAME = train TRAIN over { SETTING: VALUES, … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Name.
    pub name: Ident,
    /// The `train` item that is run at each setting.
    pub train: Ident,
    /// Settings under their names, also dotted (`optim.lr`), each with one expression for its values; `samples`; profiles.
    pub fields: Vec<Field>,
}
