//! Why a space has the group that it has: every operation that constrained it, in order, and the one that decided.
//!
//! Worked out on demand for one row of the table; [`Space::reasons`](crate::Space) holds the short form that every row has.

use super::Analysis;
use crate::class::FunctionClass;
use crate::cuts::Cuts;
use crate::frames::{Family, Kind};
use crate::spaces::{SpaceId, labelled};
use crate::splits::Splits;
use crate::symmetries::{Group, Reason, Space};
use sym_diagnostics::Span;
use sym_ir::{Operand, Operation, Program, ValueId};

/// How a row of the table was derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// What constrained the space, in the order of the program. What stands in one place is listed once.
    pub steps: Vec<Step>,
    /// What decided; `None` where nothing took anything from the space, or where the row belongs to no single space.
    pub decision: Option<Decision>,
}

/// An operation that constrains a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub span: Span,
    /// What it asks of the space.
    pub text: String,
    /// How many operations stand there: repeated layers stand in one place.
    pub count: usize,
}

/// The operation that left the group no larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The group that it excluded, such as `GL`.
    pub excluded: String,
    /// The operation, such as `` `tanh` ``.
    pub subject: String,
    /// What it is or does, such as `is odd and not linear`.
    pub predicate: String,
    /// Where it stands.
    pub span: Span,
}

/// The derivations, with their names, of the rows of [`infer`](super::infer) that `wanted` names. A row that stands for weights which are
/// expressions of parameters has none.
pub fn derivations(program: &Program, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Derivation)> {
    let cuts = Cuts::of(program);
    let program = cuts.as_ref().map_or(program, |cuts| &cuts.program);
    let splits = Splits::of(program);
    let analysis = Analysis::of(splits.as_ref().map_or(program, |splits| &splits.program));
    let rows = analysis.rows();
    let named = rows.iter().filter(|(_, space)| wanted(&space.name));
    named.map(|(id, space)| (space.name.clone(), analysis.derivation(*id, space))).collect()
}

