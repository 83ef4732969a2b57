//! Items that nothing instantiates: a block that nobody calls, a model without values for its settings. They are elaborated alone, with
//! sizes made up for what a caller would give, and only mistakes that no size could mend are reported.

use super::network::{Body, Network};
use super::scope::{Binding, Tensor};
use super::{Elaborator, Scope, SettingType};
use crate::Builder;
use crate::program::{Axis, Entries, Input};
use std::collections::HashMap;
use std::rc::Rc;
use sym_diagnostics::{Code, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, Ident, Item, ItemKind, Number, Parameter, ParameterKind};

/// Operations of one block or model alone: enough to see each statement, few enough for a recursion that made-up settings do not end.
const MOST_OPERATIONS: usize = 10_000;

/// What axes without a written size get: multiples of many numbers, different from one another, so that sizes such as `d / heads` are whole.
const SIZES: [u128; 6] = [24, 48, 72, 96, 120, 144];

/// What settings of type `int` without a default get.
const COUNT: u128 = 2;

impl Elaborator<'_> {
    /// Checks what no model has elaborated so far.
    pub(crate) fn check_alone(&mut self, items: &[Rc<Item>]) {
        for item in items {
            match &item.kind {
                ItemKind::Block(block) if !self.elaborated.contains(&block.name.span) && self.is_own(&block.name, item) => {
                    self.with_made_up_sizes(|elaborator| elaborator.block_alone(block, item.span));
                }
                ItemKind::Model(model) if self.is_own(&model.name, item) && !self.has_all_defaults(&model.name.text) => {
                    let arguments: Vec<Argument> = model.parameters.iter().filter_map(made_up).collect();
                    self.with_made_up_sizes(|elaborator| {
                        elaborator.model(item, &arguments, &Scope::new(), model.name.span, 0);
                    });
                }
                _ => {}
            }
        }
    }

    /// Whether the item is the one that its name stands for.
    fn is_own(&self, name: &Ident, item: &Rc<Item>) -> bool {
        self.names.own(&name.text).is_some_and(|own| Rc::ptr_eq(&own, item))
    }

    /// Keeps the reports that hold for all sizes.
    fn with_made_up_sizes(&mut self, elaborate: impl FnOnce(&mut Self)) {
        let before = self.diagnostics.len();
        elaborate(self);
        let found = self.diagnostics.split_off(before);
        self.diagnostics.extend(found.into_iter().filter(|diagnostic| holds_for_all_sizes(diagnostic.code)));
    }

    fn block_alone(&mut self, block: &ast::Block, span: Span) {
        let mut network = Network {
            builder: Builder::new(block.name.text.clone()),
            bodies: vec![Body { scope: Scope::new(), prefix: String::new(), block: None, result: None, failed: false }],
            stored: HashMap::new(),
            scans: Vec::new(),
            shared: HashMap::new(),
            outputs: 0,
            fuel: MOST_OPERATIONS,
            stopped: false,
            unread: Vec::new(),
            elaborator: self,
        };
        let mut sizes: HashMap<String, u128> = HashMap::new();
        let mut arguments = Vec::new();
        for parameter in &block.parameters {
            let ParameterKind::Value(axes) = &parameter.kind else {
                arguments.extend(made_up(parameter));
                continue;
            };
            let shape: Vec<Axis> = axes.iter().flatten().map(|axis| made_up_axis(axis, &mut sizes)).collect();
            let name = parameter.name.text.clone();
            // Whole numbers: what accepts them accepts real numbers too, and the reverse does not hold.
            let entries = Entries::Integer { below: 1 };
            let input =
                Input { name: name.clone(), shape: shape.clone(), rank: None, basis: Vec::new(), entries, span: parameter.span };
            let value = network.builder.declare_input(input);
            let tensor = Some(Tensor { value, axes: shape });
            network.body().scope.bind(&name, Binding { tensor, span: parameter.span });
            arguments.push(argument(parameter, ExprKind::Path(vec![parameter.name.clone()])));
        }
        network.block(block, span, &arguments, span, 0);
    }
}

/// Whether a mistake of this code cannot depend on the sizes and settings that a caller gives.
fn holds_for_all_sizes(code: Code) -> bool {
    matches!(
        code,
        Code::E0101
            | Code::E0201
            | Code::E0202
            | Code::E0205
            | Code::E0206
            | Code::E0209
            | Code::E0210
            | Code::E0211
            | Code::E0212
            | Code::E0213
            | Code::E0215
            | Code::E0222
            | Code::E0226
    )
}

/// A value for a setting without a default.
fn made_up(parameter: &Parameter) -> Option<Argument> {
    let ParameterKind::Setting { type_name, default: None } = &parameter.kind else { return None };
    let word = |text: &str| ExprKind::Path(vec![Ident { text: text.to_string(), span: parameter.span }]);
    let value = match SettingType::find(&type_name.text)? {
        SettingType::Int => number(COUNT),
        SettingType::Float => number(1),
        SettingType::Bool => ExprKind::Bool(false),
        SettingType::Name => word("any"),
        SettingType::Function => word("tanh"),
    };
    Some(argument(parameter, value))
}

fn argument(parameter: &Parameter, kind: ExprKind) -> Argument {
    Argument { name: Some(parameter.name.clone()), value: Expr { kind, span: parameter.span } }
}

fn number(value: u128) -> ExprKind {
    ExprKind::Number(Number { text: value.to_string(), float: value as f64, integer: Some(value) })
}

/// An axis for an entry of a signature: of the written size, of one size a name, of some size for anything else.
fn made_up_axis(axis: &ast::Axis, sizes: &mut HashMap<String, u128>) -> Axis {
    let known = sizes.len();
    let mut next = |name: &str| *sizes.entry(name.to_string()).or_insert(SIZES[known % SIZES.len()]);
    let size = match axis {
        ast::Axis::Rest(_) => next(".."),
        ast::Axis::Expr(Expr { kind: ExprKind::Number(number), .. }) => number.integer.unwrap_or(COUNT).max(1),
        ast::Axis::Expr(Expr { kind: ExprKind::Path(path), .. }) => next(path.last().map_or("", |name| &name.text)),
        ast::Axis::Expr(_) => next(""),
    };
    Axis::of(size)
}
