//! Properties over arbitrary and mutated texts: nothing panics, every place fits the text, formatting keeps the meaning.

mod support;

use proptest::prelude::*;
use support::{corpus, parse, shape};
use sym_diagnostics::Diagnostic;

/// Every span of a diagnostic lies in the text, on character boundaries.
fn places_fit(text: &str, diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().all(|diagnostic| {
        diagnostic
            .primary
            .iter()
            .chain(&diagnostic.secondary)
            .all(|label| text.get(label.span.start as usize..label.span.end as usize).is_some())
    })
}

/// A text of the corpus with some of its pieces removed, repeated, swapped or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "(", ")", "[", "]", "{", "}", "\"", "//", "\n", ";", ",", "=", "==", "..", "..=", "-", "^", "*", "1.", ".5", "1e",
        "not ", "and ", "at ", "for ", "if ", "else ", "model ", "data ", "train ", "expect ", "every ", "é", "\u{FEFF}", "{i}",
        "fc*", "σ",
    ]);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, pieces), 1..6);
    (prop::sample::select(corpus()), edits).prop_map(|(text, edits)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.index(characters.len() + 1);
            let end = (at + removed).min(characters.len());
            characters.splice(at..end, inserted.chars());
        }
        characters.into_iter().collect()
    })
}

fn formatting_keeps_everything(text: &str) -> Result<(), TestCaseError> {
    let (tree, diagnostics) = parse(text);
    prop_assert!(places_fit(text, &diagnostics));
    if diagnostics.iter().any(Diagnostic::is_error) {
        prop_assert!(sym_syntax::format(text).is_err());
        return Ok(());
    }
    let formatted = sym_syntax::format(text).expect("a text without errors is formatted");
    let (again, problems) = parse(&formatted);
    prop_assert!(!problems.iter().any(Diagnostic::is_error), "{formatted}\n{problems:?}");
    prop_assert_eq!(shape(&tree), shape(&again), "{}", formatted);
    let comments = |comments: &[sym_syntax::ast::Comment]| {
        let mut texts: Vec<String> = comments.iter().map(|comment| comment.text.clone()).collect();
        texts.sort();
        texts
    };
    prop_assert_eq!(comments(&tree.comments), comments(&again.comments), "{}", formatted);
    prop_assert_eq!(sym_syntax::format(&formatted).expect("a formatted text is formatted"), formatted);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_text_gives_a_tree(text in ".{0,200}") {
        let (_, diagnostics) = parse(&text);
        prop_assert!(places_fit(&text, &diagnostics));
    }

    #[test]
    fn arbitrary_bytes_give_a_tree_or_a_diagnostic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match sym_syntax::decode(sym_diagnostics::FileId(0), bytes) {
            Ok(text) => prop_assert!(places_fit(&text, &parse(&text).1)),
            Err((text, diagnostic)) => prop_assert!(places_fit(&text, &[*diagnostic])),
        }
    }

    #[test]
    fn a_damaged_file_gives_a_tree_and_formatting_keeps_its_meaning_and_comments(text in mutated()) {
        formatting_keeps_everything(&text)?;
    }

    #[test]
    fn comments_anywhere_survive_formatting(
        text in prop::sample::select(corpus()),
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let mut text = text;
        for (number, place) in places.iter().enumerate() {
            // After a blank outside strings and comments: where a token ends.
            let ends: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
            let at = if ends.is_empty() { 0 } else { ends[place.index(ends.len())] };
            let line = text[..at].rfind('\n').map_or(0, |start| start + 1);
            if !text[line..at].contains(['"', '/']) {
                text.insert_str(at, &format!(" // note {number}\n"));
            }
        }
        formatting_keeps_everything(&text)?;
    }
}

#[test]
fn every_file_of_the_corpus_keeps_its_meaning_when_formatted() {
    for text in corpus() {
        if let Err(error) = formatting_keeps_everything(&text) {
            panic!("{error}\n{text}");
        }
    }
}
