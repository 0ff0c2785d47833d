"""Every exported function with everything that can be wrong about its arguments.

The cases are made from the function list of the header, so that a new function, or a parameter of a new kind, fails
here until somebody says what it takes. Arguments: the library, the header. The account of a sandbox is in the
environment. Prints how many calls were made, or fails with the first one that was answered wrongly.
"""

import ctypes
import hashlib
import hmac
import json
import os
import re
import sys
import tempfile

LIBRARY, HEADER = sys.argv[1], open(sys.argv[2], encoding="utf-8").read()
MAX_TEXT = 1024 * 1024
POISON = 0x5A5A5A5A5A5A5A50  # what an out-pointer holds before the call: must not be there afterwards

# ---- the header ----------------------------------------------------------------------------------------


def parse_functions(header):
    """All prototypes: name -> (return type, [(type, name)])."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"^#.*?(?<!\\)$", "", text, flags=re.M | re.S)
    found = {}
    pattern = r"SINCH_NUMBERS_API\s+(?:SINCH_NUMBERS_MUST_USE\s+)?([\w\s*]*?)(sinch_numbers_\w+)\(([^)]*)\)"
    for returns, name, parameters in re.findall(pattern, text):
        listed = []
        for parameter in parameters.split(","):
            parameter = " ".join(parameter.split())
            if parameter != "void":
                kind, parameter = re.fullmatch(r"(.*?)(\w+)", parameter).groups()
                listed.append((kind.replace(" *", "*").strip(), parameter))
        assert name not in found, name
        found[name] = (returns.replace(" *", "*").strip(), listed)
    # A prototype that the pattern does not read must not be passed over.
    calls = set(re.findall(r"\b(sinch_numbers_\w+)\s*\(", text))
    assert calls == set(found), calls ^ set(found)
    return found


FUNCTIONS = parse_functions(HEADER)
CODES = {name: int(value) for name, value in re.findall(r"#define SINCH_NUMBERS_(OK|DONE|E_\w+) (\d+)", HEADER)}
KINDS = re.findall(r"typedef struct sinch_numbers_\w+ sinch_numbers_(\w+);", HEADER)
DOCUMENT_KEYS = re.search(r"failure the error document;.*?(\{.*?\})\n \*\n", HEADER, flags=re.S).group(1)
DOCUMENT_KEYS = set(re.findall(r'"(\w+)":', DOCUMENT_KEYS)) - {"field", "description"} | {"field"}

OK, DONE, MISUSE, INPUT = CODES["OK"], CODES["DONE"], CODES["E_MISUSE"], CODES["E_INPUT"]
TIMEOUT, CANCELLED, INTERNAL = CODES["E_TIMEOUT"], CODES["E_CANCELLED"], CODES["E_INTERNAL"]
API, AUTH, PROTOCOL, ADDRESS_REFUSED = (CODES[name] for name in ("E_API", "E_AUTH", "E_PROTOCOL", "E_ADDRESS"))
assert len(CODES) == 13 and sorted(CODES.values()) == list(range(13)), CODES
assert len(KINDS) == 5, KINDS

RETURNS = {
    "void": None,
    "sinch_numbers_code": ctypes.c_int32,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "size_t": ctypes.c_size_t,
    "const char*": ctypes.c_void_p,
    "sinch_numbers_cancel*": ctypes.c_void_p,
    "sinch_numbers_log*": ctypes.c_void_p,
}
NUMBERS = {"int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "size_t": ctypes.c_size_t}
NUMBERS["sinch_numbers_code"] = ctypes.c_int32


class Parameter:
    """What a parameter is, by its type and name. Whatever is not known here fails."""

    def __init__(self, function, kind, name):
        self.name, self.where = name, f"{function}({name})"
        handle = re.fullmatch(r"(?:const )?sinch_numbers_(\w+)\*", kind)
        out = re.fullmatch(r"sinch_numbers_(\w+)\*\*", kind)
        if handle and handle.group(1) in KINDS:
            self.is_a, self.of = "handle", handle.group(1)
        elif out and out.group(1) in KINDS:
            self.is_a, self.of = "out", out.group(1)
        elif kind in ("size_t*", "int32_t*"):
            self.is_a, self.of = "length", None
        elif kind == "const char*":
            self.is_a, self.of = "text", {"config": "config", "query": "query", "phone_number": "phone",
                                          "body": "body", "options": "options", "target": "target",
                                          "json_pointer": "pointer", "text": "any", "message": "message",
                                          "code": "code", "secrets": "secrets", "signature": "signature"}[name]
        elif kind == "const void*":
            self.is_a, self.of = "bytes", None
        elif kind == "char*":
            self.is_a, self.of = "buffer", None
        elif kind in ("sinch_numbers_log_fn", "sinch_numbers_poll_fn", "void*"):
            self.is_a, self.of = "callback", None
        elif kind in NUMBERS:
            self.is_a, self.of = "number", kind
        else:
            raise AssertionError(f"{self.where}: nobody said what a {kind} is")
        # What the header lets be NULL.
        self.optional = name in ("config", "query", "options", "result_out", "length_out") or self.is_a == "callback"
        self.optional |= self.of == "cancel" and "result_out" in [n for _, n in FUNCTIONS[function][1]]
        self.type = NUMBERS.get(kind, ctypes.c_void_p)


PARAMETERS = {name: [Parameter(name, kind, p) for kind, p in listed] for name, (_, listed) in FUNCTIONS.items()}


def short(name):
    return name.removeprefix("sinch_numbers_")


def shape(name):
    """Of what kind a function is: that decides what it promises."""
    returns, listed = FUNCTIONS[name]
    if returns == "sinch_numbers_code" and any(p == "result_out" for _, p in listed):
        return "call"
    if listed and listed[0][0] == "const sinch_numbers_result*":
        return "accessor"
    if returns == "void" and len(listed) == 1 and PARAMETERS[name][0].is_a == "handle":
        return "quiet"
    if [p.is_a for p in PARAMETERS[name]] == ["text", "buffer", "number"]:
        return "writer"
    if returns == "const char*" and [p.is_a for p in PARAMETERS[name]] == ["text"]:
        return "explainer"
    if all(PARAMETERS[name][i].is_a == "number" for i in range(len(listed))):
        return "plain"
    if returns in ("sinch_numbers_cancel*", "sinch_numbers_log*"):
        return "maker"
    if short(name) in ("log_write", "log_next"):
        return "log"
    raise AssertionError(f"{name}: nobody said of what kind it is")


SHAPES = {name: shape(name) for name in FUNCTIONS}
CALLS = [name for name in FUNCTIONS if SHAPES[name] == "call"]

library = ctypes.CDLL(LIBRARY)
C = {}
for name, (returns, _) in FUNCTIONS.items():
    C[name] = getattr(library, name)
    C[name].restype = RETURNS[returns]
    C[name].argtypes = [p.type for p in PARAMETERS[name]]

# ---- making calls ----------------------------------------------------------------------------------------

made = {name: 0 for name in FUNCTIONS}


def c(name, *arguments):
    name = f"sinch_numbers_{name}"
    made[name] += 1
    return C[name](*arguments)


def text_at(pointer):
    return ctypes.string_at(pointer)


class Result:
    """A result, read through every accessor and freed."""

    def __init__(self, pointer):
        length = ctypes.c_size_t(12345)
        document = c("result_json", pointer, ctypes.byref(length))
        self.raw = ctypes.string_at(document, length.value)
        assert text_at(document) == self.raw, "the JSON ends where its length says"
        assert text_at(c("result_json", pointer, None)) == self.raw
        self.document = json.loads(self.raw.decode("utf-8"))
        assert isinstance(self.document, dict)
        self.code = c("result_code", pointer)
        self.status = c("result_http_status", pointer)
        self.retry = c("result_retry_after_ms", pointer)
        self.maybe = c("result_maybe_applied", pointer)
        self.reconciled = c("result_reconciled", pointer)
        self.message = text_at(c("result_message", pointer)).decode("utf-8")
        assert text_at(c("result_value", pointer, b"")) == self.raw.split(b"\0")[0]
        c("result_free", pointer)
        if self.code in (OK, DONE):
            assert self.message == "" and (self.maybe, self.retry) == (0, -1), self.raw
        else:
            assert DOCUMENT_KEYS <= set(self.document), DOCUMENT_KEYS - set(self.document)
            assert self.document["code"] == text_at(c("code_name", self.code)).decode()
            assert CODES[self.document["code"]] == self.code
            assert self.document["message"] == self.message and self.message, self.raw
            assert self.document["httpStatus"] == self.status
            assert self.document["retryAfterMs"] == self.retry
            assert self.document["maybeApplied"] == bool(self.maybe)
        self.field = self.document.get("field")


CONFIG = {
    "projectId": os.environ["SINCH_PROJECT_ID"],
    "keyId": os.environ["SINCH_KEY_ID"],
    "keySecret": os.environ["SINCH_KEY_SECRET"],
    "baseUrl": os.environ["SINCH_NUMBERS_URL"],
    "authUrl": os.environ["SINCH_AUTH_URL"],
    "proxy": "none",
}
ADDRESS = {"streetNumber": "12345", "streetInfo": "Main St", "city": "Springfield", "state": "IL", "postalCode": "62701"}
PLACE = {"displayName": "Office", "address": ADDRESS}
BODIES = {
    "active_update": {"displayName": "desk"},
    "emergency_address_provision": PLACE,
    "emergency_address_validate": PLACE,
    "emergency_address_ensure": PLACE,
}
SECRET, EVENT = b"my-callback-secret", b'{"eventId":"e","resourceId":"+12025550134"}'


def signed(body):
    return hmac.new(SECRET, body, hashlib.sha1).hexdigest().encode()


NUMBER, RELEASED = b"+12025550134", b"+12025550117"


def good_text(name, of):
    """A text that the function takes."""
    if of == "phone":
        return RELEASED if name == "sinch_numbers_active_release" else NUMBER
    if of == "body":
        return json.dumps(BODIES[short(name)]).encode()
    if of == "signature":
        return signed(EVENT)
    texts = {
        "config": CONFIG, "query": {"pageSize": 5}, "secrets": ["another", SECRET.decode()],
        "options": {"expect": {"displayName": "desk"}}, "target": {"smsConfiguration": {"servicePlanId": "plan-desk"}},
    }
    return json.dumps(texts[of]).encode()


def make_client():
    out = ctypes.c_void_p(POISON)
    assert c("client_new", json.dumps(CONFIG).encode(), None, None, ctypes.byref(out), None) == OK
    return out.value


def make_pages(client):
    out = ctypes.c_void_p(POISON)
    assert c("pages_new", client, b'{"pageSize": 1}', ctypes.byref(out), None) == OK
    return out.value


def make_result(client):
    out = ctypes.c_void_p(POISON)
    assert c("active_get", client, NUMBER, None, ctypes.byref(out)) == OK
    return out.value


class Handles:
    """One live handle of each kind."""

    def __init__(self):
        self.client = make_client()
        self.pages = make_pages(self.client)
        self.result = make_result(self.client)
        self.cancel = c("cancel_new")
        self.log = c("log_new", None, None)

    def __getitem__(self, kind):
        return getattr(self, kind)

    def free(self):
        for kind in KINDS:
            c(f"{kind}_free", self[kind])


def prepare(handles, name):
    """Puts the service into a state in which the function succeeds."""
    if short(name).startswith("emergency_address"):
        body = json.dumps(PLACE).encode()
        assert c("emergency_address_provision", handles.client, NUMBER, body, None, None) == OK
    if short(name) == "active_wait":
        body = json.dumps(BODIES["active_update"]).encode()
        assert c("active_update", handles.client, NUMBER, body, None, None) == OK
    fresh_pages(handles, name)


def fresh_pages(handles, name):
    """Pages that no other function goes through."""
    if short(name).startswith("pages_next"):
        c("pages_free", handles.pages)
        handles.pages = make_pages(handles.client)


def call(handles, name, expected, why, result_out=True, **changed):
    """Makes a call with good arguments but for the changed ones, and holds it to what every call promises."""
    arguments, outs = [], []
    for parameter in PARAMETERS[name]:
        if parameter.name in changed:
            arguments.append(changed[parameter.name])
        elif parameter.is_a == "out":
            slot = ctypes.c_void_p(POISON)
            if parameter.name == "result_out" and not result_out:
                arguments.append(None)
            else:
                outs.append((parameter, slot))
                arguments.append(ctypes.byref(slot))
        elif parameter.of == "cancel" or parameter.is_a == "callback":
            arguments.append(None)
        elif parameter.is_a == "handle":
            arguments.append(handles[parameter.of])
        elif parameter.is_a == "bytes":
            arguments.append(EVENT)
        elif parameter.is_a == "number":
            assert parameter.name == "length", f"{parameter.where}: nobody said what it takes"
            arguments.append(len(EVENT))
        else:
            arguments.append(good_text(name, parameter.of))
    code = c(short(name), *arguments)
    expected = expected if isinstance(expected, tuple) else (expected,)
    said = f"{name}: {why}: code {code}, expected {expected}"
    result = None
    for parameter, slot in outs:
        assert slot.value != POISON, f"{said}: {parameter.name} was not written"
        if parameter.name == "result_out":
            assert slot.value, f"{said}: no result"
            result = Result(slot.value)
            assert result.code == code, f"{said}: the result says {result.code}"
        elif code == OK:
            assert slot.value, said
            c(f"{parameter.of}_free", slot.value)
        else:
            assert slot.value is None, f"{said}: {parameter.name} is not NULL"
    assert code in expected, f"{said}: {result and result.raw[:500]}"
    return result


def refused(handles, name, expected, why, field=None, **changed):
    """The same, with a result and without one; nothing may be sent, and the field is named."""
    result = call(handles, name, expected, why, **changed)
    call(handles, name, expected, why, result_out=False, **changed)
    if result is not None:
        assert (result.status, result.retry, result.maybe) == (0, -1, 0), f"{name}: {why}: {result.raw}"
        assert result.document["attempts"] == 0, f"{name}: {why}: {result.raw}"
        if expected == INPUT:
            wanted = field if isinstance(field, tuple) else (field,)
            assert result.field in wanted, f"{name}: {why}: names {result.field!r}, not {field!r}: {result.message}"
            assert result.field.replace("\0", "\\0") in result.message, f"{name}: {why}: {result.message}"
    return result


# ---- pointers ----------------------------------------------------------------------------------------------


# What is said of a place that is not there.
ABSENT = {"result_value": None, "result_text": None, "result_count": -1}


def rubbish_accessor(handles, name, result):
    """What an accessor says about something that is no result."""
    length = ctypes.c_size_t(12345)
    arguments = [result]
    for parameter in PARAMETERS[name][1:]:
        arguments.append({"length": lambda: ctypes.byref(length), "text": lambda: b""}[parameter.is_a]())
    got = c(short(name), *arguments)
    if FUNCTIONS[name][0] == "const char*" and got is not None:
        got = text_at(got)
    nothing = {
        "result_code": MISUSE, "result_http_status": 0, "result_retry_after_ms": -1, "result_maybe_applied": 0,
        "result_reconciled": 0, "result_value": None, "result_text": None, "result_count": -1, "result_message": b"",
        "result_json": b"{}",
    }[short(name)]
    assert got == nothing, f"{name}: {got!r}"
    if short(name) == "result_json":
        assert length.value == 2
        assert text_at(c("result_json", result, None)) == b"{}"


def pointers(handles):
    memory = ctypes.create_string_buffer(4096)
    zeros = (ctypes.addressof(memory) + 63) & ~63
    for name, parameters in PARAMETERS.items():
        for parameter in parameters:
            wrong = []
            if parameter.is_a == "handle":
                wrong = [(handles[kind], f"a {kind}") for kind in KINDS if kind != parameter.of]
                wrong += [(zeros, "no handle at all"), (handles[parameter.of] + 1, "a crooked handle")]
            if SHAPES[name] == "call":
                if parameter.optional:
                    prepare(handles, name)
                    call(handles, name, OK, f"{parameter.name} is NULL", **{parameter.name: None})
                elif parameter.of == "signature":
                    refused(handles, name, AUTH, "the signature is NULL", **{parameter.name: None})
                elif parameter.is_a != "number":
                    wrong.append((None, "NULL"))
                for value, what in wrong:
                    result = refused(handles, name, MISUSE, f"{parameter.name} is {what}", **{parameter.name: value})
                    said = "phoneNumber" if parameter.name == "phone_number" else parameter.name
                    assert said in result.message, f"{parameter.where} is {what}: {result.message}"
            elif SHAPES[name] == "accessor":
                if parameter.name == "result":
                    for value, _ in wrong + [(None, "NULL")]:
                        rubbish_accessor(handles, name, value)
                elif parameter.is_a == "text":
                    assert c(short(name), handles.result, None) == ABSENT[short(name)], name
                else:
                    assert parameter.is_a == "length", parameter.where  # NULL: every Result reads that way
            elif SHAPES[name] == "quiet":
                for value, _ in wrong + [(None, "NULL")]:
                    c(short(name), value)
            elif SHAPES[name] == "maker":
                for value, what in wrong:
                    given = [value if p is parameter else NOTHING[p.is_a] for p in parameters]
                    assert c(short(name), *given) is None, f"{parameter.where} is {what}"
            elif SHAPES[name] == "plain":
                assert parameter.is_a == "number", parameter.where
            else:
                # `log` has them, and `text_of_writer` and `text_of_explainer`.
                assert SHAPES[name] in ("log", "writer", "explainer"), parameter.where
    # All of them at once; and the handles that were given to the wrong functions are as they were.
    for name in CALLS:
        everything = {p.name: 0 if p.is_a == "number" else None for p in PARAMETERS[name]}
        call(handles, name, MISUSE, "all is NULL", **everything)
    works(handles)
    assert bytes(memory) == bytes(4096), "nothing was written where no handle is"


def works(handles):
    """Every call with good arguments, with a result and without, and with a token that nobody triggers."""
    for name in CALLS:
        for token in (None, handles.cancel):
            for result_out in (True, False):
                prepare(handles, name)
                changed = {"cancel": token} if any(p.name == "cancel" for p in PARAMETERS[name]) else {}
                call(handles, name, OK, "all is well", result_out=result_out, **changed)


# ---- texts -------------------------------------------------------------------------------------------------

TEXT, WHOLE, RATE, FLAG, OBJECT, TEXTS = "text", "whole", "rate", "flag", "object", "texts"
LINKS = {
    "smsConfiguration": OBJECT, "smsConfiguration.servicePlanId": TEXT, "smsConfiguration.campaignId": TEXT,
    "voiceConfiguration": OBJECT, "voiceConfiguration.type": TEXT, "voiceConfiguration.appId": TEXT,
    "voiceConfiguration.trunkId": TEXT, "voiceConfiguration.serviceId": TEXT,
}
UPDATE = {"displayName": TEXT, **LINKS, "callbackUrl": TEXT}
PLACE_KEYS = {
    "displayName": TEXT, "address": OBJECT, "address.streetNumber": TEXT, "address.streetInfo": TEXT,
    "address.location": TEXT, "address.city": TEXT, "address.state": TEXT, "address.postalCode": TEXT,
    "address.postalCodePlusFour": TEXT,
}
WRONG = {
    TEXT: ["1", "1.5", "true", "[]", '["x"]', "{}", '{"x":"y"}'],
    WHOLE: ['"1"', "true", "[]", "{}", "-1", "1.5", "1e2", "99999999999999999999999", "-0"],
    RATE: ['"1"', "true", "[]", "{}", "-1", "-0.1", "1e300", "1e999", "99999999999999999999999"],
    FLAG: ['"true"', "1", "0", "[]", "{}"],
    OBJECT: ['"x"', "1", "true", "[]", "{}"],
    TEXTS: ['"SMS"', "1", "true", "{}", "[1]", "[null]", '[["SMS"]]', '["SMS",{}]'],
}
SCHEMAS = {
    "config": {
        "fromEnv": FLAG, "projectId": TEXT, "keyId": TEXT, "keySecret": TEXT, "auth": TEXT, "baseUrl": TEXT, "authUrl": TEXT,
        "allowHttp": FLAG, "timeoutMs": WHOLE, "connectTimeoutMs": WHOLE, "maxAttempts": WHOLE, "requestsPerSecond": RATE, "caFile": TEXT,
        "roots": TEXT, "proxy": TEXT, "userAgent": TEXT, "maxResponseBytes": WHOLE, "maxIdleConnections": WHOLE,
        "idleTimeoutMs": WHOLE, "maxConnectionAgeMs": WHOLE, "logLevel": TEXT,
    },
    "query": {
        "regionCode": TEXT, "type": TEXT, "numberPattern": OBJECT, "numberPattern.pattern": TEXT,
        "numberPattern.searchPattern": TEXT, "capability": TEXTS, "pageSize": WHOLE, "pageToken": TEXT,
        "orderBy": TEXT,
    },
    "active_update": UPDATE,
    "place": PLACE_KEYS,
    "options": {"expect": OBJECT, **{f"expect.{path}": kind for path, kind in UPDATE.items()}, "timeoutMs": WHOLE},
    "target": {**LINKS, "timeoutMs": WHOLE},
    "ensure": {**PLACE_KEYS, "accept": TEXT, "force": FLAG, "timeoutMs": WHOLE},
}
REQUIRED = {
    "config": ["projectId", "keyId", "keySecret"],
    "query": [],
    "active_update": ["smsConfiguration.servicePlanId", "voiceConfiguration.type"],
    "place": ["displayName", "address"] + [f"address.{key}" for key in ADDRESS],
    "options": ["expect.smsConfiguration.servicePlanId", "expect.voiceConfiguration.type"],
    "target": ["smsConfiguration.servicePlanId", "voiceConfiguration.type"],
    "ensure": ["displayName", "address"] + [f"address.{key}" for key in ADDRESS],
}
FULL_UPDATE = {
    "displayName": "desk", "smsConfiguration": {"servicePlanId": "plan-desk"},
    "voiceConfiguration": {"type": "RTC", "appId": "app-desk"},
}
FULL_LINKS = {key: FULL_UPDATE[key] for key in ("smsConfiguration", "voiceConfiguration")}
# Texts in which every object of the schema stands. What waits does so for a moment only.
FULL = {
    "config": CONFIG,
    "query": {"numberPattern": {"pattern": "2020"}, "pageSize": 5},
    "active_update": FULL_UPDATE,
    "place": PLACE,
    "options": {"expect": FULL_UPDATE, "timeoutMs": 20},
    "target": {**FULL_LINKS, "timeoutMs": 20},
    "ensure": {**PLACE, "accept": "exact", "force": False, "timeoutMs": 20},
}


def schema_of(name, of):
    if of != "body":
        return of
    return {"active_update": "active_update", "emergency_address_provision": "place",
            "emergency_address_validate": "place", "emergency_address_ensure": "ensure"}[short(name)]


def dump(value):
    """JSON with pieces of raw JSON in it."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dump(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value)


