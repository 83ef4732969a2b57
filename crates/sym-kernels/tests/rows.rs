//! Softmax, normalisation, sums and broadcasts against loops over single entries in double precision.

use sym_kernels::normalise::{self, Over};
use sym_kernels::slice::Real;
use sym_kernels::{Level, broadcast, softmax, sums};

/// Numbers without a pattern that matters here.
fn numbers(count: usize, phase: f64) -> Vec<f64> {
    (0..count).map(|at| ((at as f64 + phase) * 12.9898).sin() * 3.0 + 0.5).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let scale = expected.abs().max(1.0);
        assert!((found - expected).abs() <= tolerance * scale, "{what}, entry {at}: {found} is not {expected}");
    }
}

/// Sizes around those of lanes, blocks and panels.
const SIZES: [usize; 9] = [1, 2, 7, 16, 17, 64, 65, 130, 2500];

/// The places of the entries of each group of `n` entries, `inner` apart.
fn groups(length: usize, n: usize, inner: usize) -> Vec<Vec<usize>> {
    (0..length / n).map(|group| (0..n).map(|at| group / inner * n * inner + at * inner + group % inner).collect()).collect()
}

fn softmax_by_hand(x: &[f64], n: usize, inner: usize) -> Vec<f64> {
    let mut y = x.to_vec();
    for group in groups(x.len(), n, inner) {
        let top = group.iter().map(|&at| x[at]).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = group.iter().map(|&at| (x[at] - top).exp()).sum();
        for at in group {
            y[at] = (x[at] - top).exp() / total;
        }
    }
    y
}

/// ∑ⱼ gⱼ ∂yⱼ/∂xᵢ with ∂yⱼ/∂xᵢ = yⱼ (δᵢⱼ - yᵢ).
fn softmax_gradient_by_hand(y: &[f64], g: &[f64], n: usize, inner: usize) -> Vec<f64> {
    let mut out = y.to_vec();
    for group in groups(y.len(), n, inner) {
        for &i in &group {
            out[i] = group.iter().map(|&j| g[j] * y[j] * (f64::from(u8::from(i == j)) - y[i])).sum();
        }
    }
    out
}

#[test]
fn softmax_of_rows_and_columns_agrees_with_its_definition() {
    for n in SIZES {
        for inner in [1, 3, 70] {
            if n * inner > 10_000 {
                continue;
            }
            let x = numbers(2 * n * inner, 0.3);
            let expected = softmax_by_hand(&x, n, inner);
            let mut y = x.clone();
            softmax::columns(&mut y, n, inner);
            assert_close(&y, &expected, 1e-14, "columns");
            let mut narrow = single(&x);
            softmax::columns(&mut narrow, n, inner);
            assert_close(&narrow.into_iter().map(f64::from).collect::<Vec<_>>(), &expected, 1e-6, "columns in single precision");
            if inner == 1 {
                let mut y = x.clone();
                softmax::rows(&mut y, n);
                assert_close(&y, &expected, 1e-14, "rows");
            }
            if n > 200 {
                continue;
            }
            let g = numbers(x.len(), 0.7);
            let slopes = softmax_gradient_by_hand(&y, &g, n, inner);
            let mut found = g.clone();
            softmax::columns_backward(&y, &mut found, n, inner);
            assert_close(&found, &slopes, 1e-14, "gradients of columns");
            if inner == 1 {
                let mut found = g.clone();
                softmax::rows_backward(&y, &mut found, n);
                assert_close(&found, &slopes, 1e-14, "gradients of rows");
            }
        }
    }
}

