//! The statements of a method.

use super::expression::Expr;
use super::fusion::Fusion;
use super::layers::Layers;
use super::names::identifier;
use super::order::Item;
use super::primitive;
use super::scopes::{Method, ScopeId, Scopes};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::BTreeMap;
use sym_ir::{Operation, ParameterId, Program, ValueId};

/// What every step of emission reads.
pub struct Context<'a> {
    pub program: &'a Program,
    pub fusion: &'a Fusion,
    pub scopes: &'a Scopes,
}

impl Context<'_> {
    /// Whether the value is a parameter, and which.
    pub fn parameter(&self, value: ValueId) -> Option<ParameterId> {
        match self.program.node(value).operation {
            Operation::Parameter(id) => Some(id),
            _ => None,
        }
    }

    /// The number of axes of the tensor of a value: a number alone is a tensor of one axis.
    pub fn rank(&self, value: ValueId) -> usize {
        let node = self.program.node(value);
        (node.shape.len() + usize::from(node.batched)).max(1)
    }

    /// The sizes of the tensor of a value as comments show them.
    pub fn sizes(&self, value: ValueId) -> Vec<String> {
        let node = self.program.node(value);
        let batch = node.batched.then(|| "batch".to_string());
        let sizes: Vec<String> = batch.into_iter().chain(node.shape.iter().map(|axis| axis.size.to_string())).collect();
        if sizes.is_empty() { vec!["1".to_string()] } else { sizes }
    }

    /// The type of a value.
    pub fn kind(&self, value: ValueId) -> TokenStream {
        let rank = proc_macro2::Literal::usize_unsuffixed(self.rank(value));
        if self.fusion.integers[value.0 as usize] { quote!(Tensor<#rank, Int>) } else { quote!(Tensor<#rank>) }
    }
}

/// A statement, with the sizes of what it binds.
#[derive(Debug, Clone)]
pub struct Statement {
    pub tokens: TokenStream,
    pub sizes: Option<Vec<String>>,
}

/// A method as source.
pub struct Rendered {
    /// Names, types and sizes of what it takes.
    pub arguments: Vec<(Ident, TokenStream, Vec<String>)>,
    /// Types and sizes of what it gives.
    pub results: Vec<(TokenStream, Vec<String>)>,
    /// What it does.
    pub statements: Vec<Statement>,
    /// What it returns.
    pub tail: TokenStream,
}

/// A method in the making.
pub struct Body<'a> {
    pub context: &'a Context<'a>,
    scope: ScopeId,
    layers: &'a Layers,
    statements: Vec<Statement>,
    /// How often a value will still be read. The last reader takes it.
    left: BTreeMap<ValueId, usize>,
    names: BTreeMap<ValueId, Ident>,
    holders: BTreeMap<String, ValueId>,
    /// Values that stand where they are read, with the depth of their expressions.
    inlined: BTreeMap<ValueId, usize>,
    calls: BTreeMap<ValueId, ScopeId>,
    /// Loops by the place of their first call.
    loops: BTreeMap<usize, Loop>,
    needs_place: bool,
}

/// Calls of successive blocks that carry a value from one to the next.
#[derive(Debug, Clone, Copy)]
struct Loop {
    rounds: usize,
    /// The argument that carries it.
    carried: usize,
}

/// How deep expressions are nested.
const DEEPEST: usize = 3;

