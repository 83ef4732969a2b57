//! The operations that layers are made of, against plain loops and finite differences.

use crate::support::{assert_faithful, axes, numbers, program};
use burn::tensor::{DType, Device};
use sym_infer::Weights;
use sym_ir::program::window_count;
use sym_ir::{Builtin, Entries, Input, Operation, Pairs, ReduceKind, ValueId};
use sym_lower::{Array, Module};

/// x + w, of these sizes.
fn shifted(b: &mut sym_ir::Builder, sizes: &[u128]) -> ValueId {
    let (x, w) = (b.input("x", sizes), b.parameter("w", sizes));
    b.add(&[x, w])
}

#[test]
fn normalisation_over_any_axes() {
    for over in [vec![0], vec![2], vec![0, 2], vec![0, 1, 2]] {
        for (centre, epsilon) in [(true, 0.0), (false, 0.0), (true, 0.1), (false, 0.1)] {
            assert_faithful(&program(|b| {
                let value = shifted(b, &[3, 2, 4]);
                b.push(
                    Operation::Normalise { value, axes: over.clone(), batch: false, centre, epsilon },
                    axes(&[3, 2, 4]),
                    "norm",
                )
            }));
        }
    }
}

#[test]
fn normalisation_of_weights_alone() {
    assert_faithful(&program(|b| {
        let value = b.parameter("w", &[3, 4]);
        b.push(Operation::Normalise { value, axes: vec![1], batch: true, centre: false, epsilon: 0.0 }, axes(&[3, 4]), "norm")
    }));
}

#[test]
fn batch_statistics_are_those_of_an_explicit_axis() {
    let normalise =
        |axes: Vec<usize>, batch| move |value| Operation::Normalise { value, axes, batch, centre: true, epsilon: 0.01 };
    let implicit = program(|b| {
        let value = shifted(b, &[2, 3]);
        b.push(normalise(vec![1], true)(value), axes(&[2, 3]), "norm")
    });
    let explicit = program(|b| {
        let (x, w) = (b.input("x", &[4, 2, 3]), b.parameter("w", &[2, 3]));
        let value = b.add(&[x, w]);
        b.push(normalise(vec![0, 2], false)(value), axes(&[4, 2, 3]), "norm")
    });
    let weights = Weights { values: vec![numbers(6, 1)] };
    let (x, device) = (numbers(24, 2), Device::flex());
    let run = |program, sizes: &[usize]| {
        let module = Module::new(program, &weights, &device, DType::F64).expect("can be executed");
        module.forward(&[Array::from_values(&x, sizes, &device, DType::F64)])[0].values()
    };
    let (found, expected) = (run(&implicit, &[4, 2, 3]), run(&explicit, &[1, 4, 2, 3]));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-14, "{found} instead of {expected}");
    }
}

#[test]
fn windows_with_stride_padding_and_dilation() {
    for (axis, taps, stride, padding, dilation) in [(1, 3, 1, 1, 1), (0, 2, 2, 0, 1), (1, 2, 2, 3, 2), (0, 1, 3, 0, 1)] {
        let sizes = [5, 6, 2];
        let count = window_count(sizes[axis], taps, stride, padding, dilation).expect("the window fits");
        let mut shape = sizes.to_vec();
        shape.splice(axis..=axis, [count, taps]);
        assert_faithful(&program(|b| {
            let value = shifted(b, &sizes);
            b.push(Operation::Window { value, axis, stride, padding, dilation, rest: 0.0 }, axes(&shape), "window")
        }));
    }
}

#[test]
fn a_grouped_convolution_in_two_dimensions() {
    assert_faithful(&program(|b| {
        let value = shifted(b, &[2, 2, 4, 3]);
        let window = |value, axis| Operation::Window { value, axis, stride: 1, padding: 1, dilation: 1, rest: 0.0 };
        let value = b.push(window(value, 2), axes(&[2, 2, 4, 3, 3]), "rows");
        let value = b.push(window(value, 4), axes(&[2, 2, 4, 3, 3, 3]), "columns");
        let kernel = b.parameter("kernel", &[2, 2, 2, 3, 3]);
        b.einsum("gchrwt,gocrt->gohw", &[value, kernel])
    }));
}

#[test]
fn a_largest_entry_of_a_padded_window() {
    assert_faithful(&program(|b| {
        let value = shifted(b, &[2, 5]);
        let rest = f64::NEG_INFINITY;
        let operation = Operation::Window { value, axis: 1, stride: 2, padding: 1, dilation: 1, rest };
        let value = b.push(operation, axes(&[2, 3, 3]), "window");
        b.push(Operation::Reduce { value, kind: ReduceKind::Max, axes: vec![2] }, axes(&[2, 3]), "max")
    }));
}

