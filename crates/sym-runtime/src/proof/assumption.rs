//! Symmetries that a file declares (`assume symmetry(Net.fc1) >= gl(8)`), as actions that numbers can test.
//!
//! The item names a group and a space, not how each parameter moves. Incoming weights and biases of the units transform with the group,
//! outgoing ones with its dual, vectors that are multiplied in stay; where a kind of group leaves a choice (the degree of a scale, which
//! side changes sign), each is a candidate, and the claim is refuted only if all of them are.

use super::jacobian::Examples;
use super::{Assumed, completeness, infinitesimal, report, soundness};
use crate::Stream;
use sym_diagnostics::{Diagnostic, Span};
use sym_infer::symmetries::Family;
use sym_infer::{
    Action, Class, Degree, Field, FieldEntry, Frame, Generators, Group, MatrixFrame, Reason, Space, Status, Symmetries, UnitAxis,
    Weights,
};
use sym_ir::experiment::{Carrier, Claim, GroupName, Quantity};
use sym_ir::{Operation, ParameterId, Program, ValueId};
use sym_rewrite::AxisClasses;
use sym_syntax::ast::Comparison;

/// A declared symmetry of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    /// The model or training run, as written.
    pub model: String,
    /// The space.
    pub space: String,
    /// The group.
    pub group: GroupName,
    /// The claim as written.
    pub text: String,
    /// The item.
    pub span: Span,
}

/// What a parameter does with the units along one of its axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It makes them: incoming weights, biases.
    Writer,
    /// It sums over them.
    Reader,
    /// It multiplies them one by one.
    Gain,
}

