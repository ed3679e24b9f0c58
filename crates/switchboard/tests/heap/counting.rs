//! The system's allocator, and a count of what is allocated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hands everything on to the system's allocator, and counts the bytes that were asked for and not given back.
pub(crate) struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The bytes that are in use now, as they were asked for.
pub(crate) fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// The most that was in use at a time since this was asked last.
pub(crate) fn peak_bytes() -> usize {
    PEAK.swap(live_bytes(), Ordering::Relaxed)
}

fn more(bytes: usize) {
    let before = LIVE.fetch_add(bytes, Ordering::Relaxed);
    PEAK.fetch_max(before + bytes, Ordering::Relaxed);
}

fn fewer(bytes: usize) {
    LIVE.fetch_sub(bytes, Ordering::Relaxed);
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; what comes in is handed on to the system's as it is"
)]
// SAFETY: every call goes to `System` with the arguments it came with, and its answer is given back unchanged; counting
// touches nothing but an integer. So what `System` promises holds, and what it asks of callers is what is asked here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            more(layout.size());
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            more(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`; the memory came from `System`.
        unsafe { System.dealloc(memory, layout) };
        fewer(layout.size());
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`; the memory came from `System`.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if !moved.is_null() {
            more(size);
            fewer(layout.size());
        }
        moved
    }
}

#[test]
fn what_is_in_use_counts_and_what_is_given_back_does_not() {
    const LARGE: usize = 64 * 1024 * 1024;
    let before = live_bytes();
    let mut large: Vec<u8> = Vec::with_capacity(LARGE);
    large.push(1);
    assert!(live_bytes() >= before + LARGE / 2);
    large.shrink_to_fit();
    assert!(live_bytes() < before + LARGE / 2, "shrinking gives back");
    large.reserve_exact(LARGE);
    assert!(live_bytes() >= before + LARGE / 2, "growing counts");
    drop(large);
    assert!(peak_bytes() >= before + LARGE / 2, "there was more");
    assert!(live_bytes() < before + LARGE / 2);
}
