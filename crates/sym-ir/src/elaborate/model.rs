//! Models as programs.

use super::network::{Body, MOST_OPERATIONS, Network};
use super::{Elaborator, Scope};
use crate::Builder;
use crate::intervention::Instance;
use crate::program::{Operation, Program, ValueId};
use std::collections::HashMap;
use std::rc::Rc;
use sym_diagnostics::{Code, Diagnostic, Span};
use sym_syntax::ast::{self, Argument, Expr, ExprKind, Ident, Item, ItemKind, ModelBody, ParameterKind};

/// Models in terms of models deeper than this are taken for an endless recursion.
const DEEPEST: usize = 32;

impl Elaborator<'_> {
    /// The program of `Mlp` or `Mlp(width: 64)`, with the expression as written. `None` after a report.
    pub fn instantiate_model(&mut self, expr: &Expr) -> Option<(String, Instance)> {
        let written = self.text(expr.span);
        let instance = self.instantiate(expr, &Scope::new(), 0)?;
        Some((written, instance))
    }

    /// Whether a model can be elaborated with its defaults alone. True also for a model with other mistakes.
    pub(crate) fn has_all_defaults(&mut self, name: &str) -> bool {
        let overridden = |setting: &str| self.options.set.iter().any(|(key, _)| *key == format!("{name}.{setting}"));
        match self.names.own(name).as_ref().map(|item| &item.kind) {
            Some(ItemKind::Model(model)) => model.parameters.iter().all(|parameter| match &parameter.kind {
                ParameterKind::Setting { default, .. } => default.is_some() || overridden(&parameter.name.text),
                ParameterKind::Value(_) => true,
            }),
            _ => false,
        }
    }

    /// The program of a model with its defaults.
    pub(crate) fn default_model(&mut self, name: &Ident) -> Option<Instance> {
        let item = self.names.own(&name.text)?;
        self.model(&item, &[], &Scope::new(), name.span, 0)
    }

    /// Reports the mistakes of a function that can be elaborated with its defaults alone.
    pub(crate) fn check_function(&mut self, function: &ast::Function) {
        let complete = function.parameters.iter().all(|parameter| match &parameter.kind {
            ParameterKind::Setting { default, .. } => default.is_some(),
            ParameterKind::Value(_) => true,
        });
        if complete {
            self.function(function, &[], &Scope::new(), function.name.span);
        }
    }

    fn instantiate(&mut self, expr: &Expr, scope: &Scope, depth: usize) -> Option<Instance> {
        let (path, arguments): (&[Ident], &[Argument]) = match &expr.kind {
            ExprKind::Path(path) => (path, &[]),
            ExprKind::Call { callee, arguments } => (callee, arguments),
            ExprKind::Error => return None,
            _ => {
                let text = self.text(expr.span);
                self.report(
                    Diagnostic::new(Code::E0211, expr.span, format!("`{text}` is no model"))
                        .found(text)
                        .expected("a model such as `Mlp(width: 64)`"),
                );
                return None;
            }
        };
        let item = match path {
            [name] => self.names.own(&name.text).filter(|item| matches!(item.kind, ItemKind::Model(_))),
            _ => None,
        };
        let Some(item) = item else {
            let span = path.first().map_or(expr.span, |first| path.last().map_or(first.span, |last| first.span.to(last.span)));
            let text = self.text(span);
            let models = self.names.list(|kind| matches!(kind, ItemKind::Model(_)));
            self.report(
                Diagnostic::new(Code::E0201, span, format!("there is no model `{text}`"))
                    .found(text.clone())
                    .expected("the name of a model")
                    .suggest(&text, models.iter().map(String::as_str)),
            );
            return None;
        };
        self.model(&item, arguments, scope, expr.span, depth)
    }

    pub(super) fn model(
        &mut self,
        item: &Rc<Item>,
        arguments: &[Argument],
        outer: &Scope,
        call: Span,
        depth: usize,
    ) -> Option<Instance> {
        let ItemKind::Model(model) = &item.kind else { return None };
        let name = &model.name.text;
        if depth == 0 {
            self.in_circle = false;
        }
        if self.circle.contains(name) {
            return None;
        }
        if depth > DEEPEST {
            self.in_circle = true;
            self.report(
                Diagnostic::new(Code::E0214, call, format!("model `{name}` is defined in terms of itself"))
                    .found(format!("`{name}` in its own definition"))
                    .expected("another model"),
            );
            return None;
        }
        let alias = matches!(model.body, ModelBody::Alias { .. });
        let settings = self.model_settings(model, arguments, outer, call, alias)?;
        match &model.body {
            ModelBody::Alias { target, with } => {
                let overridden = self.with_overrides(model, target);
                let instance = self.instantiate(overridden.as_ref().unwrap_or(target), &settings, depth + 1);
                if instance.is_none() && self.in_circle {
                    self.circle.insert(name.clone());
                }
                let mut instance = match with {
                    Some(with) => self.with_interventions(instance?, with, &settings)?,
                    None => instance?,
                };
                instance.program.name.clone_from(name);
                Some(instance)
            }
            ModelBody::Statements(statements) => {
                let program = self.build_model(model, statements, settings, item.span)?;
                Some(Instance { program, edits: Vec::new() })
            }
        }
    }

    fn build_model(&mut self, model: &ast::Model, statements: &[ast::Statement], scope: Scope, item: Span) -> Option<Program> {
        let name = &model.name.text;
        let body = Body { scope, prefix: String::new(), block: None, result: None, failed: false };
        let mut network = Network {
            builder: Builder::new(name.clone()),
            bodies: vec![body],
            stored: HashMap::new(),
            scans: Vec::new(),
            shared: HashMap::new(),
            outputs: 0,
            fuel: MOST_OPERATIONS,
            stopped: false,
            unread: Vec::new(),
            elaborator: self,
        };
        network.statements(statements);
        let failed = network.stopped || network.body().failed;
        let broken = network.elaborator.is_broken(item);
        if network.outputs == 0 && !network.stopped && !broken {
            network.report(
                Diagnostic::new(Code::E0215, model.name.span, format!("model `{name}` has no output"))
                    .found("no `output`")
                    .expected("`output` with a tensor")
                    .help("end the model with `output …`"),
            );
            return None;
        }
        if failed || !network.check_storage() {
            return None;
        }
        let (program, unused) = without_dead_nodes(network.builder.finish());
        for at in unused {
            let parameter = &program.parameters[at];
            let path = &parameter.path;
            self.report(
                Diagnostic::new(Code::E0225, parameter.span, format!("the output does not depend on parameter `{path}`"))
                    .label("never used")
                    .found(path.clone())
                    .expected("a parameter that the output depends on")
                    .help("remove it, or use it"),
            );
        }
        Some(program)
    }
}

