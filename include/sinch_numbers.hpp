/*
 * sinch_numbers.hpp - unofficial C++ client of the Sinch Active Number API: the phone numbers that a project rents (list,
 * read, configure for SMS and voice, release) and the emergency addresses behind them.
 *
 * Header-only, C++11 and up, needs exceptions and no RTTI. Everything goes through sinch_numbers.h, whose manual holds here
 * too: the settings, the JSON of every operation, what each failure means, threads and fork. Link with -lsinch_numbers.
 * SPDX-License-Identifier: MIT OR Apache-2.0. Since 1.0.
 *
 *     #include <iostream>
 *     #include <sinch_numbers.hpp>
 *
 *     int main() {
 *         try {
 *             sinch_numbers::client client;                // SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET
 *             for (auto &number : client.numbers("{\"regionCode\": \"US\"}")) {
 *                 std::cout << number.text("/phoneNumber").str() << '\n';
 *             }
 *             auto number = client.active_get("+12025550134");
 *             std::cout << number.text("/displayName").value_or("(no name)") << '\n';
 *         } catch (const sinch_numbers::error &error) {
 *             std::cerr << error.what() << '\n';
 *             if (error.maybe_applied()) { ... read the number before you send the same again ... }
 *             return 1;
 *         }
 *     }
 *
 * FAILURES
 *   A call returns a result or throws sinch_numbers::error, of which provisioning_error and address_error are kinds. A
 *   constructor or an accessor that makes text can also throw std::bad_alloc. What cannot throw is noexcept.
 *
 * OWNERSHIP
 *   client, pages, numbers, result and cancel are move-only and free what they hold. A call in flight, pages and numbers keep
 *   what they need: the client, its log function and the cancel token may be destroyed while they are in use, in any order.
 *   What was moved from may be destroyed, assigned to and called: a call throws an error with E_MISUSE, an accessor says
 *   "nothing".
 *
 * THREADS
 *   Any number of threads may call the const functions of one object, and so all operations of a client, next() of pages or
 *   numbers and trigger() of a cancel token. Moving, assigning and destroying an object is for one thread alone. An iterator
 *   belongs to one thread.
 *
 * TEXT
 *   UTF-8. A text that holds a NUL is refused with E_INPUT: C would see only what stands before it.
 */
#ifndef SINCH_NUMBERS_HPP
#define SINCH_NUMBERS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sinch_numbers.h"

/* An exception is told by its type's identity, which must be one across shared objects built with -fvisibility=hidden. */
#if defined(__GNUC__)
#define SINCH_NUMBERS_HPP_EXCEPTION __attribute__((visibility("default")))
#else
#define SINCH_NUMBERS_HPP_EXCEPTION
#endif

namespace sinch_numbers {

class client;

/// Receives the log of a client: level 1 (error) to 5 (trace), and a line. It is called on the threads that make the calls,
/// several at a time, and must not call back into the same client. What it throws is swallowed.
using log_function = std::function<void(int level, const std::string &line)>;

/// Text that may be absent.
class optional_text {
public:
    optional_text() : present_(false), text_() {}
    explicit optional_text(const char *text) : present_(text != nullptr), text_(text != nullptr ? text : "") {}

    /// Whether there is any; an empty text is there.
    explicit operator bool() const noexcept { return present_; }

    /// The text; "" if it is absent, which mean the same to the service.
    const std::string &str() const noexcept { return text_; }

    std::string value_or(const std::string &fallback) const { return present_ ? text_ : fallback; }

private:
    bool present_;
    std::string text_;
};

/// Writes a text as a JSON string, quotes included: the way to put a value into a query or a body. It takes a NUL inside the
/// text, which sinch_numbers_json_escape cannot see.
///
///     client.active_update(number, "{\"displayName\": " + sinch_numbers::json_string(name) + "}");
inline std::string json_string(const std::string &text)
{
    static const char digits[] = "0123456789abcdef";
    std::string json = "\"";
    for (const char letter : text) {
        const unsigned char byte = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\') {
            json += '\\';
            json += letter;
        } else if (byte < 0x20) {
            json += "\\u00";
            json += digits[byte >> 4];
            json += digits[byte & 15];
        } else {
            json += letter;
        }
    }
    json += '"';
    return json;
}

