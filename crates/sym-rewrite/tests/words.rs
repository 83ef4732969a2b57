//! Tables keep enough words for what reads them: on V words the forms xᵀ S x on n normalised units are V numbers, so that with V < n(n + 1)/2 some
//! other form than the norm is 1 on all of them, and the matrices around it have flat directions that only the vocabulary explains.

use sym_diagnostics::Sources;
use sym_ir::{Loader, Options, Program};
use sym_rewrite::{Rule, miniatures};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

/// A norm of 50 units behind a table of words.
fn latent(words: u128) -> Program {
    let mut sources = Sources::default();
    let text = format!(
        "model Latent() {{
            input tokens[9] in 0..{words}
            x = embedding(tokens, {words}, 80, name: \"table\")
            latent = rms_norm(linear(x, 50, bias: false, name: \"down\"), name: \"norm\")
            output linear(latent, 20, bias: false, name: \"up\")
        }}"
    );
    let root = sources.add("latent.sym", text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    document.models.into_values().next().expect("one model").program
}

fn size(program: &Program, path: &str, axis: usize) -> u128 {
    program.parameters.iter().find(|parameter| parameter.path == path).expect("the parameter is there").shape[axis].size
}

#[test]
fn a_table_keeps_a_word_for_each_coefficient_of_a_form_on_normalised_units() {
    let small: Vec<Program> = miniatures(&latent(5_000), u128::MAX).take(5).map(|small| small.program).collect();
    assert!(small.len() > 2);
    for program in &small {
        let (words, units) = (size(program, "table.weight", 0), size(program, "down.weight", 0));
        assert!(words >= units * (units + 1) / 2 && words > 2 * size(program, "table.weight", 1), "{words} words, {units} units");
    }
}

#[test]
fn a_model_with_fewer_words_has_more_in_its_miniature_which_says_so() {
    // 50 · 51/2 = 1,275.
    for (words, departs) in [(1_275, false), (1_274, true)] {
        let small = miniatures(&latent(words), u128::MAX).next().expect("there is one");
        let found = small.departures.iter().find(|departure| departure.rule == Rule::Words);
        assert_eq!(found.is_some(), departs, "{words}: {:?}", small.departures);
    }
}
