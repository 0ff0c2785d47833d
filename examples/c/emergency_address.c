/*
 * Puts an emergency address on a number, in the form in which the emergency services know it: validates it, takes over the
 * correction of a near match, provisions it, and reads it back.
 *
 *     cc -std=c99 -o emergency_address emergency_address.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./emergency_address +12025550134 Office 3500 "Lenox Road NE" Atlanta GA 30326 "Floor 2"
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#include <stdio.h>
#include <string.h>

#include <sinch_numbers.h>

/* The parts of an address: the first ones are required, and are the order of the command line. */
static const char *const PARTS[] = {
    "streetNumber", "streetInfo", "city", "state", "postalCode", "location", "postalCodePlusFour",
};
enum { REQUIRED = 5, LOCATION = 5, ALL = 7 };

/* A place in a result for each part. They live with the result. */
struct address {
    const char *part[ALL];
};

/* Reads the address below a place. Returns -1 if a required part is missing. */
static int address_at(const sinch_numbers_result *result, const char *pointer, struct address *address)
{
    int index, complete = 0;

    for (index = 0; index < ALL; index++) {
        char place[128];

        snprintf(place, sizeof place, "%s/%s", pointer, PARTS[index]);
        address->part[index] = sinch_numbers_result_text(result, place);
        if (index >= REQUIRED || address->part[index])
            complete++;
    }
    return complete == ALL ? 0 : -1;
}

static int same_address(const struct address *one, const struct address *other)
{
    int index, same = 0;

    for (index = 0; index < ALL; index++)
        same += strcmp(one->part[index] ? one->part[index] : "", other->part[index] ? other->part[index] : "") == 0;
    return same == ALL;
}

static void print_address(const char *what, const struct address *address)
{
    const char *const *part = address->part;

    printf("%s: %s %s%s%s, %s, %s %s%s%s\n", what, part[0] ? part[0] : "?", part[1] ? part[1] : "?",
           part[LOCATION] ? ", " : "", part[LOCATION] ? part[LOCATION] : "", part[2] ? part[2] : "?",
           part[3] ? part[3] : "?", part[4] ? part[4] : "?", part[6] ? "-" : "", part[6] ? part[6] : "");
}

/* JSON that is being written; once something did not fit, nothing more is. */
struct json {
    char text[4096];
    size_t used;
    int full;
};

static void put(struct json *json, const char *raw)
{
    size_t length = strlen(raw);

    if (json->full || length >= sizeof json->text - json->used) {
        json->full = 1;
        return;
    }
    memcpy(json->text + json->used, raw, length + 1);
    json->used += length;
}

/* Without the escapes a quote in the text would be JSON of its own. */
static void put_string(struct json *json, const char *text)
{
    size_t room = sizeof json->text - json->used, length = 0;

    if (!json->full)
        length = sinch_numbers_json_escape(text, json->text + json->used, room);
    if (json->full || length >= room)
        json->full = 1;
    else
        json->used += length;
}

/* Writes the body of validate and provision. An address is written part by part, not copied as the service wrote it: there
 * it may hold null and fields that are newer than this library, which a body must not. */
static int write_body(struct json *json, const char *name, const struct address *address)
{
    const char *comma = "";
    int index;

    json->used = 0;
    json->full = 0;
    put(json, "{\"displayName\": ");
    put_string(json, name);
    put(json, ", \"address\": {");
    for (index = 0; index < ALL; index++) {
        if (!address->part[index])
            continue;
        put(json, comma);
        put_string(json, PARTS[index]);
        put(json, ": ");
        put_string(json, address->part[index]);
        comma = ", ";
    }
    put(json, "}}");
    if (json->full)
        fprintf(stderr, "emergency_address: the address is too long\n");
    return json->full ? -1 : 0;
}

static int complain(const char *what, const sinch_numbers_result *result)
{
    const char *field = sinch_numbers_result_text(result, "/fieldViolations/0/description");

    fprintf(stderr, "emergency_address: %s: %s\n", what, sinch_numbers_result_message(result));
    if (field)
        fprintf(stderr, "emergency_address: %s\n", field);
    return -1;
}

/* Asks the service, and says which address to provision: the one that is wanted, or its correction. The correction lives with
 * the response, which the caller frees. */
