//! Values against references with 60 digits (`fit/reference.py`), special values, and the same bits everywhere.

use sym_kernels::slice::{apply, apply_at, apply_with_slope, apply_with_slope_at, backward, bias_apply, bias_backward};
use sym_kernels::{Activation, Level};

/// A reference line: the argument, and value and derivative as sums of two doubles.
struct Reference {
    kind: Activation,
    x: f64,
    value: [f64; 2],
    slope: [f64; 2],
}

fn references() -> Vec<Reference> {
    include_str!("data/reference.txt")
        .lines()
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().expect("a name");
            let kind = Activation::ALL.into_iter().find(|kind| kind.name() == name).expect("a function");
            let numbers: Vec<f64> =
                words.map(|word| f64::from_bits(u64::from_str_radix(word, 16).expect("hexadecimal"))).collect();
            Reference { kind, x: numbers[0], value: [numbers[1], numbers[2]], slope: [numbers[3], numbers[4]] }
        })
        .collect()
}

/// The distance of two successive doubles at `x`.
fn ulp(x: f64) -> f64 {
    let x = x.abs().max(f64::MIN_POSITIVE);
    f64::from_bits(x.to_bits() + 1) - x
}

/// The distance of two successive single-precision numbers at `x`.
fn ulp32(x: f64) -> f64 {
    let x = (x.abs() as f32).max(f32::MIN_POSITIVE);
    f64::from(f32::from_bits(x.to_bits() + 1) - x)
}

#[test]
fn values_in_double_precision_are_within_two_units_in_the_last_place() {
    for reference in references() {
        let mut y = [reference.x];
        apply(reference.kind, &mut y);
        let error = ((y[0] - reference.value[0]) - reference.value[1]).abs() / ulp(reference.value[0]);
        assert!(error <= 2.0, "{}({:e}) is {:e}, {error} units off", reference.kind, reference.x, y[0]);
    }
}

#[test]
fn values_in_single_precision_are_within_two_units_in_the_last_place() {
    for reference in references() {
        let x = reference.x as f32;
        // The reference moves with the argument, which is left out where that is not exact enough or leaves the normal range.
        let moved = f64::from(x) - reference.x;
        let expected = reference.value[0] + moved * reference.slope[0];
        let second =
            if reference.kind == Activation::Log { reference.slope[0].powi(2) } else { reference.value[0].abs().max(1.0) };
        let curvature = moved * moved * second;
        let normal = f64::from(f32::MIN_POSITIVE)..f64::from(f32::MAX);
        if x == 0.0 || !normal.contains(&expected.abs()) || curvature > 0.1 * ulp32(expected) {
            continue;
        }
        let mut y = [x];
        apply(reference.kind, &mut y);
        let error = (f64::from(y[0]) - expected).abs() / ulp32(expected);
        assert!(error <= 2.0, "{}({x:e}) is {:e}, {error} units off {expected:e}", reference.kind, y[0]);
    }
}

#[test]
fn derivatives_are_within_four_roundings_of_their_scale() {
    for reference in references() {
        let (mut y, mut slope) = ([reference.x], [0.0]);
        apply_with_slope(reference.kind, &mut y, &mut slope);
        let scale = reference.slope[0].abs().max(if reference.kind == Activation::Exp { 0.0 } else { 1.0 });
        let error = ((slope[0] - reference.slope[0]) - reference.slope[1]).abs() / (scale * f64::EPSILON).max(f64::MIN_POSITIVE);
        if reference.slope[0].is_infinite() {
            assert_eq!(slope[0], reference.slope[0]);
            continue;
        }
        assert!(error <= 4.0, "derivative of {} at {:e} is {:e}, {error} roundings off", reference.kind, reference.x, slope[0]);

        let saved = if reference.kind.saves_value() { y } else { slope };
        let mut gradient = [0.5];
        backward(reference.kind, &saved, &mut gradient);
        let error = (gradient[0] - 0.5 * reference.slope[0]).abs() / (0.5 * scale * f64::EPSILON).max(f64::MIN_POSITIVE);
        assert!(error <= 6.0, "gradient of {} at {:e} is {:e}", reference.kind, reference.x, gradient[0]);
    }
}

