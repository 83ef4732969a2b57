//! `symc diff A B`: what differs between the symmetries of two files or models.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::{Ended, symc};

fn diff(a: &str, b: &str, format: &str) -> Ended {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/diff"));
    symc(directory, &["diff", a, b, "--format", format])
}

#[test]
fn files_are_compared_model_by_model_and_space_by_space() {
    let (human, short) = (diff("before.sym", "after.sym", "human"), diff("before.sym", "after.sym", "short"));
    assert_eq!((human.code, short.code), (0, 0), "{}{}", human.stderr, short.stderr);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/diff"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("files", format!("{}\n{}", human.stdout, short.stdout)));
}

#[test]
fn the_json_form_has_both_sides() {
    let report = diff("before.sym", "after.sym", "json").json();
    assert_eq!((&report["schema"], &report["only_a"][0], &report["only_b"][0]), (&1.into(), &"Old".into(), &"New".into()));
    let model = &report["models"][0];
    assert_eq!((&model["a"]["name"], &model["b"]["parameters"]), (&"Mlp".into(), &70.into()));
    let change = |name: &str| {
        let spaces = model["spaces"].as_array().expect("spaces");
        spaces.iter().find(|space| space["name"] == name).map(|space| space["change"].clone())
    };
    assert_eq!(
        (change("fc1"), change("fc2"), change("fc3")),
        (Some("changed".into()), Some("removed".into()), Some("added".into()))
    );
    assert!(report["models"][1]["spaces"].as_array().expect("spaces").iter().all(|space| space["change"] == "same"));
}

#[test]
fn two_models_are_compared_whatever_they_are_called() {
    let report = diff("before.sym:Mlp", "before.sym:Same", "json").json();
    assert_eq!(report["models"].as_array().map(Vec::len), Some(1));
    assert_eq!((&report["models"][0]["a"]["name"], &report["models"][0]["b"]["name"]), (&"Mlp".into(), &"Same".into()));
}

#[test]
fn a_model_compared_with_itself_is_the_same() {
    let ended = diff("before.sym:Mlp", "before.sym:Mlp", "human");
    assert!(ended.code == 0 && ended.stdout.contains("The symmetries are the same."), "{}", ended.stdout);
}

#[test]
fn a_missing_file_is_an_error_and_a_missing_model_wrong_usage() {
    let ended = diff("before.sym", "gone.sym", "json");
    assert_eq!((ended.code, ended.codes()), (1, vec!["E0217".to_string()]));
    let ended = diff("before.sym:Mpl", "after.sym", "human");
    assert!(ended.code == 2 && ended.stderr.contains("a similar one is Mlp"), "{}", ended.stderr);
    assert_eq!(diff("before.sym", "", "json").code, 1);
}
