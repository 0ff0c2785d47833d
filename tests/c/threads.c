/* Many threads on one client. Usage: threads COUNT. */
#include "common.h"

static sinch_numbers_client *client;
static pthread_barrier_t start;

static void *run(void *failures)
{
    int i;

    pthread_barrier_wait(&start);
    for (i = 0; i < 3; i++)
        if (get_number(client, NULL) != SINCH_NUMBERS_OK)
            __atomic_fetch_add((int *)failures, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

int main(int argc, char **argv)
{
    int count = argc == 2 ? atoi(argv[1]) : 0, failures = 0, i;
    pthread_t *threads = calloc((size_t)count, sizeof *threads);

    CHECK(count > 0 && threads != NULL);
    /* The machine may be small, and the threads many: what counts is that each gets its response. */
    client = new_client(", \"timeoutMs\": 600000, \"connectTimeoutMs\": 600000");
    CHECK(pthread_barrier_init(&start, NULL, (unsigned)count) == 0);
    for (i = 0; i < count; i++)
        spawn(&threads[i], run, &failures);
    for (i = 0; i < count; i++)
        join(threads[i]);
    sinch_numbers_client_free(client);
    free(threads);
    printf("%d threads, %d failures\n", count, failures);
    return failures != 0;
}
