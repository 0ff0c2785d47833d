//! An unofficial, blocking client of the [Sinch Active Number API]: the service with which companies manage the phone
//! numbers they rent (list, read, configure for SMS and voice, release) and the emergency addresses behind them.
//!
//! [Sinch Active Number API]: https://developers.sinch.com/docs/numbers/
//!
//! # Quick start
//!
//! ```
//! use sinch_numbers::{Client, Credentials, ListNumbers, NumberUpdate};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = sinch_numbers::Sandbox::start()?;
//! let client = Client::builder("YOUR_projectId", Credentials::oauth2("YOUR_keyId", "YOUR_keySecret"))
//! #   ; let client = Client::builder(sandbox.project_id(), Credentials::oauth2(sandbox.key_id(), sandbox.key_secret()))
//! #   .base_url(sandbox.base_url()).auth_url(sandbox.base_url())
//!     .build()?;
//!
//! for number in client.numbers(&ListNumbers::new().region_code("US")) {
//!     let number = number?;
//!     println!("{} {}", number.phone_number, number.display_name.unwrap_or_default());
//! }
//!
//! let update = NumberUpdate::new().display_name("reception");
//! let answer = client.update("+12025550134", &update);
//! # let _ = answer;
//! # Ok(()) }
//! ```
//!
//! With the variables `SINCH_PROJECT_ID`, `SINCH_KEY_ID` and `SINCH_KEY_SECRET` set, [`Client::from_env`] does the first
//! step.
//!
//! # Operations
//!
//! | | |
//! |---|---|
//! | [`list`](Client::list), [`pages`](Client::pages), [`numbers`](Client::numbers) | the project's numbers: a page, lazily all pages, lazily all numbers |
//! | [`get`](Client::get) | one number |
//! | [`update`](Client::update) | its name, its links to SMS and voice, its callback URL |
//! | [`release`](Client::release) | give it back at the end of the paid period |
//! | [`emergency_address`](Client::emergency_address) | read its emergency address |
//! | [`validate_emergency_address`](Client::validate_emergency_address) | ask what the service makes of an address |
//! | [`provision_emergency_address`](Client::provision_emergency_address) | put an address on it |
//! | [`deprovision_emergency_address`](Client::deprovision_emergency_address) | remove the address |
//!
//! # Answers
//!
//! Every operation returns an [`Answer`]: it derefs to the value and keeps the service's JSON as it came, so that fields
//! which this version does not know are not lost. null, `""`, `{}` and a missing field all mean "nothing" and read as
//! `None`. Sets of words are open: an unknown [`NumberType`] keeps its text. [`Timestamp`] and [`Money`] keep their exact
//! text and convert when asked.
//!
//! # Errors and retries
//!
//! There is one error type, [`Error`]; its [`kind`](Error::kind) says what to do. A call is over within its deadline, 30 s
//! by default, whatever it meets: connecting, authentication, retries and waits are inside.
//!
//! | what happened | list, get, emergency address, validate | update, release, provision, deprovision | what to do |
//! |---|---|---|---|
//! | your input cannot be right | [`InvalidInput`](ErrorKind::InvalidInput) at once | the same | correct the field it names |
//! | nothing was sent: name look-up, connect, a proxy that would not | retried, then [`Transport`](ErrorKind::Transport) | the same: not applied | call later |
//! | TLS or certificate refused | [`Transport`](ErrorKind::Transport) at once | the same: not applied | see the cause: it stays |
//! | sent, but no whole answer | retried, then [`Transport`](ErrorKind::Transport) | *asked about*, then [`Transport`](ErrorKind::Transport), maybe applied | read, then decide |
//! | an idle connection had died | replaced silently | noticed in time: replaced; else *asked about* | |
//! | 401 | token refreshed, sent once more, then [`Authentication`](ErrorKind::Authentication) | the same: not applied | check the key |
//! | 403 | [`Authentication`](ErrorKind::Authentication) | the same: not applied | check key and project |
//! | 429 | retried, then [`RateLimited`](ErrorKind::RateLimited) | the same: not applied | wait [`retry_after`](Error::retry_after), call again |
//! | 500, 502, 503, 504 | retried, then [`Api`](ErrorKind::Api) | *asked about*, then [`Api`](ErrorKind::Api), maybe applied | call later; a write: read first |
//! | 400, 404, another 4xx | [`Api`](ErrorKind::Api) | the same: not applied | see [`field_violations`](Error::field_violations) and the message |
//! | another 5xx | [`Api`](ErrorKind::Api) | *asked about*, then [`Api`](ErrorKind::Api), maybe applied | read first |
//! | a redirect | [`Protocol`](ErrorKind::Protocol) | the same: not applied | check the base URL |
//! | an error inside a success | [`Api`](ErrorKind::Api), [`Authentication`](ErrorKind::Authentication) | the same; from 500 on *asked about* | see [`ApiError::code`] |
//! | an answer that is not what the service promises: no HTTP, no JSON object, too big | [`Protocol`](ErrorKind::Protocol) | *asked about*, then [`Protocol`](ErrorKind::Protocol), maybe applied | read first |
//! | the deadline passed | [`Timeout`](ErrorKind::Timeout) with the [`Phase`] | *asked about* if the request had gone out, then maybe applied | call again; a write: read first |
//! | the call was ended | [`Cancelled`](ErrorKind::Cancelled) | maybe applied if the request had gone out | |
//! | the token endpoint fails | as above | as above: not applied | |
//!
//! "Not applied" and "maybe applied" is what [`Error::may_have_been_applied`] says.
//!
//! "Retried" means at most 3 attempts with growing random waits, or with the wait that the service asks for in
//! `Retry-After`; a wait that does not fit the deadline is returned in [`Error::retry_after`] instead. Retries and questions
//! are paid from a budget that all calls of a client share and that successes refill, so that an outage is not made worse;
//! when it is empty, failures are reported at once.
//!
//! "Asked about" means that the number, or its emergency address, is read within the same deadline. If the write was carried
//! out, that is a success, marked [`reconciled`](Answer::reconciled). If nothing of it is to be seen, it is sent once more,
//! once, unless it ran out of time, here or behind a gateway (504), and may still be under way. Otherwise the first failure
//! is reported, and says that the write [may have been applied](Error::may_have_been_applied).
//!
//! # Threads
//!
//! A [`Client`] is `Send`, `Sync` and cheap to clone: share one. It keeps up to 64 idle connections and one access token
//! for all threads; it starts no thread but a short-lived one to look up a name.
//!
//! # Without an account
//!
//! The feature `sandbox` holds the service, locally: [`Sandbox::start`](https://docs.rs/sinch-numbers) in Rust, the program
//! `sinch-numbers-sandbox` for everyone else.
//!
//! # Not provided
//!
//! No async: use threads. No searching for and renting of new numbers: that is another API. No guessing: what the service
//! says is passed on, and what it does not say stays `None`.

