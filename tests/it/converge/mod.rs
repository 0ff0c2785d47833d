//! Waiting, relinking and ensuring an emergency address.

mod sandbox;
