"""Makes sure that a number has an emergency address, in the form in which the emergency services know it.

usage: emergency_address.py +12025550134 STREET_NUMBER STREET CITY STATE POSTAL_CODE

Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import sys

from sinch_numbers import AddressError, Client, SinchNumbersError

KEYS = ("streetNumber", "streetInfo", "location", "city", "state", "postalCode", "postalCodePlusFour")


def shown(address):
    return ", ".join(address[key] for key in KEYS if address.get(key))


def place(client, number, address):
    # A correction is taken only if it is still the same place: the spelling, the city or the postal code were wrong.
    done = client.ensure_emergency_address(number, {"displayName": "Office", "address": address}, accept="corrected")
    validation = done["validation"] or {}
    if validation.get("validationResult") == "NEAR_MATCH":
        print(f"corrected: {shown(validation['correctedAddress'])}")
    print(("provisioned: " if done["changed"] else "stands already: ") + shown(done["address"]))


def main(arguments):
    if len(arguments) != 6:
        sys.stderr.write(__doc__)
        return 2
    number, street_number, street, city, state, code = arguments
    address = {"streetNumber": street_number, "streetInfo": street, "city": city, "state": state, "postalCode": code}
    try:
        with Client.from_env() as client:
            place(client, number, address)
    except SinchNumbersError as error:
        if isinstance(error, AddressError):
            for candidate in error.validation.get("candidateAddresses") or []:
                print(f"perhaps: {shown(candidate)}")
        sys.stderr.write(f"emergency_address: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
