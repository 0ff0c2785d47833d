//! The example of the README.

use sinch_numbers::{Client, ListNumbers, NumberUpdate};

fn main() -> Result<(), sinch_numbers::Error> {
    // SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET
    let client = Client::from_env()?;

    for number in client.numbers(&ListNumbers::new().region_code("US")) {
        let number = number?;
        println!("{} {}", number.phone_number, number.display_name.unwrap_or_default());
    }

    let update = NumberUpdate::new().display_name("reception").link_service_plan("YOUR_planId");
    match client.update("+12025550134", &update) {
        Ok(number) => println!("{:?}", number.provisioning()),
        Err(error) if error.may_have_been_applied() => {
            println!("read the number before you send it again: {error}");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
