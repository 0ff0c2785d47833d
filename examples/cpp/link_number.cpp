// Links a number to a voice application or to an SMS service plan, and waits until its provisioning job is over.
//
//     c++ -std=c++11 -o link_number link_number.cpp $(pkg-config --cflags --libs sinch_numbers)
//     ./link_number +12025550134 app YOUR_voice_appId
//     ./link_number +12025550134 plan YOUR_servicePlanId
//
// The account comes from the environment: SINCH_PROJECT_ID, SINCH_KEY_ID, SINCH_KEY_SECRET.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <sinch_numbers.hpp>

using sinch_numbers::json_string;

namespace {

// What a number can be linked to.
struct link {
    bool sms;

    // Where the number says what it is linked to, and what is being changed.
    std::string current() const { return sms ? "/smsConfiguration/servicePlanId" : "/voiceConfiguration/appId"; }
    std::string job() const
    {
        return sms ? "/smsConfiguration/scheduledProvisioning" : "/voiceConfiguration/scheduledVoiceProvisioning";
    }

    std::string body(const std::string &id) const
    {
        return sms ? "{\"smsConfiguration\": {\"servicePlanId\": " + json_string(id) + "}}"
                   : "{\"voiceConfiguration\": {\"type\": \"RTC\", \"appId\": " + json_string(id) + "}}";
    }
};

// Reads the number until no job is left on it. The token bounds it: when its time is over, a read throws E_TIMEOUT.
sinch_numbers::result wait_for_job(const sinch_numbers::client &client, const std::string &number, const link &link,
                                   const sinch_numbers::cancel &deadline)
{
    for (std::chrono::milliseconds wait(100);; wait = std::min(wait * 2, std::chrono::milliseconds(2000))) {
        sinch_numbers::result read = client.active_get(number, deadline);
        if (!read.text(link.job())) {
            return read;
        }
        const std::string status = read.text(link.job() + "/status").value_or("WAITING");
        if (status == "FAILED") {
            // Jobs of voice give no reason.
            throw std::runtime_error("provisioning failed: " +
                                     read.text(link.job() + "/errorCodes").value_or("no reason given"));
        }
        std::cout << status << '\n';
        std::this_thread::sleep_for(wait);
    }
}

// Links the number to an id, or to nothing (""), and waits for the job.
void change(const sinch_numbers::client &client, const std::string &number, const link &link, const std::string &id,
            const sinch_numbers::cancel &deadline)
{
    try {
        client.active_update(number, link.body(id), deadline);
    } catch (const sinch_numbers::error &error) {
        if (!error.maybe_applied()) {
            throw;
        }
        // The response was lost on the way: the number itself says whether it was changed.
        std::cerr << "link_number: reading what became of it: " << error.what() << '\n';
    }
    if (wait_for_job(client, number, link, deadline).text(link.current()).str() != id) {
        throw std::runtime_error("the job is over, and the number is not linked as asked");
    }
}

void link_number(const std::string &number, const link &link, const std::string &id, std::chrono::seconds time)
{
    const sinch_numbers::client client;
    const auto deadline = sinch_numbers::cancel::after(time);
    const sinch_numbers::result before = client.active_get(number, deadline);
    const std::string linked = before.text(link.current()).str();
    if (linked == id && !before.text(link.job())) {
        std::cout << number << " is linked to " << id << " already\n";
        return;
    }
    // A service plan is linked only to a number that has none.
    if (link.sms && !linked.empty() && linked != id) {
        change(client, number, link, "", deadline);
    }
    change(client, number, link, id, deadline);
    std::cout << number << " is linked to " << id << '\n';
}

} // namespace

int main(int argc, char **argv)
{
    const std::string kind = argc >= 4 ? argv[2] : "";
    const long seconds = argc == 5 ? std::strtol(argv[4], nullptr, 10) : 120;
    if ((kind != "app" && kind != "plan") || argc > 5 || argv[3][0] == '\0' || seconds < 1) {
        std::cerr << "usage: link_number +12025550134 app|plan ID [SECONDS]\n";
        return 2;
    }
    try {
        link_number(argv[1], link{kind == "plan"}, argv[3], std::chrono::seconds(seconds));
        std::cout << std::flush;
        return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const sinch_numbers::error &error) {
        std::cerr << "link_number: " << error.what() << '\n';
        if (const auto why = error.text("/fieldViolations/0/description")) {
            std::cerr << "link_number: " << why.str() << '\n';
        }
    } catch (const std::exception &error) {
        std::cerr << "link_number: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
