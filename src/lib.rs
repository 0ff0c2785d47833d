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
//! # let mut service = mockito::Server::new();
//! # let number = r#"{"phoneNumber":"+12025550134","displayName":"desk"}"#;
//! # let path = "/v1/projects/YOUR_projectId/activeNumbers";
//! # service.mock("POST", "/oauth2/token").with_body(r#"{"access_token":"t"}"#).create();
//! # service.mock("GET", path).match_query("regionCode=US").with_body(format!(r#"{{"activeNumbers":[{number}]}}"#)).create();
//! # service.mock("PATCH", format!("{path}/+12025550134").as_str()).with_body(number).create();
//! let client = Client::builder("YOUR_projectId", Credentials::oauth2("YOUR_keyId", "YOUR_keySecret"))
//! #   .base_url(service.url()).auth_url(service.url())
//!     .build()?;
//!
//! for number in client.numbers(&ListNumbers::new().region_code("US")) {
//!     let number = number?;
//!     println!("{} {}", number.phone_number, number.display_name.unwrap_or_default());
//! }
//!
//! let update = NumberUpdate::new().display_name("reception");
//! let number = client.update("+12025550134", &update)?;
//! println!("{:?}", number.provisioning());
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
//! | [`wait`](Client::wait) | wait until the provisioning jobs of a number are over |
//! | [`relink`](Client::relink) | bring it to the wanted service plan, campaign, voice application, trunk or fax service, from any state |
//! | [`ensure_emergency_address`](Client::ensure_emergency_address) | make sure that it has an address that the service validated |
//!
//! The last three take several requests and wait in between, with a deadline of their own: they read first, send only what is
//! missing, and can be called again after a failure or a crash.
//!
//! # Responses
//!
//! Every operation returns a [`Response`]: it derefs to the value and keeps the service's JSON as it came, so that fields
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
//! | nothing was sent: name look-up, connect | retried, then [`Transport`](ErrorKind::Transport) | the same: not applied | call later |
//! | TLS, a certificate or the proxy refused | [`Transport`](ErrorKind::Transport) at once | the same: not applied | see the cause: it stays |
//! | sent, but no whole response | retried, then [`Transport`](ErrorKind::Transport) | *read back*, then [`Transport`](ErrorKind::Transport), maybe applied | read again, then decide |
//! | an idle connection had died | replaced silently | noticed in time: replaced; else *read back* | |
//! | 401 | token refreshed, sent once more, then [`Authentication`](ErrorKind::Authentication) | the same: not applied | check the key |
//! | 403 | [`Authentication`](ErrorKind::Authentication) | the same: not applied | check key and project |
//! | 429 | retried, then [`RateLimited`](ErrorKind::RateLimited) | the same: not applied | wait [`retry_after`](Error::retry_after), call again |
//! | 500, 502, 503, 504 | retried, then [`Api`](ErrorKind::Api) | *read back*, then [`Api`](ErrorKind::Api), maybe applied | call later; a write: read first |
//! | another 5xx, 408 | [`Api`](ErrorKind::Api): calling again cannot help | *read back*, then [`Api`](ErrorKind::Api), maybe applied | read first |
//! | 400, 404, another 4xx | [`Api`](ErrorKind::Api) | the same: not applied | see [`field_violations`](Error::field_violations) and the message |
//! | a redirect: 301, 307, 308 | [`Protocol`](ErrorKind::Protocol) | the same: not applied | check the base URL |
//! | another 3xx | [`Protocol`](ErrorKind::Protocol) | *read back*, then [`Protocol`](ErrorKind::Protocol), maybe applied | check the base URL |
//! | an error inside a success | [`Api`](ErrorKind::Api), [`Authentication`](ErrorKind::Authentication) | 4xx: the same, not applied; else *read back* | see [`ApiError::code`] |
//! | a response that is not what the service promises: no HTTP, no JSON object, too big | [`Protocol`](ErrorKind::Protocol) | *read back*, then [`Protocol`](ErrorKind::Protocol), maybe applied | read first |
//! | the deadline passed | [`Timeout`](ErrorKind::Timeout) with the [`Phase`] | *read back* if the request had gone out, then maybe applied | call again; a write: read first |
//! | the call was ended | [`Cancelled`](ErrorKind::Cancelled) | maybe applied if the request had gone out | |
//! | the token endpoint fails | as above | as above: not applied | |
//!
//! "Not applied" and "maybe applied" is what [`Error::may_have_been_applied`] says.
//!
//! "Retried" means at most 3 attempts with growing random waits, or with the wait that the service asks for in
//! `Retry-After`; a wait that does not fit the deadline is returned in [`Error::retry_after`] instead. Retries and read-backs
//! are paid from a budget that all calls of a client share and that successes refill, so that an outage is not made worse;
//! when it is empty, failures are reported at once. A 429 is retried without being paid for.
//!
//! "Read back": a write that may have been carried out is never sent again. The number, or its emergency address, is read at
//! once, about 0.5 s and about 2 s after the failure, within the same deadline; from its first byte on, a write keeps a quarter
//! of the time that is left (at most 5 s) for this. If a read proves the write, that is a success, marked
//! [`reconciled`](Response::reconciled). Otherwise the first failure is reported: the write
//! [may have been applied](Error::may_have_been_applied), and [`Error::found`] is what was read last. It may still take effect:
//! read once more, later, before sending it again.
//!
//! A write counts as proved if the number is as the write would have left it, even if another client did it:
//!
//! | | |
//! |---|---|
//! | update | every field that was sent stands in the number, or in a job that is waiting or in progress, and no other job is about to replace it; a job that failed proves nothing |
//! | release | `expireAt` is set and, where there is a `nextChargeDate`, at most a day later than it |
//! | deprovision | the service says that there is no address, and that there is the number |
//! | provision | nothing: its display name cannot be read. Compare [`Error::found`] with what was sent |
//!
//! # Threads
//!
//! A [`Client`] is `Send`, `Sync` and cheap to clone: share one. It keeps up to 64 idle connections and one access token
//! for all threads; it starts no thread but a short-lived one to look up a name.
//!
//! # Testing your own code
//!
//! A server with canned responses, such as [mockito]'s, shows how your code handles them:
//!
//! [mockito]: https://docs.rs/mockito
//!
//! ```
//! use sinch_numbers::{Client, Credentials, Error};
//!
//! // Your code.
//! fn greeting(client: &Client, number: &str) -> Result<String, Error> {
//!     let name = client.get(number)?.into_inner().display_name;
//!     Ok(format!("You have reached {}.", name.as_deref().unwrap_or("us")))
//! }
//!
//! let mut service = mockito::Server::new();
//! let token = service.mock("POST", "/oauth2/token").with_body(r#"{"access_token":"a-token"}"#).create();
//! let get = service
//!     .mock("GET", "/v1/projects/a-project/activeNumbers/+12025550134")
//!     .match_header("authorization", "Bearer a-token")
//!     .with_body(r#"{"phoneNumber":"+12025550134","displayName":"the reception"}"#)
//!     .create();
//! let client = Client::builder("a-project", Credentials::oauth2("a-key", "a-secret"))
//!     .base_url(service.url())
//!     .auth_url(service.url())
//!     .build()?;
//!
//! assert_eq!(greeting(&client, "+12025550134")?, "You have reached the reception.");
//! token.assert();
//! get.assert();
//! # Ok::<(), Error>(())
//! ```
//!
//! An error is a status and a body: `.with_status(429).with_header("retry-after", "7")`. With
//! [`max_attempts(1)`](ClientBuilder::max_attempts) each call is one request.
//!
//! How the service *behaves* (jobs that take their time, changes that the next read shows, responses that are lost after the
//! write was carried out) is what the sandbox is for. The feature `sandbox` holds the service, locally: `Sandbox::start()` in
//! Rust, the program `sinch-numbers sandbox` for everyone else.
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

