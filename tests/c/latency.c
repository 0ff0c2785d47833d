/* How long a call that waits for its response goes on after it was cancelled, its client shut down, or its deadline passed:
 * measured, not judged. A listener of its own takes the request and never answers, or stops in the middle of its response. Prints
 * the median and the longest of 200 rounds each, 40 for the deadline. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sinch_numbers.h"

enum { ROUNDS = 200, DEADLINES = 40, DEADLINE_MS = 60 };

struct call {
    sinch_numbers_client *client;
    sinch_numbers_cancel *cancel;
    sinch_numbers_code code;
    struct timespec over;
};

static void *run(void *argument)
{
    struct call *call = argument;
    call->code = sinch_numbers_active_get(call->client, "+12025550134", call->cancel, NULL);
    clock_gettime(CLOCK_MONOTONIC, &call->over);
    return NULL;
}

static double ms_between(struct timespec from, struct timespec to)
{
    return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static sinch_numbers_client *new_client(int port, long timeout_ms)
{
    char config[256];
    sinch_numbers_client *client;

    snprintf(config, sizeof config,
             "{\"projectId\":\"p\",\"keyId\":\"k\",\"keySecret\":\"s\",\"auth\":\"basic\",\"timeoutMs\":%ld,"
             "\"baseUrl\":\"http://127.0.0.1:%d\"}",
             timeout_ms, port);
    if (sinch_numbers_client_new(config, NULL, NULL, &client, NULL) != SINCH_NUMBERS_OK) {
        fputs("no client\n", stderr);
        exit(1);
    }
    return client;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), way, round;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(listener, 8) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("listener");
        return 1;
    }
    for (way = 0; way < 2; way++) {
        double took[ROUNDS];
        for (round = 0; round < ROUNDS; round++) {
            char request[4096];
            struct call call = {NULL, NULL, 0, {0, 0}};
            struct timespec asked;
            pthread_t thread;
            int socket;

            call.cancel = sinch_numbers_cancel_new();
            call.client = new_client(ntohs(address.sin_port), 30000);
            if (pthread_create(&thread, NULL, run, &call) != 0) {
                fputs("no thread\n", stderr);
                return 1;
            }
            socket = accept(listener, NULL, NULL);
            if (socket < 0 || read(socket, request, sizeof request) <= 0)
                return 1;
            usleep(2000); /* until the call waits */
            clock_gettime(CLOCK_MONOTONIC, &asked);
            if (way == 0)
                sinch_numbers_cancel_trigger(call.cancel);
            else
                sinch_numbers_client_shutdown(call.client);
            pthread_join(thread, NULL);
            if (call.code != SINCH_NUMBERS_E_CANCELLED) {
                fprintf(stderr, "the call ended with %d\n", (int)call.code);
                return 1;
            }
            took[round] = ms_between(asked, call.over);
            close(socket);
            sinch_numbers_cancel_free(call.cancel);
            sinch_numbers_client_free(call.client);
        }
        qsort(took, ROUNDS, sizeof took[0], by_size);
        printf("%s: median %.3f ms, longest %.3f ms\n", way == 0 ? "cancel" : "shutdown",
               took[ROUNDS / 2], took[ROUNDS - 1]);
    }
    for (way = 0; way < 2; way++) {
        static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"phoneNumber\":";
        double over[DEADLINES];
        for (round = 0; round < DEADLINES; round++) {
            char request[4096];
            struct call call = {NULL, NULL, 0, {0, 0}};
            struct timespec began;
            pthread_t thread;
            int socket;

            call.client = new_client(ntohs(address.sin_port), DEADLINE_MS);
            clock_gettime(CLOCK_MONOTONIC, &began);
            if (pthread_create(&thread, NULL, run, &call) != 0)
                return 1;
            socket = accept(listener, NULL, NULL);
            if (socket < 0 || read(socket, request, sizeof request) <= 0
                || (way == 1 && write(socket, half, sizeof half - 1) <= 0))
                return 1;
            pthread_join(thread, NULL);
            if (call.code != SINCH_NUMBERS_E_TIMEOUT) {
                fprintf(stderr, "the call ended with %d\n", (int)call.code);
                return 1;
            }
            over[round] = ms_between(began, call.over) - DEADLINE_MS;
            close(socket);
            sinch_numbers_client_free(call.client);
        }
        qsort(over, DEADLINES, sizeof over[0], by_size);
        printf("deadline, %s: median %.3f ms, longest %.3f ms late\n", way == 0 ? "no response" : "half a response",
               over[DEADLINES / 2], over[DEADLINES - 1]);
    }
    return 0;
}
