/*
 * A telephony switch in small: loads telephony_module.so, routes calls on many threads, hangs one up, and unloads the module
 * while its threads are busy.
 *
 *     cc -std=c99 -pthread -o telephony_host telephony_host.c -ldl
 *     ./telephony_host ./telephony_module.so 2000 +12025550101 +12025550142
 *
 * The number behind the module is the time that a call has, in milliseconds. The account comes from the environment:
 * SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#define _POSIX_C_SOURCE 200809L /* threads */

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telephony.h"

enum { THREADS = 8, OUTCOMES = TELEPHONY_FAILED + 1 };

static const char *const OUTCOME[OUTCOMES] = {"routed", "no route", "too late", "cancelled", "failed"};

static const telephony_module *module;
static char **numbers;
static int number_count;
static long call_milliseconds;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long outcomes[OUTCOMES];
static int busy;

/* Any thread of the switch, several at a time: one call of stdio is one line. */
static void on_log(int level, const char *line)
{
    fprintf(stderr, "module[%d]: %s\n", level, line);
}

static telephony_outcome route(const char *number, long milliseconds, char *target, size_t size)
{
    telephony_call *call = module->call_new(milliseconds);
    telephony_outcome outcome = TELEPHONY_FAILED;

    if (call)
        outcome = module->route(call, number, target, size);
    module->call_free(call);
    return outcome;
}

static void *route_all(void *unused)
{
    int index;

    for (index = 0; index < number_count; index++) {
        char target[128];
        telephony_outcome outcome = route(numbers[index], call_milliseconds, target, sizeof target);

        pthread_mutex_lock(&lock);
        outcomes[outcome]++;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

/* Routes one call after the other, until the module refuses them. */
static void *route_until_stopped(void *unused)
{
    char target[128];

    pthread_mutex_lock(&lock);
    busy++;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    while (route(numbers[0], 60 * 1000L, target, sizeof target) != TELEPHONY_CANCELLED)
        ;
    return unused;
}

/* Returns how many threads could be started. */
static int start(pthread_t *threads, void *(*work)(void *))
{
    int count = 0;

    while (count < THREADS && pthread_create(&threads[count], NULL, work, NULL) == 0)
        count++;
    return count;
}

static void join(const pthread_t *threads, int count)
{
    while (count-- > 0)
        pthread_join(threads[count], NULL);
}

/* Each number once, for people to read. */
static void show_routes(void)
{
    int index;

    for (index = 0; index < number_count; index++) {
        char target[128] = "";
        telephony_outcome outcome = route(numbers[index], call_milliseconds, target, sizeof target);

        printf("%s: %s%s%s\n", numbers[index], OUTCOME[outcome], *target ? " to " : "", target);
    }
}

static int work(void)
{
    pthread_t threads[THREADS];
    telephony_call *call;
    int count, index;

    show_routes();

    count = start(threads, route_all);
    join(threads, count);
    printf("%d threads:", count);
    for (index = 0; index < OUTCOMES; index++) {
        if (outcomes[index])
            printf(" %lu %s", outcomes[index], OUTCOME[index]);
    }
    printf("\n");

    /* The caller hangs up before the call is routed. */
    call = module->call_new(call_milliseconds);
    if (call) {
        char target[128];

        module->hang_up(call);
        printf("hung up: %s\n", OUTCOME[module->route(call, numbers[0], target, sizeof target)]);
    }
    module->call_free(call);

    /* Unloading under load. Stop, join, unload: in this order, or threads would run code that is unloaded. */
    count = start(threads, route_until_stopped);
    pthread_mutex_lock(&lock);
    while (busy < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    module->stop();
    join(threads, count);
    printf("stopped: %d threads came back\n", count);
    return count == THREADS ? 0 : -1;
}

int main(int argc, char **argv)
{
    void *library;
    int failed;

    if (argc < 4 || (call_milliseconds = strtol(argv[2], NULL, 10)) < 1) {
        fprintf(stderr, "usage: telephony_host ./telephony_module.so MILLISECONDS NUMBER...\n");
        return 2;
    }
    numbers = argv + 3;
    number_count = argc - 3;
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "telephony_host: %s\n", dlerror());
        return 1;
    }
    module = dlsym(library, TELEPHONY_ENTRY);
    if (!module) {
        fprintf(stderr, "telephony_host: %s\n", dlerror());
        dlclose(library);
        return 1;
    }
    failed = module->load(on_log) != 0;
    if (!failed) {
        failed = work() != 0;
        module->unload();
    }
    module = NULL;
    if (dlclose(library) != 0) {
        fprintf(stderr, "telephony_host: %s\n", dlerror());
        return 1;
    }
    if (!failed)
        printf("unloaded\n");
    if (fflush(stdout) != 0) {
        perror("telephony_host");
        return 1;
    }
    return failed;
}
