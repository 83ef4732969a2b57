//! Products of tensors summed over indices.

use super::arrange::{expanded, lay_out, rank, shape};
use crate::rust::body::Body;
use crate::rust::expression::{Expr, number};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;
use sym_ir::{Label, Operand, ValueId, contraction};

/// The label of the batch axis.
const BATCH: Label = Label(u32::MAX);

/// A factor: its value and the labels of its tensor's axes, the batch in front.
struct Factor {
    value: ValueId,
    labels: Vec<Label>,
}

/// coefficient · ∏ operands, summed over what the output lacks.
pub fn emit(body: &mut Body, value: ValueId, operands: &[Operand], output: &[Label], coefficient: f64) -> Expr {
    if let Some((numbers, table)) = body.context.fusion.lookups[value.0 as usize] {
        return lookup(body, value, numbers, table);
    }
    let program = body.context.program;
    let batch = |value: ValueId| program.node(value).batched.then_some(BATCH);
    let read = body.context.fusion.operands[value.0 as usize].clone();
    let factors: Vec<Factor> = operands
        .iter()
        .zip(read)
        .map(|(operand, value)| Factor {
            value,
            labels: batch(value).into_iter().chain(operand.labels.iter().copied()).collect(),
        })
        .collect();
    let output: Vec<Label> = batch(value).into_iter().chain(output.iter().copied()).collect();
    if factors.is_empty() {
        let (result, shape, options) = (rank(body.context.rank(value)), shape(body, value), body.options());
        let constant = number(coefficient);
        return Expr::primary(quote!(Tensor::<#result>::full(#shape, #constant, #options)));
    }
    let repeats =
        factors.iter().any(|factor| (1..factor.labels.len()).any(|at| factor.labels[..at].contains(&factor.labels[at])));
    let summed = factors.iter().flat_map(|factor| &factor.labels).any(|label| !output.contains(label));
    let (product, kept) = if !repeats && !summed {
        (entrywise(body, &factors, &output), output.clone())
    } else if let ([factor], false) = (factors.as_slice(), repeats) {
        sum(body, factor, &output)
    } else {
        contracted(body, value, &factors, &output)
    };
    let product = product.scaled(coefficient);
    let reached = |label: &Label| factors.iter().any(|factor| factor.labels.contains(label));
    if output.iter().all(reached) {
        return product;
    }
    // The value repeats along axes that no factor has.
    let product = if kept == output { product } else { spread(body, value, &product, &kept, &output) };
    expanded(body, value, &product)
}

fn lookup(body: &mut Body, value: ValueId, numbers: ValueId, table: ValueId) -> Expr {
    let result = rank(body.context.rank(value));
    let table = body.read(table);
    let read = body.read(numbers);
    let read = if body.context.fusion.integers[numbers.0 as usize] { read } else { read.call(quote!(int())) };
    let (table, read) = (table.tokens(), read.tokens());
    Expr::primary(quote!(lookup::<_, _, #result>(#table, #read)))
}

fn position(output: &[Label], label: Label) -> usize {
    output.iter().position(|other| *other == label).expect("a label of the output")
}

/// The product without a sum.
fn entrywise(body: &mut Body, factors: &[Factor], output: &[Label]) -> Expr {
    let parts: Vec<Expr> = factors
        .iter()
        .map(|factor| {
            let positions: Vec<usize> = factor.labels.iter().map(|&label| position(output, label)).collect();
            let read = body.read(factor.value);
            lay_out(body, factor.value, &read, &positions, output.len())
        })
        .collect();
    let (first, others) = parts.split_first().expect("there are factors");
    others.iter().fold(first.clone(), |product, part| product.times(part))
}

/// The sum of one factor over the axes that the output lacks, and the labels that are left in order.
fn sum(body: &mut Body, factor: &Factor, output: &[Label]) -> (Expr, Vec<Label>) {
    let mut labels = factor.labels.clone();
    let mut x = body.read(factor.value);
    while let Some(axis) = labels.iter().rposition(|label| !output.contains(label)) {
        let at = rank(axis);
        labels.remove(axis);
        x = x.call(quote!(sum_dim(#at)));
        // A number alone keeps its axis.
        if !labels.is_empty() {
            let left = rank(labels.len());
            x = x.call(quote!(squeeze_dim::<#left>(#at)));
        }
    }
    let kept: Vec<Label> = output.iter().copied().filter(|label| labels.contains(label)).collect();
    let order: Vec<usize> = kept.iter().map(|&label| position(&labels, label)).collect();
    if order.iter().copied().ne(0..order.len()) {
        x = super::arrange::permuted(&x, &order);
    }
    (x, kept)
}

/// The contraction in index notation, and the labels of its result.
fn contracted(body: &mut Body, value: ValueId, factors: &[Factor], output: &[Label]) -> (Expr, Vec<Label>) {
    let kept: Vec<Label> =
        output.iter().copied().filter(|label| factors.iter().any(|factor| factor.labels.contains(label))).collect();
    let order = order(body, factors, &kept);
    let letters = letters(body, value, &order, output);
    let text = |labels: &[Label]| labels.iter().map(|label| letters[label]).collect::<String>();
    let equation = format!("{}->{}", order.iter().map(|factor| text(&factor.labels)).collect::<Vec<_>>().join(","), text(&kept));
    let reads: Vec<TokenStream> = order
        .iter()
        .map(|factor| {
            let read = body.read(factor.value);
            read.tokens().clone()
        })
        .collect();
    (Expr::primary(quote!(einsum!(#equation, #(#reads),*))), kept)
}

/// Factors in an order in which burn's contraction from the left does little.
fn order<'a>(body: &Body, factors: &'a [Factor], output: &[Label]) -> Vec<&'a Factor> {
    let program = body.context.program;
    let mut sizes: BTreeMap<Label, f64> = BTreeMap::from([(BATCH, contraction::TYPICAL_BATCH)]);
    for factor in factors {
        let labels = factor.labels.iter().filter(|label| **label != BATCH);
        sizes.extend(labels.copied().zip(program.node(factor.value).shape.iter().map(|axis| axis.size as f64)));
    }
    let labels: Vec<Vec<Label>> = factors.iter().map(|factor| factor.labels.clone()).collect();
    let mut at_hand: Vec<Vec<usize>> = (0..factors.len()).map(|at| vec![at]).collect();
    for (first, second) in contraction::pairs(&labels, output, &|label| sizes[&label]) {
        let other = at_hand.remove(second);
        at_hand[first].extend(other);
    }
    let mut order = at_hand.concat();
    // Of the first two either may come first: what depends on the data reads better in front.
    if let [first, second, ..] = order[..]
        && !program.node(factors[first].value).batched
        && program.node(factors[second].value).batched
    {
        order.swap(0, 1);
    }
    order.into_iter().map(|at| &factors[at]).collect()
}

/// A letter for each label: `b` for the batch, the name of an axis where it is a letter that is free, else the next free one.
fn letters(body: &Body, value: ValueId, factors: &[&Factor], output: &[Label]) -> BTreeMap<Label, char> {
    let program = body.context.program;
    let mut wanted: Vec<(Label, Option<char>)> = Vec::new();
    let mut note = |labels: &[Label], value: ValueId| {
        let axes = program.node(value).shape.iter().map(|axis| axis.name.chars().next().filter(|_| axis.name.len() == 1));
        wanted.extend(labels.iter().filter(|label| **label != BATCH).copied().zip(axes));
    };
    note(output, value);
    for factor in factors {
        note(&factor.labels, factor.value);
    }
    let mut letters = BTreeMap::from([(BATCH, 'b')]);
    let batched = output.first() == Some(&BATCH);
    let free = |letters: &BTreeMap<Label, char>, letter: char| {
        letters.iter().all(|(label, taken)| *taken != letter || (*label == BATCH && !batched))
    };
    for (label, letter) in &wanted {
        let Some(letter) = letter.filter(char::is_ascii_lowercase) else { continue };
        if !letters.contains_key(label) && free(&letters, letter) {
            letters.insert(*label, letter);
        }
    }
    for (label, _) in wanted {
        if !letters.contains_key(&label) {
            let next = ('a'..='z').chain('A'..='Z').find(|&letter| letter != 'b' && free(&letters, letter));
            letters.insert(label, next.unwrap_or('b'));
        }
    }
    letters
}

/// Puts axes of size 1 where the output has labels that no factor has.
fn spread(body: &Body, value: ValueId, product: &Expr, kept: &[Label], output: &[Label]) -> Expr {
    let node = body.context.program.node(value);
    let sizes = output.iter().enumerate().map(|(at, label)| {
        if !kept.contains(label) {
            quote!(1)
        } else if *label == BATCH {
            quote!(-1)
        } else {
            let size = crate::rust::expression::integer(node.shape[at - usize::from(node.batched)].size);
            quote!(#size)
        }
    });
    product.call(quote!(reshape([#(#sizes),*])))
}
