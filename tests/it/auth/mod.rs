//! Access tokens, and the secrets behind them.

mod crowds;
mod remains;
mod secrets;
mod tokens;
