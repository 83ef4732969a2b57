//! The analysis takes programs of any depth and size.

mod support;

use support::networks::mlp;
use sym_infer::infer;
use sym_ir::{Builder, Builtin};

#[test]
fn ten_thousand_layers_have_a_space_each() {
    let dims: Vec<u128> = std::iter::repeat_n(64, 10_001).collect();
    for activation in [Builtin::Relu, Builtin::Tanh] {
        let program = mlp("deep", &dims, true, &|b: &mut Builder, x| b.map(activation, x), false);
        assert_eq!(infer(&program).spaces.len(), 9_999);
    }
}

#[test]
fn sizes_beyond_memory_are_analysed_exactly() {
    let wide = 1u128 << 60;
    let program = mlp("wide", &[wide, wide, 10], true, &|b: &mut Builder, x| b.map(Builtin::Relu, x), false);
    assert_eq!(infer(&program).continuous_dim, wide);
}
