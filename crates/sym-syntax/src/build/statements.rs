//! Statements of blocks and models.

use super::Builder;
use super::items::single_equals;
use crate::ast::{
    Comparison, Expr, ExprKind, Field, Ident, ResultValue, Statement, StatementKind, Stored, StoredAxis, StoredFactor,
    StringLiteral,
};
use crate::grammar::Rule;
use pest::iterators::Pair;
use sym_diagnostics::{Code, Diagnostic, Span, nearest};

/// The words that start a statement.
const STATEMENT_WORDS: [&str; 10] = ["input", "param", "frozen", "for", "scan", "collect", "if", "output", "return", "else"];

/// The keys of the fields that may follow an `input` or `param`.
const TRAILING_WORDS: [&str; 4] = ["init", "fixed", "rank", "in"];

/// How many `else if` one `if` may have; each nests the tree by one.
const MAX_ELSE_IF: usize = 64;

impl<'a> Builder<'a> {
    /// The statements of a braced body.
    pub(super) fn statements(&mut self, pair: Pair<'a, Rule>) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut opener = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                _ if self.brace(&part, &mut opener) => {}
                Rule::bad_statement => self.bad_statement(&part, &mut statements),
                _ => {
                    let statement = self.statement(part);
                    statements.push(statement);
                    let errors = self.misread.drain(..).map(|span| Statement { kind: StatementKind::Error, span });
                    statements.extend(errors);
                }
            }
        }
        statements
    }

    fn statement(&mut self, pair: Pair<'a, Rule>) -> Statement {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::assign | Rule::compared => self.assign(pair),
            Rule::input_statement => self.input(pair),
            Rule::param_statement => self.param(pair),
            Rule::for_statement => self.for_loop(pair),
            Rule::scan_statement => self.scan(pair),
            Rule::collect_statement => self.collect(pair),
            Rule::if_statement => self.branch(pair),
            Rule::output_statement => StatementKind::Output(self.result(pair)),
            Rule::return_statement => StatementKind::Return(self.result(pair)),
            _ => StatementKind::Error,
        };
        Statement { kind, span }
    }

    fn bad_statement(&mut self, pair: &Pair<'a, Rule>, statements: &mut Vec<Statement>) {
        let whole = pair.as_span();
        for (start, end, near) in self.mistakes(whole.start(), whole.end(), &STATEMENT_WORDS, |_| false) {
            let span = Span::new(self.file, start as u32, self.trim(end).max(start) as u32);
            let (found, place) = self.token(start);
            let word = found.trim_matches('`');
            let is_name = word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            let alone = super::skip_blank(self.text, self.comments, place.end as usize) >= whole.end();
            if matches!(word, ")" | "]") && start == whole.start() {
                self.closes_nothing(pair, "a statement");
                statements.push(Statement { kind: StatementKind::Error, span });
                continue;
            }
            let diagnostic = if is_name {
                let expected = format!(
                    "`=` after `{word}`, or a statement such as `input`, `param`, `for`, `scan`, `if`, `output` or `return`"
                );
                let message = format!("{found} starts no statement");
                let diagnostic = Diagnostic::new(Code::E0101, place, message).label("not a statement").expected(expected);
                match near {
                    Some(near) => diagnostic.help(format!("a similar word exists: `{near}`")),
                    None if alone => diagnostic.help(format!("give it a value: `{word} = …`")),
                    None => diagnostic,
                }
            } else {
                let expected = "a statement: `NAME = …`, `input`, `param`, `for`, `scan`, `if`, `output` or `return`";
                let message = format!("unexpected {found} where a statement starts");
                let diagnostic = Diagnostic::new(Code::E0101, place, message).label("not expected here").expected(expected);
                if word.starts_with(|first: char| !first.is_ascii() && first.is_alphabetic()) {
                    diagnostic.help("names are made of ASCII letters, digits and `_`")
                } else {
                    diagnostic
                }
            };
            self.report(span, diagnostic.found(found));
            statements.push(Statement { kind: StatementKind::Error, span });
        }
    }

    fn assign(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut target = self.no_name(pair.as_span().start());
        let mut indices = None;
        let mut value = self.no_expr(pair.as_span().end());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => target = self.ident(&part),
                Rule::axes => indices = Some(self.axes(part)),
                Rule::expr | Rule::missing_expr => value = self.value(part),
                Rule::double => {
                    let span = self.span(&part);
                    let name = &target.text;
                    let diagnostic =
                        Diagnostic::new(Code::E0101, span, format!("`==` compares values; `{name}` is defined with `=`"))
                            .label("`=` is expected")
                            .found("`==`")
                            .expected("`=`")
                            .help(format!("write `{name} = …`"));
                    self.report(span, diagnostic);
                }
                _ => {}
            }
        }
        StatementKind::Assign { target, indices, value }
    }

    fn input(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut name = self.no_name(pair.as_span().start());
        let mut sizes = Vec::new();
        let mut fields = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => name = self.name(&part, "a name for the input"),
                Rule::sizes => sizes = self.axes(part),
                Rule::missing_sizes => {
                    let help = format!("give the shape of one example: `input {}[10]`, or `[]` for a single number", name.text);
                    self.missing(part.as_span().start(), Code::E0101, "the sizes of the input in `[…]`", Some(help));
                }
                Rule::trailing_field => fields.extend(self.trailing_field(part)),
                _ => {}
            }
        }
        StatementKind::Input { name, sizes, fields }
    }

    fn param(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut name = self.no_name(pair.as_span().start());
        let mut frozen = false;
        let mut sizes = Vec::new();
        let mut stored = None;
        let mut fields = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_frozen => frozen = true,
                Rule::ident | Rule::missing_name => name = self.name(&part, "a name for the parameter"),
                Rule::sizes => sizes = self.axes(part),
                Rule::stored => stored = Some(self.stored(part)),
                Rule::trailing_field => fields.extend(self.trailing_field(part)),
                _ => {}
            }
        }
        StatementKind::Param { frozen, name, sizes, stored, fields }
    }

    /// A field after an `input` or `param`; none if it is rather a statement with a misspelt keyword.
    fn trailing_field(&mut self, pair: Pair<'a, Rule>) -> Option<Field> {
        let (found, place) = self.token(pair.as_span().start());
        let word = found.trim_matches('`');
        if let Some(near) = nearest(word, STATEMENT_WORDS.into_iter().chain(TRAILING_WORDS))
            .filter(|near| !TRAILING_WORDS.contains(&word) && !TRAILING_WORDS.contains(near))
        {
            let span = self.span(&pair);
            let diagnostic = Diagnostic::new(Code::E0101, place, format!("{found} starts no statement"))
                .label("not a statement")
                .expected("a statement such as `input`, `param`, `for`, `scan`, `if`, `output` or `return`, or `NAME = …`")
                .help(format!("a similar word exists: `{near}`"))
                .found(found);
            self.report(span, diagnostic);
            self.misread.push(span);
            return None;
        }
        let outer = std::mem::replace(&mut self.selectors, true);
        let field = self.plain_field(pair);
        self.selectors = outer;
        Some(field)
    }

    fn stored(&mut self, pair: Pair<'a, Rule>) -> Stored {
        let span = self.span(&pair);
        let name = StringLiteral { parts: Vec::new(), span: span.after() };
        let mut stored = Stored { name, each: Vec::new(), layout: None, span };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::string | Rule::unterminated => stored.name = self.string(part, true),
                Rule::missing_string => {
                    let at = part.as_span().start();
                    self.missing(at, Code::E0101, "a stored name in quotes, such as `\"weight\"`", None);
                }
                Rule::stored_each => {
                    let names: Vec<Ident> = part.into_inner().filter(is_ident).map(|name| self.ident(&name)).collect();
                    stored.each.extend(<[Ident; 2]>::try_from(names).ok().map(|[position, axis]| (position, axis)));
                }
                Rule::layout => stored.layout = Some(self.layout(part)),
                _ => {}
            }
        }
        stored
    }

    fn layout(&mut self, pair: Pair<'a, Rule>) -> Vec<StoredAxis> {
        let mut axes = Vec::new();
        let mut opener = self.span(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lbracket => opener = self.span(&part),
                Rule::missing_lbracket => {
                    self.missing(part.as_span().start(), Code::E0102, "`[` and the stored axes, such as `[d, width]`", None);
                    return axes;
                }
                Rule::stored_axis => axes.push(self.stored_axis(part)),
                Rule::bracket_junk => self.junk(&part, "an axis name, a group such as `(heads k)`, `,` or `]`"),
                Rule::missing_rbracket => self.unclosed(part.as_span().start(), opener, "]"),
                _ => {}
            }
        }
        axes
    }

    fn stored_axis(&mut self, pair: Pair<'a, Rule>) -> StoredAxis {
        let span = self.span(&pair);
        let mut factors = Vec::new();
        let mut at = None;
        let mut opener = span;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::lparen => opener = self.span(&part),
                Rule::ident => factors.push(StoredFactor { name: self.ident(&part), at: None }),
                Rule::stored_factor => factors.push(self.stored_factor(part)),
                Rule::offset => at = Some(self.offset(part)),
                Rule::paren_junk => self.junk(&part, "the names of the axes that are merged, or `)`"),
                Rule::missing_rparen => self.unclosed(part.as_span().start(), opener, ")"),
                _ => {}
            }
        }
        StoredAxis { factors, at, span }
    }

    fn stored_factor(&mut self, pair: Pair<'a, Rule>) -> StoredFactor {
        let mut factor = StoredFactor { name: self.no_name(pair.as_span().start()), at: None };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => factor.name = self.ident(&part),
                Rule::offset => factor.at = Some(self.offset(part)),
                _ => {}
            }
        }
        factor
    }

    fn offset(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let end = pair.as_span().end();
        let value = pair.into_inner().find(|part| matches!(part.as_rule(), Rule::expr | Rule::missing_expr));
        match value {
            Some(value) => self.value(value),
            None => self.no_expr(end),
        }
    }

    fn scan(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut sequences = Vec::new();
        let mut backwards = false;
        let mut body = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::scanned => sequences.push(self.scanned(part)),
                Rule::kw_backwards => backwards = true,
                Rule::inner_statements => body = self.statements(part),
                _ => {}
            }
        }
        StatementKind::Scan { sequences, backwards, body }
    }

    fn scanned(&mut self, pair: Pair<'a, Rule>) -> (Ident, Expr) {
        let mut name = self.no_name(pair.as_span().start());
        let mut sequence = self.no_expr(pair.as_span().end());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => name = self.name(&part, "a name for the entries"),
                Rule::missing_in => self.missing(part.as_span().start(), Code::E0101, "`in`", None),
                Rule::expr | Rule::missing_expr => sequence = self.value(part),
                _ => {}
            }
        }
        (name, sequence)
    }

    fn collect(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut target = self.no_name(pair.as_span().start());
        let mut indices = None;
        let mut value = self.no_expr(pair.as_span().end());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => target = self.name(&part, "a name for what is collected"),
                Rule::axes => indices = Some(self.axes(part)),
                Rule::missing_equals => {
                    let help = format!("write `collect {} = …`", target.text);
                    self.missing(part.as_span().start(), Code::E0101, "`=` and a value", Some(help));
                }
                Rule::expr | Rule::missing_expr => value = self.value(part),
                _ => {}
            }
        }
        StatementKind::Collect { target, indices, value }
    }

    fn for_loop(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let mut variable = self.no_name(pair.as_span().start());
        let mut range = self.no_expr(pair.as_span().end());
        let mut body = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => variable = self.name(&part, "a loop variable"),
                Rule::missing_in => self.missing(part.as_span().start(), Code::E0101, "`in`", None),
                Rule::expr | Rule::missing_expr => range = self.value(part),
                Rule::inner_statements => body = self.statements(part),
                _ => {}
            }
        }
        StatementKind::For { variable, range, body }
    }

    fn branch(&mut self, pair: Pair<'a, Rule>) -> StatementKind {
        let whole = self.span(&pair);
        // Each arm is where it starts, its condition (absent in `else`) and its body; they are nested from the last one on.
        let mut arms: Vec<(u32, Option<Expr>, Vec<Statement>)> = vec![(whole.start, None, Vec::new())];
        for part in pair.into_inner() {
            let start = self.span(&part).start;
            match part.as_rule() {
                Rule::condition => arms[0].1 = Some(self.condition(part)),
                Rule::inner_statements => arms[0].2 = self.statements(part),
                Rule::else_if => {
                    let mut arm = (start, None, Vec::new());
                    for piece in part.into_inner() {
                        match piece.as_rule() {
                            Rule::kw_if => arm.0 = self.span(&piece).start,
                            Rule::condition => arm.1 = Some(self.condition(piece)),
                            Rule::inner_statements => arm.2 = self.statements(piece),
                            _ => {}
                        }
                    }
                    arms.push(arm);
                }
                Rule::else_branch => {
                    let body = part.into_inner().filter(|piece| piece.as_rule() == Rule::inner_statements).last();
                    arms.push((start, None, body.map_or_else(Vec::new, |piece| self.statements(piece))));
                }
                _ => {}
            }
        }
        if arms.len() > MAX_ELSE_IF {
            self.report(whole, crate::scan::too_deep(whole));
            return StatementKind::Error;
        }
        let mut otherwise = Vec::new();
        while let Some((start, condition, then)) = arms.pop() {
            match condition {
                None if !arms.is_empty() => otherwise = then,
                condition => {
                    let condition = condition.unwrap_or_else(|| self.no_expr(whole.end as usize));
                    let kind = StatementKind::If { condition, then, otherwise };
                    if arms.is_empty() {
                        return kind;
                    }
                    otherwise = vec![Statement { kind, span: Span::new(self.file, start, whole.end) }];
                }
            }
        }
        StatementKind::Error
    }

    fn condition(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let at = pair.as_span().start();
        let mut condition: Option<Expr> = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::single {
                let span = self.span(&part);
                self.report(span, single_equals(span));
                continue;
            }
            let value = self.value(part);
            condition = Some(match condition {
                None => value,
                Some(left) => {
                    let span = left.span.to(value.span);
                    let (left, right) = (Box::new(left), Box::new(value));
                    Expr { kind: ExprKind::Compare { comparison: Comparison::Equal, left, right }, span }
                }
            });
        }
        condition.unwrap_or_else(|| self.no_expr(at))
    }

    fn result(&mut self, pair: Pair<'a, Rule>) -> ResultValue {
        let mut result = ResultValue { target: None, value: self.no_expr(pair.as_span().end()) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr | Rule::missing_expr => result.value = self.value(part),
                Rule::result_target => {
                    let mut name = self.no_name(part.as_span().start());
                    let mut axes = Vec::new();
                    for piece in part.into_inner() {
                        match piece.as_rule() {
                            Rule::ident => name = self.ident(&piece),
                            Rule::axes => axes = self.axes(piece),
                            _ => {}
                        }
                    }
                    result.target = Some((name, axes));
                }
                _ => {}
            }
        }
        result
    }
}

fn is_ident(pair: &Pair<'_, Rule>) -> bool {
    pair.as_rule() == Rule::ident
}
