//! The columns of tables and CSV files: what they show of the service's JSON.

use serde_json::Value;
use sinch_numbers::{ActiveNumber, FailedJob, Provisioning};

use crate::Failure;

/// A column: a part of an item.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The name in `--fields`, and the header in CSV.
    pub(crate) name: String,
    /// The header in tables.
    pub(crate) heading: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// A part of the JSON, by its pointer.
    At(String),
    /// Put together for people.
    Made(Make),
}

/// Puts text together from a number.
type Make = fn(&ActiveNumber) -> String;

/// A kind of item: its columns, and which of them stand in a table of many. The others are shown of a single one, and in CSV.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Name, heading and pointer.
    parts: &'static [(&'static str, &'static str, &'static str)],
    made: &'static [(&'static str, &'static str, Make)],
    in_table: &'static [&'static str],
    /// Shown of a single one, in this order; all parts if it is empty.
    alone: &'static [&'static str],
}

/// Active numbers. The names are those of the columns that jobs read, where there is one.
pub(crate) const NUMBERS: Kind = Kind {
    parts: &[
        ("phoneNumber", "Number", "/phoneNumber"),
        ("displayName", "Name", "/displayName"),
        ("regionCode", "Country", "/regionCode"),
        ("type", "Type", "/type"),
        ("capability", "Capability", "/capability"),
        ("servicePlanId", "Service plan", "/smsConfiguration/servicePlanId"),
        ("campaignId", "Campaign", "/smsConfiguration/campaignId"),
        ("voiceType", "Voice type", "/voiceConfiguration/type"),
        ("appId", "Voice application", "/voiceConfiguration/appId"),
        ("trunkId", "Trunk", "/voiceConfiguration/trunkId"),
        ("serviceId", "Fax service", "/voiceConfiguration/serviceId"),
        ("amount", "Price", "/money/amount"),
        ("currencyCode", "Currency", "/money/currencyCode"),
        ("paymentIntervalMonths", "Months", "/paymentIntervalMonths"),
        ("nextChargeDate", "Next charge", "/nextChargeDate"),
        ("expireAt", "Expires", "/expireAt"),
        ("callbackUrl", "Callback URL", "/callbackUrl"),
        ("projectId", "Project", "/projectId"),
    ],
    made: &[
        ("sms", "SMS", sms),
        ("voice", "Voice", voice),
        ("price", "Price", price),
        ("state", "State", state),
    ],
    in_table: &[
        "phoneNumber",
        "displayName",
        "regionCode",
        "type",
        "sms",
        "voice",
        "price",
        "state",
    ],
    alone: &[
        "phoneNumber",
        "displayName",
        "regionCode",
        "type",
        "capability",
        "servicePlanId",
        "campaignId",
        "voice",
        "price",
        "nextChargeDate",
        "expireAt",
        "callbackUrl",
        "projectId",
        "state",
    ],
};

