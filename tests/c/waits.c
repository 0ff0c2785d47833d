/*
 * The calls that wait. Usage:
 *   waits cancel|signal|polled|shutdown FUNCTION   one call, which a line on stdin ends; prints the code and whether a request of
 *                                           it may have changed something
 *   waits many CALLS                        so many calls by eight threads, short ones of every kind; no thread, no descriptor
 *                                           and no memory may be left
 */
#include <malloc.h>
#include <sched.h>
#include <signal.h>

#include "common.h"

#define THREADS 8
#define DAY "\"timeoutMs\": 86400000"
#define PLACE "\"displayName\": \"Office\", \"address\": {\"streetNumber\": \"3500\", \"streetInfo\": \"Lenox Rd NE\", " \
              "\"city\": \"Atlanta\", \"state\": \"GA\", \"postalCode\": \"30326\"}"

typedef sinch_numbers_code (*function)(const sinch_numbers_client *, const char *, const char *,
                                       const sinch_numbers_cancel *, sinch_numbers_result **);

static const struct {
    const char *name;
    function call;
    const char *json;
} functions[] = {
    {"active_wait", sinch_numbers_active_wait, "{" DAY "}"},
    {"active_relink", sinch_numbers_active_relink, "{\"smsConfiguration\": {\"servicePlanId\": \"plan-a\"}, " DAY "}"},
    {"emergency_address_ensure", sinch_numbers_emergency_address_ensure, "{" PLACE ", " DAY "}"},
};

static sinch_numbers_client *client;
static sinch_numbers_cancel *token;
static int chosen, asked, calls, refused;

static void on_signal(int number)
{
    (void)number;
    sinch_numbers_cancel_trigger(token);
}

static void on_log(void *userdata, int32_t level, const char *message)
{
    (void)level;
    if (strstr(message, "429") != NULL)
        __atomic_store_n((int *)userdata, 1, __ATOMIC_SEQ_CST);
}

static int32_t on_poll(void *userdata)
{
    return __atomic_load_n((int *)userdata, __ATOMIC_SEQ_CST);
}

static void *stand(void *unused)
{
    sinch_numbers_result *result;
    sinch_numbers_code code = functions[chosen].call(client, NUMBER, functions[chosen].json, token, &result);

    CHECK(sinch_numbers_result_code(result) == code);
    if (getenv("VERBOSE") != NULL)
        fprintf(stderr, "%s\n", sinch_numbers_result_json(result, NULL));
    printf("%s %d\n", sinch_numbers_code_name(code), sinch_numbers_result_maybe_applied(result));
    sinch_numbers_result_free(result);
    return unused;
}

/* One call, ended from outside. */
static void end_one(const char *how)
{
    pthread_t thread;
    char line[64];

    token = strcmp(how, "polled") == 0 ? sinch_numbers_cancel_new_polled(on_poll, &asked, 5) : sinch_numbers_cancel_new();
    CHECK(signal(SIGUSR1, on_signal) != SIG_ERR);
    spawn(&thread, stand, NULL);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    /* "the service wants a pause": the call has read that it does, which only this side can tell. */
    while (line[0] == 't' && !__atomic_load_n(&refused, __ATOMIC_SEQ_CST))
        sched_yield();
    if (strcmp(how, "shutdown") == 0)
        sinch_numbers_client_shutdown(client);
    else if (strcmp(how, "polled") == 0)
        __atomic_store_n(&asked, 1, __ATOMIC_SEQ_CST);
    else if (strcmp(how, "signal") == 0)
        CHECK(pthread_kill(thread, SIGUSR1) == 0);
    else
        sinch_numbers_cancel_trigger(token);
    join(thread);
}

/* Calls that are over soon: what is wanted stands, a deadline passes in a pause, a token ends a pause. */
static void *wait_shortly(void *argument)
{
    int i;

    for (i = 0; i < calls / THREADS; i++) {
        sinch_numbers_result *result;
        sinch_numbers_cancel *soon = sinch_numbers_cancel_new_after(5);
        sinch_numbers_code code;

        switch (i % 5) {
        case 0:
            code = sinch_numbers_active_wait(client, NUMBER, "{\"expect\": {\"displayName\": \"MyPhoneNumber\"}}", NULL, &result);
            CHECK(code == SINCH_NUMBERS_OK);
            break;
        case 1:
            code = sinch_numbers_active_relink(client, NUMBER, "{\"smsConfiguration\": {\"servicePlanId\": \"\"}}", NULL, &result);
            CHECK(code == SINCH_NUMBERS_OK);
            break;
        case 2:
            code = sinch_numbers_emergency_address_ensure(client, NUMBER, "{" PLACE "}", NULL, &result);
            CHECK(code == SINCH_NUMBERS_OK);
            break;
        case 3:
            code = sinch_numbers_active_wait(client, NUMBER, "{\"expect\": {\"displayName\": \"x\"}, \"timeoutMs\": 5}", NULL, &result);
            CHECK(code == SINCH_NUMBERS_E_TIMEOUT);
            break;
        default:
            code = sinch_numbers_active_wait(client, NUMBER, NULL, soon, &result);
            CHECK(code == SINCH_NUMBERS_E_TIMEOUT);
        }
        sinch_numbers_result_free(result);
        sinch_numbers_cancel_free(soon);
    }
    return argument;
}

static void wait_often(int count)
{
    pthread_t threads[THREADS];
    int i;

    calls = count;
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], wait_shortly, NULL);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
}

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* A connection that is kept for the next call, at most one for each thread. */
#define KEPT (THREADS * 65536)

/* A client that makes so many calls after the first ones. Returns what it needs on the heap more than after these. */
static size_t grown(int count)
{
    sinch_numbers_result *result;
    size_t before, after;

    client = new_client("");
    /* The first one provisions, and the others find it there. */
    CHECK(sinch_numbers_emergency_address_ensure(client, NUMBER, "{" PLACE "}", NULL, &result) == SINCH_NUMBERS_OK);
    sinch_numbers_result_free(result);
    wait_often(THREADS * 5);
    before = in_use();
    wait_often(count);
    after = in_use();
    sinch_numbers_client_free(client);
    return after > before ? after - before : 0;
}

static void leave_nothing(int count)
{
    int descriptors;
    size_t before, more;

    grown(THREADS * 5);
    descriptors = entries("/proc/self/fd");
    before = in_use();
    more = grown(count);
    if (more > KEPT || in_use() > before + 4096)
        fprintf(stderr, "%lu bytes more, %lu when it is gone\n", (unsigned long)more, (unsigned long)(in_use() - before));
    CHECK(more <= KEPT);
    CHECK(in_use() <= before + 4096);
    CHECK(entries("/proc/self/fd") == descriptors);
    /* The main thread, "." and "..". */
    CHECK(entries("/proc/self/task") == 1);
    puts("nothing is left");
}

int main(int argc, char **argv)
{
    char config[4096];

    CHECK(argc == 3);
    if (strcmp(argv[1], "many") == 0) {
        leave_nothing(atoi(argv[2]));
        return 0;
    }
    while (strcmp(functions[chosen].name, argv[2]) != 0)
        CHECK(++chosen < 3);
    config_of(config, sizeof config, ", \"logLevel\": \"trace\"");
    CHECK(sinch_numbers_client_new(config, on_log, &refused, &client, NULL) == SINCH_NUMBERS_OK);
    end_one(argv[1]);
    sinch_numbers_cancel_free(token);
    sinch_numbers_client_free(client);
    return 0;
}
