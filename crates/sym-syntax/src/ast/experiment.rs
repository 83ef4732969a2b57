//! Items about data, runs, measurements and claims, with the fields in their braces.

use super::{Argument, Expr, Ident, StateClause, StringLiteral};
use sym_diagnostics::Span;

/// `data NAME = SOURCE CLAUSES`: clauses are fields such as `split 500 as test`.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Name.
    pub name: Ident,
    /// Source, a call such as `digits()` or `teacher(…)`.
    pub source: Expr,
    /// `split N as NAME`, where given.
    pub split: Option<Split>,
}

/// `split 500 as test`.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// How many examples go into the second part.
    pub count: Expr,
    /// The name of the second part.
    pub name: Ident,
}

/// `train NAME = MODEL { FIELDS }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Train {
    /// Name.
    pub name: Ident,
    /// Model: a name or a call.
    pub model: Expr,
    /// Fields.
    pub fields: Vec<Field>,
}

/// `figure "NAME" { FIELDS }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Name: the stem of the files that it writes.
    pub name: StringLiteral,
    /// Fields: `plot`, `mark`, `title` and so on.
    pub fields: Vec<Field>,
}

/// `theorem NAME on MODEL { FIELDS }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Theorem {
    /// Name.
    pub name: Ident,
    /// Model: a name or a call.
    pub model: Expr,
    /// Fields: `state`, `data`, `loss`, `optim`, `steps`, `expect`.
    pub fields: Vec<Field>,
}

/// `measure NAME on MODEL from "FILE" names MAP { PROBES }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Name.
    pub name: Ident,
    /// Model: a name or a call.
    pub model: Expr,
    /// `from`, `names`, `data`, `gauges`, each with one value.
    pub clauses: Vec<Field>,
    /// The probes.
    pub probes: Vec<Expr>,
    /// Profiles among the probes, with clauses as their fields.
    pub profiles: Vec<Field>,
}

/// A field `KEY VALUES` of a body. Which keys an item has is decided when names are resolved, so that a misspelt key gets a
/// suggestion instead of a syntax error.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Key.
    pub key: Ident,
    /// Value.
    pub value: FieldValue,
    /// The whole field.
    pub span: Span,
}

/// The forms of field values.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// `steps 50_000`, `optim gd(lr: 0.05), sgd(lr: 0.05, batch: 32)`: one or more expressions.
    Exprs(Vec<Expr>),
    /// `every 50 measure { loss, delta(fc1) }`: the key is `every`.
    Every {
        /// The interval in steps.
        interval: Expr,
        /// The probes.
        probes: Vec<Expr>,
    },
    /// `profile quick { steps 2_000 }`: the key is `profile`.
    Profile {
        /// Name.
        name: Ident,
        /// The fields that it replaces.
        fields: Vec<Field>,
    },
    /// `state merge fc1 into 8, zero fc2[60..64]`: the key is `state`.
    State(Vec<StateClause>),
    /// `expect divergence < 1e-9`: the key is `expect`.
    Claim(Claim),
    /// `plot A.delta(fc1), A.loss over step`: the key is `plot`.
    Plot {
        /// What is drawn.
        series: Vec<Expr>,
        /// `over step` or `against width`.
        against: Option<Expr>,
        /// Trailing options such as `colour: decay`.
        options: Vec<Argument>,
    },
    /// Text that is no value; a diagnostic has been given.
    Error,
}

/// `LEFT OP RIGHT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Left side.
    pub left: Expr,
    /// Comparison.
    pub comparison: Comparison,
    /// Right side.
    pub right: Expr,
    /// The whole claim.
    pub span: Span,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
