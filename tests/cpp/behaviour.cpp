// Everything that sinch_numbers.hpp promises and a compiler cannot see.
//
// The account of the environment is a sandbox. Arguments: the URL of a server that answers nothing, and of one that answers
// 429 with a wait of 20 s. Each line on standard input says that one more call stands at the first of them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "sinch_numbers.hpp"

#if __cplusplus >= 202002L
#include <ranges>
static_assert(std::ranges::input_range<sinch_numbers::pages>, "");
static_assert(std::ranges::input_range<const sinch_numbers::pages>, "");
static_assert(std::input_iterator<sinch_numbers::pages::iterator>, "");
static_assert(std::ranges::input_range<sinch_numbers::numbers>, "");
static_assert(std::ranges::input_range<const sinch_numbers::numbers>, "");
#endif

namespace sn = sinch_numbers;

#define CHECK(condition)                                                                                                \
    do {                                                                                                                \
        if (!(condition)) {                                                                                             \
            std::cerr << __FILE__ << ':' << __LINE__ << ": " << #condition << std::endl;                                \
            std::exit(1);                                                                                               \
        }                                                                                                               \
    } while (false)

namespace {

const std::string NUMBER = "+12025550101";

template <class T> constexpr bool only_moves()
{
    return !std::is_copy_constructible<T>::value && !std::is_copy_assignable<T>::value &&
           std::is_nothrow_move_constructible<T>::value && std::is_nothrow_move_assignable<T>::value;
}

static_assert(only_moves<sn::client>(), "");
static_assert(only_moves<sn::pages>(), "");
static_assert(only_moves<sn::numbers>(), "");
static_assert(only_moves<sn::result>(), "");
static_assert(only_moves<sn::cancel>(), "");
// A copy of an exception that throws ends the program.
static_assert(std::is_nothrow_copy_constructible<sn::error>::value, "");
static_assert(std::is_base_of<std::runtime_error, sn::error>::value, "");
static_assert(std::is_nothrow_copy_constructible<sn::provisioning_error>::value, "");
static_assert(std::is_base_of<sn::error, sn::address_error>::value, "");
static_assert(!std::is_constructible<sn::client, std::nullptr_t>::value, "");

// The error that a piece of work ends with: a copy, as handed from thread to thread.
template <class Work> sn::error failure(Work work)
{
    try {
        work();
    } catch (const sn::error &error) {
        return error;
    }
    return sn::error(SINCH_NUMBERS_OK, "it did not fail");
}

template <class Work> sinch_numbers_code code_of(Work work)
{
    return failure(work).code();
}

std::string setting(const char *name)
{
    const char *value = std::getenv(name);
    CHECK(value != nullptr);
    return sn::json_string(value);
}

std::string config(const std::string &base_url, const std::string &more)
{
    return "{\"projectId\": " + setting("SINCH_PROJECT_ID") + ", \"keyId\": " + setting("SINCH_KEY_ID") +
           ", \"keySecret\": " + setting("SINCH_KEY_SECRET") + ", \"baseUrl\": " + base_url + ", \"authUrl\": " + base_url +
           more + "}";
}

std::string sandbox(const std::string &more = "")
{
    return config(setting("SINCH_NUMBERS_URL"), more);
}

std::size_t count(const sn::result &page)
{
    std::size_t index = 0;
    while (page.value("/activeNumbers/" + std::to_string(index))) {
        ++index;
    }
    return index;
}

void texts()
{
    CHECK(sn::json_string("a\"b\\c\n\x1f\xc3\xbc/") == "\"a\\\"b\\\\c\\u000a\\u001f\xc3\xbc/\"");
    CHECK(sn::json_string(std::string("\0", 1)) == "\"\\u0000\"");
    CHECK(!sn::optional_text() && !sn::optional_text(nullptr) && sn::optional_text(""));
    CHECK(sn::optional_text().str().empty() && sn::optional_text().value_or("-") == "-");
    CHECK(sn::optional_text("").value_or("-").empty());

    CHECK(sn::explain("CAMPAIGN_EXPIRED").find("{\"code\":\"CAMPAIGN_EXPIRED\",\"meaning\":\"") == 0);
    CHECK(sn::explain("CRS9999").find("{\"code\":null,") == 0 && sn::explain("").find("{\"code\":null,") == 0);

    // A NUL would hide what stands behind it from C.
    CHECK(code_of([] { sn::explain(std::string("501\0", 4)); }) == SINCH_NUMBERS_E_INPUT);
    const sn::client client;
    const std::string nul("\0", 1);
    CHECK(code_of([&] { sn::client made(sandbox() + nul + "rubbish"); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.active_get(NUMBER + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.active_list("{}" + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.pages("{}" + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.active_update(NUMBER, "{\"displayName\": \"x\"}" + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(!client.active_get(NUMBER).value("/displayName" + nul));
}

void operations()
{
    const sn::client client;
    const std::string number = "+12025550134";
    CHECK(client.active_update(number, "{\"displayName\": " + sn::json_string("a \"desk\"") + "}").code() == SINCH_NUMBERS_OK);
    const auto read = client.active_get(number);
    CHECK(read && read.http_status() == 200 && !read.reconciled());
    CHECK(read.value("/displayName").str() == "a \"desk\"");
    CHECK(read.value("/capability").str() == "[\"SMS\",\"VOICE\"]");
    CHECK(read.value_or("/nothing", "-") == "-" && !read.value("/nothing"));
    CHECK(read.json() == std::string(read.json_data(), read.json_length()) && read.json()[0] == '{');

    const std::string body = "{\"displayName\": \"Office\", \"address\": {\"streetNumber\": \"12345\", \"streetInfo\": "
                             "\"Main St\", \"city\": \"Springfield\", \"state\": \"IL\", \"postalCode\": \"62701\"}}";
    CHECK(client.emergency_address_validate(number, body).value("/validationResult").str() == "EXACT_MATCH");
    CHECK(client.emergency_address_provision(number, body).value("/city").str() == "Springfield");
    CHECK(client.emergency_address_get(number).value("/city").str() == "Springfield");
    CHECK(client.emergency_address_deprovision(number).json() == "{}");
    CHECK(failure([&] { client.emergency_address_get(number); }).http_status() == 404);
    CHECK(client.active_release(number).value("/expireAt"));
    CHECK(client.active_list("{\"pageSize\": 3}").value("/activeNumbers/2"));
    CHECK(client.active_list().value("/totalSize").str() == "12");
    const auto checked = client.check();
    CHECK(checked && checked.value("/totalSize").str() == "12" && checked.count("/activeNumbers") == 1);
}

// The calls that wait, and the two kinds of error that they throw.
void waiting(const std::string &silent_url)
{
    const sn::client client;
    const std::string number = "+12025550117";
    const std::string plan = "{\"smsConfiguration\": {\"servicePlanId\": \"plan-a\"}, \"timeoutMs\": 600000}";
    const auto linked = client.relink(number, plan);
    CHECK(linked && linked.text("/number/smsConfiguration/servicePlanId").str() == "plan-a");
    CHECK(linked.count("/steps") == 4 && linked.text("/previous/phoneNumber").str() == number);
    CHECK(client.wait(number, "{\"expect\": {\"smsConfiguration\": {\"servicePlanId\": \"plan-a\"}}}"));
    CHECK(client.wait(number).text("/phoneNumber").str() == number);
    try {
        client.relink(number, "{\"smsConfiguration\": {\"servicePlanId\": \"fail-1\"}}");
        CHECK(false);
    } catch (const sn::provisioning_error &error) {
        CHECK(error.code() == SINCH_NUMBERS_E_PROVISIONING && error.maybe_applied() && !error.can_retry());
        CHECK(error.jobs() && error.text("/jobs/0/errorCodes/0/meaning") && error.found());
        CHECK(error.previous().str().find("plan-a") != std::string::npos);
        CHECK(error.steps().str() == "[{\"step\":\"unlink_sms\",\"outcome\":\"done\"},"
                                     "{\"step\":\"link_sms\",\"outcome\":\"failed\"}]");
    }
    CHECK(code_of([&] { client.wait(number); }) == SINCH_NUMBERS_E_PROVISIONING);

    const auto office = [](const std::string &more) {
        return "{\"displayName\": \"Office\", \"address\": {\"streetNumber\": \"3500\", \"streetInfo\": \"Lenox Road NE\", "
               "\"city\": \"Atlanta\", \"state\": \"GA\", \"postalCode\": \"30326\"}" + more + "}";
    };
    try {
        client.ensure_emergency_address(number, office(""));
        CHECK(false);
    } catch (const sn::address_error &error) {
        CHECK(error.code() == SINCH_NUMBERS_E_ADDRESS && !error.maybe_applied() && !error.can_retry());
        CHECK(error.validation().str().find("Lenox Rd NE") != std::string::npos);
        CHECK(std::string(error.what()).find("Lenox") == std::string::npos);
        CHECK(std::string(error.what()).find("NEAR_MATCH") != std::string::npos);
    }
    const auto ensured = client.ensure_emergency_address(number, office(", \"accept\": \"corrected\""));
    CHECK(ensured.text("/changed").str() == "true" && ensured.text("/address/streetInfo").str() == "Lenox Rd NE");
    CHECK(client.ensure_emergency_address(number, office(", \"accept\": \"corrected\"")).text("/changed").str() == "false");

    const std::string nul("\0", 1);
    CHECK(code_of([&] { client.wait(number, "{}" + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.relink(number, plan + nul); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([&] { client.ensure_emergency_address(number, office("") + nul); }) == SINCH_NUMBERS_E_INPUT);
    sn::cancel stop;
    stop.trigger();
    CHECK(code_of([&] { client.wait(number, "{}", stop); }) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(code_of([&] { client.relink(number, plan, stop); }) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(code_of([&] { client.ensure_emergency_address(number, office(""), stop); }) == SINCH_NUMBERS_E_CANCELLED);
    const sn::cancel taken(std::move(stop));
    CHECK(code_of([&] { client.wait(number, "{}", stop); }) == SINCH_NUMBERS_E_MISUSE);
    const sn::client silent(config(sn::json_string(silent_url), ""));
    int asked = 0;
    const auto third = sn::cancel::polled(std::chrono::milliseconds(1), [&asked] { return ++asked == 3; });
    CHECK(code_of([&] { silent.relink(number, plan, third); }) == SINCH_NUMBERS_E_CANCELLED && asked == 3);
}

void reading()
{
    const sn::client client;
    const std::string nul("\0", 1);
    const auto page = client.active_list();
    CHECK(page.count("/activeNumbers") == 12 && page.count("/activeNumbers/0/capability") >= 1 && page.count("") >= 2);
    CHECK(page.count("/totalSize") == -1 && page.count("/nothing") == -1 && page.count("/activeNumbers" + nul) == -1);
    CHECK(page.text("/totalSize").str() == "12" && !page.text("/nothing") && !page.text("/totalSize" + nul));
    // The last page has no token: "", which means nothing.
    CHECK(page.value("/nextPageToken") && !page.text("/nextPageToken"));
    const auto number = client.active_get(NUMBER);
    CHECK(number.value("/expireAt").str() == "null" && !number.text("/expireAt"));
    CHECK(!sn::result().text("") && sn::result().count("") == -1);
    const auto error = failure([&] { client.active_get("+12025550000"); });
    CHECK(error.value("/field").str() == "null" && !error.text("/field") && error.text("/status").str() == "NOT_FOUND");
}

void numbers()
{
    const sn::client client;
    const std::string query = "{\"pageSize\": 5}";
    const auto page = client.active_list();
    std::size_t index = 0;
    for (const auto &number : client.numbers(query)) {
        CHECK(number.json() == page.value("/activeNumbers/" + std::to_string(index++)).str());
        CHECK(number.http_status() == 200);
    }
    CHECK(index == 12);
    const auto all = client.numbers(query);
    CHECK(std::distance(all.begin(), all.end()) == 12 && !all.next() && all.next().code() == SINCH_NUMBERS_DONE);

    // A loop that was left goes on where it was; and the iteration keeps what it needs.
    auto gone = std::unique_ptr<sn::client>(new sn::client);
    const auto walk = gone->numbers(query, sn::cancel());
    gone.reset();
    for (const auto &number : walk) {
        CHECK(number.text("/phoneNumber").str() == page.text("/activeNumbers/0/phoneNumber").str());
        break;
    }
    CHECK(walk.next().text("/phoneNumber").str() == page.text("/activeNumbers/1/phoneNumber").str());
    CHECK(code_of([&] { client.numbers("{\"pagesize\": 1}"); }) == SINCH_NUMBERS_E_INPUT);
    CHECK(code_of([] { ++sn::numbers::iterator(); }) == SINCH_NUMBERS_E_MISUSE);

    sn::cancel stop;
    const auto stopped = client.numbers(query, stop);
    CHECK(stopped.next());
    stop.trigger();
    // Also where a number is at hand.
    CHECK(code_of([&] { stopped.next(); }) == SINCH_NUMBERS_E_CANCELLED);
}

void errors(const std::string &busy_url, const std::string &lost_url)
{
    auto error = failure([] { sn::client made("{\"projectId\": 1}"); });
    CHECK(error.code() == SINCH_NUMBERS_E_INPUT && std::string(error.code_name()) == "E_INPUT");
    CHECK(error.http_status() == 0 && !error.can_retry() && error.retry_after().count() == 0 && !error.maybe_applied());
    CHECK(error.value("/field").str() == "projectId" && std::string(error.what()).find("projectId") != std::string::npos);
    CHECK(code_of([] { sn::client made(static_cast<const char *>(nullptr)); }) == SINCH_NUMBERS_E_MISUSE);

    const sn::client client;
    error = failure([&] { client.active_get("+12025550000"); });
    CHECK(error.code() == SINCH_NUMBERS_E_API && error.http_status() == 404 && !error.can_retry());
    CHECK(error.value("/status").str() == "NOT_FOUND" && error.value("/httpStatus").str() == "404");
    CHECK(!error.value("/nothing") && error.json().find("\"phoneNumber\":\"+12025550000\"") != std::string::npos);
    error = failure([&] { client.active_update(NUMBER, "{\"displayname\": \"x\"}"); });
    CHECK(error.code() == SINCH_NUMBERS_E_INPUT && error.value("/field").str() == "displayname");
    CHECK(code_of([&] { client.pages("{\"pagesize\": 1}"); }) == SINCH_NUMBERS_E_INPUT);

    // The wait does not fit the deadline: it is handed on.
    const sn::client busy(config(sn::json_string(busy_url), ", \"timeoutMs\": 15000"));
    error = failure([&] { busy.active_release(NUMBER); });
    CHECK(error.http_status() == 429 && error.can_retry() && error.retry_after() == std::chrono::seconds(20));
    CHECK(!error.maybe_applied() && !error.found());

    // The response is lost, and what is read back does not prove the write.
    const sn::client lost(config(sn::json_string(lost_url), ""));
    error = failure([&] { lost.active_release(NUMBER); });
    CHECK(error.code() == SINCH_NUMBERS_E_API && error.http_status() == 500);
    CHECK(error.maybe_applied() && !error.can_retry());
    CHECK(error.found().str() == "{\"phoneNumber\":\"+12025550101\",\"displayName\":\"old\"}");
    CHECK(std::string(error.what()).find("old") == std::string::npos);

    try {
        client.active_get("rubbish");
        CHECK(false);
    } catch (const std::runtime_error &caught) {
        CHECK(std::string(caught.what()).find("phoneNumber") != std::string::npos);
    }
    const sn::error own(SINCH_NUMBERS_E_MISUSE, "of the header itself");
    CHECK(own.json() == "{}" && own.http_status() == 0 && !own.can_retry() && !own.value("/code"));
}

void moves()
{
    sn::client client;
    sn::client other(std::move(client));
    CHECK(other.active_get(NUMBER));
    const std::string body = "{\"displayName\": \"x\"}";
    CHECK(code_of([&] { client.active_list(); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.active_get(NUMBER); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.active_update(NUMBER, body); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.active_release(NUMBER); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.emergency_address_get(NUMBER); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.emergency_address_provision(NUMBER, body); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.emergency_address_deprovision(NUMBER); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.emergency_address_validate(NUMBER, body); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.wait(NUMBER); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.relink(NUMBER, body); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.ensure_emergency_address(NUMBER, body); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.pages(); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.numbers(); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.check(); }) == SINCH_NUMBERS_E_MISUSE);
    client.shutdown();
    client = std::move(other);
    CHECK(client.active_get(NUMBER));

    auto read = client.active_get(NUMBER);
    auto kept = std::move(read);
    CHECK(kept && !read && read.code() == SINCH_NUMBERS_E_MISUSE && read.http_status() == 0 && !read.reconciled());
    CHECK(read.json() == "{}" && read.json_length() == 2 && !read.value("") && !sn::result());
    read = std::move(kept);
    CHECK(read && !kept);

    auto pages = client.pages();
    auto rest = std::move(pages);
    CHECK(code_of([&] { pages.next(); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { pages.begin(); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(rest.next());

    // A call that was to be ended by a token must not go without one.
    sn::cancel token;
    const sn::cancel taken(std::move(token));
    token.trigger();
    CHECK(client.active_get(NUMBER, taken));
    CHECK(code_of([&] { client.active_get(NUMBER, token); }) == SINCH_NUMBERS_E_MISUSE);
    CHECK(code_of([&] { client.pages("{}", token); }) == SINCH_NUMBERS_E_MISUSE);
}

void pages()
{
    const sn::client client;
    const std::string query = "{\"pageSize\": 5}";
    std::vector<std::size_t> sizes;
    for (const auto &page : client.pages(query)) {
        sizes.push_back(count(page));
    }
    CHECK((sizes == std::vector<std::size_t>{5, 5, 2}));

    std::vector<sn::result> kept;
    for (auto &page : client.pages(query)) {
        kept.push_back(std::move(page));
    }
    CHECK(kept.size() == 3 && count(kept[1]) == 5);
    const auto all = client.pages(query);
    CHECK(std::distance(all.begin(), all.end()) == 3);

    // After the end: the end.
    CHECK(!all.next() && all.next().code() == SINCH_NUMBERS_DONE && all.begin() == all.end());

    // A loop that was left goes on where it was.
    const auto walk = client.pages(query);
    for (const auto &page : walk) {
        CHECK(count(page) == 5);
        break;
    }
    std::size_t rest = 0;
    while (const sn::result page = walk.next()) {
        rest += count(page);
    }
    CHECK(rest == 7);

    // Each keeps what it needs: the client, the pages and the token may go first.
    auto gone = std::unique_ptr<sn::client>(new sn::client);
    auto orphans = std::unique_ptr<sn::pages>(new sn::pages(gone->pages(query, sn::cancel())));
    gone.reset();
    auto place = orphans->begin();
    orphans.reset();
    const auto before = place++;
    CHECK(count(*before) == 5 && count(*place) == 5 && before != place && before->http_status() == 200);
    CHECK(count(*++place) == 2 && ++place == sn::pages::iterator());
    CHECK(code_of([&] { ++place; }) == SINCH_NUMBERS_OK);
    CHECK(code_of([] { ++sn::pages::iterator(); }) == SINCH_NUMBERS_E_MISUSE);

    sn::cancel stop;
    const auto stopped = client.pages(query, stop);
    CHECK(stopped.next());
    stop.trigger();
    CHECK(code_of([&] { stopped.next(); }) == SINCH_NUMBERS_E_CANCELLED);
    CHECK(code_of([&] { stopped.begin(); }) == SINCH_NUMBERS_E_CANCELLED);
}

// What a log function leaves behind, and whether it is still held.
struct lines {
    std::mutex lock;
    std::vector<std::string> texts;
    std::atomic<int> worst{9};
};

void log()
{
    auto written = std::make_shared<lines>();
    const std::weak_ptr<lines> held = written;
    sn::log_function write = [written](int level, const std::string &line) {
        const std::lock_guard<std::mutex> guard(written->lock);
        written->texts.push_back(line);
        written->worst = std::min(written->worst.load(), level);
    };
    {
        sn::client first(sandbox(", \"logLevel\": \"trace\""), write);
        sn::client client(std::move(first));
        CHECK(code_of([&] { client.active_get("+12025550000"); }) == SINCH_NUMBERS_E_API);
        // A new token is worth knowing; a response that says no is ordinary.
        CHECK(written->worst == 3 && written->texts.size() > 1);
        auto pages = std::unique_ptr<sn::pages>(new sn::pages(client.pages()));
        client = sn::client();
        const std::size_t before = written->texts.size();
        CHECK(pages->next());
        CHECK(written->texts.size() > before);
    }
    {
        // From the environment, and a refused configuration: the function goes with the attempt.
        const sn::client client(write);
        CHECK(code_of([&] { sn::client made("{", write); }) == SINCH_NUMBERS_E_INPUT);
    }
    std::size_t thrown = 0;
    const sn::client client(sandbox(", \"logLevel\": \"trace\""), [&thrown](int, const std::string &) {
        ++thrown;
        throw std::string("through C");
    });
    CHECK(code_of([&] { client.active_get("+12025550000"); }) == SINCH_NUMBERS_E_API);
    CHECK(thrown > 0);

    write = nullptr;
    written.reset();
    CHECK(held.expired());
}

void arrived()
{
    std::string line;
    CHECK(static_cast<bool>(std::getline(std::cin, line)));
}

void cancels(const std::string &silent_url)
{
    const std::string silent = config(sn::json_string(silent_url), "");
    {
        const sn::client client(silent);
        const sn::cancel stop;
        std::thread other([&] {
            arrived();
            stop.trigger();
        });
        const auto error = failure([&] { client.active_release(NUMBER, stop); });
        other.join();
        CHECK(error.code() == SINCH_NUMBERS_E_CANCELLED && error.maybe_applied() && !error.can_retry());
        CHECK(code_of([&] { client.active_get(NUMBER, stop); }) == SINCH_NUMBERS_E_CANCELLED);
    }
    {
        // A signal handler may trigger.
        const sn::client client(silent);
        static const sn::cancel *interrupt;
        const sn::cancel stop;
        interrupt = &stop;
        CHECK(std::signal(SIGUSR1, [](int) { interrupt->trigger(); }) != SIG_ERR);
        std::thread other([] {
            arrived();
            CHECK(std::raise(SIGUSR1) == 0);
        });
        CHECK(code_of([&] { client.active_get(NUMBER, stop); }) == SINCH_NUMBERS_E_CANCELLED);
        other.join();
    }
    {
        const sn::client client(silent);
        std::thread other([&] {
            arrived();
            client.shutdown();
        });
        CHECK(code_of([&] { client.active_get(NUMBER); }) == SINCH_NUMBERS_E_CANCELLED);
        other.join();
        CHECK(code_of([&] { client.active_get(NUMBER); }) == SINCH_NUMBERS_E_CANCELLED);
        CHECK(code_of([&] { client.pages().next(); }) == SINCH_NUMBERS_E_CANCELLED);
    }
    {
        // The client goes while a call is under way; the call keeps it, and the token that it was given.
        auto client = std::unique_ptr<sn::client>(new sn::client(silent, [](int, const std::string &) {}));
        auto stop = std::unique_ptr<sn::cancel>(new sn::cancel);
        sn::cancel last;
        const sn::client &used = *client;
        const sn::cancel &given = *stop;
        std::thread call([&] { CHECK(code_of([&] { used.active_get(NUMBER, given); }) == SINCH_NUMBERS_E_CANCELLED); });
        arrived();
        client.reset();
        last = std::move(*stop);
        stop.reset();
        last.trigger();
        call.join();
    }

    const sn::client client;
    using sn::cancel;
    CHECK(code_of([&] { client.active_get(NUMBER, cancel::after(std::chrono::seconds(0))); }) == SINCH_NUMBERS_E_TIMEOUT);
    CHECK(code_of([&] { client.active_get(NUMBER, cancel::after(std::chrono::hours(-1))); }) == SINCH_NUMBERS_E_TIMEOUT);
    CHECK(client.active_get(NUMBER, cancel::after((std::chrono::hours::max)())));
    CHECK(client.active_get(NUMBER, cancel::after(std::chrono::duration<double>(60.5))));
    const sn::client stalled(silent);
    CHECK(code_of([&] { stalled.active_get(NUMBER, cancel::after(std::chrono::microseconds(1))); }) == SINCH_NUMBERS_E_TIMEOUT);
    {
        const auto every = std::chrono::milliseconds(1);
        const auto here = std::this_thread::get_id();
        int asked = 0;
        const auto third = [&asked, here, &client] {
            CHECK(std::this_thread::get_id() == here);
            CHECK(client.active_get(NUMBER));
            return ++asked == 3;
        };
        CHECK(code_of([&] { stalled.active_get(NUMBER, cancel::polled(every, third)); }) == SINCH_NUMBERS_E_CANCELLED);
        CHECK(asked == 3);
        const auto fails = []() -> bool { throw std::runtime_error("on purpose"); };
        CHECK(code_of([&] { stalled.active_get(NUMBER, cancel::polled(every, fails)); }) == SINCH_NUMBERS_E_CANCELLED);
        CHECK(client.active_get(NUMBER, cancel::polled(every, nullptr)));
        const auto goes_on = [] { return false; };
        const sn::cancel soon = cancel::after(std::chrono::milliseconds(20));
        CHECK(code_of([&] { stalled.active_get(NUMBER, soon.polled_with(every, goes_on)); }) == SINCH_NUMBERS_E_TIMEOUT);
        const sn::cancel never;
        CHECK(code_of([&] { stalled.active_get(NUMBER, never.polled_with(every, fails)); }) == SINCH_NUMBERS_E_CANCELLED);
        CHECK(client.active_get(NUMBER, never));
    }
}

void threads()
{
    const sn::client client;
    const auto shared = client.pages("{\"pageSize\": 1}");
    std::atomic<std::size_t> found{0};
    std::atomic<int> failed{0};
    std::vector<std::thread> running;
    for (int index = 0; index < 8; ++index) {
        running.emplace_back([&] {
            while (const auto page = shared.next()) {
                found += count(page);
            }
            failed += failure([&] { client.active_get("+12025550000"); }).http_status() == 404 ? 0 : 1;
        });
    }
    for (auto &thread : running) {
        thread.join();
    }
    CHECK(found == 12 && failed == 0);
}

} // namespace

int main(int argc, char **argv)
{
    CHECK(argc == 4);
    texts();
    operations();
    errors(argv[2], argv[3]);
    moves();
    pages();
    reading();
    numbers();
    log();
    threads();
    cancels(argv[1]);
    waiting(argv[1]);
    std::cout << "all is as promised\n";
}
