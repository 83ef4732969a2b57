//! Every primitive against plain loops, forward and backward.

use crate::support::{assert_faithful, axes, program};
use sym_ir::{Builtin, Function, Label, Operand, Operation, ReduceKind, Scalar, Term};

#[test]
fn a_linear_layer_multiplies_and_adds() {
    assert_faithful(&program(|b| {
        let x = b.input("x", &[5]);
        b.linear("fc", x, 4, true)
    }));
}

#[test]
fn a_linear_layer_acts_on_the_last_axis_of_a_sequence() {
    assert_faithful(&program(|b| {
        let x = b.input("x", &[3, 5]);
        b.linear("fc", x, 4, true)
    }));
}

#[test]
fn einsums_of_two_factors() {
    for (equation, left, right) in [
        ("ij,jk->ik", &[2, 3][..], &[3, 4][..]),
        ("ij,jk->ki", &[2, 3], &[3, 4]),
        ("ji,jk->ik", &[3, 2], &[3, 4]),
        ("ij,kj->ik", &[2, 3], &[4, 3]),
        ("ij,ij->", &[2, 3], &[2, 3]),
        ("ij,ij->i", &[2, 3], &[2, 3]),
        ("ij,ij->ji", &[2, 3], &[2, 3]),
        ("i,j->ij", &[2], &[3]),
        ("i,j->ji", &[2], &[3]),
        ("bij,bjk->bik", &[2, 3, 4], &[2, 4, 3]),
        ("ibj,jkb->kib", &[2, 3, 4], &[4, 3, 3]),
        ("abcd,dcef->abef", &[2, 3, 2, 3], &[3, 2, 2, 2]),
        ("ii,ij->j", &[3, 3], &[3, 2]),
        ("iij,j->i", &[3, 3, 2], &[2]),
        ("ij,k->jk", &[2, 3], &[2]),
        (",ij->ij", &[], &[2, 3]),
    ] {
        assert_faithful(&program(|b| {
            let (left, right) = (b.parameter("left", left), b.parameter("right", right));
            b.scaled_einsum(equation, &[left, right], 0.5)
        }));
        assert_faithful(&program(|b| {
            let (left, right) = (b.parameter("left", left), b.input("right", right));
            b.scaled_einsum(equation, &[left, right], 0.5)
        }));
        assert_faithful(&program(|b| {
            let (x, y) = (b.input("left", left), b.input("right", right));
            let factor = b.parameter("factor", &[]);
            let product = b.einsum(equation, &[x, y]);
            let letters = &equation[equation.find('>').map_or(0, |at| at + 1)..];
            b.einsum(&format!("{letters},->{letters}"), &[product, factor])
        }));
    }
}

#[test]
fn einsums_of_one_factor() {
    for (equation, sizes) in [
        ("ij->ji", &[2, 3][..]),
        ("ij->i", &[2, 3]),
        ("ij->", &[2, 3]),
        ("ii->i", &[3, 3]),
        ("ii->", &[3, 3]),
        ("iji->j", &[2, 3, 2]),
    ] {
        assert_faithful(&program(|b| {
            let value = b.parameter("value", sizes);
            b.scaled_einsum(equation, &[value], -2.0)
        }));
        assert_faithful(&program(|b| {
            let (value, factor) = (b.input("value", sizes), b.parameter("factor", sizes));
            let letters = &equation[..equation.find('-').expect("an arrow")];
            b.einsum(&format!("{letters},{letters}->{}", &equation[letters.len() + 2..]), &[value, factor])
        }));
    }
}

#[test]
fn einsums_of_many_factors() {
    assert_faithful(&program(|b| {
        let x = b.input("x", &[3, 4]);
        let [p, q] = ["p", "q"].map(|name| b.parameter(name, &[2, 4, 2]));
        b.einsum("ia,ham,jb,hbm->hij", &[x, p, x, q])
    }));
    assert_faithful(&program(|b| {
        let [u, v, w] = ["u", "v", "w"].map(|name| b.parameter(name, &[4]));
        b.einsum("i,i,i->", &[u, v, w])
    }));
}

