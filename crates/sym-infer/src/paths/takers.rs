//! Parameters in a sum that can take a change back.

use super::Paths;
use super::flow::{Flow, Source};
use crate::relations::members;
use crate::spaces::{repeats, unsplit_axes};
use sym_ir::{Label, Operand, Operation, ParameterId, Term, ValueId};

/// What an index of a taking parameter runs along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An axis of the sum.
    Here(usize),
    /// A summed axis of the source.
    Source(usize),
    /// None: the parameter changes by the same at all its positions.
    Even,
}

/// A free parameter of a sum that adds to it any linear function of a source, or any constant, of some axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Taker {
    /// The parameter.
    pub parameter: ParameterId,
    /// What it reads, with the sum's axis for each axis of that; `None` for a constant.
    pub source: Option<(ValueId, Vec<Option<usize>>)>,
    /// For each of its axes what that runs along.
    pub places: Vec<Place>,
    /// The sum changes by this factor times the parameter's change.
    pub factor: f64,
    /// The number of independent changes.
    freedom: u128,
}

/// A taker with the way from its source to that of the change.
#[derive(Debug, Clone, PartialEq)]
pub struct Absorber {
    /// The taker.
    pub taker: Taker,
    /// The linear operations between the source of the change and that of the taker, in order.
    pub steps: Vec<Step>,
}

/// A linear operation between two sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A source that is a linear function of the next one.
    Back(ValueId),
    /// Windows over the source, one of whose taps is the source itself.
    Window(ValueId),
    /// One term of a source that is a sum, or, behind the last, its constant.
    Term(ValueId, usize),
}

/// Nested sums that are looked through.
const NESTED: usize = 6;
/// Linear operations between two sources that are looked through.
const BACK: usize = 16;
/// Sums within sums that a source may be.
const SUMS: usize = 3;

