//! Control of given weights: along orbits no output changes, and two points of one orbit find each other.

#[path = "control/models.rs"]
mod models;
#[path = "support/programs.rs"]
mod programs;

use models::{Model, model};
use sym_ir::experiment::{Loss, ProbeKind};
use sym_runtime::control::{self, By};
use sym_runtime::data::{Examples, Inputs, Table, Targets};
use sym_runtime::probes;
use sym_runtime::proof::approximation;

/// Models with each kind of group that control moves along.
const MODELS: [(&str, &str); 12] = [
    (
        "relu units: permutations and positive factors",
        "model M { input x[5] h = relu(linear(x, 9, name: \"a\")) h2 = relu(linear(h, 7, name: \"b\")) output linear(h2, 3, name: \"c\") }",
    ),
    (
        "tanh units: permutations and signs",
        "model M { input x[5] h = tanh(linear(x, 9, name: \"a\")) h2 = tanh(linear(h, 7, name: \"b\")) output linear(h2, 3, name: \"c\") }",
    ),
    (
        "gated units: permutations with factors and signs of one branch",
        "model M { input x[5] output linear(linear(x, 8, name: \"up\") * silu(linear(x, 8, name: \"gate\")), 3, name: \"down\") }",
    ),
    (
        "linear units: GL",
        "model M { input x[6] output linear(linear(x, 4, bias: false, name: \"down\"), 7, bias: false, name: \"up\") }",
    ),
    (
        "attention: heads, and GL on the dimensions of each",
        "model M { input x[5, 6] output attention(x, heads: 3, name: \"attn\") }",
    ),
    (
        "a residual stream with norms: O, with units on it",
        "model M { input x[5] h = linear(x, 6, name: \"read\") h2 = h + linear(relu(linear(rms_norm(h, affine: false), 9, name: \"up\")), 6, name: \"down\") output linear(rms_norm(h2, affine: false), 4, name: \"head\") }",
    ),
    (
        "units of a convolution",
        "model M { input x[3, 6, 6] h = relu(conv2d(x, 5, 3, name: \"c1\")) output linear(mean(relu(conv2d(h, 4, 3, name: \"c2\")), over: [1, 2]), 3, name: \"head\") }",
    ),
    (
        "sigmoid units: signs with shifted biases",
        "model M { input x[5] output linear(sigmoid(linear(x, 9, name: \"a\")), 4, name: \"b\") }",
    ),
    (
        "grouped queries with rotary positions: groups, heads in them, turns of pairs",
        "model M { input x[4, 6] output grouped_attention(x, heads: 4, groups: 2, k: 4, turned: true, name: \"attn\") }",
    ),
    (
        "a transformer block: heads beside units beside the stream",
        "model M { input x[4, 5] h = linear(x, 6, bias: false, name: \"read\") a = h + attention(rms_norm(h, affine: false), heads: 2, name: \"attn\") b = a + gated_mlp(rms_norm(a, affine: false), 7, name: \"mlp\") output linear(rms_norm(b, affine: false), 5, bias: false, name: \"head\") }",
    ),
    (
        "weights about frozen centres",
        "model M { input x[5] param w[9, 5] frozen s[9, 5] v[i, j] = w[i, j] + s[i, j] h[i] = v[i, j] * x[j] output linear(relu(h), 3, name: \"c\") }",
    ),
    (
        "a scale that a norm forgets",
        "model M { input x[5] h = relu(linear(rms_norm(linear(x, 6, bias: false, name: \"a\"), affine: false), 7, name: \"b\")) output linear(h, 3, name: \"c\") }",
    ),
];