static int validate(const sinch_numbers_client *client, const char *number, const char *name,
                    const struct address *wanted, struct address *chosen, sinch_numbers_result **response)
{
    static struct json body;
    const char *outcome, *why;
    int index;

    if (write_body(&body, name, wanted) != 0)
        return -1;
    if (sinch_numbers_emergency_address_validate(client, number, body.text, NULL, response) != SINCH_NUMBERS_OK)
        return complain("cannot validate", *response);
    outcome = sinch_numbers_result_text(*response, "/validationResult");
    if (!outcome)
        outcome = "no result";
    printf("%s\n", outcome);
    if (strcmp(outcome, "EXACT_MATCH") == 0) {
        *chosen = *wanted;
        return 0;
    }
    if (strcmp(outcome, "NEAR_MATCH") == 0) {
        if (address_at(*response, "/correctedAddress", chosen) != 0) {
            fprintf(stderr, "emergency_address: a near match without a correction: nothing was provisioned\n");
            return -1;
        }
        /* Which floor, which flat: a correction of the street must not lose it. */
        if (!chosen->part[LOCATION])
            chosen->part[LOCATION] = wanted->part[LOCATION];
        print_address("corrected", chosen);
        return 0;
    }
    for (index = 0; index < sinch_numbers_result_count(*response, "/candidateAddresses"); index++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/candidateAddresses/%d", index);
        address_at(*response, pointer, chosen);
        print_address("perhaps", chosen);
    }
    why = sinch_numbers_result_text(*response, "/validationMessage");
    fprintf(stderr, "emergency_address: no such address: nothing was provisioned (%s)\n", why ? why : outcome);
    return -1;
}

/* Provisions the address, and believes only what can be read back. */
static int provision(const sinch_numbers_client *client, const char *number, const char *name,
                     const struct address *wanted)
{
    static struct json body;
    sinch_numbers_result *provisioned, *read;
    struct address taken = *wanted, found;
    int failed = -1;

    if (write_body(&body, name, wanted) != 0)
        return -1;
    if (sinch_numbers_emergency_address_provision(client, number, body.text, NULL, &provisioned) == SINCH_NUMBERS_OK) {
        address_at(provisioned, "", &taken);
    } else if (sinch_numbers_result_maybe_applied(provisioned)) {
        /* The response was lost on the way: the number itself says which address it has. */
        complain("reading what became of it", provisioned);
    } else {
        complain("cannot provision", provisioned);
        sinch_numbers_result_free(provisioned);
        return -1;
    }
    if (sinch_numbers_emergency_address_get(client, number, NULL, &read) != SINCH_NUMBERS_OK) {
        complain("cannot read it back", read);
    } else {
        failed = address_at(read, "", &found) != 0 || !same_address(&found, &taken) ? -1 : 0;
        print_address("reads back", &found);
        if (failed)
            fprintf(stderr, "emergency_address: the number has another address than was provisioned\n");
    }
    sinch_numbers_result_free(read);
    sinch_numbers_result_free(provisioned);
    return failed;
}

int main(int argc, char **argv)
{
    struct address wanted = {{NULL}}, chosen;
    sinch_numbers_client *client;
    sinch_numbers_result *result, *response = NULL;
    int index, failed;

    if (argc != 8 && argc != 9) {
        fprintf(stderr, "usage: emergency_address +12025550134 NAME "
                        "STREET_NUMBER STREET CITY STATE POSTAL_CODE [LOCATION]\n");
        return 2;
    }
    for (index = 3; index < argc; index++)
        wanted.part[index - 3] = argv[index];
    if (sinch_numbers_client_new(NULL, NULL, NULL, &client, &result) != SINCH_NUMBERS_OK) {
        complain("no client", result);
        sinch_numbers_result_free(result);
        return 1;
    }
    sinch_numbers_result_free(result);
    failed = validate(client, argv[1], argv[2], &wanted, &chosen, &response) != 0 ||
             provision(client, argv[1], argv[2], &chosen) != 0;
    sinch_numbers_result_free(response);
    sinch_numbers_client_free(client);
    if (fflush(stdout) != 0) {
        perror("emergency_address");
        return 1;
    }
    return failed;
}
