//! What the analysis does not explain of networks that nobody chose, in its smallest form: each such gap is known, with what is missing.
//!
//! `PROPTEST_CASES` says how many programs are tried. A gap that is not known is printed with the smallest program that has it.

mod support;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::collections::BTreeMap;
use support::numbers::{generic, inputs, is_piecewise, jacobian, place_kinks, trainable};
use support::random_program::{Plan, plans};
use support::rank::{Normal, remainders};
use sym_infer::action::tangents;
use sym_infer::choices::choosers;
use sym_infer::{Weights, infer};
use sym_ir::Program;

/// Gaps: what a step of the smallest program says, what no step says, and what is missing.
const KNOWN: &[(&str, &[&str], &str)] = &[
    ("Bilinear", &[], "forms of linear units are quadratic forms, which the weights over-parametrise"),
    ("Gate", &[], "a value times a linear map of it is a quadratic form, which the weights over-parametrise"),
    ("Square", &[], "squares of linear units are quadratic forms, which the weights over-parametrise"),
    ("Gram", &[], "products of linear units are quadratic forms, which the weights over-parametrise"),
    ("Gated", &[], "any change of a gate is taken back by what it multiplies, and its change is not linear"),
    ("Constant", &["Function", "Attention"], "a scale of units that a fixed constant is added to is taken back by a later bias"),
    ("Concat", &["Function", "Attention"], "scales and matrices of a joined axis are those of its parts"),
    ("Token", &["Attention"], "entries of weights beside others are a constant that later biases take back, and have scales"),
    ("Slice", &["Function", "Attention"], "scales and matrices of a cut axis are those of its whole"),
    ("MergeAxes", &["Function", "Attention"], "merged axes fix their positions"),
    ("SplitAxis", &["Function", "Attention"], "split axes fix their positions"),
    (
        "Convolution",
        &["Function", "Attention"],
        "overlapping windows read one entry with several taps: weights behind them trade",
    ),
    ("Lookup", &["Function", "Attention"], "a constant that is the same along a contracted axis is taken back by a later bias"),
    ("Tie", &["Function", "Attention"], "a matrix used twice has kernels that neither use has"),
    ("Adapter", &["Attention"], "linear paths beside each other trade only where their ends are the same"),
    ("Skip", &["Function", "Attention"], "linear paths beside each other trade only where their ends are the same"),
    ("Parallel", &["Attention"], "linear paths beside each other trade only where their ends are the same"),
    ("Mixture", &["Function", "Attention"], "what sums to one reads as a constant behind a matrix of bounded rank"),
    (
        "bias: true",
        &["Function", "Attention", "Softmax"],
        "a constant behind a map of bounded rank is taken back by later weights or by later biases: one way only is claimed",
    ),
    ("Bias", &["Function", "Attention", "Softmax"], "a bias along one axis is constant along the others"),
    ("Masked", &["Function", "Attention"], "a product with a frozen mask is no free weight, whatever reads it"),
    (
        "weight: Product",
        &["Function", "Attention"],
        "an expression of parameters beside a skip or a constant is not taken for one weight",
    ),
    (
        "Joined { frozen: true",
        &["Function", "Attention"],
        "of weights with frozen parts only the matrices that keep them are claimed",
    ),
    (
        "Residual",
        &["Function", "Attention"],
        "a linear map of bounded rank beside a skip trades with what reads it in one direction",
    ),
    ("Modulate { one: true }", &["Function", "Attention"], "one plus a multiple of what it multiplies is a quadratic form"),
    ("Experts", &["Function", "Attention"], "an axis of one position counts as one along which things vary"),
    ("all: true", &["Function", "Attention"], "a norm over several axes acts on them together, of which each alone is known"),
    ("Split", &["Function", "Attention"], "two axes of one weight have kernels together that neither has alone"),
    ("Lookup", &["Attention"], "what all rows of a table share passes functions only as part of a bias"),
    (
        "Attention",
        &["Function"],
        "a bias that is the same along a linear axis, or a sequence of one feature, leaves less than a matrix group",
    ),
    ("Softmax", &["Attention"], "a softmax over one entry, or behind a sum, is a constant that later weights read"),
];

/// D, rank J and rank T.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Count {
    entries: usize,
    rank: usize,
    explained: usize,
}

