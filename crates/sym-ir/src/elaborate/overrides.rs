//! Settings of models: given, overridden on the command line, or defaults.

use super::scope::Known;
use super::setting::{Setting, SettingType};
use super::{Elaborator, Scope};
use crate::Function;
use crate::experiments::overrides::expression;
use crate::experiments::values::{constant, integer};
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, Number, Parameter, ParameterKind};

impl Elaborator<'_> {
    /// The settings of a model: what the call gives, then `--set`, then defaults. Overrides of an alias that it does not declare itself
    /// go to the model that it names.
    pub(super) fn model_settings(
        &mut self,
        model: &ast::Model,
        arguments: &[Argument],
        outer: &Scope,
        call: Span,
        alias: bool,
    ) -> Option<Scope> {
        let name = &model.name.text;
        let (paired, mut sound) = self.pair(name, &model.parameters, arguments, &[]);
        let place = sound.then_some(call);
        let mut scope = Scope::new();
        for (parameter, given) in model.parameters.iter().zip(paired) {
            let ParameterKind::Setting { type_name, .. } = &parameter.kind else {
                self.report(
                    Diagnostic::new(
                        Code::E0101,
                        parameter.span,
                        format!("model `{name}` takes settings, and `{}` has no type", parameter.name.text),
                    )
                    .found(self.text(parameter.span))
                    .expected("a setting such as `width: int = 64`, or an `input` in the body"),
                );
                sound = false;
                continue;
            };
            let raw = self.override_of(name, &parameter.name.text);
            let known = match (given, raw) {
                (None, Some(raw)) => {
                    let kind = SettingType::find(&type_name.text);
                    Known {
                        setting: kind.and_then(|kind| self.parse_override(name, parameter, kind, &raw)),
                        symbol: Arc::default(),
                        span: parameter.span,
                        counts: false,
                    }
                }
                _ => self.setting_parameter(name, parameter, given.map(|given| (given, outer)), &scope, place),
            };
            sound &= known.setting.is_some();
            scope.define(&parameter.name.text, Known { symbol: parameter.name.text.as_str().into(), ..known });
        }
        let options = self.options;
        for (key, value) in &options.set {
            let Some((owner, setting)) = key.split_once('.') else { continue };
            let known = model.parameters.iter().any(|parameter| parameter.name.text == setting);
            if owner == name && !known && !alias {
                let available: Vec<&str> = model.parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
                let message = format!("`--set {key}={value}`: model `{name}` has no setting `{setting}`");
                let diagnostic = Diagnostic::without_span(Code::E0209, message)
                    .usage()
                    .found(setting.to_string())
                    .expected(available.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
                    .suggest(setting, available.iter().copied());
                self.report_once(diagnostic);
                sound = false;
            }
        }
        sound.then_some(scope)
    }

    fn override_of(&self, model: &str, setting: &str) -> Option<String> {
        let key = format!("{model}.{setting}");
        self.options.set.iter().rev().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
    }

    /// The expression of an alias with `--set` values of the alias in place of its arguments.
    pub(super) fn with_overrides(&self, model: &ast::Model, target: &Expr) -> Option<Expr> {
        let name = &model.name.text;
        let mut target = target.clone();
        let (callee, mut arguments) = match target.kind {
            ExprKind::Path(path) => (path, Vec::new()),
            ExprKind::Call { callee, arguments } => (callee, arguments),
            _ => return None,
        };
        let mut changed = false;
        for (key, value) in &self.options.set {
            let Some((owner, setting)) = key.split_once('.') else { continue };
            if owner != name || model.parameters.iter().any(|parameter| parameter.name.text == setting) {
                continue;
            }
            let value = Expr { kind: raw_expression(value), span: target.span };
            let named = ast::Ident { text: setting.to_string(), span: target.span };
            arguments.retain(|argument| argument.name.as_ref().is_none_or(|name| name.text != setting));
            arguments.push(Argument { name: Some(named), value });
            changed = true;
        }
        target.kind = ExprKind::Call { callee, arguments };
        changed.then_some(target)
    }

    fn parse_override(&mut self, model: &str, parameter: &Parameter, kind: SettingType, raw: &str) -> Option<Setting> {
        let name = &parameter.name.text;
        let plain = raw.replace('_', "");
        let value = match kind {
            SettingType::Int => {
                let computed = || i128::try_from(integer(&expression(raw)?)?).ok();
                plain.parse().ok().or_else(computed).map(Setting::Int)
            }
            SettingType::Float => {
                let computed = || constant(&expression(raw)?);
                plain.parse().ok().or_else(computed).filter(|value: &f64| value.is_finite()).map(Setting::Float)
            }
            SettingType::Bool => raw.parse().ok().map(Setting::Bool),
            SettingType::Name => Some(Setting::Name(raw.to_string())),
            SettingType::Function => self.function_by_text(raw, parameter.span).map(Setting::Function),
        };
        if value.is_none() {
            let diagnostic = Diagnostic::without_span(Code::E0211, format!("`--set {model}.{name}={raw}` needs {}", kind.word()))
                .usage()
                .found(raw.to_string())
                .expected(kind.word());
            self.report_once(diagnostic);
        }
        value
    }

    fn function_by_text(&mut self, raw: &str, span: Span) -> Option<Function> {
        self.function_named(&ast::Ident { text: raw.to_string(), span })?.ok()
    }

    /// Reports a diagnostic without a place once.
    fn report_once(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.iter().any(|known| known.message == diagnostic.message) {
            self.report(diagnostic);
        }
    }
}

/// The text of an override as an expression.
fn raw_expression(raw: &str) -> ExprKind {
    let plain = raw.replace('_', "");
    if let Ok(float) = plain.parse::<f64>() {
        return ExprKind::Number(Number { text: raw.to_string(), float, integer: plain.parse().ok() });
    }
    if let Some(computed) = expression(raw).filter(|expr| constant(expr).is_some()) {
        return computed.kind;
    }
    match raw {
        "true" => ExprKind::Bool(true),
        "false" => ExprKind::Bool(false),
        word => ExprKind::Path(vec![ast::Ident {
            text: word.to_string(),
            span: sym_diagnostics::Span::new(sym_diagnostics::FileId(0), 0, 0),
        }]),
    }
}
