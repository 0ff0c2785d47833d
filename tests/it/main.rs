//! The library against real sockets: what it sends, what it makes of responses, what it does on failures.

mod api;
mod auth;
mod c;
mod callbacks;
mod cli;
mod config;
mod converge;
mod cpp;
mod docs;
mod python;
mod retry;
mod support;
mod tidy;
mod tls;
mod transport;
