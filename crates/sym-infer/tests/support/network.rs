//! A plan carried out: what each step makes of the value so far.

use super::random_program::{Elementwise, Kind, Plan, Pool, Step, Weight};
use sym_ir::{Axis, Builder, Entries, Input, Operation, Pairs, Program, ReduceKind, Term, ValueId};

/// The largest value and the most axes that steps make.
const LARGEST: u128 = 24;
const MOST_AXES: usize = 3;

impl Plan {
    pub fn build(&self) -> Program {
        let mut b = Builder::new("random");
        let x = if self.sequence { b.input("x", &[4, 3]) } else { b.input("x", &[3]) };
        let mut network = Network { b, at: 0, history: vec![x], matrices: Vec::new() };
        for (at, step) in self.steps.iter().enumerate() {
            network.at = at;
            let h = network.last();
            let next = network.step(step, h).unwrap_or(h);
            let entries: u128 = network.sizes(next).iter().product();
            if entries <= LARGEST {
                network.history.push(next);
            }
        }
        network.finish(self.whole)
    }
}

/// A program in the making.
struct Network {
    b: Builder,
    /// The number of the step, for names.
    at: usize,
    history: Vec<ValueId>,
    /// Matrices of weights that may be used again.
    matrices: Vec<ValueId>,
}

/// Letters of the first axes of a value; `y` and `z` are free.
const LETTERS: [&str; 4] = ["a", "b", "c", "d"];

impl Network {
    fn last(&self) -> ValueId {
        *self.history.last().expect("the input")
    }

    fn sizes(&self, value: ValueId) -> Vec<u128> {
        self.b.shape(value).iter().map(|axis| axis.size).collect()
    }

    fn name(&self, part: &str) -> String {
        format!("{part}{}", self.at)
    }

    fn parameter(&mut self, part: &str, sizes: &[u128]) -> ValueId {
        let name = self.name(part);
        self.b.parameter(&name, sizes)
    }

    fn frozen(&mut self, part: &str, sizes: &[u128]) -> ValueId {
        let name = self.name(part);
        self.b.frozen(&name, sizes)
    }

    fn push(&mut self, operation: Operation, sizes: &[u128], name: &str) -> ValueId {
        self.b.push(operation, sizes.iter().map(|&size| Axis::of(size)).collect(), name)
    }

    /// The letters of a value's axes.
    fn letters(&self, value: ValueId) -> String {
        LETTERS[..self.sizes(value).len()].concat()
    }

    /// A factor with these labels times a value, with other letters in place of one of its axes.
    fn multiply(&mut self, factor: ValueId, labels: &str, value: ValueId, axis: usize, made: &str) -> ValueId {
        let letters = self.letters(value);
        let result = letters.replace(LETTERS[axis], made);
        self.b.einsum(&format!("{labels},{letters}->{result}"), &[factor, value])
    }

    /// A matrix [out, in] along an axis.
    fn apply(&mut self, matrix: ValueId, value: ValueId, axis: usize) -> ValueId {
        self.multiply(matrix, &format!("z{}", LETTERS[axis]), value, axis, "z")
    }

    /// A vector of weights added along an axis.
    fn add_along(&mut self, value: ValueId, vector: ValueId, axis: usize) -> ValueId {
        let sizes = self.sizes(value);
        let terms = vec![
            Term { value, coefficient: 1.0, axes: (0..sizes.len()).collect() },
            Term { value: vector, coefficient: 1.0, axes: vec![axis] },
        ];
        self.push(Operation::Add { terms, constant: 0.0 }, &sizes, "sum")
    }

    /// A free matrix of weights along an axis, with a bias where asked for.
    fn dense(&mut self, part: &str, value: ValueId, axis: usize, out: u128, bias: bool) -> ValueId {
        let width = self.sizes(value)[axis];
        let weight = self.parameter(part, &[out, width]);
        self.matrices.push(weight);
        let z = self.apply(weight, value, axis);
        if !bias {
            return z;
        }
        let bias = self.parameter(&format!("{part}.bias"), &[out]);
        self.add_along(z, bias, axis)
    }

