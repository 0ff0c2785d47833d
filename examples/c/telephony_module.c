/*
 * A module for a telephony switch: finds out where calls to a rented number go. One client serves all threads of the switch;
 * each call has a deadline of its own and can be hung up; the module can be stopped while calls are being routed.
 *
 *     cc -std=c99 -shared -fPIC -o telephony_module.so telephony_module.c $(pkg-config --cflags --libs sinch_numbers)
 *
 * telephony_host.c loads it and says how to run both.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sinch_numbers.h>

#include "telephony.h"

/* Written by load() and unload() alone, when no other thread is inside: no lock is needed to read them. */
static telephony_log_fn host_log;
static sinch_numbers_client *client;

struct telephony_call {
    sinch_numbers_cancel *cancel;
};

/* Called on the threads that route, several at a time: the switch's log function must be thread-safe. */
static void on_log(void *userdata, int32_t level, const char *line)
{
    (void)userdata;
    host_log((int)level, line);
}

static int load(telephony_log_fn log)
{
    sinch_numbers_result *result;
    sinch_numbers_code code;

    host_log = log;
    /* Nothing is sent yet: a switch can load the module before its network is up. */
    code = sinch_numbers_client_new(NULL, on_log, NULL, &client, &result);
    if (code != SINCH_NUMBERS_OK)
        log(1, sinch_numbers_result_message(result));
    sinch_numbers_result_free(result);
    return code == SINCH_NUMBERS_OK ? 0 : -1;
}

static telephony_call *call_new(long milliseconds)
{
    telephony_call *call = malloc(sizeof *call);

    /* The deadline runs from here: a caller waits for the response, not for one request of ours. */
    if (call)
        call->cancel = sinch_numbers_cancel_new_after(milliseconds);
    return call;
}

static void hang_up(telephony_call *call)
{
    sinch_numbers_cancel_trigger(call->cancel);
}

static void call_free(telephony_call *call)
{
    if (call)
        sinch_numbers_cancel_free(call->cancel);
    free(call);
}

static telephony_outcome target_of(const sinch_numbers_result *number, char *target, size_t size)
{
    const char *type = sinch_numbers_result_text(number, "/voiceConfiguration/type");
    const char *id;
    int length;

    /* A number can carry an id for each type; the type says which one counts. A missing type means RTC. */
    if (!type || strcmp(type, "RTC") == 0)
        id = sinch_numbers_result_text(number, "/voiceConfiguration/appId");
    else if (strcmp(type, "EST") == 0)
        id = sinch_numbers_result_text(number, "/voiceConfiguration/trunkId");
    else
        id = NULL;
    if (!id)
        return TELEPHONY_NO_ROUTE;
    length = snprintf(target, size, "%s %s", type ? type : "RTC", id);
    return length >= 0 && (size_t)length < size ? TELEPHONY_ROUTED : TELEPHONY_FAILED;
}

static telephony_outcome route(telephony_call *call, const char *number, char *target, size_t size)
{
    sinch_numbers_result *result;
    telephony_outcome outcome;

    switch (sinch_numbers_active_get(client, number, call->cancel, &result)) {
    case SINCH_NUMBERS_OK:
        outcome = target_of(result, target, size);
        break;
    case SINCH_NUMBERS_E_TIMEOUT:
        outcome = TELEPHONY_TOO_LATE;
        break;
    case SINCH_NUMBERS_E_CANCELLED:
        outcome = TELEPHONY_CANCELLED;
        break;
    default:
        /* The failure itself is in the log: the library wrote it there. */
        outcome = sinch_numbers_result_http_status(result) == 404 ? TELEPHONY_NO_ROUTE : TELEPHONY_FAILED;
    }
    sinch_numbers_result_free(result);
    return outcome;
}

static void stop(void)
{
    sinch_numbers_client_shutdown(client);
}

static void unload(void)
{
    sinch_numbers_client_free(client);
    client = NULL;
}

const telephony_module telephony_entry = {load, call_new, route, hang_up, call_free, stop, unload};
