//! Relations between scale fields (and sign fields) of the values of a program.
//!
//! A scale field of a value is a function of its index tuple. It is the sum of *components*, one for each subset of its axes, each
//! zero where one of its indices is the first position; so every operation relates components of equal indices with scalar
//! coefficients, whatever the sizes, and the number of unknowns is that of components and not of weights. Subsets are *dependence sets*:
//! the product u ⊙ w has one scale per entry because the component of both axes is free.

mod einsum;
mod unknowns;

pub use unknowns::{Component, Further, Part, Subset, Unknowns, members};

use crate::choices::choice;
use crate::class::FunctionClass;
use crate::frames::Family;
use crate::nullspace::{Field, Parity, Rational, System};
use crate::spaces::{Spaces, kept_axes, repeats, unsplit_axes};
use crate::turns::Phase;
use einsum::{Form, Pattern};
use std::collections::BTreeMap;
use std::rc::Rc;
use sym_ir::{Operation, Program, ValueId};

/// The equations of a program over a field.
#[derive(Debug)]
pub struct Relations<F> {
    /// The linear system.
    pub system: System<F>,
    /// The meaning of its unknowns.
    pub unknowns: Unknowns,
    forms: BTreeMap<Form, Rc<Pattern>>,
    /// Functions whose argument a parameter can shift by half a period, with that and the axis of each of its axes.
    turned: BTreeMap<ValueId, (ValueId, Vec<usize>)>,
}

/// How a field of coefficients treats elementwise functions.
pub trait Coefficients: Field {
    /// Coefficient c in component(out) = c · component(in); `None` where both vanish.
    fn through(class: &FunctionClass, flips: Flips) -> Through<Self>
    where
        Self: Sized;
    /// The coefficient of a number, `None` if it has none.
    fn from_number(value: f64) -> Option<Self>
    where
        Self: Sized;
    /// Whether a matrix family contains independent values on each position of its space, and a common value on all.
    fn in_family(family: Family) -> (bool, bool);
    /// Whether shifts belong to it.
    const SHIFTS: bool;
    /// Whether its values are positive factors, which pass a maximum and are forgotten by a norm.
    const POSITIVE: bool;
}

/// What passes an elementwise function.
#[derive(Debug, Clone, PartialEq)]
pub enum Through<F> {
    /// out = coefficient · in.
    Times(F),
    /// out = 0, in free.
    Forgotten,
    /// out = in = 0.
    Blocked,
}

/// Whether a point-symmetric function's constant can be absorbed behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flips {
    /// Yes.
    Absorbed,
    /// No.
    Stuck,
}

/// The rational number that a float is, if its denominator is small.
pub fn rational(value: f64) -> Option<Rational> {
    (1..=64i128).find_map(|denominator| {
        let numerator = value * denominator as f64;
        (numerator.fract() == 0.0 && numerator.abs() < 1e12).then(|| Rational::new(numerator as i128, denominator))
    })
}

impl Coefficients for Rational {
    fn through(class: &FunctionClass, _: Flips) -> Through<Self> {
        match class.degree.and_then(rational) {
            Some(degree) if degree == Rational::from_integer(0) => Through::Forgotten,
            Some(degree) => Through::Times(degree),
            None => Through::Blocked,
        }
    }

    fn from_number(value: f64) -> Option<Self> {
        rational(value)
    }

    fn in_family(family: Family) -> (bool, bool) {
        (family == Family::General, matches!(family, Family::General | Family::Complex(_)))
    }

    const SHIFTS: bool = true;
    const POSITIVE: bool = true;
}

impl Coefficients for Parity {
    fn through(class: &FunctionClass, flips: Flips) -> Through<Self> {
        if class.even {
            Through::Forgotten
        } else if class.odd || (class.complement.is_some() && flips == Flips::Absorbed) {
            Through::Times(Parity(true))
        } else {
            Through::Blocked
        }
    }

    fn from_number(_: f64) -> Option<Self> {
        Some(Parity(true))
    }

