//! `symc check --emit perm-spec`: each permutation of the map, applied to the stored axes that it names, leaves the function alone.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::symc;
use sym_diagnostics::Sources;
use sym_infer::Weights;
use sym_ir::compile::{Loader, Options, compile};
use sym_ir::experiment::Document;
use sym_lower::{Stored, from_state_dict, to_state_dict};
use sym_runtime::{Stream, data::Inputs, evaluate};

/// The files use no others.
struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/permutations"))
}

fn document() -> Document {
    let text = std::fs::read_to_string(directory().join("models.sym")).expect("the models are there");
    let mut sources = Sources::default();
    let root = sources.add("models.sym", text);
    compile(&mut sources, root, &mut NoFiles, &Options::default())
}

fn spec() -> serde_json::Value {
    let ended = symc(directory(), &["check", "models.sym", "--emit", "perm-spec"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    ended.json()
}

/// Moves the positions of one axis by one, or those of one of the axes that it merges, whose sizes are `parts`.
fn rotated(tensor: &Stored, axis: usize, parts: &[usize], part: usize) -> Stored {
    let inner: usize = tensor.shape[axis + 1..].iter().product::<usize>() * parts[part + 1..].iter().product::<usize>();
    let size = parts[part];
    let mut moved = tensor.clone();
    for (at, value) in tensor.values.iter().enumerate() {
        let position = at / inner % size;
        let target = at - position * inner + (position + 1) % size * inner;
        moved.values[target] = *value;
    }
    moved
}

/// What a stored name of the map stands for: a whole tensor, a part of one, or several stacked ones.
struct View {
    tensor: Stored,
    /// For each of its entries the tensor of the state dict and the place in it.
    places: Vec<(usize, usize)>,
}

impl View {
    fn of(tensors: &[Stored], model: &serde_json::Value, name: &str) -> Self {
        let find = |name: &str| tensors.iter().position(|tensor| tensor.name == name).expect("a stored tensor");
        let number = |value: &serde_json::Value| value.as_u64().expect("a number") as usize;
        let Some(part) = model["parts"].get(name) else {
            let at = find(name);
            return Self {
                tensor: tensors[at].clone(),
                places: (0..tensors[at].values.len()).map(|entry| (at, entry)).collect(),
            };
        };
        let stack: Vec<usize> = part["stack"].as_array().expect("sizes").iter().map(number).collect();
        let pattern = part["tensor"].as_str().expect("a name");
        let names = stack.iter().fold(vec![pattern.to_string()], |names, &size| {
            names.iter().flat_map(|name| (0..size).map(move |at| name.replacen("{}", &at.to_string(), 1))).collect()
        });
        let mut shape = stack;
        let mut along = vec![0];
        for extent in part["extents"].as_array().expect("extents") {
            let [blocks, period, start, length, inner] =
                ["blocks", "period", "start", "length", "inner"].map(|field| number(&extent[field]));
            let runs = (0..blocks).flat_map(|block| (start..start + length).map(move |run| block * period + run));
            let own: Vec<usize> = runs.flat_map(|run| (0..inner).map(move |entry| run * inner + entry)).collect();
            let whole = blocks * period * inner;
            along = along.iter().flat_map(|before| own.iter().map(move |at| before * whole + at)).collect();
            shape.push(own.len());
        }
        let places: Vec<(usize, usize)> =
            names.iter().flat_map(|name| along.iter().map(move |&at| (name, at))).map(|(name, at)| (find(name), at)).collect();
        let values = places.iter().map(|&(tensor, at)| tensors[tensor].values[at]).collect();
        Self { tensor: Stored { name: name.to_string(), shape, values }, places }
    }
}

/// The sizes of the axes that a stored one merges: those of the permutations that move them, and of one other what is left.
fn merged_sizes(model: &serde_json::Value, parts: &[serde_json::Value], whole: usize) -> Vec<usize> {
    let size = |part: &serde_json::Value| Some(model["permutations"][part.as_str()?]["size"].as_u64()? as usize);
    let known: usize = parts.iter().filter_map(size).product();
    parts.iter().map(|part| size(part).unwrap_or(whole / known)).collect()
}

#[test]
fn permuting_the_axes_of_a_permutation_changes_no_output_and_fewer_axes_do() {
    let (document, spec) = (document(), spec());
    for model in spec["models"].as_array().expect("models") {
        let name = model["name"].as_str().expect("a name");
        let program = &document.models[name].program;
        let mut stream = Stream::new(3, "test", name);
        let mut weights = Weights::zeros(program);
        weights.values.iter_mut().flatten().for_each(|value| *value = stream.normal());
        let width = program.inputs[0].shape.iter().map(|axis| axis.size as usize).product();
        let inputs = [Inputs::of((0..4 * width).map(|_| stream.normal()).collect(), width)];
        let outputs = |weights: &Weights| evaluate::outputs(program, weights, &inputs).expect("it can be executed");
        let before = outputs(&weights);
        let largest = before.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let tensors = to_state_dict(program, &weights);
        for (permutation, places) in model["perm_to_axes"].as_object().expect("permutations") {
            let places = places.as_array().expect("places");
            // All axes, then all but one of several.
            let several = if places.len() > 1 { places.len() } else { 0 };
            for left_out in std::iter::once(None).chain((0..several).map(Some)) {
                let mut moved = tensors.clone();
                for (_, place) in places.iter().enumerate().filter(|(at, _)| Some(*at) != left_out) {
                    let (stored, axis) = (place[0].as_str().expect("a name"), place[1].as_u64().expect("an axis") as usize);
                    let entry = &model["axes_to_perm"][stored][axis];
                    let view = View::of(&moved, model, stored);
                    let (sizes, part) = if let Some(parts) = entry.as_array() {
                        let part = parts.iter().position(|part| part == permutation.as_str()).expect("it moves one of them");
                        (merged_sizes(model, parts, view.tensor.shape[axis]), part)
                    } else {
                        assert_eq!(entry, permutation.as_str());
                        (vec![view.tensor.shape[axis]], 0)
                    };
                    let values = rotated(&view.tensor, axis, &sizes, part).values;
                    for (&(tensor, at), value) in view.places.iter().zip(values) {
                        moved[tensor].values[at] = value;
                    }
                }
                let after = outputs(&from_state_dict(program, &moved, "test").expect("the same shapes"));
                let difference = before.iter().zip(&after).fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs())) / largest;
                match left_out {
                    None => assert!(difference < 1e-12, "{name}.{permutation}: {difference:e}"),
                    Some(at) => assert!(difference > 1e-6, "{name}.{permutation} without {}", places[at]),
                }
            }
        }
    }
}