#[test]
fn one_factor_may_occur_twice() {
    assert_faithful(&program(|b| {
        let w = b.parameter("w", &[3, 4]);
        b.einsum("ij,kj->ik", &[w, w])
    }));
}

#[test]
fn an_output_index_that_no_factor_has_repeats_the_value() {
    assert_faithful(&program(|b| {
        let value = b.parameter("value", &[2]);
        let operands = vec![Operand { value, labels: vec![Label(0)] }];
        b.push(Operation::Einsum { operands, output: vec![Label(1), Label(0)], coefficient: 3.0 }, axes(&[3, 2]), "repeat")
    }));
    assert_faithful(&program(|b| {
        let w = b.parameter("w", &[2]);
        let constant =
            b.push(Operation::Einsum { operands: Vec::new(), output: vec![Label(1)], coefficient: 3.0 }, axes(&[2]), "three");
        b.einsum("i,i->i", &[w, constant])
    }));
}

#[test]
fn a_sum_repeats_terms_along_the_axes_that_they_lack() {
    assert_faithful(&program(|b| {
        let x = b.input("x", &[2, 3]);
        let (row, column, scalar) = (b.parameter("row", &[3]), b.parameter("column", &[2]), b.parameter("scalar", &[]));
        let turned = b.parameter("turned", &[3, 2]);
        let term = |value, coefficient, axes: &[usize]| Term { value, coefficient, axes: axes.to_vec() };
        let terms = vec![
            term(row, 1.0, &[1]),
            term(x, -2.0, &[0, 1]),
            term(column, 0.5, &[0]),
            term(scalar, 1.0, &[]),
            term(turned, 1.0, &[1, 0]),
        ];
        b.push(Operation::Add { terms, constant: 0.25 }, axes(&[2, 3]), "add")
    }));
}

#[test]
fn an_outer_sum_has_no_full_term() {
    assert_faithful(&program(|b| {
        let (row, column) = (b.parameter("row", &[3]), b.parameter("column", &[2]));
        let terms =
            vec![Term { value: row, coefficient: 1.0, axes: vec![1] }, Term { value: column, coefficient: 1.0, axes: vec![0] }];
        b.push(Operation::Add { terms, constant: 0.0 }, axes(&[2, 3]), "add")
    }));
    assert_faithful(&program(|b| {
        let row = b.parameter("row", &[3]);
        let terms = vec![Term { value: row, coefficient: 1.0, axes: vec![1] }];
        b.push(Operation::Add { terms, constant: 1.0 }, axes(&[2, 3]), "add")
    }));
}

#[test]
fn every_builtin_function() {
    for (_, builtin) in Builtin::ALL {
        assert_faithful(&program(|b| {
            let w = b.parameter("w", &[7]);
            let argument = if builtin == Builtin::Log { b.map_function(Function::power(2.0), w) } else { w };
            b.map(builtin, argument)
        }));
    }
}

#[test]
fn composed_functions() {
    let argument = || Box::new(Scalar::Argument);
    let sigmoid = || Scalar::Call(Builtin::Sigmoid, argument());
    for body in [
        Scalar::Multiply(vec![Scalar::Argument, Scalar::Number(2.0), sigmoid(), Scalar::Number(-0.5)]),
        Scalar::Add(vec![Scalar::Number(2.0), sigmoid(), Scalar::Argument, Scalar::Number(-0.5)]),
        Scalar::Call(Builtin::Tanh, Box::new(Scalar::Add(vec![Scalar::Argument, Scalar::Power(argument(), 3.0)]))),
        Scalar::Power(argument(), 5.0),
        Scalar::Power(argument(), -2.0),
        Scalar::Power(argument(), -1.0),
        Scalar::Power(Box::new(Scalar::Call(Builtin::Exp, argument())), 0.5),
        Scalar::Power(Box::new(Scalar::Call(Builtin::Exp, argument())), 1.7),
        Scalar::Power(argument(), 0.0),
        Scalar::Add(vec![Scalar::Number(1.0), Scalar::Number(2.0)]),
        Scalar::Call(Builtin::Exp, Box::new(Scalar::Number(1.0))),
    ] {
        let function = Function { name: "composed".to_string(), body };
        assert_faithful(&program(|b| {
            let w = b.parameter("w", &[5]);
            let value = b.map_function(function.clone(), w);
            b.einsum("i,i->i", &[value, w])
        }));
    }
}

