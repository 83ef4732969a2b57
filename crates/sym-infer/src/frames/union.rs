//! Union–find whose links are frames: F = D·g·D⁻¹ or F = D·g⁻ᵀ·D⁻¹, with g the root's frame and D a product of gains.

use sym_ir::{Pairs, ValueId};

/// A diagonal matrix ∏ diag(gain)^exponent, sorted by gain; no exponent is zero.
pub type Gains = Vec<(ValueId, i32)>;

/// The most gains between two frames that are kept apart; beyond, no matrix group is claimed.
const MOST_GAINS: usize = 8;

/// A frame relative to another one, g: D·g·D⁻¹, or D·g⁻ᵀ·D⁻¹ where dual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// g⁻ᵀ instead of g.
    pub dual: bool,
    /// D.
    pub gains: Gains,
}

/// D·E, or D·E⁻¹.
pub fn product(left: &Gains, right: &Gains, invert: bool) -> Gains {
    let mut all = left.clone();
    for &(gain, exponent) in right {
        let exponent = if invert { -exponent } else { exponent };
        match all.binary_search_by_key(&gain, |entry| entry.0) {
            Ok(at) => {
                all[at].1 += exponent;
                if all[at].1 == 0 {
                    all.remove(at);
                }
            }
            Err(at) => all.insert(at, (gain, exponent)),
        }
    }
    all
}

impl Link {
    /// This link after another: F relative to the frame that `of` is relative to, where F is `self` relative to `of`'s.
    #[must_use]
    pub fn after(&self, of: &Self) -> Self {
        Self { dual: self.dual ^ of.dual, gains: product(&self.gains, &of.gains, self.dual) }
    }

    /// g relative to F, where F is `self` relative to g.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { dual: self.dual, gains: product(&Gains::new(), &self.gains, !self.dual) }
    }
}

/// What the frame of a root must keep beside being invertible.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Constraint {
    /// D with D·g·D⁻¹ orthogonal, and the operation that needs it.
    pub orthogonal: Option<(Gains, ValueId)>,
    /// Whether D·g·D⁻¹ keeps the vector of ones as well, and the operation that needs it.
    pub ones: Option<ValueId>,
    /// g commutes with the rotations of these pairs.
    pub rotations: Option<(Pairs, ValueId)>,
    /// No matrix group remains: permutations, scales and signs at most.
    pub broken: Option<ValueId>,
}

/// Frames of all places.
#[derive(Debug)]
pub struct Union {
    parent: Vec<u32>,
    link: Vec<Link>,
    constraint: Vec<Constraint>,
}

impl Union {
    /// Each place on its own.
    pub fn new(count: u32) -> Self {
        Self {
            parent: (0..count).collect(),
            link: vec![Link::default(); count as usize],
            constraint: vec![Constraint::default(); count as usize],
        }
    }

    /// The root of a place and the place's frame relative to the root's.
    pub fn root(&mut self, element: u32) -> (u32, Link) {
        let parent = self.parent[element as usize];
        let mut root = self.parent[parent as usize];
        if parent != root {
            let mut path = vec![element, parent];
            while self.parent[root as usize] != root {
                path.push(root);
                root = self.parent[root as usize];
            }
            let mut link = Link::default();
            for step in path.into_iter().rev() {
                link = self.link[step as usize].after(&link);
                self.parent[step as usize] = root;
                self.link[step as usize] = link.clone();
            }
        }
        (root, self.link[element as usize].clone())
    }

    /// The constraint of a place's root.
    pub fn constraint(&mut self, element: u32) -> &Constraint {
        let (root, _) = self.root(element);
        &self.constraint[root as usize]
    }

    /// The frame of `b` is `link` relative to that of `a`.
    pub fn relate(&mut self, a: u32, b: u32, link: &Link, by: ValueId) {
        let ((root_a, from_a), (root_b, from_b)) = (self.root(a), self.root(b));
        // R_b in terms of R_a.
        let mut between = from_b.inverse().after(&link.after(&from_a));
        if between.gains.len() > MOST_GAINS {
            self.constraint[root_a as usize].broken.get_or_insert(by);
        }
        // Gains say nothing more where no matrix group is left; dropping them keeps links short.
        if [root_a, root_b].iter().any(|&root| self.constraint[root as usize].broken.is_some()) {
            between.gains.clear();
        }
        if root_a == root_b {
            self.close(root_a, &between, by);
            return;
        }
        let (keep, drop, link) = if root_a < root_b { (root_a, root_b, between) } else { (root_b, root_a, between.inverse()) };
        self.parent[drop as usize] = keep;
        let dropped = std::mem::take(&mut self.constraint[drop as usize]);
        self.inherit(keep, &link, &dropped);
        self.link[drop as usize] = link;
    }

    /// R = `link` relative to R itself.
    fn close(&mut self, root: u32, link: &Link, by: ValueId) {
        match (link.dual, link.gains.is_empty()) {
            (false, true) => {}
            // R = R⁻ᵀ, or R = D R⁻ᵀ D⁻¹: with E² = D⁻¹, E R E⁻¹ is orthogonal.
            (true, _) if link.gains.iter().all(|(_, exponent)| exponent % 2 == 0) => {
                let half = link.gains.iter().map(|&(gain, exponent)| (gain, -exponent / 2)).collect();
                self.make_orthogonal(root, half, by, None);
            }
            // A matrix that commutes with a generic diagonal one is diagonal.
            _ => {
                self.constraint[root as usize].broken.get_or_insert(by);
            }
        }
    }

