//! The values of the headers `Authorization` and `Proxy-Authorization`, wiped from memory when they are dropped.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The value of an `Authorization` header, wiped when its last owner drops it.
pub(crate) type Authorization = Arc<Zeroizing<String>>;

/// Writes the header value of Basic authentication. No buffer in it grows: that would leave copies of the secret behind.
pub(crate) fn basic(name: &str, password: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(name.len() + 1 + password.len()));
    for part in [name, ":", password] {
        plain.push_str(part);
    }
    let mut value = Zeroizing::new(vec![0; 6 + plain.len().div_ceil(3) * 4]);
    let (scheme, encoded) = value.split_at_mut(6);
    scheme.copy_from_slice(b"Basic ");
    // Cannot fail: the length was computed. `encode_string` would leave a copy on the stack.
    let _ = STANDARD.encode_slice(&*plain, encoded);
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *value)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_values() {
        for (name, password, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
            ("a", "bcd", "Basic YTpiY2Q="),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
        ] {
            let value = basic(name, password);
            assert_eq!(value.as_str(), expected);
            assert_eq!(value.capacity(), value.len(), "it never grew");
        }
    }
}
