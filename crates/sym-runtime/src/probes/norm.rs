//! Euclidean norms of parameters.

use crate::select::selects;
use sym_infer::Weights;
use sym_ir::Program;

/// The norm of all parameters that a selector names; of all where it is empty.
pub fn norm(program: &Program, weights: &Weights, selector: &str) -> f64 {
    let chosen = program
        .parameters
        .iter()
        .zip(&weights.values)
        .filter(|(parameter, _)| selector.is_empty() || selects(selector, &parameter.path));
    chosen.flat_map(|(_, values)| values).map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_norm_is_that_of_the_selected_entries() {
        let program = testing::mlp(&[1, 1]);
        let weights = Weights { values: vec![vec![3.0], vec![4.0]] };
        assert_eq!(norm(&program, &weights, ""), 5.0);
        assert_eq!(norm(&program, &weights, "fc1"), 5.0);
        assert_eq!(norm(&program, &weights, "fc1.bias"), 4.0);
    }
}
