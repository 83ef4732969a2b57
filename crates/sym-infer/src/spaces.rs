//! Index spaces: which axes of which values range over the same index, and what keeps a space fixed.

use std::collections::BTreeMap;
use sym_ir::{Label, Operand, Operation, Program, ValueId};

/// One axis of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Value.
    pub value: ValueId,
    /// Its axis.
    pub axis: usize,
}

/// Names an index space.
pub type SpaceId = u32;

/// The index spaces of a program.
#[derive(Debug)]
pub struct Spaces {
    offsets: Vec<u32>,
    space: Vec<SpaceId>,
    /// Number of positions of each space.
    pub sizes: Vec<u128>,
    /// Why a space cannot be permuted, with the value that says so.
    pub fixed: Vec<Option<(ValueId, String)>>,
    /// The places of each space in program order.
    pub places: Vec<Vec<Place>>,
}

impl Spaces {
    /// Union–find over the axes of all values.
    pub fn of(program: &Program) -> Self {
        Self::build(program, true)
    }

    /// The same where a reshape fixes no axis.
    pub fn whole(program: &Program) -> Self {
        Self::build(program, false)
    }

    fn build(program: &Program, reshapes: bool) -> Self {
        let mut offsets = Vec::with_capacity(program.nodes.len());
        let mut total = 0u32;
        for node in &program.nodes {
            offsets.push(total);
            total += node.shape.len() as u32;
        }
        let mut union = Union::new(total);
        let at = |value: ValueId, axis: usize| offsets[value.0 as usize] + axis as u32;
        let mut fixed: Vec<(ValueId, usize, String)> = Vec::new();
        for (index, node) in program.nodes.iter().enumerate() {
            let result = ValueId(index as u32);
            match &node.operation {
                Operation::Input(_) => {
                    fixed.extend(
                        (0..node.shape.len()).map(|axis| (result, axis, format!("it indexes the input `{}`", node.name))),
                    );
                }
                Operation::Parameter(id) => {
                    if !program.parameter(*id).trainable {
                        let reason =
                            |axis| (result, axis, format!("the frozen tensor `{}` tells its positions apart", node.name));
                        fixed.extend((0..node.shape.len()).map(reason));
                    }
                }
                Operation::Einsum { operands, output, .. } => {
                    let mut first: BTreeMap<Label, u32> = BTreeMap::new();
                    for (label, place) in labelled(operands, output, result) {
                        let place = at(place.value, place.axis);
                        let root = *first.entry(label).or_insert(place);
                        union.join(root, place);
                    }
                    for operand in operands.iter().filter(|operand| repeats(&operand.labels)) {
                        let reason = |axis| (operand.value, axis, "a diagonal is taken of it".to_string());
                        fixed.extend((0..operand.labels.len()).map(reason));
                    }
                }
                Operation::Add { terms, .. } => {
                    for term in terms {
                        for (axis, &target) in term.axes.iter().enumerate() {
                            union.join(at(term.value, axis), at(result, target));
                        }
                    }
                }
                Operation::Map { value, .. }
                | Operation::Softmax { value, .. }
                | Operation::Normalise { value, .. }
                | Operation::TopK { value, .. } => {
                    for axis in 0..node.shape.len() {
                        union.join(at(*value, axis), at(result, axis));
                    }
                }
                Operation::Reduce { value, axes, .. } => {
                    for (target, axis) in kept_axes(program.node(*value).shape.len(), axes).enumerate() {
                        union.join(at(*value, axis), at(result, target));
                    }
                }
                Operation::Reshape { value, from, to, .. } => {
                    let pairs = unsplit_axes(from, to);
                    let broken = |axis: usize, side: usize| !pairs.iter().any(|pair| [pair.0, pair.1][side] == axis);
                    let reason = "it is split or merged by a reshape";
                    let sides = [(*value, from.len(), 0), (result, to.len(), 1)];
                    for (value, rank, side) in sides.into_iter().filter(|_| reshapes) {
                        fixed.extend((0..rank).filter(|&axis| broken(axis, side)).map(|axis| (value, axis, reason.to_string())));
                    }
                    pairs.into_iter().for_each(|(source, target)| union.join(at(*value, source), at(result, target)));
                }
                Operation::Concat { values, axis } => {
                    for &value in values {
                        for other in (0..node.shape.len()).filter(|other| other != axis) {
                            union.join(at(value, other), at(result, other));
                        }
                        fixed.push((value, *axis, "it is a part of a joined axis".to_string()));
                    }
                    fixed.push((result, *axis, "it is joined from parts".to_string()));
                }
                Operation::Slice { value, axis, .. } => {
                    for other in (0..node.shape.len()).filter(|other| other != axis) {
                        union.join(at(*value, other), at(result, other));
                    }
                    fixed.push((*value, *axis, "a slice tells its positions apart".to_string()));
                    fixed.push((result, *axis, "it is a slice".to_string()));
                }
                Operation::Window { value, axis, .. } => {
                    for other in (0..program.node(*value).shape.len()).filter(|other| other != axis) {
                        union.join(at(*value, other), at(result, other + usize::from(other > *axis)));
                    }
                    fixed.push((*value, *axis, "windows slide along it".to_string()));
                    fixed.extend([0, 1].map(|next| (result, axis + next, "windows slide along it".to_string())));
                }
                Operation::OneHot { value } => {
                    let classes = node.shape.len() - 1;
                    (0..classes).for_each(|axis| union.join(at(*value, axis), at(result, axis)));
                    fixed.push((result, classes, "whole numbers choose its positions".to_string()));
                }
                Operation::Mask { value, row, column, .. } => {
                    (0..node.shape.len()).for_each(|axis| union.join(at(*value, axis), at(result, axis)));
                    fixed.extend([*row, *column].map(|axis| (result, axis, "a mask tells its positions apart".to_string())));
                }
                Operation::Adjoint(adjoint) => {
                    for value in adjoint.operand().into_iter().chain([result]) {
                        let axes = 0..program.node(value).shape.len();
                        fixed.extend(axes.map(|axis| (value, axis, "it is of a derivative".to_string())));
                    }
                }
                Operation::Rotary { value, position, .. } => {
                    (0..node.shape.len()).for_each(|each| union.join(at(*value, each), at(result, each)));
                    fixed.push((result, *position, "rotations tell its positions apart".to_string()));
                }
            }
        }
        for output in &program.outputs {
            let rank = program.node(output.value).shape.len();
            fixed.extend((0..rank).map(|axis| (output.value, axis, format!("it indexes the output `{}`", output.name))));
        }
        Self::collect(program, offsets, &mut union, fixed)
    }

