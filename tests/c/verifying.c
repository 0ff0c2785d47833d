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

static const struct {
    const char *name;
    int secrets, fits; /* how many, and which of them is the right one; -1 for none */
    int wrong;         /* which digit of the signature is wrong; -1 for none */
    char digit;        /* what stands there: of the same kind, letter or digit */
} cases[] = {
    {"right", 1, 0, -1, 0},
    {"first-of-8", 8, 0, -1, 0},
    {"fourth-of-8", 8, 3, -1, 0},
    {"last-of-8", 8, 7, -1, 0},
    {"none-of-8", 8, -1, -1, 0},
    {"none", 1, -1, -1, 0},
    {"wrong-digit-0", 1, 0, 0, 'a'},
    {"wrong-digit-1", 1, 0, 1, '8'},
    {"wrong-digit-20", 1, 0, 20, 'a'},
    {"wrong-digit-38", 1, 0, 38, '4'},
    {"wrong-digit-39", 1, 0, 39, 'a'},
    {"malformed", 1, 0, 39, 'g'},
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
        code = sinch_numbers_callback_verify(secrets, signature, VOICE, strlen(VOICE), &result);
        sinch_numbers_result_free(result);
        puts(sinch_numbers_code_name(code));
        return 0;
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
