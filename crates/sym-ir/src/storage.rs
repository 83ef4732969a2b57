//! How parameters lie in a state dict: under which names, in which layout, and as which part of a tensor that several of them share.

mod name;

pub use name::StoredName;

use crate::program::{Axis, Parameter, ParameterId, Program};
use indexmap::IndexMap;

/// A view of a parameter in a state dict. Every axis of the parameter occurs once, in the name or in the layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The name, or the names of one tensor a position.
    pub name: StoredName,
    /// The stored axes in order.
    pub layout: Vec<StoredAxis>,
}

/// An axis of a stored tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAxis {
    /// The parameter's axes that it merges, the first varies slowest.
    pub axes: Vec<usize>,
    /// Which of them are a part of something longer, if any.
    pub part: Option<Part>,
}

/// Successive axes of a merged one that are, together, a part of a longer axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first of them, counted in [`StoredAxis::axes`].
    pub first: usize,
    /// How many they are.
    pub count: usize,
    /// Where the part begins.
    pub start: u128,
}

/// Where a parameter's positions lie along one stored axis: in each of `blocks` blocks, runs of `inner` entries from the `start`-th on, `length`
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Number of blocks.
    pub blocks: u128,
    /// First run in each block.
    pub start: u128,
    /// Runs in each block.
    pub length: u128,
    /// Entries in each run.
    pub inner: u128,
}

/// A tensor of a state dict, or the tensors of one pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTensor {
    /// The name.
    pub name: StoredName,
    /// The sizes of the holes in the name.
    pub stack: Vec<u128>,
    /// The shape of each tensor.
    pub shape: Vec<u128>,
    /// The parameters that it holds.
    pub views: Vec<View>,
}

/// Where the entries of a parameter lie in a [`StoredTensor`]: position (i₀, i₁, …) of the parameter at `base` + ∑ iₐ `strides`ₐ, in row-major
/// order with the holes of the name in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The parameter.
    pub parameter: ParameterId,
    /// Place of the first entry.
    pub base: u128,
    /// Step of each axis of the parameter.
    pub strides: Vec<u128>,
    /// Where it lies along each stored axis.
    pub extents: Vec<Extent>,
    /// How long each block of each stored axis is, in runs.
    pub periods: Vec<u128>,
}

/// Why parameters cannot be stored together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageFault {
    /// Two parameters see one tensor with different axes.
    Differ(ParameterId, ParameterId),
    /// Two parameters share entries.
    Overlap(ParameterId, ParameterId),
    /// Entries of a tensor belong to none of its parameters, the first of which is named. Where it is one axis that has the gap, its number
    /// and the positions.
    Gap(ParameterId, Option<(usize, u128, u128)>),
    /// Two patterns of names give the same name.
    Named(ParameterId, ParameterId),
}

impl Storage {
    /// A tensor of its own, axes as they are.
    pub fn plain(name: impl Into<String>, rank: usize) -> Self {
        Self { name: StoredName::plain(name), layout: (0..rank).map(StoredAxis::single).collect() }
    }

    /// Whether the parameter is a whole tensor of its own with its axes as they are.
    pub fn is_as_written(&self) -> bool {
        self.name.axes().is_empty() && self.layout.iter().enumerate().all(|(at, axis)| *axis == StoredAxis::single(at))
    }

    /// Whether the parameter is a part of a longer tensor.
    pub fn is_part(&self) -> bool {
        self.layout.iter().any(|axis| axis.part.is_some())
    }

    /// Where the parameter lies along each stored axis.
    pub fn extents(&self, shape: &[Axis]) -> Vec<Extent> {
        let product = |axes: &[usize]| axes.iter().map(|&axis| shape[axis].size).product::<u128>();
        self.layout
            .iter()
            .map(|stored| match stored.part {
                None => Extent { blocks: 1, start: 0, length: product(&stored.axes), inner: 1 },
                Some(Part { first, count, start }) => Extent {
                    blocks: product(&stored.axes[..first]),
                    start,
                    length: product(&stored.axes[first..first + count]),
                    inner: product(&stored.axes[first + count..]),
                },
            })
            .collect()
    }
}

