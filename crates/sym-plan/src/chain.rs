//! Chains of elementwise operations that are not evaluated yet.

use crate::view::{Buffer, View};
use sym_ir::{Builtin, Scalar};

/// One operation of a chain on the results of earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Link {
    /// Entries of a view.
    Load(usize),
    /// The same number everywhere.
    Constant(f64),
    Add(usize, usize),
    Multiply(usize, usize),
    Scale(usize, f64),
    Shift(usize, f64),
    Call(Builtin, usize),
    SquareRoot(usize),
    Reciprocal(usize),
    /// A power that is no product.
    Power(usize, f64),
}

/// An elementwise expression over an index space, not evaluated yet. The last link is its value.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub dims: Vec<usize>,
    pub loads: Vec<View>,
    pub links: Vec<Link>,
}

impl Chain {
    /// The entries of a view.
    pub fn load(view: View) -> Self {
        Self { dims: view.dims.clone(), loads: vec![view], links: vec![Link::Load(0)] }
    }

    /// The same number everywhere.
    pub fn constant(value: f64, dims: &[usize]) -> Self {
        Self { dims: dims.to_vec(), loads: Vec::new(), links: vec![Link::Constant(value)] }
    }

    /// Whether evaluating it again costs no more than reading its result.
    pub fn is_cheap(&self) -> bool {
        self.links.len() == 1
    }

    /// The number that it is everywhere, where it is one.
    pub fn as_constant(&self) -> Option<f64> {
        match self.links[..] {
            [Link::Constant(value)] => Some(value),
            _ => None,
        }
    }

    fn last(&self) -> usize {
        self.links.len() - 1
    }

    /// Appends one link.
    pub fn then(mut self, link: impl FnOnce(usize) -> Link) -> Self {
        let last = self.last();
        self.links.push(link(last));
        self
    }

    /// Multiplies by a constant.
    pub fn scaled(self, factor: f64) -> Self {
        if factor == 1.0 { self } else { self.then(|at| Link::Scale(at, factor)) }
    }

    /// Joins two chains over the same index space.
    pub fn joined(mut self, other: Self, link: impl FnOnce(usize, usize) -> Link) -> Self {
        let own = self.last();
        let (loads, links) = (self.loads.len(), self.links.len());
        self.loads.extend(other.loads);
        self.links.extend(other.links.into_iter().map(|link| link.moved(loads, links)));
        let last = self.last();
        self.links.push(link(own, last));
        self
    }

    /// The chain over other axes, as [`View::arranged`].
    pub fn arranged(mut self, axes: &[Option<usize>], dims: &[usize]) -> Self {
        for load in &mut self.loads {
            *load = load.arranged(axes, dims);
        }
        self.dims = dims.to_vec();
        self
    }

    /// Appends an expression of the chain's value.
    pub fn mapped(mut self, function: &Scalar) -> Self {
        let argument = self.last();
        let at = self.expression(function, argument);
        if at != self.last() {
            // The result is an earlier link: repeat it as the last one.
            self.links.push(Link::Scale(at, 1.0));
        }
        self
    }

    fn push(&mut self, link: Link) -> usize {
        self.links.push(link);
        self.last()
    }

    fn constant_of(&self, at: usize) -> Option<f64> {
        match self.links[at] {
            Link::Constant(value) => Some(value),
            _ => None,
        }
    }

    fn expression(&mut self, function: &Scalar, argument: usize) -> usize {
        match function {
            Scalar::Argument => argument,
            Scalar::Number(value) => self.push(Link::Constant(*value)),
            Scalar::Add(parts) => self.fold(parts, argument, 0.0, |a, b| a + b, Link::Shift, Link::Add),
            Scalar::Multiply(parts) => self.fold(parts, argument, 1.0, |a, b| a * b, Link::Scale, Link::Multiply),
            Scalar::Power(base, exponent) => {
                let at = self.expression(base, argument);
                match self.constant_of(at) {
                    Some(_) => self.push(Link::Constant(function.evaluate(0.0))),
                    None => self.power(at, *exponent),
                }
            }
            Scalar::Call(builtin, inner) => {
                let at = self.expression(inner, argument);
                match self.constant_of(at) {
                    Some(value) => self.push(Link::Constant(builtin.evaluate(value))),
                    None => self.push(Link::Call(*builtin, at)),
                }
            }
        }
    }

