//! Numbers: list, get, update, relink, wait, release; and explaining codes.

use sinch_numbers::{
    ActiveNumber, Client, ListNumbers, NumberUpdate, Relink, Response, Wait, explain as explained,
};

use crate::Failure;
use crate::args::{
    ExplainArgs, Links, ListArgs, Numbers, OutputArgs, ReleaseArgs, RelinkArgs, UpdateArgs,
    WaitArgs,
};
use crate::columns::{EXPLANATIONS, NUMBERS, RELINKED, REQUESTS};
use crate::emergency::show;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::{self, RequestPreview, check_input, counted, progress, say};

pub(crate) fn list(args: &ListArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let mut query = ListNumbers::new();
    if let Some(region) = &args.region {
        query = query.region_code(region);
    }
    if let Some(number_type) = &args.number_type {
        query = query.number_type(number_type.as_str());
    }
    for capability in &args.capability {
        query = query.capability(capability.as_str());
    }
    query = match (&args.starts_with, &args.contains, &args.ends_with) {
        (Some(prefix), ..) => query.starts_with(prefix),
        (_, Some(digits), _) => query.contains(digits),
        (.., Some(digits)) => query.ends_with(digits),
        _ => query,
    };
    if let Some(order) = &args.order_by {
        query = query.order_by(order.as_str());
    }
    // A page is not longer than the limit.
    let few = args.limit.and_then(|limit| u32::try_from(limit).ok()).filter(|few| *few < 1000);
    if let Some(size) = args.page_size.or(few) {
        query = query.page_size(size);
    }
    let mut out = Output::of_many(output, NUMBERS)?;
    let client = session::client()?;
    let bar = progress("listing".to_owned());
    let (mut count, limit) = (0, args.limit.unwrap_or(u64::MAX));
    let mut pages = client.pages(&query);
    while count < limit {
        let Some(page) = pages.next_page()? else { break };
        let left = usize::try_from(limit - count).unwrap_or(usize::MAX);
        for number in page.raw_numbers().take(left) {
            out.item(number)?;
            count += 1;
        }
        bar.set_message(match page.total_size {
            Some(total) => format!("listing: {count} of {total}"),
            None => format!("listing: {count}"),
        });
    }
    bar.finish_and_clear();
    out.finish()?;
    say(format_args!("{}", counted(usize::try_from(count).unwrap_or(usize::MAX))));
    Ok(Exit::Done)
}

/// Makes a call for each number, writes the responses, and returns the exit code of the most severe failure.
fn each(
    numbers: &Numbers,
    output: &OutputArgs,
    call: impl Fn(&Client, &str) -> Result<Response<ActiveNumber>, sinch_numbers::Error>,
) -> Result<Exit, Failure> {
    let alone = numbers.numbers.len() == 1;
    let mut out =
        if alone { Output::of_one(output, NUMBERS)? } else { Output::of_many(output, NUMBERS)? };
    let client = session::client()?;
    let mut exit = Exit::Done;
    for number in &numbers.numbers {
        match call(&client, number) {
            Ok(number) => out.item(number.json())?,
            Err(error) if alone => return Err(error.into()),
            Err(error) => {
                let failure = Failure::from(error);
                failure.print();
                exit = exit.and(failure.exit);
            }
        }
    }
    out.finish()?;
    Ok(exit)
}

pub(crate) fn get(args: &Numbers, output: &OutputArgs) -> Result<Exit, Failure> {
    each(args, output, |client, number| client.get(number))
}

pub(crate) fn wait(args: &WaitArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let wait = Wait::new().timeout(args.timeout.get());
    each(&args.numbers, output, |client, number| {
        let bar = progress(format!("waiting for {number}"));
        let waited = client.wait(number, &wait);
        bar.finish_and_clear();
        waited
    })
}

impl Links {
    fn add_to(&self, update: NumberUpdate) -> NumberUpdate {
        let update = match (&self.service_plan, &self.campaign) {
            (Some(plan), Some(campaign)) => update.link_campaign(plan, campaign),
            (Some(plan), None) => update.link_service_plan(plan),
            _ => update,
        };
        match (&self.app, &self.trunk, &self.fax_service) {
            (Some(app), ..) => update.assign_voice_application(app),
            (_, Some(trunk), _) => update.assign_trunk(trunk),
            (.., Some(service)) => update.assign_fax_service(service),
            _ => update,
        }
    }
}

