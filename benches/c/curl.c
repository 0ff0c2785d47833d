/* libcurl's easy interface, used as its documentation advises: one handle that is kept, a buffer that grows.
 * Usage: curl get|text|threads|list|fields|once|full|resumed URL COUNT [PAGE], or curl version; over https the roots are those
 * of CA_FILE. */
#include <curl/curl.h>

#include "bench.h"

struct caller {
    CURL *curl;
    struct curl_slist *headers;
    char *text;
    size_t length, size;
};

static const char *origin;
static long page;
static int decode = 1;
/* Whether a list is read five fields a number. */
static int five;
static struct caller own;

static size_t take(char *data, size_t one, size_t count, void *argument)
{
    struct caller *caller = argument;

    while (caller->length + count + 1 > caller->size) {
        caller->size = caller->size == 0 ? 16384 : caller->size * 2;
        caller->text = realloc(caller->text, caller->size);
        CHECK(caller->text != NULL);
    }
    memcpy(caller->text + caller->length, data, count);
    caller->length += count;
    caller->text[caller->length] = '\0';
    return one * count;
}

static struct caller new_caller(const char *token)
{
    char header[1024];
    struct caller caller = {curl_easy_init(), NULL, NULL, 0, 0};

    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    caller.headers = curl_slist_append(curl_slist_append(NULL, "Accept: application/json"), header);
    CHECK(caller.curl != NULL && caller.headers != NULL);
    curl_easy_setopt(caller.curl, CURLOPT_HTTPHEADER, caller.headers);
    curl_easy_setopt(caller.curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(caller.curl, CURLOPT_TIMEOUT_MS, 30000L);
    curl_easy_setopt(caller.curl, CURLOPT_CONNECTTIMEOUT_MS, 3100L);
    curl_easy_setopt(caller.curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(caller.curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(caller.curl, CURLOPT_NOPROXY, "*");
    if (getenv("CA_FILE") != NULL)
        curl_easy_setopt(caller.curl, CURLOPT_CAINFO, getenv("CA_FILE"));
    return caller;
}

static void end_caller(struct caller *caller)
{
    curl_easy_cleanup(caller->curl);
    curl_slist_free_all(caller->headers);
    free(caller->text);
}

static void fetch(struct caller *caller, const char *url)
{
    long status = 0;
    CURLcode code;

    caller->length = 0;
    curl_easy_setopt(caller->curl, CURLOPT_URL, url);
    curl_easy_setopt(caller->curl, CURLOPT_WRITEDATA, caller);
    code = curl_easy_perform(caller->curl);
    if (code != CURLE_OK)
        fprintf(stderr, "%s\n", curl_easy_strerror(code));
    CHECK(code == CURLE_OK);
    curl_easy_getinfo(caller->curl, CURLINFO_RESPONSE_CODE, &status);
    CHECK(status == 200);
}

static void url_of_number(char url[512])
{
    snprintf(url, 512, "%s/v1/projects/" PROJECT "/activeNumbers/%s", origin, NUMBER);
}

static void get(int timed)
{
    char url[512];

    url_of_number(url);
    fetch(&own, url);
    if (decode)
        get_of(own.text, own.length, timed);
}

/* With a handle of its own: a new connection, a whole handshake. */
static void full(int timed)
{
    own = new_caller("fixed");
    get(timed);
    end_caller(&own);
}

/* Reads five fields of each number of a page, and the token of the next one. */
static void page_fields(const char *text, size_t length, char next[256], int timed)
{
    yyjson_doc *json = yyjson_read(text, length, 0);
    yyjson_val *root = yyjson_doc_get_root(json), *item;
    const char *token = TEXT(root, "nextPageToken");
    size_t index, max;

    CHECK(json != NULL);
    yyjson_arr_foreach(yyjson_obj_get(root, "activeNumbers"), index, max, item)
    {
        const char *const found[FIELD_COUNT] = {
            TEXT(item, "phoneNumber"),
            TEXT(item, "displayName"),
            TEXT(item, "regionCode"),
            TEXT(yyjson_obj_get(item, "smsConfiguration"), "servicePlanId"),
            TEXT(yyjson_obj_get(item, "voiceConfiguration"), "appId"),
        };
        fields_of(found, timed);
    }
    snprintf(next, 256, "%s", token == NULL ? "" : token);
    yyjson_doc_free(json);
}

static void list(int timed)
{
    char url[1024], next[256] = "";

    do {
        snprintf(url, sizeof url, "%s/v1/projects/" PROJECT "/activeNumbers?pageSize=%ld%s%s", origin, page,
                 *next == '\0' ? "" : "&pageToken=", next);
        fetch(&own, url);
        (five ? page_fields : page_of)(own.text, own.length, next, timed);
    } while (*next != '\0');
}

static void *run(void *argument)
{
    struct caller caller = new_caller("fixed");
    char url[512];
    long i;

    (void)argument;
    url_of_number(url);
    fetch(&caller, url);
    pthread_barrier_wait(&gate);
    for (i = 0; i < thread_count; i++)
        fetch(&caller, url);
    end_caller(&caller);
    return NULL;
}

/* A process of its own: a token, one get. */
static void once(void)
{
    char url[512], token[512];
    const char *text;
    yyjson_doc *json;

    own = new_caller("");
    snprintf(url, sizeof url, "%s/oauth2/token", origin);
    curl_easy_setopt(own.curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(own.curl, CURLOPT_USERPWD, "key:secret");
    curl_easy_setopt(own.curl, CURLOPT_POSTFIELDS, "grant_type=client_credentials");
    fetch(&own, url);
    json = yyjson_read(own.text, own.length, 0);
    text = TEXT(yyjson_doc_get_root(json), "access_token");
    CHECK(text != NULL);
    snprintf(token, sizeof token, "Authorization: Bearer %s", text);
    yyjson_doc_free(json);
    own.headers = curl_slist_append(own.headers, token);
    curl_easy_setopt(own.curl, CURLOPT_USERPWD, NULL);
    curl_easy_setopt(own.curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(own.curl, CURLOPT_HTTPHEADER, own.headers);
    get(1);
    end_caller(&own);
}

int main(int argc, char **argv)
{
    long count = argc >= 4 ? atol(argv[3]) : 0;
    const char *work = argc >= 4 ? argv[1] : "";

    if (argc == 2) {
        puts(curl_version());
        return 0;
    }
    CHECK(count > 0 && curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
    origin = argv[2];
    page = argc == 5 ? atol(argv[4]) : 0;
    if (strcmp(work, "once") == 0) {
        once();
    } else if (strcmp(work, "threads") == 0) {
        time_threads(count, run);
    } else if (strcmp(work, "full") == 0) {
        time_calls(count, full);
    } else {
        own = new_caller("fixed");
        decode = strcmp(work, "text") != 0;
        five = strcmp(work, "fields") == 0;
        if (five || strcmp(work, "list") == 0)
            time_lists(count, list);
        else
            time_calls(count, get);
        end_caller(&own);
    }
    curl_global_cleanup();
    return 0;
}
