//! What interventions do to functions, penalties and training, against formulas (design notes on interventions, and Ziyin et al. 2024).

mod support {
    pub mod texts;
    pub mod trainer;
}

use support::texts::model;
use support::trainer::Trainer;
use sym_ir::experiment::{DecayKind, Init, InitKind, Optimizer, Rule};
use sym_ir::{ParameterId, Program};
use sym_runtime::Stream;

const DECAY: f64 = 0.01;

fn descent(learning_rate: f64, decay: f64) -> Optimizer {
    let rule = Rule::Sgd { momentum: 0.0, nesterov: false };
    Optimizer { rule, learning_rate, decay, decay_kind: DecayKind::Coupled, batch: None }
}

/// `y = W x` with W [4, 3] and an intervention on it.
fn fit(by: &str) -> Program {
    model(&format!(
        "model Fit {{ input x[3] param weight[4, 3] init normal(std: 1) y[i] = weight[i, j] * x[j] output y }}
         model Test = Fit with {{ on weight by {by} }}"
    ))
}

/// A matrix [4, 3] without entries near 0.
fn target() -> Vec<f64> {
    let mut stream = Stream::new(3, "target", "");
    (0..12).map(|at| if at % 3 == 1 { -1.0 } else { 1.0 } * stream.uniform(0.6, 1.5)).collect()
}

const UNITS: [f64; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];

/// The matrix [o, i] that a model of linear maps is, from its outputs at the unit vectors.
fn matrix(trainer: &Trainer) -> Vec<f64> {
    let outputs = trainer.outputs();
    (0..12).map(|at| outputs[(at % 3) * 4 + at / 3]).collect()
}

/// Trains an intervention on W towards a target to the minimum of mse + ½λ‖factors‖², and asserts that there (a) the factors cost what the
/// formula says of their product and (b) the product is a stationary point of mse + formula: minimising over the factors gives the penalty.
fn assert_induces(by: &str, formula: impl Fn(&[f64]) -> f64) {
    let program = fit(by);
    let target = target();
    let by_example: Vec<f64> = (0..12).map(|at| target[(at % 4) * 3 + at / 4]).collect();
    let mut trainer = Trainer::new(&program, &[], &UNITS, &by_example, descent(0.3, DECAY), 0);
    trainer.steps(20_000);
    let product = matrix(&trainer);
    let cost: f64 = trainer.trainable().iter().flatten().map(|entry| 0.5 * DECAY * entry * entry).sum();
    let expected = DECAY * formula(&product);
    assert!((cost / expected - 1.0).abs() < 1e-8, "{by}: the factors cost {cost}, the formula {expected}");
    let objective = |product: &[f64]| {
        let error: f64 = product.iter().zip(&target).map(|(w, t)| (w - t) * (w - t)).sum();
        error / 12.0 + DECAY * formula(product)
    };
    // A power below 1 has a local minimum at 0, where what starts with the wrong sign stays; it has no slope there.
    let nonzero: Vec<usize> = (0..12).filter(|at| product[*at].abs() > 1e-6).collect();
    assert!(nonzero.len() >= 6, "{by}: {product:?}");
    for at in nonzero {
        let step = 1e-5;
        let shifted = |by: f64| {
            let mut product = product.clone();
            product[at] += by;
            objective(&product)
        };
        // The error of central differences is step²/6 times a third derivative of order λ.
        let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
        assert!(slope.abs() < 1e-8, "{by}: slope {slope} along entry {at}");
    }
}

fn norms(product: &[f64], group: impl Fn(usize) -> usize) -> Vec<f64> {
    let mut squares = [0.0; 12];
    for (at, entry) in product.iter().enumerate() {
        squares[group(at)] += entry * entry;
    }
    squares.into_iter().filter(|square| *square > 0.0).map(f64::sqrt).collect()
}

#[test]
fn a_scale_costs_a_group_lasso() {
    assert_induces("scale", |product| norms(product, |_| 0).iter().sum());
    assert_induces("scale(per: row)", |product| norms(product, |at| at / 3).iter().sum());
    assert_induces("scale(per: column)", |product| norms(product, |at| at % 3).iter().sum());
}

