/* Reads five fields of each number of a page by JSON pointer: what a field costs is the difference of two runs.
 * Usage: reading list|values|numbers COUNT: `list` fetches a page of so many numbers, `values` reads them too, `numbers` goes
 * through them one by one with pages_next_number. Prints how many fields were read. */
#include "common.h"

static const char *const FIELDS[] = {
    "/phoneNumber", "/regionCode", "/type", "/smsConfiguration/servicePlanId", "/displayName",
};
enum { EACH = sizeof FIELDS / sizeof FIELDS[0] };

int main(int argc, char **argv)
{
    sinch_numbers_client *client = new_client("");
    sinch_numbers_result *result;
    char query[64];
    long fields = 0, count = argc == 3 ? atol(argv[2]) : 0, index;
    int field;

    CHECK(count > 0);
    snprintf(query, sizeof query, "{\"pageSize\": %ld}", count);
    if (strcmp(argv[1], "numbers") == 0) {
        sinch_numbers_pages *pages;

        CHECK(sinch_numbers_pages_new(client, query, &pages, NULL) == SINCH_NUMBERS_OK);
        while (sinch_numbers_pages_next_number(pages, NULL, &result) == SINCH_NUMBERS_OK) {
            for (field = 0; field < EACH; field++)
                fields += sinch_numbers_result_text(result, FIELDS[field]) != NULL;
            sinch_numbers_result_free(result);
        }
        sinch_numbers_pages_free(pages);
    } else {
        CHECK(sinch_numbers_active_list(client, query, NULL, &result) == SINCH_NUMBERS_OK);
        for (index = 0; strcmp(argv[1], "values") == 0 && index < count; index++) {
            for (field = 0; field < EACH; field++) {
                char pointer[96];

                snprintf(pointer, sizeof pointer, "/activeNumbers/%ld%s", index, FIELDS[field]);
                fields += sinch_numbers_result_text(result, pointer) != NULL;
            }
        }
    }
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    printf("%ld\n", fields);
    return fields == (strcmp(argv[1], "list") == 0 ? 0 : EACH * count) ? 0 : 1;
}