pub(crate) const ADDRESSES: Kind = Kind {
    parts: &[
        ("streetNumber", "Street number", "/streetNumber"),
        ("streetInfo", "Street", "/streetInfo"),
        ("location", "Location", "/location"),
        ("city", "City", "/city"),
        ("state", "State", "/state"),
        ("postalCode", "Postal code", "/postalCode"),
        ("postalCodePlusFour", "Plus four", "/postalCodePlusFour"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const EXPLANATIONS: Kind = Kind {
    parts: &[
        ("code", "Code", "/code"),
        ("meaning", "Meaning", "/meaning"),
        ("action", "What to do", "/action"),
        ("actor", "Who", "/actor"),
        ("retry", "Try again", "/retry"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const REQUESTS: Kind = Kind {
    parts: &[
        ("method", "Method", "/method"),
        ("path", "Path", "/path"),
        ("body", "Body", "/body"),
        ("step", "Step", "/step"),
    ],
    made: &[],
    in_table: &["step", "method", "path", "body"],
    alone: &[],
};

pub(crate) const VALIDATIONS: Kind = Kind {
    parts: &[
        ("validationResult", "Result", "/validationResult"),
        ("validationMessage", "Message", "/validationMessage"),
        ("correctedAddress", "Corrected", "/correctedAddress"),
        ("candidateAddresses", "Candidates", "/candidateAddresses"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const RELINKED: Kind = Kind {
    parts: &[
        ("phoneNumber", "Number", "/number/phoneNumber"),
        ("servicePlanId", "Service plan", "/number/smsConfiguration/servicePlanId"),
        ("campaignId", "Campaign", "/number/smsConfiguration/campaignId"),
        ("voiceType", "Voice type", "/number/voiceConfiguration/type"),
        ("appId", "Voice application", "/number/voiceConfiguration/appId"),
        ("trunkId", "Trunk", "/number/voiceConfiguration/trunkId"),
        ("serviceId", "Fax service", "/number/voiceConfiguration/serviceId"),
        ("steps", "Steps", "/steps"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const ENSURED: Kind = Kind {
    parts: &[
        ("changed", "Changed", "/changed"),
        ("address", "On file", "/address"),
        ("displayName", "Display name", "/displayName"),
        ("validationResult", "Validation", "/validation/validationResult"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const EVENTS: Kind = Kind {
    parts: &[
        ("timestamp", "Time", "/timestamp"),
        ("resourceId", "Number", "/resourceId"),
        ("eventType", "Event", "/eventType"),
        ("status", "Status", "/status"),
        ("failureCode", "Failure", "/failureCode"),
        ("internalFailureCode", "Internal code", "/internalFailureCode"),
        ("eventId", "Event id", "/eventId"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const PLANNED: Kind = Kind {
    parts: &[
        ("line", "Line", "/line"),
        ("phoneNumber", "Number", "/phoneNumber"),
        ("steps", "Steps", "/steps"),
        ("reason", "Why not", "/reason"),
    ],
    made: &[],
    in_table: &["phoneNumber", "steps", "reason"],
    alone: &[],
};

pub(crate) const REPORT: Kind = Kind {
    parts: &[
        ("total", "Total", "/total"),
        ("done", "Done", "/done"),
        ("skipped", "Skipped", "/skipped"),
        ("failed", "Failed", "/failed"),
        ("unknown", "Unknown", "/unknown"),
        ("items", "Items", "/items"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const REPORTED: Kind = Kind {
    parts: &[
        ("phoneNumber", "Number", "/phoneNumber"),
        ("result", "Result", "/result"),
        ("steps", "Steps", "/steps"),
        ("reason", "Reason", "/reason"),
        ("advice", "What to do", "/advice"),
    ],
    made: &[],
    in_table: &["phoneNumber", "result", "reason", "advice"],
    alone: &[],
};

pub(crate) const FINDINGS: Kind = Kind {
    parts: &[
        ("verdict", "", "/verdict"),
        ("about", "About", "/about"),
        ("finding", "Finding", "/finding"),
        ("mend", "Mend", "/mend"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const AUDITED: Kind = Kind {
    parts: &[
        ("finding", "Finding", "/finding"),
        ("phoneNumber", "Number", "/phoneNumber"),
        ("displayName", "Name", "/displayName"),
        ("regionCode", "Country", "/regionCode"),
        ("campaignId", "Campaign", "/campaignId"),
        ("codes", "Codes", "/codes"),
        ("detail", "Detail", "/detail"),
        ("action", "What to do", "/action"),
    ],
    made: &[],
    in_table: &["finding", "phoneNumber", "displayName", "regionCode", "detail"],
    alone: &[],
};

pub(crate) const COVERAGE: Kind = Kind {
    parts: &[
        ("regionCode", "Emergency addresses", "/regionCode"),
        ("numbers", "Numbers", "/numbers"),
        ("onFile", "On file", "/onFile"),
        ("none", "None", "/none"),
        ("couldNotBeRead", "Could not be read", "/couldNotBeRead"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const FAILURES: Kind = Kind {
    parts: &[
        ("code", "Failed jobs", "/code"),
        ("jobs", "Jobs", "/jobs"),
        ("meaning", "Meaning", "/meaning"),
        ("action", "What to do", "/action"),
        ("actor", "Who", "/actor"),
        ("retry", "Try again", "/retry"),
    ],
    made: &[],
    in_table: &["code", "jobs", "meaning", "action"],
    alone: &[],
};

pub(crate) const CAMPAIGNS: Kind = Kind {
    parts: &[
        ("campaignId", "Campaigns", "/campaignId"),
        ("numbers", "Numbers", "/numbers"),
        ("coming", "Being linked", "/coming"),
        ("limit", "Limit", "/limit"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

pub(crate) const COSTS: Kind = Kind {
    parts: &[
        ("regionCode", "Cost a month", "/regionCode"),
        ("numbers", "Numbers", "/numbers"),
        ("perMonth", "Amount", "/perMonth"),
        ("currencyCode", "Currency", "/currencyCode"),
    ],
    made: &[],
    in_table: &[],
    alone: &[],
};

impl Kind {
    /// Returns the wanted columns; an error names what there is.
    pub(crate) fn named(self, names: &[String]) -> Result<Vec<Column>, Failure> {
        names.iter().map(|name| self.column(name.trim())).collect()
    }

    fn column(self, name: &str) -> Result<Column, Failure> {
        if let Some(column) = self.known(name) {
            return Ok(column);
        }
        let pointer = name.to_owned();
        if name.starts_with('/') {
            return Ok(Column {
                name: pointer.clone(),
                heading: pointer.clone(),
                source: Source::At(pointer),
            });
        }
        let parts = self.parts.iter().map(|part| part.0);
        let all: Vec<_> = parts.chain(self.made.iter().map(|made| made.0)).collect();
        Err(Failure::refused(format!(
            "--fields: there is no field {name:?}; there are {}, and JSON pointers such as {}",
            all.join(", "),
            self.parts[0].2
        )))
    }

    fn known(self, name: &str) -> Option<Column> {
        let part = self.parts.iter().find(|part| part.0 == name || part.2 == name);
        let made = self.made.iter().find(|made| made.0 == name);
        let (heading, source) = match (part, made) {
            (Some((_, heading, pointer)), _) => (heading, Source::At((*pointer).to_owned())),
            (None, Some((_, heading, text))) => (heading, Source::Made(*text)),
            (None, None) => return None,
        };
        Some(Column { name: name.to_owned(), heading: (*heading).to_owned(), source })
    }

    fn of(self, names: &[&str]) -> Vec<Column> {
        names.iter().filter_map(|name| self.known(name)).collect()
    }

    /// The columns of a CSV file: every part.
    pub(crate) fn all(self) -> Vec<Column> {
        self.parts.iter().filter_map(|part| self.known(part.0)).collect()
    }

    pub(crate) fn in_table(self) -> Vec<Column> {
        if self.in_table.is_empty() { self.all() } else { self.of(self.in_table) }
    }

    pub(crate) fn alone(self) -> Vec<Column> {
        if self.alone.is_empty() { self.all() } else { self.of(self.alone) }
    }
}

impl Column {
    /// Returns its part of an item, as text for people and spreadsheets.
    pub(crate) fn text(&self, item: &Value) -> String {
        text(&self.value(item), "\n")
    }

    /// Returns its part of an item; null if there is none.
    pub(crate) fn value(&self, item: &Value) -> Value {
        match &self.source {
            Source::At(pointer) => item.pointer(pointer).cloned().unwrap_or_default(),
            Source::Made(make) => {
                let number = serde_json::from_value::<ActiveNumber>(item.clone());
                number.map(|number| make(&number)).unwrap_or_default().into()
            }
        }
    }
}

/// Writes a value in a cell: lists of words with blanks, other lists with what goes `between`, addresses and steps of a relink on
/// a line each.
pub(crate) fn text(value: &Value, between: &str) -> String {
    let join = |values: &mut dyn Iterator<Item = &Value>, between: &str| {
        let texts = values.map(|value| text(value, between)).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(between)
    };
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => join(&mut items.iter(), " "),
        Value::Array(items) => join(&mut items.iter(), between),
        Value::Object(members) => match address(value) {
            Some(address) => address,
            None => match (&value["step"], &value["outcome"]) {
                (Value::String(step), Value::String(outcome)) => {
                    format!("{step} {}", outcome.replace('_', " "))
                }
                _ if members.is_empty() => String::new(),
                _ => value.to_string(),
            },
        },
        other => other.to_string(),
    }
}

/// Writes an address on a line; nothing if it is no address.
fn address(value: &Value) -> Option<String> {
    let part = |key: &str| value[key].as_str().unwrap_or_default();
    let _ = value.get("streetInfo")?;
    let plus_four = match part("postalCodePlusFour") {
        "" => String::new(),
        digits => format!("-{digits}"),
    };
    let lines = [
        format!("{} {}", part("streetNumber"), part("streetInfo")),
        part("location").to_owned(),
        part("city").to_owned(),
        format!("{} {}{plus_four}", part("state"), part("postalCode")),
    ];
    Some(
        lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn sms(number: &ActiveNumber) -> String {
    let Some(sms) = &number.sms_configuration else { return String::new() };
    let ids = [&sms.service_plan_id, &sms.campaign_id];
    ids.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" + ")
}

fn voice(number: &ActiveNumber) -> String {
    let Some(voice) = &number.voice_configuration else { return String::new() };
    let kind = voice.application_type();
    let ids = [&voice.app_id, &voice.trunk_id, &voice.service_id];
    let ids: Vec<_> = ids.into_iter().flatten().map(String::as_str).collect();
    if ids.is_empty() { String::new() } else { format!("{kind} {}", ids.join(" ")) }
}

fn price(number: &ActiveNumber) -> String {
    let Some(money) = &number.money else { return String::new() };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let price = format!("{} {}", text(&money.amount), text(&money.currency_code));
    match number.payment_interval_months {
        None | Some(1) => price,
        Some(months) => format!("{price} / {months} mo"),
    }
}

/// The state in a word or two: what a job does or why it failed, and when the number ends.
fn state(number: &ActiveNumber) -> String {
    let mut state = match number.provisioning() {
        Provisioning::Settled => "ok".to_owned(),
        Provisioning::Pending => "provisioning".to_owned(),
        _ => {
            let sms = number.sms_job().cloned().map(FailedJob::Sms);
            let codes = sms.iter().flat_map(FailedJob::reasons).map(|(code, _)| code);
            let codes = codes.collect::<Vec<_>>().join(" ");
            let of = if number.sms_job().is_some() { "SMS" } else { "voice" };
            if codes.is_empty() { format!("{of} failed") } else { format!("{of} failed: {codes}") }
        }
    };
    if let Some(end) = &number.expire_at {
        let day = end.as_str().get(..10).unwrap_or(end.as_str());
        if state == "ok" {
            state.clear();
        } else {
            state += ", ";
        }
        state += &format!("expires {day}");
    }
    state
}
