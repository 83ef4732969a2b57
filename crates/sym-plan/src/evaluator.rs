//! Evaluation of chains, block by block, so that what is between their operations stays in the first-level cache.

use crate::chain::{Chain, Link};
use crate::load::{LONGEST_ROW, Loader, Source};
use crate::memory::{Kernel, Memory};
use crate::passes::{Examples, Split, start};
use crate::view::collapsed;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;
use sym_kernels::arithmetic::{self, double, rounded};
use sym_kernels::share::{part_length, parts};
use sym_kernels::slice::{self, Real};

/// Entries of a block, about.
const BLOCK: usize = 512;

/// A chain ready to run: registers are assigned.
#[derive(Debug)]
pub(crate) struct Evaluator {
    links: Vec<Link>,
    loaders: Vec<Loader>,
    /// The register of each link.
    place: Vec<usize>,
    /// For each link whether it takes over its first argument's register.
    over: Vec<bool>,
    /// The number of registers.
    count: usize,
    length: usize,
    /// Entries a block.
    pub block: usize,
    /// A block begins at a multiple of this.
    pub unit: usize,
}

/// What one thread computes a chain in: an array for each register.
#[derive(Debug)]
pub(crate) struct Registers<T>(Vec<Vec<T>>);

impl Evaluator {
    /// A chain that is evaluated in blocks of whole multiples of `unit`, where these are not too long.
    pub fn new(chain: Chain, unit: usize) -> Self {
        let Chain { dims, loads, links } = chain;
        let length = dims.iter().product();
        let strides: Vec<&[isize]> = loads.iter().map(|load| &load.strides[..]).collect();
        let (sizes, strides) = collapsed(&dims, &strides);
        let row = sizes.last().copied().unwrap_or(1).max(1);
        // Of the two, the smaller divides the larger: rows are some of the last axes.
        let row = if row <= LONGEST_ROW { row } else { 1 };
        let unit = unit.max(row);
        let fitting = if unit <= LONGEST_ROW { unit } else { row };
        let block = fitting * (BLOCK / fitting).max(1);
        let loaders: Vec<Loader> =
            loads.into_iter().zip(strides).map(|(view, strides)| Loader::new(view, sizes.clone(), strides)).collect();
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
        Self { links, loaders, place, over, count, length, block, unit }
    }

    /// As many sets of registers as are asked for; those that are there stay.
    pub fn provide<T: Real>(&self, registers: &mut Vec<Registers<T>>, wanted: usize) {
        while registers.len() < wanted {
            registers.push(Registers(vec![vec![rounded(0.0); self.block]; self.count]));
        }
    }

    /// Operations on an entry; a function counts as several.
    pub fn operations(&self) -> usize {
        self.links.iter().map(|link| if matches!(link, Link::Call(..) | Link::Power(..)) { 8 } else { 1 }).sum()
    }

    /// Whether examples can be evaluated apart.
    pub fn is_by_example(&self, split: &Split) -> bool {
        !self.loaders.is_empty()
            && split.each().is_multiple_of(self.unit)
            && self.loaders.iter().all(|loader| split.keeps(&loader.view))
    }

    /// Fills what is the same in every block.
    pub fn prepare<T: Real>(&self, registers: &mut Registers<T>, memory: &Memory<T>) {
        for at in 0..self.links.len() {
            let register = self.place[at];
            match self.links[at] {
                Link::Constant(value) => registers.0[register].fill(rounded(value)),
                Link::Load(load) if matches!(self.loaders[load].source, Source::Periodic) => {
                    let loader = &self.loaders[load];
                    let entries = memory.read(loader.view.buffer);
                    let count = self.block.min(self.length);
                    loader.walk(entries, 0, &mut registers.0[register][..count]);
                }
                _ => {}
            }
        }
    }

    /// Whether the memory of the result is that of something it reads.
    pub fn reads_own<T: Real>(&self, memory: &Memory<T>) -> bool {
        self.loaders.iter().any(|loader| memory.get(loader.view.buffer).is_none())
    }