// Of the library only: examples print, tests unwrap.
#![warn(
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod api_error;
mod auth;
mod builder;
mod cancel;
mod client;
mod echo;
mod emergency;
mod engine;
mod enums;
mod error;
#[cfg(feature = "capi")]
mod ffi;
#[cfg(all(feature = "test-hooks", feature = "capi"))]
#[doc(hidden)]
pub mod fuzz;
mod json;
mod judge;
mod log;
mod loose;
mod model;
mod numbers;
mod operation;
mod pages;
mod phone_number;
mod reconcile;
mod retry;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sys;
mod timestamp;
mod transport;
mod walk;

pub use auth::Credentials;
pub use builder::ClientBuilder;
pub use cancel::CancelToken;
pub use client::{Answer, Client};
pub use emergency::{Address, EmergencyAddressRequest};
pub use enums::{
    Capability, NumberType, OrderBy, ProvisioningStatus, SearchPattern, SmsErrorCode,
    ValidationResult, VoiceApplicationType,
};
pub use error::{
    ApiError, Error, ErrorKind, FieldViolation, InvalidInput, Phase, ProtocolViolation,
};
pub use log::LogLevel;
pub use model::{
    ActiveNumber, AddressValidation, EmergencyAddress, Money, Page, Provisioning,
    ScheduledProvisioning, ScheduledVoiceProvisioning, SmsConfiguration, VoiceConfiguration,
};
pub use numbers::{ListNumbers, NumberUpdate, VoiceTarget};
pub use pages::{Numbers, Pages};
pub use phone_number::PhoneNumber;
#[cfg(feature = "sandbox")]
pub use sandbox::{Sandbox, SandboxBuilder};
pub use timestamp::Timestamp;
