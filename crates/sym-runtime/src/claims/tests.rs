use super::{Curve, Evidence, Outcome, SweepCurves, assume, evaluate};
use std::collections::HashMap;
use sym_diagnostics::{Code, FileId, Span};
use sym_infer::{Group, Kept, Symmetries};
use sym_ir::experiment::{Carrier, Claim, GroupName, Probe, ProbeKind, Quantity, When};
use sym_ir::{Builder, Builtin, Program};
use sym_syntax::ast::Comparison;

const SPAN: Span = Span::new(FileId(0), 7, 12);

/// A tanh network 3-5-2 under the name `Net`, a training run `Run` of it, and measured curves.
struct Known {
    program: Program,
    model: Symmetries,
    run: Symmetries,
    curves: HashMap<String, Vec<Curve>>,
}

impl Known {
    fn new() -> Self {
        let mut builder = Builder::new("Net");
        let x = builder.input("x", &[3]);
        builder.scope = "fc1".into();
        let h = builder.linear("fc1", x, 5, true);
        builder.scope = "".into();
        let h = builder.map(Builtin::Tanh, h);
        let y = builder.linear("head", h, 2, true);
        builder.output("output", y);
        let program = builder.finish();
        let model = sym_infer::infer(&program);
        let mut run = model.clone();
        for space in &mut run.spaces {
            space.kept = Some(Kept { objective: Group::Permutation(space.size), dynamics: Group::Trivial });
        }
        Self { program, model, run, curves: HashMap::new() }
    }

    fn with(mut self, column: &str, seeds: &[Vec<f64>]) -> Self {
        let curve = |(seed, values): (usize, &Vec<f64>)| Curve {
            seed: seed as u64,
            steps: (0..values.len() as u64).map(|at| at * 50).collect(),
            columns: vec![values.clone()],
            broke_off: None,
        };
        self.curves.insert(column.to_string(), seeds.iter().enumerate().map(curve).collect());
        self
    }
}

impl Evidence for Known {
    fn program(&self, _: &str) -> Option<&Program> {
        Some(&self.program)
    }

    fn symmetries(&self, model: &str, _: Carrier) -> Option<&Symmetries> {
        Some(if model == "Run" { &self.run } else { &self.model })
    }

    fn curves(&self, _: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.curves.get(&probe.column()).cloned()
    }

    fn gauges(&self, _: &str, probe: &Probe) -> Option<Vec<Curve>> {
        self.curves.get(&probe.column()).cloned()
    }

    fn sweep(&self, _: &str, _: &Probe) -> Option<Vec<SweepCurves>> {
        None
    }

    fn between(&self, _: &sym_ir::experiment::Between) -> Option<Result<Vec<f64>, String>> {
        None
    }
}

fn claim(left: Quantity, comparison: Comparison, right: Quantity) -> Claim {
    Claim { left, comparison, right, text: "the claim".to_string(), span: SPAN }
}

fn group(name: &str, size: u128) -> Quantity {
    Quantity::Group(GroupName { name: name.to_string(), size })
}

fn symmetry(model: &str, space: &str, of: Carrier) -> Quantity {
    Quantity::Symmetry { model: model.to_string(), space: Some(space.to_string()), of }
}

fn fc1() -> Quantity {
    symmetry("Net", "fc1", Carrier::Model)
}

fn loss(when: When) -> Quantity {
    let probe = Probe::new(ProbeKind::Loss, "", SPAN);
    Quantity::Measured { train: "Run".to_string(), probe, when }
}

fn outcome(left: Quantity, comparison: Comparison, right: Quantity, known: &Known) -> Outcome {
    evaluate(&claim(left, comparison, right), known).outcome
}

#[test]
fn a_layer_has_exactly_the_derived_group() {
    let known = Known::new();
    assert_eq!(outcome(fc1(), Comparison::Equal, group("signed_permutation", 5), &known), Outcome::Holds);
    assert_eq!(outcome(fc1(), Comparison::Equal, group("signed_permutation", 0), &known), Outcome::Holds);
    assert_eq!(outcome(fc1(), Comparison::Equal, group("permutation", 5), &known), Outcome::Fails);
    assert_eq!(outcome(fc1(), Comparison::NotEqual, group("permutation", 5), &known), Outcome::Holds);
    assert_eq!(outcome(fc1(), Comparison::Equal, group("signed_permutation", 6), &known), Outcome::Fails);
}

