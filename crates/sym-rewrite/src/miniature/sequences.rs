//! Fewer steps of a recurrence that is unrolled along a sequence.
//!
//! Each step begins with a slice of one position. Steps behind the first are alike: what one computes, the next computes from the same
//! values, from those of the step before, and from the next position. Steps in the middle are taken out, and with them their positions of
//! the sequence wherever it is an axis.

use crate::AxisClasses;
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Axis, Node, Operation, Program, ValueId};

/// Steps that are alike, as runs of operations.
#[derive(Debug, Clone, Copy)]
struct Steps {
    /// The first operation of the second step.
    start: usize,
    /// Operations a step.
    period: usize,
    /// How many steps from the second one on are alike.
    count: usize,
    /// Positions of the sequence.
    length: u128,
    /// Whether it begins at the last position.
    backwards: bool,
}

/// Steps that are taken out.
#[derive(Debug, Clone, Copy)]
struct Removed {
    /// The first operation.
    from: usize,
    /// One behind the last operation.
    to: usize,
    /// Operations a step.
    period: usize,
    /// The first position of the sequence.
    position: u128,
    /// How many steps.
    steps: u128,
}

/// The program with at most `keep` steps of each recurrence, at least four; `None` where none has more that can be taken out.
pub fn shorten_sequences(program: &Program, keep: u128) -> Option<Program> {
    let mut short: Option<Program> = None;
    loop {
        let current = short.as_ref().unwrap_or(program);
        let Some(shorter) = recurrences(current, keep.max(4)).into_iter().find_map(|steps| without(current, steps, keep.max(4)))
        else {
            return short;
        };
        short = Some(shorter);
    }
}

/// Recurrences of more than `keep` steps, those with the most operations a step first.
fn recurrences(program: &Program, keep: u128) -> Vec<Steps> {
    let mut slices: BTreeMap<(ValueId, usize), Vec<(usize, u128)>> = BTreeMap::new();
    for (at, node) in program.nodes.iter().enumerate() {
        if let Operation::Slice { value, axis, start } = node.operation
            && node.shape[axis].size == 1
        {
            slices.entry((value, axis)).or_default().push((at, start));
        }
    }
    let mut found: Vec<Steps> = Vec::new();
    for ((value, axis), places) in slices {
        let length = program.node(value).shape[axis].size;
        if length <= keep || places.len() as u128 != length {
            continue;
        }
        let backwards = places[0].1 != 0;
        let in_order = places.iter().zip(0..).all(|((_, start), at)| *start == if backwards { length - 1 - at } else { at });
        let (start, period) = (places[1].0, places[2].0 - places[1].0);
        let even = places[1..].windows(2).all(|pair| pair[1].0 - pair[0].0 == period);
        if in_order && even {
            let count = alike(program, start, period, backwards).min(length as usize - 1);
            found.push(Steps { start, period, count, length, backwards });
        }
    }
    // Of several sequences of one recurrence the first slice begins the step.
    found.sort_by_key(|steps| (std::cmp::Reverse(steps.period), steps.start));
    found
}

/// How many runs of `period` operations from `start` on are alike.
fn alike(program: &Program, start: usize, period: usize, backwards: bool) -> usize {
    let nodes = &program.nodes;
    let same = |at: usize| at + period < nodes.len() && matches(&nodes[at], &nodes[at + period], period, backwards);
    let mut count = 1;
    while (start + (count - 1) * period..start + count * period).all(same) {
        count += 1;
    }
    count
}

/// Whether an operation does one step later what another does.
fn matches(one: &Node, other: &Node, period: usize, backwards: bool) -> bool {
    let (own, later) = (one.operation.operands(), other.operation.operands());
    let fits = |(one, other): (&ValueId, &ValueId)| one == other || other.0 as usize == one.0 as usize + period;
    if own.len() != later.len() || !own.iter().zip(&later).all(fits) {
        return false;
    }
    let (mut first, mut second) = (one.operation.clone(), other.operation.clone());
    for operation in [&mut first, &mut second] {
        operation.operands_mut().into_iter().for_each(|operand| *operand = ValueId(0));
    }
    if let (Operation::Slice { start: before, .. }, Operation::Slice { start: after, .. }) = (&mut first, &mut second)
        && own == later
    {
        let next = if backwards { before.checked_sub(1) } else { before.checked_add(1) };
        if next != Some(*after) {
            return false;
        }
        *before = *after;
    }
    let sizes = |node: &Node| node.shape.iter().map(|axis| axis.size).collect::<Vec<_>>();
    first == second && sizes(one) == sizes(other) && one.batched == other.batched
}

