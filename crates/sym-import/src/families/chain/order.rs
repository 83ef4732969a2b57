//! The order of layers, by their names and sizes.

use super::{Layer, Norm};

/// Layers tried at most while an order is looked for.
const TRIED: usize = 10_000;

/// A name in words and numbers, so that `fc2` is before `fc10`.
pub fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let (mut word, mut digits) = (String::new(), String::new());
    for letter in name.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        if !digits.is_empty() {
            parts.push((std::mem::take(&mut word), digits.parse().unwrap_or(u64::MAX)));
            digits.clear();
        }
        word.push(letter);
    }
    parts.push((word, 0));
    parts
}

/// The numbers in a name.
fn numbers(name: &str) -> Vec<&str> {
    name.split(|letter: char| !letter.is_ascii_digit()).filter(|number| !number.is_empty()).collect()
}

/// Gives each norm to a layer of its width: that with the same numbers in its name, else the last one in front of it.
pub fn attach<'a>(layers: &mut [Layer<'a>], norms: Vec<Norm<'a>>) -> Option<()> {
    for norm in norms {
        let free =
            |layer: &Layer<'_>| layer.norm.is_none() && layer.width == norm.width && (norm.batch || layer.kernel.is_empty());
        let own = numbers(norm.name);
        let alike = |layer: &Layer<'_>| free(layer) && !own.is_empty() && numbers(layer.name) == own;
        let before = |layer: &Layer<'_>| free(layer) && natural(layer.name) < natural(norm.name);
        let at = layers.iter().position(alike).or_else(|| layers.iter().rposition(before))?;
        layers[at].norm = Some(norm);
    }
    Some(())
}

/// The layers as a chain: convolutions, then linear layers, in the order of names where sizes fit, else in the first order in which they do.
pub fn chain(layers: Vec<Layer<'_>>) -> Option<Vec<Layer<'_>>> {
    let (convolutions, linear): (Vec<_>, Vec<_>) = layers.into_iter().partition(|layer| !layer.kernel.is_empty());
    let axes = convolutions.first().map_or(0, |layer| layer.kernel.len());
    if convolutions.iter().any(|layer| layer.kernel.len() != axes) {
        return None;
    }
    let layers: Vec<Layer<'_>> = convolutions.into_iter().chain(linear).collect();
    if layers.windows(2).all(|pair| follows(&pair[0], &pair[1])) {
        return Some(layers);
    }
    let mut tried = 0;
    (0..layers.len()).find_map(|first| {
        let mut path = vec![first];
        extend(&layers, &mut path, &mut tried).then(|| path.iter().map(|&at| layers[at].clone()).collect())
    })
}

/// Whether a layer can read what another gives.
fn follows(one: &Layer<'_>, next: &Layer<'_>) -> bool {
    match (one.kernel.is_empty(), next.kernel.is_empty()) {
        (true, true) => one.width == next.inputs,
        (false, true) => next.inputs.is_multiple_of(one.width),
        (false, false) => one.width.is_multiple_of(next.inputs) && next.width.is_multiple_of(one.width / next.inputs),
        (true, false) => false,
    }
}

fn extend(layers: &[Layer<'_>], path: &mut Vec<usize>, tried: &mut usize) -> bool {
    if path.len() == layers.len() {
        return true;
    }
    let Some(&last) = path.last() else { return false };
    for next in 0..layers.len() {
        *tried += 1;
        if *tried > TRIED {
            return false;
        }
        let grouped = !layers[next].kernel.is_empty() && layers[next].inputs != layers[last].width;
        if path.contains(&next) || grouped || !follows(&layers[last], &layers[next]) {
            continue;
        }
        path.push(next);
        if extend(layers, path, tried) {
            return true;
        }
        path.pop();
    }
    false
}
