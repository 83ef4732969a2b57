//! Progress bars on standard error: one a seed, none where it is not a terminal.

use crate::interrupt;
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Instant;
use sym_runtime::sweep::SweepObserver;
use sym_runtime::{Observer, Progress};

/// The loss is shown again after so many steps: often enough to read, seldom enough to cost nothing.
const STEPS_A_MESSAGE: u64 = 50;

/// Shows how far a run is and passes Ctrl-C on.
pub struct Bars {
    all: MultiProgress,
    by_seed: Mutex<HashMap<(String, u64), ProgressBar>>,
    /// When the first step began and when it was done.
    begun: OnceLock<Instant>,
    first: OnceLock<Instant>,
}

impl Bars {
    /// Bars that are drawn if `shown` and standard error is a terminal.
    pub fn new(shown: bool) -> Self {
        let shown = shown && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        Self {
            all: MultiProgress::with_draw_target(target),
            by_seed: Mutex::default(),
            begun: OnceLock::new(),
            first: OnceLock::new(),
        }
    }

    /// When the first step began and when it was done, if one was.
    pub fn first_step(&self) -> Option<(Instant, Instant)> {
        Some((self.begun.get().copied()?, self.first.get().copied()?))
    }

    /// Removes all bars.
    pub fn clear(&self) {
        self.bars().clear();
        let _ = self.all.clear();
    }

    /// A thread that failed while it drew leaves bars that can still be drawn.
    fn bars(&self) -> std::sync::MutexGuard<'_, HashMap<(String, u64), ProgressBar>> {
        self.by_seed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Observer for Bars {
    fn progress(&self, progress: &Progress<'_>) {
        self.first.get_or_init(Instant::now);
        if self.all.is_hidden() {
            return;
        }
        let mut bars = self.bars();
        let bar = bars.entry((progress.name.to_string(), progress.seed)).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:<20} {bar:30} {pos:>7}/{len} {msg} {eta:>5}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = self.all.add(ProgressBar::new(progress.steps).with_style(style));
            bar.with_prefix(format!("{} seed {}", progress.name, progress.seed))
        });
        bar.set_position(progress.step);
        if let (Some(loss), true) = (progress.loss, progress.step.is_multiple_of(STEPS_A_MESSAGE)) {
            bar.set_message(format!("loss {loss:.4}"));
        }
        if progress.step >= progress.steps {
            bar.finish_and_clear();
        }
    }

    fn interrupted(&self) -> bool {
        self.begun.get_or_init(Instant::now);
        interrupt::interrupted()
    }
}

/// Shows how many runs of all sweeps are done, with the time that is left.
pub struct SweepBar {
    bar: ProgressBar,
    found: AtomicUsize,
}

impl SweepBar {
    /// A bar that is drawn if `shown` and standard error is a terminal.
    pub fn new(runs: usize, shown: bool) -> Self {
        let shown = shown && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        // Before the first run has ended, nothing is known about the rest.
        let left = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            if state.pos() > 0 {
                let _ = write!(text, "{} left", HumanDuration(state.eta()));
            }
        };
        let style = ProgressStyle::with_template("sweeps {bar:30} {pos:>5}/{len} runs {msg} {left}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("left", left);
        let bar = ProgressBar::with_draw_target(Some(runs as u64), target).with_style(style);
        bar.enable_steady_tick(std::time::Duration::from_millis(500));
        Self { bar, found: AtomicUsize::new(0) }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl SweepObserver for SweepBar {
    fn ended(&self, found: bool) {
        self.bar.inc(1);
        if found {
            // Reading a run says nothing about how long one takes.
            self.bar.reset_eta();
        }
        let found = self.found.fetch_add(usize::from(found), Ordering::Relaxed) + usize::from(found);
        if found > 0 {
            self.bar.set_message(format!("({found} found)"));
        }
    }

    fn interrupted(&self) -> bool {
        interrupt::interrupted()
    }
}

/// Shows how much of a data set has been fetched.
pub struct DownloadBar {
    bar: ProgressBar,
    /// Bytes of the files before the one that is fetched.
    before: u64,
    file: String,
    at: u64,
}

impl DownloadBar {
    /// A bar over all bytes of a data set, drawn if `shown` and standard error is a terminal.
    pub fn new(bytes: u64, shown: bool) -> Self {
        let bar = if shown && std::io::stderr().is_terminal() { ProgressBar::new(bytes) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix:<28} {bar:30} {bytes:>10}/{total_bytes} {bytes_per_sec} {eta:>5}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style), before: 0, file: String::new(), at: 0 }
    }

    /// So many bytes of a file have been fetched.
    pub fn at(&mut self, file: &str, done: u64) {
        if self.file != file {
            self.before += self.at;
            self.file = file.to_string();
            self.bar.set_prefix(self.file.clone());
        }
        self.at = done;
        self.bar.set_position(self.before + done);
    }

    /// Removes it.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
