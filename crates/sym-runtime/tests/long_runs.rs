//! Theorem 1 over many steps: rounding grows at a saddle, is told apart from a fault, and is taken back by projection.

use sym_diagnostics::{Code, Sources};
use sym_ir::experiment::Theorem;
use sym_ir::{Loader, Options};
use sym_runtime::Silent;
use sym_runtime::theorem::{Report, execute};

struct NoFiles;

impl Loader for NoFiles {
    fn load(&mut self, _: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("`{path}` is not there"))
    }
}

/// All units merged into one: a saddle, since the teacher's units differ. Each unit sums over the others in an order of its own.
const SADDLE: &str = r#"
model Recurrent(width: int = 6) {
    input x[3]
    drive = linear(x, width, name: "fc1", bias: false)
    param w[width, width] init normal(std: 0.3)
    h1 = tanh(drive)
    h2[i] = tanh(sum(j: w[i, j] * h1[j]) + drive[i])
    output linear(h2, 1, name: "head", bias: false)
}
theorem Once on Recurrent { state merge fc1 into 1 optim gd(lr: 0.5) steps 1_200 }
"#;

fn theorem() -> Theorem {
    let mut sources = Sources::default();
    let root = sources.add("saddle.sym", SADDLE.to_string());
    let mut document = sym_ir::compile(&mut sources, root, &mut NoFiles, &Options::default());
    assert!(document.diagnostics.is_empty(), "{:?}", document.diagnostics);
    document.theorems.shift_remove("Once").expect("declared")
}

fn executed(theorem: &Theorem) -> Report {
    execute(theorem, &sym_infer::infer(&theorem.program), None, &Silent)
}

#[test]
fn a_long_run_at_a_saddle_breaks_by_rounding_and_the_report_says_so() {
    let report = executed(&theorem());
    assert_eq!(report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect::<Vec<_>>(), [Code::E0403]);
    let help = report.diagnostics[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("add `reproject 120`") && help.contains("in another order, diverges"), "{help}");
    let run = &report.runs[0];
    // Not the learning rate, and not the reduction: the full model alone does the same.
    assert!(run.edge.is_some_and(|edge| edge < 1.0) && run.orders.is_some_and(|orders| orders > 1e-9), "{run:?}");
    // What was measured stays below what curvature allows from one rounding on.
    let growth = run.growth.expect("modelled");
    assert!(growth * f64::EPSILON > run.off_state && growth * f64::EPSILON > 1e-9, "{run:?}");
    // The distance grows all the way, and it is all across the state.
    let last = &run.moments[run.moments.len() - 1];
    assert!(run.moments[2..].windows(2).all(|pair| pair[1].divergence > pair[0].divergence), "{run:?}");
    assert!((last.divergence / last.off_state - 1.0).abs() < 1e-3, "{last:?}");
}

#[test]
fn projection_every_hundred_steps_keeps_a_long_run_at_rounding_level() {
    let report = executed(&Theorem { reproject: Some(100), ..theorem() });
    assert!(report.diagnostics.is_empty(), "{:?}", report.diagnostics);
    let run = &report.runs[0];
    assert!(run.holds && run.divergence < 1e-12 && run.off_state < 1e-13, "{run:?}");
    assert!(run.growth.is_some_and(|growth| growth * f64::EPSILON < 1e-9), "{run:?}");
}