namespace detail {

struct free_result {
    void operator()(sinch_numbers_result *result) const noexcept { sinch_numbers_result_free(result); }
};

using result_handle = std::unique_ptr<sinch_numbers_result, free_result>;

inline std::string json_of(const sinch_numbers_result *result)
{
    std::size_t length = 0;
    const char *json = sinch_numbers_result_json(result, &length);
    return std::string(json, length);
}

inline optional_text value_of(const sinch_numbers_result *result, const std::string &pointer)
{
    // Cut at the NUL, the pointer would name another place.
    if (pointer.find('\0') != std::string::npos) {
        return optional_text();
    }
    return optional_text(sinch_numbers_result_value(result, pointer.c_str()));
}

inline optional_text text_of(const sinch_numbers_result *result, const std::string &pointer)
{
    if (pointer.find('\0') != std::string::npos) {
        return optional_text();
    }
    return optional_text(sinch_numbers_result_text(result, pointer.c_str()));
}

inline std::int64_t count_of(const sinch_numbers_result *result, const std::string &pointer) noexcept
{
    return pointer.find('\0') == std::string::npos ? sinch_numbers_result_count(result, pointer.c_str()) : -1;
}

} // namespace detail

/// What a call throws. what() says what went wrong, for people. Copies share the error document.
class SINCH_NUMBERS_HPP_EXCEPTION error : public std::runtime_error {
public:
    error(sinch_numbers_code code, const std::string &message) : std::runtime_error(message), code_(code), result_() {}

    error(sinch_numbers_code code, detail::result_handle result)
        : std::runtime_error(sinch_numbers_result_message(result.get())), code_(code), result_(std::move(result))
    {
    }

    /// SINCH_NUMBERS_E_API and so on. New values may come.
    sinch_numbers_code code() const noexcept { return code_; }

    /// The name of the code, as in "E_API".
    const char *code_name() const noexcept { return sinch_numbers_code_name(code_); }

    /// The HTTP status; 0 if none was received.
    int http_status() const noexcept { return sinch_numbers_result_http_status(result_.get()); }

    /// Whether the same call may succeed later, unchanged, after retry_after(). Never when maybe_applied(), but for relink and
    /// ensure_emergency_address, which read by themselves before they send.
    bool can_retry() const noexcept { return sinch_numbers_result_retry_after_ms(result_.get()) >= 0; }

    /// The wait that the service asked for; 0 if it asked for none.
    std::chrono::milliseconds retry_after() const noexcept
    {
        const std::int64_t wait = sinch_numbers_result_retry_after_ms(result_.get());
        return std::chrono::milliseconds(wait > 0 ? wait : 0);
    }

    /// Whether it is a failed write that may have taken effect all the same, now or a little later: read before you send it
    /// again.
    bool maybe_applied() const noexcept { return sinch_numbers_result_maybe_applied(result_.get()) != 0; }

    /// After maybe_applied(), the number or its emergency address as last read, as JSON; absent if nothing could be read. Of
    /// wait, relink and ensure_emergency_address it is there on every failure after the first read. It can hold a home address:
    /// what() does not show it.
    optional_text found() const { return text("/found"); }

    /// Of relink, the number as it was read first, as JSON.
    optional_text previous() const { return text("/previous"); }

    /// Of relink, what it sent, as JSON: [{"step": "unlink_sms", "outcome": "done"}].
    optional_text steps() const { return text("/steps"); }

    /// The error document; "{}" for a failure of this header's own (use after move, a NUL inside a text).
    std::string json() const { return detail::json_of(result_.get()); }

    /// The value at a JSON pointer in the error document, as in "/field" or "/fieldViolations/0/description".
    optional_text value(const std::string &pointer) const { return detail::value_of(result_.get(), pointer); }

    /// The same, but absent for null, "" and {}, too.
    optional_text text(const std::string &pointer) const { return detail::text_of(result_.get(), pointer); }

private:
    sinch_numbers_code code_;
    std::shared_ptr<const sinch_numbers_result> result_;
};

/// A provisioning job failed: SINCH_NUMBERS_E_PROVISIONING.
class SINCH_NUMBERS_HPP_EXCEPTION provisioning_error : public error {
public:
    using error::error;

    /// The failed jobs, and what their codes mean, as JSON: see "jobs" of the error document in sinch_numbers.h.
    optional_text jobs() const { return text("/jobs"); }
};

