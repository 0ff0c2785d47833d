/*
 * Verifies callbacks. A line on stdin: signature, body and secrets in hexadecimal, with spaces between them; "-" is NULL, and "."
 * is an empty text. For each line it prints one with code, HTTP status and length, and the JSON.
 */
#include "common.h"

static int nibble(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Turns the next word of a line into bytes, in its own place, and a NUL behind them. */
static char *next(char **line, size_t *length)
{
    char *text = *line;
    size_t digits = strcspn(text, " \n"), i;

    *line = text[digits] == '\0' ? text + digits : text + digits + 1;
    *length = digits / 2;
    if (digits == 1)
        return text[0] == '-' ? NULL : (text[0] = '\0', text);
    for (i = 0; i < *length; i++)
        text[i] = (char)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    text[*length] = '\0';
    return text;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        char secrets[8192] = "[", *rest = line;
        size_t used = 1, length, written;
        const char *signature = next(&rest, &written), *body = next(&rest, &length), *json;
        sinch_numbers_result *result = NULL;
        sinch_numbers_code code;

        while (*rest != '\0') {
            const char *secret = next(&rest, &written);
            if (used > 1)
                secrets[used++] = ',';
            used += sinch_numbers_json_escape(secret, secrets + used, sizeof secrets - used);
            CHECK(used + 2 < sizeof secrets);
        }
        strcpy(secrets + used, "]");
        code = sinch_numbers_callback_verify(secrets, signature, body, length, &result);
        CHECK(result != NULL && code == sinch_numbers_result_code(result));
        CHECK(code == sinch_numbers_callback_verify(secrets, signature, body, length, NULL));
        json = sinch_numbers_result_json(result, &written);
        CHECK(strlen(json) == written);
        printf("%d %d %zu\n%s\n", (int)code, (int)sinch_numbers_result_http_status(result), written, json);
        sinch_numbers_result_free(result);
    }
    free(line);
    return 0;
}
