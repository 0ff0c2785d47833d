/*
 * Calls that are ended from outside. Usage: calls HOW THREADS. Each thread makes one call that the server leaves hanging;
 * when a line comes in on stdin, which names the place where they stand, they are ended:
 *   cancel    each by its own token, from the main thread
 *   shared    all by one token
 *   signal    each by a signal handler that runs on the thread that is in the call
 *   polled    each by its own token, which is polled
 *   parent    each by a polled token of its own that ends with one of all
 *   turns     as polled, and the calls are pages_next of pages that all threads share
 *   shutdown  by client_shutdown
 *   free      by client_free, with the calls in flight
 *   one       first the last thread alone; the others go on and are ended afterwards
 *   pages     the calls are pages_next of pages that all threads share; each by its own token, the last thread first
 * Prints for each thread (the last one left out where it was ended alone) the code and whether the write may have been
 * applied, then what a call gives afterwards (but not where that would wait for a token in vain).
 */
#include <sched.h>
#include <signal.h>

#include "common.h"

#define MANY 64

struct call {
    int index;
    pthread_t thread;
    sinch_numbers_cancel *cancel;
    sinch_numbers_code code;
    int maybe_applied;
};

static sinch_numbers_client *client;
static sinch_numbers_pages *pages;
static struct call calls[MANY];
static volatile sig_atomic_t leaked;
static pthread_barrier_t ready;
static int pauses;
static int stop;

static __thread struct call *own;

static void on_signal(int number)
{
    (void)number;
    if (own != NULL)
        sinch_numbers_cancel_trigger(own->cancel);
}

static int32_t on_poll(void *userdata)
{
    struct call *call = userdata;

    CHECK(own == call);
    return __atomic_load_n(&stop, __ATOMIC_SEQ_CST);
}

static sinch_numbers_cancel *new_token(const char *how, struct call *call)
{
    if (strcmp(how, "shared") == 0 && call->index > 0)
        return calls[0].cancel;
    if (strcmp(how, "parent") == 0 && call->index > 0)
        return sinch_numbers_cancel_new_polled_with(calls[0].cancel, on_poll, call, 5);
    if (strcmp(how, "polled") == 0 || strcmp(how, "turns") == 0)
        return sinch_numbers_cancel_new_polled(on_poll, call, 5);
    return sinch_numbers_cancel_new();
}

static void on_log(void *userdata, int32_t level, const char *line)
{
    CHECK(userdata == &leaked && level >= 1 && level <= 5);
    CHECK(strstr(line, getenv("SINCH_KEY_SECRET")) == NULL && strstr(line, "token-1") == NULL);
    if (strstr(line, "leaked") != NULL)
        leaked = 1;
    if (strstr(line, "trying again") != NULL)
        __atomic_fetch_add(&pauses, 1, __ATOMIC_SEQ_CST);
}

static void *run(void *argument)
{
    struct call *call = argument;
    sinch_numbers_result *result = NULL;

    own = call;
    pthread_barrier_wait(&ready);
    if (pages != NULL)
        call->code = sinch_numbers_pages_next(pages, call->cancel, &result);
    else if (call->index % 3 == 0)
        call->code = sinch_numbers_active_get(client, NUMBER, call->cancel, &result);
    else if (call->index % 3 == 1)
        call->code = sinch_numbers_active_update(client, NUMBER, "{\"displayName\": \"x\"}", call->cancel, &result);
    else
        call->code = sinch_numbers_active_list(client, NULL, call->cancel, &result);
    CHECK(result != NULL && sinch_numbers_result_code(result) == call->code);
    call->maybe_applied = sinch_numbers_result_maybe_applied(result);
    sinch_numbers_result_free(result);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *how = argv[1];
    int threads = argc == 3 ? atoi(argv[2]) : 0, i;
    struct sigaction action;
    char config[4096], line[16];

    CHECK(threads > 0 && threads <= MANY);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);

    config_of(config, sizeof config, ", \"timeoutMs\": 3600000, \"logLevel\": \"trace\"");
    CHECK(sinch_numbers_client_new(config, on_log, (void *)&leaked, &client, NULL) == SINCH_NUMBERS_OK);
    if (strcmp(how, "pages") == 0 || strcmp(how, "turns") == 0)
        CHECK(sinch_numbers_pages_new(client, NULL, &pages, NULL) == SINCH_NUMBERS_OK);

    CHECK(pthread_barrier_init(&ready, NULL, (unsigned)threads + 1) == 0);
    for (i = 0; i < threads; i++) {
        calls[i].index = i;
        calls[i].cancel = new_token(how, &calls[i]);
        CHECK(calls[i].cancel != NULL);
        spawn(&calls[i].thread, run, &calls[i]);
    }
    pthread_barrier_wait(&ready);
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    /* "pausing": all have had their response and wait before they try again, which only this side can tell. */
    while (line[0] == 'p' && __atomic_load_n(&pauses, __ATOMIC_SEQ_CST) < threads)
        sched_yield();

    if (strcmp(how, "shutdown") == 0) {
        sinch_numbers_client_shutdown(client);
    } else if (strcmp(how, "free") == 0) {
        sinch_numbers_client_free(client);
    } else if (strcmp(how, "polled") == 0 || strcmp(how, "turns") == 0) {
        __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
    } else if (strcmp(how, "shared") == 0 || strcmp(how, "parent") == 0) {
        sinch_numbers_cancel_trigger(calls[0].cancel);
    } else if (strcmp(how, "signal") == 0) {
        for (i = 0; i < threads; i++)
            CHECK(pthread_kill(calls[i].thread, SIGUSR1) == 0);
    } else {
        int last = threads - 1;
        if (strcmp(how, "cancel") != 0) {
            sinch_numbers_cancel_trigger(calls[last].cancel);
            join(calls[last].thread);
            CHECK(calls[last].code == SINCH_NUMBERS_E_CANCELLED);
            for (i = 0; i < last; i++)
                CHECK(pthread_kill(calls[i].thread, 0) == 0 && calls[i].code == 0);
        }
        for (i = 0; i < threads; i++)
            sinch_numbers_cancel_trigger(calls[i].cancel);
        if (strcmp(how, "cancel") != 0)
            threads = last;
    }
    for (i = 0; i < threads; i++) {
        join(calls[i].thread);
        printf("%s %d\n", sinch_numbers_code_name(calls[i].code), calls[i].maybe_applied);
    }
    for (i = 0; i < MANY; i++)
        if (i == 0 || calls[i].cancel != calls[0].cancel)
            sinch_numbers_cancel_free(calls[i].cancel);
    if (strcmp(how, "free") == 0) {
        CHECK(leaked);
        puts("leaked");
    } else {
        /* Ended one after the other at "token", each may pass the fetching on to the next: the server never answers it. */
        int in_turn = line[0] == 't' && (strcmp(how, "cancel") == 0 || strcmp(how, "signal") == 0 || strcmp(how, "polled") == 0);

        CHECK(!leaked);
        if (strcmp(how, "one") != 0 && pages == NULL && !in_turn)
            printf("then %s\n", sinch_numbers_code_name(sinch_numbers_active_list(client, NULL, NULL, NULL)));
        sinch_numbers_pages_free(pages);
        sinch_numbers_client_free(client);
    }
    return 0;
}
