/* A server that closes while it is written to, and SIGPIPE at its default disposition: failures, and no signal.
   Usage: sigpipe [ROUNDS]. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

/* Takes a little of each request, then closes: now politely, now with a reset. */
static void *close_on_them(void *argument)
{
    int listener = *(int *)argument, i;

    for (i = 0;; i++) {
        struct linger reset = {1, 0};
        char some[16];
        int socket = accept(listener, NULL, NULL);

        if (socket < 0)
            return NULL;
        if (i % 3 != 0)
            CHECK(read(socket, some, sizeof some) >= 0);
        if (i % 2 != 0)
            CHECK(setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
        close(socket);
    }
}

int main(int argc, char **argv)
{
    static char body[1000 * 1000], config[256];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    struct sigaction action;
    sinch_numbers_client *client;
    pthread_t server;
    int listener = socket(AF_INET, SOCK_STREAM, 0), rounds = argc == 2 ? atoi(argv[1]) : 30, i;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 64) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    spawn(&server, close_on_them, &listener);

    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    snprintf(config, sizeof config,
             "{\"projectId\": \"p\", \"keyId\": \"k\", \"keySecret\": \"s\", \"auth\": \"basic\", "
             "\"baseUrl\": \"http://127.0.0.1:%d\", \"maxAttempts\": 1}",
             ntohs(address.sin_port));
    CHECK(sinch_numbers_client_new(config, NULL, NULL, &client, NULL) == SINCH_NUMBERS_OK);
    /* Far more than a socket takes at once. */
    memset(body, 'x', sizeof body - 1);
    memcpy(body, "{\"displayName\":\"", 16);
    memcpy(body + sizeof body - 3, "\"}", 2);
    for (i = 0; i < rounds; i++) {
        sinch_numbers_result *result;

        CHECK(sinch_numbers_active_update(client, NUMBER, body, NULL, &result) == SINCH_NUMBERS_E_NETWORK);
        sinch_numbers_result_free(result);
        CHECK(sinch_numbers_active_list(client, NULL, NULL, NULL) == SINCH_NUMBERS_E_NETWORK);
    }
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    sinch_numbers_client_free(client);
    shutdown(listener, SHUT_RDWR);
    join(server);
    close(listener);
    puts("no signal");
    return 0;
}
