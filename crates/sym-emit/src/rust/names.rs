//! Names of the emitted source.

use proc_macro2::{Ident, Span};

/// Words that cannot be identifiers.
const KEYWORDS: [&str; 53] = [
    "as", "abstract", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut",
    "override", "priv", "pub", "ref", "return", "Self", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// An identifier as close to the text as Rust allows: other characters become `_`, keywords get one behind.
pub fn identifier(text: &str) -> Ident {
    let mut name: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        name.insert(0, '_');
    }
    if name.chars().all(|letter| letter == '_') {
        name = "value".to_string();
    }
    if KEYWORDS.contains(&name.as_str()) {
        name.push('_');
    }
    Ident::new(&name, Span::call_site())
}

/// `snake_case` of an identifier such as a model's name: the stem of its files and the name of its module.
///
/// ```
/// assert_eq!(sym_emit::file_stem("ResNet18"), "res_net18");
/// assert_eq!(sym_emit::file_stem("MLP"), "mlp");
/// ```
pub fn file_stem(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut stem = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let after_small = at > 0 && (letters[at - 1].is_lowercase() || letters[at - 1].is_ascii_digit());
        let before_small =
            at > 0 && letters[at - 1].is_uppercase() && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_small || before_small) {
            stem.push('_');
        }
        stem.extend(letter.to_lowercase());
    }
    identifier(&stem).to_string()
}

/// The name of a field for a part of a path, in small letters as Rust has them: `LayerNorm` is `layer_norm`.
pub fn field(part: &str) -> String {
    file_stem(part)
}

/// `CamelCase` of a name such as that of a block.
pub fn type_name(name: &str) -> String {
    let camel: String = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<Vec<_>>()
        })
        .collect();
    identifier(&camel).to_string()
}
