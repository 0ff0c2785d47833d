//! Prints the numbers of a project as a table, with filters, and a progress bar for long fleets.
//!
//! ```text
//! cargo run --example list -- --region US --type LOCAL --starts-with +1206
//! ```

mod support;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use sinch_numbers::{ActiveNumber, Capability, ListNumbers, Provisioning};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const HELP: &str = "\
Prints the numbers of a project as a table.

usage: list [filters]

  --region CC             one country: US, GB, SE …
  --type TYPE             MOBILE, LOCAL or TOLL_FREE
  --starts-with +1206     numbers that begin so
  --contains 2020         numbers that contain this
  --ends-with 99          numbers that end so
  --capability SMS        SMS or VOICE; may be given twice
  --order-by FIELD        phoneNumber or displayName
  --page-size N           numbers a page (default 500)
  --page-token TOKEN      begin where another list left off
  --count                 print only how many there are
  --help                  this text
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A reader that closes the pipe (`list | head`) is no failure.
            let closed = error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
            if closed {
                return ExitCode::SUCCESS;
            }
            eprintln!("list: {}", support::explain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn query() -> Result<Option<(ListNumbers, bool)>> {
    use lexopt::prelude::{Long, ValueExt};
    let mut query = ListNumbers::new().page_size(500);
    let mut count_only = false;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        let Long(flag) = argument else { return Err(argument.unexpected().into()) };
        let flag = flag.to_owned();
        let mut value = || arguments.value()?.string();
        query = match flag.as_str() {
            "region" => query.region_code(value()?),
            "type" => query.number_type(value()?),
            "starts-with" => query.starts_with(value()?),
            "contains" => query.contains(value()?),
            "ends-with" => query.ends_with(value()?),
            "capability" => query.capability(value()?),
            "order-by" => query.order_by(value()?),
            "page-size" => query.page_size(value()?.parse()?),
            "page-token" => query.page_token(value()?),
            "count" => {
                count_only = true;
                query
            }
            "help" => {
                print!("{HELP}");
                return Ok(None);
            }
            _ => return Err(format!("unknown option --{flag}").into()),
        };
    }
    Ok(Some((query, count_only)))
}

fn run() -> Result<()> {
    let Some((query, count_only)) = query()? else { return Ok(()) };
    let (client, _sandbox) = support::connect()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let bar = ProgressBar::hidden();
    let mut count = 0;
    for (index, page) in client.pages(&query).enumerate() {
        let page = page?;
        if index == 0 {
            if page.next_page_token.is_some() && io::stderr().is_terminal() {
                bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
                bar.set_style(ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}")?);
                // The total may be missing; the bar then only counts.
                bar.set_length(page.total_size.and_then(|t| t.try_into().ok()).unwrap_or(0));
            }
            if !count_only {
                let head =
                    ["NUMBER", "CC", "TYPE", "NAME", "CAN", "PRICE", "SMS", "VOICE", "STATE"];
                writeln!(out, "{}", row(&head))?;
            }
        }
        for number in &page.active_numbers {
            count += 1;
            if !count_only {
                bar.suspend(|| writeln!(out, "{}", describe(number)))?;
            }
        }
        bar.inc(page.active_numbers.len().try_into()?);
    }
    bar.finish_and_clear();
    writeln!(out, "{count} numbers")?;
    out.flush()?;
    Ok(())
}

fn row(cells: &[&str; 9]) -> String {
    let [number, region, kind, name, can, price, sms, voice, state] = cells;
    format!(
        "{number:<16} {region:<2} {kind:<9} {name:<22} {can:<9} {price:<10} {sms:<18} {voice:<22} {state}"
    )
}

fn describe(number: &ActiveNumber) -> String {
    let sms = number.sms_configuration.as_ref();
    let voice = number.voice_configuration.as_ref();
    let voice = voice.and_then(|voice| {
        let id = voice.app_id.as_ref().or(voice.trunk_id.as_ref()).or(voice.service_id.as_ref())?;
        Some(format!("{} {id}", voice.application_type()))
    });
    let can: Vec<&str> = number.capability.iter().map(Capability::as_str).collect();
    let price = number.money.as_ref().map(|money| {
        let (amount, currency) = (money.amount.as_deref(), money.currency_code.as_deref());
        format!("{} {}", amount.unwrap_or("?"), currency.unwrap_or("?"))
    });
    let state = match (number.provisioning(), &number.expire_at) {
        (Provisioning::Pending, _) => "provisioning".to_owned(),
        (Provisioning::Failed, _) => "provisioning failed".to_owned(),
        (_, Some(end)) => format!("ends {end}"),
        _ => "active".to_owned(),
    };
    row(&[
        &number.phone_number,
        number.region_code.as_deref().unwrap_or("?"),
        number.number_type.as_ref().map_or("?", |kind| kind.as_str()),
        number.display_name.as_deref().unwrap_or("-"),
        &can.join(","),
        price.as_deref().unwrap_or("-"),
        sms.and_then(|sms| sms.service_plan_id.as_deref()).unwrap_or("-"),
        voice.as_deref().unwrap_or("-"),
        &state,
    ])
}
