//! The `symc` program; everything is in the library so that tests can render without a process.

/// Analysis allocates many small values, and checks of large models spend a quarter of their time on it otherwise.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    symc::main()
}
