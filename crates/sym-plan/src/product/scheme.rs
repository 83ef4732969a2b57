//! Which indices of a contraction become those of a matrix product, which are loops around it, and what is copied.

use super::copied::{is_own_inside, reading};
use super::index::{Index, Kind, StrideOf, by_stride, in_left, in_result, in_right, inner, merged, volume};

/// The most entries of a factor that are copied at once.
const MOST_COPIED: usize = 1 << 19;
/// The least depth of a matrix product that is worth a turn of a loop.
const LEAST_DEPTH: usize = 48;

/// Where a turn's product goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// To its place in the result.
    Result,
    /// To an array of its own with its rows one behind the other, which is then copied.
    Rows,
    /// The same with its columns one behind the other.
    Columns,
}

/// One way to do a contraction. Of rows, columns and summed indices the outermost comes first.
#[derive(Debug, Clone)]
pub(super) struct Scheme {
    /// Loops from the outermost on, and whether they are summed.
    pub loops: Vec<(Index, bool)>,
    pub rows: Vec<Index>,
    pub columns: Vec<Index>,
    pub summed: Vec<Index>,
    pub copies_left: bool,
    pub copies_right: bool,
    pub target: Target,
}

/// The way that seems cheapest.
pub(super) fn best(indices: &[Index]) -> Scheme {
    let direct = in_place(indices);
    let mut candidates = Vec::new();
    if direct.loops.iter().all(|(_, is_summed)| *is_summed) {
        candidates.extend([Target::Rows, Target::Columns].map(|target| Scheme { target, ..direct.clone() }));
    }
    candidates.insert(0, direct);
    for stride in [in_left as StrideOf, in_right] {
        let scheme = whole(indices, stride);
        if merged(&scheme.rows, &[in_result]) && merged(&scheme.columns, &[in_result]) {
            candidates.push(Scheme { target: Target::Result, ..scheme.clone() });
        }
        candidates.push(Scheme { target: Target::Rows, ..scheme.clone() });
        candidates.push(Scheme { target: Target::Columns, ..scheme });
    }
    let costs = candidates.iter().map(Scheme::cost).collect::<Vec<f64>>();
    let cheapest = (0..candidates.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0);
    candidates.swap_remove(cheapest)
}

fn of(indices: &[Index], kind: Kind) -> Vec<Index> {
    indices.iter().copied().filter(|index| index.kind == kind && index.size != 1).collect()
}

/// The longest run of indices (sorted from outermost to innermost) that lie as one axis, by total size; the others are loops.
fn longest_run(indices: Vec<Index>, strides: &[StrideOf]) -> (Vec<Index>, Vec<Index>) {
    let mut best = (0, 0, 0);
    for first in 0..indices.len() {
        for behind in first + 1..=indices.len() {
            let run = &indices[first..behind];
            if merged(run, strides) && volume(run) > best.2 {
                best = (first, behind, volume(run));
            }
        }
    }
    let run = indices[best.0..best.1].to_vec();
    let rest = indices[..best.0].iter().chain(&indices[best.1..]).copied().collect();
    (run, rest)
}

/// Products go to their place at once: what does not lie as one axis of the result is a loop, and factors are copied where nothing else helps.
fn in_place(indices: &[Index]) -> Scheme {
    let mut loops = by_stride(of(indices, Kind::Batch), in_result);
    let (rows, outer_rows) = longest_run(by_stride(of(indices, Kind::Row), in_result), &[in_result]);
    let (columns, outer_columns) = longest_run(by_stride(of(indices, Kind::Column), in_result), &[in_result]);
    loops.extend(outer_rows);
    loops.extend(outer_columns);

    let mut summed = by_stride(of(indices, Kind::Summed), in_left);
    let mut summed_loops = Vec::new();
    let mut copies_left = !merged(&rows, &[in_left]);
    let mut copies_right = !merged(&columns, &[in_right]);
    if !((copies_left || merged(&summed, &[in_left])) && (copies_right || merged(&summed, &[in_right]))) {
        // Fewer summed indices at a time, as long as the depth stays worth it.
        let strides: Vec<StrideOf> =
            [(!copies_left).then_some(in_left as StrideOf), (!copies_right).then_some(in_right)].into_iter().flatten().collect();
        let orders = [summed.clone(), by_stride(summed.clone(), in_right)];
        let [first, second] = orders.map(|order| longest_run(order, &strides));
        let (run, rest) = if volume(&second.0) > volume(&first.0) { second } else { first };
        if volume(&run) >= LEAST_DEPTH || rest.is_empty() {
            (summed, summed_loops) = (run, rest);
        } else {
            copies_left = copies_left || !merged(&summed, &[in_left]);
            copies_right = copies_right || !merged(&summed, &[in_right]);
        }
    }
    // A copy of everything at once may be too large.
    while summed.len() > 1 {
        let copied = |copies: bool, own: &[Index]| if copies { volume(own) * volume(&summed) } else { 0 };
        let largest = copied(copies_left, &rows).max(copied(copies_right, &columns));
        if largest <= MOST_COPIED || volume(&summed[1..]) < LEAST_DEPTH {
            break;
        }
        summed_loops.push(summed.remove(0));
    }
    // Loops of what is copied outside, so that a copy serves as many turns as possible.
    let touches = |index: &Index| copies_left && index.left != 0 || copies_right && index.right != 0;
    let mut loops: Vec<(Index, bool)> = loops.into_iter().map(|index| (index, false)).collect();
    loops.extend(summed_loops.into_iter().map(|index| (index, true)));
    loops.sort_by_key(|(index, _)| u8::from(!touches(index)));
    Scheme { loops, rows, columns, summed, copies_left, copies_right, target: Target::Result }
}

