/*
 * Makes calls with texts that hold any byte. A line on stdin: "config", with a configuration, which makes a client in place of
 * the one before; or an operation, with number and JSON. Texts are in hexadecimal with spaces between them; "-" is NULL. For each
 * line it prints one with code, HTTP status and length, and the JSON.
 */
#include "common.h"
#include "operations.h"

static int nibble(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Turns the next text of a line into bytes, in its own place. */
static const char *next(char **line)
{
    char *text = *line;
    size_t length = strcspn(text, " \n"), i;

    *line = text[length] == '\0' ? text + length : text + length + 1;
    text[length] = '\0';
    if (strcmp(text, "-") == 0)
        return NULL;
    CHECK(length % 2 == 0);
    for (i = 0; i < length / 2; i++)
        text[i] = (char)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    text[length / 2] = '\0';
    return text;
}

int main(void)
{
    sinch_numbers_client *client = NULL;
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        sinch_numbers_result *result = NULL;
        sinch_numbers_code code = SINCH_NUMBERS_E_INTERNAL;
        size_t name = strcspn(line, " \n"), length, i;
        char *rest = line + name + 1;
        const char *first = next(&rest), *second = next(&rest), *json;

        line[name] = '\0';
        if (strcmp(line, "config") == 0) {
            sinch_numbers_client_free(client);
            code = sinch_numbers_client_new(first, NULL, NULL, &client, &result);
        }
        for (i = 0; i < sizeof operations / sizeof *operations; i++) {
            if (strcmp(line, operations[i].name) != 0)
                continue;
            if (operations[i].body)
                code = operations[i].body(client, first, second, NULL, &result);
            else
                code = operations[i].text(client, first, NULL, &result);
        }
        CHECK(result != NULL && code == sinch_numbers_result_code(result));
        json = sinch_numbers_result_json(result, &length);
        CHECK(strlen(json) == length);
        printf("%d %d %zu\n%s\n", (int)code, (int)sinch_numbers_result_http_status(result), length, json);
        sinch_numbers_result_free(result);
    }
    sinch_numbers_client_free(client);
    free(line);
    return 0;
}
