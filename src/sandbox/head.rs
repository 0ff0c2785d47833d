//! The head of a request: what it says, and where its body ends.

use super::http::{BODY_MAX, End, Request, refuse};

/// The longest head of a request, in bytes.
pub(super) const HEAD_MAX: usize = 32 * 1024;
pub(super) const HEADERS_MAX: usize = 64;

pub(super) struct Head {
    pub(super) request: Request,
    pub(super) framing: Framing,
    /// How many bytes it was long.
    pub(super) length: usize,
}

pub(super) struct Framing {
    pub(super) body: Body,
    pub(super) expects_continue: bool,
}

pub(super) enum Body {
    Sized(usize),
    Chunked,
}

/// Reads a head. Nothing if its end has not come yet.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Option<Head>, End> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= HEAD_MAX => length,
        Ok(httparse::Status::Complete(_)) => {
            return refuse(431, "the head of the request is too long");
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return refuse(431, "too many headers"),
        Err(_) => return refuse(400, "not an HTTP request"),
    };
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        keep_alive: head.version == Some(1),
        ..Request::default()
    };
    for header in head.headers.iter() {
        let value = String::from_utf8_lossy(header.value).into_owned();
        request.headers.push((header.name.to_owned(), value));
    }
    if head.version == Some(1) && request.header("host").is_none() {
        return refuse(400, "a request without a host");
    }
    if let Some(connection) = request.header("connection") {
        let mut options = connection.split(',').map(str::trim);
        if options.clone().any(|option| option.eq_ignore_ascii_case("close")) {
            request.keep_alive = false;
        } else if options.any(|option| option.eq_ignore_ascii_case("keep-alive")) {
            request.keep_alive = true;
        }
    }
    let target = origin_form(head.path.unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (request.path, request.query) = (path.to_owned(), query.to_owned());
    let framing = framing(&request)?;
    Ok(Some(Head { request, framing, length }))
}

/// A request for `http://host/path` asks for `/path` (RFC 9112, section 3.2.2).
fn origin_form(target: &str) -> &str {
    let Some((scheme, rest)) = target.split_once("://") else { return target };
    if scheme.contains(['/', '?']) {
        return target;
    }
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// Two readings of where a body ends make two readers see two requests, so any doubt is refused.
fn framing(request: &Request) -> Result<Framing, End> {
    let values = |name: &'static str| {
        let headers = request.headers.iter();
        headers.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let mut lengths = values("content-length");
    let length = match lengths.next() {
        Some(first) if lengths.any(|other| other != first) => {
            return refuse(400, "two content lengths");
        }
        Some(first) if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) => {
            return refuse(400, "a content length that is not a number");
        }
        // Longer than a usize is too long, too.
        Some(first) => Some(first.parse().unwrap_or(usize::MAX)),
        None => None,
    };
    let chunked = match request.header("transfer-encoding") {
        None => false,
        Some(_) if length.is_some() => {
            return refuse(400, "both a content length and a transfer encoding");
        }
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => true,
        Some(_) => return refuse(400, "a transfer encoding other than chunked"),
    };
    if length > Some(BODY_MAX) {
        return refuse(413, "the body is too long");
    }
    let expects_continue = match request.header("expect") {
        None => false,
        Some(expectation) if expectation.eq_ignore_ascii_case("100-continue") => {
            chunked || length > Some(0)
        }
        Some(_) => return refuse(417, "an expectation other than 100-continue"),
    };
    let body = if chunked { Body::Chunked } else { Body::Sized(length.unwrap_or(0)) };
    Ok(Framing { body, expects_continue })
}
