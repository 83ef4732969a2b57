//! Against what each generator does to weights.

use super::*;
use crate::testing;
use std::path::{Path, PathBuf};
use sym_diagnostics::Sources;
use sym_infer::action::{Coordinates, Elementary, apply_elementary, elementary};
use sym_infer::{Family, Generators, Group, Space, Weights};
use sym_ir::Program;
use sym_ir::compile::{Loader, Options, compile};
use sym_ir::{Builder, Builtin};

fn weights(program: &Program) -> Weights {
    let mut stream = crate::Stream::new(1, "test", "groups");
    let mut weights = Weights::zeros(program);
    for (parameter, values) in program.parameters.iter().zip(&mut weights.values) {
        // Frozen ones may be variances.
        let positive = |entry: f64| if parameter.trainable { entry } else { entry.abs() + 0.5 };
        for entry in values.iter_mut() {
            *entry = positive(stream.normal());
        }
    }
    weights
}

fn relu(bias: bool) -> Program {
    let mut builder = Builder::new("Relu");
    let x = builder.input("x", &[2]);
    let hidden = builder.linear("fc1", x, 3, bias);
    let active = builder.map(Builtin::Relu, hidden);
    let y = builder.linear("fc2", active, 1, bias);
    builder.output("output", y);
    builder.finish()
}

#[test]
fn a_sign_flips_what_is_before_and_behind_a_tanh_unit() {
    let program = testing::mlp(&[2, 3, 1]);
    let space = &sym_infer::infer(&program).spaces[0];
    let weights = weights(&program);
    let signs = Subgroup::named(&program, space, "sign").expect("tanh is odd");
    let found = signs.deltas(&weights).expect("finite");
    assert_eq!(found.len(), signs.count());
    for (unit, found) in found.iter().enumerate() {
        let [w, b, v] = [&weights.values[0], &weights.values[1], &weights.values[2]];
        let expected = (w[2 * unit].powi(2) + w[2 * unit + 1].powi(2) + b[unit].powi(2) + v[unit].powi(2)).sqrt();
        assert!((found - expected).abs() < 1e-14);
    }
    assert_eq!(Subgroup::named(&program, space, "rotation").err(), Some(vec!["permutation", "signed", "sign"]));
    let of = |name: &str| Subgroup::named(&program, space, name).expect("it is there").deltas(&weights).expect("finite");
    assert_eq!(of("own"), of("permutation"));
}

#[test]
fn a_relu_unit_has_the_imbalance_of_its_weights() {
    let program = relu(true);
    let space = &sym_infer::infer(&program).spaces[0];
    let weights = weights(&program);
    let charges = Charges::of(&program, space).expect("rescaled");
    let found = charges.values(&weights).expect("as many units");
    let [w, b, v] = [&weights.values[0], &weights.values[1], &weights.values[2]];
    for unit in 0..3 {
        let expected = w[2 * unit].powi(2) + w[2 * unit + 1].powi(2) + b[unit].powi(2) - v[unit].powi(2);
        assert!((found[unit].abs() - expected.abs()).abs() < 1e-14);
    }
    assert_eq!(found.len(), charges.count());
}

#[test]
fn a_linear_layer_is_as_far_from_low_rank_as_its_factors_together() {
    let mut builder = Builder::new("Linear");
    let x = builder.input("x", &[4]);
    let hidden = builder.linear("fc1", x, 3, false);
    let y = builder.linear("fc2", hidden, 4, false);
    builder.output("output", y);
    let program = builder.finish();
    let space = &sym_infer::infer(&program).spaces[0];
    let mut weights = weights(&program);
    let own = Subgroup::named(&program, space, "own").expect("GL");
    assert!(own.deltas(&weights).expect("finite").iter().all(|&delta| delta > 1e-3));
    // The first hidden unit reads nothing and is read by nothing.
    weights.values[0][..4].fill(0.0);
    weights.values[1].iter_mut().step_by(3).for_each(|entry| *entry = 0.0);
    for group in ["own", "double_rotation"] {
        let group = Subgroup::named(&program, space, group).expect("GL");
        let found = group.deltas(&weights).expect("finite");
        assert_eq!((found.len(), group.count()), (3, 3));
        assert_eq!(sym_measure::states::symmetric(&found, 1e-12), 1, "{found:?}");
    }
}

