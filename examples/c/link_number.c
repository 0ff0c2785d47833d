/*
 * Links a number to a voice application or to an SMS service plan, from whatever it is linked to, and waits until it is.
 *
 *     cc -std=c99 -o link_number link_number.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./link_number +12025550134 app YOUR_voice_appId
 *     ./link_number +12025550134 plan YOUR_servicePlanId
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sinch_numbers.h>

/* The deadline of the whole relink, unless the command line gives another one. */
#define SECONDS 120

static const char APP[] = "{\"voiceConfiguration\": {\"type\": \"RTC\", \"appId\": %s}, \"timeoutMs\": %ld}";
static const char PLAN[] = "{\"smsConfiguration\": {\"servicePlanId\": %s}, \"timeoutMs\": %ld}";

static void complain(const sinch_numbers_result *result)
{
    const char *field = sinch_numbers_result_text(result, "/fieldViolations/0/description");
    const char *action = sinch_numbers_result_text(result, "/jobs/0/errorCodes/0/action");

    fprintf(stderr, "link_number: %s\n", sinch_numbers_result_message(result));
    if (field)
        fprintf(stderr, "link_number: %s\n", field);
    if (action)
        fprintf(stderr, "link_number: what to do: %s\n", action);
    /* Nothing is restored automatically: the error has what was linked before. */
    if (sinch_numbers_result_maybe_applied(result))
        fprintf(stderr, "link_number: the number may have been changed; it was %s\n",
                sinch_numbers_result_text(result, "/previous"));
}

/* Prints the steps that were sent. */
static void report(const sinch_numbers_result *result, const char *number, const char *id)
{
    int64_t index, done = 0;

    for (index = 0; index < sinch_numbers_result_count(result, "/steps"); index++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/steps/%d/outcome", (int)index);
        if (strcmp(sinch_numbers_result_text(result, pointer), "done") != 0)
            continue;
        snprintf(pointer, sizeof pointer, "/steps/%d/step", (int)index);
        printf("%s\n", sinch_numbers_result_text(result, pointer));
        done++;
    }
    printf("%s is linked to %s%s\n", number, id, done ? "" : " already");
}

int main(int argc, char **argv)
{
    const char *target = NULL;
    char id[512], body[640];
    sinch_numbers_client *client;
    sinch_numbers_result *result;
    sinch_numbers_code code;
    long seconds = SECONDS;

    if (argc >= 4 && strcmp(argv[2], "app") == 0)
        target = APP;
    if (argc >= 4 && strcmp(argv[2], "plan") == 0)
        target = PLAN;
    if (argc == 5)
        seconds = strtol(argv[4], NULL, 10);
    if (!target || argc > 5 || !*argv[3] || seconds < 1 || seconds > 86400) {
        fprintf(stderr, "usage: link_number +12025550134 app|plan ID [SECONDS]\n");
        return 2;
    }
    /* Escaped: a quote in the id would otherwise end the JSON string. */
    if (sinch_numbers_json_escape(argv[3], id, sizeof id) >= sizeof id) {
        fprintf(stderr, "link_number: the id is too long\n");
        return 2;
    }
    snprintf(body, sizeof body, target, id, seconds * 1000);
    code = sinch_numbers_client_new(NULL, NULL, NULL, &client, &result);
    if (code == SINCH_NUMBERS_OK) {
        sinch_numbers_result_free(result);
        code = sinch_numbers_active_relink(client, argv[1], body, NULL, &result);
    }
    if (code == SINCH_NUMBERS_OK)
        report(result, argv[1], argv[3]);
    else
        complain(result);
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    if (fflush(stdout) != 0) {
        perror("link_number");
        return 1;
    }
    return code == SINCH_NUMBERS_OK ? 0 : 1;
}