    fn collect(program: &Program, offsets: Vec<u32>, union: &mut Union, fixed: Vec<(ValueId, usize, String)>) -> Self {
        let mut ids: BTreeMap<u32, SpaceId> = BTreeMap::new();
        let (mut space, mut sizes, mut places) = (Vec::new(), Vec::new(), Vec::<Vec<Place>>::new());
        for (index, node) in program.nodes.iter().enumerate() {
            for axis in 0..node.shape.len() {
                let root = union.root(offsets[index] + axis as u32);
                let id = *ids.entry(root).or_insert_with(|| {
                    sizes.push(node.shape[axis].size);
                    places.push(Vec::new());
                    sizes.len() as u32 - 1
                });
                space.push(id);
                places[id as usize].push(Place { value: ValueId(index as u32), axis });
            }
        }
        let mut reasons = vec![None; sizes.len()];
        for (value, axis, reason) in fixed {
            let id = space[offsets[value.0 as usize] as usize + axis];
            reasons[id as usize].get_or_insert((value, reason));
        }
        Self { offsets, space, sizes, fixed: reasons, places }
    }

    /// The space of an axis.
    pub fn of_axis(&self, value: ValueId, axis: usize) -> SpaceId {
        self.space[self.offsets[value.0 as usize] as usize + axis]
    }

