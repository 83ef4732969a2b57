//! What cannot be executed is said before anything is allocated, all at once.

use sym_diagnostics::Code;
use sym_infer::Weights;
use sym_ir::{Builder, Builtin};
use sym_lower::{Backend, Module, check, dtype};

#[test]
fn values_of_too_many_axes_are_all_named_once() {
    let mut b = Builder::new("Wide");
    let x = b.input("x", &[1; 8]);
    let y = b.map(Builtin::Tanh, x);
    let w = b.parameter("w", &[1; 9]);
    let sum = b.einsum("abcdefgh,abcdefghi->i", &[y, w]);
    b.output("output", sum);
    let diagnostics = check(&b.finish()).expect_err("too many axes");
    let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    assert_eq!(messages, ["`x` has 9 axes, the batch included", "`w` has 9 axes"]);
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.code == Code::E0501));
}

#[test]
fn a_contraction_that_needs_too_many_axes_on_the_way_is_named() {
    let mut b = Builder::new("Wide");
    let [u, v] = ["u", "v"].map(|name| b.parameter(name, &[2; 5]));
    let w = b.parameter("w", &[2; 6]);
    let outer = b.einsum("abcde,fghij,abcfgh->deij", &[u, v, w]);
    b.output("fits", outer);
    assert_eq!(check(&b.finish()), Ok(()));

    let mut b = Builder::new("Wide");
    let [u, v, w] = ["u", "v", "w"].map(|name| b.parameter(name, &[2; 6]));
    let all = b.einsum("abcdef,ghijkl,afgl->", &[u, v, w]);
    b.output("output", all);
    let fits = check(&b.finish());
    assert_eq!(fits, Ok(()), "indices of one factor alone are summed first");
}

#[test]
fn sizes_beyond_memory_are_named_without_allocating() {
    let mut b = Builder::new("Huge");
    let x = b.input("x", &[1_000_000]);
    let y = b.linear("fc", x, 1_000_000, true);
    b.output("output", y);
    let program = b.finish();
    let diagnostics = check(&program).expect_err("too large");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].code, Code::E0501);
    assert!(diagnostics[0].message.contains("1000000 × 1000000"), "{}", diagnostics[0].message);
}

#[test]
fn weights_of_another_size_are_refused() {
    let mut b = Builder::new("Mlp");
    let x = b.input("x", &[3]);
    let y = b.linear("fc", x, 2, true);
    b.output("output", y);
    let program = b.finish();
    let device = Backend::Flex.device();
    let mut weights = Weights::zeros(&program);
    weights.values[0].pop();
    let diagnostics = Module::new(&program, &weights, &device, dtype("f64").expect("known")).expect_err("five of six entries");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].message, "`fc.weight` has 6 entries, not 5");
    weights.values.pop();
    assert!(Module::new(&program, &weights, &device, dtype("f64").expect("known")).is_err());
}

#[test]
fn unknown_backends_and_number_types_are_named() {
    assert_eq!(Backend::find("flex"), Ok(Backend::Flex));
    let diagnostic = Backend::find("flexx").expect_err("unknown");
    assert_eq!((diagnostic.code, diagnostic.help.as_deref()), (Code::E0502, Some("a similar name exists: `flex`")));
    assert_eq!(dtype("f16").expect_err("unknown").code, Code::E0502);
}
