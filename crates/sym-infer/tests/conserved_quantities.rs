//! The number of conserved quantities against an independent count: the rank of their differentials at a random θ.

mod support;

use support::networks::mlp;
use support::rank::{Normal, rank};
use sym_infer::infer;
use sym_ir::{Builder, Builtin};

fn claimed(dims: &[u128], activation: Option<Builtin>) -> u128 {
    let act = |b: &mut Builder, x| match activation {
        Some(builtin) => b.map(builtin, x),
        None => x,
    };
    let program = mlp("network", dims, false, &act, false);
    infer(&program).spaces.iter().flat_map(|space| &space.conserved).map(|law| law.count).sum()
}

type Matrix = Vec<Vec<f64>>;

/// Differentials of all entries of `WWᵀ` − `VᵀV` for successive weights W, V of a linear network: one row an entry, one column a weight.
fn differentials(dims: &[usize], weights: &[Matrix]) -> Vec<Vec<f64>> {
    let sizes: Vec<usize> = dims.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let start = |layer: usize| sizes[..layer].iter().sum::<usize>();
    let mut rows = Vec::new();
    for layer in 1..dims.len() - 1 {
        let (before, after) = (&weights[layer - 1], &weights[layer]);
        for p in 0..dims[layer] {
            for q in 0..=p {
                let mut row = vec![0.0; sizes.iter().sum()];
                // (WWᵀ)_pq = ∑ₐ W_pa W_qa, (VᵀV)_pq = ∑_c V_cp V_cq.
                for a in 0..dims[layer - 1] {
                    row[start(layer - 1) + p * dims[layer - 1] + a] += before[q][a];
                    row[start(layer - 1) + q * dims[layer - 1] + a] += before[p][a];
                }
                for c in 0..dims[layer + 1] {
                    row[start(layer) + c * dims[layer] + p] -= after[c][q];
                    row[start(layer) + c * dims[layer] + q] -= after[c][p];
                }
                rows.push(row);
            }
        }
    }
    rows
}

fn independent(dims: &[usize]) -> usize {
    let mut normal = Normal(3);
    let weights: Vec<Matrix> =
        dims.windows(2).map(|pair| (0..pair[1]).map(|_| (0..pair[0]).map(|_| normal.draw()).collect()).collect()).collect();
    rank(differentials(dims, &weights))
}

#[test]
fn linear_networks_have_as_many_laws_as_published() {
    // Marcotte et al. 2023.
    for (dims, laws) in [(&[2, 3, 2][..], 6), (&[10, 8, 3], 36), (&[3, 3, 3, 3], 12), (&[2, 2, 2, 2, 2], 9)] {
        assert_eq!(claimed(dims, None), laws, "{dims:?}");
    }
}

#[test]
fn two_linear_layers_have_as_many_laws_as_differentials_are_independent() {
    // With r up to n + m and beyond.
    for dims in [[1, 1, 1], [2, 3, 2], [1, 4, 2], [1, 5, 1], [2, 6, 1], [3, 2, 4], [2, 4, 2], [1, 7, 3]] {
        let sizes: Vec<u128> = dims.iter().map(|&size| size as u128).collect();
        assert_eq!(claimed(&sizes, None), independent(&dims) as u128, "{dims:?}");
    }
}

#[test]
fn deep_linear_networks_have_as_many_laws_as_differentials_are_independent() {
    for dims in [&[3, 3, 3, 3][..], &[2, 2, 2, 2, 2], &[2, 4, 3, 1], &[4, 2, 3]] {
        let sizes: Vec<u128> = dims.iter().map(|&size| size as u128).collect();
        assert_eq!(claimed(&sizes, None), independent(dims) as u128, "{dims:?}");
    }
}

#[test]
fn what_forgets_a_shift_conserves_sums() {
    // Softmax forgets what is added to all logits: the sums over the rows of a 3×4 weight and of its bias stay.
    let linear = mlp("network", &[4, 3], true, &|_, x| x, true);
    let spaces = infer(&linear).spaces;
    let laws: Vec<(&str, u128)> =
        spaces.iter().flat_map(|space| &space.conserved).map(|law| (law.formula.as_str(), law.count)).collect();
    assert_eq!(laws, [("Σ fc1.weight[:,j]", 4), ("Σ fc1.bias[:]", 1)]);
}

#[test]
fn a_relu_network_has_one_law_a_hidden_unit() {
    assert_eq!(claimed(&[3, 5, 4, 2], Some(Builtin::Relu)), 9);
    assert_eq!(claimed(&[3, 5, 2], Some(Builtin::Tanh)), 0);
}
