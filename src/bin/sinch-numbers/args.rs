//! The command line.

#![expect(clippy::doc_markdown, reason = "comments of flags are the help, as it is printed")]

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::output::Format;
use crate::sandbox::SandboxArgs;

/// Manages the phone numbers of a Sinch project. Unofficial.
///
/// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID and SINCH_KEY_SECRET, or the same with _FILE behind
/// the name for a file that holds the value. Secrets are never taken from the command line.
///
/// Standard output is data: a table on a terminal, a line of JSON for each item elsewhere. Everything else goes to standard
/// error.
#[derive(Parser)]
#[command(name = "sinch-numbers", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    another failure
  2    refused, nothing was changed
  3    not found
  4    credentials or permission
  5    unavailable or timed out; nothing was applied, try later
  6    the outcome is unknown: read the number before you repeat anything
  7    provisioning failed
  8    some items failed or could not be read
  9    the audit has findings
  10   accepted, but still running when the time was up
  130  interrupted; nothing is unknown";

/// How data is written.
#[derive(Args)]
pub(crate) struct OutputArgs {
    /// Format of standard output [default: table on a terminal, ndjson elsewhere]
    #[arg(short, long, global = true, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) output: Option<Format>,
    /// Fields to show, in this order: names of the API (servicePlanId), of the tables (state), or JSON pointers
    /// (/smsConfiguration)
    #[arg(long, global = true, value_name = "A,B", value_delimiter = ',', help_heading = "Output")]
    pub(crate) fields: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the numbers of the project
    List(ListArgs),
    /// Show numbers
    Get(Numbers),
    /// Change the name, links or callback URL of a number
    ///
    /// Sends one request with all the changes, at least one. New links are made by a provisioning job of the service: without
    /// --wait the program ends when the change is accepted. A number that is linked to another service plan or campaign has to be
    /// unlinked first; relink does that by itself.
    Update(UpdateArgs),
    /// Bring a number to the wanted links from any state, and wait until they are in effect
    ///
    /// Reads the number, unlinks what is in the way, links what is wanted, and waits for each provisioning job. The same command
    /// again goes on where the last one ended.
    Relink(RelinkArgs),
    /// Wait until no provisioning job of a number is under way
    ///
    /// Ends with exit code 7 if a job failed, and with 10 if one is still running when the time is up.
    Wait(WaitArgs),
    /// Give a number back at the end of the paid period
    Release(ReleaseArgs),
    /// Show, validate, set or remove the emergency address of a number
    #[command(subcommand)]
    Emergency(Emergency),
    /// Look for what is wrong with the numbers of the project
    ///
    /// Reads every number with its emergency address. Finds US and Canadian numbers with voice that have no address, failed
    /// jobs, numbers that expire within 30 days, campaigns near their limit of 50 numbers, and numbers that are linked to
    /// nothing; adds up what the numbers cost a month. JSON is one document; CSV and NDJSON have a line for each finding, and
    /// --fields chooses among the findings. What could not be read is told apart from what is not there.
    Audit(AuditArgs),
    /// Read the numbers of a CSV file, and write down what a job would do with each
    ///
    /// Changes nothing: apply carries the plan out. The first row of the file names the columns.
    ///
    ///   relink     phoneNumber, servicePlanId, campaignId, voiceType, appId,
    ///              trunkId, serviceId
    ///   update     those of relink, and displayName
    ///   emergency  phoneNumber, displayName, streetNumber, streetInfo, location,
    ///              city, state, postalCode, postalCodePlusFour
    ///   release    phoneNumber
    ///
    /// An empty cell leaves that field as it is.
    #[command(verbatim_doc_comment)]
    Plan(PlanArgs),
    /// Carry out a plan, or go on with it
    ///
    /// The first number is done alone; only when it is done, the others are begun, several at a time. Each is read again before
    /// anything is sent: one that has changed since the plan is left as it is. Ctrl-C finishes the numbers that were begun.
    ///
    /// The same command goes on after Ctrl-C, a crash, a kill or a full disk: the journal has what was begun, and that is read
    /// before anything is sent again. A release whose outcome is unknown is reported and never repeated.
    Apply(ApplyArgs),
    /// Say what a job did, what is unknown, and what to do
    Report {
        /// The journal of the job
        journal: PathBuf,
    },
    /// Say what a provisioning or failure code means, and what to do
    Explain(ExplainArgs),
    /// Verify a callback of the service, or receive callbacks
    #[command(subcommand)]
    Callbacks(Callbacks),
    /// Find what is wrong between here and a working call
    ///
    /// Looks at the environment variables, the files that they name, host names, connections, proxies, certificates, the clock, the
    /// token and the permission, and says what to do about each problem in a line. It reads only. Ends with 0 if a call works.
    Doctor,
    /// Run the service on this machine, for development and tests
    Sandbox(SandboxArgs),
    /// Print the completions of a shell
    ///
    /// For bash: sinch-numbers completions bash >~/.local/share/bash-completion/completions/sinch-numbers
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write the pages of all commands into this folder instead
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct Numbers {
    /// Phone numbers, as in +12025550134
    #[arg(required = true, value_name = "NUMBER")]
    pub(crate) numbers: Vec<String>,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// Only numbers of this country, as in US
    #[arg(long, value_name = "COUNTRY")]
    pub(crate) region: Option<String>,
    /// Only numbers of this type: MOBILE, LOCAL or TOLL_FREE
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) number_type: Option<String>,
    /// Only numbers with this capability: SMS or VOICE; may be given twice
    #[arg(long, value_name = "CAPABILITY")]
    pub(crate) capability: Vec<String>,
    /// Only numbers that begin with this, as in +1206
    #[arg(long, value_name = "PREFIX", group = "pattern")]
    pub(crate) starts_with: Option<String>,
    /// Only numbers that contain these digits
    #[arg(long, value_name = "DIGITS", group = "pattern")]
    pub(crate) contains: Option<String>,
    /// Only numbers that end with these digits
    #[arg(long, value_name = "DIGITS", group = "pattern")]
    pub(crate) ends_with: Option<String>,
    /// Sort by this field: phoneNumber or displayName
    #[arg(long, value_name = "FIELD")]
    pub(crate) order_by: Option<String>,
    /// Stop after this many numbers [default: all]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// How many numbers to fetch per request, at most 1000 [default: as the service has it]
    #[arg(long, value_name = "COUNT")]
    pub(crate) page_size: Option<u32>,
}

