//! Which axes of a program range over one index: union–find over (value, axis).

use std::collections::HashMap;
use sym_ir::{Label, Operation, ParameterId, Program, ValueId};

/// The classes of axes that operations force to have the same positions. Merged axes of a reshape, the joined axis of a concat and the cut
/// axis of a slice are classes of their own.
#[derive(Debug, Clone)]
pub struct AxisClasses {
    first: Vec<usize>,
    parent: Vec<usize>,
}

impl AxisClasses {
    /// Collects the classes of a program in one pass.
    pub fn of(program: &Program) -> Self {
        let mut first = Vec::with_capacity(program.nodes.len());
        let mut count = 0;
        for node in &program.nodes {
            first.push(count);
            count += node.shape.len();
        }
        let mut classes = Self { first, parent: (0..count).collect() };
        let mut reads: HashMap<ParameterId, ValueId> = HashMap::new();
        for (at, node) in program.nodes.iter().enumerate() {
            let result = ValueId(at as u32);
            if let Operation::Parameter(id) = node.operation {
                if let Some(&other) = reads.get(&id) {
                    classes.join_all(other, result, node.shape.len());
                }
                reads.insert(id, result);
            }
            classes.relate(program, result);
        }
        classes
    }

    /// The class of an axis, by a number that only equals itself.
    pub fn class(&self, value: ValueId, axis: usize) -> usize {
        let mut at = self.first[value.0 as usize] + axis;
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn relate(&mut self, program: &Program, result: ValueId) {
        let node = program.node(result);
        match &node.operation {
            // Models have no derivatives.
            Operation::Input(_) | Operation::Parameter(_) | Operation::Adjoint(_) => {}
            Operation::Einsum { operands, output, .. } => {
                let mut seen: HashMap<Label, (ValueId, usize)> = HashMap::new();
                let axes = operands
                    .iter()
                    .flat_map(|operand| operand.labels.iter().enumerate().map(|(axis, &label)| (label, operand.value, axis)));
                for (label, value, axis) in axes.chain(output.iter().enumerate().map(|(axis, &label)| (label, result, axis))) {
                    let &mut (other, other_axis) = seen.entry(label).or_insert((value, axis));
                    self.join((other, other_axis), (value, axis));
                }
            }
            Operation::Add { terms, .. } => {
                for term in terms {
                    for (axis, &along) in term.axes.iter().enumerate() {
                        self.join((term.value, axis), (result, along));
                    }
                }
            }
            Operation::Map { value, .. }
            | Operation::Softmax { value, .. }
            | Operation::Normalise { value, .. }
            | Operation::Mask { value, .. }
            | Operation::TopK { value, .. }
            | Operation::Rotary { value, .. } => self.join_all(*value, result, node.shape.len()),
            Operation::OneHot { value } => self.join_all(*value, result, node.shape.len() - 1),
            Operation::Window { value, axis: windowed, .. } => {
                for axis in (0..program.node(*value).shape.len()).filter(|axis| axis != windowed) {
                    self.join((*value, axis), (result, axis + usize::from(axis > *windowed)));
                }
            }
            Operation::Reduce { value, axes, .. } => {
                let kept = (0..program.node(*value).shape.len()).filter(|axis| !axes.contains(axis));
                for (to, from) in kept.enumerate() {
                    self.join((*value, from), (result, to));
                }
            }
            Operation::Reshape { value, from, to, .. } => {
                let whole = |groups: &[usize]| {
                    let starts = groups.iter().scan(0, |next, &length| Some(std::mem::replace(next, *next + length)));
                    starts
                        .zip(groups)
                        .enumerate()
                        .map(|(axis, (start, &length))| ((start, length), axis))
                        .collect::<HashMap<_, _>>()
                };
                let results = whole(to);
                for (atoms, axis) in whole(from) {
                    if let Some(&other) = results.get(&atoms) {
                        self.join((*value, axis), (result, other));
                    }
                }
            }
            Operation::Concat { values, axis: joined } => {
                for &value in values {
                    for axis in (0..node.shape.len()).filter(|axis| axis != joined) {
                        self.join((value, axis), (result, axis));
                    }
                }
            }
            Operation::Slice { value, axis: cut, .. } => {
                for axis in (0..node.shape.len()).filter(|axis| axis != cut) {
                    self.join((*value, axis), (result, axis));
                }
            }
        }
    }

    fn join_all(&mut self, value: ValueId, other: ValueId, rank: usize) {
        for axis in 0..rank {
            self.join((value, axis), (other, axis));
        }
    }

    fn join(&mut self, one: (ValueId, usize), other: (ValueId, usize)) {
        let (one, other) = (self.root(one), self.root(other));
        self.parent[one.max(other)] = one.min(other);
    }

    /// The root, with the path to it halved.
    fn root(&mut self, (value, axis): (ValueId, usize)) -> usize {
        let mut at = self.first[value.0 as usize] + axis;
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::AxisClasses;
    use sym_ir::{Builder, Builtin, ValueId};

    #[test]
    fn hidden_units_are_one_class_from_the_weight_to_its_reader() {
        let mut builder = Builder::new("M");
        let x = builder.input("x", &[3]);
        let hidden = builder.linear("fc1", x, 5, true);
        let hidden = builder.map(Builtin::Tanh, hidden);
        let y = builder.linear("head", hidden, 2, true);
        builder.output("output", y);
        let program = builder.finish();
        let classes = AxisClasses::of(&program);
        let reads = |path: &str| {
            ValueId(program.nodes.iter().position(|node| *node.name == *path).expect("the parameter is read") as u32)
        };
        assert_eq!(classes.class(reads("fc1.weight"), 0), classes.class(reads("head.weight"), 1));
        assert_eq!(classes.class(reads("fc1.bias"), 0), classes.class(hidden, 0));
        assert_ne!(classes.class(reads("fc1.weight"), 1), classes.class(hidden, 0));
    }
}
