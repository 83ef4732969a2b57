//! The syntax tree: what the user wrote, with spans, before any name is resolved.
//!
//! A missing piece is an explicit `Error` node, never an absent field that later stages would have to guess about.

mod experiment;
mod interventions;
mod state;
mod sweep;

pub use experiment::{Claim, Comparison, Data, Field, FieldValue, Figure, Measure, Split, Theorem, Train};
pub use interventions::{Change, Intervention, Target, TargetKind};
pub use state::StateClause;
pub use sweep::Sweep;

use sym_diagnostics::Span;

/// A name with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// One file: its items in order, and all comments in order.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Items, in source order.
    pub items: Vec<Item>,
    /// Every comment (`// …` without its line end), in source order.
    pub comments: Vec<Comment>,
    /// The whole text.
    pub span: Span,
}

/// A comment. The tree keeps them beside the items, ordered by place.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// The text with its `//`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A top-level item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The whole item.
    pub span: Span,
}

/// The kinds of items.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `use std.layers` or `use "file.sym"`.
    Use(UsePath),
    /// `fn swish(x) = x * sigmoid(x)`.
    Function(Function),
    /// `block linear(x[.., d], width: int) -> [.., width] { … }`.
    Block(Block),
    /// `model Mlp(width: int = 64) { … }` or `model B = A(width: 64)`.
    Model(Model),
    /// `data Waves = teacher(…) split 500 as test`.
    Data(Data),
    /// `train Saddle = Mlp(width: 64) { … }`.
    Train(Train),
    /// `figure "fig02" { … }`.
    Figure(Figure),
    /// `expect CLAIM`.
    Expect(Claim),
    /// `assume CLAIM`.
    Assume(Claim),
    /// `theorem Reduction on Mlp(width: 64) { … }`.
    Theorem(Theorem),
    /// `sweep Decay = train Saddle over { decay: logspace(1e-5, 1e-1, 9), width: [64, 256] }`.
    Sweep(Sweep),
    /// `measure Heads on Bert() from "model.safetensors" names hf.bert { spectrum(attention.*) }`.
    Measure(Measure),
    /// Text that is no item; a diagnostic has been given.
    Error,
}

/// What a `use` names.
#[derive(Debug, Clone, PartialEq)]
pub enum UsePath {
    /// `use std.layers`: a part of the standard library (a prelude, so this is a reminder for the reader).
    Module(Vec<Ident>),
    /// `use "common.sym"`: a file, relative to the using file.
    File(StringLiteral),
}

/// A parameter of a function, block or model.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Ident,
    /// Value or setting.
    pub kind: ParameterKind,
    /// The whole parameter.
    pub span: Span,
}

/// The two kinds of parameters of a block.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterKind {
    /// `x[t, d]`: a tensor; each bracket entry is a size (a name binds it on first use). `x[.., d]` takes any number of leading
    /// axes. No brackets in a block: a tensor of rank 0; in a `fn`: the elementwise argument.
    Value(Option<Vec<Axis>>),
    /// `width: int = 64`.
    Setting {
        /// `int`, `float`, `bool`, `fn`, `name` as written.
        type_name: Ident,
        /// The default.
        default: Option<Expr>,
    },
}

/// An entry of a shape or index bracket.
#[derive(Debug, Clone, PartialEq)]
pub enum Axis {
    /// `..`: any number of leading axes.
    Rest(Span),
    /// A size or an index.
    Expr(Expr),
}

/// `fn NAME(PARAMETERS) = EXPR`.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Name.
    pub name: Ident,
    /// Parameters; the first is the elementwise argument, others are settings with defaults.
    pub parameters: Vec<Parameter>,
    /// Definition.
    pub body: Expr,
}

/// `block NAME(PARAMETERS) -> [SHAPE] { STATEMENTS }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Name.
    pub name: Ident,
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// The declared shape of the result, where given.
    pub result: Option<Vec<Axis>>,
    /// Statements.
    pub body: Vec<Statement>,
}

/// A model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name.
    pub name: Ident,
    /// Parameters (settings only).
    pub parameters: Vec<Parameter>,
    /// How it is given.
    pub body: ModelBody,
}

/// The two ways to give a model.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelBody {
    /// Statements.
    Statements(Vec<Statement>),
    /// `= A(width: 64)`, with the interventions of `with { … }`.
    Alias {
        /// The model.
        target: Expr,
        /// What is done to it, in order; `None` without a `with`.
        with: Option<Vec<Intervention>>,
    },
}

