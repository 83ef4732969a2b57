//! Scales that belong to no single space of units.

use super::{Analysis, Cluster, degree_of};
use crate::conserved::conserved;
use crate::frames::Kind;
use crate::names;
use crate::names::Names;
use crate::spaces::SpaceId;
use crate::symmetries::{Action, Class, Field as Moves, Frame, Generators, Group, Reason, Space, Status};
use std::collections::{BTreeMap, BTreeSet};
use sym_ir::ParameterId;

impl Analysis<'_> {
    /// Scales and signs that belong to no permuted space, joined where they act on common parameters.
    pub(super) fn rescalings(&self, names: &mut Names) -> Vec<Space> {
        let mut units: BTreeMap<SpaceId, bool> = BTreeMap::new();
        let mut own = |spaces: &[SpaceId]| match spaces {
            [space] => *units
                .entry(*space)
                .or_insert_with(|| self.frames.kinds[*space as usize] == Kind::Monomial && !self.axes_of(*space).is_empty()),
            _ => false,
        };
        let scales: Vec<_> = self.scales.fields.iter().filter(|field| !own(&field.spaces)).collect();
        let signs: Vec<_> = self.signs.fields.iter().filter(|field| !own(&field.spaces)).collect();
        let mut clusters: Vec<Cluster> = Vec::new();
        // The first cluster of some spaces that acts on a parameter.
        let mut first: BTreeMap<(&[SpaceId], ParameterId), usize> = BTreeMap::new();
        let scales =
            scales.into_iter().map(|field| (field.spaces.as_slice(), self.moves(field), Some(self.is_approximate(field))));
        let signs = signs.into_iter().map(|field| (field.spaces.as_slice(), self.sign_moves(field), None));
        for (spaces, moves, scale) in scales.chain(signs) {
            let parameters: BTreeSet<ParameterId> = moves.entries.iter().map(|entry| entry.parameter).collect();
            if parameters.is_empty() {
                continue;
            }
            let known = parameters.iter().filter_map(|parameter| first.get(&(spaces, *parameter)).copied()).min();
            let at = known.unwrap_or_else(|| {
                clusters.push(Cluster::default());
                clusters.len() - 1
            });
            for &parameter in &parameters {
                first.entry((spaces, parameter)).and_modify(|known| *known = at.min(*known)).or_insert(at);
            }
            clusters[at].parameters.extend(parameters);
            clusters[at].approximate |= scale == Some(true);
            let fields = if scale.is_some() { &mut clusters[at].scales } else { &mut clusters[at].signs };
            fields.push(moves);
        }
        clusters
            .into_iter()
            .map(|Cluster { parameters, scales, signs, approximate, .. }| {
                let tuples: u128 = scales
                    .iter()
                    .chain(&signs)
                    .next()
                    .map_or(1, |field| field.sizes.iter().copied().fold(1, u128::saturating_mul));
                let (factors, flips) = (scales.len() as u128, signs.len() as u128);
                let dim = tuples.saturating_mul(factors);
                let group = match (factors, flips) {
                    (0, flips) => Group::Signs(tuples.saturating_mul(flips)),
                    (factors, flips) if flips == factors => Group::Rescaling { dim, signed: true },
                    (_, 0) => Group::Rescaling { dim, signed: false },
                    (_, flips) => {
                        Group::Product(vec![Group::Rescaling { dim, signed: false }, Group::Signs(tuples.saturating_mul(flips))])
                    }
                };
                let parameters: Vec<ParameterId> = parameters.into_iter().collect();
                let affine = scales.iter().any(|field| field.entries.iter().any(|entry| entry.shift))
                    || scales.iter().chain(&signs).any(|field| !field.offsets.is_empty());
                let acts_on = parameters
                    .iter()
                    .map(|&parameter| Action {
                        parameter,
                        axis: None,
                        frame: Frame::Monomial {
                            degrees: scales.iter().map(|field| degree_of(field, parameter)).collect(),
                            sign: signs.iter().any(|field| field.entries.iter().any(|entry| entry.parameter == parameter)),
                        },
                    })
                    .collect();
                let spans = parameters.iter().map(|id| Reason {
                    span: self.program.parameter(*id).span,
                    text: format!("`{}` is multiplied with others that can take its scale", self.program.parameter(*id).path),
                });
                let reasons = spans.collect();
                let states = self.closed_gate(&scales, &parameters);
                let generators = Generators::Units { permuted: Vec::new(), scales, signs };
                Space {
                    name: names.unique([names::joined(self.program, &parameters)]),
                    size: tuples,
                    class: if affine { Class::Affine } else { Class::Linear },
                    continuous_dim: group.dimension(),
                    log10_order: group.log10_order(),
                    acts_on,
                    states,
                    conserved: conserved(self.program, tuples, &generators),
                    kept: None,
                    generators,
                    status: if approximate { Status::Approximate } else { Status::Derived },
                    reasons,
                    group,
                }
            })
            .collect()
    }

    /// The fixed set of one position's scale: what it multiplies vanishes.
    pub(super) fn closed_gate(&self, scales: &[Moves], parameters: &[ParameterId]) -> Vec<crate::symmetries::State> {
        let linear = |field: &&Moves| field.offsets.is_empty() && field.entries.iter().all(|entry| !entry.shift);
        let Some(field) = scales.first().filter(linear) else {
            return Vec::new();
        };
        let Some(total) = self.entries else { return Vec::new() };
        let mut removed = 0u128;
        let mut terms = Vec::new();
        for entry in &field.entries {
            let parameter = self.program.parameter(entry.parameter);
            let rest: Vec<&sym_ir::Axis> =
                parameter.shape.iter().enumerate().filter(|(axis, _)| !entry.axes.contains(axis)).map(|(_, axis)| axis).collect();
            removed = removed.saturating_add(rest.iter().map(|axis| axis.size).fold(1, u128::saturating_mul));
            let symbols: Vec<&str> = rest.iter().map(|axis| &*axis.symbol).collect();
            terms.push(if symbols.is_empty() { "1".to_string() } else { symbols.join("·") });
        }
        vec![crate::symmetries::State {
            kind: crate::symmetries::StateKind::GateClosed,
            description: format!(
                "one position of `{}` and all that it multiplies vanish",
                names::joined(self.program, parameters)
            ),
            rank: total.saturating_sub(removed),
            removed,
            formula: format!("D − ({})", terms.join(" + ")),
        }]
    }
}
