//! Sums, masks and rotary positions: elementwise operations.

use super::{Planner, Value};
use crate::chain::{Chain, Link};
use crate::view::View;
use sym_ir::{Pairs, Term, ValueId};
use sym_kernels::slice::Real;

impl<T: Real> Planner<'_, T> {
    /// A chain over other axes. What would be evaluated several times for its repeated entries is put in memory first.
    pub(super) fn spread(&mut self, chain: Chain, axes: &[Option<usize>], dims: &[usize]) -> Chain {
        let grows = chain.dims.iter().product::<usize>() < dims.iter().product();
        let chain = if grows && !chain.is_cheap() { Chain::load(self.stored(chain)) } else { chain };
        chain.arranged(axes, dims)
    }

    pub(super) fn add(&mut self, at: ValueId, terms: &[Term], constant: f64) -> Value {
        let (dims, lead) = (self.dims(at), self.lead(at));
        let mut sum: Option<Chain> = None;
        for term in terms {
            let chain = self.chain(term.value);
            let own = self.lead(term.value);
            let mut axes = vec![None; dims.len()];
            if own == 1 {
                axes[0] = Some(0);
            }
            for (from, &to) in term.axes.iter().enumerate() {
                axes[to + lead] = Some(from + own);
            }
            let chain = self.spread(chain, &axes, &dims).scaled(term.coefficient);
            sum = Some(match sum {
                Some(sum) => sum.joined(chain, Link::Add),
                None => chain,
            });
        }
        Value::Pending(match sum {
            None => Chain::constant(constant, &dims),
            Some(sum) if constant == 0.0 => sum,
            Some(sum) => sum.then(|last| Link::Shift(last, constant)),
        })
    }

    /// Adds −∞ to what a position does not see.
    pub(super) fn mask(&mut self, value: ValueId, row: usize, column: usize, before: Option<u128>, after: Option<u128>) -> Value {
        let (dims, lead) = (self.dims(value), self.lead(value));
        let (row, column) = (row + lead, column + lead);
        let hidden: Vec<f64> = band(dims[row], dims[column], before, after)
            .into_iter()
            .map(|seen| if seen { 0.0 } else { f64::NEG_INFINITY })
            .collect();
        let table = self.table(&hidden, &[dims[row], dims[column]]);
        let mut axes = vec![None; dims.len()];
        (axes[row], axes[column]) = (Some(0), Some(1));
        let chain = self.chain(value);
        Value::Pending(chain.joined(Chain::load(table.arranged(&axes, &dims)), Link::Add))
    }

    /// x·cos + partner·sin, where partners are a view that runs backwards. `direction` −1 turns back.
    pub(super) fn rotary(
        &mut self,
        value: ValueId,
        position: usize,
        axis: usize,
        base: f64,
        pairs: Pairs,
        direction: f64,
    ) -> Value {
        let (dims, lead) = (self.dims(value), self.lead(value));
        let (position, axis) = (position + lead, axis + lead);
        let (length, width) = (dims[position], dims[axis]);
        let (mut cosines, mut sines) = (vec![0.0; length * width], vec![0.0; length * width]);
        for pair in 0..width / 2 {
            let (a, b) = pairs.entries(pair, width);
            let frequency = libm::pow(base, -2.0 * pair as f64 / width as f64);
            for at in 0..length {
                let (sine, cosine) = libm::sincos(at as f64 * frequency);
                let row = at * width;
                (cosines[row + a], cosines[row + b]) = (cosine, cosine);
                (sines[row + a], sines[row + b]) = (-sine * direction, sine * direction);
            }
        }
        let mut axes = vec![None; dims.len()];
        (axes[position], axes[axis]) = (Some(0), Some(1));
        let [cosines, sines] =
            [cosines, sines].map(|values| Chain::load(self.table(&values, &[length, width]).arranged(&axes, &dims)));
        let own = self.whole(value);
        // [.., width, ..] as [.., pairs, 2, ..] or [.., 2, pairs, ..], backwards along the axis of size 2.
        let (split, backwards) = match pairs {
            Pairs::Interleaved => ([width / 2, 2], axis + 1),
            Pairs::Halves => ([2, width / 2], axis),
        };
        let mut fine = dims.clone();
        fine.splice(axis..=axis, split);
        let of = |view: &View| view.reshaped(&fine).expect("a whole array splits");
        let mut partner = of(&own);
        partner.offset += partner.strides[backwards] as usize;
        partner.strides[backwards] = -partner.strides[backwards];
        let apart = |chain: Chain| {
            let loads = chain.loads.iter().map(of).collect();
            Chain { dims: fine.clone(), loads, links: chain.links }
        };
        let turned = apart(Chain::load(own.clone())).joined(apart(cosines), Link::Multiply);
        let crossed = Chain::load(partner).joined(apart(sines), Link::Multiply);
        let result = self.evaluated(turned.joined(crossed, Link::Add));
        Value::Stored(View::whole(result.buffer, &dims))
    }
}

/// Whether position i sees j, row by row: i − before ≤ j ≤ i + after.
pub(super) fn band(rows: usize, columns: usize, before: Option<u128>, after: Option<u128>) -> Vec<bool> {
    let sees = |i: usize, j: usize| {
        let (i, j) = (i as u128, j as u128);
        before.is_none_or(|before| i.saturating_sub(before) <= j) && after.is_none_or(|after| j <= i.saturating_add(after))
    };
    (0..rows).flat_map(|i| (0..columns).map(move |j| sees(i, j))).collect()
}
