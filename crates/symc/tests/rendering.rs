//! How diagnostics and reports look, without colours and at a fixed width.

use sym_diagnostics::{Code, Diagnostic, FileId, Sources, Span};
use symc::render::{Style, human, short};

/// The first occurrence of a text in a file.
fn span(sources: &Sources, file: FileId, text: &str) -> Span {
    let start = sources.file(file).text.find(text).expect("the text occurs") as u32;
    Span::new(file, start, start + text.len() as u32)
}

const MODEL: &str = "model Mlp(width: int = 16) {\n    input x[64]\n    h = tanh(linear(x, width))\n    output h + x\n}\n";

fn drawn(sources: &Sources, diagnostic: &Diagnostic) -> String {
    format!("{}\n{}\n", human::diagnostic(sources, diagnostic, Style::PLAIN), short::diagnostic(sources, diagnostic))
}

#[test]
fn a_diagnostic_shows_its_place_cause_found_expected_and_help() {
    let mut sources = Sources::default();
    let file = sources.add("mlp.sym", MODEL);
    let diagnostic = Diagnostic::new(Code::E0203, span(&sources, file, "h + x"), "`h` has size 16 and `x` has size 64")
        .label("these are added")
        .cause(span(&sources, file, "x[64]"), "`x` gets its size here")
        .found("[16] + [64]")
        .expected("two values of one shape")
        .help("make `width` 64");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

#[test]
fn labels_that_would_cross_are_drawn_apart() {
    let mut sources = Sources::default();
    let file = sources.add("mlp.sym", MODEL);
    let diagnostic = Diagnostic::new(Code::E0203, span(&sources, file, "linear(x, width)"), "a headline")
        .label("the whole call")
        .cause(span(&sources, file, "width))"), "inside of it");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

#[test]
fn disjoint_labels_of_one_line_are_drawn_together() {
    let mut sources = Sources::default();
    let file = sources.add("mlp.sym", MODEL);
    let at = span(&sources, file, "h + x");
    let diagnostic = Diagnostic::new(Code::E0203, Span::new(file, at.start, at.start + 1), "a headline")
        .label("[16]")
        .cause(Span::new(file, at.end - 1, at.end), "[64]");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

#[test]
fn a_cause_in_another_file_is_drawn_with_its_own_source() {
    let mut sources = Sources::default();
    let file = sources.add("mlp.sym", MODEL);
    let other = sources.add("parts/blocks.sym", "block linear(x[d]) -> [d] {\n    return x\n}\n");
    let diagnostic = Diagnostic::new(Code::E0209, span(&sources, file, "width))"), "`linear` takes one argument")
        .cause(span(&sources, other, "linear(x[d])"), "`linear` is defined here");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

#[test]
fn a_diagnostic_without_a_place_is_a_headline() {
    let diagnostic = Diagnostic::without_span(Code::E0217, "gone.sym cannot be read: there is no such file");
    insta::assert_snapshot!(drawn(&Sources::default(), &diagnostic));
}

#[test]
fn a_very_long_line_is_cut_around_the_place() {
    let mut sources = Sources::default();
    let file = sources.add("long.sym", format!("fn f(x) = {}y{}\n", "x + ".repeat(1000), " + x".repeat(1000)));
    let diagnostic = Diagnostic::new(Code::E0201, span(&sources, file, "y"), "nothing is named `y`").label("unknown");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let mut sources = Sources::default();
    let file = sources.add("hostile.sym", "model \u{1b}[31mM {}\n");
    let diagnostic = Diagnostic::new(Code::E0101, Span::new(file, 6, 7), "unexpected \u{1b}[31m").found("\u{1b}");
    let text = drawn(&sources, &diagnostic);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn an_empty_place_at_the_end_of_a_file_is_drawn() {
    let mut sources = Sources::default();
    let file = sources.add("open.sym", "model M {\n    input x[4]\n");
    let end = sources.file(file).text.len() as u32;
    let diagnostic = Diagnostic::new(Code::E0102, Span::new(file, end, end), "`{` is never closed")
        .label("a `}` is missing here")
        .cause(Span::new(file, 8, 9), "opened here");
    insta::assert_snapshot!(drawn(&sources, &diagnostic));
}

mod reports {
    use sym_infer::{Class, StateKind, Status};
    use symc::render::{Style, json, short, table};
    use symc::report::{
        ActionRow, AtWeightsRow, ConservedRow, DecisionRow, DepartureRow, ExpectationRow, Integer, MiniatureRow, ModelReport,
        Outcome, ReasonRow, Report, SpaceRow, StateRow, TrainingReport, TrainingRow, VerifyRow,
    };

    fn action(param: &str, axis: Option<usize>, frame: &str) -> ActionRow {
        ActionRow { param: param.to_string(), axis, frame: frame.to_string() }
    }

    /// A miniature with so many parameters and such a rank, all of whose flat directions are explained.
    fn counted(parameters: u128, rank: u128) -> MiniatureRow {
        let flat = Integer(parameters - rank);
        MiniatureRow {
            sizes: [("fc1.weight".to_string(), vec![flat, Integer(4)])].into(),
            departures: vec![DepartureRow {
                rule: "sums".to_string(),
                text: "a number of units is on another side of a sum of two".to_string(),
                example: "40 + 40 < 4096 became 4 + 4 > 5".to_string(),
            }],
            parameters: Integer(parameters),
            rank: Integer(rank),
            flat,
            explained: flat,
            undecided: Integer(0),
            unexplained: Integer(0),
        }
    }

    fn model() -> ModelReport {
        let space = SpaceRow {
            name: "fc1".to_string(),
            size: Integer(4096),
            group: "positive_monomial(4096)".to_string(),
            class: Class::Linear,
            continuous_dim: Integer(4096),
            log10_order: 13019.5,
            acts_on: vec![
                action("fc1.weight", Some(0), "πλ"),
                action("fc1.bias", Some(0), "πλ"),
                action("head.weight", Some(1), "πλ^-1"),
            ],
            states: vec![StateRow {
                kind: StateKind::DeadUnit,
                description: "a unit with zero weights in and out".to_string(),
                rank: Integer(311_296),
                removed: Integer(75),
                formula: "D − 75".to_string(),
            }],
            conserved: vec![ConservedRow {
                formula: "|fc1.weight[i,:]|² + fc1.bias[i]² − |head.weight[:,i]|²".to_string(),
                count: Integer(4096),
            }],
            status: Status::Verified,
            epsilon_residual: None,
            derivation: vec![ReasonRow {
                text: "`relu` is homogeneous of degree 1: permutations and positive scales".to_string(),
                file: "relu.sym".to_string(),
                line: 3,
                column: 9,
                count: 12,
            }],
            decision: Some(DecisionRow {
                excluded: "GL".to_string(),
                subject: "`relu`".to_string(),
                predicate: "is positively homogeneous of degree 1 and not linear".to_string(),
                file: "relu.sym".to_string(),
                line: 3,
                column: 9,
            }),
        };
        let kept = TrainingRow {
            name: "fc1".to_string(),
            model: "positive_monomial(4096)".to_string(),
            objective: "permutation(4096)".to_string(),
            dynamics: "permutation(4096)".to_string(),
        };
        ModelReport {
            name: "Relu".to_string(),
            file: "relu.sym".to_string(),
            parameters: Integer(311_371),
            masks: None,
            spaces: vec![space],
            continuous_dim: Integer(4096),
            log10_order: 13019.5,
            verify: Some(VerifyRow {
                sizes: [("fc1.weight".to_string(), vec![Integer(5), Integer(4)])].into(),
                miniature: true,
                parameters: Integer(61),
                rank: Integer(56),
                flat: Integer(5),
                explained: Integer(5),
                undecided: Integer(0),
                unexplained: Integer(0),
                max_residual: 3.1e-15,
                sound_at_true_sizes: false,
                too_large: Some(Integer(3 << 30)),
                points: Integer(3),
                examples: Integer(600),
                regional: true,
                least_active: Some(Integer(41)),
                decided: true,
                moved: Vec::new(),
                miniatures: [(61, 56), (98, 92), (143, 136)].map(|(parameters, rank)| counted(parameters, rank)).into(),
                epsilon_residual: None,
                epsilon_on_miniature: false,
            }),
            uncounted: None,
            interventions: Vec::new(),
            effective: None,
            at_weights: Some(AtWeightsRow {
                file: "relu.safetensors".to_string(),
                rank: Some(Integer(55)),
                flat: Some(Integer(6)),
                explained: Some(Integer(5)),
                undecided: Some(Integer(0)),
                unexplained: Some(Integer(1)),
                max_residual: 2.5e-15,
            }),
            training: vec![TrainingReport {
                name: "Fit".to_string(),
                objective: "mse, adam, decoupled decay 0.01".to_string(),
                spaces: vec![kept],
            }],
        }
    }

    fn expectation() -> ExpectationRow {
        ExpectationRow {
            file: "relu.sym".to_string(),
            line: 12,
            text: "flat(Relu) == 4096".to_string(),
            outcome: Outcome::Holds,
            found: Some("4096".to_string()),
        }
    }

    #[test]
    fn a_model_is_drawn_as_tables() {
        let model = model();
        let style = Style::PLAIN;
        insta::assert_snapshot!(
            table::model(&model, style)
                + &table::derivation(&model.name, &model.spaces[0], style)
                + &table::expectations(&[expectation()], style)
        );
    }

    #[test]
    fn a_model_is_listed_one_line_a_fact() {
        insta::assert_snapshot!(short::model(&model()) + &short::expectation(&expectation()));
    }

    #[test]
    fn a_report_is_one_json_document() {
        let report = Report { models: vec![model()], expectations: vec![expectation()], ..Report::default() };
        let value: serde_json::Value = serde_json::from_str(&json::document(&report)).expect("it is JSON");
        insta::assert_json_snapshot!(value);
    }
}