#[test]
fn spred_costs_the_sum_of_absolute_values() {
    assert_induces("entrywise", |product| product.iter().map(|entry| entry.abs()).sum());
}

#[test]
fn deep_factors_and_gates_cost_a_power_of_the_norm() {
    assert_induces("factorise(depth: 3)", |product| 1.5 * product.iter().map(|entry| entry.abs().powf(2.0 / 3.0)).sum::<f64>());
    assert_induces("gate(depth: 4, per: row)", |product| {
        2.0 * norms(product, |at| at / 3).iter().map(|norm| norm.powf(0.5)).sum::<f64>()
    });
}

#[test]
fn a_constraint_costs_the_absolute_values_along_its_subspace_and_plain_decay_elsewhere() {
    // Along O = 1/2 (1, 1, 1, 1): one number a column.
    let mean = |product: &[f64], column: usize| (0..4).map(|row| product[row * 3 + column]).sum::<f64>() / 2.0;
    assert_induces("constrain(to: zero_mean)", |product| {
        let along: Vec<f64> = (0..3).map(|column| mean(product, column)).collect();
        let whole: f64 = product.iter().map(|entry| entry * entry).sum();
        let rest = whole - along.iter().map(|entry| entry * entry).sum::<f64>();
        along.iter().map(|entry| entry.abs()).sum::<f64>() + 0.5 * rest
    });
    assert_induces("constrain(to: equal)", |product| {
        let helmert = |k: usize, column: usize| {
            let before: f64 = (0..k).map(|row| product[row * 3 + column]).sum();
            (before - k as f64 * product[k * 3 + column]) / ((k * (k + 1)) as f64).sqrt()
        };
        let along = (1..4).flat_map(|k| (0..3).map(move |column| (k, column)));
        let means: f64 = (0..3).map(|column| mean(product, column).powi(2)).sum();
        along.map(|(k, column)| helmert(k, column).abs()).sum::<f64>() + 0.5 * means
    });
}

#[test]
fn low_rank_costs_the_nuclear_norm() {
    assert_induces("low_rank(3)", |product| {
        let matrix = faer::Mat::from_fn(4, 3, |row, column| product[row * 3 + column]);
        matrix.singular_values().expect("a small matrix has singular values").iter().sum()
    });
}

#[test]
fn factors_of_one_leave_the_function_as_it_was_for_every_weight() {
    let mlp = "model Mlp { input x[3] output linear(tanh(linear(x, 5, name: \"fc1\")), 2, name: \"head\") }";
    let normal = [Init { kind: InitKind::Normal { std: 0.7 }, targets: Vec::new(), span: support::trainer::span() }];
    let points: Vec<f64> = {
        let mut stream = Stream::new(1, "points", "");
        (0..30).map(|_| stream.normal()).collect()
    };
    let outputs = |text: &str, seed: u64| {
        let program = model(text);
        Trainer::new(&program, &normal, &points, &[0.0; 20], descent(0.1, 0.0), seed).outputs()
    };
    for by in [
        "scale",
        "scale(per: row)",
        "scale(per: column)",
        "scale(per: layer)",
        "entrywise",
        "factorise(depth: 4)",
        "gate(depth: 3, per: row)",
    ] {
        for seed in 0..3 {
            let plain = outputs(mlp, seed);
            let changed = outputs(&format!("{mlp} model Test = Mlp with {{ by {by} }}"), seed);
            let worst = plain.iter().zip(&changed).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst == 0.0, "{by}, seed {seed}: outputs differ by {worst}");
        }
    }
}

