"""Links a number to an SMS service plan and waits, for a minute at most, until that is done.

usage: link_number.py +12025550134 SERVICE_PLAN_ID

Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import sys
import time

from sinch_numbers import Cancel, Client, SinchNumbersError


def update(client, number, plan, cancel):
    body = {"smsConfiguration": {"servicePlanId": plan}}
    try:
        client.active_update(number, body, cancel=cancel)
    except SinchNumbersError as error:
        # The response was lost after the request had gone out: only the number itself knows, and it is read next.
        if not error.maybe_applied:
            raise


def wait(client, number, cancel):
    """Reads the number until nothing is being provisioned, and returns its plan."""
    while True:
        sms = client.active_get(number, cancel=cancel).get("smsConfiguration") or {}
        job = sms.get("scheduledProvisioning")
        if not job:
            return sms.get("servicePlanId") or ""
        if job.get("status") == "FAILED":
            reasons = ", ".join(job.get("errorCodes") or ["no reason given"])
            raise RuntimeError(f"{number} could not be provisioned: {reasons}")
        time.sleep(0.2)


def link(client, number, plan):
    # One deadline for all of it: whichever call stands when it passes ends with an error.
    cancel = Cancel(deadline=60)
    sms = client.active_get(number, cancel=cancel).get("smsConfiguration") or {}
    linked = sms.get("servicePlanId") or ""
    if linked == plan:
        return f"{number} is linked to {plan} already"
    # The service links only what is not linked.
    for wanted in ["", plan] if linked else [plan]:
        update(client, number, wanted, cancel)
        found = wait(client, number, cancel)
        if found != wanted:
            raise RuntimeError(f"{number} is linked to {found or 'nothing'}, not to {wanted or 'nothing'}")
    return f"{number} is linked to {plan}"


def main(arguments):
    if len(arguments) != 2:
        sys.stderr.write(__doc__)
        return 2
    number, plan = arguments
    try:
        with Client.from_env() as client:
            print(link(client, number, plan))
    except (SinchNumbersError, RuntimeError) as error:
        sys.stderr.write(f"link_number: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