class Raw:
    def __init__(self, text):
        self.text = text


def with_key(schema, path, raw):
    """The full text, with something else (or nothing) at a place."""
    top = json.loads(json.dumps(FULL[schema]))
    inner = top
    *above, key = path.split(".")
    for step in above:
        inner = inner[step]
    inner.pop(key, None)
    if raw is not None:
        inner[key] = Raw(raw)
    return dump(top).encode()


def texts(handles):
    for name, parameters in PARAMETERS.items():
        for parameter in parameters:
            if parameter.is_a == "text" and SHAPES[name] != "log":
                of_shape = {"call": text_of_call, "accessor": text_of_accessor, "writer": text_of_writer,
                            "explainer": text_of_explainer}
                of_shape[SHAPES[name]](handles, name, parameter)
            elif parameter.is_a == "bytes":
                callback_body(handles, name, parameter)


def callback_body(handles, name, parameter):
    """A body of any bytes and of any length: refused for its signature, and for itself only if that is right."""
    assert short(name) == "callback_verify", f"{parameter.where}: nobody said what it takes"
    for length in (1, MAX_TEXT, 2**63 - 1, 2**63, 2**64 - 1):
        refused(handles, name, MISUSE, f"NULL of {length} bytes", body=None, length=length)
    refused(handles, name, AUTH, "NULL of no bytes", body=None, length=0)
    refused(handles, name, PROTOCOL, "NULL of no bytes, signed", body=None, length=0, signature=signed(b""))
    for length in (MAX_TEXT + 1, 2**63 - 1, 2**63, 2**64 - 1):
        # It is not looked at.
        refused(handles, name, INPUT, f"{length} bytes", field="body", length=length)
    everything = bytes(range(256))
    not_objects = NOT_JSON + [b"", b"\0", EVENT + b"\0", b"\0" + EVENT, everything, everything[::-1], b"\xff" * 1000, b'{"a":"\xff"}']
    for body in not_objects:
        for signature in (signed(body)[:-1] + b"?", signed(EVENT), signed(b"x" + body), b"", None):
            refused(handles, name, AUTH, f"{body[:40]!r}", body=body, length=len(body), signature=signature)
        result = refused(handles, name, PROTOCOL, f"{body[:40]!r}, signed", body=body, length=len(body), signature=signed(body))
        assert result.document["body"] is None and len(result.message) < 200, result.raw
    longest = EVENT[:-1].ljust(MAX_TEXT - 1) + b"}"
    call(handles, name, OK, "1 MiB", body=longest, length=MAX_TEXT, signature=signed(longest))


