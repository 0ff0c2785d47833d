/* What the C contenders share: their arguments, the clock, the fields of a number, and the line of JSON that they end with. */
#ifndef BENCH_H
#define BENCH_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "yyjson.h"

#define NUMBER "+12025550000"
#define PROJECT "51bc3f40-f266-4ca8-8938-a1ed0ff32b9a"
enum { THREADS = 32, WARM = 50 };

#define CHECK(condition)                                                     \
    do {                                                                     \
        if (!(condition)) {                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
            exit(1);                                                         \
        }                                                                    \
    } while (0)

/* The numbers of a response, field by field, as a checksum: the same for every contender. */
static inline uint32_t crc_of(uint32_t crc, const char *text, size_t length)
{
    static uint32_t table[256];
    uint32_t i, bit, value;

    if (table[1] == 0)
        for (i = 0; i < 256; i++) {
            for (value = i, bit = 0; bit < 8; bit++)
                value = (value >> 1) ^ (value & 1 ? 0xedb88320 : 0);
            table[i] = value;
        }
    crc = ~crc;
    while (length-- > 0)
        crc = table[(crc ^ (unsigned char)*text++) & 0xff] ^ (crc >> 8);
    return ~crc;
}

struct job {
    const char *plan, *campaign, *status, *updated, *errors[4], *type, *app, *trunk, *service;
};

/* Typed, as a program would hold it. Nothing is NULL or "". */
struct number {
    const char *phone, *project, *name, *region, *type, *capability[4], *currency, *amount, *charged, *expires;
    int64_t interval;
    const char *plan, *campaign;
    struct job sms;
    const char *voice, *app, *trunk, *service, *updated;
    struct job call;
    const char *callback;
};

static inline void texts_of(yyjson_val *array, const char *texts[4])
{
    size_t index, max;
    yyjson_val *item;

    memset(texts, 0, 4 * sizeof *texts);
    yyjson_arr_foreach(array, index, max, item)
        if (index < 4)
            texts[index] = yyjson_get_str(item);
}

#define TEXT(object, key) yyjson_get_str(yyjson_obj_get(object, key))

static inline void job_of(yyjson_val *json, struct job *job)
{
    job->plan = TEXT(json, "servicePlanId");
    job->campaign = TEXT(json, "campaignId");
    job->status = TEXT(json, "status");
    job->updated = TEXT(json, "lastUpdatedTime");
    texts_of(yyjson_obj_get(json, "errorCodes"), job->errors);
    job->type = TEXT(json, "type");
    job->app = TEXT(json, "appId");
    job->trunk = TEXT(json, "trunkId");
    job->service = TEXT(json, "serviceId");
}

static inline void number_of(yyjson_val *json, struct number *number)
{
    yyjson_val *part;

    number->phone = TEXT(json, "phoneNumber");
    number->project = TEXT(json, "projectId");
    number->name = TEXT(json, "displayName");
    number->region = TEXT(json, "regionCode");
    number->type = TEXT(json, "type");
    texts_of(yyjson_obj_get(json, "capability"), number->capability);
    part = yyjson_obj_get(json, "money");
    number->currency = TEXT(part, "currencyCode");
    number->amount = TEXT(part, "amount");
    number->interval = yyjson_get_sint(yyjson_obj_get(json, "paymentIntervalMonths"));
    number->charged = TEXT(json, "nextChargeDate");
    number->expires = TEXT(json, "expireAt");
    part = yyjson_obj_get(json, "smsConfiguration");
    number->plan = TEXT(part, "servicePlanId");
    number->campaign = TEXT(part, "campaignId");
    job_of(yyjson_obj_get(part, "scheduledProvisioning"), &number->sms);
    part = yyjson_obj_get(json, "voiceConfiguration");
    number->voice = TEXT(part, "type");
    number->app = TEXT(part, "appId");
    number->trunk = TEXT(part, "trunkId");
    number->service = TEXT(part, "serviceId");
    number->updated = TEXT(part, "lastUpdatedTime");
    job_of(yyjson_obj_get(part, "scheduledVoiceProvisioning"), &number->call);
    number->callback = TEXT(json, "callbackUrl");
    CHECK(number->phone != NULL);
}