/// The service does not accept an emergency address: SINCH_NUMBERS_E_ADDRESS. Nothing was changed.
class SINCH_NUMBERS_HPP_EXCEPTION address_error : public error {
public:
    using error::error;

    /// What the service made of the address, as JSON of emergency_address_validate. what() does not show it.
    optional_text validation() const { return text("/validation"); }
};

/// What a call came to. True, unless it is the end of pages or numbers, was moved from, or made from nothing.
class result {
public:
    result() noexcept : handle_() {}
    explicit result(detail::result_handle handle) noexcept : handle_(std::move(handle)) {}

    /// SINCH_NUMBERS_OK; SINCH_NUMBERS_DONE at the end of a list; SINCH_NUMBERS_E_MISUSE if there is nothing in it.
    sinch_numbers_code code() const noexcept { return sinch_numbers_result_code(handle_.get()); }

    explicit operator bool() const noexcept { return code() == SINCH_NUMBERS_OK; }

    int http_status() const noexcept { return sinch_numbers_result_http_status(handle_.get()); }

    /// Whether the success of a write was proved by reading back, after its own response had been lost.
    bool reconciled() const noexcept { return sinch_numbers_result_reconciled(handle_.get()) != 0; }

    /// The service's response as it came.
    std::string json() const { return detail::json_of(handle_.get()); }

    /// The same without a copy; NUL-terminated, lives with the result.
    const char *json_data() const & noexcept { return sinch_numbers_result_json(handle_.get(), nullptr); }
    const char *json_data() const && = delete;

    std::size_t json_length() const noexcept
    {
        std::size_t length = 0;
        sinch_numbers_result_json(handle_.get(), &length);
        return length;
    }

    /// The value at a JSON pointer (RFC 6901), as in "/activeNumbers/0/phoneNumber": a string as plain text, anything else
    /// as raw JSON; null is the text null.
    optional_text value(const std::string &pointer) const { return detail::value_of(handle_.get(), pointer); }

    /// The same, with what stands for an absent value.
    std::string value_or(const std::string &pointer, const std::string &fallback) const
    {
        return value(pointer).value_or(fallback);
    }

    /// The same, but absent for everything that means "nothing": null, "" and {}, too.
    optional_text text(const std::string &pointer) const { return detail::text_of(handle_.get(), pointer); }

    /// How many members the list or object at a JSON pointer has; -1 if there is neither.
    ///
    ///     for (std::int64_t index = 0; index < page.count("/activeNumbers"); ++index) { ... }
    std::int64_t count(const std::string &pointer) const noexcept { return detail::count_of(handle_.get(), pointer); }

private:
    detail::result_handle handle_;
};

namespace detail {

/// To C, a token that was moved from would be no token: a call that nobody can end.
inline void check_token(const sinch_numbers_cancel *token)
{
    if (token == nullptr) {
        throw error(SINCH_NUMBERS_E_MISUSE, "cancel was moved from");
    }
}

} // namespace detail

/// Ends the calls that it is given to. One way: once triggered, for ever. It may serve several calls at once.
class cancel {
public:
    cancel() : cancel(sinch_numbers_cancel_new()) {}
    cancel(cancel &&) noexcept = default;
    cancel &operator=(cancel &&) noexcept = default;
    cancel(const cancel &) = delete;
    cancel &operator=(const cancel &) = delete;

    /// Makes a token with a deadline, counted from now: calls that it is given to end with E_TIMEOUT when it has passed. It
    /// can be triggered as well. A part of a millisecond counts as one; a time that no clock reaches is no deadline.
    template <class Rep, class Period> static cancel after(std::chrono::duration<Rep, Period> time)
    {
        return cancel(sinch_numbers_cancel_new_after(milliseconds_of(time)));
    }

    /// Makes a token that is also triggered by a function's word: while a call with it waits, poll is called on the thread that
    /// made the call, first when `every` has passed and then as often; true ends the calls. An exception out of it counts as true.
    /// It may make calls of its own, but must not use the pages that the call is about.
    template <class Rep, class Period>
    static cancel polled(std::chrono::duration<Rep, Period> every, std::function<bool()> poll)
    {
        return polled_below(nullptr, milliseconds_of(every), std::move(poll));
    }

