//! The clauses of a symmetric state.

use super::{Expr, Ident};
use sym_diagnostics::Span;

/// One clause of a symmetric state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateClause {
    /// `merge`, `merge_signed`, `zero`, `low_rank` as written.
    pub verb: Ident,
    /// Layer or parameter, with an optional unit range: `fc1`, `fc2[60..64]`.
    pub target: Expr,
    /// `into 8` or `to 3`, where given.
    pub amount: Option<Expr>,
    /// The whole clause.
    pub span: Span,
}