/// The spaces of every network of the catalogue.
fn catalogue() -> Vec<(String, Program, Vec<Space>)> {
    struct NoFiles;
    impl Loader for NoFiles {
        fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
            Err(format!("no file `{path}`"))
        }
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/catalogue");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).expect("it is there").map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sym"));
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let mut sources = Sources::default();
            let root = sources.add(format!("{name}.sym"), std::fs::read_to_string(path).expect("readable"));
            let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
            let program = document.models[&name].program.clone();
            let spaces = sym_infer::infer(&program).spaces;
            (name, program, spaces)
        })
        .collect()
}

/// Whether elements only translate, or shift phases: what has no fixed points.
fn translates(generators: &Generators) -> bool {
    match generators {
        Generators::Trade { .. }
        | Generators::Kernels { .. }
        | Generators::Constants { .. }
        | Generators::Turns { .. }
        | Generators::Antisymmetric { .. } => true,
        Generators::Split { inner }
        | Generators::Cut { inner }
        | Generators::Skipless { inner }
        | Generators::Reparametrised { inner } => translates(inner),
        _ => false,
    }
}

#[test]
fn every_group_that_does_not_translate_has_symmetric_states() {
    let mut without = Vec::new();
    for (name, program, spaces) in catalogue() {
        for space in spaces.iter().filter(|space| space.group != Group::Trivial && !translates(&space.generators)) {
            if Subgroup::named(&program, space, "own").is_err() {
                without.push(format!("{name}: {} on {}", space.group, space.name));
            }
        }
    }
    // One entry of an assembled matrix is frozen: what keeps it moves with the weights.
    assert_eq!(without, ["hard_frozen_entry_in_linear: directions(6) on a.cut"]);
}

/// The mean of θ, eθ, e²θ, … for an orthogonal element, else θ with zeros for what the element moves: a point that it fixes. Weights that rise and fall
/// along the sum make what is left of it vanish with its third power.
fn fixed(coordinates: &Coordinates, space: &Space, element: &Elementary, weights: &Weights) -> Weights {
    let apply = |weights: &Weights| apply_elementary(&coordinates.program, space, weights, element);
    let count = match (&coordinates.generators, element) {
        (_, Elementary::Exchange { .. }) => 2,
        (Generators::Matrices { family, .. }, _) if family.is_orthogonal() => 500,
        _ => {
            let moved = apply(weights);
            let keep = |(&one, &other): (&f64, &f64)| if one == other { one } else { 0.0 };
            let values = weights.values.iter().zip(&moved.values).map(|(one, other)| one.iter().zip(other).map(keep).collect());
            return Weights { values: values.collect() };
        }
    };
    let (mut sum, mut at) = (Weights::zeros(&coordinates.program), weights.clone());
    for step in 0..count {
        let share = 1.0 - libm::cos(2.0 * std::f64::consts::PI * (f64::from(step) + 0.5) / f64::from(count));
        sum.add(&at, share / f64::from(count));
        at = apply(&at);
    }
    sum
}

/// The subgroup whose symmetric states an element has.
fn subgroup_of(element: &Elementary) -> Option<&'static str> {
    match element {
        Elementary::Exchange { .. } => Some("permutation"),
        Elementary::Flip { .. } => Some("sign"),
        Elementary::Scale { .. } => Some("scale"),
        Elementary::Matrix { .. } => Some("rotation"),
        Elementary::HalfTurn { .. } | Elementary::Turn { .. } => None,
    }
}