/// The program without the surplus steps; `None` where something else sees them.
fn without(program: &Program, steps: Steps, keep: u128) -> Option<Program> {
    // The first of the alike steps stays, and so does the last, whose values may be read from outside.
    let surplus = (steps.length - keep).min((steps.count as u128).checked_sub(3)?);
    let from = steps.start + steps.period;
    let position = if steps.backwards { steps.length - 2 - surplus } else { 2 };
    let removed = Removed { from, to: from + surplus as usize * steps.period, period: steps.period, position, steps: surplus };
    if surplus == 0 {
        return None;
    }
    let classes = AxisClasses::of(program);
    let shrunk = removed.classes(program, &classes)?;
    let is_shrunk = |value: ValueId, axis: usize| shrunk.contains(&classes.class(value, axis));
    let mut result = Program { nodes: Vec::with_capacity(program.nodes.len()), ..program.clone() };
    for (at, node) in program.nodes.iter().enumerate() {
        if (removed.from..removed.to).contains(&at) {
            continue;
        }
        let value = ValueId(at as u32);
        let mut node = node.clone();
        removed.cut_operation(program, value, &mut node.operation, &is_shrunk)?;
        for axis in (0..node.shape.len()).filter(|&axis| is_shrunk(value, axis)) {
            if node.shape[axis].size != steps.length {
                return None;
            }
            let small = Axis { name: node.shape[axis].name.clone(), ..Axis::of(steps.length - surplus) };
            match node.operation {
                Operation::Parameter(id) => result.parameters[id.0 as usize].shape[axis] = small.clone(),
                Operation::Input(id) => result.inputs[id.0 as usize].shape[axis] = small.clone(),
                _ => {}
            }
            node.shape[axis] = small;
        }
        result.nodes.push(node);
    }
    for output in &mut result.outputs {
        output.value = removed.renamed(usize::MAX, output.value)?;
    }
    Some(result)
}

impl Removed {
    fn holds(self, value: ValueId) -> bool {
        (self.from..self.to).contains(&(value.0 as usize))
    }

    /// The new number of a value that the operation `reader` reads: the step behind the gap reads the step in front of it.
    fn renamed(self, reader: usize, value: ValueId) -> Option<ValueId> {
        let (at, gap) = (value.0 as usize, self.to - self.from);
        if at < self.from {
            return Some(value);
        }
        let next = (self.to..self.to + self.period).contains(&reader) && at + self.period >= self.to;
        (at >= self.to || next).then(|| ValueId((at - gap) as u32))
    }

    /// The classes of axes that lose positions: those that the steps cut, and those along which their values are gathered.
    fn classes(self, program: &Program, classes: &AxisClasses) -> Option<BTreeSet<usize>> {
        let mut shrunk = BTreeSet::new();
        for node in &program.nodes[self.from..self.to] {
            if let Operation::Slice { value, axis, start } = node.operation
                && (value.0 as usize) < self.from - self.period
                && self.removes(start)
                && node.shape[axis].size == 1
            {
                shrunk.insert(classes.class(value, axis));
            }
        }
        for (at, node) in program.nodes.iter().enumerate().skip(self.to) {
            let Operation::Concat { values, axis } = &node.operation else { continue };
            let dropped: Vec<u128> = values.iter().zip(0..).filter(|(value, _)| self.holds(**value)).map(|(_, at)| at).collect();
            if !dropped.is_empty() {
                let whole = dropped.len() as u128 == self.steps && dropped.iter().all(|&at| self.removes(at));
                let single = values.iter().all(|&value| program.node(value).shape[*axis].size == 1);
                if !whole || !single {
                    return None;
                }
                shrunk.insert(classes.class(ValueId(at as u32), *axis));
            }
        }
        Some(shrunk)
    }

    fn removes(self, position: u128) -> bool {
        (self.position..self.position + self.steps).contains(&position)
    }

