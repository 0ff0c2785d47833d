/* What the test programs share. Each is one source file; each ends with 0 if all went as it should. */
#ifndef COMMON_H
#define COMMON_H

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinch_numbers.h"

#define NUMBER "+12025550134"

/* Stops the program with a line that says where and what. */
#define CHECK(condition)                                                         \
    do {                                                                         \
        if (!(condition)) {                                                      \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
            abort();                                                             \
        }                                                                        \
    } while (0)

/* The number of files in a folder, of threads in /proc/self/task, or of descriptors in /proc/self/fd with the one that reads it. */
static inline int entries(const char *folder)
{
    DIR *open = opendir(folder);
    int count = -2; /* "." and ".." */

    CHECK(open != NULL);
    while (readdir(open) != NULL)
        count++;
    closedir(open);
    return count;
}

/* The settings of the environment's account, with more of them if wanted, as in ", \"maxAttempts\": 1". */
static inline void config_of(char *text, size_t size, const char *more)
{
    const char *names[] = {"SINCH_PROJECT_ID", "SINCH_KEY_ID", "SINCH_KEY_SECRET", "SINCH_NUMBERS_URL", "SINCH_AUTH_URL"};
    const char *values[5];
    int i, length;

    for (i = 0; i < 5; i++) {
        values[i] = getenv(names[i]);
        CHECK(values[i] != NULL);
    }
    length = snprintf(text, size,
                      "{\"projectId\": \"%s\", \"keyId\": \"%s\", \"keySecret\": \"%s\", \"baseUrl\": \"%s\", "
                      "\"authUrl\": \"%s\"%s}",
                      values[0], values[1], values[2], values[3], values[4], more);
    CHECK(length > 0 && (size_t)length < size);
}

static inline sinch_numbers_client *new_client(const char *more)
{
    char config[4096];
    sinch_numbers_client *client;
    sinch_numbers_result *result;

    config_of(config, sizeof config, more);
    if (sinch_numbers_client_new(config, NULL, NULL, &client, &result) != SINCH_NUMBERS_OK) {
        fprintf(stderr, "client_new: %s\n", sinch_numbers_result_message(result));
        abort();
    }
    sinch_numbers_result_free(result);
    return client;
}

/* Reads a number, and says on stderr what went wrong, if something did that should not. */
static inline sinch_numbers_code get_number(const sinch_numbers_client *client, const sinch_numbers_cancel *cancel)
{
    sinch_numbers_result *result = NULL;
    sinch_numbers_code code = sinch_numbers_active_get(client, NUMBER, cancel, &result);

    CHECK(result != NULL && sinch_numbers_result_code(result) == code);
    if (code == SINCH_NUMBERS_OK) {
        const char *number = sinch_numbers_result_value(result, "/phoneNumber");
        CHECK(number != NULL && strcmp(number, NUMBER) == 0);
    } else if (getenv("VERBOSE") != NULL) {
        fprintf(stderr, "%s\n", sinch_numbers_result_json(result, NULL));
    }
    sinch_numbers_result_free(result);
    return code;
}

static inline void spawn(pthread_t *thread, void *(*run)(void *), void *argument)
{
    CHECK(pthread_create(thread, NULL, run, argument) == 0);
}

static inline void join(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

#endif
