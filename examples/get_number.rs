//! Reads one number: `cargo run --example get_number -- +12025550134`, with an account in the environment.

use sinch_numbers::Client;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let number = std::env::args().nth(1).ok_or("usage: get_number +12025550134")?;
    let client = Client::from_env()?;
    let number = client.get(number)?;
    println!("{}", number.phone_number);
    println!("  name      {}", number.display_name.as_deref().unwrap_or("-"));
    if let Some(money) = &number.money {
        // Exact to the last digit, without floats: the text for people, whole cents for sums.
        let amount = money.amount.as_deref().unwrap_or("-");
        println!("  price     {amount} {}", money.currency_code.as_deref().unwrap_or(""));
        println!("  in cents  {:?}", money.amount_in(2));
    }
    if let Some(date) = &number.next_charge_date {
        println!("  charged   {date}, {:?} in Unix seconds", date.to_unix().map(|(s, _)| s));
    }
    Ok(())
}
