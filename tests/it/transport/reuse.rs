//! Which idle connections serve which requests: what writes may take, how old a connection gets, and what one failure means for
//! the others.

use std::thread;
use std::time::Duration;

use crate::support::calls::{Call, call, kind};
use crate::support::faults::{Faults, Gate, Step, reply};
use crate::support::parallel::in_parallel;

/// Responds so many times.
fn responding(requests: usize) -> Vec<Step> {
    (0..requests).flat_map(|_| [Step::Request, reply(200, "{}")]).collect()
}

#[test]
fn a_write_takes_no_connection_that_was_idle_for_long() {
    let servers: Vec<_> =
        Call::writes().map(|write| (write, Faults::new([responding(9)]))).collect();
    let clients: Vec<_> =
        servers.iter().map(|(_, server)| server.builder().build().unwrap()).collect();
    let read = call("emergency_address_get");
    for client in &clients {
        read.run(client).unwrap();
    }
    // Longer than the 5 s for writes: however slow this machine is, it only gets longer.
    thread::sleep(Duration::from_millis(5100));
    for ((write, server), client) in servers.iter().zip(&clients) {
        // Reads take any.
        let other = Faults::new([responding(9)]);
        let reads = other.builder().build().unwrap();
        read.run(&reads).unwrap();
        read.run(&reads).unwrap();
        assert_eq!(other.connections(), 1);
        write.run(client).unwrap();
        assert_eq!(server.connections(), 2, "{}", write.name);
        server.assert_held(1, write.name);
    }
}

#[test]
fn a_write_whose_outcome_is_open_takes_its_connection_along() {
    // Whether another request goes over the connection that brought the status.
    let rows = [
        (200, true),
        (404, true),
        (429, true),
        (500, false),
        (503, false),
        (408, false),
        (302, false),
    ];
    in_parallel(&rows, |&(status, kept)| {
        for body in ["{}", ""] {
            let first = [Step::Request, reply(status, body)];
            let server = Faults::new([[&first[..], &responding(3)].concat(), responding(3)]);
            let client = server.builder().max_attempts(1).build().unwrap();
            let write = call("emergency_address_provision").run(&client);
            call("active_get").run(&client).unwrap();
            // Each read-back opens one of its own.
            let open = write.is_err_and(|error| error.may_have_been_applied());
            let connections = 1 + if open { 3 } else { 0 } + usize::from(!kept);
            assert_eq!(server.connections(), connections, "{status} {body:?}");
        }
        Ok(())
    });
}

#[test]
fn a_connection_is_used_for_so_long_and_no_longer() {
    let get = call("active_get");
    for (age, connections) in [(Duration::from_millis(1), 3), (Duration::from_secs(600), 1)] {
        let server = Faults::new([responding(3)]);
        let client = server.builder().max_connection_age(age).build().unwrap();
        for _ in 0..3 {
            get.run(&client).unwrap();
            // However busy it is kept.
            thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(server.connections(), connections, "{age:?}");
    }
}

#[test]
fn a_call_that_times_out_takes_its_own_connection_only() {
    let (together, gate) = (Gate::default(), Gate::default());
    let first = |then: Vec<Step>| {
        let first = [Step::Request, Step::Await(together.clone()), reply(200, "{}")];
        [first.to_vec(), then].concat()
    };
    // Whichever connection the hurried call takes: it does not respond in time, and to later calls it does.
    let slow = [Step::Request, Step::Await(gate.clone()), reply(200, "{}")];
    let slow = [slow.to_vec(), responding(5)].concat();
    let server = Faults::new([first(slow.clone()), first(slow.clone()), first(slow)]);
    let client = server.builder().max_attempts(1).build().unwrap();
    let get = call("active_get");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| get.run(&client).unwrap());
        }
        while server.connections() < 3 {
            thread::sleep(Duration::from_millis(1));
        }
        together.open();
    });
    let hurried = sinch_numbers::CancelToken::with_deadline(Duration::from_secs(2));
    let error = get.run(&client.with_cancel(&hurried)).unwrap_err();
    assert_eq!(kind(&error), "timeout:wait", "{error:?}");
    gate.open();
    server.assert_held(2, "the others are there");
    get.run(&client).unwrap();
    get.run(&client).unwrap();
    assert_eq!(server.connections(), 3, "and serve");
}
