//! What each operation does to changes that no input enters.

use super::expressions::{ExpressionId, Expressions, Form, Part, entries};
use super::unknowns::unknowns;
use super::{Condition, Constants, Read, Unknown};
use crate::paths::Paths;
use crate::paths::flow::{Flow, Source};
use crate::paths::shifts::mask;
use crate::relations::{Subset, members};
use crate::spaces::{Segment, kept_axes, repeats, segments};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::{Label, Operand, Operation, ParameterId, Term, ValueId};

/// A constant change of a value: an expression, with the value's axis for each of its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// The expression.
    pub expression: ExpressionId,
    /// The value's axes.
    pub along: Vec<usize>,
}

/// What a value changes by: a constant, and functions of the inputs that vanish with an expression, each with the axes along which it
/// varies.
#[derive(Debug, Clone, Default)]
struct Change {
    constant: Option<Constant>,
    others: BTreeMap<ExpressionId, Subset>,
}

impl Change {
    fn is_none(&self) -> bool {
        self.constant.is_none() && self.others.is_empty()
    }
}

/// Functions of the inputs that one value changes by at most; of more their expressions must vanish.
const OTHERS: usize = 8;

/// All changes of a program with what is asked of them.
pub(super) fn run(paths: &Paths) -> Constants {
    let program = paths.program;
    let mut pass = Pass {
        paths,
        varying: unknowns(paths),
        changes: vec![Change::default(); program.nodes.len()],
        evaluable: vec![false; program.nodes.len()],
        asked: BTreeSet::new(),
        met: BTreeSet::new(),
        constants: Constants { expressions: Expressions::default(), unknowns: Vec::new(), conditions: Vec::new() },
    };
    for index in 0..program.nodes.len() {
        let value = ValueId(index as u32);
        pass.evaluable[index] = pass.is_evaluable(value);
        if paths.graph.is_read(value) {
            let change = pass.operation(value);
            pass.changes[index] = change;
            if paths.graph.is_output(value) {
                pass.see(value, value);
            }
        }
    }
    pass.constants
}

struct Pass<'a> {
    paths: &'a Paths<'a>,
    varying: BTreeMap<ParameterId, Vec<usize>>,
    changes: Vec<Change>,
    evaluable: Vec<bool>,
    asked: BTreeSet<(ExpressionId, Option<Vec<usize>>)>,
    /// The parameters that are unknowns by now.
    met: BTreeSet<ParameterId>,
    constants: Constants,
}

