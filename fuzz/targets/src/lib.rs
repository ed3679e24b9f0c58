//! The fuzz targets: each takes any bytes and panics where something does not hold that always should.
//!
//! `fuzz/fuzz_targets/` hands them to libFuzzer (`cargo xtask soak fuzz`); `tests/replay.rs` plays the seeds in
//! `fuzz/seeds/` and mutations of them on stable, with every other test.

mod decode;
mod frame_reader;
mod hub_ops;
mod scan;

pub use decode::decode;
pub use frame_reader::frame_reader;
pub use hub_ops::hub_ops;
pub use scan::scan;

/// What is run on any bytes.
pub type Target = fn(&[u8]);

/// Every target under its name, which is also that of its binary and of its folder of seeds.
pub const TARGETS: &[(&str, Target)] = &[
    ("frame_reader", frame_reader),
    ("scan", scan),
    ("decode", decode),
    ("hub_ops", hub_ops),
];
