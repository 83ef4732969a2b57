//! The examples in the documentation are true: each whole file in it checks without an error, and theorems come out as the page says.

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/mod.rs"]
mod support;

use markdown::Fence;
use std::path::Path;

/// A fence ```` ```sym ```` is a whole file. ```` ```sym verify ```` is one whose theorems hold, ```` ```sym verify fails ```` one with a theorem
/// that does not. ```` ```sym fragment ```` is a piece of a file and not checked alone. ```` ```sym proved ```` is one that `check --verify --strict`
/// proves, and whose tables the fence ```` ```text report ```` behind it shows, up to the conventions that end every report.
fn page(path: &Path) -> datatest_stable::Result<()> {
    let fences = markdown::fences(&std::fs::read_to_string(path)?);
    for (at, fence) in fences.iter().enumerate() {
        let info: Vec<&str> = fence.info.iter().map(String::as_str).collect();
        let (command, code) = match info.as_slice() {
            ["sym"] => ("check", 0),
            ["sym", "verify"] => ("verify", 0),
            ["sym", "verify", "fails"] => ("verify", 1),
            ["sym", "proved"] => {
                shown(fence, fences.get(at + 1));
                continue;
            }
            _ => continue,
        };
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("example.sym"), &fence.text)?;
        let ended = support::symc(directory.path(), &[command, "example.sym", "--format", "short"]);
        assert_eq!(ended.code, code, "the example at line {}:\n{}{}", fence.line, ended.stdout, ended.stderr);
    }
    Ok(())
}

/// The report of an example is the one that the page shows.
fn shown(example: &Fence, report: Option<&Fence>) {
    let report = report.filter(|report| report.info == ["text", "report"]);
    let report = report.unwrap_or_else(|| panic!("no report follows the example at line {}", example.line));
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("example.sym"), &example.text).expect("the example is written");
    let ended = support::symc(directory.path(), &["check", "example.sym", "--verify", "--strict"]);
    assert_eq!(ended.code, 0, "the example at line {}:\n{}{}", example.line, ended.stdout, ended.stderr);
    let tables = ended.stdout.split("\nConventions\n").next().unwrap_or_default();
    assert_eq!(rounded(&report.text), rounded(tables), "the report at line {} is another one", report.line);
}

/// A report without the digits of residuals, which are rounding and differ between machines.
fn rounded(report: &str) -> String {
    let lines = report.trim_end().lines().map(|line| line.split("largest residual").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

datatest_stable::harness! {
    { test = page, root = "../../docs", pattern = r"^[^/]*\.md$" },
    { test = page, root = "../../docs/symmetries", pattern = r"^[^/]*\.md$" },
    { test = page, root = "../..", pattern = r"^README\.md$" },
}
