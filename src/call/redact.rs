//! What the service says can repeat what it was shown: a gateway that prints the request it refused, an error that quotes the
//! header. No error of ours repeats it again.

use std::collections::HashSet;

use zeroize::{Zeroize, Zeroizing};

use crate::api::request::push_encoded;
use crate::error::Error;

/// So many characters of a secret in a row are too many: a body can be cut anywhere.
const PIECE: usize = 12;
/// What is shorter cannot be told from a word of the service's own.
const SHORTEST: usize = 8;

/// Puts three asterisks in place of every secret, and of every piece of one, in what an error quotes of an answer.
pub(crate) fn redact(mut error: Error, secrets: &[&str]) -> Error {
    let forms: Vec<Zeroizing<String>> =
        secrets.iter().filter(|secret| secret.len() >= SHORTEST).flat_map(|s| forms(s)).collect();
    let forms: Vec<Pieces<'_>> = forms.iter().map(|form| Pieces::of(form)).collect();
    error.each_quote(&mut |text| {
        if let Some(redacted) = without(text, &forms) {
            text.zeroize();
            *text = redacted;
        }
    });
    error
}

/// The ways in which a text is commonly written down: as it is, in JSON, in a URL.
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    // With room for the longest form of each character, so that no copy is left behind by a reallocation.
    let room = || Zeroizing::new(String::with_capacity(secret.len() * 6));
    let (mut json, mut slashes, mut url) = (room(), room(), room());
    for character in secret.chars() {
        if matches!(character, '"' | '\\') {
            json.push('\\');
            slashes.push('\\');
        } else if character == '/' {
            slashes.push('\\');
        }
        json.push(character);
        slashes.push(character);
    }
    push_encoded(&mut url, secret);
    let mut forms = vec![Zeroizing::new(secret.to_owned())];
    // Escapes are the only upper-case hexadecimal there is to be lowered: letters of the secret stay.
    let mut lower = room();
    let mut hex = 0;
    for character in url.chars() {
        lower.push(if hex > 0 { character.to_ascii_lowercase() } else { character });
        hex = if character == '%' { 2 } else { u8::saturating_sub(hex, 1) };
    }
    for form in [json, slashes, url, lower] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Every piece of a secret, all of one length.
struct Pieces<'a> {
    all: HashSet<&'a [u8]>,
    length: usize,
}

impl<'a> Pieces<'a> {
    fn of(secret: &'a str) -> Self {
        let length = secret.len().min(PIECE);
        Self { all: secret.as_bytes().windows(length).collect(), length }
    }
}

/// The text without the pieces of secrets; `None` if there are none in it.
fn without(text: &str, forms: &[Pieces<'_>]) -> Option<String> {
    // All forms together: half of an escape that was left would break the JSON that it stands in.
    let mut secret = Vec::new();
    for form in forms {
        for (at, window) in text.as_bytes().windows(form.length).enumerate() {
            if form.all.contains(window) {
                secret.resize(text.len(), false);
                secret[at..at + form.length].fill(true);
            }
        }
    }
    if secret.is_empty() {
        return None;
    }
    let mut redacted = String::new();
    let mut inside = false;
    for (at, character) in text.char_indices() {
        // Of a character any byte of which is secret nothing stays.
        let hidden = secret[at..at + character.len_utf8()].contains(&true);
        match (hidden, inside) {
            (true, false) => redacted.push_str("***"),
            (true, true) => {}
            (false, _) => redacted.push(character),
        }
        inside = hidden;
    }
    Some(redacted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_masked_and_the_rest_stays() {
        const SECRET: &str = "abcdefghij0123456789";
        let rows = [
            ("nothing of it", "nothing of it"),
            ("abcdefghij0123456789", "***"),
            (
                "the key abcdefghij0123456789, twice: abcdefghij0123456789",
                "the key ***, twice: ***",
            ),
            ("abcdefghij0123456789abcdefghij0123456789.", "***."),
            ("cut off: abcdefghij01", "cut off: ***"),
            ("from the middle: efghij012345!", "from the middle: ***!"),
            ("eleven: abcdefghij0", "eleven: abcdefghij0"),
            ("é abcdefghij0123456789 é", "é *** é"),
            ("", ""),
        ];
        for (text, expected) in rows {
            let redacted = without(text, &[Pieces::of(SECRET)]).unwrap_or_else(|| text.to_owned());
            assert_eq!(redacted, expected);
        }
        // A piece that begins in the middle of a character.
        let secret = "ééééééééé";
        assert_eq!(without(&format!("<è{secret}>"), &[Pieces::of(secret)]).unwrap(), "<è***>");
        // Short ones in one piece only.
        assert_eq!(without("12345678 1234567", &[Pieces::of("12345678")]).unwrap(), "*** 1234567");
    }

    #[test]
    fn what_is_masked_in_json_stays_json() {
        let secret = "abcdefghijklmn/opqrstuvwxyz\"01234567890";
        let forms = forms(secret);
        let forms: Vec<Pieces<'_>> = forms.iter().map(|form| Pieces::of(form)).collect();
        for text in [
            r#"{"a":"<abcdefghijklmn/opqrstuvwxyz\"01234567890>"}"#,
            r#"{"a":"<abcdefghijklmn\/opqrstuvwxyz\"01234567890>"}"#,
            r#"{"a":"<abcdefghijklmn%2Fopqrstuvwxyz%2201234567890>"}"#,
        ] {
            assert_eq!(without(text, &forms).unwrap(), r#"{"a":"<***>"}"#);
        }
    }

    #[test]
    fn a_secret_is_known_in_its_usual_forms() {
        let forms = forms("a/b+c\"d\\é");
        let forms: Vec<&str> = forms.iter().map(|form| form.as_str()).collect();
        let expected = [
            "a/b+c\"d\\é",
            r#"a/b+c\"d\\é"#,
            r#"a\/b+c\"d\\é"#,
            "a%2Fb%2Bc%22d%5C%C3%A9",
            "a%2fb%2bc%22d%5c%c3%a9",
        ];
        assert_eq!(forms, expected);
        assert_eq!(super::forms("Plain-secret").len(), 1);
    }
}
