//! `symc check --explain SPACE`: which operations constrained a space, in order, and which one decided.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::symc;

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/derivations"))
}

#[test]
fn a_derivation_lists_what_constrained_a_space_and_what_decided() {
    let report = symc(directory(), &["check", "spaces.sym", "--format", "json"]).json();
    let mut text = String::new();
    for model in report["models"].as_array().expect("models") {
        let name = model["name"].as_str().expect("a name");
        for space in model["spaces"].as_array().expect("spaces") {
            let space = space["name"].as_str().expect("a name");
            let ended = symc(directory(), &["check", "spaces.sym", "--model", name, "--explain", space]);
            assert_eq!(ended.code, 0, "{}", ended.stderr);
            text += &ended.stdout;
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("spaces", text));
}

#[test]
fn all_forms_carry_the_same_steps_and_decision() {
    let explain =
        |format: &str| symc(directory(), &["check", "spaces.sym", "--model", "Odd", "--explain", "fc1", "--format", format]);
    let report = explain("json").json();
    let spaces = report["models"][0]["spaces"].as_array().expect("spaces").clone();
    let space = spaces.iter().find(|space| space["name"] == "fc1").expect("the space");
    let decision = &space["decision"];
    assert_eq!((&decision["subject"], &decision["excluded"], &decision["line"]), (&"`tanh`".into(), &"GL".into(), &5.into()));
    let steps = space["derivation"].as_array().expect("steps");
    for format in ["human", "short"] {
        let ended = explain(format);
        assert!(ended.stdout.contains("signed_permutation(4), not GL: `tanh` at 5:26 is odd and not linear"), "{}", ended.stdout);
        for step in steps {
            let place = format!("spaces.sym:{}:{}", step["line"], step["column"]);
            let text = step["text"].as_str().expect("a text");
            assert!(ended.stdout.contains(&place) && ended.stdout.contains(text), "{place} {text}");
        }
    }
    // The space that was not asked for keeps its short form.
    let other = spaces.iter().find(|space| space["name"] == "fc2").expect("the space");
    assert_eq!((&other["decision"], other["derivation"].as_array().map(Vec::len)), (&serde_json::Value::Null, Some(1)));
}
