//! Programs from `.sym` files have the groups of the same programs built by hand.

mod support;

use std::path::PathBuf;
use support::networks::catalogue;
use sym_diagnostics::Sources;
use sym_infer::choices::choosers;
use sym_infer::{Group, infer};
use sym_ir::{Loader, Options, Program, compile};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` is not needed"))
    }
}

fn elaborate(name: &str) -> Option<Program> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/catalogue/{name}.sym"));
    Some(program(name, &std::fs::read_to_string(path).ok()?))
}

fn program(name: &str, text: &str) -> Program {
    let mut sources = Sources::default();
    let root = sources.add(format!("{name}.sym"), text);
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{name}: {:?}", document.diagnostics);
    document.models[name].program.clone()
}

/// The state of a scanned recurrence is one space of units, whatever the length of the sequence and whether all states or the last are read.
#[test]
fn states_of_a_scan_are_units() {
    for (layer, group) in [
        ("rnn(x, 4)", Group::SignedPermutation(4)),
        ("last(rnn(x, 4))", Group::SignedPermutation(4)),
        ("rnn(x, 4, act: identity)", Group::GeneralLinear(4)),
    ] {
        let found = infer(&program("M", &format!("model M {{ input x[6, 3] output linear({layer}, 2, name: \"head\") }}")));
        assert!(found.spaces.iter().any(|space| space.group == group), "{layer}: {:?}", found.spaces);
    }
}

/// A router only chooses where its logits are read by the gate of a single expert and by nothing else.
#[test]
fn weights_before_the_choice_of_one_expert_are_known() {
    for (outputs, expected) in [
        ("output moe(x, 3, 2, top: 1, name: \"moe\")", vec!["moe.router"]),
        ("output moe(linear(x, 3, name: \"fc\"), 3, 2, top: 1, name: \"moe\")", vec!["moe.router"]),
        ("output moe(x, 3, 2, top: 2, name: \"moe\")", vec![]),
        ("z = linear(x, 3, name: \"fc\") output softmax(top_k(z, 1, over: -1, lowest: true), over: -1) output z", vec![]),
        (
            "z = linear(x, 3, name: \"fc\") output softmax(top_k(z, 1, over: -1, lowest: true), over: -1)",
            vec!["fc.weight", "fc.bias"],
        ),
    ] {
        let program = program("M", &format!("model M {{ input x[3]\n {} }}", outputs.replace(" output", "\n output")));
        let found: Vec<&str> =
            choosers(&program).iter().map(|chooser| program.parameter(chooser.parameter).path.as_str()).collect();
        assert_eq!(found, expected, "{outputs}");
    }
}

#[test]
fn files_of_the_catalogue_have_the_groups_of_built_programs() {
    let mut compared = 0;
    for row in catalogue() {
        let Some(program) = elaborate(row.name) else { continue };
        let groups = |program: &Program| -> Vec<Group> { infer(program).spaces.into_iter().map(|space| space.group).collect() };
        assert_eq!(infer(&program).continuous_dim, infer(&row.program).continuous_dim, "{}", row.name);
        // The built one has an axis of one head, whose scale belongs to no space in the file.
        if row.name != "linear_attention" {
            assert_eq!(groups(&program), groups(&row.program), "{}", row.name);
        }
        compared += 1;
    }
    assert!(compared >= 25, "{compared} files");
}
