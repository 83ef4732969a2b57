//! Weights from files: training that starts from them, proofs at them, and files that do not fit.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::{Ended, symc};

/// A model with a run that writes its weights, and one that starts from them.
const FIRST: &str = "model Mlp(width: int = 4) {
    input x[3]
    output linear(tanh(linear(x, width, name: \"fc1\")), 2, name: \"head\")
}
data Waves = teacher(Mlp, n: 20)
train Fit = Mlp() { data Waves loss mse optim gd(lr: 0.1) steps 3 seeds [5] }
";

const WEIGHTS: &str = "first/Fit/seed-5/weights.safetensors";

/// A directory with the weights of [`FIRST`] in it.
fn trained() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    write(directory.path(), FIRST);
    let ended = symc(directory.path(), &["run", "example.sym", "--out", "first", "--dtype", "f64"]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    directory
}

fn write(directory: &Path, text: &str) {
    std::fs::write(directory.join("example.sym"), text).expect("the scratch directory is writable");
}

/// Runs [`FIRST`] with other initial values.
fn run_from(directory: &Path, init: &str) -> Ended {
    write(directory, &FIRST.replace("loss mse", &format!("loss mse init {init}")));
    symc(directory, &["run", "example.sym", "--out", "second", "--dtype", "f64", "--format", "json"])
}

fn check_at(directory: &Path, text: &str, weights: &str) -> Ended {
    write(directory, text);
    symc(directory, &["check", "example.sym", "--verify", "--weights", weights, "--format", "json"])
}

mod training {
    use super::*;

    #[test]
    fn it_starts_from_the_weights_of_a_file() {
        let directory = trained();
        let ended = run_from(directory.path(), &format!("from(\"{WEIGHTS}\")"));
        assert_eq!(ended.code, 0, "{}", ended.stdout);
        let read = |record: &str| {
            let path = directory.path().join(record).join("Fit");
            sym_runtime::record::Record::open(&path).expect("a record").settings.resolved
        };
        assert_eq!(read("first")["init_hash"], serde_json::Value::Null);
        assert!(read("second")["init_hash"].is_string());
        // Three steps and three steps from there are six steps.
        write(directory.path(), &FIRST.replace("steps 3", "steps 6"));
        assert_eq!(symc(directory.path(), &["run", "example.sym", "--out", "six", "--dtype", "f64"]).code, 0);
        let weights =
            |record: &str| std::fs::read(directory.path().join(record).join("Fit/seed-5/weights.safetensors")).expect("weights");
        assert_eq!(weights("second"), weights("six"));
    }

    #[test]
    fn with_patterns_only_what_they_select_comes_from_the_file() {
        let directory = trained();
        let larger = FIRST.replace("head", "readout").replace("loss mse", &format!("loss mse init from(\"{WEIGHTS}\", fc1)"));
        write(directory.path(), &larger);
        let ended = symc(directory.path(), &["run", "example.sym", "--out", "second", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (0, vec![]), "{}", ended.stdout);
    }

    #[test]
    fn a_record_whose_initial_weights_have_changed_is_not_resumed() {
        let directory = trained();
        let start = directory.path().join("start.safetensors");
        std::fs::copy(directory.path().join(WEIGHTS), &start).expect("a copy");
        assert_eq!(run_from(directory.path(), "from(\"start.safetensors\")").code, 0);
        let mut bytes = std::fs::read(&start).expect("the copy");
        *bytes.last_mut().expect("it is not empty") ^= 1;
        std::fs::write(&start, bytes).expect("the scratch directory is writable");
        let ended = symc(directory.path(), &["run", "example.sym", "--resume", "second", "--dtype", "f64", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0605".to_string()]));
    }

    #[test]
    fn a_file_that_is_missing_damaged_or_of_another_model_is_an_error_at_the_field_that_names_it() {
        let directory = trained();
        std::fs::write(directory.path().join("broken.safetensors"), b"no weights").expect("the scratch directory is writable");
        std::fs::write(directory.path().join("broken.pt"), b"no weights").expect("the scratch directory is writable");
        for (init, code) in [
            ("from(\"gone.safetensors\")", "E0601"),
            ("from(\"gone.pt\")", "E0601"),
            ("from(\".\")", "E0601"),
            ("from(\"broken.safetensors\")", "E0602"),
            ("from(\"broken.pt\")", "E0602"),
            ("from()", "E0210"),
            ("from(3)", "E0211"),
            (&format!("from(\"{WEIGHTS}\", fc9)"), "E0221"),
        ] {
            let ended = run_from(directory.path(), init);
            assert_eq!((ended.code, ended.codes()), (1, vec![code.to_string()]), "{init}\n{}", ended.stdout);
            assert_eq!(ended.json()["diagnostics"][0]["line"], 6, "{init}");
        }
    }

    #[test]
    fn a_misfit_names_every_tensor_and_the_likely_misspelling() {
        let directory = trained();
        write(
            directory.path(),
            &FIRST
                .replace("width: int = 4", "width: int = 5")
                .replace("head", "haed")
                .replace("loss mse", &format!("loss mse init from(\"{WEIGHTS}\")")),
        );
        let ended = symc(directory.path(), &["run", "example.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0607".to_string()]));
        let diagnostic = &ended.json()["diagnostics"][0];
        let text = |field: &str| diagnostic[field].as_str().unwrap_or_default().to_string();
        assert!(text("message").contains("2 tensors are missing, 2 tensors are not of the model, 2 tensors have another shape"));
        assert!(
            text("found").contains("`head.weight` [2, 4]") && text("expected").contains("`fc1.weight` [5, 3]"),
            "{diagnostic}"
        );
        assert!(text("help").contains("`head.weight` in the file may be `haed.weight`"), "{diagnostic}");
    }
}

mod proof {
    use super::*;

    #[test]
    fn the_symmetries_are_proved_at_the_weights_of_a_file_too() {
        let directory = trained();
        let ended = check_at(directory.path(), FIRST, WEIGHTS);
        assert_eq!((ended.code, ended.codes()), (0, vec![]), "{}", ended.stdout);
        let found = &ended.json()["models"][0]["at_weights"];
        assert_eq!((&found["file"], &found["flat"], &found["unexplained"]), (&WEIGHTS.into(), &0.into(), &0.into()));
        assert!(found["max_residual"].as_f64().is_some_and(|residual| residual < 1e-9));
    }

    #[test]
    fn directions_that_are_flat_at_special_weights_only_are_a_warning() {
        let directory = trained();
        // Two units alike: their output weights can be traded, and so on.
        assert_eq!(run_from(directory.path(), "merged(fc1)").code, 0);
        let ended = check_at(directory.path(), FIRST, "second/Fit/seed-5/weights.safetensors");
        assert_eq!((ended.code, ended.codes()), (0, vec!["E0303".to_string()]), "{}", ended.stdout);
        let model = &ended.json()["models"][0];
        assert_eq!(model["verify"]["unexplained"], 0);
        assert!(model["at_weights"]["unexplained"].as_u64().is_some_and(|count| count > 0));
    }

    #[test]
    fn weights_without_a_proof_are_wrong_usage() {
        let directory = trained();
        assert_eq!(symc(directory.path(), &["check", "example.sym", "--weights", WEIGHTS]).code, 2);
    }

    #[test]
    fn a_file_of_another_model_is_an_error() {
        let directory = trained();
        let ended = check_at(directory.path(), &FIRST.replace("width: int = 4", "width: int = 5"), WEIGHTS);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0607".to_string()]));
        assert_eq!(check_at(directory.path(), FIRST, "gone.safetensors").codes(), ["E0601"]);
    }
}