    fn make_orthogonal(&mut self, root: u32, gains: Gains, by: ValueId, ones: Option<ValueId>) {
        let constraint = &mut self.constraint[root as usize];
        match &constraint.orthogonal {
            None => constraint.orthogonal = Some((gains, by)),
            Some((known, _)) if *known == gains => {}
            Some(_) => {
                constraint.broken.get_or_insert(by);
            }
        }
        if let Some(by) = ones {
            constraint.ones.get_or_insert(by);
        }
    }

    fn inherit(&mut self, root: u32, link: &Link, dropped: &Constraint) {
        if let Some((gains, by)) = &dropped.orthogonal {
            // D·R'·D⁻¹ with R' = E·R·E⁻¹, or with E·R⁻ᵀ·E⁻¹, whose inverse transpose is E⁻¹·R·E: orthogonal matrices are their own.
            let total = product(gains, &link.gains, false);
            let total = if link.dual { product(&Gains::new(), &total, true) } else { total };
            self.make_orthogonal(root, total, *by, dropped.ones);
        }
        if let Some((pairs, by)) = &dropped.rotations {
            self.keep_rotations(root, link, *pairs, *by);
        }
        if let Some(by) = dropped.broken {
            self.constraint[root as usize].broken.get_or_insert(by);
        }
    }

    fn keep_rotations(&mut self, root: u32, link: &Link, pairs: Pairs, by: ValueId) {
        let constraint = &mut self.constraint[root as usize];
        match constraint.rotations {
            _ if !link.gains.is_empty() => {
                constraint.broken.get_or_insert(by);
            }
            None => constraint.rotations = Some((pairs, by)),
            Some((known, _)) if known == pairs => {}
            Some(_) => {
                constraint.broken.get_or_insert(by);
            }
        }
    }

    /// The frame of a place is orthogonal, and keeps the vector of ones where `ones` is set.
    pub fn orthogonal(&mut self, place: u32, ones: bool, by: ValueId) {
        let (root, link) = self.root(place);
        let gains = if link.dual { product(&Gains::new(), &link.gains, true) } else { link.gains };
        self.make_orthogonal(root, gains, by, ones.then_some(by));
    }

    /// The frame of a place commutes with rotations of pairs.
    pub fn rotations(&mut self, place: u32, pairs: Pairs, by: ValueId) {
        let (root, link) = self.root(place);
        self.keep_rotations(root, &link, pairs, by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAIN: ValueId = ValueId(7);
    const BY: ValueId = ValueId(9);

    fn link(dual: bool, exponent: i32) -> Link {
        Link { dual, gains: if exponent == 0 { Gains::new() } else { vec![(GAIN, exponent)] } }
    }

    #[test]
    fn a_link_and_its_inverse_cancel() {
        for one in [link(false, 2), link(true, 2), link(true, 0)] {
            assert_eq!(one.after(&one.inverse()), Link::default());
            assert_eq!(one.inverse().after(&one), Link::default());
        }
    }

    #[test]
    fn contraction_after_a_gain_puts_the_inverse_gain_on_the_dual_frame() {
        let mut union = Union::new(3);
        union.relate(0, 1, &link(false, 1), BY);
        union.relate(1, 2, &link(true, 0), BY);
        assert_eq!(union.root(2).1, link(true, -1));
    }

    #[test]
    fn a_frame_dual_to_itself_is_orthogonal() {
        let mut union = Union::new(1);
        union.relate(0, 0, &link(true, 0), BY);
        assert_eq!(union.constraint(0).orthogonal, Some((Gains::new(), BY)));
    }

    #[test]
    fn orthogonal_before_and_after_a_gain_leaves_no_matrix_group() {
        let mut union = Union::new(2);
        union.relate(0, 1, &link(false, 1), BY);
        union.orthogonal(0, false, BY);
        union.orthogonal(1, false, BY);
        assert_eq!(union.constraint(0).broken, Some(BY));
    }

    #[test]
    fn constraints_survive_whichever_root_stays() {
        for reversed in [false, true] {
            let mut union = Union::new(3);
            union.orthogonal(2, true, BY);
            if reversed {
                union.relate(2, 1, &link(true, 1), BY);
                union.relate(1, 0, &link(true, 0), BY);
            } else {
                union.relate(0, 1, &link(true, 0), BY);
                union.relate(1, 2, &link(true, 1).inverse(), BY);
            }
            let constraint = union.constraint(0).clone();
            let (_, from) = union.root(2);
            // At the constrained place the frame is D R D⁻¹ or D R⁻ᵀ D⁻¹ with the gains of the constraint.
            let seen = if from.dual { product(&Gains::new(), &from.gains, true) } else { from.gains };
            assert_eq!(constraint.orthogonal, Some((seen, BY)));
            assert_eq!(constraint.ones, Some(BY));
        }
    }
}