    /// The same for a token that ends with this one as well. Triggering it does not trigger this one.
    template <class Rep, class Period>
    cancel polled_with(std::chrono::duration<Rep, Period> every, std::function<bool()> poll) const
    {
        detail::check_token(handle_.get());
        return polled_below(handle_.get(), milliseconds_of(every), std::move(poll));
    }

    /// Ends the calls, those to come included, with E_CANCELLED. Async-signal-safe.
    void trigger() const noexcept { sinch_numbers_cancel_trigger(handle_.get()); }

private:
    friend class optional_cancel;

    explicit cancel(sinch_numbers_cancel *handle) : handle_(handle, sinch_numbers_cancel_free) {}
    explicit cancel(std::shared_ptr<const sinch_numbers_cancel> handle) : handle_(std::move(handle)) {}

    template <class Rep, class Period> static std::int64_t milliseconds_of(std::chrono::duration<Rep, Period> time)
    {
        using real = std::chrono::duration<long double, std::milli>;
        const long double wanted = std::chrono::duration_cast<real>(time).count();
        std::int64_t milliseconds = 0;
        if (wanted >= 9.0e18L) {
            milliseconds = (std::numeric_limits<std::int64_t>::max)();
        } else if (wanted > 0) {
            milliseconds = static_cast<std::int64_t>(wanted);
            milliseconds += static_cast<long double>(milliseconds) < wanted ? 1 : 0;
        }
        return milliseconds;
    }

    static std::int32_t ask(void *userdata) noexcept
    {
        try {
            return (*static_cast<std::function<bool()> *>(userdata))() ? 1 : 0;
        } catch (...) {
            return 1;
        }
    }

    static cancel polled_below(const sinch_numbers_cancel *other, std::int64_t every, std::function<bool()> poll)
    {
        // Without one, the function is that of a token that is not polled.
        const bool asks = static_cast<bool>(poll);
        auto function = std::make_shared<std::function<bool()>>(std::move(poll));
        sinch_numbers_cancel *handle =
            sinch_numbers_cancel_new_polled_with(other, asks ? ask : nullptr, function.get(), every);
        // The function lives as long as the token: as long as a call uses it.
        return cancel(std::shared_ptr<const sinch_numbers_cancel>(
            std::shared_ptr<sinch_numbers_cancel>(handle, [function](sinch_numbers_cancel *token) {
                sinch_numbers_cancel_free(token);
            })));
    }

    // Shared with the calls and pages that it was given to.
    std::shared_ptr<const sinch_numbers_cancel> handle_;
};

/// A cancel token, or none: what the operations take. A token converts to it.
///
///     client.active_get("+12025550134", stop);
///     client.active_get("+12025550134", sinch_numbers::cancel::after(std::chrono::seconds(2)));
class optional_cancel {
public:
    optional_cancel() noexcept : handle_() {}

    optional_cancel(const cancel &token) : handle_(token.handle_) { detail::check_token(handle_.get()); }

    const sinch_numbers_cancel *get() const noexcept { return handle_.get(); }

private:
    std::shared_ptr<const sinch_numbers_cancel> handle_;
};

namespace detail {

struct client_state {
    explicit client_state(log_function function) : log(std::move(function)), handle(nullptr) {}
    ~client_state() { sinch_numbers_client_free(handle); }
    client_state(const client_state &) = delete;
    client_state &operator=(const client_state &) = delete;

    /// Stands between C and the log function: no exception goes through C.
    static void write_log(void *userdata, std::int32_t level, const char *line) noexcept
    {
        try {
            static_cast<client_state *>(userdata)->log(static_cast<int>(level), line);
        } catch (...) {
        }
    }

    const log_function log;
    sinch_numbers_client *handle;
};

struct pages_state {
    pages_state() : client(), cancel(), handle(nullptr) {}
    ~pages_state() { sinch_numbers_pages_free(handle); }
    pages_state(const pages_state &) = delete;
    pages_state &operator=(const pages_state &) = delete;

