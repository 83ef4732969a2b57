//! Each diagnostic code has a page whose bad example gives exactly that code and whose good example is clean.
//!
//! | fence | what it is |
//! |---|---|
//! | `sym bad ARGUMENTS…`, `sym good ARGUMENTS…` | an example with the command that is executed on it; `check` where none is given |
//! | `file PATH` | a further file beside it |
//! | `sym before ARGUMENTS…` | executed before each example in the same directory, and must succeed |
//! | `sym meanwhile @ready=PATH ARGUMENTS…` | started before each example, which waits until the path exists, and ended after it |
//!
//! Words that begin with `@` say in which state of the world a command is executed: see [`Condition`].

#[path = "support/markdown.rs"]
mod markdown;
#[path = "support/report.rs"]
mod report;
#[path = "support/mod.rs"]
mod support;

use markdown::{Fence, fences};
use std::path::Path;
use support::{Ended, Process};
use sym_diagnostics::{Code, Severity};

/// A state of the world in which a command is executed.
enum Condition<'a> {
    /// `@times=N`: the file holds the text N times.
    Times(usize),
    /// `@encoding=utf-16`: the file holds the text in UTF-16 with a byte-order mark.
    Utf16,
    /// `@interrupt=PATH`: Ctrl-C is pressed as soon as the path exists.
    Interrupt(&'a str),
    /// `@ready=PATH`: others wait until the path exists.
    Ready(&'a str),
    /// `@environment=NAME=VALUE`: an environment variable.
    Environment(&'a str, &'a str),
}

impl<'a> Condition<'a> {
    fn read(word: &'a str) -> Option<Self> {
        let (name, value) = word.strip_prefix('@')?.split_once('=').expect("a condition has a value");
        Some(match name {
            "times" => Self::Times(value.parse().expect("a number of times")),
            "encoding" if value == "utf-16" => Self::Utf16,
            "interrupt" => Self::Interrupt(value),
            "ready" => Self::Ready(value),
            "environment" => {
                let (name, value) = value.split_once('=').expect("a variable has a value");
                Self::Environment(name, value)
            }
            _ => panic!("there is no condition `{word}`"),
        })
    }
}

/// A command on a fence's file.
struct Execution<'a> {
    fence: &'a Fence,
    file: &'a str,
    conditions: Vec<Condition<'a>>,
}

impl<'a> Execution<'a> {
    fn new(fence: &'a Fence, file: &'a str) -> Self {
        Self { fence, file, conditions: fence.info.iter().filter_map(|word| Condition::read(word)).collect() }
    }

    fn content(&self) -> Vec<u8> {
        let text = &self.fence.text;
        for condition in &self.conditions {
            match condition {
                Condition::Times(count) => return text.repeat(*count).into_bytes(),
                Condition::Utf16 => {
                    return std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
                }
                Condition::Interrupt(_) | Condition::Ready(_) | Condition::Environment(..) => {}
            }
        }
        text.clone().into_bytes()
    }

    fn start(&self, directory: &Path) -> Process {
        std::fs::write(directory.join(self.file), self.content()).expect("the scratch directory is writable");
        let mut arguments: Vec<&str> =
            self.fence.info[2..].iter().map(String::as_str).filter(|word| !word.starts_with('@')).collect();
        if arguments.is_empty() {
            arguments.push("check");
        }
        arguments.insert(1, self.file);
        arguments.extend(["--format", "json"]);
        let variables: Vec<(&str, &str)> = self
            .conditions
            .iter()
            .filter_map(|condition| match condition {
                Condition::Environment(name, value) => Some((*name, *value)),
                _ => None,
            })
            .collect();
        let process = Process::start(directory, &arguments, &variables);
        for condition in &self.conditions {
            match condition {
                Condition::Interrupt(path) => {
                    support::wait_for(&directory.join(path));
                    process.signal("INT");
                }
                Condition::Ready(path) => support::wait_for(&directory.join(path)),
                Condition::Times(_) | Condition::Utf16 | Condition::Environment(..) => {}
            }
        }
        process
    }
}

/// Executes an example in a fresh directory, in the world of its page.
fn execute(fence: &Fence, page: &[Fence]) -> Ended {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let directory = directory.path();
    for file in page.iter().filter(|fence| fence.info.first().is_some_and(|info| info == "file")) {
        let path = directory.join(&file.info[1]);
        std::fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("the scratch directory is writable");
        std::fs::write(path, &file.text).expect("the scratch directory is writable");
    }
    for fence in marked(page, "before") {
        let ended = Execution::new(fence, "before.sym").start(directory).end();
        assert_eq!(ended.code, 0, "what comes before at line {}:\n{}{}", fence.line, ended.stdout, ended.stderr);
    }
    let meanwhile: Vec<Process> =
        marked(page, "meanwhile").into_iter().map(|fence| Execution::new(fence, "meanwhile.sym").start(directory)).collect();
    let ended = Execution::new(fence, "example.sym").start(directory).end();
    for process in meanwhile {
        process.signal("INT");
        process.end();
    }
    ended
}

/// The fences with this word after the language.
fn marked<'a>(page: &'a [Fence], word: &str) -> Vec<&'a Fence> {
    page.iter().filter(|fence| fence.info.get(1).is_some_and(|info| info == word)).collect()
}

/// The exit code of a command that ends with this diagnostic.
fn exit_code(code: Code) -> i32 {
    match (code, code.severity()) {
        (Code::E0502, _) => 2,
        (Code::E0609, _) => 130,
        (Code::E0901, _) => 101,
        (_, Severity::Error) => 1,
        (_, Severity::Warning | Severity::Note) => 0,
    }
}

fn page(path: &Path) -> datatest_stable::Result<()> {
    let code = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a page is named by its code")?;
    let known = Code::find(code).ok_or("a page belongs to a registered code")?;
    let text = std::fs::read_to_string(path)?;
    assert_eq!(text.lines().next(), Some(format!("# {code} {}", known.name()).as_str()), "the page starts with code and name");
    let fences = fences(&text);
    let (bad, good) = (marked(&fences, "bad"), marked(&fences, "good"));
    assert_eq!((bad.len(), good.len()), (1, 1), "the page has one bad and one good example");

    let ended = execute(bad[0], &fences);
    let codes = ended.codes();
    assert!(
        !codes.is_empty() && codes.iter().all(|found| found == code),
        "the bad example at line {} gives {codes:?}\n{}",
        bad[0].line,
        ended.stdout
    );
    assert_eq!(ended.code, exit_code(known), "the bad example's exit code\n{}{}", ended.stdout, ended.stderr);

    let ended = execute(good[0], &fences);
    assert!(ended.codes().is_empty() && ended.code == 0, "the good example gives\n{}{}", ended.stdout, ended.stderr);
    Ok(())
}

datatest_stable::harness! {
    { test = page, root = "../sym-diagnostics/errors", pattern = r"\.md$" },
}
