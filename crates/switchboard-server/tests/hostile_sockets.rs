//! Sockets that come in numbers, say nonsense, say too much, or go at the worst moment. After each, a healthy pair
//! exchanges messages at once, and nothing of the others is left.

mod common;
mod support;

#[path = "hostile_sockets/crowds.rs"]
mod crowds;
#[path = "hostile_sockets/healthy.rs"]
mod healthy;
#[path = "hostile_sockets/nonsense.rs"]
mod nonsense;
#[path = "hostile_sockets/pipelines.rs"]
mod pipelines;
#[path = "hostile_sockets/resets.rs"]
mod resets;
