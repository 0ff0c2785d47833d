/* What an idle client with one connection costs in heap. Usage: idle CA_FILE; prints bytes. */
#include <malloc.h>

#include "common.h"

#define CLIENTS 32

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

int main(int argc, char **argv)
{
    sinch_numbers_client *clients[CLIENTS];
    char more[512];
    size_t before;
    int i;

    CHECK(argc == 2);
    snprintf(more, sizeof more, ", \"caFile\": \"%s\"", argv[1]);
    /* What is there once for all. */
    sinch_numbers_client_free(new_client(more));
    clients[0] = new_client(more);
    CHECK(get_number(clients[0], NULL) == SINCH_NUMBERS_OK);
    sinch_numbers_client_free(clients[0]);
    before = in_use();
    for (i = 0; i < CLIENTS; i++) {
        clients[i] = new_client(more);
        CHECK(get_number(clients[i], NULL) == SINCH_NUMBERS_OK);
    }
    printf("%zu\n", (in_use() - before) / CLIENTS);
    for (i = 0; i < CLIENTS; i++)
        sinch_numbers_client_free(clients[i]);
    return 0;
}
