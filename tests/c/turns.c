/* Threads that share pages take turns: each number of the fleet is handed out once, and each thread hears of the end. */
#include "seen.h"

#define THREADS 8

static sinch_numbers_pages *pages;

static void *run(void *unused)
{
    for (;;) {
        sinch_numbers_result *result;
        sinch_numbers_code code = sinch_numbers_pages_next(pages, NULL, &result);
        const char *number = sinch_numbers_result_value(result, "/activeNumbers/0/phoneNumber");

        if (code == SINCH_NUMBERS_DONE) {
            CHECK(number == NULL && strcmp(sinch_numbers_result_json(result, NULL), "{}") == 0);
            sinch_numbers_result_free(result);
            return unused;
        }
        CHECK(code == SINCH_NUMBERS_OK && number != NULL);
        see(number);
        sinch_numbers_result_free(result);
    }
}

int main(void)
{
    sinch_numbers_client *client = new_client("");
    pthread_t threads[THREADS];
    int i;

    CHECK(sinch_numbers_pages_new(client, "{\"pageSize\": 1}", &pages, NULL) == SINCH_NUMBERS_OK);
    /* The pages keep what they need. */
    sinch_numbers_client_free(client);
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], run, NULL);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK(sinch_numbers_pages_next(pages, NULL, NULL) == SINCH_NUMBERS_DONE);
    sinch_numbers_pages_free(pages);
    printf("%d numbers\n", count);
    return 0;
}
