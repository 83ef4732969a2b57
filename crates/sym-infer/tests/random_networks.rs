//! Networks that nobody chose: every claim holds, whatever the graph.

mod support;

use proptest::prelude::*;
use support::evaluate::evaluate;
use support::rank::Normal;
use sym_infer::action::{random_element, tangents};
use sym_infer::{Weights, infer};
use sym_ir::{Axis, Builder, Builtin, Function, Operation, Pairs, Program, ReduceKind, Scalar, Term, ValueId};

#[derive(Debug, Clone)]
enum Step {
    Linear { width: u128, bias: bool },
    Function(usize),
    Residual,
    Gate,
    Softmax,
    Square,
    Gain,
    ScaledMean,
    Tie,
    Constant,
    Adapter,
    Mixture { bias: bool },
    Experts,
    Skip,
    Parallel,
    Normalise { centre: bool },
    Convolution,
    Attention { turned: bool, masked: bool },
    Largest { gate: bool },
    Assembled { frozen: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u128..5, any::<bool>()).prop_map(|(width, bias)| Step::Linear { width, bias }),
        3 => (0usize..10).prop_map(Step::Function),
        1 => Just(Step::Residual),
        1 => Just(Step::Gate),
        1 => Just(Step::Softmax),
        1 => Just(Step::Square),
        1 => Just(Step::Gain),
        1 => Just(Step::ScaledMean),
        1 => Just(Step::Tie),
        1 => Just(Step::Constant),
        1 => Just(Step::Adapter),
        1 => any::<bool>().prop_map(|bias| Step::Mixture { bias }),
        1 => Just(Step::Experts),
        1 => Just(Step::Skip),
        1 => Just(Step::Parallel),
        2 => any::<bool>().prop_map(|centre| Step::Normalise { centre }),
        1 => Just(Step::Convolution),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(turned, masked)| Step::Attention { turned, masked }),
        1 => any::<bool>().prop_map(|gate| Step::Largest { gate }),
        2 => any::<bool>().prop_map(|frozen| Step::Assembled { frozen }),
    ];
    prop::collection::vec(step, 1..9)
}

fn function(number: usize) -> Function {
    let negative = Scalar::Multiply(vec![Scalar::Number(-0.5), Scalar::Argument]);
    match number {
        0 => Function::builtin(Builtin::Relu),
        1 => Function::builtin(Builtin::Tanh),
        2 => Function::builtin(Builtin::Sigmoid),
        3 => Function::builtin(Builtin::Exp),
        4 => Function::builtin(Builtin::Gelu),
        5 => Function::builtin(Builtin::Cos),
        6 => Function::builtin(Builtin::Abs),
        7 => Function::power(3.0),
        8 => Function { name: "shrink".into(), body: negative },
        _ => Function {
            name: "3 - sigmoid".into(),
            body: Scalar::Add(vec![
                Scalar::Number(3.0),
                Scalar::Multiply(vec![Scalar::Number(-1.0), Scalar::Call(Builtin::Sigmoid, Box::new(Scalar::Argument))]),
            ]),
        },
    }
}