    /// A matrix of weights [out, width].
    fn weight(&mut self, kind: Weight, out: u128, width: u128) -> ValueId {
        match kind {
            Weight::Free => {
                let weight = self.parameter("w", &[out, width]);
                self.matrices.push(weight);
                weight
            }
            Weight::Product => {
                let factors = [self.parameter("w", &[out, width]), self.parameter("u", &[out, width])];
                self.b.einsum("oi,oi->oi", &factors)
            }
            Weight::LowRank => {
                let factors = [self.parameter("up", &[out, 2]), self.parameter("down", &[2, width])];
                self.b.einsum("or,ri->oi", &factors)
            }
            Weight::Directions => {
                let weight = self.parameter("v", &[out, width]);
                let operation = Operation::Normalise { value: weight, axes: vec![1], batch: false, centre: false, epsilon: 0.0 };
                let directions = self.push(operation, &[out, width], "directions");
                let gain = self.parameter("g", &[out]);
                self.b.einsum("oi,o->oi", &[directions, gain])
            }
            Weight::Gated { shifted } => {
                let logits = self.parameter("u", &[out, width]);
                let gates = self.push(
                    Operation::Map { value: logits, function: Elementwise::Sigmoid.function() },
                    &[out, width],
                    "gates",
                );
                let factors = [gates, self.parameter("w", &[out, width])];
                let product = self.b.einsum("oi,oi->oi", &factors);
                if !shifted {
                    return product;
                }
                let factors = [self.parameter("c", &[out, width]), self.parameter("d", &[out])];
                let other = self.b.einsum("oi,o->oi", &factors);
                self.b.add(&[product, other])
            }
            Weight::Masked => {
                let factors = [self.parameter("w", &[out, width]), self.frozen("mask", &[out, width])];
                self.b.einsum("oi,oi->oi", &factors)
            }
            Weight::Joined { frozen, moved } => {
                let above = self.parameter("above", &[out, width]);
                let below = if frozen { self.frozen("below", &[1, width]) } else { self.parameter("below", &[1, width]) };
                let whole = self.push(Operation::Concat { values: vec![above, below], axis: 0 }, &[out + 1, width], "joined");
                if !moved {
                    return whole;
                }
                let offset = self.frozen("offset", &[out + 1, width]);
                self.b.add(&[whole, offset])
            }
        }
    }

    /// The earliest value before the last one that has this shape but for one axis.
    fn earlier(&self, sizes: &[u128], free: Option<usize>) -> Option<ValueId> {
        let last = self.last();
        let fits = |value: ValueId| {
            let own = self.sizes(value);
            own.len() == sizes.len() && (0..own.len()).all(|axis| Some(axis) == free || own[axis] == sizes[axis])
        };
        self.history.iter().copied().find(|&value| value != last && fits(value))
    }

