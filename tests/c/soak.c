/*
 * A program that runs for months, in minutes. Usage: soak CALLS THREADS SHARE: so many calls by so many threads on one client,
 * while the service breaks one request in SHARE, 0 for none. Every call must end with what it promises or for a stated reason,
 * every write must have been done as often as the library says, and nothing may grow or be left: memory, descriptors, threads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/wait.h>

#include "common.h"
#include "soak_server.h"

enum operation { GET, LIST, ADDRESS, VALIDATE, UPDATE, PROVISION, DEPROVISION, RELEASE, OPERATIONS };
enum { NOT_DONE, DONE, UNKNOWN }; /* what the caller is told about a write; of a read, that nothing was done */
enum { CODES = 11, MOST_THREADS = 256, TIMEOUT_MS = 60000 };

static const char *const operation_names[OPERATIONS] = {"get", "list", "emergency address", "validate",
                                                        "update", "provision", "deprovision", "release"};

/* What a thread, or all of them, came across. */
struct tally {
    unsigned long codes[OPERATIONS][CODES], reconciled, maybe_applied;
    double longest;
};

static sinch_numbers_client *client;
static unsigned long next_id, last_id;
static unsigned long threads_made;

/* Stands before that of the C library: who makes threads, and how many? */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    void *found = dlsym(RTLD_NEXT, "pthread_create");

    memcpy(&real, &found, sizeof real);
    __atomic_add_fetch(&threads_made, 1, __ATOMIC_SEQ_CST);
    return real(thread, attributes, run, argument);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Stops with what a call came to, if it should not have come to that. */
static void expect(int right, const char *what, unsigned long id, const sinch_numbers_result *result)
{
    if (right)
        return;
    fprintf(stderr, "%s: %s of id %lu, done %d times: %s\n", what, operation_names[id % OPERATIONS], id,
            ledger->effects[id], sinch_numbers_result_json(result, NULL));
    abort();
}

static int has(const sinch_numbers_result *result, const char *pointer, const char *expected)
{
    const char *value = sinch_numbers_result_value(result, pointer);

    return value != NULL && strcmp(value, expected) == 0;
}

/* Whether a success holds what was asked for. */
static int as_asked(enum operation operation, const char *number, const sinch_numbers_result *result)
{
    char id[16];

    snprintf(id, sizeof id, "%lu", strtoul(number + 3, NULL, 10));
    switch (operation) {
    case LIST:
        return has(result, "/activeNumbers/0/phoneNumber", "+12000000000");
    case VALIDATE:
        return has(result, "/validationResult", "EXACT_MATCH");
    case ADDRESS:
    case PROVISION:
        return has(result, "/streetNumber", id);
    case DEPROVISION:
        return strcmp(sinch_numbers_result_json(result, NULL), "{}") == 0;
    case UPDATE:
        return has(result, "/phoneNumber", number) && has(result, "/displayName", number + 3);
    case RELEASE:
        return has(result, "/phoneNumber", number) && has(result, "/expireAt", "2030-01-01T00:00:00Z");
    default:
        return has(result, "/phoneNumber", number);
    }
}

/* Whether a failure is one that the service's faults can lead to, and says so. */
static int stated(sinch_numbers_code code, const sinch_numbers_result *result)
{
    int status = sinch_numbers_result_http_status(result);

    if (*sinch_numbers_result_message(result) == '\0')
        return 0;
    switch (code) {
    case SINCH_NUMBERS_E_AUTH:
        return status == 401;
    case SINCH_NUMBERS_E_API:
        return status == 503 || status == 429;
    case SINCH_NUMBERS_E_PROTOCOL:
        return status == 200;
    case SINCH_NUMBERS_E_NETWORK:
        return status == 0;
    default:
        return 0;
    }
}

