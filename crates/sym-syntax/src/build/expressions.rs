//! Expressions: operands, and precedence over the flat lists that the grammar gives.
//!
//! From loose to tight: `or`, `and`, `not`, comparison, range, `+ -`, `* /`, unary `-`, `^` (right-associative), postfix.

use super::{Builder, MAX_DEPTH};
use crate::ast::{
    Argument, Axis, BinaryOperator, Comparison, Expr, ExprKind, Ident, Number, StringLiteral, StringPart, UnaryOperator,
};
use crate::grammar::Rule;
use pest::iterators::Pair;
use std::iter::Peekable;
use std::vec::IntoIter;
use sym_diagnostics::{Code, Diagnostic, Span};

/// An element of a flat expression.
enum Element {
    Prefix(UnaryOperator, Span),
    Infix(Infix),
    Operand(Expr),
}

/// What stands between two operands.
#[derive(Clone, Copy)]
enum Infix {
    Binary(BinaryOperator),
    Compare(Comparison),
    Range { inclusive: bool },
}

/// How tightly `not` binds its operand.
const NOT: u8 = 3;
/// How tightly unary `-` binds its operand.
const NEGATE: u8 = 8;

impl Infix {
    /// How tightly it binds; a right operand must bind tighter, except that of `^`.
    fn power(self) -> u8 {
        match self {
            Self::Binary(BinaryOperator::Or) => 1,
            Self::Binary(BinaryOperator::And) => 2,
            Self::Compare(_) => 4,
            Self::Range { .. } => 5,
            Self::Binary(BinaryOperator::Add | BinaryOperator::Subtract) => 6,
            Self::Binary(BinaryOperator::Multiply | BinaryOperator::Divide) => 7,
            Self::Binary(BinaryOperator::Power) => 9,
        }
    }
}

impl<'a> Builder<'a> {
    /// A placeholder for an expression that is not there.
    pub(super) fn no_expr(&self, at: usize) -> Expr {
        let at = at.min(self.text.len());
        let end = self.trim(at) as u32;
        Expr { kind: ExprKind::Error, span: Span::new(self.file, end, end) }
    }

    /// An `expr` pair, or the report of a missing one.
    pub(super) fn value(&mut self, pair: Pair<'a, Rule>) -> Expr {
        if pair.as_rule() == Rule::expr {
            return self.expr(pair);
        }
        let at = pair.as_span().start();
        self.missing(at, Code::E0103, "an expression", None);
        self.no_expr(at)
    }