static inline void put(char *line, size_t *at, const char *text, size_t most, char after)
{
    size_t length = text == NULL ? 0 : strnlen(text, most);

    CHECK(*at + length + 2 < 4096);
    if (text != NULL)
        memcpy(line + *at, text, length);
    *at += length;
    line[(*at)++] = after;
}

static inline uint32_t checksum(uint32_t crc, const struct number *number)
{
    enum { ALL = 4096, SECONDS = 19 }; /* the Node SDK keeps no microseconds */
    char line[ALL], interval[24];
    size_t at = 0;
    int i;
    const struct {
        const char *text;
        size_t most;
    } fields[] = {
        {number->currency, ALL},   {number->amount, ALL},       {interval, ALL},          {number->charged, SECONDS},
        {number->expires, SECONDS}, {number->plan, ALL},        {number->campaign, ALL},  {number->sms.plan, ALL},
        {number->sms.campaign, ALL}, {number->sms.status, ALL}, {number->sms.updated, SECONDS},
    };
    const struct {
        const char *text;
        size_t most;
    } rest[] = {
        {number->voice, ALL},       {number->app, ALL},         {number->trunk, ALL},     {number->service, ALL},
        {number->updated, SECONDS}, {number->call.type, ALL},   {number->call.status, ALL},
        {number->call.updated, SECONDS}, {number->call.app, ALL}, {number->call.trunk, ALL},
        {number->call.service, ALL},
    };

    snprintf(interval, sizeof interval, "%lld", (long long)number->interval);
    put(line, &at, number->phone, ALL, '|');
    put(line, &at, number->project, ALL, '|');
    put(line, &at, number->name, ALL, '|');
    put(line, &at, number->region, ALL, '|');
    put(line, &at, number->type, ALL, '|');
    for (i = 0; i < 4 && number->capability[i] != NULL; i++)
        put(line, &at, number->capability[i], ALL, ',');
    put(line, &at, NULL, 0, '|');
    for (i = 0; i < (int)(sizeof fields / sizeof *fields); i++)
        put(line, &at, fields[i].text, fields[i].most, '|');
    for (i = 0; i < 4 && number->sms.errors[i] != NULL; i++)
        put(line, &at, number->sms.errors[i], ALL, ',');
    put(line, &at, NULL, 0, '|');
    for (i = 0; i < (int)(sizeof rest / sizeof *rest); i++)
        put(line, &at, rest[i].text, rest[i].most, '|');
    put(line, &at, number->callback, ALL, '\n');
    return crc_of(crc, line, at);
}

/* What the timed rounds do with a number that was decoded: they keep it. */
static struct number kept;
static uint32_t sum;
static long numbers_seen;

/* Decodes a page; checks it as well, unless it is timed. Returns the token of the next one in next, "" at the end. */
static inline void page_of(const char *text, size_t length, char next[256], int timed)
{
    yyjson_doc *json = yyjson_read(text, length, 0);
    yyjson_val *root = yyjson_doc_get_root(json), *item;
    const char *token = TEXT(root, "nextPageToken");
    size_t index, max;

    CHECK(json != NULL);
    yyjson_arr_foreach(yyjson_obj_get(root, "activeNumbers"), index, max, item)
    {
        number_of(item, &kept);
        numbers_seen++;
        if (!timed)
            sum = checksum(sum, &kept);
    }
    snprintf(next, 256, "%s", token == NULL ? "" : token);
    yyjson_doc_free(json);
}

/* The five fields that are read of each number where one does not decode all of it. */
static const char *const FIELDS[] = {
    "/phoneNumber", "/displayName", "/regionCode", "/smsConfiguration/servicePlanId", "/voiceConfiguration/appId",
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof FIELDS[0] };

