//! `symc measure FILE`.

use super::run::{self, Scope};
use crate::console::Console;
use crate::{Exit, arguments};

/// Executes the `measure` items of a file, decides the claims about them and draws their figures; nothing is trained or proved.
pub fn execute(arguments: &arguments::Measure, console: Console) -> Exit {
    let run = arguments::Run {
        file: arguments.file.clone(),
        out: arguments.out.clone(),
        resume: None,
        execution: arguments::Execution { backend: "cpu".to_string(), dtype: "f64".to_string(), threads: None },
        format: arguments.format,
        settings: arguments.settings.clone(),
    };
    run::execute_within(&run, Scope::Measurements, console)
}
