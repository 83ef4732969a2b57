//! Matrix frames: on which spaces a group of full matrices acts.
//!
//! A frame is an invertible matrix on one axis of one value. An axis that an operation passes keeps its frame; an axis contracted between
//! two operands has dual frames g and g⁻ᵀ on them; a vector parameter multiplied in (a *gain*, diagonal D) turns g into D·g·D⁻¹, so that
//! the group acts conjugated by it behind it. [`union::Union`] solves these relations. Norms and self-contractions leave orthogonal
//! matrices, any operation that is not linear along the axis leaves less, which [`crate::relations`] works out.

mod dependence;
pub mod union;

use crate::class::FunctionClass;
use crate::graph::Graph;
use crate::spaces::{Place, SpaceId, Spaces, kept_axes, repeats, unsplit_axes};
use std::collections::BTreeMap;
use sym_ir::{Label, Operand, Operation, Pairs, Program, ReduceKind, ValueId};
use union::{Gains, Link, Union, product};

/// A closed group of n×n matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// GL(n).
    General,
    /// O(n).
    Orthogonal,
    /// The orthogonal matrices that keep the vector of ones: O(n − 1).
    OrthogonalFixingOnes,
    /// Matrices that commute with a rotation of each pair by an angle of its own: ℂ^× per pair.
    Complex(Pairs),
    /// The orthogonal ones among those: U(1) per pair.
    Unitary(Pairs),
}

impl Family {
    /// Whether all permutations are elements.
    pub fn has_permutations(self) -> bool {
        matches!(self, Family::General | Family::Orthogonal | Family::OrthogonalFixingOnes)
    }

    /// Whether all elements are orthogonal matrices.
    pub fn is_orthogonal(self) -> bool {
        matches!(self, Family::Orthogonal | Family::OrthogonalFixingOnes | Family::Unitary(_))
    }
}

/// What acts on a space apart from scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No position may move.
    Fixed,
    /// Positions are permuted (and scaled, as the scale equations allow).
    Monomial,
    /// A group of matrices.
    Matrix(Family),
}

/// Frames of all spaces.
#[derive(Debug)]
pub struct Frames {
    /// Kind by space.
    pub kinds: Vec<Kind>,
    /// For each axis of each value ([`Spaces::place_number`]) its frame relative to the space's.
    pub links: Vec<Link>,
    /// For each axis whether it belongs to a gain, which matrices leave alone.
    pub gain: Vec<bool>,
    /// For each space of matrices or permutations the other spaces of which it has one frame per position, ascending.
    pub dependence: BTreeMap<SpaceId, Vec<SpaceId>>,
    /// Which operation took a space's linear frame, by space.
    pub reasons: Vec<Option<(ValueId, String)>>,
    /// Whether that one alone did, and all other frames of the space are free matrices.
    pub plain: Vec<bool>,
}

struct Collector<'a> {
    program: &'a Program,
    spaces: &'a Spaces,
    graph: &'a Graph,
    classes: &'a BTreeMap<ValueId, FunctionClass>,
    union: Union,
    gain: Vec<bool>,
    rotary: Vec<bool>,
    plain: Vec<bool>,
    reasons: Vec<Option<(ValueId, String)>>,
}

impl Frames {
    /// Solves the relations of all operations.
    pub fn of(program: &Program, spaces: &Spaces, graph: &Graph, classes: &BTreeMap<ValueId, FunctionClass>) -> Self {
        let count = spaces.place_count();
        let mut collector = Collector {
            program,
            spaces,
            graph,
            classes,
            union: Union::new(count),
            gain: vec![false; count as usize],
            rotary: vec![false; spaces.sizes.len()],
            plain: vec![true; spaces.sizes.len()],
            reasons: vec![None; spaces.sizes.len()],
        };
        (0..program.nodes.len()).for_each(|index| collector.mark_gains(ValueId(index as u32)));
        (0..program.nodes.len()).for_each(|index| collector.operation(ValueId(index as u32)));
        collector.finish()
    }
}

