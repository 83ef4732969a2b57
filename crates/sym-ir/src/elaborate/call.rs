//! Calls inside a statement: elementwise functions, primitives and blocks.

use super::expression::Evaluated;
use super::network::Network;
use super::product::Context;
use super::setting::{Setting, SettingType};
use crate::names::PRIMITIVES;
use crate::{Function, Scalar};
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, ExprKind, Ident, ItemKind};

impl Network<'_, '_> {
    /// The value of `callee(arguments)`.
    pub fn call(
        &mut self,
        callee: &[Ident],
        arguments: &[Argument],
        context: &mut Context,
        span: Span,
        depth: usize,
    ) -> Option<Evaluated> {
        let [name] = callee else {
            let text = callee.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
            self.report(
                Diagnostic::new(Code::E0201, span, format!("there is no block or function `{text}`"))
                    .found(text)
                    .expected("the name of a block, a function or a primitive"),
            );
            return None;
        };
        if let Some(known) = self.scope().setting(&name.text) {
            let setting = known.setting.clone()?;
            let function = setting.to_type(SettingType::Function, format_args!("`{}`", name.text), name.span);
            let Setting::Function(function) = self.elaborator.accept(function)? else { return None };
            if let Some(key) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
                self.report(super::function::unknown_setting(&name.text, key, &[]));
                return None;
            }
            return self.elementwise(name, function, arguments, context, span, depth);
        }
        if let Some(item) = self.elaborator.names.find(&name.text, self.elaborator.sources) {
            match &item.kind {
                ItemKind::Block(block) => {
                    let tensor = self.block(block, item.span, arguments, span, depth)?;
                    return self.unindexed(&tensor, context, span).map(Evaluated::Sum);
                }
                ItemKind::Function(definition) => {
                    let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                    let function = self.elaborator.function(definition, arguments, scope, span)?;
                    return self.elementwise(name, function, arguments, context, span, depth);
                }
                _ => {
                    self.report(
                        Diagnostic::new(Code::E0211, name.span, format!("`{}` is no block and no function", name.text))
                            .found(name.text.clone())
                            .expected("a block, a function or a primitive")
                            .help("what several models share belongs in a `block`"),
                    );
                    return None;
                }
            }
        }
        if PRIMITIVES.contains(&name.text.as_str()) && name.text != "identity" {
            return self.primitive(name, arguments, context, span, depth);
        }
        let scope = &self.bodies.last().expect("a network always has the model's body").scope;
        if let Some(function) = self.elaborator.function_with_settings(name, arguments, scope, span) {
            return self.elementwise(name, function.ok()?, arguments, context, span, depth);
        }
        if let Some(binding) = self.scope().tensor(&name.text) {
            let bound = binding.span;
            self.report(
                Diagnostic::new(Code::E0211, name.span, format!("`{}` is a tensor and cannot be called", name.text))
                    .cause(bound, "bound here")
                    .found("a tensor")
                    .expected("a block or a function")
                    .help("indices stand in brackets: `x[i]`"),
            );
            return None;
        }
        let candidates = self.elaborator.names.callable();
        self.report(
            Diagnostic::new(Code::E0201, name.span, format!("there is no block or function `{}`", name.text))
                .label("not defined")
                .found(name.text.clone())
                .expected("a block, a function or a primitive")
                .suggest(&name.text, candidates.iter().map(String::as_str)),
        );
        None
    }

    fn elementwise(
        &mut self,
        name: &Ident,
        function: Function,
        arguments: &[Argument],
        context: &mut Context,
        span: Span,
        depth: usize,
    ) -> Option<Evaluated> {
        let positional: Vec<&Argument> = arguments.iter().filter(|argument| argument.name.is_none()).collect();
        let [argument] = positional.as_slice() else {
            let count = positional.len();
            let code = if count == 0 { Code::E0210 } else { Code::E0209 };
            self.report(
                Diagnostic::new(code, span, format!("`{}` takes one tensor", name.text))
                    .found(format!("{count} tensors"))
                    .expected("one tensor"),
            );
            return None;
        };
        match self.evaluate(&argument.value, context, depth + 1)? {
            Evaluated::Known(value) => {
                let number =
                    value.to_type(SettingType::Float, format_args!("the argument of `{}`", name.text), argument.value.span);
                let number = self.elaborator.accept(number)?.number()?;
                Some(Evaluated::Known(Setting::Float(function.body.evaluate(number))))
            }
            Evaluated::Sum(sum) if function.body == Scalar::Argument => Some(Evaluated::Sum(sum)),
            Evaluated::Sum(sum) => {
                let place = format!("under `{}`", name.text);
                let place_of_name = self.visible_span(name.span);
                let outer = std::mem::replace(&mut self.builder.span, place_of_name);
                let result = self.apply(&sum, function, context, &place, argument.value.span, span);
                self.builder.span = outer;
                result.map(Evaluated::Sum)
            }
        }
    }

    /// The prefix of a block's parameters: `name:`, or the block's own name, below that of the body around it.
    pub(super) fn prefix(&mut self, block: &str, arguments: &[Argument]) -> Option<String> {
        let given = arguments.iter().find(|argument| argument.name.as_ref().is_some_and(|name| name.text == "name"));
        let own = match given {
            None => block.to_string(),
            Some(Argument { value, .. }) => {
                let scope = &self.bodies.last().expect("a network always has the model's body").scope;
                match &value.kind {
                    ExprKind::String(literal) => self.elaborator.string(literal, scope)?,
                    ExprKind::Path(path) if path.len() == 1 && scope.setting(&path[0].text).is_some() => {
                        match self.elaborator.known(&path[0], scope)?.interpolate() {
                            Some(text) => text,
                            None => return self.bad_name(value.span),
                        }
                    }
                    ExprKind::Error => return None,
                    _ => return self.bad_name(value.span),
                }
            }
        };
        let outer = self.bodies.last().map_or("", |body| body.prefix.as_str());
        Some(match (outer.is_empty(), own.is_empty()) {
            (_, true) => outer.to_string(),
            (true, false) => own,
            (false, false) => format!("{outer}.{own}"),
        })
    }

    fn bad_name(&mut self, span: Span) -> Option<String> {
        let text = self.elaborator.text(span);
        self.report(
            Diagnostic::new(Code::E0211, span, format!("`name` is a string, and `{text}` is none"))
                .found(text)
                .expected("a string such as \"fc1\" or \"fc{i}\""),
        );
        None
    }
}