#[test]
fn relu_is_exact() {
    let mut y = [-2.0, -0.0, 0.0, 3.0, f64::INFINITY, f64::NEG_INFINITY];
    apply(Activation::Relu, &mut y);
    assert_eq!(y, [0.0, 0.0, 0.0, 3.0, f64::INFINITY, 0.0]);
    let mut gradient = [5.0; 6];
    backward(Activation::Relu, &y, &mut gradient);
    assert_eq!(gradient, [0.0, 0.0, 0.0, 5.0, 5.0, 0.0]);
}

#[test]
fn limits_are_exact() {
    let infinity = f64::INFINITY;
    for (kind, below, above) in [
        (Activation::Tanh, -1.0, 1.0),
        (Activation::Sigmoid, 0.0, 1.0),
        (Activation::Exp, 0.0, infinity),
        (Activation::Silu, 0.0, infinity),
        (Activation::Gelu, 0.0, infinity),
        (Activation::GeluTanh, 0.0, infinity),
        (Activation::Softplus, 0.0, infinity),
        (Activation::Erf, -1.0, 1.0),
        (Activation::Abs, infinity, infinity),
        (Activation::LeakyRelu(0.5), -infinity, infinity),
    ] {
        let mut wide = [-infinity, infinity, -1e300, 1e300];
        apply(kind, &mut wide);
        assert_eq!(wide[..2], [below, above], "{kind}");
        let finite = if matches!(kind, Activation::Abs | Activation::LeakyRelu(_)) { kind_at(kind, -1e300) } else { below };
        assert_eq!(wide[2], finite, "{kind}");
        let mut narrow = [f32::NEG_INFINITY, f32::INFINITY];
        apply(kind, &mut narrow);
        assert_eq!(narrow.map(f64::from), [below, above], "{kind}");
    }
    for kind in [Activation::Sin, Activation::Cos] {
        let mut y = [infinity, -infinity];
        apply(kind, &mut y);
        assert!(y.iter().all(|y| y.is_nan()), "{kind}");
    }
}

#[test]
fn the_logarithm_has_its_poles() {
    let mut y = [0.0, -0.0, f64::INFINITY, 1.0];
    apply(Activation::Log, &mut y);
    assert_eq!(y, [f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, 0.0]);
    let mut y = [-1.0, -5e-324, f64::NEG_INFINITY];
    apply(Activation::Log, &mut y);
    assert!(y.iter().all(|y| y.is_nan()));
}

#[test]
fn piecewise_linear_functions_are_exact() {
    let x = [-2.0, -0.0, 0.0, 3.0, -5e-324];
    for (kind, values, slopes) in [
        (Activation::Abs, [2.0, 0.0, 0.0, 3.0, 5e-324], [-1.0, 0.0, 0.0, 1.0, -1.0]),
        (Activation::LeakyRelu(0.25), [-0.5, 0.0, 0.0, 3.0, 0.0], [0.25, 1.0, 1.0, 1.0, 0.25]),
        (Activation::LeakyRelu(-1.5), [3.0, 0.0, 0.0, 3.0, 5e-324 * 2.0], [-1.5, 1.0, 1.0, 1.0, -1.5]),
    ] {
        let (mut y, mut slope) = (x, [0.0; 5]);
        apply_with_slope(kind, &mut y, &mut slope);
        assert_eq!((y, slope), (values, slopes), "{kind:?}");
        let mut gradient = [2.0; 5];
        backward(kind, &slope, &mut gradient);
        assert_eq!(gradient, slopes.map(|slope| 2.0 * slope), "{kind:?}");
    }
}

#[test]
fn steps_are_exact_and_flat() {
    for (kind, values) in [
        (Activation::Step, [0.0, 0.0, 0.0, 1.0, 0.0]),
        (Activation::LeakyStep(0.25), [0.25, 1.0, 1.0, 1.0, 0.25]),
        (Activation::Sign, [-1.0, 0.0, 0.0, 1.0, -1.0]),
    ] {
        let (mut y, mut slope) = ([-2.0, -0.0, 0.0, f64::INFINITY, -5e-324], [9.0; 5]);
        apply_with_slope(kind, &mut y, &mut slope);
        assert_eq!((y, slope), (values, [0.0; 5]), "{kind:?}");
        let mut gradient = [f64::INFINITY; 5];
        backward(kind, &y, &mut gradient);
        assert_eq!(gradient, [0.0; 5], "{kind:?}");
    }
}

