/* Verifies a callback in one of several ways, so that the instructions of each can be counted.
 * Usage: verifying CASE; prints the name of the code. */
#include "common.h"

#define VOICE                                                                                                            \
    "{\"eventId\":\"01hpa0mww4m79q8j2dwn3ggbgz\",\"timestamp\":\"2024-02-10T17:22:09.412722588\","                       \
    "\"projectId\":\"37b62a7b-0177-abcd-efgh-e10f848de123\",\"resourceId\":\"+17818510001\","                            \
    "\"resourceType\":\"ACTIVE_NUMBER\",\"eventType\":\"DEPROVISIONING_FROM_VOICE_PLATFORM\","                           \
    "\"status\":\"SUCCEEDED\",\"failureCode\":null}"
/* Of the body, with the secret "my-callback-secret". */
#define GOOD "b93021e0182c2772dbcdf4e8983ae8f409e78c3b"

/* A byte more than is taken. */
static char too_long[1024 * 1024 + 1];

static const struct {
    const char *name;
    int secrets, fits; /* how many, and which of them is the right one; -1 for none */
    int wrong;         /* which digit of the signature is wrong; -1 for none */
    char digit;        /* what stands there: of the same kind, letter or digit */
    const char *body;  /* another one, with this secret's signature; NULL for none */
    const char *signature;
    size_t length;
} cases[] = {
    {"right", 1, 0, -1, 0, NULL, NULL, 0},
    {"first-of-8", 8, 0, -1, 0, NULL, NULL, 0},
    {"fourth-of-8", 8, 3, -1, 0, NULL, NULL, 0},
    {"last-of-8", 8, 7, -1, 0, NULL, NULL, 0},
    {"none-of-8", 8, -1, -1, 0, NULL, NULL, 0},
    {"none", 1, -1, -1, 0, NULL, NULL, 0},
    {"wrong-digit-0", 1, 0, 0, 'a', NULL, NULL, 0},
    {"wrong-digit-1", 1, 0, 1, '8', NULL, NULL, 0},
    {"wrong-digit-20", 1, 0, 20, 'a', NULL, NULL, 0},
    {"wrong-digit-38", 1, 0, 38, '4', NULL, NULL, 0},
    {"wrong-digit-39", 1, 0, 39, 'a', NULL, NULL, 0},
    {"malformed", 1, 0, 39, 'g', NULL, NULL, 0},
    {"not-json", 1, 0, -1, 0, "x", "6b186cdab6c6ee3cb5fbfc999b9c3d9474391089", 1},
    {"too-long", 1, 0, -1, 0, too_long, GOOD, sizeof too_long},
};

int main(int argc, char **argv)
{
    char secrets[512] = "[", signature[] = GOOD;
    size_t i;
    int n;

    CHECK(argc == 2);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        sinch_numbers_result *result;
        sinch_numbers_code code;

        if (strcmp(cases[i].name, argv[1]) != 0)
            continue;
        for (n = 0; n < cases[i].secrets; n++) {
            strcat(secrets, n == 0 ? "\"" : ",\"");
            strcat(secrets, n == cases[i].fits ? "my-callback-secret" : "my-callback-secreT");
            strcat(secrets, "\"");
        }
        strcat(secrets, "]");
        if (cases[i].wrong >= 0)
            signature[cases[i].wrong] = cases[i].digit;
        if (cases[i].body != NULL)
            code = sinch_numbers_callback_verify(secrets, cases[i].signature, cases[i].body, cases[i].length, &result);
        else
            code = sinch_numbers_callback_verify(secrets, signature, VOICE, strlen(VOICE), &result);
        CHECK(code == sinch_numbers_result_code(result));
        if (code != SINCH_NUMBERS_OK)
            CHECK(strstr(sinch_numbers_result_json(result, NULL), "callback-secre") == NULL);
        sinch_numbers_result_free(result);
        puts(sinch_numbers_code_name(code));
        return 0;
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
