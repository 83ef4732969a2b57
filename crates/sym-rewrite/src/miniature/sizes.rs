//! The sizes of a program as unknowns, and what has to hold between them.

use crate::AxisClasses;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use sym_ir::program::window_count;
use sym_ir::{Axis, Operation, ParameterId, Program, ValueId};

/// The least size of an axis that was larger: contractions and softmax stay generic from here on.
pub const LEAST: u128 = 3;
/// The least size of an axis over which statistics are taken.
const LEAST_STATISTICS: u128 = 4;
/// The least number of heads, groups and other parts of a split axis.
const LEAST_PART: u128 = 2;

/// A size of the program. Axes that parameters have and positions (tokens, pixels) are kept apart: equal numbers of the two say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// The number.
    pub value: u128,
    /// Whether a parameter has axes of it.
    pub weights: bool,
}

/// What an operation demands of sizes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Joined and cut axes.
    Sum { total: Size, parts: Vec<Size> },
    /// Merged and split axes.
    Product { total: Size, parts: Vec<Size> },
}

impl Relation {
    /// The size that the others determine.
    pub fn total(&self) -> Size {
        match self {
            Relation::Sum { total, .. } | Relation::Product { total, .. } => *total,
        }
    }

    /// The total that its parts give; `None` where one is not known yet.
    pub fn evaluate(&self, of: impl Fn(Size) -> Option<u128>) -> Option<u128> {
        match self {
            Relation::Sum { parts, .. } => parts.iter().try_fold(0u128, |sum, &part| sum.checked_add(of(part)?)),
            Relation::Product { parts, .. } => parts.iter().try_fold(1u128, |product, &part| product.checked_mul(of(part)?)),
        }
    }
}

/// What single sizes must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Pairs of entries turn together.
    Even(Size),
    /// Windows over an axis.
    Windows { from: Size, to: Size, taps: u128, stride: u128, padding: u128, dilation: u128 },
}

impl Condition {
    /// Whether it says something about a size.
    pub fn concerns(&self, size: Size) -> bool {
        match self {
            Condition::Even(of) => *of == size,
            Condition::Windows { from, to, .. } => *from == size || *to == size,
        }
    }

    /// Whether values meet it; one with an unknown size may be met.
    pub fn holds(&self, of: impl Fn(Size) -> Option<u128>) -> bool {
        match self {
            Condition::Even(size) => of(*size).is_none_or(|value| value % 2 == 0),
            Condition::Windows { from, to, taps, stride, padding, dilation } => {
                let (Some(from), Some(to)) = (of(*from), of(*to)) else { return true };
                window_count(from, *taps, *stride, *padding, *dilation) == Some(to)
            }
        }
    }
}

/// All unknowns of a program.
#[derive(Debug)]
pub struct Sizes {
    classes: AxisClasses,
    weights: HashSet<usize>,
    /// By axis class: where slices begin and end.
    cuts: HashMap<usize, BTreeSet<u128>>,
    /// In ascending order.
    pub unknowns: BTreeSet<Size>,
    /// What must hold.
    pub relations: BTreeSet<Relation>,
    /// What must hold of single sizes.
    pub conditions: BTreeSet<Condition>,
    /// The least value of each.
    pub least: BTreeMap<Size, u128>,
    /// Sizes that keep their value.
    pub fixed: BTreeSet<Size>,
    /// Axes of parameters of three and more axes, each with the others: the sign of ∏ others − axis decides which of them is a bottleneck.
    pub blocks: BTreeSet<(Size, Vec<Size>)>,
}

impl Sizes {
    /// Collects them in one pass.
    pub fn of(program: &Program) -> Self {
        let classes = AxisClasses::of(program);
        let weights = weight_classes(program, &classes);
        let mut sizes = Self {
            classes,
            weights,
            cuts: HashMap::new(),
            unknowns: BTreeSet::new(),
            relations: BTreeSet::new(),
            conditions: BTreeSet::new(),
            least: BTreeMap::new(),
            fixed: BTreeSet::new(),
            blocks: BTreeSet::new(),
        };
        sizes.collect(program);
        sizes
    }

