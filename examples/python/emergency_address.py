"""Puts an emergency address on a number, in the form in which the emergency services know it.

usage: emergency_address.py +12025550134 STREET_NUMBER STREET CITY STATE POSTAL_CODE

Account in the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
"""

import sys

from sinch_numbers import Client, SinchNumbersError

KEYS = ("streetNumber", "streetInfo", "location", "city", "state", "postalCode", "postalCodePlusFour")


def kept(address):
    """The parts of an address that say something: what the service leaves empty is not sent back."""
    return {key: address[key] for key in KEYS if address.get(key)}


def shown(address):
    return ", ".join(kept(address).values())


def place(client, number, address):
    body = {"displayName": "Office", "address": address}
    said = client.emergency_address_validate(number, body)
    if said.get("validationResult") == "NEAR_MATCH" and said.get("correctedAddress"):
        body["address"] = kept(said["correctedAddress"])
        print(f"corrected: {shown(body['address'])}")
    elif said.get("validationResult") != "EXACT_MATCH":
        for candidate in said.get("candidateAddresses") or []:
            print(f"perhaps: {shown(candidate)}")
        raise RuntimeError(f"no such address: nothing was put on {number}")
    try:
        taken = client.emergency_address_provision(number, body)
    except SinchNumbersError as error:
        if not error.maybe_applied:
            raise
        # The response was lost after the request had gone out. Never claim what is not known: read it.
        taken = client.emergency_address_get(number)
        if kept(taken) != body["address"]:
            raise RuntimeError(f"{number} has another emergency address: {shown(taken)}") from error
    print(f"provisioned: {shown(taken)}")


def main(arguments):
    if len(arguments) != 6:
        sys.stderr.write(__doc__)
        return 2
    number, street_number, street, city, state, code = arguments
    address = {"streetNumber": street_number, "streetInfo": street, "city": city, "state": state, "postalCode": code}
    try:
        with Client.from_env() as client:
            place(client, number, address)
    except (SinchNumbersError, RuntimeError) as error:
        sys.stderr.write(f"emergency_address: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
