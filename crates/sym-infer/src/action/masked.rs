//! Symmetries of programs with masked parameters at given weights: elements and generators that leave frozen entries where they are.

mod conditions;
mod joint;

use crate::action::element::random_order;
use crate::action::elementary::Elementary;
use crate::action::random_tangent::add_scaling;
use crate::action::{Element, Weights, apply_element, apply_elementary, random_element, random_tangent, tangents};
use crate::symmetries::{Family, Field, Generators, Group, MatrixFrame, Share, Space, Surviving, Symmetries};
use conditions::Conditions;
use sym_ir::Program;

/// Size of a random generator.
const SPREAD: f64 = 0.3;

/// The rows about the program with masked parameters frozen; the other rows keep their numbers and are trivial.
fn others(symmetries: &Symmetries) -> Symmetries {
    let mut others = symmetries.clone();
    for space in others.spaces.iter_mut().filter(|space| matches!(space.generators, Generators::Masked { .. })) {
        space.group = Group::Trivial;
        space.generators = Generators::Trade { shifts: Vec::new() };
    }
    others
}

/// The rows of the program without masks that a row is left of.
fn inner(space: &Space) -> Option<(Vec<Space>, &Surviving)> {
    let Generators::Masked { rows, surviving } = &space.generators else { return None };
    Some((rows.iter().map(|generators| Space { generators: generators.clone(), ..space.clone() }).collect(), surviving))
}

/// The frames of a row of plain matrices.
fn frames(rows: &[Space]) -> Option<&[MatrixFrame]> {
    match rows {
        [Space { generators: Generators::Matrices { frames, family: Family::General, gains }, .. }] if gains.is_empty() => {
            Some(frames)
        }
        _ => None,
    }
}

fn fields(row: &Space) -> (&[Field], &[Field]) {
    match &row.generators {
        Generators::Units { scales, signs, .. } => (scales, signs),
        _ => (&[], &[]),
    }
}

fn tuples(field: &Field) -> usize {
    field.sizes.iter().product::<u128>() as usize
}

/// Independent scales: of units that meet no frozen entry each tuple alone, else the tuples that frozen entries join.
fn basis(rows: &[Space], surviving: &Surviving) -> Vec<Vec<Share>> {
    match surviving {
        Surviving::Units(units) => {
            let each = |field: usize| units.iter().map(move |&tuple| vec![Share { row: 0, field, tuple, amount: 1.0 }]);
            (0..fields(&rows[0]).0.len()).flat_map(each).collect()
        }
        Surviving::Factors { scales, .. } => scales.clone(),
        Surviving::Directions => Vec::new(),
    }
}

/// [`tangents`](super::tangents) of a program with masks.
pub(super) fn all_tangents(program: &Program, symmetries: &Symmetries, weights: &Weights) -> Vec<(usize, Weights)> {
    let mut all = tangents(&program.with_masked_frozen(), &others(symmetries), weights);
    for (number, space) in symmetries.spaces.iter().enumerate() {
        let Some((rows, surviving)) = inner(space) else { continue };
        let vectors: Vec<Weights> = match (surviving, frames(&rows)) {
            (Surviving::Units(_) | Surviving::Factors { .. }, _) => {
                basis(&rows, surviving).iter().map(|shares| scaled(program, &rows, weights, &[(1.0, shares)])).collect()
            }
            (Surviving::Directions, Some(frames)) => {
                let conditions = Conditions::of(program, frames, weights);
                let basis = (0..conditions.copies.len())
                    .flat_map(|copy| conditions.kernel(copy).into_iter().map(move |generator| (copy, generator)));
                basis.map(|(copy, generator)| conditions.tangent(weights, copy, &generator)).collect()
            }
            (Surviving::Directions, None) => joint::tangents(program, &rows, weights),
        };
        all.extend(vectors.into_iter().map(|vector| (number, vector)));
    }
    all.sort_by_key(|(space, _)| *space);
    all
}

