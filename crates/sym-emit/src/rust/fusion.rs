//! What is emitted as one operation, and what every operation then reads.

use sym_ir::{Entries, Operation, Program, ValueId};

/// Which operations are emitted, and what they read.
pub struct Fusion {
    /// Values that no statement computes: leaves, and what is inside of another operation.
    pub elided: Vec<bool>,
    /// What every value reads, as the emitted operation does; leaves in their first node.
    pub operands: Vec<Vec<ValueId>>,
    /// The product of unit vectors and a table that is a look-up: (numbers, table).
    pub lookups: Vec<Option<(ValueId, ValueId)>>,
    /// Whether a value is a tensor of integers.
    pub integers: Vec<bool>,
}

impl Fusion {
    /// Finds them.
    pub fn find(program: &Program) -> Self {
        let count = program.nodes.len();
        let leaf = leaves(program);
        let lookups: Vec<_> =
            (0..count).map(|at| lookup(program, at).map(|(numbers, table)| (leaf(numbers), leaf(table)))).collect();
        let mut operands: Vec<Vec<ValueId>> =
            program.nodes.iter().map(|node| node.operation.operands().into_iter().map(&leaf).collect()).collect();
        for (own, found) in operands.iter_mut().zip(&lookups) {
            if let Some((numbers, table)) = found {
                *own = vec![*table, *numbers];
            }
        }
        let mut read = vec![false; count];
        for output in &program.outputs {
            read[output.value.0 as usize] = true;
        }
        // Users come behind what they use: one pass from the end finds what nothing needs.
        for at in (0..count).rev() {
            if read[at] {
                operands[at].iter().for_each(|operand| read[operand.0 as usize] = true);
            }
        }
        let elided: Vec<bool> = program
            .nodes
            .iter()
            .zip(&read)
            .map(|(node, read)| !read || matches!(node.operation, Operation::Input(_) | Operation::Parameter(_)))
            .collect();
        let integers = (0..count).map(|at| is_integer(program, &elided, &operands, &lookups, at)).collect();
        Self { elided, operands, lookups, integers }
    }
}

/// The first node that reads the same parameter or input.
fn leaves(program: &Program) -> impl Fn(ValueId) -> ValueId + '_ {
    move |value| {
        let operation = &program.node(value).operation;
        match operation {
            Operation::Input(_) | Operation::Parameter(_) => {
                let first = program.nodes.iter().position(|node| node.operation == *operation);
                first.map_or(value, |at| ValueId(at as u32))
            }
            _ => value,
        }
    }
}

/// The numbers and the table where node `at` is the product of unit vectors over the rows of a table.
fn lookup(program: &Program, at: usize) -> Option<(ValueId, ValueId)> {
    let Operation::Einsum { operands, output, coefficient: 1.0 } = &program.nodes[at].operation else { return None };
    let [one, other] = operands.as_slice() else { return None };
    [(one, other), (other, one)].into_iter().find_map(|(units, table)| {
        let Operation::OneHot { value } = program.node(units.value).operation else { return None };
        let (class, lead) = units.labels.split_last()?;
        let (row, columns) = table.labels.split_first()?;
        let in_order = output.iter().eq(lead.iter().chain(columns)) && class == row && !output.contains(class);
        let distinct = output.iter().enumerate().all(|(at, label)| !output[..at].contains(label));
        (in_order && distinct && !program.node(table.value).batched).then_some((value, table.value))
    })
}

/// Whether node `at` is an input of whole numbers that is only looked up or turned into unit vectors.
fn is_integer(
    program: &Program,
    elided: &[bool],
    operands: &[Vec<ValueId>],
    lookups: &[Option<(ValueId, ValueId)>],
    at: usize,
) -> bool {
    let Operation::Input(id) = program.nodes[at].operation else { return false };
    let Entries::Integer { .. } = program.inputs[id.0 as usize].entries else { return false };
    let own = ValueId(at as u32);
    let mut readers = (0..program.nodes.len()).filter(|&reader| !elided[reader] && operands[reader].contains(&own));
    let numbers = |reader: usize| match lookups[reader] {
        Some((numbers, table)) => numbers == own && table != own,
        None => matches!(program.nodes[reader].operation, Operation::OneHot { .. }),
    };
    let returned = program.outputs.iter().any(|output| output.value == own);
    !returned && readers.all(numbers)
}