def text_of_signature(handles, name, parameter):
    """Whatever is no signature of the body is refused, and is not repeated."""
    good = signed(EVENT)
    for value in [
        b"", b"x", b" ", good[1:], good + b"0", good + b"00", b" " + good, good + b"\n", b"0x" + good[2:], good[:-1] + b"g", good[:-1] + b"\xff",
        b"\xff" * 40, b"\xc3\xa9" * 20, good * 2, good + b"," + good, b"-" * 40, b"0" * 40, b"f" * 40, good[::-1], b"1" * 2 * MAX_TEXT,
        bytes(range(1, 41)), b"%n%s" * 10, good[1:] + good[:1],
    ]:
        result = refused(handles, name, AUTH, f"{value[:50]!r}", signature=value)
        wanted = "MISSING" if value == b"" else "OTHER_SECRET" if re.fullmatch(b"[0-9a-f]{40}", value) else "MALFORMED"
        assert (result.document["status"], result.field) == (wanted, "signature"), (value[:50], result.raw)
    call(handles, name, OK, "in capitals", signature=good.upper())


def text_of_secrets(bad):
    """What a list of secrets must not be. Nothing of it is repeated."""
    for value in [
        b"[]", b'["hush",1]', b"[1]", b"[null]", b'[["hush"]]', b'[{"hush":"hush"}]', b'[""]', b'["hush",""]', b'["hush","\\ud800"]',
        b'["hush"],"b":["c"]', b'["hush"],"hush":1', b'["hush"]}', b'{"secrets":["hush"]}', b'["hush",]', b'["hush" "hush"]', b'["a\nb"]',
        b"[" + b",".join([b'"hush"'] * 9) + b"]", b"[" + b",".join([b'"hush"'] * 100_000) + b"]", b'"hush"', b"hush", b'["hush"', b'["hu',
    ]:
        assert "hush" not in bad(value, f"{value[:50]!r}").raw.decode(), value[:50]