fn build(steps: &[Step]) -> Program {
    let mut b = Builder::new("random");
    let x = b.input("x", &[3]);
    let mut history: Vec<ValueId> = vec![x];
    let mut matrices: Vec<ValueId> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let h = *history.last().expect("the input");
        let width = b.shape(h)[0].size;
        let next = match step {
            Step::Linear { width: out, bias } => {
                let weight = b.parameter(&format!("w{at}"), &[*out, width]);
                matrices.push(weight);
                let z = b.einsum("oi,i->o", &[weight, h]);
                if *bias {
                    let bias = b.parameter(&format!("b{at}"), &[*out]);
                    b.add(&[z, bias])
                } else {
                    z
                }
            }
            Step::Function(number) => b.map_function(function(*number), h),
            Step::Residual => {
                let same = history.iter().copied().find(|&value| value != h && b.shape(value)[0].size == width);
                match same {
                    Some(other) => b.add(&[h, other]),
                    None => h,
                }
            }
            Step::Gate => {
                let gate = b.linear(&format!("gate{at}"), h, width, false);
                b.einsum("i,i->i", &[gate, h])
            }
            Step::Softmax => b.softmax(h, 0),
            Step::Square => b.einsum("i,i->i", &[h, h]),
            Step::Gain => {
                let gain = b.parameter(&format!("g{at}"), &[width]);
                b.einsum("i,i->i", &[gain, h])
            }
            Step::ScaledMean => {
                let sum = b.scaled_einsum("i->", &[h], 1.0 / width as f64);
                let terms = vec![
                    Term { value: h, coefficient: 1.0, axes: vec![0] },
                    Term { value: sum, coefficient: -0.5, axes: Vec::new() },
                ];
                let shape = b.shape(h).to_vec();
                b.push(Operation::Add { terms, constant: 0.0 }, shape, "centred")
            }
            Step::Tie => match matrices.iter().copied().find(|&weight| b.shape(weight)[0].size == width) {
                Some(weight) => b.einsum("oi,o->i", &[weight, h]),
                None => h,
            },
            Step::Adapter => {
                let base = b.linear(&format!("base{at}"), h, width, false);
                let down = b.linear(&format!("down{at}"), h, 2, at % 2 == 0);
                let up = b.linear(&format!("up{at}"), down, width, false);
                b.add(&[up, base])
            }
            Step::Mixture { bias } => {
                let z = b.linear(&format!("logits{at}"), h, 3, *bias);
                let p = b.softmax(z, 0);
                b.linear(&format!("rows{at}"), p, width, *bias)
            }
            Step::Experts => {
                let z = b.linear(&format!("router{at}"), h, 2, false);
                let g = b.softmax(z, 0);
                let experts = b.parameter(&format!("experts{at}"), &[2, width, width]);
                let biases = b.parameter(&format!("biases{at}"), &[2, width]);
                let each = b.einsum("eoi,i->eo", &[experts, h]);
                let each = b.add(&[each, biases]);
                b.einsum("e,eo->o", &[g, each])
            }
            Step::Skip => {
                let early = history[history.len() / 2];
                let skip = b.linear(&format!("skip{at}"), early, width, true);
                b.add(&[h, skip])
            }
            Step::Parallel => {
                let early = history[history.len() / 2];
                let [mut sum, mut scaled] = [h; 2];
                for width in 1..3u128 {
                    let down = b.linear(&format!("down{at}.{width}"), early, width, at % 2 == 0);
                    let up = b.linear(&format!("up{at}.{width}"), down, 3, false);
                    if width == 1 {
                        (sum, scaled) = (up, up);
                    } else {
                        scaled = b.scaled_einsum("o->o", &[scaled], 0.5);
                        sum = if at % 3 == 0 { b.add(&[sum, scaled, up]) } else { b.add(&[sum, up]) };
                    }
                }
                sum
            }
            // Two entries or one have no statistics of their own.
            Step::Normalise { .. } if width < 3 => h,
            Step::Normalise { centre } => {
                let shape = b.shape(h).to_vec();
                let operation = Operation::Normalise { value: h, axes: vec![0], batch: false, centre: *centre, epsilon: 0.0 };
                b.push(operation, shape, "normalise")
            }
            Step::Convolution => {
                let rest = if at % 2 == 0 { 0.0 } else { f64::NEG_INFINITY };
                let window = |value, rest| Operation::Window { value, axis: 0, stride: 1, padding: 1, dilation: 1, rest };
                let windows = b.push(window(h, 0.0), vec![Axis::of(width + 1), Axis::of(2)], "window");
                let kernel = b.parameter(&format!("kernel{at}"), &[3, 2]);
                let channels = b.einsum("pt,ot->po", &[windows, kernel]);
                let shape = vec![Axis::of(width + 2), Axis::of(2), Axis::of(3)];
                let value = b.push(window(channels, rest), shape, "pool");
                b.push(Operation::Reduce { value, kind: ReduceKind::Max, axes: vec![0, 1] }, vec![Axis::of(3)], "max")
            }
            Step::Attention { turned, masked } => {
                let [q, k] = ["q", "k"].map(|name| {
                    let weight = b.parameter(&format!("{name}{at}"), &[3, 2, width]);
                    let value = b.einsum("tmi,i->tm", &[weight, h]);
                    if !turned {
                        return value;
                    }
                    let shape = b.shape(value).to_vec();
                    let operation = Operation::Rotary { value, position: 0, axis: 1, base: 100.0, pairs: Pairs::Interleaved };
                    b.push(operation, shape, "rotary")
                });
                let v = b.linear(&format!("v{at}"), h, 3, true);
                let mut scores = b.einsum("tm,sm->ts", &[q, k]);
                if *masked {
                    let shape = b.shape(scores).to_vec();
                    let operation = Operation::Mask { value: scores, row: 0, column: 1, before: None, after: Some(0) };
                    scores = b.push(operation, shape, "mask");
                }
                let p = b.softmax(scores, 1);
                b.einsum("ts,s->t", &[p, v])
            }
            Step::Largest { gate } => {
                let shape = b.shape(h).to_vec();
                let rest = if *gate { f64::NEG_INFINITY } else { 0.0 };
                let kept = b.push(Operation::TopK { value: h, axis: 0, count: width.div_ceil(2), rest }, shape, "top_k");
                if *gate { b.softmax(kept, 0) } else { kept }
            }
            Step::Assembled { frozen } => {
                // Rows of one parameter and of another, or of a frozen tensor, moved by a frozen offset.
                let above = b.parameter(&format!("above{at}"), &[2, width]);
                let below = match frozen {
                    true => b.frozen(&format!("below{at}"), &[1, width]),
                    false => b.parameter(&format!("below{at}"), &[1, width]),
                };
                let operation = Operation::Concat { values: vec![above, below], axis: 0 };
                let mut whole = b.push(operation, vec![Axis::of(3), Axis::of(width)], "whole");
                if at % 2 == 0 {
                    let offset = b.frozen(&format!("offset{at}"), &[3, width]);
                    whole = b.add(&[whole, offset]);
                }
                b.einsum("oi,i->o", &[whole, h])
            }
            Step::Constant => {
                let shape = vec![Axis::of(width)];
                b.push(
                    Operation::Add { terms: vec![Term { value: h, coefficient: 2.0, axes: vec![0] }], constant: 0.25 },
                    shape,
                    "shifted",
                )
            }
        };
        history.push(next);
    }
    let last = *history.last().expect("the input");
    let y = b.linear("head", last, 2, true);
    b.output("output", y);
    b.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn claims_hold(steps in steps(), seed in 0u64..1000) {
        let program = build(&steps);
        let symmetries = infer(&program);
        let mut normal = Normal(seed);
        let mut theta = Weights::zeros(&program);
        theta.values.iter_mut().flatten().for_each(|entry| *entry = 0.5 * normal.draw());
        let run = |weights: &Weights, direction: &Weights, x: &[f64]| evaluate(&program, weights, direction, &[x.to_vec()]);
        let still = Weights::zeros(&program);
        let samples: Vec<Vec<f64>> = (0..3).map(|_| (0..3).map(|_| normal.draw()).collect()).collect();
        for (number, space) in symmetries.spaces.iter().enumerate() {
            let moved = random_element(&program, &symmetries, number, &theta, &mut || normal.draw());
            for x in &samples {
                for (before, after) in run(&theta, &still, x).iter().zip(run(&moved, &still, x)) {
                    let size = 1.0 + before.0.abs();
                    prop_assert!(!before.0.is_finite() || size > 1e6 || (before.0 - after.0).abs() < 1e-8 * size, "{}: {} {} {}", space.name, space.group, before.0, after.0);
                }
            }
        }
        for (number, vector) in tangents(&program, &symmetries, &theta) {
            for x in &samples {
                for (value, slope) in run(&theta, &vector, x) {
                    let size = 1.0 + value.abs();
                    prop_assert!(!value.is_finite() || size > 1e6 || slope.abs() < 1e-8 * size, "{}: slope {slope}", symmetries.spaces[number].name);
                }
            }
        }
    }
}