#[test]
fn softmax_over_any_axis() {
    for axis in 0..2 {
        assert_faithful(&program(|b| {
            let (x, w) = (b.input("x", &[3, 4]), b.parameter("w", &[3, 4]));
            let logits = b.add(&[x, w]);
            b.softmax(logits, axis)
        }));
    }
}

#[test]
fn softmax_of_large_logits_does_not_overflow() {
    let program = program(|b| {
        let w = b.parameter("w", &[2]);
        let large = b.scaled_einsum("i->i", &[w], 1e6);
        b.softmax(large, 0)
    });
    let device = burn::tensor::Device::flex();
    let weights = sym_infer::Weights { values: vec![vec![1.0, -1.0]] };
    let module = sym_lower::Module::new(&program, &weights, &device, burn::tensor::DType::F64).expect("can be executed");
    assert_eq!(module.forward(&[])[0].values(), [1.0, 0.0]);
}

#[test]
fn largest_and_smallest_entries() {
    for kind in [ReduceKind::Max, ReduceKind::Min] {
        for (removed, left) in [(vec![0], vec![3, 4]), (vec![1], vec![2, 4]), (vec![0, 2], vec![3]), (vec![0, 1, 2], vec![])] {
            assert_faithful(&program(|b| {
                let (x, w) = (b.input("x", &[2, 3, 4]), b.parameter("w", &[2, 3, 4]));
                let value = b.add(&[x, w]);
                b.push(Operation::Reduce { value, kind, axes: removed.clone() }, axes(&left), "reduce")
            }));
        }
    }
}

#[test]
fn reshape_splits_and_merges_axes() {
    assert_faithful(&program(|b| {
        let (x, w) = (b.input("x", &[6, 2]), b.parameter("w", &[6, 2]));
        let value = b.add(&[x, w]);
        let atoms = axes(&[3, 2, 2]);
        b.push(Operation::Reshape { value, atoms, from: vec![2, 1], to: vec![1, 2] }, axes(&[3, 4]), "reshape")
    }));
}

#[test]
fn concat_joins_batched_and_unbatched_parts() {
    assert_faithful(&program(|b| {
        let (x, w, v) = (b.input("x", &[2, 3]), b.parameter("w", &[2, 1]), b.parameter("v", &[2, 2]));
        let scaled = b.einsum("ij,ik->ik", &[x, v]);
        b.push(Operation::Concat { values: vec![w, x, scaled], axis: 1 }, axes(&[2, 6]), "concat")
    }));
}

#[test]
fn slice_cuts_an_axis() {
    assert_faithful(&program(|b| {
        let (x, w) = (b.input("x", &[2, 5]), b.parameter("w", &[2, 5]));
        let value = b.add(&[x, w]);
        b.push(Operation::Slice { value, axis: 1, start: 1 }, axes(&[2, 3]), "slice")
    }));
}

#[test]
fn a_frozen_tensor_gets_no_gradient() {
    assert_faithful(&program(|b| {
        let (x, frozen, w) = (b.input("x", &[3]), b.frozen("frozen", &[2, 3]), b.parameter("w", &[2]));
        let projected = b.einsum("oi,i->o", &[frozen, x]);
        b.einsum("o,o->o", &[projected, w])
    }));
}

#[test]
fn an_unused_parameter_gets_no_gradient() {
    assert_faithful(&program(|b| {
        let (x, w) = (b.input("x", &[3]), b.parameter("w", &[3]));
        b.parameter("unused", &[2]);
        b.einsum("i,i->", &[x, w])
    }));
}

#[test]
fn a_multi_layer_perceptron() {
    assert_faithful(&program(|b| {
        let x = b.input("x", &[4]);
        let hidden = b.linear("fc1", x, 5, true);
        let hidden = b.map(Builtin::Tanh, hidden);
        let second = b.linear("fc2", hidden, 5, true);
        let second = b.map(Builtin::Gelu, second);
        let residual = b.add(&[hidden, second]);
        b.linear("head", residual, 3, true)
    }));
}