#[test]
fn interventions_add_the_dimensions_that_they_say() {
    let mlp = "model Mlp { input x[3] output linear(tanh(linear(x, 5, name: \"fc1\")), 2, name: \"head\") }";
    let count = |by: &str| model(&format!("{mlp} model Test = Mlp with {{ {by} }}")).trainable_entries().unwrap_or_default();
    // 15 + 5 + 10 + 2 entries; 7 rows, 8 columns, 25 entries of weights.
    for (by, added) in [
        ("by scale", 2),
        ("by scale(per: row)", 7),
        ("by scale(per: column)", 8),
        ("by scale(per: layer)", 2),
        ("by gate(depth: 4, per: row)", 21),
        ("by entrywise", 25),
        ("by factorise(depth: 3)", 50),
        ("by syre", 0),
        ("by sigma_asymmetric", 0),
        ("on fc1.weight by constrain(to: equal)", 12),
        ("on fc1.weight by constrain(to: zero_mean)", 3),
        ("on fc1.weight by low_rank(1)", 8 - 15),
        ("on fc1 by freeze", -20),
    ] {
        assert_eq!(count(by) as i64 - 32, added, "{by}");
    }
}

#[test]
fn the_imbalance_is_conserved_without_decay_and_decays_exponentially_with_it() {
    // Q = u² − ‖W_row‖² obeys dQ/dt = −2λQ under gradient flow; gradient descent over a fixed time is off by a multiple of its step.
    let imbalance = |trainer: &Trainer| {
        let weights = trainer.weights();
        let (scale, weight) = (trainer.id("weight.scale").0 as usize, trainer.id("weight").0 as usize);
        let row: f64 = weights.values[weight][..3].iter().map(|entry| entry * entry).sum();
        weights.values[scale][0].powi(2) - row
    };
    let target: Vec<f64> = target();
    for decay in [0.0, 0.2] {
        let error = |steps: u32| {
            let time = 4.0;
            let program = fit("scale(per: row)");
            let mut trainer = Trainer::new(&program, &[], &UNITS, &target, descent(time / f64::from(steps), decay), 2);
            let before = imbalance(&trainer);
            trainer.steps(steps);
            (imbalance(&trainer) - before * (-2.0 * decay * time).exp()).abs() / before.abs()
        };
        let errors = [error(200), error(400), error(800)];
        assert!(errors[2] < 0.02, "decay {decay}: {errors:?}");
        for pair in errors.windows(2) {
            assert!((1.7..2.3).contains(&(pair[0] / pair[1])), "decay {decay}: the error is first order in the step: {errors:?}");
        }
    }
}

#[test]
fn spred_finds_the_support_and_coefficients_of_the_lasso() {
    let (examples, features, active) = (2_000, 100, 5);
    let mut stream = Stream::new(7, "lasso", "");
    let inputs: Vec<f64> = (0..examples * features).map(|_| stream.normal()).collect();
    let truth: Vec<f64> = (0..features).map(|at| if at < active { 1.0 + at as f64 * 0.5 } else { 0.0 }).collect();
    let noise: Vec<f64> = (0..examples).map(|_| 0.5 * stream.normal()).collect();
    let targets: Vec<f64> = (0..examples)
        .map(|row| noise[row] + (0..features).map(|at| inputs[row * features + at] * truth[at]).sum::<f64>())
        .collect();
    // scikit-learn's 1/(2n)‖y − Xw‖² + α‖w‖₁ is half of mse + λ‖w‖₁ for λ = 2α.
    let alpha = 0.1;
    let lasso = coordinate_descent(&inputs, &targets, features, alpha);
    let program = model(
        "model Line { input x[100] param weight[1, 100] init normal(std: 0.1) y[i] = weight[i, j] * x[j] output y }
         model Test = Line with { add rescaling on weight by entrywise }",
    );
    let mut trainer = Trainer::new(&program, &[], &inputs, &targets, descent(0.05, 2.0 * alpha), 0);
    trainer.steps(4_000);
    let weights = trainer.weights();
    let of = |path: &str| &weights.values[trainer.id(path).0 as usize];
    let found: Vec<f64> = of("weight").iter().zip(of("weight.factor")).map(|(w, u)| w * u).collect();
    for (at, (found, lasso)) in found.iter().zip(&lasso).enumerate() {
        assert!((found - lasso).abs() < 1e-3, "coefficient {at}: {found}, the lasso has {lasso}");
        assert_eq!(found.abs() > 1e-6, *lasso != 0.0, "support at {at}: {found}, the lasso has {lasso}");
    }
    assert_eq!(lasso.iter().filter(|entry| **entry != 0.0).count(), active);
}

