/* Reads the first page of a fleet with the account of the environment. */
#include <stdio.h>
#include <string.h>

#include "sinch_numbers.h"

int main(void)
{
    sinch_numbers_client *client;
    sinch_numbers_result *result;
    const char *total;

    if (sinch_numbers_client_new(NULL, NULL, NULL, &client, &result) != SINCH_NUMBERS_OK) {
        fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
        return 1;
    }
    sinch_numbers_result_free(result);
    if (sinch_numbers_active_list(client, "{\"pageSize\": 2}", NULL, &result) != SINCH_NUMBERS_OK) {
        fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
        return 1;
    }
    total = sinch_numbers_result_value(result, "/totalSize");
    printf("%s of %s\n", sinch_numbers_result_value(result, "/activeNumbers/1/phoneNumber"), total);
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    return strcmp(sinch_numbers_version(), SINCH_NUMBERS_VERSION) != 0;
}
