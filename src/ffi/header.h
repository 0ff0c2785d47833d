/*
 * sinch_numbers.h - unofficial C client of the Sinch Active Number API: the phone numbers that a project rents (list, read,
 * configure for SMS and voice, release) and the emergency addresses behind them. Version @VERSION@.
 *
 * Link with -lsinch_numbers. SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *     sinch_numbers_client *client;
 *     sinch_numbers_result *result;
 *     if (sinch_numbers_client_new(NULL, NULL, NULL, &client, NULL) != SINCH_NUMBERS_OK) ...
 *     if (sinch_numbers_active_get(client, "+12025550134", NULL, &result) == SINCH_NUMBERS_OK) {
 *         const char *name = sinch_numbers_result_text(result, "/displayName");
 *         puts(name ? name : "(no name)");
 *     } else {
 *         fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
 *     }
 *     sinch_numbers_result_free(result);
 *     sinch_numbers_client_free(client);
 *
 * CALLS
 *   Every call blocks until it is over: at the latest when the deadline of the client (timeoutMs) has passed; see CALLS THAT
 *   WAIT for three that have a deadline of their own. It returns a code and, if result_out is not NULL, exactly one result, on
 *   success and on failure. Every non-NULL out-pointer is written (NULL first) before anything can fail.
 *
 * OWNERSHIP
 *   What a function hands out through an out-pointer, and what sinch_numbers_cancel_new and its like return, is yours: free it once, with
 *   the function of its kind. Free in any order. free(NULL) does nothing. Texts that a result hands out live as long as the
 *   result. What you pass in is read during the call and not kept, but for the log function and its userdata.
 *
 * POINTERS
 *   Every pointer may be NULL and every string may be rubbish: that is answered with a code, never with a crash. A handle of
 *   another kind is noticed as well. A handle that was freed is not: do not use it.
 *
 * THREADS
 *   Any number of threads may use a client, read a result, give the same cancel token to their calls and trigger it. Threads
 *   that share pages take turns. The library has no global state that you could see, needs no initialisation, installs no
 *   signal handler, and starts no thread but a short-lived one to look up a name. A stack of 64 KiB is enough.
 *
 * FORK
 *   A client made before fork() works in the child, with connections and an access token of its own; those of the parent are
 *   left alone. A cancel token that is triggered after the fork ends calls in its own process only. Pages that were in use on
 *   another thread at the moment of the fork are refused in the child with E_MISUSE; results that were being read there must
 *   not be read in the child.
 *
 * UNLOADING
 *   Shut clients down, join your threads, free the handles; then dlclose() is safe. The library stays mapped all the same, so
 *   that a name look-up that is still running does no harm.
 *
 * SIGNALS
 *   SIGPIPE is not raised. System calls that a signal interrupts are resumed. sinch_numbers_cancel_trigger is
 *   async-signal-safe, no other function is. Where signals must be asked about instead, as in an interpreter, see
 *   sinch_numbers_cancel_new_polled and sinch_numbers_log_new.
 *
 * CANCEL
 *   A cancel token ends the calls that it was given to: E_CANCELLED when it is triggered, E_TIMEOUT when its own deadline
 *   passes. sinch_numbers_client_shutdown ends all calls of a client. Both are quick wherever a call stands: looking up a
 *   name, connecting, sending, waiting, receiving, or pausing before another attempt. errno is not used to report anything.
 *
 * FAILURES
 *   What happened                        What you get, reading and validating     What you get, changing something
 *   your input cannot be right           E_INPUT at once: correct "field"         the same
 *   nothing was sent: look-up, connect   tried again; E_NETWORK: call later       the same: it was not applied
 *   TLS, certificate or proxy refused    E_NETWORK at once: see the message       the same: it was not applied
 *   sent, but no whole response          tried again; E_NETWORK: call later       read back; E_NETWORK, maybe_applied
 *   an idle connection had died          replaced, you do not notice              noticed in time: replaced; else read back
 *   401                                  new token, once more; E_AUTH: check key  the same: it was not applied
 *   403                                  E_AUTH: check key and project            the same: it was not applied
 *   429                                  tried again; E_API: wait, call again     the same: it was not applied
 *   500, 502, 503, 504                   tried again; E_API: call later           read back; E_API, maybe_applied
 *   another 5xx, 408                     E_API: calling again cannot help         read back; E_API, maybe_applied
 *   400, 404, another 4xx                E_API: see "fieldViolations", message    the same: it was not applied
 *   a redirect: 301, 307, 308            E_PROTOCOL: check baseUrl                the same: it was not applied
 *   another 3xx                          E_PROTOCOL: check baseUrl                read back; E_PROTOCOL, maybe_applied
 *   an error inside a success            E_API or E_AUTH: see "bodyCode"          4xx: the same; else read back
 *   not what the service promises:       E_PROTOCOL: see "body"                   read back; E_PROTOCOL, maybe_applied
 *     no HTTP, no JSON object, too big
 *   deadline passed                      E_TIMEOUT: "phase" says where it stood   read back; E_TIMEOUT, maybe_applied
 *                                                                                 if it had gone out
 *   cancelled, shut down                 E_CANCELLED                              E_CANCELLED, maybe_applied if it had gone out
 *   the token endpoint fails             as above: a write was not applied        the same
 *   a bug is caught                      E_INTERNAL                               E_INTERNAL, maybe_applied if it had gone out
 *
 *   "Tried again" is at most maxAttempts in all, with growing random waits or the wait that the service asks for; a wait that
 *   does not fit the deadline is returned in result_retry_after_ms instead. It is -1 where calling again cannot help.
 *   "Read back": a write that may have been carried out is never sent again. The number, or its emergency address, is read at
 *   once, about 0.5 s and about 2 s after the failure, within the same deadline (from its first byte on, a write keeps a
 *   quarter of the time that is left, at most 5 s, for this). If a read proves the write, that is OK with what was read,
 *   marked reconciled. Otherwise the first failure is returned with maybe_applied, and "found" in the error document is the
 *   resource as last read, or null. It may still take effect: read again, later, before you send the same again.
 *   What proves a write is that the number is as it was to be, whoever made it so:
 *     active_update      every field that was sent stands in the number, or in a job that is WAITING or IN_PROGRESS, and no
 *                        other job is about to replace it. A job that FAILED proves nothing.
 *     active_release     expireAt is set and, where there is a nextChargeDate, at most a day later than it.
 *     emergency_address_deprovision   the service says that there is no address, and that there is the number.
 *     emergency_address_provision     nothing: its displayName cannot be read. Compare "found" with what you sent.
 *   Retries and read-backs are paid from a budget that all calls of a client share and that successes refill: an outage is not
 *   multiplied. A 429 is retried without being paid for. When the budget is empty, the failure is returned at once.
 *
 * CALLS THAT WAIT
 *   sinch_numbers_active_wait, sinch_numbers_active_relink and sinch_numbers_emergency_address_ensure make several requests, and
 *   pauses between them, until a number is in the wanted state. Their own timeoutMs bounds them as a whole; the client's bounds
 *   each request in them. They read first and send only what is missing, and keep nothing between calls: after a failure or a
 *   crash call again with the same arguments. A cancel token, its deadline and client_shutdown end them in a pause as in a
 *   request.
 *
 *   What happened                        What you get
 *   your input cannot be right           E_INPUT at once: correct "field"
 *   a provisioning job failed            E_PROVISIONING: see "jobs". active_relink reports only a job that it started itself
 *   no match that "accept" allows        E_ADDRESS: see "validation"; nothing was changed
 *   a read or validation fails:
 *     network, 408, 429, 5xx             tried again until the deadline, then E_TIMEOUT with the last failure in the message
 *     401, 403, 404, another 4xx,        E_AUTH, E_API or E_PROTOCOL at once
 *     not what the service promises
 *   a change is refused: a 4xx           E_AUTH or E_API at once: see "fieldViolations"
 *   a change was not applied: 429,       sent again after a pause, until the deadline
 *     nothing was sent
 *   a change may have been applied       read after 2 s or longer, and sent again if it is still missing: active_relink once
 *                                        for each such failure, emergency_address_ensure twice at most
 *   somebody else changes it meanwhile   E_API, http_status 0: see "found"
 *   deadline passed                      E_TIMEOUT, phase "provisioning": see "found"
 *   cancelled, shut down                 E_CANCELLED
 *   a bug is caught                      E_INTERNAL
 *
 *   maybe_applied says that a request of this call has changed something or may have. result_retry_after_ms is 0 then: calling
 *   again is the cure, once what the message says is seen to. It is -1 with E_PROVISIONING, unless sinch_numbers_explain says
 *   "once" or "later" for every code of the failed jobs, with E_INTERNAL, and for a refused certificate or proxy. Where
 *   maybe_applied is 0 it is as for every call. "found" is there on every failure after the first read, with maybe_applied or
 *   without. reconciled says that the response to a change was lost, and a read proved it.
 *
 * CALLBACKS
 *   A log function and a poll function must return: no longjmp() out of them, and no exception of C++, which would abort the
 *   program. sinch_numbers.hpp catches what a C++ log or poll function throws. pthread_cancel() takes
 *   effect after the call: cancellation is off during each function of this library, its callbacks included.
 *
 * LOG
 *   Lines and messages that repeat what the service says have their control characters escaped, as in \n and \u{1b}, and are
 *   at most 4 KiB long. A call that fails is in the log at error, but at info when it is refused for its input (a bad number) or
 *   with a response below 500 (a 404), and at debug when it is cancelled.
 *
 * JSON IN
 *   NUL-terminated UTF-8 of at most 1 MiB: one object, keys in the API's own spelling. An unknown or misspelt key, a key
 *   that stands there twice, null and a value of the wrong type are E_INPUT, and the error document names the field.
 *
 * JSON OUT
 *   On OK the service's own bytes: one JSON object, checked to be valid UTF-8 and at most 128 deep, fields that are newer
 *   than this header included. Absent fields, null, "" and {} all mean "nothing", for which result_text gives NULL. An empty
 *   success and DONE have "{}". active_relink and emergency_address_ensure have a document of this library's with the service's
 *   own bytes in it. On failure the error document; what is absent is null, and fields are only ever added:
 *
 *     {"code": "E_API", "httpStatus": 404, "status": "NOT_FOUND", "bodyCode": 404, "message": "for people",
 *      "operation": "active_get", "phoneNumber": "+12025550134", "field": null,
 *      "fieldViolations": [{"field": "order_by", "description": "..."}], "phase": null, "retryAfterMs": -1,
 *      "maybeApplied": false, "attempts": 1, "requestId": null, "details": [ ... ], "body": null, "found": null,
 *      "previous": null, "steps": null, "jobs": null, "validation": null}
 *
 *   code: the code's name. httpStatus: 0 when none came. status, bodyCode, details: as the service gave them (status of a
 *   callback that is refused: MISSING, MALFORMED or OTHER_SECRET). field: what of your input is wrong. phase (of E_TIMEOUT and E_NETWORK): start, token, resolve, connect, tls, send, wait or receive; or
 *   provisioning, of the calls that wait. attempts: how often the request was tried; of the calls that wait, all requests.
 *   requestId: quote it to the service's support. body: at most the first 4 KiB of a response that could not be understood.
 *   found: after maybeApplied, the number or its emergency address as last read.
 *   The others are of the calls that wait:
 *     previous     of active_relink: the number as it was read first, to go back to by another active_relink
 *     steps        of active_relink: what it sent, as in [{"step": "unlink_sms", "outcome": "done"}]
 *     jobs         of E_PROVISIONING: the failed jobs, with what each code means (see sinch_numbers_explain); a job of voice has
 *                  no codes, but type, appId, trunkId and serviceId; what a job does not have is null:
 *                  [{"of": "sms", "status": "FAILED", "servicePlanId": "...", "campaignId": "...", "lastUpdatedTime": "...",
 *                    "errorCodes": [{"code": "...", "meaning": "...", "action": "...", "actor": "...", "retry": "no"}]}]
 *     validation   of E_ADDRESS: the service's response, as of emergency_address_validate
 *   found and validation can hold a home address. They stand in the document only: not in messages, not in the log.
 *
 * PANICS
 *   A bug that the library notices becomes E_INTERNAL, with a few lines on stderr, and the client stays usable; built with
 *   panic=abort it ends the process instead.
 *
 * COMPATIBILITY
 *   Functions, codes and keys are only ever added within libsinch_numbers.so.1. There are no public structs.
 */
