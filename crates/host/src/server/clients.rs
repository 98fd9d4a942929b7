//! How many connections there are, in total and from each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;

/// One client: an IPv4 address, or an IPv6 network of 64 bits, for a single machine may use any address of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client(IpAddr);

impl Client {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(Ipv6Addr::from(network).into())
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }

    pub(super) fn address(self) -> IpAddr {
        self.0
    }
}

/// Why there is no place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// All places are taken.
    Full,
    /// The client has as many connections as one client may have.
    TooManyOfClient,
}

/// The connections that are open.
pub(super) struct Clients {
    limits: Limits,
    places: Arc<Semaphore>,
    counts: Arc<Mutex<HashMap<Client, usize>>>,
}

/// The place of a connection, which is free again when it is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    _counted: Option<Counted>,
}

struct Counted {
    client: Client,
    counts: Arc<Mutex<HashMap<Client, usize>>>,
}

impl Clients {
    pub(super) fn new(limits: &Limits) -> Self {
        let places = limits.connections.min(Semaphore::MAX_PERMITS);
        Self { limits: limits.clone(), places: Arc::new(Semaphore::new(places)), counts: Arc::default() }
    }

    /// A place for a connection from this address. Behind a trusted proxy there are many clients, so only the total counts.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Place, Refused> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refused::Full)?;
        if self.limits.trusts(address) {
            return Ok(Place { _permit: permit, _counted: None });
        }
        let client = Client::of(address);
        let mut counts = lock(&self.counts);
        let count = counts.entry(client).or_insert(0);
        if *count >= self.limits.connections_per_client {
            return Err(Refused::TooManyOfClient);
        }
        *count += 1;
        drop(counts);
        Ok(Place { _permit: permit, _counted: Some(Counted { client, counts: Arc::clone(&self.counts) }) })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

fn lock(counts: &Mutex<HashMap<Client, usize>>) -> MutexGuard<'_, HashMap<Client, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_bounded_in_total_and_for_each_client_and_come_back() {
        let clients =
            Clients::new(&Limits { connections: 4, connections_per_client: 2, ..Limits::default() });
        let first = clients.admit(ip("192.0.2.1")).ok().unwrap();
        let _second = clients.admit(ip("192.0.2.1")).ok().unwrap();
        assert_eq!(clients.admit(ip("::ffff:192.0.2.1")).err(), Some(Refused::TooManyOfClient));
        drop(first);
        let _third = clients.admit(ip("192.0.2.1")).ok().unwrap();
        let proxied = [clients.admit(ip("127.0.0.1")), clients.admit(ip("127.0.0.1"))];
        assert!(proxied.iter().all(Result::is_ok));
        assert_eq!(clients.admit(ip("192.0.2.2")).err(), Some(Refused::Full));
        drop(proxied);
        assert!(clients.admit(ip("192.0.2.2")).is_ok());
        assert_eq!(lock(&clients.counts).len(), 1, "a client that has gone is forgotten");
    }

    #[test]
    fn a_machine_with_a_network_of_its_own_is_one_client() {
        assert_eq!(Client::of(ip("2001:db8::1")), Client::of(ip("2001:db8::ffff:0:0:1")));
        assert_ne!(Client::of(ip("2001:db8::1")), Client::of(ip("2001:db8:0:1::1")));
    }
}
