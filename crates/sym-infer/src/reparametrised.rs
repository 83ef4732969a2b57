//! Reparametrised weights: expressions of parameters that make every weight near the given one.
//!
//! In u ⊙ w, or g v/‖v‖ by rows, one factor alone (a direction with its length) makes any change of the whole, whatever the other factors
//! are as long as they do not vanish. So the model has the symmetries of the model with a free parameter in place of the expression, each
//! taken back to that factor, beside those that leave the expression as it is. Both are symmetries of one program: the free weight where
//! the expression was read, and the expression as one more output.

mod route;

use crate::assembled;
use crate::graph::Graph;
use crate::symmetries::{Action, Class, Frame, Generators, Group, Space, StateKind, Symmetries};
pub use route::Link;
use route::{Route, Routes};
use std::collections::BTreeMap;
use sym_ir::{Initial, Node, Operand, Operation, Output, Parameter, ParameterId, Program, Role, Storage, ValueId};

/// A weight that is an expression of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Expressed {
    /// The parameter that stands for it in [`Reparametrised::program`].
    pub whole: ParameterId,
    /// The expression, a value of that program.
    pub made: ValueId,
    /// From the expression to a parameter through one operand of each operation.
    pub links: Vec<Link>,
    /// That parameter.
    pub leaf: ParameterId,
    /// For each axis of the parameter that of the whole.
    pub axes: Vec<usize>,
}

/// A program with free parameters where weights are read that are expressions of parameters.
#[derive(Debug, Clone)]
pub struct Reparametrised {
    /// That program, with the expressions as further outputs. Parameters keep their numbers, values do not.
    pub program: Program,
    /// The weights.
    pub weights: Vec<Expressed>,
}

/// Where a free parameter is put.
enum Site {
    /// In place of a value.
    Value(Route),
    /// In place of some factors of a product: the first of them and others.
    Factors(Route, Vec<usize>),
}

impl Reparametrised {
    /// `None` if there are no such weights.
    pub fn of(program: &Program) -> Option<Self> {
        let graph = Graph::of(program);
        let routes = Routes { program, graph: &graph };
        let mut sites: BTreeMap<usize, Site> = BTreeMap::new();
        let mut inner = vec![false; program.nodes.len()];
        for index in (0..program.nodes.len()).rev() {
            let value = ValueId(index as u32);
            if inner[index] || !graph.is_read(value) {
                continue;
            }
            let site = routes.of_value(value).map(Site::Value);
            let Some(site) = site.or_else(|| routes.of_factors(value).map(|(route, others)| Site::Factors(route, others))) else {
                continue;
            };
            let (Site::Value(route) | Site::Factors(route, _)) = &site;
            route.inner.iter().for_each(|value| inner[value.0 as usize] = true);
            sites.insert(index, site);
        }
        (!sites.is_empty()).then(|| Self::with(program, sites))
    }

