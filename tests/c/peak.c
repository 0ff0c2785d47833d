/*
 * What one call costs in memory at its peak: makes a client of the configuration in CONFIG, reads a number, and prints by how
 * many kB the peak of the resident size has grown, the code, and the length of the JSON.
 */
#include "common.h"

static long peak(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;

    CHECK(status != NULL);
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld kB", &kb) == 1)
            break;
    fclose(status);
    CHECK(kb > 0);
    return kb;
}

int main(void)
{
    sinch_numbers_client *client;
    sinch_numbers_result *result;
    size_t length;
    long before;

    CHECK(sinch_numbers_client_new(getenv("CONFIG"), NULL, NULL, &client, NULL) == SINCH_NUMBERS_OK);
    before = peak();
    sinch_numbers_active_get(client, NUMBER, NULL, &result);
    sinch_numbers_result_json(result, &length);
    printf("%ld %d %lu\n", peak() - before, (int)sinch_numbers_result_code(result), (unsigned long)length);
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    return 0;
}
