/*
 * Lists the numbers of a project, page by page.
 *
 *     cc -std=c99 -o list_fleet list_fleet.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./list_fleet
 *     ./list_fleet '{"regionCode": "US", "pageSize": 100}'
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#include <stdio.h>
#include <string.h>

#include <sinch_numbers.h>

/* The text of a field of one number; NULL for nothing, which the service writes in four ways: absent, null, "" and {}. */
static const char *field(const sinch_numbers_result *page, unsigned long index, const char *name)
{
    char pointer[128];
    const char *text;

    snprintf(pointer, sizeof pointer, "/activeNumbers/%lu/%s", index, name);
    text = sinch_numbers_result_value(page, pointer);
    return text && *text && strcmp(text, "null") && strcmp(text, "{}") ? text : NULL;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

/* Prints the numbers of a page and returns how many there were. */
static unsigned long print_page(const sinch_numbers_result *page)
{
    unsigned long index;
    const char *number;

    for (index = 0; (number = field(page, index, "phoneNumber")) != NULL; index++) {
        const char *voice = field(page, index, "voiceConfiguration/appId");

        if (!voice)
            voice = field(page, index, "voiceConfiguration/trunkId");
        if (!voice)
            voice = field(page, index, "voiceConfiguration/serviceId");
        printf("%-16s %-3s %-10s sms: %-14s voice: %-14s %s\n", number, or_dash(field(page, index, "regionCode")),
               or_dash(field(page, index, "type")), or_dash(field(page, index, "smsConfiguration/servicePlanId")),
               or_dash(voice), or_dash(field(page, index, "displayName")));
    }
    return index;
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
        code = sinch_numbers_pages_next(pages, NULL, &result);
        if (code == SINCH_NUMBERS_OK)
            count += print_page(result); /* Pages in the middle may be empty: only DONE is the end. */
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
