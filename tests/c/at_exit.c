/* A call made while the process, or a thread of it, ends: over TLS, on a new connection and on one that was used before.
   usage: at_exit URL CAFILE main|atexit|destructor|thread new|used */
#include <pthread.h>
#include <sinch_numbers.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sinch_numbers_client *client;
static const char *where = "";
static int used;

static void get(const char *from) {
    sinch_numbers_result *result;
    sinch_numbers_code code = sinch_numbers_active_get(client, "+12025550134", NULL, &result);
    printf("%s: %s %s\n", from, sinch_numbers_code_name(code), sinch_numbers_result_message(result));
    fflush(stdout);
    sinch_numbers_result_free(result);
}

static void at_exit(void) { get("atexit"); }

__attribute__((destructor)) static void destructor(void) {
    if (strcmp(where, "destructor") == 0) get("destructor");
}

static void thread_ends(void *key) {
    (void)key;
    get("thread");
}

static void *thread(void *key) {
    pthread_key_t own;
    pthread_key_create(&own, thread_ends);
    pthread_setspecific(own, key);
    if (used) get("used");
    return NULL;
}

int main(int count, char **arguments) {
    char config[2048];
    sinch_numbers_result *result;
    pthread_t started;
    if (count != 5) return 2;
    snprintf(config, sizeof config,
             "{\"projectId\":\"project-1\",\"keyId\":\"key-id\",\"keySecret\":\"key-secret\",\"baseUrl\":\"%s\","
             "\"authUrl\":\"%s\",\"caFile\":\"%s\"}",
             arguments[1], arguments[1], arguments[2]);
    if (sinch_numbers_client_new(config, NULL, NULL, &client, &result) != SINCH_NUMBERS_OK) {
        puts(sinch_numbers_result_message(result));
        return 1;
    }
    sinch_numbers_result_free(result);
    where = arguments[3];
    used = strcmp(arguments[4], "used") == 0;
    if (strcmp(where, "thread") == 0) {
        pthread_create(&started, NULL, thread, &client);
        pthread_join(started, NULL);
        return 0;
    }
    if (strcmp(where, "atexit") == 0) atexit(at_exit);
    if (strcmp(where, "main") == 0 || used) get("used");
    return 0;
}
