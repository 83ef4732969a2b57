//! Claims against numbers: gθ gives the same outputs, tangents are flat, and nothing flat is left over.

mod support;

use support::evaluate::evaluate;
use support::networks::{Row, catalogue};
use support::rank::{Normal, rank};
use sym_infer::action::{random_element, tangents};
use sym_infer::{Class, Group, Weights, infer};
use sym_ir::Program;

fn weights(program: &Program, normal: &mut Normal) -> Weights {
    let mut weights = Weights::zeros(program);
    weights.values.iter_mut().flatten().for_each(|entry| *entry = normal.draw());
    weights
}

fn inputs(program: &Program, scale: f64, normal: &mut Normal) -> Vec<Vec<f64>> {
    let size = |input: &sym_ir::Input| input.shape.iter().map(|axis| axis.size as usize).product();
    program.inputs.iter().map(|input| (0..size(input)).map(|_| scale * normal.draw()).collect()).collect()
}

fn outputs(program: &Program, weights: &Weights, inputs: &[Vec<f64>]) -> Vec<f64> {
    evaluate(program, weights, &Weights::zeros(program), inputs).into_iter().map(|(value, _)| value).collect()
}

#[test]
fn random_elements_of_claimed_groups_leave_outputs_alone() {
    let mut differences: Vec<String> = Vec::new();
    for row in catalogue() {
        let mut normal = Normal(7);
        let symmetries = infer(&row.program);
        for (number, space) in symmetries.spaces.iter().enumerate().filter(|(_, space)| space.group != Group::Trivial) {
            for _ in 0..3 {
                let theta = weights(&row.program, &mut normal);
                let moved = random_element(&row.program, &symmetries, number, &theta, &mut || normal.draw());
                assert_ne!(theta, moved, "{}: {} moves something", row.name, space.name);
                for _ in 0..4 {
                    let x = inputs(&row.program, 1.0, &mut normal);
                    let (before, after) = (outputs(&row.program, &theta, &x), outputs(&row.program, &moved, &x));
                    let scale = before.iter().fold(1.0f64, |largest, y| largest.max(y.abs()));
                    for (y, z) in before.iter().zip(&after) {
                        // Rounding at a condition number of g below 1e4.
                        if (y - z).abs() > 1e-10 * scale {
                            differences.push(format!("{}: {} gives {z} for {y}", row.name, space.name));
                        }
                    }
                }
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn gradients_are_covariant_under_linear_elements() {
    // f(gθ) = f(θ) for all θ gives J(gθ)·g = J(θ), so that ∇L(gθ) = g⁻ᵀ∇L(θ) for every loss: column by column, with g applied to the
    // unit vectors as well.
    let mut tried = 0;
    for row in catalogue() {
        let mut normal = Normal(11);
        let symmetries = infer(&row.program);
        let theta = weights(&row.program, &mut normal);
        let x = inputs(&row.program, 1.0, &mut normal);
        for (number, space) in symmetries.spaces.iter().enumerate() {
            if space.class != Class::Linear || space.group == Group::Trivial {
                continue;
            }
            let seed = 100 + number as u64;
            let apply = |weights: &Weights| {
                let mut drawn = Normal(seed);
                random_element(&row.program, &symmetries, number, weights, &mut || drawn.draw())
            };
            let moved = apply(&theta);
            for (at, parameter) in row.program.parameters.iter().enumerate().filter(|(_, parameter)| parameter.trainable) {
                for entry in 0..theta.values[at].len() {
                    let mut unit = Weights::zeros(&row.program);
                    unit.values[at][entry] = 1.0;
                    let before = evaluate(&row.program, &theta, &unit, &x);
                    let after = evaluate(&row.program, &moved, &apply(&unit), &x);
                    let size = before.iter().fold(1.0f64, |size, (y, slope)| size.max(y.abs()).max(slope.abs()));
                    for ((_, slope), (_, image)) in before.iter().zip(&after) {
                        assert!((slope - image).abs() < 1e-9 * size, "{}: {}, {}[{entry}]", row.name, space.name, parameter.path);
                    }
                }
            }
            tried += 1;
        }
    }
    assert!(tried > 60, "only {tried} groups were tried");
}

/// Columns of J: for each trainable entry the derivatives of all outputs on all inputs.
fn jacobian(row: &Row, theta: &Weights, samples: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
    let program = &row.program;
    let mut columns = Vec::new();
    for (number, parameter) in program.parameters.iter().enumerate().filter(|(_, parameter)| parameter.trainable) {
        for entry in 0..theta.values[number].len() {
            assert!(parameter.trainable);
            let mut direction = Weights::zeros(program);
            direction.values[number][entry] = 1.0;
            columns.push(samples.iter().flat_map(|x| evaluate(program, theta, &direction, x)).map(|(_, slope)| slope).collect());
        }
    }
    columns
}

/// Rank J and rank T at one θ; every tangent is checked against J.
fn ranks(row: &Row, seed: u64) -> (usize, usize) {
    let mut normal = Normal(seed);
    let theta = weights(&row.program, &mut normal);
    let kinked = row.name.contains("relu") || row.name.contains("leaky") || row.name.contains("residual");
    let outputs: u128 = row
        .program
        .outputs
        .iter()
        .map(|output| row.program.node(output.value).shape.iter().map(|axis| axis.size).product::<u128>())
        .sum();
    let smooth = 3 * row.entries / outputs + 10;
    let count = if row.program.inputs.is_empty() {
        1
    } else if kinked {
        400
    } else {
        smooth
    };
    let scale = if kinked { 4.0 } else { 1.0 };
    let samples: Vec<_> = (0..count).map(|_| inputs(&row.program, scale, &mut normal)).collect();
    let columns = jacobian(row, &theta, &samples);
    let symmetries = infer(&row.program);
    let trainable = |vector: &Weights| -> Vec<f64> {
        let entries = row.program.parameters.iter().zip(&vector.values).filter(|(parameter, _)| parameter.trainable);
        entries.flat_map(|(_, values)| values.iter().copied()).collect()
    };
    let vectors: Vec<Vec<f64>> =
        tangents(&row.program, &symmetries, &theta).iter().map(|(_, vector)| trainable(vector)).collect();
    for vector in &vectors {
        let mut image = vec![0.0; columns[0].len()];
        for (column, factor) in columns.iter().zip(vector) {
            image.iter_mut().zip(column).for_each(|(sum, slope)| *sum += factor * slope);
        }
        let worst = image.iter().fold(0.0f64, |worst, entry| worst.max(entry.abs()));
        let size = columns.iter().flatten().fold(1.0f64, |size, entry| size.max(entry.abs()));
        assert!(worst < 1e-10 * size, "{}: a claimed direction changes the outputs by {worst}", row.name);
    }
    (rank(columns), rank(vectors))
}

#[test]
fn tangents_explain_all_flat_directions_of_the_catalogue() {
    let mut differences = Vec::new();
    for row in catalogue() {
        // The rank is lower semicontinuous: a θ at which some units never switch gives less, so the largest of several counts.
        let (mut found, mut explained) = (0, 0);
        for seed in 0..6 {
            let (ranked, spanned) = ranks(&row, seed);
            found = found.max(ranked);
            explained = explained.max(spanned);
            if found >= row.rank {
                break;
            }
        }
        if (found, explained + row.unexplained) != (row.rank, row.flat) {
            differences.push(format!(
                "{}: rank J {found} of {}, rank T {explained} of {}",
                row.name,
                row.rank,
                row.flat - row.unexplained
            ));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}
