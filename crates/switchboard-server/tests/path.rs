//! The wire whose path names room and peer: coming in, staying, and being idle.

mod common;
mod support;

#[path = "path/coming_in.rs"]
mod coming_in;
#[path = "path/idle.rs"]
mod idle;
