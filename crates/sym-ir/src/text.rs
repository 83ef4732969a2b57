//! The stable text of a program: one line a parameter, input, operation and output.

use crate::mask::{Mask, MaskRule};
use crate::program::{Axis, Entries, Initial, Label, Operation, Pairs, Parameter, Program, ReduceKind, ValueId};
use crate::storage::{Part, StoredAxis};
use crate::{Adjoint, Builtin, Scalar};
use std::fmt::Write;

/// The program as text. Spans do not enter; everything else does, numbers with all digits.
pub fn text(program: &Program) -> String {
    let mut out = format!("program {}\n", program.name);
    for parameter in &program.parameters {
        let word = if parameter.trainable { "param" } else { "frozen" };
        line(
            &mut out,
            format_args!(
                "  {word} {} {}{} init {}{}",
                parameter.path,
                shape(&parameter.shape),
                stored(parameter),
                initial(&parameter.initial),
                mask(parameter)
            ),
        );
    }
    for input in &program.inputs {
        let rank = input.rank.map_or_else(String::new, |rank| format!(" rank {rank}"));
        let range = match input.entries {
            Entries::Real => String::new(),
            Entries::Integer { below } => format!(" in 0..{below}"),
        };
        line(&mut out, format_args!("  input {} {}{range}{rank}", input.name, shape(&input.shape)));
    }
    for (at, node) in program.nodes.iter().enumerate() {
        let batch = if node.batched { "batch " } else { "" };
        let place = if node.scope.is_empty() { node.name.to_string() } else { format!("{}/{}", node.scope, node.name) };
        let what = operation(program, &node.operation);
        line(&mut out, format_args!("  %{at} = {what} : {batch}{}  // {place}", shape(&node.shape)));
    }
    for output in &program.outputs {
        line(&mut out, format_args!("  output {} = {}", output.name, value(output.value)));
    }
    out
}

fn mask(parameter: &Parameter) -> String {
    match &parameter.role.mask {
        None => String::new(),
        Some(Mask { rule: MaskRule::Count { frozen, .. }, std, .. }) => format!(" with {frozen} frozen a row at normal 0 {std}"),
        Some(Mask { rule: MaskRule::Densest, std, .. }) => format!(" with the densest frozen at normal 0 {std}"),
    }
}

fn line(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(out, "{arguments}").expect("writing to a string succeeds");
}

fn value(id: ValueId) -> String {
    format!("%{}", id.0)
}

fn list<T>(items: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    items.into_iter().map(show).collect::<Vec<_>>().join(", ")
}

/// `[t: width = 64, 10]`: index name, symbol and size, each only where it says something.
fn shape(axes: &[Axis]) -> String {
    let axis = |axis: &Axis| {
        let name = if axis.name.is_empty() { String::new() } else { format!("{}: ", axis.name) };
        let size = axis.size.to_string();
        if *axis.symbol == size { format!("{name}{size}") } else { format!("{name}{} = {size}", axis.symbol) }
    };
    format!("[{}]", list(axes, axis))
}

fn stored(parameter: &Parameter) -> String {
    let storage = &parameter.storage;
    if storage.is_as_written() && storage.name.pattern() == parameter.path {
        return String::new();
    }
    format!(" stored \"{}\" as [{}]", storage.name, list(&storage.layout, stored_axis))
}

/// `0`, `(0 2)`, `(0 [2 at 5])` for a part in each block.
fn stored_axis(stored: &StoredAxis) -> String {
    let names: Vec<String> = stored.axes.iter().map(usize::to_string).collect();
    let mut names = match stored.part {
        None => names,
        Some(Part { first, count, start }) => {
            let cut = format!("[{} at {start}]", names[first..first + count].join(" "));
            names[..first].iter().cloned().chain([cut]).chain(names[first + count..].iter().cloned()).collect()
        }
    };
    if names.len() == 1 { names.remove(0) } else { format!("({})", names.join(" ")) }
}

fn initial(initial: &Initial) -> String {
    match initial {
        Initial::Constant(value) => format!("constant({value})"),
        Initial::Uniform { bound } => format!("uniform({bound})"),
        Initial::Normal { mean, std } => format!("normal(mean: {mean}, std: {std})"),
        Initial::Values(values) => format!("values({})", values.len()),
    }
}

fn letters(labels: &[Label]) -> String {
    list(labels, |label| {
        let letter = char::from(b'a' + (label.0 % 26) as u8);
        if label.0 < 26 { letter.to_string() } else { format!("{letter}{}", label.0 / 26) }
    })
}