/// The change of weights where the tuples of scale fields grow at the rates of their shares.
fn scaled(program: &Program, rows: &[Space], weights: &Weights, amounts: &[(f64, &Vec<Share>)]) -> Weights {
    let whole = program.without_masks();
    let grow = |program: &Program, weights: &Weights| {
        let mut tangent = Weights::zeros(program);
        for (number, row) in rows.iter().enumerate() {
            for (at, field) in fields(row).0.iter().enumerate() {
                let mut rates = vec![0.0; tuples(field)];
                for (factor, shares) in amounts {
                    let own = shares.iter().filter(|share| (share.row, share.field) == (number, at));
                    own.for_each(|share| rates[share.tuple] += factor * share.amount);
                }
                add_scaling(program, weights, &mut tangent, field, &rates);
            }
        }
        tangent
    };
    let mut tangent = super::uncentred(&whole, weights, grow).0;
    still(program, &mut tangent);
    tangent
}

/// Takes away what is left of a change at frozen entries by rounding.
fn still(program: &Program, tangent: &mut Weights) {
    for (parameter, values) in program.parameters.iter().zip(&mut tangent.values).filter(|(parameter, _)| parameter.trainable) {
        parameter.frozen_entries().places.into_iter().for_each(|place| values[place] = 0.0);
    }
}

/// [`random_tangent`](super::random_tangent) of a program with masks.
pub(super) fn one_tangent(
    program: &Program,
    symmetries: &Symmetries,
    at: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    let Some((rows, surviving)) = inner(&symmetries.spaces[at]) else {
        return random_tangent(&program.with_masked_frozen(), symmetries, at, weights, normal);
    };
    match (surviving, frames(&rows)) {
        (Surviving::Units(_) | Surviving::Factors { .. }, _) => {
            let basis = basis(&rows, surviving);
            let amounts: Vec<(f64, &Vec<Share>)> = basis.iter().map(|shares| (normal(), shares)).collect();
            scaled(program, &rows, weights, &amounts)
        }
        (Surviving::Directions, Some(frames)) => {
            let conditions = Conditions::of(program, frames, weights);
            let mut tangent = Weights::zeros(program);
            for copy in 0..conditions.copies.len() {
                let generator = conditions.random(copy, normal);
                tangent.add(&conditions.tangent(weights, copy, &generator), 1.0);
            }
            tangent
        }
        (Surviving::Directions, None) => joint::random(program, &rows, weights, normal),
    }
}

/// [`random_element`](super::random_element) of a program with masks; θ itself where only generators are known.
pub(super) fn one_element(
    program: &Program,
    symmetries: &Symmetries,
    at: usize,
    weights: &Weights,
    normal: &mut dyn FnMut() -> f64,
) -> Weights {
    let Some((rows, surviving)) = inner(&symmetries.spaces[at]) else {
        return random_element(&program.with_masked_frozen(), symmetries, at, weights, normal);
    };
    match (surviving, frames(&rows)) {
        (Surviving::Units(units), _) => apply_all(program, &rows, weights, &of_units(&rows[0], units, normal)),
        (Surviving::Factors { scales, signs }, _) => apply_all(program, &rows, weights, &factors(&rows, scales, signs, normal)),
        (Surviving::Directions, Some(frames)) => conditions::moved(program, frames, weights, normal),
        (Surviving::Directions, None) => weights.clone(),
    }
}

