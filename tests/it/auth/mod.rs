//! Access tokens, and the secrets behind them.

mod crowds;
mod refresh;
mod remains;
mod secrets;
mod tokens;
