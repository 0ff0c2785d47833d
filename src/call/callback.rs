//! Verifies the signatures of callbacks (HMAC-SHA1).

use ring::hmac;

use crate::api::callback::Event;
use crate::error::{Error, ErrorKind, SignatureProblem};
use crate::json;

/// The operation that errors name.
pub(crate) const NAME: &str = "callback_verify";
/// The maximum length of a body, in bytes. Events have some hundred.
pub(crate) const LONGEST: usize = 1024 * 1024;
/// The maximum number of secrets.
const MOST_SECRETS: usize = 8;
/// The length of a signature: SHA-1.
const LENGTH: usize = 20;

/// Verifies the signature of a callback, and reads its event.
///
/// `secrets` are 1 to 8 HMAC secrets of callback configurations: more than one while a secret is replaced, or where numbers and
/// imported numbers call the same URL. `signature` is the value of the header `X-Sinch-Signature`, whose name may be written in
/// any case, `None` if it is not there; if it is there twice with two values, refuse the callback. `body` is the request's body,
/// byte for byte, at most 1 MiB: a body that was decoded and encoded again does not verify.
///
/// The body is not parsed before its signature is verified. All secrets are compared, in a time that does not depend
/// on which of them matches, nor on how much of a signature is right.
///
/// The service signs neither a time nor a nonce, so a callback that somebody recorded can be sent again: remember
/// [`event_id`](Event::event_id) for a while, and read the number for its state.
///
/// # Errors
///
/// - [`ErrorKind::Signature`]: the signature is missing, malformed, or made with another secret;
/// - [`ErrorKind::Protocol`]: the signature is right, but the body is not one JSON object in UTF-8;
/// - [`ErrorKind::InvalidInput`]: there are no secrets or more than 8, one of them is empty, or the body is too long.
///
/// ```
/// use sinch_numbers::callbacks::{self, EventStatus};
///
/// let body = br#"{"eventId":"event_id","timestamp":"2025-04-08T10:38:04.854087603","projectId":"project-id","resourceId":"+1234567890","resourceType":"ACTIVE_NUMBER","eventType":"PROVISIONING_TO_VOICE_PLATFORM","status":"SUCCEEDED","failureCode":null,"internalFailureCode":null}"#;
/// let signature = Some("d2107528d5d52897a97dc6e24e09a208036ccd83");
///
/// let event = callbacks::verify(&["the-next-secret", "my-callback-secret"], signature, body)?;
/// assert_eq!(event.status, Some(EventStatus::Succeeded));
/// assert_eq!(event.needs_reading().unwrap().as_str(), "+1234567890");
/// # Ok::<(), sinch_numbers::Error>(())
/// ```
pub fn verify<S: AsRef<[u8]>>(
    secrets: &[S],
    signature: Option<&str>,
    body: &[u8],
) -> Result<Event, Error> {
    let secrets = secrets.iter().map(AsRef::as_ref);
    verified(secrets, signature.map(str::as_bytes), body).map(Event::read)
}

/// Verifies the signature of a callback, and returns the JSON of its event.
pub(crate) fn verified<'a, 'b>(
    secrets: impl ExactSizeIterator<Item = &'b [u8]> + Clone,
    signature: Option<&[u8]>,
    body: &'a [u8],
) -> Result<&'a str, Error> {
    let json = check_signature(secrets, signature, body).and_then(|()| {
        json::check(body).map_err(|error| {
            Error::protocol(format!("the body is no JSON object: {error}"), None, b"")
        })
    });
    json.map_err(|error| error.of_operation(NAME, None))
}

fn check_signature<'a>(
    secrets: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
    signature: Option<&[u8]>,
    body: &[u8],
) -> Result<(), Error> {
    let problem = match secrets.len() {
        0 => Some("is empty"),
        1..=MOST_SECRETS => secrets.clone().any(<[u8]>::is_empty).then_some("holds an empty one"),
        _ => Some("holds more than 8"),
    };
    if let Some(problem) = problem {
        return Err(Error::invalid("secrets", problem));
    }
    if body.len() > LONGEST {
        return Err(too_long());
    }
    let refused = |problem| Error::new(ErrorKind::Signature(problem));
    let signature = match signature {
        None | Some([]) => return Err(refused(SignatureProblem::Missing)),
        Some(text) => decode_hex(text).ok_or_else(|| refused(SignatureProblem::Malformed))?,
    };
    // All are compared, so that the time does not depend on which one matches.
    let matching = secrets.fold(0, |matching, secret| {
        matching | u8::from(hmac::verify(&key(secret), body, &signature).is_ok())
    });
    if matching == 0 { Err(refused(SignatureProblem::OtherSecret)) } else { Ok(()) }
}

pub(crate) fn too_long() -> Error {
    Error::invalid("body", format!("is longer than {LONGEST} bytes"))
}

fn key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret)
}

/// Decodes a signature, in lower-case or upper-case hexadecimal digits.
fn decode_hex(text: &[u8]) -> Option<[u8; LENGTH]> {
    let mut signature = [0; LENGTH];
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if text.len() != 2 * LENGTH {
        return None;
    }
    for (byte, pair) in signature.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(signature)
}

/// Signs a callback as the service does.
#[cfg(any(feature = "sandbox", feature = "test-hooks"))]
pub(crate) fn sign(secret: &[u8], body: &[u8]) -> String {
    let digit = |bits: u8| char::from_digit(u32::from(bits), 16).unwrap_or_default();
    let tag = hmac::sign(&key(secret), body);
    tag.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
