/*
 * sinch_numbers.h - unofficial C client of the Sinch Active Number API: the phone numbers that a project rents (list, read,
 * configure for SMS and voice, release) and the emergency addresses behind them. Version 1.0.0.
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
#define SINCH_NUMBERS_VERSION "1.0.0"
#define SINCH_NUMBERS_VERSION_MAJOR 1
#define SINCH_NUMBERS_VERSION_MINOR 0
#define SINCH_NUMBERS_VERSION_PATCH 0
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

/*
 * Ends the calls that it was given to. One way: once triggered, for ever. It may serve several calls at once.
 */
typedef struct sinch_numbers_cancel sinch_numbers_cancel;

/*
 * A client of one project. Any number of threads share it.
 */
typedef struct sinch_numbers_client sinch_numbers_client;

/*
 * Keeps lines of the log until they are asked for: for programs in a language whose functions must not be called in the middle of
 * a call. Any number of clients share it.
 */
typedef struct sinch_numbers_log sinch_numbers_log;

/*
 * An iteration through a list, page by page or number by number. Threads that share it take turns.
 */
typedef struct sinch_numbers_pages sinch_numbers_pages;

/*
 * The result of a call. Immutable: any number of threads may read it.
 */
typedef struct sinch_numbers_result sinch_numbers_result;

/*
 * The result of a function. New values may come: treat an unknown one as a failure.
 */
typedef int32_t sinch_numbers_code;

/*
 * Receives the log of a client: level 1 (error) to 5 (trace), and a line that is valid during the call only. It is called on
 * the threads that make the calls, several at a time, and must not call back into the same client. No line holds a key, a
 * secret or a token.
 */
typedef void (*sinch_numbers_log_fn)(void *userdata, int32_t level, const char *message);

/*
 * Says whether the calls with a polled cancel token are to end: not 0 if so.
 */
typedef int32_t (*sinch_numbers_poll_fn)(void *userdata);

/*
 * Success.
 */
#define SINCH_NUMBERS_OK 0

/*
 * No more pages, or numbers.
 */
#define SINCH_NUMBERS_DONE 1

/*
 * A required pointer is NULL, text included, or a handle is of another kind.
 */
#define SINCH_NUMBERS_E_MISUSE 2

/*
 * What was given is refused before anything is sent: not UTF-8, not JSON, an unknown or bad field, not E.164, too big.
 */
#define SINCH_NUMBERS_E_INPUT 3

/*
 * Credentials refused: 401 (after the token was refreshed), 403, or 400, 401 or 403 from the token endpoint. Of a callback: its
 * signature.
 */
#define SINCH_NUMBERS_E_AUTH 4

/*
 * Any other error response of the service.
 */
#define SINCH_NUMBERS_E_API 5

/*
 * Name look-up, connect, TLS, reset, or the end of the stream before the response was complete.
 */
#define SINCH_NUMBERS_E_NETWORK 6

/*
 * The deadline of the client or of the cancel token passed.
 */
#define SINCH_NUMBERS_E_TIMEOUT 7

/*
 * A response that is not what the service promises, or too big. Of a callback: signed, but no JSON object.
 */
#define SINCH_NUMBERS_E_PROTOCOL 8

/*
 * The cancel token was triggered, or the client was shut down.
 */
#define SINCH_NUMBERS_E_CANCELLED 9

/*
 * A bug in the library that was caught. The client stays usable.
 */
#define SINCH_NUMBERS_E_INTERNAL 10

/*
 * A provisioning job failed: see "jobs" of the error document.
 */
#define SINCH_NUMBERS_E_PROVISIONING 11

/*
 * The service does not accept the address: see "validation" of the error document. Nothing was changed.
 */
#define SINCH_NUMBERS_E_ADDRESS 12

/*
 * Returns the version of the library, as in "1.0.0". Since 1.0.
 */
SINCH_NUMBERS_API const char *sinch_numbers_version(void) SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the version of the library as (major << 16) | (minor << 8) | patch. Compare it with SINCH_NUMBERS_VERSION_NUMBER,
 * the version of the header. Since 1.0.
 */
