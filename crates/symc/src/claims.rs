//! The claims of a document, judged: `expect` and `assume` items.

use crate::findings::Findings;
use crate::report::{ExpectationRow, Outcome};
use crate::session::Compiled;
use sym_diagnostics::Diagnostic;
use sym_infer::Status;
use sym_ir::experiment::Claim;
use sym_runtime::claims::{self, Verdict};

/// Decides all claims. `ran` says whether the document's runs are over: before, a claim about them is deferred.
pub fn decide(compiled: &Compiled, findings: &Findings<'_>, ran: bool) -> (Vec<ExpectationRow>, Vec<Diagnostic>) {
    let document = &compiled.document;
    let expected = document.expectations.iter().map(|claim| claims::evaluate(claim, findings));
    let assumed = document.assumptions.iter().map(|claim| {
        let verdict = claims::assume(claim, findings);
        if let Some(mismatch) = findings.mismatch(claim) {
            return Verdict { outcome: claims::Outcome::Fails, diagnostic: Some(mismatch.clone()), ..verdict };
        }
        // The proof has reported a refutation.
        if refuted(claim, findings) { Verdict { outcome: claims::Outcome::Fails, diagnostic: None, ..verdict } } else { verdict }
    });
    let mut verdicts: Vec<Verdict> = expected.chain(assumed).collect();
    verdicts.sort_by_key(|verdict| (verdict.span.file, verdict.span.start));
    let rows = verdicts.iter().map(|verdict| row(compiled, verdict, ran)).collect();
    (rows, verdicts.into_iter().filter_map(|verdict| verdict.diagnostic).collect())
}

/// Whether numbers contradict an assumption: its row comes from its span.
fn refuted(claim: &Claim, findings: &Findings<'_>) -> bool {
    let rows = findings.models.iter().flat_map(|model| &model.assumed);
    rows.filter(|row| row.status == Status::Refuted).any(|row| row.reasons.iter().any(|reason| reason.span == claim.span))
}

fn row(compiled: &Compiled, verdict: &Verdict, ran: bool) -> ExpectationRow {
    let file = compiled.sources.file(verdict.span.file);
    ExpectationRow {
        file: file.name.clone(),
        line: file.position(verdict.span.start).line,
        text: verdict.text.clone(),
        outcome: match verdict.outcome {
            claims::Outcome::Holds => Outcome::Holds,
            claims::Outcome::Fails => Outcome::Fails,
            claims::Outcome::Assumed => Outcome::Assumed,
            claims::Outcome::Undecided if ran => Outcome::Undecided,
            claims::Outcome::Undecided => Outcome::Deferred,
        },
        found: verdict.found.clone(),
    }
}
