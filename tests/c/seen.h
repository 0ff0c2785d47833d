/* The numbers that threads were handed out: none of them twice. */
#ifndef SEEN_H
#define SEEN_H

#include "common.h"

#define MANY 64

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char seen[MANY][32];
static int count;

static void see(const char *number)
{
    int i;

    pthread_mutex_lock(&lock);
    for (i = 0; i < count; i++)
        CHECK(strcmp(seen[i], number) != 0);
    CHECK(count < MANY && strlen(number) < sizeof seen[0]);
    strcpy(seen[count++], number);
    pthread_mutex_unlock(&lock);
}

#endif
