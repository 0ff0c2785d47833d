//! Our client in Rust. usage: ours get|threads|list|full|resumed URL COUNT [PAGE]; over https the roots are those of `CA_FILE`.

use sinch_numbers::{ActiveNumber, Capability, Client, Credentials, ListNumbers, SmsErrorCode};
use sinch_numbers_benches::{
    Arguments, NUMBER, PROJECT, Sum, time_calls, time_lists, time_threads,
};

fn client(url: &str, credentials: Credentials) -> Client {
    let mut builder = Client::builder(PROJECT, credentials).base_url(url).auth_url(url);
    if let Some(file) = std::env::var_os("CA_FILE").filter(|_| url.starts_with("https")) {
        builder = builder.ca_file(file);
    }
    builder.build().expect("a client")
}

fn add(sum: &mut Sum, number: &ActiveNumber) {
    let money = number.money.as_ref();
    sum.text(Some(&number.phone_number))
        .text(number.project_id.as_deref())
        .text(number.display_name.as_deref())
        .text(number.region_code.as_deref())
        .text(number.number_type.as_ref().map(|kind| kind.as_str()))
        .list(number.capability.iter().map(Capability::as_str))
        .text(money.and_then(|money| money.currency_code.as_deref()))
        .text(money.and_then(|money| money.amount.as_deref()))
        .text(number.payment_interval_months.map(|months| months.to_string()).as_deref())
        .seconds(number.next_charge_date.as_ref().map(|date| date.as_str()))
        .seconds(number.expire_at.as_ref().map(|date| date.as_str()));
    let sms = number.sms_configuration.as_ref();
    let job = number.sms_job();
    sum.text(sms.and_then(|sms| sms.service_plan_id.as_deref()))
        .text(sms.and_then(|sms| sms.campaign_id.as_deref()))
        .text(job.and_then(|job| job.service_plan_id.as_deref()))
        .text(job.and_then(|job| job.campaign_id.as_deref()))
        .text(job.and_then(|job| job.status.as_ref()).map(|status| status.as_str()))
        .seconds(job.and_then(|job| job.last_updated_time.as_ref()).map(|date| date.as_str()))
        .list(job.map_or(&[][..], |job| &job.error_codes).iter().map(SmsErrorCode::as_str));
    let voice = number.voice_configuration.as_ref();
    let job = number.voice_job();
    sum.text(voice.and_then(|voice| voice.application_type.as_ref()).map(|kind| kind.as_str()))
        .text(voice.and_then(|voice| voice.app_id.as_deref()))
        .text(voice.and_then(|voice| voice.trunk_id.as_deref()))
        .text(voice.and_then(|voice| voice.service_id.as_deref()))
        .seconds(voice.and_then(|voice| voice.last_updated_time.as_ref()).map(|date| date.as_str()))
        .text(job.and_then(|job| job.application_type.as_ref()).map(|kind| kind.as_str()))
        .text(job.and_then(|job| job.status.as_ref()).map(|status| status.as_str()))
        .seconds(job.and_then(|job| job.last_updated_time.as_ref()).map(|date| date.as_str()))
        .text(job.and_then(|job| job.app_id.as_deref()))
        .text(job.and_then(|job| job.trunk_id.as_deref()))
        .text(job.and_then(|job| job.service_id.as_deref()))
        .text(number.callback_url.as_deref())
        .end();
}

fn get(client: &Client, sum: Option<&mut Sum>) {
    let number = client.get(NUMBER).expect("a number");
    if let Some(sum) = sum {
        add(sum, &number);
    }
}

fn main() {
    let Arguments { work, url, count, page } = Arguments::read(0);
    let oauth2 = || client(&url, Credentials::oauth2("key", "secret"));
    let basic = || client(&url, Credentials::basic("key", "secret"));
    match work.as_str() {
        "threads" => {
            let client = oauth2();
            time_threads(count, || get(&client, None));
        }
        "list" => {
            let client = oauth2();
            let query = ListNumbers::new().page_size(page);
            time_lists(count, |mut sum| {
                let mut seen = 0;
                for number in client.numbers(&query) {
                    let number = number.expect("a number");
                    seen += usize::from(!number.phone_number.is_empty());
                    if let Some(sum) = &mut sum {
                        add(sum, &number);
                    }
                }
                seen
            });
        }
        // With a client of its own: a new connection, a whole handshake.
        "full" => time_calls(count, |sum| get(&basic(), sum)),
        work => {
            let client = if work == "resumed" { basic() } else { oauth2() };
            time_calls(count, |sum| get(&client, sum));
        }
    }
}