/// A random element that moves only these units.
fn of_units(row: &Space, units: &[usize], normal: &mut dyn FnMut() -> f64) -> Vec<(usize, Element)> {
    let (scales, signs) = fields(row);
    let mut elements = Vec::new();
    for (field, of) in scales.iter().enumerate() {
        let mut logarithms = vec![0.0; tuples(of)];
        units.iter().for_each(|&unit| logarithms[unit] = SPREAD * normal());
        elements.push((0, Element::Scale { field, logarithms }));
    }
    for (field, of) in signs.iter().enumerate() {
        let mut flipped = vec![false; tuples(of)];
        units.iter().for_each(|&unit| flipped[unit] = normal() < 0.0);
        elements.push((0, Element::Flip { field, flipped }));
    }
    if let Generators::Units { permuted, .. } = &row.generators
        && !permuted.is_empty()
        && let Some((size, ..)) = units.last().map(|last| (last + 1, ()))
    {
        let mut order: Vec<usize> = (0..size).collect();
        let among = random_order(units.len(), normal);
        units.iter().zip(among).for_each(|(&to, from)| order[to] = units[from]);
        elements.push((0, Element::Orders(vec![order])));
    }
    elements
}

/// Random scales and signs of the joined tuples.
fn factors(
    rows: &[Space],
    scales: &[Vec<Share>],
    signs: &[Vec<Share>],
    normal: &mut dyn FnMut() -> f64,
) -> Vec<(usize, Element)> {
    let logarithms: Vec<f64> = scales.iter().map(|_| SPREAD * normal()).collect();
    let flips: Vec<bool> = signs.iter().map(|_| normal() < 0.0).collect();
    let mut elements = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let own = |share: &&Share, field: usize| (share.row, share.field) == (number, field);
        for (field, of) in fields(row).0.iter().enumerate() {
            let mut all = vec![0.0; tuples(of)];
            for (shares, logarithm) in scales.iter().zip(&logarithms) {
                shares.iter().filter(|share| own(share, field)).for_each(|share| all[share.tuple] = share.amount * logarithm);
            }
            elements.push((number, Element::Scale { field, logarithms: all }));
        }
        for (field, of) in fields(row).1.iter().enumerate() {
            let mut all = vec![false; tuples(of)];
            for (shares, flip) in signs.iter().zip(&flips) {
                shares.iter().filter(|share| own(share, field)).for_each(|share| all[share.tuple] = *flip);
            }
            elements.push((number, Element::Flip { field, flipped: all }));
        }
    }
    elements
}

/// Elements of rows, one after the other, about the centres of frozen summands. Frozen entries stay to the bit.
fn apply_all(program: &Program, rows: &[Space], weights: &Weights, elements: &[(usize, Element)]) -> Weights {
    let whole = program.without_masks();
    let mut moved = elements.iter().fold(weights.clone(), |moved, (row, element)| {
        super::about_centres(&whole, &moved, |program, weights| apply_element(program, &rows[*row], weights, element))
    });
    for ((parameter, values), before) in program.parameters.iter().zip(&mut moved.values).zip(&weights.values) {
        for place in parameter.frozen_entries().places {
            // What differs by more than rounding is a contradiction for the proof to find.
            if (values[place] - before[place]).abs() <= 1e-12 * before[place].abs() {
                values[place] = before[place];
            }
        }
    }
    moved
}

/// [`elementary`](super::elementary) of units that no frozen entry touches: of the elements of all units those about them, an exchange with
/// the next of them.
pub(super) fn elementary(all: Vec<Elementary>, units: &[usize]) -> Vec<Elementary> {
    let next = |unit: usize| units.iter().copied().find(|&other| other > unit);
    let kept = |element: Elementary| match element {
        Elementary::Exchange { one, .. } if units.contains(&one) => next(one).map(|other| Elementary::Exchange { one, other }),
        Elementary::Flip { tuple, .. } | Elementary::Scale { tuple, .. } if units.contains(&tuple) => Some(element),
        _ => None,
    };
    all.into_iter().filter_map(kept).collect()
}

/// [`apply_elementary`](super::apply_elementary) of a program with masks.
pub(super) fn apply_one(program: &Program, space: &Space, weights: &Weights, element: &Elementary) -> Weights {
    match inner(space) {
        Some((rows, _)) => apply_elementary(&program.without_masks(), &rows[0], weights, element),
        None => apply_elementary(&program.with_masked_frozen(), space, weights, element),
    }
}
