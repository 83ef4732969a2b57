//! Barriers that claims ask for, from the weights with which runs ended.

use crate::findings::Findings;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{BarrierOf, Document, Quantity};
use sym_runtime::{control, data};

/// Measures each barrier of the document's claims and notes it; one of a run that did not end has none.
pub fn measure(document: &Document, base: &Path, findings: &mut Findings<'_>) {
    let mut wanted: Vec<BarrierOf> = Vec::new();
    for claim in &document.expectations {
        collect(&claim.left, &mut wanted);
        collect(&claim.right, &mut wanted);
    }
    for of in wanted {
        if findings.record(&of.from).is_some() && findings.record(&of.to).is_some() {
            let height = height(document, base, findings, &of);
            findings.add_barrier(of, height);
        }
    }
}

fn collect(quantity: &Quantity, wanted: &mut Vec<BarrierOf>) {
    match quantity {
        Quantity::Barrier(of) if !wanted.contains(of) => wanted.push(of.clone()),
        Quantity::Binary(_, left, right) => {
            collect(left, wanted);
            collect(right, wanted);
        }
        _ => {}
    }
}

fn height(document: &Document, base: &Path, findings: &Findings<'_>, of: &BarrierOf) -> Result<f64, String> {
    let said = |diagnostics: Vec<Diagnostic>| {
        diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>().join("; ")
    };
    let (from, to) = (&document.trains[&of.from], &document.trains[&of.to]);
    let examples = document.data.get(&from.data).ok_or_else(|| format!("there is no data set `{}`", from.data))?;
    let examples = data::load(examples, &from.program, base).map_err(said)?.train;
    let seed = |train: &sym_ir::experiment::Train, at: usize| train.seeds.get(at).copied().unwrap_or_default();
    let second = seed(to, usize::from(of.from == of.to));
    let mut start = weights(findings, &from.program, &of.from, seed(from, 0))?;
    let end = weights(findings, &to.program, &of.to, second)?;
    if of.aligned {
        let symmetries = sym_infer::infer(&from.program);
        start = control::align(&from.program, &symmetries, &start, &end, control::By::Weights).map_err(said)?.weights;
    }
    control::barrier(&from.program, &start, &end, of.points, &examples, from.loss).map(|found| found.height).map_err(said)
}

fn weights(findings: &Findings<'_>, program: &Program, train: &str, seed: u64) -> Result<Weights, String> {
    let record = findings.record(train).ok_or_else(|| format!("`{train}` has not run"))?;
    let path = record.weights_path(seed);
    let tensors = sym_lower::load_state_dict(&path).map_err(|problem| problem.message)?;
    sym_lower::from_state_dict(program, &tensors, &path.display().to_string()).map_err(|problem| problem.message)
}
