//! Texts that no one writes on purpose: each gives a diagnostic, quickly, and none overflows the stack.

mod support;

use support::parse;
use sym_diagnostics::{Code, FileId};

fn codes(text: &str) -> Vec<Code> {
    parse(text).1.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn an_empty_file_is_a_warning() {
    assert_eq!(codes(""), [Code::E0110]);
    assert_eq!(codes("  \n// only a comment\n"), [Code::E0110]);
    assert!(!parse("").1[0].is_error());
}

#[test]
fn a_line_of_ten_megabytes_is_refused_by_its_size() {
    assert_eq!(codes(&"x".repeat(10 << 20)), [Code::E0108]);
}

#[test]
fn a_line_at_the_size_limit_is_read() {
    assert_eq!(codes(&"x".repeat(sym_syntax::MAX_BYTES)), [Code::E0106]);
}

#[test]
fn brackets_a_hundred_thousand_deep_are_refused_without_reading_them() {
    for bracket in ["(", "[", "{", "f(", "model M() { "] {
        assert_eq!(codes(&bracket.repeat(80_000)), [Code::E0107], "{bracket}");
    }
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let text = format!("// {}\nfigure \"{}\" {{}}", "(".repeat(1000), "[".repeat(1000));
    assert_eq!(codes(&text), []);
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let depth = sym_syntax::MAX_NESTING;
    assert_eq!(codes(&format!("fn f(x) = {}x{}", "(".repeat(depth), ")".repeat(depth))), []);
}

#[test]
fn chains_without_brackets_have_a_limit_too() {
    for link in ["x + ", "x ^ ", "-", "not "] {
        assert_eq!(codes(&format!("fn f(x) = {}x", link.repeat(100_000))), [Code::E0107], "{link}");
    }
    assert_eq!(codes(&format!("fn f(x) = x{}", "[i]".repeat(100_000))), [Code::E0107]);
    let arms = " else if x == 1 { y = x }".repeat(10_000);
    assert_eq!(codes(&format!("model M() {{ if x == 0 {{ y = x }}{arms} }}")), [Code::E0107]);
}

#[test]
fn long_files_are_read_in_linear_time() {
    let model = |count: usize| format!("model M() {{ {} }}", "h = f(x, [1, 2], name: \"a\") ".repeat(count));

    assert_eq!(codes(&model(5_000)), []);
    // Each of these would take minutes if reading it went over the rest of the text again and again.
    for piece in
        ["if a ", "for i in x ", "f(a b, ", "x = f(y = 1, ", "[a ", "h = x[ ", "profile p ", "a b c ", "} ", "{ }", "every 1 "]
    {
        let text = format!("model M() {{ {} }}", piece.repeat(3_000));

        assert!(!codes(&text).is_empty(), "{piece}");
        parse(&format!("train M = A() {{ {} }}", piece.repeat(3_000)));
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let (text, diagnostic) = sym_syntax::decode(FileId(0), b"model \xff\xfe".to_vec()).expect_err("not UTF-8");
    assert_eq!(diagnostic.code, Code::E0109);
    assert_eq!(diagnostic.primary.expect("a place").span.start, 6);
    assert!(text.starts_with("model "));
    assert_eq!(codes("model M\0() {}"), [Code::E0109]);
}

#[test]
fn a_thousand_mistakes_give_a_hundred_diagnostics() {
    assert_eq!(codes(&"data D digits()\n".repeat(1000)).len(), 100);
}
