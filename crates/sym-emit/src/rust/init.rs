//! Initial values.

use super::body::Context;
use super::constants::Constants;
use super::expression::{integer, number};
use super::layers::{Holder, Layers};
use super::names::identifier;
use super::scopes::ScopeId;
use proc_macro2::TokenStream;
use quote::quote;
use std::ops::Range;
use sym_ir::{Initial, ParameterId};

/// The literal of a whole model with `options` at hand.
pub fn model(context: &Context, layers: &Layers, constants: &Constants) -> TokenStream {
    block(context, layers, constants, 0)
}

fn block(context: &Context, layers: &Layers, constants: &Constants, id: ScopeId) -> TokenStream {
    let scope = &context.scopes.all[id];
    let children = || scope.children.iter().map(|&child| block(context, layers, constants, child));
    match layers.holder(id) {
        Holder::Struct(layer) => {
            let name = if id == 0 {
                quote!(Self)
            } else {
                let name = &layers.all[*layer].name;
                quote!(#name)
            };
            let parameters = scope.parameters.iter().flat_map(|&id| {
                let held = context.scopes.held(id).map(|held| (identifier(held), self::held(context, constants, id)));
                std::iter::once((identifier(context.scopes.field(id)), parameter(context, constants, id))).chain(held)
            });
            let blocks = scope.children.iter().map(|&child| identifier(&context.scopes.all[child].field)).zip(children());
            let (names, values): (Vec<_>, Vec<_>) = parameters.chain(blocks).unzip();
            quote!(#name { #(#names: #values),* })
        }
        Holder::Vector(_) => {
            let all: Vec<TokenStream> = children().collect();
            let text = all[0].to_string();
            if all.len() > 1 && all.iter().all(|literal| literal.to_string() == text) {
                let (count, literal) = (integer(all.len() as u64), &all[0]);
                quote!((0..#count).map(|_| #literal).collect())
            } else {
                quote!(vec![#(#all),*])
            }
        }
        Holder::Tuple => {
            let all = children();
            quote!((#(#all,)*))
        }
    }
}

/// The sizes of a parameter as an array.
fn shape(context: &Context, id: ParameterId) -> TokenStream {
    let sizes: Vec<_> = context.program.parameter(id).shape.iter().map(|axis| integer(axis.size)).collect();
    if sizes.is_empty() { quote!([1]) } else { quote!([#(#sizes),*]) }
}

/// The tensor at a place of the file of constants.
fn given(shape: &TokenStream, place: &Range<usize>) -> TokenStream {
    let (from, until) = (integer(place.start as u64), integer(place.end as u64));
    quote!(given(#shape, #from..#until, &options))
}

/// What a mask holds.
fn held(context: &Context, constants: &Constants, id: ParameterId) -> TokenStream {
    let given = given(&shape(context, id), &constants.held[&id]);
    quote!(#given.set_require_grad(false))
}

fn parameter(context: &Context, constants: &Constants, id: ParameterId) -> TokenStream {
    let parameter = context.program.parameter(id);
    let shape = shape(context, id);
    let drawn = match (constants.places.get(&id), &parameter.initial) {
        (Some(place), _) => given(&shape, place),
        (None, Initial::Uniform { bound }) => {
            let bound = number(*bound);
            quote!(uniform(#shape, #bound, &options))
        }
        (None, Initial::Normal { mean, std }) => {
            let (mean, std) = (number(*mean), number(*std));
            quote!(normal(#shape, #mean, #std, &options))
        }
        (None, Initial::Constant(value)) => {
            let value = number(*value);
            quote!(constant(#shape, #value, &options))
        }
        (None, Initial::Values(_)) => unreachable!("listed values are in the file of constants"),
    };
    if parameter.trainable { drawn } else { quote!(#drawn.set_require_grad(false)) }
}