    fn in_family(family: Family) -> (bool, bool) {
        (matches!(family, Family::General | Family::Orthogonal), family != Family::OrthogonalFixingOnes)
    }

    const SHIFTS: bool = false;
    const POSITIVE: bool = false;
}

impl<F: Coefficients> Relations<F> {
    /// All equations of a program. `absorbed` says of a value whether a constant added to it can be taken up behind it, `taken` whether one
    /// that varies along these axes can.
    pub fn of(
        program: &Program,
        spaces: &Spaces,
        classes: &BTreeMap<ValueId, FunctionClass>,
        absorbed: &dyn Fn(ValueId) -> bool,
        taken: &dyn Fn(ValueId, Subset) -> bool,
    ) -> Self {
        Self::with_turns(program, spaces, classes, absorbed, taken, &[])
    }

    /// The same with half turns of phases as further unknowns.
    pub(crate) fn with_turns(
        program: &Program,
        spaces: &Spaces,
        classes: &BTreeMap<ValueId, FunctionClass>,
        absorbed: &dyn Fn(ValueId) -> bool,
        taken: &dyn Fn(ValueId, Subset) -> bool,
        phases: &[Phase],
    ) -> Self {
        let mut further = vec![Further::default(); program.nodes.len()];
        if F::SHIFTS {
            let shifting = shifting_values(program, classes);
            further.iter_mut().zip(shifting).for_each(|(further, shifts)| further.shifts = shifts);
        }
        let mut turned = BTreeMap::new();
        for phase in phases.iter().filter(|phase| phase.half.is_some()) {
            further[phase.value.0 as usize].turns = true;
            turned.extend(phase.readers.iter().map(|(map, axes)| (*map, (phase.value, axes.clone()))));
        }
        let unknowns = Unknowns::of(program, spaces, &further);
        let system = System::new(unknowns.count() as u32);
        let mut relations = Self { system, unknowns, forms: BTreeMap::new(), turned };
        for index in 0..program.nodes.len() {
            relations.operation(program, ValueId(index as u32), classes, absorbed, taken);
        }
        for output in &program.outputs {
            relations.vanish(output.value);
        }
        relations
    }

    fn number(&self, value: ValueId, axes: Subset, part: Part) -> Option<u32> {
        self.unknowns.number(Component { value, axes, part })
    }

    /// Σ coefficient · component = 0, with components that are zero by construction left out.
    fn relate(&mut self, terms: &[(ValueId, Subset, Part, F)]) {
        let number = |&(value, axes, part, ref coefficient): &(ValueId, Subset, Part, F)| {
            Some((self.number(value, axes, part)?, coefficient.clone()))
        };
        let row: Vec<(u32, F)> = terms.iter().filter_map(number).collect();
        self.system.equation(&row);
    }

    fn equal(&mut self, a: (ValueId, Subset), b: (ValueId, Subset), part: Part) {
        match (self.number(a.0, a.1, part), self.number(b.0, b.1, part)) {
            (Some(a), Some(b)) => self.system.equation(&[(a, F::unit()), (b, F::minus())]),
            (Some(one), None) | (None, Some(one)) => self.system.zero(one),
            (None, None) => {}
        }
    }

    fn components_of(&self, value: ValueId, part: Part) -> Vec<Component> {
        self.unknowns.of_value(value).iter().copied().filter(|component| component.part == part).collect()
    }

    fn zero(&mut self, component: Component) {
        if let Some(unknown) = self.unknowns.number(component) {
            self.system.zero(unknown);
        }
    }

    fn vanish(&mut self, value: ValueId) {
        self.vanish_part(value, Part::Scale);
        self.vanish_part(value, Part::Shift);
    }

    fn vanish_part(&mut self, value: ValueId, part: Part) {
        for unknown in self.unknowns.numbers(value) {
            if self.unknowns.component(unknown).part == part {
                self.system.zero(unknown);
            }
        }
    }