#[test]
fn weights_moved_along_their_orbit_are_aligned_back_to_where_they_were() {
    let mut lost = Vec::new();
    for (name, text) in MODELS {
        let Model { program, symmetries } = model(text);
        let at = models::weights(&program, 1);
        let moved = models::somewhere_on_the_orbit(&program, &symmetries, &at, 2);
        assert!(models::distance(&moved, &at) > 0.1, "{name}: the element is not trivial");
        let aligned = control::align(&program, &symmetries, &moved, &at, By::Weights).expect("only activations can fail");
        if models::distance(&aligned.weights, &at) > 1e-6 {
            lost.push(format!("{name}: {} → {}", aligned.before, aligned.after));
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn alignment_balance_and_canonical_points_change_no_output() {
    for (name, text) in MODELS {
        let Model { program, symmetries } = model(text);
        let (from, to) = (models::weights(&program, 1), models::weights(&program, 2));
        let aligned = control::align(&program, &symmetries, &from, &to, By::Weights).expect("only activations can fail");
        assert!(aligned.after < aligned.before, "{name}: {} → {}", aligned.before, aligned.after);
        let canonical = control::canonicalise(&program, &symmetries, &from);
        for moved in [aligned.weights, control::balanced(&program, &symmetries, &from), canonical] {
            assert!(models::change_of_outputs(&program, &from, &moved) < 1e-9, "{name}");
        }
    }
}

#[test]
fn all_points_of_an_orbit_have_one_canonical_point() {
    let mut apart = Vec::new();
    for (name, text) in MODELS {
        let Model { program, symmetries } = model(text);
        let at = models::weights(&program, 1);
        let canonical = control::canonicalise(&program, &symmetries, &at);
        for other in [canonical.clone(), models::somewhere_on_the_orbit(&program, &symmetries, &at, 2)] {
            let distance = models::distance(&control::canonicalise(&program, &symmetries, &other), &canonical);
            if distance > 1e-6 {
                apart.push(format!("{name}: {distance:e}"));
            }
        }
    }
    assert!(apart.is_empty(), "{apart:#?}");
}

#[test]
fn balanced_units_have_equal_norms_on_both_sides() {
    let Model { program, symmetries } =
        model("model M { input x[5] output linear(relu(linear(x, 9, bias: false, name: \"a\")), 3, bias: false, name: \"b\") }");
    let balanced = control::balanced(&program, &symmetries, &models::weights(&program, 1));
    let [incoming, outgoing] = &balanced.values[..] else { panic!("two parameters") };
    for unit in 0..9 {
        let before: f64 = incoming[5 * unit..5 * unit + 5].iter().map(|entry| entry * entry).sum();
        let behind: f64 = (0..3).map(|out| outgoing[9 * out + unit].powi(2)).sum();
        assert!((before - behind).abs() < 1e-12 * before, "unit {unit}: {before} and {behind}");
    }
}

#[test]
fn no_network_of_the_catalogue_computes_anything_else_after_it_was_moved() {
    for (name, program) in programs::programs("tests/catalogue") {
        let symmetries = sym_infer::infer(&program);
        // An epsilon under a root makes a symmetry hold nearly, and alignment keeps the function as nearly.
        if approximation(&program, &symmetries, 0).expect("it can be executed").is_some() {
            continue;
        }
        let (from, to) = (models::weights(&program, 1), models::weights(&program, 2));
        let aligned = control::align(&program, &symmetries, &from, &to, By::Weights).expect("only activations can fail");
        for moved in [aligned.weights, control::canonicalise(&program, &symmetries, &from)] {
            let change = models::change_of_outputs(&program, &from, &moved);
            assert!(change < 1e-8, "{name}: {change:e}");
        }
    }
}

/// f(x) = u v x with the target x has the loss (1 − uv)² E x².
#[test]
fn the_barrier_is_the_excess_over_the_line_between_both_ends() {
    let Model { program, symmetries } =
        model("model M { input x[1] output linear(linear(x, 1, bias: false, name: \"v\"), 1, bias: false, name: \"u\") }");
    let at = |u: f64, v: f64| sym_infer::Weights { values: vec![vec![v], vec![u]] };
    let table = Table { values: vec![1.0, -2.0, 3.0], width: 1 };
    let examples = Examples { inputs: vec![Inputs::of(table.values.clone(), 1)], targets: Targets::Numbers(table) };
    let mean_square = 14.0 / 3.0;
    // Between (1, 1) and (−1, −1), both without loss, lies 0.
    let found = control::barrier(&program, &at(1.0, 1.0), &at(-1.0, -1.0), 5, &examples, Loss::Mse).expect("it can be executed");
    let expected: Vec<f64> = [1.0, 0.5, 0.0, -0.5, -1.0f64].iter().map(|s| (1.0 - s * s).powi(2) * mean_square).collect();
    assert!(found.losses.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");
    assert!((found.height - mean_square).abs() < 1e-12);
    // Between (1, 1) and (2, 2) the loss is convex where it is, and above no line: from 0 to 9 E x².
    let convex = control::barrier(&program, &at(1.0, 1.0), &at(2.0, 2.0), 5, &examples, Loss::Mse).expect("it can be executed");
    assert_eq!(convex.height, 0.0);
    // The sign is one of the group.
    let aligned =
        control::align(&program, &symmetries, &at(-1.0, -1.0), &at(1.0, 1.0), By::Weights).expect("only activations can fail");
    assert!(aligned.after < 1e-12, "{aligned:?}");
}

#[test]
fn teleportation_enlarges_the_gradient_at_equal_loss() {
    let Model { program, symmetries } = model(MODELS[0].1);
    let weights = models::weights(&program, 1);
    let table = |width: usize| {
        let mut stream = sym_runtime::Stream::new(7, "test/examples", "M");
        Table { values: (0..30 * width).map(|_| stream.normal()).collect(), width }
    };
    let examples = Examples { inputs: vec![Inputs::of(table(5).values, 5)], targets: Targets::Numbers(table(3)) };
    let found = control::teleport(&program, &symmetries, &weights, &examples, Loss::Mse, 2.0).expect("it can be executed");
    assert!((found.losses[1] - found.losses[0]).abs() < 1e-12 * found.losses[0], "{:?}", found.losses);
    assert!(found.gradients[1] > 1.5 * found.gradients[0], "{:?}", found.gradients);
    // Within the limit: no weight by more than both of its units together.
    let factors =
        weights.values.iter().flatten().zip(found.weights.values.iter().flatten()).map(|(before, after)| after / before);
    assert!(factors.clone().all(|factor| (0.24..4.1).contains(&factor)), "{:?}", factors.collect::<Vec<_>>());
}

#[test]
fn units_that_do_the_same_find_each_other_by_their_values() {
    for (name, text) in &MODELS[..3] {
        let Model { program, symmetries } = model(text);
        let at = models::weights(&program, 1);
        let moved = models::somewhere_on_the_orbit(&program, &symmetries, &at, 2);
        let mut stream = sym_runtime::Stream::new(7, "test/examples", "M");
        let inputs = [Inputs::of((0..40 * 5).map(|_| stream.normal()).collect(), 5)];
        let aligned = control::align(&program, &symmetries, &moved, &at, By::Activations(&inputs)).expect("it can be executed");
        assert!(models::distance(&aligned.weights, &at) < 1e-6, "{name}: {} → {}", aligned.before, aligned.after);
        assert!(models::change_of_outputs(&program, &moved, &aligned.weights) < 1e-9, "{name}");
    }
}

/// A network of one linear layer whose value is the input in other coordinates.
fn turned(matrix: &[f64]) -> (sym_ir::Program, sym_infer::Weights) {
    let Model { program, .. } = model("model M { input x[2] h = linear(x, 2, bias: false, name: \"fc\") output h }");
    (program, sym_infer::Weights { values: vec![matrix.to_vec()] })
}

/// Inner products of a value do not see a rotation of it, and see a stretch; the second network looks at the first's examples stretched back.
#[test]
fn likeness_is_that_of_inner_products_between_networks_and_their_own_examples() {
    let ((one, at), (other, rotated)) = (turned(&[1.0, 0.0, 0.0, 1.0]), turned(&[0.6, -0.8, 0.8, 0.6]));
    let (_, stretched) = turned(&[3.0, 0.0, 0.0, 1.0]);
    let points = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, -2.0, 1.0];
    let examples = |values: &[f64]| Examples {
        inputs: vec![Inputs::of(values.to_vec(), 2)],
        targets: Targets::Numbers(Table { values: values.to_vec(), width: 2 }),
    };
    let plain = examples(&points);
    let shrunk: Vec<f64> = points.chunks(2).flat_map(|point| [point[0] / 3.0, point[1]]).collect();
    let shrunk = examples(&shrunk);
    let seen = |program, weights, examples| (program, weights, examples);
    let alike = |kind, pair: [(&sym_ir::Program, &sym_infer::Weights, &Examples); 2], count| {
        let [one, other] =
            pair.map(|(program, weights, examples)| probes::seen(program, weights, "fc", examples, count).expect("a value"));
        let mut stream = sym_runtime::Stream::new(0, "probe", "");
        probes::likeness(kind, one.view(), other.view(), 20, &mut stream).expect("it can be measured").expect("a likeness")
    };
    let base = seen(&one, &at, &plain);
    for kind in [ProbeKind::Alignment, ProbeKind::Cka] {
        assert!((alike(kind, [base, seen(&other, &rotated, &plain)], 100) - 1.0).abs() < 1e-12);
        assert!((alike(kind, [base, seen(&other, &stretched, &shrunk)], 100) - 1.0).abs() < 1e-12);
    }
    // By hand, of the first three points: cosines 0, 1/√2, 1/√2 against 0, 3/√10, 1/√10.
    let hand = (3.0 + 1.0) / 20f64.sqrt();
    let found = alike(ProbeKind::Alignment, [base, seen(&other, &stretched, &plain)], 3);
    assert!((found - hand).abs() < 1e-12, "{found} {hand}");
    // By hand, of all four: XᵀX = [[6, −1], [−1, ¾]] after centring, and Y = X diag(3, 1).
    let hand = (18f64.powi(2) + 3f64.powi(2) + 1.0 + 0.75f64.powi(2))
        / ((36.0 + 2.0 + 0.75f64.powi(2)) * (54f64.powi(2) + 18.0 + 0.75f64.powi(2))).sqrt();
    let found = alike(ProbeKind::Cka, [base, seen(&other, &stretched, &plain)], 100);
    assert!((found - hand).abs() < 1e-12, "{found} {hand}");
    // By chance, points are exchanged: less than alike, and the same from the same stream.
    let chance = alike(ProbeKind::AlignmentBaseline, [base, seen(&other, &rotated, &plain)], 100);
    assert!(chance < 1.0 && chance == alike(ProbeKind::AlignmentBaseline, [base, seen(&other, &rotated, &plain)], 100));
}
