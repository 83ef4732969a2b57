//! A program in a table: its blocks, what they give, how many parameters they have.

use std::fmt::Write;
use sym_ir::{Operation, Program};

/// One row a block that has parameters of its own, in the order of the program: its path, the sizes of the last value that it gives, its parameters with
/// their sizes, and how many entries they have; then the totals.
pub fn summary(program: &Program) -> String {
    let mut rows: Vec<[String; 4]> = vec![["block", "gives", "parameters", "entries"].map(str::to_string)];
    for input in &program.inputs {
        let sizes = input.shape.iter().map(|axis| axis.size);
        rows.push([format!("input {}", input.name), sizes_of(true, sizes), String::new(), String::new()]);
    }
    let mut blocks: Vec<(String, Vec<usize>)> = Vec::new();
    for (at, parameter) in program.parameters.iter().enumerate() {
        let block = parameter.path.rsplit_once('.').map_or("", |(block, _)| block);
        match blocks.iter_mut().find(|(known, _)| known == block) {
            Some((_, parameters)) => parameters.push(at),
            None => blocks.push((block.to_string(), vec![at])),
        }
    }
    for (block, parameters) in &blocks {
        let last = program.nodes.iter().rev().find(|node| {
            let inside =
                *node.scope == **block || node.scope.strip_prefix(block.as_str()).is_some_and(|rest| rest.starts_with('.'));
            inside && !matches!(node.operation, Operation::Parameter(_) | Operation::Input(_))
        });
        let gives = last.map_or_else(String::new, |node| sizes_of(node.batched, node.shape.iter().map(|axis| axis.size)));
        let name = if block.is_empty() { &program.name } else { block };
        for (at, &parameter) in parameters.iter().enumerate() {
            let parameter = &program.parameters[parameter];
            let own = parameter.path.rsplit('.').next().unwrap_or(&parameter.path);
            let frozen = if parameter.trainable { "" } else { " frozen" };
            let sizes = sizes_of(false, parameter.shape.iter().map(|axis| axis.size));
            let (block, gives) = if at == 0 { (name.clone(), gives.clone()) } else { (String::new(), String::new()) };
            rows.push([block, gives, format!("{own} {sizes}{frozen}"), thousands(parameter.entries())]);
        }
    }
    let mut out = format!("model {}\n", program.name);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    for row in &rows {
        let line = format!(
            "  {:<block$}  {:<gives$}  {:<parameters$}  {:>entries$}",
            row[0],
            row[1],
            row[2],
            row[3],
            block = widths[0],
            gives = widths[1],
            parameters = widths[2],
            entries = widths[3],
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let all = program.parameters.iter().try_fold(0u128, |sum, parameter| sum.checked_add(parameter.entries()?));
    let trainable = program.trainable_entries();
    let frozen = all.zip(trainable).map(|(all, trainable)| all - trainable);
    let _ = writeln!(out, "trainable: {}", thousands(trainable));
    let _ = writeln!(out, "frozen: {}", thousands(frozen));
    let bytes = all.and_then(|all| all.checked_mul(4));
    let _ = writeln!(out, "bytes in single precision: {}", thousands(bytes));
    let _ = writeln!(out, "operations: {}", program.nodes.iter().filter(|node| !node.operation.operands().is_empty()).count());
    out
}

fn sizes_of(batched: bool, sizes: impl Iterator<Item = u128>) -> String {
    let batch = batched.then(|| "batch".to_string());
    let sizes: Vec<String> = batch.into_iter().chain(sizes.map(|size| size.to_string())).collect();
    format!("[{}]", sizes.join(", "))
}

fn thousands(count: Option<u128>) -> String {
    let Some(count) = count else { return "beyond 2^128".to_string() };
    let digits = count.to_string();
    let lead = digits.len() % 3;
    let groups = digits.as_bytes()[lead..].chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let first = (lead > 0).then(|| digits[..lead].to_string());
    first.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}
