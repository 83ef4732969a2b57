//! Spaces on which full matrix groups act.

use super::{Analysis, Claimed};
use crate::conserved::conserved;
use crate::frames::Kind;
use crate::names;
use crate::names::Names;
use crate::spaces::SpaceId;
use crate::states::states;
use crate::symmetries::{Action, Class, Frame, Generators, Group, MatrixFrame, Space, Status};
use sym_ir::ValueId;

impl Analysis<'_> {
    pub(super) fn matrices(&self, id: SpaceId, names: &mut Names, claimed: &mut Claimed) -> Option<Space> {
        let axes = self.axes_of(id);
        if axes.is_empty() || !claimed.spaces.insert(id) {
            return None;
        }
        let orthogonal = self.frames.kinds[id as usize] == Kind::Orthogonal;
        let dependence = self.scales.dependence.get(&id).cloned().unwrap_or_default();
        // Linear spaces that always occur together are one product space.
        let mut joined = vec![id];
        for &other in &dependence {
            let mutual = self.scales.dependence.get(&other).is_some_and(|back| back.contains(&id));
            if self.frames.kinds[other as usize] == Kind::Linear && mutual && self.occur_together(id, other) {
                joined.push(other);
                claimed.spaces.insert(other);
            }
        }
        let over: Vec<SpaceId> = dependence.into_iter().filter(|other| !joined.contains(other)).collect();
        let size = joined.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let copies = over.iter().map(|space| self.spaces.sizes[*space as usize]).fold(1, u128::saturating_mul);
        let place_of = |value: ValueId, spaces: &[SpaceId]| -> Vec<usize> {
            let rank = self.program.node(value).shape.len();
            spaces.iter().filter_map(|space| (0..rank).find(|&axis| self.spaces.of_axis(value, axis) == *space)).collect()
        };
        let frames: Vec<MatrixFrame> = axes
            .iter()
            .map(|&(parameter, value, axis)| MatrixFrame {
                parameter,
                axes: if joined.len() == 1 { vec![axis] } else { place_of(value, &joined) },
                over: place_of(value, &over),
                dual: self.frames.dual[self.spaces.place_number(value, axis) as usize],
            })
            .collect();
        let inner = if orthogonal { Group::Orthogonal(size) } else { Group::GeneralLinear(size) };
        let group = if copies > 1 { Group::Wreath { inner: Box::new(inner), copies, permuted: false } } else { inner };
        let acts_on = frames
            .iter()
            .map(|frame| Action {
                parameter: frame.parameter,
                axis: Some(frame.axes[0]),
                frame: if frame.dual { Frame::Dual } else { Frame::Primal },
            })
            .collect();
        let apart: Vec<SpaceId> = joined.iter().chain(&over).copied().collect();
        let orbits = self.orbits(&axes, &apart, |_, _| (true, true));
        let symbol = self.symbol(id);
        let mut reasons = Vec::new();
        if orthogonal {
            reasons.extend(self.frames.reasons[id as usize].as_ref().map(|(value, text)| self.reason(*value, text)));
        } else {
            let text =
                "it is only contracted between two different operands, and nothing but linear maps stands between".to_string();
            reasons.push(self.reason(self.spaces.places[id as usize].last()?.value, &text));
        }
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, id)),
            size,
            class: Class::Linear,
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            states: states(self.entries, &group, size, &symbol, &orbits),
            conserved: conserved(self.program, size, &Generators::Matrices { frames: frames.clone(), orthogonal }),
            kept: None,
            generators: Generators::Matrices { frames, orthogonal },
            status: Status::Derived,
            reasons,
            group,
        })
    }

    pub(super) fn occur_together(&self, a: SpaceId, b: SpaceId) -> bool {
        let values =
            |space: SpaceId| -> Vec<ValueId> { self.spaces.places[space as usize].iter().map(|place| place.value).collect() };
        values(a) == values(b)
            && self.spaces.places[a as usize].iter().zip(&self.spaces.places[b as usize]).all(|(left, right)| {
                let dual =
                    |place: &crate::spaces::Place| self.frames.dual[self.spaces.place_number(place.value, place.axis) as usize];
                dual(left) == dual(right)
            })
    }
}
