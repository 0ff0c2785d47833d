//! Writes whose outcome is unknown, against a service with a memory: a gateway before the sandbox breaks the response to the
//! first write, which the service has carried out or has never seen. Whatever is told afterwards must be true, and nothing
//! may have happened twice.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sinch_numbers::{
    Address, Client, Credentials, EmergencyAddressRequest, Error, NumberUpdate, Sandbox,
};
use socket2::SockRef;

use crate::support::calls::{Call, kind};

/// What comes of the first write instead of its response.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Reset,
    End,
    /// These bytes, and then the end of the stream.
    Bytes(&'static str),
    /// These bytes, and the connection stays open.
    Response(&'static str),
    Stall,
}

/// With the kind of the failure that is told where reading back does not prove the write.
#[rustfmt::skip]
const FAULTS: [(Fault, &str); 12] = [
    (Fault::Reset, "transport:wait"),
    (Fault::End, "transport:wait"),
    (Fault::Bytes("HTTP/1.1 200 OK\r\nContent-Le"), "transport:wait"),
    (Fault::Bytes("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"phoneNumb"), "transport:receive"),
    (Fault::Bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), "transport:receive"),
    (Fault::Response("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"), "api"),
    (Fault::Response("HTTP/1.1 502 X\r\nContent-Length: 15\r\n\r\n<html>no</html>"), "api"),
    (Fault::Response("HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"), "api"),
    (Fault::Response("HTTP/1.1 504 X\r\nContent-Length: 0\r\n\r\n"), "api"),
    (Fault::Response("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>ok</html>"), "protocol"),
    (Fault::Response("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"error\":{\"code\":500}}"), "api"),
    (Fault::Stall, "timeout:wait"),
];

type Run = fn(&Client) -> Result<(bool, u32), Error>;

struct Change {
    name: &'static str,
    run: Run,
    /// Whether the service has carried it out.
    done: fn(&Client) -> bool,
    /// Whether reading can prove it.
    provable: bool,
}

const RELEASED: &str = "+12025550117";
const ADDRESSED: &str = "+12025550101";
const BARE: &str = "+12025550134";

const WRITES: &[Change] = &[
    Change {
        name: "active_update",
        run: |client| {
            let update = NumberUpdate::new().display_name("desk 7").callback_url("https://x.test/");
            client.update(BARE, &update).map(|a| (a.reconciled(), a.attempts()))
        },
        done: |client| client.get(BARE).unwrap().display_name.as_deref() == Some("desk 7"),
        provable: true,
    },
    Change {
        name: "active_release",
        run: |client| client.release(RELEASED).map(|a| (a.reconciled(), a.attempts())),
        done: |client| client.get(RELEASED).unwrap().expire_at.is_some(),
        provable: true,
    },
    Change {
        name: "emergency_address_provision",
        run: |client| {
            let address = Address::new("3500", "Lenox Road NE", "Atlanta", "GA", "30326");
            let request = EmergencyAddressRequest::new("Office", address);
            client
                .provision_emergency_address(BARE, &request)
                .map(|a| (a.reconciled(), a.attempts()))
        },
        done: |client| client.emergency_address(BARE).is_ok(),
        provable: false,
    },
    Change {
        name: "emergency_address_deprovision",
        run: |client| {
            client.deprovision_emergency_address(ADDRESSED).map(|a| (a.reconciled(), a.attempts()))
        },
        done: |client| client.emergency_address(ADDRESSED).is_err(),
        provable: true,
    },
];

/// Before a sandbox: lets everything through but the first write.
struct Gateway {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    behind: String,
    fault: Fault,
    /// Whether the first write reaches the service.
    reaches: bool,
    writes: AtomicUsize,
    /// Writes that the service carried out.
    effects: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Gateway {
    fn new(sandbox: &Sandbox, fault: Fault, reaches: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            behind: sandbox.base_url().strip_prefix("http://").unwrap().to_owned(),
            fault,
            reaches,
            writes: AtomicUsize::new(0),
            effects: AtomicUsize::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                let shared = Arc::clone(&accepting);
                thread::spawn(move || serve(&shared, &socket));
            }
        });
        Self { url, shared }
    }
}