#[test]
fn containment_is_an_order_on_groups() {
    let known = Known::new();
    assert_eq!(outcome(fc1(), Comparison::GreaterOrEqual, group("permutation", 0), &known), Outcome::Holds);
    assert_eq!(outcome(fc1(), Comparison::Greater, group("signed_permutation", 0), &known), Outcome::Fails);
    assert_eq!(outcome(fc1(), Comparison::LessOrEqual, group("o", 0), &known), Outcome::Holds);
    assert_eq!(outcome(fc1(), Comparison::GreaterOrEqual, group("translation", 0), &known), Outcome::Fails);
}

#[test]
fn a_layer_without_symmetry_is_trivial() {
    let head = symmetry("Net", "head", Carrier::Model);
    assert_eq!(outcome(head, Comparison::Equal, group("trivial", 0), &Known::new()), Outcome::Holds);
}

#[test]
fn objective_and_dynamics_have_symmetries_of_their_own() {
    let known = Known::new();
    let of = |carrier| symmetry("Run", "fc1", carrier);
    assert_eq!(outcome(of(Carrier::Objective), Comparison::Equal, group("permutation", 5), &known), Outcome::Holds);
    assert_eq!(outcome(of(Carrier::Dynamics), Comparison::Equal, group("trivial", 0), &known), Outcome::Holds);
    assert_eq!(outcome(of(Carrier::Model), Comparison::Equal, group("signed_permutation", 5), &known), Outcome::Holds);
}

#[test]
fn counts_are_compared_as_numbers() {
    let known = Known::new();
    let entries = Quantity::Number(f64::from(3 * 5 + 5 + 5 * 2 + 2));
    assert_eq!(outcome(Quantity::Dims("Net".to_string()), Comparison::Equal, entries, &known), Outcome::Holds);
    let flat = Quantity::ContinuousDim("Net".to_string());
    assert_eq!(outcome(flat, Comparison::Equal, Quantity::Number(0.0), &known), Outcome::Holds);
}

#[test]
fn a_measured_claim_is_undecided_before_the_run() {
    let verdict = evaluate(&claim(loss(When::End), Comparison::Less, Quantity::Number(1.0)), &Known::new());
    assert_eq!((verdict.outcome, verdict.found, verdict.diagnostic), (Outcome::Undecided, None, None));
}

#[test]
fn a_failed_claim_points_at_itself_with_the_value_found() {
    let known = Known::new().with("loss", &[vec![4.0, 2.0], vec![4.0, 1.0]]);
    let verdict = evaluate(&claim(loss(When::End), Comparison::Less, Quantity::Number(1.0)), &known);
    assert_eq!(verdict.outcome, Outcome::Fails);
    let diagnostic = verdict.diagnostic.expect("a failure is reported");
    assert_eq!((diagnostic.code, diagnostic.primary.expect("a place").span), (Code::E0301, SPAN));
    assert_eq!(diagnostic.found.as_deref(), Some("1.5, the mean of 2 seeds: 2, 1"));
    assert_eq!(diagnostic.expected.as_deref(), Some("< 1"));
}

#[test]
fn a_claim_about_a_value_that_is_not_finite_fails() {
    let known = Known::new().with("loss", &[vec![4.0, f64::NAN]]);
    for comparison in [Comparison::Less, Comparison::GreaterOrEqual, Comparison::Equal] {
        assert_eq!(outcome(loss(When::End), comparison, Quantity::Number(1.0), &known), Outcome::Fails);
    }
}

#[test]
fn a_step_without_a_measurement_has_no_value() {
    let known = Known::new().with("loss", &[vec![4.0, 2.0]]);
    assert_eq!(outcome(loss(When::Step(50)), Comparison::Equal, Quantity::Number(2.0), &known), Outcome::Holds);
    let verdict = evaluate(&claim(loss(When::Step(60)), Comparison::Equal, Quantity::Number(2.0)), &known);
    assert_eq!(verdict.found.as_deref(), Some("no value: seed 0: nothing is measured at step 60"));
}

#[test]
fn an_assumption_that_follows_from_the_rules_is_redundant() {
    let known = Known::new();
    let derived = assume(&claim(fc1(), Comparison::GreaterOrEqual, group("permutation", 5)), &known);
    assert_eq!(derived.outcome, Outcome::Holds);
    assert_eq!(derived.diagnostic.expect("it is said").code, Code::E0307);
    let declared = assume(&claim(fc1(), Comparison::GreaterOrEqual, group("gl", 5)), &known);
    assert_eq!(declared.outcome, Outcome::Assumed);
    assert_eq!(declared.diagnostic.expect("it is said").code, Code::E0306);
}
