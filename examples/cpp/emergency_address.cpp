// Puts an emergency address on a number, in the form in which the emergency services know it: validates it, takes over the
// correction of a near match, provisions it, and reads it back.
//
//     c++ -std=c++11 -o emergency_address emergency_address.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./emergency_address +12025550134 Office 3500 "Lenox Road NE" Atlanta GA 30326 "Floor 2"
//
// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include <sinch_numbers.hpp>

using sinch_numbers::json_string;

namespace {

const char *const required[] = {"streetNumber", "streetInfo", "city", "state", "postalCode"};
const char *const optional[] = {"location", "postalCodePlusFour"};

// The parts that are there, by their names in the API.
using address = std::map<std::string, std::string>;

// Reads the address below a place.
address address_at(const sinch_numbers::result &result, const std::string &pointer)
{
    address found;
    const auto take = [&](const char *part) {
        if (const auto text = result.text(pointer + "/" + part)) {
            found[part] = text.str();
        }
    };
    for (const char *part : required) {
        take(part);
    }
    for (const char *part : optional) {
        take(part);
    }
    return found;
}

bool complete(const address &address)
{
    for (const char *part : required) {
        if (address.count(part) == 0) {
            return false;
        }
    }
    return true;
}

void print(const std::string &what, address address)
{
    std::cout << what << ": " << address["streetNumber"] << ' ' << address["streetInfo"];
    if (address.count("location") != 0) {
        std::cout << ", " << address["location"];
    }
    std::cout << ", " << address["city"] << ", " << address["state"] << ' ' << address["postalCode"];
    if (address.count("postalCodePlusFour") != 0) {
        std::cout << '-' << address["postalCodePlusFour"];
    }
    std::cout << '\n';
}

// The body of validate and provision. An address is written part by part, not copied as the service wrote it: there it may
// hold null and fields that are newer than this library, which a body must not.
std::string body_of(const std::string &name, const address &address)
{
    std::string parts;
    for (const auto &part : address) {
        parts += (parts.empty() ? "" : ", ") + json_string(part.first) + ": " + json_string(part.second);
    }
    return "{\"displayName\": " + json_string(name) + ", \"address\": {" + parts + "}}";
}

// Asks the service, and returns the address to provision: the one that is wanted, or its correction.
address validated(const sinch_numbers::client &client, const std::string &number, const std::string &name,
                  const address &wanted)
{
    const auto response = client.emergency_address_validate(number, body_of(name, wanted));
    const std::string outcome = response.text("/validationResult").value_or("no result");
    std::cout << outcome << '\n';
    if (outcome == "EXACT_MATCH") {
        return wanted;
    }
    if (outcome == "NEAR_MATCH") {
        address corrected = address_at(response, "/correctedAddress");
        if (!complete(corrected)) {
            throw std::runtime_error("a near match without a correction: nothing was provisioned");
        }
        // Which floor, which flat: a correction of the street must not lose it. This inserts only what is missing.
        const auto location = wanted.find("location");
        if (location != wanted.end()) {
            corrected.insert(*location);
        }
        print("corrected", corrected);
        return corrected;
    }
    for (std::int64_t index = 0; index < response.count("/candidateAddresses"); ++index) {
        print("perhaps", address_at(response, "/candidateAddresses/" + std::to_string(index)));
    }
    throw std::runtime_error("no such address: nothing was provisioned (" +
                             response.text("/validationMessage").value_or(outcome) + ")");
}

// Provisions the address, and believes only what can be read back.
void provision(const sinch_numbers::client &client, const std::string &number, const std::string &name,
               const address &wanted)
{
    address taken;
    try {
        taken = address_at(client.emergency_address_provision(number, body_of(name, wanted)), "");
    } catch (const sinch_numbers::error &error) {
        if (!error.maybe_applied()) {
            throw;
        }
        // The response was lost on the way: the number itself says which address it has.
        std::cerr << "emergency_address: reading what became of it: " << error.what() << '\n';
        taken = wanted;
    }
    const address found = address_at(client.emergency_address_get(number), "");
    print("reads back", found);
    if (!complete(found) || found != taken) {
        throw std::runtime_error("the number has another address than was provisioned");
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 8 && argc != 9) {
        std::cerr << "usage: emergency_address +12025550134 NAME STREET_NUMBER STREET CITY STATE POSTAL_CODE [LOCATION]\n";
        return 2;
    }
    address wanted;
    for (int index = 0; index < 5; ++index) {
        wanted[required[index]] = argv[3 + index];
    }
    if (argc == 9) {
        wanted["location"] = argv[8];
    }
    try {
        const sinch_numbers::client client;
        provision(client, argv[1], argv[2], validated(client, argv[1], argv[2], wanted));
        std::cout << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const sinch_numbers::error &error) {
        std::cerr << "emergency_address: " << error.what() << '\n';
        if (const auto why = error.text("/fieldViolations/0/description")) {
            std::cerr << "emergency_address: " << why.str() << '\n';
        }
    } catch (const std::exception &error) {
        std::cerr << "emergency_address: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
