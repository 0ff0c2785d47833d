//! Redacts credentials that a server quotes in its response: a gateway that prints the request it refused, an error message
//! with the header in it.

use std::collections::HashSet;

use zeroize::{Zeroize, Zeroizing};

use crate::api::request::push_encoded;
use crate::error::Error;

/// The length of the pieces of a secret that are searched for: a body can be cut in the middle of a secret.
const PIECE: usize = 12;
/// Shorter secrets are not redacted: they could be ordinary words.
const SHORTEST: usize = 8;

/// Replaces every secret, and every piece of one, by three asterisks in everything that an error quotes of a response.
pub(crate) fn redact(mut error: Error, secrets: &[&str]) -> Error {
    let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    let forms: Vec<Zeroizing<String>> = secrets.flat_map(|secret| forms(secret)).collect();
    let forms: Vec<Pieces<'_>> = forms.iter().map(|form| Pieces::of(form)).collect();
    error.each_quote(&mut |text| {
        if let Some(redacted) = redacted_text(text, &forms) {
            text.zeroize();
            *text = redacted;
        }
    });
    error
}

/// Returns the common encodings of a secret: as it is, in JSON (with and without escaped slashes), and
/// percent-encoded (with capital and small hexadecimal digits).
fn forms(secret: &str) -> Vec<Zeroizing<String>> {
    // Allocated at full size, so that no reallocation leaves a copy behind.
    let write = |write: &dyn Fn(&mut String)| {
        let mut form = Zeroizing::new(String::with_capacity(secret.len() * 6));
        write(&mut form);
        form
    };
    let escape = |escaped: &[char], form: &mut String| {
        for character in secret.chars() {
            if escaped.contains(&character) {
                form.push('\\');
            }
            form.push(character);
        }
    };
    let encoded = write(&|form| push_encoded(form, secret));
    let mut forms = vec![
        Zeroizing::new(secret.to_owned()),
        write(&|form| escape(&['"', '\\'], form)),
        write(&|form| escape(&['"', '\\', '/'], form)),
        write(&|form| {
            for (at, character) in encoded.char_indices() {
                // Only the digits behind a percent sign: letters of the secret stay as they are.
                let hex = encoded[at.saturating_sub(2)..at].contains('%');
                form.push(if hex { character.to_ascii_lowercase() } else { character });
            }
        }),
        encoded.clone(),
    ];
    forms.dedup();
    forms
}

/// All pieces of a secret, of one length.
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

/// Replaces the pieces of secrets in a text; `None` if there are none in it.
fn redacted_text(text: &str, forms: &[Pieces<'_>]) -> Option<String> {
    // All forms together: one form may cover only half of an escape, and the other half would break the JSON.
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
        // A character is hidden if any of its bytes is.
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
    fn pieces_are_replaced_and_the_rest_stays() {
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
            let redacted =
                redacted_text(text, &[Pieces::of(SECRET)]).unwrap_or_else(|| text.to_owned());
            assert_eq!(redacted, expected);
        }
        // A piece that begins in the middle of a character.
        let secret = "ééééééééé";
        assert_eq!(
            redacted_text(&format!("<è{secret}>"), &[Pieces::of(secret)]).unwrap(),
            "<è***>"
        );
        // Short ones in one piece only.
        assert_eq!(
            redacted_text("12345678 1234567", &[Pieces::of("12345678")]).unwrap(),
            "*** 1234567"
        );
    }

    #[test]
    fn redacted_json_stays_json() {
        let secret = "abcdefghijklmn/opqrstuvwxyz\"01234567890";
        let forms = forms(secret);
        let forms: Vec<Pieces<'_>> = forms.iter().map(|form| Pieces::of(form)).collect();
        for text in [
            r#"{"a":"<abcdefghijklmn/opqrstuvwxyz\"01234567890>"}"#,
            r#"{"a":"<abcdefghijklmn\/opqrstuvwxyz\"01234567890>"}"#,
            r#"{"a":"<abcdefghijklmn%2Fopqrstuvwxyz%2201234567890>"}"#,
        ] {
            assert_eq!(redacted_text(text, &forms).unwrap(), r#"{"a":"<***>"}"#);
        }
    }

    #[test]
    fn a_secret_is_searched_in_its_usual_encodings() {
        let forms = forms("a/b+c\"d\\é");
        let forms: Vec<&str> = forms.iter().map(|form| form.as_str()).collect();
        let expected = [
            "a/b+c\"d\\é",
            r#"a/b+c\"d\\é"#,
            r#"a\/b+c\"d\\é"#,
            "a%2fb%2bc%22d%5c%c3%a9",
            "a%2Fb%2Bc%22d%5C%C3%A9",
        ];
        assert_eq!(forms, expected);
        assert_eq!(super::forms("Plain-secret").len(), 1);
    }
}
