/*
 * A module for Asterisk: what is known of the numbers that you rent, in the dialplan and on the console.
 *
 *     cc -std=gnu99 -shared -fPIC -o func_sinch.so func_sinch.c $(pkg-config --cflags --libs sinch_numbers)
 *
 * In the dialplan ${SINCH_NUMBER(+12025550134)} is the number's display name, ${SINCH_NUMBER(+12025550134,regionCode)} another
 * field, ${SINCH_NUMBER(+12025550134,voiceConfiguration/appId)} one inside another. On the console:
 *
 *     sinch list [REGION]
 *     sinch show NUMBER
 *
 * The account stands in sinch.conf or in the environment: see sinch.conf.sample.
 */
#define AST_MODULE "func_sinch"
#define AST_MODULE_SELF_SYM __internal_func_sinch_self

#include <asterisk.h>

#include <asterisk/app.h>
#include <asterisk/astobj2.h>
#include <asterisk/channel.h>
#include <asterisk/cli.h>
#include <asterisk/config.h>
#include <asterisk/module.h>
#include <asterisk/pbx.h>
#include <asterisk/strings.h>

#include <sinch_numbers.h>

#define CONFIG "sinch.conf"

/* How long a console command may take, in milliseconds. */
#define COMMAND_MS 60000

/* How often a waiting call looks whether its channel was hung up, in milliseconds. */
#define HANGUP_MS 50

/* Counted: a reload puts another one in its place, and calls that have begun keep theirs. */
struct account {
    sinch_numbers_client *client;
    int lookup_ms;
};

static AO2_GLOBAL_OBJ_STATIC(current);

static void account_free(void *object)
{
    struct account *account = object;

    sinch_numbers_client_free(account->client);
}

/* Called on the threads of channels and of the console, several at a time. */
static void on_log(void *userdata, int32_t level, const char *line)
{
    (void)userdata;
    switch (level) {
    case 1:
        ast_log(LOG_ERROR, "%s\n", line);
        break;
    case 2:
        ast_log(LOG_WARNING, "%s\n", line);
        break;
    case 3:
        ast_log(LOG_NOTICE, "%s\n", line);
        break;
    default:
        ast_log(LOG_DEBUG, "%s\n", line);
    }
}

/* Settings that are numbers in JSON. A text that is none is passed on as a text: the library names it in its error. */
static int is_number(const char *name, const char *value)
{
    size_t length = strlen(name);

    if (strncmp(name, "max", 3) != 0 && strcmp(name, "requestsPerSecond") != 0
        && (length < 2 || strcmp(name + length - 2, "Ms") != 0))
        return 0;
    return *value && value[strspn(value, "0123456789.")] == '\0';
}

/* Writes the settings as the JSON that client_new takes. */
static int settings_read(struct ast_config *config, struct ast_str **json, int *lookup_ms)
{
    struct ast_variable *setting;
    char name[64], value[2048];

    /* What sinch.conf leaves out can still come from the environment, the secret for example. */
    ast_str_set(json, 0, "{\"fromEnv\": true");
    for (setting = ast_variable_browse(config, "general"); setting; setting = setting->next) {
        if (strcmp(setting->name, "lookupMs") == 0) {
            if (sscanf(setting->value, "%d", lookup_ms) != 1 || *lookup_ms < 1) {
                ast_log(LOG_ERROR, "%s: lookupMs is a number of milliseconds, 1 or more\n", CONFIG);
                return -1;
            }
            continue;
        }
        if (sinch_numbers_json_escape(setting->name, name, sizeof name) >= sizeof name
            || sinch_numbers_json_escape(setting->value, value, sizeof value) >= sizeof value) {
            ast_log(LOG_ERROR, "%s: a setting in line %d is too long\n", CONFIG, setting->lineno);
            return -1;
        }
        if (is_number(setting->name, setting->value))
            ast_copy_string(value, setting->value, sizeof value);
        else if (strcmp(setting->name, "allowHttp") == 0)
            ast_copy_string(value, ast_true(setting->value) ? "true" : "false", sizeof value);
        ast_str_append(json, 0, ", %s: %s", name, value);
    }
    ast_str_append(json, 0, "}");
    return 0;
}

/* Makes an account of sinch.conf, or of the environment if there is none. Nothing is sent yet. */
static struct account *account_new(void)
{
    struct ast_flags flags = {0};
    struct ast_config *config = ast_config_load(CONFIG, flags);
    struct ast_str *json = ast_str_create(512);
    struct account *account = ao2_alloc(sizeof *account, account_free);
    sinch_numbers_result *result = NULL;
    int bad = !json || !account;