impl Assumption {
    /// The symmetry that a claim says is there at least; `None` where it names no space or only bounds the symmetry from above.
    pub fn of(claim: &Claim) -> Option<Self> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        let ((symmetry, GreaterOrEqual | Greater | Equal, Quantity::Group(group))
        | (Quantity::Group(group), LessOrEqual | Less | Equal, symmetry)) = (&claim.left, claim.comparison, &claim.right)
        else {
            return None;
        };
        let Quantity::Symmetry { model, space: Some(space), of: Carrier::Model } = symmetry else { return None };
        Some(Self {
            model: model.clone(),
            space: space.clone(),
            group: group.clone(),
            text: claim.text.clone(),
            span: claim.span,
        })
    }

    /// Whether numbers can test it: shifts and directions have no action that a name tells.
    pub fn is_testable(&self) -> bool {
        !matches!(self.group.name.as_str(), "translation" | "directions" | "trivial")
    }

    /// E0302 where the group is on another number of units than the space has.
    pub fn mismatch(&self, program: &Program, derived: &Symmetries) -> Option<Diagnostic> {
        let (parameter, axis) = self.place(program, derived)?;
        let size = program.parameter(parameter).shape[axis].size;
        let wrong = self.group.size != 0 && self.group.size != size && !self.candidates(program, derived).is_empty();
        wrong.then(|| report::assumption_of_size(self, size))
    }

    /// Tests each action that the claim may mean until one holds; E0302 if none does.
    pub(super) fn test(
        &self,
        program: &Program,
        derived: &Symmetries,
        weights: &Weights,
        examples: &Examples,
        stream: &mut Stream,
    ) -> Result<(Assumed, Option<Diagnostic>), Vec<Diagnostic>> {
        let mut first: Option<(Space, Diagnostic)> = None;
        for (at, candidate) in self.candidates(program, derived).into_iter().enumerate() {
            let mut claim = Symmetries { continuous_dim: candidate.continuous_dim, spaces: vec![candidate] };
            let (_, refutations) = soundness::check(program, &claim, weights, examples, 3, stream)?;
            let mut refutation = refutations.first().map(|refutation| report::assumption_refuted(program, self, refutation));
            if refutation.is_none() {
                let residual = infinitesimal::residuals(program, &claim, weights, examples, stream)?[0];
                refutation = (residual > completeness::RESIDUAL).then(|| report::assumption_moves(program, self, residual));
            }
            let mut row = claim.spaces.remove(0);
            let Some(refutation) = refutation else {
                return Ok((Assumed { row: Some(row), candidate: Some(at) }, None));
            };
            row.status = Status::Refuted;
            first.get_or_insert((row, refutation));
        }
        let (row, refutation) = first.unzip();
        Ok((Assumed { row, candidate: None }, refutation))
    }

    /// The actions that the claim may mean, the most usual first; empty where its group has none that numbers can test. The group has the
    /// size of the space in this program, which may be a miniature.
    pub fn candidates(&self, program: &Program, derived: &Symmetries) -> Vec<Space> {
        let Some(place) = self.place(program, derived) else { return Vec::new() };
        let members = members(program, place);
        let size = program.parameter(place.0).shape[place.1].size;
        let permuted: Vec<UnitAxis> =
            members.iter().map(|&(parameter, axis, _)| UnitAxis { parameter, axes: vec![axis], over: Vec::new() }).collect();
        let scales: Vec<Field> = [(1, 1), (2, 1), (3, 1), (1, 2)]
            .into_iter()
            .map(|(numerator, denominator)| {
                field(size, &members, &|role| match role {
                    Role::Writer => Some(Degree { numerator: 1, denominator: 1 }),
                    Role::Reader => Some(Degree { numerator: -numerator, denominator }),
                    Role::Gain => None,
                })
            })
            .collect();
        let signs: Vec<Field> = [[true, true], [true, false], [false, true]]
            .into_iter()
            .map(|[writers, readers]| {
                let odd = Degree { numerator: 1, denominator: 1 };
                field(size, &members, &|role| match role {
                    Role::Writer => writers.then_some(odd),
                    Role::Reader => readers.then_some(odd),
                    Role::Gain => None,
                })
            })
            .collect();
        let units = |permuted: &[UnitAxis], scales: &[&Field], signs: &[&Field]| Generators::Units {
            permuted: permuted.to_vec(),
            scales: scales.iter().copied().cloned().collect(),
            signs: signs.iter().copied().cloned().collect(),
        };
        let matrices = |family: Family| {
            let frames = members.iter().filter(|member| member.2 != Role::Gain).map(|&(parameter, axis, role)| MatrixFrame {
                parameter,
                axes: vec![axis],
                over: Vec::new(),
                dual: role == Role::Reader,
                gains: Vec::new(),
            });
            vec![Generators::Matrices { frames: frames.collect(), family, gains: Vec::new() }]
        };
        let both = |permuted: &[UnitAxis]| {
            scales.iter().flat_map(|scale| signs.iter().map(|sign| units(permuted, &[scale], &[sign]))).collect()
        };
        let (group, actions): (Group, Vec<Generators>) = match self.group.name.as_str() {
            "permutation" => (Group::Permutation(size), vec![units(&permuted, &[], &[])]),
            "signed_permutation" => {
                (Group::SignedPermutation(size), signs.iter().map(|sign| units(&permuted, &[], &[sign])).collect())
            }
            "signs" => (Group::Signs(size), signs.iter().map(|sign| units(&[], &[], &[sign])).collect()),
            "positive_monomial" => (
                Group::PositiveMonomial { size, factors: 1 },
                scales.iter().map(|scale| units(&permuted, &[scale], &[])).collect(),
            ),
            "positive_rescaling" => {
                (Group::Rescaling { dim: size, signed: false }, scales.iter().map(|scale| units(&[], &[scale], &[])).collect())
            }
            "monomial" => (Group::Monomial { size, factors: 1 }, both(&permuted)),
            "rescaling" => (Group::Rescaling { dim: size, signed: true }, both(&[])),
            "gl" => (Group::GeneralLinear(size), matrices(Family::General)),
            "o" => (Group::Orthogonal(size), matrices(Family::Orthogonal)),
            _ => return Vec::new(),
        };
        // An action that moves nothing says nothing.
        let moves = |generators: &Generators| match generators {
            Generators::Units { scales, signs, .. } => scales.iter().chain(signs).all(|field| !field.entries.is_empty()),
            Generators::Matrices { frames, .. } => !frames.is_empty(),
            _ => true,
        };
        actions.into_iter().filter(moves).map(|generators| self.row(size, group.clone(), generators, &members)).collect()
    }

    fn row(&self, size: u128, group: Group, generators: Generators, members: &[(ParameterId, usize, Role)]) -> Space {
        Space {
            name: self.space.clone(),
            size,
            class: Class::Linear,
            continuous_dim: group.dimension(),
            log10_order: group.log10_order(),
            acts_on: members.iter().map(|member| action(&generators, *member)).collect(),
            states: Vec::new(),
            conserved: Vec::new(),
            kept: None,
            status: Status::Assumed,
            reasons: vec![Reason { span: self.span, text: "declared, not derived".to_string() }],
            group,
            generators,
        }
    }

    /// A parameter axis that runs over the units: the derived row's, else the incoming axis of the layer's weight.
    fn place(&self, program: &Program, derived: &Symmetries) -> Option<(ParameterId, usize)> {
        let rows = derived.spaces.iter().filter(|space| space.name == self.space);
        let mut axes = rows.flat_map(|space| &space.acts_on).filter_map(|action| Some((action.parameter, action.axis?)));
        axes.next().or_else(|| {
            let weight = format!("{}.weight", self.space);
            let named = |parameter: &sym_ir::Parameter| parameter.path == weight || parameter.path == self.space;
            let (id, parameter) = program.parameter_ids().find(|(_, parameter)| named(parameter))?;
            (!parameter.shape.is_empty()).then_some((id, 0))
        })
    }
}

