//! A sweep trains a run at every setting, computes again only what is missing, and leaves one table of all runs.

#[path = "support/mod.rs"]
mod support;

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::{Ended, Process, symc, wait_until};

const FILE: &str = "model Mlp(width: int = 4) {
    input x[4]
    output linear(tanh(linear(x, width, name: \"fc1\")), 2, name: \"head\")
}
data Waves = teacher(Mlp, scale: 3, n: 40) split 10 as test
train Fit = Mlp() {
    data Waves
    loss mse
    optim gd(lr: 0.03)
    steps 60
    seeds 0..2
    every 20 measure { loss; test_loss; delta(fc1) }
}
sweep Rates = train Fit over { lr: LRS, width: [2, 4] }
figure \"rates\" { plot Rates.loss at end against lr, colour: width; log x }
figure \"curves\" { plot Rates.loss over step }
figure \"map\" { plot Rates.test_loss at end against lr, rows: width }
expect spearman(Rates.loss at end, width) < 2
";

fn directory(rates: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a scratch directory");
    write(directory.path(), rates);
    directory
}

fn write(directory: &Path, rates: &str) {
    std::fs::write(directory.join("sweep.sym"), FILE.replace("LRS", rates)).expect("the scratch directory is writable");
}

fn run(directory: &Path, more: &[&str]) -> serde_json::Value {
    let arguments: Vec<&str> = ["run", "sweep.sym", "--format", "json"].iter().chain(more).copied().collect();
    let Ended { code, stdout, stderr } = symc(directory, &arguments);
    assert_eq!(code, 0, "{stderr}{stdout}");
    serde_json::from_str(&stdout).expect("one JSON document")
}

/// Bytes of every file that holds numbers, by path.
fn numbers(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == "weights.safetensors") {
                found.insert(path.clone(), std::fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

fn found(report: &serde_json::Value) -> Vec<bool> {
    let runs = report["sweeps"][0]["runs"].as_array().expect("runs");
    runs.iter().map(|run| run["found"].as_bool().expect("a flag")).collect()
}

#[test]
fn a_second_run_computes_only_what_is_missing() {
    let directory = directory("[0.01, 0.1]");
    let first = run(directory.path(), &["--out", "out"]);
    assert_eq!(found(&first), [false; 4]);
    let before = numbers(&directory.path().join("out/Rates"));
    assert_eq!(before.len(), 8, "a file of weights for each run and seed");

    write(directory.path(), "[0.01, 0.1, 0.2]");
    let second = run(directory.path(), &["--resume", "out"]);
    assert_eq!(found(&second), [true, true, true, true, false, false]);
    let after = numbers(&directory.path().join("out/Rates"));
    assert_eq!(after.len(), 12);
    assert!(before.iter().all(|(path, bytes)| after[path] == *bytes), "what was there stays as it was");
}

#[test]
fn the_threads_change_no_weights() {
    let directory = directory("[0.01, 0.1]");
    run(directory.path(), &["--out", "one", "--threads", "1"]);
    run(directory.path(), &["--out", "two", "--threads", "3"]);
    let inside = |out: &str| -> Vec<(PathBuf, Vec<u8>)> {
        let root = directory.path().join(out);
        numbers(&root).into_iter().map(|(path, bytes)| (path.strip_prefix(&root).expect("inside").to_path_buf(), bytes)).collect()
    };
    assert!(inside("one") == inside("two"));
}

#[test]
fn equal_runs_are_computed_once_on_any_number_of_threads() {
    let directory = directory("[0.01, 0.01, 0.01, 0.02]");
    for (threads, out) in [("1", "one"), ("4", "four")] {
        let report = run(directory.path(), &["--threads", threads, "--out", out]);
        // A rate three times, each with two widths.
        assert_eq!(found(&report), [false, false, true, true, true, true, false, false], "{threads} threads");
    }
    let rows = |out: &str| numbers(&directory.path().join(out)).into_values().collect::<Vec<_>>();
    assert_eq!(rows("one"), rows("four"));
}

#[test]
fn a_run_that_two_sweeps_have_or_the_item_is_already_is_made_once() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let sweeps = "sweep Rates = train Fit over { lr: [0.03, 0.02] }
        sweep More = train Fit over { lr: [0.05, 0.02] }
        figure \"more\" { plot More.loss at end against lr }
        expect lowest(More.loss at end) < highest(Rates.loss at end)";
    let file = FILE.split("sweep").next().expect("what stands before the sweep").to_string() + sweeps;
    std::fs::write(directory.path().join("sweep.sym"), file).expect("writable");
    for threads in ["1", "3", "8"] {
        let out = format!("out{threads}");
        let report = run(directory.path(), &["--threads", threads, "--out", &out]);
        let runs = |sweep: usize| report["sweeps"][sweep]["runs"].as_array().expect("runs").clone();
        let seen = |sweep| runs(sweep).iter().map(|run| run["found"].as_bool().expect("a flag")).collect::<Vec<_>>();
        assert_eq!(seen(0), [true, false], "the first is the item itself");
        let records = |sweep| runs(sweep).iter().map(|run| run["record"].clone()).collect::<Vec<_>>();
        assert_eq!(records(1)[1], records(0)[1]);
        assert_eq!(runs(1)[1]["end"], runs(0)[1]["end"]);
        assert_eq!(numbers(&directory.path().join(&out)).len(), 6, "two seeds of three rates");
        let table = directory.path().join(&out).join("More/runs.parquet");
        assert!(table.exists() && directory.path().join(&out).join("more.svg").exists());
    }
}

#[test]
fn items_that_come_to_the_same_numbers_keep_records_of_their_own() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let item = FILE.split("sweep").next().expect("what stands before the sweep");
    let again = item[item.find("train Fit").expect("the item")..].replace("train Fit", "train Other");
    let sweeps = "sweep Rates = train Fit over { lr: [0.05, 0.02] } sweep Others = train Other over { lr: [0.05, 0.02] }";
    std::fs::write(directory.path().join("sweep.sym"), format!("{item}{again}{sweeps}")).expect("writable");
    for threads in ["1", "4"] {
        let report = run(directory.path(), &["--threads", threads, "--out", threads]);
        for sweep in report["sweeps"].as_array().expect("sweeps") {
            for run in sweep["runs"].as_array().expect("runs") {
                assert_eq!((&run["outcome"], &run["found"]), (&"finished".into(), &false.into()), "{threads} threads: {run}");
            }
        }
    }
}

#[test]
fn a_sweep_in_front_finds_the_runs_of_the_one_behind_it() {
    let directory = tempfile::tempdir().expect("a scratch directory");
    let write = |sweeps: &str| {
        let file = FILE.split("sweep").next().expect("what stands before the sweep").to_string() + sweeps;
        std::fs::write(directory.path().join("sweep.sym"), file).expect("writable");
    };
    write("sweep More = train Fit over { lr: [0.05, 0.02] }");
    run(directory.path(), &["--out", "out"]);
    let before = numbers(&directory.path().join("out"));
    write("sweep Rates = train Fit over { lr: [0.02, 0.01] } sweep More = train Fit over { lr: [0.05, 0.02] }");
    let report = run(directory.path(), &["--resume", "out"]);
    assert_eq!(found(&report), [true, false]);
    let after = numbers(&directory.path().join("out"));
    assert_eq!(after.len(), before.len() + 2, "one rate more, two seeds");
    assert!(before.iter().all(|(path, bytes)| after[path] == *bytes));
    let addresses: std::collections::BTreeSet<String> =
        rows(directory.path(), "out").iter().map(|row| row.split(", ").next().expect("a run").to_string()).collect();
    assert_eq!(addresses.len(), 2);
    assert!(addresses.iter().all(|run| run.len() == "run \"0123456789abcdef\"".len()), "{addresses:?}");
}

#[test]
fn a_sweep_has_one_process_whose_number_a_second_one_is_told() {
    let directory = directory("[0.01, 0.02, 0.05]");
    let endless = FILE.replace("LRS", "[0.01, 0.02]").replace("width: [2, 4]", "steps: [1000000000]");
    let without_figures = endless.split("figure").next().expect("what stands before the first figure");
    std::fs::write(directory.path().join("sweep.sym"), without_figures).expect("writable");
    let first = Process::start(directory.path(), &["run", "sweep.sym", "--out", "record"], &[]);
    let lock = directory.path().join("record/Rates/lock");
    wait_until("the sweep has begun", || {
        std::fs::read_to_string(&lock).is_ok_and(|owner| owner.trim() == first.id().to_string())
    });
    let second = symc(directory.path(), &["run", "sweep.sym", "--resume", "record"]);
    assert_eq!(second.code, 1);
    assert!(second.stderr.contains("E0608") && second.stderr.contains(&format!("(process {})", first.id())), "{}", second.stderr);
    first.signal("KILL");
    first.end();
}

/// Rows of the table of all runs without wall time.
fn rows(directory: &Path, out: &str) -> Vec<String> {
    let file = std::fs::File::open(directory.join(out).join("Rates/runs.parquet")).expect("the table");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let shown = |row: parquet::record::Row| {
        let kept = row.get_column_iter().filter(|(name, _)| *name != "wall_seconds");
        kept.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    reader.get_row_iter(None).expect("rows").map(|row| shown(row.expect("a row"))).collect()
}

/// How often a sweep is killed. It writes many more checkpoints.
const KILLS: usize = 12;

/// The checkpoints of all seeds of a sweep.
fn checkpoints(directory: &Path) -> Vec<Vec<u8>> {
    let inside = |path: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(path).map_or_else(|_| Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect())
    };
    let seeds = inside(directory).into_iter().flat_map(|run| inside(&run));
    let mut found: Vec<Vec<u8>> = seeds.filter_map(|seed| std::fs::read(seed.join("checkpoint.json")).ok()).collect();
    found.sort();
    found
}

#[test]
fn a_sweep_killed_again_and_again_comes_to_the_same_bits() {
    let directory = directory("[0.01, 0.02, 0.05]");
    let directory = directory.path();
    let text = FILE.replace("LRS", "[0.01, 0.02, 0.05]").replace("steps 60", "steps 20_000\n    checkpoint 200");
    let without_figures = text.split("figure").next().expect("what stands before the first figure");
    std::fs::write(directory.join("sweep.sym"), without_figures).expect("writable");
    run(directory, &["--out", "whole"]);
    std::fs::create_dir(directory.join("out")).expect("writable");
    // After every checkpoint that is new: however fast the machine, each process comes further than the one before.
    let mut before = checkpoints(&directory.join("out/Rates"));
    for kill in 0..KILLS {
        let process = Process::start(directory, &["run", "sweep.sym", "--resume", "out", "--quiet"], &[]);
        wait_until("a checkpoint is new", || checkpoints(&directory.join("out/Rates")) != before);
        process.signal("KILL");
        let ended = process.end();
        if ended.code != -1 {
            assert_eq!((kill > 0, ended.code), (true, 0), "{}{}", ended.stdout, ended.stderr);
            break;
        }
        before = checkpoints(&directory.join("out/Rates"));
    }
    run(directory, &["--resume", "out"]);
    let inside = |out: &str| -> Vec<(PathBuf, Vec<u8>)> {
        let root = directory.join(out).join("Rates");
        numbers(&root).into_iter().map(|(path, bytes)| (path.strip_prefix(&root).expect("inside").to_path_buf(), bytes)).collect()
    };
    assert!(inside("whole").len() == 12 && inside("out") == inside("whole"));
    assert_eq!(rows(directory, "out"), rows(directory, "whole"));
}

#[test]
fn the_end_of_a_run_that_diverges_has_no_value() {
    let directory = directory("[0.01, 1000]");
    let claim = "\nexpect highest(Rates.loss at end) < 1e6\nexpect Fit.loss at end < 1e9\n";
    let text = std::fs::read_to_string(directory.path().join("sweep.sym")).expect("readable") + claim;
    std::fs::write(directory.path().join("sweep.sym"), text).expect("writable");
    let ended = symc(directory.path(), &["run", "sweep.sym", "--format", "json", "--set", "Fit.optim=gd(lr: 1000)"]);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    let claims = report["expectations"].as_array().expect("claims");
    let of = |text: &str| {
        claims.iter().find(|claim| claim["text"].as_str().is_some_and(|own| own.starts_with(text))).expect("it is there")
    };
    // Two runs of two seeds reach their ends.
    let all = of("highest(Rates.loss at end)");
    assert_eq!(all["outcome"], "holds", "{all}");
    assert!(all.to_string().contains("of 4 values, 4 without a finite value left out"), "{all}");
    let single = of("Fit.loss at end");
    assert_eq!(single["outcome"], "fails", "{single}");
    assert!(single.to_string().contains("is not finite at step"), "{single}");
    for run in report["sweeps"][0]["runs"].as_array().expect("runs") {
        assert_eq!(run["end"][0].is_null(), run["outcome"] == "failed", "{run}");
    }
    assert!(report["runs"][0]["measured"][0]["end"].is_null(), "{}", report["runs"][0]["measured"]);
}

#[test]
fn one_table_holds_every_measurement_with_its_settings() {
    let directory = directory("[0.01, 0.1]");
    let report = run(directory.path(), &["--out", "out"]);
    let file = std::fs::File::open(directory.path().join("out/Rates/runs.parquet")).expect("the table");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names[..6], ["run", "lr", "width", "seed", "step", "wall_seconds"]);
    assert_eq!(names[6..], ["loss", "test_loss", "delta(fc1)[0]", "delta(fc1)[1]", "delta(fc1)[2]"], "the widest run's pairs");
    let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 4 * 2 * 4, "runs, seeds, measurements");
    // The mean over seeds of the last losses is what the report says.
    for run in report["sweeps"][0]["runs"].as_array().expect("runs") {
        let (lr, width) = (run["values"][0].as_f64().expect("a rate"), run["values"][1].as_f64().expect("a width"));
        let last: Vec<f64> = rows
            .iter()
            .filter(|row| {
                row.get_double(1).ok() == Some(lr) && row.get_double(2).ok() == Some(width) && row.get_long(4).ok() == Some(60)
            })
            .map(|row| row.get_double(6).expect("a loss"))
            .collect();
        assert_eq!(last.len(), 2);
        let mean = f64::midpoint(last[0], last[1]);
        let said = run["end"][0].as_f64().expect("a loss");
        assert!((mean - said).abs() <= 1e-12 * mean.abs(), "{mean} against {said}");
    }
}

