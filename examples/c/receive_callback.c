/*
 * Takes a callback that a web server received: its signature as an argument, its body on standard input.
 *
 *     cc -std=c99 -o receive_callback receive_callback.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./receive_callback "$HTTP_X_SINCH_SIGNATURE" <body        as a CGI program would
 *
 * The secret comes from the environment: SINCH_CALLBACK_SECRET, and while it is replaced SINCH_CALLBACK_SECRET_OLD.
 * Exits with 0 if the event is genuine, with 1 if not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sinch_numbers.h>

/* The secrets as a JSON array; 0 if they do not fit. */
static int list_secrets(char *list, size_t size)
{
    static const char *const names[] = {"SINCH_CALLBACK_SECRET", "SINCH_CALLBACK_SECRET_OLD"};
    size_t used = 1, i;

    list[0] = '[';
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *secret = getenv(names[i]);

        if (!secret || !*secret)
            continue;
        if (used > 1)
            list[used++] = ',';
        used += sinch_numbers_json_escape(secret, list + used, size - used);
        if (used + 3 > size)
            return 0;
    }
    strcpy(list + used, "]");
    return 1;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

int main(int argc, char **argv)
{
    /* One byte more than is allowed, so that a longer body is noticed. */
    static char body[1024 * 1024 + 1];
    char secrets[4096];
    sinch_numbers_result *event;
    sinch_numbers_code code;
    const char *failure;
    size_t length;

    if (argc != 2 || !list_secrets(secrets, sizeof secrets)) {
        fprintf(stderr, "usage: receive_callback SIGNATURE <body\n");
        return 2;
    }
    length = fread(body, 1, sizeof body, stdin);
    if (ferror(stdin)) {
        perror("receive_callback");
        return 1;
    }
    code = sinch_numbers_callback_verify(secrets, argv[1], body, length, &event);
    if (code != SINCH_NUMBERS_OK) {
        /* Respond with 401 to E_AUTH. It says neither what was signed nor with what. */
        fprintf(stderr, "receive_callback: %s\n", sinch_numbers_result_message(event));
        sinch_numbers_result_free(event);
        return 1;
    }
    /* Respond with 200 now. An event is only a hint to read the number: sinch_numbers_active_get returns its state. */
    printf("%s: %s %s\n", or_dash(sinch_numbers_result_text(event, "/resourceId")),
           or_dash(sinch_numbers_result_text(event, "/eventType")), or_dash(sinch_numbers_result_text(event, "/status")));
    failure = sinch_numbers_result_text(event, "/failureCode");
    if (failure)
        printf("%s\n", sinch_numbers_explain(failure));
    sinch_numbers_result_free(event);
    return 0;
}