#[test]
fn a_point_that_an_element_fixes_has_one_generator_more_at_distance_0() {
    let mut seen = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, program, spaces) in catalogue() {
        let weights = weights(&program);
        for space in &spaces {
            let Some(coordinates) = Coordinates::of(&program, space) else { continue };
            let own = Space { generators: coordinates.generators.clone(), ..space.clone() };
            let lifted = coordinates.lifted(&weights).into_owned();
            for element in elementary(&coordinates.program, &own) {
                let Some(group) = subgroup_of(&element) else { continue };
                // Mixing two dimensions has no fixed points but those of scaling either, and a sign of even degree turns nothing.
                if matches!(element, Elementary::Matrix { row, column, .. } if row != column && group_is_general(&own.generators))
                {
                    continue;
                }
                // Factors that also shift have no fixed points.
                let Ok(subgroup) = Subgroup::named(&program, space, group) else { continue };
                let before = subgroup.deltas_at(&lifted).expect("finite");
                let at = fixed(&coordinates, &own, &element, &lifted);
                let after = subgroup.deltas_at(&at).expect("finite");
                assert_eq!((before.len(), after.len()), (subgroup.count(), subgroup.count()), "{name} {}", space.name);
                let zeros = |deltas: &[f64]| deltas.iter().filter(|delta| **delta < 1e-3).count();
                if zeros(&after) <= zeros(&before) {
                    wrong.push(format!("{name} {} {element}: {before:?} {after:?}", space.name));
                }
                *seen.entry(group).or_insert(0) += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), ["permutation", "rotation", "scale", "sign"], "{seen:?}");
    assert!(seen.values().all(|&count| count > 50), "{seen:?}");
}

fn group_is_general(generators: &Generators) -> bool {
    matches!(generators, Generators::Matrices { family: Family::General, .. })
}