#[test]
fn a_run_that_diverges_stops_no_other() {
    let directory = directory("[0.01, 1e6]");
    let report = run(directory.path(), &["--out", "out"]);
    let outcomes: Vec<&str> = report["sweeps"][0]["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| run["outcome"].as_str().expect("a word"))
        .collect();
    assert_eq!(outcomes, ["finished", "finished", "failed", "failed"]);
    let warned = report["diagnostics"].as_array().expect("diagnostics").iter().filter(|one| one["code"] == "E0606").count();
    assert_eq!(warned, 4, "one for each run and seed that diverged");
    let again = run(directory.path(), &["--resume", "out"]);
    assert_eq!(found(&again), [true; 4]);
    let said = again["diagnostics"].as_array().expect("diagnostics").iter().filter(|one| one["code"] == "E0606").count();
    assert_eq!(said, 4, "what is found is said again");
}

#[test]
fn figures_of_sweeps_are_drawn() {
    let directory = directory("[0.01, 0.03, 0.1]");
    run(directory.path(), &["--out", "out"]);
    for name in ["rates", "curves", "map"] {
        let svg = std::fs::read_to_string(directory.path().join(format!("out/{name}.svg"))).expect("a figure");
        assert!(svg.contains("loss"), "{name} names what it shows");
        assert!(std::fs::metadata(directory.path().join(format!("out/{name}.png"))).expect("a picture").len() > 1000);
    }
}
