//! `symc explain CODE`.

use crate::{Exit, arguments, output};
use sym_diagnostics::{Code, nearest};

/// Prints the page of a code, or the list of codes.
pub fn execute(arguments: &arguments::Explain) -> Exit {
    let Some(text) = &arguments.code else {
        let list: Vec<String> = Code::ALL.iter().map(|code| format!("{code} {:<24} {}", code.name(), code.summary())).collect();
        output::print(&list.join("\n"));
        return Exit::Success;
    };
    let Some(code) = Code::find(text) else {
        let names = Code::ALL.iter().flat_map(|code| [code.id(), code.name()]);
        let hint = nearest(text, names)
            .map_or_else(|| "`symc explain` lists all".to_string(), |near| format!("a similar one is {near}"));
        output::error(&format!("error: there is no code {text}; {hint}"));
        return Exit::Usage;
    };
    output::print(code.page());
    Exit::Success
}