#[test]
fn masked_entries_get_no_weight_and_a_row_without_others_is_undefined() {
    let masked = f64::NEG_INFINITY;
    let x = [masked, 0.0, masked, 0.0, 1e300, masked, masked, masked, masked];
    let mut y = x;
    softmax::rows(&mut y, 3);
    assert_eq!(y[..6], [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    assert!(y[6..].iter().all(|y| y.is_nan()));
    let mut gradients = [5.0; 6];
    softmax::rows_backward(&y[..6], &mut gradients, 3);
    assert_eq!(gradients, [0.0; 6]);
    // The same as columns.
    let mut columns = [masked, 0.0, masked, 0.0, 1e300, masked, masked, masked, masked];
    columns.swap(1, 3);
    columns.swap(2, 6);
    columns.swap(5, 7);
    softmax::columns(&mut columns, 3, 3);
    assert_eq!([columns[0], columns[3], columns[6], columns[1], columns[4], columns[7]], [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    assert!([columns[2], columns[5], columns[8]].iter().all(|y| y.is_nan()));
}

#[test]
fn a_nan_reaches_its_whole_row_and_no_other() {
    let mut y = [1.0, f64::NAN, 2.0, 3.0];
    softmax::rows(&mut y, 2);
    assert!(y[0].is_nan() && y[1].is_nan() && y[2] + y[3] == 1.0);
}

/// The places of what is normalised together.
fn places(over: Over, length: usize) -> Vec<Vec<usize>> {
    match over {
        Over::Rows { n } => groups(length, n, 1),
        Over::Columns { n, columns } => groups(length, n, columns),
        Over::Channels { channels, places } => {
            (0..channels).map(|channel| (0..length).filter(|at| at / places % channels == channel).collect()).collect()
        }
    }
}

fn normalised_by_hand(over: Over, centre: bool, epsilon: f64, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut y, mut inverses) = (x.to_vec(), Vec::new());
    for group in places(over, x.len()) {
        let count = group.len() as f64;
        let mean = if centre { group.iter().map(|&at| x[at]).sum::<f64>() / count } else { 0.0 };
        let variance = group.iter().map(|&at| (x[at] - mean).powi(2)).sum::<f64>() / count;
        let r = 1.0 / (variance + epsilon).sqrt();
        for at in group {
            y[at] = (x[at] - mean) * r;
        }
        inverses.push(r);
    }
    (y, inverses)
}

fn kinds() -> Vec<(Over, usize)> {
    let mut kinds = Vec::new();
    for n in SIZES {
        kinds.push((Over::Rows { n }, 3 * n));
        kinds.push((Over::Columns { n, columns: 5 }, 2 * 5 * n));
        kinds.push((Over::Columns { n: 5, columns: n }, 2 * 5 * n));
        kinds.push((Over::Channels { channels: 3, places: n }, 4 * 3 * n));
        kinds.push((Over::Channels { channels: n, places: 1 }, 6 * n));
    }
    kinds
}

#[test]
fn normalisation_agrees_with_its_definition() {
    for (over, length) in kinds() {
        for centre in [true, false] {
            let x = numbers(length, 0.1);
            let epsilon = 1e-3;
            let (expected, expected_inverses) = normalised_by_hand(over, centre, epsilon, &x);
            let mut inverses = vec![0.0; over.groups(length)];
            let mut y = x.clone();
            normalise::forward(over, centre, epsilon, &mut y, &mut inverses);
            assert_close(&y, &expected, 1e-13, &format!("{over:?}"));
            assert_close(&inverses, &expected_inverses, 1e-13, &format!("factors of {over:?}"));
            if let Over::Rows { n } = over {
                let (mut means, mut inverses) = (vec![0.0; inverses.len()], vec![0.0; inverses.len()]);
                normalise::statistics(n, centre, epsilon, &x, &mut means, &mut inverses);
                let mean = |row: &[f64]| if centre { row.iter().sum::<f64>() / n as f64 } else { 0.0 };
                assert_close(&means, &x.chunks(n).map(mean).collect::<Vec<_>>(), 1e-13, "means of rows");
                assert_close(&inverses, &expected_inverses, 1e-13, "factors of rows");
            }
            let (mut narrow, mut narrow_inverses) = (single(&x), vec![0.0; inverses.len()]);
            normalise::forward(over, centre, epsilon, &mut narrow, &mut narrow_inverses);
            assert_close(&narrow.into_iter().map(f64::from).collect::<Vec<_>>(), &expected, 3e-5, "single precision");
        }
    }
}

#[test]
fn gradients_of_a_normalisation_agree_with_central_differences() {
    let step = 1e-5;
    for (over, length) in kinds().into_iter().filter(|(_, length)| *length <= 400) {
        for centre in [true, false] {
            let (x, factors, epsilon) = (numbers(length, 0.1), numbers(length, 0.9), 0.1);
            let loss = |x: &[f64]| {
                let (y, _) = normalised_by_hand(over, centre, epsilon, x);
                y.iter().zip(&factors).map(|(y, factor)| y * factor).sum::<f64>()
            };
            let (mut y, mut inverses) = (x.clone(), vec![0.0; over.groups(length)]);
            normalise::forward(over, centre, epsilon, &mut y, &mut inverses);
            let mut gradients = factors.clone();
            normalise::backward(over, centre, &y, &inverses, &mut gradients);
            for at in (0..length).step_by(length.div_ceil(20)) {
                let (mut above, mut below) = (x.clone(), x.clone());
                above[at] += step;
                below[at] -= step;
                let expected = (loss(&above) - loss(&below)) / (2.0 * step);
                let error = (gradients[at] - expected).abs();
                // The difference has an error of step² times the third derivative, at most 1/√ε to the third times a few.
                assert!(error <= 1e-7 * expected.abs().max(1.0), "{over:?}, entry {at}: {} is not {expected}", gradients[at]);
            }
        }
    }
}

#[test]
fn a_large_mean_costs_no_variance() {
    // Deviations of ±1 around 10⁸: sums of squares would lose them in double precision.
    let mut values: Vec<f64> = (0..1000).map(|at| 1e8 + if at % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let mut inverses = [0.0];
    normalise::forward(Over::Rows { n: 1000 }, true, 0.0, &mut values, &mut inverses);
    assert_close(&inverses, &[1.0], 1e-14, "factor");
    assert_close(&values[..2], &[1.0, -1.0], 1e-14, "values");
}

#[test]
fn sums_and_products_of_rows_and_columns_agree_with_loops() {
    for rows in [1, 3, 70] {
        for n in SIZES {
            let (a, b) = (numbers(rows * n, 0.2), numbers(rows * n, 0.4));
            let entry = |row: usize, column: usize| row * n + column;
            let by_row = |term: &dyn Fn(usize) -> f64| -> Vec<f64> {
                (0..rows).map(|row| 1.0 + (0..n).map(|column| term(entry(row, column))).sum::<f64>()).collect()
            };
            let by_column = |term: &dyn Fn(usize) -> f64| -> Vec<f64> {
                (0..n).map(|column| 1.0 + (0..rows).map(|row| term(entry(row, column))).sum::<f64>()).collect()
            };
            let mut found = vec![1.0; rows];
            sums::last(&a, &mut found);
            assert_close(&found, &by_row(&|at| a[at]), 1e-12, "last");
            let mut found = vec![1.0; rows];
            sums::dots(&a, &b, &mut found);
            assert_close(&found, &by_row(&|at| a[at] * b[at]), 1e-12, "dots");
            let mut found = vec![1.0; n];
            sums::first(&a, &mut found);
            assert_close(&found, &by_column(&|at| a[at]), 1e-12, "first");
            let mut found = vec![1.0; n];
            sums::column_dots(&a, &b, &mut found);
            assert_close(&found, &by_column(&|at| a[at] * b[at]), 1e-12, "column dots");
        }
    }
}

#[test]
fn a_long_sum_in_single_precision_keeps_its_digits() {
    let x = vec![0.1f32; 1 << 20];
    let expected = f64::from(0.1f32) * x.len() as f64;
    let mut sum = [0.0];
    sums::last(&x, &mut sum);
    assert!((f64::from(sum[0]) / expected - 1.0).abs() < 1e-5, "{} is not {expected}", sum[0]);
    let mut column = [0.0];
    sums::first(&x, &mut column);
    assert!((f64::from(column[0]) / expected - 1.0).abs() < 1e-3, "{} is not {expected}", column[0]);
}

#[test]
fn rows_and_columns_are_broadcast() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let done = |work: fn(&mut [f64], &[f64]), other: &[f64]| {
        let mut values = x;
        work(&mut values, other);
        values
    };
    assert_eq!(done(broadcast::add_row, &[10.0, 20.0, 30.0]), [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]);
    assert_eq!(done(broadcast::multiply_row, &[10.0, 20.0, 30.0]), [10.0, 40.0, 90.0, 40.0, 100.0, 180.0]);
    assert_eq!(done(broadcast::add_column, &[10.0, 20.0]), [11.0, 12.0, 13.0, 24.0, 25.0, 26.0]);
    assert_eq!(done(broadcast::multiply_column, &[10.0, 20.0]), [10.0, 20.0, 30.0, 80.0, 100.0, 120.0]);
}

/// What every kernel of rows and columns makes of some numbers, in one list.
fn everything<T: Real>(x: &[T], g: &[T], zero: T) -> Vec<T> {
    let mut all = Vec::new();
    for over in [Over::Rows { n: 75 }, Over::Columns { n: 5, columns: 75 }, Over::Channels { channels: 15, places: 25 }] {
        for centre in [true, false] {
            let (mut y, mut inverses) = (x.to_vec(), vec![zero; over.groups(x.len())]);
            normalise::forward(over, centre, 1e-5, &mut y, &mut inverses);
            let mut gradients = g.to_vec();
            normalise::backward(over, centre, &y, &inverses, &mut gradients);
            all.extend(y.into_iter().chain(inverses).chain(gradients));
        }
    }
    for inner in [1, 5, 75] {
        let (mut y, mut gradients) = (x.to_vec(), g.to_vec());
        softmax::columns(&mut y, 75, inner);
        softmax::columns_backward(&y, &mut gradients, 75, inner);
        all.extend(y.into_iter().chain(gradients));
    }
    let (mut y, mut gradients) = (x.to_vec(), g.to_vec());
    softmax::rows(&mut y, 75);
    softmax::rows_backward(&y, &mut gradients, 75);
    all.extend(y.into_iter().chain(gradients));
    for parts in [75, 5625 / 25] {
        let (mut first, mut second, mut third) = (vec![zero; parts], vec![zero; parts], vec![zero; parts]);
        sums::last(x, &mut first);
        sums::first(x, &mut second);
        sums::dots(x, g, &mut third);
        all.extend(first.into_iter().chain(second).chain(third));
        let mut products = vec![zero; parts];
        sums::column_dots(x, g, &mut products);
        all.extend(products);
    }
    all
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    let (x, g) = (numbers(5625, 0.0), numbers(5625, 0.5));
    let wide = || everything(&x, &g, 0.0).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let (narrow_x, narrow_g) = (single(&x), single(&g));
    let narrow = || everything(&narrow_x, &narrow_g, 0.0).into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let best = (wide(), narrow());
    for level in [Level::Portable, Level::Avx2, Level::Avx512] {
        assert!(level.at_most(|| (wide(), narrow())) == best, "{level:?}");
    }
}

#[test]
fn nothing_is_done_to_nothing() {
    let mut none: [f64; 0] = [];
    softmax::rows(&mut none, 3);
    softmax::columns(&mut none, 3, 2);
    normalise::forward(Over::Rows { n: 3 }, true, 0.0, &mut none, &mut []);
    sums::last::<f64>(&[], &mut []);
    broadcast::add_row(&mut none, &[1.0]);
}