    if (config == CONFIG_STATUS_FILEINVALID) {
        config = NULL;
        bad = 1;
    }
    if (!bad) {
        account->lookup_ms = 2000;
        bad = config && settings_read(config, &json, &account->lookup_ms) != 0;
    }
    if (!bad) {
        bad = sinch_numbers_client_new(config ? ast_str_buffer(json) : NULL, on_log, NULL, &account->client, &result)
              != SINCH_NUMBERS_OK;
        if (bad)
            ast_log(LOG_ERROR, "%s\n", sinch_numbers_result_message(result));
        sinch_numbers_result_free(result);
    }
    if (config)
        ast_config_destroy(config);
    ast_free(json);
    if (bad)
        ao2_cleanup(account);
    return bad ? NULL : account;
}

/* --- the dialplan function */

static int32_t is_hung_up(void *channel)
{
    return ast_check_hangup(channel);
}

/* Reads a number within the time that a caller may wait, or until the caller hangs up. There may be no channel. */
static sinch_numbers_code look_up(const struct account *account, struct ast_channel *channel, const char *number,
                                  sinch_numbers_result **result)
{
    sinch_numbers_cancel *deadline = sinch_numbers_cancel_new_after(account->lookup_ms);
    sinch_numbers_cancel *cancel
        = sinch_numbers_cancel_new_polled_with(deadline, channel ? is_hung_up : NULL, channel, HANGUP_MS);
    sinch_numbers_code code;

    /* Another thread takes what the channel receives meanwhile. */
    if (channel)
        ast_autoservice_start(channel);
    code = sinch_numbers_active_get(account->client, number, cancel, result);
    if (channel)
        ast_autoservice_stop(channel);
    sinch_numbers_cancel_free(cancel);
    sinch_numbers_cancel_free(deadline);
    return code;
}

static int number_read(struct ast_channel *channel, const char *function, char *data, char *value, size_t size)
{
    struct account *account;
    sinch_numbers_result *result;
    sinch_numbers_code code;
    char pointer[256];
    AST_DECLARE_APP_ARGS(args, AST_APP_ARG(number); AST_APP_ARG(field););

    *value = '\0';
    AST_STANDARD_APP_ARGS(args, data);
    if (ast_strlen_zero(args.number)) {
        ast_log(LOG_WARNING, "%s wants a number: %s(+12025550134[,field])\n", function, function);
        return -1;
    }
    account = ao2_global_obj_ref(current);
    if (!account)
        return -1;
    code = look_up(account, channel, args.number, &result);
    if (code == SINCH_NUMBERS_OK) {
        snprintf(pointer, sizeof pointer, "/%s", ast_strlen_zero(args.field) ? "displayName" : args.field);
        /* Empty if there is no such field. */
        ast_copy_string(value, S_OR(sinch_numbers_result_text(result, pointer), ""), size);
    } else {
        ast_log(LOG_WARNING, "%s: %s\n", function, sinch_numbers_result_message(result));
    }
    sinch_numbers_result_free(result);
    ao2_cleanup(account);
    return code == SINCH_NUMBERS_OK ? 0 : -1;
}

static struct ast_custom_function number_function = {
    .name = "SINCH_NUMBER",
    .synopsis = "Reads a field of a number that is rented from Sinch.",
    .syntax = "SINCH_NUMBER(number[,field])",
    .desc = "The number begins with a plus sign. The field is one of the service's names, displayName by default, with slashes\n"
            "between one and another inside it: voiceConfiguration/appId. Empty if there is no such field, or no such number.\n",
    .read = number_read,
};

/* --- the console */

/* Says why a command failed; frees the result. */
static char *command_end(struct ast_cli_args *args, int good, sinch_numbers_result *result)
{
    if (!good)
        ast_cli(args->fd, "%s\n", sinch_numbers_result_message(result));
    sinch_numbers_result_free(result);
    return good ? CLI_SUCCESS : CLI_FAILURE;
}

