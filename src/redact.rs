//! Keeps secrets out of what is told of an answer: a gateway that shows the request it could not handle shows the headers too.
//! Pure.

use zeroize::Zeroizing;

/// What stands in the place of a secret.
const REDACTED: &[u8] = b"[redacted]";

/// A secret that short is none; and taking out every `s` would make an error unreadable.
const SHORTEST: usize = 8;

/// Takes the secrets out of a text, as they are and as JSON writes them.
pub(crate) fn redact(text: &mut Vec<u8>, secrets: &[&str]) {
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        replace(text, secret.as_bytes());
        if secret.contains(['"', '\\']) {
            let mut escaped = Zeroizing::new(String::with_capacity(2 * secret.len()));
            for character in secret.chars() {
                if matches!(character, '"' | '\\') {
                    escaped.push('\\');
                }
                escaped.push(character);
            }
            replace(text, escaped.as_bytes());
        }
    }
}

/// The same for a text that may not be there.
pub(crate) fn redact_text(text: &mut Option<String>, secrets: &[&str]) {
    if let Some(held) = text.take() {
        let mut bytes = held.into_bytes();
        redact(&mut bytes, secrets);
        *text = Some(String::from_utf8_lossy(&bytes).into_owned());
    }
}

fn replace(text: &mut Vec<u8>, secret: &[u8]) {
    let mut from = 0;
    while let Some(at) = find(&text[from..], secret) {
        let begin = from + at;
        // What stands behind it moves up, and leaves nothing of it behind.
        text[begin..begin + secret.len()].fill(0);
        text.splice(begin..begin + secret.len(), REDACTED.iter().copied());
        from = begin + REDACTED.len();
    }
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    let first = *piece.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text[at..].starts_with(piece) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_taken_out_wherever_they_stand() {
        let rows = [
            ("", ""),
            ("nothing", "nothing"),
            ("hush-hush-1", "[redacted]"),
            (
                "Bearer hush-hush-1, hush-hush-1hush-hush-1!",
                "Bearer [redacted], [redacted][redacted]!",
            ),
            ("hush-hush-", "hush-hush-"),
            ("hhush-hush-1", "h[redacted]"),
            (r#"{"a":"quo\"te\\ hush"}"#, r#"{"a":"[redacted]"}"#),
            (r#"quo"te\ hush"#, "[redacted]"),
            ("short", "short"),
        ];
        for (text, expected) in rows {
            let mut bytes = text.as_bytes().to_vec();
            redact(&mut bytes, &["hush-hush-1", "quo\"te\\ hush", "short", ""]);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{text}");
            let mut held = Some(text.to_owned());
            redact_text(&mut held, &["hush-hush-1", "quo\"te\\ hush"]);
            assert_eq!(held.as_deref(), Some(expected));
        }
        let mut none = None;
        redact_text(&mut none, &["hush-hush-1"]);
        assert_eq!(none, None);
    }
}
