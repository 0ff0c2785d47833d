//! The shapes of error bodies: the service's own, a bare text, problem details, OAuth's, and what gateways send.

use sinch_numbers::ApiError;

/// A body, and what is understood of it, whatever its status.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) what: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) code: Option<i64>,
    pub(super) status: Option<&'static str>,
    pub(super) message: Option<&'static str>,
    pub(super) violations: Vec<(&'static str, &'static str)>,
    /// Each to the last byte.
    pub(super) details: Vec<&'static str>,
    pub(super) problem_type: Option<&'static str>,
    pub(super) request_id: Option<&'static str>,
}

/// Code, status text, message, violations, details, problem type, request id.
type Told = (
    Option<i64>,
    Option<String>,
    Option<String>,
    Vec<(String, String)>,
    Vec<String>,
    Option<String>,
    Option<String>,
);

pub(super) fn told(response: &ApiError) -> Told {
    let violations = response.field_violations.iter();
    (
        response.code,
        response.status.clone(),
        response.message.clone(),
        violations.map(|v| (v.field.clone(), v.description.clone())).collect(),
        response.details.clone(),
        response.problem_type.clone(),
        response.request_id.clone(),
    )
}

impl Shape {
    pub(super) fn told(&self) -> Told {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let violations = self.violations.iter();
        (
            self.code,
            owned(self.status),
            owned(self.message),
            violations.map(|(f, d)| ((*f).to_owned(), (*d).to_owned())).collect(),
            self.details.iter().map(ToString::to_string).collect(),
            owned(self.problem_type),
            owned(self.request_id),
        )
    }

    /// At most the first 4 KiB, and no half character.
    pub(super) fn excerpt(&self) -> Option<String> {
        let mut piece = &self.body[..self.body.len().min(4096)];
        if let (Ok(_), Err(cut)) = (std::str::from_utf8(&self.body), std::str::from_utf8(piece)) {
            piece = &piece[..cut.valid_up_to()];
        }
        (!piece.is_empty()).then(|| String::from_utf8_lossy(piece).into_owned())
    }

    /// What is said to a person.
    pub(super) fn message(&self, status: u16, kind: &str) -> String {
        let mut text = match kind {
            "protocol" => {
                return format!(
                    "active_get +12025550134: unexpected response: a status that no final response has (status {status})"
                );
            }
            "auth" => format!("credentials refused: status {status}"),
            "rate" => format!("rate limited: status {status}"),
            _ => format!("status {status}"),
        };
        if let Some(word) = self.status {
            text += &format!(" {word}");
        }
        if let Some(code) = self.code.filter(|code| *code != i64::from(status)) {
            text += &format!(" (code {code})");
        }
        if let Some(message) = self.message {
            // In one line: control characters are escaped.
            text += &format!(": {}", message.replace('\n', "\\n").replace('\0', "\\0"));
        }
        format!("active_get +12025550134: {text}")
    }

    pub(super) fn understood(&self) -> bool {
        self.code.is_some() || self.status.is_some() || self.message.is_some()
    }

    fn details(mut self, details: &[&'static str]) -> Self {
        self.details = details.to_vec();
        self
    }

    fn violations(mut self, violations: &[(&'static str, &'static str)]) -> Self {
        self.violations = violations.to_vec();
        self
    }

    fn problem(mut self, problem_type: &'static str) -> Self {
        self.problem_type = Some(problem_type);
        self
    }

    fn request(mut self, request_id: &'static str) -> Self {
        self.request_id = Some(request_id);
        self
    }
}

/// A body of which code, status text and message are understood.
fn says(
    what: &'static str,
    body: impl Into<Vec<u8>>,
    code: Option<i64>,
    status: Option<&'static str>,
    message: Option<&'static str>,
) -> Shape {
    Shape { what, body: body.into(), code, status, message, ..Shape::default() }
}

/// A body of which nothing is understood.
fn mute(what: &'static str, body: impl Into<Vec<u8>>) -> Shape {
    says(what, body, None, None, None)
}

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = own();
    shapes.extend(details());
    shapes.extend(others());
    shapes.extend(not_understood());
    shapes
}

