// Links a number to a voice application or to an SMS service plan, from whatever it is linked to, and waits until it is.
//
//     c++ -std=c++11 -o link_number link_number.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./link_number +12025550134 app YOUR_voice_appId
//     ./link_number +12025550134 plan YOUR_servicePlanId
//
// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <sinch_numbers.hpp>

using sinch_numbers::json_string;

static void link_number(const std::string &number, bool sms, const std::string &id, long seconds)
{
    const std::string link = sms ? "\"smsConfiguration\": {\"servicePlanId\": " + json_string(id) + "}"
                                 : "\"voiceConfiguration\": {\"type\": \"RTC\", \"appId\": " + json_string(id) + "}";
    const sinch_numbers::client client;
    const auto linked = client.relink(number, "{" + link + ", \"timeoutMs\": " + std::to_string(seconds * 1000) + "}");
    bool already = true;
    for (std::int64_t index = 0; index < linked.count("/steps"); ++index) {
        const std::string step = "/steps/" + std::to_string(index);
        if (linked.text(step + "/outcome").str() == "done") {
            std::cout << linked.text(step + "/step").str() << '\n';
            already = false;
        }
    }
    std::cout << number << " is linked to " << id << (already ? " already\n" : "\n");
}

int main(int argc, char **argv)
{
    const std::string kind = argc >= 4 ? argv[2] : "";
    const long seconds = argc == 5 ? std::strtol(argv[4], nullptr, 10) : 120;
    if ((kind != "app" && kind != "plan") || argc > 5 || argv[3][0] == '\0' || seconds < 1 || seconds > 86400) {
        std::cerr << "usage: link_number +12025550134 app|plan ID [SECONDS]\n";
        return 2;
    }
    try {
        link_number(argv[1], kind == "plan", argv[3], seconds);
        std::cout << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const sinch_numbers::error &error) {
        std::cerr << "link_number: " << error.what() << '\n';
        if (const auto why = error.text("/fieldViolations/0/description")) {
            std::cerr << "link_number: " << why.str() << '\n';
        }
        if (const auto action = error.text("/jobs/0/errorCodes/0/action")) {
            std::cerr << "link_number: what to do: " << action.str() << '\n';
        }
        // Nothing is restored automatically: the error has what was linked before.
        if (error.maybe_applied()) {
            std::cerr << "link_number: the number may have been changed; it was " << error.previous().str() << '\n';
        }
    } catch (const std::exception &error) {
        std::cerr << "link_number: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