/// A statement of a block or model.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Debug, Clone, PartialEq)]
pub enum StatementKind {
    /// `input x[t, 10]`; with fields such as `rank 3` (the input never leaves a subspace of that dimension).
    Input {
        /// Name.
        name: Ident,
        /// Sizes.
        sizes: Vec<Axis>,
        /// Trailing fields.
        fields: Vec<Field>,
    },
    /// `param w[a, b] stored "weight" as [b, a]`, or `frozen w[a, b] …` for a tensor that is never trained.
    Param {
        /// `frozen` instead of `param`.
        frozen: bool,
        /// Name.
        name: Ident,
        /// Sizes; empty for rank 0.
        sizes: Vec<Axis>,
        /// Storage.
        stored: Option<Stored>,
        /// Trailing fields such as `init kaiming`.
        fields: Vec<Field>,
    },
    /// `h = x` or `q[h, i] = …`.
    Assign {
        /// Target.
        target: Ident,
        /// Index names, where given.
        indices: Option<Vec<Axis>>,
        /// Value.
        value: Expr,
    },
    /// `for i in 1..=depth { … }`.
    For {
        /// Loop variable.
        variable: Ident,
        /// Range.
        range: Expr,
        /// Body.
        body: Vec<Statement>,
    },
    /// `scan u in z, v in x backwards { … }`: the body for each entry of the first axes, one after another.
    Scan {
        /// The names of the entries, each with what it runs through; at least one.
        sequences: Vec<(Ident, Expr)>,
        /// From the last entry to the first.
        backwards: bool,
        /// Body.
        body: Vec<Statement>,
    },
    /// `collect h = s` or `collect h[o] = …` in the body of a `scan`: the values of all entries, stacked over a new first axis.
    Collect {
        /// Target.
        target: Ident,
        /// Index names, where given.
        indices: Option<Vec<Axis>>,
        /// Value.
        value: Expr,
    },
    /// `if bias { … } else { … }`, decided while compiling.
    If {
        /// Condition.
        condition: Expr,
        /// Taken when true.
        then: Vec<Statement>,
        /// Taken when false.
        otherwise: Vec<Statement>,
    },
    /// `output linear(h, 1)` or `output y[i] = …`.
    Output(ResultValue),
    /// `return y` or `return y[i, e] = …`.
    Return(ResultValue),
    /// Text that is no statement; a diagnostic has been given.
    Error,
}

/// The value of `output` and `return`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultValue {
    /// Name and indices in the form `y[i, e] = …`.
    pub target: Option<(Ident, Vec<Axis>)>,
    /// Value.
    pub value: Expr,
}

/// `stored "q_proj.weight" as [(heads k), d]`, `stored "c_attn.weight" as [d, (heads k) at d]` for a part of a longer axis, or
/// `stored "experts.{e}.w1.weight" for e in experts` for a tensor each position of an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The state-dict name; `{i}` interpolates.
    pub name: StringLiteral,
    /// `for e in experts`: the names of positions in the stored name, each with the axis, by its size, that it counts.
    pub each: Vec<(Ident, Ident)>,
    /// Layout: stored axes in order, each a group of the parameter's axes by size name.
    pub layout: Option<Vec<StoredAxis>>,
    /// The whole clause.
    pub span: Span,
}

/// One stored axis: a single parameter axis, or several merged in order.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAxis {
    /// The merged axes.
    pub factors: Vec<StoredFactor>,
    /// `at d` behind it: where the whole of it begins in a longer axis.
    pub at: Option<Expr>,
    /// The whole entry.
    pub span: Span,
}

/// One of the axes that a stored axis merges.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFactor {
    /// The name of the axis's size.
    pub name: Ident,
    /// `at d` behind it: where it begins in a longer axis.
    pub at: Option<Expr>,
}

/// A string with interpolated names.
#[derive(Debug, Clone, PartialEq)]
pub struct StringLiteral {
    /// Text and holes in order.
    pub parts: Vec<StringPart>,
    /// With its quotes.
    pub span: Span,
}

impl StringLiteral {
    /// The text, if it has no holes.
    pub fn plain(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                StringPart::Text(text) => Some(text.as_str()),
                StringPart::Hole(_) => None,
            })
            .collect()
    }
}

/// A piece of a string.
#[derive(Debug, Clone, PartialEq)]
pub enum StringPart {
    /// Text with escapes resolved.
    Text(String),
    /// `{i}`: a name in scope.
    Hole(Ident),
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A number as written (`50_000`, `1e-6`, `10`).
    Number(Number),
    /// A string.
    String(StringLiteral),
    /// `true` or `false`.
    Bool(bool),
    /// `x`, `fc1.weight`, `layers.0.weight`, `Saddle.delta`.
    Path(Vec<Ident>),
    /// `fc*`, `attn.*.wq`: only where a selector may stand.
    Glob(String),
    /// `x[i, j]`, `fc2[60..64]`.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// Entries.
        indices: Vec<Axis>,
    },
    /// `f(a, name: b)`. An explicit reduction `sum(j: x[j])` is a call whose one argument is named after the index.
    Call {
        /// What is called: a path, also `Saddle.delta`.
        callee: Vec<Ident>,
        /// Arguments.
        arguments: Vec<Argument>,
    },
    /// `-x`, `not x`.
    Unary {
        /// Operator.
        operator: UnaryOperator,
        /// Operand.
        operand: Box<Expr>,
    },
    /// `a + b`.
    Binary {
        /// Operator.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `a == b` and so on, inside `if`.
    Compare {
        /// Comparison.
        comparison: Comparison,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `0..5`, `1..=depth`.
    Range {
        /// First.
        low: Box<Expr>,
        /// Last, or one past it.
        high: Box<Expr>,
        /// `..=`.
        inclusive: bool,
    },
    /// `[64, 256, 1024]`.
    List(Vec<Expr>),
    /// `Saddle.loss at end`, `… at start`, `… at 500`.
    At {
        /// The measured quantity.
        quantity: Box<Expr>,
        /// `start`, `end` or a step.
        when: Box<Expr>,
    },
    /// A missing or unreadable operand; a diagnostic has been given.
    Error,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// `name:` where given.
    pub name: Option<Ident>,
    /// Value.
    pub value: Expr,
}

/// A number literal.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// As written.
    pub text: String,
    /// As a float.
    pub float: f64,
    /// As a whole number, when written without a point or negative exponent and within `u128`.
    pub integer: Option<u128>,
}

/// A unary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-x`
    Negate,
    /// `not x`
    Not,
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `and`
    And,
    /// `or`
    Or,
}