impl StoredAxis {
    /// One axis as it is.
    pub fn single(axis: usize) -> Self {
        Self::merged(vec![axis])
    }

    /// Several axes as one.
    pub fn merged(axes: Vec<usize>) -> Self {
        Self { axes, part: None }
    }
}

impl Parameter {
    /// The shape as it is stored: that of one tensor, and of the parameter's own part of it.
    pub fn stored_shape(&self) -> Vec<u128> {
        let size = |stored: &StoredAxis| stored.axes.iter().map(|&axis| self.shape[axis].size).product();
        self.storage.layout.iter().map(size).collect()
    }

    fn stack(&self) -> Vec<u128> {
        self.storage.name.axes().iter().map(|&axis| self.shape[axis].size).collect()
    }
}

impl StoredTensor {
    /// The name of each tensor of the pattern, the last hole varying fastest.
    pub fn members(&self) -> Vec<String> {
        let count: u128 = self.stack.iter().product();
        let name = |at: u128| {
            let mut rest = at;
            let mut positions: Vec<u128> = self
                .stack
                .iter()
                .rev()
                .map(|size| {
                    let position = rest % size;
                    rest /= size;
                    position
                })
                .collect();
            positions.reverse();
            self.name.at(&positions)
        };
        (0..count).map(name).collect()
    }
}

impl Program {
    /// The names and shapes of the tensors in which the program stores the selected parameters, in its order.
    pub fn stored_shapes(&self, selected: &dyn Fn(ParameterId) -> bool) -> Vec<(String, Vec<u128>)> {
        let (tensors, _) = self.stored_tensors();
        let chosen = tensors.iter().filter(|tensor| tensor.views.iter().any(|view| selected(view.parameter)));
        chosen.flat_map(|tensor| tensor.members().into_iter().map(|name| (name, tensor.shape.clone()))).collect()
    }

    /// The tensors of the program's state dict in the order of their first parameters, and why some parameters do not fit together.
    pub fn stored_tensors(&self) -> (Vec<StoredTensor>, Vec<StorageFault>) {
        let mut groups: IndexMap<(String, usize), Vec<ParameterId>> = IndexMap::new();
        for (id, parameter) in self.parameter_ids() {
            let name = &parameter.storage.name;
            groups.entry((name.pattern(), name.axes().len())).or_default().push(id);
        }
        let mut faults = Vec::new();
        let tensors: Vec<StoredTensor> = groups.values().map(|group| self.stored_tensor(group, &mut faults)).collect();
        name::check(&tensors, &mut faults);
        (tensors, faults)
    }

    fn stored_tensor(&self, group: &[ParameterId], faults: &mut Vec<StorageFault>) -> StoredTensor {
        let first = self.parameter(group[0]);
        let own: Vec<Vec<Extent>> =
            group.iter().map(|&id| self.parameter(id).storage.extents(&self.parameter(id).shape)).collect();
        let (stack, axes) = (first.stack(), own[0].len());
        let alike = |at: usize| {
            let same = |(one, other): (&Extent, &Extent)| (one.blocks, one.inner) == (other.blocks, other.inner);
            own[at].len() == axes && own[at].iter().zip(&own[0]).all(same) && self.parameter(group[at]).stack() == stack
        };
        let members: Vec<usize> = (0..group.len()).filter(|&at| alike(at)).collect();
        faults.extend((0..group.len()).filter(|at| !members.contains(at)).map(|at| StorageFault::Differ(group[0], group[at])));
        let periods: Vec<u128> = (0..axes)
            .map(|axis| members.iter().map(|&at| own[at][axis].start.saturating_add(own[at][axis].length)).max().unwrap_or(1))
            .collect();
        let shape: Vec<u128> = own[0]
            .iter()
            .zip(&periods)
            .map(|(extent, period)| extent.blocks.saturating_mul(*period).saturating_mul(extent.inner))
            .collect();
        if first.storage.is_part() || members.len() > 1 {
            let extents: Vec<(ParameterId, &[Extent])> = members.iter().map(|&at| (group[at], own[at].as_slice())).collect();
            faults.extend(tiling_fault(&extents, &periods));
        }
        let views = members.iter().map(|&at| self.view(group[at], own[at].clone(), &periods, &shape)).collect();
        StoredTensor { name: first.storage.name.clone(), stack, shape, views }
    }

