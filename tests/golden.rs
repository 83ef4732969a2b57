//! Golden specs: each `tests/golden/NAME.sym` has its report and its tensor program beside it as a snapshot.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

#[test]
fn every_golden_spec_gives_its_report_and_tensor_program() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden"));
    let mut files: Vec<String> = std::fs::read_dir(directory)
        .expect("the golden specs are there")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "sym"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for file in files {
            let report = support::symc(directory, &["check", &file]);
            let program = support::symc(directory, &["lower", &file, "--emit", "ir"]);
            let text = format!("{}{}exit code {}\n\n{}", report.stdout, report.stderr, report.code, program.stdout);
            insta::assert_snapshot!(file.trim_end_matches(".sym"), text);
        }
    });
}