    // Holds the log function, which pages go on writing to.
    std::shared_ptr<client_state> client;
    optional_cancel cancel;
    sinch_numbers_pages *handle;
};

/// A text for C.
inline const char *text(const char *name, const std::string &value)
{
    if (value.find('\0') != std::string::npos) {
        throw error(SINCH_NUMBERS_E_INPUT, std::string(name) + ": holds a NUL");
    }
    return value.c_str();
}

/// Takes what a C function left: hands out a success, throws a failure.
inline result_handle taken(sinch_numbers_code code, sinch_numbers_result *raw)
{
    result_handle handle(raw);
    switch (code) {
    case SINCH_NUMBERS_OK:
    case SINCH_NUMBERS_DONE:
        return handle;
    case SINCH_NUMBERS_E_PROVISIONING:
        throw provisioning_error(code, std::move(handle));
    case SINCH_NUMBERS_E_ADDRESS:
        throw address_error(code, std::move(handle));
    default:
        throw error(code, std::move(handle));
    }
}

using next_function = sinch_numbers_code (*)(sinch_numbers_pages *, const sinch_numbers_cancel *, sinch_numbers_result **);

/// An iteration through a list by steps of one kind: a range to go through once, or next() by next().
template <next_function Next> class iteration {
public:
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = result;
        using difference_type = std::ptrdiff_t;
        using pointer = result *;
        using reference = result &;

        iterator() noexcept : state_(), here_() {}

        /// The page or number, which may be moved out.
        result &operator*() const noexcept { return *here_; }
        result *operator->() const noexcept { return here_.get(); }

        /// Goes on to the next one. When it throws, the iterator stays where it stands.
        iterator &operator++()
        {
            step();
            return *this;
        }

        /// Returns the iterator as it was: it keeps the one before.
        iterator operator++(int)
        {
            iterator before = *this;
            step();
            return before;
        }

        friend bool operator==(const iterator &one, const iterator &other) noexcept { return one.here_ == other.here_; }
        friend bool operator!=(const iterator &one, const iterator &other) noexcept { return one.here_ != other.here_; }

    private:
        friend class iteration;

        explicit iterator(std::shared_ptr<const pages_state> state) : state_(std::move(state)), here_() { step(); }

        void step()
        {
            result taken = next_of(state_.get());
            here_ = taken ? std::make_shared<result>(std::move(taken)) : std::shared_ptr<result>();
        }

        std::shared_ptr<const pages_state> state_;
        std::shared_ptr<result> here_;
    };

    iteration(iteration &&) noexcept = default;
    iteration &operator=(iteration &&) noexcept = default;
    iteration(const iteration &) = delete;
    iteration &operator=(const iteration &) = delete;

    /// Returns the next page or number; a result that is false when there are no more. Threads that share an iteration take turns.
    result next() const
    {
        const std::shared_ptr<const pages_state> keep = state_;
        return next_of(keep.get());
    }

    /// Goes on to the next one: a second loop goes on where the first one stopped.
    iterator begin() const { return iterator(state_); }
    iterator end() const noexcept { return iterator(); }

protected:
    explicit iteration(std::shared_ptr<const pages_state> state) noexcept : state_(std::move(state)) {}
    ~iteration() = default;

private:
    static result next_of(const pages_state *pages)
    {
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code = Next(
            pages != nullptr ? pages->handle : nullptr, pages != nullptr ? pages->cancel.get() : nullptr, &raw);
        return result(taken(code, raw));
    }

    std::shared_ptr<const pages_state> state_;
};

} // namespace detail

/// The pages of a list, one after the other: a range to go through once, or next() by next().
///
///     for (auto &page : client.pages()) { ... }
///     auto pages = client.pages();
///     while (sinch_numbers::result page = pages.next()) { ... }
///
/// A failure does not move the iteration: after it, next() or a new loop asks for the same page again. Pages go on working when
/// the client is gone.
class pages : public detail::iteration<sinch_numbers_pages_next> {
    friend class client;

    explicit pages(std::shared_ptr<const detail::pages_state> state) noexcept : iteration(std::move(state)) {}
};

/// The numbers of a list, one after the other, in the same ways; pages are fetched as they are used up. Each is a result
/// whose JSON is that of the number alone.
///
///     for (auto &number : client.numbers()) { std::cout << number.text("/phoneNumber").str() << '\n'; }
class numbers : public detail::iteration<sinch_numbers_pages_next_number> {
    friend class client;

    explicit numbers(std::shared_ptr<const detail::pages_state> state) noexcept : iteration(std::move(state)) {}
};

/// Explains a code of a failed provisioning job or of a callback, as JSON: see sinch_numbers_explain. The code of the JSON is
/// null if it is not known.
inline std::string explain(const std::string &code)
{
    return sinch_numbers_explain(detail::text("code", code));
}

