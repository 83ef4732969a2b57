//! Blocks are inlined: their parameters are bound, their body is elaborated under a prefix, their result is checked.

use super::Scope;
use super::network::{Body, Network, count_text, shape_text};
use super::scope::{Binding, Known, Tensor};
use super::setting::Setting;
use crate::program::Axis;
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, Parameter, ParameterKind};

/// Blocks inside blocks deeper than this are taken for an endless recursion.
const DEEPEST: usize = 64;

impl Network<'_, '_> {
    /// The result of a call of a block whose item stands at `span`.
    pub fn block(&mut self, block: &ast::Block, span: Span, arguments: &[Argument], call: Span, depth: usize) -> Option<Tensor> {
        let name = &block.name.text;
        if self.bodies.len() > DEEPEST {
            self.report(
                Diagnostic::new(Code::E0214, call, format!("`{name}` is called inside itself more than {DEEPEST} deep"))
                    .label("called again here")
                    .found(format!("{DEEPEST} blocks inside one another"))
                    .expected("a recursion that ends")
                    .help("repeat a block with `for`, or end the recursion with `if`"),
            );
            self.stopped = true;
            return None;
        }
        let mut scope = Scope::new();
        let sound = self.bind_arguments(block, arguments, &mut scope, call, depth);
        let prefix = self.prefix(name, arguments)?;
        if !sound {
            return None;
        }
        self.elaborator.elaborated.insert(block.name.span);
        let outer_scope = std::mem::replace(&mut self.builder.scope, prefix.as_str().into());
        let outer_span = self.builder.span;
        self.elaborator.calls.push(call);
        self.bodies.push(Body { scope, prefix, block: Some(name.clone()), result: None, failed: false });
        self.statements(&block.body);
        let result = self.bodies.last().and_then(|body| body.result.clone());
        let result = if let Some(result) = result {
            result.tensor.and_then(|tensor| self.check_result(block, tensor))
        } else {
            if self.bodies.last().is_some_and(|body| !body.failed) && !self.elaborator.is_broken(span) {
                self.report(
                    Diagnostic::new(Code::E0215, block.name.span, format!("block `{name}` returns nothing"))
                        .found("no `return`")
                        .expected("`return` with a tensor")
                        .help("end the block with `return …`"),
                );
            }
            None
        };
        self.bodies.pop();
        self.elaborator.calls.pop();
        self.builder.scope = outer_scope;
        self.builder.span = outer_span;
        result.map(|tensor| Tensor { axes: unnamed(&tensor.axes), ..tensor })
    }

    fn bind_arguments(
        &mut self,
        block: &ast::Block,
        arguments: &[Argument],
        scope: &mut Scope,
        call: Span,
        depth: usize,
    ) -> bool {
        let (paired, mut sound) = self.elaborator.pair(&block.name.text, &block.parameters, arguments, &["name"]);
        let place = sound.then_some(call);
        for (parameter, given) in block.parameters.iter().zip(paired) {
            match &parameter.kind {
                ParameterKind::Value(sizes) => {
                    let tensor = self.value_argument(block, parameter, given, place, depth);
                    let axes = sizes.as_deref().unwrap_or(&[]);
                    let fits = tensor.and_then(|tensor| {
                        let span = given.map_or(call, |given| given.span);
                        self.bind_sizes(&block.name.text, parameter, axes, &tensor, scope, span).then_some(tensor)
                    });
                    if fits.is_none() {
                        for axis in axes {
                            define_unknown(axis, scope, call);
                        }
                    }
                    sound &= fits.is_some();
                    let tensor = fits.map(|tensor| Tensor { axes: unnamed(&tensor.axes), ..tensor });
                    scope.bind(&parameter.name.text, Binding { tensor, span: parameter.span });
                }
                ParameterKind::Setting { .. } => {
                    let outer = &self.bodies.last().expect("a network always has the model's body").scope;
                    let given = given.map(|given| (given, outer));
                    let known = self.elaborator.setting_parameter(&block.name.text, parameter, given, scope, place);
                    sound &= known.setting.is_some();
                    scope.define(&parameter.name.text, known);
                }
            }
        }
        sound
    }

    fn value_argument(
        &mut self,
        block: &ast::Block,
        parameter: &Parameter,
        given: Option<&Expr>,
        call: Option<Span>,
        depth: usize,
    ) -> Option<Tensor> {
        let Some(expr) = given else {
            let (call, owner, name) = (call?, &block.name.text, &parameter.name.text);
            self.report(
                Diagnostic::new(Code::E0210, call, format!("`{owner}` needs a tensor `{name}`"))
                    .label(format!("`{name}` is not given"))
                    .found(format!("no `{name}`"))
                    .expected("a tensor"),
            );
            return None;
        };
        self.tensor(expr, depth + 1)
    }