impl Analysis<'_> {
    fn derivation(&self, id: Option<SpaceId>, space: &Space) -> Derivation {
        let Some(id) = id else {
            let mut steps = Vec::new();
            space.reasons.iter().for_each(|reason| add(&mut steps, reason.clone()));
            return Derivation { steps, decision: None };
        };
        let mut steps: Vec<Step> = Vec::new();
        for index in 0..self.program.nodes.len() {
            let value = ValueId(index as u32);
            if let Some(text) = self.constraint(id, value) {
                add(&mut steps, Reason { span: self.program.node(value).span, text });
            }
        }
        Derivation { steps, decision: self.decision(id, space) }
    }

    fn bears(&self, id: SpaceId, value: ValueId) -> Option<usize> {
        (0..self.program.node(value).shape.len()).find(|&axis| self.spaces.of_axis(value, axis) == id)
    }

    /// What an operation asks of a space; `None` where it only passes it on.
    fn constraint(&self, id: SpaceId, value: ValueId) -> Option<String> {
        let node = self.program.node(value);
        let recorded =
            |found: &Option<(ValueId, String)>| found.as_ref().filter(|(by, _)| *by == value).map(|(_, text)| text.clone());
        let fixed = recorded(&self.spaces.fixed[id as usize]);
        if let Operation::Parameter(parameter) = node.operation {
            let axis = self.bears(id, value)?;
            let path = &self.program.parameter(parameter).path;
            return Some(fixed.unwrap_or_else(|| format!("axis {axis} of `{path}` moves with it")));
        }
        if let (Operation::Map { function, .. }, Some(class)) = (&node.operation, self.classes.get(&value)) {
            self.bears(id, value)?;
            return (class.linear.is_none()).then(|| format!("`{}` is {}: {}", function.name, class.words(), passes(class)));
        }
        if let Some(text) = fixed.or_else(|| recorded(&self.frames.reasons[id as usize])) {
            return Some(text);
        }
        if let Operation::Einsum { operands, output, .. } = &node.operation {
            return self.einsum_constraint(id, value, operands, output);
        }
        None
    }

    fn einsum_constraint(&self, id: SpaceId, result: ValueId, operands: &[Operand], output: &[sym_ir::Label]) -> Option<String> {
        let (label, _) =
            labelled(operands, output, result).find(|(_, place)| self.spaces.of_axis(place.value, place.axis) == id)?;
        let bearing: Vec<&Operand> = operands.iter().filter(|operand| operand.labels.contains(&label)).collect();
        let name = |operand: &Operand| format!("`{}`", self.program.node(operand.value).name);
        match (bearing.as_slice(), output.contains(&label)) {
            ([left, right], false) => Some(format!(
                "it is contracted between {} and {}: what acts on one acts dually on the other",
                name(left),
                name(right)
            )),
            ([one], false) => Some(format!("{} is summed over it: the vector of ones is kept", name(one))),
            ([], _) | ([_], true) => None,
            (several, _) => Some(format!("{} factors are multiplied along it: permutations and scales", several.len())),
        }
    }

    fn decision(&self, id: SpaceId, space: &Space) -> Option<Decision> {
        let because = |excluded: &str, found: &Option<(ValueId, String)>| {
            let (value, text) = found.as_ref()?;
            let node = self.program.node(*value);
            Some(Decision {
                excluded: excluded.to_string(),
                subject: format!("`{}`", node.operation.word()),
                predicate: format!("because {text}"),
                span: node.span,
            })
        };
        match self.frames.kinds[id as usize] {
            Kind::Fixed => because("permutations", &self.spaces.fixed[id as usize]),
            Kind::Matrix(Family::General) => None,
            Kind::Matrix(_) => because("GL", &self.frames.reasons[id as usize]),
            Kind::Monomial => {
                self.deciding_function(id, &space.group).or_else(|| because("GL", &self.frames.reasons[id as usize]))
            }
        }
    }

    /// The first function on a space whose own class is no wider than the group that is left.
    fn deciding_function(&self, id: SpaceId, group: &Group) -> Option<Decision> {
        let (scales, signs) = match group {
            Group::SignedPermutation(_) => (false, true),
            Group::PositiveMonomial { .. } => (true, false),
            Group::Monomial { .. } | Group::MixedMonomial { .. } => (true, true),
            _ => (false, false),
        };
        self.spaces.places[id as usize].iter().find_map(|place| {
            let node = self.program.node(place.value);
            let (Operation::Map { function, .. }, Some(class)) = (&node.operation, self.classes.get(&place.value)) else {
                return None;
            };
            let flips = class.odd || class.even || class.complement.is_some();
            let decides = class.linear.is_none() && (scales || class.degree.is_none()) && (signs || !flips);
            let predicate = if class.words() == "generic" {
                "is neither odd, nor even, nor homogeneous, nor linear".to_string()
            } else {
                format!("is {} and not linear", class.words())
            };
            decides.then(|| Decision {
                excluded: "GL".to_string(),
                subject: format!("`{}`", function.name),
                predicate,
                span: node.span,
            })
        })
    }
}

/// Adds a step, or counts it where the same stands there already.
fn add(steps: &mut Vec<Step>, reason: Reason) {
    match steps.iter_mut().find(|step| step.span == reason.span && step.text == reason.text) {
        Some(step) => step.count += 1,
        None => steps.push(Step { span: reason.span, text: reason.text, count: 1 }),
    }
}

/// What a function lets through.
pub(super) fn passes(class: &FunctionClass) -> &'static str {
    match class {
        _ if class.exponential.is_some() => "a shift in becomes a scale out",
        FunctionClass { degree: Some(_), odd: true, .. } => "scales and signs pass",
        FunctionClass { degree: Some(_), even: true, .. } => "positive scales pass and signs are forgotten",
        FunctionClass { degree: Some(_), .. } => "positive scales pass, signs do not",
        FunctionClass { odd: true, .. } => "signs pass, scales do not",
        FunctionClass { even: true, .. } => "signs are forgotten, scales do not pass",
        FunctionClass { complement: Some(_), .. } => "signs pass where a later bias takes up the constant",
        _ => "neither scales nor signs pass",
    }
}
