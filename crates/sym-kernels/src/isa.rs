//! Run-time choice of the instruction set.
//!
//! A [`Task`] is a portable loop. [`run`] compiles it once per instruction set, by inlining it into a function with the
//! matching `#[target_feature]`, and calls the widest version that the processor has. All versions perform the same IEEE
//! operations on each element (fused multiply-add included), so they return the same bits; only their speed differs.

use std::cell::Cell;
use std::sync::OnceLock;

/// An instruction set for which the loops are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What the compilation target guarantees. On x86-64 this has no fused multiply-add instruction, which the standard
    /// library then computes exactly in software: the same bits, slowly.
    Portable,
    /// `AArch64` with NEON, which has fused multiply-add and belongs to the compilation target.
    Neon,
    /// x86-64 with AVX2 and FMA (2013 and later).
    Avx2,
    /// x86-64 with AVX-512 F, DQ and VL (2017 and later).
    Avx512,
}

impl Level {
    /// The widest instruction set of the processor at hand, detected once.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(detect)
    }

    /// Does `work` with no wider instruction set on this thread: the same bits, to be tested and timed.
    pub fn at_most<R>(self, work: impl FnOnce() -> R) -> R {
        /// Gives the former limit back, also where `work` panics.
        struct Former(Level);
        impl Drop for Former {
            fn drop(&mut self) {
                LIMIT.set(self.0);
            }
        }
        let _former = Former(LIMIT.replace(self));
        work()
    }
}

thread_local! {
    /// See [`Level::at_most`].
    static LIMIT: Cell<Level> = const { Cell::new(Level::Avx512) };
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 =
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        (false, _) => Level::Portable,
    }
}

#[cfg(target_arch = "aarch64")]
fn detect() -> Level {
    if cfg!(target_feature = "neon") { Level::Neon } else { Level::Portable }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect() -> Level {
    Level::Portable
}

/// A loop to be compiled for each instruction set. Implementations mark `run` and all it calls `#[inline(always)]`.
pub(crate) trait Task {
    /// What the loop returns.
    type Output;
    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// Defines a [`Task`] over slices of one number type, whose body sees the fields by name.
macro_rules! task {
    (struct $name:ident { $($field:ident: $kind:ty,)* } $body:block) => {
        struct $name<'a, T> {
            $($field: $kind,)*
        }

        impl<'a, T: $crate::slice::Real> $crate::isa::Task for $name<'a, T> {
            type Output = ();

            #[inline(always)]
            fn run(self) {
                let Self { $($field,)* } = self;
                $body
            }
        }
    };
}
pub(crate) use task;

/// Runs `task` with the widest instruction set, but no wider than `limit`.
pub(crate) fn run<T: Task>(limit: Level, task: T) -> T::Output {
    match limit.min(Level::best()).min(LIMIT.get()) {
        // NEON is a guarantee of the target, so the portable loop is compiled with it.
        Level::Portable | Level::Neon => task.run(),
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calls a function compiled for a detected instruction set")]
        // SAFETY: `Level::best` returns at least `Avx2` only if the processor has AVX2 and FMA.
        Level::Avx2 => unsafe { run_avx2(task) },
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calls a function compiled for a detected instruction set")]
        // SAFETY: `Level::best` returns `Avx512` only if the processor has AVX2, FMA and AVX-512 F, DQ and VL.
        Level::Avx512 => unsafe { run_avx512(task) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => task.run(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Task>(task: T) -> T::Output {
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl")]
fn run_avx512<T: Task>(task: T) -> T::Output {
    task.run()
}
