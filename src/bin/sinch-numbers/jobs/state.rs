//! The state of a number as a job sees it, and the steps that are left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sinch_numbers::{
    ActiveNumber, Address, Client, EmergencyAddressRequest, EnsureEmergencyAddress, Error,
    NumberUpdate, Relink,
};

use crate::args::Verb;
use crate::columns::{ADDRESSES, NUMBERS};
use crate::exit::Exit;

/// Cells by the names of their columns; those that are empty are left out.
pub(crate) type Cells = BTreeMap<String, String>;

/// The types of voice applications, each with the column of its id.
pub(crate) const VOICE: [(&str, &str); 3] =
    [("RTC", "appId"), ("EST", "trunkId"), ("FAX", "serviceId")];

/// A step towards what is wanted, with the update that it sends if it is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) step: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) update: Option<NumberUpdate>,
}

impl Step {
    fn new(step: &str, update: Option<NumberUpdate>) -> Self {
        Self { step: step.to_owned(), update }
    }
}

/// The state of a number as it was read.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The cells that the verb is about.
    pub(crate) cells: Cells,
    /// The steps that are left.
    pub(crate) steps_left: Vec<Step>,
    /// The number; none for emergency addresses.
    pub(crate) number: Option<ActiveNumber>,
}

impl Snapshot {
    /// Reads a number or its emergency address.
    pub(crate) fn at(
        client: &Client,
        verb: Verb,
        number: &str,
        wanted: &Cells,
    ) -> Result<Self, Error> {
        if verb != Verb::Emergency {
            return Ok(Self::of(verb, wanted, client.get(number)?.json()));
        }
        let (cells, met) = match client.emergency_address(number) {
            Ok(found) => {
                let wanted = EnsureEmergencyAddress::new(address(wanted));
                (cells(found.json(), true), wanted.is_met_by(&found))
            }
            Err(error) if has_no_address(&error) => (Cells::new(), false),
            Err(error) => return Err(error),
        };
        let steps_left = if met { Vec::new() } else { vec![Step::new("emergency_address", None)] };
        Ok(Self { cells, steps_left, number: None })
    }

    /// Looks at the JSON of a number.
    pub(crate) fn of(verb: Verb, wanted: &Cells, json: &str) -> Self {
        let number: ActiveNumber = serde_json::from_str(json).unwrap_or_default();
        let mut cells = cells(json, false);
        if verb == Verb::Relink {
            cells.remove("displayName");
        }
        let steps_left = match verb {
            Verb::Relink => {
                let steps = Relink::to(update(wanted)).steps(&number).into_iter();
                steps.map(|(step, update)| Step::new(&step.to_string(), Some(update))).collect()
            }
            Verb::Update => {
                let missing = missing(wanted, &cells);
                let step = || Step::new("update", Some(update(&missing)));
                if missing.is_empty() { Vec::new() } else { vec![step()] }
            }
            Verb::Release if number.is_released() => Vec::new(),
            Verb::Release => vec![Step::new("release", None)],
            Verb::Emergency => Vec::new(),
        };
        Self { cells, steps_left, number: Some(number) }
    }
}

/// Tells whether a failure says that a number has no emergency address. The service names the number if it does not know it.
fn has_no_address(error: &Error) -> bool {
    Exit::of(error) == Exit::NotFound && error.missing().as_deref() != Some("ActiveNumber")
}

/// Reads the cells of a number or an address.
fn cells(json: &str, is_address: bool) -> Cells {
    let item: Value = serde_json::from_str(json).unwrap_or_default();
    let columns = if is_address { ADDRESSES.all() } else { NUMBERS.all() };
    let is_read = |name: &str| is_address || is_column(name);
    let columns = columns.into_iter().filter(|column| is_read(&column.name));
    let cells = columns.map(|column| (column.name.clone(), column.text(&item)));
    settled(cells.filter(|(_, text)| !text.is_empty()).collect())
}

fn is_column(name: &str) -> bool {
    ["displayName", "servicePlanId", "campaignId", "voiceType"].contains(&name)
        || VOICE.iter().any(|(_, id)| *id == name)
}