    /// The unknown of a value's axis.
    pub fn of_axis(&self, program: &Program, value: ValueId, axis: usize) -> Size {
        let weights = self.weights.contains(&self.classes.class(value, axis));
        Size { value: program.node(value).shape[axis].size, weights }
    }

    /// The unknowns of a parameter's axes.
    pub fn of_parameter(program: &Program, id: ParameterId) -> Vec<Size> {
        program.parameter(id).shape.iter().map(|axis| Size { value: axis.size, weights: true }).collect()
    }

    /// The unknowns of a reshape's atoms: those of whole axes where they are such, else of weights where these have the size.
    pub fn of_atoms(
        &self,
        program: &Program,
        (value, from): (ValueId, &[usize]),
        (result, to): (ValueId, &[usize]),
        atoms: &[Axis],
    ) -> Vec<Size> {
        let mut found: Vec<Option<Size>> = vec![None; atoms.len()];
        for (of, groups) in [(result, to), (value, from)] {
            let mut start = 0;
            for (axis, &length) in groups.iter().enumerate() {
                if length == 1 {
                    found[start] = Some(self.of_axis(program, of, axis));
                }
                start += length;
            }
        }
        found.into_iter().zip(atoms).map(|(found, atom)| found.unwrap_or_else(|| self.of_number(atom.size))).collect()
    }

    /// The pieces into which slices cut an axis between two positions.
    pub fn pieces(&self, program: &Program, value: ValueId, axis: usize, from: u128, to: u128) -> Vec<Size> {
        let weights = self.of_axis(program, value, axis).weights;
        let Some(cuts) = self.cuts.get(&self.classes.class(value, axis)) else { return Vec::new() };
        let inside: Vec<u128> = cuts.range(from..=to).copied().collect();
        inside.windows(2).map(|pair| Size { value: pair[1] - pair[0], weights }).collect()
    }

    /// The unknown of a bare number: that of weights where these have axes of it.
    pub fn of_number(&self, value: u128) -> Size {
        Size { value, weights: self.unknowns.contains(&Size { value, weights: true }) }
    }

