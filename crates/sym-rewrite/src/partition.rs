//! Partitions of a tensor's axes: which of them stand at one position.

/// A partition of axes into blocks, numbered by their first axes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Partition(Vec<usize>);

impl Partition {
    /// Every axis by itself.
    pub fn finest(rank: usize) -> Self {
        Self((0..rank).collect())
    }

    /// Axes with equal keys together.
    pub fn of<K: PartialEq>(keys: &[K]) -> Self {
        let mut first: Vec<usize> = Vec::new();
        let blocks = keys.iter().enumerate().map(|(axis, key)| {
            first.iter().position(|&other| keys[other] == *key).unwrap_or_else(|| {
                first.push(axis);
                first.len() - 1
            })
        });
        Self(blocks.collect())
    }

    /// All partitions that join only axes with one key, the finest first; axes without a key stay by themselves.
    pub fn all(keys: &[Option<usize>]) -> Vec<Self> {
        let mut all: Vec<Vec<usize>> = vec![Vec::new()];
        for (axis, key) in keys.iter().enumerate() {
            let extended = all.iter().flat_map(|blocks: &Vec<usize>| {
                let count = blocks.iter().max().map_or(0, |last| last + 1);
                let fits = |block: &usize| {
                    *block == count || key.is_some() && (0..axis).any(|other| blocks[other] == *block && keys[other] == *key)
                };
                (0..=count)
                    .filter(fits)
                    .map(|block| blocks.iter().copied().chain(std::iter::once(block)).collect())
                    .collect::<Vec<_>>()
            });
            all = extended.collect();
        }
        let mut all: Vec<Self> = all.into_iter().map(Self).collect();
        all.sort_by_key(|partition| std::cmp::Reverse(partition.blocks()));
        all
    }

    /// The block of every axis.
    pub fn pattern(&self) -> &[usize] {
        &self.0
    }

    /// The number of blocks.
    pub fn blocks(&self) -> usize {
        self.0.iter().max().map_or(0, |last| last + 1)
    }

    /// The block of an axis.
    pub fn block(&self, axis: usize) -> usize {
        self.0[axis]
    }

    /// The first axis of every block.
    pub fn first_axes(&self) -> Vec<usize> {
        (0..self.blocks()).filter_map(|block| self.0.iter().position(|&other| other == block)).collect()
    }

    /// Whether axes that are together here are together there.
    pub fn refines(&self, other: &Self) -> bool {
        self.first_axes().iter().enumerate().all(|(block, &first)| {
            (0..self.0.len()).filter(|&axis| self.0[axis] == block).all(|axis| other.0[axis] == other.0[first])
        })
    }

    /// The finest partition that both refine.
    pub fn join(&self, other: &Self) -> Self {
        let mut keys: Vec<usize> = self.0.clone();
        for (axis, &block) in other.0.iter().enumerate() {
            let first = other.0.iter().position(|&another| another == block).unwrap_or(axis);
            let (from, to) = (keys[axis], keys[first]);
            keys.iter_mut().filter(|key| **key == from).for_each(|key| *key = to);
        }
        Self::of(&keys)
    }
}

#[cfg(test)]
mod tests {
    use super::Partition;

    #[test]
    fn only_axes_of_one_space_stand_together() {
        assert_eq!(Partition::all(&[Some(0), Some(0), Some(0)]).len(), 5, "Bell(3)");
        assert_eq!(Partition::all(&[Some(0), None, Some(0)]), [Partition::of(&[0, 1, 2]), Partition::of(&[0, 1, 0])]);
        assert_eq!(Partition::all(&[Some(0), Some(1), None]), [Partition::finest(3)]);
        assert_eq!(Partition::all(&[]), [Partition::finest(0)]);
    }

    #[test]
    fn a_join_is_the_finest_that_both_refine() {
        let (one, other) = (Partition::of(&[0, 0, 1, 2]), Partition::of(&[0, 1, 1, 2]));
        let join = one.join(&other);
        assert_eq!(join, Partition::of(&[0, 0, 0, 1]));
        assert!(one.refines(&join) && other.refines(&join) && !join.refines(&one) && !one.refines(&other));
    }
}
