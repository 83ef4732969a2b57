//! Comparisons that claims and figures ask for, of the weights with which runs ended.

use crate::findings::Findings;
use crate::interrupt;
use std::collections::HashMap;
use std::path::Path;
use sym_diagnostics::{Code, Diagnostic, Severity};
use sym_infer::Weights;
use sym_ir::Program;
use sym_ir::experiment::{BarrierOf, Between, Document, Figure, Likeness, Quantity, Train};
use sym_measure::{Matrix, barrier};
use sym_runtime::claims::Evidence;
use sym_runtime::record::{Ending, SeedSummary};
use sym_runtime::{Stream, control, data, probes};

/// Makes each comparison of the document's claims and figures and notes it; one of a run that did not end has none. Claims say why there is none; of ways in figures
/// that is what is given back.
pub fn measure(document: &Document, base: &Path, findings: &mut Findings<'_>) -> Vec<Diagnostic> {
    let mut wanted: Vec<Between> = Vec::new();
    for figure in &document.figures {
        figure.ways.iter().for_each(|of| add(Between::Way(of.clone()), &mut wanted));
    }
    for claim in &document.expectations {
        collect(&claim.left, &mut wanted);
        collect(&claim.right, &mut wanted);
    }
    for between in wanted {
        if between.runs().iter().all(|run| findings.record(run).is_some()) {
            let found = match &between {
                Between::Barrier(_) | Between::Way(_) if interrupt::interrupted() => Ok(None),
                Between::Way(of) => losses(document, base, findings, of).map(Some),
                // The way is there where a figure draws it, too.
                Between::Barrier(of) => findings
                    .between(&Between::Way(of.clone()))
                    .unwrap_or_else(|| losses(document, base, findings, of))
                    .map(|losses| Some(vec![barrier::height(&losses)])),
                Between::Likeness(of) => likeness(document, base, findings, of),
            };
            if let Some(found) = found.transpose() {
                findings.add_between(between, found);
            }
        }
    }
    let of_figure = |figure: &Figure| {
        let missing = |of: &BarrierOf| Some(no_way(figure, of, &findings.between(&Between::Way(of.clone()))?.err()?));
        figure.ways.iter().filter_map(missing).collect::<Vec<_>>()
    };
    document.figures.iter().flat_map(of_figure).collect()
}

/// E0211, as a warning: a way that a figure cannot draw.
fn no_way(figure: &Figure, of: &BarrierOf, why: &str) -> Diagnostic {
    let message = format!("the way from `{}` to `{}` is not drawn: {why}", of.from, of.to);
    let mut said = Diagnostic::new(Code::E0211, figure.span, message).label("a line of it is missing");
    said.severity = Severity::Warning;
    said
}

fn add(between: Between, wanted: &mut Vec<Between>) {
    if !wanted.contains(&between) {
        wanted.push(between);
    }
}

fn collect(quantity: &Quantity, wanted: &mut Vec<Between>) {
    match quantity {
        Quantity::Between(of) => add(of.clone(), wanted),
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

/// The losses on the way.
fn losses(document: &Document, base: &Path, findings: &Findings<'_>, of: &BarrierOf) -> Result<Vec<f64>, String> {
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
    control::barrier(&from.program, &start, &end, of.points, &examples, from.loss).map(|found| found.losses).map_err(said)
}

/// The most seeds of a run that are compared: pairs grow with the square.
const MOST_SEEDS: usize = 32;

/// A run whose values are compared.
struct Side<'a> {
    train: &'a Train,
    value: &'a str,
    examples: data::Examples,
    /// What the networks of its seeds see, as far as it was needed.
    seen: HashMap<u64, Matrix>,
}

impl Side<'_> {
    fn seeds(&self) -> &[u64] {
        &self.train.seeds[..self.train.seeds.len().min(MOST_SEEDS)]
    }

    /// Makes sure that what a seed sees is known.
    fn look(&mut self, seed: u64, count: usize, findings: &Findings<'_>) -> Result<(), String> {
        if !self.seen.contains_key(&seed) {
            let program = &self.train.program;
            let weights = weights(findings, program, &self.train.name, seed)?;
            let seen = probes::seen(program, &weights, self.value, &self.examples, count);
            self.seen.insert(seed, seen.ok_or_else(|| format!("`{}` has no value `{}`", self.train.model, self.value))?);
        }
        Ok(())
    }
}

/// One number for each pair of networks: the k-th seed of one run with the k-th of the other, or any two seeds of one run. `None` where the user
/// stopped it.
fn likeness(document: &Document, base: &Path, findings: &Findings<'_>, of: &Likeness) -> Result<Option<Vec<f64>>, String> {
    let sides = [&of.one, &of.other].map(|(run, value)| {
        let train = &document.trains[run];
        Ok(Side { train, value, examples: examples(document, base, train)?, seen: HashMap::new() })
    });
    let [one, other]: [Result<Side<'_>, String>; 2] = sides;
    let (mut one, mut other) = (one?, other?);
    if one.examples.len() != other.examples.len() {
        return Err(format!(
            "`{}` has {} training examples and `{}` has {}: the k-th of one has to belong to the k-th of the other",
            one.train.name,
            one.examples.len(),
            other.train.name,
            other.examples.len()
        ));
    }
    let path = format!("{}/{}.{}/{}.{}", of.kind.name(), of.one.0, of.one.1, of.other.0, of.other.1);
    let mut found = Vec::new();
    for [first, second] in pairs(&one, &other) {
        if interrupt::interrupted() {
            return Ok(None);
        }
        one.look(first, of.examples, findings)?;
        other.look(second, of.examples, findings)?;
        let mut stream = Stream::new(first, "probe", &format!("{path}/{second}"));
        let (left, right) = (one.seen[&first].view(), other.seen[&second].view());
        let value = probes::likeness(of.kind, left, right, of.permutations, &mut stream);
        found.extend(value.map_err(|why| why.to_string())?);
    }
    Ok(Some(found))
}

fn pairs(one: &Side<'_>, other: &Side<'_>) -> Vec<[u64; 2]> {
    let (first, second) = (one.seeds(), other.seeds());
    if one.train.name != other.train.name {
        return first.iter().zip(second).map(|(&one, &other)| [one, other]).collect();
    }
    // Of one value, both orders are the same.
    let is_new = |at: usize, with: usize| at != with && (one.value != other.value || at < with);
    let all = (0..first.len()).flat_map(|at| (0..first.len()).map(move |with| (at, with)));
    all.filter(|&(at, with)| is_new(at, with)).map(|(at, with)| [first[at], first[with]]).collect()
}

fn examples(document: &Document, base: &Path, train: &Train) -> Result<data::Examples, String> {
    let data = document.data.get(&train.data).ok_or_else(|| format!("there is no data set `{}`", train.data))?;
    Ok(data::load(data, &train.program, base).map_err(said)?.train)
}

fn weights(findings: &Findings<'_>, program: &Program, train: &str, seed: u64) -> Result<Weights, String> {
    let record = findings.record(train).ok_or_else(|| format!("`{train}` has not run"))?;
    let is_whole = |found: &SeedSummary| matches!(found.ending, Ending::Finished | Ending::Stopped { .. });
    if !record.summary.seeds.iter().any(|found| found.seed == seed && is_whole(found)) {
        return Err(format!("`{train}` with seed {seed} did not come to an end"));
    }
    let path = record.weights_path(seed);
    let tensors = sym_lower::load_state_dict(&path).map_err(|problem| problem.message)?;
    sym_lower::from_state_dict(program, &tensors, &path.display().to_string()).map_err(|problem| problem.message)
}
