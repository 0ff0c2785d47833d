/* The C library. Usage: ours get|text|threads|list|list-text|fields|fields-one-by-one|once|full|resumed URL COUNT [PAGE]; over
 * https the roots are those of CA_FILE. Everything that the library does for safety is on. */
#include "bench.h"
#include "sinch_numbers.h"

static const char *origin;
static long page;
static int decode = 1;
static sinch_numbers_client *client;

/* auth: "oauth2" fetches a token first. */
static sinch_numbers_client *new_client(const char *auth)
{
    char config[1024], roots[512] = "";
    sinch_numbers_client *made;
    sinch_numbers_result *result;

    if (strncmp(origin, "https", 5) == 0)
        snprintf(roots, sizeof roots, ",\"caFile\":\"%s\"", getenv("CA_FILE"));
    snprintf(config, sizeof config,
             "{\"projectId\":\"" PROJECT "\",\"keyId\":\"key\",\"keySecret\":\"secret\",\"auth\":\"%s\",\"baseUrl\":\"%s\","
             "\"authUrl\":\"%s\",\"allowHttp\":true%s}",
             auth, origin, origin, roots);
    if (sinch_numbers_client_new(config, NULL, NULL, &made, &result) != SINCH_NUMBERS_OK)
        fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
    CHECK(made != NULL);
    sinch_numbers_result_free(result);
    return made;
}

static void get(int timed)
{
    sinch_numbers_result *result;
    const char *text;
    size_t length;

    if (sinch_numbers_active_get(client, NUMBER, NULL, &result) != SINCH_NUMBERS_OK) {
        fprintf(stderr, "%s\n", sinch_numbers_result_message(result));
        exit(1);
    }
    text = sinch_numbers_result_json(result, &length);
    if (decode)
        get_of(text, length, timed);
    sinch_numbers_result_free(result);
}

/* With a client of its own: a new connection, a whole handshake. */
static void full(int timed)
{
    client = new_client("basic");
    get(timed);
    sinch_numbers_client_free(client);
}

static sinch_numbers_pages *new_pages(void)
{
    char query[64];
    sinch_numbers_pages *pages;

    snprintf(query, sizeof query, "{\"pageSize\":%ld}", page);
    CHECK(sinch_numbers_pages_new(client, query, &pages, NULL) == SINCH_NUMBERS_OK);
    return pages;
}

static void list(int timed)
{
    char next[256];
    sinch_numbers_pages *pages = new_pages();
    sinch_numbers_result *result;
    sinch_numbers_code code;

    while ((code = sinch_numbers_pages_next(pages, NULL, &result)) == SINCH_NUMBERS_OK) {
        size_t length;
        const char *text = sinch_numbers_result_json(result, &length);
        if (decode)
            page_of(text, length, next, timed);
        else
            numbers_seen += page;
        sinch_numbers_result_free(result);
    }
    CHECK(code == SINCH_NUMBERS_DONE);
    sinch_numbers_result_free(result);
    sinch_numbers_pages_free(pages);
}

/* Five fields of each number, page by page. */
static void fields(int timed)
{
    sinch_numbers_pages *pages = new_pages();
    sinch_numbers_result *result;
    sinch_numbers_code code;

    while ((code = sinch_numbers_pages_next(pages, NULL, &result)) == SINCH_NUMBERS_OK) {
        int64_t index, count = sinch_numbers_result_count(result, "/activeNumbers");

        for (index = 0; index < count; index++) {
            const char *found[FIELD_COUNT];
            int i;

            for (i = 0; i < FIELD_COUNT; i++) {
                char pointer[96];

                snprintf(pointer, sizeof pointer, "/activeNumbers/%lld%s", (long long)index, FIELDS[i]);
                found[i] = sinch_numbers_result_value(result, pointer);
            }
            fields_of(found, timed);
        }
        sinch_numbers_result_free(result);
    }
    CHECK(code == SINCH_NUMBERS_DONE);
    sinch_numbers_result_free(result);
    sinch_numbers_pages_free(pages);
}

/* The same, with a result for each number. */
static void fields_one_by_one(int timed)
{
    sinch_numbers_pages *pages = new_pages();
    sinch_numbers_result *result;
    sinch_numbers_code code;

    while ((code = sinch_numbers_pages_next_number(pages, NULL, &result)) == SINCH_NUMBERS_OK) {
        const char *found[FIELD_COUNT];
        int i;

        for (i = 0; i < FIELD_COUNT; i++)
            found[i] = sinch_numbers_result_value(result, FIELDS[i]);
        fields_of(found, timed);
        sinch_numbers_result_free(result);
    }
    CHECK(code == SINCH_NUMBERS_DONE);
    sinch_numbers_result_free(result);
    sinch_numbers_pages_free(pages);
}

static void *run(void *argument)
{
    long i;

    (void)argument;
    CHECK(sinch_numbers_active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);
    pthread_barrier_wait(&gate);
    for (i = 0; i < thread_count; i++) {
        sinch_numbers_result *result;
        CHECK(sinch_numbers_active_get(client, NUMBER, NULL, &result) == SINCH_NUMBERS_OK);
        sinch_numbers_result_free(result);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    long count = argc >= 4 ? atol(argv[3]) : 0;
    const char *work = argc >= 4 ? argv[1] : "";

    CHECK(count > 0);
    origin = argv[2];
    page = argc == 5 ? atol(argv[4]) : 0;
    if (strcmp(work, "full") == 0) {
        time_calls(count, full);
        return 0;
    }
    client = new_client(strcmp(work, "resumed") == 0 ? "basic" : "oauth2");
    decode = strcmp(work, "text") != 0 && strcmp(work, "list-text") != 0;
    if (strcmp(work, "once") == 0)
        get(1);
    else if (strcmp(work, "threads") == 0)
        time_threads(count, run);
    else if (strncmp(work, "list", 4) == 0)
        time_lists(count, list);
    else if (strcmp(work, "fields") == 0)
        time_lists(count, fields);
    else if (strcmp(work, "fields-one-by-one") == 0)
        time_lists(count, fields_one_by_one);
    else
        time_calls(count, get);
    sinch_numbers_client_free(client);
    return 0;
}
