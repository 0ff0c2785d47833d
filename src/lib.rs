//! An unofficial, blocking client of the Sinch Active Number API.

#[cfg(feature = "sandbox")]
mod sandbox;

#[cfg(feature = "sandbox")]
pub use sandbox::{Sandbox, SandboxBuilder};
