//! A tour of everything the library does, on one number: list, find, link, wait, emergency address, release.
//!
//! Without an account in the environment it runs against a sandbox inside itself. With one it talks to the service and
//! only reads, unless it is told what it may change:
//!
//! ```text
//! cargo run --example tour
//! cargo run --example tour -- --write --number +12025550134 --app YOUR_Voice_appId
//! cargo run --example tour -- --write --number +12025550134 --release
//! ```

mod support;

use std::process::ExitCode;
use std::time::Duration;

use sinch_numbers::{
    ActiveNumber, Address, Client, EmergencyAddress, EmergencyAddressRequest,
    EnsureEmergencyAddress, ErrorKind, ListNumbers, NumberUpdate, OrderBy, Provisioning, Relink,
    RelinkOutcome, ValidationResult, VoiceConfiguration, Wait,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
A tour of the library on one number.

usage: tour [--write --number +1…] [--app ID] [--release]

Without SINCH_PROJECT_ID, SINCH_KEY_ID and SINCH_KEY_SECRET it runs every step against a
sandbox inside itself. With them it talks to the service and only reads.

  --write         change the number that --number names
  --number +1…    the number to change
  --app ID        the voice application to link it to (left out: no link)
  --street-number, --street, --city, --state, --postal-code
                  the emergency address to put on it and take off again
                  (left out: none; a number that has one is left alone)
  --release       also release the number, at the end: it is gone after the paid period
  --help          this text
";

#[derive(Default)]
struct Options {
    write: bool,
    release: bool,
    number: Option<String>,
    app: Option<String>,
    address: [Option<String>; 5],
}

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), |options| run(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tour: {}", support::explain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>> {
    use lexopt::prelude::{Long, ValueExt};
    let mut options = Options::default();
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("write") => options.write = true,
            Long("release") => options.release = true,
            Long("number") => options.number = Some(arguments.value()?.string()?),
            Long("app") => options.app = Some(arguments.value()?.string()?),
            Long("street-number") => options.address[0] = Some(arguments.value()?.string()?),
            Long("street") => options.address[1] = Some(arguments.value()?.string()?),
            Long("city") => options.address[2] = Some(arguments.value()?.string()?),
            Long("state") => options.address[3] = Some(arguments.value()?.string()?),
            Long("postal-code") => options.address[4] = Some(arguments.value()?.string()?),
            Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if options.write != options.number.is_some() {
        return Err("--write and --number go together".into());
    }
    if options.release && !options.write {
        return Err("--release goes with --write and --number".into());
    }
    Ok(Some(options))
}