/// The number of remainders that are not zero; `None` where one is neither that nor zero.
fn decided(vectors: Vec<Vec<f64>>) -> Option<usize> {
    let lengths = remainders(vectors);
    let clear = lengths.iter().all(|length| !(1e-11..1e-6).contains(length));
    clear.then(|| lengths.iter().filter(|&&length| length > 1e-9).count())
}

/// The count at one point; `None` where numbers do not decide it.
fn count_at(program: &Program, seed: u64) -> Option<Count> {
    let mut normal = Normal(seed);
    let mut weights = generic(program, &mut normal);
    let entries = trainable(program, &weights).len();
    let output = program.node(program.outputs[0].value);
    let width: usize = output.shape.iter().map(|axis| axis.size as usize).product();
    let count = 2 * entries / width + if is_piecewise(program) { 150 } else { 20 };
    let samples: Vec<_> = (0..count).map(|_| inputs(program, 1.5, &mut normal)).collect();
    if !place_kinks(program, &mut weights, &samples[..40.min(count)]) {
        return None;
    }
    let columns = jacobian(program, &weights, &samples);
    let is_tame = |entry: &f64| entry.is_finite() && entry.abs() < 1e6;
    if !columns.iter().flatten().all(is_tame) {
        return None;
    }
    let symmetries = infer(program);
    let mut vectors: Vec<_> =
        tangents(program, &symmetries, &weights).iter().map(|(_, vector)| trainable(program, vector)).collect();
    // Weights that only choose are flat for another reason.
    for chooser in choosers(program) {
        for entry in 0..weights.values[chooser.parameter.0 as usize].len() {
            let mut vector = Weights::zeros(program);
            vector.values[chooser.parameter.0 as usize][entry] = 1.0;
            vectors.push(trainable(program, &vector));
        }
    }
    Some(Count { entries, rank: decided(columns)?, explained: decided(vectors)? })
}

/// The count at the best of three points; `None` where numbers do not decide it.
fn count(program: &Program) -> Option<Count> {
    let mut best: Option<Count> = None;
    for seed in 0..3 {
        let count = count_at(program, seed)?;
        if best.is_none_or(|best| count.rank > best.rank) {
            best = Some(count);
        }
        if count.entries <= count.rank + count.explained {
            break;
        }
    }
    best
}

/// The smallest part of a random plan with unexplained directions, if it has some.
fn gap(seed: u64) -> Option<Plan> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let small = plans(5, true).prop_filter("small", |plan| plan.build().trainable_entries().is_some_and(|entries| entries <= 60));
    let outcome = runner.run(&small, |plan| match count(&plan.build()) {
        Some(count) if count.entries > count.rank + count.explained => Err(TestCaseError::fail("unexplained")),
        _ => Ok(()),
    });
    match outcome {
        Err(TestError::Fail(_, plan)) => Some(plan),
        _ => None,
    }
}

/// What is missing of a gap, if that is known.
fn reason(description: &str) -> Option<&'static str> {
    let says = |word: &str| description.contains(word);
    let known = KNOWN.iter().find(|(word, others, _)| says(word) && !others.iter().any(|other| says(other)));
    known.map(|(_, _, reason)| *reason)
}

#[test]
fn what_is_not_explained_is_known() {
    let cases: u64 = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(30);
    let mut gaps: BTreeMap<String, String> = BTreeMap::new();
    for plan in (0..cases).filter_map(gap) {
        let steps: Vec<String> =
            plan.steps.iter().map(|step| format!("{:?} along {} to {}", step.kind, step.axis, step.width)).collect();
        let start = if plan.sequence { "sequence" } else { "features" };
        let end = if plan.whole { "sum over all" } else { "sum over the last axis" };
        let description = format!("{start}; {}; {end}", steps.join("; "));
        let count = count(&plan.build()).map_or_else(String::new, |count| {
            format!("D {}, flat {}, explained {}", count.entries, count.entries - count.rank, count.explained)
        });
        gaps.insert(description, count);
    }
    for (description, count) in &gaps {
        println!("{count}: {description}\n    {}", reason(description).unwrap_or("not known"));
    }
    let unknown: Vec<&String> = gaps.keys().filter(|description| reason(description).is_none()).collect();
    assert!(unknown.is_empty(), "{} gaps that are not known: {unknown:#?}", unknown.len());
}
