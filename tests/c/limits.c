/*
 * No descriptor and no thread to be had: failures with a code, and all is well again when there are some. Usage: limits; the
 * base URL should have a name as its host, so that it is looked up.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static int failed_well(sinch_numbers_code code)
{
    return code == SINCH_NUMBERS_E_NETWORK || code == SINCH_NUMBERS_E_TIMEOUT;
}

static void no_descriptors(void)
{
    struct rlimit limit, before;
    sinch_numbers_client *fresh, *used = new_client(""), *unconnected = new_client("");
    sinch_numbers_cancel *cancel = sinch_numbers_cancel_new();
    sinch_numbers_result *result;
    sinch_numbers_code code;
    char config[4096];
    int lowest;

    CHECK(get_number(used, NULL) == SINCH_NUMBERS_OK);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    lowest = open("/dev/null", O_RDONLY);
    CHECK(lowest >= 0);
    close(lowest);
    limit = before;
    limit.rlim_cur = (rlim_t)lowest;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(open("/dev/null", O_RDONLY) < 0);

    CHECK(failed_well(get_number(unconnected, NULL)));
    CHECK(failed_well(get_number(unconnected, cancel)));
    /* This one has a connection: whether that is enough is its own affair. */
    code = get_number(used, cancel);
    CHECK(code == SINCH_NUMBERS_OK || failed_well(code));
    config_of(config, sizeof config, "");
    code = sinch_numbers_client_new(config, NULL, NULL, &fresh, &result);
    CHECK(code == SINCH_NUMBERS_OK && failed_well(get_number(fresh, NULL)));
    sinch_numbers_result_free(result);
    /* Being cancelled is told apart when there are descriptors again; here the lack of them may be said first. */
    sinch_numbers_cancel_trigger(cancel);
    code = get_number(used, cancel);
    CHECK(code == SINCH_NUMBERS_E_CANCELLED || failed_well(code));
    sinch_numbers_client_shutdown(unconnected);
    code = get_number(unconnected, NULL);
    CHECK(code == SINCH_NUMBERS_E_CANCELLED || failed_well(code));

    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(get_number(used, cancel) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(get_number(unconnected, NULL) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(get_number(used, NULL) == SINCH_NUMBERS_OK && get_number(fresh, NULL) == SINCH_NUMBERS_OK);
    sinch_numbers_cancel_free(cancel);
    sinch_numbers_client_free(fresh);
    sinch_numbers_client_free(used);
    sinch_numbers_client_free(unconnected);
}

static void *nothing(void *unused)
{
    return unused;
}

/* In a child: the limit does not bind root, and what was given up is not had back. */
static void no_threads(void)
{
    struct rlimit limit = {0, 0}, before;
    pthread_t thread;
    sinch_numbers_client *client;
    sinch_numbers_code code;

    CHECK(getuid() != 0 || setuid(65534) == 0);
    CHECK(getrlimit(RLIMIT_NPROC, &before) == 0);
    limit.rlim_max = before.rlim_max;
    CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
    CHECK(pthread_create(&thread, NULL, nothing, NULL) != 0);
    client = new_client("");
    code = get_number(client, NULL);
    CHECK(code == SINCH_NUMBERS_OK || failed_well(code));
    CHECK(setrlimit(RLIMIT_NPROC, &before) == 0);
    CHECK(get_number(client, NULL) == SINCH_NUMBERS_OK);
    sinch_numbers_client_free(client);
    printf("without threads: %s\n", sinch_numbers_code_name(code));
    fflush(stdout);
}

int main(void)
{
    int status = -1;
    pid_t child;

    no_descriptors();
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        no_threads();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    puts("limits are no end");
    return 0;
}