SINCH_NUMBERS_API
uint32_t sinch_numbers_version_number(void)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the name of a code, as in "E_API"; "UNKNOWN" for a number that is none. Never NULL. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_code_name(sinch_numbers_code code)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a log that keeps lines until they are asked for. Give sinch_numbers_log_write to sinch_numbers_client_new as the log
 * function, and the log as its userdata.
 *
 * log, log_userdata: receives at once, as any log function does, the lines of all threads but the one that asks with
 * sinch_numbers_log_next; NULL if those are to be kept as well. 1000 lines are kept; then the oldest is dropped, and a line says
 * how many were. NULL is returned only for a bug that was caught. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_log *sinch_numbers_log_new(sinch_numbers_log_fn log,
                                         void *log_userdata)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Writes a line to a log that keeps lines: the log function for sinch_numbers_client_new.
 *
 * userdata: the log; NULL does nothing. message: a NULL one is not written. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_log_write(void *userdata,
                             int32_t level,
                             const char *message)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Takes the oldest line that is kept; NULL if there is none. From the first time on, the lines of the calling thread are kept; of
 * several threads that ask, those of the one that asked last.
 *
 * level_out: the level of the line, 1 (error) to 5 (trace); 0 if there is none. The text is valid until the next line is taken
 * or the log is freed. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_log_next(const sinch_numbers_log *log,
                                   int32_t *level_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Frees a log that keeps lines. Its clients, and all pages made from them, must be freed before. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_log_free(sinch_numbers_log *log)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a client. Nothing is sent yet.
 *
 * config: a JSON object with the settings, or NULL to read them from the environment.
 *
 *   key                 type     default                        meaning, range
 *   fromEnv             boolean  false                          read what is left out from the environment: see below
 *   projectId           string   required                       1 to 64 letters, digits, - and _
 *   keyId, keySecret    string   required                       an access key of the project
 *   auth                string   "oauth2"                       or "basic" (heavily rate-limited: for trials)
 *   baseUrl             string   "https://numbers.api.sinch.com"  of the API: origin, and a path if a gateway has one
 *   authUrl             string   "https://auth.sinch.com"       of the token endpoint: the same
 *   allowHttp           boolean  false                          allow http to hosts other than this machine
 *   timeoutMs           number   30000                          the whole call, retries included; 1 to 86400000
 *   connectTimeoutMs    number   3100                           connecting; 1 to 86400000
 *   maxAttempts         number   3                              how often a request is sent; 1 to 10
 *   requestsPerSecond   number   0                              all calls together, spaced evenly; 0.5 is one request
 *                                                               in 2 s, 0 no limit; 0 to 1000000
 *   caFile              string   none                           PEM file of the roots to trust instead; goes before roots
 *   roots               string   as SSL_CERT_FILE says          "bundled", or "platform": the roots of this machine
 *   proxy               string   "env"                          or "none", or the URL of an HTTP proxy; "env" reads
 *                                                               https_proxy, HTTPS_PROXY, http_proxy, all_proxy,
 *                                                               ALL_PROXY and no_proxy, NO_PROXY
 *   userAgent           string   "sinch-numbers/VERSION"        1 to 256 characters of printable ASCII
 *   maxResponseBytes    number   33554432                       after decompression; 1 to 1073741824
 *   maxIdleConnections  number   64                             kept for each host; 0 to 1024
 *   idleTimeoutMs       number   50000                          how long they are kept; 0 to 86400000
 *   maxConnectionAgeMs  number   600000                         how long a connection is used; 1 to 86400000
 *   logLevel            string   "warn"                         off, error, warn, info, debug or trace
 *
 * The environment is read if config is NULL or its fromEnv is true; then keys that are given win, and their variables are
 * not looked at (caFile and roots count as one). Blanks and line ends around a value are cut off, an empty one counts as
 * unset, one in quotes is refused. An error names the variable, or all that are missing.
 *
 *   SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET            projectId, keyId, keySecret; with _FILE behind its name,
 *                                                               each names a file that holds the value
 *   SINCH_AUTH                                                  auth
 *   SINCH_NUMBERS_URL, SINCH_AUTH_URL                           baseUrl, authUrl
 *   SINCH_NUMBERS_ALLOW_HTTP                                    allowHttp: true or 1, false or 0
 *   SINCH_NUMBERS_TIMEOUT_MS                                    timeoutMs
 *   SINCH_NUMBERS_CA_FILE, SINCH_NUMBERS_ROOTS                  caFile, roots
 *   SINCH_NUMBERS_PROXY, SINCH_NUMBERS_LOG_LEVEL                proxy, logLevel
 *
 * Without caFile and roots, the certificates that SSL_CERT_FILE (a PEM file) and SSL_CERT_DIR (folders of PEM files, with
 * colons between them) name are trusted if one is set, else bundled ones. Both are read beside a config, too. Where they
 * cannot be used, a warning in the log says so, and the bundled roots are trusted. A certificate of a server has an RSA key of
 * 2,048 to 8,192 bits, P-256, P-384 or Ed25519. What OpenSSL takes beyond that is refused (E_NETWORK): P-521, smaller RSA keys,
 * SHA-1 signatures, version 1, no subject alternative name, and a root that the server shows as its own certificate.
 *
 * log, log_userdata: receives the log up to logLevel; NULL for none. Both must stay valid until the client and all pages made
 * from it are freed and no call is in flight any more.
 * client_out: the client; NULL is written on failure. result_out: may be NULL.
 * Fails with E_MISUSE (client_out is NULL) and E_INPUT (the config is refused; the error document names the field).
 * Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_code sinch_numbers_client_new(const char *config,
                                            sinch_numbers_log_fn log,
                                            void *log_userdata,
                                            sinch_numbers_client **client_out,
                                            sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Shuts a client down: calls in flight, on any thread, and later ones end with E_CANCELLED. Call it from any thread, as
 * often as you like. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_client_shutdown(const sinch_numbers_client *client)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Frees a client. Pages made from it go on working. With calls in flight it shuts the client down, says so in the log and
 * leaks it instead of freeing it under them. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_client_free(sinch_numbers_client *client)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Checks that the service can be reached and takes the credentials: fetches a token and lists one number. Call it when a
 * program starts: a wrong key is seen then and not in the middle of the work, and the first call that counts finds a token and
 * a connection.
 *
 * Response: as active_list, with at most one number; "/totalSize" says how many there are. Fails as active_list does, under its
 * name: E_AUTH if the key or the project is wrong. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_client_check(const sinch_numbers_client *client,
                                              const sinch_numbers_cancel *cancel,
                                              sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Lists one page of the project's numbers.
 *
 * query: a JSON object; NULL or "{}" asks for all numbers. Keys, all optional: regionCode ("US"), type ("MOBILE", "LOCAL",
 * "TOLL_FREE"; the API's documents do not settle what comes back when it is left out: all types, or MOBILE only),
 * numberPattern {pattern ("+1206", "2020"), searchPattern ("START", "CONTAINS", "END")}, capability (["SMS", "VOICE"]),
 * pageSize (1 to 2147483647), pageToken (nextPageToken of the page before), orderBy ("phoneNumber", "displayName"). Values
 * are given as they are and encoded on the way.
 *
 *   {"regionCode": "US", "numberPattern": {"pattern": "+1206", "searchPattern": "START"}, "pageSize": 100}
 *
 * Response:
 *
 *   {"activeNumbers": [ ... as active_get ... ], "nextPageToken": "...", "totalSize": 1}
 *
 * The list ends where nextPageToken is missing, null or ""; sinch_numbers_pages_next does all of that. totalSize counts all
 * pages. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_list(const sinch_numbers_client *client,
                                             const char *query,
                                             const sinch_numbers_cancel *cancel,
                                             sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Reads a number.
 *
 * phone_number: E.164, as in "+12025550134". Response (fields may be missing, null, "" or {}, which all mean "nothing"):
 *
 *   {"phoneNumber": "+12025550134", "projectId": "...", "displayName": "desk", "regionCode": "US", "type": "LOCAL",
 *    "capability": ["SMS", "VOICE"], "money": {"currencyCode": "USD", "amount": "2.00"}, "paymentIntervalMonths": 1,
 *    "nextChargeDate": "2024-08-24T14:15:22.022227Z", "expireAt": null,
 *    "smsConfiguration": {"servicePlanId": "...", "campaignId": "", "scheduledProvisioning": null},
 *    "voiceConfiguration": {"type": "RTC", "appId": "...", "trunkId": "", "serviceId": "", "lastUpdatedTime": null,
 *      "scheduledVoiceProvisioning": {"type": "EST", "trunkId": "...", "status": "WAITING", "lastUpdatedTime": "..."}},
 *    "callbackUrl": ""}
 *
 * A provisioning job is over when its scheduled object is gone; a status of FAILED stays. A number that the project does not
 * rent is E_API with HTTP status 404. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_get(const sinch_numbers_client *client,
                                            const char *phone_number,
                                            const sinch_numbers_cancel *cancel,
                                            sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Changes a number. To have it linked to something else and wait until it is, see sinch_numbers_active_relink.
 *
 * body: a JSON object with what is to change, at least one of displayName, smsConfiguration {servicePlanId (required),
 * campaignId}, voiceConfiguration {type (required), and the key of its id: appId for RTC, trunkId for EST, serviceId for
 * FAX}, callbackUrl. "" as servicePlanId or campaignId unlinks; a number must be unlinked before it is linked to another
 * service plan or campaign. To unlink a campaign only, give the current plan with it.
 *
 *   {"displayName": "desk", "voiceConfiguration": {"type": "EST", "trunkId": "YOUR_trunkId"}}
 *
 * Response: as active_get, still with the old configuration beside the job that changes it:
 * sinch_numbers_active_wait waits for it. A failure can be maybe_applied: read the number before you send it again. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_update(const sinch_numbers_client *client,
                                               const char *phone_number,
                                               const char *body,
                                               const sinch_numbers_cancel *cancel,
                                               sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Gives a number back: cancels its subscription at the end of the period that is paid for.
 *
 * Response: as active_get, with that time in expireAt; the number stays readable until then. A failure can be maybe_applied:
 * read the number before you release it again. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_release(const sinch_numbers_client *client,
                                                const char *phone_number,
                                                const sinch_numbers_cancel *cancel,
                                                sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Reads the emergency address of a number.
 *
 * Response:
 *
 *   {"streetNumber": "12345", "streetInfo": "Main St", "location": "Apt 5", "city": "Springfield", "state": "IL",
 *    "postalCode": "62701", "postalCodePlusFour": "1234"}
 *
 * A number without one is E_API with HTTP status 404. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_emergency_address_get(const sinch_numbers_client *client,
                                                       const char *phone_number,
                                                       const sinch_numbers_cancel *cancel,
                                                       sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Puts an emergency address on a number. Validate it first; sinch_numbers_emergency_address_ensure does both.
 *
 * body: displayName and address are required, and in the address streetNumber, streetInfo, city, state and postalCode;
 * location and postalCodePlusFour are optional.
 *
 *   {"displayName": "Office", "address": {"streetNumber": "12345", "streetInfo": "Main St", "location": "Apt 5",
 *    "city": "Springfield", "state": "IL", "postalCode": "62701", "postalCodePlusFour": "1234"}}
 *
 * Response: the address as the service took it, as emergency_address_get. A failure can be maybe_applied: read the address
 * before you send it again. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_emergency_address_provision(const sinch_numbers_client *client,
                                                             const char *phone_number,
                                                             const char *body,
                                                             const sinch_numbers_cancel *cancel,
                                                             sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Removes the emergency address of a number. Response: {}. A failure can be maybe_applied: read the address before you send
 * it again. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_emergency_address_deprovision(const sinch_numbers_client *client,
                                                               const char *phone_number,
                                                               const sinch_numbers_cancel *cancel,
                                                               sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Asks what the service makes of an emergency address, without putting it anywhere.
 *
 * body: as emergency_address_provision. Response:
 *
 *   {"phoneNumber": "...", "displayName": "...", "validatedAddress": { ... }, "validationResult": "NEAR_MATCH",
 *    "validationMessage": "...", "correctedAddress": { ... }, "candidateAddresses": [ { ... } ]}
 *
 * validationResult is EXACT_MATCH, NEAR_MATCH (provision correctedAddress instead) or NO_MATCH (candidateAddresses are what
 * it might have meant). Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_emergency_address_validate(const sinch_numbers_client *client,
                                                            const char *phone_number,
                                                            const char *body,
                                                            const sinch_numbers_cancel *cancel,
                                                            sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Waits until no provisioning job of a number is under way, after an update.
 *
 * options: a JSON object; NULL or "{}" for the defaults. Keys, both optional: timeoutMs (1 to 86400000; 600000 is the default)
 * is the deadline of the whole function, in place of the client's; expect is the body of an active_update: the number must be
 * as it asks. Without expect two reads at least 2 s apart must find no job, as one that was just asked for may not show yet.
 *
 *   {"expect": {"smsConfiguration": {"servicePlanId": "..."}}, "timeoutMs": 120000}
 *
 * It reads the number at once, and then after pauses that grow from 0.25 s to 30 s; a read that fails is repeated, but for 401,
 * 403, 404 and what is no response of the service. A job whose status is unknown counts as under way.
 *
 * Response: as active_get. E_PROVISIONING if the number has a failed job, however old, and is not as expected: "jobs" of the
 * error document says which, and what the reasons mean. E_TIMEOUT when the time is up: "found" is the number as last read.
 * maybe_applied is always 0. For the other failures see CALLS THAT WAIT. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_wait(const sinch_numbers_client *client,
                                             const char *phone_number,
                                             const char *options,
                                             const sinch_numbers_cancel *cancel,
                                             sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Brings a number to the wanted links, from any state, and waits until they are in effect.
 *
 * target: a JSON object with smsConfiguration, voiceConfiguration or both, as in active_update, and timeoutMs (1 to 86400000;
 * 600000 is the default), the deadline of the whole function. A campaignId that is left out stays if the service plan stays,
 * and goes with the plan if it changes.
 *
 *   {"smsConfiguration": {"servicePlanId": "...", "campaignId": "..."},
 *    "voiceConfiguration": {"type": "EST", "trunkId": "..."}, "timeoutMs": 120000}
 *
 * It reads the number, sends only what is missing, and waits for each job as active_wait does. The old service plan or campaign
 * is unlinked, as little as possible, before the new one is linked; voice is replaced in place and never unlinked first, so
 * that the number does not go dark. Nothing is sent while a job is under way. Call it again after a failure or a crash: the
 * end is the same, and what stands as wanted is not touched. A step whose response is lost is read for 2 s or longer before it
 * is sent again. Nothing is restored after a failure: that is a relink to "previous".
 *
 * Response; the outcomes are done, not_needed, failed and unknown:
 *
 *   {"number": { ... as active_get ... }, "previous": { ... as it was read first ... },
 *    "steps": [{"step": "unlink_sms", "outcome": "done"}, {"step": "unlink_campaign", "outcome": "not_needed"},
 *              {"step": "link_sms", "outcome": "done"}, {"step": "assign_voice", "outcome": "not_needed"}]}
 *
 * E_PROVISIONING if a job of its own failed: see "jobs". E_TIMEOUT when the time is up. E_API with http_status 0 if somebody
 * else changes the number meanwhile. The error document has "found", "previous" and "steps"; maybe_applied says that a request
 * of this call may have changed something. For the other failures see CALLS THAT WAIT. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_active_relink(const sinch_numbers_client *client,
                                               const char *phone_number,
                                               const char *target,
                                               const sinch_numbers_cancel *cancel,
                                               sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes sure that a number has an emergency address: reads it, and if there is another one or none, validates the wanted one,
 * provisions it if the service accepts it, and reads it back.
 *
 * body: as emergency_address_provision, with three optional keys more: accept ("exact", the default, or "corrected"), force
 * (true provisions also if the address stands: the display name cannot be read; default false), and timeoutMs (1 to 86400000;
 * 60000 is the default), the deadline of the whole function. "corrected" takes the service's correction of a near match, if
 * street number, state and location stay and nothing changes but the spelling of the street, the city, the postal code and
 * its four more digits.
 *
 *   {"displayName": "Office", "address": {"streetNumber": "12345", "streetInfo": "Main Street", "city": "Springfield",
 *    "state": "IL", "postalCode": "62701"}, "accept": "corrected"}
 *
 * Two addresses are the same if street number, street, location, city, state and postal code are, case and spaces apart, and
 * the four more digits if they are asked for. It never removes an address, and never provisions one that the service did not
 * validate. A provision whose response is lost is read for 2 s or longer before it is sent again, twice at most.
 *
 * Response; displayName is "sent", or "unverified" if nothing had to be provisioned; validation is null if none was needed:
 *
 *   {"address": { ... as emergency_address_get ... }, "changed": true, "displayName": "sent",
 *    "validation": { ... as emergency_address_validate ... }}
 *
 * E_ADDRESS if the service does not accept the address: "validation" of the error document says why, and nothing was changed.
 * E_TIMEOUT when the time is up. E_API with http_status 0 if somebody else changes the address meanwhile. "found" of the error
 * document is the address that stands now, null if there is none. For the other failures see CALLS THAT WAIT. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_emergency_address_ensure(const sinch_numbers_client *client,
                                                          const char *phone_number,
                                                          const char *body,
                                                          const sinch_numbers_cancel *cancel,
                                                          sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Begins to go through a list, page by page. Nothing is sent yet.
 *
 * query: as active_list; with a pageToken the iteration begins there. pages_out: the pages; NULL is written on failure. They keep
 * what they need of the client: free them in any order. Fails with E_MISUSE and E_INPUT. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_code sinch_numbers_pages_new(const sinch_numbers_client *client,
                                           const char *query,
                                           sinch_numbers_pages **pages_out,
                                           sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Fetches the next page. Response: as active_list; empty pages in the middle of a list are handed out too.
 *
 * DONE after the last page, for ever. A failure does not move the iteration: the next call asks for the same page again. After a
 * page whose nextPageToken was used before in this iteration comes E_PROTOCOL instead of a circle. Threads that share the pages
 * take turns, each within its own deadline. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_pages_next(sinch_numbers_pages *pages,
                                            const sinch_numbers_cancel *cancel,
                                            sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Hands out the next number of the list, and fetches a page when the numbers of the last are used up. The result's JSON is
 * that number alone, as it came in the page: read it as that of active_get, "/phoneNumber" and so on. Its HTTP status is that
 * of the page.
 *
 *   while (sinch_numbers_pages_next_number(pages, NULL, &result) == SINCH_NUMBERS_OK) {
 *       const char *number = sinch_numbers_result_text(result, "/phoneNumber");
 *       puts(number ? number : "?");
 *       sinch_numbers_result_free(result);
 *   }                                       else it is DONE or a failure: free that result, too
 *
 * DONE after the last number, for ever. Pages without numbers are passed over, and so are null, "" and {} where a number
 * should be. A failure does not move the iteration: the next call tries the same page again, or the same number if that is what
 * is no object (E_PROTOCOL, after all numbers before it). Token, deadline and turns are as those of pages_next, also where a
 * number is at hand and nothing is sent. One page is held in memory, and only until its last number is handed out.
 *
 * An iteration goes by pages or by numbers: what is called first, whatever came of it, is the only one that it takes, and the other
 * one is E_MISUSE. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_pages_next_number(sinch_numbers_pages *pages,
                                                   const sinch_numbers_cancel *cancel,
                                                   sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Frees pages. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API void sinch_numbers_pages_free(sinch_numbers_pages *pages) SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the code of the call. E_MISUSE for NULL or a handle of another kind. Since 1.0.
 */
SINCH_NUMBERS_API
sinch_numbers_code sinch_numbers_result_code(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the HTTP status; 0 if none was received. Of the calls that wait it is 200 on OK. Since 1.0.
 */
SINCH_NUMBERS_API
int32_t sinch_numbers_result_http_status(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Tells whether the same call may succeed later, unchanged: -1 it cannot (always when maybe_applied: read before you
 * repeat), 0 it may, more than 0 it may after that many milliseconds, which the service asked for. The calls that wait read by
 * themselves: of these it is 0 when maybe_applied, see CALLS THAT WAIT. Since 1.0.
 */
SINCH_NUMBERS_API
int64_t sinch_numbers_result_retry_after_ms(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns 1 for a failed write that may have taken effect all the same: the request went out, and no response says what
 * became of it. Of the calls that wait: if any of their requests has changed something, or may have. Since 1.0.
 */
SINCH_NUMBERS_API
int32_t sinch_numbers_result_maybe_applied(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns 1 for a success that was found out by reading, after the response to a write had been lost. Since 1.0.
 */
SINCH_NUMBERS_API
int32_t sinch_numbers_result_reconciled(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the value at a JSON pointer (RFC 6901), as in "/smsConfiguration/servicePlanId" or "/activeNumbers/0/phoneNumber":
 * a string as plain text (what follows a U+0000 is left out), anything else as raw JSON, an object or list included. NULL if
 * there is no such place. The text lives as long as the result. A list is scanned once, at the first look into it: its
 * last item costs no more than its first. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_result_value(const sinch_numbers_result *result,
                                       const char *json_pointer)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the value at a JSON pointer as result_value does, but NULL for everything that means "nothing": an absent place,
 * null, "" and {}. A string that says null is a text like any other. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_result_text(const sinch_numbers_result *result,
                                      const char *json_pointer)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns how many members the list or object at a JSON pointer has, as in "/activeNumbers" or "/capability"; "" is the
 * document itself. A key that stands there twice counts twice. -1 if there is neither list nor object, so that a loop from
 * 0 on does not begin. Since 1.0.
 */
SINCH_NUMBERS_API
int64_t sinch_numbers_result_count(const sinch_numbers_result *result,
                                   const char *json_pointer)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns what went wrong, for people; "" on success. It lives as long as the result. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_result_message(const sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Returns the JSON of the result, NUL-terminated, and its length if length_out is not NULL: on OK the service's response as it
 * came (of active_relink and emergency_address_ensure, their own document), on failure the error document. It lives as long as
 * the result. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_result_json(const sinch_numbers_result *result,
                                      size_t *length_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Frees a result, and every text that it handed out. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_result_free(sinch_numbers_result *result)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Writes a text as a JSON string, its quotes included: the way to put a value into a query or a body. Like snprintf: writes
 * at most size bytes, the last of them a NUL, and returns how long the whole is, without the NUL. If that is size or more, the
 * string was cut off, and no call takes it. A buffer of NULL or a size of 0 only asks for the length. text may be the buffer.
 *
 *   char name[256], body[300];
 *   if (sinch_numbers_json_escape(text, name, sizeof name) < sizeof name)
 *       snprintf(body, sizeof body, "{\"displayName\": %s}", name);
 *
 * NULL is written as null, which no query and no body takes: a text that is missing by mistake must not become "", which
 * unlinks a number from its service plan. Bytes that are not UTF-8 are written as they are: whatever call they are given to
 * refuses them with E_INPUT, and nothing is sent. Since 1.0.
 */
SINCH_NUMBERS_API
size_t sinch_numbers_json_escape(const char *text,
                                 char *buffer,
                                 size_t size)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Explains a code of a failed provisioning job or of a callback: one of "errorCodes" in smsConfiguration's
 * scheduledProvisioning, a "failureCode" or an "internalFailureCode" (CRS0018, 501). Returns a JSON object, NUL-terminated:
 *
 *   {"code": "CAMPAIGN_PENDING_ACCEPTANCE", "meaning": "for people", "action": "for people", "actor": "sinch", "retry": "later"}
 *
 * code: its current name. actor: who must act first: you, sinch, operator (the mobile network's) or unknown. retry: whether a
 * program may send the same change again: no, once, or later, after the time that action names. New values may come.
 *
 * For a code that is not known, code is null and meaning says so: show the code itself beside it. NULL for NULL. The text is
 * static: do not free it. Since 1.0.
 */
SINCH_NUMBERS_API
const char *sinch_numbers_explain(const char *code)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Checks the signature of a callback: what the service sends to the callbackUrl of a number when a provisioning job has ended.
 *
 * secrets: a JSON array of 1 to 8 texts, none of them empty: the hmacSecret of the project's callback configuration. More than
 * one while it is replaced, or where rented and imported numbers call the same URL. signature: the value of the header
 * X-Sinch-Signature (the header's name in any case), 40 hexadecimal digits; NULL and "" are a missing one. If the header is there
 * twice with two values, refuse the callback. body, length: the body of the request, byte for byte, at most 1 MiB; it may hold
 * any byte, NUL too, and body may be NULL if length is 0.
 *
 * OK: the event as it came, without an HTTP status. Read its "/resourceId", the phone number, and read that number with
 * active_get: an event is a hint to read and never the state, as events come late, more than once, in any order, and whoever
 * recorded one can send it again ("/eventId" is unique). Respond with 200 at once, and work later. For
 * "/failureCode" and "/internalFailureCode" see sinch_numbers_explain. "/timestamp" names no zone and means UTC.
 *
 * E_AUTH: the signature is refused; "status" of the error document is MISSING, MALFORMED or OTHER_SECRET (or of another body).
 * E_PROTOCOL: signed, but not one JSON object in UTF-8. E_INPUT: secrets, or a body that is too long: "field" says which.
 * E_MISUSE: secrets is NULL, or body is NULL with a length. The body is not looked at before its signature is found to be right,
 * and no failure repeats any of it. All secrets are compared, in a time that does not depend on which of them fits, nor on how
 * much of the signature is right. Nothing is sent, and no client is needed. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_code sinch_numbers_callback_verify(const char *secrets,
                                                 const char *signature,
                                                 const void *body,
                                                 size_t length,
                                                 sinch_numbers_result **result_out)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a cancel token. NULL only for a bug that was caught. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_cancel *sinch_numbers_cancel_new(void)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a cancel token with a deadline of its own, counted from now: calls that it is given to end with E_TIMEOUT when that
 * many milliseconds have passed, 0 and less at once. It can be triggered as well. NULL only for a bug that was caught. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_cancel *sinch_numbers_cancel_new_after(int64_t milliseconds)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a cancel token that is also triggered by a function's word. While a call with it waits, for whatever, poll is called on
 * the thread that made the call, first after every_ms milliseconds (at least 1) and then as often; when it returns anything but
 * 0 the token is triggered. For programs in a language whose runtime must be asked on the thread that was interrupted, as
 * Python's about its signal handlers. A call without such a token pays nothing for it.
 *
 * poll may make calls of its own, with the same client and with this token too, but must not use the pages that the call is
 * about. It must return: no longjmp, no exception. NULL makes a token that is not polled. poll and userdata must stay valid
 * until the token is freed and no call uses it any more. What is not a wait of the library's is not interrupted: a log
 * function, and a look-up of a name when no thread is to be had for it. NULL is returned only for a bug that was caught.
 * Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_cancel *sinch_numbers_cancel_new_polled(sinch_numbers_poll_fn poll,
                                                      void *userdata,
                                                      int64_t every_ms)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Makes a polled cancel token that ends with another one as well: when that one is triggered or its deadline passes, the calls
 * that this one was given to end in the same way. Triggering this one, or what poll says, does not touch the other; from
 * another thread it is noticed when poll is due next. The other token may be freed at any time.
 *
 * cancel: the other token; NULL for none. poll, userdata, every_ms: as for sinch_numbers_cancel_new_polled. NULL is returned if
 * cancel is a wrong handle, and for a bug that was caught. Since 1.0.
 */
SINCH_NUMBERS_API
SINCH_NUMBERS_MUST_USE
sinch_numbers_cancel *sinch_numbers_cancel_new_polled_with(const sinch_numbers_cancel *cancel,
                                                           sinch_numbers_poll_fn poll,
                                                           void *userdata,
                                                           int64_t every_ms)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Triggers a cancel token: the calls that it was given to, and those that it will be given to, end with E_CANCELLED. Call it
 * from any thread, or from a signal handler: it is async-signal-safe. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_cancel_trigger(const sinch_numbers_cancel *cancel)
SINCH_NUMBERS_NOEXCEPT;

/*
 * Frees a cancel token. While a call uses it, it is leaked instead. NULL does nothing. Since 1.0.
 */
SINCH_NUMBERS_API
void sinch_numbers_cancel_free(sinch_numbers_cancel *cancel)
SINCH_NUMBERS_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* SINCH_NUMBERS_H */