    /// Joins parts from left to right, constants among themselves.
    fn fold(
        &mut self,
        parts: &[Scalar],
        argument: usize,
        neutral: f64,
        constants: impl Fn(f64, f64) -> f64,
        with_constant: impl Fn(usize, f64) -> Link,
        join: impl Fn(usize, usize) -> Link,
    ) -> usize {
        let mut constant = neutral;
        let mut joined: Option<usize> = None;
        for part in parts {
            let at = self.expression(part, argument);
            match (self.constant_of(at), joined) {
                (Some(value), _) => constant = constants(constant, value),
                (None, Some(before)) => joined = Some(self.push(join(before, at))),
                (None, None) => joined = Some(at),
            }
        }
        match joined {
            Some(joined) if constant == neutral => joined,
            Some(joined) => self.push(with_constant(joined, constant)),
            None => self.push(Link::Constant(constant)),
        }
    }

    /// Integer powers multiply, so that they hold for every sign.
    fn power(&mut self, base: usize, exponent: f64) -> usize {
        if exponent == 0.0 {
            return self.push(Link::Constant(1.0));
        }
        if exponent == 0.5 {
            return self.push(Link::SquareRoot(base));
        }
        if exponent == -0.5 {
            let root = self.push(Link::SquareRoot(base));
            return self.push(Link::Reciprocal(root));
        }
        if exponent.fract() != 0.0 || exponent.abs() >= 64.0 {
            return self.push(Link::Power(base, exponent));
        }
        let mut rest = exponent.abs() as u32;
        let (mut square, mut product) = (base, None);
        loop {
            if rest & 1 == 1 {
                product = Some(match product {
                    Some(product) => self.push(Link::Multiply(product, square)),
                    None => square,
                });
            }
            rest >>= 1;
            if rest == 0 {
                break;
            }
            square = self.push(Link::Multiply(square, square));
        }
        let product = product.expect("a non-zero exponent has a bit set");
        if exponent < 0.0 { self.push(Link::Reciprocal(product)) } else { product }
    }

    /// The buffers that it reads, and those of them that it reads entry by entry in the order of its value.
    pub fn buffers(&self) -> (Vec<Buffer>, Vec<Buffer>) {
        let reads: Vec<Buffer> = self.loads.iter().map(|load| load.buffer).collect();
        let aligned = reads
            .iter()
            .copied()
            .filter(|&buffer| self.loads.iter().filter(|load| load.buffer == buffer).all(View::is_whole))
            .collect();
        (reads, aligned)
    }
}

impl Link {
    /// The same link behind others.
    fn moved(self, loads: usize, links: usize) -> Self {
        match self {
            Link::Load(at) => Link::Load(at + loads),
            Link::Constant(value) => Link::Constant(value),
            Link::Add(a, b) => Link::Add(a + links, b + links),
            Link::Multiply(a, b) => Link::Multiply(a + links, b + links),
            Link::Scale(a, factor) => Link::Scale(a + links, factor),
            Link::Shift(a, summand) => Link::Shift(a + links, summand),
            Link::Call(function, a) => Link::Call(function, a + links),
            Link::SquareRoot(a) => Link::SquareRoot(a + links),
            Link::Reciprocal(a) => Link::Reciprocal(a + links),
            Link::Power(a, exponent) => Link::Power(a + links, exponent),
        }
    }

    /// The links that it is computed from.
    pub fn arguments(&self) -> [Option<usize>; 2] {
        match *self {
            Link::Load(_) | Link::Constant(_) => [None, None],
            Link::Add(a, b) | Link::Multiply(a, b) => [Some(a), Some(b)],
            Link::Scale(a, _)
            | Link::Shift(a, _)
            | Link::Call(_, a)
            | Link::SquareRoot(a)
            | Link::Reciprocal(a)
            | Link::Power(a, _) => [Some(a), None],
        }
    }
}