def text_of_call(handles, name, parameter):
    if parameter.of == "signature":
        text_of_signature(handles, name, parameter)
        return
    said = "phoneNumber" if parameter.of == "phone" else parameter.name
    bad = lambda value, why, field=said: refused(handles, name, INPUT, why, field=field, **{parameter.name: value})
    good = good_text(name, parameter.of)
    not_utf8 = [b"\xff", b"\x80", b"\xc3(", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
    for rubbish in not_utf8:
        for value in (rubbish, good[:1] + rubbish + good[1:], good + rubbish):
            bad(value, f"not UTF-8: {rubbish!r}")
    for value, why in [
        (b"", "empty"), (b" ", "blank"), (b"x" * 2 * MAX_TEXT, "2 MiB"), (good.ljust(MAX_TEXT + 1), "too long"),
        (good + b"\x01", "a control character"),
    ]:
        bad(value, why)
    marked = b"\xef\xbb\xbf" + good
    if parameter.of == "phone":
        bad(marked, "a byte order mark")
        for value in PHONES:
            bad(value.encode(), f"{value!r} is not E.164")
        return
    prepare(handles, name)
    call(handles, name, OK, "a byte order mark is passed over", **{parameter.name: marked})
    prepare(handles, name)
    call(handles, name, OK, "1 MiB", **{parameter.name: good.ljust(MAX_TEXT)})
    for value in NOT_JSON:
        bad(value, f"no JSON object: {value[:40]!r}")
    for rest in [b"x", b"{}", b",", b"}", b"\0x"[1:], b" //", b"/**/"]:
        bad(good + rest, f"{rest!r} behind it")
    if parameter.of == "secrets":
        text_of_secrets(bad)
        return
    schema = schema_of(name, parameter.of)
    known_keys(handles, name, parameter, schema)
    for path, kind in SCHEMAS[schema].items():
        present = FULL[schema]
        for step in path.split("."):
            present = present.get(step, {})
        sample = {TEXT: '"x"', WHOLE: "1", RATE: "1.5", FLAG: "true", OBJECT: dump(present), TEXTS: '["SMS"]'}[kind]
        if present:
            sample = dump(present)
        bad(with_key(schema, path, "null"), f"{path} is null", path)
        for raw in WRONG[kind]:
            bad(with_key(schema, path, raw), f"{path} is {raw}", path)
        # Twice: in plain, and once written with an escape.
        key = path.split(".")[-1]
        escaped = f'"\\u{ord(key[0]):04x}{key[1:]}"'
        once = with_key(schema, path, sample).decode()
        place = f'"{key}":{sample}'
        assert once.count(place) >= 1, (once, place)
        at = once.rfind(place) if "." in path else once.find(place)
        for second in (f'"{key}"', escaped):
            twice = f"{once[:at]}{second}:{sample},{once[at:]}"
            bad(twice.encode(), f"{path} stands there twice", path)
        # Misspelt.
        for wrong in (key.upper(), key + "s", key[:-1], " " + key, key.replace("e", "\u0435"), f"{key}\u0000"):
            if wrong == key or f"{path[:-len(key)]}{wrong}" in SCHEMAS[schema]:
                continue
            misspelt = with_key(schema, path, None)
            prefix = path[: -len(key)]
            bad(with_key(schema, prefix + wrong, sample), f"{wrong!r} is misspelt",
                # Where the right one is missing, that may be said first.
                (prefix + wrong, path, prefix[:-1]) if misspelt != with_key(schema, path, sample) else prefix + wrong)
        if kind == TEXT:
            for raw in ['"\\ud800"', '"\\udc00x"', '"\\ud800\\ud800"', '"a\\udfffb"']:
                bad(with_key(schema, path, raw), f"{path} is a lone surrogate", (path, said))
            for control in range(1, 0x20):
                bad(with_key(schema, path, f'"a{chr(control)}b"'), f"{path} holds a raw control character", said)
            for raw in ['"\\x"', '"\\u12"', '"\\', '"abc', "'a'"]:
                bad(with_key(schema, path, raw), f"{path} is {raw}", said)
            # Written with escapes they are text like any other: taken, or refused with the field's name.
            for raw in ['"\\u0000"', '"a\\u0000b"', '"\\u001b[2J"', '"\\u007f"', '"a\\r\\nX: y"', '"\\ud83d\\ude00"']:
                prepare(handles, name)
                allowed = (OK, INPUT, API) + MAY_ALSO.get(short(name), ())
                result = call(handles, name, allowed, f"{path} is {raw}",
                              **{parameter.name: with_key(schema, path, raw)})
                assert result.code != INPUT or result.field == path, f"{path} is {raw}: {result.raw}"
    for path in REQUIRED[schema]:
        missing = with_key(schema, path, None)
        # An object that holds nothing any more is refused as such.
        bad(missing, f"{path} is missing", path.rpartition(".")[0] if b"{}" in missing else path)
    for value, field in OWN_RULES[schema]:
        bad(value.encode(), value, field)
    if schema == "config":
        ranges(handles, name, parameter)
    if schema in ("options", "target", "ensure"):
        times(handles, name, parameter, schema)
    if schema in ("active_update", "target"):
        relinked(handles)


# What comes of strange texts that are taken: a state that does not come, an address that is none.
MAY_ALSO = {
    "active_wait": (TIMEOUT,), "active_relink": (TIMEOUT,), "emergency_address_ensure": (TIMEOUT, ADDRESS_REFUSED),
}


def times(handles, name, parameter, schema):
    """The ends of the range of timeoutMs are taken, what is beyond them is not."""
    for value in ("1", "86400000"):
        prepare(handles, name)
        good = {**json.loads(good_text(name, parameter.of)), "timeoutMs": int(value)}
        call(handles, name, (OK, TIMEOUT) if value == "1" else OK, f"timeoutMs is {value}",
             **{parameter.name: json.dumps(good).encode()})
    for value in ("0", "86400001", str(2**32 + 1), str(2**64 - 1)):
        refused(handles, name, INPUT, f"timeoutMs is {value}", field="timeoutMs",
                **{parameter.name: with_key(schema, "timeoutMs", value)})


def relinked(handles):
    """The number is left as other cases want it: unlinked."""
    target = b'{"smsConfiguration":{"servicePlanId":""}}'
    call(handles, "sinch_numbers_active_relink", OK, "unlink", target=target)


def known_keys(handles, name, parameter, schema):
    """The refusal of an unknown key lists the known ones: those of the table here, or the table is out of date."""
    for prefix in {path.rpartition(".")[0] for path in SCHEMAS[schema]}:
        path = f"{prefix}.zzz" if prefix else "zzz"
        result = refused(handles, name, INPUT, f"{path} is unknown", field=path,
                         **{parameter.name: with_key(schema, path, "1")})
        listed = set(re.split(r", | and ", re.search(r"known are (.*)", result.message).group(1)))
        ours = {p.rpartition(".")[2] for p in SCHEMAS[schema] if p.rpartition(".")[0] == prefix}
        assert listed == ours, f"{path}: {listed ^ ours}"


def ranges(handles, name, parameter):
    """The numbers of the header's own table of settings: the ends are taken, what is beyond them is not."""
    # What a row says can go on in lines that are indented.
    row = r"^ \*   ([a-z]\w*(?:, \w+)*)\s+(string|boolean|number)\s+(.*(?:\n \*       .*)*)$"
    table = re.findall(row, HEADER, flags=re.M)
    keys = {key for names, _, _ in table for key in names.split(", ")}
    assert keys == set(SCHEMAS["config"]), keys ^ set(SCHEMAS["config"])
    for key, kind, meaning in table:
        if kind == "number":
            low, high = map(int, re.search(r"(\d+) to (\d+)$", meaning).groups())
            for value in (low, high):
                call(handles, name, OK, f"{key} is {value}", **{parameter.name: with_key("config", key, str(value))})
            for value in [low - 1] * (low > 0) + [high + 1, 2**32, 2**32 + low, 2**64 - 1]:
                refused(handles, name, INPUT, f"{key} is {value}", field=key,
                        **{parameter.name: with_key("config", key, str(value))})


PHONES = [
    "+", "+1", "1202", "12025550134", "+02025550134", "+1 2025550134", "+1-202-555-0134", "+1202555013a", "++12025550134",
    "+1234567890123456", "+1" * 600, "tel:+12025550134", "0012025550134", "+12025550134\n", "\n+12025550134",
    " +12025550134", "+12025550134 ", "+12025550134/", "+12025550134?x=1", "+1202555%30134", "../+12025550134",
    "\uff0b12025550134", "+\uff11\uff12025550134", "+\u0661\u0662025550134", "+12025550134\u200b", "%2B12025550134", "null",
    '"+12025550134"', "{}",
]
NOT_JSON = [
    b"nope", b"null", b"true", b"1", b'"{}"', b"[]", b"[{}]", b"{", b"}", b'{"', b'{"a', b'{"a"', b'{"a":', b'{"a":1',
    b'{"a":1,', b'{"a":1,}', b"{,}", b"{1:2}", b"{a:1}", b"{'a':1}", b'{"a" 1}', b'{"a":1 "b":2}', b'{"a":01}', b'{"a":+1}',
    b'{"a":.5}', b'{"a":1.}', b'{"a":1e}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":undefined}', b'{"a":tru}', b'{"a":"\x7f\x01"}',
    b"\x0b{}", b"\xc2\xa0{}", b"[" * 1_000_000, b'{"a":' * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}", b'{"a":' * 129 + b"{}" + b"}" * 129,
]
OWN_RULES = {
    "config": [
        (with_key("config", key, raw).decode(), key)
        for key, raw in [
            ("projectId", '""'), ("projectId", '"a/b"'), ("projectId", '"%s"' % ("x" * 65)), ("projectId", '"\u00e4"'),
            ("auth", '"OAuth2"'), ("auth", '""'), ("baseUrl", '""'), ("baseUrl", '"localhost"'), ("baseUrl", '"ftp://x"'),
            ("baseUrl", '"https://user@example.com"'), ("baseUrl", '"http://example.com"'), ("authUrl", '"nope"'),
            ("authUrl", '"http://example.com"'), ("caFile", '"/nonexistent/ca.pem"'), ("caFile", '""'),
            ("caFile", '"/dev/null"'), ("roots", '"mine"'),
            ("userAgent", '"a\\nb"'), ("userAgent", '"\u00e4"'), ("logLevel", '"WARN"'), ("logLevel", '""'),
            ("keyId", '""'), ("keySecret", '""'),
        ]
    ]
    # A proxy is looked at where it is used: not on the way to this machine.
    + [
        (dump({key: CONFIG[key] for key in REQUIRED["config"]} | {"proxy": proxy}), "proxy")
        for proxy in ["", "ftp://proxy", "socks5://proxy", "http://", "http://pro xy"]
    ],
    "query": [
        ('{"pageSize":0}', "pageSize"), ('{"pageSize":2147483648}', "pageSize"), ('{"pageSize":4294967297}', "pageSize"),
        ('{"numberPattern":{"pattern":"%2B1206"}}', "numberPattern.pattern"),
    ],
    "active_update": [
        ("{}", "body"), ('{"smsConfiguration":{}}', "smsConfiguration"),
        ('{"smsConfiguration":{"campaignId":"C1"}}', "smsConfiguration.servicePlanId"),
        ('{"voiceConfiguration":{"type":"RTC"}}', "voiceConfiguration"),
        ('{"voiceConfiguration":{"type":"EST","appId":"a"}}', "voiceConfiguration"),
        ('{"voiceConfiguration":{"type":"FAX"}}', "voiceConfiguration"),
    ],
    "place": [("{}", "displayName")],
    "options": [
        ('{"expect":{}}', "expect"), ('{"expect":{"smsConfiguration":{}}}', "expect.smsConfiguration"),
        ('{"expect":{"voiceConfiguration":{"type":"FAX"}}}', "expect.voiceConfiguration"),
    ],
    "target": [
        ("{}", "target"), ('{"timeoutMs":1000}', "target"), ('{"displayName":"desk"}', "displayName"),
        ('{"smsConfiguration":{"servicePlanId":"p"},"callbackUrl":""}', "callbackUrl"),
        ('{"smsConfiguration":{"campaignId":"C1"}}', "smsConfiguration.servicePlanId"),
        ('{"voiceConfiguration":{"type":"EST","appId":"a"}}', "voiceConfiguration"),
    ],
    "ensure": [("{}", "displayName")]
    + [(with_key("ensure", "accept", raw).decode(), "accept") for raw in ('""', '"near"', '"Exact"', '"exact "', '"EXACT_MATCH"')],
}


