"""Unofficial client of the Sinch Active Number API: the phone numbers that a project rents, and their emergency addresses.

One file over the C library ``libsinch_numbers``, without further dependencies::

    from sinch_numbers import Client

    with Client(project_id="...", key_id="...", key_secret="...") as client:
        for number in client.numbers({"regionCode": "US"}):
            print(number["phoneNumber"], number.get("displayName"))

Dictionaries go in and come out in the API's own spelling; ``sinch_numbers.h`` describes every key. In what comes out, a
missing key, ``None``, ``""`` and ``{}`` all mean "nothing".

Every call blocks until it is over, at the latest when the client's ``timeout_ms`` have passed; other threads run meanwhile.
:meth:`Client.wait`, :meth:`Client.relink` and :meth:`Client.ensure_emergency_address` have a ``timeout_ms`` of their own. Any
number of threads may share a client.

Signals: during a call on the main thread Python's signal handlers run within 100 ms. What a handler raises, as Ctrl-C does,
ends the call and comes out of it; from a write it is raised ``from`` a :class:`SinchNumbersError` whose ``maybe_applied`` says
whether the change may have been made. A handler that returns does not disturb the call.

Processes: a client works on after ``os.fork()``, and pickles as its settings, so it can be given to ``multiprocessing`` with any
start method. All clients of a process that were unpickled, or made by :meth:`Client.from_env`, with equal settings are one: jobs
of a Pool, of Ray, Dask or Celery share its connections and its access token. The README beside this file has recipes.

The library is looked for in ``SINCH_NUMBERS_LIBRARY`` (a file, or the folder it is in), next to this file, and by the loader.
Where it cannot be found, or does not fit, importing this module raises ``ImportError``.

Licence: MIT OR Apache-2.0.
"""

from __future__ import annotations

import atexit
import ctypes
import datetime
import decimal
import hashlib
import json
import logging
import math
import os
import re
import signal
import sys
import threading
import time
import weakref
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from typing import Any, Callable, Dict, Generator, Iterator, List, Mapping, Optional, Sequence, Tuple, Type

__version__ = "1.0.0"

__all__ = [
    "AddressError",
    "ApiError",
    "AuthError",
    "Cancel",
    "CancelledError",
    "Client",
    "DeadlineError",
    "InputError",
    "InternalError",
    "MisuseError",
    "NetworkError",
    "Numbers",
    "Pages",
    "ProtocolError",
    "ProvisioningError",
    "Response",
    "SinchNumbersError",
    "explain",
    "library_version",
    "monthly_cost",
    "parse_timestamp",
    "verify_callback",
]


# The library.


class _ClientStruct(ctypes.Structure):
    pass


class _PagesStruct(ctypes.Structure):
    pass


class _ResultStruct(ctypes.Structure):
    pass


class _CancelStruct(ctypes.Structure):
    pass


class _LogStruct(ctypes.Structure):
    pass


# Distinct types, so that ctypes refuses a handle of the wrong kind.
_client_p = POINTER(_ClientStruct)
_pages_p = POINTER(_PagesStruct)
_result_p = POINTER(_ResultStruct)
_cancel_p = POINTER(_CancelStruct)
_log_p = POINTER(_LogStruct)
_log_fn = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
_poll_fn = ctypes.CFUNCTYPE(c_int32, c_void_p)

