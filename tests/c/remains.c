/*
 * What a core of freed memory would show. Usage: remains PIECE CONFIG NAME=NEEDLE..., where CONFIG and the needles are in
 * hexadecimal with each byte XOR 0xA5, so that what is looked for does not stand in the program's own arguments. It makes calls
 * with two clients of this configuration, one after the other, frees everything, and looks through all memory that it may write
 * to for every piece of so many bytes of a needle. It prints a line with the needles that were there while the last client lived,
 * and one for each place where something is left.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common.h"

#define MASK 0xA5
#define NEEDLES 8
#define THREADS 3
#define CHUNK ((size_t)1 << 20)
#define MOST 64

struct needle {
    const char *name;
    /* As it came: masked. */
    unsigned char bytes[1024];
    size_t length;
};

struct finding {
    const struct needle *needle;
    uintptr_t address;
    size_t length;
    char where[64];
};

static struct needle needles[NEEDLES];
static size_t needle_count;
/* How many bytes of a needle are worth a line. */
static size_t piece;
static struct finding findings[MOST];
static size_t found;
/* Whether a piece of a needle begins with this byte. */
static unsigned char begins[256];

static unsigned nibble(char digit)
{
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, digit);

    CHECK(digit != '\0' && at != NULL);
    return (unsigned)(at - digits);
}

/* Reads hexadecimal; the bytes stay masked if the mask is 0. */
static size_t read_hex(const char *hex, unsigned char *out, size_t size, unsigned char mask)
{
    size_t length = strlen(hex) / 2, i;

    CHECK(strlen(hex) % 2 == 0 && length < size);
    for (i = 0; i < length; i++)
        out[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1])) ^ mask;
    return length;
}

static void wipe(void *memory, size_t size)
{
    volatile unsigned char *bytes = memory;

    while (size--)
        bytes[size] = 0;
}

/* How many bytes of a needle begin here, from any place in it. */
static size_t run(const struct needle *needle, const unsigned char *memory, size_t left)
{
    size_t from, longest = 0;

    for (from = 0; from + piece <= needle->length; from++) {
        size_t length = 0;
        while (length < left && from + length < needle->length &&
               (memory[length] ^ MASK) == needle->bytes[from + length])
            length++;
        if (length > longest)
            longest = length;
    }
    return longest >= piece ? longest : 0;
}

static void note(const struct needle *needle, uintptr_t address, size_t length, const char *where)
{
    struct finding *last = found ? &findings[found - 1] : NULL;

    /* Seen in the round before. */
    if (last && address < last->address + last->length)
        return;
    CHECK(found < MOST);
    findings[found].needle = needle;
    findings[found].address = address;
    findings[found].length = length;
    snprintf(findings[found].where, sizeof findings[found].where, "%s", where);
    found++;
}

static void search(int memory, unsigned char *buffer, uintptr_t begin, uintptr_t end, const char *where)
{
    while (begin < end) {
        size_t wanted = end - begin < CHUNK ? end - begin : CHUNK, i, n;
        ssize_t got = pread(memory, buffer, wanted, (off_t)begin);

        if (got <= 0)
            return;
        for (i = 0; i + piece <= (size_t)got; i++) {
            if (!begins[buffer[i] ^ MASK])
                continue;
            for (n = 0; n < needle_count; n++) {
                size_t length = run(&needles[n], buffer + i, (size_t)got - i);
                if (length) {
                    note(&needles[n], begin + i, length, where);
                    i += length - 1;
                    break;
                }
            }
        }
        if ((size_t)got < CHUNK)
            return;
        /* What lies across the border is seen by the next round. */
        begin += (size_t)got - sizeof needles[0].bytes;
    }
}

