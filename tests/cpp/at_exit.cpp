// An object of static storage that changes its number when the program ends: over TLS. usage: at_exit URL CAFILE
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sinch_numbers.hpp>
#include <string>

struct Lease {
    std::unique_ptr<sinch_numbers::client> client;

    ~Lease() {
        if (!client) return;
        try {
            client->active_update("+12025550134", "{\"displayName\":\"free\"}");
            std::cout << "returned" << std::endl;
        } catch (const sinch_numbers::error &error) {
            std::cout << error.what() << std::endl;
        }
    }
};

static Lease lease;

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const std::string url = arguments[1], file = arguments[2];
    lease.client.reset(new sinch_numbers::client(
        "{\"projectId\":\"project-1\",\"keyId\":\"key-id\",\"keySecret\":\"key-secret\",\"baseUrl\":\"" + url +
        "\",\"authUrl\":\"" + url + "\",\"caFile\":\"" + file + "\"}"));
    std::cout << lease.client->active_get("+12025550134").value_or("/displayName", "?") << std::endl;
    return 0;
}