impl UpdateArgs {
    fn update(&self, client: &Client) -> Result<NumberUpdate, Failure> {
        let mut update = self.links.add_to(NumberUpdate::new());
        if let Some(name) = &self.display_name {
            update = update.display_name(name);
        }
        if let Some(url) = &self.callback_url {
            update = update.callback_url(url);
        }
        Ok(match (self.unlink_sms, self.unlink_campaign) {
            (true, true) => update.unlink_service_plan_and_campaign(),
            (true, false) => update.unlink_service_plan(),
            (false, true) => update.unlink_campaign(self.plan(client)?),
            (false, false) => update,
        })
    }

    /// Returns the service plan that the number stays linked to: the API wants it named.
    fn plan(&self, client: &Client) -> Result<String, Failure> {
        if let Some(plan) = &self.links.service_plan {
            return Ok(plan.clone());
        }
        let number = client.get(self.number.as_str())?.into_inner();
        let plan = number.sms_configuration.and_then(|sms| sms.service_plan_id);
        plan.ok_or_else(|| {
            Failure::refused(format!("{} has no service plan, so it has no campaign", self.number))
        })
    }
}

pub(crate) fn update(args: &UpdateArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let client = session::client()?;
    let number = args.number.as_str();
    let update = args.update(&client)?;
    if args.dry_run {
        check_input(&client, |client| client.update(number, &update))?;
        let shown = RequestPreview::new(&client, "PATCH", (number, ""), Some(&update));
        return show(output, &shown.json()?);
    }
    let mut out = Output::of_one(output, NUMBERS)?;
    let wait = Wait::new().expect(update.clone()).timeout(args.timeout.get());
    check_input(&client, |client| client.wait(number, &wait))?;
    let mut updated = client.update(number, &update)?;
    if args.wait {
        let bar = progress(format!("waiting for {number}"));
        let waited = client.wait(number, &wait);
        bar.finish_and_clear();
        updated = waited.map_err(|error| {
            let time_is_up = matches!(error.kind(), sinch_numbers::ErrorKind::Timeout(_));
            let failure = Failure::from(error);
            // The update was accepted, whatever the last read showed.
            if time_is_up {
                failure.with_exit(Exit::StillRunning)
            } else {
                failure.after_a_change()
            }
        })?;
    }
    out.item(updated.json())?;
    out.finish()?;
    Ok(Exit::Done)
}

pub(crate) fn relink(args: &RelinkArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let client = session::client()?;
    let number = args.number.as_str();
    let wanted = Relink::to(args.links.add_to(NumberUpdate::new())).timeout(args.timeout.get());
    if args.dry_run {
        check_input(&client, |client| client.relink(number, &wanted))?;
        let mut out = Output::of_many(output, REQUESTS)?;
        let now = client.get(number)?;
        for (step, update) in wanted.steps(&now) {
            let mut shown = RequestPreview::new(&client, "PATCH", (number, ""), Some(&update));
            shown.step = Some(step.to_string());
            out.item(&shown.json()?)?;
        }
        out.finish()?;
        say(format_args!("dry run: nothing was sent but a read"));
        return Ok(Exit::Done);
    }
    let mut out = Output::of_one(output, RELINKED)?;
    let bar = progress(format!("relinking {number}"));
    let relinked = client.relink(number, &wanted);
    bar.finish_and_clear();
    out.item(relinked?.json())?;
    out.finish()?;
    Ok(Exit::Done)
}

pub(crate) fn release(args: &ReleaseArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let number = args.number.as_str();
    if args.confirm.as_ref().is_some_and(|confirmed| confirmed != number) {
        return Err(Failure::refused("--confirm: is not the number that is to be released"));
    }
    let client = session::client()?;
    if args.dry_run {
        check_input(&client, |client| client.release(number))?;
        let shown = RequestPreview::<()>::new(&client, "POST", (number, ":release"), None);
        return show(output, &shown.json()?);
    }
    let mut out = Output::of_one(output, NUMBERS)?;
    out.item(client.release(number)?.json())?;
    out.finish()?;
    Ok(Exit::Done)
}

pub(crate) fn explain(args: &ExplainArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let alone = args.codes.len() == 1;
    let kind = EXPLANATIONS;
    let mut out =
        if alone { Output::of_one(output, kind)? } else { Output::of_many(output, kind)? };
    let mut exit = Exit::Done;
    for code in &args.codes {
        let explanation = explained(code);
        if explanation.code.is_none() {
            say(format_args!("{code}: is not known to this version"));
            exit = exit.and(Exit::NotFound);
        }
        out.item(explanation.as_json())?;
    }
    out.finish()?;
    Ok(exit)
}
