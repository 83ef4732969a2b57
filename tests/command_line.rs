//! The command line as a process: exit codes, output forms, bad input.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::{Ended, Process, scratch, symc, with_file};

const GOOD: &str = "model Mlp(width: int = 4) {
    input x[3]
    h = tanh(linear(x, width, name: \"fc1\"))
    output linear(h, 2, name: \"head\")
}
expect symmetry(Mlp.fc1) == signed_permutation(4)
";

fn check(text: impl AsRef<[u8]>) -> Ended {
    with_file(text, &["check", "example.sym", "--format", "json"])
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// All example files, as paths from the root.
fn examples() -> Vec<String> {
    let mut files = vec!["examples/quickstart.sym".to_string()];
    for folder in ["examples/gallery", "examples/paper", "examples/beyond", "examples/pretrained"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
        files.extend(
            names
                .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "sym"))
                .map(|name| format!("{folder}/{name}")),
        );
    }
    files.sort();
    files
}

mod usage {
    use super::*;

    #[test]
    fn help_and_version_succeed() {
        assert_eq!(symc(root(), &["--help"]).code, 0);
        assert!(symc(root(), &["--version"]).stdout.starts_with("symc "));
    }

    #[test]
    fn wrong_usage_is_exit_code_two() {
        for arguments in
            [&[][..], &["chekc"], &["check"], &["check", "--format", "xml", "a.sym"], &["run", "a.sym", "--set", "steps=3"]]
        {
            assert_eq!(symc(root(), arguments).code, 2, "{arguments:?}");
        }
    }

    #[test]
    fn a_model_or_space_that_no_file_has_is_wrong_usage_with_a_suggestion() {
        let ended = with_file(GOOD, &["check", "example.sym", "--model", "Mpl"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("a similar one is Mlp"), "{}", ended.stderr);
        assert_eq!(with_file(GOOD, &["check", "example.sym", "--explain", "nothing"]).code, 2);
    }
}

mod check {
    use super::*;

    fn check_json(arguments: &[&str]) -> serde_json::Value {
        let ended = symc(root(), arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.stdout);
        serde_json::from_str(&ended.stdout).expect("one JSON document")
    }

    #[test]
    fn every_example_is_proved_and_its_static_expectations_hold() {
        for file in examples() {
            // Large models are analysed here and proved by their own runs: a proof on a miniature takes longer than a test should.
            let analysed = check_json(&["check", "--format", "json", &file]);
            let large = |model: &serde_json::Value| model["parameters"].as_u64().is_none_or(|parameters| parameters > 2000);
            if !file.ends_with("fig02.sym") && analysed["models"].as_array().expect("models").iter().any(large) {
                continue;
            }
            let report = check_json(&["check", "--verify", "--format", "json", &file]);
            let spaces =
                report["models"].as_array().expect("models").iter().flat_map(|model| model["spaces"].as_array().expect("spaces"));
            for space in spaces {
                assert_eq!(space["status"], "verified", "{file}: {}", space["name"]);
            }
        }
    }

    #[test]
    fn a_good_file_succeeds_in_every_form() {
        for format in ["human", "short", "json"] {
            let ended = with_file(GOOD, &["check", "example.sym", "--format", format]);
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{}", ended.stdout);
            assert!(ended.stdout.contains("signed_permutation(4)"), "{}", ended.stdout);
        }
    }

    #[test]
    fn the_json_document_has_the_documented_fields() {
        let report = check(GOOD).json();
        assert_eq!(report["schema"], 1);
        let model = &report["models"][0];
        assert_eq!((&model["name"], &model["parameters"]), (&"Mlp".into(), &26.into()));
        let space = &model["spaces"][0];
        assert_eq!((&space["name"], &space["size"], &space["status"]), (&"fc1".into(), &4.into(), &"derived".into()));
        for field in ["group", "class", "continuous_dim", "log10_order", "acts_on", "states"] {
            assert!(!space[field].is_null(), "{field}");
        }
        for field in ["param", "axis", "frame"] {
            assert!(!space["acts_on"][0][field].is_null(), "{field}");
        }
        assert_eq!((&model["verify"], &report["expectations"][0]["outcome"]), (&serde_json::Value::Null, &"holds".into()));
    }

    #[test]
    fn verifying_counts_flat_directions() {
        let ended = with_file(GOOD, &["check", "example.sym", "--verify", "--format", "json"]);
        assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
        let model = &ended.json()["models"][0];
        assert_eq!((&model["spaces"][0]["status"], &model["verify"]["unexplained"]), (&"verified".into(), &0.into()));
    }

    #[test]
    fn an_assumption_about_another_number_of_units_is_an_error_without_a_row() {
        let text = GOOD
            .replace("tanh", "relu")
            .replace("expect symmetry(Mlp.fc1) == signed_permutation(4)", "assume symmetry(Mlp.fc1) == permutation(7)");
        for arguments in
            [&["check", "example.sym", "--format", "json"][..], &["check", "example.sym", "--verify", "--format", "json"]]
        {
            let ended = with_file(&text, arguments);
            assert_eq!((ended.code, ended.codes()), (1, vec!["E0302".to_string()]));
            let report = ended.json();
            let spaces = report["models"][0]["spaces"].as_array().expect("spaces");
            assert_eq!((spaces.len(), &spaces[0]["group"]), (1, &"positive_monomial(4)".into()));
        }
    }

    #[test]
    fn a_failed_expectation_is_exit_code_one_and_points_at_its_line() {
        let ended = check(GOOD.replace("signed_permutation(4)", "permutation(4)"));
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0301".to_string()]));
        let report = ended.json();
        assert_eq!((&report["diagnostics"][0]["line"], &report["expectations"][0]["outcome"]), (&6.into(), &"fails".into()));
    }

    #[test]
    fn a_probe_that_the_symmetries_of_its_model_do_not_allow_is_an_error_before_any_run() {
        let run = |model: &str, probes: &str| {
            let train = format!(
                "model Mixed() = Mlp with {{ remove permutation, sign by sigma_asymmetric }}
data D = teacher(Mlp, init: kaiming, n: 8)
train T = {model} {{ data D  loss mse  optim gd(lr: 0.1)  steps 2  every 1 measure {{ {probes} }} }}
"
            );
            check(format!("{GOOD}{train}")).codes()
        };
        let probes = ["ndosb(fc1, threshold: 0.1, group: permutation)", "distinct(fc1, threshold: 0.1)"];
        for probe in probes {
            assert_eq!(run("Mixed", probe), ["E0211"], "{probe}");
            assert!(run("Mlp", probe).is_empty(), "{probe}");
        }
        assert_eq!(run("Mlp", "ndosb(fc1, threshold: 0.1, group: scale)"), ["E0211"]);
    }

    #[test]
    fn all_forms_carry_the_same_diagnostics() {
        let bad = GOOD.replace("h = tanh(linear(x", "h = tanh(linera(x").replace("Mlp.fc1", "Mpl.fc1");
        let codes = check(&bad).codes();
        assert!(!codes.is_empty());
        for format in ["human", "short"] {
            let ended = with_file(&bad, &["check", "example.sym", "--format", format]);
            assert_eq!(ended.code, 1);
            for code in &codes {
                assert_eq!(
                    ended.stderr.matches(code).count(),
                    codes.iter().filter(|other| *other == code).count(),
                    "{code} in {format}:\n{}",
                    ended.stderr
                );
            }
        }
    }

    #[test]
    fn an_error_in_one_file_hides_no_other_file() {
        let directory = scratch(GOOD);
        std::fs::write(directory.path().join("bad.sym"), "model M { output }").expect("the scratch directory is writable");
        let ended = symc(directory.path(), &["check", "bad.sym", "example.sym", "gone.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.json()["models"].as_array().map(Vec::len)), (1, Some(1)));
        assert!(ended.codes().contains(&"E0217".to_string()));
    }

    #[test]
    fn a_derivation_names_the_operation_that_decided() {
        let ended = with_file(GOOD, &["check", "example.sym", "--explain", "fc1"]);
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("example.sym:3:") && ended.stdout.contains("tanh"), "{}", ended.stdout);
    }

    #[test]
    fn colours_follow_the_flag() {
        let colored = with_file(GOOD, &["check", "example.sym", "--color", "always"]);
        assert!(colored.stdout.contains('\u{1b}'));
        assert!(!with_file(GOOD, &["check", "example.sym"]).stdout.contains('\u{1b}'));
    }

    #[test]
    fn quiet_prints_failures_only() {
        let ended = with_file(GOOD, &["check", "example.sym", "-q"]);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (0, "", ""));
        assert!(with_file("model M { output }", &["check", "example.sym", "-q"]).stderr.contains("E0"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_report_that_cannot_be_written_is_an_error() {
        let directory = scratch(GOOD);
        let full = std::fs::File::options().write(true).open("/dev/full").expect("the device that is always full");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_symc"))
            .args(["check", "example.sym", "--format", "json"])
            .current_dir(directory.path())
            .stdout(full)
            .output()
            .expect("symc ends");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && text.contains("E0603"), "{text}");
    }

    #[test]
    fn an_internal_error_has_a_code_of_its_own_and_says_what_to_report() {
        for (format, stream) in [("human", false), ("short", false), ("json", true)] {
            let directory = scratch(GOOD);
            let variables = [("SYMC_REHEARSE", "internal-error")];
            let ended = Process::start(directory.path(), &["check", "example.sym", "--format", format], &variables).end();
            assert_eq!(ended.code, 101);
            assert!(ended.stderr.contains("error[E0901]: internal error at") && ended.stderr.contains("report this text"));
            assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
            assert_eq!(!ended.stdout.is_empty(), stream, "{format}");
        }
    }

    #[test]
    fn a_reader_that_goes_away_changes_nothing() {
        let directory = scratch(GOOD);
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_symc"))
            .args(["check", "example.sym"])
            .current_dir(directory.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("symc starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("symc ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    }
}

mod bad_input {
    use super::*;

    #[test]
    fn a_missing_file_is_an_error() {
        let ended = with_file("", &["check", "gone.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0217".to_string()]));
    }

    #[test]
    fn a_directory_is_an_error() {
        let ended = with_file("", &["check", ".", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0217".to_string()]));
    }

    #[test]
    fn an_empty_file_is_a_warning() {
        for text in ["", "  \n", "// nothing\n"] {
            let ended = check(text);
            assert_eq!((ended.code, ended.codes()), (0, vec!["E0110".to_string()]), "{text:?}");
        }
        assert_eq!(with_file("", &["check", "example.sym", "--strict"]).code, 1);
    }

    #[test]
    fn a_file_that_is_no_utf8_text_is_an_error() {
        let ended = check(b"model M {\n\xff\xfe\x00\x01");
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0109".to_string()]));
        assert_eq!(ended.json()["diagnostics"][0]["line"], 2);
    }

    #[test]
    fn a_binary_file_of_valid_characters_ends_with_an_error() {
        let bytes: Vec<u8> = (0..4096u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 25) as u8).collect();
        assert_eq!(check(bytes).code, 1);
    }

    #[test]
    fn a_line_of_ten_megabytes_ends_with_an_error_of_a_few_lines() {
        let text = format!("model M {{ input x[4] output x{} }}", " + x".repeat(2_500_000));
        for format in ["human", "short"] {
            let ended = with_file(&text, &["check", "example.sym", "--format", format]);
            assert_eq!(ended.code, 1);
            assert!(ended.stderr.len() < 10_000, "{} bytes", ended.stderr.len());
        }
    }

    #[test]
    fn a_file_beyond_the_size_limit_is_an_error() {
        let directory = scratch("");
        let file = std::fs::File::create(directory.path().join("huge.sym")).expect("the scratch directory is writable");
        file.set_len(65 << 20).expect("sparse files work");
        let ended = symc(directory.path(), &["check", "huge.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0108".to_string()]));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        for bracket in ["(", "[", "{"] {
            let ended = check(format!("model M {{ input x[4] output {}x }}", bracket.repeat(100_000)));
            assert_eq!((ended.code, ended.codes()), (1, vec!["E0107".to_string()]), "{bracket}");
        }
    }

    #[test]
    fn files_that_use_each_other_are_an_error() {
        let directory = scratch("use \"./other.sym\"\n");
        std::fs::write(directory.path().join("other.sym"), "use \"example.sym\"\n").expect("the scratch directory is writable");
        let ended = symc(directory.path(), &["check", "./example.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0216".to_string()]));
    }

    #[test]
    fn sizes_beyond_counting_are_an_error() {
        let ended = check("model M { input x[4] output linear(x, 10^30 * 10^30) }");
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0207".to_string()]));
    }
}

mod fmt {
    use super::*;

    #[test]
    fn check_reports_and_changes_nothing_then_fmt_writes_and_check_succeeds() {
        let text = "model   M { // a comment\ninput x[4]  output x }";
        let directory = scratch(text);
        let read = || std::fs::read_to_string(directory.path().join("example.sym")).expect("the file is there");
        assert_eq!(symc(directory.path(), &["fmt", "--check", "example.sym"]).code, 1);
        assert_eq!(read(), text);
        assert_eq!(symc(directory.path(), &["fmt", "example.sym"]).code, 0);
        assert!(read().contains("// a comment"));
        assert_eq!(symc(directory.path(), &["fmt", "--check", "example.sym"]).code, 0);
    }

    #[test]
    fn a_file_with_syntax_errors_stays_as_it_is() {
        let directory = scratch("model M { input ");
        let ended = symc(directory.path(), &["fmt", "example.sym"]);
        assert_eq!(ended.code, 1);
        assert!(ended.stderr.contains("example.sym:1"), "{}", ended.stderr);
        assert_eq!(std::fs::read_to_string(directory.path().join("example.sym")).expect("the file is there"), "model M { input ");
    }

    #[test]
    fn every_example_is_laid_out() {
        let files = examples();
        assert!(files.len() >= 10, "{files:?}");
        let arguments: Vec<&str> = ["fmt", "--check"].into_iter().chain(files.iter().map(String::as_str)).collect();
        let ended = symc(root(), &arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
    }
}

mod explain {
    use super::*;

    #[test]
    fn a_code_or_its_name_prints_its_page() {
        let page = symc(root(), &["explain", "E0203"]);
        assert_eq!(page.code, 0);
        assert!(page.stdout.starts_with("# E0203 shape-mismatch"));
        assert_eq!(symc(root(), &["explain", "shape-mismatch"]).stdout, page.stdout);
    }

    #[test]
    fn an_unknown_code_is_wrong_usage_with_a_suggestion() {
        let ended = symc(root(), &["explain", "shape-mismach"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("shape-mismatch"), "{}", ended.stderr);
    }
}

mod lower {
    use super::*;

    #[test]
    fn the_tensor_program_names_its_parameters() {
        let ended = with_file(GOOD, &["lower", "example.sym", "--emit", "ir"]);
        assert_eq!(ended.code, 0);
        assert!(ended.stdout.contains("fc1.weight"), "{}", ended.stdout);
    }
}

mod doctor {
    use super::*;

    fn backends() -> Vec<serde_json::Value> {
        let report = symc(root(), &["doctor", "--format", "json"]).json();
        report["backends"].as_array().expect("backends").clone()
    }

    #[test]
    fn it_knows_what_built_the_tool_and_what_the_kernels_use() {
        let ended = symc(root(), &["doctor", "--format", "json"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
        let report = ended.json();
        assert_eq!((&report["schema"], &report["symc"]), (&1.into(), &env!("CARGO_PKG_VERSION").into()));
        assert!(report["rustc"].as_str().expect("a version").starts_with("rustc 1."), "{report}");
        assert!(["portable", "NEON", "AVX2", "AVX-512"].contains(&report["instructions"].as_str().expect("a name")), "{report}");
        assert!(report["threads"].as_u64().expect("a number") >= 1);
    }

    #[test]
    fn the_cpu_backends_are_always_there_in_the_pinned_version_of_burn() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest of the workspace");
        for name in ["cpu", "flex"] {
            let row = backends().into_iter().find(|row| row["name"] == name).expect("a row");
            assert_eq!((&row["built_in"], &row["devices"]), (&true.into(), &serde_json::json!(["CPU"])), "{name}");
            let version =
                row["libraries"].as_str().and_then(|libraries| libraries.strip_prefix("burn ")).expect("burn's version");
            assert!(manifest.contains(&format!("\nburn = {{ version = \"={version}\"")), "{version}");
        }
    }

    #[test]
    fn a_backend_that_is_not_built_in_is_refused_with_the_way_to_get_it() {
        assert_eq!(backends().len(), 6);
        for row in backends().iter().filter(|row| row["built_in"] == false) {
            let name = row["name"].as_str().expect("a name");
            let ended = with_file(GOOD, &["run", "example.sym", "--backend", name, "--format", "json"]);
            assert_eq!((ended.code, ended.codes()), (2, vec!["E0502".to_string()]), "{name}");
            let help = ended.json()["diagnostics"][0]["help"].as_str().expect("help").to_string();
            assert!(help.contains(row["how_to_get"].as_str().expect("a command")), "{help}");
            assert!(help.contains(&format!("--features {name}")), "{help}");
        }
    }

    #[test]
    fn all_forms_name_every_backend() {
        for format in ["human", "short"] {
            let ended = symc(root(), &["doctor", "--format", format]);
            assert_eq!(ended.code, 0);
            for row in backends() {
                assert!(ended.stdout.contains(row["name"].as_str().expect("a name")), "{}", ended.stdout);
            }
        }
    }
}

mod verify {
    use super::*;

    #[test]
    fn a_theorem_that_no_file_has_is_wrong_usage() {
        assert_eq!(with_file(GOOD, &["verify", "example.sym", "--theorem", "Nothing"]).code, 2);
    }

    #[test]
    fn a_file_without_theorems_has_nothing_to_execute() {
        let ended = with_file(GOOD, &["verify", "example.sym"]);
        assert_eq!(ended.code, 0);
        assert!(ended.stderr.contains("there is no theorem in example.sym: nothing to execute"), "{}", ended.stderr);
    }

    #[test]
    fn a_state_that_the_activation_does_not_allow_is_an_error() {
        let text = GOOD.replace("tanh", "relu").replace("signed_permutation", "positive_monomial")
            + "theorem T on Mlp() { state merge_signed fc1 into 2 optim gd(lr: 0.01) steps 5 expect divergence < 1e-9 }\n";
        let ended = with_file(text, &["verify", "example.sym", "--format", "json"]);
        assert_eq!((ended.code, ended.codes()), (1, vec!["E0401".to_string()]));
    }
}
