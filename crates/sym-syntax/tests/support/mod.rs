//! What the tests share: the corpus, trees without places, diagnostics as text.

#![expect(dead_code, reason = "each test target uses a part")]

use std::fmt::Write;
use sym_diagnostics::{Diagnostic, Sources};
use sym_syntax::ast::File;

/// The texts of `tests/ok` and `tests/fail`.
pub fn corpus() -> Vec<String> {
    let mut texts = Vec::new();
    for folder in ["ok", "fail"] {
        let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut paths: Vec<_> = std::fs::read_dir(folder).expect("the folder is part of the crate").flatten().collect();
        paths.sort_by_key(std::fs::DirEntry::path);
        texts.extend(paths.iter().filter_map(|entry| match entry.path().extension() {
            Some(extension) if extension == "sym" => std::fs::read_to_string(entry.path()).ok(),
            _ => None,
        }));
    }
    texts
}

/// The tree and diagnostics of a text.
pub fn parse(text: &str) -> (File, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("test.sym", text);
    sym_syntax::parse(file, text)
}

/// The items of a tree, printed without their places.
pub fn shape(file: &File) -> String {
    let printed = format!("{:?}", file.items);
    let mut shape = String::new();
    let mut rest = printed.as_str();
    while let Some(at) = rest.find("Span { file") {
        shape.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        rest = &rest[end..];
    }
    shape.push_str(rest);
    shape
}

/// One paragraph a diagnostic: place, code, headline, the text pointed at, found, expected, help, causes.
pub fn report(text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut sources = Sources::default();
    let id = sources.add("test.sym", text);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let mut place = String::new();
        if let Some(primary) = &diagnostic.primary {
            let (start, end) = (sources.file(id).position(primary.span.start), sources.file(id).position(primary.span.end));
            let _ = write!(place, "{}:{}-{}:{} ", start.line, start.column, end.line, end.column);
            let _ = writeln!(out, "{place}{} {}", diagnostic.code, diagnostic.message);
            let _ = writeln!(out, "    at: `{}` ({})", sources.text(primary.span), primary.message);
        }
        for cause in &diagnostic.secondary {
            let at = sources.file(id).position(cause.span.start);
            let _ = writeln!(out, "    cause: {}:{} {}", at.line, at.column, cause.message);
        }
        for (name, value) in [("found", &diagnostic.found), ("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
            if let Some(value) = value {
                let _ = writeln!(out, "    {name}: {value}");
            }
        }
    }
    out
}
