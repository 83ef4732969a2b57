//! Layout: items through `prettyplease`, then comments, helpers and imports.

use super::body::{Context, Rendered};
use super::helpers;
use super::layers::{Layer, Layers};
use proc_macro2::TokenStream;
use quote::quote;
use std::fmt::Write;
use sym_ir::Entries;

/// A statement that stands for the comment at the end of the line before it. `prettyplease` keeps statements, not comments.
const MARK: &str = "__sizes!(\"";

/// The whole module.
pub fn module(context: &Context, layers: &Layers, init: &TokenStream, constants: Option<(&str, usize)>) -> String {
    let (model, others) = layers.all.split_last().expect("a program has the struct of its model");
    let mut text = String::new();
    for (at, layer) in std::iter::once(model).chain(others).enumerate() {
        let init = (at == 0).then(|| {
            quote! {
                #[doc = " The model with new initial values: in the number type of the device for `init(&device)`, in another for `init((&device, DType::F64))`."]
                pub fn init(options: impl Into<TensorCreationOptions>) -> Self {
                    let options = options.into();
                    #init
                }
            }
        });
        let doc = if at == 0 { model_doc(context) } else { layer_doc(layer) };
        text.push_str(&printed(&doc, layer, init));
        text.push('\n');
    }
    let (helpers, constants) = (helpers::used(&text), constants.map(|(file, length)| helpers::constants(file, length)));
    let body = text + constants.as_deref().unwrap_or_default() + &helpers;
    let name = &context.program.name;
    format!(
        "// The model `{name}` for burn 0.22, as `symc lower --emit rust` writes it.\n\n{}\n{}",
        helpers::imports(&body),
        body.trim_end()
    ) + "\n"
}

fn model_doc(context: &Context) -> String {
    let program = context.program;
    let trainable = program.trainable_entries().map_or_else(|| "too many".to_string(), |entries| entries.to_string());
    let mut doc = format!(" The model `{}`: {trainable} trainable parameters.", program.name);
    for input in &program.inputs {
        let sizes: Vec<String> =
            std::iter::once("batch".to_string()).chain(input.shape.iter().map(|axis| axis.size.to_string())).collect();
        let range = match input.entries {
            Entries::Real => String::new(),
            Entries::Integer { below } => format!(", whole numbers below {below}"),
        };
        let _ = write!(doc, "\n\n Input `{}`: [{}]{range}.", input.name, sizes.join(", "));
    }
    doc
}

fn layer_doc(layer: &Layer) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = layer.paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect();
    let more = layer.paths.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(" {}{more}.", shown.join(", "))
}

/// A struct with its methods.
fn printed(doc: &str, layer: &Layer, init: Option<TokenStream>) -> String {
    let name = &layer.name;
    let fields = layer.fields.iter().map(|field| {
        let (name, kind) = (&field.name, &field.kind);
        let doc = field.axes.as_ref().map(|axes| {
            let axes = format!(" {axes}");
            quote!(#[doc = #axes])
        });
        quote!(#doc pub #name: #kind)
    });
    let docs = doc.split('\n').map(|line| quote!(#[doc = #line]));
    let forward = layer.method.as_ref().map(forward);
    let methods = (init.is_some() || forward.is_some()).then(|| quote!(impl #name { #init #forward }));
    let tokens = quote! {
        #(#docs)*
        #[derive(Module, Debug)]
        pub struct #name { #(#fields),* }
        #methods
    };
    match syn::parse2(tokens.clone()) {
        Ok(file) => commented(&prettyplease::unparse(&file)),
        // A defect of this crate: the source as it is says more than nothing.
        Err(_) => tokens.to_string(),
    }
}

fn forward(method: &Rendered) -> TokenStream {
    let brackets = |sizes: &[String]| format!("[{}]", sizes.join(", "));
    let taken: Vec<String> = method.arguments.iter().map(|(name, _, sizes)| format!("`{name}`: {}", brackets(sizes))).collect();
    let given: Vec<String> = method.results.iter().map(|(_, sizes)| brackets(sizes)).collect();
    let doc = if taken.is_empty() {
        format!(" Gives {}.", given.join(" and "))
    } else {
        format!(" Gives {} for {}.", given.join(" and "), taken.join(", "))
    };
    let arguments = method.arguments.iter().map(|(name, kind, _)| quote!(#name: #kind));
    let kinds = method.results.iter().map(|(kind, _)| kind);
    let result = if method.results.len() == 1 { quote!(#(#kinds)*) } else { quote!((#(#kinds),*)) };
    let statements = method.statements.iter().map(|statement| {
        let tokens = &statement.tokens;
        let mark = statement.sizes.as_ref().map(|sizes| {
            let sizes = brackets(sizes);
            quote!(__sizes!(#sizes);)
        });
        quote!(#tokens #mark)
    });
    let tail = &method.tail;
    quote! {
        #[doc = #doc]
        pub fn forward(&self, #(#arguments),*) -> #result {
            #(#statements)*
            #tail
        }
    }
}

/// Turns marks into comments.
fn commented(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.trim_start().strip_prefix(MARK), lines.last_mut()) {
            (Some(sizes), Some(last)) => {
                let sizes = sizes.trim_end_matches("\");");
                let _ = write!(last, " // {sizes}");
            }
            (None, Some(last)) if opens(line, last) => {
                lines.push(String::new());
                lines.push(line.to_string());
            }
            _ => lines.push(line.to_string()),
        }
    }
    lines.join("\n") + "\n"
}

/// Whether an item begins here, right behind another.
fn opens(line: &str, last: &str) -> bool {
    let item = line.starts_with("impl ") || line.starts_with("    /// ") || line.starts_with("    pub fn ");
    item && (last == "}" || last == "    }")
}
