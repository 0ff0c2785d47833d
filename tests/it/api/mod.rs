//! The operations: what each sends, and what it makes of the responses.

mod content;
mod corpora;
mod errors;
mod fixtures;
pub(crate) mod injection;
mod operations;
mod pages;
mod sandbox;
mod statuses;
mod table;