#[test]
fn windows_that_do_not_fit_have_no_count() {
    assert_eq!(window_count(4, 5, 1, 0, 1), None);
    assert_eq!(window_count(4, 5, 1, 1, 1), Some(2));
    assert_eq!(window_count(4, 3, 1, 0, 2), None);
    assert_eq!(window_count(u128::MAX, 2, 1, 1, 1), None);
}

#[test]
fn whole_numbers_choose_rows_of_a_table() {
    for shape in [&[4][..], &[2, 3], &[]] {
        assert_faithful(&program(|b| {
            let shape = axes(shape);
            let entries = Entries::Integer { below: 5 };
            let input =
                Input { name: "tokens".into(), shape: shape.clone(), rank: None, basis: Vec::new(), entries, span: b.span };
            let (tokens, table) = (b.declare_input(input), b.parameter("table", &[5, 3]));
            let hot = b.push(Operation::OneHot { value: tokens }, shape.into_iter().chain(axes(&[5])).collect(), "one_hot");
            let letters = &"ab"[..b.shape(hot).len() - 1];
            b.einsum(&format!("{letters}v,vd->{letters}d"), &[hot, table])
        }));
    }
}

#[test]
fn softmax_over_what_a_mask_leaves() {
    for (row, column, before, after) in
        [(1, 2, None, Some(0)), (2, 1, None, Some(0)), (1, 2, Some(1), Some(0)), (0, 2, Some(0), None)]
    {
        assert_faithful(&program(|b| {
            let value = shifted(b, &[2, 4, 4]);
            let value = b.push(Operation::Mask { value, row, column, before, after }, axes(&[2, 4, 4]), "mask");
            b.softmax(value, column)
        }));
    }
}

#[test]
fn masked_entries_are_no_fault() {
    let program = program(|b| {
        let value = shifted(b, &[2, 2]);
        let value = b.push(Operation::Mask { value, row: 0, column: 1, before: None, after: Some(0) }, axes(&[2, 2]), "mask");
        let value = b.scaled_einsum("ij->ij", &[value], 2.0);
        let value = b.softmax(value, 1);
        b.map(Builtin::Log, value)
    });
    let (device, weights) = (Device::flex(), Weights { values: vec![numbers(4, 1)] });
    let module = Module::new(&program, &weights, &device, DType::F64).expect("can be executed");
    let x = Array::from_values(&numbers(4, 2), &[1, 2, 2], &device, DType::F64);
    let found = module.first_not_finite(&[x]).expect("the logarithm of 0 is infinite");
    assert_eq!(&*program.node(found).name, "log");
}

#[test]
fn the_largest_entries_along_any_axis() {
    for axis in 0..3 {
        assert_faithful(&program(|b| {
            let value = shifted(b, &[3, 4, 3]);
            b.push(Operation::TopK { value, axis, count: 2, rest: 0.0 }, axes(&[3, 4, 3]), "top_k")
        }));
        assert_faithful(&program(|b| {
            let value = shifted(b, &[3, 4, 3]);
            let operation = Operation::TopK { value, axis, count: 2, rest: f64::NEG_INFINITY };
            let value = b.push(operation, axes(&[3, 4, 3]), "top_k");
            b.softmax(value, axis)
        }));
    }
}

#[test]
fn equal_entries_are_kept_together() {
    // Below zero all entries tie at 0, at the edge of the two largest or inside them.
    for rest in [0.0, f64::NEG_INFINITY] {
        assert_faithful(&program(|b| {
            let value = shifted(b, &[3, 4]);
            let value = b.map(Builtin::Relu, value);
            let value = b.push(Operation::TopK { value, axis: 1, count: 2, rest }, axes(&[3, 4]), "top_k");
            b.softmax(value, 1)
        }));
    }
}

#[test]
fn rotary_positions_along_any_axes() {
    for (position, axis) in [(0, 2), (2, 0), (1, 2)] {
        for pairs in [Pairs::Interleaved, Pairs::Halves] {
            assert_faithful(&program(|b| {
                let value = shifted(b, &[4, 3, 6]);
                b.push(Operation::Rotary { value, position, axis, base: 100.0, pairs }, axes(&[4, 3, 6]), "rotary")
            }));
        }
    }
}