fn run(options: &Options) -> Result<()> {
    let (client, sandbox) = support::connect()?;
    match &sandbox {
        Some(sandbox) => {
            println!("No account in the environment: a sandbox at {}", sandbox.base_url());
        }
        None if options.write => println!("Your account; changes to the number you named"),
        None => println!("Your account; reading only (--write --number +1… to change a number)"),
    }

    let fleet = list(&client)?;
    let number = match (&options.number, &sandbox) {
        (Some(number), _) => number.clone(),
        (None, Some(_)) => pick(&fleet)?,
        (None, None) => return read_only(&client, &fleet),
    };
    let demo = sandbox.is_some();
    find(&client, &number)?;
    link(&client, &number, options.app.clone().or(demo.then(|| "demo-voice-app".to_owned())))?;
    let address = match &options.address {
        [Some(number), Some(street), Some(city), Some(state), Some(code)] => {
            Some(Address::new(number, street, city, state, code))
        }
        _ if demo => Some(Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326")),
        _ => None,
    };
    emergency(&client, &number, address)?;
    release(&client, &number, demo || options.release)
}

fn list(client: &Client) -> Result<Vec<ActiveNumber>> {
    step("List the numbers of the project");
    let query = ListNumbers::new().order_by(OrderBy::PhoneNumber);
    let fleet: Vec<_> = client.numbers(&query).collect::<std::result::Result<_, _>>()?;
    for number in fleet.iter().take(20) {
        println!("  {}", summary(number));
    }
    if fleet.len() > 20 {
        println!("  … and {} more (`cargo run --example list` shows them all)", fleet.len() - 20);
    }
    println!("  {} numbers", fleet.len());
    Ok(fleet)
}

/// A number that nothing depends on: not linked, no job, not released.
fn pick(fleet: &[ActiveNumber]) -> Result<String> {
    let unlinked = |voice: &VoiceConfiguration| {
        voice.app_id.is_none() && voice.trunk_id.is_none() && voice.service_id.is_none()
    };
    let free = fleet.iter().find(|number| {
        number.expire_at.is_none()
            && number.provisioning() == Provisioning::Settled
            && number.voice_configuration.as_ref().is_none_or(unlinked)
    });
    Ok(free.ok_or("the project has no number that is free to try things on")?.phone_number.clone())
}

fn read_only(client: &Client, fleet: &[ActiveNumber]) -> Result<()> {
    let Some(first) = fleet.first() else {
        println!("\nThe project has no numbers: nothing more to show.");
        return Ok(());
    };
    find(client, &first.phone_number)?;
    step("Read its emergency address");
    show_address(client, &first.phone_number)?;
    println!("\nDone: nothing was changed.");
    Ok(())
}

fn find(client: &Client, number: &str) -> Result<()> {
    step(&format!("Find {number}"));
    let found = client.list(&ListNumbers::new().starts_with(number))?;
    println!("  {} match", found.active_numbers.len());
    let response = client.get(number)?;
    println!("  {}", summary(&response));
    Ok(())
}

fn link(client: &Client, number: &str, app: Option<String>) -> Result<()> {
    step("Link it to a voice application");
    let Some(app) = app else {
        println!("  skipped: no --app");
        return Ok(());
    };
    let wanted = Relink::to(NumberUpdate::new().assign_voice_application(&app));
    let linked = client.relink(number, &wanted.timeout(Duration::from_secs(120)))?;
    for RelinkOutcome { step, outcome, .. } in &linked.steps {
        println!("  {step}: {outcome:?}");
    }
    println!("  {}", summary(&linked.number));

    step("Wait until no job is under way");
    let settled = client.wait(number, &Wait::new().timeout(Duration::from_secs(120)))?;
    println!("  {}", job(&settled));
    Ok(())
}

fn emergency(client: &Client, number: &str, address: Option<Address>) -> Result<()> {
    step("Read its emergency address");
    let has_one = show_address(client, number)?;
    let Some(address) = address.filter(|_| !has_one) else {
        println!("  left as it is");
        return Ok(());
    };

    step("Validate an emergency address");
    let request = EmergencyAddressRequest::new("Tour", address);
    let validation = client.validate_emergency_address(number, &request)?;
    println!(
        "  {}: {}",
        validation.validation_result.as_ref().map_or("no result", ValidationResult::as_str),
        validation.validation_message.as_deref().unwrap_or("no message"),
    );

    step("Make sure that it is on the number");
    let wanted = EnsureEmergencyAddress::new(request).accept_corrected();
    match client.ensure_emergency_address(number, &wanted) {
        Ok(ensured) => println!("  provisioned: {}", line(&ensured.address)),
        Err(error) if matches!(error.kind(), ErrorKind::Address(_)) => {
            for candidate in &validation.candidate_addresses {
                println!("  perhaps: {}", line(candidate));
            }
            println!("  not provisioned: emergency services would not find it");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }

    step("Read it back");
    show_address(client, number)?;

    step("Deprovision it");
    client.deprovision_emergency_address(number)?;
    show_address(client, number)?;
    Ok(())
}

fn release(client: &Client, number: &str, really: bool) -> Result<()> {
    step("Release the number");
    if !really {
        println!("  skipped: no --release");
        return Ok(());
    }
    let released = client.release(number)?;
    match &released.expire_at {
        Some(end) => println!("  {number} is ours until {end}"),
        None => println!("  {number} is released"),
    }
    Ok(())
}

fn step(what: &str) {
    println!("\n== {what}");
}

fn show_address(client: &Client, number: &str) -> Result<bool> {
    match client.emergency_address(number) {
        Ok(address) => {
            println!("  {}", line(&address));
            Ok(true)
        }
        Err(error) if error.http_status() == Some(404) => {
            println!("  none");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

fn line(address: &EmergencyAddress) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let mut code = part(&address.postal_code);
    if let Some(four) = &address.postal_code_plus_four {
        code += &format!("-{four}");
    }
    let mut street = format!("{} {}", part(&address.street_number), part(&address.street_info));
    if let Some(location) = &address.location {
        street += &format!(", {location}");
    }
    format!("{street}, {}, {} {code}", part(&address.city), part(&address.state))
}

fn summary(number: &ActiveNumber) -> String {
    let kind = number.number_type.as_ref().map_or("?", |kind| kind.as_str());
    let region = number.region_code.as_deref().unwrap_or("?");
    let name = number.display_name.as_deref().unwrap_or("-");
    let plan = number.sms_configuration.as_ref().and_then(|sms| sms.service_plan_id.as_deref());
    let voice = number.voice_configuration.as_ref().and_then(|voice| {
        let id = voice.app_id.as_ref().or(voice.trunk_id.as_ref()).or(voice.service_id.as_ref())?;
        Some(format!("{} {id}", voice.application_type()))
    });
    format!(
        "{:<16} {region:<3} {kind:<10} {name:<24} sms: {:<16} voice: {}",
        number.phone_number,
        plan.unwrap_or("-"),
        voice.as_deref().unwrap_or("-"),
    )
}

fn job(number: &ActiveNumber) -> String {
    match number.voice_job() {
        Some(job) => format!("{} job {}", job.application_type(), job.status()),
        None => "no job left".to_owned(),
    }
}