impl<'a> Body<'a> {
    /// The method of a block.
    pub fn render(context: &'a Context<'a>, scope: ScopeId, layers: &'a Layers) -> Option<Rendered> {
        let method = context.scopes.all[scope].method.as_ref()?;
        let mut body = Self {
            context,
            scope,
            layers,
            statements: Vec::new(),
            left: BTreeMap::new(),
            names: BTreeMap::new(),
            holders: BTreeMap::new(),
            inlined: BTreeMap::new(),
            calls: BTreeMap::new(),
            loops: BTreeMap::new(),
            needs_place: false,
        };
        let arguments: Vec<_> = method.arguments.iter().enumerate().map(|(at, &value)| body.argument(at, value)).collect();
        body.count(&method.items, &method.results);
        body.find_loops(&method.items);
        body.choose_inlined(&method.items, &method.results);
        let mut at = 0;
        while at < method.items.len() {
            at += body.step(&method.items, at);
        }
        let results: Vec<TokenStream> = method.results.iter().map(|&value| body.read(value).tokens().clone()).collect();
        let tail = if let [result] = results.as_slice() { result.clone() } else { quote!((#(#results),*)) };
        let place = body.needs_place.then(|| body.place());
        let statements = place.into_iter().chain(body.statements).collect();
        let results = method.results.iter().map(|&value| (context.kind(value), context.sizes(value))).collect();
        Some(Rendered { arguments, results, statements, tail })
    }

    fn argument(&mut self, at: usize, value: ValueId) -> (Ident, TokenStream, Vec<String>) {
        let name = match self.context.parameter(value) {
            // Blocks that are alike take values under one name, whatever their callers call them.
            None if self.scope != 0 => {
                ["x", "y", "z", "u", "v", "w"].get(at).map_or_else(|| format!("x{at}"), ToString::to_string)
            }
            None => self.context.program.node(value).name.to_string(),
            Some(id) => self.context.scopes.field(id).to_string(),
        };
        let name = self.bind(value, &name);
        (name, self.context.kind(value), self.context.sizes(value))
    }

    /// Values read by an item, in the order of its text.
    fn reads(&self, item: &Item) -> Vec<ValueId> {
        match item {
            Item::Node(node) => self.context.fusion.operands[node.0 as usize].clone(),
            Item::Call(scope) => self.method(*scope).arguments.clone(),
        }
    }

    fn method(&self, scope: ScopeId) -> &'a Method {
        self.context.scopes.all[scope].method.as_ref().expect("only methods are called")
    }

    fn count(&mut self, items: &[Item], results: &[ValueId]) {
        let reads: Vec<ValueId> = items.iter().flat_map(|item| self.reads(item)).chain(results.iter().copied()).collect();
        for value in reads {
            *self.left.entry(value).or_default() += 1;
        }
        for item in items {
            if let Item::Call(scope) = item {
                self.calls.extend(self.method(*scope).results.iter().map(|&result| (result, *scope)));
            }
        }
    }

    /// Decides which values need no name: those that are read once, by what names them or right behind.
    fn choose_inlined(&mut self, items: &[Item], results: &[ValueId]) {
        let mut reader: BTreeMap<ValueId, usize> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            self.reads(item).into_iter().for_each(|value| {
                reader.insert(value, at);
            });
        }
        for (at, item) in items.iter().enumerate() {
            let (value, unnamed) = match item {
                Item::Node(node) => (*node, self.is_unnamed(*node)),
                Item::Call(scope) => match self.method(*scope).results.as_slice() {
                    [result] => (*result, false),
                    _ => continue,
                },
            };
            let inner = self.reads(item).iter().filter_map(|read| self.inlined.get(read)).max().copied().unwrap_or(0);
            let once = self.left.get(&value) == Some(&1);
            let returned = results == [value] && once;
            let near = reader.get(&value) == Some(&(at + 1));
            let fits = reader.get(&value).is_none_or(|&reader| self.takes_expressions(items, reader, value));
            let carried = near && self.loops.contains_key(&(at + 1));
            if once
                && fits
                && !self.is_in_loop(at)
                && (returned || carried || inner < DEEPEST && (unnamed || near && matches!(item, Item::Call(_))))
            {
                self.inlined.insert(value, inner + 1);
            }
        }
    }

    fn is_in_loop(&self, at: usize) -> bool {
        self.loops.iter().any(|(&start, found)| (start..start + found.rounds).contains(&at))
    }

    /// Whether the file gives the value no name of its own.
    fn is_unnamed(&self, value: ValueId) -> bool {
        let node = self.context.program.node(value);
        let own = match &node.operation {
            Operation::Map { function, .. } => *node.name == *function.name,
            other => *node.name == *other.word(),
        };
        own || *node.name == *"map"
    }

    /// Whether a value may be an expression in the item that reads it: not where that names its operand twice, nor in every round of a loop.
    fn takes_expressions(&self, items: &[Item], reader: usize, value: ValueId) -> bool {
        match &items[reader] {
            Item::Node(node) => !primitive::names_operands(self.context, *node),
            Item::Call(scope) => match self.loops.get(&reader) {
                Some(found) => self.method(*scope).arguments[found.carried] == value,
                None => !self.is_in_loop(reader),
            },
        }
    }

    fn find_loops(&mut self, items: &[Item]) {
        let mut at = 0;
        while at < items.len() {
            let found = self.repetitions(&items[at..]);
            let rounds = found.map_or(1, |found| found.rounds);
            if let Some(found) = found {
                self.loops.insert(at, found);
            }
            at += rounds;
        }
    }

    /// The loop that begins with the first item: calls of successive blocks of a list, each of which takes what the one before gives, and the same
    /// values besides.
    fn repetitions(&self, items: &[Item]) -> Option<Loop> {
        let Item::Call(first) = items.first()? else { return None };
        let list = self.context.scopes.all[*first].parent.filter(|&list| self.layers.is_vector(list))?;
        let next_of = |scope: ScopeId| {
            let all = &self.context.scopes.all[list].children;
            all.iter().position(|child| *child == scope).and_then(|at| all.get(at + 1)).copied()
        };
        let rounds = |carried: usize| {
            let mut rounds = 1;
            while let (Item::Call(last), Some(Item::Call(next))) = (&items[rounds - 1], items.get(rounds)) {
                let (own, other) = (self.method(*last), self.method(*next));
                let [result] = own.results[..] else { break };
                let fixed = |method: &Method| {
                    let others = method.arguments.iter().enumerate().filter(|(at, _)| *at != carried);
                    others.map(|(_, value)| *value).collect::<Vec<_>>()
                };
                let carries = other.arguments.get(carried) == Some(&result) && self.left.get(&result) == Some(&1);
                if next_of(*last) != Some(*next) || !carries || fixed(own) != fixed(other) {
                    break;
                }
                rounds += 1;
            }
            rounds
        };
        let found = (0..self.method(*first).arguments.len()).map(|carried| Loop { rounds: rounds(carried), carried });
        found.max_by_key(|found| found.rounds).filter(|found| found.rounds > 1)
    }

    /// Emits the first item, or the loop that begins with it; how many items that was.
    fn step(&mut self, items: &[Item], at: usize) -> usize {
        match &items[at] {
            Item::Node(node) => {
                if !self.inlined.contains_key(node) {
                    let expression = self.operation(*node);
                    self.bind_statement(&[*node], &expression);
                }
                1
            }
            Item::Call(scope) => {
                let results = self.method(*scope).results.clone();
                if let Some(&found) = self.loops.get(&at) {
                    self.repeat(&items[at..at + found.rounds], found.carried);
                    return found.rounds;
                }
                if !results.iter().any(|result| self.inlined.contains_key(result)) {
                    let call = self.call(*scope);
                    self.bind_statement(&results, &call);
                }
                1
            }
        }
    }

    fn repeat(&mut self, items: &[Item], carried: usize) {
        let scopes: Vec<ScopeId> =
            items.iter().filter_map(|item| if let Item::Call(scope) = item { Some(*scope) } else { None }).collect();
        let (first, last) = (scopes[0], scopes[scopes.len() - 1]);
        let list = self.context.scopes.all[first].parent.expect("a list is around its blocks");
        let all = &self.context.scopes.all[list].children;
        let fields = self.fields(list);
        let from = all.iter().position(|child| *child == first).unwrap_or(0);
        let until = from + scopes.len();
        let range = if from == 0 && until == all.len() {
            quote!(&self #fields)
        } else {
            let (from, until) = (super::expression::integer(from), super::expression::integer(until));
            quote!(&self #fields[#from..#until])
        };
        let method = self.method(first);
        let start = self.read(method.arguments[carried]);
        let start = start.tokens().clone();
        let result = self.method(last).results[0];
        let wanted = self.context.program.node(result).name.to_string();
        // Values that every round reads are read again by the next.
        let others: Vec<Option<TokenStream>> = method
            .arguments
            .iter()
            .enumerate()
            .map(|(at, &value)| (at != carried).then(|| self.read_in_loop(value, scopes.len())))
            .collect();
        let name = self.bind(result, &wanted);
        let arguments = others.into_iter().map(|other| other.unwrap_or_else(|| quote!(#name)));
        let element = if name == "layer" { format_ident!("block") } else { format_ident!("layer") };
        self.statements.push(Statement { tokens: quote!(let mut #name = #start;), sizes: Some(self.context.sizes(result)) });
        let tokens = quote!(for #element in #range { #name = #element.forward(#(#arguments),*); });
        self.statements.push(Statement { tokens, sizes: None });
    }

    fn read_in_loop(&mut self, value: ValueId, rounds: usize) -> TokenStream {
        if let Some(left) = self.left.get_mut(&value) {
            // One reader is kept back: the value outlives the loop.
            *left -= rounds - 1;
            *left += 1;
        }
        let expression = self.read(value).tokens().clone();
        if let Some(left) = self.left.get_mut(&value) {
            *left -= 1;
        }
        expression
    }

    fn bind_statement(&mut self, values: &[ValueId], expression: &Expr) {
        let names: Vec<Ident> = values.iter().map(|&value| self.bind(value, &self.context.program.node(value).name)).collect();
        let expression = expression.tokens();
        let (tokens, sizes) = match names.as_slice() {
            [name] => (quote!(let #name = #expression;), Some(self.context.sizes(values[0]))),
            names => (quote!(let (#(#names),*) = #expression;), None),
        };
        self.statements.push(Statement { tokens, sizes });
    }

    /// A name for a value: the wanted one unless a value of that name is still read.
    fn bind(&mut self, value: ValueId, wanted: &str) -> Ident {
        let wanted = identifier(wanted);
        let mut name = wanted.clone();
        let mut number = 2u32;
        while self.holders.get(&name.to_string()).is_some_and(|holder| self.left.get(holder).is_some_and(|left| *left > 0)) {
            name = format_ident!("{wanted}{number}");
            number += 1;
        }
        self.holders.insert(name.to_string(), value);
        self.names.insert(value, name.clone());
        name
    }

    /// A value for a reader: taken by the last one.
    pub fn read(&mut self, value: ValueId) -> Expr {
        if let Some(own) = self.own_value(value) {
            return own;
        }
        if let Some(left) = self.left.get_mut(&value) {
            *left = left.saturating_sub(1);
        }
        if self.inlined.contains_key(&value) {
            return match self.calls.get(&value) {
                Some(&scope) => self.call(scope),
                None => self.operation(value),
            };
        }
        let name = self.names[&value].clone();
        let expression = Expr::primary(quote!(#name));
        if self.left.get(&value).is_some_and(|left| *left > 0) { expression.call(quote!(clone())) } else { expression }
    }

    /// A copy of a value that has a name, besides its reads.
    pub fn copy(&self, value: ValueId) -> Expr {
        self.own_value(value).unwrap_or_else(|| self.look(value).call(quote!(clone())))
    }

    /// A value that has a name, to look at it before it is read.
    pub fn look(&self, value: ValueId) -> Expr {
        self.own_value(value).unwrap_or_else(|| {
            let name = &self.names[&value];
            Expr::primary(quote!(#name))
        })
    }

    /// Adds a statement in front of the one at hand.
    pub fn before(&mut self, tokens: TokenStream) {
        self.statements.push(Statement { tokens, sizes: None });
    }

    /// The value of a parameter that this block holds, with the entries that its mask freezes.
    fn own_value(&self, value: ValueId) -> Option<Expr> {
        let id = self.context.parameter(value)?;
        let trained = self.own_parameter(value)?.call(quote!(val()));
        let Some(held) = self.context.scopes.held(id) else { return Some(trained) };
        let (fields, held) = (self.fields(self.context.scopes.of_parameter(id)), identifier(held));
        let trained = trained.tokens();
        Some(Expr::primary(quote!(masked(#trained, self #fields.#held.val()))))
    }

    /// The field of a parameter that this block holds.
    fn own_parameter(&self, value: ValueId) -> Option<Expr> {
        let id = self.context.parameter(value)?;
        let scope = self.context.scopes.of_parameter(id);
        if !self.context.scopes.within(scope, self.scope) {
            return None;
        }
        let (fields, field) = (self.fields(scope), identifier(self.context.scopes.field(id)));
        Some(Expr::primary(quote!(self #fields.#field)))
    }

    /// The way from this block to one inside: `.attn`, `.layers[0]`.
    fn fields(&self, scope: ScopeId) -> TokenStream {
        if scope == self.scope {
            return TokenStream::new();
        }
        let own = &self.context.scopes.all[scope];
        let Some(parent) = own.parent else { return TokenStream::new() };
        let outer = self.fields(parent);
        let place = self.context.scopes.all[parent].children.iter().position(|child| *child == scope).unwrap_or(0);
        let index = super::expression::integer(place);
        if self.layers.is_vector(parent) {
            quote!(#outer[#index])
        } else if self.layers.is_tuple(parent) {
            quote!(#outer.#index)
        } else {
            let name = identifier(&own.field);
            quote!(#outer.#name)
        }
    }

    fn call(&mut self, scope: ScopeId) -> Expr {
        let arguments: Vec<TokenStream> =
            self.method(scope).arguments.iter().map(|&value| self.read(value).tokens().clone()).collect();
        let fields = self.fields(scope);
        Expr::primary(quote!(self #fields.forward(#(#arguments),*)))
    }

    fn operation(&mut self, value: ValueId) -> Expr {
        primitive::emit(self, value)
    }

    /// Device and number type for a tensor that is made from nothing.
    pub fn options(&mut self) -> TokenStream {
        self.needs_place = true;
        quote!(options.clone())
    }

    /// Where they come from: a parameter of this block, else an argument.
    fn place(&self) -> Statement {
        let parameters = self.context.program.parameter_ids();
        let own =
            parameters.map(|(id, _)| id).find(|&id| self.context.scopes.within(self.context.scopes.of_parameter(id), self.scope));
        let value =
            own.and_then(|id| self.context.program.nodes.iter().position(|node| node.operation == Operation::Parameter(id)));
        let method = self.method(self.scope);
        let argument = method.arguments.iter().copied().find(|value| !self.context.fusion.integers[value.0 as usize]);
        let tokens = match (value.and_then(|at| self.own_parameter(ValueId(at as u32))), argument) {
            (Some(field), _) => {
                let field = field.tokens();
                quote!(let options = TensorCreationOptions::from((&#field.val().device(), #field.val().dtype()));)
            }
            (None, Some(argument)) => {
                let name = &self.names[&argument];
                quote!(let options = TensorCreationOptions::from((&#name.device(), #name.dtype()));)
            }
            (None, None) => quote!(let options = TensorCreationOptions::default();),
        };
        Statement { tokens, sizes: None }
    }
}
