// Lists the numbers of a project.
//
//     c++ -std=c++11 -o list_fleet list_fleet.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./list_fleet
//     ./list_fleet '{"regionCode": "US", "pageSize": 100}'
//
// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>

#include <sinch_numbers.hpp>

// Returns the text at a JSON pointer of a number; "-" if there is none.
static std::string field(const sinch_numbers::result &number, const std::string &pointer)
{
    return number.text(pointer).value_or("-");
}

static std::string voice_id(const sinch_numbers::result &number)
{
    for (const char *name : {"appId", "trunkId", "serviceId"}) {
        if (const auto id = number.text(std::string("/voiceConfiguration/") + name)) {
            return id.str();
        }
    }
    return "-";
}

static void print(const sinch_numbers::result &number)
{
    std::cout << std::left << std::setw(16) << field(number, "/phoneNumber") << ' ' //
              << std::setw(3) << field(number, "/regionCode") << ' ' //
              << std::setw(10) << field(number, "/type") << " sms: " //
              << std::setw(14) << field(number, "/smsConfiguration/servicePlanId") << " voice: " //
              << std::setw(14) << voice_id(number) << ' ' << field(number, "/displayName") << '\n';
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        std::cerr << "usage: list_fleet [QUERY]\nQUERY is a JSON object, as in '{\"regionCode\": \"US\"}'\n";
        return 2;
    }
    try {
        const sinch_numbers::client client;
        std::size_t count = 0;
        for (const auto &number : client.numbers(argc == 2 ? argv[1] : "{}")) {
            print(number);
            ++count;
        }
        std::cout << count << " numbers\n" << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception &error) {
        std::cerr << "list_fleet: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