#[cfg(not(unix))]
compile_error!(
    "sinch-numbers runs on Linux and macOS, not on Windows: its waits are those of Unix, poll(2) on sockets and wakers"
);

mod api;
mod call;
mod cancel;
mod client;
mod error;
#[cfg(feature = "capi")]
mod ffi;
#[cfg(all(feature = "test-hooks", feature = "capi"))]
#[doc(hidden)]
#[path = "../tests/fuzz/properties.rs"]
pub mod fuzz;
mod json;
mod log;
#[cfg(feature = "sandbox")]
mod sandbox;
mod sys;
mod transport;

/// The callbacks that the service sends to the URL of a number ([`ActiveNumber::callback_url`]) when a provisioning job has ended
/// (API: "Callbacks").
///
/// [`verify`](callbacks::verify) checks the signature of one and reads its event. Respond with 200 at once, and work later.
pub mod callbacks {
    pub use crate::api::callback::{Event, EventStatus, EventType, ResourceType};
    pub use crate::call::callback::verify;
}

pub use api::emergency_address::{Address, EmergencyAddressRequest};
pub use api::ensure::EnsureEmergencyAddress;
pub use api::enums::{
    Capability, NumberType, OrderBy, ProvisioningStatus, SearchPattern, SmsErrorCode,
    ValidationResult, VoiceApplicationType,
};
pub use api::list::ListNumbers;
pub use api::models::{
    ActiveNumber, AddressValidation, EmergencyAddress, Money, Page, Provisioning,
    ScheduledProvisioning, ScheduledVoiceProvisioning, SmsConfiguration, VoiceConfiguration,
};
pub use api::number_update::{NumberUpdate, VoiceTarget};
pub use api::phone_number::PhoneNumber;
pub use api::provisioning::{Actor, Explanation, RetryAdvice, explain};
pub use api::relink::{Relink, RelinkOutcome, RelinkStep, StepOutcome};
pub use api::timestamp::Timestamp;
pub use call::credentials::Credentials;
pub use cancel::CancelToken;
pub use client::Client;
pub use client::builder::ClientBuilder;
pub use client::operations::{EnsuredEmergencyAddress, Relinked, Wait};
pub use client::pages::{Numbers, Pages};
pub use client::provisioning::FailedJob;
pub use client::response::Response;
pub use error::{
    AddressRefusal, ApiError, Error, ErrorKind, FieldViolation, InvalidInput, Phase,
    ProtocolViolation, ProvisioningError, SignatureProblem,
};
pub use log::LogLevel;
#[cfg(feature = "sandbox")]
pub use sandbox::{Sandbox, SandboxBuilder, SandboxWrite};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use transport::proxy_from_env;

#[cfg(test)]
#[path = "../tests/model/random.rs"]
mod random;
#[cfg(test)]
#[path = "../tests/model/timeline.rs"]
mod timeline;
