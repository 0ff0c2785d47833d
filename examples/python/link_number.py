"""Links a number to an SMS service plan, from whatever it is linked to, and waits, for a minute at most, until it is.

usage: link_number.py +12025550134 SERVICE_PLAN_ID

Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import sys

from sinch_numbers import Client, ProvisioningError, SinchNumbersError


def link(client, number, plan):
    linked = client.relink(number, {"smsConfiguration": {"servicePlanId": plan}}, timeout_ms=60000)
    done = [step["step"] for step in linked["steps"] if step["outcome"] == "done"]
    return f"{number} is linked to {plan}" + ("" if done else " already")


def main(arguments):
    if len(arguments) != 2:
        sys.stderr.write(__doc__)
        return 2
    number, plan = arguments
    try:
        with Client.from_env() as client:
            print(link(client, number, plan))
    except SinchNumbersError as error:
        sys.stderr.write(f"link_number: {error}\n")
        if isinstance(error, ProvisioningError):
            for code in [code for job in error.jobs for code in job["errorCodes"]]:
                sys.stderr.write(f"link_number: {code['code']}: {code['action']}\n")
        # Nothing is restored automatically: the error has what was linked before.
        if error.maybe_applied:
            sys.stderr.write(f"link_number: {number} may have been changed; it was {error.previous}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
