"""Lists the numbers of a project page by page.

usage: list_fleet.py [REGION_CODE]

Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import sys

from sinch_numbers import Client, SinchNumbersError


def describe(number):
    sms = number.get("smsConfiguration") or {}
    voice = number.get("voiceConfiguration") or {}
    cells = [
        number["phoneNumber"],
        number.get("regionCode"),
        number.get("type"),
        number.get("displayName"),
        sms.get("servicePlanId"),
        voice.get("appId") or voice.get("trunkId") or voice.get("serviceId"),
    ]
    # Missing, None and "" all mean "nothing".
    return "{:<14} {:<2} {:<9} {:<18} {:<12} {}".format(*(cell or "-" for cell in cells))


def main(arguments):
    if len(arguments) > 1 or arguments[:1] == ["--help"]:
        sys.stderr.write(__doc__)
        return 2
    query = {"pageSize": 100}
    if arguments:
        query["regionCode"] = arguments[0]
    pages = count = 0
    try:
        with Client.from_env() as client:
            for page in client.pages(query):
                pages += 1
                # An empty page in the middle of a list is legal.
                for number in page.get("activeNumbers") or []:
                    count += 1
                    print(describe(number))
    except SinchNumbersError as error:
        sys.stderr.write(f"list_fleet: {error}\n")
        return 1
    print(f"{count} numbers on {pages} {'page' if pages == 1 else 'pages'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
