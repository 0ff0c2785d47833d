//! One table: what each operation sends, byte for byte, and what it makes of the response.

use sinch_numbers::{
    Address, Capability, Client, Credentials, EmergencyAddress, EmergencyAddressRequest, Error,
    ErrorKind, ListNumbers, NumberType, NumberUpdate, OrderBy, PhoneNumber, SearchPattern,
    VoiceApplicationType, VoiceTarget,
};

use mockito::Matcher;

use crate::support::mocked;
use crate::support::server::{Server, ok};

const NUMBER: &str = "+12025550134";
const JSON: &str = "application/json";

type Run = Box<dyn Fn(&Client) -> Result<String, Error>>;

/// Name, what is called, method, target below the project, body.
type Row = (&'static str, Run, &'static str, &'static str, &'static str);

fn list(query: ListNumbers) -> Run {
    Box::new(move |client| client.list(&query).map(|page| page.json().to_owned()))
}

fn update(update: NumberUpdate) -> Run {
    Box::new(move |client| client.update(NUMBER, &update).map(|number| number.json().to_owned()))
}

fn address() -> Address {
    Address::new("12345", "Main St", "Springfield", "IL", "62701")
}

fn request(address: Address) -> EmergencyAddressRequest {
    EmergencyAddressRequest::new("Office", address)
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let all = || ListNumbers::new();
    let new = || NumberUpdate::new();
    vec![
        ("list", list(all()), "GET", "activeNumbers", ""),
        ("list with everything", list(all()
            .region_code("US").number_type(NumberType::Local).starts_with("+1206")
            .capability(Capability::Sms).capability(Capability::Voice)
            .page_size(10).page_token("t/1=").order_by(OrderBy::PhoneNumber)),
            "GET", "activeNumbers?regionCode=US&type=LOCAL&numberPattern.pattern=%2B1206&numberPattern.searchPattern=START&capability=SMS&capability=VOICE&pageSize=10&pageToken=t%2F1%3D&orderBy=phoneNumber", ""),
        ("list contains", list(all().contains("2020")),
            "GET", "activeNumbers?numberPattern.pattern=2020&numberPattern.searchPattern=CONTAINS", ""),
        ("list ends with", list(all().ends_with("99").order_by("displayName")),
            "GET", "activeNumbers?numberPattern.pattern=99&numberPattern.searchPattern=END&orderBy=displayName", ""),
        ("list a pattern alone", list(all().pattern("2 0")), "GET", "activeNumbers?numberPattern.pattern=2%200", ""),
        ("list a search pattern alone", list(all().search_pattern(SearchPattern::Start)),
            "GET", "activeNumbers?numberPattern.searchPattern=START", ""),
        ("list unknown words", list(all().number_type("SATELLITE").capability("FAX&x=1")),
            "GET", "activeNumbers?type=SATELLITE&capability=FAX%26x%3D1", ""),
        ("list the biggest page", list(all().page_size(2_147_483_647)), "GET", "activeNumbers?pageSize=2147483647", ""),
        ("get", Box::new(|c| c.get(NUMBER).map(|n| n.json().to_owned())), "GET", "activeNumbers/+12025550134", ""),
        ("get by value", Box::new(|c| c.get(NUMBER.parse::<PhoneNumber>()?).map(|n| n.json().to_owned())),
            "GET", "activeNumbers/+12025550134", ""),
        ("release", Box::new(|c| c.release(NUMBER).map(|n| n.json().to_owned())),
            "POST", "activeNumbers/+12025550134:release", ""),
        ("update", update(new().display_name("desk \"7\" é")),
            "PATCH", "activeNumbers/+12025550134", r#"{"displayName":"desk \"7\" é"}"#),
        ("clear", update(new().display_name("").callback_url("")),
            "PATCH", "activeNumbers/+12025550134", r#"{"displayName":"","callbackUrl":""}"#),
        ("link a plan", update(new().link_service_plan("plan")),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":"plan"}}"#),
        ("link a campaign", update(new().link_campaign("plan", "camp")),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":"plan","campaignId":"camp"}}"#),
        ("unlink the plan", update(new().unlink_service_plan()),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":""}}"#),
        ("unlink the campaign", update(new().unlink_campaign("plan")),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":"plan","campaignId":""}}"#),
        ("unlink both", update(new().unlink_service_plan_and_campaign()),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":"","campaignId":""}}"#),
        ("assign an application", update(new().assign_voice_application("app")),
            "PATCH", "activeNumbers/+12025550134", r#"{"voiceConfiguration":{"type":"RTC","appId":"app"}}"#),
        ("assign a trunk", update(new().assign_trunk("trunk")),
            "PATCH", "activeNumbers/+12025550134", r#"{"voiceConfiguration":{"type":"EST","trunkId":"trunk"}}"#),
        ("assign a fax service", update(new().assign_fax_service("fax")),
            "PATCH", "activeNumbers/+12025550134", r#"{"voiceConfiguration":{"type":"FAX","serviceId":"fax"}}"#),
        ("assign something new", update(new().voice_configuration("WEB", VoiceTarget::App("a".into()))),
            "PATCH", "activeNumbers/+12025550134", r#"{"voiceConfiguration":{"type":"WEB","appId":"a"}}"#),
        ("assign an empty id", update(new().voice_configuration(VoiceApplicationType::Est, VoiceTarget::Trunk(String::new()))),
            "PATCH", "activeNumbers/+12025550134", r#"{"voiceConfiguration":{"type":"EST","trunkId":""}}"#),
        ("a wrong link that was replaced", update(new().link_service_plan("").unlink_service_plan().assign_trunk("").assign_trunk("t")),
            "PATCH", "activeNumbers/+12025550134", r#"{"smsConfiguration":{"servicePlanId":""},"voiceConfiguration":{"type":"EST","trunkId":"t"}}"#),
        ("update everything", update(new().display_name("d").link_campaign("p", "c").assign_trunk("t").callback_url("https://x/y")),
            "PATCH", "activeNumbers/+12025550134",
            r#"{"displayName":"d","smsConfiguration":{"servicePlanId":"p","campaignId":"c"},"voiceConfiguration":{"type":"EST","trunkId":"t"},"callbackUrl":"https://x/y"}"#),
        ("emergency_address", Box::new(|c| c.emergency_address(NUMBER).map(|a| a.json().to_owned())),
            "GET", "activeNumbers/+12025550134/emergencyAddress", ""),
        ("provision_emergency_address", Box::new(|c| c.provision_emergency_address(NUMBER, &request(address())).map(|a| a.json().to_owned())),
            "POST", "activeNumbers/+12025550134/emergencyAddress:provision",
            r#"{"displayName":"Office","address":{"streetNumber":"12345","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}}"#),
        ("provision_emergency_address with all parts", Box::new(|c| {
            let address = address().location("Apt 5").postal_code_plus_four("1234");
            c.provision_emergency_address(NUMBER, &request(address)).map(|a| a.json().to_owned())
        }), "POST", "activeNumbers/+12025550134/emergencyAddress:provision",
            r#"{"displayName":"Office","address":{"streetNumber":"12345","streetInfo":"Main St","location":"Apt 5","city":"Springfield","state":"IL","postalCode":"62701","postalCodePlusFour":"1234"}}"#),
        ("validate_emergency_address", Box::new(|c| c.validate_emergency_address(NUMBER, &request(address())).map(|a| a.json().to_owned())),
            "POST", "activeNumbers/+12025550134/emergencyAddress:validate",
            r#"{"displayName":"Office","address":{"streetNumber":"12345","streetInfo":"Main St","city":"Springfield","state":"IL","postalCode":"62701"}}"#),
        ("deprovision_emergency_address", Box::new(|c| c.deprovision_emergency_address(NUMBER).map(|a| a.json().to_owned())),
            "POST", "activeNumbers/+12025550134/emergencyAddress:deprovision", ""),
    ]
}

#[test]
fn every_operation_sends_what_the_api_wants() {
    let json = r#"{"phoneNumber":"+12025550134","newField":[1.50]}"#;
    let text = |text: String| Matcher::Exact(text);
    for (name, run, method, target, body) in table() {
        for (credentials, authorization) in [
            (Credentials::oauth2("key-id", "key-secret"), "Bearer token-1"),
            (Credentials::basic("key-id", "key-secret"), "Basic a2V5LWlkOmtleS1zZWNyZXQ="),
        ] {
            println!("{name}, {authorization}");
            let mut server = mocked::server();
            let json_type = if body.is_empty() { Matcher::Missing } else { text(JSON.into()) };
            let length =
                if method == "GET" { Matcher::Missing } else { text(body.len().to_string()) };
            let host = text(server.host_with_port());
            let sent = mocked::on(&mut server, method, target)
                .match_body(body)
                .match_header("authorization", authorization)
                .match_header("accept", JSON)
                .match_header("accept-encoding", "gzip")
                .match_header("host", host)
                .match_header("user-agent", concat!("sinch-numbers/", env!("CARGO_PKG_VERSION")))
                .match_header("content-type", json_type)
                .match_header("content-length", length)
                .match_header("transfer-encoding", Matcher::Missing)
                // Each header once.
                .match_request(|request| request.headers().len() == request.headers().keys_len())
                .with_body(json)
                .create();
            let client = mocked::builder_with(&server, credentials).build().unwrap();
            let result = run(&client);
            sent.assert();
            assert_eq!(result.unwrap(), json, "{name}: the response passes as it came");
        }
    }
}

#[test]
#[rustfmt::skip]
fn what_cannot_be_right_is_refused_before_anything_is_sent() {
    let all = || ListNumbers::new();
    let new = || NumberUpdate::new();
    let from = |json: &str| Address::from(&serde_json::from_str::<EmergencyAddress>(json).unwrap());
    let provision = |r: EmergencyAddressRequest| -> Run {
        Box::new(move |c| c.provision_emergency_address(NUMBER, &r).map(|_| String::new()))
    };
    let validate = |r: EmergencyAddressRequest| -> Run {
        Box::new(move |c| c.validate_emergency_address(NUMBER, &r).map(|_| String::new()))
    };
    // What is called, then operation, field, and a piece of what is said about it.
    let rows: Vec<(Run, &str, &str, &str)> = vec![
        (list(all().region_code("")), "active_list", "regionCode", "is empty"),
        (list(all().number_type("")), "active_list", "type", "is empty"),
        (list(all().pattern("")), "active_list", "numberPattern.pattern", "is empty"),
        (list(all().starts_with("%2B1206")), "active_list", "numberPattern.pattern", "already encoded"),
        (list(all().starts_with("%2b1206")), "active_list", "numberPattern.pattern", "already encoded"),
        (list(all().search_pattern("")), "active_list", "numberPattern.searchPattern", "is empty"),
        (list(all().capability("")), "active_list", "capability", "is empty"),
        (list(all().page_size(0)), "active_list", "pageSize", "is 0"),
        (list(all().page_size(2_147_483_648)), "active_list", "pageSize", "2147483648"),
        (list(all().page_token("")), "active_list", "pageToken", "had ended"),
        (list(all().page_token("x".repeat(5000))), "active_list", "query", "4096 fit"),
        (list(all().order_by("")), "active_list", "orderBy", "is empty"),
        (Box::new(|c| c.get("").map(|_| String::new())), "active_get", "phoneNumber", "is empty"),
        (Box::new(|c| c.get("2025550134").map(|_| String::new())), "active_get", "phoneNumber", "no leading +"),
        (Box::new(|c| c.get("+1202/../x").map(|_| String::new())), "active_get", "phoneNumber", "holds '/'"),
        (Box::new(|c| c.release("+1 202").map(|_| String::new())), "active_release", "phoneNumber", "holds ' '"),
        (Box::new(|c| c.update("x", &NumberUpdate::new().display_name("d")).map(|_| String::new())), "active_update", "phoneNumber", "no leading +"),
        (Box::new(|c| c.emergency_address("+0").map(|_| String::new())), "emergency_address_get", "phoneNumber", "begins with 0"),
        (Box::new(|c| c.deprovision_emergency_address("+").map(|_| String::new())), "emergency_address_deprovision", "phoneNumber", "0 digits"),
        (Box::new(|c| c.provision_emergency_address("", &request(address())).map(|_| String::new())), "emergency_address_provision", "phoneNumber", "is empty"),
        (Box::new(|c| c.validate_emergency_address("", &request(address())).map(|_| String::new())), "emergency_address_validate", "phoneNumber", "is empty"),
        (update(new()), "active_update", "update", "sets nothing"),
        (update(new().link_service_plan("")), "active_update", "smsConfiguration.servicePlanId", "unlink_service_plan"),
        (update(new().link_campaign("", "c")), "active_update", "smsConfiguration.servicePlanId", "service plan"),
        (update(new().link_campaign("p", "")), "active_update", "smsConfiguration.campaignId", "unlink_campaign"),
        (update(new().unlink_campaign("")), "active_update", "smsConfiguration.servicePlanId", "stays linked"),
        (update(new().assign_voice_application("")), "active_update", "voiceConfiguration.appId", "is empty"),
        (update(new().assign_trunk("")), "active_update", "voiceConfiguration.trunkId", "is empty"),
        (update(new().assign_fax_service("")), "active_update", "voiceConfiguration.serviceId", "is empty"),
        (update(new().link_service_plan("").assign_trunk("").link_service_plan("p")), "active_update", "voiceConfiguration.trunkId", "is empty"),
        (update(new().link_service_plan("").assign_trunk("t")), "active_update", "smsConfiguration.servicePlanId", ""),
        (provision(EmergencyAddressRequest::new("", address())), "emergency_address_provision", "displayName", "is empty"),
        (validate(EmergencyAddressRequest::new(" \t", address())), "emergency_address_validate", "displayName", "is empty"),
        (provision(request(Address::new("", "s", "c", "st", "z"))), "emergency_address_provision", "address.streetNumber", "is empty"),
        (provision(request(Address::new("1", " ", "c", "st", "z"))), "emergency_address_provision", "address.streetInfo", "is empty"),
        (provision(request(Address::new("1", "s", "", "st", "z"))), "emergency_address_provision", "address.city", "is empty"),
        (validate(request(Address::new("1", "s", "c", "", "z"))), "emergency_address_validate", "address.state", "is empty"),
        (validate(request(Address::new("1", "s", "c", "st", ""))), "emergency_address_validate", "address.postalCode", "is empty"),
        (provision(request(from(r#"{"streetNumber":"1","streetInfo":"s","state":"IL","postalCode":"6"}"#))), "emergency_address_provision", "address.city", "is empty"),
    ];
    let server = Server::new([ok("{}")]);
    let client = server.client();
    for (run, operation, field, piece) in rows {
        let error = run(&client).unwrap_err();
        let ErrorKind::InvalidInput(input) = error.kind() else { panic!("{error:?}") };
        assert_eq!(input.field, field, "{error}");
        assert!(input.problem.contains(piece), "{error}");
        assert_eq!(error.operation(), Some(operation), "{error}");
        assert_eq!((error.attempts(), error.can_retry(), error.may_have_been_applied()), (0, false, false));
    }
    assert_eq!((server.connections(), server.requests().len(), server.token_requests().len()), (0, 0, 0));
}

#[test]
fn what_the_service_said_about_an_address_can_be_sent_again() {
    let said = r#"{"streetNumber":"3500","streetInfo":"Lenox Rd NE","location":"","city":"Atlanta",
        "state":"GA","postalCode":"30326","postalCodePlusFour":"1234"}"#;
    let said: EmergencyAddress = serde_json::from_str(said).unwrap();
    let mut server = mocked::server();
    let target = "activeNumbers/+12025550134/emergencyAddress:provision";
    let sent = mocked::on(&mut server, "POST", target)
        .match_body(r#"{"displayName":"Office","address":{"streetNumber":"3500","streetInfo":"Lenox Rd NE","city":"Atlanta","state":"GA","postalCode":"30326","postalCodePlusFour":"1234"}}"#)
        .with_body("{}")
        .create();
    let request = EmergencyAddressRequest::new("Office", &said);
    let result = mocked::client(&server).provision_emergency_address(NUMBER, &request);
    sent.assert();
    result.unwrap();
}

#[test]
fn unknown_fields_can_be_reached() {
    let json = r#"{"phoneNumber":"+12025550134","smsConfiguration":{"newField":{"a":[1.50,"x"]}}}"#;
    let mut server = mocked::server();
    mocked::on(&mut server, "GET", "activeNumbers/+12025550134").with_body(json).create();
    let number = mocked::client(&server).get(NUMBER).unwrap();
    assert_eq!(number.raw_value("/smsConfiguration/newField"), Some(r#"{"a":[1.50,"x"]}"#));
    assert_eq!(number.raw_value("/smsConfiguration/newField/a/0"), Some("1.50"));
    assert_eq!(number.raw_value("/nowhere"), None);
    assert_eq!(number.attempts(), 1);
}

#[test]
fn the_numbers_of_a_page_can_be_had_as_they_came() {
    let numbers = [
        r#"{"phoneNumber":"+12025550134","new":[1.50,"]}"]}"#,
        r#"{ "phoneNumber" : "+12025550117" }"#,
    ];
    for (json, expected) in [
        (
            format!(
                r#"{{"activeNumbers":[{}, null ,{},{{}}],"totalSize":2}}"#,
                numbers[0], numbers[1]
            ),
            2,
        ),
        (format!(r#"{{"totalSize":1,"activeNumbers":[],"activeNumbers":[{}]}}"#, numbers[0]), 1),
        (r#"{"activeNumbers":null}"#.to_owned(), 0),
        ("{}".to_owned(), 0),
    ] {
        let mut server = mocked::server();
        mocked::on(&mut server, "GET", "activeNumbers").with_body(&json).create();
        let page = mocked::client(&server).pages(&ListNumbers::new()).next_page().unwrap().unwrap();
        assert_eq!(page.raw_numbers().collect::<Vec<_>>(), numbers[..expected], "{json}");
        assert_eq!(page.active_numbers.len(), expected, "{json}");
    }
}