/// The links of a number.
#[derive(Args)]
pub(crate) struct Links {
    /// Link this service plan
    #[arg(long, value_name = "ID")]
    pub(crate) service_plan: Option<String>,
    /// Link this 10DLC campaign, with its service plan
    #[arg(long, value_name = "ID", requires = "service_plan")]
    pub(crate) campaign: Option<String>,
    /// Assign this voice application
    #[arg(long, value_name = "ID", group = "voice")]
    pub(crate) app: Option<String>,
    /// Assign this SIP trunk
    #[arg(long, value_name = "ID", group = "voice")]
    pub(crate) trunk: Option<String>,
    /// Assign this fax service
    #[arg(long, value_name = "ID", group = "voice")]
    pub(crate) fax_service: Option<String>,
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags")]
#[command(override_usage = "sinch-numbers update [OPTIONS] <NUMBER>")]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["service_plan", "campaign", "app", "trunk", "fax_service", "display_name", "callback_url", "unlink_sms",
           "unlink_campaign"]))]
pub(crate) struct UpdateArgs {
    /// Phone number
    pub(crate) number: String,
    #[command(flatten)]
    pub(crate) links: Links,
    /// Name the number; an empty name removes it
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: Option<String>,
    /// Have provisioning events sent to this URL; an empty one stops them
    #[arg(long, value_name = "URL")]
    pub(crate) callback_url: Option<String>,
    /// Unlink the service plan
    #[arg(long, conflicts_with_all = ["service_plan", "campaign"])]
    pub(crate) unlink_sms: bool,
    /// Unlink the campaign; the service plan stays unless --unlink-sms is given
    #[arg(long, conflicts_with = "campaign")]
    pub(crate) unlink_campaign: bool,
    /// Wait until the change is in effect
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) timeout: Timeout<600>,
    /// Show the request and send nothing that changes anything
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
#[command(override_usage = "sinch-numbers relink [OPTIONS] <NUMBER>")]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["service_plan", "campaign", "app", "trunk", "fax_service"]))]
pub(crate) struct RelinkArgs {
    /// Phone number
    pub(crate) number: String,
    #[command(flatten)]
    pub(crate) links: Links,
    #[command(flatten)]
    pub(crate) timeout: Timeout<600>,
    /// Show the requests that the number needs now, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How long to wait; `DEFAULT` is in seconds.
#[derive(Args)]
pub(crate) struct Timeout<const DEFAULT: u64> {
    #[arg(long, value_name = "TIME", value_parser = time,
        help = format!("How long to wait at most: 90s, 10m, 2h [default: {DEFAULT}s]"))]
    timeout: Option<Duration>,
}

impl<const DEFAULT: u64> Timeout<DEFAULT> {
    pub(crate) fn get(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(DEFAULT))
    }
}

#[derive(Args)]
pub(crate) struct WaitArgs {
    #[command(flatten)]
    pub(crate) numbers: Numbers,
    #[command(flatten)]
    pub(crate) timeout: Timeout<600>,
}