fn operation(program: &Program, operation: &Operation) -> String {
    match operation {
        Operation::Input(id) => format!("input {}", program.inputs[id.0 as usize].name),
        Operation::Parameter(id) => format!("parameter {}", program.parameter(*id).path),
        Operation::Einsum { operands, output, coefficient } => {
            let factors = list(operands, |operand| format!("{}[{}]", value(operand.value), letters(&operand.labels)));
            let times = if *coefficient == 1.0 { String::new() } else { format!("{coefficient} * ") };
            format!("einsum {times}({factors}) -> [{}]", letters(output))
        }
        Operation::Add { terms, constant } => {
            let mut parts: Vec<String> = terms
                .iter()
                .map(|term| {
                    let times = if term.coefficient == 1.0 { String::new() } else { format!("{} * ", term.coefficient) };
                    format!("{times}{} along [{}]", value(term.value), list(&term.axes, usize::to_string))
                })
                .collect();
            if *constant != 0.0 {
                parts.push(constant.to_string());
            }
            format!("add {}", parts.join(" + "))
        }
        Operation::Map { value: argument, function } => {
            let body = scalar(&function.body);
            let plain = matches!(&function.body, Scalar::Call(builtin, inner) if **inner == Scalar::Argument && builtin.name() == function.name);
            let body = if plain { String::new() } else { format!(" = {body}") };
            format!("map {} {}{body}", value(*argument), function.name)
        }
        Operation::Softmax { value: argument, axis } => format!("softmax {} over {axis}", value(*argument)),
        Operation::Reduce { value: argument, kind, axes } => {
            format!("{} {} over [{}]", extreme(*kind), value(*argument), list(axes, usize::to_string))
        }
        Operation::Reshape { value: argument, atoms, from, to } => {
            format!(
                "reshape {} through {} from [{}] to [{}]",
                value(*argument),
                shape(atoms),
                list(from, usize::to_string),
                list(to, usize::to_string)
            )
        }
        Operation::Concat { values, axis } => format!("concat ({}) over {axis}", list(values, |id| value(*id))),
        Operation::Slice { value: argument, axis, start } => format!("slice {} over {axis} from {start}", value(*argument)),
        Operation::Normalise { value: argument, axes, batch, centre, epsilon } => {
            format!("normalise {} {}", value(*argument), normalisation(axes, *batch, *centre, *epsilon))
        }
        Operation::Window { value: argument, axis, stride, padding, dilation, rest } => {
            format!("window {} over {axis} stride {stride} padding {padding} dilation {dilation} rest {rest}", value(*argument))
        }
        Operation::OneHot { value: argument } => format!("one_hot {}", value(*argument)),
        Operation::Mask { value: argument, row, column, before, after } => {
            format!("mask {} rows {row} columns {column} before {} after {}", value(*argument), limit(*before), limit(*after))
        }
        Operation::TopK { value: argument, axis, count, rest } => {
            format!("top_k {} over {axis} count {count} rest {rest}", value(*argument))
        }
        Operation::Rotary { value: argument, position, axis, base, pairs } => {
            format!("rotary {} {}", value(*argument), rotation(*position, *axis, *base, *pairs))
        }
        Operation::Adjoint(of) => adjoint(of),
    }
}

fn limit(limit: Option<u128>) -> String {
    limit.map_or_else(|| "all".to_string(), |limit| limit.to_string())
}

fn rotation(position: usize, axis: usize, base: f64, pairs: Pairs) -> String {
    let pairs = match pairs {
        Pairs::Interleaved => "interleaved",
        Pairs::Halves => "halves",
    };
    format!("over {axis} positions {position} base {base} {pairs}")
}

fn normalisation(axes: &[usize], batch: bool, centre: bool, epsilon: f64) -> String {
    let over = list(axes, usize::to_string);
    let batch = if batch { " and batch" } else { "" };
    let centre = if centre { " centred" } else { "" };
    format!("over [{over}]{batch}{centre} epsilon {epsilon}")
}

fn adjoint(adjoint: &Adjoint) -> String {
    let head = adjoint.operand().map_or_else(|| adjoint.word().to_string(), |of| format!("{} {}", adjoint.word(), value(of)));
    match adjoint {
        Adjoint::OverBatch { .. } | Adjoint::Repeat { .. } => head,
        Adjoint::Fold { axis, stride, padding, dilation, .. } => {
            format!("{head} over {axis} stride {stride} padding {padding} dilation {dilation}")
        }
        Adjoint::Pad { axis, before, .. } => format!("{head} over {axis} before {before}"),
        Adjoint::First { kind, axes, .. } => format!("{head} {} over [{}]", extreme(*kind), list(axes, usize::to_string)),
        Adjoint::Kept { axis, count, .. } => format!("{head} over {axis} count {count}"),
        Adjoint::Band { before, after } => format!("{head} before {} after {}", limit(*before), limit(*after)),
        Adjoint::TurnBack { position, axis, base, pairs, .. } => {
            format!("{head} {}", rotation(*position, *axis, *base, *pairs))
        }
        Adjoint::InverseDeviation { axes, batch, centre, epsilon, .. } => {
            format!("{head} {}", normalisation(axes, *batch, *centre, *epsilon))
        }
    }
}

fn extreme(kind: ReduceKind) -> &'static str {
    match kind {
        ReduceKind::Max => "max",
        ReduceKind::Min => "min",
    }
}

/// A scalar function of `x` as text.
fn scalar(body: &Scalar) -> String {
    match body {
        Scalar::Argument => "x".into(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Add(parts) => format!("({})", parts.iter().map(scalar).collect::<Vec<_>>().join(" + ")),
        Scalar::Multiply(parts) => parts.iter().map(scalar).collect::<Vec<_>>().join(" * "),
        Scalar::Power(base, exponent) => match **base {
            Scalar::Argument | Scalar::Call(..) | Scalar::Add(_) => format!("{}^{exponent}", scalar(base)),
            Scalar::Number(_) | Scalar::Multiply(_) | Scalar::Power(..) => format!("({})^{exponent}", scalar(base)),
        },
        Scalar::Call(builtin @ (Builtin::LeakyRelu(slope) | Builtin::LeakyStep(slope)), argument) => {
            format!("{}({}, slope: {slope})", builtin.name(), scalar(argument))
        }
        Scalar::Call(builtin, argument) => format!("{}({})", builtin.name(), scalar(argument)),
    }
}