    /// Renames the operands of an operation that stays and takes positions out of what it does along shrunk axes; `None` where it has no
    /// form with fewer of them.
    fn cut_operation(
        self,
        program: &Program,
        result: ValueId,
        operation: &mut Operation,
        is_shrunk: &dyn Fn(ValueId, usize) -> bool,
    ) -> Option<()> {
        match operation {
            Operation::Concat { values, axis } => {
                let (gathers, axis) = (values.iter().any(|&value| self.holds(value)), *axis);
                if gathers {
                    values.retain(|&value| !self.holds(value));
                } else if is_shrunk(result, axis) || values.iter().any(|&value| is_shrunk(value, axis)) {
                    return None;
                }
            }
            Operation::Slice { value, axis, start } if is_shrunk(*value, *axis) => {
                let end = *start + program.node(result).shape[*axis].size;
                let behind = *start >= self.position + self.steps;
                if !behind && end > self.position {
                    return None;
                }
                *start -= if behind { self.steps } else { 0 };
            }
            Operation::Reshape { value, atoms, from, to } => {
                let own = |value: ValueId, groups: &[usize]| -> Option<Vec<usize>> {
                    let (mut start, mut found) = (0, Vec::new());
                    for (axis, &count) in groups.iter().enumerate() {
                        if is_shrunk(value, axis) {
                            if count != 1 {
                                return None;
                            }
                            found.push(start);
                        }
                        start += count;
                    }
                    Some(found)
                };
                let (before, after) = (own(*value, from)?, own(result, to)?);
                if before != after {
                    return None;
                }
                for atom in before {
                    atoms[atom] = Axis::of(atoms[atom].size - self.steps);
                }
            }
            Operation::Window { value, axis, .. } | Operation::Rotary { value, axis, .. } if is_shrunk(*value, *axis) => {
                return None;
            }
            Operation::TopK { value, axis, .. } if is_shrunk(*value, *axis) => return None,
            Operation::OneHot { .. } if is_shrunk(result, program.node(result).shape.len() - 1) => return None,
            Operation::Einsum { operands, output, coefficient } => {
                // A mean over the sequence stays a mean.
                let summed = operands.iter().find_map(|operand| {
                    let at = (0..operand.labels.len())
                        .find(|&axis| is_shrunk(operand.value, axis) && !output.contains(&operand.labels[axis]))?;
                    Some(program.node(operand.value).shape[at].size)
                });
                if let Some(length) = summed.filter(|&length| (*coefficient * length as f64 - 1.0).abs() < 1e-12) {
                    *coefficient = 1.0 / (length - self.steps) as f64;
                }
            }
            _ => {}
        }
        for operand in operation.operands_mut() {
            *operand = self.renamed(result.0 as usize, *operand)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::shorten_sequences;
    use sym_ir::{Axis, Builder, Builtin, Operation, Program, ValueId};

    /// h ← tanh(u + W h) over `length` positions, forwards or backwards, with all states as the output or the last one alone.
    fn recurrence(length: u128, backwards: bool, all: bool) -> Program {
        let mut b = Builder::new("M");
        let x = b.input("x", &[length, 2]);
        let (u, w) = (b.parameter("u", &[3, 2]), b.parameter("w", &[3, 3]));
        let z = b.einsum("oa,ta->to", &[u, x]);
        let reshape = |b: &mut Builder, value: ValueId, grow: bool| {
            let (from, to) = if grow { (vec![1], vec![0, 1]) } else { (vec![0, 1], vec![1]) };
            let shape = if grow { vec![Axis::of(1), Axis::of(3)] } else { vec![Axis::of(3)] };
            b.push(Operation::Reshape { value, atoms: vec![Axis::of(3)], from, to }, shape, "reshape")
        };
        let (mut state, mut rows) = (None, Vec::new());
        for step in 0..length {
            let start = if backwards { length - 1 - step } else { step };
            let cut = b.push(Operation::Slice { value: z, axis: 0, start }, vec![Axis::of(1), Axis::of(3)], "slice");
            let mut sum = reshape(&mut b, cut, false);
            if let Some(state) = state {
                let moved = b.einsum("oa,a->o", &[w, state]);
                sum = b.add(&[sum, moved]);
            }
            let next = b.map(Builtin::Tanh, sum);
            if all {
                rows.push(reshape(&mut b, next, true));
            }
            state = Some(next);
        }
        let output = if all {
            if backwards {
                rows.reverse();
            }
            b.push(Operation::Concat { values: rows, axis: 0 }, vec![Axis::of(length), Axis::of(3)], "concat")
        } else {
            state.expect("it has steps")
        };
        b.output("output", output);
        b.finish()
    }

    #[test]
    fn a_long_recurrence_becomes_a_short_one() {
        for (backwards, all) in [(false, false), (false, true), (true, false), (true, true)] {
            let short = shorten_sequences(&recurrence(1000, backwards, all), 6).expect("it is long");
            assert_eq!(short, recurrence(6, backwards, all), "{backwards} {all}");
        }
        assert_eq!(shorten_sequences(&recurrence(6, false, true), 6), None);
    }

    #[test]
    fn a_recurrence_whose_states_are_seen_elsewhere_stays() {
        let mut program = recurrence(12, false, false);
        let middle = program.nodes.len() / 2;
        program.outputs[0].value = ValueId(middle as u32);
        assert_eq!(shorten_sequences(&program, 6), None);
    }
}