#[test]
fn odd_functions_keep_the_sign_of_zero() {
    for kind in [
        Activation::Tanh,
        Activation::Sin,
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Erf,
        Activation::LeakyRelu(0.5),
    ] {
        let mut y = [0.0, -0.0];
        apply(kind, &mut y);
        assert_eq!(y.map(f64::to_bits), [0.0f64.to_bits(), (-0.0f64).to_bits()], "{kind}");
    }
}

#[test]
fn a_nan_is_returned_as_it_is() {
    let nan = f64::from_bits(0x7ff8_0000_0000_0123);
    for kind in Activation::ALL {
        let mut y = [nan];
        apply(kind, &mut y);
        assert_eq!(y[0].to_bits(), nan.to_bits(), "{kind}");
    }
}

/// One value.
fn kind_at(kind: Activation, x: f64) -> f64 {
    let mut y = [x];
    apply(kind, &mut y);
    y[0]
}

/// Arguments of every size, special ones among them.
fn arguments() -> Vec<f64> {
    let mut state = 1u64;
    let mut arguments: Vec<f64> = (0..3000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
            let size = 10f64.powf(8.0 * unit - 5.0);
            if state & 1024 == 0 { size } else { -size }
        })
        .collect();
    arguments.extend([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300, f64::MIN_POSITIVE, 5e-324]);
    arguments
}

#[test]
fn all_instruction_sets_give_the_same_bits() {
    let wide = arguments();
    let narrow: Vec<f32> = wide.iter().map(|&x| x as f32).collect();
    for kind in Activation::ALL {
        let run = |level| {
            let (mut y, mut slopes) = (wide.clone(), vec![0.0; wide.len()]);
            apply_with_slope_at(level, kind, &mut y, &mut slopes);
            let mut alone = wide.clone();
            apply_at(level, kind, &mut alone);
            let mut single = narrow.clone();
            apply_at(level, kind, &mut single);
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&alone), bits(&y), "{kind} with and without its derivative");
            (bits(&y), bits(&slopes), single.iter().map(|value| value.to_bits()).collect::<Vec<_>>())
        };
        let best = run(Level::best());
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            assert!(run(level) == best, "{kind} with {level:?}");
        }
    }
}

#[test]
fn the_bits_of_an_element_do_not_depend_on_its_place() {
    let arguments = arguments();
    for kind in Activation::ALL {
        let mut whole = arguments.clone();
        apply(kind, &mut whole);
        for (at, &x) in arguments.iter().enumerate().step_by(37) {
            let mut alone = [x];
            apply(kind, &mut alone);
            assert_eq!(alone[0].to_bits(), whole[at].to_bits(), "{kind}({x:e})");
        }
    }
}

#[test]
fn a_bias_is_added_to_every_row_first_and_gets_the_sum_over_rows() {
    let (rows, columns) = (7, 5);
    let x: Vec<f64> = (0..rows * columns).map(|at| (at as f64 * 0.7).sin()).collect();
    let bias: Vec<f64> = (0..columns).map(|at| at as f64 / 10.0).collect();
    for kind in [None, Some(Activation::Tanh), Some(Activation::Gelu)] {
        let (mut fused, mut slopes) = (x.clone(), vec![0.0; x.len()]);
        bias_apply(kind, &mut fused, &bias, &mut slopes);
        let (mut apart, mut apart_slopes) = (x.clone(), vec![0.0; x.len()]);
        for (at, value) in apart.iter_mut().enumerate() {
            *value += bias[at % columns];
        }
        if let Some(kind) = kind {
            apply_with_slope(kind, &mut apart, &mut apart_slopes);
        }
        assert_eq!(fused, apart);

        let (mut gradients, mut sums) = (vec![1.5; x.len()], vec![0.0; columns]);
        let saved = if kind.is_none_or(Activation::saves_value) { &fused } else { &slopes };
        bias_backward(kind, saved, &mut gradients, &mut sums);
        let mut expected = vec![1.5; x.len()];
        if let Some(kind) = kind {
            backward(kind, saved, &mut expected);
        }
        assert_eq!(gradients, expected);
        for (column, sum) in sums.iter().enumerate() {
            let mut expected_sum = 0.0;
            for row in 0..rows {
                expected_sum += expected[row * columns + column];
            }
            assert_eq!(*sum, expected_sum);
        }
    }
}
