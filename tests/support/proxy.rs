//! A TCP proxy that behaves like a bad network: it delays, holds bytes back in one direction or both,
//! and resets. Bytes that are held back arrive when the network heals, as TCP would send them again.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// As it should be.
    Good,
    /// Every packet takes this long, each way.
    Slow(Duration),
    /// Nothing gets to the server; its answers get back.
    LosesRequests,
    /// Everything gets to the server; no answer gets back.
    LosesAnswers,
    /// Nothing gets anywhere.
    BlackHole,
    /// Connections are reset, and new ones as well.
    Resets,
}

/// The proxy; it ends with the runtime of the test.
pub struct Proxy {
    port: u16,
    network: watch::Sender<Network>,
}

impl Proxy {
    /// In front of a port of this machine.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (network, seen) = watch::channel(Network::Good);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if *seen.borrow() == Network::Resets {
                    client.set_zero_linger().unwrap();
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                // Only one that ends by a reset is closed this way.
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(carry(from_client, to_server, seen.clone(), Network::LosesRequests));
                tokio::spawn(carry(from_server, to_client, seen.clone(), Network::LosesAnswers));
            }
        });
        Self { port: own, network }
    }

    /// `redis://` through it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// From now on the network is so.
    pub fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut network: watch::Receiver<Network>,
    lost: Network,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = network.wait_for(|now| *now == Network::Resets) => return,
        };
        let Ok(count @ 1..) = read else { return };
        let now = *network.borrow();
        if let Network::Slow(time) = now {
            tokio::time::sleep(time).await;
        }
        // Held back until it heals, or for good.
        let gets_through = |now: &Network| *now != lost && *now != Network::BlackHole;
        let Ok(now) = network.wait_for(gets_through).await.map(|now| *now) else { return };
        if now == Network::Resets || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