    fn operation(
        &mut self,
        program: &Program,
        result: ValueId,
        classes: &BTreeMap<ValueId, FunctionClass>,
        absorbed: &dyn Fn(ValueId) -> bool,
        taken: &dyn Fn(ValueId, Subset) -> bool,
    ) {
        let node = program.node(result);
        let rank = node.shape.len();
        match &node.operation {
            Operation::Input(_) => self.vanish(result),
            Operation::Parameter(id) => {
                if !program.parameter(*id).trainable {
                    self.vanish(result);
                }
            }
            Operation::Einsum { operands, output, coefficient } => {
                if operands.iter().any(|operand| repeats(&operand.labels)) {
                    operands.iter().for_each(|operand| self.vanish(operand.value));
                    self.vanish(result);
                    return;
                }
                self.einsum(result, operands, output, *coefficient);
            }
            Operation::Add { terms, constant } => {
                if *constant != 0.0 {
                    for component in self.components_of(result, Part::Scale) {
                        if !taken(result, component.axes) {
                            self.zero(component);
                        }
                    }
                }
                let everything: Subset = if rank >= 31 { Subset::MAX } else { (1 << rank) - 1 };
                for term in terms {
                    let covered = term.axes.iter().fold(0, |mask, &axis| mask | 1 << axis);
                    for component in self.components_of(result, Part::Scale) {
                        if is_frozen(program, term.value) && taken(result, component.axes | covered) {
                            // It stays as it is, and what is behind takes back that it is not scaled.
                        } else if component.axes & !covered == 0 {
                            let axes = pull(component.axes, &term.axes);
                            self.equal((term.value, axes), (result, component.axes), Part::Scale);
                        } else {
                            self.zero(component);
                        }
                    }
                    // A component of the term that the result cannot have is zero.
                    for component in self.components_of(term.value, Part::Scale) {
                        let axes = push(component.axes, &term.axes) & everything;
                        if self.number(result, axes, Part::Scale).is_none() {
                            self.zero(component);
                        }
                    }
                }
                for component in self.components_of(result, Part::Shift) {
                    let mut row = vec![(result, component.axes, Part::Shift, F::minus())];
                    for term in terms {
                        let covered = term.axes.iter().fold(0, |mask, &axis| mask | 1 << axis);
                        if component.axes & !covered != 0 {
                            continue;
                        }
                        match F::from_number(term.coefficient) {
                            Some(coefficient) => {
                                row.push((term.value, pull(component.axes, &term.axes), Part::Shift, coefficient));
                            }
                            None => self.vanish_part(term.value, Part::Shift),
                        }
                    }
                    self.relate(&row);
                }
                if self.number(result, 0, Part::Shift).is_none() {
                    terms.iter().for_each(|term| self.vanish_part(term.value, Part::Shift));
                }
            }
            Operation::Map { value, .. } => self.map(*value, result, &classes[&result], absorbed(result)),
            Operation::Normalise { value, axes, centre, .. } => self.normalise(*value, result, axes, *centre),
            Operation::Mask { value, .. } if F::POSITIVE => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                self.pass(*value, result, &(0..rank).map(|axis| (axis, axis)).collect::<Vec<_>>());
            }
            Operation::TopK { value, axis, .. } if F::POSITIVE => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                self.pass(*value, result, &(0..rank).filter(|other| other != axis).map(|axis| (axis, axis)).collect::<Vec<_>>());
            }
            // Of one kept entry it sees the choice alone, which positive scales of all entries together leave as it is.
            Operation::Softmax { value, .. } if F::POSITIVE && choice(program, result).is_some() => {
                self.vanish_part(*value, Part::Shift);
                self.vanish(result);
            }
            // A softmax sees every scale; a sign of what is compared with the rest, or with −∞, is seen.
            Operation::Softmax { value, .. }
            | Operation::OneHot { value }
            | Operation::Mask { value, .. }
            | Operation::TopK { value, .. } => {
                self.vanish(*value);
                self.vanish(result);
            }
            Operation::Adjoint(adjoint) => {
                adjoint.operand().into_iter().for_each(|value| self.vanish(value));
                self.vanish(result);
            }
            Operation::Rotary { value, position, axis, .. } => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                let others = (0..rank).filter(|other| other != axis && other != position);
                self.pass(*value, result, &others.map(|other| (other, other)).collect::<Vec<_>>());
            }
            Operation::Window { value, rest, .. } if *rest != 0.0 && !F::POSITIVE => {
                self.vanish(*value);
                self.vanish(result);
            }
            Operation::Window { value, axis, .. } => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                let others = (0..rank - 1).filter(|other| other != axis);
                self.pass(*value, result, &others.map(|other| (other, other + usize::from(other > *axis))).collect::<Vec<_>>());
            }
            Operation::Reduce { value, axes, .. } => {
                if !F::POSITIVE {
                    self.vanish(*value);
                    self.vanish(result);
                    return;
                }
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                let kept: Vec<usize> = kept_axes(program.node(*value).shape.len(), axes).collect();
                let pairs: Vec<(usize, usize)> = kept.into_iter().enumerate().map(|(target, source)| (source, target)).collect();
                self.pass(*value, result, &pairs);
            }
            Operation::Reshape { value, from, to, .. } => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                self.pass(*value, result, &unsplit_axes(from, to));
            }
            Operation::Concat { values, axis } => {
                self.vanish_part(result, Part::Shift);
                let pairs: Vec<(usize, usize)> = (0..rank).filter(|other| other != axis).map(|other| (other, other)).collect();
                for &value in values {
                    self.vanish_part(value, Part::Shift);
                    self.pass(value, result, &pairs);
                }
            }
            Operation::Slice { value, axis, .. } => {
                self.vanish_part(*value, Part::Shift);
                self.vanish_part(result, Part::Shift);
                let pairs: Vec<(usize, usize)> = (0..rank).filter(|other| other != axis).map(|other| (other, other)).collect();
                self.pass(*value, result, &pairs);
            }
        }
    }

    /// A norm over `axes` forgets scales that are the same along them; signs pass it, where they differ along the axes only if no mean is
    /// taken.
    fn normalise(&mut self, value: ValueId, result: ValueId, axes: &[usize], centre: bool) {
        self.vanish_part(value, Part::Shift);
        self.vanish_part(result, Part::Shift);
        for component in self.components_of(result, Part::Scale) {
            let along = axes.iter().any(|axis| component.axes >> axis & 1 == 1);
            let source = Component { value, ..component };
            match (F::POSITIVE, along) {
                // Positive scales.
                (true, false) => self.zero(component),
                (true, true) => {
                    self.zero(component);
                    self.zero(source);
                }
                // Signs.
                (false, true) if centre => {
                    self.zero(component);
                    self.zero(source);
                }
                (false, _) => self.equal((value, component.axes), (result, component.axes), Part::Scale),
            }
        }
    }

    /// Components on passed axes are equal, all others vanish.
    fn pass(&mut self, value: ValueId, result: ValueId, pairs: &[(usize, usize)]) {
        let map = |axes: Subset, forward: bool| -> Option<Subset> {
            members(axes).try_fold(0, |mask, axis| {
                let pair = pairs.iter().find(|pair| if forward { pair.0 == axis } else { pair.1 == axis })?;
                Some(mask | 1 << if forward { pair.1 } else { pair.0 })
            })
        };
        for component in self.components_of(value, Part::Scale) {
            match map(component.axes, true) {
                Some(axes) => self.equal((value, component.axes), (result, axes), Part::Scale),
                None => self.zero(component),
            }
        }
        for component in self.components_of(result, Part::Scale) {
            if map(component.axes, false).is_none() {
                self.zero(component);
            }
        }
    }

    /// The component of half turns that a component of a function's sign follows.
    fn turn(&self, map: ValueId, axes: Subset) -> Option<(ValueId, Subset)> {
        let (parameter, places) = self.turned.get(&map)?;
        let covered = places.iter().fold(0, |mask, &axis| mask | 1 << axis);
        (axes & !covered == 0).then(|| (*parameter, pull(axes, places)))
    }

    fn map(&mut self, value: ValueId, result: ValueId, class: &FunctionClass, absorbed: bool) {
        if F::SHIFTS
            && let Some(rate) = class.exponential.and_then(F::from_number)
        {
            for component in self.components_of(result, Part::Scale) {
                self.relate(&[
                    (result, component.axes, Part::Scale, F::minus()),
                    (value, component.axes, Part::Shift, rate.clone()),
                ]);
            }
            self.vanish_part(result, Part::Shift);
            self.vanish_part(value, Part::Scale);
            return;
        }
        if F::SHIFTS
            && let Some(weight) = class.logarithmic.and_then(F::from_number)
        {
            let shifts = self.number(result, 0, Part::Shift).is_some();
            for component in self.components_of(value, Part::Scale) {
                if shifts {
                    self.relate(&[
                        (result, component.axes, Part::Shift, F::minus()),
                        (value, component.axes, Part::Scale, weight.clone()),
                    ]);
                } else {
                    self.zero(component);
                }
            }
            self.vanish_part(value, Part::Shift);
            self.vanish_part(result, Part::Scale);
            return;
        }
        let through = F::through(class, if absorbed { Flips::Absorbed } else { Flips::Stuck });
        for component in self.components_of(result, Part::Scale) {
            let turn = self.turn(result, component.axes);
            let mut row = vec![(result, component.axes, Part::Scale, F::minus())];
            row.extend(turn.map(|(parameter, axes)| (parameter, axes, Part::Turn, F::unit())));
            match &through {
                Through::Times(factor) => row.push((value, component.axes, Part::Scale, factor.clone())),
                Through::Forgotten => {}
                Through::Blocked => self.zero(Component { value, ..component }),
            }
            self.relate(&row);
        }
        match class.linear.and_then(F::from_number) {
            Some(slope) if self.number(result, 0, Part::Shift).is_some() => {
                for component in self.components_of(result, Part::Shift) {
                    self.relate(&[
                        (result, component.axes, Part::Shift, F::minus()),
                        (value, component.axes, Part::Shift, slope.clone()),
                    ]);
                }
            }
            _ => {
                self.vanish_part(value, Part::Shift);
                self.vanish_part(result, Part::Shift);
            }
        }
    }
}