    fn expr(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let operators = pair.clone().into_inner().filter(|part| matches!(part.as_rule(), Rule::prefix | Rule::infix)).count();
        if self.depth + operators > MAX_DEPTH {
            let operators = self.depth + operators;
            let message =
                format!("an expression with {operators} operators above its leaves, more than the limit of {MAX_DEPTH}");
            self.report(
                span,
                Diagnostic::new(Code::E0107, span, message)
                    .label("too many operators in one expression")
                    .found(format!("{operators} operators"))
                    .expected(format!("at most {MAX_DEPTH}"))
                    .help("give a part of it a name of its own and use that name"),
            );
            return Expr { kind: ExprKind::Error, span };
        }
        self.depth += operators + 1;
        let mut elements = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::prefix => {
                    let operator = if part.as_str().starts_with('-') { UnaryOperator::Negate } else { UnaryOperator::Not };
                    elements.push(Element::Prefix(operator, self.span(&part)));
                }
                Rule::infix => {
                    let infix = self.infix(&part);
                    elements.push(Element::Infix(infix));
                }
                Rule::missing_operand => {
                    let at = part.as_span().start();
                    self.missing(at, Code::E0103, "an operand", None);
                    elements.push(Element::Operand(self.no_expr(at)));
                }
                _ => {
                    let operand = self.operand(part);
                    elements.push(Element::Operand(operand));
                }
            }
        }
        self.depth -= operators + 1;
        self.climb(&mut elements.into_iter().peekable(), 0)
    }

    fn infix(&mut self, pair: &Pair<'a, Rule>) -> Infix {
        let span = self.span(pair);
        match &self.text[span.start as usize..span.end as usize] {
            "..=" => Infix::Range { inclusive: true },
            ".." => Infix::Range { inclusive: false },
            "==" => Infix::Compare(Comparison::Equal),
            "!=" => Infix::Compare(Comparison::NotEqual),
            "<=" => Infix::Compare(Comparison::LessOrEqual),
            ">=" => Infix::Compare(Comparison::GreaterOrEqual),
            "<" => Infix::Compare(Comparison::Less),
            ">" => Infix::Compare(Comparison::Greater),
            "+" => Infix::Binary(BinaryOperator::Add),
            "-" => Infix::Binary(BinaryOperator::Subtract),
            "/" => Infix::Binary(BinaryOperator::Divide),
            "^" => Infix::Binary(BinaryOperator::Power),
            "and" => Infix::Binary(BinaryOperator::And),
            "or" => Infix::Binary(BinaryOperator::Or),
            "**" => self.foreign(span, "**", "`^` for a power", Infix::Binary(BinaryOperator::Power)),
            "&&" => self.foreign(span, "&&", "`and`", Infix::Binary(BinaryOperator::And)),
            "||" => self.foreign(span, "||", "`or`", Infix::Binary(BinaryOperator::Or)),
            "%" => self.foreign(span, "%", "an operator (`+`, `-`, `*`, `/`, `^`)", Infix::Binary(BinaryOperator::Divide)),
            _ => Infix::Binary(BinaryOperator::Multiply),
        }
    }

    /// An operator of other languages, read as what it means there.
    fn foreign(&mut self, span: Span, found: &str, expected: &str, meaning: Infix) -> Infix {
        self.report(
            span,
            Diagnostic::new(Code::E0103, span, format!("`{found}` is no operator"))
                .label("not an operator")
                .found(format!("`{found}`"))
                .expected(expected)
                .help(format!("write {expected}")),
        );
        meaning
    }

    /// Precedence climbing. Its depth is bounded by the number of operators, which has been checked.
    fn climb(&mut self, elements: &mut Peekable<IntoIter<Element>>, least: u8) -> Expr {
        let mut left = match elements.next() {
            Some(Element::Prefix(operator, span)) => {
                let operand = self.climb(elements, if operator == UnaryOperator::Not { NOT } else { NEGATE });
                let span = span.to(operand.span);
                Expr { kind: ExprKind::Unary { operator, operand: Box::new(operand) }, span }
            }
            Some(Element::Operand(operand)) => operand,
            Some(Element::Infix(_)) | None => self.no_expr(0),
        };
        while let Some(Element::Infix(infix)) = elements.peek() {
            let infix = *infix;
            let power = infix.power();
            if power < least {
                break;
            }
            elements.next();
            let right_associative = matches!(infix, Infix::Binary(BinaryOperator::Power));
            let right = self.climb(elements, if right_associative { power } else { power + 1 });
            let span = left.span.to(right.span);
            let chained = matches!(infix, Infix::Compare(_)) && matches!(left.kind, ExprKind::Compare { .. });
            if chained {
                self.report(
                    span,
                    Diagnostic::new(Code::E0103, span, "comparisons cannot be chained")
                        .label("two comparisons in a row")
                        .found("two comparisons")
                        .expected("one comparison, or two joined by `and`")
                        .help("write `a < b and b < c`"),
                );
                left = Expr { kind: ExprKind::Error, span };
                continue;
            }
            let (left_box, right) = (Box::new(left), Box::new(right));
            let kind = match infix {
                Infix::Binary(operator) => ExprKind::Binary { operator, left: left_box, right },
                Infix::Compare(comparison) => ExprKind::Compare { comparison, left: left_box, right },
                Infix::Range { inclusive } => ExprKind::Range { low: left_box, high: right, inclusive },
            };
            left = Expr { kind, span };
        }
        left
    }

    /// A primary with its postfixes.
    pub(super) fn operand(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let whole = self.span(&pair);
        let mut parts = pair.into_inner();
        let Some(first) = parts.next() else { return self.no_expr(whole.end as usize) };
        let mut expr = self.primary(first);
        let mut postfixes = 0;
        for part in parts {
            let span = expr.span.to(self.span(&part));
            postfixes += 1;
            if self.depth + postfixes > MAX_DEPTH {
                self.report(whole, crate::scan::too_deep(whole));
                return Expr { kind: ExprKind::Error, span: whole };
            }
            let kind = match part.as_rule() {
                Rule::index => ExprKind::Index { base: Box::new(expr), indices: self.axes(part) },
                Rule::at_suffix => {
                    let quantity = Box::new(expr);
                    let when = part.into_inner().last().map(|when| self.when(when));
                    ExprKind::At { quantity, when: Box::new(when.unwrap_or_else(|| self.no_expr(span.end as usize))) }
                }
                _ => continue_with(expr.kind),
            };
            expr = Expr { kind, span };
        }
        expr
    }

    fn when(&mut self, pair: Pair<'a, Rule>) -> Expr {
        if pair.as_rule() == Rule::missing_operand {
            let at = pair.as_span().start();
            self.missing(at, Code::E0103, "`start`, `end` or a step after `at`", None);
            return self.no_expr(at);
        }
        self.primary(pair)
    }

    fn primary(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::number => self.number(pair.as_str(), span),
            Rule::bad_number => {
                self.bad_number(span);
                ExprKind::Error
            }
            Rule::string | Rule::unterminated => self.string_value(pair, false),
            Rule::paren => return self.paren(pair),
            Rule::list => ExprKind::List(self.list(pair)),
            Rule::glob => {
                if !self.selectors {
                    let found = pair.as_str();
                    self.report(
                        span,
                        Diagnostic::new(Code::E0103, span, format!("the pattern `{found}` cannot stand in a statement"))
                            .label("a pattern")
                            .found(format!("`{found}`"))
                            .expected("an operand on both sides of `*`")
                            .help("patterns select layers in fields, such as `init merged(fc*)`"),
                    );
                }
                ExprKind::Glob(pair.as_str().to_string())
            }
            Rule::state_glob => ExprKind::Glob(pair.as_str().to_string()),
            Rule::path => path_kind(self.path(pair)),
            Rule::reference => self.reference(pair),
            _ => ExprKind::Error,
        };
        Expr { kind, span }
    }

    fn path(&self, pair: Pair<'a, Rule>) -> Vec<Ident> {
        pair.into_inner().map(|part| self.ident(&part)).collect()
    }

    fn reference(&mut self, pair: Pair<'a, Rule>) -> ExprKind {
        let mut path = Vec::new();
        let mut arguments = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::path => path = self.path(part),
                Rule::arguments => arguments = Some(self.arguments(part)),
                _ => {}
            }
        }
        match arguments {
            Some(arguments) => ExprKind::Call { callee: path, arguments },
            None => path_kind(path),
        }
    }

    fn arguments(&mut self, pair: Pair<'a, Rule>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        let mut opener = self.span(&pair);
        self.depth += 1;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lparen => opener = self.span(&part),
                Rule::argument => arguments.push(self.argument(part)),
                Rule::paren_junk => self.junk(&part, "`,` or `)`"),
                Rule::missing_rparen => self.unclosed(part.as_span().start(), opener, ")"),
                _ => {}
            }
        }
        self.depth -= 1;
        arguments
    }

    fn argument(&mut self, pair: Pair<'a, Rule>) -> Argument {
        let mut name: Option<Ident> = None;
        let mut value = self.no_expr(pair.as_span().end());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::argument_name => name = Some(self.ident(&part)),
                Rule::single => {
                    let span = self.span(&part);
                    let argument = name.as_ref().map_or("", |name| name.text.as_str()).to_string();
                    self.report(
                        span,
                        Diagnostic::new(Code::E0101, span, format!("the argument `{argument}` is given with `:`, not `=`"))
                            .label("`:` is expected")
                            .found("`=`")
                            .expected("`:`")
                            .help(format!("write `{argument}: …`")),
                    );
                }
                Rule::expr if name.as_ref().is_some_and(|name| name.text == "name") && is_string(&part) => {
                    value = self.name_string(part);
                }
                Rule::expr if name.is_none() && self.selectors && is_pattern(part.as_str().trim_end()) => {
                    let span = self.span(&part);
                    value = Expr { kind: ExprKind::Glob(part.as_str().trim_end().to_string()), span };
                }
                _ => value = self.value(part),
            }
        }
        Argument { name, value }
    }

    /// The string of a `name:` argument, in which `{i}` stands for the value of `i`.
    fn name_string(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let string = pair.into_inner().flat_map(Pair::into_inner).find(|part| part.as_rule() == Rule::string);
        let kind = string.map_or(ExprKind::Error, |string| self.string_value(string, true));
        Expr { kind, span }
    }

    fn paren(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut opener = span;
        let mut inner = self.no_expr(span.end as usize);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lparen => opener = self.span(&part),
                Rule::expr | Rule::missing_expr => inner = self.value(part),
                Rule::paren_junk => self.junk(&part, "an operator or `)`"),
                Rule::missing_rparen => self.unclosed(part.as_span().start(), opener, ")"),
                _ => {}
            }
        }
        Expr { kind: inner.kind, span }
    }

    fn list(&mut self, pair: Pair<'a, Rule>) -> Vec<Expr> {
        let mut values = Vec::new();
        let mut opener = self.span(&pair);
        self.depth += 1;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lbracket => opener = self.span(&part),
                Rule::expr | Rule::missing_expr => values.push(self.value(part)),
                Rule::bracket_junk => self.junk(&part, "`,` or `]`"),
                Rule::missing_rbracket => self.unclosed(part.as_span().start(), opener, "]"),
                _ => {}
            }
        }
        self.depth -= 1;
        values
    }

    /// The entries of a shape or index bracket.
    pub(super) fn axes(&mut self, pair: Pair<'a, Rule>) -> Vec<Axis> {
        let mut axes = Vec::new();
        let mut opener = self.span(&pair);
        self.depth += 1;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lbracket => opener = self.span(&part),
                Rule::axis => {
                    if let Some(entry) = part.into_inner().next() {
                        axes.push(match entry.as_rule() {
                            Rule::rest => Axis::Rest(self.span(&entry)),
                            _ => Axis::Expr(self.value(entry)),
                        });
                    }
                }
                Rule::bracket_junk => self.junk(&part, "`,` or `]`"),
                Rule::missing_rbracket => self.unclosed(part.as_span().start(), opener, "]"),
                _ => {}
            }
        }
        self.depth -= 1;
        axes
    }

    fn number(&mut self, text: &str, span: Span) -> ExprKind {
        let digits = text.replace('_', "");
        let Ok(float) = digits.parse::<f64>() else {
            self.bad_number(span);
            return ExprKind::Error;
        };
        if !float.is_finite() {
            self.report(
                span,
                Diagnostic::new(Code::E0104, span, format!("the number `{text}` is beyond double precision"))
                    .label("too large")
                    .found(format!("`{text}`"))
                    .expected("a number below 1.8e308")
                    .help("write a smaller number"),
            );
            return ExprKind::Error;
        }
        ExprKind::Number(Number { text: text.to_string(), float, integer: integer(&digits) })
    }

    fn bad_number(&mut self, span: Span) {
        let text = &self.text[span.start as usize..span.end as usize];
        let help = if let Some(whole) = text.strip_suffix('.') {
            format!("write `{whole}.0` or `{whole}`")
        } else if text.starts_with('.') {
            format!("write `0{text}`")
        } else {
            "numbers look like `50_000`, `0.5` or `1e-6`; a name starts with a letter".to_string()
        };
        let message = if text.ends_with('.') {
            format!("`{text}` needs a digit after the decimal point")
        } else if text.starts_with('.') {
            format!("`{text}` needs a digit before the decimal point")
        } else {
            format!("`{text}` is no number")
        };
        let diagnostic = Diagnostic::new(Code::E0104, span, message)
            .label("not a number")
            .found(format!("`{text}`"))
            .expected("a number such as `50_000`, `0.5` or `1e-6`")
            .help(help);
        self.report(span, diagnostic);
    }

    /// A string as a value; one with an error is an error node, so that later stages do not take it for a name.
    fn string_value(&mut self, pair: Pair<'a, Rule>, interpolate: bool) -> ExprKind {
        let reports = self.reports.len();
        let string = self.string(pair, interpolate);
        if self.reports.len() > reports { ExprKind::Error } else { ExprKind::String(string) }
    }

    /// A string; with `interpolate`, `{i}` is a hole and `{{` a brace, else braces are text.
    pub(super) fn string(&mut self, pair: Pair<'a, Rule>, interpolate: bool) -> StringLiteral {
        let span = self.span(&pair);
        if pair.as_rule() == Rule::unterminated {
            let content = pair.as_str()[1..].trim_end();
            self.report(
                Span { end: pair.as_span().end() as u32, ..span },
                Diagnostic::new(Code::E0105, span, "the string does not end on its line")
                    .label("no closing `\"` on this line")
                    .found("the end of the line")
                    .expected("`\"`")
                    .help("end the string with `\"`"),
            );
            return StringLiteral { parts: vec![StringPart::Text(content.to_string())], span };
        }
        if !interpolate {
            let raw = pair.as_str();
            return StringLiteral { parts: vec![StringPart::Text(raw[1..raw.len() - 1].to_string())], span };
        }
        let mut parts: Vec<StringPart> = Vec::new();
        for part in pair.into_inner() {
            let text = match part.as_rule() {
                Rule::text => part.as_str(),
                Rule::escape => &part.as_str()[..1],
                Rule::hole => {
                    parts.extend(part.into_inner().map(|name| StringPart::Hole(self.ident(&name))));
                    continue;
                }
                _ => {
                    self.bad_hole(&part);
                    continue;
                }
            };
            match parts.last_mut() {
                Some(StringPart::Text(before)) => before.push_str(text),
                _ => parts.push(StringPart::Text(text.to_string())),
            }
        }
        StringLiteral { parts, span }
    }

    fn bad_hole(&mut self, pair: &Pair<'a, Rule>) {
        let place = pair.as_span();
        let span = Span::new(self.file, place.start() as u32, place.end() as u32);
        let text = pair.as_str();
        let message = if text.starts_with('{') && text.ends_with('}') {
            format!("`{text}` in a string must hold one name")
        } else {
            format!("`{text}` in a string has no partner")
        };
        self.report(
            span,
            Diagnostic::new(Code::E0105, span, message)
                .label("cannot be filled in")
                .found(format!("`{text}`"))
                .expected("a name in braces, such as `{i}`")
                .help("write `{{` and `}}` for braces themselves"),
        );
    }
}