    /// Evaluates the block of `count` entries from `start` on.
    pub fn evaluate<'a, T: Real>(
        &'a self,
        registers: &'a mut Registers<T>,
        memory: &'a Memory<T>,
        start: usize,
        count: usize,
    ) -> &'a [T] {
        self.compute(registers, memory, start, count, None);
        self.operand(registers, self.links.len() - 1, memory, (start, count), None)
    }

    /// Computes the links of a block; `own` holds its entries in a buffer that shares memory with the result.
    fn compute<T: Real>(&self, registers: &mut Registers<T>, memory: &Memory<T>, start: usize, count: usize, own: Option<&[T]>) {
        for at in 0..self.links.len() {
            self.computed(registers, at, memory, (start, count), own);
        }
    }

    /// Computes one link of a block in its register.
    fn computed<T: Real>(
        &self,
        registers: &mut Registers<T>,
        at: usize,
        memory: &Memory<T>,
        (start, count): (usize, usize),
        own: Option<&[T]>,
    ) {
        if self.computes(at) {
            let mut target = std::mem::take(&mut registers.0[self.place[at]]);
            self.link(registers, at, memory, (start, count), own, &mut target[..count]);
            registers.0[self.place[at]] = target;
        }
    }

    /// Evaluates a block into `out`.
    fn evaluate_into<T: Real>(&self, registers: &mut Registers<T>, memory: &Memory<T>, start: usize, out: &mut [T]) {
        let (count, last) = (out.len(), self.links.len() - 1);
        for at in 0..last {
            self.computed(registers, at, memory, (start, count), None);
        }
        if self.computes(last) {
            if self.over[last] {
                let [first, _] = self.links[last].arguments();
                let first = first.expect("it takes over an argument");
                out.copy_from_slice(self.operand(registers, first, memory, (start, count), None));
            }
            self.link(registers, last, memory, (start, count), None, out);
        } else {
            out.copy_from_slice(self.operand(registers, last, memory, (start, count), None));
        }
    }

    /// Evaluates the entries from `start` on, block by block; those of a buffer that shares memory with the result are read before they are written.
    pub fn fill<T: Real>(&self, registers: &mut Registers<T>, memory: &Memory<T>, start: usize, out: &mut [T]) {
        self.prepare(registers, memory);
        let in_place = self.reads_own(memory);
        let mut start = start;
        for part in out.chunks_mut(self.block) {
            if in_place {
                self.compute(registers, memory, start, part.len(), Some(part));
                // The last link is computed: what only reads needs no step.
                let last = self.place[self.links.len() - 1];
                part.copy_from_slice(&registers.0[last][..part.len()]);
            } else {
                self.evaluate_into(registers, memory, start, part);
            }
            start += part.len();
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
    fn operand<'a, T: Real>(
        &self,
        registers: &'a Registers<T>,
        at: usize,
        memory: &'a Memory<T>,
        (start, count): (usize, usize),
        own: Option<&'a [T]>,
    ) -> &'a [T] {
        if let Link::Load(load) = self.links[at]
            && let Source::Run { offset } = self.loaders[load].source
        {
            return match memory.get(self.loaders[load].view.buffer) {
                Some(entries) => &entries[offset + start..offset + start + count],
                None => own.expect("a load in place comes with its entries"),
            };
        }
        &registers.0[self.place[at]][..count]
    }

    /// Computes one link; where it takes over its first argument's register, `out` holds that argument.
    fn link<T: Real>(
        &self,
        registers: &Registers<T>,
        at: usize,
        memory: &Memory<T>,
        block: (usize, usize),
        own: Option<&[T]>,
        out: &mut [T],
    ) {
        let before = |at: usize| self.operand(registers, at, memory, block, own);
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
                slice::apply(function.into(), out);
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

/// Writes a chain to a buffer.
#[derive(Debug)]
pub(crate) struct Evaluate<T> {
    evaluator: Evaluator,
    registers: Vec<Registers<T>>,
}

impl<T: Real> Evaluate<T> {
    pub fn new(chain: Chain) -> Self {
        let evaluator = Evaluator::new(chain, 1);
        let mut registers = Vec::new();
        evaluator.provide(&mut registers, 1);
        Self { evaluator, registers }
    }
}

impl<T: Real> Kernel<T> for Evaluate<T> {
    fn run(&mut self, out: &mut [T], memory: &Memory<T>, examples: Option<Examples>) {
        let Self { evaluator, registers } = self;
        let start = start(examples, out.len());
        let parts = parts(out.len() * evaluator.operations());
        if parts == 1 {
            evaluator.fill(&mut registers[0], memory, start, out);
            return;
        }
        evaluator.provide(registers, parts);
        let length = part_length(out.len(), parts, evaluator.block);
        registers
            .par_iter_mut()
            .zip(out.par_chunks_mut(length))
            .enumerate()
            .for_each(|(part, (registers, out))| evaluator.fill(registers, memory, start + part * length, out));
    }

    fn by_example(&self, split: &Split) -> Option<usize> {
        self.evaluator.is_by_example(split).then(|| split.each() * self.evaluator.operations())
    }
}
