//! The page on the standard library says what its files say, and every block is tested.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use sym_ir::library::{FILES, LibraryFile};

/// A block with its header on one line and the comment above it.
struct Block {
    name: &'static str,
    signature: String,
    comment: String,
    body: String,
}

fn blocks(file: &LibraryFile) -> Vec<Block> {
    let lines: Vec<&str> = file.text.lines().collect();
    file.blocks()
        .map(|name| {
            let start = lines.iter().position(|line| line.starts_with(&format!("block {name}("))).expect("it is there");
            let comments = lines[..start].iter().rev().take_while(|line| line.starts_with("//"));
            let mut comment: Vec<&str> = comments.map(|line| line.trim_start_matches(['/', ' '])).collect();
            comment.reverse();
            let end = lines[start..].iter().position(|line| *line == "}").expect("a block ends") + start;
            let whole = lines[start..=end].join(" ");
            let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
            let (header, body) = words.split_once(" {").expect("a block has a body");
            let header = header.trim_start_matches("block ").replace("( ", "(").replace(", )", ")");
            let signature = header.replace("[ ", "[").replace(", ]", "]");
            Block { name, signature, comment: comment.join(" "), body: body.to_string() }
        })
        .collect()
}

/// A block without a comment serves the one above or below it and is no part of the page.
#[test]
fn the_page_lists_every_block() {
    let mut page = String::from(
        "# The standard library\n\nBlocks that are always there, written in the language itself, with the names and layouts of published weights. Each gives its \
         parameters below\nits own name, or below `name:`; an empty `name: \"\"` puts them where the block stands. Settings with a default are given by name.\n",
    );
    for file in &FILES {
        write!(page, "\n## `std.{}`\n\n| block | is |\n|---|---|\n", file.module).expect("writing to a string succeeds");
        for block in blocks(file).iter().filter(|block| !block.comment.is_empty()) {
            writeln!(page, "| `{}` | {} |", block.signature, block.comment.replace('|', "\\|"))
                .expect("writing to a string succeeds");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/standard-library.md");
    let found = std::fs::read_to_string(&path).expect("the page is there");
    assert!(found == page, "docs/standard-library.md differs from the files; it should be\n\n{page}");
}

#[test]
fn the_language_reference_lists_every_primitive() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/language.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let table = page.split("## Primitives").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("there is a table");
    for primitive in sym_ir::PRIMITIVES {
        let named = table.contains(&format!("`{primitive}(")) || table.contains(&format!("`{primitive}`"));
        assert!(named, "`{primitive}` is not in the table of primitives");
    }
}

/// The files that are executed against plain loops call every block, directly or through others.
#[test]
fn every_block_is_called_in_a_test() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ok");
    let mut texts = String::new();
    for entry in std::fs::read_dir(directory).expect("the tests are there") {
        let path = entry.expect("an entry can be read").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("names are text").to_string();
        let is_model = path.extension().is_some_and(|extension| extension == "sym");
        if is_model && (stem.starts_with("std_") || stem == "standard_library") {
            texts += &std::fs::read_to_string(path).expect("a test can be read");
        }
    }
    let all: Vec<Block> = FILES.iter().flat_map(blocks).collect();
    let mut reached: BTreeSet<&str> = all.iter().filter(|block| called(&texts, block.name)).map(|block| block.name).collect();
    loop {
        let before = reached.len();
        let bodies: Vec<&str> =
            all.iter().filter(|block| reached.contains(block.name)).map(|block| block.body.as_str()).collect();
        reached.extend(all.iter().filter(|block| bodies.iter().any(|body| called(body, block.name))).map(|block| block.name));
        if reached.len() == before {
            break;
        }
    }
    let missing: Vec<&str> = all.iter().map(|block| block.name).filter(|name| !reached.contains(name)).collect();
    assert!(missing.is_empty(), "no test calls {missing:?}");
}

/// Whether a text calls a block: its name as a whole word with a parenthesis behind it.
fn called(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}("))
        .any(|(at, _)| !text[..at].ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.'))
}
