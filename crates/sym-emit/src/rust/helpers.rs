//! Functions that emitted modules bring along, each only where it is used, and their imports.

/// Every helper under its name. One may use those behind it.
const ALL: [(&str, &str); 13] = [
    ("uniform", include_str!("helpers/uniform.rs")),
    ("normal", include_str!("helpers/normal.rs")),
    ("constant", include_str!("helpers/constant.rs")),
    ("given", include_str!("helpers/given.rs")),
    ("masked", include_str!("helpers/masked.rs")),
    ("lookup", include_str!("helpers/lookup.rs")),
    ("unit_vectors", include_str!("helpers/unit_vectors.rs")),
    ("normalise", include_str!("helpers/normalise.rs")),
    ("windows", include_str!("helpers/windows.rs")),
    ("band", include_str!("helpers/band.rs")),
    ("largest", include_str!("helpers/largest.rs")),
    ("rotary", include_str!("helpers/rotary.rs")),
    ("softplus", include_str!("helpers/softplus.rs")),
];

/// What is imported where it occurs, by the path of its module.
const IMPORTS: [(&str, &[&str]); 2] = [
    ("burn::module", &["Module", "Param"]),
    (
        "burn::tensor",
        &[
            "Bool",
            "DType",
            "Device",
            "Distribution",
            "Int",
            "Tensor",
            "TensorCreationOptions",
            "TensorData",
            "activation",
            "einsum",
        ],
    ),
];

/// The helpers that a text uses.
pub fn used(text: &str) -> String {
    ALL.iter().filter(|(name, _)| calls(text, name)).flat_map(|(_, source)| [*source, "\n"]).collect()
}

/// Whether a free function of that name is called: not a method, not the end of a longer name.
fn calls(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let behind = &text[at + name.len()..];
        let called = behind.starts_with('(') || behind.starts_with("::<");
        called && !(before.is_alphanumeric() || before == '_' || before == '.' || before == ':')
    })
}

/// The file of constants.
pub fn constants(file: &str, length: usize) -> String {
    format!(
        "/// Values that are given, not drawn: a safetensors file in double precision that belongs to this module.\n\
         static GIVEN: &[u8; {length}] = include_bytes!({file:?});\n\n"
    )
}

/// The `use` items of a text.
pub fn imports(text: &str) -> String {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect();
    let text = code.join("\n");
    let occurs = |word: &&&str| {
        text.match_indices(**word).any(|(at, found)| {
            let inside = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            !inside(text[..at].chars().next_back()) && !inside(text[at + found.len()..].chars().next())
        })
    };
    IMPORTS
        .iter()
        .filter_map(|(module, names)| {
            let names: Vec<&str> = names.iter().filter(occurs).copied().collect();
            match names.as_slice() {
                [] => None,
                [name] => Some(format!("use {module}::{name};\n")),
                names => Some(format!("use {module}::{{{}}};\n", names.join(", "))),
            }
        })
        .collect()
}
