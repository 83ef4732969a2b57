//! Linear frames: on which spaces a full matrix group acts.
//!
//! A frame is g or g⁻ᵀ. An axis that an operation passes keeps its frame; an axis contracted between two operands has dual frames on them.
//! Union–find with a parity per axis solves these relations: a contradiction (an axis dual to itself) leaves O(n), any operation
//! that is not linear along the axis leaves less, which [`crate::relations`] works out.

use crate::class::FunctionClass;
use crate::spaces::{Place, SpaceId, Spaces, kept_axes, repeats, unsplit_axes};
use std::collections::BTreeMap;
use sym_ir::{Label, Operation, Program, ReduceKind, ValueId};

/// What acts on a space apart from scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No position may move.
    Fixed,
    /// Positions are permuted (and scaled, as the scale equations allow).
    Monomial,
    /// GL(n).
    Linear,
    /// O(n).
    Orthogonal,
}

/// Frames of all spaces.
#[derive(Debug)]
pub struct Frames {
    /// Kind by space.
    pub kinds: Vec<Kind>,
    /// For each axis of each value ([`Spaces::place_number`]) whether its frame is the dual one.
    pub dual: Vec<bool>,
    /// Which operation took a space's linear frame, by space.
    pub reasons: Vec<Option<(ValueId, String)>>,
}

/// The number of a place and whether its frame is opposite to the representative's.
struct Relations {
    parent: Vec<(u32, bool)>,
    contradiction: Vec<Option<ValueId>>,
}

impl Relations {
    fn root(&mut self, element: u32) -> (u32, bool) {
        let mut path = Vec::new();
        let mut at = element;
        while self.parent[at as usize].0 != at {
            path.push(at);
            at = self.parent[at as usize].0;
        }
        let mut opposite = false;
        for &step in path.iter().rev() {
            opposite ^= self.parent[step as usize].1;
            self.parent[step as usize] = (at, opposite);
        }
        (at, opposite)
    }

    fn relate(&mut self, a: u32, b: u32, opposite: bool, by: ValueId) {
        let ((a, from_a), (b, from_b)) = (self.root(a), self.root(b));
        let opposite = opposite ^ from_a ^ from_b;
        if a == b {
            if opposite {
                self.contradiction[a as usize].get_or_insert(by);
            }
            return;
        }
        let (keep, drop) = (a.min(b), a.max(b));
        self.parent[drop as usize] = (keep, opposite);
        if let Some(by) = self.contradiction[drop as usize] {
            self.contradiction[keep as usize].get_or_insert(by);
        }
    }
}