/// The program without operations that no output needs, and the parameters among what no output needs. Inputs and parameters stay.
fn without_dead_nodes(mut program: Program) -> (Program, Vec<usize>) {
    let mut live = vec![false; program.nodes.len()];
    for output in &program.outputs {
        live[output.value.0 as usize] = true;
    }
    for at in (0..program.nodes.len()).rev() {
        if live[at] {
            for operand in program.nodes[at].operation.operands() {
                live[operand.0 as usize] = true;
            }
        }
    }
    let mut unused = Vec::new();
    for (at, node) in program.nodes.iter().enumerate() {
        if let (Operation::Parameter(id), false) = (&node.operation, live[at]) {
            unused.push(id.0 as usize);
        }
        live[at] |= matches!(node.operation, Operation::Parameter(_) | Operation::Input(_));
    }
    let mut next = 0;
    let moved: Vec<ValueId> = live
        .iter()
        .map(|&live| {
            let id = ValueId(next);
            next += u32::from(live);
            id
        })
        .collect();
    let mut keep = live.iter();
    program.nodes.retain(|_| *keep.next().unwrap_or(&true));
    let rename = |value: &mut ValueId| *value = moved[value.0 as usize];
    for node in &mut program.nodes {
        node.operation.operands_mut().into_iter().for_each(rename);
    }
    program.outputs.iter_mut().for_each(|output| rename(&mut output.value));
    (program, unused)
}
