/* Reading a list without a JSON library, on several threads at once. */
#include "common.h"

static sinch_numbers_result *result;

static void *walk(void *unused)
{
    int i;

    for (i = 0;; i++) {
        char pointer[64];
        const char *number, *again, *whole;

        snprintf(pointer, sizeof pointer, "/activeNumbers/%d/phoneNumber", i);
        number = sinch_numbers_result_value(result, pointer);
        again = sinch_numbers_result_value(result, pointer);
        CHECK(number == again);
        snprintf(pointer, sizeof pointer, "/activeNumbers/%d", i);
        whole = sinch_numbers_result_value(result, pointer);
        if (number == NULL) {
            CHECK(whole == NULL && i == 12);
            return unused;
        }
        CHECK(number[0] == '+' && whole[0] == '{' && strstr(whole, number) != NULL);
        snprintf(pointer, sizeof pointer, "/activeNumbers/%d/phoneNumber", i);
        CHECK(sinch_numbers_result_text(result, pointer) == number);
        snprintf(pointer, sizeof pointer, "/activeNumbers/%d/capability", i);
        CHECK(sinch_numbers_result_count(result, pointer) >= 1);
        snprintf(pointer, sizeof pointer, "/activeNumbers/%d/capability/0", i);
        CHECK(strcmp(sinch_numbers_result_value(result, pointer), "SMS") == 0 ||
              strcmp(sinch_numbers_result_value(result, pointer), "VOICE") == 0);
        snprintf(pointer, sizeof pointer, "/activeNumbers/%d/nope", i);
        CHECK(sinch_numbers_result_value(result, pointer) == NULL);
        snprintf(pointer, sizeof pointer, "/activeNumbers/0%d", i);
        CHECK(sinch_numbers_result_value(result, pointer) == NULL);
    }
}

/* Texts as JSON strings: whole, cut off, and those that are none. */
static void escape(sinch_numbers_client *client)
{
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "\"\""},
        {"desk", "\"desk\""},
        {"a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\""},
        {"\n\r\t\x01\x1f\x7f", "\"\\n\\r\\t\\u0001\\u001f\x7f\""},
        {"d\xc3\xa9sk", "\"d\xc3\xa9sk\""},
        {"\xff", "\"\xff\""},
        {NULL, "null"}
    };
    sinch_numbers_result *refused;
    char buffer[64], body[128];
    size_t row, size;

    for (row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const size_t whole = strlen(rows[row].json);

        CHECK(sinch_numbers_json_escape(rows[row].text, NULL, 0) == whole);
        CHECK(sinch_numbers_json_escape(rows[row].text, NULL, 64) == whole);
        for (size = 0; size < whole + 3; size++) {
            const size_t fits = size == 0 ? 0 : size <= whole ? size - 1 : whole;

            memset(buffer, 'x', sizeof buffer);
            CHECK(sinch_numbers_json_escape(rows[row].text, buffer, size) == whole);
            CHECK(memcmp(buffer, rows[row].json, fits) == 0);
            CHECK(size == 0 || buffer[fits] == '\0');
            CHECK(buffer[size] == 'x');
        }
    }
    /* In its own place. */
    strcpy(buffer, "\"");
    CHECK(sinch_numbers_json_escape(buffer, buffer, sizeof buffer) == 4 && strcmp(buffer, "\"\\\"\"") == 0);

    /* What is no text is refused where it is used, and nothing is sent. */
    for (row = sizeof rows / sizeof rows[0] - 2; row < sizeof rows / sizeof rows[0]; row++) {
        sinch_numbers_json_escape(rows[row].text, buffer, sizeof buffer);
        snprintf(body, sizeof body, "{\"smsConfiguration\": {\"servicePlanId\": %s}}", buffer);
        CHECK(sinch_numbers_active_update(client, NUMBER, body, NULL, &refused) == SINCH_NUMBERS_E_INPUT);
        CHECK(strcmp(sinch_numbers_result_text(refused, "/attempts"), "0") == 0);
        sinch_numbers_result_free(refused);
    }
}

int main(void)
{
    sinch_numbers_client *client = new_client("");
    sinch_numbers_result *failure;
    pthread_t threads[8];
    const char *json;
    size_t length = 0;
    int i;

    CHECK(sinch_numbers_active_list(client, NULL, NULL, &result) == SINCH_NUMBERS_OK);
    for (i = 0; i < 8; i++)
        spawn(&threads[i], walk, NULL);
    for (i = 0; i < 8; i++)
        join(threads[i]);
    json = sinch_numbers_result_json(result, &length);
    CHECK(strlen(json) == length && json[0] == '{' && json[length - 1] == '}');
    CHECK(json == sinch_numbers_result_json(result, NULL));
    CHECK(strcmp(sinch_numbers_result_value(result, "/totalSize"), "12") == 0);
    CHECK(sinch_numbers_result_value(result, "/activeNumbers")[0] == '[');
    CHECK(strcmp(sinch_numbers_result_value(result, ""), json) == 0);
    CHECK(sinch_numbers_result_value(result, NULL) == NULL);
    CHECK(sinch_numbers_result_value(NULL, "/totalSize") == NULL);
    CHECK(sinch_numbers_result_text(result, NULL) == NULL && sinch_numbers_result_text(NULL, "/totalSize") == NULL);
    CHECK(sinch_numbers_result_count(result, NULL) == -1 && sinch_numbers_result_count(NULL, "") == -1);
    CHECK(sinch_numbers_result_count(result, "/activeNumbers") == 12 && sinch_numbers_result_count(result, "") == 3);
    CHECK(sinch_numbers_result_count(result, "/totalSize") == -1 && sinch_numbers_result_count(result, "/x") == -1);
    escape(client);
    CHECK(sinch_numbers_result_http_status(result) == 200);
    CHECK(strcmp(sinch_numbers_result_message(result), "") == 0);

    /* A failure's document is read in the same way. */
    CHECK(sinch_numbers_active_get(client, "+12025550999", NULL, &failure) == SINCH_NUMBERS_E_API);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/code"), "E_API") == 0);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/httpStatus"), "404") == 0);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/operation"), "active_get") == 0);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/phoneNumber"), "+12025550999") == 0);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/message"), sinch_numbers_result_message(failure)) == 0);
    CHECK(strcmp(sinch_numbers_result_value(failure, "/field"), "null") == 0);
    CHECK(sinch_numbers_result_text(failure, "/field") == NULL);
    CHECK(sinch_numbers_result_count(failure, "/fieldViolations") == 0);
    CHECK(sinch_numbers_result_http_status(failure) == 404 && sinch_numbers_result_retry_after_ms(failure) == -1);

    /* Results outlive their client. */
    sinch_numbers_client_free(client);
    CHECK(strcmp(sinch_numbers_result_value(result, "/totalSize"), "12") == 0);
    sinch_numbers_result_free(failure);
    sinch_numbers_result_free(result);
    puts("read");
    return 0;
}
