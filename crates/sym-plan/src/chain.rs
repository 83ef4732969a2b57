//! Chains of elementwise operations, evaluated block by block so that what is between them stays in the first-level cache.

use crate::memory::{Kernel, Memory};
use crate::view::{Buffer, View, collapsed};
use sym_ir::{Builtin, Scalar};
use sym_kernels::arithmetic::{self, double, rounded};
use sym_kernels::slice::{self, Real};

/// Entries of a block, about.
const BLOCK: usize = 512;

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

    fn arguments(&self) -> [Option<usize>; 2] {
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

/// How a load finds the entries of a block.
#[derive(Debug)]
enum Source {
    /// One behind the other.
    Run { offset: usize },
    /// The same in every block of the row length: loaded once an evaluation.
    Periodic,
    /// By walking over the axes.
    Walk,
}

#[derive(Debug)]
struct Loader {
    view: View,
    source: Source,
    sizes: Vec<usize>,
    strides: Vec<isize>,
}

/// A chain ready to run: registers are assigned.
#[derive(Debug)]
pub(crate) struct Evaluator<T> {
    links: Vec<Link>,
    loaders: Vec<Loader>,
    /// The register of each link.
    place: Vec<usize>,
    /// For each link whether it takes over its first argument's register.
    over: Vec<bool>,
    registers: Vec<Vec<T>>,
    length: usize,
    /// Entries a block.
    pub block: usize,
}

impl<T: Real> Evaluator<T> {
    pub fn new(chain: Chain) -> Self {
        let Chain { dims, loads, links } = chain;
        let length = dims.iter().product();
        let strides: Vec<&[isize]> = loads.iter().map(|load| &load.strides[..]).collect();
        let (sizes, strides) = collapsed(&dims, &strides);
        let row = sizes.last().copied().unwrap_or(1);
        let block = if row == 0 {
            BLOCK
        } else if row <= 2 * BLOCK {
            row * (BLOCK / row).max(1)
        } else {
            BLOCK
        };
        let loaders: Vec<Loader> = loads
            .into_iter()
            .zip(strides)
            .map(|(view, strides)| {
                let contiguous = sizes
                    .iter()
                    .zip(&strides)
                    .rev()
                    .try_fold(1, |expected, (&size, &stride)| (stride == expected).then_some(expected * size as isize));
                let outer_repeats = strides.iter().rev().skip(1).all(|&stride| stride == 0);
                let source = if contiguous.is_some() {
                    Source::Run { offset: view.offset }
                } else if outer_repeats && (row <= 2 * BLOCK || strides.last() == Some(&0)) {
                    Source::Periodic
                } else {
                    Source::Walk
                };
                Loader { view, source, sizes: sizes.clone(), strides }
            })
            .collect();
        let mut last = vec![0; links.len()];
        for (at, link) in links.iter().enumerate() {
            link.arguments().into_iter().flatten().for_each(|argument| last[argument] = at);
        }
        last[links.len() - 1] = links.len();
        let (mut place, mut over, mut free, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for (at, link) in links.iter().enumerate() {
            let [first, second] = link.arguments();
            // What is filled once keeps its register.
            let is_kept = |at: usize| is_fixed(&links[at], &loaders) || is_run(&links[at], &loaders);
            let takes_over = first.is_some_and(|first| last[first] == at && !is_kept(first));
            let register = if takes_over {
                place[first.expect("it takes over its first argument")]
            } else {
                let reused = if is_fixed(link, &loaders) { None } else { free.pop() };
                reused.unwrap_or_else(|| {
                    count += 1;
                    count - 1
                })
            };
            place.push(register);
            over.push(takes_over);
            for argument in [first, second].into_iter().flatten() {
                if last[argument] == at && !is_kept(argument) && place[argument] != register && !free.contains(&place[argument]) {
                    free.push(place[argument]);
                }
            }
        }
        Self { links, loaders, place, over, registers: vec![vec![rounded(0.0); block]; count], length, block }
    }

    /// Fills what is the same in every block.
    pub fn prepare(&mut self, memory: &Memory<T>) {
        for at in 0..self.links.len() {
            let register = self.place[at];
            match self.links[at] {
                Link::Constant(value) => self.registers[register].fill(rounded(value)),
                Link::Load(load) if matches!(self.loaders[load].source, Source::Periodic) => {
                    let loader = &self.loaders[load];
                    let entries = memory.read(loader.view.buffer);
                    let count = self.block.min(self.length);
                    loader.walk(entries, 0, &mut self.registers[register][..count]);
                }
                _ => {}
            }
        }
    }

    /// Whether the memory of the result is that of something it reads.
    pub fn reads_own(&self, memory: &Memory<T>) -> bool {
        self.loaders.iter().any(|loader| memory.get(loader.view.buffer).is_none())
    }

    /// The number of entries of the whole index space.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Evaluates the block of `count` entries from `start` on.
    pub fn evaluate<'a>(&'a mut self, memory: &'a Memory<T>, start: usize, count: usize) -> &'a [T] {
        self.compute(memory, start, count, None);
        self.operand(self.links.len() - 1, memory, (start, count), None)
    }

    /// Computes the links of a block; `own` holds its entries in a buffer that shares memory with the result.
    fn compute(&mut self, memory: &Memory<T>, start: usize, count: usize, own: Option<&[T]>) {
        for at in 0..self.links.len() {
            if !self.computes(at) {
                continue;
            }
            let mut target = std::mem::take(&mut self.registers[self.place[at]]);
            self.link(at, memory, (start, count), own, &mut target[..count]);
            self.registers[self.place[at]] = target;
        }
    }

    /// The last link's value, which is computed and not just read.
    fn computed(&self, count: usize) -> &[T] {
        &self.registers[self.place[self.links.len() - 1]][..count]
    }

    /// Evaluates a block into `out`.
    pub fn evaluate_into(&mut self, memory: &Memory<T>, start: usize, out: &mut [T]) {
        let (count, last) = (out.len(), self.links.len() - 1);
        for at in 0..last {
            if !self.computes(at) {
                continue;
            }
            let mut target = std::mem::take(&mut self.registers[self.place[at]]);
            self.link(at, memory, (start, count), None, &mut target[..count]);
            self.registers[self.place[at]] = target;
        }
        if self.computes(last) {
            if self.over[last] {
                let [first, _] = self.links[last].arguments();
                out.copy_from_slice(self.operand(first.expect("it takes over an argument"), memory, (start, count), None));
            }
            self.link(last, memory, (start, count), None, out);
        } else {
            out.copy_from_slice(self.operand(last, memory, (start, count), None));
        }
    }

    /// Whether a link has to be computed for every block.
    fn computes(&self, at: usize) -> bool {
        match self.links[at] {
            Link::Constant(_) => false,
            Link::Load(load) => matches!(self.loaders[load].source, Source::Walk),
            _ => true,
        }
    }

    /// The entries of a link's value, where it is computed already.
    fn operand<'a>(&'a self, at: usize, memory: &'a Memory<T>, (start, count): (usize, usize), own: Option<&'a [T]>) -> &'a [T] {
        if let Link::Load(load) = self.links[at]
            && let Source::Run { offset } = self.loaders[load].source
        {
            return match memory.get(self.loaders[load].view.buffer) {
                Some(entries) => &entries[offset + start..offset + start + count],
                None => own.expect("a load in place comes with its entries"),
            };
        }
        &self.registers[self.place[at]][..count]
    }

    /// Computes one link; where it takes over its first argument's register, `out` holds that argument.
    fn link(&self, at: usize, memory: &Memory<T>, block: (usize, usize), own: Option<&[T]>, out: &mut [T]) {
        let before = |at: usize| self.operand(at, memory, block, own);
        let begin = |out: &mut [T], first: usize| {
            if !self.over[at] {
                out.copy_from_slice(before(first));
            }
        };
        match self.links[at] {
            Link::Constant(value) => out.fill(rounded(value)),
            Link::Load(load) => {
                let loader = &self.loaders[load];
                loader.walk(memory.read(loader.view.buffer), block.0, out);
            }
            Link::Add(a, b) => {
                begin(out, a);
                if a == b {
                    arithmetic::scale(out, rounded(2.0));
                } else {
                    arithmetic::add(out, before(b));
                }
            }
            Link::Multiply(a, b) => {
                begin(out, a);
                if a == b {
                    arithmetic::square(out);
                } else {
                    arithmetic::multiply(out, before(b));
                }
            }
            Link::Scale(a, factor) => {
                begin(out, a);
                if factor != 1.0 {
                    arithmetic::scale(out, rounded(factor));
                }
            }
            Link::Shift(a, summand) => {
                begin(out, a);
                arithmetic::shift(out, rounded(summand));
            }
            Link::Call(function, a) => {
                begin(out, a);
                slice::apply(crate::function::kernel(function), out);
            }
            Link::SquareRoot(a) => {
                begin(out, a);
                arithmetic::square_root(out);
            }
            Link::Reciprocal(a) => {
                begin(out, a);
                arithmetic::reciprocal(out);
            }
            Link::Power(a, exponent) => {
                begin(out, a);
                each(out, |x| libm::pow(x, exponent));
            }
        }
    }
}

