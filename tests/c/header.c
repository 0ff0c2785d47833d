/* The header in every dialect of C and C++: read twice, each kind of declaration used once. */
#include "sinch_numbers.h"
#include "sinch_numbers.h"

#if SINCH_NUMBERS_VERSION_NUMBER < ((1 << 16) | (0 << 8) | 0)
#error the version number must be of use to the preprocessor
#endif

void listen(void *userdata, int32_t level, const char *message);
int32_t ask(void *userdata);
int use(const char *text, size_t *length);

void listen(void *userdata, int32_t level, const char *message)
{
    (void)userdata;
    (void)level;
    (void)message;
}

int32_t ask(void *userdata)
{
    return userdata != NULL;
}

int use(const char *text, size_t *length)
{
    sinch_numbers_log_fn log = sinch_numbers_log_write;
    sinch_numbers_poll_fn poll = ask;
    sinch_numbers_log *kept = sinch_numbers_log_new(listen, NULL);
    int32_t level = 0;
    sinch_numbers_client *client = NULL;
    sinch_numbers_pages *pages = NULL;
    sinch_numbers_result *result = NULL;
    sinch_numbers_cancel *cancel = sinch_numbers_cancel_new_after(1000);
    sinch_numbers_code code = sinch_numbers_client_new(text, log, kept, &client, &result);
    sinch_numbers_cancel *polled = sinch_numbers_cancel_new_polled(poll, NULL, 50);
    sinch_numbers_cancel *both = sinch_numbers_cancel_new_polled_with(cancel, poll, NULL, 50);

    switch (code) {
    case SINCH_NUMBERS_OK:
    case SINCH_NUMBERS_DONE:
        break;
    case SINCH_NUMBERS_E_MISUSE:
    case SINCH_NUMBERS_E_INPUT:
    case SINCH_NUMBERS_E_AUTH:
    case SINCH_NUMBERS_E_API:
    case SINCH_NUMBERS_E_NETWORK:
    case SINCH_NUMBERS_E_TIMEOUT:
    case SINCH_NUMBERS_E_PROTOCOL:
    case SINCH_NUMBERS_E_CANCELLED:
    case SINCH_NUMBERS_E_INTERNAL:
    case SINCH_NUMBERS_E_PROVISIONING:
    case SINCH_NUMBERS_E_ADDRESS:
    default:
        return code;
    }
    text = sinch_numbers_log_next(kept, &level);
    sinch_numbers_log_free(kept);
    sinch_numbers_cancel_free(polled);
    sinch_numbers_cancel_free(both);
    code = sinch_numbers_pages_new(client, NULL, &pages, NULL);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_pages_next(pages, cancel, NULL);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_pages_next_number(pages, cancel, NULL);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_client_check(client, cancel, &result);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_callback_verify(text, NULL, cancel, 0, &result);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_active_wait(client, text, NULL, cancel, &result);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_active_relink(client, text, text, cancel, &result);
    if (code == SINCH_NUMBERS_OK)
        code = sinch_numbers_emergency_address_ensure(client, text, text, cancel, &result);
    text = sinch_numbers_result_text(result, "/totalSize");
    *length = sinch_numbers_json_escape(text, NULL, 0);
    text = sinch_numbers_explain(text);
    if (sinch_numbers_result_count(result, "/activeNumbers") < 1)
        return code;
    text = sinch_numbers_result_json(result, length);
    if (text != NULL && sinch_numbers_result_retry_after_ms(result) < 0)
        text = SINCH_NUMBERS_VERSION;
    return code;
}
