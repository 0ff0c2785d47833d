/* Whole calls on a stack of 64 KiB, those that wait among them. Usage: stack CA_FILE; the base URL is https. */
#include "common.h"

#define LINKABLE "+12025550117"
#define PLACE(street)                                                                                          \
    "{\"displayName\": \"Office\", \"address\": {\"streetNumber\": \"3500\", \"streetInfo\": \"" street "\", "        \
    "\"city\": \"Atlanta\", \"state\": \"GA\", \"postalCode\": \"30326\"}, \"timeoutMs\": 600000}"

static const char *ca_file;

static void *run(void *unused)
{
    char more[512];
    sinch_numbers_client *client;
    sinch_numbers_cancel *cancel = sinch_numbers_cancel_new();
    sinch_numbers_result *result;
    int i;

    snprintf(more, sizeof more, ", \"caFile\": \"%s\"", ca_file);
    client = new_client(more);
    CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
    CHECK(sinch_numbers_active_update(client, NUMBER, "{\"displayName\": \"desk\"}", cancel, &result) == SINCH_NUMBERS_OK);
    CHECK(strcmp(sinch_numbers_result_value(result, "/phoneNumber"), NUMBER) == 0);
    sinch_numbers_result_free(result);
    for (i = 0; i < 2; i++) {
        static const char *const targets[] = {"{\"smsConfiguration\": {\"servicePlanId\": \"plan-a\"}}",
                                              "{\"smsConfiguration\": {\"servicePlanId\": \"plan-b\"}}"};
        static const char *const places[] = {PLACE("Lenox Rd NE"), PLACE("Peachtree St NE")};

        CHECK(sinch_numbers_active_relink(client, LINKABLE, targets[i], cancel, &result) == SINCH_NUMBERS_OK);
        CHECK(strcmp(sinch_numbers_result_text(result, "/steps/0/outcome"), "done") == 0);
        sinch_numbers_result_free(result);
        CHECK(sinch_numbers_emergency_address_ensure(client, LINKABLE, places[i], cancel, &result) == SINCH_NUMBERS_OK);
        CHECK(strcmp(sinch_numbers_result_text(result, "/changed"), "true") == 0);
        sinch_numbers_result_free(result);
    }
    /* A job that does not end. */
    CHECK(sinch_numbers_active_wait(client, NUMBER, "{\"timeoutMs\": 1000}", cancel, &result) == SINCH_NUMBERS_E_TIMEOUT);
    sinch_numbers_result_free(result);
    CHECK(sinch_numbers_active_get(client, "+0", NULL, &result) == SINCH_NUMBERS_E_INPUT);
    sinch_numbers_result_free(result);
    CHECK(sinch_numbers_callback_verify("[\"callback-secret\"]", "0000000000000000000000000000000000000000", "{}", 2, &result) ==
          SINCH_NUMBERS_E_AUTH);
    CHECK(sinch_numbers_explain(sinch_numbers_result_value(result, "/status")) != NULL);
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    sinch_numbers_cancel_free(cancel);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int i;

    CHECK(argc == 2);
    ca_file = argv[1];
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 64 * 1024) == 0);
    for (i = 0; i < 3; i++) {
        CHECK(pthread_create(&thread, &attributes, run, NULL) == 0);
        join(thread);
    }
    puts("64 KiB are enough");
    return 0;
}
