//! What a report says of a proof: each `tests/proofs/NAME.sym` has what `check --verify` prints of it beside it, as text and as JSON.

#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use serde_json::Value;
use std::path::Path;
use support::symc;

/// The lines of a report that tell of the proof, with `#` for measured numbers, which rounding decides.
fn told(stdout: &str) -> String {
    let masked = |word: &str| {
        let digits = word.trim_matches(|char: char| "();,".contains(char));
        let number = digits.contains('e') && digits.parse::<f64>().is_ok();
        if number { word.replace(digits, "#") } else { word.to_string() }
    };
    let masked = |line: &str| line.split(' ').map(masked).collect::<Vec<_>>().join(" ");
    let status = |line: &&str| ["verified", "approximate", "refuted", "derived"].iter().any(|word| line.contains(word));
    let rows = stdout.lines().filter(status);
    let proof = stdout.lines().skip_while(|line| !line.starts_with("proof")).take_while(|line| !line.is_empty());
    rows.chain(proof).map(|line| masked(line.trim_end()) + "\n").collect()
}

/// A document without shapes, and with `#` for measured numbers.
fn masked(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => "#".into(),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "sizes");
            Value::Object(kept.map(|(name, field)| (name.clone(), masked(field))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn reports_say_what_was_proved_how_and_what_was_not() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/proofs"));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in ["approximate", "choice", "miniature", "none", "open", "undecided"] {
            let file = format!("{name}.sym");
            let text = symc(directory, &["check", &file, "--verify"]);
            let report = symc(directory, &["check", &file, "--verify", "--format", "json"]).json();
            let model = &report["models"][0];
            let document = serde_json::json!({
                "verify": masked(&model["verify"]),
                "uncounted": model["uncounted"],
                "statuses": model["spaces"].as_array().expect("spaces").iter().map(|space| &space["status"]).collect::<Vec<_>>(),
                "diagnostics": masked(&report["diagnostics"]),
            });
            let document = serde_json::to_string_pretty(&document).expect("it is a document");
            insta::assert_snapshot!(name, format!("{}{}\n{document}\n", told(&text.stdout), text.stderr));
        }
    });
}