#[rustfmt::skip]
fn own() -> Vec<Shape> {
    const NOT_FOUND: Option<&str> = Some("NOT_FOUND");
    let number = r#"{"type":"ResourceInfo","resourceType":"ActiveNumber","resourceName":"+12025550134","owner":"","description":""}"#;
    vec![
        says("the service's own", format!(r#"{{"error":{{"code":404,"message":"no such number","status":"NOT_FOUND","details":[{number}]}}}}"#),
            Some(404), NOT_FOUND, Some("no such number")).details(&[number]),
        says("a code that is no status", r#"{"error":{"code":5,"message":"gone","status":"NOT_FOUND"}}"#, Some(5), NOT_FOUND, Some("gone")),
        says("a code of text", r#"{"error":{"code":"13","message":"down"}}"#, Some(13), None, Some("down")),
        says("a code of 64 bits", r#"{"error":{"code":9223372036854775807}}"#, Some(i64::MAX), None, None),
        says("a code below zero", r#"{"error":{"code":-1}}"#, Some(-1), None, None),
        says("a code beyond 64 bits", r#"{"error":{"code":9223372036854775808,"message":"big"}}"#, None, None, Some("big")),
        says("a code that is no integer", r#"{"error":{"code":404.5,"message":"half"}}"#, None, None, Some("half")),
        says("a code of another type", r#"{"error":{"code":[404],"message":"list"}}"#, None, None, Some("list")),
        says("only a status", r#"{"error":{"status":"NOT_FOUND"}}"#, None, NOT_FOUND, None),
        says("a status that is a number", r#"{"error":{"code":7,"status":403}}"#, Some(7), None, None),
        says("an empty status", r#"{"error":{"code":7,"status":""}}"#, Some(7), None, None),
        says("a status that nobody knows", r#"{"error":{"status":"BRAND NEW é"}}"#, None, Some("BRAND NEW é"), None),
        says("only a message", r#"{"error":{"message":"only this"}}"#, None, None, Some("only this")),
        says("an empty message", r#"{"error":{"code":404,"message":"","status":"NOT_FOUND"}}"#, Some(404), NOT_FOUND, None),
        says("a blank message", r#"{"error":{"code":404,"message":" \n "}}"#, Some(404), None, None),
        says("a message of another type", r#"{"error":{"code":404,"message":{"text":"no"}}}"#, Some(404), None, None),
        says("a message with escapes", r#"{"error":{"message":"a \"b\" \u00e9 \ud83d\ude00\n\u0000c "}}"#, None, None, Some("a \"b\" é 😀\n\0c ")),
        says("null for everything", r#"{"error":{"code":null,"message":null,"status":null,"details":null}}"#, None, None, None),
        says("nothing in the error", r#"{"error":{}}"#, None, None, None),
        says("fields that nobody knows", r#"{"new":1,"error":{"new":{"message":"not this"},"message":"this"}}"#, None, None, Some("this")),
        says("the last of two codes", r#"{"error":{"code":1,"code":2,"message":"a","message":"b"}}"#, Some(2), None, Some("b")),
        says("the last of two errors", r#"{"error":{"code":1,"message":"a"},"error":{"status":"B"}}"#, None, Some("B"), None),
        says("an escaped key", r#"{"\u0065rror":{"\u0063ode":404}}"#, Some(404), None, None),
        says("a byte order mark", "\u{feff}{\"error\":{\"code\":404}}", Some(404), None, None),
        says("whitespace around everything", "\r\n { \"error\" :\t{ \"code\" : 404 , \"message\" : \"no\" } } \n", Some(404), None, Some("no")),
        says("a trace id beside it", r#"{"error":{"code":404},"traceId":"t-1"}"#, Some(404), None, None).request("t-1"),
        says("a trace id of another type", r#"{"error":{"code":404},"traceId":5}"#, Some(404), None, None),
        says("problem details beside it", r#"{"error":{"message":"own"},"title":"T","detail":"D","status":1}"#, None, None, Some("own")),
    ]
}

/// Details vary, and are kept as they are.
#[rustfmt::skip]
fn details() -> Vec<Shape> {
    let with = |details: &str| format!(r#"{{"error":{{"details":{details}}}}}"#);
    let violation = r#"{"type":"BadRequest","fieldViolations":[{"field":"order_by","description":"Invalid order_by XXX"}]}"#;
    let two = r#"{"fieldViolations":[{"field":"type","description":"unknown"},{"field":"page_size"},{"description":"too many"}]}"#;
    let odd = r#"{"fieldViolations":[{"field":5,"description":null},{},null,"x",[{"field":"not this"}],{"field":"this","description":["x"]}]}"#;
    let deep = Box::leak(format!(r#"{{"a":{}1{}}}"#, "[".repeat(124), "]".repeat(124)).into_boxed_str());
    vec![
        mute("no details", with("[]")),
        mute("an object for a list of details", with(r#"{"description":"no list"}"#)),
        mute("a text for a list of details", with(r#""no list""#)),
        mute("details that say nothing", with(r#"[null,5,-0,1E2,true,"text",[],{},[{"description":"not this"}]]"#))
            .details(&["null", "5", "-0", "1E2", "true", r#""text""#, "[]", "{}", r#"[{"description":"not this"}]"#]),
        mute("details as they are written", with("[ { \"n\" : 1.50 ,\n\"n\":\"\\u00e9\\/\" } , {} ]"))
            .details(&["{ \"n\" : 1.50 ,\n\"n\":\"\\u00e9\\/\" }", "{}"]),
        mute("details as deep as may be", with(&format!("[{deep}]"))).details(&[deep]),
        says("a violation for a message", with(&format!("[{violation}]")), None, None, Some("order_by: Invalid order_by XXX"))
            .details(&[violation]).violations(&[("order_by", "Invalid order_by XXX")]),
        says("violations by halves", with(&format!("[{two}]")), None, None, Some("type: unknown; page_size is not valid; too many"))
            .details(&[two]).violations(&[("type", "unknown"), ("page_size", ""), ("", "too many")]),
        says("violations in two details", with(&format!("[{violation},{{}},{two}]")), None, None,
            Some("order_by: Invalid order_by XXX; type: unknown; page_size is not valid; too many"))
            .details(&[violation, "{}", two])
            .violations(&[("order_by", "Invalid order_by XXX"), ("type", "unknown"), ("page_size", ""), ("", "too many")]),
        says("violations of odd types", with(&format!("[{odd}]")), None, None, Some("this is not valid"))
            .details(&[odd]).violations(&[("this", "")]),
        mute("violations that are no list", with(r#"[{"fieldViolations":{"field":"a"}},{"fieldViolations":null}]"#))
            .details(&[r#"{"fieldViolations":{"field":"a"}}"#, r#"{"fieldViolations":null}"#]),
        says("a message beside violations", format!(r#"{{"error":{{"message":"bad","details":[{violation}]}}}}"#), None, None, Some("bad"))
            .details(&[violation]).violations(&[("order_by", "Invalid order_by XXX")]),
        says("a description for a message", with(r#"[{"description":" "},{"description":"Trial account"},{"description":"second"}]"#), None, None, Some("Trial account"))
            .details(&[r#"{"description":" "}"#, r#"{"description":"Trial account"}"#, r#"{"description":"second"}"#]),
    ]
}

#[rustfmt::skip]
fn others() -> Vec<Shape> {
    let pointer = r#"{"pointer":"/age","detail":"must be positive"}"#;
    vec![
        says("a bare text", r#"{"error":"rate limited"}"#, None, None, Some("rate limited")),
        says("a bare text beside a message", r#"{"error":"Not Found","message":"no route","status":404,"path":"/x"}"#, None, None, Some("Not Found")),
        mute("an empty text", r#"{"error":""}"#),
        mute("a blank text", r#"{"error":" "}"#),
        says("OAuth", r#"{"error":"invalid_request","error_verbose":"long","error_description":"The request is wrong","error_hint":"mend it"}"#,
            None, Some("invalid_request"), Some("The request is wrong (mend it)")),
        says("OAuth without a hint", r#"{"error":"invalid_client","error_description":"Unknown client","error_hint":""}"#,
            None, Some("invalid_client"), Some("Unknown client")),
        says("OAuth without a description", r#"{"error":"invalid_client","error_description":""}"#, None, None, Some("invalid_client")),
        says("a problem", r#"{"type":"https://x/access-token-expired","title":"Token expired","detail":"Generate a new one","status":401,"traceId":"abc"}"#,
            Some(401), Some("Token expired"), Some("Generate a new one")).problem("https://x/access-token-expired").request("abc"),
        says("a problem of a form", format!(r#"{{"type":"https://x/validation-error","title":"Validation Error","errors":[{pointer},{{"detail":"not placed"}}]}}"#),
            None, Some("Validation Error"), Some("/age: must be positive")).problem("https://x/validation-error")
            .details(&[pointer, r#"{"detail":"not placed"}"#]).violations(&[("/age", "must be positive")]),
        says("a problem of a title", r#"{"type":"about:blank","title":"Gone"}"#, None, Some("Gone"), None).problem("about:blank"),
        says("a problem of a detail", r#"{"detail":"It is gone","instance":"/x"}"#, None, None, Some("It is gone")),
        says("a problem with a status of text", r#"{"title":"Gone","status":"410"}"#, Some(410), Some("Gone"), None),
        says("a problem with an empty detail", r#"{"type":"","title":"","detail":"","message":"said elsewhere"}"#, None, None, Some("said elsewhere")),
        says("a problem of odd types", r#"{"type":5,"title":["x"],"detail":{},"status":true,"errors":"x","message":"said"}"#, None, None, Some("said")),
        says("a message at the top", r#"{"message":"plain"}"#, None, None, Some("plain")),
        says("a message beside an error of null", r#"{"error":null,"message":"plain"}"#, None, None, Some("plain")),
        says("a message beside an error of another type", r#"{"error":true,"message":"plain"}"#, None, None, Some("plain")),
        mute("an error of a list", r#"{"error":[{"code":404,"message":"no"}]}"#),
        mute("an empty object", "{}"),
        mute("an object that says nothing", r#"{"phoneNumber":"+12025550134"}"#),
    ]
}

fn not_understood() -> Vec<Shape> {
    let own = r#"{"error":{"code":404,"message":"no"}}"#;
    let deep = format!(r#"{{"error":{{"code":404,"a":{}{}}}}}"#, "[".repeat(127), "]".repeat(127));
    // One byte before the limit a character of four begins.
    let cut_character = format!("{}😀{}", "x".repeat(4095), "y".repeat(100));
    let huge = "<html><body>Bad Gateway</body></html>".repeat(30_000);
    vec![
        mute("nothing", ""),
        mute("whitespace", " \r\n"),
        mute("HTML", "<html><head><title>502 Bad Gateway</title></head></html>"),
        mute("a megabyte of HTML", huge),
        mute("exactly 4 KiB", "x".repeat(4096)),
        mute("a character across 4 KiB", cut_character),
        mute("plain text", "upstream connect error or disconnect/reset before headers"),
        mute("a list", r#"[{"error":{"code":404}}]"#),
        mute("a text", r#""not found""#),
        mute("a number", "404"),
        mute("null", "null"),
        mute("cut off", r#"{"error":{"code":404,"status":"NOT_FO"#),
        mute("bytes behind it", format!("{own}\n<br>")),
        mute("a second document", format!("{own}{own}")),
        mute("bad UTF-8", &b"{\"error\":{\"code\":404,\"message\":\"caf\xe9\"}}"[..]),
        mute("UTF-16", own.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
        mute("a NUL", "{\"error\":{\"code\":404,\"message\":\"a\0b\"}}"),
        mute("a lone surrogate", r#"{"error":{"code":404,"message":"\ud800"}}"#),
        mute("a trailing comma", r#"{"error":{"code":404,}}"#),
        mute("129 deep", deep),
    ]
}
