/* To be preloaded: the name numbers.test, and a system short of threads. ADDRESSES are those of the name, with spaces between
 * them; the first FAILURES look-ups of it fail for the moment (EAI_AGAIN). With NO_THREADS no thread can be started. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef int start(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* A function pointer as dlsym gives it: C has no conversion from an object pointer. */
#define REAL(type, name) union { void *object; type *function; } real = {dlsym(RTLD_NEXT, name)}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static int asked;
    const char *failures = getenv("FAILURES");
    char addresses[256], *address, *rest = NULL;
    REAL(lookup, "getaddrinfo");

    if (strcmp(name, "numbers.test") != 0)
        return real.function(name, service, hints, found);
    if (failures && __atomic_fetch_add(&asked, 1, __ATOMIC_SEQ_CST) < atoi(failures))
        return EAI_AGAIN;
    snprintf(addresses, sizeof addresses, "%s", getenv("ADDRESSES"));
    for (address = strtok_r(addresses, " ", &rest); address; address = strtok_r(NULL, " ", &rest)) {
        int code = real.function(address, service, hints, found);
        if (code != 0)
            return code;
        while (*found)
            found = &(*found)->ai_next;
    }
    return 0;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    REAL(start, "pthread_create");
    return getenv("NO_THREADS") ? EAGAIN : real.function(thread, attributes, run, argument);
}
