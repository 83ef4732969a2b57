//! Running statistics of batch norms (Ioffe and Szegedy 2015): what training has to give for them, and the program that evaluation uses.

use sym_ir::{
    Adjoint, BatchNorm, Function, Label, Node, Operand, Operation, Output, Parameter, ParameterId, Program, Scalar, Term, ValueId,
};

/// A program with norms over the batch, in its two forms.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningStatistics {
    /// The program with one more output for each of `tracked`, in order: the [`Statistic`] of the batch.
    pub training: Program,
    /// The program that uses running statistics in place of those of the batch. Its parameters are those of the program and then those of `tracked`, in order.
    pub evaluation: Program,
    /// What training keeps up.
    pub tracked: Vec<Tracked>,
}

/// One tensor of running statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracked {
    /// Which parameter of the evaluation it is.
    pub parameter: ParameterId,
    /// What training gives of the batch.
    pub statistic: Statistic,
}

/// What training gives of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// 1/√(v + ε) with the biased variance v.
    InverseDeviation {
        /// ε ≥ 0.
        epsilon: f64,
        /// How many entries of each example the statistics run over.
        positions: u128,
        /// Whether v is about the mean, so that an unbiased variance has one degree of freedom less.
        centre: bool,
    },
}

impl RunningStatistics {
    /// The two forms of a program; `None` where it has no norm over the batch.
    pub fn of(program: &Program) -> Option<Self> {
        let norms = program.batch_norms();
        if norms.is_empty() {
            return None;
        }
        let mut training = Writer::new(program);
        let mut evaluation = Writer::new(program);
        let mut tracked = Vec::new();
        let mut own = norms.into_iter().peekable();
        for (at, node) in program.nodes.iter().enumerate() {
            match own.next_if(|norm| norm.value.0 as usize == at) {
                None => {
                    training.copy(node);
                    evaluation.copy(node);
                }
                Some(norm) => {
                    let statistics = training.statistics(node, &norm);
                    let parameters = evaluation.normalised_by(node, norm);
                    let pairs = parameters.into_iter().zip(statistics);
                    tracked.extend(pairs.map(|(parameter, statistic)| Tracked { parameter, statistic }));
                }
            }
        }
        Some(Self { training: training.finish(), evaluation: evaluation.finish(), tracked })
    }
}

/// Writes a program anew. New outputs stand behind those of the old program.
struct Writer {
    program: Program,
    /// The new value of each old one.
    moved: Vec<ValueId>,
    statistics: Vec<Output>,
}

impl Writer {
    fn new(program: &Program) -> Self {
        Self { program: Program { nodes: Vec::new(), ..program.clone() }, moved: Vec::new(), statistics: Vec::new() }
    }

    fn push(&mut self, node: Node) -> ValueId {
        self.program.nodes.push(node);
        ValueId(self.program.nodes.len() as u32 - 1)
    }

    /// The node over the new values.
    fn moved(&self, node: &Node) -> Node {
        let mut node = node.clone();
        for operand in node.operation.operands_mut() {
            *operand = self.moved[operand.0 as usize];
        }
        node
    }

    fn copy(&mut self, node: &Node) {
        let value = self.push(self.moved(node));
        self.moved.push(value);
    }

    /// Writes a norm with outputs for its statistics of the batch.
    fn statistics(&mut self, node: &Node, norm: &BatchNorm) -> Vec<Statistic> {
        let node = self.moved(node);
        let Operation::Normalise { value, axes, batch, centre, epsilon } = node.operation.clone() else {
            unreachable!("only norms have statistics")
        };
        // Statistics stand behind the norm, which has computed them.
        let normal = self.push(node.clone());
        self.moved.push(normal);
        let mut found = Vec::new();
        if let Some(mean) = &norm.mean {
            let all = labels(node.shape.len());
            let output: Vec<Label> =
                all.iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, label)| *label).collect();
            let coefficient = 1.0 / norm.positions.map_or(f64::INFINITY, |count| count as f64);
            let operation = Operation::Einsum { operands: vec![Operand { value, labels: all }], output, coefficient };
            let of_examples =
                self.push(Node { operation, shape: mean.shape.clone(), name: mean.path.as_str().into(), ..node.clone() });
            self.statistic(&node, Adjoint::OverBatch { value: of_examples, mean: true }, mean);
            found.push(Statistic::Mean);
        }
        self.statistic(&node, Adjoint::InverseDeviation { value, axes, batch, centre, epsilon }, &norm.variance);
        found.push(Statistic::InverseDeviation { epsilon, positions: norm.positions.unwrap_or(u128::MAX), centre });
        found
    }

    fn statistic(&mut self, node: &Node, adjoint: Adjoint, tensor: &Parameter) {
        let value = self.push(Node {
            operation: Operation::Adjoint(adjoint),
            shape: tensor.shape.clone(),
            batched: false,
            name: tensor.path.as_str().into(),
            ..node.clone()
        });
        self.statistics.push(Output { name: tensor.path.clone(), value });
    }

    /// Writes (x − mean)/√(variance + ε) in place of a norm; gives the parameters that it declares.
    fn normalised_by(&mut self, node: &Node, norm: BatchNorm) -> Vec<ParameterId> {
        let node = self.moved(node);
        let Operation::Normalise { value, axes, epsilon, .. } = &node.operation else {
            unreachable!("only norms have statistics")
        };
        let (mut value, epsilon) = (*value, *epsilon);
        let along: Vec<usize> = (0..node.shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let mut declared = Vec::new();
        if let Some(mean) = norm.mean {
            let (id, mean) = self.declare(mean, &node);
            declared.push(id);
            let all = (0..node.shape.len()).collect();
            let terms =
                vec![Term { value, coefficient: 1.0, axes: all }, Term { value: mean, coefficient: -1.0, axes: along.clone() }];
            value = self.push(Node { operation: Operation::Add { terms, constant: 0.0 }, ..node.clone() });
        }
        let shape = norm.variance.shape.clone();
        let (id, variance) = self.declare(norm.variance, &node);
        declared.push(id);
        let shifted = Scalar::Add(vec![Scalar::Argument, Scalar::Number(epsilon)]);
        let function = Function { name: "1/sqrt".to_string(), body: Scalar::Power(Box::new(shifted), -0.5) };
        let inverse =
            self.push(Node { operation: Operation::Map { value: variance, function }, shape, batched: false, ..node.clone() });
        let all = labels(node.shape.len());
        let scale = Operand { value: inverse, labels: along.into_iter().map(|axis| all[axis]).collect() };
        let operands = vec![Operand { value, labels: all.clone() }, scale];
        let value = self.push(Node { operation: Operation::Einsum { operands, output: all, coefficient: 1.0 }, ..node });
        self.moved.push(value);
        declared
    }

    fn declare(&mut self, parameter: Parameter, at: &Node) -> (ParameterId, ValueId) {
        let id = ParameterId(self.program.parameters.len() as u32);
        let (shape, name) = (parameter.shape.clone(), parameter.path.as_str().into());
        self.program.parameters.push(parameter);
        (id, self.push(Node { operation: Operation::Parameter(id), shape, name, batched: false, ..at.clone() }))
    }

    fn finish(self) -> Program {
        let Self { mut program, moved, statistics } = self;
        for output in &mut program.outputs {
            output.value = moved[output.value.0 as usize];
        }
        program.outputs.extend(statistics);
        program
    }
}

fn labels(rank: usize) -> Vec<Label> {
    (0..rank as u32).map(Label).collect()
}