/* Whether a write was done, or will have been in the end, as often as its caller was told: never twice. */
static int as_told(unsigned long id, int in_the_end)
{
    unsigned done = done_times(id, in_the_end);

    return ledger->told[id] == UNKNOWN ? done <= 1 : done == (unsigned)(ledger->told[id] == DONE);
}

static sinch_numbers_code call(enum operation operation, const char *number, sinch_numbers_result **result)
{
    char body[256];

    snprintf(body, sizeof body,
             "{\"displayName\": \"office\", \"address\": {\"streetNumber\": \"%lu\", \"streetInfo\": \"Main St\", "
             "\"city\": \"Springfield\", \"state\": \"IL\", \"postalCode\": \"62701\"}}",
             strtoul(number + 3, NULL, 10));
    switch (operation) {
    case LIST:
        return sinch_numbers_active_list(client, "{\"pageSize\": 1}", NULL, result);
    case ADDRESS:
        return sinch_numbers_emergency_address_get(client, number, NULL, result);
    case VALIDATE:
        return sinch_numbers_emergency_address_validate(client, number, body, NULL, result);
    case UPDATE:
        snprintf(body, sizeof body, "{\"displayName\": \"%s\"}", number + 3);
        return sinch_numbers_active_update(client, number, body, NULL, result);
    case PROVISION:
        return sinch_numbers_emergency_address_provision(client, number, body, NULL, result);
    case DEPROVISION:
        return sinch_numbers_emergency_address_deprovision(client, number, NULL, result);
    case RELEASE:
        return sinch_numbers_active_release(client, number, NULL, result);
    default:
        return sinch_numbers_active_get(client, number, NULL, result);
    }
}

static void *run(void *argument)
{
    struct tally *tally = argument;
    unsigned long id;

    while ((id = __atomic_fetch_add(&next_id, 1, __ATOMIC_SEQ_CST)) < last_id) {
        enum operation operation = (enum operation)(id % OPERATIONS);
        int write = operation >= UPDATE, maybe;
        sinch_numbers_result *result;
        sinch_numbers_code code;
        char number[32];
        double took = now();

        snprintf(number, sizeof number, "+1%d%09lu", write ? 3 + (int)operation - UPDATE : 2, id);
        code = call(operation, number, &result);
        took = now() - took;
        maybe = sinch_numbers_result_maybe_applied(result);
        expect(write || !maybe, "a read that may have been applied", id, result);
        if (code == SINCH_NUMBERS_OK)
            expect(as_asked(operation, number, result), "another response", id, result);
        else
            expect(code > 0 && code < CODES && stated(code, result), "not a reason", id, result);
        ledger->told[id] = maybe ? UNKNOWN : write && code == SINCH_NUMBERS_OK ? DONE : NOT_DONE;
        expect(as_told(id, 0), "told otherwise", id, result);
        tally->codes[operation][code]++;
        tally->reconciled += (unsigned long)sinch_numbers_result_reconciled(result);
        tally->maybe_applied += (unsigned long)maybe;
        if (took > tally->longest)
            tally->longest = took;
        sinch_numbers_result_free(result);
    }
    return NULL;
}

/* Goes on to an id, on so many threads. */
static void run_until(unsigned long id, int threads, struct tally *sum)
{
    static pthread_t running[MOST_THREADS];
    static struct tally tallies[MOST_THREADS];
    int i, operation, code;

    memset(tallies, 0, sizeof tallies);
    next_id = last_id;
    last_id = id;
    for (i = 0; i < threads; i++)
        spawn(&running[i], run, &tallies[i]);
    for (i = 0; i < threads; i++) {
        join(running[i]);
        for (operation = 0; operation < OPERATIONS; operation++)
            for (code = 0; code < CODES; code++)
                sum->codes[operation][code] += tallies[i].codes[operation][code];
        sum->reconciled += tallies[i].reconciled;
        sum->maybe_applied += tallies[i].maybe_applied;
        if (tallies[i].longest > sum->longest)
            sum->longest = tallies[i].longest;
    }
}

