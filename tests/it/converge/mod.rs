//! Waiting, relinking and ensuring an emergency address.

mod killed;
mod languages;
mod sandbox;
mod wire;
