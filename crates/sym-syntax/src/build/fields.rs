//! Fields of `train`, `figure` and `theorem` items and of statements.

use super::Builder;
use crate::ast::{Argument, Expr, ExprKind, Field, FieldValue, Ident, StateClause};
use crate::grammar::Rule;
use pest::iterators::Pair;
use sym_diagnostics::{Code, Diagnostic, Span};

impl<'a> Builder<'a> {
    /// The fields of a braced body.
    pub(super) fn fields(&mut self, pair: Pair<'a, Rule>) -> Vec<Field> {
        let mut fields = Vec::new();
        let mut opener = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                _ if self.brace(&part, &mut opener) => {}
                Rule::bad_field => {
                    self.bad_text(&part, "a field, such as `steps 1_000`, or `}`");
                    let span = self.span(&part);
                    let key = self.no_name(span.start as usize);
                    fields.push(Field { key, value: FieldValue::Error, span });
                }
                Rule::plain_field => fields.push(self.plain_field(part)),
                Rule::sweep_setting => fields.push(self.setting(part)),
                Rule::sweep_profile
                | Rule::every_field
                | Rule::profile_field
                | Rule::state_field
                | Rule::expect_field
                | Rule::plot_field => {
                    fields.push(self.special_field(part));
                }
                _ => {}
            }
        }
        fields
    }

    /// Text inside a body that is nothing; a closing delimiter that closes nothing has its own code.
    pub(super) fn bad_text(&mut self, pair: &Pair<'a, Rule>, expected: &str) {
        if pair.as_str().starts_with([')', ']']) {
            self.closes_nothing(pair, expected);
        } else {
            self.junk(pair, expected);
        }
    }

    /// `KEY VALUES`.
    pub(super) fn plain_field(&mut self, pair: Pair<'a, Rule>) -> Field {
        let span = self.span(&pair);
        let mut key = self.no_name(span.start as usize);
        let mut values = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident => key = self.ident(&part),
                Rule::colon => self.colon(&part, &key.text),
                Rule::values => {
                    for value in part.into_inner() {
                        if value.as_rule() == Rule::missing_expr {
                            self.missing(value.as_span().start(), Code::E0103, &format!("a value for `{}`", key.text), None);
                            values.push(self.no_expr(value.as_span().start()));
                        } else {
                            values.push(self.value(value));
                        }
                    }
                }
                _ => {}
            }
        }
        let value = match values.as_slice() {
            [Expr { kind: ExprKind::Error, .. }] => FieldValue::Error,
            _ => FieldValue::Exprs(values),
        };
        Field { key, value, span }
    }

    /// `SETTING: VALUES` of a sweep.
    fn setting(&mut self, pair: Pair<'a, Rule>) -> Field {
        let span = self.span(&pair);
        let mut key = self.no_name(span.start as usize);
        let mut values = self.no_expr(span.end as usize);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::path => key = Ident { text: part.as_str().to_string(), span: self.span(&part) },
                Rule::missing_expr => {
                    let expected = format!("values for `{}`, such as `[1, 2]`", key.text);
                    self.missing(part.as_span().start(), Code::E0103, &expected, None);
                }
                Rule::expr => values = self.value(part),
                _ => {}
            }
        }
        let value = if values.kind == ExprKind::Error { FieldValue::Error } else { FieldValue::Exprs(vec![values]) };
        Field { key, value, span }
    }

    pub(super) fn colon(&mut self, pair: &Pair<'a, Rule>, key: &str) {
        let span = self.span(pair);
        let sign = pair.as_str().trim();
        self.report(
            span,
            Diagnostic::new(Code::E0101, span, format!("a field has no `{sign}` between `{key}` and its value"))
                .label("not expected here")
                .found(format!("`{sign}`"))
                .expected(format!("a value for `{key}`"))
                .help(format!("remove `{sign}`: `{key} …`")),
        );
    }

    pub(super) fn special_field(&mut self, pair: Pair<'a, Rule>) -> Field {
        let span = self.span(&pair);
        let key = self.keyword(&pair);
        let value = match pair.as_rule() {
            Rule::every_field => self.every(pair),
            Rule::profile_field | Rule::sweep_profile => self.profile(pair),
            Rule::state_field => {
                let mut clauses = Vec::new();
                for part in pair.into_inner() {
                    match part.as_rule() {
                        Rule::colon => self.colon(&part, "state"),
                        Rule::state_clause => clauses.push(self.state_clause(part)),
                        _ => {}
                    }
                }
                FieldValue::State(clauses)
            }
            Rule::expect_field => FieldValue::Claim(self.claim_of(pair)),
            Rule::plot_field => self.plot(pair),
            _ => FieldValue::Error,
        };
        Field { key, value, span }
    }

    /// The keyword that a pair starts with.
    fn keyword(&self, pair: &Pair<'a, Rule>) -> crate::ast::Ident {
        let start = pair.as_span().start();
        let (word, span) = self.token(start);
        crate::ast::Ident { text: word.trim_matches('`').to_string(), span }
    }

    fn every(&mut self, pair: Pair<'a, Rule>) -> FieldValue {
        let mut interval = self.no_expr(pair.as_span().end());
        let mut probes = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr | Rule::missing_expr => interval = self.value(part),
                Rule::missing_measure => {
                    let help = "name the probes: `every 50 measure { loss }`".to_string();
                    self.missing(part.as_span().start(), Code::E0101, "`measure`", Some(help));
                }
                Rule::probes => probes = self.probes(part),
                _ => {}
            }
        }
        FieldValue::Every { interval, probes }
    }

    /// `{ loss, delta(fc1) }`.
    pub(super) fn probes(&mut self, pair: Pair<'a, Rule>) -> Vec<crate::ast::Expr> {
        let mut probes = Vec::new();
        let mut opener: Option<Span> = None;
        for probe in pair.into_inner() {
            match probe.as_rule() {
                Rule::lbrace => opener = Some(self.span(&probe)),
                Rule::missing_lbrace => self.missing(probe.as_span().start(), Code::E0102, "`{`", None),
                Rule::missing_rbrace => {
                    if let Some(opener) = opener {
                        self.unclosed(probe.as_span().start(), opener, "}");
                    }
                }
                Rule::bad_probe => self.bad_text(&probe, "a probe, such as `loss` or `delta(fc1)`, or `}`"),
                Rule::expr => probes.push(self.value(probe)),
                _ => {}
            }
        }
        probes
    }

    fn profile(&mut self, pair: Pair<'a, Rule>) -> FieldValue {
        let mut name = self.no_name(pair.as_span().start());
        let mut fields = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::ident | Rule::missing_name => name = self.name(&part, "a name for the profile"),
                Rule::inner_fields | Rule::sweep_fields => fields = self.fields(part),
                _ => {}
            }
        }
        FieldValue::Profile { name, fields }
    }

    fn state_clause(&mut self, pair: Pair<'a, Rule>) -> StateClause {
        let span = self.span(&pair);
        let at = span.end as usize;
        let mut clause = StateClause { verb: self.no_name(at), target: self.no_expr(at), amount: None, span };
        for part in pair.into_inner() {
            let start = part.as_span().start();
            match part.as_rule() {
                Rule::ident => clause.verb = self.ident(&part),
                Rule::missing_verb => {
                    self.missing(start, Code::E0101, "`merge`, `merge_signed`, `zero` or `low_rank`", None);
                }
                Rule::state_target => clause.target = self.operand(part),
                Rule::missing_target => self.missing(start, Code::E0101, "a layer, such as `fc1`", None),
                Rule::expr | Rule::missing_expr => clause.amount = Some(self.value(part)),
                _ => {}
            }
        }
        clause
    }

    fn plot(&mut self, pair: Pair<'a, Rule>) -> FieldValue {
        let mut series = Vec::new();
        let mut against = None;
        let mut options = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::colon => self.colon(&part, "plot"),
                Rule::expr | Rule::missing_expr => series.push(self.value(part)),
                Rule::plot_axis => against = part.into_inner().last().map(|axis| self.value(axis)),
                Rule::plot_option => {
                    let mut name = None;
                    let mut value = self.no_expr(part.as_span().end());
                    for piece in part.into_inner() {
                        match piece.as_rule() {
                            Rule::ident => name = Some(self.ident(&piece)),
                            Rule::expr | Rule::missing_expr => value = self.value(piece),
                            _ => {}
                        }
                    }
                    options.push(Argument { name, value });
                }
                _ => {}
            }
        }
        FieldValue::Plot { series, against, options }
    }
}
