//! The sizes of a program as unknowns, and what has to hold between them.

use super::images::{Taps, directions};
use crate::AxisClasses;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use sym_ir::{Axis, Entries, Operation, ParameterId, Program, ValueId};

/// The least size of an axis that was larger: contractions and softmax stay generic from here on.
pub const LEAST: u128 = 3;
/// The least size of an axis over which statistics are taken.
const LEAST_STATISTICS: u128 = 4;
/// The least number of tokens: of few there are few different sequences.
const LEAST_TOKENS: u128 = 4;
/// The least number of heads, groups and other parts of a split axis.
pub const LEAST_PART: u128 = 2;

/// A size of the program: equal ones stay equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// The number.
    pub value: u128,
    /// What it counts.
    pub kind: Kind,
}

/// What a size counts. Equal numbers of different things say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Positions, such as tokens, that no parameter has.
    Positions,
    /// Pixels and taps, of one class of axes: windows relate them to others, and nothing else does. Later classes come first, so that a search
    /// follows windows backwards from the smallest image.
    Windowed(Reverse<usize>),
    /// Units: a parameter has axes of them.
    Weights,
}

impl Size {
    /// A number of units.
    pub fn of_weights(value: u128) -> Self {
        Self { value, kind: Kind::Weights }
    }
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

