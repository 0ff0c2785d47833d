// Makes calls with the account of the environment, one a line on stdin: see tests/c/table.c, which does the same in C.
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "sinch_numbers.hpp"

namespace sn = sinch_numbers;

namespace {

using operation = std::function<sn::result(const sn::client &, const std::string &, const std::string &,
                                           const sn::optional_cancel &)>;

const std::map<std::string, operation> operations = {
    {"active_wait",
     [](const sn::client &client, const std::string &number, const std::string &json, const sn::optional_cancel &token) {
         return client.wait(number, json.empty() ? "{}" : json, token);
     }},
    {"active_relink",
     [](const sn::client &client, const std::string &number, const std::string &json, const sn::optional_cancel &token) {
         return client.relink(number, json, token);
     }},
    {"emergency_address_ensure",
     [](const sn::client &client, const std::string &number, const std::string &json, const sn::optional_cancel &token) {
         return client.ensure_emergency_address(number, json, token);
     }},
};

// Cuts a field off the line.
std::string field(std::string &line)
{
    const std::size_t length = line.find('\t');
    const std::string begin = line.substr(0, length);
    line = length == std::string::npos ? "" : line.substr(length + 1);
    return begin;
}

sn::optional_cancel token_of(const std::string &word)
{
    if (word.empty()) {
        return sn::optional_cancel();
    }
    if (word == "before") {
        const sn::cancel token;
        token.trigger();
        return token;
    }
    const auto asked = std::make_shared<int>(0);
    return sn::cancel::polled(std::chrono::milliseconds(5), [asked] { return ++*asked >= 40; });
}

void print(sinch_numbers_code code, int status, const std::string &json)
{
    std::cout << code << ' ' << status << ' ' << json.size() << '\n' << json << '\n';
}

} // namespace

int main()
{
    const sn::client client;
    std::string line;
    while (std::getline(std::cin, line)) {
        const std::string name = field(line), number = field(line), json = field(line);
        try {
            const sn::result result = operations.at(name)(client, number, json, token_of(field(line)));
            print(result.code(), result.http_status(), result.json());
        } catch (const sn::error &error) {
            print(error.code(), error.http_status(), error.json());
        }
    }
    return 0;
}
