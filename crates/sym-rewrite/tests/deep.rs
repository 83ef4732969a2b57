//! Programs of 10,000 layers and steps pass every stage; nothing recurses along them.

use sym_diagnostics::{FileId, Sources, Span};
use sym_infer::{Frame, Group, infer};
use sym_ir::experiment::{StateClause, StateVerb};
use sym_ir::{Loader, Options, Program};
use sym_rewrite::{Coordinates, miniatures, reduce, shorten};

const DEPTH: usize = 10_000;

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("no file `{path}`"))
    }
}

fn program(text: &str) -> Program {
    let mut sources = Sources::default();
    let root = sources.add("deep.sym", text);
    let document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    document.models.into_values().next().expect("one model").program
}

fn mlp() -> Program {
    program(&format!(
        "model Deep() {{
            input x[4]
            h = x
            for i in 0..{DEPTH} {{ h = relu(linear(h, 6, name: \"fc{{i}}\")) }}
            output linear(h, 2, name: \"head\")
        }}"
    ))
}

/// h ↦ tanh(W h + U x), unrolled.
fn recurrence() -> Program {
    program(&format!(
        "model Unrolled() {{
            input x[4]
            param U[6, 4]
            param W[6, 6]
            param A[2, 6]
            u[i] = U[i, j] * x[j]
            h = tanh(u)
            for t in 0..{DEPTH} {{
                z[i] = W[i, j] * h[j] + u[i]
                h = tanh(z)
            }}
            output y[k] = A[k, i] * h[i]
        }}"
    ))
}

#[test]
fn each_of_ten_thousand_layers_has_its_permutations_and_scales() {
    let symmetries = infer(&mlp());
    assert_eq!(symmetries.spaces.len(), DEPTH);
    for (layer, space) in symmetries.spaces.iter().enumerate() {
        assert_eq!(space.name, format!("fc{layer}"));
        assert_eq!(space.group, Group::PositiveMonomial { size: 6, factors: 1 });
        // Incoming weight and bias, outgoing weight.
        assert_eq!(space.acts_on.len(), 3);
    }
    assert_eq!(symmetries.continuous_dim, 6 * DEPTH as u128);
}

#[test]
fn ten_thousand_steps_of_one_weight_have_one_signed_permutation() {
    let program = recurrence();
    let symmetries = infer(&program);
    let [space] = symmetries.spaces.as_slice() else { panic!("{:?}", symmetries.spaces) };
    assert_eq!(space.group, Group::SignedPermutation(6));
    let moved: Vec<(&str, Option<usize>)> =
        space.acts_on.iter().map(|action| (program.parameter(action.parameter).path.as_str(), action.axis)).collect();
    assert_eq!(moved, [("U", Some(0)), ("W", Some(0)), ("W", Some(1)), ("A", Some(1))]);
    assert!(space.acts_on.iter().all(|action| matches!(action.frame, Frame::Monomial { sign: true, .. })));
}

#[test]
fn deep_programs_are_printed_shortened_shrunk_and_reduced() {
    for program in [mlp(), recurrence()] {
        let text = sym_ir::text(&program);
        assert!(text.lines().count() > program.nodes.len());
        let short = shorten(&program, 2).expect("layers repeat");
        assert!(short.nodes.len() < 40, "{} operations", short.nodes.len());
        assert!(miniatures(&short, 2_000).next().is_some());
    }
    let program = mlp();
    let clause = StateClause {
        verb: StateVerb::Merge { classes: 2 },
        target: "fc5000".to_string(),
        units: None,
        span: Span::new(FileId(0), 0, 0),
    };
    let reduction = reduce(&program, &infer(&program), &[clause], Coordinates::Copies).expect("units of a relu layer merge");
    // Of six units two are left: four rows of the incoming weight and four entries of the bias fewer, and four columns behind.
    let removed = 4 * 6 + 4 + 6 * 4;
    assert_eq!(reduction.program.trainable_entries(), program.trainable_entries().map(|entries| entries - removed));
}