impl Pass<'_> {
    fn change(&self, value: ValueId) -> &Change {
        &self.changes[value.0 as usize]
    }

    fn size(&self, value: ValueId, axis: usize) -> u128 {
        self.paths.program.node(value).shape[axis].size
    }

    /// Whether a value of weights alone is one that [`crate::action::context::Context`] evaluates.
    fn is_evaluable(&self, value: ValueId) -> bool {
        let node = self.paths.program.node(value);
        let followed = !matches!(
            node.operation,
            Operation::Input(_)
                | Operation::Window { .. }
                | Operation::OneHot { .. }
                | Operation::Mask { .. }
                | Operation::TopK { .. }
                | Operation::Rotary { .. }
                | Operation::Adjoint(_)
        );
        !node.batched && followed && node.operation.operands().iter().all(|operand| self.evaluable[operand.0 as usize])
    }

    fn ask(&mut self, expression: ExpressionId, even: Option<Vec<usize>>, by: ValueId) {
        if self.asked.insert((expression, even.clone())) {
            self.constants.conditions.push(Condition { expression, even, by });
        }
    }

    /// An operation shows every change of a value.
    fn see(&mut self, value: ValueId, by: ValueId) {
        self.see_constant(value, by);
        self.see_others(value, by);
    }

    fn see_constant(&mut self, value: ValueId, by: ValueId) {
        if let Some(constant) = self.change(value).constant.clone() {
            self.ask(constant.expression, None, by);
        }
    }

    fn see_others(&mut self, value: ValueId, by: ValueId) {
        for root in self.change(value).others.clone().into_keys() {
            self.ask(root, None, by);
        }
    }

    /// The operation forgets what does not vary along some axes together.
    fn forget(&mut self, value: ValueId, axes: &[usize], others: bool, by: ValueId) {
        let change = self.change(value).clone();
        if let Some(constant) = change.constant {
            let even: Vec<usize> = (0..constant.along.len()).filter(|at| axes.contains(&constant.along[*at])).collect();
            if !even.is_empty() {
                self.ask(constant.expression, Some(even), by);
            }
        }
        for (root, varies) in change.others {
            if !others || varies & mask(axes) != 0 {
                self.ask(root, None, by);
            }
        }
    }

    /// The change passes to other axes; the parts of it that vary along axes that do not pass are seen.
    fn pass(&mut self, value: ValueId, by: ValueId, target: &dyn Fn(usize) -> Option<usize>) -> Change {
        let change = self.change(value).clone();
        let mut passed = Change::default();
        if let Some(constant) = change.constant {
            match constant.along.iter().map(|axis| target(*axis)).collect() {
                Some(along) => passed.constant = Some(Constant { along, ..constant }),
                None => self.ask(constant.expression, None, by),
            }
        }
        for (root, varies) in change.others {
            match members(varies).try_fold(0, |mask, axis| Some(mask | 1 << target(axis)?)) {
                Some(varies) => {
                    passed.others.insert(root, varies);
                }
                None => self.ask(root, None, by),
            }
        }
        passed
    }

    fn operation(&mut self, result: ValueId) -> Change {
        let paths = self.paths;
        let node = paths.program.node(result);
        if let Operation::Parameter(id) = node.operation {
            return self.parameter(id, result);
        }
        let operands = node.operation.operands();
        let still = operands.iter().all(|value| self.change(*value).is_none());
        match &node.operation {
            Operation::Einsum { operands, output, coefficient } => self.product(result, operands, output, *coefficient),
            _ if still => Change::default(),
            Operation::Add { terms, .. } => self.sum(result, terms),
            Operation::Map { value, .. } => {
                let Some(slope) = paths.slope(result) else {
                    self.see(*value, result);
                    return Change::default();
                };
                let axes = (0..node.shape.len()).collect();
                self.sum(result, &[Term { value: *value, coefficient: slope, axes }])
            }
            Operation::Softmax { value, axis } => {
                self.forget(*value, &[*axis], true, result);
                Change::default()
            }
            // The mean takes up what is the same over all that it runs over, the batch included.
            Operation::Normalise { value, axes, batch, centre: true, .. } => {
                self.forget(*value, axes, !batch, result);
                Change::default()
            }
            Operation::Reduce { value, axes: removed, .. } => {
                let rank = paths.program.node(*value).shape.len();
                self.pass(*value, result, &|axis| kept_axes(rank, removed).position(|kept| kept == axis))
            }
            Operation::Reshape { value, from, to, .. } => self.regroup(*value, result, from, to),
            Operation::Concat { values, axis } => self.join(result, values, *axis),
            Operation::Slice { value, axis, start } => {
                let mut change = self.change(*value).clone();
                if let Some(constant) = &mut change.constant
                    && let Some(own) = constant.along.iter().position(|along| along == axis)
                {
                    let mut sizes = self.constants.expressions.get(constant.expression).sizes.clone();
                    sizes[own] = node.shape[*axis].size;
                    let form = Form::Piece { of: constant.expression, axis: own, start: *start };
                    constant.expression = self.constants.expressions.add(form, sizes);
                }
                change
            }
            // What is hidden is −∞ with the change as without.
            Operation::Mask { value, .. } => self.change(*value).clone(),
            Operation::TopK { value, axis, rest, .. } if *rest == f64::NEG_INFINITY => {
                self.pass(*value, result, &|own| (own != *axis).then_some(own))
            }
            Operation::Window { value, axis, padding, rest, .. } if *padding == 0 || *rest == f64::NEG_INFINITY => {
                self.pass(*value, result, &|own| (own != *axis).then(|| own + usize::from(own > *axis)))
            }
            Operation::Input(_)
            | Operation::Parameter(_)
            | Operation::Normalise { .. }
            | Operation::Window { .. }
            | Operation::OneHot { .. }
            | Operation::TopK { .. }
            | Operation::Rotary { .. }
            | Operation::Adjoint(_) => {
                operands.iter().for_each(|value| self.see(*value, result));
                Change::default()
            }
        }
    }

    fn parameter(&mut self, parameter: ParameterId, value: ValueId) -> Change {
        let Some(axes) = self.varying.get(&parameter).cloned() else { return Change::default() };
        let sizes = axes.iter().map(|axis| self.size(value, *axis)).collect();
        let expression = self.constants.expressions.add(Form::Unknown { parameter, axes: axes.clone(), reads: false }, sizes);
        if self.met.insert(parameter) {
            self.constants.unknowns.push(Unknown { parameter, value, axes: axes.clone(), expression, read: None });
        }
        Change { constant: Some(Constant { expression, along: axes }), others: BTreeMap::new() }
    }

    fn sum(&mut self, result: ValueId, terms: &[Term]) -> Change {
        let mut parts: BTreeMap<(ExpressionId, Vec<usize>), f64> = BTreeMap::new();
        let mut others: BTreeMap<ExpressionId, Subset> = BTreeMap::new();
        for term in terms {
            let change = self.change(term.value);
            if let Some(constant) = &change.constant {
                let along = constant.along.iter().map(|axis| term.axes[*axis]).collect();
                *parts.entry((constant.expression, along)).or_insert(0.0) += term.coefficient;
            }
            for (root, varies) in &change.others {
                *others.entry(*root).or_insert(0) |= members(*varies).fold(0, |mask, axis| mask | 1 << term.axes[axis]);
            }
        }
        parts.retain(|_, factor| *factor != 0.0);
        self.few(&mut others, result);
        Change { constant: self.added(result, &parts), others }
    }

    /// The sum of constants by their axes of the result.
    fn added(&mut self, result: ValueId, parts: &BTreeMap<(ExpressionId, Vec<usize>), f64>) -> Option<Constant> {
        if let Some(((expression, along), factor)) = parts.first_key_value()
            && parts.len() == 1
            && *factor == 1.0
        {
            return Some(Constant { expression: *expression, along: along.clone() });
        }
        let axes: BTreeSet<usize> = parts.keys().flat_map(|(_, along)| along.iter().copied()).collect();
        let along: Vec<usize> = axes.into_iter().collect();
        let sizes = along.iter().map(|axis| self.size(result, *axis)).collect();
        let place = |axis: &usize| along.iter().position(|own| own == axis).unwrap_or_default();
        let summand = |((of, own), factor): (&(ExpressionId, Vec<usize>), &f64)| Part {
            of: *of,
            axes: own.iter().map(place).collect(),
            factor: factor.to_bits(),
        };
        let summands: Vec<Part> = parts.iter().map(summand).collect();
        if summands.is_empty() {
            return None;
        }
        Some(Constant { expression: self.constants.expressions.add(Form::Sum(summands), sizes), along })
    }

    fn product(&mut self, result: ValueId, operands: &[Operand], output: &[Label], coefficient: f64) -> Change {
        if coefficient == 0.0 {
            return Change::default();
        }
        let moving: Vec<usize> = (0..operands.len()).filter(|slot| !self.change(operands[*slot].value).is_none()).collect();
        let twice = moving.iter().any(|slot| {
            operands.iter().enumerate().any(|(other, operand)| other != *slot && operand.value == operands[*slot].value)
        });
        if twice || operands.iter().any(|operand| repeats(&operand.labels)) {
            moving.iter().for_each(|slot| self.see(operands[*slot].value, result));
            return Change::default();
        }
        let read = self.read(result, operands, output);
        let mut changes: Vec<(usize, Change)> = moving.iter().map(|&slot| (slot, self.factor(operands, output, slot))).collect();
        // A factor that a constant is multiplied with must not change itself: so the answer is exact for finite changes.
        let entries = |change: &Change| {
            change.constant.as_ref().map(|constant| self.constants.expressions.get(constant.expression).entries())
        };
        let largest = changes.iter().filter(|change| change.1.constant.is_some()).max_by_key(|change| entries(&change.1));
        if let Some((slot, change)) = largest.cloned() {
            moving.iter().filter(|other| **other != slot).for_each(|other| self.see(operands[*other].value, result));
            let constant = change.constant.map(|constant| self.image(result, operands, output, coefficient, slot, &constant));
            changes = vec![(slot, Change { constant, ..change })];
        }
        let mut parts: BTreeMap<(ExpressionId, Vec<usize>), f64> = BTreeMap::new();
        let mut others: BTreeMap<ExpressionId, Subset> = BTreeMap::new();
        for change in changes.into_iter().map(|change| change.1) {
            parts.extend(change.constant.map(|constant| ((constant.expression, constant.along), 1.0)));
            for (root, varies) in change.others {
                *others.entry(root).or_insert(0) |= varies;
            }
        }
        parts.extend(read.map(|constant| ((constant.expression, constant.along), 1.0)));
        self.few(&mut others, result);
        Change { constant: self.added(result, &parts), others }
    }

    /// The constant that weights can make as they read one.
    fn read(&mut self, result: ValueId, operands: &[Operand], output: &[Label]) -> Option<Constant> {
        let still = Flow { source: Source::One, varies: 0 };
        let (slot, weights) =
            (0..operands.len()).find_map(|slot| Some((slot, self.paths.reader(operands, output, slot, &still)?)))?;
        let (own, other) = (&operands[slot], &operands[weights.slot]);
        let change = self.change(own.value);
        // What the value changes by must not differ where the weights do not.
        let place = |axis: &usize| match other.labels.iter().position(|label| *label == own.labels[*axis]) {
            Some(at) if at == weights.axis => Some(None),
            at => at.map(Some),
        };
        let change = match &change.constant {
            _ if !change.others.is_empty() || !self.change(other.value).is_none() => return None,
            Some(constant) => Some((constant.expression, constant.along.iter().map(place).collect::<Option<Vec<_>>>()?)),
            None => None,
        };
        let axes: Vec<usize> = (0..other.labels.len()).filter(|axis| *axis != weights.axis).collect();
        let along =
            axes.iter().map(|axis| output.iter().position(|label| *label == other.labels[*axis])).collect::<Option<_>>()?;
        let sizes = axes.iter().map(|axis| self.size(other.value, *axis)).collect();
        let form = Form::Unknown { parameter: weights.parameter, axes: axes.clone(), reads: true };
        let expression = self.constants.expressions.add(form, sizes);
        let read = Read { product: result, value: own.value, axis: weights.read, contracted: weights.axis, change };
        self.constants.unknowns.push(Unknown {
            parameter: weights.parameter,
            value: other.value,
            axes,
            expression,
            read: Some(read),
        });
        Some(Constant { expression, along })
    }

    /// What a product changes by as one of its factors does; a constant stays that of the factor.
    fn factor(&self, operands: &[Operand], output: &[Label], slot: usize) -> Change {
        let own = self.change(operands[slot].value).clone();
        let labels = &operands[slot].labels;
        let target = |labels: Vec<Label>| -> Subset {
            labels
                .iter()
                .filter_map(|label| output.iter().position(|other| other == label))
                .fold(0, |mask, axis| mask | 1 << axis)
        };
        let of_slots = |slots: &[usize]| target(slots.iter().flat_map(|slot| operands[*slot].labels.iter().copied()).collect());
        let beside: Vec<usize> = (0..operands.len()).filter(|other| *other != slot).collect();
        let mut change = Change::default();
        for (root, varies) in own.others {
            change.others.insert(root, of_slots(&beside) | target(members(varies).map(|axis| labels[axis]).collect()));
        }
        let Some(constant) = own.constant else { return change };
        let flow = Flow { source: Source::One, varies: mask(&constant.along) };
        let product = self.paths.product(operands, output, slot, &flow);
        if product.others.iter().all(|other| self.evaluable[operands[*other].value.0 as usize]) {
            change.constant = Some(constant);
        } else {
            let moved = target(constant.along.iter().map(|axis| labels[*axis]).collect());
            *change.others.entry(constant.expression).or_insert(0) |= of_slots(&product.others) | moved;
        }
        change
    }

    /// Of too many functions of the inputs the last must vanish.
    fn few(&mut self, others: &mut BTreeMap<ExpressionId, Subset>, by: ValueId) {
        while others.len() > OTHERS {
            let Some((root, _)) = others.pop_last() else { break };
            self.ask(root, None, by);
        }
    }

    /// A constant times weights.
    fn image(
        &mut self,
        result: ValueId,
        operands: &[Operand],
        output: &[Label],
        coefficient: f64,
        slot: usize,
        constant: &Constant,
    ) -> Constant {
        let flow = Flow { source: Source::One, varies: mask(&constant.along) };
        let product = self.paths.product(operands, output, slot, &flow);
        let own: Vec<Label> = constant.along.iter().map(|axis| operands[slot].labels[*axis]).collect();
        let borne: Vec<Label> =
            own.iter().copied().chain(product.others.iter().flat_map(|other| operands[*other].labels.iter().copied())).collect();
        let along: Vec<usize> = (0..output.len()).filter(|axis| borne.contains(&output[*axis])).collect();
        // A summed label along which nothing varies multiplies by its size.
        let mut idle: Vec<(Label, f64)> = Vec::new();
        for operand in operands {
            for (axis, label) in operand.labels.iter().enumerate() {
                let counts = !borne.contains(label) && !output.contains(label) && !product.spent.contains(label);
                if counts && idle.iter().all(|known| known.0 != *label) {
                    idle.push((*label, self.size(operand.value, axis) as f64));
                }
            }
        }
        let factor = coefficient * product.factor * idle.iter().map(|label| label.1).product::<f64>();
        let kept: Vec<Label> = along.iter().map(|axis| output[*axis]).collect();
        if product.others.is_empty() && factor == 1.0 && own.iter().all(|label| kept.contains(label)) {
            let along = own.iter().map(|label| output.iter().position(|other| other == label).unwrap_or_default()).collect();
            return Constant { expression: constant.expression, along };
        }
        let number = |label: &Label| borne.iter().position(|other| other == label).unwrap_or_default() as u32;
        let form = Form::Product {
            of: constant.expression,
            labels: own.iter().map(number).collect(),
            others: product
                .others
                .iter()
                .map(|other| (operands[*other].value, operands[*other].labels.iter().map(number).collect()))
                .collect(),
            output: kept.iter().map(number).collect(),
            factor: factor.to_bits(),
        };
        let sizes = along.iter().map(|axis| self.size(result, *axis)).collect();
        Constant { expression: self.constants.expressions.add(form, sizes), along }
    }

    fn join(&mut self, result: ValueId, values: &[ValueId], axis: usize) -> Change {
        let mut joined = Change::default();
        let mut constants: Vec<(Constant, u128, u128)> = Vec::new();
        let mut start = 0;
        for value in values {
            let length = self.size(*value, axis);
            let change = self.change(*value).clone();
            constants.extend(change.constant.map(|constant| (constant, start, length)));
            for (root, varies) in change.others {
                *joined.others.entry(root).or_insert(0) |= varies | 1 << axis;
            }
            start += length;
        }
        if constants.is_empty() {
            return joined;
        }
        let axes: BTreeSet<usize> = constants.iter().flat_map(|part| part.0.along.iter().copied()).chain([axis]).collect();
        let along: Vec<usize> = axes.into_iter().collect();
        let place = |axis: usize| along.iter().position(|own| *own == axis).unwrap_or_default();
        let parts = constants.iter().map(|(constant, start, length)| {
            let axes = constant.along.iter().map(|axis| place(*axis)).collect();
            (Part { of: constant.expression, axes, factor: 1f64.to_bits() }, *start, *length)
        });
        let form = Form::Joined { axis: place(axis), parts: parts.collect() };
        let sizes = along.iter().map(|axis| self.size(result, *axis)).collect();
        joined.constant = Some(Constant { expression: self.constants.expressions.add(form, sizes), along });
        joined
    }

    /// A reshape, segment by segment: the least runs of axes that hold the same atoms before and after it.
    fn regroup(&mut self, value: ValueId, result: ValueId, from: &[usize], to: &[usize]) -> Change {
        let segments = segments(from, to);
        let change = self.change(value).clone();
        let mut regrouped = Change::default();
        for (root, varies) in change.others {
            let touched = |segment: &&Segment| members(varies).any(|axis| segment.from.contains(&axis));
            let varies =
                segments.iter().filter(touched).flat_map(|segment| segment.to.clone()).fold(0, |mask, axis| mask | 1 << axis);
            regrouped.others.insert(root, varies);
        }
        let Some(constant) = change.constant else { return regrouped };
        let touched: Vec<&Segment> =
            segments.iter().filter(|segment| constant.along.iter().any(|axis| segment.from.contains(axis))).collect();
        if touched.iter().all(|segment| segment.from.len() == 1 && segment.to.len() == 1) {
            let target =
                |axis: &usize| touched.iter().find(|segment| segment.from.contains(axis)).map_or(0, |segment| segment.to.start);
            let along = constant.along.iter().map(target).collect();
            regrouped.constant = Some(Constant { along, ..constant });
            return regrouped;
        }
        let spread: Vec<usize> = touched.iter().flat_map(|segment| segment.from.clone()).collect();
        let along: Vec<usize> = touched.iter().flat_map(|segment| segment.to.clone()).collect();
        let axes = constant.along.iter().map(|axis| spread.iter().position(|own| own == axis).unwrap_or_default()).collect();
        let form = Form::Regrouped {
            of: Part { of: constant.expression, axes, factor: 1f64.to_bits() },
            shape: spread.iter().map(|axis| self.size(value, *axis)).collect(),
        };
        let sizes: Vec<u128> = along.iter().map(|axis| self.size(result, *axis)).collect();
        debug_assert_eq!(entries(&sizes), spread.iter().map(|axis| self.size(value, *axis)).product::<u128>());
        regrouped.constant = Some(Constant { expression: self.constants.expressions.add(form, sizes), along });
        regrouped
    }
}
