/* Reads a number COUNT times, as text only, on one client: what a warm call costs is the difference of two runs.
 * Usage: costs COUNT; prints the length of a response. */
#include "common.h"

int main(int argc, char **argv)
{
    long count = argc == 2 ? atol(argv[1]) : 0, call;
    size_t length = 0;
    sinch_numbers_client *client = new_client("");

    CHECK(count > 0);
    for (call = 0; call < count; call++) {
        sinch_numbers_result *result;
        sinch_numbers_code code = sinch_numbers_active_get(client, NUMBER, NULL, &result);
        if (code != SINCH_NUMBERS_OK) {
            fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
            return 1;
        }
        CHECK(strstr(sinch_numbers_result_json(result, &length), NUMBER) != NULL);
        sinch_numbers_result_free(result);
    }
    sinch_numbers_client_free(client);
    printf("%zu\n", length);
    return 0;
}