    fn with(program: &Program, sites: BTreeMap<usize, Site>) -> Self {
        let mut free = Program { nodes: Vec::new(), ..program.clone() };
        let mut numbers: Vec<ValueId> = Vec::with_capacity(program.nodes.len());
        let mut expressions: Vec<(ParameterId, Route, Node)> = Vec::new();
        let mut sites = sites;
        for (index, node) in program.nodes.iter().enumerate() {
            let mut node = node.clone();
            node.operation.operands_mut().into_iter().for_each(|value| *value = numbers[value.0 as usize]);
            match sites.remove(&index) {
                None => {}
                Some(Site::Value(route)) => {
                    let whole = add_whole(&mut free, program, &route, &node);
                    let reads = Node { operation: Operation::Parameter(whole), ..node.clone() };
                    expressions.push((whole, route, std::mem::replace(&mut node, reads)));
                }
                Some(Site::Factors(route, others)) => {
                    let read = program.node(program.nodes[index].operation.operands()[route.slot]);
                    let made = Node { span: node.span, scope: node.scope.clone(), ..read.clone() };
                    let whole = add_whole(&mut free, program, &route, &made);
                    let at = ValueId(free.nodes.len() as u32);
                    free.nodes.push(Node { operation: Operation::Parameter(whole), ..made.clone() });
                    if let Operation::Einsum { operands, .. } = &mut node.operation {
                        let labels = operands[route.slot].labels.clone();
                        let factors = std::iter::once(route.slot).chain(others.iter().copied());
                        let factors: Vec<Operand> = factors.map(|slot| operands[slot].clone()).collect();
                        operands[route.slot].value = at;
                        let mut slot = 0;
                        operands.retain(|_| {
                            slot += 1;
                            !others.contains(&(slot - 1))
                        });
                        let product = Operation::Einsum { operands: factors, output: labels, coefficient: 1.0 };
                        expressions.push((whole, route, Node { operation: product, ..made }));
                    }
                }
            }
            numbers.push(ValueId(free.nodes.len() as u32));
            free.nodes.push(node);
        }
        free.outputs.iter_mut().for_each(|output| output.value = numbers[output.value.0 as usize]);
        let mut weights = Vec::new();
        for (whole, route, node) in expressions {
            let made = ValueId(free.nodes.len() as u32);
            free.nodes.push(node);
            free.outputs.push(Output { name: free.parameter(whole).path.clone(), value: made });
            // The first link is the expression itself.
            let renumber = |(at, link): (usize, Link)| {
                let to = if at == 0 { made } else { numbers[link.value().0 as usize] };
                link.at(to)
            };
            let links = route.links.into_iter().enumerate().map(renumber).collect();
            weights.push(Expressed { whole, made, links, leaf: route.leaf, axes: route.axes });
        }
        Self { program: free, weights }
    }

    fn weight(&self, parameter: ParameterId) -> Option<&Expressed> {
        self.weights.iter().find(|weight| weight.whole == parameter)
    }

    fn moves_whole(&self, space: &Space) -> bool {
        space.acts_on.iter().any(|action| self.weight(action.parameter).is_some())
    }

    /// A row of this program as one of the program that it stands for.
    fn translated(&self, space: Space) -> Space {
        let moves = self.moves_whole(&space);
        let of_program = match &space.generators {
            // Gains are values, which have other numbers in the program itself.
            Generators::Matrices { frames, .. } => moves || frames.iter().any(|frame| !frame.gains.is_empty()),
            Generators::Parallel { parts } => moves || parts.iter().flatten().any(|frame| !frame.gains.is_empty()),
            Generators::Branches { .. } => moves,
            Generators::Units { scales, signs, .. } => {
                moves || scales.iter().chain(signs).any(|field| !field.complements.is_empty() || !field.offsets.is_empty())
            }
            _ => true,
        };
        if !of_program {
            return space;
        }
        let acts_on = space.acts_on.iter().map(|action| self.action(action)).collect();
        let generators = Generators::Reparametrised { inner: Box::new(space.generators) };
        if !moves {
            return Space { acts_on, generators, ..space };
        }
        let class = if space.class == Class::Bottleneck { Class::Bottleneck } else { Class::Affine };
        Space { class, acts_on, generators, states: Vec::new(), conserved: Vec::new(), ..space }
    }

    fn action(&self, action: &Action) -> Action {
        let Some(weight) = self.weight(action.parameter) else { return action.clone() };
        let axis = action.axis.and_then(|axis| weight.axes.iter().position(|own| *own == axis));
        Action { parameter: weight.leaf, axis, frame: if axis.is_some() { action.frame.clone() } else { Frame::Shift } }
    }

