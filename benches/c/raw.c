/* The floor: a socket that writes a fixed request and reads the response. Usage: raw get|threads|list URL COUNT [PAGE] */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

struct line {
    int socket;
    char *response;
    size_t size;
};

static int port;
static long page;
static struct line own;

static struct line dial(void)
{
    struct line line = {socket(AF_INET, SOCK_STREAM, 0), malloc(1 << 20), 1 << 20};
    struct sockaddr_in address;
    int one = 1;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(line.response != NULL && connect(line.socket, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(setsockopt(line.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    return line;
}

/* Returns the body. */
static const char *ask(struct line *line, const char *request, size_t length, size_t *body_length)
{
    static const char key[] = "Content-Length: ";
    size_t filled = 0, wanted = 0, head = 0;

    CHECK(write(line->socket, request, length) == (ssize_t)length);
    do {
        ssize_t count = read(line->socket, line->response + filled, line->size - filled);
        CHECK(count > 0);
        filled += (size_t)count;
        if (wanted == 0) {
            const char *end = memmem(line->response, filled, "\r\n\r\n", 4), *at;
            CHECK(end != NULL);
            at = memmem(line->response, filled, key, sizeof key - 1);
            CHECK(at != NULL);
            head = (size_t)(end + 4 - line->response);
            *body_length = strtoul(at + sizeof key - 1, NULL, 10);
            wanted = head + *body_length;
            CHECK(wanted <= line->size);
        }
    } while (filled < wanted);
    return line->response + head;
}

static const char get_request[] = "GET /v1/projects/" PROJECT "/activeNumbers/" NUMBER " HTTP/1.1\r\nHost: localhost\r\n"
                                  "Accept: application/json\r\nAuthorization: Bearer fixed\r\n\r\n";

static void get(int timed)
{
    size_t length;

    (void)timed;
    ask(&own, get_request, sizeof get_request - 1, &length);
}

static void *run(void *argument)
{
    struct line line = dial();
    size_t length;
    long i;

    (void)argument;
    ask(&line, get_request, sizeof get_request - 1, &length);
    pthread_barrier_wait(&gate);
    for (i = 0; i < thread_count; i++)
        ask(&line, get_request, sizeof get_request - 1, &length);
    return NULL;
}

static void list(int timed)
{
    char request[1024], next[256] = "";

    (void)timed;
    do {
        size_t length;
        const char *body;
        int written = snprintf(request, sizeof request,
                               "GET /v1/projects/" PROJECT "/activeNumbers?pageSize=%ld&pageToken=%s HTTP/1.1\r\n"
                               "Host: localhost\r\nAccept: application/json\r\nAuthorization: Bearer fixed\r\n\r\n",
                               page, next);
        body = ask(&own, request, (size_t)written, &length);
        token_of(body, length, next);
        numbers_seen += page;
    } while (*next != '\0');
}

int main(int argc, char **argv)
{
    const char *colon = argc >= 4 ? strrchr(argv[2], ':') : NULL;
    long count = argc >= 4 ? atol(argv[3]) : 0;

    CHECK(colon != NULL && count > 0);
    port = atoi(colon + 1);
    page = argc == 5 ? atol(argv[4]) : 0;
    if (strcmp(argv[1], "threads") == 0) {
        time_threads(count, run);
        return 0;
    }
    own = dial();
    if (strcmp(argv[1], "list") == 0)
        time_lists(count, list);
    else
        time_calls(count, get);
    return 0;
}
