//! The library against real sockets: what it sends, what it makes of answers, what it does on failures.

mod auth;
mod broken;
mod c;
mod c_behaviour;
mod c_header;
mod c_hostile;
mod calls;
mod cancel;
mod cpp;
mod drivers;
mod errors;
mod examples;
mod faults;
mod fixtures;
mod native_examples;
mod operations;
mod pages;
mod python;
mod reconcile;
mod retries;
mod sandbox;
mod server;
mod table;
mod tidy;
mod tls;
mod toolchain;
