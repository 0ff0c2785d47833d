/*
 * Links a number to a voice application or to an SMS service plan, and waits until its provisioning job is over.
 *
 *     cc -std=c99 -o link_number link_number.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./link_number +12025550134 app YOUR_voice_appId
 *     ./link_number +12025550134 plan YOUR_servicePlanId
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#define _POSIX_C_SOURCE 199309L /* nanosleep */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sinch_numbers.h>

/* For everything together, unless the command line says otherwise. */
#define SECONDS 120

/* What a number can be linked to. */
struct link {
    const char *name;
    const char *current; /* where the number says what it is linked to */
    const char *job;     /* where it says what is being changed */
    const char *errors;
    const char *body;    /* the update, around the id */
};

static const struct link LINKS[] = {
    {"app", "/voiceConfiguration/appId", "/voiceConfiguration/scheduledVoiceProvisioning", NULL,
     "{\"voiceConfiguration\": {\"type\": \"RTC\", \"appId\": %s}}"},
    {"plan", "/smsConfiguration/servicePlanId", "/smsConfiguration/scheduledProvisioning",
     "/smsConfiguration/scheduledProvisioning/errorCodes", "{\"smsConfiguration\": {\"servicePlanId\": %s}}"},
};

static int complain(const char *what, const sinch_numbers_result *result)
{
    const char *field = sinch_numbers_result_text(result, "/fieldViolations/0/description");

    fprintf(stderr, "link_number: %s: %s\n", what, sinch_numbers_result_message(result));
    if (field)
        fprintf(stderr, "link_number: %s\n", field);
    return -1;
}

static void pause_ms(long milliseconds)
{
    struct timespec time;

    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = milliseconds % 1000 * 1000000L;
    nanosleep(&time, NULL); /* A signal cuts it short: the number is read a little sooner. */
}

/* Reads the number until no job is left on it, and tells whether it is linked to the id then: 1, 0, or -1 on failure.
 * The token bounds it: when its time is over, a read ends with E_TIMEOUT. */
static int wait_for_job(const sinch_numbers_client *client, const char *number, const struct link *link, const char *id,
                        const sinch_numbers_cancel *deadline)
{
    long wait = 100;

    for (;;) {
        sinch_numbers_result *result;
        sinch_numbers_code code = sinch_numbers_active_get(client, number, deadline, &result);
        int outcome;

        if (code == SINCH_NUMBERS_E_TIMEOUT) {
            outcome = complain("the provisioning job is not known to be over", result);
        } else if (code != SINCH_NUMBERS_OK) {
            outcome = complain("cannot read the number", result);
        } else if (sinch_numbers_result_text(result, link->job)) {
            char pointer[128];
            const char *status;

            snprintf(pointer, sizeof pointer, "%s/status", link->job);
            status = sinch_numbers_result_text(result, pointer);
            if (!status || strcmp(status, "FAILED") != 0) {
                printf("%s\n", status ? status : "WAITING");
                sinch_numbers_result_free(result);
                pause_ms(wait);
                wait = wait < 2000 ? wait * 2 : wait;
                continue;
            }
            status = link->errors ? sinch_numbers_result_text(result, link->errors) : NULL;
            fprintf(stderr, "link_number: provisioning failed: %s\n", status ? status : "no reason given");
            outcome = -1;
        } else {
            const char *linked = sinch_numbers_result_text(result, link->current);

            outcome = strcmp(linked ? linked : "", id) == 0;
        }
        sinch_numbers_result_free(result);
        return outcome;
    }
}

/* Links the number to an id, or to nothing ("") and waits for the job. */
static int change(const sinch_numbers_client *client, const char *number, const struct link *link, const char *id,
                  const sinch_numbers_cancel *deadline)
{
    char text[512], body[640];
    sinch_numbers_result *result;
    sinch_numbers_code code;
    int unknown;

    /* Without this a quote in the id would be JSON of its own. */
    if (sinch_numbers_json_escape(id, text, sizeof text) >= sizeof text) {
        fprintf(stderr, "link_number: the id is too long\n");
        return -1;
    }
    snprintf(body, sizeof body, link->body, text);
    code = sinch_numbers_active_update(client, number, body, deadline, &result);
    /* The response was lost on the way: the number itself says whether it was changed. */
    unknown = sinch_numbers_result_maybe_applied(result);
    if (code != SINCH_NUMBERS_OK)
        complain(unknown ? "reading what became of it" : "refused", result);
    sinch_numbers_result_free(result);
    if (code != SINCH_NUMBERS_OK && !unknown)
        return -1;
    switch (wait_for_job(client, number, link, id, deadline)) {
    case 1:
        return 0;
    case 0:
        fprintf(stderr, "link_number: the job is over, and the number is not linked as asked\n");
        return -1;
    default:
        return -1;
    }
}

static int link_number(const sinch_numbers_client *client, const char *number, const struct link *link, const char *id,
                       const sinch_numbers_cancel *deadline)
{
    sinch_numbers_result *result;
    const char *linked;
    int already, occupied;

    if (sinch_numbers_active_get(client, number, deadline, &result) != SINCH_NUMBERS_OK) {
        complain("cannot read the number", result);
        sinch_numbers_result_free(result);
        return -1;
    }
    linked = sinch_numbers_result_text(result, link->current);
    already = linked && strcmp(linked, id) == 0 && !sinch_numbers_result_text(result, link->job);
    /* A service plan is linked only to a number that has none. */
    occupied = linked && strcmp(linked, id) != 0 && strcmp(link->name, "plan") == 0;
    sinch_numbers_result_free(result);
    if (already) {
        printf("%s is linked to %s already\n", number, id);
        return 0;
    }
    if (occupied && change(client, number, link, "", deadline) != 0)
        return -1;
    if (change(client, number, link, id, deadline) != 0)
        return -1;
    printf("%s is linked to %s\n", number, id);
    return 0;
}

int main(int argc, char **argv)
{
    const struct link *link = NULL;
    sinch_numbers_client *client;
    sinch_numbers_result *result;
    sinch_numbers_cancel *deadline;
    long seconds = SECONDS;
    size_t index;
    int failed;

    for (index = 0; argc >= 4 && index < sizeof LINKS / sizeof LINKS[0]; index++) {
        if (strcmp(argv[2], LINKS[index].name) == 0)
            link = &LINKS[index];
    }
    if (argc == 5)
        seconds = strtol(argv[4], NULL, 10);
    if (!link || argc > 5 || !*argv[3] || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "usage: link_number +12025550134 app|plan ID [SECONDS]\n");
        return 2;
    }
    if (sinch_numbers_client_new(NULL, NULL, NULL, &client, &result) != SINCH_NUMBERS_OK) {
        complain("no client", result);
        sinch_numbers_result_free(result);
        return 1;
    }
    sinch_numbers_result_free(result);
    deadline = sinch_numbers_cancel_new_after(seconds * (int64_t)1000);
    failed = link_number(client, argv[1], link, argv[3], deadline) != 0;
    sinch_numbers_cancel_free(deadline);
    sinch_numbers_client_free(client);
    if (fflush(stdout) != 0) {
        perror("link_number");
        return 1;
    }
    return failed;
}
