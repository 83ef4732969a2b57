//! The clauses of `with { … }`.

use super::{Expr, Ident};
use sym_diagnostics::Span;

/// `add rescaling on fc1.weight by scale(per: row)`: an intervention on a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervention {
    /// What it is said to do, where that is said.
    pub change: Option<Change>,
    /// What it acts on; empty for everything that it can act on.
    pub on: Vec<Target>,
    /// The intervention with its arguments.
    pub by: Expr,
    /// The whole clause.
    pub span: Span,
}

/// `add rescaling` or `remove permutation, sign`.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `add` or `remove`.
    pub verb: Ident,
    /// Kinds of symmetry.
    pub kinds: Vec<Ident>,
}

/// What an intervention acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Which parameters.
    pub kind: TargetKind,
    /// Where it is written.
    pub span: Span,
}

/// The ways to select parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum TargetKind {
    /// `all`.
    All,
    /// `all linear`: the parameters of every such block.
    Block(Ident),
    /// `space fc1`: the parameters that a space moves.
    Space(String),
    /// `fc1`, `attn.*.wq`.
    Paths(String),
    /// Missing; a diagnostic has been given.
    Error,
}
