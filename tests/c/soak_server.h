/*
 * A service in a process of its own that breaks one request in a hundred, in every way it knows, and counts what each write
 * brought about. Its state is that count: each write has a number of its own, "+1", a digit for the kind of write, and the
 * nine digits of its id.
 */
#ifndef SOAK_SERVER_H
#define SOAK_SERVER_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum fault {
    NONE,
    RESET_BEFORE, /* the request was read, nothing was done */
    RESET_AFTER,  /* it was done, and nothing said */
    STALE,        /* answered; then closed without a word, while the connection idles in a pool */
    CUT,          /* half of the body */
    BUSY,         /* 503, nothing was done */
    BUSY_AFTER,   /* 503, and it was done all the same */
    THROTTLED,    /* 429, Retry-After: 0 */
    BAD_JSON,     /* done, but who can read that */
    REJECTED,     /* 401 */
    SLOW,         /* a byte a millisecond */
    REFUSED,      /* reset, and for a moment nobody listens */
    LATE,         /* reset, and done up to three seconds later */
    FAULTS
};

static const char *const fault_names[FAULTS] = {"none", "reset before", "reset after", "stale", "cut", "503", "503 after all",
                                                "429", "bad JSON", "401", "slow", "refused", "late"};

/* What the two processes share. */
struct ledger {
    unsigned port, share; /* one request in so many is broken; 0: none */
    unsigned long requests, connections, tokens, faults[FAULTS];
    unsigned char *effects; /* by id: how often it was done */
    uint32_t *due;          /* by id: when it will be done, in milliseconds of the clock below; 0 if it is not under way */
    unsigned char *told;    /* by id: what the caller was told */
};

static struct ledger *ledger;
static int listener;
static int wants_refusal;

#define SERVED(condition)                                                              \
    do {                                                                               \
        if (!(condition)) {                                                            \
            perror("soak server: " #condition);                                        \
            abort();                                                                   \
        }                                                                              \
    } while (0)
#define COUNT(field) __atomic_add_fetch(&(field), 1, __ATOMIC_RELAXED)

static uint32_t clock_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint32_t)(time.tv_sec * 1000 + time.tv_nsec / 1000000);
}

/* How often a write was done, or will have been in the end. */
static unsigned done_times(unsigned long id, int in_the_end)
{
    uint32_t due = __atomic_load_n(&ledger->due[id], __ATOMIC_SEQ_CST);

    return __atomic_load_n(&ledger->effects[id], __ATOMIC_SEQ_CST) + (due != 0 && (in_the_end || (int32_t)(clock_ms() - due) >= 0));
}