    fn view(&self, id: ParameterId, extents: Vec<Extent>, periods: &[u128], shape: &[u128]) -> View {
        let parameter = self.parameter(id);
        let (mut base, mut strides) = (0u128, vec![0u128; parameter.shape.len()]);
        let mut step = 1u128;
        for (axis, stored) in parameter.storage.layout.iter().enumerate().rev() {
            let (extent, period) = (extents[axis], periods[axis]);
            base = base.saturating_add(step.saturating_mul(extent.start).saturating_mul(extent.inner));
            let blocks = stored.part.map_or(0, |part| part.first);
            let mut own = step;
            for (at, &merged) in stored.axes.iter().enumerate().rev() {
                if at + 1 == blocks {
                    own = step.saturating_mul(period).saturating_mul(extent.inner);
                }
                strides[merged] = own;
                own = own.saturating_mul(parameter.shape[merged].size);
            }
            step = step.saturating_mul(shape[axis]);
        }
        for &axis in parameter.storage.name.axes().iter().rev() {
            strides[axis] = step;
            step = step.saturating_mul(parameter.shape[axis].size);
        }
        View { parameter: id, base, strides, extents, periods: periods.to_vec() }
    }
}

impl View {
    /// The place of each entry of the parameter, in the order of the parameter's entries.
    pub fn places(&self, shape: &[Axis]) -> impl Iterator<Item = u128> {
        let digits: Vec<(u128, u128)> = shape.iter().zip(&self.strides).map(|(axis, stride)| (axis.size, *stride)).collect();
        let count = shape.iter().map(|axis| axis.size).product::<u128>();
        let base = self.base;
        (0..count).map(move |entry| {
            let (_, place) = digits
                .iter()
                .rev()
                .fold((entry, base), |(rest, place), (size, stride)| (rest / size, place + rest % size * stride));
            place
        })
    }
}

/// Why boxes do not tile a tensor.
fn tiling_fault(boxes: &[(ParameterId, &[Extent])], periods: &[u128]) -> Option<StorageFault> {
    let end = |extent: &Extent| extent.start.saturating_add(extent.length);
    for (at, (id, one)) in boxes.iter().enumerate() {
        for (other_id, other) in &boxes[..at] {
            if one.iter().zip(*other).all(|(a, b)| a.start < end(b) && b.start < end(a)) {
                return Some(StorageFault::Overlap(*other_id, *id));
            }
        }
    }
    let volume = |sizes: &mut dyn Iterator<Item = u128>| sizes.fold(1u128, u128::saturating_mul);
    let covered = boxes.iter().map(|(_, own)| volume(&mut own.iter().map(|extent| extent.length))).fold(0, u128::saturating_add);
    let first = boxes.first()?;
    if covered >= volume(&mut periods.iter().copied()) {
        return None;
    }
    let whole = |axis: usize| boxes.iter().all(|(_, own)| own[axis].length == periods[axis]);
    let cut: Vec<usize> = (0..periods.len()).filter(|&axis| !whole(axis)).collect();
    let gap = if let [axis] = cut.as_slice() {
        let mut runs: Vec<(u128, u128)> = boxes.iter().map(|(_, own)| (own[*axis].start, end(&own[*axis]))).collect();
        runs.sort_unstable();
        let mut reached = 0;
        runs.iter().find_map(|&(start, end)| {
            let gap = (start > reached).then_some((*axis, reached, start));
            reached = end;
            gap
        })
    } else {
        None
    };
    Some(StorageFault::Gap(first.0, gap))
}

#[cfg(test)]
mod tests {
    use super::{Part, Storage, StorageFault, StoredAxis, StoredName};
    use crate::Builder;
    use crate::program::{Axis, Initial, Parameter, ParameterId, Program};
    use sym_diagnostics::{FileId, Span};

    fn program(parameters: &[(&[u128], Storage)]) -> Program {
        let mut builder = Builder::new("M");
        for (at, (sizes, storage)) in parameters.iter().enumerate() {
            builder.declare_parameter(Parameter {
                path: format!("p{at}"),
                storage: storage.clone(),
                shape: sizes.iter().map(|&size| Axis::of(size)).collect(),
                trainable: true,
                initial: Initial::Constant(0.0),
                role: crate::program::Role::default(),
                span: Span::new(FileId(0), 0, 0),
            });
        }
        builder.finish()
    }