/// Leaves only the voice id that belongs to the type, and no type without one.
fn settled(mut cells: Cells) -> Cells {
    let kind = cells.get("voiceType").cloned().unwrap_or_default();
    if let Some((_, own)) = VOICE.iter().find(|(known, _)| *known == kind) {
        cells.retain(|name, _| name == own || !VOICE.iter().any(|(_, id)| id == name));
    }
    if !VOICE.iter().any(|(_, id)| cells.contains_key(*id)) {
        cells.remove("voiceType");
    }
    cells
}

/// The states that the steps lead through, the first one included. A campaign can fail after its plan was linked.
pub(crate) fn planned_states(seen: &Cells, steps: &[Step]) -> Vec<Cells> {
    let mut states = vec![seen.clone()];
    let mut now = seen.clone();
    for update in steps.iter().filter_map(|step| step.update.as_ref()) {
        let update = serde_json::to_value(update).unwrap_or_default();
        let set = |cells: &mut Cells, name: &str, pointer: &str| {
            match update.pointer(pointer).and_then(Value::as_str) {
                Some("") => cells.remove(name),
                Some(text) => cells.insert(name.to_owned(), text.to_owned()),
                None => None,
            };
        };
        set(&mut now, "displayName", "/displayName");
        set(&mut now, "servicePlanId", "/smsConfiguration/servicePlanId");
        if !now.contains_key("servicePlanId") {
            now.remove("campaignId");
        }
        states.push(now.clone());
        set(&mut now, "campaignId", "/smsConfiguration/campaignId");
        if update.get("voiceConfiguration").is_some() {
            now.retain(|name, _| !VOICE.iter().any(|(_, id)| id == name));
            set(&mut now, "voiceType", "/voiceConfiguration/type");
            for (_, id) in VOICE {
                set(&mut now, id, &format!("/voiceConfiguration/{id}"));
            }
        }
        states.push(now.clone());
    }
    states
}

/// The wanted cells that a number does not have; links are wanted as a whole.
fn missing(wanted: &Cells, found: &Cells) -> Cells {
    let is_voice = |name: &str| name == "voiceType" || VOICE.iter().any(|(_, id)| *id == name);
    let is_sms = |name: &str| name == "servicePlanId" || name == "campaignId";
    let differs = |part: &dyn Fn(&str) -> bool| {
        wanted.iter().any(|(name, text)| part(name) && found.get(name) != Some(text))
    };
    let (voice, sms) = (differs(&is_voice), differs(&is_sms));
    let cells = wanted.iter().filter(|(name, text)| {
        if is_voice(name) {
            voice
        } else if is_sms(name) {
            sms
        } else {
            found.get(*name) != Some(*text)
        }
    });
    cells.map(|(name, text)| (name.clone(), text.clone())).collect()
}

/// Makes an update of cells.
pub(crate) fn update(cells: &Cells) -> NumberUpdate {
    let cell = |name: &str| cells.get(name);
    let mut update = NumberUpdate::new();
    if let Some(name) = cell("displayName") {
        update = update.display_name(name);
    }
    update = match (cell("servicePlanId"), cell("campaignId")) {
        (Some(plan), Some(campaign)) => update.link_campaign(plan, campaign),
        (Some(plan), None) => update.link_service_plan(plan),
        _ => update,
    };
    match (cell("appId"), cell("trunkId"), cell("serviceId")) {
        (Some(app), ..) => update.assign_voice_application(app),
        (_, Some(trunk), _) => update.assign_trunk(trunk),
        (.., Some(service)) => update.assign_fax_service(service),
        _ => update,
    }
}

/// Makes an emergency address of cells.
pub(crate) fn address(cells: &Cells) -> EmergencyAddressRequest {
    let cell = |name: &str| cells.get(name).cloned().unwrap_or_default();
    let [number, street, city, state, code] =
        ["streetNumber", "streetInfo", "city", "state", "postalCode"].map(cell);
    let mut address = Address::new(number, street, city, state, code);
    if let Some(location) = cells.get("location") {
        address = address.location(location);
    }
    if let Some(digits) = cells.get("postalCodePlusFour") {
        address = address.postal_code_plus_four(digits);
    }
    EmergencyAddressRequest::new(cell("displayName"), address)
}
