//! The examples in the documentation are true: each whole file in it checks without an error, and theorems come out as the page says.

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;

/// A fence ```` ```sym ```` is a whole file. ```` ```sym verify ```` is one whose theorems hold, ```` ```sym verify fails ```` one with a theorem
/// that does not. ```` ```sym fragment ```` is a piece of a file and not checked alone.
fn page(path: &Path) -> datatest_stable::Result<()> {
    for fence in markdown::fences(&std::fs::read_to_string(path)?) {
        let info: Vec<&str> = fence.info.iter().map(String::as_str).collect();
        let (command, code) = match info.as_slice() {
            ["sym"] => ("check", 0),
            ["sym", "verify"] => ("verify", 0),
            ["sym", "verify", "fails"] => ("verify", 1),
            _ => continue,
        };
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("example.sym"), &fence.text)?;
        let ended = support::symc(directory.path(), &[command, "example.sym", "--format", "short"]);
        assert_eq!(ended.code, code, "the example at line {}:\n{}{}", fence.line, ended.stdout, ended.stderr);
    }
    Ok(())
}

datatest_stable::harness! {
    { test = page, root = "../../docs", pattern = r"^[^/]*\.md$" },
    { test = page, root = "../..", pattern = r"^README\.md$" },
}
