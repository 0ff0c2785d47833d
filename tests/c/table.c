/*
 * Makes the calls of tests/it/support/drivers.rs with the configuration of the variable CONFIG, or with the account of the environment.
 * A call is a line on stdin: operation, number and JSON, with tabs between them; an empty one is NULL. A fourth field has it
 * ended by a token: "before" it begins, or "during" what it waits for. The operations, what waits, and client_check, pages_new (with a query), pages_next and pages_next_number of the pages that were made last. For each it prints a line
 * with code, HTTP status and length, and the JSON; with the variable LOG, a line of the client's log goes to stderr as level and
 * text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operations.h"

typedef sinch_numbers_code (*next)(sinch_numbers_pages *, const sinch_numbers_cancel *, sinch_numbers_result **);

static sinch_numbers_pages *pages;

/* Makes a call that is no operation; E_INTERNAL if there is none of that name. */
static sinch_numbers_code other(const sinch_numbers_client *client, const char *name, const char *json,
                                sinch_numbers_result **result)
{
    next step = strcmp(name, "pages_next") == 0 ? sinch_numbers_pages_next : NULL;

    if (strcmp(name, "client_check") == 0)
        return sinch_numbers_client_check(client, NULL, result);
    if (strcmp(name, "pages_new") == 0) {
        sinch_numbers_pages_free(pages);
        return sinch_numbers_pages_new(client, json, &pages, result);
    }
    if (strcmp(name, "pages_next_number") == 0)
        step = sinch_numbers_pages_next_number;
    return step ? step(pages, NULL, result) : SINCH_NUMBERS_E_INTERNAL;
}

static void log_line(void *userdata, int32_t level, const char *message)
{
    (void)userdata;
    fprintf(stderr, "%d %s\n", (int)level, message);
}

/* Has a call ended when it has been asked for a while. */
static int32_t ask(void *userdata)
{
    return ++*(int *)userdata >= 40;
}

static sinch_numbers_cancel *token_of(const char *word, int *asked)
{
    sinch_numbers_cancel *token = NULL;

    *asked = 0;
    if (word && strcmp(word, "before") == 0) {
        token = sinch_numbers_cancel_new();
        sinch_numbers_cancel_trigger(token);
    } else if (word) {
        token = sinch_numbers_cancel_new_polled(ask, asked, 5);
    }
    return token;
}

/* Cuts a field off the line; NULL for an empty one. */
static const char *field(char **line)
{
    char *begin = *line;
    size_t length = strcspn(begin, "\t\n");
    *line = begin[length] ? begin + length + 1 : begin + length;
    begin[length] = '\0';
    return length ? begin : NULL;
}

int main(void)
{
    static char line[65536];
    sinch_numbers_client *client;
    sinch_numbers_result *made;
    sinch_numbers_log_fn log = getenv("LOG") ? log_line : NULL;

    if (sinch_numbers_client_new(getenv("CONFIG"), log, NULL, &client, &made) != SINCH_NUMBERS_OK) {
        fprintf(stderr, "no client: %s\n", sinch_numbers_result_json(made, NULL));
        return 1;
    }
    sinch_numbers_result_free(made);
    while (fgets(line, sizeof line, stdin)) {
        sinch_numbers_result *result = NULL;
        sinch_numbers_code code = SINCH_NUMBERS_E_INTERNAL;
        char *rest = line;
        const char *operation = field(&rest);
        const char *number = field(&rest);
        const char *json = field(&rest);
        int asked;
        sinch_numbers_cancel *token = token_of(field(&rest), &asked);
        const char *text;
        size_t length, i;

        if (operation)
            code = other(client, operation, json, &result);
        for (i = 0; operation && i < sizeof operations / sizeof *operations; i++) {
            if (strcmp(operations[i].name, operation) != 0)
                continue;
            if (operations[i].body)
                code = operations[i].body(client, number, json, token, &result);
            else
                code = operations[i].text(client, number ? number : json, NULL, &result);
        }
        if (!result || code != sinch_numbers_result_code(result)) {
            fprintf(stderr, "%s: no result\n", operation ? operation : "(none)");
            return 1;
        }
        text = sinch_numbers_result_json(result, &length);
        if (text[length] != '\0') {
            fputs("the JSON does not end where it says\n", stderr);
            return 1;
        }
        sinch_numbers_cancel_free(token);
        printf("%d %d %lu\n", (int)code, (int)sinch_numbers_result_http_status(result), (unsigned long)length);
        fwrite(text, 1, length, stdout);
        putchar('\n');
        sinch_numbers_result_free(result);
    }
    sinch_numbers_pages_free(pages);
    sinch_numbers_client_free(client);
    return 0;
}