/// One product for all rows, columns and summed indices, the latter in the order of a factor. Factors that do not lie so are copied, in parts where
/// they are large.
fn whole(indices: &[Index], order: StrideOf) -> Scheme {
    let mut rows = by_stride(of(indices, Kind::Row), in_left);
    let mut columns = by_stride(of(indices, Kind::Column), in_right);
    let summed = by_stride(of(indices, Kind::Summed), order);
    let copies_left = !merged(&rows, &[in_left]) || !merged(&summed, &[in_left]);
    let copies_right = !merged(&columns, &[in_right]) || !merged(&summed, &[in_right]);
    let mut loops = of(indices, Kind::Batch);
    for (copies, own) in [(copies_left, &mut rows), (copies_right, &mut columns)] {
        if copies {
            loops.extend(outside(own, MOST_COPIED / volume(&summed).max(1)));
        }
    }
    // Turns fill the result one after the other.
    let loops = by_stride(loops, in_result).into_iter().map(|index| (index, false)).collect();
    Scheme { loops, rows, columns, summed, copies_left, copies_right, target: Target::Rows }
}

/// Takes indices out, from the outermost of the result on, or parts of one, until at most `most` entries are left.
fn outside(own: &mut Vec<Index>, most: usize) -> Vec<Index> {
    let mut taken = Vec::new();
    while volume(own) > most.max(1)
        && let Some(at) = (0..own.len()).max_by_key(|&at| own[at].result.unsigned_abs())
    {
        let index = own[at];
        let others = volume(own) / index.size;
        // The least number of parts that leaves few enough.
        let parts = (2..index.size).find(|&parts| index.size.is_multiple_of(parts) && index.size / parts * others <= most);
        let Some(parts) = parts else {
            taken.push(own.remove(at));
            continue;
        };
        let size = index.size / parts;
        own[at].size = size;
        let [left, right, result] = [index.left, index.right, index.result].map(|stride| stride * size as isize);
        taken.push(Index { size: parts, left, right, result, ..index });
    }
    taken
}

impl Scheme {
    /// Strides of the product's rows and columns.
    pub fn target_strides(&self) -> (isize, isize) {
        match self.target {
            Target::Result => (inner(&self.rows, in_result), inner(&self.columns, in_result)),
            Target::Rows => (volume(&self.columns) as isize, 1),
            Target::Columns => (1, volume(&self.rows) as isize),
        }
    }

    /// Nanoseconds, about, on a machine that does some 40 multiplications in one. Only to compare ways with each other.
    fn cost(&self) -> f64 {
        let (rows, columns, depth) = (volume(&self.rows), volume(&self.columns), volume(&self.summed));
        let turns = self.loops.iter().map(|(index, _)| index.size).product::<usize>() as f64;
        // Of a factor: its own indices, whether it is copied, its strides, and how often it is copied.
        let factor = |own: &[Index], copies: bool, stride: StrideOf| {
            let own_inside = is_own_inside(own, &self.summed, stride);
            let (own_stride, depth_stride) = match (copies, own_inside) {
                (false, _) => (inner(own, stride), inner(&self.summed, stride)),
                (true, true) => (1, 2),
                (true, false) => (2, 1),
            };
            let behind = self.loops.iter().rev().take_while(|(index, _)| stride(index) == 0).map(|(index, _)| index.size);
            let copies_made = turns / behind.product::<usize>() as f64;
            let (outer, inside) = if own_inside { (&self.summed[..], own) } else { (own, &self.summed[..]) };
            let copying = if copies { copies_made * reading(outer, inside, stride) } else { 0.0 };
            (own_stride, depth_stride, copying)
        };
        let left = factor(&self.rows, self.copies_left, in_left);
        let right = factor(&self.columns, self.copies_right, in_right);
        // The side whose entries lie one behind the other in the product fills the lanes of registers.
        let (row, column) = self.target_strides();
        let (lanes, others, lane_side, other_side) =
            if column.unsigned_abs() < row.unsigned_abs() { (columns, rows, right, left) } else { (rows, columns, left, right) };
        let multiplications = (lanes.next_multiple_of(16) * others * depth) as f64;
        let few = if lanes <= 16 { 1.3 } else { 1.0 };
        let packed = |entries: usize, stride: isize| match stride.unsigned_abs() {
            0 | 1 => 0.05 * entries as f64,
            2..=4 => 0.5 * entries as f64,
            _ => 1.5 * entries as f64,
        };
        // The one side is packed anyway, the other where its depth does not run.
        let least = lane_side.0.unsigned_abs().min(lane_side.1.unsigned_abs());
        let packs_lanes = match lane_side.0.unsigned_abs() {
            0 | 1 => packed(lanes * depth, 1),
            _ => packed(lanes * depth, least.max(2) as isize),
        };
        let packs_others = if other_side.1 == 1 { 0.0 } else { packed(others * depth, other_side.0) };
        let summed_turns = self.loops.iter().filter(|(_, is_summed)| *is_summed).map(|(index, _)| index.size).product::<usize>();
        let placing = match self.target {
            Target::Result => 0.0,
            Target::Rows => reading(&self.rows, &self.columns, in_result) / summed_turns as f64,
            Target::Columns => reading(&self.columns, &self.rows, in_result) / summed_turns as f64,
        };
        let turn = 150.0 + few * multiplications / 40.0 + packs_lanes + packs_others + placing;
        turns * turn + left.2 + right.2
    }
}
