//! A local server for callbacks: it verifies each, prints its event once, and can send it on.

use std::collections::{HashMap, VecDeque};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use sinch_numbers::callbacks::{self, Event};
use sinch_numbers::{Error, ErrorKind};
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::Failure;
use crate::args::{ListenArgs, OutputArgs};
use crate::columns::EVENTS;
use crate::exit::Exit;
use crate::incoming::{Callback, drain, reason, respond};
use crate::output::Output;
use crate::session::{on_interrupt, say};

/// The most callbacks that are worked on at a time.
const MAX_CONNECTIONS: usize = 64;
/// How many event ids are remembered.
const MAX_SEEN_EVENTS: usize = 100_000;
/// How long a request may take to come, and sending it on.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A message to the main thread, which owns standard output and the set of known events.
enum Message {
    /// An event is verified. The reply says whether it still has to be sent on.
    Verified(Box<Event>, Sender<bool>),
    /// The event with this id was sent on.
    Delivered(String),
    Stop,
}

/// State that the threads share.
struct Shared {
    secrets: Vec<Zeroizing<String>>,
    forward: Option<Forward>,
    /// The number of open connections.
    connections: AtomicUsize,
    /// The number of complete requests without a response yet.
    pending: AtomicUsize,
}

struct Forward {
    url: String,
    agent: ureq::Agent,
}

pub(crate) fn run(args: ListenArgs, output: &OutputArgs) -> Result<Exit, Failure> {
    let mut out = Output::of_many(output, EVENTS)?;
    let secrets = args.secrets.read()?;
    // Checked before anything comes in.
    if let Err(error) = callbacks::verify(&secrets, None, b"") {
        if !matches!(error.kind(), ErrorKind::Signature(_)) {
            return Err(error.into());
        }
    }
    let forward = args.forward.map(Forward::to).transpose()?;
    let listener = TcpListener::bind((args.host, args.port)).map_err(|error| {
        Failure::other(format!("cannot listen on {} port {}: {error}", args.host, args.port))
    })?;
    let (to_main, messages) = mpsc::channel();
    let stop = to_main.clone();
    on_interrupt(move || {
        // After the first signal there is no receiver.
        let _ = stop.send(Message::Stop);
    })?;
    say(format_args!("listening on http://{}/", listener.local_addr()?));
    let shared = Arc::new(Shared {
        secrets,
        forward,
        connections: AtomicUsize::new(0),
        pending: AtomicUsize::new(0),
    });
    let accepting = Arc::clone(&shared);
    thread::spawn(move || accept(&listener, &accepting, &to_main));

    let mut seen = SeenEvents::default();
    let (mut count, limit) = (0, args.limit.unwrap_or(u64::MAX));
    while count < limit {
        match messages.recv() {
            Ok(Message::Verified(event, reply)) => {
                let known = event.event_id.as_ref().and_then(|id| seen.get(id));
                if known.is_none() {
                    out.item(event.json())?;
                    out.flush()?;
                    count += 1;
                    if let Some(id) = event.event_id {
                        seen.insert(id);
                    }
                }
                let _ = reply.send(known != Some(true));
            }
            Ok(Message::Delivered(id)) => seen.delivered(&id),
            Ok(Message::Stop) | Err(_) => break,
        }
    }
    // Complete requests get their response; incomplete ones are dropped, and their senders send them again.
    let end = Instant::now() + TIMEOUT;
    while shared.pending.load(Ordering::SeqCst) > 0 && Instant::now() < end {
        match messages.recv_timeout(Duration::from_millis(20)) {
            // It is not printed any more: the service sends it again.
            Ok(Message::Verified(_, reply)) => drop(reply),
            Ok(Message::Delivered(_)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Message::Stop) | Err(_) => break,
        }
    }
    out.finish()?;
    say(format_args!("{count} event{}", if count == 1 { "" } else { "s" }));
    Ok(Exit::Done)
}

