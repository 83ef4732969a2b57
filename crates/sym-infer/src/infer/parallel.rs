//! Parallel linear paths: spaces whose every producer reads the same values and whose every reader lands in the same sums are parts of one
//! space, on which matrices act as a whole: `A₁W₁x + A₂W₂x` has GL(n + m).

use super::Analysis;
use crate::conserved::conserved;
use crate::frames::{Family, Kind};
use crate::graph::Use;
use crate::names;
use crate::names::Names;
use crate::spaces::{Place, SpaceId, repeats};
use crate::states::states;
use crate::symmetries::{Action, Class, Frame, Generators, Group, MatrixFrame, Space, Status};
use std::collections::BTreeMap;
use sym_ir::{Label, Operand, Operation, ValueId};

/// What happens along a space, with its own values named by their order in it. Sizes of the space do not enter.
type Signature = Vec<Token>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Token {
    /// A parameter of its own: the sizes of its other axes, and where its own one stands.
    Parameter(Vec<SpaceId>, usize),
    /// A product with its factor.
    Product(u64),
    /// A value of its own with the axis along it.
    Own(usize),
    /// Any other value.
    Other(ValueId),
    /// Labels by first occurrence.
    Labels(Vec<usize>),
    /// A sum.
    Sum,
    /// A factor.
    Factor(u64),
    /// Axes of a sum.
    Axes(Vec<usize>),
    /// An elementwise linear function.
    Slope(u64),
}

/// Nested sums that are looked through.
const NESTED: usize = 64;

