//! `measure` items: weights that a training run wrote are measured as at its end, under other names too, in other coordinates, and by range.

#[path = "support/mod.rs"]
mod support;

use std::path::Path;
use support::{Ended, symc};

/// A perceptron and heads beside it, trained for some steps in double precision, and the same measured from the file that it wrote.
const FILE: &str = "block heads(x[t, d], heads: int, k: int) -> [heads, t, t] {
    param wq[heads, k, d] stored \"query.weight\" as [(heads k), d]
    param wk[heads, k, d] stored \"key.weight\" as [(heads k), d]
    param bq[heads, k] stored \"query.bias\" as [(heads k)]
    q[h, i, m] = wq[h, m, a] * x[i, a] + bq[h, m]
    logits[h, i, j] = q[h, i, m] * wk[h, m, a] * x[j, a]
    return softmax(logits, over: j)
}
model Net(width: int = 5) {
    input x[16]
    s = heads(reshape(x, [4, 4]), 2, 3, name: \"attn\")
    h = relu(linear(x, width, name: \"fc1\"))
    param mixed[2, 2, 4, 4]
    y = linear(h, 2, name: \"head\")
    output z[e] = y[e] + mixed[e, k, i, j] * s[k, i, j]
}
data Waves = teacher(Net, n: 40) split 10 as test
train Fit = Net() {
    data Waves
    loss mse
    optim gd(lr: 1e-4)
    steps 20
    every 10 measure { PROBES }
}
measure Given on Net from \"out/Fit/seed-0/weights.safetensors\" data Waves gauges 2 { PROBES }
measure Lean on Net from \"out/Fit/seed-0/weights.safetensors\" { norm(fc1), spectrum(attn.wk), ndos_each(attn.2, threshold: 0.5) }
expect gauge_change(Given.product_spectrum(attn.2)) < 1e-12
expect gauge_change(Given.product_rank(attn.2)) == 0
expect gauge_change(Given.loss) < 1e-10
expect gauge_change(Given.feature_rank(h)) == 0
expect gauge_change(Given.joint_energies(attn.2)) > 0.01
expect gauge_change(Given.imbalance(fc1)) > 0.01
expect gauge_change(Given.reduced_parameters) == 0
";

const PROBES: &str = "loss, test_loss, norm, delta(fc1), imbalance(fc1), spectrum(attn.wq), feature_rank(h), sharpness
        reduced_parameters, reduced_test_loss
        product_spectrum(attn.2), product_rank(attn.2), joint_energies(attn.2), ndos(attn.2, threshold: 0.5)
        ndos_each(attn.2, threshold: 0.5)";

fn scratch() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("net.sym"), FILE.replace("PROBES", PROBES)).expect("writable");
    let train = FILE.split("measure Given").next().expect("a first part").replace("PROBES", PROBES);
    std::fs::write(directory.path().join("train.sym"), train).expect("writable");
    let Ended { code, stderr, .. } = symc(directory.path(), &["run", "train.sym", "--out", "out", "--dtype", "f64", "--quiet"]);
    assert_eq!(code, 0, "{stderr}");
    directory
}

fn summary(directory: &Path, record: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(directory.join(record).join("summary.json")).expect("a summary");
    serde_json::from_str(&text).expect("JSON")
}

fn last(summary: &serde_json::Value, seed: usize) -> &serde_json::Map<String, serde_json::Value> {
    summary["seeds"][seed]["last"].as_object().expect("columns")
}

#[test]
fn given_weights_are_measured_as_they_were_at_the_end_of_their_training_and_in_other_coordinates() {
    let directory = scratch();
    let path = directory.path();
    let Ended { code, stdout, stderr } = symc(path, &["measure", "net.sym", "--out", "measured", "--format", "json"]);
    assert_eq!(code, 0, "{stderr}{stdout}");
    let (trained, given) = (summary(path, "out/Fit"), summary(path, "measured/Given"));
    let (trained, own) = (last(&trained, 0), last(&given, 0));
    assert!(own.len() > 30, "{own:?}");
    for (column, value) in own {
        let (value, expected) = (value.as_f64().expect("a number"), trained[column].as_f64().expect("measured in training"));
        assert!((value - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{column}: {value} {expected}");
    }
    assert_eq!(given["seeds"].as_array().map(Vec::len), Some(3));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("one document");
    let rows = report["measurements"][0]["measured"].as_array().expect("rows");
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {rows:?}"));
    assert_eq!(row("ndos_each(attn.2)")["values"], 2);
    assert_eq!(row("joint_energies(attn.2)")["values"], 6);
    assert!(report["measurements"][1]["measured"][0]["gauge_change"].is_null());
}

#[test]
fn what_does_not_fit_or_is_not_there_is_said_before_anything_is_written() {
    let directory = scratch();
    let path = directory.path();
    let cases = [
        ("fc1", "fc9", "E0607", "`fc9.weight`"),
        ("width: int = 5", "width: int = 6", "E0607", "of another shape"),
        ("out/Fit/seed-0", "out/Fit/seed-7", "E0601", "weights.safetensors"),
    ];
    let text = FILE.split("measure Given").next().expect("a first part").split("train Fit").next().expect("models and data");
    for (from, to, code, word) in cases {
        let own =
            format!("{text}measure Given on Net from \"out/Fit/seed-0/weights.safetensors\" {{ norm }}\n").replace(from, to);
        std::fs::write(path.join("wrong.sym"), own).expect("writable");
        let ended = symc(path, &["measure", "wrong.sym", "--out", "wrong", "--format", "short"]);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert!(ended.stderr.contains(code) && ended.stderr.contains(word), "{}", ended.stderr);
        assert!(!path.join("wrong").exists());
    }
    std::fs::write(path.join("map.sym"), format!("{text}measure Given on Net from \"x\" names hf.bret {{ norm }}\n"))
        .expect("writable");
    let ended = symc(path, &["measure", "map.sym", "--format", "short"]);
    assert!(ended.stderr.contains("E0201") && ended.stderr.contains("`hf.bert`"), "{}", ended.stderr);
    let ended = symc(path, &["check", "map.sym", "--format", "short"]);
    assert!(ended.code == 1 && ended.stderr.contains("there is no map of names `hf.bret`"), "{}", ended.stderr);
    std::fs::write(path.join("none.sym"), text).expect("writable");
    assert_eq!(symc(path, &["measure", "none.sym"]).code, 2);
}

#[test]
fn an_imported_spec_measures_the_file_that_it_is_for() {
    let directory = scratch();
    let path = directory.path();
    let weights = "out/Fit/seed-0/weights.safetensors";
    let printed = symc(path, &["import", weights, "--name", "Net"]);
    assert!(printed.stdout.contains("model Net()") && printed.stdout.contains("// Not inferred: "), "{}", printed.stdout);
    let ended = symc(path, &["import", weights, "--out", "imported.sym"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let ended = symc(path, &["measure", "imported.sym", "--out", "imported", "--quiet"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let (trained, imported) = (summary(path, "out/Fit"), summary(path, "imported/Weights"));
    let (expected, found) =
        (last(&trained, 0)["norm"].as_f64().expect("a norm"), last(&imported, 0)["norm"].as_f64().expect("a norm"));
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    // Nothing is written over, and bad input is said.
    assert_eq!(symc(path, &["import", weights, "--out", "imported.sym"]).code, 1);
    assert_eq!(symc(path, &["import", "net.sym"]).code, 1);
    assert_eq!(symc(path, &["import", weights, "--name", "9 lives"]).code, 2);
}

#[test]
fn the_command_line_names_another_file() {
    let directory = scratch();
    let path = directory.path();
    std::fs::rename(path.join("out/Fit/seed-0/weights.safetensors"), path.join("moved.safetensors")).expect("moved");
    let arguments = [
        "measure",
        "net.sym",
        "--set",
        "Given.from=\"moved.safetensors\"",
        "--set",
        "Lean.from=\"moved.safetensors\"",
        "--quiet",
    ];
    let ended = symc(path, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

#[test]
fn what_no_change_of_gauge_moves_has_no_change_and_fails_claims_about_it() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let path = directory.path();
    let train = "model Net { input x[4]  output linear(tanh(linear(x, 3, name: \"fc1\")), 1, name: \"fc2\") }
data Waves = teacher(Net, n: 20)
train Fit = Net() { data Waves  loss mse  optim gd(lr: 0.1)  steps 2  every 1 measure { loss } }
";
    std::fs::write(path.join("train.sym"), train).expect("writable");
    assert_eq!(symc(path, &["run", "train.sym", "--out", "out", "--quiet"]).code, 0);
    let measure = "measure Given on Net from \"out/Fit/seed-0/weights.safetensors\" gauges 2 { norm, delta(fc1) }
expect gauge_change(Given.delta(fc1)) < 1e-9
";
    std::fs::write(path.join("net.sym"), format!("{train}{measure}")).expect("writable");
    // Signs and exchanges are not connected with the identity: there is nothing to move by.
    let Ended { code, stdout, stderr } = symc(path, &["measure", "net.sym", "--out", "measured"]);
    assert_eq!(code, 1, "{stderr}{stdout}");
    let row = stdout.lines().find(|line| line.trim_start().starts_with("delta(fc1)")).expect("a row");
    assert!(row.trim_end().ends_with('–'), "{row}");
    assert!(stdout.contains("fails"), "{stdout}");
}

/// A safetensors file of matrices in double precision.
fn safetensors(tensors: &[(&str, &[usize], &[f64])]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let begin = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let tensor = serde_json::json!({ "dtype": "F64", "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert((*name).to_string(), tensor);
    }
    let header = serde_json::Value::Object(header).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

#[test]
fn heads_of_known_factors_have_their_energies_products_and_ranks() {
    // Head 0: W_Qᵀ W_K = diag(2, 1, 0.01, 0). Head 1: 3e₀ · 2e₁ᵀ and, through the bias, a further row 4e₂ᵀ; its third direction is unused.
    #[rustfmt::skip]
    let (query, key) = (
        [2.0, 0.0, 0.0, 0.0,   0.0, 1.0, 0.0, 0.0,   0.0, 0.0, 0.01, 0.0,
         3.0, 0.0, 0.0, 0.0,   0.0, 0.0, 0.0, 0.0,   0.0, 0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 0.0,   0.0, 1.0, 0.0, 0.0,   0.0, 0.0, 1.0, 0.0,
         0.0, 2.0, 0.0, 0.0,   0.0, 0.0, 1.0, 0.0,   0.0, 0.0, 0.0, 0.0],
    );
    let bias = [0.0, 0.0, 0.0, 0.0, 4.0, 0.0];
    let directory = tempfile::tempdir().expect("a scratch directory");
    let tensors: [(&str, &[usize], &[f64]); 3] =
        [("attn.query.weight", &[6, 4], &query), ("attn.key.weight", &[6, 4], &key), ("attn.query.bias", &[6], &bias)];
    std::fs::write(directory.path().join("heads.safetensors"), safetensors(&tensors)).expect("writable");
    let model = FILE.split("data Waves").next().expect("the model");
    let measured = "measure Heads on Net from \"heads.safetensors\" {
        joint_energies(attn.2), product_spectrum(attn.2), product_rank(attn.2, threshold: 0.01)
        ndos_each(attn.2, threshold: 1.2, group: rotation), ndos(attn.2, threshold: 1.2, group: rotation)
    }";
    std::fs::write(directory.path().join("heads.sym"), format!("{model}{measured}\n")).expect("writable");
    let Ended { code, stdout, stderr } = symc(directory.path(), &["measure", "heads.sym", "--out", "out"]);
    assert_eq!(code, 0, "{stderr}{stdout}");
    let found = summary(directory.path(), "out/Heads");
    let of = |name: &str, count: usize| -> Vec<f64> {
        let column = |at: usize| last(&found, 0)[&format!("{name}(attn.2)[{at}]")].as_f64().expect("a number");
        (0..count).map(column).collect()
    };
    let close = |name: &str, expected: [f64; 6]| {
        let values = of(name, 6);
        for (values, expected) in values.chunks(3).zip(expected.chunks(3)) {
            let mut values = values.to_vec();
            values.sort_by(|one, other| other.total_cmp(one));
            assert!(
                values.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-12),
                "{name}: {values:?} {expected:?}"
            );
        }
    };
    // W_Q W_Qᵀ + b bᵀ + W_K W_Kᵀ of each head is diagonal.
    close("joint_energies", [5.0, 2.0, 1.0001, 17.0, 13.0, 0.0]);
    close("product_spectrum", [2.0, 1.0, 0.01, 6.0, 4.0, 0.0]);
    // Above 0.02 in the first head and 0.06 in the second.
    assert_eq!(last(&found, 0)["product_rank(attn.2)"], 4.0);
    // √1.0001 is below 1.2 and √2 is not; 0 is.
    assert_eq!(of("ndos_each", 2), [1.0, 1.0]);
    assert_eq!(last(&found, 0)["ndos(attn.2)"], 2.0);
}

#[test]
fn reduced_rank_regression_with_true_map_zero_has_the_known_learning_coefficients() {
    const EXAMPLES: f64 = 117_000.0;
    let train = |name: &str, hidden: u32| {
        format!(
            "train {name} = Net(hidden: {hidden}) {{
                data Nothing  loss mse  init constant(0)  optim gd(lr: 1e-6)  steps 1
                every 1 measure {{ learning_coefficient(chains: 8, draws: 40_000, burn_in: 8_000, step: 1e-5, examples: 32) }}
            }}
            "
        )
    };
    let text = format!(
        "model Net(hidden: int) {{
            input x[5]
            output linear(linear(x, hidden, bias: false, name: \"a\"), 5, bias: false, name: \"b\")
        }}
        model Zero {{ input x[5]  output linear(x, 5, bias: false, name: \"w\") }}
        data Nothing = teacher(Zero, init: constant(0), n: {EXAMPLES})
        {}{}",
        train("Three", 3),
        train("Four", 4)
    );
    let directory = tempfile::tempdir().expect("a scratch directory");
    std::fs::write(directory.path().join("zero.sym"), text).expect("writable");
    let Ended { code, stderr, .. } = symc(directory.path(), &["run", "zero.sym", "--out", "out", "--dtype", "f64", "--quiet"]);
    assert_eq!(code, 0, "{stderr}");
    // Aoyagi and Watanabe 2005. At a finite nβ the leading correction is at most 1/ln nβ; those beyond it are taken as no larger. The loss, a mean over five
    // outputs, is 2/5 of a negative logarithm of a density.
    let correction = 2.0 / (0.4 * EXAMPLES / EXAMPLES.ln()).ln();
    for (name, exact) in [("Three", 6.5), ("Four", 8.0)] {
        let found = summary(directory.path(), &format!("out/{name}"));
        let value = |column: &str| last(&found, 0)[column].as_f64().expect("a number");
        let (mean, error) = (value("learning_coefficient"), value("learning_coefficient.error"));
        assert!(error < 0.1 && (mean - exact).abs() < 4.0 * error + correction, "{name}: {mean} ± {error}, exact {exact}");
    }
}
