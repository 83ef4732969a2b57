//! Of operations that only derivatives have nothing is claimed.

use sym_ir::{Adjoint, Axis, Builder, Builtin, Operation, Pairs, ReduceKind, ValueId};

/// y = V g(tanh(W x)), where g keeps the shape of the units it sees.
fn claims(between: impl FnOnce(&mut Builder, ValueId) -> ValueId) -> Vec<String> {
    let mut b = Builder::new("Case");
    let x = b.input("x", &[3, 2]);
    let weight = b.parameter("weight", &[4, 2]);
    let hidden = b.einsum("ui,ti->tu", &[weight, x]);
    let hidden = b.map(Builtin::Tanh, hidden);
    let hidden = between(&mut b, hidden);
    let readout = b.parameter("readout", &[2, 4]);
    let output = b.einsum("ou,tu->to", &[readout, hidden]);
    b.output("output", output);
    sym_infer::infer(&b.finish()).spaces.into_iter().map(|space| space.name).collect()
}

#[test]
fn units_before_an_operation_of_derivatives_are_told_apart() {
    assert!(!claims(|_, hidden| hidden).is_empty(), "units of tanh have their permutations and signs");
    let cases: Vec<fn(ValueId) -> Adjoint> = vec![
        |value| Adjoint::OverBatch { value, mean: false },
        |value| Adjoint::Pad { value, axis: 1, before: 0 },
        |value| Adjoint::First { value, kind: ReduceKind::Max, axes: vec![1] },
        |value| Adjoint::Kept { value, axis: 1, count: 2 },
        |value| Adjoint::TurnBack { value, position: 0, axis: 1, base: 10.0, pairs: Pairs::Halves },
    ];
    for case in cases {
        let found = claims(|b, hidden| {
            let shape: Vec<Axis> = b.shape(hidden).to_vec();
            b.push(Operation::Adjoint(case(hidden)), shape, "between")
        });
        assert!(found.is_empty(), "{:?}: {found:?}", case(ValueId(0)));
    }
}