/// All axes of trainable parameters that run over the same units, with their roles.
fn members(program: &Program, place: (ParameterId, usize)) -> Vec<(ParameterId, usize, Role)> {
    let classes = AxisClasses::of(program);
    let reads = |id: ParameterId| program.nodes.iter().position(|node| node.operation == Operation::Parameter(id));
    let Some(first) = reads(place.0) else { return Vec::new() };
    let wanted = classes.class(ValueId(first as u32), place.1);
    let mut members = Vec::new();
    for (id, parameter) in program.parameter_ids().filter(|(_, parameter)| parameter.trainable) {
        let Some(value) = reads(id).map(|at| ValueId(at as u32)) else { continue };
        for axis in (0..parameter.shape.len()).filter(|&axis| classes.class(value, axis) == wanted) {
            members.push((id, axis, role(program, value, axis)));
        }
    }
    members
}

/// The role by the first operation that reads the parameter, sums of weights and their multiples aside.
fn role(program: &Program, mut value: ValueId, mut axis: usize) -> Role {
    for (at, node) in program.nodes.iter().enumerate() {
        match &node.operation {
            Operation::Add { terms, .. } => {
                let Some(term) = terms.iter().find(|term| term.value == value) else { continue };
                if node.batched {
                    return Role::Writer;
                }
                (value, axis) = (ValueId(at as u32), term.axes[axis]);
            }
            Operation::Einsum { operands, output, .. } => {
                let Some(own) = operands.iter().find(|operand| operand.value == value) else { continue };
                let label = own.labels[axis];
                let Some(kept) = output.iter().position(|other| *other == label) else { return Role::Reader };
                if operands.iter().filter(|operand| operand.labels.contains(&label)).count() > 1 {
                    return Role::Gain;
                }
                if node.batched {
                    return Role::Writer;
                }
                (value, axis) = (ValueId(at as u32), kept);
            }
            _ => {}
        }
    }
    Role::Writer
}

/// The field of one number a unit, with a degree by role.
fn field(size: u128, members: &[(ParameterId, usize, Role)], degree: &dyn Fn(Role) -> Option<Degree>) -> Field {
    let entry = |&(parameter, axis, role): &(ParameterId, usize, Role)| {
        Some(FieldEntry { parameter, axes: vec![axis], degree: degree(role)?, shift: false })
    };
    Field { sizes: vec![size], entries: members.iter().filter_map(entry).collect(), complements: Vec::new(), offsets: Vec::new() }
}

fn action(generators: &Generators, (parameter, axis, role): (ParameterId, usize, Role)) -> Action {
    let none = Degree { numerator: 0, denominator: 1 };
    let frame = match generators {
        Generators::Matrices { .. } | Generators::Form { .. } | Generators::Parallel { .. } if role == Role::Reader => {
            Frame::Dual
        }
        Generators::Matrices { .. } | Generators::Form { .. } | Generators::Parallel { .. } => Frame::Primal,
        Generators::Units { scales, signs, .. } => {
            let entry = |field: &Field| {
                field.entries.iter().find(|entry| entry.parameter == parameter && entry.axes == [axis]).map(|entry| entry.degree)
            };
            Frame::Monomial {
                degrees: scales.iter().map(|field| entry(field).unwrap_or(none)).collect(),
                sign: signs.iter().any(|field| entry(field).is_some()),
            }
        }
        Generators::Assembled { .. }
        | Generators::Branches { .. }
        | Generators::Turns { .. }
        | Generators::Trade { .. }
        | Generators::Split { .. }
        | Generators::Masked { .. }
        | Generators::Cut { .. }
        | Generators::Antisymmetric { .. }
        | Generators::Reparametrised { .. }
        | Generators::Skipless { .. }
        | Generators::Constants { .. }
        | Generators::Kernels { .. } => Frame::Shift,
    };
    Action { parameter, axis: Some(axis), frame }
}
