/*
 * Lists the numbers of a project.
 *
 *     cc -std=c99 -o list_fleet list_fleet.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./list_fleet
 *     ./list_fleet '{"regionCode": "US", "pageSize": 100}'
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#include <stdio.h>

#include <sinch_numbers.h>

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static void print_number(const sinch_numbers_result *number)
{
    const char *voice = sinch_numbers_result_text(number, "/voiceConfiguration/appId");

    if (!voice)
        voice = sinch_numbers_result_text(number, "/voiceConfiguration/trunkId");
    if (!voice)
        voice = sinch_numbers_result_text(number, "/voiceConfiguration/serviceId");
    printf("%-16s %-3s %-10s sms: %-14s voice: %-14s %s\n",
           or_dash(sinch_numbers_result_text(number, "/phoneNumber")),
           or_dash(sinch_numbers_result_text(number, "/regionCode")),
           or_dash(sinch_numbers_result_text(number, "/type")),
           or_dash(sinch_numbers_result_text(number, "/smsConfiguration/servicePlanId")), or_dash(voice),
           or_dash(sinch_numbers_result_text(number, "/displayName")));
}

int main(int argc, char **argv)
{
    sinch_numbers_client *client = NULL;
    sinch_numbers_pages *pages = NULL;
    sinch_numbers_result *result = NULL;
    sinch_numbers_code code;
    unsigned long count = 0;

    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: list_fleet [QUERY]\nQUERY is a JSON object, as in '{\"regionCode\": \"US\"}'\n");
        return 2;
    }
    code = sinch_numbers_client_new(NULL, NULL, NULL, &client, &result);
    if (code == SINCH_NUMBERS_OK) {
        sinch_numbers_result_free(result);
        code = sinch_numbers_pages_new(client, argc > 1 ? argv[1] : NULL, &pages, &result);
    }
    while (code == SINCH_NUMBERS_OK) {
        sinch_numbers_result_free(result);
        code = sinch_numbers_pages_next_number(pages, NULL, &result);
        if (code == SINCH_NUMBERS_OK) {
            print_number(result);
            count++;
        }
    }
    if (code != SINCH_NUMBERS_DONE)
        fprintf(stderr, "list_fleet: %s\n", sinch_numbers_result_message(result));
    sinch_numbers_result_free(result);
    sinch_numbers_pages_free(pages);
    sinch_numbers_client_free(client);
    if (code != SINCH_NUMBERS_DONE)
        return 1;
    printf("%lu numbers\n", count);
    if (fflush(stdout) != 0) {
        perror("list_fleet");
        return 1;
    }
    return 0;
}