/// Checks the signature of a callback, and returns its event as it came: see sinch_numbers_callback_verify.
///
/// secrets: 1 to 8 HMAC secrets of callback configurations. signature: the value of the header X-Sinch-Signature; "" if it is not
/// there. body: the body of the request, byte for byte. Throws an error with E_AUTH if the signature is refused, E_PROTOCOL if the
/// body is signed but no JSON object, E_INPUT for secrets or a body of more than 1 MiB.
///
///     const auto event = sinch_numbers::verify_callback({secret}, signature, body);
///     const auto number = client.active_get(event.text("/resourceId").str());   // an event is a hint to read
inline result verify_callback(const std::vector<std::string> &secrets, const std::string &signature, const std::string &body)
{
    std::string list;
    for (const auto &secret : secrets) {
        list += (list.empty() ? "[" : ",") + json_string(secret);
    }
    list = list.empty() ? "[]" : list + "]";
    // Cut at a NUL, a signature could be another one.
    const bool cut = signature.find('\0') != std::string::npos;
    sinch_numbers_result *raw = nullptr;
    const sinch_numbers_code code = sinch_numbers_callback_verify(
        list.c_str(), cut ? "?" : signature.c_str(), body.data(), body.size(), &raw);
    return result(detail::taken(code, raw));
}

/// A client of one project. Any number of threads share it.
///
/// Every operation blocks; the cancel token, if one is given, ends it.
class client {
public:
    /// Reads the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET and so on. Logs up to
    /// SINCH_NUMBERS_LOG_LEVEL, by default warn.
    explicit client(log_function log = log_function()) : state_(made(nullptr, std::move(log))) {}

    /// Reads a JSON object with the settings, as in {"fromEnv": true, "timeoutMs": 5000}: see sinch_numbers_client_new.
    explicit client(const std::string &config, log_function log = log_function())
        : state_(made(detail::text("config", config), std::move(log)))
    {
    }

    /// The same; nullptr is no text.
    explicit client(const char *config, log_function log = log_function())
        : client(std::string(given(config)), std::move(log))
    {
    }

    client(std::nullptr_t) = delete;
    client(client &&) noexcept = default;
    client &operator=(client &&) noexcept = default;
    client(const client &) = delete;
    client &operator=(const client &) = delete;

    /// Ends all calls in flight, on any thread, and later ones with E_CANCELLED; those of its pages too. Only shutdown does:
    /// a client that is destroyed lets them end by themselves.
    void shutdown() const noexcept { sinch_numbers_client_shutdown(handle(state_)); }

    /// Checks that the service can be reached and takes the credentials: fetches a token and lists one number. Throws as
    /// active_list does.
    result check(optional_cancel token = optional_cancel()) const
    {
        const std::shared_ptr<detail::client_state> keep = state_;
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code = sinch_numbers_client_check(handle(keep), token.get(), &raw);
        return result(detail::taken(code, raw));
    }

