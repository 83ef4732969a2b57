//! Structs: one for all blocks that are alike.

use super::body::{Body, Context, Rendered};
use super::names::{identifier, type_name};
use super::scopes::ScopeId;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};

/// How a block is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// As a struct.
    Struct(usize),
    /// As a vector of one struct.
    Vector(usize),
    /// As a tuple of blocks.
    Tuple,
}

/// A struct.
pub struct Layer {
    /// Its name.
    pub name: Ident,
    /// The paths of the blocks that it stands for.
    pub paths: Vec<String>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Its method; none where the blocks are computed by the one around them.
    pub method: Option<Rendered>,
}

/// A field of a struct.
pub struct Field {
    pub name: Ident,
    pub kind: TokenStream,
    /// Axes of a parameter as the block declares them.
    pub axes: Option<String>,
}

/// All structs of a model.
#[derive(Default)]
pub struct Layers {
    /// Those that others use come first; the last is the model.
    pub all: Vec<Layer>,
    held: BTreeMap<ScopeId, Holder>,
}

/// burn has modules for tuples of up to ten.
const LONGEST_TUPLE: usize = 10;

/// The structs of a program.
pub fn build(context: &Context) -> Layers {
    let mut layers = Layers::default();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::from([type_name(&context.program.name)]);
    for id in inner_first(context, 0) {
        let holder = match layers.list(context, id) {
            Some(holder) => holder,
            None => Holder::Struct(layers.structure(context, id, &mut known, &mut names)),
        };
        layers.held.insert(id, holder);
    }
    layers
}

/// A block behind all blocks inside of it.
fn inner_first(context: &Context, id: ScopeId) -> Vec<ScopeId> {
    let inside = context.scopes.all[id].children.iter().flat_map(|&child| inner_first(context, child));
    inside.chain([id]).collect()
}

impl Layers {
    /// How a block is held.
    pub fn holder(&self, id: ScopeId) -> &Holder {
        &self.held[&id]
    }

    /// Whether a block is held as a vector.
    pub fn is_vector(&self, id: ScopeId) -> bool {
        matches!(self.held.get(&id), Some(Holder::Vector(_)))
    }

    /// Whether a block is held as a tuple.
    pub fn is_tuple(&self, id: ScopeId) -> bool {
        matches!(self.held.get(&id), Some(Holder::Tuple))
    }