/// The lasso by cyclic coordinate descent with soft thresholds (Friedman et al. 2010), to rounding.
fn coordinate_descent(inputs: &[f64], targets: &[f64], features: usize, alpha: f64) -> Vec<f64> {
    let examples = targets.len() as f64;
    let mut coefficients = vec![0.0; features];
    let mut residual = targets.to_vec();
    for _ in 0..200 {
        let mut largest: f64 = 0.0;
        for (at, coefficient) in coefficients.iter_mut().enumerate() {
            let column = || inputs.iter().skip(at).step_by(features);
            let square = column().map(|x| x * x).sum::<f64>() / examples;
            let along = column().zip(&residual).map(|(x, r)| x * r).sum::<f64>() / examples + square * *coefficient;
            let new = along.signum() * (along.abs() - alpha).max(0.0) / square;
            let change = new - *coefficient;
            for (residual, x) in residual.iter_mut().zip(column()) {
                *residual -= change * x;
            }
            *coefficient = new;
            largest = largest.max(change.abs());
        }
        if largest < 1e-14 {
            break;
        }
    }
    coefficients
}

#[test]
fn syre_leaves_the_symmetric_state_in_which_plain_training_stays() {
    let mlp = "model Mlp { input x[3] output linear(tanh(linear(x, 6, name: \"fc1\")), 1, name: \"head\") }";
    let merged = [
        Init { kind: InitKind::Xavier, targets: Vec::new(), span: support::trainer::span() },
        Init { kind: InitKind::Merged { jitter: 0.0 }, targets: vec!["fc1".to_string()], span: support::trainer::span() },
    ];
    let mut stream = Stream::new(5, "examples", "");
    let points: Vec<f64> = (0..120).map(|_| stream.normal()).collect();
    let targets: Vec<f64> = points.chunks(3).map(|x| (2.0 * x[0]).tanh() - (x[1] + x[2]).tanh() + 0.5 * x[2] * x[0]).collect();
    let train = |text: &str| {
        let program = model(text);
        let mut trainer = Trainer::new(&program, &merged, &points, &targets, descent(0.2, 1e-4), 1);
        trainer.steps(6_000);
        let weights = trainer.weights();
        let rows = &weights.values[trainer.id("fc1.weight").0 as usize];
        let apart = rows.chunks(3).map(|row| row.iter().zip(rows).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
        (apart.fold(0.0, f64::max), trainer.loss())
    };
    let (plain_distance, plain_loss) = train(mlp);
    let (free_distance, free_loss) =
        train(&format!("{mlp} model Test = Mlp with {{ remove permutation, sign by syre(sigma: 0.05) }}"));
    assert!(plain_distance < 1e-9, "the units of plain training are {plain_distance} apart");
    assert!(free_distance > 0.3, "the units under syre are {free_distance} apart");
    assert!(free_loss < 0.5 * plain_loss, "loss {free_loss} under syre, {plain_loss} without");
}

#[test]
fn what_is_left_of_broken_symmetry_shrinks_with_the_randomness_that_breaks_it() {
    let mlp = "model Mlp { input x[6] output linear(relu(linear(x, 12, name: \"fc1\")), 3, name: \"head\") }";
    let measured = |by: &str| {
        let (before, after) = (model(mlp), model(&format!("{mlp} model Test = Mlp with {{ by {by} }}")));
        sym_runtime::proof::effective(&before, &after, None, 0).expect("measured")
    };
    let size = |sigma: &str| {
        let found = measured(&format!("syre(sigma: {sigma})"));
        let [broken] = found.as_slice() else { panic!("{found:?}") };
        let (elements, directions) = (broken.elements.as_ref().expect("units"), broken.directions.as_ref().expect("scales"));
        assert_eq!((directions.count, directions.of), (12, 12));
        (elements.smallest, elements.median, directions.smallest, directions.median)
    };
    let (weak, strong) = (size("1e-5"), size("1e-4"));
    // All are first order in the offset; the rest is second order, of relative size 1e-4.
    for (weak, strong) in [(weak.0, strong.0), (weak.1, strong.1), (weak.2, strong.2), (weak.3, strong.3)] {
        assert!((strong / weak / 10.0 - 1.0).abs() < 0.02, "{weak} and {strong}");
    }
    assert!(measured("scale(per: row)").is_empty() && measured("entrywise").is_empty());
    assert_eq!(measured("sigma_asymmetric").len(), 1);
}

#[test]
fn the_offset_and_decay_of_syre_are_the_same_everywhere_and_in_every_run() {
    let text = "model Mlp { input x[3] output linear(tanh(linear(x, 6, name: \"fc1\")), 1, name: \"head\") }
        model Test = Mlp with { by syre(sigma: 0.05) }";
    let program = model(text);
    let offset = |seed: u64| {
        let trainer = Trainer::new(&program, &[], &[0.0; 3], &[0.0], descent(0.1, 0.0), seed);
        trainer.weights().values[trainer.id("fc1.weight.offset").0 as usize].clone()
    };
    assert_eq!(offset(0), offset(1));
    let id = |path: &str| program.parameter_ids().find(|(_, own)| own.path == path).map(|(id, _)| id).expect("there");
    let parameter = |id: ParameterId| program.parameter(id);
    let decay = sym_runtime::decay::weights(parameter(id("fc1.weight"))).expect("spread");
    assert!(decay.iter().all(|weight| (weight - 1.0).abs() <= 0.01));
    let bits = |values: &[f64]| blake3::hash(&values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect::<Vec<u8>>());
    insta::assert_snapshot!(format!("{}\n{}", bits(&offset(0)), bits(&decay)), @r"
    f5130547bce85219436ab8640df2db223f3eb03c099d454c7bd3f102a97b9bd9
    ea684315ceb678b9225f71cbee3bbfd49143d0595c631d4d007adc98dd700399
    ");
}

#[test]
fn frozen_entries_keep_their_bits_under_every_optimiser_and_the_others_move() {
    let mlp = "model Mlp { input x[6] output linear(tanh(linear(x, 8, name: \"fc1\")), 3, name: \"head\") }";
    let program = model(&format!("{mlp} model Test = Mlp with {{ by w_asymmetric(frozen: 2, std: 0.5) }}"));
    let mut stream = Stream::new(1, "data", "fe6b6c946a6aa38a");
    let inputs: Vec<f64> = (0..60).map(|_| stream.normal()).collect();
    let targets: Vec<f64> = (0..30).map(|_| stream.normal()).collect();
    for (rule, decay_kind) in [
        (Rule::Sgd { momentum: 0.9, nesterov: true }, DecayKind::Coupled),
        (Rule::Sgd { momentum: 0.9, nesterov: false }, DecayKind::Decoupled),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, DecayKind::Coupled),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, DecayKind::Decoupled),
    ] {
        let optimizer = Optimizer { rule, learning_rate: 0.05, decay: 0.1, decay_kind, batch: None };
        let mut trainer = Trainer::new(&program, &[], &inputs, &targets, optimizer, 0);
        let before = trainer.weights();
        trainer.steps(25);
        let after = trainer.weights();
        for (number, parameter) in program.parameters.iter().enumerate() {
            let bits = |weights: &sym_infer::Weights, place: usize| weights.values[number][place].to_bits();
            let stays = |place: &usize| bits(&before, *place) == bits(&after, *place);
            assert!(parameter.frozen_entries().places.iter().all(stays), "{} under {rule:?}", parameter.path);
            let moved = |place: &usize| before.values[number][*place] != after.values[number][*place];
            assert!(parameter.trained_places().iter().all(moved), "{} under {rule:?}", parameter.path);
        }
    }
}
