//! The parts of the sound archive that are written in Rust.

use std::slice;

/// Return how far a sample is from silence.
fn level(sample: &i16) -> u16 {
    sample.unsigned_abs()
}

/// Return the highest level in a recording.
#[no_mangle]
pub unsafe extern "C" fn peak(samples: *const i16, count: usize) -> u16 {
    let samples = slice::from_raw_parts(samples, count);
    samples.iter().map(level).max().unwrap_or(0)
}

/// Return how many samples of a recording have at least the level 32767.
pub unsafe fn clipped(samples: *const i16, count: usize) -> usize {
    let samples = slice::from_raw_parts(samples, count);
    samples.iter().filter(|one| level(one) >= 32767).count()
}
