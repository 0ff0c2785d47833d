//! The service, locally.

/// A running sandbox.
#[derive(Debug)]
pub struct Sandbox;

/// Settings of a [`Sandbox`].
#[derive(Debug)]
pub struct SandboxBuilder;
