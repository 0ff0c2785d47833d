//! What the tests share: servers, the operations as rows, compilers and their programs.

pub(crate) mod calls;
pub(crate) mod drivers;
pub(crate) mod exchanges;
pub(crate) mod faults;
pub(crate) mod mismatches;
pub(crate) mod mocked;
pub(crate) mod parallel;
pub(crate) mod sandboxed;
pub(crate) mod server;
pub(crate) mod tls_front;
pub(crate) mod tls_server;
pub(crate) mod toolchain;