# Every function of sinch_numbers.h: what it returns, what it takes.
_FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "version": (c_char_p, []),
    "version_number": (c_uint32, []),
    "code_name": (c_char_p, [c_int32]),
    "log_new": (_log_p, [_log_fn, c_void_p]),
    "log_write": (None, [c_void_p, c_int32, c_char_p]),
    "log_next": (c_char_p, [_log_p, POINTER(c_int32)]),
    "log_free": (None, [_log_p]),
    "client_new": (c_int32, [c_char_p, _log_fn, c_void_p, POINTER(_client_p), POINTER(_result_p)]),
    "client_shutdown": (None, [_client_p]),
    "client_free": (None, [_client_p]),
    "client_check": (c_int32, [_client_p, _cancel_p, POINTER(_result_p)]),
    "active_list": (c_int32, [_client_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "active_get": (c_int32, [_client_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "active_update": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "active_release": (c_int32, [_client_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "emergency_address_get": (c_int32, [_client_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "emergency_address_provision": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "emergency_address_deprovision": (c_int32, [_client_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "emergency_address_validate": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "active_wait": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "active_relink": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "emergency_address_ensure": (c_int32, [_client_p, c_char_p, c_char_p, _cancel_p, POINTER(_result_p)]),
    "pages_new": (c_int32, [_client_p, c_char_p, POINTER(_pages_p), POINTER(_result_p)]),
    "pages_next": (c_int32, [_pages_p, _cancel_p, POINTER(_result_p)]),
    "pages_next_number": (c_int32, [_pages_p, _cancel_p, POINTER(_result_p)]),
    "pages_free": (None, [_pages_p]),
    "result_code": (c_int32, [_result_p]),
    "result_http_status": (c_int32, [_result_p]),
    "result_retry_after_ms": (c_int64, [_result_p]),
    "result_maybe_applied": (c_int32, [_result_p]),
    "result_reconciled": (c_int32, [_result_p]),
    "result_value": (c_char_p, [_result_p, c_char_p]),
    "result_text": (c_char_p, [_result_p, c_char_p]),
    "result_count": (c_int64, [_result_p, c_char_p]),
    "result_message": (c_char_p, [_result_p]),
    "result_json": (c_char_p, [_result_p, POINTER(c_size_t)]),
    "result_free": (None, [_result_p]),
    "json_escape": (c_size_t, [c_char_p, c_void_p, c_size_t]),
    "explain": (c_char_p, [c_char_p]),
    "callback_verify": (c_int32, [c_char_p, c_char_p, c_void_p, c_size_t, POINTER(_result_p)]),
    "cancel_new": (_cancel_p, []),
    "cancel_new_after": (_cancel_p, [c_int64]),
    "cancel_new_polled": (_cancel_p, [_poll_fn, c_void_p, c_int64]),
    "cancel_new_polled_with": (_cancel_p, [_cancel_p, _poll_fn, c_void_p, c_int64]),
    "cancel_trigger": (None, [_cancel_p]),
    "cancel_free": (None, [_cancel_p]),
}

# The oldest library that this file works with; a newer one fits as long as the major version is the same.
_NEEDED = (1, 0)

if sys.platform == "darwin":
    _FILES = ["libsinch_numbers.dylib", "libsinch_numbers.1.dylib"]
else:
    _FILES = ["libsinch_numbers.so", "libsinch_numbers.so.1"]


class _Library:
    """The functions of the library, each with its types."""

    def __init__(self, name: str) -> None:
        try:
            # CDLL lets other Python threads run during a call.
            library = ctypes.CDLL(name)
        except OSError as error:
            raise ImportError(f"libsinch_numbers cannot be loaded: {error}", path=name) from error
        # Before anything else: the other functions may be different ones in a version that does not fit.
        self._check_version(name, library)
        for function, (returns, takes) in _FUNCTIONS.items():
            setattr(self, function, self._function(name, library, function, returns, takes))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        # For type checkers: what is there was set above.
        raise AttributeError(name)

    @staticmethod
    def _function(name: str, library: ctypes.CDLL, function: str, returns: Any, takes: List[Any]) -> Any:
        try:
            found = getattr(library, "sinch_numbers_" + function)
        except AttributeError:
            raise ImportError(f"{name} has no sinch_numbers_{function}", path=name) from None
        found.restype, found.argtypes = returns, takes
        return found

    def _check_version(self, name: str, library: ctypes.CDLL) -> None:
        number = self._function(name, library, "version_number", *_FUNCTIONS["version_number"])()
        version = (number >> 16, number >> 8 & 0xFF)
        if version[0] != _NEEDED[0] or version < _NEEDED:
            found, needed = ".".join(map(str, version)), ".".join(map(str, _NEEDED))
            problem = f"{name} is version {found}; this module needs {needed} or a later {_NEEDED[0]}.x"
            raise ImportError(problem, path=name)


def _find() -> _Library:
    wanted = os.environ.get("SINCH_NUMBERS_LIBRARY")
    if wanted:
        # Whoever names a library wants that one: nothing else is tried.
        return _Library(os.path.join(wanted, _FILES[0]) if os.path.isdir(wanted) else wanted)
    here = os.path.dirname(os.path.abspath(__file__))
    for file in _FILES:
        if os.path.exists(os.path.join(here, file)):
            return _Library(os.path.join(here, file))
    try:
        return _Library(_FILES[1])
    except ImportError as error:
        # Found, but it does not fit: that says more than where else it could be.
        if not isinstance(error.__cause__, OSError):
            raise
        problem = (
            f"{error}. Name the file in SINCH_NUMBERS_LIBRARY, put {_FILES[0]} next to {__file__}, "
            f"or install {_FILES[1]} where the loader finds it"
        )
        raise ImportError(problem) from error.__cause__


_library = _find()


def library_version() -> str:
    """Returns the version of the C library, as in ``"1.0.0"``."""
    return _decode(_library.version())


def _decode(text: Optional[bytes]) -> str:
    return (text or b"").decode("utf-8", "replace")


class _Handle:
    """Owns a handle of the library, which is freed when the last reference is gone.

    A call holds a reference while it runs: closing a client on another thread cannot free it under the call, and no lock is
    needed that a fork could leave locked.
    """

    # No `__del__`: it would run wherever Python collects garbage, signal handlers would run in it, and what they raise there is
    # lost. The library's function is called by C itself, as the callback of a weak reference.
    __slots__ = ("pointer", "keep", "__weakref__")

    def __init__(self, pointer: Any, free: Callable[[Any], Any], keep: Any = None) -> None:
        self.pointer = pointer
        self.keep = keep
        self.frees(pointer, free)

    def frees(self, pointer: Any, free: Callable[[Any], Any]) -> None:
        """Has something freed with it. What was given last is freed first."""
        # Made first, and so called last.
        gone = weakref.ref(self, _freed.pop)
        kept = _freed.setdefault(gone, [])
        ref = _Freeing(self, free)
        ref._as_parameter_ = pointer
        kept.append(ref)


class _Freeing(weakref.ref):  # type: ignore[type-arg]
    """Is passed to the function that frees, where ctypes takes the pointer for it."""

    __slots__ = ("_as_parameter_",)
    _as_parameter_: Any


# What keeps these references, those of each handle under one that takes them out.
_freed: Dict[Any, List[_Freeing]] = {}


# Errors.


class SinchNumbersError(Exception):
    """A call that failed; ``str()`` says why, for people.

    The subclasses say what to do. An error pickles, so it travels between processes.
    """

    #: The number of the code.
    code: int
    #: The HTTP status; 0 if none was received.
    http_status: int
    #: Whether the same call may succeed later, unchanged.
    can_retry: bool
    #: How many seconds the service asks to wait before that; ``None`` if it does not say.
    retry_after: Optional[float]
    #: Whether a write may have taken effect all the same, now or a little later: read the number, or its emergency address,
    #: before repeating it. :attr:`found` is what was read last. :meth:`Client.relink` and
    #: :meth:`Client.ensure_emergency_address` read by themselves: call them again.
    maybe_applied: bool
    #: The error document, as sinch_numbers.h describes it.
    document: Dict[str, Any]

    def __init__(
        self,
        message: str,
        code: int,
        document: Mapping[str, Any],
        http_status: int = 0,
        retry_after_ms: int = -1,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(message)
        self._arguments = (message, code, document, http_status, retry_after_ms, maybe_applied)
        self.code = code
        self.http_status = http_status
        self.can_retry = retry_after_ms >= 0
        self.retry_after = retry_after_ms / 1000 if retry_after_ms > 0 else None
        self.maybe_applied = maybe_applied
        self.document = dict(document)

    @property
    def code_name(self) -> str:
        """The name of the code, as in ``"E_API"``."""
        return _decode(_library.code_name(self.code))

    @property
    def field_violations(self) -> List[Dict[str, str]]:
        """What the service refuses, each with ``field`` and ``description``."""
        return list(self.document.get("fieldViolations") or [])

    @property
    def found(self) -> Optional[Dict[str, Any]]:
        """After ``maybe_applied``, the number or its emergency address as last read; ``None`` if nothing could be read. Of the
        calls that wait it is there on every failure after the first read.

        It can hold a home address: the exception's text does not show it.
        """
        return self.document.get("found")

    @property
    def previous(self) -> Optional[Dict[str, Any]]:
        """Of :meth:`Client.relink`, the number as it was read first."""
        return self.document.get("previous")

    @property
    def steps(self) -> List[Dict[str, str]]:
        """Of :meth:`Client.relink`, what it sent: each with ``step`` and ``outcome`` (``done``, ``failed`` or ``unknown``)."""
        return list(self.document.get("steps") or [])

    def __reduce__(self) -> Any:
        return type(self), self._arguments


class MisuseError(SinchNumbersError):
    """The call makes no sense: the client is closed."""


class InputError(SinchNumbersError, ValueError):
    """What was given is refused before anything is sent; ``document["field"]`` names the place."""


class AuthError(SinchNumbersError):
    """The credentials are refused."""


class ApiError(SinchNumbersError):
    """The service answers with an error, as in ``http_status`` 404 for a number that the project does not rent."""

    @property
    def missing(self) -> Optional[str]:
        """What a 404 says is missing, in the service's words: ``"ActiveNumber"`` for the number, another word for something of
        it, such as its emergency address. ``None`` if the service does not say, and for every other status."""
        details = self.document.get("details")
        if self.http_status != 404 or not isinstance(details, list):
            return None
        kinds = [detail.get("resourceType") for detail in details if isinstance(detail, dict)]
        return next((kind for kind in kinds if kind and isinstance(kind, str)), None)


class NetworkError(SinchNumbersError):
    """The service cannot be reached, or the connection broke."""


class DeadlineError(SinchNumbersError, TimeoutError):
    """The deadline of the client or of the :class:`Cancel` passed."""


class ProtocolError(SinchNumbersError):
    """The response is not what the service promises."""


class CancelledError(SinchNumbersError):
    """The :class:`Cancel` was triggered, or the client was closed during the call."""


class InternalError(SinchNumbersError):
    """A bug in the library that was caught. The client stays usable."""


class ProvisioningError(SinchNumbersError):
    """A provisioning job failed. ``can_retry`` says whether the same change may help, once or later."""

    @property
    def jobs(self) -> List[Dict[str, Any]]:
        """The failed jobs: ``of`` (``"sms"`` or ``"voice"``), the ids, and ``errorCodes``, each as of :func:`explain`."""
        return list(self.document.get("jobs") or [])


class AddressError(SinchNumbersError):
    """The service does not accept an emergency address. Nothing was changed."""

    @property
    def validation(self) -> Dict[str, Any]:
        """What the service made of it, as of :meth:`Client.emergency_address_validate`.

        It holds a home address: the exception's text does not show it.
        """
        return dict(self.document.get("validation") or {})


_OK, _DONE, _E_MISUSE, _E_INPUT, _E_PROTOCOL, _E_CANCELLED = 0, 1, 2, 3, 8, 9

_ERRORS: Dict[int, Type[SinchNumbersError]] = {
    _E_MISUSE: MisuseError,
    _E_INPUT: InputError,
    4: AuthError,
    5: ApiError,
    6: NetworkError,
    7: DeadlineError,
    _E_PROTOCOL: ProtocolError,
    _E_CANCELLED: CancelledError,
    10: InternalError,
    11: ProvisioningError,
    12: AddressError,
}


_DOCUMENT = (
    "code httpStatus status bodyCode message operation phoneNumber field fieldViolations phase retryAfterMs maybeApplied "
    "attempts requestId details body found previous steps jobs validation"
).split()


def _own_error(code: int, operation: str, field: Optional[str], problem: str) -> SinchNumbersError:
    """An error that is noticed here, in the shape of the library's."""
    message = f"{operation}: {problem}"
    document: Dict[str, Any] = dict.fromkeys(_DOCUMENT)
    document.update(code=_decode(_library.code_name(code)), httpStatus=0, message=message, operation=operation)
    document.update(field=field, fieldViolations=[], retryAfterMs=-1, maybeApplied=False, attempts=0)
    return _ERRORS[code](message, code, document)


# Calls.


class Response(Dict[str, Any]):
    """The response of the service: a dictionary, with facts about the exchange."""

    #: The service's own text.
    json: str
    #: The HTTP status.
    http_status: int
    #: Whether a write whose response was lost was found, by reading, to have taken effect.
    reconciled: bool


_parse_at_once = json.JSONDecoder().raw_decode


def _parse(text: str) -> Any:
    try:
        # As json.loads does it, in fewer steps: that nothing follows, the library has checked.
        return _parse_at_once(text.lstrip())[0]
    except ValueError:
        # The library has checked the JSON; all that Python refuses is an integer of thousands of digits.
        return json.loads(text, parse_int=decimal.Decimal)


# The calls that are under way, each with the handle of its client, if there is one yet.
_calls: Dict[object, Optional[_Handle]] = {}
_ending = False


def _enter_library(mark: object, client: Optional[_Handle]) -> None:
    """Marks a call that goes into the library, from where it may come back to Python with a line of the log.

    When the interpreter ends it kills a daemon thread that comes back to it, and doing that through the frames of the library
    aborts the process. So the end waits until the marks are gone, and lets nobody in. The mark is removed when the call returns.
    """
    # First the mark and then the look, and at the end the other way round: no lock, which a fork could leave locked.
    _calls[mark] = client
    if _ending:
        raise _own_error(_E_CANCELLED, "call", None, "the interpreter is shutting down")


# What was raised inside a log function and must not be lost.
_interrupted = threading.local()

# A function without a cancel token.
_NO_TOKEN: Any = object()


def _call(
    function: Callable[..., int],
    *arguments: Any,
    log: _Log,
    client: Optional[_Handle] = None,
    cancel: Any = _NO_TOKEN,
    writes: bool = False,
) -> Optional[Response]:
    """Calls a function that leaves a result. ``None`` stands for DONE."""
    library, result = _library, _result_p()
    try:
        mark = object()
        try:
            _enter_library(mark, client)
            if threading.get_ident() == _main_thread:
                code = _call_on_main_thread(function, arguments, cancel, result, log)
            else:
                token = () if cancel is _NO_TOKEN else (_token(cancel),)
                code = function(*arguments, *token, ctypes.byref(result))
                if "error" in _interrupted.__dict__:
                    raise _interrupted.__dict__.pop("error")
        except BaseException as error:
            # Not the library's: a signal handler's, say. What became of a write stands behind it.
            if writes and result:
                _append_cause(error, _outcome_of_write(result))
            raise
        finally:
            _calls.pop(mark, None)
        if code == _OK:
            return _success(result, writes)
        if code == _DONE:
            return None
        raise _failure(code, result)
    finally:
        # Freeing NULL does nothing: this is right wherever the try ended.
        library.result_free(result)


def _success(result: Any, writes: bool) -> Response:
    # Every step that is not taken here makes a get quicker: Python has as much to do as the network.
    response = Response(_parse(text := _library.result_json(result, None).decode()))
    response.json = text
    response.http_status = _library.result_http_status(result)
    response.reconciled = writes and _library.result_reconciled(result) == 1
    return response


def _failure(code: int, result: Any) -> SinchNumbersError:
    return _ERRORS.get(code, SinchNumbersError)(
        _decode(_library.result_message(result)),
        code,
        _parse(_decode(_library.result_json(result, None))),
        _library.result_http_status(result),
        _library.result_retry_after_ms(result),
        _library.result_maybe_applied(result) == 1,
    )


def _outcome_of_write(result: Any) -> SinchNumbersError:
    """The outcome of a write, for a caller that gets another exception."""
    code = _library.result_code(result)
    if code != _OK:
        return _failure(code, result)
    name, response = _decode(_library.code_name(_E_CANCELLED)), _success(result, True)
    message = "interrupted when the change had been made already"
    document: Dict[str, Any] = dict.fromkeys(_DOCUMENT)
    document.update(code=name, httpStatus=response.http_status, message=message, fieldViolations=[], attempts=1)
    # The calls that wait have a document around what was found, and can be made again.
    waited = bool(response.keys() & {"steps", "changed"})
    found = (response.get("number") or response.get("address")) if waited else dict(response)
    retry_after_ms = 0 if waited else -1
    document.update(maybeApplied=True, found=found, retryAfterMs=retry_after_ms)
    document.update(previous=response.get("previous"), steps=response.get("steps"))
    return CancelledError(message, _E_CANCELLED, document, response.http_status, retry_after_ms, True)


def _append_cause(error: BaseException, cause: BaseException) -> None:
    """Makes an exception the cause of another one, behind the causes that it has."""
    while error.__cause__ is not None and error.__cause__ is not cause:
        error = error.__cause__
    error.__cause__ = cause


# Signals.

# Where Python runs signal handlers.
_main_thread = threading.main_thread().ident


def _call_on_main_thread(
    function: Callable[..., int], arguments: Tuple[Any, ...], cancel: Any, result: Any, log: _Log
) -> int:
    """Makes a call during which signal handlers run."""
    while _spent:
        _spent.pop().use_up()
    watch = _watches.pop() if _watches else _Watch()
    try:
        watch.log = log
        log.keep_here()
        if cancel is _NO_TOKEN:
            code = function(*arguments, ctypes.byref(result))
        elif cancel is None:
            code = function(*arguments, watch.token.pointer, ctypes.byref(result))
        else:
            token = _polled(_token(cancel), watch.poll)
            code = function(*arguments, token.pointer, ctypes.byref(result))
        if watch.raised is not None:
            raise watch.raised
    except BaseException as error:
        # Raised when the call was over. What was raised during it is not lost.
        if watch.raised is not None and watch.raised is not error:
            _append_cause(error, watch.raised)
        raise
    finally:
        watch.log = None
        (_watches if watch.raised is None else _spent).append(watch)
    log.drain()
    return code


def _polled(cancel: Any, poll: Any) -> _Handle:
    return _Handle(_library.cancel_new_polled_with(cancel, poll, None, 25), _library.cancel_free, keep=poll)


class _Watch:
    """Lets Python run signal handlers while the library waits, and keeps what they raise.

    The library calls, every 25 ms, not a function but a generator's ``send``. Handlers run when the next line of Python begins.
    In a function that is before its first line: nothing can catch there what they raise, and ctypes prints it and goes on. A
    generator goes on inside its ``try``.
    """

    def __init__(self) -> None:
        self.raised: Optional[BaseException] = None
        self.log: Optional[_Log] = None
        self._watching = self._watch()
        next(self._watching)
        self.poll = _poll_fn(self._watching.send)
        self.token = _polled(None, self.poll)

    def use_up(self) -> None:
        """Lets the generator end, here, where signal handlers may raise: garbage collection would end it anywhere."""
        self.raised = None
        for _ in self._watching:
            pass
        if self.raised is not None:
            raise self.raised

    def _watch(self) -> Generator[int, None, None]:
        try:
            try:
                while True:
                    if self.log is not None:
                        self.log.drain()
                    yield 0
            except GeneratorExit:
                raise
            except BaseException as error:
                self.raised = error
                yield 1
        except GeneratorExit:
            raise
        except BaseException as error:
            # Another one, before the first was put away. That one is its context.
            self.raised = error
            yield 1


# Those that no call uses. A handler that runs during a call may make calls of its own: each has one for itself.
_watches: List[_Watch] = []
# Those that ended their call: their tokens are triggered.
_spent: List[_Watch] = []


def _is_of_a_signal_handler(error: BaseException) -> bool:
    """Tells whether an exception was raised by a handler that ran in between, and not by what it ran in."""
    codes = set()
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        handler = getattr(handler, "func", handler)
        handler = getattr(handler, "__func__", handler)
        code = getattr(handler, "__code__", None) or getattr(getattr(type(handler), "__call__", None), "__code__", None)
        codes.add(code)
    codes.discard(None)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in codes:
            return True
        trace = trace.tb_next
    return False


def _text(operation: str, name: str, value: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{operation}: {name} must be a str, not {type(value).__name__}")
    try:
        text = value.encode()
    except UnicodeEncodeError:
        # What UTF-8 cannot hold is passed on: the library says what is wrong with it.
        text = value.encode("utf-8", "surrogatepass")
    if b"\0" in text:
        # C would take what stands before it, and so perhaps another number than the one that was meant.
        raise _own_error(_E_INPUT, operation, name, f"{name} holds U+0000")
    return text


def _mapping(operation: str, name: str, value: Mapping[str, Any]) -> Dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{operation}: {name} must be a dict, not {type(value).__name__}")
    return dict(value)


def _timed(value: Dict[str, Any], timeout_ms: Optional[int]) -> Dict[str, Any]:
    return value if timeout_ms is None else {**value, "timeoutMs": timeout_ms}


def _object(operation: str, name: str, value: Mapping[str, Any]) -> bytes:
    value = _mapping(operation, name, value)
    try:
        return json.dumps(value, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise _own_error(_E_INPUT, operation, name, f"{name} is no JSON: {error}") from error


class Cancel:
    """Ends the calls that it is given to: one way, once triggered, for ever. It may serve several calls at once.

    deadline: seconds from now, after which those calls end with :class:`DeadlineError`; ``None`` for no deadline of its own.

    It belongs to its process and does not pickle.
    """

    def __init__(self, deadline: Optional[float] = None) -> None:
        if deadline is None:
            pointer = _library.cancel_new()
        else:
            # Thirty years and infinity come to the same.
            pointer = _library.cancel_new_after(math.ceil(min(max(deadline, 0), 1e9) * 1000))
        self._handle = _Handle(pointer, _library.cancel_free)

    def trigger(self) -> None:
        """Ends the calls that use it with :class:`CancelledError`, and those that will. Any thread may do so."""
        _library.cancel_trigger(self._handle.pointer)

    def __reduce__(self) -> Any:
        raise TypeError("a Cancel belongs to its process: it cannot be pickled or copied")


def _token(cancel: Optional[Cancel]) -> Any:
    if cancel is None:
        return None
    if not isinstance(cancel, Cancel):
        raise TypeError(f"cancel must be a Cancel, not {type(cancel).__name__}")
    return cancel._handle.pointer


class Pages(Iterator[Response]):
    """Goes through a list page by page; empty pages in the middle are handed out too.

    After an error ``next()`` asks for the same page again: nothing is skipped. Threads that share it take turns.
    """

    def __init__(self, handle: _Handle, cancel: Optional[Cancel]) -> None:
        _token(cancel)
        self._handle = handle
        self._cancel = cancel

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> Response:
        client = self._handle.keep
        page = _call(
            _library.pages_next, self._handle.pointer, log=client.keep, client=client, cancel=self._cancel
        )
        if page is None:
            raise StopIteration
        return page


class Numbers(Iterator[Dict[str, Any]]):
    """Goes through the numbers of a list and fetches pages as they are needed; one thread at a time.

    After an error ``next()`` goes on where it stood: no number is skipped.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._page: Iterator[Dict[str, Any]] = iter(())

    def __iter__(self) -> Numbers:
        return self

    def __next__(self) -> Dict[str, Any]:
        while True:
            for number in self._page:
                return number
            numbers = next(self._pages).get("activeNumbers") or []
            if not isinstance(numbers, list):
                raise _own_error(_E_PROTOCOL, "active_list", None, "activeNumbers is not a list")
            self._page = iter(numbers)


def explain(code: str) -> Dict[str, Any]:
    """Explains a code of a failed provisioning job or of a callback, as in ``"CAMPAIGN_EXPIRED"`` or ``"CRS0018"``.

    Returns a dictionary: ``code`` (its current name, ``None`` if it is not known), ``meaning`` and ``action`` for people,
    ``actor`` (who must act first: ``"you"``, ``"sinch"``, ``"operator"`` or ``"unknown"``) and ``retry`` (whether a program may
    send the same change again: ``"no"``, ``"once"`` or ``"later"``). Raises :class:`InputError` for a text with U+0000.
    """
    return dict(_parse(_decode(_library.explain(_text("explain", "code", code)))))


def verify_callback(secrets: Sequence[str], signature: Optional[str], body: bytes) -> Dict[str, Any]:
    """Checks the signature of a callback, and returns its event.

    secrets: 1 to 8 HMAC secrets of callback configurations, more than one while a secret is replaced. signature: the value of the
    header ``X-Sinch-Signature``, whose name may be written in any case; ``None`` if it is not there. body: the body of the request,
    byte for byte, at most 1 MiB.

    An event is a hint to read the number ``event["resourceId"]``, and never the state: events come late, more than once and in any
    order, and whoever recorded one can send it again. Respond with 200 at once, and work later. For ``event["failureCode"]`` see
    :func:`explain`; ``event["timestamp"]`` names no zone and means UTC, as :func:`parse_timestamp` reads it.

    Raises :class:`AuthError` if the signature is refused (``document["status"]`` is ``"MISSING"``, ``"MALFORMED"`` or
    ``"OTHER_SECRET"``), :class:`ProtocolError` if the body is signed but no JSON object, :class:`InputError` for secrets that cannot
    be used or a body that is too long. All secrets are compared, in a time that does not depend on which of them fits.
    """
    if isinstance(secrets, str) or not all(isinstance(secret, str) for secret in secrets):
        raise TypeError("verify_callback: secrets must be a list of str")
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(f"verify_callback: body must be bytes, not {type(body).__name__}")
    if signature is not None and not isinstance(signature, str):
        raise TypeError(f"verify_callback: signature must be a str, not {type(signature).__name__}")
    # Cut at a NUL, a signature could be another one.
    digits = None if signature is None else signature.encode("utf-8", "replace").replace(b"\0", b"?")
    raw, library, result = bytes(body), _library, _result_p()
    try:
        code = library.callback_verify(json.dumps(list(secrets)).encode("ascii"), digits, raw, len(raw), ctypes.byref(result))
        # No secret stands in the locals of a frame that an exception keeps.
        del secrets
        if code != _OK:
            raise _failure(code, result)
        return dict(_parse(library.result_json(result, None).decode()))
    finally:
        library.result_free(result)


_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG}


# Without it a program that does not configure logging would find the library's warnings on its stderr.
logging.getLogger("sinch_numbers").addHandler(logging.NullHandler())


class _Log:
    """The library's log on its way to a logger.

    On the main thread a C function may not come back to Python (see :class:`_Watch`): the library keeps the lines, which are taken
    while a call waits and when it is over. On other threads they come at once.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._elsewhere = _log_fn(self._forward)
        # Freed with the client, and after it.
        self.pointer = _library.log_new(self._elsewhere, None)
        self._kept_for: Optional[int] = None

    def keep_here(self) -> None:
        """Has the lines of the main thread kept, on which this is called."""
        if self._kept_for != _main_thread:
            _library.log_next(self.pointer, None)
            self._kept_for = _main_thread

    def drain(self) -> None:
        """Writes what was kept."""
        level = c_int32()
        while (line := _library.log_next(self.pointer, ctypes.byref(level))) is not None:
            try:
                self._write(level.value, line)
            except Exception as error:
                # A broken logging handler must not end a call; a signal handler that ran in it may.
                if _is_of_a_signal_handler(error):
                    raise

    def _write(self, level: int, line: Optional[bytes]) -> None:
        # What is finer than debug has no name in the logging module.
        self._logger.log(_LEVELS.get(level, 5), "%s", _decode(line))

    def _forward(self, _userdata: Optional[int], level: int, line: Optional[bytes]) -> None:
        try:
            self._write(level, line)
        except Exception:
            # A broken handler must not end a call.
            pass
        except BaseException as error:
            # It cannot be raised through the library, and must not be lost: it is raised when the call is over.
            _interrupted.error = error


# The log function of all clients.
_log_function: Any = _library.log_write
_log_write = _log_fn(ctypes.cast(_log_function, c_void_p).value or 0)


def _key(name: str) -> str:
    """A keyword as the key of the library's configuration: ``timeout_ms`` is ``timeoutMs``."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


# Variables that say how clients reach the service, beside those that begin with SINCH_.
_VARIABLES = re.compile(r"SINCH_.*|SSL_CERT_(FILE|DIR)|((HTTPS?|ALL|NO)_PROXY)", re.IGNORECASE)
# Tells equal settings without keeping them.
_salt = os.urandom(16)


class _Settings:
    """The settings that a client was given. Neither its text nor the locals of any frame show the secrets among them."""

    __slots__ = ("_given",)

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}

    def get(self, name: str) -> Any:
        return self._given.get(name)

    def copy(self) -> Dict[str, Any]:
        return dict(self._given)

    def wrong(self) -> Optional[str]:
        """Returns the name of a setting that is no text, number or truth."""
        for name, value in self._given.items():
            fits = isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))
            if not fits:
                return name
        return None

    def config(self) -> bytes:
        """Returns the configuration for the library."""
        return json.dumps({_key(name): value for name, value in self._given.items()}).encode("ascii")

    def fingerprint(self) -> bytes:
        """Tells whether two clients would be the same: settings, and what the library reads of the environment."""
        names = sorted(name for name in os.environ if _VARIABLES.fullmatch(name))
        environment = [(name, os.environ[name]) for name in names]
        files = [value for name, value in environment if name.endswith("_FILE")] + [self._given.get("ca_file")]
        seen = [_identity(file) for file in files if isinstance(file, str)]
        text = json.dumps([sorted(self._given.items()), environment, seen])
        return hashlib.sha256(_salt + text.encode()).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settings) and self._given == other._given

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self._given)} settings>"


def _identity(file: str) -> Optional[List[int]]:
    """Tells whether a file was written anew, as one with a secret is when that changes."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return None
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]


class _Shared:
    """A client that this process shares: its handle, and whose it is at the moment."""

    #: So many that nobody uses are kept.
    IDLE = 16

    def __init__(self, handle: _Handle) -> None:
        self.handle = handle
        self._users: Dict[int, Callable[[], Optional[Client]]] = {}

    def join(self, client: Client) -> None:
        self._users[id(client)] = weakref.ref(client)

    def leave(self, client: Client) -> None:
        self._users.pop(id(client), None)

    def is_used(self) -> bool:
        users = list(self._users.items())
        for key, user in users:
            if user() is None:
                self._users.pop(key, None)
        return any(user() is not None for _, user in users)


# By the fingerprint of the settings, and the logger.
_shared: Dict[Tuple[bytes, logging.Logger], _Shared] = {}


class Client:
    """A client of one project. Any number of threads share it.

    The settings and their defaults are those of sinch_numbers.h, times in milliseconds; what is left out has its default.
    Raises :class:`InputError` if a setting is refused. Nothing is sent yet.

    project_id, key_id, key_secret: the project, and an access key of it.
    auth: ``"oauth2"``, or ``"basic"``, which is heavily rate-limited.
    base_url, auth_url: of the API and of the token endpoint: origins, each with a path if a gateway has one.
    allow_http: not only for this machine.
    timeout_ms: the whole call, retries included (30000). connect_timeout_ms: connecting (3100).
    max_attempts: how often a request is sent (3).
    requests_per_second: of all calls of the client, spaced evenly, as in 0.5 or 20 (0, no limit).
    ca_file: PEM file of the roots to trust instead. roots: ``"bundled"`` or ``"platform"``. Without both, what the variables
    SSL_CERT_FILE and SSL_CERT_DIR name is trusted if one is set, else the bundled roots.
    proxy: ``"env"``, ``"none"`` or a URL. user_agent: what the client calls itself.
    max_response_bytes, max_idle_connections, idle_timeout_ms, max_connection_age_ms: limits.
    log_level: ``off``, ``error``, ``warn`` (default), ``info``, ``debug`` or ``trace``: how much the library says.
    logger: where it says it; the logger ``sinch_numbers`` by default. It must not use the same client.

    The settings that were given, and with them the secret, are part of the pickled client; what :meth:`from_env` reads from
    the environment is not: it is read again.
    """

    _handle: Optional[_Handle] = None
    _shared: Optional[_Shared] = None

    def __init__(
        self,
        *,
        project_id: str,
        key_id: str,
        key_secret: str,
        auth: Optional[str] = None,
        base_url: Optional[str] = None,
        auth_url: Optional[str] = None,
        allow_http: Optional[bool] = None,
        timeout_ms: Optional[int] = None,
        connect_timeout_ms: Optional[int] = None,
        max_attempts: Optional[int] = None,
        requests_per_second: Optional[float] = None,
        ca_file: Optional[str] = None,
        roots: Optional[str] = None,
        proxy: Optional[str] = None,
        user_agent: Optional[str] = None,
        max_response_bytes: Optional[int] = None,
        max_idle_connections: Optional[int] = None,
        idle_timeout_ms: Optional[int] = None,
        max_connection_age_ms: Optional[int] = None,
        log_level: Optional[str] = None,
        logger: Optional[logging.Logger] = None,
    ) -> None:
        self._settings = _Settings({name: value for name, value in locals().items() if name not in ("self", "logger")})
        # An error shows the locals of the frames that it comes through, to whoever collects errors.
        del key_id, key_secret, proxy
        self._open(logger, shared=False)

    @classmethod
    def from_env(cls, *, logger: Optional[logging.Logger] = None, **settings: Any) -> Client:
        """Makes a client from the environment; settings of :class:`Client` that are given beside it win::

            client = Client.from_env(timeout_ms=5000)

        Clients of a process with equal settings, environment and logger are one: it has one access token, and stays when nobody
        uses it. :meth:`close` gives back what this object has of it.

        SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET: required; with ``_FILE`` behind its name, each names a file that
        holds the value. SINCH_AUTH, SINCH_NUMBERS_URL (``base_url``), SINCH_AUTH_URL. SINCH_NUMBERS_CA_FILE,
        SINCH_NUMBERS_ROOTS, SINCH_NUMBERS_ALLOW_HTTP (``true`` or ``false``), SINCH_NUMBERS_TIMEOUT_MS, SINCH_NUMBERS_PROXY,
        SINCH_NUMBERS_LOG_LEVEL.

        Blanks and line ends around a value are cut off, an empty one counts as unset, one in quotes is refused.
        :class:`InputError` names the variable that is wrong, or all that are missing.
        """
        known = Client.__init__.__annotations__
        unknown = [name for name in settings if name not in known]
        client = cls.__new__(cls)
        client._settings = _Settings({"from_env": True, **settings})
        del settings
        if unknown:
            raise TypeError(f"from_env() got an unexpected keyword argument {unknown[0]!r}")
        client._open(logger, shared=True)
        return client

    def _open(self, logger: Optional[logging.Logger], shared: bool) -> None:
        self._logger = logger or logging.getLogger("sinch_numbers")
        wrong = self._settings.wrong()
        if wrong is not None:
            raise _own_error(_E_INPUT, "client_new", _key(wrong), f"{_key(wrong)} is neither text nor a number nor a truth")
        self._handle = self._join() if shared else self._make()

    def _make(self) -> _Handle:
        log = _Log(self._logger)
        # The library writes to the pointer that the handle owns: nothing can come between the two.
        handle = _Handle(log.pointer, _library.log_free, keep=log)
        handle.pointer = _client_p()
        handle.frees(handle.pointer, _library.client_free)
        client_p, userdata = ctypes.byref(handle.pointer), ctypes.cast(log.pointer, c_void_p)
        # The configuration is nobody's local.
        _call(
            lambda result_p: _library.client_new(self._settings.config(), _log_write, userdata, client_p, result_p),
            log=log,
        )
        _live[weakref.ref(handle, _live.pop)] = None
        return handle

    def _join(self) -> _Handle:
        key = (self._settings.fingerprint(), self._logger)
        while True:
            shared = _shared.get(key)
            if shared is None:
                for other, idle in list(_shared.items())[: -_Shared.IDLE or None]:
                    if not idle.is_used():
                        _shared.pop(other, None)
                # Of two threads that make one, one loses; nothing was sent yet.
                shared = _shared.setdefault(key, _Shared(self._make()))
            shared.join(self)
            if _shared.get(key) is shared:
                self._shared = shared
                return shared.handle

    def close(self) -> None:
        """Ends the calls that are under way on other threads, with :class:`CancelledError`, and frees the client.

        Later calls raise :class:`MisuseError`. Closing it again does nothing. A client that the process shares is given back: what
        others do with it goes on, and the last one ends the calls that are still under way. It is kept for the next one.
        """
        handle, self._handle = self._handle, None
        if handle is None:
            return
        shared = self._shared
        if shared is not None:
            shared.leave(self)
            if shared.is_used() or not any(client is handle for client in list(_calls.values())):
                return
            for key, other in list(_shared.items()):
                if other is shared:
                    _shared.pop(key, None)
        mark = object()
        try:
            _enter_library(mark, None)
            _shut_down(handle)
        finally:
            _calls.pop(mark, None)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = ", closed" if self._handle is None else ""
        # Nothing else: a proxy can hold a password, too.
        project = self._settings.get("project_id")
        project = "from the environment" if project is None else repr(project)
        return f"<{type(self).__name__} of project {project}{closed}>"

    def __reduce__(self) -> Any:
        self._open_handle("pickle")
        return _reopen, (type(self), self._settings.copy(), self._logger)

    def _open_handle(self, operation: str) -> _Handle:
        handle = self._handle
        if handle is None:
            raise _own_error(_E_MISUSE, operation, None, "the client is closed")
        return handle

    def _operate(
        self, operation: str, *arguments: Optional[bytes], cancel: Optional[Cancel], writes: bool
    ) -> Response:
        # Every operation says whether it writes: what became of a write stands behind what a signal handler raises during it.
        # The name keeps the handle alive until the call is over.
        handle = self._open_handle(operation)
        function = getattr(_library, operation)
        response = _call(
            function, handle.pointer, *arguments, log=handle.keep, client=handle, cancel=cancel, writes=writes
        )
        assert response is not None, "only pages end with DONE"
        return response

    def _send(
        self, operation: str, number: str, body: Mapping[str, Any], cancel: Optional[Cancel], *, writes: bool
    ) -> Response:
        text = _text(operation, "phoneNumber", number)
        return self._operate(operation, text, _object(operation, "body", body), cancel=cancel, writes=writes)

    def check(self, *, cancel: Optional[Cancel] = None) -> Response:
        """Checks that the service can be reached and takes the credentials: fetches a token and lists one number.

        Call it when a program starts: a wrong key is seen then, as :class:`AuthError`, and the first call that counts finds a
        token and a connection. ``totalSize`` of the response says how many numbers there are.
        """
        return self._operate("client_check", cancel=cancel, writes=False)

    def active_list(
        self, query: Optional[Mapping[str, Any]] = None, *, cancel: Optional[Cancel] = None
    ) -> Response:
        """Lists one page of the project's numbers; :meth:`pages` and :meth:`numbers` go through all of them.

        query: ``regionCode``, ``type``, ``numberPattern`` (``pattern``, ``searchPattern``), ``capability``, ``pageSize``,
        ``pageToken``, ``orderBy``, all optional, each as it is: it is encoded on the way. What comes back without ``type``
        (all types, or MOBILE only) is not settled in the API's documents.
        """
        text = _object("active_list", "query", query or {})
        return self._operate("active_list", text, cancel=cancel, writes=False)

    def active_get(self, phone_number: str, *, cancel: Optional[Cancel] = None) -> Response:
        """Reads a number, given as ``"+12025550134"``. One that is not rented is :class:`ApiError` with status 404."""
        text = _text("active_get", "phoneNumber", phone_number)
        return self._operate("active_get", text, cancel=cancel, writes=False)

    def active_update(
        self, phone_number: str, body: Mapping[str, Any], *, cancel: Optional[Cancel] = None
    ) -> Response:
        """Changes a number.

        body: at least one of ``displayName``, ``smsConfiguration``, ``voiceConfiguration``, ``callbackUrl``. ``""`` as
        ``servicePlanId`` or ``campaignId`` unlinks. The response shows the old configuration and the job that changes it:
        :meth:`wait` waits for it. Look at ``maybe_applied`` of an error before you send it again. To link a number to something
        else, whatever it is linked to, see :meth:`relink`.
        """
        return self._send("active_update", phone_number, body, cancel, writes=True)

    def active_release(self, phone_number: str, *, cancel: Optional[Cancel] = None) -> Response:
        """Gives a number back, at the end of the period that is paid for: ``expireAt`` of the response."""
        text = _text("active_release", "phoneNumber", phone_number)
        return self._operate("active_release", text, cancel=cancel, writes=True)

    def emergency_address_get(self, phone_number: str, *, cancel: Optional[Cancel] = None) -> Response:
        """Reads the emergency address of a number. Without one it is :class:`ApiError` with status 404."""
        text = _text("emergency_address_get", "phoneNumber", phone_number)
        return self._operate("emergency_address_get", text, cancel=cancel, writes=False)

    def emergency_address_provision(
        self, phone_number: str, body: Mapping[str, Any], *, cancel: Optional[Cancel] = None
    ) -> Response:
        """Puts an emergency address on a number, and returns the address as the service took it. Validate it first.

        body: ``displayName``, and ``address`` with ``streetNumber``, ``streetInfo``, ``city``, ``state``, ``postalCode``, and
        if wanted ``location`` and ``postalCodePlusFour``. Look at ``maybe_applied`` of an error before you send it again.
        """
        return self._send("emergency_address_provision", phone_number, body, cancel, writes=True)

    def emergency_address_deprovision(
        self, phone_number: str, *, cancel: Optional[Cancel] = None
    ) -> Response:
        """Removes the emergency address of a number."""
        text = _text("emergency_address_deprovision", "phoneNumber", phone_number)
        return self._operate("emergency_address_deprovision", text, cancel=cancel, writes=True)

    def emergency_address_validate(
        self, phone_number: str, body: Mapping[str, Any], *, cancel: Optional[Cancel] = None
    ) -> Response:
        """Asks what the service makes of an emergency address, without putting it anywhere.

        body: as for :meth:`emergency_address_provision`. ``validationResult`` of the response is ``EXACT_MATCH``,
        ``NEAR_MATCH`` (provision ``correctedAddress`` instead) or ``NO_MATCH`` (see ``candidateAddresses``).
        """
        return self._send("emergency_address_validate", phone_number, body, cancel, writes=False)

    def wait(
        self,
        phone_number: str,
        expect: Optional[Mapping[str, Any]] = None,
        *,
        timeout_ms: Optional[int] = None,
        cancel: Optional[Cancel] = None,
    ) -> Response:
        """Waits until no provisioning job of a number is under way, after :meth:`active_update`, and returns the number.

        expect: the body of an update; the number must be as it asks. Without it two reads at least 2 s apart must find no job.
        timeout_ms: for all of it (600000). Raises :class:`ProvisioningError` if the number has a failed job, however old, and is
        not as expected, and :class:`DeadlineError` when the time is up, with the number in ``found``.
        """
        options: Dict[str, Any] = {}
        if expect is not None:
            options["expect"] = _mapping("active_wait", "expect", expect)
        text = _text("active_wait", "phoneNumber", phone_number)
        json_text = _object("active_wait", "options", _timed(options, timeout_ms))
        return self._operate("active_wait", text, json_text, cancel=cancel, writes=False)

    def relink(
        self,
        phone_number: str,
        target: Mapping[str, Any],
        *,
        timeout_ms: Optional[int] = None,
        cancel: Optional[Cancel] = None,
    ) -> Response:
        """Brings a number to the wanted links, from any state, and waits until they are in effect::

            client.relink(number, {"smsConfiguration": {"servicePlanId": plan, "campaignId": campaign}})

        target: ``smsConfiguration``, ``voiceConfiguration`` or both, as for :meth:`active_update`. timeout_ms: for all of it
        (600000). The response has ``number``, ``previous`` (as it was) and ``steps``. It reads first and sends only what is
        missing, SMS unlinked before it is linked to something else, voice replaced in place. Call it again after a failure or a
        crash: the end is the same. Raises :class:`ProvisioningError` if a job that it started failed.
        """
        target = _timed(_mapping("active_relink", "target", target), timeout_ms)
        text = _text("active_relink", "phoneNumber", phone_number)
        return self._operate("active_relink", text, _object("active_relink", "target", target), cancel=cancel, writes=True)

    def ensure_emergency_address(
        self,
        phone_number: str,
        body: Mapping[str, Any],
        *,
        accept: str = "exact",
        force: bool = False,
        timeout_ms: Optional[int] = None,
        cancel: Optional[Cancel] = None,
    ) -> Response:
        """Makes sure that a number has an emergency address: reads it, and if it is another one or none, validates the wanted
        one, provisions it if the service accepts it, and reads it back.

        body: as for :meth:`emergency_address_provision`. accept: ``"corrected"`` takes the service's correction of a near match
        as well, if it is still the same place. force: provisions also if the address stands, since its display name cannot be
        read. timeout_ms: for all of it (60000). The response has ``address``, ``changed``, ``displayName`` (``"sent"`` or
        ``"unverified"``) and ``validation``. Raises :class:`AddressError` if the service does not accept the address; nothing
        was changed then.
        """
        wanted = {**_mapping("emergency_address_ensure", "body", body), "accept": accept, "force": force}
        wanted = _timed(wanted, timeout_ms)
        return self._send("emergency_address_ensure", phone_number, wanted, cancel, writes=True)

    def pages(
        self, query: Optional[Mapping[str, Any]] = None, *, cancel: Optional[Cancel] = None
    ) -> Pages:
        """Goes through a list page by page; query as for :meth:`active_list`. Nothing is sent before the first ``next()``."""
        client = self._open_handle("pages_new")
        # They log through the client's log function, also when the client itself is freed.
        handle = _Handle(_pages_p(), _library.pages_free, keep=client)
        text = _object("pages_new", "query", query or {})
        _call(_library.pages_new, client.pointer, text, ctypes.byref(handle.pointer), log=client.keep, client=client)
        return Pages(handle, cancel)

    def numbers(
        self, query: Optional[Mapping[str, Any]] = None, *, cancel: Optional[Cancel] = None
    ) -> Numbers:
        """Goes through the numbers of a list; query as for :meth:`active_list`."""
        return Numbers(self.pages(query, cancel=cancel))


def _reopen(kind: Type[Client], settings: Dict[str, Any], logger: logging.Logger) -> Client:
    client = kind.__new__(kind)
    client._settings = _Settings(settings)
    del settings
    client._open(logger, shared=True)
    return client


# What the responses hold.


_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?"
)


def parse_timestamp(text: str) -> datetime.datetime:
    """Reads a time as the service writes it, as in ``"2024-06-06T14:42:42.022227Z"``, and returns an aware ``datetime``.

    Without a zone it is UTC; another zone is kept as its offset. A ``datetime`` holds microseconds: digits after the sixth are
    cut off, never rounded, so that no time passes into the next second. Second 60 is the last microsecond of second 59. Raises
    ``ValueError`` if the text is no timestamp of RFC 3339 (a space may stand for the ``T``).
    """
    if not isinstance(text, str):
        raise TypeError(f"a timestamp must be a str, not {type(text).__name__}")
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no timestamp")
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    fraction, sign, hours, minutes = found.group(7, 8, 9, 10)
    microsecond = int(((fraction or "") + "000000")[:6])
    if second == 60:
        second, microsecond = 59, 999999
    zone = datetime.timezone.utc
    if sign:
        if int(hours) > 23 or int(minutes) > 59:
            raise ValueError(f"{text!r} is no timestamp: its zone is none")
        offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
        zone = datetime.timezone(-offset if sign == "-" else offset) if offset else zone
    try:
        return datetime.datetime(year, month, day, hour, minute, second, microsecond, zone)
    except ValueError as error:
        raise ValueError(f"{text!r} is no timestamp: {error}") from None


def monthly_cost(number: Mapping[str, Any]) -> Optional[decimal.Decimal]:
    """Returns what a number costs a month, from its ``money`` and ``paymentIntervalMonths``: 24.00 for 12 months are 2.00.

    The currency is ``number["money"]["currencyCode"]``: add up only what has the same. ``None`` if the service does not say what
    the number costs. The quotient is exact where a decimal fraction can be (a third of 10.00 is cut to 28 digits).
    """
    money = number.get("money") or {}
    amount, months = money.get("amount"), number.get("paymentIntervalMonths")
    if amount in (None, "") or not months:
        return None
    # Not as the program has set decimals up.
    context = decimal.Context(prec=28, rounding=decimal.ROUND_DOWN, traps=[decimal.InvalidOperation])
    try:
        # A number of JSON: as it is written, which is the shortest that reads as the same.
        paid = decimal.Decimal(amount if isinstance(amount, str) else repr(amount))
        whole = decimal.Decimal(str(months))
        if not (paid.is_finite() and whole.is_finite() and whole > 0):
            raise decimal.InvalidOperation
    except decimal.InvalidOperation:
        raise ValueError(f"not a price: {amount!r} for {months!r} months") from None
    cost = context.divide(paid, whole)
    # With the places that the price has, at least: 24.00 for 12 months are 2.00, not 2.
    exponent = paid.as_tuple().exponent
    places = decimal.Decimal((0, (1,), exponent if isinstance(exponent, int) else 0))
    padded = cost.quantize(places, context=context)
    return padded if padded == cost else cost


# The handles of clients, also of those that only their pages keep alive.
_live: Dict[Any, None] = {}


def _shut_down(handle: _Handle) -> None:
    main = threading.get_ident() == _main_thread
    if main:
        handle.keep.keep_here()
    _library.client_shutdown(handle.pointer)
    if main:
        handle.keep.drain()


def _after_fork() -> None:
    """In a child of a fork: the threads of the parent are not there, and never come out; and another one may be the main one."""
    global _main_thread
    _calls.clear()
    _main_thread = threading.main_thread().ident


os.register_at_fork(after_in_child=_after_fork)


def _end() -> None:
    global _ending
    _ending = True
    for live in list(_live):
        handle = live()
        if handle is not None:
            _shut_down(handle)
    # All are quick to come out but for a name look-up and a connect, which have this long.
    give_up = time.monotonic() + 5
    while _calls and time.monotonic() < give_up:
        time.sleep(0.001)


# Runs when the other threads have been joined, but for daemon threads.
atexit.register(_end)