static void print(const struct tally *sum)
{
    int i, code;

    for (i = 0; i < OPERATIONS; i++) {
        printf("%-18s", operation_names[i]);
        for (code = 0; code < CODES; code++)
            if (sum->codes[i][code] > 0)
                printf(" %s %lu", sinch_numbers_code_name(code), sum->codes[i][code]);
        puts("");
    }
    printf("faults            ");
    for (i = 1; i < FAULTS; i++)
        printf(" %s %lu%s", fault_names[i], ledger->faults[i], i + 1 < FAULTS ? "," : "\n");
    printf("%lu proved by reading back, %lu may have been applied, the longest call took %.0f ms\n", sum->reconciled,
           sum->maybe_applied, sum->longest * 1e3);
}

int main(int argc, char **argv)
{
    const struct timespec moment = {0, 1000000};
    static struct tally sum;
    unsigned long calls = argc == 4 ? strtoul(argv[1], NULL, 10) : 0, id;
    int threads = argc == 4 ? atoi(argv[2]) : 0, before, warm_descriptors, descriptors, i;
    unsigned share = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
    long warm_kb, kb;
    char config[512];
    double began;
    pid_t server;

    CHECK(calls >= 1000 && calls < 1000000000 && threads > 0 && threads <= MOST_THREADS);
    server = start_server(calls, share);
    before = entries("/proc/self/fd");
    snprintf(config, sizeof config,
             "{\"projectId\": \"project\", \"keyId\": \"key\", \"keySecret\": \"secret\", \"timeoutMs\": %d, "
             "\"baseUrl\": \"http://127.0.0.1:%u\", \"authUrl\": \"http://127.0.0.1:%u\"}",
             TIMEOUT_MS, ledger->port, ledger->port);
    CHECK(sinch_numbers_client_new(config, NULL, NULL, &client, NULL) == SINCH_NUMBERS_OK);

    began = now();
    run_until(calls / 10, threads, &sum);
    warm_kb = resident_kb();
    warm_descriptors = entries("/proc/self/fd");
    run_until(calls, threads, &sum);
    kb = resident_kb();
    descriptors = entries("/proc/self/fd");
    printf("%lu calls on %d threads in %.1f s: %lu requests, %lu connections, %lu tokens\n", calls, threads, now() - began,
           ledger->requests, ledger->connections, ledger->tokens);
    print(&sum);
    printf("resident %ld kB after a tenth, %ld kB in the end; descriptors %d, %d; threads made by the library %lu\n", warm_kb,
           kb, warm_descriptors - 1, descriptors - 1, threads_made - 2 * (unsigned long)threads);

    fflush(stdout);

    /* What was told must not become untrue later. */
    for (id = 0; id < calls; id++)
        CHECK(as_told(id, 1));
    /* The threads are there to be joined; an address needs no name look-up. */
    CHECK(threads_made == 2 * (unsigned long)threads);
    while (entries("/proc/self/task") > 1)
        nanosleep(&moment, NULL);
    /* The pool keeps one connection a thread at the most; some of them may be dead. */
    CHECK(descriptors - before <= 2 * threads + 4);
    CHECK(kb - warm_kb < 2048);
    CHECK(sum.longest < TIMEOUT_MS / 1e3 + 0.25);
    if (share == 0) {
        for (i = 0; i < OPERATIONS; i++)
            CHECK(sum.codes[i][SINCH_NUMBERS_OK] == (calls + OPERATIONS - 1 - (unsigned long)i) / OPERATIONS);
        CHECK(ledger->connections <= (unsigned long)threads && ledger->requests == calls && ledger->tokens == 1);
    } else {
        for (i = 1; i < FAULTS; i++)
            CHECK(ledger->faults[i] > 0);
    }
    sinch_numbers_client_free(client);
    CHECK(entries("/proc/self/fd") == before);
    CHECK(kill(server, SIGKILL) == 0 && waitpid(server, NULL, 0) == server);
    return 0;
}