impl Collector<'_> {
    fn number(&self, place: Place) -> u32 {
        self.spaces.place_number(place.value, place.axis)
    }

    fn breaks(&mut self, by: ValueId, value: ValueId, axis: usize, text: &dyn Fn() -> String) {
        let space = self.spaces.of_axis(value, axis) as usize;
        match &self.reasons[space] {
            None => self.reasons[space] = Some((by, text())),
            Some((first, _)) => self.plain[space] &= *first == by,
        }
    }

    fn pass(&mut self, value: ValueId, axis: usize, result: ValueId, target: usize) {
        let (from, to) = (self.spaces.place_number(value, axis), self.spaces.place_number(result, target));
        self.union.relate(from, to, &Link::default(), result);
    }

    /// Marks the vectors that an einsum multiplies in, where something else bears the axis too.
    fn mark_gains(&mut self, result: ValueId) {
        let Operation::Einsum { operands, .. } = &self.program.node(result).operation else { return };
        let gains: Vec<_> = operands.iter().map(|operand| gain_places(self.program, self.graph, operand.value)).collect();
        if gains.iter().all(Option::is_some) {
            return;
        }
        for value in gains.into_iter().flatten().flatten() {
            self.gain[self.spaces.place_number(value, 0) as usize] = true;
        }
    }

    fn is_gain(&self, value: ValueId) -> bool {
        self.program.node(value).shape.len() == 1 && self.gain[self.spaces.place_number(value, 0) as usize]
    }

    fn operation(&mut self, result: ValueId) {
        let node = self.program.node(result);
        let rank = node.shape.len();
        if self.is_gain(result) {
            return;
        }
        match &node.operation {
            Operation::Input(_) | Operation::Parameter(_) => {}
            Operation::Einsum { operands, output, .. } => self.einsum(result, operands, output),
            Operation::Add { terms, constant } => {
                for axis in 0..rank {
                    if *constant != 0.0 {
                        self.breaks(result, result, axis, &|| "a constant is added along it".to_string());
                    }
                    if terms.iter().any(|term| !term.axes.contains(&axis)) {
                        self.breaks(result, result, axis, &|| "a value that is constant along it is added".to_string());
                    }
                }
                for term in terms {
                    for (axis, &target) in term.axes.iter().enumerate() {
                        self.pass(term.value, axis, result, target);
                    }
                }
            }
            Operation::Map { value, function } => {
                let class = &self.classes[&result];
                for axis in 0..rank {
                    self.pass(*value, axis, result, axis);
                    if class.linear.is_none() {
                        let text = || format!("`{}` acts on each entry; it is {}", function.name, class.words());
                        self.breaks(result, result, axis, &text);
                    }
                }
            }
            Operation::Softmax { .. } => {
                for axis in 0..rank {
                    let text = || "softmax: permutations; shifts along its axis are forgotten".to_string();
                    self.breaks(result, result, axis, &text);
                }
            }
            Operation::Reduce { value, axes, kind } => {
                let word = match kind {
                    ReduceKind::Max => "maximum",
                    ReduceKind::Min => "minimum",
                };
                for axis in axes {
                    self.breaks(result, *value, *axis, &|| format!("a {word} is taken over it: permutations"));
                }
                for axis in kept_axes(self.program.node(*value).shape.len(), axes) {
                    let text = || format!("a {word} is taken at each position: permutations and positive scales");
                    self.breaks(result, *value, axis, &text);
                }
            }
            Operation::Reshape { value, from, to, .. } => {
                for (source, target) in unsplit_axes(from, to) {
                    self.pass(*value, source, result, target);
                }
            }
            Operation::Concat { values, axis } => {
                for &value in values {
                    (0..rank).filter(|other| other != axis).for_each(|other| self.pass(value, other, result, other));
                }
            }
            Operation::Slice { value, axis, .. } => {
                (0..rank).filter(|other| other != axis).for_each(|other| self.pass(*value, other, result, other));
            }
            Operation::Normalise { value, axes, centre, .. } => {
                for axis in 0..rank {
                    self.pass(*value, axis, result, axis);
                    if axes.contains(&axis) {
                        self.union.orthogonal(self.spaces.place_number(result, axis), *centre, result);
                    } else {
                        self.breaks(result, result, axis, &|| "a norm is taken at each position: permutations".to_string());
                    }
                }
            }
            Operation::Rotary { value, axis, pairs, .. } => {
                (0..rank).for_each(|each| self.pass(*value, each, result, each));
                self.union.rotations(self.spaces.place_number(result, *axis), *pairs, result);
                self.rotary[self.spaces.of_axis(result, *axis) as usize] = true;
            }
            Operation::Window { value, axis, rest, .. } => {
                for other in (0..rank - 1).filter(|other| other != axis) {
                    self.pass(*value, other, result, other + usize::from(other > *axis));
                    if *rest != 0.0 {
                        let text = || "windows are filled up with −∞: permutations and positive scales".to_string();
                        self.breaks(result, *value, other, &text);
                    }
                }
            }
            Operation::Adjoint(adjoint) => {
                for value in adjoint.operand().into_iter().chain([result]) {
                    let axes = 0..self.program.node(value).shape.len();
                    axes.for_each(|axis| self.breaks(result, value, axis, &|| "a derivative is taken: permutations".to_string()));
                }
            }
            Operation::Mask { .. } | Operation::TopK { .. } | Operation::OneHot { .. } => {
                let text = || format!("{}: permutations", node.operation.word());
                (0..rank).for_each(|axis| self.breaks(result, result, axis, &text));
            }
        }
    }

    fn einsum(&mut self, result: ValueId, operands: &[Operand], output: &[Label]) {
        /// Of one label: the operands that bear it, gains among them apart, and the result's axis.
        #[derive(Default)]
        struct Bearers {
            places: Vec<Place>,
            gains: Vec<ValueId>,
            target: Option<Place>,
        }
        let mut bearers: BTreeMap<Label, Bearers> = BTreeMap::new();
        for operand in operands {
            let diagonal = repeats(&operand.labels);
            let is_gain = self.is_gain(operand.value);
            for (axis, &label) in operand.labels.iter().enumerate() {
                let entry = bearers.entry(label).or_default();
                if is_gain {
                    entry.gains.push(operand.value);
                } else {
                    entry.places.push(Place { value: operand.value, axis });
                }
                if diagonal {
                    self.breaks(result, operand.value, axis, &|| "a diagonal is taken".to_string());
                }
            }
        }
        for (axis, &label) in output.iter().enumerate() {
            bearers.entry(label).or_default().target = Some(Place { value: result, axis });
        }
        for Bearers { places, gains, target } in bearers.values() {
            let factors = places.len() + gains.len();
            let folded = gains.iter().fold(Gains::new(), |all, &gain| product(&all, &vec![(gain, 1)], false));
            match (places.as_slice(), target) {
                ([source], Some(target)) => {
                    let (from, to) = (self.number(*source), self.number(*target));
                    self.union.relate(from, to, &Link { dual: false, gains: folded }, result);
                }
                ([left, right], None) => {
                    let (from, to) = (self.number(*left), self.number(*right));
                    let gains = product(&Gains::new(), &folded, true);
                    self.union.relate(from, to, &Link { dual: true, gains }, result);
                }
                ([source], None) => self.breaks(result, source.value, source.axis, &|| {
                    "it is summed against ones: permutations, and directions that keep the sum".to_string()
                }),
                ([], target) => {
                    let place = target.unwrap_or_else(|| Place { value: gains.first().copied().unwrap_or(result), axis: 0 });
                    self.breaks(result, place.value, place.axis, &|| "a value is repeated along it".to_string());
                }
                (many, Some(_)) => self.breaks(result, many[0].value, many[0].axis, &|| {
                    format!("{factors} factors are multiplied along it elementwise: permutations and scales")
                }),
                (many, None) => self.breaks(result, many[0].value, many[0].axis, &|| {
                    format!("{factors} factors share it in one sum: permutations and scales")
                }),
            }
        }
    }

    fn finish(mut self) -> Frames {
        let count = self.spaces.place_count() as usize;
        let mut links = vec![Link::default(); count];
        let mut kinds = Vec::with_capacity(self.spaces.sizes.len());
        for (id, places) in self.spaces.places.iter().enumerate() {
            let numbers: Vec<u32> =
                places.iter().map(|place| self.number(*place)).filter(|&at| !self.gain[at as usize]).collect();
            let Some(&first) = numbers.first() else {
                kinds.push(if self.spaces.fixed[id].is_some() { Kind::Fixed } else { Kind::Monomial });
                continue;
            };
            let (root, of_first) = self.union.root(first);
            let connected = numbers.iter().all(|&number| self.union.root(number).0 == root);
            let constraint = self.union.constraint(first).clone();
            self.plain[id] &= connected && constraint == union::Constraint::default();
            for &number in &numbers {
                let link = self.union.root(number).1;
                links[number as usize] = match &constraint.orthogonal {
                    // R = D⁻¹·Q·D with Q orthogonal, for which Q⁻ᵀ = Q.
                    Some((gains, _)) => Link { gains: product(&link.gains, gains, !link.dual), dual: link.dual ^ of_first.dual },
                    // The first place has the primal frame.
                    None => link.after(&of_first.inverse()),
                };
            }
            kinds.push(self.kind(id as SpaceId, connected, &constraint));
        }
        let mut frames =
            Frames { kinds, links, gain: self.gain, dependence: BTreeMap::new(), plain: self.plain, reasons: self.reasons };
        frames.dependence = dependence::of(self.program, self.spaces, &frames);
        frames
    }

    fn kind(&mut self, id: SpaceId, connected: bool, constraint: &union::Constraint) -> Kind {
        let reason = &mut self.reasons[id as usize];
        if self.spaces.fixed[id as usize].is_some() {
            return Kind::Fixed;
        }
        if reason.is_none()
            && let Some(by) = constraint.broken
        {
            *reason = Some((by, "a gain stands between two norms of it: permutations and scales".to_string()));
        }
        if reason.is_some() || !connected {
            // Rotations turn pairs by different angles: no permutation keeps them.
            return if self.rotary[id as usize] { Kind::Fixed } else { Kind::Monomial };
        }
        let family = match (&constraint.orthogonal, constraint.ones, constraint.rotations) {
            (None, _, None) => Family::General,
            (None, _, Some((layout, by))) => {
                let text = "a rotary embedding turns its pairs: what commutes with the rotations remains";
                *reason = Some((by, text.to_string()));
                Family::Complex(layout)
            }
            (Some((_, by)), None, rotations) => {
                let text = if matches!(self.program.node(*by).operation, Operation::Einsum { .. }) {
                    "it is contracted with itself: only orthogonal matrices keep that"
                } else {
                    "a norm is taken along it: only orthogonal matrices keep that"
                };
                *reason = Some((*by, text.to_string()));
                rotations.map_or(Family::Orthogonal, |(layout, _)| Family::Unitary(layout))
            }
            (Some(_), Some(by), None) => {
                let text = "its mean is removed and its norm taken: orthogonal matrices that keep the vector of ones remain";
                *reason = Some((by, text.to_string()));
                Family::OrthogonalFixingOnes
            }
            // Orthogonal matrices that keep both rotations and the ones: none but the unit on each pair.
            (Some(_), Some(by), Some(_)) => {
                *reason = Some((by, "its mean is removed and its pairs are turned: no matrix keeps both".to_string()));
                return Kind::Fixed;
            }
        };
        Kind::Matrix(family)
    }
}

/// The values from a vector parameter to the operand that it is, if it is a gain: a vector of weights alone, read here alone.
fn gain_places(program: &Program, graph: &Graph, operand: ValueId) -> Option<Vec<ValueId>> {
    let mut places = Vec::new();
    let mut stack = vec![operand];
    while let Some(value) = stack.pop() {
        let node = program.node(value);
        if node.batched || node.shape.len() > 1 || graph.uses(value).len() != 1 || graph.is_output(value) {
            return None;
        }
        match &node.operation {
            Operation::Parameter(id) if !graph.is_read_once(*id, value) => return None,
            Operation::Parameter(_) => {}
            Operation::Map { .. } | Operation::Add { .. } => stack.extend(node.operation.operands()),
            _ => return None,
        }
        if node.shape.len() == 1 {
            places.push(value);
        }
    }
    (program.node(operand).shape.len() == 1).then_some(places)
}
