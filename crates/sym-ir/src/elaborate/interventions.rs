//! `with { … }`: interventions as typed values, and the programs that they give.

mod arguments;

use super::{Elaborator, Scope};
use crate::intervention::{
    Change, Constraint, Edit, Instance, Intervention, InterventionKind, Per, SymmetryKind, Target, TargetKind,
};
use arguments::Arguments;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast;

/// Every intervention with the names of its arguments, in the order in which they may stand without names.
const KNOWN: [(&str, &[&str]); 12] = [
    ("scale", &["per"]),
    ("gate", &["depth", "per"]),
    ("entrywise", &[]),
    ("factorise", &["depth"]),
    ("low_rank", &["rank"]),
    ("constrain", &["to", "basis"]),
    ("syre", &["sigma", "spread", "seed"]),
    ("w_asymmetric", &["frozen", "std", "seed"]),
    ("sigma_asymmetric", &["std", "seed"]),
    ("freeze", &[]),
    ("tie", &[]),
    ("untie", &[]),
];

/// More factors than this are a mistake.
const MOST_FACTORS: i128 = 16;

/// The spread of decay under `syre`, small against 1 and far above rounding.
const SPREAD: f64 = 0.01;

impl Elaborator<'_> {
    /// A model with the interventions of a `with`; `None` after a report.
    pub(super) fn with_interventions(
        &mut self,
        mut instance: Instance,
        with: &[ast::Intervention],
        scope: &Scope,
    ) -> Option<Instance> {
        let typed: Vec<Option<Intervention>> = with.iter().map(|clause| self.intervention(clause, scope)).collect();
        let typed: Vec<Intervention> = typed.into_iter().collect::<Option<_>>()?;
        for intervention in typed {
            let Some(rewrite) = self.options.rewrite else {
                self.report(
                    Diagnostic::new(Code::E0405, intervention.by, "interventions cannot be carried out here")
                        .found(intervention.written)
                        .expected("a model without `with { … }`"),
                );
                return None;
            };
            match rewrite(&instance.program, &intervention) {
                Ok(after) => {
                    let before = std::mem::replace(&mut instance.program, after.clone());
                    instance.edits.push(Edit { intervention, before, after });
                }
                Err(diagnostics) => {
                    for diagnostic in diagnostics {
                        self.report(diagnostic);
                    }
                    return None;
                }
            }
        }
        Some(instance)
    }

    fn intervention(&mut self, clause: &ast::Intervention, scope: &Scope) -> Option<Intervention> {
        let change = match &clause.change {
            Some(change) => Some(self.change(change)?),
            None => None,
        };
        let mut on = Vec::new();
        for target in &clause.on {
            let kind = match &target.kind {
                ast::TargetKind::All => TargetKind::All,
                ast::TargetKind::Block(block) => TargetKind::Block(block.text.clone()),
                ast::TargetKind::Space(space) => TargetKind::Space(space.clone()),
                ast::TargetKind::Paths(paths) => TargetKind::Paths(paths.clone()),
                ast::TargetKind::Error => return None,
            };
            on.push(Target { kind, span: target.span });
        }
        let kind = self.intervention_kind(&clause.by, scope)?;
        Some(Intervention { change, on, kind, written: self.text(clause.by.span), by: clause.by.span, span: clause.span })
    }

    fn change(&mut self, change: &ast::Change) -> Option<Change> {
        let mut kinds = Vec::new();
        let mut sound = true;
        for kind in &change.kinds {
            let Some(known) = SymmetryKind::find(&kind.text) else {
                self.report(
                    Diagnostic::new(Code::E0305, kind.span, format!("there is no kind of symmetry `{}`", kind.text))
                        .found(kind.text.clone())
                        .suggest(&kind.text, SymmetryKind::ALL.iter().map(|(name, _)| *name)),
                );
                sound = false;
                continue;
            };
            kinds.push((known, kind.span));
        }
        (sound && !kinds.is_empty()).then_some(Change { adds: change.verb.text == "add", kinds })
    }

    fn intervention_kind(&mut self, by: &ast::Expr, scope: &Scope) -> Option<InterventionKind> {
        let (path, given): (&[ast::Ident], &[ast::Argument]) = match &by.kind {
            ast::ExprKind::Path(path) => (path, &[]),
            ast::ExprKind::Call { callee, arguments } => (callee, arguments),
            ast::ExprKind::Error => return None,
            _ => {
                self.no_intervention(by.span);
                return None;
            }
        };
        let known = match path {
            [name] => KNOWN.iter().find(|(known, _)| *known == name.text),
            _ => None,
        };
        let Some((name, names)) = known else {
            let span = path.first().map_or(by.span, |first| path.last().map_or(first.span, |last| first.span.to(last.span)));
            self.no_intervention(span);
            return None;
        };
        let arguments = Arguments::pair(self, name, names, given, by.span)?;
        match *name {
            "scale" => Some(InterventionKind::Gate { depth: 2, per: arguments.per(self)? }),
            "gate" => {
                let depth = arguments.whole(self, scope, "depth", Some(2), 2, MOST_FACTORS);
                let per = arguments.per(self);
                Some(InterventionKind::Gate { depth: depth? as u32, per: per? })
            }
            "entrywise" => Some(InterventionKind::Factorise { depth: 2 }),
            "factorise" => {
                let depth = arguments.whole(self, scope, "depth", None, 2, MOST_FACTORS)?;
                Some(InterventionKind::Factorise { depth: depth as u32 })
            }
            "low_rank" => {
                let rank = arguments.whole(self, scope, "rank", None, 1, i128::MAX)?;
                Some(InterventionKind::LowRank { rank: rank.unsigned_abs() })
            }
            "constrain" => {
                let words = [("equal", Some(Constraint::Equal)), ("zero_mean", Some(Constraint::ZeroMean)), ("subspace", None)];
                let to = match arguments.word(self, "to", &words)? {
                    Some(to) => to,
                    None => Constraint::Subspace(arguments.vectors(self, scope, "basis")?),
                };
                Some(InterventionKind::Constrain { to })
            }
            "syre" => {
                let sigma = arguments.number(self, scope, "sigma", None, |value| value > 0.0, "a number above 0");
                let spread = arguments.number(
                    self,
                    scope,
                    "spread",
                    Some(SPREAD),
                    |value| (0.0..1.0).contains(&value),
                    "a number in 0..1",
                );
                let seed = arguments.whole(self, scope, "seed", Some(0), 0, i128::from(u64::MAX));
                Some(InterventionKind::Syre { sigma: sigma?, spread: spread?.unwrap_or(SPREAD), seed: seed? as u64 })
            }
            "w_asymmetric" => {
                let frozen = arguments.whole_or_word(self, scope, "frozen", 1, "densest");
                let std = arguments.number(self, scope, "std", Some(1.0), |value| value > 0.0, "a number above 0");
                let seed = arguments.whole(self, scope, "seed", Some(0), 0, i128::from(u64::MAX));
                Some(InterventionKind::WAsymmetric { frozen: frozen?, std: std?.unwrap_or(1.0), seed: seed? as u64 })
            }
            "sigma_asymmetric" => {
                let std = arguments.number(self, scope, "std", None, |value| value > 0.0, "a number above 0");
                let seed = arguments.whole(self, scope, "seed", Some(0), 0, i128::from(u64::MAX));
                Some(InterventionKind::SigmaAsymmetric { std: std?, seed: seed? as u64 })
            }
            "freeze" => Some(InterventionKind::Freeze),
            "tie" => Some(InterventionKind::Tie),
            "untie" => Some(InterventionKind::Untie),
            _ => None,
        }
    }

    fn no_intervention(&mut self, span: Span) {
        let text = self.text(span);
        self.report(
            Diagnostic::new(Code::E0201, span, format!("there is no intervention `{text}`"))
                .found(text.clone())
                .expected("an intervention such as `syre` or `scale(per: row)`")
                .suggest(&text, KNOWN.iter().map(|(name, _)| *name)),
        );
    }
}

impl Arguments<'_> {
    /// The groups of a gate; each parameter where nothing is said.
    fn per(&self, elaborator: &mut Elaborator<'_>) -> Option<Per> {
        let Some(word) = self.bare(elaborator, "per")? else { return Some(Per::Tensor) };
        Some(match word.as_str() {
            "tensor" => Per::Tensor,
            "row" => Per::Row,
            "column" => Per::Column,
            "layer" => Per::Layer,
            "block" => Per::Block,
            _ => Per::Axis(word),
        })
    }
}
