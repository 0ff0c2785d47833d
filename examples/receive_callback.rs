//! Takes a callback that a web server received, its body on standard input:
//! `cargo run --example receive_callback -- "$HTTP_X_SINCH_SIGNATURE" <body`, with `SINCH_CALLBACK_SECRET` in the environment and,
//! while it is replaced, `SINCH_CALLBACK_SECRET_OLD`.

use std::env;
use std::io::{self, Read};

use sinch_numbers::callbacks::{self, EventStatus};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let signature = env::args().nth(1).ok_or("usage: receive_callback SIGNATURE <body")?;
    let names = ["SINCH_CALLBACK_SECRET", "SINCH_CALLBACK_SECRET_OLD"];
    let secrets: Vec<String> = names.iter().filter_map(|name| env::var(name).ok()).collect();
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;

    // Respond with 401 if the error's kind is `Signature`, and with 200 to a genuine event, at once.
    let event = callbacks::verify(&secrets, Some(&signature), &body)?;
    if let Some(number) = event.needs_reading() {
        // An event is only a hint to read the number: `Client::get` returns its state.
        println!("read {number}");
    }
    if event.status == Some(EventStatus::Failed) {
        match event.explain() {
            Some(why) => println!("{}: {}", why.meaning, why.action),
            None => println!("failed, no reason given"),
        }
    }
    Ok(())
}
