//! Who reads which value.

use sym_ir::{Operation, ParameterId, Program, ValueId};

/// One operand position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The reading operation.
    pub by: ValueId,
    /// Which of its operands.
    pub slot: usize,
}

/// The readers of every value.
#[derive(Debug)]
pub struct Graph {
    uses: Vec<Vec<Use>>,
    output: Vec<bool>,
    reads: Vec<u32>,
}

impl Graph {
    /// The readers in a program. Operations that no output needs do not count as readers.
    pub fn of(program: &Program) -> Self {
        let mut needed = vec![false; program.nodes.len()];
        let mut output = vec![false; program.nodes.len()];
        for result in &program.outputs {
            needed[result.value.0 as usize] = true;
            output[result.value.0 as usize] = true;
        }
        let mut uses = vec![Vec::new(); program.nodes.len()];
        let mut reads = vec![0; program.parameters.len()];
        for (index, node) in program.nodes.iter().enumerate().rev() {
            if !needed[index] {
                continue;
            }
            if let Operation::Parameter(id) = node.operation {
                reads[id.0 as usize] += 1;
            }
            for (slot, value) in node.operation.operands().into_iter().enumerate() {
                needed[value.0 as usize] = true;
                uses[value.0 as usize].push(Use { by: ValueId(index as u32), slot });
            }
        }
        Self { uses, output, reads }
    }

    /// The readers of a value.
    pub fn uses(&self, value: ValueId) -> &[Use] {
        &self.uses[value.0 as usize]
    }

    /// Whether a value is an output.
    pub fn is_output(&self, value: ValueId) -> bool {
        self.output[value.0 as usize]
    }

    /// Whether anything that an output needs reads a value.
    pub fn is_read(&self, value: ValueId) -> bool {
        self.is_output(value) || !self.uses(value).is_empty()
    }

    /// Whether no operation that an output needs reads a parameter.
    pub fn is_unread(&self, parameter: ParameterId) -> bool {
        self.reads[parameter.0 as usize] == 0
    }

    /// Whether one operation alone reads the parameter, once.
    pub fn is_read_once(&self, parameter: ParameterId, value: ValueId) -> bool {
        self.reads[parameter.0 as usize] == 1 && self.uses(value).len() == 1 && !self.is_output(value)
    }
}
