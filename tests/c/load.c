/*
 * A module that comes and goes. Usage: load LIBRARY [KILOBYTES], by default 4096: how much memory it may grow, which tools
 * that hold back what was freed need to be generous with. A hundred times: load the library, work on eight threads, shut down,
 * unload; nothing may be left: no thread, no descriptor, no memory to speak of.
 */
#include <dlfcn.h>
#include <time.h>

#include "common.h"

#define THREADS 8

static long resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * 4;
}

static sinch_numbers_code (*active_get)(const sinch_numbers_client *, const char *, const sinch_numbers_cancel *,
                                        sinch_numbers_result **);

/* dlsym without a cast that C has no rules for. */
static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    CHECK(found != NULL);
    memcpy(function, &found, sizeof found);
}

static void *work(void *client)
{
    int i;

    for (i = 0; i < 3; i++)
        CHECK(active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_OK);
    return NULL;
}

static void round_trip(const char *path)
{
    sinch_numbers_code (*client_new)(const char *, sinch_numbers_log_fn, void *, sinch_numbers_client **,
                                     sinch_numbers_result **);
    void (*client_shutdown)(const sinch_numbers_client *);
    void (*client_free)(sinch_numbers_client *);
    pthread_t threads[THREADS];
    sinch_numbers_client *client;
    char config[4096];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    int i;

    CHECK(library != NULL);
    find(library, "sinch_numbers_client_new", &client_new);
    find(library, "sinch_numbers_client_shutdown", &client_shutdown);
    find(library, "sinch_numbers_client_free", &client_free);
    find(library, "sinch_numbers_active_get", &active_get);
    config_of(config, sizeof config, "");
    CHECK(client_new(config, NULL, NULL, &client, NULL) == SINCH_NUMBERS_OK);
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], work, client);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    client_shutdown(client);
    CHECK(active_get(client, NUMBER, NULL, NULL) == SINCH_NUMBERS_E_CANCELLED);
    client_free(client);
    CHECK(dlclose(library) == 0);
}

int main(int argc, char **argv)
{
    struct timespec tick = {0, 1000000};
    long before = 0;
    int i, descriptors = 0;

    CHECK(argc == 2 || argc == 3);
    for (i = 0; i < 100; i++) {
        round_trip(argv[1]);
        if (i == 19) {
            descriptors = entries("/proc/self/fd");
            before = resident_kb();
        }
    }
    /* A thread that looked up a name may be on its way out still: it ends by itself, or this does not. */
    while (entries("/proc/self/task") != 1)
        nanosleep(&tick, NULL);
    CHECK(entries("/proc/self/fd") == descriptors);
    /* Eighty rounds: a leak of one connection in each would be megabytes. */
    CHECK(resident_kb() - before < (argc == 3 ? atol(argv[2]) : 4096));
    puts("nothing is left");
    return 0;
}