def text_of_accessor(handles, name, parameter):
    """A pointer into JSON that leads nowhere finds nothing, whatever is in it."""
    assert short(name) in ABSENT and parameter.of == "pointer", f"{parameter.where}: nobody said what it takes"
    slot = ctypes.c_void_p()
    assert c("active_list", handles.client, b"{}", None, ctypes.byref(slot)) == OK
    count = len(json.loads(text_at(c("result_json", slot.value, None)))["activeNumbers"])
    if short(name) == "result_count":
        value = lambda pointer: c("result_count", slot.value, pointer)
        assert (value(b"/activeNumbers"), value(b"/totalSize"), value(b"/activeNumbers/0/phoneNumber")) == (count, -1, -1)
        assert value(b"") >= 2 and value(b"/activeNumbers/0") > 5
    else:
        value = lambda pointer: (lambda at: None if at is None else text_at(at))(c(short(name), slot.value, pointer))
        assert value(b"/totalSize") == str(count).encode()
        assert value(b"/activeNumbers/0/phoneNumber").startswith(b"+")
        assert value(f"/activeNumbers/{count - 1}/phoneNumber".encode()).startswith(b"+")
    for pointer in [
        b"/", b"x", b"totalSize", b"/totalsize", b"/totalSize/", b"/totalSize/0", b"//", b"/~", b"/~2", b"/totalSize~",
        b"/activeNumbers/", b"/activeNumbers/-", b"/activeNumbers/-1", b"/activeNumbers/00", b"/activeNumbers/+0",
        b"/activeNumbers/0x0", b"/activeNumbers/ 0", b"/activeNumbers/0 ", b"/activeNumbers/1e0",
        b"/activeNumbers/%d" % count, b"/activeNumbers/18446744073709551615", b"/activeNumbers/18446744073709551616",
        b"/activeNumbers/" + b"9" * 1000, b"/activeNumbers/0/", b"/activeNumbers/0/nope", b"\xff", b"/\xff", b"/\xed\xa0\x80",
        b"/" * 1_000_000, b"/a" * 500_000, b"/" + b"x" * 2 * MAX_TEXT, b"/activeNumbers/" + b"0" * 2 * MAX_TEXT,
        "/activeNumbers/\u0660".encode(), b"/\x01", b" ",
    ]:
        assert value(pointer) == ABSENT[short(name)], pointer[:60]
    c("result_free", slot.value)


