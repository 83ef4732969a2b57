//! `with { … }`: interventions on a model.

use super::Builder;
use crate::ast::{Change, Intervention, Target, TargetKind};
use crate::grammar::Rule;
use pest::iterators::Pair;
use sym_diagnostics::Code;

impl<'a> Builder<'a> {
    /// The clauses of a `with`.
    pub(super) fn interventions(&mut self, pair: Pair<'a, Rule>) -> Vec<Intervention> {
        let mut found = Vec::new();
        let mut opener = None;
        self.selectors = true;
        for part in pair.into_inner() {
            match part.as_rule() {
                _ if self.brace(&part, &mut opener) => {}
                Rule::bad_intervention => {
                    self.bad_text(&part, "an intervention, such as `remove permutation by syre` or `on fc1 by freeze`, or `}`");
                }
                Rule::intervention => found.push(self.intervention(part)),
                _ => {}
            }
        }
        found
    }

    fn intervention(&mut self, pair: Pair<'a, Rule>) -> Intervention {
        let span = self.span(&pair);
        let mut intervention = Intervention { change: None, on: Vec::new(), by: self.no_expr(span.end as usize), span };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::change => intervention.change = Some(self.change(part)),
                Rule::on_clause => intervention.on = self.targets(part),
                Rule::by_clause => {
                    for by in part.into_inner() {
                        match by.as_rule() {
                            Rule::missing_expr => {
                                self.missing(
                                    by.as_span().start(),
                                    Code::E0101,
                                    "an intervention, such as `syre` or `scale`",
                                    None,
                                );
                            }
                            Rule::expr => intervention.by = self.value(by),
                            _ => {}
                        }
                    }
                }
                Rule::missing_by => {
                    let help = "say what is done: `on fc1 by freeze`".to_string();
                    self.missing(part.as_span().start(), Code::E0101, "`by` with an intervention", Some(help));
                }
                _ => {}
            }
        }
        intervention
    }

    fn change(&mut self, pair: Pair<'a, Rule>) -> Change {
        let start = pair.as_span().start();
        let mut change = Change { verb: self.no_name(start), kinds: Vec::new() };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::change_verb => change.verb = self.ident(&part),
                Rule::change_kind => change.kinds.push(self.ident(&part)),
                Rule::missing_kind => {
                    self.missing(part.as_span().start(), Code::E0101, "a kind of symmetry, such as `permutation`", None);
                }
                _ => {}
            }
        }
        change
    }

    fn targets(&mut self, pair: Pair<'a, Rule>) -> Vec<Target> {
        let mut found = Vec::new();
        for part in pair.into_inner() {
            let span = self.span(&part);
            if part.as_rule() == Rule::missing_target {
                self.missing(part.as_span().start(), Code::E0101, "a parameter, a layer or `all`", None);
                found.push(Target { kind: TargetKind::Error, span });
                continue;
            }
            let Some(inner) = part.into_inner().next() else { continue };
            let kind = match inner.as_rule() {
                Rule::all_target => match inner.into_inner().find(|word| word.as_rule() == Rule::ident) {
                    Some(block) => TargetKind::Block(self.ident(&block)),
                    None => TargetKind::All,
                },
                Rule::space_target => match inner.into_inner().last() {
                    Some(path) => TargetKind::Space(path.as_str().to_string()),
                    None => TargetKind::Error,
                },
                _ => TargetKind::Paths(inner.as_str().to_string()),
            };
            found.push(Target { kind, span });
        }
        found
    }
}
