//! Waiting, relinking and ensuring an emergency address.

mod killed;
mod sandbox;
mod wire;
