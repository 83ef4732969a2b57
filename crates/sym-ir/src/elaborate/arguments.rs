//! Binding of call arguments to the parameters of functions, blocks and models.

use super::scope::Known;
use super::setting::SettingType;
use super::{Elaborator, Scope, Setting};
use std::sync::Arc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{Argument, BinaryOperator, Expr, ExprKind, Parameter, ParameterKind};

impl Elaborator<'_> {
    /// The value of a setting: given by the call (in the caller's scope) or the default (in the scope of the parameters before it).
    /// E0210 where there is neither; silent without a `call`, for calls that have another mistake: a misspelt name is not missing too.
    pub(super) fn setting_parameter(
        &mut self,
        owner: &str,
        parameter: &Parameter,
        given: Option<(&Expr, &Scope)>,
        inner: &Scope,
        call: Option<Span>,
    ) -> Known {
        let ParameterKind::Setting { type_name, default } = &parameter.kind else {
            return Known { setting: None, symbol: parameter.name.text.as_str().into(), span: parameter.span, counts: false };
        };
        let name = &parameter.name.text;
        let Some(kind) = SettingType::find(&type_name.text) else {
            self.report(
                Diagnostic::new(Code::E0211, type_name.span, format!("there is no type `{}` of settings", type_name.text))
                    .found(type_name.text.clone())
                    .expected("`int`, `float`, `bool`, `fn` or `name`")
                    .suggest(&type_name.text, SettingType::ALL.iter().map(|(name, _)| *name)),
            );
            return Known { setting: None, symbol: name.as_str().into(), span: parameter.span, counts: false };
        };
        let (expr, scope) = match (given, default) {
            (Some((expr, scope)), _) => (expr, scope),
            (None, Some(default)) => (default, inner),
            (None, None) => {
                let Some(call) = call else {
                    return Known { setting: None, symbol: name.as_str().into(), span: parameter.span, counts: false };
                };
                self.report(
                    Diagnostic::new(Code::E0210, call, format!("`{owner}` needs a value for `{name}`"))
                        .label(format!("`{name}` is not given and has no default"))
                        .found(format!("no `{name}`"))
                        .expected(kind.word())
                        .help(format!("add `{name}: …`")),
                );
                return Known { setting: None, symbol: name.as_str().into(), span: call, counts: false };
            }
        };
        let word = match (&expr.kind, kind) {
            (ExprKind::Path(path), SettingType::Name) if path.len() == 1 && scope.setting(&path[0].text).is_none() => {
                Some(Setting::Name(path[0].text.clone()))
            }
            _ => None,
        };
        let value = match word {
            Some(word) => Some(word),
            None => self.setting(expr, scope),
        };
        let setting = value.and_then(|value| {
            let typed = value.to_type(kind, format_args!("`{name}` of `{owner}`"), expr.span);
            self.accept(typed)
        });
        Known { setting, symbol: self.symbol(expr, scope), span: Self::blame(expr, scope), counts: false }
    }

    /// How a size is written, in terms of the names of the outermost scope: settings of blocks are replaced by what the caller wrote.
    pub(super) fn symbol(&self, expr: &Expr, scope: &Scope) -> Arc<str> {
        match &expr.kind {
            ExprKind::Path(path) => match path.as_slice() {
                [name] => scope.setting(&name.text).map_or_else(|| name.text.as_str().into(), |known| known.symbol.clone()),
                _ => self.text(expr.span).into(),
            },
            ExprKind::Number(number) => {
                number.integer.map_or_else(|| number.text.as_str().into(), |value| value.to_string().into())
            }
            ExprKind::Binary { operator, left, right } => {
                let sign = match operator {
                    BinaryOperator::Add => "+",
                    BinaryOperator::Subtract => "-",
                    BinaryOperator::Multiply => "*",
                    BinaryOperator::Divide => "/",
                    BinaryOperator::Power => "^",
                    BinaryOperator::And | BinaryOperator::Or => return self.text(expr.span).into(),
                };
                let side = |expr: &Expr| match &expr.kind {
                    ExprKind::Path(_) | ExprKind::Number(_) => {
                        let symbol = self.symbol(expr, scope);
                        if symbol.contains(' ') { format!("({symbol})").into() } else { symbol }
                    }
                    _ => Arc::from(self.text(expr.span)),
                };
                format!("{} {sign} {}", side(left), side(right)).into()
            }
            _ => self.text(expr.span).into(),
        }
    }

    /// Pairs arguments with parameters: positional ones in order, then named ones. Names in `reserved` are the call's own. Reports unknown
    /// names (E0209), superfluous and doubled arguments (E0209).
    pub(super) fn pair<'c>(
        &mut self,
        owner: &str,
        parameters: &[Parameter],
        arguments: &'c [Argument],
        reserved: &[&str],
    ) -> (Vec<Option<&'c Expr>>, bool) {
        let mut paired: Vec<Option<&Expr>> = vec![None; parameters.len()];
        let mut sound = true;
        let mut next = 0;
        for argument in arguments {
            let at = if let Some(name) = &argument.name {
                if let Some(at) = parameters.iter().position(|parameter| parameter.name.text == name.text) {
                    at
                } else if reserved.contains(&name.text.as_str()) {
                    continue;
                } else {
                    let available: Vec<&str> =
                        parameters.iter().map(|parameter| parameter.name.text.as_str()).chain(reserved.iter().copied()).collect();
                    self.report(super::function::unknown_setting(owner, name, &available));
                    sound = false;
                    continue;
                }
            } else {
                next += 1;
                next - 1
            };
            let span = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
            if at >= parameters.len() {
                let count = parameters.len();
                self.report(
                    Diagnostic::new(
                        Code::E0209,
                        span,
                        format!("`{owner}` takes {count} argument{}", if count == 1 { "" } else { "s" }),
                    )
                    .label("one too many")
                    .found(self.text(argument.value.span))
                    .expected(format!("at most {count} arguments")),
                );
                sound = false;
            } else if paired[at].is_some() {
                let name = &parameters[at].name.text;
                self.report(
                    Diagnostic::new(Code::E0209, span, format!("`{name}` of `{owner}` is given twice"))
                        .found(self.text(argument.value.span))
                        .expected(format!("one value for `{name}`")),
                );
                sound = false;
            } else {
                paired[at] = Some(&argument.value);
            }
        }
        (paired, sound)
    }
}