#[test]
fn the_distance_from_a_sign_is_half_of_what_the_flip_moves() {
    let mut count = 0;
    for (name, program, spaces) in catalogue() {
        let weights = weights(&program);
        for space in &spaces {
            let (Some(coordinates), Ok(signs)) = (Coordinates::of(&program, space), Subgroup::named(&program, space, "sign"))
            else {
                continue;
            };
            let own = Space { generators: coordinates.generators.clone(), ..space.clone() };
            let lifted = coordinates.lifted(&weights).into_owned();
            let found = signs.deltas_at(&lifted).expect("finite");
            // A flip that also changes a constant behind it moves more than it turns around.
            let plain = matches!(&own.generators, Generators::Units { signs, .. } if signs.iter().all(|field| field.offsets.is_empty() && field.complements.is_empty()));
            if !plain {
                continue;
            }
            let flips = elementary(&coordinates.program, &own).into_iter().filter(|own| matches!(own, Elementary::Flip { .. }));
            for flip in flips {
                let moved = apply_elementary(&coordinates.program, &own, &lifted, &flip);
                let squares = moved.values.iter().flatten().zip(lifted.values.iter().flatten());
                let half = squares.map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt() / 2.0;
                assert!(found.iter().any(|delta| (delta - half).abs() < 1e-12), "{name} {}: {half} {found:?}", space.name);
                count += 1;
            }
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn the_distance_of_two_units_is_what_their_exchange_moves_over_the_root_of_2() {
    let mut count = 0;
    for (name, program, spaces) in catalogue() {
        let weights = weights(&program);
        for space in &spaces {
            let Some(coordinates) = Coordinates::of(&program, space) else { continue };
            let own = Space { generators: coordinates.generators.clone(), ..space.clone() };
            let Ok(exchanges) = Subgroup::named(&program, space, "permutation") else { continue };
            let lifted = coordinates.lifted(&weights).into_owned();
            let exchange = Elementary::Exchange { one: 0, other: 1 };
            if exchanges.count() != 1 || !elementary(&coordinates.program, &own).contains(&exchange) {
                continue;
            }
            let moved = apply_elementary(&coordinates.program, &own, &lifted, &exchange);
            let squares = moved.values.iter().flatten().zip(lifted.values.iter().flatten());
            let expected = squares.map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt() / 2f64.sqrt();
            let found = exchanges.deltas_at(&lifted).expect("finite")[0];
            assert!((found - expected).abs() < 1e-12, "{name} {}: {found} {expected}", space.name);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn a_matrix_between_one_space_and_itself_may_scale_a_direction_that_nothing_else_uses() {
    let mut builder = Builder::new("Residual");
    let x = builder.input("x", &[4]);
    let hidden = builder.linear("a", x, 3, false);
    let added = builder.linear("w", hidden, 3, false);
    let sum = builder.add(&[hidden, added]);
    let y = builder.linear("b", sum, 4, false);
    builder.output("output", y);
    let program = builder.finish();
    let spaces = sym_infer::infer(&program).spaces;
    let mut weights = weights(&program);
    let own = Subgroup::named(&program, &spaces[0], "own").expect("GL");
    assert!(own.deltas(&weights).expect("finite").iter().all(|&delta| delta > 1e-3));
    // The first unit reads itself alone and only it reads the first unit.
    weights.values[0][..4].fill(0.0);
    weights.values[2].iter_mut().step_by(3).for_each(|entry| *entry = 0.0);
    for at in [1, 2, 3, 6] {
        weights.values[1][at] = 0.0;
    }
    let found = own.deltas(&weights).expect("finite");
    assert_eq!(sym_measure::states::symmetric(&found, 1e-6), 1, "{found:?}");
    assert!(weights.values[1][0].abs() > 0.1);
}

/// What is left of a vector outside the span of others.
fn outside(vector: &[f64], orthonormal: &[Vec<f64>]) -> Vec<f64> {
    let mut rest = vector.to_vec();
    // Twice is enough for all digits.
    for direction in orthonormal.iter().chain(orthonormal) {
        let along: f64 = rest.iter().zip(direction).map(|(one, other)| one * other).sum();
        rest.iter_mut().zip(direction).for_each(|(entry, other)| *entry -= along * other);
    }
    rest
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|entry| entry * entry).sum::<f64>().sqrt()
}

#[test]
fn conserved_quantities_rise_along_orbits_where_no_loss_changes() {
    let (mut count, mut parts) = (0, 0);
    for (name, program, spaces) in catalogue() {
        let weights = weights(&program);
        let symmetries = sym_infer::infer(&program);
        let mut orthonormal: Vec<Vec<f64>> = Vec::new();
        for (_, tangent) in sym_infer::action::tangents(&program, &symmetries, &weights) {
            let vector = tangent.values.concat();
            let rest = outside(&vector, &orthonormal);
            if length(&rest) > 1e-9 * length(&vector) {
                orthonormal.push(rest.iter().map(|entry| entry / length(&rest)).collect());
            }
        }
        for space in &spaces {
            let Some(charges) = Charges::of(&program, space) else { continue };
            assert_eq!(charges.values(&weights).expect("finite").len(), charges.count(), "{name} {}", space.name);
            parts += usize::from(matches!(space.generators, Generators::Split { .. } | Generators::Cut { .. }));
            // Derivatives of quadratic functions by central differences are exact.
            let mut gradients = vec![Vec::new(); charges.count()];
            for (at, parameter) in program.parameters.iter().enumerate() {
                for entry in 0..weights.values[at].len() {
                    let moved = |by: f64| {
                        let mut moved = weights.clone();
                        moved.values[at][entry] += by;
                        charges.values(&moved).expect("finite")
                    };
                    let slopes = moved(0.5).into_iter().zip(moved(-0.5)).map(|(one, other)| one - other);
                    // What is frozen does not move.
                    let slope = |slope: f64| if parameter.trainable { slope } else { 0.0 };
                    gradients.iter_mut().zip(slopes).for_each(|(gradient, own)| gradient.push(slope(own)));
                }
            }
            for gradient in &gradients {
                let rest = length(&outside(gradient, &orthonormal));
                assert!(rest < 1e-8 * (1.0 + length(gradient)), "{name} {}: {rest} of {}", space.name, length(gradient));
                count += 1;
            }
        }
    }
    assert!(count > 500 && parts > 10, "{count} {parts}");
}