impl Frames {
    /// Solves the relations of all operations.
    pub fn of(program: &Program, spaces: &Spaces) -> Self {
        let count = spaces.place_count();
        let mut relations =
            Relations { parent: (0..count).map(|at| (at, false)).collect(), contradiction: vec![None; count as usize] };
        let mut reasons: Vec<Option<(ValueId, String)>> = vec![None; spaces.sizes.len()];
        for (index, node) in program.nodes.iter().enumerate() {
            let result = ValueId(index as u32);
            let mut breaks = |value: ValueId, axis: usize, text: &dyn Fn() -> String| {
                let space: SpaceId = spaces.of_axis(value, axis);
                if reasons[space as usize].is_none() {
                    reasons[space as usize] = Some((result, text()));
                }
            };
            let number = |place: Place| spaces.place_number(place.value, place.axis);
            let pass = |relations: &mut Relations, value, axis, target| {
                relations.relate(spaces.place_number(value, axis), spaces.place_number(result, target), false, result);
            };
            match &node.operation {
                Operation::Input(_) | Operation::Parameter(_) => {}
                Operation::Einsum { operands, output, .. } => {
                    let mut uses: BTreeMap<Label, (Vec<Place>, Option<Place>)> = BTreeMap::new();
                    for operand in operands {
                        let diagonal = repeats(&operand.labels);
                        for (axis, &label) in operand.labels.iter().enumerate() {
                            uses.entry(label).or_default().0.push(Place { value: operand.value, axis });
                            if diagonal {
                                breaks(operand.value, axis, &|| "a diagonal is taken".to_string());
                            }
                        }
                    }
                    for (axis, &label) in output.iter().enumerate() {
                        uses.entry(label).or_default().1 = Some(Place { value: result, axis });
                    }
                    for (places, target) in uses.values() {
                        match (places.as_slice(), target) {
                            ([source], Some(target)) => relations.relate(number(*source), number(*target), false, result),
                            ([left, right], None) => relations.relate(number(*left), number(*right), true, result),
                            ([source], None) => breaks(source.value, source.axis, &|| {
                                "it is summed against ones: permutations, and directions that keep the sum".to_string()
                            }),
                            ([], Some(target)) => {
                                breaks(target.value, target.axis, &|| "a value is repeated along it".to_string());
                            }
                            (many, Some(_)) => breaks(many[0].value, many[0].axis, &|| {
                                format!("{} factors are multiplied along it elementwise: permutations and scales", many.len())
                            }),
                            (many, None) => breaks(many[0].value, many[0].axis, &|| {
                                format!("{} factors share it in one sum: permutations and scales", many.len())
                            }),
                        }
                    }
                }
                Operation::Add { terms, constant } => {
                    for axis in 0..node.shape.len() {
                        if *constant != 0.0 {
                            breaks(result, axis, &|| "a constant is added along it".to_string());
                        }
                        if terms.iter().any(|term| !term.axes.contains(&axis)) {
                            breaks(result, axis, &|| "a value that is constant along it is added".to_string());
                        }
                    }
                    for term in terms {
                        for (axis, &target) in term.axes.iter().enumerate() {
                            pass(&mut relations, term.value, axis, target);
                        }
                    }
                }
                Operation::Map { value, function } => {
                    let class = FunctionClass::of(function);
                    for axis in 0..node.shape.len() {
                        pass(&mut relations, *value, axis, axis);
                        if class.linear.is_none() {
                            breaks(result, axis, &|| format!("`{}` acts on each entry; it is {}", function.name, class.words()));
                        }
                    }
                }
                Operation::Softmax { .. } => {
                    for axis in 0..node.shape.len() {
                        breaks(result, axis, &|| "softmax: permutations; shifts along its axis are forgotten".to_string());
                    }
                }
                Operation::Reduce { value, axes, kind } => {
                    let word = match kind {
                        ReduceKind::Max => "maximum",
                        ReduceKind::Min => "minimum",
                    };
                    for axis in axes {
                        breaks(*value, *axis, &|| format!("a {word} is taken over it: permutations"));
                    }
                    for axis in kept_axes(program.node(*value).shape.len(), axes) {
                        breaks(*value, axis, &|| format!("a {word} is taken at each position: permutations and positive scales"));
                    }
                }
                Operation::Reshape { value, from, to, .. } => {
                    for (source, target) in unsplit_axes(from, to) {
                        pass(&mut relations, *value, source, target);
                    }
                }
                Operation::Concat { values, axis } => {
                    for &value in values {
                        for other in (0..node.shape.len()).filter(|other| other != axis) {
                            pass(&mut relations, value, other, other);
                        }
                    }
                }
                Operation::Slice { value, axis, .. } => {
                    for other in (0..node.shape.len()).filter(|other| other != axis) {
                        pass(&mut relations, *value, other, other);
                    }
                }
            }
        }
        let mut dual = vec![false; count as usize];
        let mut kinds = Vec::with_capacity(spaces.sizes.len());
        for (id, places) in spaces.places.iter().enumerate() {
            let mut roots = places.iter().map(|place| relations.root(spaces.place_number(place.value, place.axis)));
            let root = roots.next().map(|(root, _)| root);
            let connected = roots.all(|(other, _)| Some(other) == root);
            // The first place of a space has the primal frame.
            let flip = places.first().is_some_and(|place| relations.root(spaces.place_number(place.value, place.axis)).1);
            for place in places {
                let number = spaces.place_number(place.value, place.axis);
                dual[number as usize] = relations.root(number).1 ^ flip;
            }
            let contradiction = root.and_then(|root| relations.contradiction[root as usize]);
            kinds.push(if spaces.fixed[id].is_some() {
                Kind::Fixed
            } else if reasons[id].is_some() || !connected {
                Kind::Monomial
            } else if let Some(by) = contradiction {
                reasons[id] = Some((by, "it is contracted with itself: only orthogonal matrices keep that".to_string()));
                Kind::Orthogonal
            } else {
                Kind::Linear
            });
        }
        Self { kinds, dual, reasons }
    }
}
