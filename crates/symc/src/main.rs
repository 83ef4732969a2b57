//! The `symc` program; everything is in the library so that tests can render without a process.

fn main() -> std::process::ExitCode {
    symc::main()
}