    /// The scales alone of a row of units.
    fn scales(&self, space: &Space) -> Option<Space> {
        let Generators::Units { scales, .. } = &space.generators else { return None };
        let inner = Generators::Units { permuted: Vec::new(), scales: scales.clone(), signs: Vec::new() };
        let scaled = self.translated(Space { generators: inner, ..space.clone() });
        let group = Group::Rescaling { dim: space.continuous_dim, signed: false };
        let name = format!("{}.scales", space.name);
        (space.continuous_dim > 0).then_some(Space { name, group, log10_order: 0.0, ..scaled })
    }
}

/// A row of units without its scales.
fn unscaled(space: &Space) -> Option<Space> {
    let Generators::Units { permuted, signs, .. } = &space.generators else { return None };
    let unit = Group::of_units(space.size, 0, signs.len() as u128);
    let group = match &space.group {
        Group::Wreath { copies, permuted, .. } => Group::Wreath { inner: Box::new(unit), copies: *copies, permuted: *permuted },
        _ => unit,
    };
    let frame = |frame: &Frame| match frame {
        Frame::Monomial { sign, .. } => Frame::Monomial { degrees: Vec::new(), sign: *sign },
        _ => Frame::Shift,
    };
    let acts_on = space.acts_on.iter().map(|action| Action { frame: frame(&action.frame), ..action.clone() }).collect();
    let needs_signs = |kind: StateKind| matches!(kind, StateKind::PairOpposite | StateKind::DeadUnit | StateKind::GateClosed);
    let states = space.states.iter().filter(|state| !signs.is_empty() || !needs_signs(state.kind)).cloned().collect();
    Some(Space {
        log10_order: group.log10_order(),
        group,
        continuous_dim: 0,
        acts_on,
        states,
        conserved: Vec::new(),
        generators: Generators::Units { permuted: permuted.clone(), scales: Vec::new(), signs: signs.clone() },
        ..space.clone()
    })
}

/// A parameter of the shape of a value, named after the one behind it.
fn add_whole(free: &mut Program, program: &Program, route: &Route, node: &Node) -> ParameterId {
    let whole = ParameterId(free.parameters.len() as u32);
    let path = program.parameter(route.leaf).path.clone();
    free.parameters.push(Parameter {
        storage: Storage::plain(&path, node.shape.len()),
        path,
        shape: node.shape.clone(),
        trainable: true,
        initial: Initial::Constant(0.0),
        role: Role::default(),
        span: node.span,
    });
    whole
}

/// All symmetries of a program, with those that its reparametrised weights have as free ones: where these are more.
pub(crate) fn symmetries(program: &Program) -> Symmetries {
    let entries = program.trainable_entries();
    let own = assembled::symmetries(program, entries);
    let Some(free) = Reparametrised::of(program) else { return own };
    let all = assembled::symmetries(&free.program, entries);
    // Orders of equal groups differ by rounding.
    let order = |symmetries: &Symmetries| symmetries.spaces.iter().map(|space| space.log10_order).sum::<f64>();
    if all.continuous_dim <= own.continuous_dim && order(&all) <= order(&own) * (1.0 + 1e-9) {
        return own;
    }
    let is_units = |space: &Space| matches!(space.generators, Generators::Units { .. });
    let mut spaces = Vec::new();
    for space in all.spaces {
        // Units that the expressions let through are better known as what they are there.
        let moves = free.moves_whole(&space);
        let translated = free.translated(space.clone());
        let same = |known: &&Space| {
            let on_axis = |action: &&Action| action.axis.is_some();
            let shared =
                |action: &Action| known.acts_on.iter().any(|own| own.parameter == action.parameter && own.axis == action.axis);
            is_units(known) && known.size == space.size && translated.acts_on.iter().filter(on_axis).any(shared)
        };
        match own.spaces.iter().find(same).filter(|_| moves && is_units(&space)) {
            Some(known) => {
                spaces.extend(unscaled(known));
                spaces.extend(free.scales(&space));
            }
            None => spaces.push(translated),
        }
    }
    let continuous_dim = spaces.iter().map(|space| space.continuous_dim).fold(0, u128::saturating_add);
    Symmetries { spaces, continuous_dim }
}
