//! `input`, `param` and `frozen` statements.

use super::expression::axis_span;
use super::network::Network;
use super::scope::{Binding, Tensor};
use crate::program::{Axis, Entries, Initial, Input, Parameter, Role};
use crate::storage::Storage;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, Field, FieldValue, Ident, Stored};

/// The names of initial values.
const INITIAL: [&str; 5] = ["uniform", "normal", "constant", "zeros", "ones"];

/// What a `param` or `frozen` statement declares.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub path: String,
    pub storage: Storage,
    pub shape: Vec<Axis>,
    pub trainable: bool,
    pub initial: Initial,
    /// The block that declares it.
    pub block: Arc<str>,
    /// The sizes as written.
    pub sizes: Vec<Arc<str>>,
    pub span: Span,
}

impl Declared {
    pub fn parameter(self) -> Parameter {
        let Self { path, storage, shape, trainable, initial, block, sizes, span } = self;
        Parameter { path, storage, shape, trainable, initial, role: Role { block, sizes, ..Role::default() }, span }
    }
}

impl Network<'_, '_> {
    /// `input x[10] rank 3` or `input tokens[16] in 0..100`.
    pub fn input(&mut self, name: &Ident, sizes: &[ast::Axis], fields: &[Field], span: Span) -> Option<()> {
        if self.body().block.is_some() {
            self.report(
                Diagnostic::new(Code::E0101, span, "an `input` inside a block")
                    .found("input")
                    .expected("a parameter of the block, such as `block f(x[d])`"),
            );
            return self.declare(name, None);
        }
        let shape = self.shape(sizes);
        let mut rank = None;
        let mut entries = Entries::Real;
        let mut sound = true;
        for field in fields {
            match field.key.text.as_str() {
                "rank" => {
                    rank = self.only(field).and_then(|expr| self.axis(expr)).map(|axis| axis.size);
                    sound &= rank.is_some();
                }
                "in" => match self.only(field).and_then(|expr| self.integers(expr)) {
                    Some(range) => entries = range,
                    None => sound = false,
                },
                _ => {
                    self.unknown_field("input", field, &["rank", "in"]);
                    sound = false;
                }
            }
        }
        let (Some(shape), true) = (shape, sound) else { return self.declare(name, None) };
        if self.is_taken(name) {
            return None;
        }
        if !self.countable(&shape, name.span) {
            return self.declare(name, None);
        }
        let value = self.builder.declare_input(Input {
            name: name.text.clone(),
            shape: shape.clone(),
            rank,
            basis: Vec::new(),
            entries,
            span,
        });
        self.declare(name, Some(Tensor { value, axes: shape }))
    }

    /// The whole numbers `0..n` that an input takes.
    fn integers(&mut self, expr: &Expr) -> Option<Entries> {
        let ExprKind::Range { low, high, inclusive } = &expr.kind else {
            if !matches!(expr.kind, ExprKind::Error) {
                let text = self.elaborator.text(expr.span);
                self.report(
                    Diagnostic::new(Code::E0211, expr.span, format!("`{text}` is no range"))
                        .found(text.clone())
                        .expected("a range of whole numbers, such as `0..100`")
                        .help(format!("write `in 0..{text}`")),
                );
            }
            return None;
        };
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        let low_value = self.elaborator.whole(low, scope);
        let high_value = self.elaborator.whole(high, scope);
        let (low, high) = (low_value?, high_value?.saturating_add(i128::from(*inclusive)));
        if low != 0 || high < 1 || high > i128::from(i64::MAX) {
            self.report(
                Diagnostic::new(Code::E0223, expr.span, format!("the range {low}..{high} of an input"))
                    .found(format!("{low}..{high}"))
                    .expected("a range from 0 with at least one number, below 2^63"),
            );
            return None;
        }
        Some(Entries::Integer { below: high as u128 })
    }