/// Leaves a primary as it is when what follows is no postfix.
fn continue_with(kind: ExprKind) -> ExprKind {
    kind
}

fn path_kind(path: Vec<Ident>) -> ExprKind {
    match path.as_slice() {
        [name] if name.text == "true" => ExprKind::Bool(true),
        [name] if name.text == "false" => ExprKind::Bool(false),
        _ => ExprKind::Path(path),
    }
}

/// Whether an expression is one string literal.
fn is_string(pair: &Pair<'_, Rule>) -> bool {
    let text = pair.as_str().trim_end();
    text.starts_with('"') && text.len() > 1 && text.ends_with('"') && text.matches('"').count() == 2
}

/// Whether a whole argument is a pattern such as `fc*_out`, written without blanks.
fn is_pattern(text: &str) -> bool {
    text.contains('*')
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '*')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '*'))
}

/// The whole number that digits without `_` write, if they write one: `12`, `1e6`.
fn integer(digits: &str) -> Option<u128> {
    if digits.contains('.') {
        return None;
    }
    match digits.split_once(['e', 'E']) {
        None => digits.parse().ok(),
        Some((_, exponent)) if exponent.starts_with('-') => None,
        Some((mantissa, exponent)) => {
            let scale = 10u128.checked_pow(exponent.trim_start_matches('+').parse().ok()?)?;
            mantissa.parse::<u128>().ok()?.checked_mul(scale)
        }
    }
}
