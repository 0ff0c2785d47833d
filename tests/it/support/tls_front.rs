//! TLS in front of a plain server, byte for byte in both directions.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConnection, SupportedProtocolVersion};

use crate::support::tls_server::{Identity, config};

/// Puts TLS in front of a server; its port.
pub(crate) fn front(
    identity: Identity,
    versions: &[&'static SupportedProtocolVersion],
    to: &str,
) -> u16 {
    let config = Arc::new(config(identity, versions));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = to.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let Ok(far) = TcpStream::connect(&to) else { return };
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let tls = Arc::new(Mutex::new((tls, socket.try_clone().unwrap())));
            let (back, from) = (Arc::clone(&tls), far.try_clone().unwrap());
            thread::spawn(move || {
                let _ = decrypt(&tls, socket, &far);
                let _ = far.shutdown(Shutdown::Both);
            });
            thread::spawn(move || encrypt(&back, from));
        }
    });
    port
}

/// A connection's TLS, and the socket to write to.
type Shared = Mutex<(ServerConnection, TcpStream)>;

fn flush((tls, socket): &mut (ServerConnection, TcpStream)) -> std::io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(socket)?;
    }
    Ok(())
}

fn decrypt(shared: &Shared, mut from: TcpStream, mut to: &TcpStream) -> std::io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes)?;
        let mut rest = &bytes[..count];
        let mut plain = Vec::new();
        while !rest.is_empty() {
            let mut both = shared.lock().unwrap();
            both.0.read_tls(&mut rest)?;
            let state = both.0.process_new_packets().map_err(std::io::Error::other)?;
            let have = plain.len();
            plain.resize(have + state.plaintext_bytes_to_read(), 0);
            both.0.reader().read_exact(&mut plain[have..])?;
            flush(&mut both)?;
        }
        to.write_all(&plain)?;
        if count == 0 {
            return Ok(());
        }
    }
}

fn encrypt(shared: &Shared, mut from: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).unwrap_or(0);
        let mut both = shared.lock().unwrap();
        if count == 0 {
            both.0.send_close_notify();
            let _ = flush(&mut both);
            let _ = both.1.shutdown(Shutdown::Both);
            return;
        }
        let written = both.0.writer().write_all(&bytes[..count]);
        if written.and_then(|()| flush(&mut both)).is_err() {
            return;
        }
    }
}