    /// The value after a step; `None` where the step does not fit.
    fn step(&mut self, step: &Step, h: ValueId) -> Option<ValueId> {
        let sizes = self.sizes(h);
        let rank = sizes.len();
        let axis = step.axis % rank;
        let (width, n) = (step.width, sizes[axis]);
        let letters = self.letters(h);
        match step.kind {
            Kind::Dense { weight, bias } => {
                let matrix = self.weight(weight, width, n);
                let z = self.apply(matrix, h, axis);
                if !bias {
                    return Some(z);
                }
                let out = self.sizes(z)[axis];
                let bias = self.parameter("b", &[out]);
                Some(self.add_along(z, bias, axis))
            }
            Kind::Heads if rank > 1 => {
                let over = (axis + 1) % rank;
                let weight = self.parameter("heads", &[sizes[over], width, n]);
                Some(self.multiply(weight, &format!("{}z{}", LETTERS[over], LETTERS[axis]), h, axis, "z"))
            }
            Kind::Split if rank < MOST_AXES => {
                let weight = self.parameter("split", &[2, width, n]);
                Some(self.multiply(weight, &format!("yz{}", LETTERS[axis]), h, axis, "yz"))
            }
            Kind::Pool(pool) if rank > 1 => {
                let rest = letters.replace(LETTERS[axis], "");
                match pool {
                    Pool::Sum => Some(self.b.einsum(&format!("{letters}->{rest}"), &[h])),
                    Pool::Mean => Some(self.b.scaled_einsum(&format!("{letters}->{rest}"), &[h], 1.0 / n as f64)),
                    Pool::Weights => {
                        let weight = self.parameter("pool", &[n]);
                        Some(self.multiply(weight, LETTERS[axis], h, axis, ""))
                    }
                    Pool::Max | Pool::Min => {
                        let kind = if pool == Pool::Max { ReduceKind::Max } else { ReduceKind::Min };
                        let kept: Vec<u128> = (0..rank).filter(|&at| at != axis).map(|at| sizes[at]).collect();
                        Some(self.push(Operation::Reduce { value: h, kind, axes: vec![axis] }, &kept, "extreme"))
                    }
                }
            }
            Kind::Function(elementwise) => {
                let mut value = h;
                if elementwise.has_kink() {
                    let bias = self.parameter("kink.bias", &[n]);
                    value = self.add_along(value, bias, axis);
                }
                Some(self.b.map_function(elementwise.function(), value))
            }
            Kind::Residual => {
                if let Some(other) = self.earlier(&sizes, None) {
                    return Some(self.b.add(&[h, other]));
                }
                let vector = self.earlier(&[n], None)?;
                (rank > 1).then(|| self.add_along(h, vector, axis))
            }
            Kind::Gate => {
                let gate = self.dense("gate", h, axis, n, false);
                Some(self.b.einsum(&format!("{letters},{letters}->{letters}"), &[gate, h]))
            }
            Kind::Softmax => Some(self.b.softmax(h, axis)),
            Kind::Normalise { centre, all } => {
                let axes: Vec<usize> = if all { (0..rank).collect() } else { vec![axis] };
                // Two entries or one have no statistics of their own.
                let together: u128 = axes.iter().map(|&axis| sizes[axis]).product();
                let operation = Operation::Normalise { value: h, axes, batch: false, centre, epsilon: 0.0 };
                (together >= 3).then(|| self.push(operation, &sizes, "normalise"))
            }
            Kind::Square => Some(self.b.einsum(&format!("{letters},{letters}->{letters}"), &[h, h])),
            Kind::Bilinear => {
                let form = self.parameter("form", &[width, n, n]);
                let left = letters.replace(LETTERS[axis], "y");
                let result = letters.replace(LETTERS[axis], "z");
                Some(self.b.einsum(&format!("zy{},{left},{letters}->{result}", LETTERS[axis]), &[form, h, h]))
            }
            Kind::Gram if rank == 2 => Some(self.b.einsum("ab,cb->ac", &[h, h])),
            Kind::Gain { full } => {
                if full {
                    let gain = self.parameter("gain", &sizes);
                    return Some(self.b.einsum(&format!("{letters},{letters}->{letters}"), &[gain, h]));
                }
                let gain = self.parameter("gain", &[n]);
                Some(self.multiply(gain, LETTERS[axis], h, axis, LETTERS[axis]))
            }
            Kind::Scalar => {
                let scale = self.parameter("scale", &[]);
                Some(self.b.einsum(&format!(",{letters}->{letters}"), &[scale, h]))
            }
            Kind::Bias { full } => {
                if full {
                    let bias = self.parameter("b", &sizes);
                    return Some(self.b.add(&[h, bias]));
                }
                let bias = self.parameter("b", &[n]);
                Some(self.add_along(h, bias, axis))
            }
            Kind::Tie { transposed } => {
                let own = usize::from(!transposed);
                let matrix = self.matrices.iter().copied().find(|&matrix| self.sizes(matrix)[own] == n)?;
                let labels = if transposed { format!("{}z", LETTERS[axis]) } else { format!("z{}", LETTERS[axis]) };
                Some(self.multiply(matrix, &labels, h, axis, "z"))
            }
            Kind::Constant => {
                let terms = vec![Term { value: h, coefficient: 2.0, axes: (0..rank).collect() }];
                Some(self.push(Operation::Add { terms, constant: 0.25 }, &sizes, "shifted"))
            }
            Kind::ScaledMean => {
                let rest = letters.replace(LETTERS[axis], "");
                let mean = self.b.scaled_einsum(&format!("{letters}->{rest}"), &[h], 1.0 / n as f64);
                let others = (0..rank).filter(|&at| at != axis).collect();
                let terms = vec![
                    Term { value: h, coefficient: 1.0, axes: (0..rank).collect() },
                    Term { value: mean, coefficient: -0.5, axes: others },
                ];
                Some(self.push(Operation::Add { terms, constant: 0.0 }, &sizes, "centred"))
            }
            Kind::Adapter => {
                let base = self.dense("base", h, axis, n, false);
                let down = self.dense("down", h, axis, 2, step.width.is_multiple_of(2));
                let up = self.dense("up", down, axis, n, false);
                Some(self.b.add(&[up, base]))
            }
            Kind::Mixture { bias } => {
                let z = self.dense("logits", h, axis, 3, bias);
                let p = self.b.softmax(z, axis);
                Some(self.dense("rows", p, axis, width, bias))
            }
            Kind::Experts => {
                let z = self.dense("router", h, axis, 2, false);
                let gates = self.b.softmax(z, axis);
                let weight = self.parameter("experts", &[2, width, n]);
                let each = self.multiply(weight, &format!("yz{}", LETTERS[axis]), h, axis, "yz");
                let biases = self.parameter("biases", &[2, width]);
                let own = letters.replace(LETTERS[axis], "yz");
                let made: Vec<u128> = own.chars().map(|letter| label_size(letter, &sizes, width)).collect();
                let terms = vec![
                    Term { value: each, coefficient: 1.0, axes: (0..made.len()).collect() },
                    Term { value: biases, coefficient: 1.0, axes: vec![axis, axis + 1] },
                ];
                let each = self.push(Operation::Add { terms, constant: 0.0 }, &made, "each");
                let gated = letters.replace(LETTERS[axis], "y");
                let result = letters.replace(LETTERS[axis], "z");
                Some(self.b.einsum(&format!("{gated},{own}->{result}"), &[gates, each]))
            }
            Kind::Skip => {
                let early = self.earlier(&sizes, Some(axis))?;
                let skip = self.dense("skip", early, axis, n, true);
                Some(self.b.add(&[h, skip]))
            }
            Kind::Modulate { one } => {
                let early = self.earlier(&sizes, Some(axis))?;
                let mut factor = self.dense("factor", early, axis, n, width > 2);
                if one {
                    let terms = vec![Term { value: factor, coefficient: 1.0, axes: (0..rank).collect() }];
                    factor = self.push(Operation::Add { terms, constant: 1.0 }, &sizes, "one_plus");
                }
                let product = self.b.einsum(&format!("{letters},{letters}->{letters}"), &[factor, h]);
                let shift = self.dense("shift", early, axis, n, true);
                Some(self.b.add(&[product, shift]))
            }
            Kind::Parallel { scaled } => {
                let early = self.earlier(&sizes, Some(axis)).unwrap_or(h);
                let down = self.dense("down1", early, axis, 1, width > 2);
                let one = self.dense("up1", down, axis, 3, false);
                let down = self.dense("down2", early, axis, 2, width > 2);
                let other = self.dense("up2", down, axis, 3, false);
                if !scaled {
                    return Some(self.b.add(&[one, other]));
                }
                let half = self.b.scaled_einsum(&format!("{letters}->{letters}"), &[one], 0.5);
                Some(self.b.add(&[one, half, other]))
            }
            Kind::Convolution { stride, padding, dilation, depthwise } => {
                let positions = (n + 2 * padding).checked_sub(dilation + 1)? / stride + 1;
                let operation = Operation::Window { value: h, axis, stride, padding, dilation, rest: 0.0 };
                let mut made = sizes.clone();
                made[axis] = positions;
                made.insert(axis + 1, 2);
                let windows = self.push(operation, &made, "window");
                let own = letters.replace(LETTERS[axis], &format!("{}t", LETTERS[axis]));
                if depthwise && rank > 1 {
                    let over = (axis + 1) % rank;
                    let kernel = self.parameter("kernel", &[sizes[over], 2]);
                    return Some(self.b.einsum(&format!("{}t,{own}->{letters}", LETTERS[over]), &[kernel, windows]));
                }
                if rank < MOST_AXES {
                    let kernel = self.parameter("kernel", &[width, 2]);
                    return Some(self.b.einsum(&format!("zt,{own}->{letters}z"), &[kernel, windows]));
                }
                let kernel = self.parameter("kernel", &[2]);
                Some(self.b.einsum(&format!("t,{own}->{letters}"), &[kernel, windows]))
            }
            Kind::MaxPool { lowest } => {
                let rest = if lowest { f64::NEG_INFINITY } else { 0.0 };
                let operation = Operation::Window { value: h, axis, stride: 1, padding: 1, dilation: 1, rest };
                let mut made = sizes.clone();
                made[axis] = n + 1;
                let kept = made.clone();
                made.insert(axis + 1, 2);
                let value = self.push(operation, &made, "window");
                Some(self.push(Operation::Reduce { value, kind: ReduceKind::Max, axes: vec![axis + 1] }, &kept, "pool"))
            }
            Kind::Attention { heads, turned, masked, bias } if rank == 2 => Some(self.attention(h, heads, turned, masked, bias)),
            Kind::Largest { gate } => {
                let rest = if gate { f64::NEG_INFINITY } else { 0.0 };
                let operation = Operation::TopK { value: h, axis, count: n.div_ceil(2), rest };
                let kept = self.push(operation, &sizes, "top_k");
                Some(if gate { self.b.softmax(kept, axis) } else { kept })
            }
            Kind::MergeAxes if rank > 1 => {
                let mut made = sizes[..rank - 2].to_vec();
                made.push(sizes[rank - 2] * sizes[rank - 1]);
                let atoms = sizes.iter().map(|&size| Axis::of(size)).collect();
                let mut to = vec![1; rank - 2];
                to.push(2);
                Some(self.push(Operation::Reshape { value: h, atoms, from: vec![1; rank], to }, &made, "merged"))
            }
            Kind::SplitAxis if rank < MOST_AXES && n == 4 => {
                let mut made = sizes.clone();
                made[axis] = 2;
                made.insert(axis, 2);
                let mut from = vec![1; rank];
                from[axis] = 2;
                let atoms = made.iter().map(|&size| Axis::of(size)).collect();
                Some(self.push(Operation::Reshape { value: h, atoms, from, to: vec![1; rank + 1] }, &made, "halves"))
            }
            Kind::Concat => {
                let other = self.earlier(&sizes, Some(axis))?;
                let mut made = sizes.clone();
                made[axis] += self.sizes(other)[axis];
                Some(self.push(Operation::Concat { values: vec![other, h], axis }, &made, "joined"))
            }
            Kind::Token => {
                let mut made = sizes.clone();
                made[axis] = 1;
                let token = self.parameter("token", &made);
                made[axis] += n;
                Some(self.push(Operation::Concat { values: vec![token, h], axis }, &made, "with_token"))
            }
            Kind::Slice { last } if n > 1 => {
                let mut made = sizes.clone();
                made[axis] = n - 1;
                Some(self.push(Operation::Slice { value: h, axis, start: u128::from(last) }, &made, "part"))
            }
            Kind::Transpose if rank == 2 => Some(self.b.einsum("ab->ba", &[h])),
            Kind::Lookup => {
                let name = self.name("tokens");
                let span = self.b.program().inputs[0].span;
                let entries = Entries::Integer { below: 4 };
                let tokens =
                    self.b.declare_input(Input { name, shape: vec![Axis::of(1)], rank: None, basis: Vec::new(), entries, span });
                let rows = self.push(Operation::OneHot { value: tokens }, &[1, 4], "one_hot");
                let table = self.parameter("table", &[4, n]);
                let row = self.b.einsum("tv,vn->n", &[rows, table]);
                Some(self.add_along(h, row, axis))
            }
            _ => None,
        }
    }

