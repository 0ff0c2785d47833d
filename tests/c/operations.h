/* The operations by name, for programs that are told which to call. C89. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "sinch_numbers.h"

typedef sinch_numbers_code (*with_text)(const sinch_numbers_client *, const char *, const sinch_numbers_cancel *,
                                        sinch_numbers_result **);
typedef sinch_numbers_code (*with_body)(const sinch_numbers_client *, const char *, const char *,
                                        const sinch_numbers_cancel *, sinch_numbers_result **);

static const struct {
    const char *name;
    with_text text;
    with_body body;
} operations[] = {
    {"active_list", sinch_numbers_active_list, NULL},
    {"active_get", sinch_numbers_active_get, NULL},
    {"active_update", NULL, sinch_numbers_active_update},
    {"active_release", sinch_numbers_active_release, NULL},
    {"emergency_address_get", sinch_numbers_emergency_address_get, NULL},
    {"emergency_address_provision", NULL, sinch_numbers_emergency_address_provision},
    {"emergency_address_deprovision", sinch_numbers_emergency_address_deprovision, NULL},
    {"emergency_address_validate", NULL, sinch_numbers_emergency_address_validate},
    {"active_wait", NULL, sinch_numbers_active_wait},
    {"active_relink", NULL, sinch_numbers_active_relink},
    {"emergency_address_ensure", NULL, sinch_numbers_emergency_address_ensure}
};

#endif
