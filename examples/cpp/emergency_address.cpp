// Makes sure that a number has an emergency address, in the form in which the emergency services know it: reads it, validates the
// wanted one, takes over a correction of its spelling, provisions it, and reads it back.
//
//     c++ -std=c++11 -o emergency_address emergency_address.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./emergency_address +12025550134 Office 3500 "Lenox Road NE" Atlanta GA 30326 "Floor 2"
//
// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sinch_numbers.hpp>

using sinch_numbers::json_string;

namespace {

// The parts of an address, in the order of the command line.
const char *const parts[] = {"streetNumber", "streetInfo", "city", "state", "postalCode", "location"};

// Prints the address at a JSON pointer of a result, or of an error.
template <class Result> void print(const std::string &what, const Result &result, const std::string &pointer)
{
    const auto part = [&](const char *name) { return result.text(pointer + "/" + name).str(); };
    const std::string location = part("location"), four = part("postalCodePlusFour");
    std::cout << what << ": " << part("streetNumber") << ' ' << part("streetInfo") << (location.empty() ? "" : ", ")
              << location << ", " << part("city") << ", " << part("state") << ' ' << part("postalCode")
              << (four.empty() ? "" : "-") << four << '\n';
}

void ensure(const std::string &number, const std::string &name, const std::string &address)
{
    const sinch_numbers::client client;
    const auto ensured = client.ensure_emergency_address(
        number, "{\"accept\": \"corrected\", \"displayName\": " + json_string(name) + ", \"address\": {" + address + "}}");
    if (const auto validated = ensured.text("/validation/validationResult")) {
        std::cout << validated.str() << '\n';
    }
    print(ensured.text("/changed").str() == "true" ? "provisioned" : "stands already", ensured, "/address");
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 8 && argc != 9) {
        std::cerr << "usage: emergency_address +12025550134 NAME STREET_NUMBER STREET CITY STATE POSTAL_CODE [LOCATION]\n";
        return 2;
    }
    std::string address;
    for (int index = 3; index < argc; ++index) {
        address += (address.empty() ? "" : ", ") + json_string(parts[index - 3]) + ": " + json_string(argv[index]);
    }
    try {
        ensure(argv[1], argv[2], address);
        std::cout << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const sinch_numbers::error &error) {
        // The addresses that the service suggests instead.
        if (error.text("/validation/correctedAddress/streetInfo")) {
            print("not the same place", error, "/validation/correctedAddress");
        }
        const std::string candidates = "/validation/candidateAddresses/";
        for (std::int64_t index = 0; error.text(candidates + std::to_string(index)); ++index) {
            print("perhaps", error, candidates + std::to_string(index));
        }
        std::cerr << "emergency_address: " << error.what() << '\n';
        if (const auto why = error.text("/fieldViolations/0/description")) {
            std::cerr << "emergency_address: " << why.str() << '\n';
        }
    } catch (const std::exception &error) {
        std::cerr << "emergency_address: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
