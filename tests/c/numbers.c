/*
 * A list number by number: threads that share the iteration take turns, and each number is handed out once. What ends a call ends
 * it also where a number is at hand, which the next call hands out.
 */
#include "seen.h"

#define THREADS 8

static sinch_numbers_pages *pages;

static void *run(void *unused)
{
    for (;;) {
        sinch_numbers_result *result;
        sinch_numbers_code code = sinch_numbers_pages_next_number(pages, NULL, &result);
        const char *number = sinch_numbers_result_text(result, "/phoneNumber");

        if (code == SINCH_NUMBERS_DONE) {
            CHECK(number == NULL && strcmp(sinch_numbers_result_json(result, NULL), "{}") == 0);
            sinch_numbers_result_free(result);
            return unused;
        }
        CHECK(code == SINCH_NUMBERS_OK && number != NULL && sinch_numbers_result_http_status(result) == 200);
        see(number);
        sinch_numbers_result_free(result);
    }
}

/* An iteration hands out this number next. */
static void comes(sinch_numbers_pages *walk, const char *number)
{
    sinch_numbers_result *result;

    CHECK(sinch_numbers_pages_next_number(walk, NULL, &result) == SINCH_NUMBERS_OK);
    CHECK(strcmp(sinch_numbers_result_text(result, "/phoneNumber"), number) == 0);
    sinch_numbers_result_free(result);
}

static void ended_calls(sinch_numbers_client *client, const sinch_numbers_result *page)
{
    sinch_numbers_cancel *spent = sinch_numbers_cancel_new(), *late = sinch_numbers_cancel_new_after(0);
    sinch_numbers_pages *walk;
    sinch_numbers_result *result;

    sinch_numbers_cancel_trigger(spent);
    CHECK(sinch_numbers_pages_new(client, NULL, &walk, NULL) == SINCH_NUMBERS_OK);
    CHECK(sinch_numbers_pages_next_number(walk, spent, NULL) == SINCH_NUMBERS_E_CANCELLED);
    comes(walk, sinch_numbers_result_text(page, "/activeNumbers/0/phoneNumber"));
    CHECK(sinch_numbers_pages_next_number(walk, late, &result) == SINCH_NUMBERS_E_TIMEOUT);
    CHECK(strcmp(sinch_numbers_result_text(result, "/phase"), "start") == 0);
    CHECK(strcmp(sinch_numbers_result_text(result, "/operation"), "active_list") == 0);
    sinch_numbers_result_free(result);
    CHECK(sinch_numbers_pages_next_number(walk, spent, NULL) == SINCH_NUMBERS_E_CANCELLED);
    /* The other way through the list is refused, and does no harm. */
    CHECK(sinch_numbers_pages_next(walk, NULL, NULL) == SINCH_NUMBERS_E_MISUSE);
    comes(walk, sinch_numbers_result_text(page, "/activeNumbers/1/phoneNumber"));
    sinch_numbers_client_shutdown(client);
    CHECK(sinch_numbers_pages_next_number(walk, NULL, NULL) == SINCH_NUMBERS_E_CANCELLED);
    sinch_numbers_pages_free(walk);
    sinch_numbers_cancel_free(spent);
    sinch_numbers_cancel_free(late);
}

int main(void)
{
    sinch_numbers_client *client = new_client(""), *ended;
    sinch_numbers_result *page, *result;
    pthread_t threads[THREADS];
    int64_t i;

    CHECK(sinch_numbers_client_check(client, NULL, &result) == SINCH_NUMBERS_OK);
    CHECK(sinch_numbers_result_count(result, "/activeNumbers") == 1);
    CHECK(strcmp(sinch_numbers_result_text(result, "/totalSize"), "12") == 0);
    sinch_numbers_result_free(result);

    CHECK(sinch_numbers_pages_new(client, "{\"pageSize\": 5}", &pages, NULL) == SINCH_NUMBERS_OK);
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], run, NULL);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK(sinch_numbers_pages_next_number(pages, NULL, NULL) == SINCH_NUMBERS_DONE);
    sinch_numbers_pages_free(pages);

    CHECK(sinch_numbers_active_list(client, NULL, NULL, &page) == SINCH_NUMBERS_OK);
    CHECK(sinch_numbers_result_count(page, "/activeNumbers") == count);
    /* Each as it stands in its page; and the iteration keeps what it needs. */
    CHECK(sinch_numbers_pages_new(client, "{\"pageSize\": 5}", &pages, NULL) == SINCH_NUMBERS_OK);
    ended = new_client("");
    ended_calls(ended, page);
    sinch_numbers_client_free(ended);
    sinch_numbers_client_free(client);
    for (i = 0; i < count; i++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/activeNumbers/%d", (int)i);
        CHECK(sinch_numbers_pages_next_number(pages, NULL, &result) == SINCH_NUMBERS_OK);
        CHECK(strcmp(sinch_numbers_result_json(result, NULL), sinch_numbers_result_value(page, pointer)) == 0);
        CHECK(strcmp(sinch_numbers_result_value(result, ""), sinch_numbers_result_json(result, NULL)) == 0);
        sinch_numbers_result_free(result);
    }
    CHECK(sinch_numbers_pages_next_number(pages, NULL, NULL) == SINCH_NUMBERS_DONE);
    sinch_numbers_pages_free(pages);
    sinch_numbers_result_free(page);
    printf("%d numbers\n", count);
    return 0;
}