static void open_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1;

    address.sin_port = htons((uint16_t)ledger->port);
    SERVED((listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    SERVED(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
    SERVED(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1024) == 0);
    SERVED(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    ledger->port = ntohs(address.sin_port);
}

static int put(int peer, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(peer, bytes, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return 0;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 1;
}

/* Answers; 0 if the connection is not to be used again. */
static int respond(int peer, enum fault fault, int status, const char *more, const char *body)
{
    const struct timespec moment = {0, 1000000};
    char text[2048];
    size_t length, slow = 0;

    length = (size_t)snprintf(text, sizeof text, "HTTP/1.1 %d Status\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
                              status, strlen(body), more, body);
    if (fault == CUT)
        length -= strlen(body) / 2 + 1;
    for (; fault == SLOW && slow < 40; slow++) {
        if (!put(peer, text + slow, 1))
            return 0;
        nanosleep(&moment, NULL);
    }
    return put(peer, text + slow, length - slow) && fault != CUT && fault != STALE;
}

/* The next request, whole, in the buffer; 0 if there is none. */
static int receive(int peer, char *text, size_t size)
{
    size_t got = 0;

    for (;;) {
        ssize_t more = recv(peer, text + got, size - 1 - got, 0);
        char *end, *length;

        if (more <= 0)
            return 0;
        got += (size_t)more;
        text[got] = '\0';
        if ((end = strstr(text, "\r\n\r\n")) == NULL)
            continue;
        length = strcasestr(text, "\r\ncontent-length:");
        if (got >= (size_t)(end + 4 - text) + (length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0))
            return 1;
    }
}

static enum fault draw(uint64_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    if (ledger->share == 0 || (*dice >> 20) % ledger->share != 0)
        return NONE;
    return (enum fault)(1 + (*dice >> 40) % (FAULTS - 1));
}

static int serve(int peer, const char *text, enum fault fault, uint64_t dice)
{
    static const char address[] = "{\"streetNumber\":\"%lu\",\"streetInfo\":\"Main St\",\"city\":\"Springfield\",\"state\":\"IL\","
                                  "\"postalCode\":\"62701\"}";
    const char *place = strstr(text, "/activeNumbers");
    const char *rest = place + 14;
    char number[16] = "", body[512] = "", *end;
    unsigned long id = 0, done = 0;
    int write, found = 1;

    SERVED(place != NULL);
    if (*rest == '/') {
        memcpy(number, rest + 1, 12);
        id = strtoul(number + 3, &end, 10);
        SERVED(end == number + 12);
        rest += 13;
    }
    write = number[2] > '2' && strncmp(text, "GET ", 4) != 0;
    if (write && fault == LATE)
        __atomic_store_n(&ledger->due[id], (clock_ms() + 1 + (uint32_t)((dice >> 8) % 3000)) | 1, __ATOMIC_SEQ_CST);
    else if (write && fault != RESET_BEFORE && fault != BUSY && fault != THROTTLED && fault != REJECTED && fault != REFUSED)
        __atomic_add_fetch(&ledger->effects[id], 1, __ATOMIC_SEQ_CST);
    if (number[0] != '\0' && number[2] > '2')
        done = done_times(id, 0);

    if (fault == RESET_BEFORE || fault == RESET_AFTER || fault == REFUSED || fault == LATE) {
        const struct linger at_once = {1, 0};

        setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (fault == REFUSED) {
            __atomic_store_n(&wants_refusal, 1, __ATOMIC_SEQ_CST);
            shutdown(listener, SHUT_RDWR);
        }
        return 0;
    }
    if (fault == BUSY || fault == BUSY_AFTER)
        return respond(peer, fault, 503, "", "<html>busy</html>");
    if (fault == THROTTLED)
        return respond(peer, fault, 429, "Retry-After: 0\r\n", "");
    if (fault == REJECTED)
        return respond(peer, fault, 401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", "");
    if (fault == BAD_JSON)
        return respond(peer, fault, 200, "", "{\"phoneNumber\": \"+1");

    if (number[0] == '\0')
        snprintf(body, sizeof body, "{\"activeNumbers\":[{\"phoneNumber\":\"+12000000000\"}],\"totalSize\":1}");
    else if (strncmp(rest, "/emergencyAddress:deprovision", 29) == 0)
        snprintf(body, sizeof body, "{}");
    else if (strncmp(rest, "/emergencyAddress:validate", 26) == 0)
        snprintf(body, sizeof body, "{\"validationResult\":\"EXACT_MATCH\"}");
    else if (strncmp(rest, "/emergencyAddress", 17) == 0) {
        /* Of a number to be provisioned there is none before, of one to be deprovisioned none after. */
        found = number[2] == '4' ? done > 0 : number[2] == '5' ? done == 0 : 1;
        if (found)
            snprintf(body, sizeof body, address, id);
        else
            snprintf(body, sizeof body, "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\",\"message\":\"\"}}");
    } else
        snprintf(body, sizeof body, "{\"phoneNumber\":\"%s\",\"displayName\":\"%s\",\"expireAt\":%s}", number,
                 number[2] == '3' && done > 0 ? number + 3 : "", number[2] == '6' && done > 0 ? "\"2030-01-01T00:00:00Z\"" : "null");
    return respond(peer, fault, found ? 200 : 404, "", body);
}

static void *converse(void *argument)
{
    int peer = (int)(intptr_t)argument, on = 1, go_on = 1;
    uint64_t dice = 0x9E3779B97F4A7C15u * (uint64_t)COUNT(ledger->connections);
    char text[4096];

    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (go_on && receive(peer, text, sizeof text)) {
        enum fault fault = draw(&dice);

        if (strncmp(text, "POST /oauth2/token ", 19) == 0) {
            /* What fails here fails all calls for a while, which would be a test of that only. */
            if (fault != STALE && fault != SLOW && fault != CUT)
                fault = NONE;
            go_on = respond(peer, fault, 200, "", "{\"access_token\":\"token\",\"expires_in\":3599}");
            COUNT(ledger->tokens);
        } else {
            COUNT(ledger->requests);
            go_on = serve(peer, text, fault, dice);
        }
        COUNT(ledger->faults[fault]);
    }
    close(peer);
    return NULL;
}

static void run_server(void)
{
    const struct timespec moment = {0, 20000000};
    pthread_attr_t small;
    pthread_t thread;

    SERVED(pthread_attr_init(&small) == 0);
    SERVED(pthread_attr_setstacksize(&small, 128 * 1024) == 0);
    SERVED(pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED) == 0);
    for (;;) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (peer >= 0) {
            SERVED(pthread_create(&thread, &small, converse, (void *)(intptr_t)peer) == 0);
        } else if (__atomic_load_n(&wants_refusal, __ATOMIC_SEQ_CST)) {
            close(listener);
            nanosleep(&moment, NULL);
            __atomic_store_n(&wants_refusal, 0, __ATOMIC_SEQ_CST);
            open_listener();
        }
    }
}

/* Starts the service for so many ids, and returns its process. It ends with this one. */
static pid_t start_server(unsigned long ids, unsigned share)
{
    pid_t process, parent = getpid();
    size_t size = sizeof *ledger + (2 + sizeof(uint32_t)) * ids;

    ledger = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    SERVED(ledger != MAP_FAILED);
    /* Touched, so that the program does not grow by using it. */
    memset(ledger, 0, size);
    ledger->due = (uint32_t *)(ledger + 1);
    ledger->effects = (unsigned char *)(ledger->due + ids);
    ledger->told = ledger->effects + ids;
    ledger->share = share;
    open_listener();
    SERVED((process = fork()) >= 0);
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        run_server();
    }
    close(listener);
    return process;
}

#endif