    /// Lists one page of the project's numbers.
    result active_list(const std::string &query = "{}", optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_list, detail::text("query", query), token);
    }

    /// Reads a number.
    result active_get(const std::string &phone_number, optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_get, number(phone_number), token);
    }

    /// Changes a number.
    result active_update(const std::string &phone_number, const std::string &body,
                         optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_update, number(phone_number), detail::text("body", body), token);
    }

    /// Gives a number back at the end of the period that is paid for.
    result active_release(const std::string &phone_number, optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_release, number(phone_number), token);
    }

    /// Reads the emergency address of a number; a number without one is E_API with HTTP status 404.
    result emergency_address_get(const std::string &phone_number, optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_emergency_address_get, number(phone_number), token);
    }

    /// Puts an emergency address on a number. Validate it first.
    result emergency_address_provision(const std::string &phone_number, const std::string &body,
                                       optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_emergency_address_provision, number(phone_number), detail::text("body", body), token);
    }

    /// Removes the emergency address of a number.
    result emergency_address_deprovision(const std::string &phone_number, optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_emergency_address_deprovision, number(phone_number), token);
    }

    /// Asks what the service makes of an emergency address, without putting it anywhere.
    result emergency_address_validate(const std::string &phone_number, const std::string &body,
                                      optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_emergency_address_validate, number(phone_number), detail::text("body", body), token);
    }

    /// Waits until no provisioning job of a number is under way, after active_update: see sinch_numbers_active_wait.
    ///
    ///     client.wait(number, "{\"expect\": {\"displayName\": \"desk\"}, \"timeoutMs\": 120000}");
    result wait(const std::string &phone_number, const std::string &options = "{}",
                optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_wait, number(phone_number), detail::text("options", options), token);
    }

    /// Brings a number to the wanted links, from any state, and waits until they are in effect. Call it again after a failure or
    /// a crash. Throws provisioning_error if a job that it started failed: see sinch_numbers_active_relink.
    ///
    ///     client.relink(number, "{\"smsConfiguration\": {\"servicePlanId\": " + sinch_numbers::json_string(plan) + "}}");
    result relink(const std::string &phone_number, const std::string &target,
                  optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_active_relink, number(phone_number), detail::text("target", target), token);
    }

    /// Makes sure that a number has an emergency address: reads, validates, provisions, reads back. Throws address_error if the
    /// service does not accept the address; nothing was changed then. See sinch_numbers_emergency_address_ensure.
    result ensure_emergency_address(const std::string &phone_number, const std::string &body,
                                    optional_cancel token = optional_cancel()) const
    {
        return call(sinch_numbers_emergency_address_ensure, number(phone_number), detail::text("body", body), token);
    }

    /// Begins to go through a list, page by page. Nothing is sent yet. The token ends the iteration, not a page alone.
    sinch_numbers::pages pages(const std::string &query = "{}", optional_cancel token = optional_cancel()) const
    {
        return sinch_numbers::pages(begun(query, std::move(token)));
    }

    /// Begins to go through a list, number by number. Nothing is sent yet. The token ends the iteration.
    sinch_numbers::numbers numbers(const std::string &query = "{}", optional_cancel token = optional_cancel()) const
    {
        return sinch_numbers::numbers(begun(query, std::move(token)));
    }

private:
    static const char *given(const char *config)
    {
        if (config == nullptr) {
            throw error(SINCH_NUMBERS_E_MISUSE, "config is NULL");
        }
        return config;
    }

    static std::shared_ptr<detail::client_state> made(const char *config, log_function log)
    {
        auto state = std::make_shared<detail::client_state>(std::move(log));
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code = sinch_numbers_client_new(
            config, state->log ? detail::client_state::write_log : nullptr, state.get(), &state->handle, &raw);
        detail::taken(code, raw);
        return state;
    }

    std::shared_ptr<const detail::pages_state> begun(const std::string &query, optional_cancel token) const
    {
        auto state = std::make_shared<detail::pages_state>();
        state->client = state_;
        state->cancel = std::move(token);
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code =
            sinch_numbers_pages_new(handle(state_), detail::text("query", query), &state->handle, &raw);
        detail::taken(code, raw);
        return state;
    }

    static const char *number(const std::string &phone_number) { return detail::text("phoneNumber", phone_number); }

    static const sinch_numbers_client *handle(const std::shared_ptr<detail::client_state> &state) noexcept
    {
        return state ? state->handle : nullptr;
    }

    using with_text = sinch_numbers_code (*)(const sinch_numbers_client *, const char *, const sinch_numbers_cancel *,
                                             sinch_numbers_result **);
    using with_texts = sinch_numbers_code (*)(const sinch_numbers_client *, const char *, const char *,
                                              const sinch_numbers_cancel *, sinch_numbers_result **);

    result call(with_text function, const char *text, const optional_cancel &token) const
    {
        // Keeps the client until the call is over, as the caller's frame keeps the token.
        const std::shared_ptr<detail::client_state> keep = state_;
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code = function(handle(keep), text, token.get(), &raw);
        return result(detail::taken(code, raw));
    }

    result call(with_texts function, const char *text, const char *body, const optional_cancel &token) const
    {
        const std::shared_ptr<detail::client_state> keep = state_;
        sinch_numbers_result *raw = nullptr;
        const sinch_numbers_code code = function(handle(keep), text, body, token.get(), &raw);
        return result(detail::taken(code, raw));
    }

    std::shared_ptr<detail::client_state> state_;
};

} // namespace sinch_numbers

#undef SINCH_NUMBERS_HPP_EXCEPTION

#endif /* SINCH_NUMBERS_HPP */
