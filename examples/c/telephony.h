/*
 * The interface between the switch of telephony_host.c and its module telephony_module.c, in place of the module interface of
 * your switch.
 */
#ifndef TELEPHONY_H
#define TELEPHONY_H

#include <stddef.h>

typedef void (*telephony_log_fn)(int level, const char *line);

typedef enum telephony_outcome {
    TELEPHONY_ROUTED,
    TELEPHONY_NO_ROUTE,  /* not our number, or one that is linked to no voice service */
    TELEPHONY_TOO_LATE,  /* the call's time was over */
    TELEPHONY_CANCELLED, /* the call was hung up, or the module was stopped */
    TELEPHONY_FAILED
} telephony_outcome;

/* A call that the module routes. */
typedef struct telephony_call telephony_call;

typedef struct telephony_module {
    /* Once, before anything else. Returns 0, or -1 when the module cannot work. */
    int (*load)(telephony_log_fn log);

    /* A call comes in: it has so many milliseconds to be routed. NULL when there is no memory. */
    telephony_call *(*call_new)(long milliseconds);
    /* On the thread of the call, many at a time: writes where calls to the number go. */
    telephony_outcome (*route)(telephony_call *call, const char *number, char *target, size_t size);
    /* On any thread: ends the call's route(), now or before it begins. */
    void (*hang_up)(telephony_call *call);
    /* When no thread uses the call any more. */
    void (*call_free)(telephony_call *call);

    /* On any thread: every route() in flight and every later one ends with TELEPHONY_CANCELLED. */
    void (*stop)(void);
    /* After stop(), when no thread is inside the module. */
    void (*unload)(void);
} telephony_module;

/* The symbol that a module exports. */
#define TELEPHONY_ENTRY "telephony_entry"
extern const telephony_module telephony_entry;

#endif
