/*
 * What holds for polled tokens and for the log that keeps lines, beside ending calls (see calls.c). The account of the
 * environment is a server whose token endpoint never answers the first request, and that answers everything else.
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "common.h"

#define EVERY 20

static sinch_numbers_client *client;
static struct timespec began;
static int polled, others;

static long elapsed_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
}

/* While the call fetches a token, it makes calls of its own: the first fetches a token too, instead of waiting for itself. */
static int32_t on_poll(void *userdata)
{
    struct pollfd told = {0, POLLIN, 0};
    int state = 0;

    CHECK(pthread_equal(pthread_self(), *(pthread_t *)userdata));
    CHECK(elapsed_ms() >= EVERY);
    /* Whoever runs this writes a line to it when the server has the first request for a token. */
    if (poll(&told, 1, 0) == 0)
        return 0;
    polled++;
    CHECK(sinch_numbers_active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);
    /* Nobody is cancelled by force in the middle of a call. */
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state) == 0 && state == PTHREAD_CANCEL_DISABLE);
    return polled == 3;
}

static void elsewhere(void *userdata, int32_t level, const char *line)
{
    CHECK(userdata == &others && level >= 1 && level <= 5 && line[0] != '\0');
    __atomic_fetch_add(&others, 1, __ATOMIC_SEQ_CST);
}

static void *call_elsewhere(void *unused)
{
    CHECK(sinch_numbers_active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);
    return unused;
}

/* Cancelled by pthread_cancel while it is in a call: that ends when the library's own token says so, and then the thread. */
static void *cancelled_by_force(void *userdata)
{
    struct timespec moment = {0, 1000000};

    *(int *)userdata = 1;
    for (;;) {
        CHECK(sinch_numbers_active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);
        /* A point where cancellation takes effect. */
        nanosleep(&moment, NULL);
    }
    return NULL;
}

int main(void)
{
    sinch_numbers_log *log = sinch_numbers_log_new(elsewhere, &others);
    pthread_t self = pthread_self(), thread;
    sinch_numbers_cancel *cancel;
    char config[4096];
    const char *line;
    int32_t level;
    void *ended;
    int state, i, running = 0;

    CHECK(log != NULL && sinch_numbers_log_next(log, &level) == NULL && level == 0);
    config_of(config, sizeof config, ", \"logLevel\": \"trace\"");
    CHECK(sinch_numbers_client_new(config, sinch_numbers_log_write, log, &client, NULL) == SINCH_NUMBERS_OK);

    CHECK(clock_gettime(CLOCK_MONOTONIC, &began) == 0);
    cancel = sinch_numbers_cancel_new_polled(on_poll, &self, EVERY);
    CHECK(sinch_numbers_active_get(client, NUMBER, cancel, NULL) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(polled == 3);
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state) == 0 && state == PTHREAD_CANCEL_ENABLE);
    CHECK(sinch_numbers_active_get(client, NUMBER, cancel, NULL) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(polled == 3);
    sinch_numbers_cancel_free(cancel);

    /* A bad number and a 404 are no errors of the program's. */
    CHECK(sinch_numbers_active_get(client, "2025550134", NULL, NULL) == SINCH_NUMBERS_E_INPUT);
    for (i = 0; (line = sinch_numbers_log_next(log, &level)) != NULL; i++) {
        CHECK(level >= 3 && level <= 5);
        if (strstr(line, "phoneNumber") != NULL)
            CHECK(level == 3 && strncmp(line, "active_get: ", 12) == 0);
    }
    CHECK(i > 4 && level == 0 && others == 0);
    spawn(&thread, call_elsewhere, NULL);
    join(thread);
    CHECK(others > 0 && sinch_numbers_log_next(log, &level) == NULL);

    spawn(&thread, cancelled_by_force, &running);
    while (!__atomic_load_n((volatile int *)&running, __ATOMIC_SEQ_CST))
        ;
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &ended) == 0 && ended == PTHREAD_CANCELED);
    CHECK(sinch_numbers_active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);

    sinch_numbers_client_free(client);
    sinch_numbers_log_free(log);
    puts("asked");
    return 0;
}
