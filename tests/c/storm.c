/* Signals without SA_RESTART, all the time and everywhere: calls go on as if nothing was. */
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "common.h"

#define THREADS 4
#define CALLS 40

static sinch_numbers_client *client;
static pthread_t threads[THREADS];
static volatile sig_atomic_t signals;
static int working = THREADS;

static void on_signal(int number)
{
    (void)number;
    signals = signals + 1;
}

static void *run(void *unused)
{
    int i;

    for (i = 0; i < CALLS; i++)
        CHECK(get_number(client, NULL) == SINCH_NUMBERS_OK);
    __atomic_fetch_sub(&working, 1, __ATOMIC_SEQ_CST);
    return unused;
}

int main(void)
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct timespec pause = {0, 100000};
    struct sigaction action;
    int i;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    client = new_client("");
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], run, NULL);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    while (__atomic_load_n(&working, __ATOMIC_SEQ_CST) > 0) {
        for (i = 0; i < THREADS; i++)
            pthread_kill(threads[i], SIGUSR1);
        nanosleep(&pause, NULL);
    }
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(signals > CALLS);
    sinch_numbers_client_free(client);
    puts("unmoved");
    return 0;
}