def text_of_writer(_handles, name, _parameter):
    """Any text is written, into any room, and nothing behind it."""
    assert short(name) == "json_escape", f"{name}: nobody said what it writes"
    room = 64
    buffer = ctypes.create_string_buffer(13 * MAX_TEXT)
    everything = bytes(range(1, 256))
    for text in [
        b"", b"x", b'"', b"\\", everything, everything[::-1], b"\xff", b"\xc3", b"\xed\xa0\x80", "d\u00e9sk \U0001f600".encode(),
        b"\x01" * 2 * MAX_TEXT, b'"' * MAX_TEXT, b"x" * 2 * MAX_TEXT, None,
    ]:
        whole = c("json_escape", text, None, 0)
        assert c("json_escape", text, None, 2**64 - 1) == whole == c("json_escape", text, buffer, 0)
        # A size that no buffer has: what is there is enough.
        for size in (len(buffer), 2**63, 2**64 - 1):
            assert c("json_escape", text, buffer, size) == whole
            written = buffer.raw[: whole + 1]
            assert written[-1:] == b"\0" and b"\0" not in written[:-1], text and text[:40]
        if text is None:
            assert written == b"null\0"
        else:
            assert json.loads(written[:-1].decode("latin-1")) == text.decode("latin-1"), text[:40]
        for size in range(1, room):
            ctypes.memset(buffer, 0x5A, room + 1)
            assert c("json_escape", text, buffer, size) == whole
            fits = min(whole, size - 1)
            cut = buffer.raw[: room + 1]
            assert cut == written[:fits] + b"\0" + b"Z" * (room - fits), (text and text[:40], size)