    /// Binds the names of sizes in a signature to the sizes of the argument, or compares those that are known.
    fn bind_sizes(
        &mut self,
        block: &str,
        parameter: &Parameter,
        sizes: &[ast::Axis],
        tensor: &Tensor,
        scope: &mut Scope,
        span: Span,
    ) -> bool {
        let name = &parameter.name.text;
        let rests = sizes.iter().filter(|axis| matches!(axis, ast::Axis::Rest(_))).count();
        let written = sizes.len() - rests;
        let rank = tensor.axes.len();
        if if rests == 0 { written != rank } else { written > rank } {
            let expected =
                format!("{}{written} {}", if rests == 0 { "" } else { "at least " }, if written == 1 { "axis" } else { "axes" });
            for axis in sizes {
                define_unknown(axis, scope, span);
            }
            self.report(
                Diagnostic::new(
                    Code::E0204,
                    span,
                    format!("`{name}` of `{block}` has {expected}, but a tensor of shape {} is given", shape_text(&tensor.axes)),
                )
                .found(count_text(rank, "axis", "axes"))
                .expected(expected),
            );
            return false;
        }
        let leading = sizes.iter().position(|axis| matches!(axis, ast::Axis::Rest(_)));
        let mut sound = true;
        for (at, size) in sizes.iter().enumerate() {
            let ast::Axis::Expr(expr) = size else { continue };
            let place = if leading.is_some_and(|rest| at > rest) { rank - (sizes.len() - at) } else { at };
            let axis = &tensor.axes[place];
            if let Some(free) = free_name(expr, scope) {
                scope.define(
                    free,
                    Known { setting: Some(Setting::Int(axis.size as i128)), symbol: axis.symbol.clone(), span, counts: false },
                );
                continue;
            }
            let Some(wanted) = self.elaborator.whole(expr, scope) else {
                sound = false;
                continue;
            };
            if u128::try_from(wanted).ok() != Some(axis.size) {
                let symbol = self.elaborator.text(expr.span);
                let shown = if symbol == wanted.to_string() { symbol } else { format!("{symbol} = {wanted}") };
                self.report(
                    Diagnostic::new(
                        Code::E0203,
                        span,
                        format!("axis {place} of `{name}` of `{block}` has {shown} positions, but {} are given", axis.size),
                    )
                    .label(format!("shape {}", shape_text(&tensor.axes)))
                    .found(axis.size.to_string())
                    .expected(shown),
                );
                sound = false;
            }
        }
        sound
    }

    /// Compares the result with the declared shape.
    fn check_result(&mut self, block: &ast::Block, tensor: Tensor) -> Option<Tensor> {
        let Some(sizes) = &block.result else { return Some(tensor) };
        let rests = sizes.iter().filter(|axis| matches!(axis, ast::Axis::Rest(_))).count();
        let (written, rank) = (sizes.len() - rests, tensor.axes.len());
        let name = &block.name.text;
        if if rests == 0 { written != rank } else { written > rank } {
            let expected = format!("{}{written} axes", if rests == 0 { "" } else { "at least " });
            self.report(
                Diagnostic::new(
                    Code::E0204,
                    block.name.span,
                    format!("block `{name}` returns a tensor of shape {}, but declares {expected}", shape_text(&tensor.axes)),
                )
                .found(count_text(rank, "axis", "axes"))
                .expected(expected),
            );
            return None;
        }
        let leading = sizes.iter().position(|axis| matches!(axis, ast::Axis::Rest(_)));
        let mut axes = tensor.axes.clone();
        for (at, size) in sizes.iter().enumerate() {
            let ast::Axis::Expr(expr) = size else { continue };
            let place = if leading.is_some_and(|rest| at > rest) { rank - (sizes.len() - at) } else { at };
            let scope = &self.bodies.last().expect("a network always has the model's body").scope;
            let wanted = self.elaborator.whole(expr, scope)?;
            let symbol = self.elaborator.symbol(expr, scope);
            if u128::try_from(wanted).ok() != Some(axes[place].size) {
                let found = axes[place].size;
                self.report(
                    Diagnostic::new(
                        Code::E0203,
                        expr.span,
                        format!("axis {place} of the result of `{name}` is declared {wanted}, but has {found} positions"),
                    )
                    .found(found.to_string())
                    .expected(wanted.to_string()),
                );
                return None;
            }
            axes[place].symbol = symbol;
        }
        Some(Tensor { axes, ..tensor })
    }
}

/// The name that an entry of a signature binds: a bare name that nothing has bound yet.
fn free_name<'s>(expr: &'s Expr, scope: &Scope) -> Option<&'s str> {
    match &expr.kind {
        ExprKind::Path(path) if path.len() == 1 && scope.setting(&path[0].text).is_none() => Some(&path[0].text),
        _ => None,
    }
}

/// Binds the name of an unknown size, so that its uses are silent.
fn define_unknown(axis: &ast::Axis, scope: &mut Scope, span: Span) {
    if let ast::Axis::Expr(expr) = axis
        && let Some(name) = free_name(expr, scope)
    {
        scope.define(name, Known { setting: None, symbol: name.into(), span, counts: false });
    }
}

/// Axes without their index names, which end at the border of a block.
fn unnamed(axes: &[Axis]) -> Vec<Axis> {
    axes.iter().map(|axis| Axis { name: Arc::default(), ..axis.clone() }).collect()
}