/* What the timed rounds do with the fields of a number: they add up their lengths. */
static size_t lengths;

static inline void fields_of(const char *const fields[FIELD_COUNT], int timed)
{
    int i;

    numbers_seen++;
    for (i = 0; i < FIELD_COUNT; i++) {
        CHECK(fields[i] != NULL);
        lengths += strlen(fields[i]);
        if (!timed)
            sum = crc_of(sum, fields[i], strlen(fields[i]) + 1);
    }
}

/* Decodes the response to a get; checks it as well, unless it is timed. */
static inline void get_of(const char *text, size_t length, int timed)
{
    struct number number;
    yyjson_doc *json = yyjson_read(text, length, 0);

    CHECK(json != NULL);
    number_of(yyjson_doc_get_root(json), &number);
    if (!timed)
        sum = checksum(0, &number);
    yyjson_doc_free(json);
}

/* The token of a page that is left as text: near its end. */
static inline void token_of(const char *text, size_t length, char next[256])
{
    static const char key[] = "\"nextPageToken\":\"";
    size_t tail = length < 256 ? length : 256;
    const char *at = memmem(text + length - tail, tail, key, sizeof key - 1);

    CHECK(at != NULL);
    snprintf(next, 256, "%.*s", (int)strcspn(at + sizeof key - 1, "\""), at + sizeof key - 1);
}

static inline double now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static inline double cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static inline int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline long peak_kb(void)
{
    char line[256];
    long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %ld", &peak) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return peak;
}

/* Calls one after the other, each timed, and the line about them. */
static inline void time_calls(long count, void (*call)(int timed))
{
    double *took = malloc((size_t)count * sizeof *took), began, cpu;
    long i;

    CHECK(took != NULL && count > 0);
    for (i = 0; i < count; i++)
        took[i] = 0;
    for (i = 0; i < (count < WARM ? 2 : WARM); i++)
        call(0);
    cpu = cpu_us();
    for (i = 0; i < count; i++) {
        began = now_us();
        call(1);
        took[i] = now_us() - began;
    }
    cpu = cpu_us() - cpu;
    qsort(took, (size_t)count, sizeof *took, by_size);
    printf("{\"p50\":%.3f,\"p99\":%.3f,\"cpu\":%.3f,\"sum\":\"%08x\",\"peak\":%ld}\n", took[count / 2],
           took[count * 99 / 100], cpu / (double)count, sum, peak_kb());
    free(took);
}

/* Whole lists, the first one only to check it and to warm up. */
static inline void time_lists(long count, void (*list)(int timed))
{
    double began, cpu, took;
    long i, seen;

    list(0);
    seen = numbers_seen;
    numbers_seen = 0;
    cpu = cpu_us();
    began = now_us();
    for (i = 0; i < count; i++)
        list(1);
    took = now_us() - began;
    cpu = cpu_us() - cpu;
    CHECK(numbers_seen == count * seen);
    printf("{\"rate\":%.0f,\"cpu\":%.3f,\"numbers\":%ld,\"sum\":\"%08x\",\"peak\":%ld}\n",
           (double)(count * 100000) / took * 1e6, cpu / (double)(count * 100000), seen, sum, peak_kb());
}

static pthread_barrier_t gate;
static long thread_count;

/* So many calls on each of the threads at once. Each thread opens its connection before the gate. */
static inline void time_threads(long count, void *(*run)(void *))
{
    pthread_t threads[THREADS];
    double began, cpu, took;
    long i;

    thread_count = count;
    CHECK(pthread_barrier_init(&gate, NULL, THREADS + 1) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)i) == 0);
    pthread_barrier_wait(&gate);
    cpu = cpu_us();
    began = now_us();
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    took = now_us() - began;
    cpu = cpu_us() - cpu;
    printf("{\"rate\":%.0f,\"cpu\":%.3f,\"peak\":%ld}\n", (double)(count * THREADS) / took * 1e6,
           cpu / (double)(count * THREADS), peak_kb());
}

#endif