impl Paths<'_> {
    /// Parameters of a sum that take back `flow`, which arrives in term `slot`: one, or one for each term of its source where that is a sum
    /// itself. `flow` is in terms of the sum's axes.
    pub fn absorbers(&self, terms: &[Term], slot: usize, flow: &Flow) -> Option<Vec<Absorber>> {
        if flow.source == Source::Anything || terms.len() < 2 {
            return None;
        }
        let of_term = |at: usize| {
            let mut takers = Vec::new();
            self.collect(&terms[at], &|axis| axis, 1.0, NESTED, &mut takers);
            takers
        };
        let own = of_term(slot);
        let mut takers = Vec::new();
        for other in (0..terms.len()).filter(|other| *other != slot) {
            takers.extend(of_term(other).into_iter().filter(|taker| {
                // Of two parameters that can take each other's change, the earlier is the one that the later absorbs.
                let same = own.iter().filter(|own| own.source.is_some() == taker.source.is_some());
                let rival = same.map(|own| own.freedom).max().unwrap_or(0);
                taker.freedom > rival || (taker.freedom == rival && other > slot)
            }));
        }
        if takers.is_empty() { None } else { self.divided(&takers, flow, SUMS) }
    }

    /// Takers for a change, or for all terms of the sum that its source is a linear function of.
    fn divided(&self, takers: &[Taker], flow: &Flow, sums: usize) -> Option<Vec<Absorber>> {
        let whole = takers.iter().find_map(|taker| Some(Absorber { taker: taker.clone(), steps: self.takes(taker, flow)? }));
        if let Some(absorber) = whole {
            return Some(vec![absorber]);
        }
        let mut flow = flow.clone();
        let mut steps = Vec::new();
        let (sum, parts) = loop {
            let Source::Wire { value, .. } = &flow.source else { return None };
            if let Operation::Add { terms, constant } = &self.program.node(*value).operation {
                break (*value, terms.len() + usize::from(*constant != 0.0));
            }
            if steps.len() >= BACK {
                return None;
            }
            steps.push(Step::Back(*value));
            flow = self.pulled(&flow)?;
        };
        let sums = sums.checked_sub(1)?;
        let mut all = Vec::new();
        for part in 0..parts {
            let step = Step::Term(sum, part);
            for absorber in self.divided(takers, &self.stepped(&flow, step)?, sums)? {
                let steps = steps.iter().copied().chain([step]).chain(absorber.steps).collect();
                all.push(Absorber { steps, ..absorber });
            }
        }
        Some(all)
    }

    /// Whether a term of a sum other than `slot` holds a parameter that reads a source.
    pub fn has_rival(&self, terms: &[Term], slot: usize) -> bool {
        terms.iter().enumerate().filter(|(other, _)| *other != slot).any(|(_, term)| {
            let mut takers = Vec::new();
            self.collect(term, &|axis| axis, 1.0, NESTED, &mut takers);
            takers.iter().any(|taker| taker.source.is_some())
        })
    }

    /// The takers in one term of a sum, nested sums included.
    fn collect(&self, term: &Term, outer: &dyn Fn(usize) -> usize, factor: f64, depth: usize, takers: &mut Vec<Taker>) {
        let value = term.value;
        let factor = factor * term.coefficient;
        let alone = self.graph.uses(value).len() == 1 && !self.graph.is_output(value);
        if factor == 0.0 || !alone {
            return;
        }
        let along = |axis: usize| outer(term.axes[axis]);
        match &self.program.node(value).operation {
            Operation::Parameter(id) => {
                if let Some(freedom) = self.free(*id, value) {
                    let places = (0..term.axes.len()).map(|axis| Place::Here(along(axis))).collect();
                    takers.push(Taker { parameter: *id, source: None, places, factor, freedom });
                }
            }
            Operation::Add { terms, .. } if depth > 0 => {
                terms.iter().for_each(|inner| self.collect(inner, &along, factor, depth - 1, takers));
            }
            Operation::Einsum { operands, output, coefficient } => {
                let [left, right] = operands.as_slice() else { return };
                let factor = factor * coefficient;
                if factor == 0.0 {
                    return;
                }
                for (weight, source) in [(left, right), (right, left)] {
                    self.product_takers(weight, source, output, &along, factor, takers);
                }
            }
            _ => {}
        }
    }

    fn product_takers(
        &self,
        weight: &Operand,
        source: &Operand,
        output: &[Label],
        along: &dyn Fn(usize) -> usize,
        factor: f64,
        takers: &mut Vec<Taker>,
    ) {
        let Operation::Parameter(id) = self.program.node(weight.value).operation else { return };
        let Some(freedom) = self.free(id, weight.value) else { return };
        let whole = weight.labels.iter().all(|label| source.labels.contains(label) || output.contains(label));
        if !whole || repeats(&weight.labels) || repeats(&source.labels) {
            return;
        }
        let target = |label: &Label| output.iter().position(|other| other == label).map(along);
        let places: Vec<Place> = weight
            .labels
            .iter()
            .map(|label| match target(label) {
                Some(axis) => Place::Here(axis),
                None => Place::Source(source.labels.iter().position(|own| own == label).expect("it is summed with the source")),
            })
            .collect();
        let read = source.labels.iter().map(target).collect();
        takers.push(Taker { parameter: id, source: Some((source.value, read)), places: places.clone(), factor, freedom });
        // Where the source sums to a constant, the parameter's sum along it is a bias.
        let summed: Vec<usize> = (0..places.len()).filter(|&axis| matches!(places[axis], Place::Source(_))).collect();
        if let [axis] = summed[..]
            && let Place::Source(inner) = places[axis]
            && source.labels.iter().enumerate().all(|(at, label)| at == inner || !weight.labels.contains(label))
            && let Some(sum) = self.constant_sum(source.value, inner)
            && sum != 0.0
        {
            let size = self.program.parameter(id).shape[axis].size.max(1);
            let mut places = places;
            places[axis] = Place::Even;
            takers.push(Taker { parameter: id, source: None, places, factor: factor * sum, freedom: freedom / size });
        }
    }

    /// The number of entries of a parameter that one operation alone reads.
    fn free(&self, parameter: ParameterId, value: ValueId) -> Option<u128> {
        let declared = self.program.parameter(parameter);
        (declared.trainable && self.graph.is_read_once(parameter, value)).then(|| declared.entries().unwrap_or(u128::MAX))
    }

    /// Whether a taker takes a change, and over which operations the source of the change leads to its own.
    fn takes(&self, taker: &Taker, flow: &Flow) -> Option<Vec<Step>> {
        let covers = |flow: &Flow| members(flow.varies).all(|axis| taker.places.contains(&Place::Here(axis)));
        let Some((wanted, read)) = &taker.source else {
            return (flow.source == Source::One && covers(flow)).then(Vec::new);
        };
        let mut flow = flow.clone();
        let windows = self.windows(*wanted);
        let mut steps = Vec::new();
        loop {
            let Source::Wire { value, along } = &flow.source else { return None };
            if value == wanted {
                // A matrix also does what a vector along one axis does: diagonal entries.
                let reads = along.iter().zip(read).enumerate().all(|(at, (own, read))| match (own, read) {
                    (Some(own), Some(read)) => own == read,
                    (Some(own), None) => taker.places.contains(&Place::Source(at)) && taker.places.contains(&Place::Here(*own)),
                    (None, None) => taker.places.contains(&Place::Source(at)),
                    (None, Some(_)) => false,
                });
                return (reads && covers(&flow)).then_some(steps);
            }
            if steps.len() >= BACK {
                return None;
            }
            let inner = |window: &&ValueId| matches!(self.program.node(**window).operation, Operation::Window { value: inner, .. } if inner == *value);
            let step = windows.iter().find(inner).map_or(Step::Back(*value), |window| Step::Window(*window));
            flow = self.stepped(&flow, step)?;
            steps.push(step);
        }
    }

    /// A value that is windows over others, and those of them that are windows.
    fn windows(&self, value: ValueId) -> Vec<ValueId> {
        let mut windows = Vec::new();
        let mut at = value;
        while let Operation::Window { value: inner, .. } = &self.program.node(at).operation {
            windows.push(at);
            at = *inner;
        }
        windows
    }

    /// A linear function of a source as one of the next.
    pub fn stepped(&self, flow: &Flow, step: Step) -> Option<Flow> {
        let window = match step {
            Step::Back(_) => return self.pulled(flow),
            Step::Term(sum, part) => return self.part(flow, sum, part),
            Step::Window(window) => window,
        };
        let Source::Wire { along, .. } = &flow.source else { return None };
        let (axis, _) = self.own_tap(window)?;
        // The taps are summed with coefficients that choose one.
        along[axis]?;
        let mut along = along.clone();
        along.insert(axis + 1, None);
        Some(Flow { source: Source::Wire { value: window, along }, varies: flow.varies })
    }

    /// What a linear function of a sum is of one of its terms.
    fn part(&self, flow: &Flow, sum: ValueId, part: usize) -> Option<Flow> {
        let Source::Wire { along, .. } = &flow.source else { return None };
        let Operation::Add { terms, .. } = &self.program.node(sum).operation else { return None };
        let Some(term) = terms.get(part) else { return Some(Flow { source: Source::One, varies: flow.varies }) };
        let carried: Vec<Option<usize>> = term.axes.iter().map(|axis| along[*axis]).collect();
        if self.program.node(term.value).batched {
            return Some(Flow { source: Source::Wire { value: term.value, along: carried }, varies: flow.varies });
        }
        let varies = carried.into_iter().flatten().fold(flow.varies, |mask, axis| mask | 1 << axis);
        Some(Flow { source: Source::One, varies })
    }

    /// The windowed axis, and the tap at which windows show what they run over.
    pub fn own_tap(&self, window: ValueId) -> Option<(usize, usize)> {
        let node = self.program.node(window);
        let Operation::Window { value, axis, stride, padding, dilation, .. } = &node.operation else { return None };
        let same = *stride == 1 && node.shape[*axis].size == self.program.node(*value).shape[*axis].size;
        let tap = padding / (*dilation).max(1);
        let inside = tap * dilation == *padding && tap < node.shape[axis + 1].size;
        (same && inside).then_some((*axis, tap as usize))
    }

    /// A linear function of a wire as one of the wire that this one is a linear function of.
    pub fn pulled(&self, flow: &Flow) -> Option<Flow> {
        let Source::Wire { value, along } = &flow.source else { return None };
        match &self.program.node(*value).operation {
            Operation::Einsum { operands, output, .. } => {
                let mut batched = operands.iter().filter(|operand| self.program.node(operand.value).batched);
                let (Some(source), None) = (batched.next(), batched.next()) else { return None };
                if operands.iter().any(|operand| repeats(&operand.labels)) {
                    return None;
                }
                let target = |label: &Label| output.iter().position(|other| other == label).and_then(|axis| along[axis]);
                let mut varies = flow.varies;
                for label in operands.iter().filter(|other| other.value != source.value).flat_map(|other| &other.labels) {
                    varies |= target(label).map_or(0, |axis| 1 << axis);
                }
                let along = source.labels.iter().map(target).collect();
                Some(Flow { source: Source::Wire { value: source.value, along }, varies })
            }
            // Windows of one position are what they run over.
            Operation::Window { value: inner, axis, .. } => {
                let whole = self.own_tap(*value).is_some() && self.program.node(*value).shape[axis + 1].size == 1;
                let mut along = along.clone();
                along.remove(axis + 1);
                whole.then_some(Flow { source: Source::Wire { value: *inner, along }, varies: flow.varies })
            }
            Operation::Map { value: inner, .. } => {
                self.slope(*value)?;
                Some(Flow { source: Source::Wire { value: *inner, along: along.clone() }, varies: flow.varies })
            }
            Operation::Reshape { value: inner, from, to, .. } => {
                let pairs = unsplit_axes(from, to);
                let whole = pairs.len() == from.len() && from.len() == to.len();
                let read = (0..from.len()).map(|axis| pairs.iter().find(|pair| pair.0 == axis).and_then(|pair| along[pair.1]));
                whole.then(|| Flow { source: Source::Wire { value: *inner, along: read.collect() }, varies: flow.varies })
            }
            _ => None,
        }
    }
}