    fn collect(&mut self, program: &Program) {
        for (id, parameter) in program.parameter_ids() {
            let axes = Self::of_parameter(program, id);
            self.unknowns.extend(&axes);
            for axis in (0..axes.len()).filter(|_| parameter.shape.len() > 2) {
                let others = axes.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, size)| *size).collect();
                self.blocks.insert((axes[axis], others));
            }
            // The fewest of a block's axes are heads, groups or experts.
            if let Some(fewest) = axes.iter().min().filter(|_| axes.len() > 2) {
                self.least.insert(*fewest, LEAST_PART);
            }
        }
        for (at, node) in program.nodes.iter().enumerate() {
            let value = ValueId(at as u32);
            let axes: Vec<Size> = (0..node.shape.len()).map(|axis| self.of_axis(program, value, axis)).collect();
            self.unknowns.extend(axes);
            if let Operation::Slice { value, axis, start } = node.operation {
                let whole = program.node(value).shape[axis].size;
                let cuts = self.cuts.entry(self.classes.class(value, axis)).or_default();
                cuts.extend([0, start, start + node.shape[axis].size, whole]);
            }
        }
        self.unknowns.extend(program.inputs.iter().filter_map(|input| input.rank).map(|value| Size { value, weights: true }));
        for at in 0..program.nodes.len() {
            self.relate(program, ValueId(at as u32));
        }
        for size in &self.unknowns {
            self.least.entry(*size).or_insert(LEAST);
        }
    }

    fn relate(&mut self, program: &Program, result: ValueId) {
        let node = program.node(result);
        match &node.operation {
            Operation::Reshape { value, atoms, from, to } => {
                let parts = self.of_atoms(program, (*value, from), (result, to), atoms);
                self.unknowns.extend(&parts);
                for (of, groups) in [(*value, from), (result, to)] {
                    let mut start = 0;
                    for (axis, &length) in groups.iter().enumerate() {
                        let own = parts[start..start + length].to_vec();
                        start += length;
                        if length != 1 {
                            self.least.extend(own.iter().map(|part| (*part, LEAST_PART)));
                            self.relations.insert(Relation::Product { total: self.of_axis(program, of, axis), parts: own });
                        }
                    }
                }
            }
            Operation::Concat { values, axis } => {
                let parts = values.iter().map(|&value| self.of_axis(program, value, *axis)).collect();
                self.relations.insert(Relation::Sum { total: self.of_axis(program, result, *axis), parts });
            }
            Operation::Slice { value, axis, start } => {
                let whole = program.node(*value).shape[*axis].size;
                let all = self.pieces(program, *value, *axis, 0, whole);
                let kept = self.pieces(program, *value, *axis, *start, start + node.shape[*axis].size);
                self.unknowns.extend(&all);
                self.relations.insert(Relation::Sum { total: self.of_axis(program, *value, *axis), parts: all });
                self.relations.insert(Relation::Sum { total: self.of_axis(program, result, *axis), parts: kept });
            }
            Operation::Softmax { value, axis } => {
                self.least.insert(self.of_axis(program, *value, *axis), LEAST);
            }
            Operation::Normalise { value, axes, .. } => {
                for &axis in axes {
                    self.least.insert(self.of_axis(program, *value, axis), LEAST_STATISTICS);
                }
            }
            Operation::Window { value, axis, stride, padding, dilation, .. } => {
                let (from, to) = (self.of_axis(program, *value, *axis), self.of_axis(program, result, *axis));
                let taps = self.of_axis(program, result, axis + 1);
                self.fixed.insert(taps);
                self.conditions.insert(Condition::Windows {
                    from,
                    to,
                    taps: taps.value,
                    stride: *stride,
                    padding: *padding,
                    dilation: *dilation,
                });
            }
            Operation::TopK { value, axis, count, .. } => {
                let kept = Size { value: *count, ..self.of_axis(program, *value, *axis) };
                self.unknowns.insert(kept);
                self.least.insert(kept, LEAST_PART);
            }
            Operation::Rotary { value, axis, .. } => {
                self.conditions.insert(Condition::Even(self.of_axis(program, *value, *axis)));
            }
            Operation::Input(_)
            | Operation::OneHot { .. }
            | Operation::Mask { .. }
            | Operation::Parameter(_)
            | Operation::Einsum { .. }
            | Operation::Add { .. }
            | Operation::Map { .. }
            | Operation::Reduce { .. } => {}
        }
    }
}

/// The axis classes that a parameter has, and those that are joined or cut from such.
fn weight_classes(program: &Program, classes: &AxisClasses) -> HashSet<usize> {
    let mut weights = HashSet::new();
    let mut together: Vec<Vec<usize>> = Vec::new();
    for (at, node) in program.nodes.iter().enumerate() {
        let value = ValueId(at as u32);
        match &node.operation {
            Operation::Parameter(_) => weights.extend((0..node.shape.len()).map(|axis| classes.class(value, axis))),
            Operation::Concat { values, axis } => {
                together.push(values.iter().chain([&value]).map(|&part| classes.class(part, *axis)).collect());
            }
            Operation::Slice { value: cut, axis, .. } => {
                together.push([*cut, value].map(|part| classes.class(part, *axis)).to_vec());
            }
            _ => {}
        }
    }
    loop {
        let before = weights.len();
        for classes in &together {
            if classes.iter().any(|class| weights.contains(class)) {
                weights.extend(classes);
            }
        }
        if weights.len() == before {
            return weights;
        }
    }
}