static char *command_list(struct ast_cli_entry *entry, int command, struct ast_cli_args *args)
{
    struct account *account;
    sinch_numbers_pages *pages;
    sinch_numbers_cancel *deadline;
    sinch_numbers_result *result;
    sinch_numbers_code code;
    char region[64], query[96] = "{}";
    unsigned long count = 0;

    switch (command) {
    case CLI_INIT:
        entry->command = "sinch list";
        entry->usage = "Usage: sinch list [REGION]\n"
                       "       Lists the numbers that are rented from Sinch: all, or those of a region, as in US.\n";
        return NULL;
    case CLI_GENERATE:
        return NULL;
    }
    if (args->argc > entry->args + 1)
        return CLI_SHOWUSAGE;
    if (args->argc > entry->args) {
        if (sinch_numbers_json_escape(args->argv[entry->args], region, sizeof region) >= sizeof region)
            return CLI_SHOWUSAGE;
        snprintf(query, sizeof query, "{\"regionCode\": %s}", region);
    }
    account = ao2_global_obj_ref(current);
    if (!account)
        return CLI_FAILURE;
    deadline = sinch_numbers_cancel_new_after(COMMAND_MS);
    code = sinch_numbers_pages_new(account->client, query, &pages, &result);
    while (code == SINCH_NUMBERS_OK) {
        sinch_numbers_result_free(result);
        code = sinch_numbers_pages_next_number(pages, deadline, &result);
        if (code == SINCH_NUMBERS_OK) {
            ast_cli(args->fd, "%-16s %-3s %-10s %s\n", S_OR(sinch_numbers_result_text(result, "/phoneNumber"), "-"),
                    S_OR(sinch_numbers_result_text(result, "/regionCode"), "-"),
                    S_OR(sinch_numbers_result_text(result, "/type"), "-"),
                    S_OR(sinch_numbers_result_text(result, "/displayName"), "-"));
            count++;
        }
    }
    sinch_numbers_pages_free(pages);
    sinch_numbers_cancel_free(deadline);
    ao2_cleanup(account);
    if (code == SINCH_NUMBERS_DONE)
        ast_cli(args->fd, "%lu numbers\n", count);
    return command_end(args, code == SINCH_NUMBERS_DONE, result);
}

static char *command_show(struct ast_cli_entry *entry, int command, struct ast_cli_args *args)
{
    static const char *const FIELDS[][2] = {
        {"number", "/phoneNumber"},
        {"name", "/displayName"},
        {"region", "/regionCode"},
        {"type", "/type"},
        {"service plan", "/smsConfiguration/servicePlanId"},
        {"campaign", "/smsConfiguration/campaignId"},
        {"voice", "/voiceConfiguration/type"},
        {"application", "/voiceConfiguration/appId"},
        {"trunk", "/voiceConfiguration/trunkId"},
        {"fax service", "/voiceConfiguration/serviceId"},
        {"next charge", "/nextChargeDate"},
        {"expires", "/expireAt"},
    };
    struct account *account;
    sinch_numbers_result *result;
    sinch_numbers_code code;
    const char *text;
    size_t i;

    switch (command) {
    case CLI_INIT:
        entry->command = "sinch show";
        entry->usage = "Usage: sinch show NUMBER\n"
                       "       Shows a number that is rented from Sinch, as in +12025550134.\n";
        return NULL;
    case CLI_GENERATE:
        return NULL;
    }
    if (args->argc != entry->args + 1)
        return CLI_SHOWUSAGE;
    account = ao2_global_obj_ref(current);
    if (!account)
        return CLI_FAILURE;
    code = look_up(account, NULL, args->argv[entry->args], &result);
    ao2_cleanup(account);
    for (i = 0; code == SINCH_NUMBERS_OK && i < ARRAY_LEN(FIELDS); i++) {
        text = sinch_numbers_result_text(result, FIELDS[i][1]);
        if (text)
            ast_cli(args->fd, "%-13s %s\n", FIELDS[i][0], text);
    }
    return command_end(args, code == SINCH_NUMBERS_OK, result);
}

static struct ast_cli_entry commands[] = {
    AST_CLI_DEFINE(command_list, "List the numbers rented from Sinch"),
    AST_CLI_DEFINE(command_show, "Show a number rented from Sinch"),
};

/* --- the module */

/* Settings that are wrong leave everything as it is. */
static int reload_module(void)
{
    struct account *account = account_new();

    if (!account)
        return AST_MODULE_LOAD_DECLINE;
    ao2_global_obj_replace_unref(current, account);
    ao2_cleanup(account);
    return AST_MODULE_LOAD_SUCCESS;
}

/* Asterisk calls this when no channel is in the function, unless it is forced to. */
static int unload_module(void)
{
    struct account *account = ao2_global_obj_ref(current);

    ast_cli_unregister_multiple(commands, ARRAY_LEN(commands));
    ast_custom_function_unregister(&number_function);
    /* Where calls are still waiting, they end now. */
    if (account)
        sinch_numbers_client_shutdown(account->client);
    ao2_cleanup(account);
    ao2_global_obj_release(current);
    return 0;
}

static int load_module(void)
{
    if (reload_module() != AST_MODULE_LOAD_SUCCESS)
        return AST_MODULE_LOAD_DECLINE;
    if (ast_custom_function_register(&number_function) != 0
        || ast_cli_register_multiple(commands, ARRAY_LEN(commands)) != 0) {
        unload_module();
        return AST_MODULE_LOAD_DECLINE;
    }
    return AST_MODULE_LOAD_SUCCESS;
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_DEFAULT, "Numbers rented from Sinch", .support_level = AST_MODULE_SUPPORT_EXTENDED,
                .load = load_module, .unload = unload_module, .reload = reload_module, );
