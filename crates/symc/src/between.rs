//! Comparisons that claims ask for, of the weights with which runs ended.

use crate::findings::Findings;
use std::path::Path;
use sym_diagnostics::Diagnostic;
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{BarrierOf, Between, Document, Likeness, Quantity, Train};
use sym_runtime::control::{self, Seen};
use sym_runtime::{Stream, data};

/// Makes each comparison of the document's claims and notes it; one of a run that did not end has none.
pub fn measure(document: &Document, base: &Path, findings: &mut Findings<'_>) {
    let mut wanted: Vec<Between> = Vec::new();
    for claim in &document.expectations {
        collect(&claim.left, &mut wanted);
        collect(&claim.right, &mut wanted);
    }
    for between in wanted {
        if between.runs().iter().all(|run| findings.record(run).is_some()) {
            let found = match &between {
                Between::Barrier(of) => height(document, base, findings, of).map(|height| vec![height]),
                Between::Likeness(of) => likeness(document, base, findings, of),
            };
            findings.add_between(between, found);
        }
    }
}

fn collect(quantity: &Quantity, wanted: &mut Vec<Between>) {
    match quantity {
        Quantity::Between(of) if !wanted.contains(of) => wanted.push(of.clone()),
        Quantity::Binary(_, left, right) => {
            collect(left, wanted);
            collect(right, wanted);
        }
        _ => {}
    }
}

fn said(diagnostics: Vec<Diagnostic>) -> String {
    diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect::<Vec<_>>().join("; ")
}

fn height(document: &Document, base: &Path, findings: &Findings<'_>, of: &BarrierOf) -> Result<f64, String> {
    let (from, to) = (&document.trains[&of.from], &document.trains[&of.to]);
    let examples = examples(document, base, from)?;
    let seed = |train: &Train, at: usize| train.seeds.get(at).copied().unwrap_or_default();
    let second = seed(to, usize::from(of.from == of.to));
    let mut start = weights(findings, &from.program, &of.from, seed(from, 0))?;
    let end = weights(findings, &to.program, &of.to, second)?;
    if of.aligned {
        let symmetries = sym_infer::infer(&from.program);
        start = control::align(&from.program, &symmetries, &start, &end, control::By::Weights).map_err(said)?.weights;
    }
    control::barrier(&from.program, &start, &end, of.points, &examples, from.loss).map(|found| found.height).map_err(said)
}

/// One number for each pair of networks: the k-th seed of one run with the k-th of the other, or any two seeds of one run.
fn likeness(document: &Document, base: &Path, findings: &Findings<'_>, of: &Likeness) -> Result<Vec<f64>, String> {
    let runs = [&of.one, &of.other].map(|(run, value)| (&document.trains[run], value));
    let [one, other] = runs.map(|(train, _)| train);
    let pairs: Vec<[u64; 2]> = if one.name == other.name {
        let seeds = &one.seeds;
        (0..seeds.len()).flat_map(|later| (0..later).map(move |earlier| [seeds[earlier], seeds[later]])).collect()
    } else {
        one.seeds.iter().zip(&other.seeds).map(|(&one, &other)| [one, other]).collect()
    };
    let examples = [examples(document, base, one)?, examples(document, base, other)?];
    let path = format!("{}/{}.{}/{}.{}", of.kind.name(), of.one.0, of.one.1, of.other.0, of.other.1);
    let mut found = Vec::new();
    for seeds in pairs {
        let weights =
            [weights(findings, &one.program, &one.name, seeds[0])?, weights(findings, &other.program, &other.name, seeds[1])?];
        let seen = [0, 1].map(|at| Seen {
            program: &runs[at].0.program,
            weights: &weights[at],
            value: runs[at].1,
            examples: &examples[at],
        });
        let mut stream = Stream::new(seeds[0], "probe", &path);
        found.push(control::likeness(of.kind, seen, of.examples, &mut stream).map_err(|why| why.to_string())?);
    }
    Ok(found)
}

fn examples(document: &Document, base: &Path, train: &Train) -> Result<data::Examples, String> {
    let data = document.data.get(&train.data).ok_or_else(|| format!("there is no data set `{}`", train.data))?;
    Ok(data::load(data, &train.program, base).map_err(said)?.train)
}

fn weights(findings: &Findings<'_>, program: &Program, train: &str, seed: u64) -> Result<Weights, String> {
    let record = findings.record(train).ok_or_else(|| format!("`{train}` has not run"))?;
    let path = record.weights_path(seed);
    let tensors = sym_lower::load_state_dict(&path).map_err(|problem| problem.message)?;
    sym_lower::from_state_dict(program, &tensors, &path.display().to_string()).map_err(|problem| problem.message)
}