def text_of_explainer(_handles, name, _parameter):
    """Any text is explained by one and the same text, if only as one that is not known."""
    assert short(name) == "explain", f"{name}: nobody said what it explains"
    assert c("explain", None) is None
    for text, code in [
        (b"INTERNAL_ERROR", "INTERNAL_ERROR"), (b"CRS0018", "CRS0018"), (b"501", "501"),
        (b"10DLC_LIMIT_EXCEEDED", "EXCEEDED_10DLC_LIMIT"), (b"CRS9999", None), (b"999", None), (b"", None),
        (b"INTERNAL_ERROR ", None), (b"\xff", None), (b"\xed\xa0\x80", None), (b"501\xff", None),
        (bytes(range(1, 256)), None), (b"1" * 2 * MAX_TEXT, None), (b"CRS" + b"1" * 2 * MAX_TEXT, None),
    ]:
        said = c("explain", text)
        assert said == c("explain", text), text[:40]
        explanation = json.loads(text_at(said))
        assert list(explanation) == ["code", "meaning", "action", "actor", "retry"], explanation
        assert explanation["code"] == code and explanation["meaning"] and explanation["action"], explanation
        assert explanation["retry"] in ("no", "once", "later"), explanation


# ---- the rest ------------------------------------------------------------------------------------------------


# What stands for a parameter that has nothing to say.
NOTHING = {"handle": None, "callback": None, "number": 0}


def makers(handles):
    """Functions that return a handle."""
    for name in FUNCTIONS:
        if SHAPES[name] != "maker":
            continue
        kind = FUNCTIONS[name][0].removeprefix("sinch_numbers_").removesuffix("*")
        for number in (-(2**63), -1, 0, 1, 2**63 - 1):
            for handle in (None, handles.cancel):
                nothing = {**NOTHING, "handle": handle, "number": number}
                made_one = c(short(name), *[nothing[p.is_a] for p in PARAMETERS[name]])
                assert made_one, name
                if kind == "cancel":
                    # Not polled: NULL asks nobody.
                    call(handles, "sinch_numbers_active_get", OK, name, cancel=made_one)
                c(f"{kind}_free", made_one)


def log(handles):
    """The log that keeps lines: what is written comes out, bounded and in order; a wrong handle does nothing."""
    level = ctypes.c_int32(12345)
    wrong = [None, handles.client, handles.cancel, handles.log + 1]
    for value in wrong:
        c("log_write", value, 1, b"lost")
        assert c("log_next", value, ctypes.byref(level)) is None
        assert level.value == 0
    assert c("log_next", handles.log, None) is None
    c("log_write", handles.log, 1, None)
    for number, text in [(1, b"one"), (-(2**31), b""), (2**31 - 1, b"\xff\x1b" * 4096)]:
        c("log_write", handles.log, number, text)
    for number, text in [(1, b"one"), (-(2**31), b""), (2**31 - 1, b"\xff\x1b" * 4096)]:
        assert text_at(c("log_next", handles.log, ctypes.byref(level))) == text
        assert level.value == number
    for n in range(1500):
        c("log_write", handles.log, 3, b"%d" % n)
    assert text_at(c("log_next", handles.log, ctypes.byref(level))).startswith(b"500 lines"), "too many were kept"
    assert level.value == 2
    kept = 0
    while line := c("log_next", handles.log, None):
        assert text_at(line) == b"%d" % (500 + kept)
        kept += 1
    assert kept == 1000


def plain():
    """Functions that take numbers only."""
    version = re.search(r'#define SINCH_NUMBERS_VERSION "(.*)"', HEADER).group(1)
    major, minor, patch = map(int, version.split("."))
    limits = [-(2**31), -1, 13, 99, 2**31 - 1]
    for name in FUNCTIONS:
        if SHAPES[name] == "plain":
            if short(name) == "version":
                assert text_at(c("version")) == version.encode()
            elif short(name) == "version_number":
                assert c("version_number") == major << 16 | minor << 8 | patch
            elif short(name) == "code_name":
                for known, code in CODES.items():
                    assert text_at(c("code_name", code)) == known.encode()
                for code in limits:
                    assert text_at(c("code_name", code)) == b"UNKNOWN"
            elif short(name) == "cancel_new":
                token = c("cancel_new")
                assert token
                c("cancel_free", token)
            elif short(name) == "cancel_new_after":
                for time in (-(2**63), -1, 0, 1, 2**31, 2**63 - 1):
                    token = c("cancel_new_after", time)
                    assert token
                    c("cancel_free", token)
            else:
                raise AssertionError(f"{name}: nobody said what it returns")


