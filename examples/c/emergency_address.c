/*
 * Makes sure that a number has an emergency address, in the form in which the emergency services know it: reads it, validates the
 * wanted one, takes over a correction of its spelling, provisions it, and reads it back.
 *
 *     cc -std=c99 -o emergency_address emergency_address.c $(pkg-config --cflags --libs sinch_numbers)
 *     ./emergency_address +12025550134 Office 3500 "Lenox Road NE" Atlanta GA 30326 "Floor 2"
 *
 * The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
 */
#include <stdio.h>
#include <string.h>

#include <sinch_numbers.h>

/* The parts of an address, in the order of the command line. */
static const char *const PARTS[] = {"streetNumber", "streetInfo", "city", "state", "postalCode", "location"};

/* A buffer for JSON. After something did not fit, nothing more is written. */
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

/* Escapes the text: a quote in it would otherwise end the JSON string. */
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

static void write_body(struct json *json, const char *name, char **parts, int count)
{
    int index;

    put(json, "{\"accept\": \"corrected\", \"displayName\": ");
    put_string(json, name);
    for (index = 0; index < count; index++) {
        put(json, index == 0 ? ", \"address\": {" : ", ");
        put_string(json, PARTS[index]);
        put(json, ": ");
        put_string(json, parts[index]);
    }
    put(json, "}}");
}

/* Returns a part of the address at a JSON pointer of a result. */
static const char *part(const sinch_numbers_result *result, const char *pointer, const char *name)
{
    char place[128];
    const char *text;

    snprintf(place, sizeof place, "%s/%s", pointer, name);
    text = sinch_numbers_result_text(result, place);
    return text ? text : "";
}

static void print_address(const char *what, const sinch_numbers_result *result, const char *pointer)
{
    const char *location = part(result, pointer, "location"), *four = part(result, pointer, "postalCodePlusFour");

    printf("%s: %s %s%s%s, %s, %s %s%s%s\n", what, part(result, pointer, "streetNumber"),
           part(result, pointer, "streetInfo"), *location ? ", " : "", location, part(result, pointer, "city"),
           part(result, pointer, "state"), part(result, pointer, "postalCode"), *four ? "-" : "", four);
}

/* Prints the addresses that the service suggests instead. */
static void complain(const sinch_numbers_result *result)
{
    const char *field = sinch_numbers_result_text(result, "/fieldViolations/0/description");
    int64_t index;

    if (sinch_numbers_result_text(result, "/validation/correctedAddress/streetInfo"))
        print_address("not the same place", result, "/validation/correctedAddress");
    for (index = 0; index < sinch_numbers_result_count(result, "/validation/candidateAddresses"); index++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/validation/candidateAddresses/%d", (int)index);
        print_address("perhaps", result, pointer);
    }
    fprintf(stderr, "emergency_address: %s\n", sinch_numbers_result_message(result));
    if (field)
        fprintf(stderr, "emergency_address: %s\n", field);
}

int main(int argc, char **argv)
{
    static struct json body;
    sinch_numbers_client *client;
    sinch_numbers_result *result;
    sinch_numbers_code code;

    if (argc != 8 && argc != 9) {
        fprintf(stderr, "usage: emergency_address +12025550134 NAME "
                        "STREET_NUMBER STREET CITY STATE POSTAL_CODE [LOCATION]\n");
        return 2;
    }
    write_body(&body, argv[2], argv + 3, argc - 3);
    if (body.full) {
        fprintf(stderr, "emergency_address: the address is too long\n");
        return 1;
    }
    code = sinch_numbers_client_new(NULL, NULL, NULL, &client, &result);
    if (code == SINCH_NUMBERS_OK) {
        sinch_numbers_result_free(result);
        code = sinch_numbers_emergency_address_ensure(client, argv[1], body.text, NULL, &result);
    }
    if (code == SINCH_NUMBERS_OK) {
        const char *changed = sinch_numbers_result_text(result, "/changed");

        if (sinch_numbers_result_text(result, "/validation/validationResult"))
            printf("%s\n", sinch_numbers_result_text(result, "/validation/validationResult"));
        print_address(strcmp(changed, "true") == 0 ? "provisioned" : "stands already", result, "/address");
    } else {
        complain(result);
    }
    sinch_numbers_result_free(result);
    sinch_numbers_client_free(client);
    if (fflush(stdout) != 0) {
        perror("emergency_address");
        return 1;
    }
    return code == SINCH_NUMBERS_OK ? 0 : 1;
}
