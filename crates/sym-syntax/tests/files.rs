//! Files with one behaviour each: those of `ok` have no diagnostic and a canonical layout, those of `fail` have the diagnostics of
//! their snapshots.

mod support;

use support::{parse, report};

#[test]
fn valid_files_parse_cleanly_and_have_a_canonical_layout() {
    insta::glob!("ok/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the file is part of the crate");
        let (_, diagnostics) = parse(&text);
        assert_eq!(report(&text, &diagnostics), "");
        let formatted = sym_syntax::format(&text).expect("a text without errors is formatted");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(formatted);
        });
    });
}

#[test]
fn invalid_files_give_one_diagnostic_for_each_mistake() {
    insta::glob!("fail/*.sym", |path| {
        let text = std::fs::read_to_string(path).expect("the file is part of the crate");
        let (_, diagnostics) = parse(&text);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(report(&text, &diagnostics));
        });
    });
}

#[test]
fn ten_mistakes_give_ten_diagnostics() {
    let text = include_str!("fail/ten_mistakes.sym");
    let lines: Vec<usize> = parse(text)
        .1
        .iter()
        .filter_map(|diagnostic| diagnostic.primary.as_ref())
        .map(|label| text[..label.span.start as usize].matches('\n').count() + 1)
        .collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 12, 13, 16]);
}
