//! Settings: where they come from, and what they change.

mod environment;
mod rate_limit;
