//! What Rust programs would use instead, with types that serde derives.
//! usage: peers ureq|ureq-timeout|reqwest get|threads|list URL COUNT [PAGE]

use std::time::Duration;

use serde::Deserialize;
use sinch_numbers_benches::{
    Arguments, NUMBER, PROJECT, Sum, time_calls, time_lists, time_threads,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    active_numbers: Vec<Number>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Number {
    phone_number: String,
    project_id: Option<String>,
    display_name: Option<String>,
    region_code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    capability: Vec<String>,
    money: Option<Money>,
    payment_interval_months: Option<i32>,
    next_charge_date: Option<String>,
    expire_at: Option<String>,
    sms_configuration: Option<Sms>,
    voice_configuration: Option<Voice>,
    callback_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    currency_code: Option<String>,
    amount: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sms {
    service_plan_id: Option<String>,
    campaign_id: Option<String>,
    scheduled_provisioning: Option<SmsJob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SmsJob {
    service_plan_id: Option<String>,
    campaign_id: Option<String>,
    status: Option<String>,
    last_updated_time: Option<String>,
    #[serde(default)]
    error_codes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Voice {
    #[serde(rename = "type")]
    kind: Option<String>,
    app_id: Option<String>,
    trunk_id: Option<String>,
    service_id: Option<String>,
    last_updated_time: Option<String>,
    scheduled_voice_provisioning: Option<VoiceJob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VoiceJob {
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<String>,
    last_updated_time: Option<String>,
    app_id: Option<String>,
    trunk_id: Option<String>,
    service_id: Option<String>,
}

fn add(sum: &mut Sum, number: &Number) {
    let money = number.money.as_ref();
    let sms = number.sms_configuration.as_ref();
    let sms_job = sms.and_then(|sms| sms.scheduled_provisioning.as_ref());
    let voice = number.voice_configuration.as_ref();
    let job = voice.and_then(|voice| voice.scheduled_voice_provisioning.as_ref());
    sum.text(Some(&number.phone_number))
        .text(number.project_id.as_deref())
        .text(number.display_name.as_deref())
        .text(number.region_code.as_deref())
        .text(number.kind.as_deref())
        .list(number.capability.iter().map(String::as_str))
        .text(money.and_then(|money| money.currency_code.as_deref()))
        .text(money.and_then(|money| money.amount.as_deref()))
        .text(number.payment_interval_months.map(|months| months.to_string()).as_deref())
        .seconds(number.next_charge_date.as_deref())
        .seconds(number.expire_at.as_deref())
        .text(sms.and_then(|sms| sms.service_plan_id.as_deref()))
        .text(sms.and_then(|sms| sms.campaign_id.as_deref()))
        .text(sms_job.and_then(|job| job.service_plan_id.as_deref()))
        .text(sms_job.and_then(|job| job.campaign_id.as_deref()))
        .text(sms_job.and_then(|job| job.status.as_deref()))
        .seconds(sms_job.and_then(|job| job.last_updated_time.as_deref()))
        .list(sms_job.map_or(&[][..], |job| &job.error_codes).iter().map(String::as_str))
        .text(voice.and_then(|voice| voice.kind.as_deref()))
        .text(voice.and_then(|voice| voice.app_id.as_deref()))
        .text(voice.and_then(|voice| voice.trunk_id.as_deref()))
        .text(voice.and_then(|voice| voice.service_id.as_deref()))
        .seconds(voice.and_then(|voice| voice.last_updated_time.as_deref()))
        .text(job.and_then(|job| job.kind.as_deref()))
        .text(job.and_then(|job| job.status.as_deref()))
        .seconds(job.and_then(|job| job.last_updated_time.as_deref()))
        .text(job.and_then(|job| job.app_id.as_deref()))
        .text(job.and_then(|job| job.trunk_id.as_deref()))
        .text(job.and_then(|job| job.service_id.as_deref()))
        .text(number.callback_url.as_deref())
        .end();
}

enum Client {
    Ureq(ureq::Agent),
    Reqwest(reqwest::blocking::Client),
}

impl Client {
    fn new(name: &str) -> Self {
        match name {
            "ureq" => Self::Ureq(ureq::Agent::new_with_defaults()),
            "ureq-timeout" => {
                let timeout = Some(Duration::from_secs(30));
                Self::Ureq(ureq::Agent::config_builder().timeout_global(timeout).build().into())
            }
            // It has a timeout of 30 s as it comes.
            "reqwest" => Self::Reqwest(reqwest::blocking::Client::new()),
            name => panic!("no contender is called {name}"),
        }
    }

    /// The body of a response; it must be read whole before it is decoded.
    fn fetch(&self, url: &str) -> Vec<u8> {
        const BEARER: &str = "Bearer fixed";
        match self {
            Self::Ureq(agent) => {
                let request = agent.get(url).header("Authorization", BEARER);
                let mut response =
                    request.header("Accept", "application/json").call().expect("a response");
                response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body")
            }
            Self::Reqwest(client) => {
                let request = client.get(url).header("Authorization", BEARER);
                let response = request.header("Accept", "application/json").send();
                let response = response.and_then(|response| response.error_for_status());
                response.expect("a response").bytes().expect("a body").to_vec()
            }
        }
    }

    fn get(&self, url: &str, sum: Option<&mut Sum>) {
        let number: Number = serde_json::from_slice(&self.fetch(url)).expect("a number");
        if let Some(sum) = sum {
            add(sum, &number);
        }
    }
}

fn main() {
    let name = std::env::args().nth(1).expect("ureq|ureq-timeout|reqwest");
    let Arguments { work, url, count, page } = Arguments::read(1);
    let client = Client::new(&name);
    let numbers = format!("{url}/v1/projects/{PROJECT}/activeNumbers");
    let number = format!("{numbers}/{NUMBER}");
    match work.as_str() {
        "get" => time_calls(count, |sum| client.get(&number, sum)),
        "threads" => time_threads(count, || client.get(&number, None)),
        "list" => time_lists(count, |mut sum| {
            let (mut seen, mut token) = (0, String::new());
            loop {
                let url = format!("{numbers}?pageSize={page}&pageToken={token}");
                let page: Page = serde_json::from_slice(&client.fetch(&url)).expect("a page");
                for number in &page.active_numbers {
                    seen += 1;
                    if let Some(sum) = &mut sum {
                        add(sum, number);
                    }
                }
                match page.next_page_token.filter(|token| !token.is_empty()) {
                    Some(next) => token = next,
                    None => return seen,
                }
            }
        }),
        work => panic!("no such work: {work}"),
    }
}