/// The ids of events, the oldest forgotten first, each with whether it needs nothing more.
#[derive(Default)]
struct SeenEvents {
    delivered: HashMap<String, bool>,
    order: VecDeque<String>,
}

impl SeenEvents {
    fn get(&self, id: &str) -> Option<bool> {
        self.delivered.get(id).copied()
    }

    fn insert(&mut self, id: String) {
        if self.order.len() == MAX_SEEN_EVENTS {
            if let Some(oldest) = self.order.pop_front() {
                self.delivered.remove(&oldest);
            }
        }
        self.order.push_back(id.clone());
        self.delivered.insert(id, false);
    }

    fn delivered(&mut self, id: &str) {
        if let Some(delivered) = self.delivered.get_mut(id) {
            *delivered = true;
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, to_main: &Sender<Message>) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else {
            // Out of descriptors, most likely.
            thread::sleep(Duration::from_millis(50));
            continue;
        };
        if shared.connections.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
            let _ = respond(&mut stream, 503);
            shared.connections.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (worker, to_main) = (Arc::clone(shared), to_main.clone());
        let spawned = thread::Builder::new().spawn(move || {
            serve(&mut stream, &worker, &to_main);
            worker.connections.fetch_sub(1, Ordering::SeqCst);
        });
        if spawned.is_err() {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

fn serve(stream: &mut TcpStream, shared: &Shared, to_main: &Sender<Message>) {
    if stream.set_write_timeout(Some(TIMEOUT)).is_err() {
        return;
    }
    // Where writing fails, the sender is gone, and sends again.
    match Callback::read(stream, TIMEOUT) {
        Ok(callback) => {
            shared.pending.fetch_add(1, Ordering::SeqCst);
            let _ = respond(stream, handle(&callback, shared, to_main));
            shared.pending.fetch_sub(1, Ordering::SeqCst);
        }
        Err(status) => {
            say(format_args!("refused a request: {status} {}", reason(status)));
            if respond(stream, status).is_ok() {
                drain(stream);
            }
        }
    }
}

/// Takes a callback, and returns the status of the response.
fn handle(callback: &Callback, shared: &Shared, to_main: &Sender<Message>) -> u16 {
    let signature = callback.signature.as_deref();
    let event = match callbacks::verify(&shared.secrets, signature, &callback.body) {
        Ok(event) => event,
        Err(error) => {
            say(format_args!("refused a callback: {error}"));
            return status_of(&error);
        }
    };
    let id = event.event_id.clone();
    let (reply, replied) = mpsc::channel();
    if to_main.send(Message::Verified(Box::new(event), reply)).is_err() {
        return 503;
    }
    // Nobody replies once the program is ending.
    let Ok(wanted) = replied.recv() else { return 503 };
    let Some(forward) = shared.forward.as_ref().filter(|_| wanted) else { return 200 };
    let status = forward.send(callback);
    if let (200..300, Some(id)) = (status, id) {
        let _ = to_main.send(Message::Delivered(id));
    }
    status
}

fn status_of(error: &Error) -> u16 {
    match error.kind() {
        ErrorKind::Signature(_) => 401,
        _ => 400,
    }
}

impl Forward {
    fn to(url: String) -> Result<Self, Failure> {
        let fits =
            |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        if !url.parse::<Uri>().is_ok_and(|uri| fits(&uri)) {
            return Err(Failure::refused("--forward: is not an http or https URL"));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        Ok(Self { url, agent: config.into() })
    }

    /// Sends a callback on as it came, and returns the status of the response.
    fn send(&self, callback: &Callback) -> u16 {
        let mut request = self.agent.post(&self.url);
        let headers =
            [("X-Sinch-Signature", &callback.signature), ("Content-Type", &callback.content_type)];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        match request.send(&callback.body[..]) {
            Ok(response) => response.status().as_u16(),
            Err(error) => {
                say(format_args!("could not send a callback on: {error}"));
                502
            }
        }
    }
}
