//! A program as a self-contained Rust module.
//!
//! | step | module |
//! |---|---|
//! | what is done as one operation | [`fusion`] |
//! | blocks become structs with methods | [`scopes`], [`order`] |
//! | the statements of a method | [`body`], [`primitive`] |
//! | blocks that are alike share a struct | [`layers`] |
//! | initial values | [`init`], [`constants`] |
//! | layout and comments | [`print`](mod@print) |

mod body;
mod constants;
mod expression;
mod fusion;
mod helpers;
mod init;
mod layers;
mod names;
mod order;
mod primitive;
mod print;
mod scopes;

use body::Context;
use fusion::Fusion;
use scopes::Scopes;
use sym_diagnostics::{Code, Diagnostic};
use sym_ir::Program;

pub use names::file_stem;

/// A Rust module and the file beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted {
    /// The name of the model's struct.
    pub name: String,
    /// The source. It needs the crate `burn` and the file of constants beside it.
    pub source: String,
    /// The content of the safetensors file of constants; `None` where the program has none.
    pub constants: Option<Vec<u8>>,
}

/// The largest number of axes of a value: burn's tensors know their rank at compile time, and its einsum counts the batch too.
const MAX_RANK: usize = 8;

/// Emits a program as a Rust module with a struct named as the model. `constants` is the name of the file of constants, relative to the module.
///
/// # Errors
///
/// E0501 for a value with more than eight axes, E0503 for constants beyond what can be embedded.
pub fn rust(program: &Program, constants: &str) -> Result<Emitted, Vec<Diagnostic>> {
    let mut diagnostics: Vec<Diagnostic> = program
        .nodes
        .iter()
        .filter(|node| node.shape.len() + usize::from(node.batched) > MAX_RANK)
        .map(|node| {
            let rank = node.shape.len() + usize::from(node.batched);
            Diagnostic::new(Code::E0501, node.span, format!("`{}` has {rank} axes, the batch included", node.name))
                .label("too many axes to execute")
                .found(format!("{rank} axes"))
                .expected(format!("at most {MAX_RANK} axes"))
                .help("merge axes that always occur together")
        })
        .collect();
    let given = constants::collect(program).map_err(|problem| diagnostics.push(problem));
    let Ok(given) = given else { return Err(diagnostics) };
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let fusion = Fusion::find(program);
    let scopes = Scopes::of(program, &fusion);
    let context = Context { program, fusion: &fusion, scopes: &scopes };
    let layers = layers::build(&context);
    let init = init::model(&context, &layers, &given);
    let source = print::module(&context, &layers, &init, given.bytes.as_ref().map(|bytes| (constants, bytes.len())));
    Ok(Emitted { name: names::type_name(&program.name), source, constants: given.bytes })
}
