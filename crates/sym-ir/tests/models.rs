//! Golden tests of elaboration: each file of `tests/ok` has the IR text of its models beside it, each of `tests/fail` its diagnostics.

use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Sources};
use sym_ir::{Document, Loader, Options};

/// Files of the test's own folder, by name.
struct Folder(std::path::PathBuf);

impl Loader for Folder {
    fn load(&mut self, from: &str, path: &str) -> Result<(String, String), String> {
        let beside = std::path::Path::new(from).parent().map_or_else(|| path.into(), |parent| parent.join(path));
        let name = beside.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(self.0.join(&beside)).map_err(|_| "no such file".to_string())?;
        Ok((name, text))
    }
}

fn compile(path: &std::path::Path, text: &str) -> (Document, Sources) {
    let name = path.file_name().and_then(|name| name.to_str()).expect("test files have names");
    let mut sources = Sources::default();
    let root = sources.add(name, text);
    let mut loader = Folder(path.parent().expect("test files are in a folder").to_path_buf());
    let document = sym_ir::compile(&mut sources, root, &mut loader, &Options::default());
    (document, sources)
}

fn show(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().map_or_else(
            || "-".to_string(),
            |label| {
                let file = sources.file(label.span.file);
                let (start, end) = (file.position(label.span.start), file.position(label.span.end));
                format!("{}:{}:{}-{}:{}", file.name, start.line, start.column, end.line, end.column)
            },
        );
        write!(out, "{place} {} {}", diagnostic.code, diagnostic.message).expect("writing to a string succeeds");
        for (word, part) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
            if let Some(part) = part {
                write!(out, " | {word}: {part}").expect("writing to a string succeeds");
            }
        }
        out.push('\n');
    }
    out
}

#[test]
fn models_elaborate_to_their_programs() {
    insta::glob!("ok/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the test file is readable");
        let (document, sources) = compile(path, &text);
        let programs: Vec<String> = document.models.values().map(|model| sym_ir::text(&model.program)).collect();
        let warnings = show(&document.diagnostics, &sources);
        assert!(!document.diagnostics.iter().any(Diagnostic::is_error), "{}:\n{warnings}", path.display());
        insta::with_settings!({ omit_expression => true, description => text.clone(), prepend_module_to_snapshot => false, snapshot_path => "ok" }, {
            insta::assert_snapshot!(format!("{}{warnings}", programs.join("\n")));
        });
    });
}

#[test]
fn mistakes_give_one_diagnostic_each() {
    insta::glob!("fail/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the test file is readable");
        let (document, sources) = compile(path, &text);
        assert!(document.diagnostics.iter().any(Diagnostic::is_error), "{} has no error", path.display());
        insta::with_settings!({ omit_expression => true, description => text.clone(), prepend_module_to_snapshot => false, snapshot_path => "fail" }, {
            insta::assert_snapshot!(show(&document.diagnostics, &sources));
        });
    });
}

#[test]
fn formatting_changes_no_program() {
    insta::glob!("ok/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the test file is readable");
        let formatted = sym_syntax::format(&text).expect("a file without syntax errors can be formatted");
        let (before, _) = compile(path, &text);
        let (after, _) = compile(path, &formatted);
        let texts = |document: &Document| document.models.values().map(|model| sym_ir::text(&model.program)).collect::<Vec<_>>();
        assert_eq!(texts(&before), texts(&after), "{}", path.display());
    });
}

#[test]
fn every_network_of_the_catalogue_elaborates() {
    insta::glob!("../../../tests/catalogue", "*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the test file is readable");
        let (document, sources) = compile(path, &text);
        let faults = document.diagnostics.iter().any(Diagnostic::is_error);
        assert!(!faults, "{}", show(&document.diagnostics, &sources));
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("test files have names");
        assert!(document.models.contains_key(name), "{name}");
    });
}
