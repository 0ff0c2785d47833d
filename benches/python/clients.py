"""The Python contenders: our file over the C library, and the vendor's SDK.

usage: clients.py ours|sdk get|list URL COUNT [PAGE]
"""

import json
import resource
import sys
import time
import zlib

NUMBER = "+12025550000"
PROJECT = "51bc3f40-f266-4ca8-8938-a1ed0ff32b9a"
FLEET = 100_000


def seconds(value):
    """A timestamp without its fraction."""
    if value is None or isinstance(value, str):
        return (value or "")[:19]
    return value.strftime("%Y-%m-%dT%H:%M:%S")


class Line:
    """The fields of a number, in the order of c/bench.h."""

    def __init__(self):
        self.parts = []

    def text(self, *values):
        self.parts.extend("" if value is None else str(value) for value in values)

    def seconds(self, value):
        self.parts.append(seconds(value))

    def list(self, values):
        self.parts.append("".join(f"{value}," for value in values or ()))

    def bytes(self):
        return ("|".join(self.parts) + "\n").encode()


def line_of_json(number):
    line = Line()
    money = number.get("money") or {}
    sms = number.get("smsConfiguration") or {}
    job = sms.get("scheduledProvisioning") or {}
    line.text(*(number.get(key) for key in ("phoneNumber", "projectId", "displayName", "regionCode", "type")))
    line.list(number.get("capability"))
    line.text(money.get("currencyCode"), money.get("amount"), number.get("paymentIntervalMonths"))
    line.seconds(number.get("nextChargeDate"))
    line.seconds(number.get("expireAt"))
    line.text(sms.get("servicePlanId"), sms.get("campaignId"))
    line.text(job.get("servicePlanId"), job.get("campaignId"), job.get("status"))
    line.seconds(job.get("lastUpdatedTime"))
    line.list(job.get("errorCodes"))
    voice = number.get("voiceConfiguration") or {}
    job = voice.get("scheduledVoiceProvisioning") or {}
    line.text(*(voice.get(key) for key in ("type", "appId", "trunkId", "serviceId")))
    line.seconds(voice.get("lastUpdatedTime"))
    line.text(job.get("type"), job.get("status"))
    line.seconds(job.get("lastUpdatedTime"))
    line.text(job.get("appId"), job.get("trunkId"), job.get("serviceId"), number.get("callbackUrl"))
    return line.bytes()


def line_of_model(number):
    def of(model, *names):
        return [getattr(model, name, None) for name in names]

    line = Line()
    sms = number.sms_configuration
    job = getattr(sms, "scheduled_provisioning", None)
    line.text(*of(number, "phone_number", "project_id", "display_name", "region_code", "type"))
    # The SDK declares `capabilities`, but the service says `capability`: it ends among the extra fields.
    line.list(getattr(number, "capability", None) or number.capabilities)
    line.text(*of(number.money, "currency_code", "amount"), number.payment_interval_months)
    line.seconds(number.next_charge_date)
    line.seconds(number.expire_at)
    line.text(*of(sms, "service_plan_id", "campaign_id"))
    line.text(*of(job, "service_plan_id", "campaign_id", "status"))
    line.seconds(getattr(job, "last_updated_time", None))
    line.list(getattr(job, "error_codes", None))
    voice = number.voice_configuration
    job = getattr(voice, "scheduled_voice_provisioning", None) or getattr(voice, "scheduled_provisioning", None)
    line.text(*of(voice, "type", "app_id", "trunk_id", "service_id"))
    line.seconds(getattr(voice, "last_updated_time", None))
    line.text(*of(job, "type", "status"))
    line.seconds(getattr(job, "last_updated_time", None))
    line.text(*of(job, "app_id", "trunk_id", "service_id"), number.event_destination_target)
    return line.bytes()


class Ours:
    line = staticmethod(line_of_json)

    def __init__(self, url):
        import sinch_numbers

        self.client = sinch_numbers.Client(
            project_id=PROJECT, key_id="key", key_secret="secret", base_url=url, auth_url=url
        )

    def get(self):
        return self.client.active_get(NUMBER)

    def list(self, page):
        return self.client.numbers({"pageSize": page})


class Sdk:
    line = staticmethod(line_of_model)

    def __init__(self, url):
        from sinch import SinchClient

        self.client = SinchClient(key_id="key", key_secret="secret", project_id=PROJECT)
        self.client.configuration.numbers_origin = url
        self.client.configuration.auth_origin = url

    def get(self):
        return self.client.numbers.get(NUMBER)

    def list(self, page):
        return self.client.numbers.list(page_size=page).iterator()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def say(**figures):
    peak = next(line for line in open("/proc/self/status", encoding="ascii") if line.startswith("VmHWM"))
    print(json.dumps({**figures, "peak": int(peak.split()[1])}))


def main():
    name, work, url, count, *page = sys.argv[1:]
    count = int(count)
    client = {"ours": Ours, "sdk": Sdk}[name](url)
    if work == "get":
        for _ in range(50):
            checksum = zlib.crc32(client.line(client.get()))
        took, used = [], cpu()
        for _ in range(count):
            began = time.perf_counter_ns()
            client.get()
            took.append((time.perf_counter_ns() - began) / 1e3)
        used = (cpu() - used) * 1e6 / count
        took.sort()
        say(p50=took[count // 2], p99=took[count * 99 // 100], cpu=used, sum=f"{checksum:08x}")
        return
    page = int(page[0])
    checksum = seen = 0
    for number in client.list(page):
        checksum = zlib.crc32(client.line(number), checksum)
        seen += 1
    used, began = cpu(), time.perf_counter()
    for _ in range(count):
        again = sum(1 for _ in client.list(page))
        assert again == seen
    took, used = time.perf_counter() - began, cpu() - used
    numbers = count * FLEET
    say(rate=round(numbers / took), cpu=used * 1e6 / numbers, numbers=seen, sum=f"{checksum:08x}")


main()