    /// `param w[a, b] stored "weight" as [b, a] init zeros fixed [[0, 1]]`.
    pub fn parameter(
        &mut self,
        trainable: bool,
        name: &Ident,
        sizes: &[ast::Axis],
        stored: Option<&Stored>,
        fields: &[Field],
    ) -> Option<()> {
        let Some(shape) = self.shape(sizes) else { return self.declare(name, None) };
        let prefix = self.body().prefix.clone();
        let path = if prefix.is_empty() { name.text.clone() } else { format!("{prefix}.{}", name.text) };
        if self.is_later_step()
            && let Some(shared) = self.shared.get(&path).cloned()
        {
            return self.declare(name, Some(shared));
        }
        let written: Vec<String> = sizes.iter().map(|size| self.elaborator.text(axis_span(size))).collect();
        let storage = self.storage(&path, &prefix, &shape, &written, stored);
        let (mut initial, mut fixed) = (None, None);
        let mut sound = self.countable(&shape, name.span);
        for field in fields {
            if field.key.text == "init" {
                initial = self.only(field).and_then(|expr| self.initial(expr));
                sound &= initial.is_some();
            } else if field.key.text == "fixed" && trainable {
                fixed = self.only(field).and_then(|expr| self.fixed_places(expr, &shape));
                sound &= fixed.is_some();
            } else {
                let known: &[&str] = if trainable { &["init", "fixed", "stored"] } else { &["init", "stored"] };
                self.unknown_field(if trainable { "param" } else { "frozen" }, field, known);
                sound = false;
            }
        }
        let (Some(storage), true) = (storage, sound) else { return self.declare(name, None) };
        if self.is_taken(name) || !self.claim_name(&storage, name.span) {
            return self.declare(name, None);
        }
        let span = self.builder.span;
        let written = sizes.iter().map(|size| self.elaborator.text(axis_span(size)).into()).collect();
        let block = self.body().block.as_deref().unwrap_or_default().into();
        let mut declared =
            Declared { path, storage, shape, trainable, initial: Initial::Constant(0.0), block, sizes: written, span };
        declared.initial = initial.unwrap_or_else(|| default_initial(&declared.clone().parameter()));
        let path = declared.path.clone();
        let tensor = match fixed {
            Some(places) if !places.is_empty() => {
                if !self.can_be_cut(&declared, name.span) {
                    return self.declare(name, None);
                }
                self.declare_pieces(declared, &places, name.span)?
            }
            _ => {
                let axes = declared.shape.clone();
                Tensor { value: self.builder.declare_parameter(declared.parameter()), axes }
            }
        };
        if !self.scans.is_empty() {
            self.shared.insert(path, tensor.clone());
        }
        self.declare(name, Some(tensor))
    }

    /// Whether the pieces of a parameter can be stored side by side: E0218 where stored axes are merged or cut already.
    fn can_be_cut(&mut self, declared: &Declared, name: Span) -> bool {
        let plain = declared.storage.layout.iter().all(|axis| axis.axes.len() == 1 && axis.part.is_none());
        let sound = plain && declared.storage.name.axes().is_empty();
        if !sound {
            self.report(
                Diagnostic::new(Code::E0218, name, "a parameter with fixed entries is stored as a whole, axis by axis")
                    .found("a layout that merges, cuts or counts axes")
                    .expected("a layout of single axes"),
            );
        }
        sound
    }

    /// Binds a declared name; `None` where its declaration failed.
    fn declare(&mut self, name: &Ident, tensor: Option<Tensor>) -> Option<()> {
        let sound = tensor.is_some();
        if !self.is_taken(name) {
            self.body().scope.bind(&name.text, Binding { tensor, span: name.span });
        }
        sound.then_some(())
    }

    /// Whether a name is in use in this body; E0202 if so.
    fn is_taken(&mut self, name: &Ident) -> bool {
        let scope = self.scope();
        let innermost = scope.tensors.last().and_then(|frame| frame.get(&name.text));
        let first = match innermost.or_else(|| scope.tensor(&name.text)) {
            Some(binding) => binding.span,
            None => match scope.setting(&name.text) {
                Some(known) if known.setting.as_ref().is_some_and(|setting| setting.number().is_some()) => known.span,
                _ => return false,
            },
        };
        if first == name.span {
            return false;
        }
        self.report(
            Diagnostic::new(Code::E0202, name.span, format!("`{}` is defined twice", name.text))
                .label("defined again here")
                .cause(first, "first defined here")
                .found(name.text.clone())
                .expected("one definition a name"),
        );
        true
    }

    /// Enters a stored name; E0213 where another parameter has it.
    fn claim_name(&mut self, storage: &Storage, name: Span) -> bool {
        let stored = storage.name.pattern();
        // Parts of one tensor differ in where they begin.
        let starts: Vec<u128> = storage.layout.iter().filter_map(|axis| Some(axis.part?.start)).collect();
        let claim = (stored.clone(), starts);
        let place = match self.visible_depth() {
            0 => name,
            depth => self.elaborator.calls[depth - 1],
        };
        let Some(&first) = self.stored.get(&claim) else {
            self.stored.insert(claim, place);
            return true;
        };
        let visible = self.visible_depth();
        let block = self.bodies.get(visible).and_then(|body| body.block.clone());
        let in_loop = self.bodies[..visible.max(1)].iter().any(|body| body.scope.in_loop());
        let help = match (&block, in_loop) {
            (Some(block), true) => format!("give each its own name, such as `{block}(…, name: \"{block}{{i}}\")`"),
            (Some(block), false) => format!("give one of them a name: `{block}(…, name: \"{block}2\")`"),
            (None, true) => "parameters inside a loop need a block with `name:`, or `stored \"…{i}\"`".to_string(),
            (None, false) => "store one of them under another name".to_string(),
        };
        let mut diagnostic = Diagnostic::new(Code::E0213, place, format!("two parameters are stored as `{stored}`"))
            .label("stored again here")
            .found(stored.clone())
            .expected("one stored name a parameter")
            .help(help);
        if first != place {
            diagnostic = diagnostic.cause(first, "first stored here");
        }
        self.report(diagnostic);
        false
    }

