//! Golden specs: each `tests/golden/NAME.sym` has its report, its tensor program and the operations that execute it beside it as a
//! snapshot.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;

#[test]
fn every_golden_spec_gives_its_report_tensor_program_and_module() {
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
            let module = support::symc(directory, &["lower", &file, "--emit", "burn"]);
            let lowered = program.stdout + &module.stdout;
            let text = format!("{}{}exit code {}\n\n{lowered}", report.stdout, report.stderr, report.code);
            insta::assert_snapshot!(file.trim_end_matches(".sym"), text);
        }
    });
}