#[test]
fn independent_permutations_are_counted_as_weight_matching_counts_them() {
    let spec = spec();
    let count = |model: usize| {
        let model = &spec["models"][model];
        let places = model["perm_to_axes"].as_object().expect("permutations").values();
        (
            model["permutations"].as_object().expect("permutations").len(),
            places.map(|places| places.as_array().map_or(0, Vec::len)).sum::<usize>(),
        )
    };
    // An MLP with h hidden layers has h permutations on 3 h axes: weight and bias before, weight behind.
    assert_eq!(count(0), (2, 6));
    // One of the stream and one a layer.
    assert_eq!(count(1).0, 3);
    // The heads, and inside of each those of queries with keys and of values with the output.
    assert_eq!(count(2), (3, 8));
    assert_eq!(count(3), (1, 1));
}

#[test]
fn published_networks_have_the_groups_that_weight_matching_knows() {
    let gallery = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/gallery"));
    for (file, groups) in [("vgg16.sym", 15), ("resnet18.sym", 12), ("resnet50.sym", 37)] {
        let ended = symc(gallery, &["check", file, "--emit", "perm-spec"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{file}");
        let report = ended.json();
        let found = report["models"][0]["permutations"].as_object().map(serde_json::Map::len);
        assert_eq!(found, Some(groups), "{file}");
    }
}

#[test]
fn groups_and_their_axes_are_counted_as_weight_matching_counts_them() {
    let ended = symc(directory(), &["check", "oracles.sym", "--emit", "perm-spec"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let report = ended.json();
    let count = |name: &str| {
        let models = report["models"].as_array().expect("models");
        let model = models.iter().find(|model| model["name"] == name).expect("a model of the file");
        let places = model["perm_to_axes"].as_object().expect("permutations").values();
        let pairs: usize = places.map(|places| places.as_array().map_or(0, Vec::len)).sum();
        let groups = model["axis_groups"].as_array().map_or(0, Vec::len);
        (model["permutations"].as_object().map_or(0, serde_json::Map::len), pairs, groups)
    };
    // h hidden layers: weight and bias before, weight behind.
    for (name, hidden) in [("Mlp", 1), ("Mlp2", 2), ("Mlp3", 3), ("Mlp8", 8)] {
        assert_eq!(count(name), (hidden, 3 * hidden, hidden), "{name}");
    }
    // 13 convolutions with kernel, gain and shift before and kernel behind; two hidden linear layers with three axes each.
    assert_eq!(count("Vgg16Norm"), (15, 13 * 4 + 2 * 3, 15));
    // Three streams, and the inside of each of nine blocks.
    let (permutations, _, groups) = count("ResNet20");
    assert_eq!((permutations, groups), (12, 12));
    // The stream; in each layer feed-forward units, heads, and the dimensions of values. To stored axes the heads are a part of the rows of
    // queries and keys, and of those of values.
    for (name, layers) in [("Llama", 1), ("Llama2", 2), ("Llama4", 4)] {
        let (permutations, _, groups) = count(name);
        assert_eq!((permutations, groups), (3 * layers + 1, 3 * layers + 1), "{name}");
    }
    // Without rotary positions the dimensions of queries and keys as well.
    let (permutations, _, groups) = count("Unturned");
    assert_eq!((permutations, groups), (4 * 2 + 1, 3 * 2 + 1));
    // Groups, and the heads inside of a group.
    let (permutations, _, groups) = count("Grouped");
    assert_eq!((permutations, groups), (4 * 2 + 1, 5 * 2 + 1));
}

#[test]
fn dimensions_of_queries_and_keys_are_told_apart_by_rotary_positions() {
    let text = std::fs::read_to_string(directory().join("oracles.sym")).expect("the models are there");
    let mut sources = Sources::default();
    let root = sources.add("oracles.sym", text);
    let document = compile(&mut sources, root, &mut NoFiles, &Options::default());
    let inputs = [Inputs::of((0..10u32).map(|at| f64::from(at * 7 % 17)).collect(), 5)];
    for (name, free) in [("Llama", false), ("Unturned", true)] {
        let program = &document.models[name].program;
        let mut stream = Stream::new(3, "test", name);
        let mut weights = Weights::zeros(program);
        weights.values.iter_mut().flatten().for_each(|value| *value = stream.normal());
        let mut moved = weights.clone();
        for (id, parameter) in program.parameter_ids() {
            if ["q_proj.weight", "k_proj.weight"].iter().any(|name| parameter.storage.name.pattern().ends_with(name)) {
                // [heads…, dimensions, features]: the first two dimensions of each head.
                let [.., dims, features] = parameter.shape.iter().map(|axis| axis.size as usize).collect::<Vec<_>>()[..] else {
                    continue;
                };
                for head in moved.values[id.0 as usize].chunks_mut(dims * features) {
                    (0..features).for_each(|at| head.swap(at, features + at));
                }
            }
        }
        assert_ne!(weights, moved, "{name} has queries and keys by these names");
        let outputs = |weights: &Weights| evaluate::outputs(program, weights, &inputs).expect("it can be executed");
        let (before, after) = (outputs(&weights), outputs(&moved));
        let largest = before.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let difference = before.iter().zip(&after).fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs())) / largest;
        assert!(if free { difference < 1e-12 } else { difference > 1e-6 }, "{name}: {difference:e}");
    }
}

#[test]
fn the_map_goes_without_a_report_and_errors_go_to_standard_error() {
    let wrong = |arguments: &[&str]| symc(directory(), arguments).code;
    assert_eq!(wrong(&["check", "models.sym", "--emit", "perm-spec", "--format", "json"]), 2);
    assert_eq!(wrong(&["check", "models.sym", "--emit", "permspec"]), 2);
    let ended = symc(directory(), &["check", "gone.sym", "--emit", "perm-spec"]);
    assert_eq!((ended.code, ended.json()["models"].as_array().map(Vec::len)), (1, Some(0)));
    assert!(ended.stderr.contains("E0217"), "{}", ended.stderr);
}