/* Looks through everything that may be written to, but for the buffer that it looks with. */
static void search_all(void)
{
    static char maps[1 << 18];
    unsigned char *buffer = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int memory = open("/proc/self/mem", O_RDONLY), file = open("/proc/self/maps", O_RDONLY);
    size_t length = 0;
    ssize_t got;
    char *line;

    CHECK(buffer != MAP_FAILED && memory >= 0 && file >= 0);
    while ((got = read(file, maps + length, sizeof maps - 1 - length)) > 0)
        length += (size_t)got;
    maps[length] = '\0';
    CHECK(length + 1 < sizeof maps);
    found = 0;
    for (line = strtok(maps, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        uintptr_t begin, end, own = (uintptr_t)buffer;
        char access[5], name[256] = "anonymous";

        CHECK(sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %255s", &begin, &end, access, name) >= 3);
        if (access[0] != 'r' || access[1] != 'w')
            continue;
        /* The kernel joins neighbours: the buffer may stand in the middle of a mapping. */
        if (begin <= own && own < end) {
            search(memory, buffer, begin, own, name);
            search(memory, buffer, own + CHUNK, end, name);
        } else {
            search(memory, buffer, begin, end, name);
        }
    }
    close(memory);
    close(file);
    munmap(buffer, CHUNK);
}

static void *work(void *client)
{
    int i;

    for (i = 0; i < 3; i++)
        sinch_numbers_active_get(client, NUMBER, NULL, NULL);
    return NULL;
}

static void call(sinch_numbers_client *client)
{
    pthread_t threads[THREADS];
    sinch_numbers_result *result;
    int i;

    sinch_numbers_active_list(client, NULL, NULL, &result);
    sinch_numbers_result_free(result);
    sinch_numbers_active_release(client, NUMBER, NULL, &result);
    sinch_numbers_result_free(result);
    for (i = 0; i < THREADS; i++)
        spawn(&threads[i], work, client);
    for (i = 0; i < THREADS; i++)
        join(threads[i]);
}

int main(int argc, char **argv)
{
    static unsigned char config[1 << 16];
    size_t n, i;
    int round;

    CHECK(argc > 3 && argc <= 3 + NEEDLES);
    piece = (size_t)atoi(argv[1]);
    for (i = 3; i < (size_t)argc; i++) {
        struct needle *needle = &needles[needle_count++];
        char *hex = strchr(argv[i], '=');

        CHECK(hex != NULL);
        *hex++ = '\0';
        needle->name = argv[i];
        needle->length = read_hex(hex, needle->bytes, sizeof needle->bytes, 0);
        CHECK(needle->length >= piece);
        for (n = 0; n + piece <= needle->length; n++)
            begins[needle->bytes[n]] = 1;
    }
    for (round = 0; round < 2; round++) {
        sinch_numbers_client *client;
        sinch_numbers_result *result;
        sinch_numbers_code code;
        size_t length = read_hex(argv[2], config, sizeof config, MASK);

        config[length] = '\0';
        code = sinch_numbers_client_new((const char *)config, NULL, NULL, &client, &result);
        wipe(config, length);
        sinch_numbers_result_free(result);
        if (code == SINCH_NUMBERS_OK)
            call(client);
        else
            printf("%s\n", sinch_numbers_code_name(code));
        if (round == 1) {
            /* What is looked for can be found. */
            search_all();
            printf("alive:");
            for (n = 0; n < needle_count; n++) {
                for (i = 0; i < found && findings[i].needle != &needles[n]; i++)
                    continue;
                if (i < found)
                    printf(" %s", needles[n].name);
            }
            putchar('\n');
        }
        sinch_numbers_client_free(client);
    }
    search_all();
    for (i = 0; i < found; i++) {
        const unsigned char *near = (const unsigned char *)findings[i].address - 32;
        size_t k, shown = findings[i].length + 64;

        printf("left: %s, %zu of %zu bytes, %s %#" PRIxPTR ": ", findings[i].needle->name, findings[i].length,
               findings[i].needle->length, findings[i].where, findings[i].address);
        for (k = 0; k < shown; k++)
            putchar(near[k] >= 0x20 && near[k] < 0x7f ? near[k] : '.');
        putchar('\n');
    }
    return 0;
}
