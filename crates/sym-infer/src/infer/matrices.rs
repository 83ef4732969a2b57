//! Spaces on which full matrix groups act.

use super::{Analysis, Claimed};
use crate::conserved::conserved;
use crate::frames::union::Link;
use crate::frames::{Family, Kind};
use crate::names;
use crate::names::Names;
use crate::spaces::SpaceId;
use crate::states::states;
use crate::symmetries::{Action, Class, Frame, Generators, Group, MatrixFrame, Space, Status};
use sym_ir::ValueId;

impl Analysis<'_> {
    pub(super) fn matrices(&self, id: SpaceId, family: Family, names: &mut Names, claimed: &mut Claimed) -> Option<Space> {
        let (gains, axes): (Vec<_>, Vec<_>) = self
            .axes_of(id)
            .into_iter()
            .partition(|&(_, value, axis)| self.frames.gain[self.spaces.place_number(value, axis) as usize]);
        if axes.is_empty() || !claimed.spaces.insert(id) {
            return None;
        }
        let dependence = self.dependence(id);
        // Linear spaces that always occur together are one product space.
        let mut joined = vec![id];
        for &other in &dependence {
            let general = [id, other].iter().all(|space| self.frames.kinds[*space as usize] == Kind::Matrix(Family::General));
            if general && self.dependence(other).contains(&id) && self.occur_together(id, other) {
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
                dual: self.link(value, axis).dual,
                gains: self.link(value, axis).gains.clone(),
            })
            .collect();
        let gauge = frames.iter().any(|frame| !frame.gains.is_empty());
        let inner = match family {
            Family::General => Group::GeneralLinear(size),
            Family::Orthogonal => Group::Orthogonal(size),
            Family::OrthogonalFixingOnes => Group::OrthogonalFixingOnes(size),
            Family::Complex(_) => Group::Complex(size / 2),
            Family::Unitary(_) => Group::Unitary(size / 2),
        };
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
        if let Some((value, text)) = &self.frames.reasons[id as usize] {
            reasons.push(self.reason(*value, text));
        } else {
            let text =
                "it is only contracted between two different operands, and nothing but linear maps stands between".to_string();
            reasons.push(self.reason(self.spaces.places[id as usize].last()?.value, &text));
        }
        if let Some((value, axis)) = gains.first().map(|gain| (gain.1, gain.2)) {
            let name = &self.program.node(value).shape[axis].symbol;
            let path = self.program.parameter(gains[0].0).path.as_str();
            let text = format!("the {name} entries of `{path}` multiply it: matrices act conjugated by them behind it");
            reasons.push(self.reason(value, &text));
        }
        let gains = gains.into_iter().map(|(parameter, _, axis)| (parameter, axis)).collect();
        let generators = Generators::Matrices { frames, family, gains };
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, id)),
            size,
            class: if gauge { Class::Gauge } else { Class::Linear },
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            // The action of a gauge depends on θ: its fixed sets are no linear subspaces.
            states: if gauge { Vec::new() } else { states(self.entries, &group, size, &symbol, &orbits) },
            conserved: conserved(self.program, size, &generators),
            kept: None,
            generators,
            status: Status::Derived,
            reasons,
            group,
        })
    }

    pub(super) fn occur_together(&self, a: SpaceId, b: SpaceId) -> bool {
        let values =
            |space: SpaceId| -> Vec<ValueId> { self.spaces.places[space as usize].iter().map(|place| place.value).collect() };
        values(a) == values(b)
            && self.spaces.places[a as usize]
                .iter()
                .zip(&self.spaces.places[b as usize])
                .all(|(left, right)| self.link(left.value, left.axis) == self.link(right.value, right.axis))
    }

    pub(super) fn link(&self, value: ValueId, axis: usize) -> &Link {
        &self.frames.links[self.spaces.place_number(value, axis) as usize]
    }

    /// The other spaces of which a space has one matrix or permutation per position.
    pub(super) fn dependence(&self, space: SpaceId) -> Vec<SpaceId> {
        self.frames.dependence.get(&space).cloned().unwrap_or_default()
    }
}
