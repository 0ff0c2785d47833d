// Lists the numbers of a project, page by page.
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

// A field of one number; "-" for nothing, which the service writes in four ways: absent, null, "" and {}.
static std::string field(const sinch_numbers::result &page, std::size_t index, const std::string &name)
{
    const std::string text = page.value("/activeNumbers/" + std::to_string(index) + "/" + name).str();
    return text.empty() || text == "null" || text == "{}" ? "-" : text;
}

static std::string voice_id(const sinch_numbers::result &page, std::size_t index)
{
    for (const char *name : {"appId", "trunkId", "serviceId"}) {
        const std::string id = field(page, index, std::string("voiceConfiguration/") + name);
        if (id != "-") {
            return id;
        }
    }
    return "-";
}

static std::size_t print(const sinch_numbers::result &page)
{
    std::size_t index = 0;
    for (; page.value("/activeNumbers/" + std::to_string(index)); ++index) {
        std::cout << std::left << std::setw(16) << field(page, index, "phoneNumber") << ' ' //
                  << std::setw(3) << field(page, index, "regionCode") << ' ' //
                  << std::setw(10) << field(page, index, "type") << " sms: " //
                  << std::setw(14) << field(page, index, "smsConfiguration/servicePlanId") << " voice: " //
                  << std::setw(14) << voice_id(page, index) << ' ' << field(page, index, "displayName") << '\n';
    }
    return index;
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
        for (const auto &page : client.pages(argc == 2 ? argv[1] : "{}")) {
            count += print(page);
        }
        std::cout << count << " numbers\n" << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception &error) {
        std::cerr << "list_fleet: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