    /// The spaces of a value's axes.
    pub fn of_value(&self, value: ValueId) -> &[SpaceId] {
        let at = value.0 as usize;
        let end = self.offsets.get(at + 1).map_or(self.space.len(), |&end| end as usize);
        &self.space[self.offsets[at] as usize..end]
    }

    /// The number of an axis among all axes of the program.
    pub fn place_number(&self, value: ValueId, axis: usize) -> u32 {
        self.offsets[value.0 as usize] + axis as u32
    }

    /// The number of axes of all values.
    pub fn place_count(&self) -> u32 {
        self.space.len() as u32
    }
}

/// The labels of an einsum with the axes that bear them, operands first.
pub fn labelled<'a>(operands: &'a [Operand], output: &'a [Label], result: ValueId) -> impl Iterator<Item = (Label, Place)> + 'a {
    let inputs = operands.iter().flat_map(|operand| {
        operand.labels.iter().enumerate().map(|(axis, &label)| (label, Place { value: operand.value, axis }))
    });
    inputs.chain(output.iter().enumerate().map(move |(axis, &label)| (label, Place { value: result, axis })))
}

/// Whether a label occurs twice.
pub fn repeats(labels: &[Label]) -> bool {
    labels.iter().enumerate().any(|(at, label)| labels[..at].contains(label))
}

/// The axes that a reduction keeps.
pub fn kept_axes(rank: usize, removed: &[usize]) -> impl Iterator<Item = usize> + '_ {
    (0..rank).filter(|axis| !removed.contains(axis))
}

/// Pairs of axes of argument and result that a reshape passes whole.
pub fn unsplit_axes(from: &[usize], to: &[usize]) -> Vec<(usize, usize)> {
    let starts = |groups: &[usize]| -> Vec<usize> {
        groups
            .iter()
            .scan(0, |next, &count| {
                *next += count;
                Some(*next - count)
            })
            .collect()
    };
    let (sources, targets) = (starts(from), starts(to));
    let mut pairs = Vec::new();
    for (axis, &start) in sources.iter().enumerate() {
        // An axis of one position merges nothing and starts where the next one does.
        let whole = (0..to.len()).find(|&target| targets[target] == start && from[axis] == to[target] && from[axis] > 0);
        pairs.extend(whole.map(|target| (axis, target)));
    }
    pairs
}

/// Axes before and after a reshape that hold the same atoms.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Before.
    pub from: std::ops::Range<usize>,
    /// After.
    pub to: std::ops::Range<usize>,
}

/// The least runs of axes of argument and result of a reshape that hold the same atoms.
pub fn segments(from: &[usize], to: &[usize]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut source, mut target) = (0, 0);
    while source < from.len() || target < to.len() {
        let start = (source, target);
        let (mut before, mut after) = (0, 0);
        loop {
            if before <= after && source < from.len() {
                before += from[source];
                source += 1;
            } else if target < to.len() {
                after += to[target];
                target += 1;
            } else if source < from.len() {
                before += from[source];
                source += 1;
            } else {
                break;
            }
            if before == after {
                break;
            }
        }
        segments.push(Segment { from: start.0..source, to: start.1..target });
    }
    segments
}

/// Union–find.
#[derive(Debug)]
pub struct Union {
    parent: Vec<u32>,
}

impl Union {
    /// Each element on its own.
    pub fn new(count: u32) -> Self {
        Self { parent: (0..count).collect() }
    }

    /// The representative.
    pub fn root(&mut self, element: u32) -> u32 {
        let mut root = element;
        while self.parent[root as usize] != root {
            root = self.parent[root as usize];
        }
        let mut next = element;
        while self.parent[next as usize] != root {
            next = std::mem::replace(&mut self.parent[next as usize], root);
        }
        root
    }

    /// Joins two classes; the smaller representative stays.
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }
}