/// Whether a value depends on frozen tensors alone.
pub fn is_frozen(program: &Program, value: ValueId) -> bool {
    let node = program.node(value);
    match node.operation {
        Operation::Parameter(id) => !program.parameter(id).trainable,
        _ => !node.batched && node.operation.operands().into_iter().all(|operand| is_frozen(program, operand)),
    }
}

/// The axes of a term that run along `axes` of the result.
fn pull(axes: Subset, along: &[usize]) -> Subset {
    along.iter().enumerate().filter(|(_, target)| axes >> **target & 1 == 1).fold(0, |mask, (axis, _)| mask | 1 << axis)
}

/// The axes of the result along which `axes` of a term run.
fn push(axes: Subset, along: &[usize]) -> Subset {
    members(axes).fold(0, |mask, axis| mask | 1 << along[axis])
}

/// Whether each value has a shift field: those from which sums and constant factors lead to an exponential, or from a logarithm on.
fn shifting_values(program: &Program, classes: &BTreeMap<ValueId, FunctionClass>) -> Vec<bool> {
    let mut shifting = vec![false; program.nodes.len()];
    for (index, node) in program.nodes.iter().enumerate().rev() {
        let result = ValueId(index as u32);
        let passes = match &node.operation {
            Operation::Map { .. } if classes[&result].exponential.is_some() => true,
            _ if !shifting[index] => false,
            Operation::Add { .. } => true,
            Operation::Einsum { operands, .. } => operands.len() == 1,
            Operation::Map { .. } => classes[&result].linear.is_some(),
            _ => false,
        };
        if passes {
            node.operation.operands().into_iter().for_each(|value| shifting[value.0 as usize] = true);
        }
    }
    shifting
}