def cancelled(handles):
    """With a token that is spent, and on a client that is shut down, nothing is sent."""
    spent = c("cancel_new")
    c("cancel_trigger", spent)
    c("cancel_trigger", spent)
    for name in CALLS:
        if not any(p.name == "cancel" for p in PARAMETERS[name]):
            continue
        fresh_pages(handles, name)
        refused(handles, name, CANCELLED, "the token was triggered", cancel=spent)
        late = call(handles, name, OK, "the far future", cancel=c("cancel_new_after", 2**63 - 1))
        assert late
        for time in (-(2**63), -1, 0):
            token = c("cancel_new_after", time)
            call(handles, name, TIMEOUT, f"{time} ms", cancel=token)
            c("cancel_free", token)
        prepare(handles, name)
    c("cancel_free", spent)
    closed = Handles()
    c("client_shutdown", closed.client)
    c("client_shutdown", closed.client)
    for name in CALLS:
        # What sends nothing is not ended: making a client or pages.
        silent = not any(p.name == "cancel" for p in PARAMETERS[name])
        fresh_pages(closed, name)
        for _ in range(2):
            result = call(closed, name, OK if silent else CANCELLED, "the client was shut down")
            assert result.maybe == 0
    # What is wrong is said first, shut down or not.
    call(closed, "sinch_numbers_active_get", INPUT, "shut down and wrong", phone_number=b"x")
    closed.free()


def in_a_child(what, work):
    """Runs something in a child of fork(2), and hears how it went."""
    back, out = os.pipe()
    child = os.fork()
    if child == 0:
        said = b"ok"
        try:
            work()
        except BaseException as error:  # whatever it is, it is for the parent to say
            said = repr(error).encode()
        os.write(out, said[:4000])
        os._exit(0)
    os.close(out)
    said = b""
    while piece := os.read(back, 4096):
        said += piece
    os.close(back)
    status = os.waitpid(child, 0)[1]
    assert (status, said) == (0, b"ok"), f"{what}: status {status}: {said.decode()}"


def forked(handles):
    """All of it in a child: with what the parent made and used, and with what the child makes."""
    works(handles)

    def child():
        works(handles)
        pointers(handles)
        # A token of the parent's, triggered here: ends calls here.
        c("cancel_trigger", handles.cancel)
        refused(handles, "sinch_numbers_active_get", CANCELLED, "triggered in the child", cancel=handles.cancel)
        own = Handles()
        works(own)
        own.free()
        # A child of the child.
        in_a_child("a grandchild", lambda: call(handles, "sinch_numbers_active_get", OK, "grandchild"))
        c("client_shutdown", handles.client)
        call(handles, "sinch_numbers_active_get", CANCELLED, "shut down in the child")
        handles.free()

    in_a_child("a child", child)
    # What the child triggered, shut down and freed is its own copy.
    works(handles)
    token = c("cancel_new")
    c("cancel_trigger", token)
    in_a_child("triggered before", lambda: refused(
        handles, "sinch_numbers_active_get", CANCELLED, "triggered before the fork", cancel=token))
    c("cancel_free", token)


# Nothing in them can fail, or, for the trigger, nothing may unwind: there is no hook in them.
UNGUARDED = ["version", "version_number", "code_name", "cancel_trigger"]


def panics(handles):
    """A bug inside each function."""
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as lines:
        os.dup2(lines.fileno(), 2)
        try:
            wanted = 0
            for name in FUNCTIONS:
                os.environ["SINCH_NUMBERS_TEST_PANIC"] = short(name)
                wanted += panic(handles, name)
                del os.environ["SINCH_NUMBERS_TEST_PANIC"]
                works(handles)
        finally:
            os.dup2(stderr, 2)
        lines.seek(0)
        said = lines.read().decode()
        assert said.count("panicked") == wanted, f"{wanted} panics, but: {said}"


def panic(handles, name):
    """Makes the call, and returns how many panics that was."""
    if SHAPES[name] == "call":
        call_with_panic(handles, name, True)
        call_with_panic(handles, name, False)
        return 2
    if SHAPES[name] == "accessor":
        before = made[name]
        rubbish_accessor(handles, name, handles.result)
        return made[name] - before
    if SHAPES[name] == "quiet":
        fresh = Handles()
        c(short(name), fresh[PARAMETERS[name][0].of])
        if short(name) not in UNGUARDED and not short(name).endswith("_free"):
            call(fresh, "sinch_numbers_active_get", OK, "the panic stopped it")
        # A handle whose freeing panicked is leaked.
        return short(name) not in UNGUARDED
    if short(name) in UNGUARDED:
        plain()
        return 0
    if SHAPES[name] == "log":
        c(short(name), handles.log, *{"log_write": [1, b"x"], "log_next": [None]}[short(name)])
        return 1
    if SHAPES[name] == "writer":
        buffer = ctypes.create_string_buffer(b"x" * 8)
        assert c(short(name), b"text", buffer, 8) == 0 and buffer.raw[:1] == b"\0"
        return 1
    if SHAPES[name] == "explainer":
        assert c(short(name), b"501") is None
        return 1
    assert c(short(name), *[NOTHING[p.is_a] for p in PARAMETERS[name]]) is None
    return 1


def call_with_panic(handles, name, result_out):
    result = call(handles, name, INTERNAL, "a panic", result_out=result_out)
    assert result is None or (result.status, result.retry, result.maybe) == (0, -1, 0), result.raw


def environment(handles):
    """A NULL config reads the environment, whatever is in it."""
    required = ["SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET"]
    names = required + ["SINCH_NUMBERS_URL", "SINCH_AUTH_URL", "SINCH_AUTH"]
    names += [f"{name}_FILE" for name in required]
    names += [f"SINCH_NUMBERS_{name}" for name in ("CA_FILE", "ROOTS", "ALLOW_HTTP", "TIMEOUT_MS", "PROXY", "LOG_LEVEL")]
    for name in names:
        before = os.environ.get(name)
        for value in (None, b"", b" \r\n", b"\xff", b"\x01", b'"x"', b"'\n'", b"x" * MAX_TEXT * 2):
            os.environ.pop(name, None)
            if value is not None:
                os.environb[name.encode()] = value
            unset = value is None or not value.strip()
            expected = OK if unset and name not in required else INPUT
            why = f"{name} is {(value or b'')[:10]!r}"
            result = call(handles, "sinch_numbers_client_new", expected, why, config=None)
            assert result.code != INPUT or result.field.startswith(name.removesuffix("_FILE")), result.raw[:300]
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before
    call(handles, "sinch_numbers_client_new", OK, "as it was", config=None)
    # They are for clients that speak TLS: what is wrong with them is for the log, not for a refusal.
    config = json.dumps({"fromEnv": True, "baseUrl": "https://a.test", "authUrl": "https://a.test"}).encode()
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        before = os.environb.get(name.encode())
        for value in (b"", b"\xff", b"\x01", b"x" * MAX_TEXT, b"/", b"/dev/null", b":::", LIBRARY.encode()):
            os.environb[name.encode()] = value
            call(handles, "sinch_numbers_client_new", OK, f"{name} is {value[:10]!r}", config=config)
        os.environb.pop(name.encode())
        if before is not None:
            os.environb[name.encode()] = before


def main():
    handles = Handles()
    plain()
    makers(handles)
    log(handles)
    works(handles)
    pointers(handles)
    texts(handles)
    environment(handles)
    cancelled(handles)
    forked(handles)
    panics(handles)
    works(handles)
    handles.free()
    forgotten = [name for name, count in made.items() if count == 0]
    assert not forgotten, f"never called: {forgotten}"
    print(f"{len(FUNCTIONS)} functions, {sum(len(p) for p in PARAMETERS.values())} parameters, {sum(made.values())} calls")


main()