    /// The type of the field of a block.
    fn kind(&self, context: &Context, id: ScopeId) -> TokenStream {
        match self.holder(id) {
            Holder::Struct(layer) => {
                let name = &self.all[*layer].name;
                quote!(#name)
            }
            Holder::Vector(layer) => {
                let name = &self.all[*layer].name;
                quote!(Vec<#name>)
            }
            Holder::Tuple => {
                let kinds = context.scopes.all[id].children.iter().map(|&child| self.kind(context, child));
                quote!((#(#kinds,)*))
            }
        }
    }

    fn list(&self, context: &Context, id: ScopeId) -> Option<Holder> {
        if !context.scopes.is_list(id) {
            return None;
        }
        let children = &context.scopes.all[id].children;
        let first = self.holder(children[0]);
        match first {
            Holder::Struct(layer) if children.iter().all(|&child| self.holder(child) == first) => Some(Holder::Vector(*layer)),
            _ if children.len() <= LONGEST_TUPLE => Some(Holder::Tuple),
            _ => None,
        }
    }

    fn structure(
        &mut self,
        context: &Context,
        id: ScopeId,
        known: &mut BTreeMap<String, usize>,
        names: &mut BTreeSet<String>,
    ) -> usize {
        let scope = &context.scopes.all[id];
        let parameters = scope.parameters.iter().flat_map(|&id| {
            let parameter = context.program.parameter(id);
            let rank = proc_macro2::Literal::usize_unsuffixed(parameter.shape.len().max(1));
            let written: Vec<&str> = if parameter.role.sizes.len() == parameter.shape.len() {
                parameter.role.sizes.iter().map(AsRef::as_ref).collect()
            } else {
                parameter.shape.iter().map(|axis| &*axis.symbol).collect()
            };
            let axes = format!("[{}]", written.join(", "));
            let kind = quote!(Param<Tensor<#rank>>);
            let held = context.scopes.held(id).map(|held| Field {
                name: identifier(held),
                kind: kind.clone(),
                axes: Some(format!("{axes}, the entries that are never trained; the others are not numbers")),
            });
            std::iter::once(Field { name: identifier(context.scopes.field(id)), kind, axes: Some(axes) }).chain(held)
        });
        let blocks = scope.children.iter().map(|&child| Field {
            name: identifier(&context.scopes.all[child].field),
            kind: self.kind(context, child),
            axes: None,
        });
        let fields: Vec<Field> = parameters.chain(blocks).collect();
        let method = Body::render(context, id, self);
        let key = key(&fields, method.as_ref());
        if let Some(&layer) = known.get(&key).filter(|_| id != 0) {
            let alike = &mut self.all[layer];
            alike.paths.push(scope.path.clone());
            if let (Some(own), Some(other)) = (&mut alike.method, &method) {
                blur(own, other);
            }
            return layer;
        }
        let name = if id == 0 { identifier(&type_name(&context.program.name)) } else { name(context, id, names) };
        known.insert(key, self.all.len());
        self.all.push(Layer { name, paths: vec![scope.path.clone()], fields, method });
        self.all.len() - 1
    }
}

/// Everything that makes two structs differ: not the sizes in comments.
fn key(fields: &[Field], method: Option<&Rendered>) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name, field.kind)).collect();
    let method = method.map(|method| {
        let arguments: Vec<String> = method.arguments.iter().map(|(name, kind, _)| format!("{name}: {kind}")).collect();
        let results: Vec<String> = method.results.iter().map(|(kind, _)| kind.to_string()).collect();
        let statements: Vec<String> = method.statements.iter().map(|statement| statement.tokens.to_string()).collect();
        format!("{arguments:?} {results:?} {statements:?} {}", method.tail)
    });
    format!("{fields:?} {method:?}")
}

/// Puts `_` where the sizes of blocks that share a method differ.
fn blur(own: &mut Rendered, other: &Rendered) {
    let blur_sizes = |own: &mut Vec<String>, other: &Vec<String>| {
        own.iter_mut().zip(other).filter(|(own, other)| own != other).for_each(|(own, _)| *own = "_".to_string());
    };
    own.arguments.iter_mut().zip(&other.arguments).for_each(|(own, other)| blur_sizes(&mut own.2, &other.2));
    own.results.iter_mut().zip(&other.results).for_each(|(own, other)| blur_sizes(&mut own.1, &other.1));
    for (own, other) in own.statements.iter_mut().zip(&other.statements) {
        if let (Some(own), Some(other)) = (&mut own.sizes, &other.sizes) {
            blur_sizes(own, other);
        }
    }
}

/// A name for the struct of a block: that of the block which declares its parameters, else the last word of its path.
///
/// It ends in `Layer` or `Block`, so that no struct is called as one of burn's own: burn-store transposes the weights of a `Linear`.
fn name(context: &Context, id: ScopeId, names: &mut BTreeSet<String>) -> Ident {
    let scope = &context.scopes.all[id];
    let declared = scope.parameters.iter().map(|&id| &context.program.parameter(id).role.block).find(|block| !block.is_empty());
    let word = match declared {
        Some(block) => block.to_string(),
        None if scope.name.chars().all(|letter| letter.is_ascii_digit()) => {
            let list = scope.parent.map_or("", |parent| context.scopes.all[parent].name.as_str());
            list.strip_suffix('s').unwrap_or(list).to_string()
        }
        None => scope.name.clone(),
    };
    let camel = type_name(&word);
    let ends = camel.ends_with("Layer") || camel.ends_with("Block");
    let wanted = if ends { camel } else { format!("{camel}Layer") };
    let mut name = wanted.clone();
    let mut number = 2;
    while !names.insert(name.clone()) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    format_ident!("{name}")
}