    fn shape(&mut self, sizes: &[ast::Axis]) -> Option<Vec<Axis>> {
        let mut shape = Vec::new();
        let mut sound = true;
        for size in sizes {
            match size {
                ast::Axis::Expr(expr) => match self.axis(expr) {
                    Some(axis) => shape.push(axis),
                    None => sound = false,
                },
                ast::Axis::Rest(_) => {
                    self.report(
                        Diagnostic::new(Code::E0204, axis_span(size), "an `input` or `param` has a fixed number of axes")
                            .found("..")
                            .expected("sizes")
                            .help("`..` stands in signatures of blocks and in indices"),
                    );
                    sound = false;
                }
            }
        }
        sound.then_some(shape)
    }

    fn only<'f>(&mut self, field: &'f Field) -> Option<&'f Expr> {
        if let FieldValue::Exprs(exprs) = &field.value
            && let [expr] = exprs.as_slice()
        {
            return Some(expr);
        }
        if !matches!(field.value, FieldValue::Error) {
            self.report(
                Diagnostic::new(Code::E0223, field.span, format!("`{}` takes one value", field.key.text))
                    .found(self.elaborator.text(field.span))
                    .expected("one value"),
            );
        }
        None
    }

    fn unknown_field(&mut self, owner: &str, field: &Field, available: &[&str]) {
        if self.elaborator.is_broken(field.span) {
            return;
        }
        let key = &field.key;
        self.report(
            Diagnostic::new(Code::E0219, key.span, format!("`{owner}` has no field `{}`", key.text))
                .found(key.text.clone())
                .expected(available.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
                .suggest(&key.text, available.iter().copied()),
        );
    }

    /// `uniform(0.1)`, `normal(std: 0.02)`, `constant(1)`, `zeros`, `ones`.
    fn initial(&mut self, expr: &Expr) -> Option<Initial> {
        let (name, arguments): (&Ident, &[Argument]) = match &expr.kind {
            ExprKind::Path(path) if path.len() == 1 => (&path[0], &[]),
            ExprKind::Call { callee, arguments } if callee.len() == 1 => (&callee[0], arguments),
            ExprKind::Error => return None,
            _ => {
                let text = self.elaborator.text(expr.span);
                self.report(
                    Diagnostic::new(Code::E0211, expr.span, format!("`{text}` gives no initial values"))
                        .found(text)
                        .expected("`uniform(bound)`, `normal(std: s)`, `constant(c)`, `zeros` or `ones`"),
                );
                return None;
            }
        };
        let names: &[&str] = match name.text.as_str() {
            "uniform" => &["bound"],
            "normal" => &["std", "mean"],
            "constant" => &["value"],
            "zeros" | "ones" => &[],
            _ => {
                self.report(
                    Diagnostic::new(Code::E0201, name.span, format!("there are no initial values `{}`", name.text))
                        .found(name.text.clone())
                        .expected(INITIAL.map(|name| format!("`{name}`")).join(", "))
                        .suggest(&name.text, INITIAL),
                );
                return None;
            }
        };
        let mut values: Vec<Option<f64>> = vec![None; names.len()];
        let mut next = 0;
        for argument in arguments {
            let at = if let Some(key) = &argument.name {
                names.iter().position(|known| *known == key.text)
            } else {
                next += 1;
                (next <= names.len()).then(|| next - 1)
            };
            let Some(at) = at else {
                let span = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
                self.report(
                    Diagnostic::new(Code::E0209, span, format!("`{}` has no such argument", name.text))
                        .found(self.elaborator.text(span))
                        .expected(if names.is_empty() { "no arguments".to_string() } else { names.join(", ") }),
                );
                return None;
            };
            let scope = &self.bodies.last().expect("a network always has the model's body").scope;
            values[at] = Some(self.elaborator.float(&argument.value, scope)?);
        }
        if let (Some(first), Some(None)) = (names.first(), values.first()) {
            self.report(
                Diagnostic::new(Code::E0210, expr.span, format!("`{}` needs `{first}`", name.text))
                    .found(self.elaborator.text(expr.span))
                    .expected(format!("`{}({first}: …)`", name.text)),
            );
            return None;
        }
        let first = values.first().copied().flatten().unwrap_or(0.0);
        if matches!(name.text.as_str(), "uniform" | "normal") && first < 0.0 {
            self.report(
                Diagnostic::new(Code::E0223, expr.span, format!("`{}` of {first}", name.text))
                    .found(first.to_string())
                    .expected("a number from 0"),
            );
            return None;
        }
        Some(match name.text.as_str() {
            "uniform" => Initial::Uniform { bound: first },
            "normal" => Initial::Normal { mean: values.get(1).copied().flatten().unwrap_or(0.0), std: first },
            "constant" => Initial::Constant(first),
            "ones" => Initial::Constant(1.0),
            _ => Initial::Constant(0.0),
        })
    }
}

/// Uniform on ±1/√fan-in, as PyTorch's `nn.Linear` has it. A vector's fan-in is its length, a scalar's 1.
fn default_initial(parameter: &Parameter) -> Initial {
    let fan_in = parameter.fans().map_or_else(|| parameter.stored_shape().iter().product::<u128>().max(1), |(fan_in, _)| fan_in);
    Initial::Uniform { bound: 1.0 / (fan_in as f64).sqrt() }
}