fn serve(shared: &Shared, socket: &TcpStream) {
    let mut reader = BufReader::new(socket);
    while let Some(request) = read_message(&mut reader) {
        let writes = !request.starts_with(b"GET ");
        let broken = writes && shared.writes.fetch_add(1, Ordering::SeqCst) == 0;
        let mut response = Vec::new();
        if !broken || shared.reaches {
            let mut behind = TcpStream::connect(&shared.behind).unwrap();
            behind.write_all(&request).unwrap();
            response = read_message(&mut BufReader::new(behind)).unwrap();
            if writes && response.starts_with(b"HTTP/1.1 2") {
                shared.effects.fetch_add(1, Ordering::SeqCst);
            }
        }
        if !broken {
            (&*socket).write_all(&response).unwrap();
            continue;
        }
        match shared.fault {
            Fault::Reset => {
                SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
                return;
            }
            Fault::End => return,
            Fault::Bytes(bytes) => {
                let _ = (&*socket).write_all(bytes.as_bytes());
                let _ = socket.shutdown(Shutdown::Both);
                return;
            }
            Fault::Response(bytes) => (&*socket).write_all(bytes.as_bytes()).unwrap(),
            Fault::Stall => {
                shared.open.lock().unwrap().push(socket.try_clone().unwrap());
                return;
            }
        }
    }
}

/// Reads a request or a response, as it came: a head and as many bytes as it announces.
fn read_message(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut length = 0;
    loop {
        let begin = message.len();
        if reader.read_until(b'\n', &mut message).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&message[begin..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let begin = message.len();
    message.resize(begin + length, 0);
    reader.read_exact(&mut message[begin..]).ok()?;
    Some(message)
}

fn row(write: &Change, (fault, expected): (Fault, &str), reaches: bool) {
    let name = format!("{} {fault:?} {}", write.name, if reaches { "seen" } else { "unseen" });
    let sandbox = Sandbox::start().unwrap();
    let gateway = Gateway::new(&sandbox, fault, reaches);
    let client = |url: &str, timeout: Duration| {
        let credentials = Credentials::basic(sandbox.key_id(), sandbox.key_secret());
        let builder = Client::builder(sandbox.project_id(), credentials).timeout(timeout);
        builder.base_url(url).auth_url(url).build().unwrap()
    };
    // A stall is to pass; nothing else may come near the deadline.
    let stalls = matches!(fault, Fault::Stall);
    let deadline = Duration::from_secs(if stalls { 16 } else { 60 });
    let behind = client(sandbox.base_url(), Duration::from_secs(60));
    assert!(!(write.done)(&behind), "{name}: already done");
    let result = (write.run)(&client(&gateway.url, deadline));
    let effects = gateway.shared.effects.load(Ordering::SeqCst);
    match result {
        Ok(told) => {
            assert!(reaches && write.provable, "{name}");
            assert_eq!((told, effects), ((true, 1), 1), "{name}");
        }
        Err(error) => {
            assert!(!reaches || !write.provable, "{name}: {error:?}");
            assert_eq!(kind(&error).as_str(), expected, "{name}: {error:?}");
            assert_eq!(effects, usize::from(reaches), "{name}");
            assert!(error.may_have_been_applied() && !error.can_retry(), "{name}: {error:?}");
            // Nothing can be found where there is nothing.
            let nothing = write.name == "emergency_address_provision" && !reaches;
            assert_eq!(error.found().is_none(), nothing, "{name}: {error:?}");
        }
    }
    assert_eq!(gateway.shared.writes.load(Ordering::SeqCst), 1, "{name}: sent again");
    assert_eq!((write.done)(&behind), effects == 1, "{name}");
}

#[test]
fn one_effect_and_the_truth() {
    let mut rows = 0;
    thread::scope(|scope| {
        for write in WRITES {
            for fault in FAULTS {
                for reaches in [true, false] {
                    rows += 1;
                    scope.spawn(move || row(write, fault, reaches));
                }
            }
        }
    });
    assert_eq!(rows, Call::writes().count() * FAULTS.len() * 2);
}
