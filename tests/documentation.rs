//! The examples in the documentation are true: each whole file in it checks without an error.

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/mod.rs"]
mod support;

use std::path::Path;

/// A fence ```` ```sym ```` is a whole file. ```` ```sym fragment ```` is a piece of one and not checked alone.
fn page(path: &Path) -> datatest_stable::Result<()> {
    for fence in markdown::fences(&std::fs::read_to_string(path)?) {
        if fence.info != ["sym"] {
            continue;
        }
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("example.sym"), &fence.text)?;
        let ended = support::symc(directory.path(), &["check", "example.sym", "--format", "short"]);
        assert_eq!(ended.code, 0, "the example at line {}:\n{}{}", fence.line, ended.stdout, ended.stderr);
    }
    Ok(())
}

datatest_stable::harness! {
    { test = page, root = "../../docs", pattern = r"^[^/]*\.md$" },
    { test = page, root = "../..", pattern = r"^README\.md$" },
}
