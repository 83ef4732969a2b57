//! The analysis is near-linear in the number of operations and independent of sizes.

mod support;

use std::time::Instant;
use support::networks::mlp;
use sym_infer::infer;
use sym_ir::{Builder, Builtin};

#[test]
fn ten_thousand_layers_take_seconds_at_most_even_unoptimised() {
    let dims: Vec<u128> = std::iter::repeat_n(64, 10_001).collect();
    for activation in [Builtin::Relu, Builtin::Tanh] {
        let program = mlp("deep", &dims, true, &|b: &mut Builder, x| b.map(activation, x), false);
        let start = Instant::now();
        let symmetries = infer(&program);
        let seconds = start.elapsed().as_secs_f64();
        println!("{activation:?}: {seconds:.2} s");
        assert_eq!(symmetries.spaces.len(), 9_999);
        assert!(seconds < 10.0, "{seconds} s");
    }
}

#[test]
fn sizes_beyond_memory_are_analysed_exactly() {
    let wide = 1u128 << 60;
    let program = mlp("wide", &[wide, wide, 10], true, &|b: &mut Builder, x| b.map(Builtin::Relu, x), false);
    assert_eq!(infer(&program).continuous_dim, wide);
}
