// Verifies callbacks, line by line: see tests/c/callbacks.c, which does the same in C.
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "sinch_numbers.hpp"

namespace {

// A missing header and an empty one are the same here.
std::string bytes(const std::string &word)
{
    std::string text;
    for (std::size_t at = 0; at + 1 < word.size(); at += 2) {
        text += static_cast<char>(std::stoi(word.substr(at, 2), nullptr, 16));
    }
    return text;
}

void print(int code, int status, const std::string &json)
{
    std::cout << code << ' ' << status << ' ' << json.size() << '\n' << json << '\n';
}

} // namespace

int main()
{
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string signature, body;
        words >> signature >> body;
        std::vector<std::string> secrets;
        for (std::string secret; words >> secret;) {
            secrets.push_back(bytes(secret));
        }
        try {
            const auto event = sinch_numbers::verify_callback(secrets, bytes(signature), bytes(body));
            print(event.code(), event.http_status(), event.json());
        } catch (const sinch_numbers::error &error) {
            print(error.code(), error.http_status(), error.json());
        }
    }
}
