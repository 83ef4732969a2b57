//! Each diagnostic code has a page whose bad example gives exactly that code and whose good example is clean.

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use markdown::{Fence, fences};
use std::path::Path;
use support::{Ended, symc};

/// Pages without executed examples, each with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("E0108", "a file beyond the size limit would have to be written out; the command-line tests do that"),
    ("E0109", "a page is UTF-8 and cannot hold a file that is not; the command-line tests write one"),
    ("E0302", "a derived symmetry that does not hold would be a defect of the tool; the proof's tests claim a false one"),
    ("E0607", "no command reads weights yet; the tests of the lowering do"),
    ("E0608", "it needs two processes at one record; the runtime's tests open it twice"),
    ("E0609", "it needs a signal in the middle of a run; the command-line tests send one"),
    ("E0901", "no input is known that gives it"),
];

/// Executes a fence's command in a fresh directory with the page's extra files.
fn execute(fence: &Fence, extra: &[&Fence]) -> Ended {
    let directory = tempfile::tempdir().expect("a scratch directory");
    for file in extra {
        let path = directory.path().join(&file.info[1]);
        std::fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("the scratch directory is writable");
        std::fs::write(path, &file.text).expect("the scratch directory is writable");
    }
    std::fs::write(directory.path().join("example.sym"), &fence.text).expect("the scratch directory is writable");
    let mut arguments: Vec<&str> = fence.info[2..].iter().map(String::as_str).collect();
    if arguments.is_empty() {
        arguments.push("check");
    }
    arguments.insert(1, "example.sym");
    arguments.extend(["--format", "json"]);
    symc(directory.path(), &arguments)
}

fn page(path: &Path) -> datatest_stable::Result<()> {
    let code = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a page is named by its code")?;
    let known = sym_diagnostics::Code::find(code).ok_or("a page belongs to a registered code")?;
    let text = std::fs::read_to_string(path)?;
    assert_eq!(text.lines().next(), Some(format!("# {code} {}", known.name()).as_str()), "the page starts with code and name");
    let fences = fences(&text);
    let with = |word: &str| fences.iter().filter(|fence| fence.info.get(1).is_some_and(|info| info == word)).collect::<Vec<_>>();
    let extra: Vec<&Fence> = fences.iter().filter(|fence| fence.info.first().is_some_and(|info| info == "file")).collect();
    let (bad, good) = (with("bad"), with("good"));
    if EXCEPTIONS.iter().any(|(exception, _)| *exception == code) {
        assert!(bad.is_empty() && good.is_empty(), "the page has examples and is no exception");
        return Ok(());
    }
    assert_eq!((bad.len(), good.len()), (1, 1), "the page has one bad and one good example");

    let ended = execute(bad[0], &extra);
    let codes = ended.codes();
    assert!(
        !codes.is_empty() && codes.iter().all(|found| found == code),
        "the bad example at line {} gives {codes:?}\n{}",
        bad[0].line,
        ended.stdout
    );
    let expected = i32::from(known.severity() == sym_diagnostics::Severity::Error);
    assert_eq!(ended.code, expected, "the bad example's exit code\n{}{}", ended.stdout, ended.stderr);

    let ended = execute(good[0], &extra);
    assert!(ended.codes().is_empty() && ended.code == 0, "the good example gives\n{}{}", ended.stdout, ended.stderr);
    Ok(())
}

datatest_stable::harness! {
    { test = page, root = "../sym-diagnostics/errors", pattern = r"\.md$" },
}
