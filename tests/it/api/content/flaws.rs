//! Bodies that are no JSON object in UTF-8, and what is said about each.

pub(super) struct Flawed {
    pub(super) what: &'static str,
    pub(super) body: Vec<u8>,
    /// A piece of the message.
    pub(super) flaw: &'static str,
}

pub(super) fn flawed() -> Vec<Flawed> {
    let mut rows = Vec::new();
    let mut add = |flaw, group: Vec<(&'static str, Vec<u8>)>| {
        rows.extend(group.into_iter().map(|(what, body)| Flawed { what, body, flaw }));
    };
    add("bad UTF-8", bad_utf8());
    let texts = |group: &[(&'static str, &str)]| {
        group.iter().map(|(what, body)| (*what, body.as_bytes().to_vec())).collect::<Vec<_>>()
    };
    for (flaw, group) in GROUPS {
        add(flaw, texts(group));
    }
    let nested = |open: &str, close: &str| {
        format!(r#"{{"a":{}1{}}}"#, open.repeat(128), close.repeat(128)).into_bytes()
    };
    add(
        "nesting over 128",
        vec![
            ("129 lists in each other", nested("[", "]")),
            ("129 objects in each other", nested(r#"{"a":"#, "}")),
            ("129 deep behind what is flat", [&b"{\"b\":[],"[..], &nested("[", "]")[1..]].concat()),
        ],
    );
    rows
}

/// Each byte sequence that is no UTF-8, and each place where it can stand.
fn bad_utf8() -> Vec<(&'static str, Vec<u8>)> {
    let in_string = |bytes: &[u8]| [b"{\"displayName\":\"a", bytes, b"b\"}"].concat();
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    vec![
        ("UTF-16, little end first, marked", utf_16("\u{feff}{}", u16::to_le_bytes)),
        ("UTF-16, big end first, marked", utf_16("\u{feff}{}", u16::to_be_bytes)),
        ("UTF-32, marked", b"\xff\xfe\0\0{\0\0\0}\0\0\0".to_vec()),
        ("UTF-7 behind a mark that is cut short", b"\xef\xbb{}".to_vec()),
        ("overlong in two bytes", in_string(b"\xc0\xaf")),
        ("an overlong NUL", in_string(b"\xc0\x80")),
        ("overlong in three bytes", in_string(b"\xe0\x80\xaf")),
        ("overlong in four bytes", in_string(b"\xf0\x80\x80\xaf")),
        ("an encoded high surrogate", in_string(b"\xed\xa0\x80")),
        ("an encoded low surrogate", in_string(b"\xed\xbf\xbf")),
        ("an encoded surrogate pair", in_string(b"\xed\xa0\xbd\xed\xb8\x80")),
        ("beyond U+10FFFF", in_string(b"\xf4\x90\x80\x80")),
        ("a byte of five-byte sequences", in_string(b"\xf8\x88\x80\x80\x80")),
        ("FE", in_string(b"\xfe")),
        ("FF", in_string(b"\xff")),
        ("a continuation byte alone", in_string(b"\x80")),
        ("two bytes cut to one", in_string(b"\xc3")),
        ("three bytes cut to two", in_string(b"\xe2\x82")),
        ("four bytes cut to three", in_string(b"\xf0\x9f\x98")),
        ("Latin-1", in_string(b"caf\xe9")),
        ("quotes of Windows-1252", in_string(b"\x93x\x94")),
        ("Shift JIS", in_string(b"\x83e\x83X\x83g")),
        ("a key", b"{\"\xff\":1}".to_vec()),
        ("an unknown field, deep inside", b"{\"new\":[{\"a\":\"\xff\"}]}".to_vec()),
        ("before the object", b"\xff{}".to_vec()),
        ("behind the object", b"{}\xff".to_vec()),
        ("between the fields", b"{\"a\":1,\xa0\"b\":2}".to_vec()),
        ("for a number", b"{\"a\":\xff}".to_vec()),
        ("behind a backslash", b"{\"a\":\"\\\xff\"}".to_vec()),
        ("cut off within a character", b"{\"displayName\":\"\xe2\x82".to_vec()),
        ("a whole object, then half a character", b"{\"displayName\":\"a\"}\xe2\x82".to_vec()),
        ("gzip that nobody announced", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0".to_vec()),
    ]
}

type Group = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const GROUPS: [(&str, Group); 13] = [
    ("expected an object", &[
        ("a list", "[]"),
        ("a list of an object", r#"[{"displayName":"a"}]"#),
        ("a text", r#""displayName""#),
        ("an empty text", r#""""#),
        ("a number", "1"),
        ("true", "true"),
        ("false", "false"),
        ("null", "null"),
        ("plain text", "OK"),
        ("HTML", "<!DOCTYPE html><html><body>Welcome</body></html>"),
        ("XML", "<?xml version=\"1.0\"?><number/>"),
        ("a form", "displayName=a&error=none"),
        ("YAML", "---\ndisplayName: a\n"),
        ("JSONP", r#"callback({"displayName":"a"})"#),
        ("a prefix against script inclusion", ")]}',\n{\"displayName\":\"a\"}"),
        ("an event stream", "data: {\"displayName\":\"a\"}\n\n"),
        ("a record separator", "\u{1e}{}\n"),
        ("a chunk of chunks", "2\r\n{}\r\n0\r\n\r\n"),
        ("a NUL before it", "\0{}"),
        ("a byte order mark behind a space", " \u{feff}{}"),
        ("two byte order marks", "\u{feff}\u{feff}{}"),
        ("a no-break space before it", "\u{a0}{}"),
        ("a zero-width space before it", "\u{200b}{}"),
        ("a form feed before it", "\u{c}{}"),
        ("a vertical tab before it", "\u{b}{}"),
        ("a comment before it", "// numbers\n{}"),
        ("only the end of one", "}"),
    ]),
    ("unexpected end", &[
        ("a byte order mark alone", "\u{feff}"),
        ("whitespace alone", " \r\n"),
        ("cut behind the brace", "{"),
        ("cut in a key", r#"{"displayNa"#),
        ("cut behind a key", r#"{"displayName""#),
        ("cut behind a colon", r#"{"displayName":"#),
        ("cut in a text", r#"{"displayName":"a"#),
        ("cut behind a text", r#"{"displayName":"a""#),
        ("cut behind a comma", r#"{"displayName":"a","#),
        ("cut in an escape", r#"{"displayName":"\u00"#),
        ("cut behind a backslash", r#"{"displayName":"\"#),
        ("cut between the halves of a pair", r#"{"displayName":"\ud83d"#),
        ("cut in a list", r#"{"capability":["SMS""#),
        ("cut in a number", r#"{"paymentIntervalMonths":-"#),
        ("cut in a literal", r#"{"expireAt":nul"#),
        ("one brace short", r#"{"money":{"amount":"1"}"#),
    ]),
    ("trailing bytes", &[
        ("a word behind it", "{} x"),
        ("a second document", r#"{"displayName":"a"}{"displayName":"b"}"#),
        ("a second document on a line of its own", "{\"displayName\":\"a\"}\n{\"displayName\":\"b\"}\n"),
        ("a list behind it", "{}[]"),
        ("null behind it", "{} null"),
        ("a comma behind it", "{},"),
        ("a semicolon behind it", "{};"),
        ("one brace too many", "{}}"),
        ("a NUL behind it", "{}\0"),
        ("a byte order mark behind it", "{}\u{feff}"),
        ("a comment behind it", "{} // the end"),
        ("HTML behind it", "{}<br>Warning: include() failed"),
        ("a form feed behind it", "{}\u{c}"),
        ("a no-break space behind it", "{}\u{a0}"),
    ]),
    ("expected a key", &[
        ("UTF-16 without a mark", "{\0\"\0a\0\"\0:\0n\0}\0"),
        ("a comma first", r#"{,"a":1}"#),
        ("two commas", r#"{"a":1,,"b":2}"#),
        ("a key without quotes", "{displayName:\"a\"}"),
        ("a key in single quotes", "{'displayName':\"a\"}"),
        ("a number for a key", "{1:2}"),
        ("null for a key", "{null:1}"),
        ("a comment", r#"{/* numbers */"a":1}"#),
        ("a comment of a line", "{\"a\":1,// one\n\"b\":2}"),
        ("a comment of a shell", "{# one\n\"b\":2}"),
        ("the wrong bracket", "{]"),
        ("a template that was not filled in", "{{ number | json }}"),
        ("a spread", "{...number}"),
    ]),
    ("expected ':'", &[
        ("no colon", r#"{"a" 1}"#),
        ("an equals sign", r#"{"a"="b"}"#),
        ("a set of texts", r#"{"a","b"}"#),
        ("a key alone", r#"{"a"}"#),
    ]),
    ("expected a value", &[
        ("no value", r#"{"a":}"#),
        ("a comma for a value", r#"{"a":,"b":1}"#),
        ("two colons", r#"{"a"::1}"#),
        ("single quotes", r#"{"a":'b'}"#),
        ("backquotes", r#"{"a":`b`}"#),
        ("undefined", r#"{"a":undefined}"#),
        ("True", r#"{"a":True}"#),
        ("a word", r#"{"a":LOCAL}"#),
        ("a hole in a list", r#"{"a":[1,,2]}"#),
        ("a comment for a value", r#"{"a":/**/1}"#),
        ("a digit of full width", "{\"a\":\u{ff11}}"),
        ("a NUL for a value", "{\"a\":\0}"),
        ("the wrong bracket at once", r#"{"a":[}"#),
    ]),
    ("expected ','", &[
        ("no comma", r#"{"a":1 "b":2}"#),
        ("no comma in a list", r#"{"a":["b" "c"]}"#),
        ("a semicolon for a comma", r#"{"a":1;"b":2}"#),
        ("two texts joined", r#"{"a":"b"+"c"}"#),
        ("the wrong bracket at the end", r#"{"a":1]"#),
        ("brackets that cross", r#"{"a":[{"b":1]}}"#),
        ("a NUL between the fields", "{\"a\":1\0,\"b\":2}"),
    ]),
    ("control character", &[
        ("a NUL in a text", "{\"displayName\":\"a\0b\"}"),
        ("a NUL in a key", "{\"a\0\":1}"),
        ("a tab in a text", "{\"displayName\":\"a\tb\"}"),
        ("a line end in a text", "{\"displayName\":\"a\nb\"}"),
        ("a line end in a key", "{\"a\r\n\":1}"),
        ("an escape sequence of a terminal", "{\"displayName\":\"\u{1b}[2J\"}"),
        ("the last control character", "{\"displayName\":\"\u{1f}\"}"),
    ]),
    ("lone surrogate", &[
        ("a high surrogate at the end", r#"{"displayName":"a\ud800"}"#),
        ("a high surrogate before text", r#"{"displayName":"\ud83dabcdef"}"#),
        ("a high surrogate before an escape", r#"{"displayName":"\ud83d\n\ude00"}"#),
        ("two high surrogates", r#"{"displayName":"\ud83d\ud83d"}"#),
        ("a high surrogate before a letter", r#"{"displayName":"\ud83d\u0061"}"#),
        ("a low surrogate", r#"{"displayName":"\ude00"}"#),
        ("a low surrogate behind a pair", r#"{"displayName":"\ud83d\ude00\ude00"}"#),
        ("the halves swapped", r#"{"displayName":"\ude00\ud83d"}"#),
        ("the last one, in capitals", r#"{"displayName":"\uDFFF"}"#),
        ("one in a key", r#"{"\ud800":1}"#),
        ("one in a field that nobody knows", r#"{"new":[{"a":"\udc00"}]}"#),
        ("one in a key deep inside", r#"{"new":[{"a\udc00":1}]}"#),
    ]),
    ("bad escape", &[
        ("a hexadecimal escape", r#"{"displayName":"\x41"}"#),
        ("an octal escape", r#"{"displayName":"\0"}"#),
        ("an escape of two digits", r#"{"displayName":"\u41"}"#),
        ("an escape with a letter too far", r#"{"displayName":"\u004g"}"#),
        ("an escape in braces", r#"{"displayName":"\u{41}"}"#),
        ("an escape with a sign", r#"{"displayName":"\u+041"}"#),
        ("a capital U", r#"{"displayName":"\U00000041"}"#),
        ("an escaped single quote", r#"{"displayName":"it\'s"}"#),
        ("an escaped line end", "{\"displayName\":\"a\\\nb\"}"),
        ("an escape in a key", r#"{"\a":1}"#),
    ]),
    ("trailing comma", &[
        ("a trailing comma", r#"{"a":1,}"#),
        ("a trailing comma in a list", r#"{"a":[1,]}"#),
        ("a trailing comma on a line of its own", "{\"a\":1\n,\n}"),
    ]),
    ("bad number", &[
        ("NaN", r#"{"a":NaN}"#),
        ("Infinity", r#"{"a":Infinity}"#),
        ("minus infinity", r#"{"a":-Infinity}"#),
        ("a plus sign", r#"{"a":+1}"#),
        ("a leading zero", r#"{"a":01}"#),
        ("a leading zero behind a minus", r#"{"a":-01}"#),
        ("two minus signs", r#"{"a":--1}"#),
        ("a point first", r#"{"a":.5}"#),
        ("a point last", r#"{"a":1.}"#),
        ("an exponent without digits", r#"{"a":1e}"#),
        ("an exponent with only a sign", r#"{"a":1e+}"#),
        ("a minus alone", r#"{"a":-}"#),
    ]),
    ("the response is not JSON", &[
        ("hexadecimal", r#"{"a":0x10}"#),
        ("groups of digits", r#"{"a":1_000}"#),
        ("a comma of decimals, twice", r#"{"a":1,5,0}"#),
        ("two points", r#"{"a":1.2.3}"#),
        ("a unit", r#"{"a":1USD}"#),
        ("half a literal", r#"{"a":tru}"#),
        ("a literal and more", r#"{"a":nulll}"#),
        ("a literal in capitals", r#"{"a":NULL}"#),
    ]),
];