    /// Attention of a sequence [t, d] to itself with keys of two entries (four where turned).
    fn attention(&mut self, h: ValueId, heads: bool, turned: Option<Pairs>, masked: bool, bias: bool) -> ValueId {
        let [t, d] = [0, 1].map(|axis| self.sizes(h)[axis]);
        let count = if heads { 2 } else { 1 };
        let k = if turned.is_some() { 4 } else { 2 };
        let [q, c] = ["q", "k"].map(|part| {
            let weight = self.parameter(part, &[count, k, d]);
            let mut value = self.b.einsum("hmd,td->htm", &[weight, h]);
            if bias {
                let bias = self.parameter(&format!("{part}.bias"), &[count, k]);
                let terms = vec![
                    Term { value, coefficient: 1.0, axes: vec![0, 1, 2] },
                    Term { value: bias, coefficient: 1.0, axes: vec![0, 2] },
                ];
                value = self.push(Operation::Add { terms, constant: 0.0 }, &[count, t, k], "biased");
            }
            match turned {
                None => value,
                Some(pairs) => {
                    let operation = Operation::Rotary { value, position: 1, axis: 2, base: 100.0, pairs };
                    self.push(operation, &[count, t, k], "rotary")
                }
            }
        });
        let mut scores = self.b.einsum("htm,hsm->hts", &[q, c]);
        if masked {
            let operation = Operation::Mask { value: scores, row: 1, column: 2, before: None, after: Some(0) };
            scores = self.push(operation, &[count, t, t], "mask");
        }
        let p = self.b.softmax(scores, 2);
        let value = self.parameter("v", &[count, 2, d]);
        let out = self.parameter("o", &[3, count, 2]);
        let v = self.b.einsum("hmd,sd->hsm", &[value, h]);
        let mixed = self.b.einsum("hts,hsm->htm", &[p, v]);
        self.b.einsum("ehm,htm->te", &[out, mixed])
    }

    /// Two outputs from all entries, or from each row of the last axis.
    fn finish(mut self, whole: bool) -> Program {
        let h = self.last();
        let mut sizes = self.sizes(h);
        let letters = self.letters(h);
        let y = if whole {
            sizes.insert(0, 2);
            let weight = self.b.parameter("head.weight", &sizes);
            self.b.einsum(&format!("z{letters},{letters}->z"), &[weight, h])
        } else {
            let last = sizes.len() - 1;
            let weight = self.b.parameter("head.weight", &[2, sizes[last]]);
            self.apply(weight, h, last)
        };
        let bias = self.b.parameter("head.bias", &[2]);
        let y = self.b.add(&[y, bias]);
        self.b.output("output", y);
        self.b.finish()
    }
}

/// The size of a letter's axis: of the value, or made by experts.
fn label_size(letter: char, sizes: &[u128], width: u128) -> u128 {
    match letter {
        'y' => 2,
        'z' => width,
        other => sizes[LETTERS.iter().position(|known| known.starts_with(other)).expect("a letter of the value")],
    }
}
