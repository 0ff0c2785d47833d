//! Links a number to an SMS service plan and waits until that is done:
//! `cargo run --example link_service_plan -- +12025550134 YOUR_service_plan_id`, with an account in the environment.

use std::thread;
use std::time::Duration;

use sinch_numbers::{Client, NumberUpdate, Provisioning};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(number), Some(plan)) = (arguments.next(), arguments.next()) else {
        return Err("usage: link_service_plan +12025550134 SERVICE_PLAN_ID".into());
    };
    let client = Client::from_env()?;
    let current = client.get(&number)?;
    let linked = current.sms_configuration.as_ref().and_then(|sms| sms.service_plan_id.clone());
    if linked.as_ref() == Some(&plan) {
        println!("{number} is linked to {plan} already");
        return Ok(());
    }
    // The service links only what is not linked.
    if linked.is_some() {
        client.update(&number, &NumberUpdate::new().unlink_service_plan())?;
        wait(&client, &number)?;
    }
    client.update(&number, &NumberUpdate::new().link_service_plan(&plan))?;
    wait(&client, &number)?;
    println!("{number} is linked to {plan}");
    Ok(())
}

fn wait(client: &Client, number: &str) -> Result<(), Box<dyn std::error::Error>> {
    for _ in 0..120 {
        let read = client.get(number)?;
        match read.provisioning() {
            Provisioning::Pending => thread::sleep(Duration::from_millis(500)),
            Provisioning::Failed => {
                let codes = read.sms_job().map(|job| job.error_codes.clone()).unwrap_or_default();
                return Err(format!("provisioning {number} failed: {codes:?}").into());
            }
            _ => return Ok(()),
        }
    }
    Err(format!("{number} is still being provisioned").into())
}
