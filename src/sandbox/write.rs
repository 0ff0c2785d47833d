//! The four operations that change a number.

use std::time::Duration;

use serde::Serialize;

use super::access::PROJECT_ID;
use super::emergency::AddressRequest;
use super::http::Response;
use super::number::{Number, NumberType};
use super::provisioning::Schedule;
use super::response::{Failure, success};
use super::routes::Operation;
use super::streets::{Match, look_up};
use super::time::Timestamp;
use super::update::Update;

/// A request to change a number, parsed.
#[derive(Debug)]
pub(super) enum Write {
    Update(Update),
    Release,
    Provision(AddressRequest),
    Deprovision,
}

impl Write {
    pub(super) fn update(body: &[u8]) -> Result<Self, Failure> {
        Update::parse(body).map(Self::Update)
    }

    pub(super) fn provision(body: &[u8]) -> Result<Self, Failure> {
        AddressRequest::parse(body).map(Self::Provision)
    }

    /// Returns the name of the operation, as in the client's errors.
    pub(super) fn operation(&self) -> &'static str {
        let operation = match self {
            Self::Update(_) => Operation::Update,
            Self::Release => Operation::Release,
            Self::Provision(_) => Operation::Provision,
            Self::Deprovision => Operation::Deprovision,
        };
        operation.name()
    }

    /// Returns the number after this write. Fails if the service would refuse it.
    pub(super) fn apply(&self, number: &Number, schedule: Schedule) -> Result<Number, Failure> {
        let mut after = number.clone();
        match self {
            Self::Update(update) => apply_update(&mut after, update, schedule)?,
            // Cancels at the end of the paid period. A number that is released already stays as it
            // is: the specification names no error for that, and what is asked for is the case.
            Self::Release => {
                after.expires.get_or_insert(number.next_charge);
            }
            // Sets the address, or puts it in the place of the one before.
            Self::Provision(request) => match look_up(&request.address) {
                Match::Exact => after.emergency = Some(request.address.clone()),
                Match::Near { corrected, .. } => after.emergency = Some(corrected),
                Match::None { message, .. } => return Err(Failure::invalid("address", message)),
            },
            Self::Deprovision => {
                after.emergency.take().ok_or_else(|| Failure::no_address(&number.phone))?;
            }
        }
        Ok(after)
    }

    /// Makes the successful response. It shows the number as `shown`: of a late write, as it was. An address
    /// is shown as it will be, since it has been checked.
    pub(super) fn response(&self, shown: &Number, after: &Number, now: Timestamp) -> Response {
        #[derive(Serialize)]
        struct Nothing {}
        match self {
            // It shows the new job waiting even if it takes no time at all.
            Self::Update(_) => success(&shown.view(PROJECT_ID, now.minus(Duration::from_nanos(1)))),
            Self::Release => success(&shown.view(PROJECT_ID, now)),
            Self::Provision(_) => success(&after.emergency),
            Self::Deprovision => success(&Nothing {}),
        }
    }
}

/// An update that is refused leaves a number that is of no use: the caller drops it.
fn apply_update(number: &mut Number, update: &Update, schedule: Schedule) -> Result<(), Failure> {
    if let Some(change) = &update.sms {
        let (us, toll_free) = (number.region == "US", number.kind == NumberType::TollFree);
        number.sms = number.sms.change(change, schedule, us, toll_free)?;
    }
    if let Some(change) = &update.voice {
        number.voice = number.voice.change(change, schedule)?;
    }
    if let Some(callback_url) = &update.callback_url {
        number.callback_url.clone_from(callback_url);
    }
    if let Some(display_name) = &update.display_name {
        number.display_name.clone_from(display_name);
    }
    Ok(())
}
