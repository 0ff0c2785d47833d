//! Renames a number and never claims what it does not know:
//! `cargo run --example careful_write -- +12025550134 reception`, with an account in the environment.

use sinch_numbers::{Client, ErrorKind, NumberUpdate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(number), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: careful_write +12025550134 NAME".into());
    };
    let client = Client::from_env()?;
    match client.update(&number, &NumberUpdate::new().display_name(&name)) {
        Ok(_) => println!("renamed"),
        // The response was lost, and reading the number back up to three times did not prove the change. It may still take
        // effect: nothing that is read now says that it will not.
        Err(error) if error.may_have_been_applied() => {
            let read = client.get(&number)?;
            if read.display_name.as_deref() == Some(name.as_str()) {
                println!("renamed, as it turns out");
            } else {
                let name = read.display_name.as_deref().unwrap_or("(no name)");
                println!("still {name}; look again in a while before renaming it once more");
            }
        }
        Err(error) => match error.kind() {
            ErrorKind::InvalidInput(input) => {
                println!("{} is wrong: {}", input.field, input.problem);
            }
            ErrorKind::RateLimited(_) => println!("too fast; wait {:?}", error.retry_after()),
            ErrorKind::Api(api) => {
                for violation in &api.field_violations {
                    println!("the service refuses {}: {}", violation.field, violation.description);
                }
                return Err(error.into());
            }
            _ => return Err(error.into()),
        },
    }
    Ok(())
}