#[derive(Args)]
pub(crate) struct ReleaseArgs {
    /// Phone number
    pub(crate) number: String,
    /// The same number once more: a release cannot be taken back
    #[arg(long, value_name = "NUMBER", required_unless_present = "dry_run")]
    pub(crate) confirm: Option<String>,
    /// Show the request and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Subcommand)]
pub(crate) enum Emergency {
    /// Show the emergency address on file for a number
    Get {
        /// Phone number
        number: String,
    },
    /// Ask what the service makes of an address; nothing is changed
    Validate {
        /// Phone number
        number: String,
        #[command(flatten)]
        address: AddressArgs,
    },
    /// Make sure that a number has this emergency address
    ///
    /// Reads what is on file, and if it is another address or none: has the wanted one validated, provisions it if the service
    /// accepts it, and reads it back.
    Set(SetArgs),
    /// Remove the emergency address of a number
    Remove {
        /// Phone number
        number: String,
        /// Show the request and send nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Args)]
pub(crate) struct SetArgs {
    /// Phone number
    pub(crate) number: String,
    #[command(flatten)]
    pub(crate) address: AddressArgs,
    /// Which form of the address to accept
    #[arg(long, value_enum, default_value = "exact")]
    pub(crate) accept: Accept,
    /// Provision even if this address is on file already: to change its display name, which cannot be read
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) timeout: Timeout<60>,
    /// Show the request and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accept {
    /// Only the address as it is given
    Exact,
    /// Also what the service corrects: spelling, city, postal code
    Corrected,
}

#[derive(Args)]
pub(crate) struct AddressArgs {
    /// Name of the person or company at the address
    #[arg(long, value_name = "NAME")]
    pub(crate) display_name: String,
    /// House number, as in 12345
    #[arg(long, value_name = "NUMBER")]
    pub(crate) street_number: String,
    /// Street, as in "Main St"
    #[arg(long, value_name = "STREET")]
    pub(crate) street_info: String,
    /// Place in the building, as in "Apt 5"
    #[arg(long, value_name = "PLACE")]
    pub(crate) location: Option<String>,
    /// City
    #[arg(long)]
    pub(crate) city: String,
    /// State or province, as in IL
    #[arg(long)]
    pub(crate) state: String,
    /// Postal code, as in 62701
    #[arg(long, value_name = "CODE")]
    pub(crate) postal_code: String,
    /// The four digits after a US postal code
    #[arg(long, value_name = "DIGITS")]
    pub(crate) postal_code_plus_four: Option<String>,
}

/// What a job does with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verb {
    /// Bring numbers to the wanted links from any state
    Relink,
    /// Change names and links
    Update,
    /// Make sure that numbers have these emergency addresses
    Emergency,
    /// Give numbers back
    Release,
}

#[derive(Args)]
pub(crate) struct PlanArgs {
    /// What is to be done
    pub(crate) verb: Verb,
    /// The CSV file
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) from: PathBuf,
    /// Write the plan into this file
    #[arg(short = 'O', long = "out", value_name = "PLAN")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) options: JobOptions,
}

#[derive(Args)]
pub(crate) struct ApplyArgs {
    /// The plan
    pub(crate) plan: PathBuf,
    /// The journal of the job: a new file, or the one to go on with
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: PathBuf,
    /// Do not ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
    /// Begin no more numbers once this many have failed
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_failures: u64,
    #[command(flatten)]
    pub(crate) options: JobOptions,
}

/// How fast a job goes, and whether it may release numbers.
#[derive(Args)]
pub(crate) struct JobOptions {
    /// How many numbers to work on at the same time, 1 to 64
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) concurrency: u64,
    /// How many requests to make per second at most [default: no limit]
    #[arg(long, value_name = "REQUESTS")]
    pub(crate) rate: Option<f64>,
    /// Allow a job that releases numbers, which cannot be taken back
    #[arg(long)]
    pub(crate) allow_release: bool,
}

#[derive(Args)]
pub(crate) struct AuditArgs {
    /// Write a page for browsers and paper into this file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// How many requests to make at the same time, 1 to 64
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,
}

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// Codes, as in CAMPAIGN_NOT_AVAILABLE
    #[arg(required = true, value_name = "CODE")]
    pub(crate) codes: Vec<String>,
}

#[derive(Subcommand)]
pub(crate) enum Callbacks {
    /// Check the signature of a callback whose body is on standard input, and print its event
    Verify {
        /// The value of the header X-Sinch-Signature
        #[arg(long)]
        signature: String,
        #[command(flatten)]
        secrets: Secrets,
    },
    /// Receive callbacks on this machine, check them, and print each event once
    Listen(ListenArgs),
}

#[derive(Args)]
pub(crate) struct Secrets {
    /// Environment variable that holds a secret; if NAME_FILE is set instead, it names a file that holds it. May be repeated
    #[arg(long, value_name = "NAME", default_value = "SINCH_CALLBACK_SECRET")]
    pub(crate) secret_env: Vec<String>,
}

#[derive(Args)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    pub(crate) secrets: Secrets,
    /// IP address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: std::net::IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Send each callback on to this URL as it came, with its signature, and give the service the status that comes back
    #[arg(long, value_name = "URL")]
    pub(crate) forward: Option<String>,
    /// Stop after this many events
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

/// Reads a time: a number with `ms`, `s`, `m` or `h` behind it; seconds without.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err("90s, 10m or 2h is wanted".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "90s, 10m or 2h is wanted".to_owned())?;
    Ok(Duration::from_millis(count.saturating_mul(unit)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [("90", 90_000), ("90s", 90_000), ("5ms", 5), ("2m", 120_000)] {
            assert_eq!(time(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "1d", "-1s", "1.5s", "1 s"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