    fn part(name: &str, axes: &[usize], first: usize, count: usize, start: u128, behind: usize) -> Storage {
        let cut = StoredAxis { axes: axes.to_vec(), part: Some(Part { first, count, start }) };
        Storage { name: StoredName::plain(name), layout: vec![cut, StoredAxis::single(behind)] }
    }

    #[test]
    fn parts_in_every_block_lie_between_one_another() {
        // Two heads with two rows of keys and one of values each, for three columns: k k v k k v.
        let program = program(&[(&[2, 2, 3], part("kv", &[0, 1], 1, 1, 0, 2)), (&[2, 1, 3], part("kv", &[0, 1], 1, 1, 2, 2))]);
        let (tensors, faults) = program.stored_tensors();
        assert_eq!((tensors.len(), faults.len()), (1, 0));
        assert_eq!(tensors[0].shape, [6, 3]);
        let rows = |view: usize| {
            let id = tensors[0].views[view].parameter;
            let places = tensors[0].views[view].places(&program.parameter(id).shape);
            places.step_by(3).map(|place| place / 3).collect::<Vec<_>>()
        };
        assert_eq!((rows(0), rows(1)), (vec![0, 1, 3, 4], vec![2, 5]));
    }

    #[test]
    fn a_tensor_for_each_position_of_an_axis() {
        let mut name = StoredName::plain("experts.");
        name.push_axis(1);
        name.push(".w1");
        // Two inputs and three experts of five units.
        let layout = vec![StoredAxis::single(2), StoredAxis::single(0)];
        let program = program(&[(&[2, 3, 5], Storage { name, layout })]);
        let (tensors, faults) = program.stored_tensors();
        assert_eq!((tensors[0].stack.as_slice(), tensors[0].shape.as_slice(), faults.len()), (&[3][..], &[5, 2][..], 0));
        assert_eq!(tensors[0].name.at(&[2]), "experts.2.w1");
        // Input i, expert e, unit u is at 10 e + 2 u + i.
        let places: Vec<u128> = tensors[0].views[0].places(&program.parameters[0].shape).collect();
        let expected: Vec<u128> = (0..30).map(|at| (at / 5 % 3) * 10 + at % 5 * 2 + at / 15).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn parts_that_overlap_or_leave_a_gap_are_found() {
        let (one, two) = (ParameterId(0), ParameterId(1));
        let fault = |start: u128| {
            program(&[(&[2, 3], part("w", &[0], 0, 1, 0, 1)), (&[2, 3], part("w", &[0], 0, 1, start, 1))]).stored_tensors().1
        };
        assert_eq!(fault(2), []);
        assert_eq!(fault(1), [StorageFault::Overlap(one, two)]);
        assert_eq!(fault(5), [StorageFault::Gap(one, Some((0, 2, 5)))]);
        let whole = Storage::plain("w", 2);
        let mixed = program(&[(&[2, 3], part("w", &[0], 0, 1, 0, 1)), (&[4, 4], whole)]).stored_tensors().1;
        assert_eq!(mixed, [StorageFault::Overlap(one, two)]);
        let transposed = program(&[(&[2, 3], part("w", &[0], 0, 1, 0, 1)), (&[4], Storage::plain("w", 1))]).stored_tensors().1;
        assert_eq!(transposed[0], StorageFault::Differ(one, two));
    }

    #[test]
    fn names_of_patterns_are_compared_with_all_others() {
        let pattern = || {
            let mut name = StoredName::plain("experts.");
            name.push_axis(0);
            name.push(".w");
            Storage { name, layout: vec![StoredAxis::single(1)] }
        };
        let faults = |other: &str| program(&[(&[3, 2], pattern()), (&[2], Storage::plain(other, 1))]).stored_tensors().1;
        assert_eq!(faults("experts.2.w"), [StorageFault::Named(ParameterId(0), ParameterId(1))]);
        for other in ["experts.3.w", "experts.02.w", "experts.2.v"] {
            assert_eq!(faults(other), [], "{other}");
        }
    }
}
