//! Unknowns that are multiples of one another: union–find with ratios.

use super::Field;

/// Classes of proportional unknowns. The least unknown of a class represents it.
#[derive(Debug)]
pub struct Proportions<F> {
    parent: Vec<u32>,
    /// Each unknown as a multiple of its parent.
    ratio: Vec<F>,
    /// Of representatives: whether the class is zero.
    zero: Vec<bool>,
}

impl<F: Field> Proportions<F> {
    /// Each unknown a class of its own.
    pub fn new(unknowns: u32) -> Self {
        let count = unknowns as usize;
        Self { parent: (0..unknowns).collect(), ratio: vec![F::unit(); count], zero: vec![false; count] }
    }

    /// The number of unknowns.
    pub fn len(&self) -> u32 {
        self.parent.len() as u32
    }

    /// The representative of an unknown and the unknown as a multiple of it; `None` for zero. Where the multiple overflows the class is
    /// set to zero.
    pub fn root(&mut self, unknown: u32) -> Option<(u32, F)> {
        let parent = self.parent[unknown as usize];
        let mut root = self.parent[parent as usize];
        if parent != root {
            let mut path = vec![unknown, parent];
            while self.parent[root as usize] != root {
                path.push(root);
                root = self.parent[root as usize];
            }
            let mut ratio = F::unit();
            for step in path.into_iter().rev() {
                let Some(product) = self.ratio[step as usize].times(&ratio) else {
                    self.zero[root as usize] = true;
                    return None;
                };
                self.parent[step as usize] = root;
                self.ratio[step as usize] = product.clone();
                ratio = product;
            }
        }
        (!self.zero[root as usize]).then(|| (root, self.ratio[unknown as usize].clone()))
    }

    /// Sets an unknown to zero.
    pub fn vanish(&mut self, unknown: u32) {
        if let Some((root, _)) = self.root(unknown) {
            self.zero[root as usize] = true;
        }
    }

    /// Adds the equation coefficient · unknown + coefficient · unknown = 0. Where a ratio overflows, both are zero.
    pub fn relate(&mut self, (a, of_a): &(u32, F), (b, of_b): &(u32, F)) {
        let (Some((root_a, ratio_a)), Some((root_b, ratio_b))) = (self.root(*a), self.root(*b)) else {
            self.vanish(*a);
            self.vanish(*b);
            return;
        };
        let product = of_a.times(&ratio_a).zip(of_b.times(&ratio_b));
        let ratio = product.and_then(|(of_a, of_b)| {
            if root_a == root_b {
                return of_a.plus(&of_b).filter(F::is_null);
            }
            let (kept, hung) = if root_a < root_b { (of_a, of_b) } else { (of_b, of_a) };
            kept.minus_over(&hung)
        });
        match ratio {
            Some(_) if root_a == root_b => {}
            Some(ratio) => {
                let hung = root_a.max(root_b) as usize;
                self.parent[hung] = root_a.min(root_b);
                self.ratio[hung] = ratio;
            }
            None => {
                self.zero[root_a as usize] = true;
                self.zero[root_b as usize] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rational;
    use super::*;

    fn number(value: i128) -> Rational {
        Rational::from_integer(value)
    }

    #[test]
    fn ratios_multiply_along_a_chain() {
        let mut classes = Proportions::new(4);
        // Each is twice the one before; joined from the far end, so that the last has a path to compress.
        for unknown in (1..4).rev() {
            classes.relate(&(unknown, number(1)), &(unknown - 1, number(-2)));
        }
        assert_eq!(classes.root(3), Some((0, number(8))));
        assert_eq!(classes.root(2), Some((0, number(4))));
    }

    #[test]
    fn a_circle_that_asks_for_another_multiple_of_itself_is_zero() {
        let mut classes = Proportions::new(2);
        classes.relate(&(0, number(1)), &(1, number(-1)));
        classes.relate(&(1, number(2)), &(0, number(-2)));
        assert_eq!(classes.root(1), Some((0, number(1))));
        classes.relate(&(1, number(1)), &(0, number(-2)));
        assert_eq!((classes.root(0), classes.root(1)), (None, None));
    }

    #[test]
    fn multiples_beyond_every_number_are_zero() {
        let mut classes = Proportions::new(3);
        classes.relate(&(1, number(1)), &(2, number(-i128::MAX)));
        classes.relate(&(0, number(1)), &(1, number(-i128::MAX)));
        assert_eq!([2, 1, 0].map(|unknown| classes.root(unknown)), [None, None, None]);
    }
}