impl Analysis<'_> {
    /// Groups of at least two parallel spaces, by each of their spaces.
    pub(super) fn parallel(&self) -> BTreeMap<SpaceId, Vec<SpaceId>> {
        let mut alike: BTreeMap<Signature, Vec<SpaceId>> = BTreeMap::new();
        for id in 0..self.spaces.sizes.len() as SpaceId {
            if self.frames.kinds[id as usize] == Kind::Matrix(Family::General)
                && self.dependence(id).is_empty()
                && let Some(signature) = self.signature(id)
            {
                alike.entry(signature).or_default().push(id);
            }
        }
        let groups = alike.into_values().filter(|group| group.len() > 1);
        groups.flat_map(|group| group.clone().into_iter().map(move |id| (id, group.clone()))).collect()
    }

    fn signature(&self, id: SpaceId) -> Option<Signature> {
        let places = &self.spaces.places[id as usize];
        let own: BTreeMap<ValueId, usize> = places.iter().enumerate().map(|(at, place)| (place.value, at)).collect();
        if own.len() != places.len() {
            return None;
        }
        let mut tokens = Signature::new();
        for &Place { value, axis } in places {
            if self.graph.is_output(value) || !self.link(value, axis).gains.is_empty() {
                return None;
            }
            match &self.program.node(value).operation {
                Operation::Parameter(parameter) => {
                    if !self.program.parameter(*parameter).trainable || !self.graph.is_read_once(*parameter, value) {
                        return None;
                    }
                    let rank = self.program.node(value).shape.len();
                    let others = (0..rank).filter(|other| *other != axis).map(|other| self.spaces.of_axis(value, other));
                    tokens.push(Token::Parameter(others.collect(), axis));
                }
                Operation::Einsum { operands, output, coefficient } => {
                    tokens.push(Token::Product(coefficient.to_bits()));
                    product_tokens(operands, output, &own, &mut tokens)?;
                }
                Operation::Add { terms, constant } if *constant == 0.0 => {
                    tokens.push(Token::Sum);
                    for term in terms {
                        tokens.push(Token::Own(*own.get(&term.value)?));
                        tokens.push(Token::Factor(term.coefficient.to_bits()));
                        tokens.push(Token::Axes(term.axes.clone()));
                    }
                }
                Operation::Map { value: inner, .. } => {
                    tokens.push(Token::Slope(self.classes.get(&value)?.linear?.to_bits()));
                    tokens.push(Token::Own(*own.get(inner)?));
                }
                _ => return None,
            }
            for reader in self.graph.uses(value) {
                if !own.contains_key(&reader.by) {
                    self.contraction(*reader, &own, &mut tokens)?;
                }
            }
        }
        Some(tokens)
    }

    /// A product that sums the space away, and the outermost sum that it is a term of.
    fn contraction(&self, reader: Use, own: &BTreeMap<ValueId, usize>, tokens: &mut Signature) -> Option<()> {
        let Operation::Einsum { operands, output, coefficient } = &self.program.node(reader.by).operation else { return None };
        tokens.push(Token::Product(coefficient.to_bits()));
        product_tokens(operands, output, own, tokens)?;
        let mut value = reader.by;
        let mut factor = 1.0;
        let mut axes: Vec<usize> = (0..self.program.node(value).shape.len()).collect();
        let mut sum = None;
        for _ in 0..NESTED {
            let [outer] = self.graph.uses(value) else { break };
            let Operation::Add { terms, .. } = &self.program.node(outer.by).operation else { break };
            if self.graph.is_output(value) {
                break;
            }
            let term = &terms[outer.slot];
            factor *= term.coefficient;
            axes = axes.into_iter().map(|axis| term.axes[axis]).collect();
            value = outer.by;
            sum = Some(value);
        }
        tokens.extend([Token::Other(sum?), Token::Factor(f64::to_bits(factor)), Token::Axes(axes)]);
        Some(())
    }

    /// The row of parallel spaces.
    pub(super) fn parallel_space(&self, parts: &[SpaceId], names: &mut Names) -> Option<Space> {
        let first = *parts.first()?;
        let frames: Vec<Vec<MatrixFrame>> = parts
            .iter()
            .map(|&part| {
                let frame = |(parameter, value, axis)| MatrixFrame {
                    parameter,
                    axes: vec![axis],
                    over: Vec::new(),
                    dual: self.link(value, axis).dual,
                    gains: Vec::new(),
                };
                self.axes_of(part).into_iter().map(frame).collect()
            })
            .collect();
        if frames.iter().any(|part| part.is_empty() || part.len() != frames[0].len()) {
            return None;
        }
        let size = parts.iter().map(|part| self.spaces.sizes[*part as usize]).fold(0, u128::saturating_add);
        let group = Group::GeneralLinear(size);
        let acts_on = frames.iter().flatten().map(|frame| Action {
            parameter: frame.parameter,
            axis: Some(frame.axes[0]),
            frame: if frame.dual { Frame::Dual } else { Frame::Primal },
        });
        let acts_on = acts_on.collect();
        let symbol = parts.iter().map(|part| self.symbol(*part)).collect::<Vec<_>>().join(" + ");
        let orbits = self.orbits(&self.axes_of(first), &[first], |_, _| (true, true));
        let text =
            format!("{} linear paths read the same values and land in the same sums: together they are one space", parts.len());
        let generators = Generators::Parallel { parts: frames };
        Some(Space {
            name: names.unique(names::candidates(self.program, &self.spaces, first)),
            size,
            class: Class::Linear,
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on,
            states: states(self.entries, &group, size, &symbol, &orbits),
            conserved: conserved(self.program, size, &generators),
            kept: None,
            generators,
            status: Status::Derived,
            reasons: vec![self.reason(self.spaces.places[first as usize].last()?.value, &text)],
            group,
        })
    }
}

/// Factors of a product with their labels; `None` where one takes a diagonal.
fn product_tokens(operands: &[Operand], output: &[Label], own: &BTreeMap<ValueId, usize>, tokens: &mut Signature) -> Option<()> {
    let mut order: Vec<Label> = Vec::new();
    let mut numbers = |labels: &[Label]| {
        let number = |label: &Label| {
            order.iter().position(|known| known == label).unwrap_or_else(|| {
                order.push(*label);
                order.len() - 1
            })
        };
        labels.iter().map(number).collect::<Vec<_>>()
    };
    for operand in operands {
        if repeats(&operand.labels) {
            return None;
        }
        tokens.push(own.get(&operand.value).map_or(Token::Other(operand.value), |at| Token::Own(*at)));
        tokens.push(Token::Labels(numbers(&operand.labels)));
    }
    tokens.push(Token::Labels(numbers(output)));
    Some(())
}