    /// The sizes that determine it.
    pub fn parts(&self) -> &[Size] {
        match self {
            Relation::Sum { parts, .. } | Relation::Product { parts, .. } => parts,
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
    Windows { from: Size, to: Size, taps: Taps },
}

impl Condition {
    /// Whether it says something about a size.
    pub fn concerns(&self, size: Size) -> bool {
        match self {
            Condition::Even(of) => *of == size,
            Condition::Windows { from, to, taps } => [*from, *to, taps.size].contains(&size),
        }
    }

    /// Whether values meet it; one with an unknown size may be met.
    pub fn holds(&self, of: impl Fn(Size) -> Option<u128>) -> bool {
        match self {
            Condition::Even(size) => of(*size).is_none_or(|value| value % 2 == 0),
            Condition::Windows { from, to, taps } => {
                let Some(count) = of(taps.size) else { return true };
                let (Some(from), Some(to)) = (of(*from), of(*to)) else { return taps.resized(count).is_some() };
                taps.windows(from, count) == Some(to)
            }
        }
    }
}

/// All unknowns of a program.
#[derive(Debug)]
pub struct Sizes {
    classes: AxisClasses,
    weights: HashSet<usize>,
    windowed: HashSet<usize>,
    parameters: Vec<Vec<Size>>,
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
    /// Sizes of images along all directions but one, with their taps: where images become lines, these are 1.
    pub flattened: BTreeSet<Size>,
    /// Numbers of units along two axes of one parameter, the smaller first: of these the order decides where kernels are.
    pub linked: BTreeSet<(Size, Size)>,
    /// Numbers of units, and the number of words in a table of them where it has more: few words show less of what reads them.
    pub tables: BTreeSet<(Size, Size)>,
    /// Numbers of units that a norm takes statistics of.
    pub normalised: BTreeSet<Size>,
    /// Axes of parameters of three and more axes, each with the others: the sign of ∏ others − axis decides which of them is a bottleneck.
    pub blocks: BTreeSet<(Size, Vec<Size>)>,
}

impl Sizes {
    /// Collects them in one pass.
    pub fn of(program: &Program) -> Self {
        let classes = AxisClasses::of(program);
        let weights = weight_classes(program, &classes);
        let windowed = windowed_classes(program, &classes);
        let mut sizes = Self {
            classes,
            weights,
            windowed,
            parameters: Vec::new(),
            cuts: HashMap::new(),
            unknowns: BTreeSet::new(),
            relations: BTreeSet::new(),
            conditions: BTreeSet::new(),
            least: BTreeMap::new(),
            flattened: BTreeSet::new(),
            linked: BTreeSet::new(),
            tables: BTreeSet::new(),
            normalised: BTreeSet::new(),
            blocks: BTreeSet::new(),
        };
        sizes.collect(program);
        sizes
    }

    /// The unknown of a value's axis.
    pub fn of_axis(&self, program: &Program, value: ValueId, axis: usize) -> Size {
        self.of_class(program.node(value).shape[axis].size, self.classes.class(value, axis))
    }

    fn of_class(&self, value: u128, class: usize) -> Size {
        let kind = match (self.windowed.contains(&class), self.weights.contains(&class)) {
            (true, _) => Kind::Windowed(Reverse(class)),
            (false, true) => Kind::Weights,
            (false, false) => Kind::Positions,
        };
        Size { value, kind }
    }

    /// The unknowns of a parameter's axes.
    pub fn of_parameter(&self, id: ParameterId) -> &[Size] {
        &self.parameters[id.0 as usize]
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

    /// Whether it is the number of taps of windows that cut an axis into patches.
    pub fn is_patch(&self, size: Size) -> bool {
        let patches = |condition: &Condition| matches!(condition, Condition::Windows { taps, .. } if taps.size == size && taps.are_patches());
        self.conditions.iter().any(patches)
    }

    /// The pieces into which slices cut an axis between two positions.
    pub fn pieces(&self, program: &Program, value: ValueId, axis: usize, from: u128, to: u128) -> Vec<Size> {
        let kind = self.of_axis(program, value, axis).kind;
        let Some(cuts) = self.cuts.get(&self.classes.class(value, axis)) else { return Vec::new() };
        let inside: Vec<u128> = cuts.range(from..=to).copied().collect();
        inside.windows(2).map(|pair| Size { value: pair[1] - pair[0], kind }).collect()
    }

    /// The coefficients n(n + 1)/2 of quadratic forms on normalised units that are linear in a table's rows of some units. On fewer words than that
    /// the norm is not the only form that is 1 on all of them, which makes directions flat for no symmetry. The rows themselves are free.
    pub fn forms(&self, row: Size, of: impl Fn(Size) -> Option<u128>) -> impl Iterator<Item = (Size, u128)> {
        let units = of(row);
        self.normalised.iter().filter(move |&&size| size != row).filter_map(move |&size| {
            let least = of(size)?.min(units?);
            Some((size, least.saturating_mul(least + 1) / 2))
        })
    }

    /// The unknown of a bare number: that of weights where these have axes of it.
    pub fn of_number(&self, value: u128) -> Size {
        let units = Size::of_weights(value);
        if self.unknowns.contains(&units) { units } else { Size { value, kind: Kind::Positions } }
    }

    fn collect(&mut self, program: &Program) {
        self.parameters = program
            .parameters
            .iter()
            .map(|parameter| parameter.shape.iter().map(|axis| Size::of_weights(axis.size)).collect())
            .collect();
        for (at, node) in program.nodes.iter().enumerate() {
            let Operation::Parameter(id) = node.operation else { continue };
            self.parameters[id.0 as usize] =
                (0..node.shape.len()).map(|axis| self.of_axis(program, ValueId(at as u32), axis)).collect();
        }
        let words = |size: &Size| program.inputs.iter().any(|input| input.entries == Entries::Integer { below: size.value });
        for axes in &self.parameters {
            self.unknowns.extend(axes);
            if let [one, other] = axes[..] {
                let pairs = [(one, other), (other, one)].into_iter();
                self.tables.extend(pairs.filter(|(units, count)| words(count) && count.value > units.value));
            }
            for axis in (0..axes.len()).filter(|_| axes.len() > 2) {
                let others = axes.iter().enumerate().filter(|(other, _)| *other != axis).map(|(_, size)| *size).collect();
                self.blocks.insert((axes[axis], others));
            }
            self.linked.extend(
                axes.iter().flat_map(|one| axes.iter().filter(move |other| one < other).map(move |other| (*one, *other))),
            );
            // The fewest of a block's units are heads, groups or experts.
            let units: Vec<&Size> = axes.iter().filter(|size| size.kind == Kind::Weights).collect();
            if let Some(fewest) = units.iter().min().filter(|_| units.len() > 2) {
                self.least.insert(**fewest, LEAST_PART);
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
        self.unknowns.extend(program.inputs.iter().filter_map(|input| input.rank).map(Size::of_weights));
        for at in 0..program.nodes.len() {
            self.relate(program, ValueId(at as u32));
        }
        for (at, node) in program.nodes.iter().enumerate() {
            let Operation::Input(input) = node.operation else { continue };
            if let Entries::Integer { .. } = program.inputs[input.0 as usize].entries {
                for axis in 0..node.shape.len() {
                    let size = self.of_axis(program, ValueId(at as u32), axis);
                    if size.kind == Kind::Positions {
                        self.least.insert(size, LEAST_TOKENS);
                    }
                }
            }
        }
        let flattened = directions(program, &self.classes);
        for (at, node) in program.nodes.iter().enumerate() {
            let value = ValueId(at as u32);
            let axes = (0..node.shape.len()).filter(|&axis| flattened.contains(&self.classes.class(value, axis)));
            let found: Vec<Size> = axes.map(|axis| self.of_axis(program, value, axis)).collect();
            self.flattened.extend(found);
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
                    let size = self.of_axis(program, *value, axis);
                    self.least.insert(size, LEAST_STATISTICS);
                    if size.kind == Kind::Weights {
                        self.normalised.insert(size);
                    }
                }
            }
            Operation::Window { value, axis, stride, padding, dilation, .. } => {
                let (from, to) = (self.of_axis(program, *value, *axis), self.of_axis(program, result, *axis));
                let size = self.of_axis(program, result, axis + 1);
                let taps = Taps { size, stride: *stride, padding: *padding, dilation: *dilation };
                if taps.are_patches() {
                    self.least.insert(size, LEAST_PART);
                }
                self.conditions.insert(Condition::Windows { from, to, taps });
            }
            Operation::TopK { value, axis, count, .. } => {
                let kept = Size { value: *count, ..self.of_axis(program, *value, *axis) };
                self.unknowns.insert(kept);
                self.least.insert(kept, LEAST_PART);
            }
            Operation::Rotary { value, axis, .. } => {
                self.conditions.insert(Condition::Even(self.of_axis(program, *value, *axis)));
            }
            // Models have no derivatives.
            Operation::Input(_)
            | Operation::Adjoint(_)
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

/// The axis classes along which windows slide, before and after, and those of their taps.
fn windowed_classes(program: &Program, classes: &AxisClasses) -> HashSet<usize> {
    let mut windowed = HashSet::new();
    for (at, node) in program.nodes.iter().enumerate() {
        if let Operation::Window { value, axis, .. } = node.operation {
            let result = ValueId(at as u32);
            windowed.extend([(value, axis), (result, axis), (result, axis + 1)].map(|(value, axis)| classes.class(value, axis)));
        }
    }
    windowed
}