#ifndef SINCH_NUMBERS_H
#define SINCH_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* The version of this header; sinch_numbers_version() is the version of the library. */
#define SINCH_NUMBERS_VERSION "@VERSION@"
#define SINCH_NUMBERS_VERSION_MAJOR @MAJOR@
#define SINCH_NUMBERS_VERSION_MINOR @MINOR@
#define SINCH_NUMBERS_VERSION_PATCH @PATCH@
#define SINCH_NUMBERS_VERSION_NUMBER \
    ((SINCH_NUMBERS_VERSION_MAJOR << 16) | (SINCH_NUMBERS_VERSION_MINOR << 8) | SINCH_NUMBERS_VERSION_PATCH)

/* Define any of these before including the header to have your own. */
#ifndef SINCH_NUMBERS_API
#define SINCH_NUMBERS_API extern
#endif
#ifndef SINCH_NUMBERS_MUST_USE
#if defined(__GNUC__)
#define SINCH_NUMBERS_MUST_USE __attribute__((warn_unused_result))
#else
#define SINCH_NUMBERS_MUST_USE
#endif
#endif
#ifndef SINCH_NUMBERS_NOEXCEPT
#if defined(__cplusplus) && __cplusplus >= 201103L
#define SINCH_NUMBERS_NOEXCEPT noexcept
#else
#define SINCH_NUMBERS_NOEXCEPT
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

@ITEMS@

#ifdef __cplusplus
}
#endif

#endif /* SINCH_NUMBERS_H */
