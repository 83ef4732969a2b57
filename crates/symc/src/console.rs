//! Where a command's findings go: reports to standard output, diagnostics to standard error; in the JSON form all in one document.

use crate::arguments::{Arguments, Color, Format};
use crate::output;
use crate::render::{Style, human, short};
use std::io::IsTerminal;
use sym_diagnostics::{Diagnostic, Sources};

/// The user's wishes about output.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// The form.
    pub format: Format,
    /// How reports are drawn.
    pub report: Style,
    /// How diagnostics are drawn.
    diagnostics: Style,
    /// Diagnostics and failures only.
    pub quiet: bool,
    /// More than usual.
    pub verbose: bool,
}

impl Console {
    /// The wishes of a command line.
    pub fn new(arguments: &Arguments) -> Self {
        Self {
            format: arguments.format(),
            report: style(arguments.color, &std::io::stdout()),
            diagnostics: style(arguments.color, &std::io::stderr()),
            quiet: arguments.quiet,
            verbose: arguments.verbose > 0,
        }
    }

    /// Prints diagnostics; in the JSON form they are part of the document.
    pub fn diagnostics(&self, sources: &Sources, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            match self.format {
                Format::Human => output::error(&human::diagnostic(sources, diagnostic, self.diagnostics)),
                Format::Short => output::error(&short::diagnostic(sources, diagnostic)),
                Format::Json => {}
            }
        }
    }

    /// The same without reports: failures alone, as text.
    pub fn quietly(self) -> Self {
        let format = if self.format == Format::Json { Format::Short } else { self.format };
        Self { quiet: true, format, ..self }
    }

    /// Whether reports for people are printed.
    pub fn reports(&self) -> bool {
        !self.quiet && self.format != Format::Json
    }

    /// A note about the progress of a command, for people only.
    pub fn note(&self, text: &str) {
        if !self.quiet && self.format == Format::Human {
            output::error(text);
        }
    }
}

/// The style for a stream of this process.
fn style(color: Color, stream: &impl IsTerminal) -> Style {
    let terminal = stream.is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    Style { color, ..Style::PLAIN }
}
