//! Settings of models from the command line.

use sym_diagnostics::{Code, Sources};
use sym_ir::{Document, Loader, Options};

const TEXT: &str = "model Mlp(width: int = 4, act: fn = tanh) { input x[3] output act(linear(x, width)) }
model Wide = Mlp(width: 8)
model Bare(width: int) { input x[width] output x }
";

/// No file can be read.
struct Nothing;

impl Loader for Nothing {
    fn load(&mut self, _from: &str, _path: &str) -> Result<(String, String), String> {
        Err("there are no files".into())
    }
}

fn compile(set: &[(&str, &str)]) -> Document {
    let mut sources = Sources::default();
    let root = sources.add("options.sym", TEXT);
    let set = set.iter().map(|(key, value)| ((*key).to_string(), (*value).to_string())).collect();
    sym_ir::compile(&mut sources, root, &mut Nothing, &Options { set, ..Options::default() })
}

fn width(document: &Document, model: &str) -> u128 {
    document.models[model].program.parameters[0].shape[0].size
}

#[test]
fn an_override_replaces_the_default_and_not_what_a_call_gives() {
    let document = compile(&[("Mlp.width", "1_6")]);
    assert_eq!(document.diagnostics, []);
    assert_eq!((width(&document, "Mlp"), width(&document, "Wide")), (16, 8));
}

#[test]
fn an_override_of_an_alias_goes_to_the_model_that_it_names() {
    let document = compile(&[("Wide.width", "5")]);
    assert_eq!(document.diagnostics, []);
    assert_eq!((width(&document, "Mlp"), width(&document, "Wide")), (4, 5));
}

#[test]
fn a_model_without_defaults_is_elaborated_once_its_settings_are_given() {
    assert!(!compile(&[]).models.contains_key("Bare"));
    assert!(compile(&[("Bare.width", "5")]).models.contains_key("Bare"));
}

#[test]
fn a_function_can_be_set_by_name() {
    let document = compile(&[("Mlp.act", "relu")]);
    assert!(sym_ir::text(&document.models["Mlp"].program).contains("relu"));
}

#[test]
fn wrong_overrides_are_reported_once() {
    let codes = |set: &[(&str, &str)]| compile(set).diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>();
    assert_eq!(codes(&[("Mlp.widht", "5")]), [Code::E0209]);
    assert_eq!(codes(&[("Mlp.width", "many")]), [Code::E0211]);
    assert_eq!(codes(&[("Mlp.width", "0")]), [Code::E0208]);
    assert_eq!(codes(&[("Mpl.width", "5")]), [Code::E0201]);
}
