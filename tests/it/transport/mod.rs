//! One exchange, on connections that work and on those that do not.

pub(crate) mod broken;
mod cancel;
mod framing;
mod huge;
mod keep_alive;
mod lookups;
mod proxies;
mod redirects;
mod reuse;
mod slow;
