//! Links a number to an SMS service plan, from whatever it is linked to, and waits until it is:
//! `cargo run --example link_service_plan -- +12025550134 YOUR_service_plan_id`, with an account in the environment.

use std::time::Duration;

use sinch_numbers::{Client, ErrorKind, NumberUpdate, Relink, StepOutcome};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(number), Some(plan)) = (arguments.next(), arguments.next()) else {
        return Err("usage: link_service_plan +12025550134 SERVICE_PLAN_ID".into());
    };
    let client = Client::from_env()?;
    let wanted = Relink::to(NumberUpdate::new().link_service_plan(&plan));
    match client.relink(&number, &wanted.timeout(Duration::from_secs(120))) {
        Ok(linked) if linked.steps.iter().all(|step| step.outcome == StepOutcome::NotNeeded) => {
            println!("{number} is linked to {plan} already");
        }
        Ok(_) => println!("{number} is linked to {plan}"),
        Err(error) => {
            if let ErrorKind::Provisioning(failed) = error.kind() {
                for (code, why) in failed.jobs().iter().flat_map(|job| job.reasons()) {
                    eprintln!("{code}: {}", why.action);
                }
            }
            // Nothing is restored automatically: the error has what was linked before.
            if error.may_have_been_applied() {
                eprintln!("it was {}", error.previous().unwrap_or_default());
            }
            return Err(error.into());
        }
    }
    Ok(())
}
