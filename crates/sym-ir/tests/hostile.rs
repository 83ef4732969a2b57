//! No input makes the compiler panic, hang or overflow its stack.

use proptest::prelude::*;
use std::fmt::Write;
use sym_diagnostics::{Code, Sources};
use sym_ir::{Document, Loader, Options};

/// No file can be read.
struct Nothing;

impl Loader for Nothing {
    fn load(&mut self, _from: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("{path} is not there"))
    }
}

fn compile(text: &str) -> Document {
    let mut sources = Sources::default();
    let root = sources.add("hostile.sym", text);
    sym_ir::compile(&mut sources, root, &mut Nothing, &Options::default())
}

fn codes(document: &Document) -> Vec<Code> {
    document.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn a_long_sum_is_one_operation() {
    let terms = vec!["x"; 150].join(" + ");
    let document = compile(&format!("model Long {{ input x[2] output {terms} }}"));
    assert_eq!(codes(&document), []);
    assert_eq!(document.models["Long"].program.nodes.len(), 2);
}

#[test]
fn deep_brackets_are_refused_without_overflow() {
    let text = format!("model Deep {{ input x[2] output {}x{} }}", "tanh(".repeat(150), ")".repeat(150));
    assert!(codes(&compile(&text)).iter().all(|code| *code == Code::E0107));
    let text = format!("model Deep {{ input x[2] output {}x{} }}", "(x * ".repeat(5_000), ")".repeat(5_000));
    assert_eq!(codes(&compile(&text)), [Code::E0107]);
    let text = format!("model Deep {{ input x[2] output {}x }}", "- ".repeat(5_000));
    assert_eq!(codes(&compile(&text)), [Code::E0107]);
}

#[test]
fn blocks_that_double_stop_at_the_limit() {
    let mut text = String::from("block b0(x[d]) -> [d] { return tanh(x) }\n");
    for i in 1..40 {
        writeln!(text, "block b{i}(x[d]) -> [d] {{ return b{}(b{}(x)) }}", i - 1, i - 1).expect("writing to a string succeeds");
    }
    text.push_str("model Doubling { input x[2] output b39(x) }");
    assert_eq!(codes(&compile(&text)), [Code::E0224]);
}

#[test]
fn functions_that_double_stop_at_the_limit() {
    let mut text = String::from("fn f0(x) = x * x + 1\n");
    for i in 1..40 {
        writeln!(text, "fn f{i}(x) = f{}(x) * f{}(x)", i - 1, i - 1).expect("writing to a string succeeds");
    }
    assert!(codes(&compile(&text)).iter().all(|code| *code == Code::E0224));
}

#[test]
fn a_network_of_ten_thousand_layers_elaborates() {
    let document =
        compile("model Tall { input x[4] h = x for i in 0..10_000 { h = tanh(linear(h, 4, name: \"fc{i}\")) } output h }");
    assert_eq!(codes(&document), []);
    assert_eq!(document.models["Tall"].program.parameters.len(), 20_000);
}

/// A file with most constructs of models, as the seed of mutations.
const SEED: &str = "fn leak(x, slope: float = 0.1) = slope * x + (1 - slope) * relu(x)^2
block head(x[.., d], heads: int, k: int = d / heads) -> [.., k] {
    param w[heads, k, d] stored \"w\" as [(heads k), d] init uniform(1 / sqrt(d))
    if heads > 1 and not false { return y[.., m] = w[h, m, a] * x[.., a] } else { return slice(x, 0..k, over: -1) }
}
model M(width: int = 4, act: fn = tanh) {
    input x[3, 8] rank 2
    frozen v
    h = x
    for i in 0..=1 { h = act(linear(h, 2 * width, name: \"fc{i}\")) }
    s[i, j] = h[i, a] * x[j, a] / sqrt(8) - v
    p = softmax(s, over: j)
    c = concat(reshape(p, [9]), max(s, over: 0), over: 0)
    q[i] = mean(j: leak(s[i, j], slope: 0.2)) + sum(j: p[i, j] * p[j, i])
    output head(h, 2, name: \"a\") * 0.5
    output c
    output q
}
model N = M(width: 4, act: leak(slope: 0.3))
";

#[test]
fn the_seed_of_mutations_is_sound() {
    let document = compile(SEED);
    assert_eq!(document.diagnostics, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn mutated_files_never_panic(edits in proptest::collection::vec((0..SEED.len(), 0usize..12, "[-a-z0-9.,:(){}\\[\\]*+/^= ]{0,6}"), 1..4)) {
        let mut text = SEED.to_string();
        for (at, length, replacement) in edits {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &replacement);
        }
        compile(&text);
    }
}
