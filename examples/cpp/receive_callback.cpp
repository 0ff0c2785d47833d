// Takes a callback that a web server received: its signature as an argument, its body on standard input.
//
//     c++ -std=c++11 -o receive_callback receive_callback.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./receive_callback "$HTTP_X_SINCH_SIGNATURE" <body        as a CGI program would
//
// The secret comes from the environment: SINCH_CALLBACK_SECRET, and while it is replaced SINCH_CALLBACK_SECRET_OLD.
// Exits with 0 if the event is genuine, with 1 if not.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <sinch_numbers.hpp>

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: receive_callback SIGNATURE <body\n";
        return 2;
    }
    std::vector<std::string> secrets;
    for (const char *name : {"SINCH_CALLBACK_SECRET", "SINCH_CALLBACK_SECRET_OLD"}) {
        const char *secret = std::getenv(name);
        if (secret != nullptr && *secret != '\0') {
            secrets.emplace_back(secret);
        }
    }
    const std::string body((std::istreambuf_iterator<char>(std::cin)), std::istreambuf_iterator<char>());
    try {
        const auto event = sinch_numbers::verify_callback(secrets, argv[1], body);
        // Respond with 200 now. An event is only a hint to read the number: active_get returns its state.
        std::cout << event.text("/resourceId").value_or("-") << ": " << event.text("/eventType").value_or("-") << ' '
                  << event.text("/status").value_or("-") << '\n';
        if (const auto failure = event.text("/failureCode")) {
            std::cout << sinch_numbers::explain(failure.str()) << '\n';
        }
    } catch (const std::exception &error) {
        // Respond with 401 to E_AUTH.
        std::cerr << "receive_callback: " << error.what() << '\n';
        return 1;
    }
}
