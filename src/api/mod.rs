//! The API's table of contents: its operations and values as plain data.

pub(crate) mod emergency_address;
pub(crate) mod enums;
pub(crate) mod list;
pub(crate) mod models;
pub(crate) mod numbers;
pub(crate) mod phone_number;
pub(crate) mod request;
pub(crate) mod timestamp;
