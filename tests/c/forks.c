/*
 * Children of fork. Usage: forks, or forks hanging: then a thread is in a call that the server leaves hanging, and a line on
 * stdin says that it has come that far. forks alone: no other thread is at work while forking, for sanitizers whose allocator
 * does not survive that.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

static sinch_numbers_client *client;
static sinch_numbers_pages *pages;
static sinch_numbers_cancel *cancel;
static int stop;

static void *keep_calling(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
        sinch_numbers_client_free(new_client(""));
    }
    return unused;
}

static void *hang(void *unused)
{
    CHECK(sinch_numbers_pages_next(pages, cancel, NULL) == SINCH_NUMBERS_E_CANCELLED);
    return unused;
}

/* Runs something in a child, which must end well. */
static void in_child(void (*run)(void))
{
    int status = -1;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        run();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

static void call_and_free(void)
{
    sinch_numbers_client *own = new_client("");
    int i;

    for (i = 0; i < 3; i++) {
        CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
        CHECK(get_number(own, cancel) == SINCH_NUMBERS_OK);
    }
    sinch_numbers_cancel_trigger(cancel);
    CHECK(get_number(client, cancel) == SINCH_NUMBERS_E_CANCELLED);
    sinch_numbers_client_shutdown(client);
    CHECK(get_number(client, NULL) == SINCH_NUMBERS_E_CANCELLED);
    /* With calls of the parent's threads in flight it is leaked; both are all right. */
    sinch_numbers_client_free(client);
    sinch_numbers_client_free(own);
}

static void next_page(void)
{
    CHECK(sinch_numbers_pages_next(pages, NULL, NULL) == SINCH_NUMBERS_OK);
}

static void child_with_grandchild(void)
{
    CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
    in_child(call_and_free);
    CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
}

static void beside_what_hangs(void)
{
    sinch_numbers_result *result;

    CHECK(sinch_numbers_pages_next(pages, NULL, &result) == SINCH_NUMBERS_E_MISUSE);
    CHECK(strstr(sinch_numbers_result_message(result), "fork") != NULL);
    sinch_numbers_result_free(result);
    CHECK(sinch_numbers_active_list(client, NULL, NULL, NULL) == SINCH_NUMBERS_OK);
    /* Ends calls here only: the parent's goes on. */
    sinch_numbers_cancel_trigger(cancel);
    sinch_numbers_client_shutdown(client);
    sinch_numbers_pages_free(pages);
    sinch_numbers_client_free(client);
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    char line[16];
    int count = argc == 2 && strcmp(argv[1], "alone") == 0 ? 0 : 4, i;

    client = new_client("");
    cancel = sinch_numbers_cancel_new();
    CHECK(sinch_numbers_pages_new(client, "{\"pageSize\": 1}", &pages, NULL) == SINCH_NUMBERS_OK);
    if (argc == 2 && strcmp(argv[1], "hanging") == 0) {
        spawn(&threads[0], hang, NULL);
        CHECK(fgets(line, sizeof line, stdin) != NULL);
        in_child(beside_what_hangs);
        CHECK(sinch_numbers_active_list(client, NULL, cancel, NULL) == SINCH_NUMBERS_OK);
        sinch_numbers_cancel_trigger(cancel);
        join(threads[0]);
    } else {
        in_child(call_and_free); /* before its first use */
        CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
        next_page();
        in_child(next_page);
        next_page();
        in_child(call_and_free);
        in_child(child_with_grandchild);
        for (i = 0; i < count; i++)
            spawn(&threads[i], keep_calling, NULL);
        for (i = 0; i < 50; i++)
            in_child(call_and_free);
        __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
        for (i = 0; i < count; i++)
            join(threads[i]);
        CHECK(get_number(client, cancel) == SINCH_NUMBERS_OK);
        next_page();
    }
    sinch_numbers_pages_free(pages);
    sinch_numbers_cancel_free(cancel);
    sinch_numbers_client_free(client);
    puts("parent and children are well");
    return 0;
}