/// Whether a link has the same entries in every block.
fn is_fixed(link: &Link, loaders: &[Loader]) -> bool {
    match link {
        Link::Constant(_) => true,
        Link::Load(load) => matches!(loaders[*load].source, Source::Periodic),
        _ => false,
    }
}

/// Whether a link's entries lie one behind the other in memory, so that no register holds them.
fn is_run(link: &Link, loaders: &[Loader]) -> bool {
    matches!(link, Link::Load(load) if matches!(loaders[*load].source, Source::Run { .. }))
}

/// Applies a function in double precision, one entry after another.
fn each<T: Real>(values: &mut [T], function: impl Fn(f64) -> f64) {
    for value in values {
        *value = rounded(function(double(*value)));
    }
}

impl Loader {
    /// Copies the entries from linear index `start` on.
    fn walk<T: Real>(&self, entries: &[T], start: usize, out: &mut [T]) {
        let mut done = 0;
        let last = self.sizes.len().saturating_sub(1);
        let Some(&row) = self.sizes.last() else {
            out.fill(entries[self.view.offset]);
            return;
        };
        // The index of `start`, and the offset there.
        let mut index = vec![0; self.sizes.len()];
        let mut rest = start;
        let mut offset = self.view.offset as isize;
        for axis in (0..self.sizes.len()).rev() {
            index[axis] = rest % self.sizes[axis];
            rest /= self.sizes[axis];
            offset += index[axis] as isize * self.strides[axis];
        }
        let stride = self.strides[last];
        while done < out.len() {
            let count = (row - index[last]).min(out.len() - done);
            let target = &mut out[done..done + count];
            match stride {
                0 => target.fill(entries[offset as usize]),
                1 => target.copy_from_slice(&entries[offset as usize..offset as usize + count]),
                _ => {
                    let mut at = offset;
                    for value in target {
                        *value = entries[at as usize];
                        at += stride;
                    }
                }
            }
            done += count;
            offset -= index[last] as isize * stride;
            index[last] = 0;
            for axis in (0..last).rev() {
                index[axis] += 1;
                offset += self.strides[axis];
                if index[axis] < self.sizes[axis] {
                    break;
                }
                offset -= self.strides[axis] * self.sizes[axis] as isize;
                index[axis] = 0;
            }
        }
    }
}

/// Writes a chain to a buffer.
#[derive(Debug)]
pub(crate) struct Evaluate<T>(pub Evaluator<T>);

impl<T: Real> Kernel<T> for Evaluate<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>) {
        self.0.prepare(memory);
        let block = self.0.block;
        let in_place = self.0.reads_own(memory);
        let mut start = 0;
        while start < out.len() {
            let count = block.min(out.len() - start);
            if in_place {
                // What the block needs is read before it is written.
                self.0.compute(memory, start, count, Some(&out[start..start + count]));
                out[start..start + count].copy_from_slice(self.0.computed(count));
            } else {
                self.0.evaluate_into(memory, start, &mut out[start..start + count]);
            }
            start += count;
        }
    }
}

/// Copies the entries of a view to successive places.
pub(crate) fn copy<T: Real>(view: &View, memory: &Memory<T>, out: &mut [T]) {
    let (sizes, mut strides) = collapsed(&view.dims, &[&view.strides]);
    let loader = Loader { view: view.clone(), source: Source::Walk, sizes, strides: strides.remove(0) };
    loader.walk(memory.read(view.buffer), 0, out);
}
