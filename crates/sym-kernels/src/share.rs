//! How steps are divided among threads. No division changes a bit: what is summed is summed in the same order on any number of threads.

/// How many operations on single entries, each about a tenth of a nanosecond, are worth a second thread.
const LEAST_SHARE: usize = 1 << 18;

/// Whether this many operations are ever divided.
pub fn may_share(operations: usize) -> bool {
    operations >= 2 * LEAST_SHARE
}

/// The number of parts of this many operations that run at once: at most the threads of the pool at hand.
pub fn parts(operations: usize) -> usize {
    if !may_share(operations) {
        return 1;
    }
    rayon::current_num_threads().min(operations / LEAST_SHARE)
}

/// The length of a part where `length` entries are divided at multiples of `unit`.
pub fn part_length(length: usize, parts: usize, unit: usize) -> usize {
    length.div_ceil(unit).div_ceil(parts).max(1) * unit
}
