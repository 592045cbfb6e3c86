//! From a name to a socket.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use antiphon_protocol::{End, How, Stage};
use async_trait::async_trait;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::{Sleep, sleep},
};

use crate::DialProgress;

/// How long an address may stay silent before the next one is tried beside it (RFC 8305).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Silence after which the operating system probes a connection, and how often.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A byte stream to a server: plain, before TLS and upgrade.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// Where a [`Connect`] is asked to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Name or address, in lower case and without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS follows on the stream.
    pub encrypted: bool,
    /// Whether the stream must not leave this machine, because what travels on it is not secured.
    pub loopback_only: bool,
}

/// Makes the byte streams under [`WsDial`](crate::WsDial). Implement it for a network of your own: a
/// proxy, a tunnel, a simulation.
#[async_trait]
pub trait Connect: Send + Sync {
    /// Connects to `destination`, and reports how far it has come.
    ///
    /// Dropped when the dial's deadline passes: implementations must be cancel safe.
    ///
    /// # Errors
    /// The end names the stage that failed.
    async fn connect(
        &self,
        destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End>;
}

/// TCP with happy eyeballs, without Nagle's delay, with keepalive.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpConnect;

#[async_trait]
impl Connect for TcpConnect {
    async fn connect(
        &self,
        destination: &Destination,
        progress: &DialProgress,
    ) -> Result<Box<dyn Socket>, End> {
        Ok(Box::new(connect(destination, progress).await?))
    }
}

async fn connect(destination: &Destination, progress: &DialProgress) -> Result<TcpStream, End> {
    progress.enter(Stage::Resolve);
    let mut addresses: Vec<SocketAddr> = lookup_host((destination.host.as_str(), destination.port))
        .await
        .map_err(|error| End::new(Stage::Resolve, How::Resolve).because(&error.to_string()))?
        .collect();
    if destination.loopback_only {
        // A name for this machine that leads elsewhere must not get plaintext.
        addresses.retain(|address| address.ip().is_loopback());
    }
    if addresses.is_empty() {
        return Err(End::new(Stage::Resolve, How::Resolve).because("the name has no address"));
    }
    progress.enter(Stage::Connect);
    let failed = |error: io::Error| End::new(Stage::Connect, How::Io).because(&error.to_string());
    let stream = Race::of(interleave(addresses), TcpStream::connect)
        .await
        .map_err(failed)?;
    // Without this each frame may wait for the acknowledgement of the one before it.
    stream.set_nodelay(true).map_err(failed)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    // A second net under the pings of the link; a platform without it still works.
    let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
    Ok(stream)
}

/// Alternates the families, beginning with the one the resolver put first.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(first.len() + second.len());
    first.reverse();
    second.reverse();
    while let Some(address) = first.pop() {
        mixed.push(address);
        mixed.extend(second.pop());
    }
    second.reverse();
    mixed.extend(second);
    mixed
}

/// Attempts at several addresses, each begun a little after the one before it or at its failure.
struct Race<F, B> {
    left: std::vec::IntoIter<SocketAddr>,
    running: Vec<Pin<Box<F>>>,
    begin: B,
    next: Pin<Box<Sleep>>,
    error: Option<io::Error>,
}

impl<F, B, S> Race<F, B>
where
    F: Future<Output = io::Result<S>>,
    B: Fn(SocketAddr) -> F,
{
    fn of(addresses: Vec<SocketAddr>, begin: B) -> impl Future<Output = io::Result<S>> {
        let mut race = Self {
            left: addresses.into_iter(),
            running: Vec::new(),
            begin,
            next: Box::pin(sleep(Duration::ZERO)),
            error: None,
        };
        poll_fn(move |cx| race.poll(cx))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<S>> {
        loop {
            let mut place = 0;
            while let Some(attempt) = self.running.get_mut(place) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(error)) => {
                        self.error = Some(error);
                        drop(self.running.remove(place));
                    }
                    Poll::Pending => place += 1,
                }
            }
            let due = self.running.is_empty() || self.next.as_mut().poll(cx).is_ready();
            if !due {
                return Poll::Pending;
            }
            match self.left.next() {
                Some(address) => {
                    self.running.push(Box::pin((self.begin)(address)));
                    self.next
                        .as_mut()
                        .reset(tokio::time::Instant::now() + NEXT_ADDRESS);
                }
                None if self.running.is_empty() => {
                    let error = self.error.take();
                    return Poll::Ready(Err(error.unwrap_or_else(|| {
                        io::Error::new(io::ErrorKind::AddrNotAvailable, "no address left")
                    })));
                }
                None => return Poll::Pending,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let mixed = interleave(
            ["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1", "2.2.2.2:1"]
                .map(parse)
                .to_vec(),
        );
        assert_eq!(
            mixed,
            ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(parse)
        );
        let v4_first = interleave(["1.1.1.1:1", "[::1]:1", "[::2]:1"].map(parse).to_vec());
        assert_eq!(v4_first, ["1.1.1.1:1", "[::1]:1", "[::2]:1"].map(parse));
    }

    /// What an address answers, and after how many milliseconds; `None` when it never does.
    type Answer = Option<(u64, Result<u16, io::ErrorKind>)>;

    /// Races addresses that answer so. Yields the winner's place or the error, and the time it took.
    async fn race(answers: &[Answer]) -> (Result<u16, io::ErrorKind>, u128) {
        let addresses = (0..answers.len()).map(|place| {
            let place = u16::try_from(place).expect("few addresses");
            SocketAddr::from(([127, 0, 0, 1], place))
        });
        let begun = tokio::time::Instant::now();
        let begin = |address: SocketAddr| {
            let answer = answers.get(usize::from(address.port())).copied().flatten();
            async move {
                let Some((after, outcome)) = answer else {
                    return std::future::pending().await;
                };
                sleep(Duration::from_millis(after)).await;
                outcome.map_err(io::Error::from)
            }
        };
        let outcome = Race::of(addresses.collect(), begin).await;
        (
            outcome.map_err(|error| error.kind()),
            begun.elapsed().as_millis(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_delays_the_next_by_a_quarter_of_a_second_and_a_bad_one_by_nothing() {
        use io::ErrorKind::{ConnectionRefused, ConnectionReset};

        let rows: [(&[Answer], Result<u16, io::ErrorKind>, u128); 8] = [
            (&[Some((5, Ok(0)))], Ok(0), 5),
            (&[None, Some((5, Ok(1)))], Ok(1), 255),
            (&[None, None, Some((5, Ok(2)))], Ok(2), 505),
            (
                &[Some((3, Err(ConnectionRefused))), Some((5, Ok(1)))],
                Ok(1),
                8,
            ),
            // The first is not given up when the second begins.
            (&[Some((300, Ok(0))), Some((100, Ok(1)))], Ok(0), 300),
            (&[Some((400, Ok(0))), Some((100, Ok(1)))], Ok(1), 350),
            (
                &[
                    Some((3, Err(ConnectionRefused))),
                    Some((4, Err(ConnectionReset))),
                ],
                Err(ConnectionReset),
                7,
            ),
            (&[], Err(io::ErrorKind::AddrNotAvailable), 0),
        ];
        for (answers, winner, after) in rows {
            let (outcome, took) = race(answers).await;
            assert_eq!(outcome, winner, "{answers:?}");
            assert!(took.abs_diff(after) <= 2, "{answers:?}: {took} ms");
        }
    }
}
