//! The `symc` program; everything is in the library so that tests can render without a process.

/// Analysis allocates many small values; this allocator is quick with them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    symc::main()
}
