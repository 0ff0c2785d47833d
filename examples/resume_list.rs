//! Goes through a list in steps that another process can go on with: prints one page and the token of the next.
//! `cargo run --example resume_list -- [TOKEN]`, with an account in the environment.

use sinch_numbers::{Client, ListNumbers};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let mut query = ListNumbers::new().page_size(5);
    if let Some(token) = std::env::args().nth(1) {
        query = query.page_token(token);
    }
    let mut pages = client.pages(&query);
    if let Some(page) = pages.next_page()? {
        for number in &page.active_numbers {
            println!("{}", number.phone_number);
        }
    }
    match pages.next_token() {
        Some(token) => println!("next: {token}"),
        None => println!("that was all"),
    }
    Ok(())
}
