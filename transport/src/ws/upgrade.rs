//! The HTTP/1.1 upgrade.
//!
//! It is done with hyper and not with the WebSocket library, because the latter writes the raw
//! request, credential included, into its trace log.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use antiphon_protocol::{AuthShape, End, How, Secret, Stage};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::refusal::refused;
use crate::{clock::wall, scrub::Scrub};

/// Most bytes of a response's headers.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;
/// What the first line of a response may take beside them.
pub(super) const LINE_LIMIT: usize = 4 * 1024;
/// Most headers of a response.
pub(super) const MAX_HEADERS: usize = 100;

/// The body of a request that has none.
pub(super) struct NoBody;

impl Body for NoBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

/// What the request says.
pub(super) struct Ask<'a> {
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) auth: Option<(&'a AuthShape, &'a Secret)>,
}

/// Upgrades `io`. Returns it with what the server has already said on it.
pub(super) async fn upgrade<IO>(io: IO, ask: &Ask<'_>) -> Result<(IO, Bytes), End>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let key = fresh_key()?;
    let request = request(ask, &key)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_buf_size(HEAD_LIMIT + LINE_LIMIT)
        .handshake::<_, NoBody>(TokioIo::new(io))
        .await
        .map_err(|error| failed(&error))?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))?;
        measure(response.headers(), Stage::Upgrade)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let scrub = Scrub::of(ask.auth.map(|(_, token)| token));
            return Err(refused(Stage::Upgrade, response, &scrub, wall()).await);
        }
        check(&response, ask.headers, &key)?;
        hyper::upgrade::on(response)
            .await
            .map_err(|error| failed(&error))
    };
    let upgraded = beside(connection.with_upgrades(), exchange).await?;
    let parts = upgraded
        .downcast::<TokioIo<IO>>()
        .map_err(|_| broken("the upgraded connection is of another kind"))?;
    Ok((parts.io.into_inner(), parts.read_buf))
}

/// Runs `exchange` with the connection's own future beside it, which moves the bytes. No task is
/// spawned, so dropping this one leaves nothing behind.
pub(super) async fn beside<F: Future>(
    connection: impl Future<Output = hyper::Result<()>>,
    exchange: F,
) -> F::Output {
    let mut connection = pin!(connection);
    let mut exchange = pin!(exchange);
    let mut over = false;
    poll_fn(|cx| {
        if !over && connection.as_mut().poll(cx).is_ready() {
            over = true;
        }
        exchange.as_mut().poll(cx)
    })
    .await
}

fn request(ask: &Ask<'_>, key: &str) -> Result<Request<NoBody>, End> {
    let mut request = Request::builder()
        .uri(ask.path)
        .body(NoBody)
        .map_err(|_| address("the path of the address cannot be sent"))?;
    let headers = request.headers_mut();
    headers.extend(ask.headers.clone());
    let host = HeaderValue::from_str(ask.authority)
        .map_err(|_| address("the host of the address cannot be sent"))?;
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    let key = HeaderValue::from_str(key).map_err(|_| broken("the key cannot be sent"))?;
    headers.insert(header::SEC_WEBSOCKET_KEY, key);
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!(
            "antiphon/",
            env!("CARGO_PKG_VERSION")
        )));
    if let Some((shape, token)) = ask.auth {
        let (name, text) = match shape {
            AuthShape::Bearer => (header::AUTHORIZATION, format!("Bearer {}", token.expose())),
            AuthShape::Token => (header::AUTHORIZATION, format!("Token {}", token.expose())),
            AuthShape::Header(name) => (name.clone(), token.expose().to_owned()),
        };
        let text = Secret::from(text);
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| {
            End::new(Stage::Token, How::Token)
                .because("the credential holds characters that no header may hold")
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(request)
}

/// Refuses a head whose headers are larger than the limit, which hyper's buffer keeps only roughly.
pub(super) fn measure(headers: &HeaderMap, stage: Stage) -> Result<(), End> {
    let lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    if lines.sum::<usize>() <= HEAD_LIMIT {
        return Ok(());
    }
    Err(End::new(stage, How::TooLarge).because("the headers of the answer are too large"))
}

fn check(response: &Response<Incoming>, asked: &HeaderMap, key: &str) -> Result<(), End> {
    let headers = response.headers();
    let says = |name: header::HeaderName, word: &str| {
        headers.get_all(name).iter().any(|value| {
            value.to_str().is_ok_and(|text| {
                text.split(',')
                    .any(|part| part.trim().eq_ignore_ascii_case(word))
            })
        })
    };
    if !says(header::UPGRADE, "websocket") || !says(header::CONNECTION, "upgrade") {
        return Err(broken(
            "the server switched to something that is not WebSocket",
        ));
    }
    let accept = headers
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .and_then(|value| value.to_str().ok());
    if accept != Some(accept_of(key).as_str()) {
        return Err(broken("the server's answer does not fit the question"));
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Err(broken("the server chose an extension that was not offered"));
    }
    let offered = |chosen: &str| {
        let offers = asked.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let mut names = offers
            .filter_map(|offer| offer.to_str().ok())
            .flat_map(|offer| offer.split(','));
        names.any(|name| name.trim() == chosen)
    };
    let mut chosen = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    if !chosen.all(|chosen| chosen.to_str().is_ok_and(offered)) {
        return Err(broken(
            "the server chose a subprotocol that was not offered",
        ));
    }
    Ok(())
}

fn fresh_key() -> Result<String, End> {
    let mut nonce = [0; 16];
    SystemRandom::new()
        .fill(&mut nonce)
        .map_err(|_| broken("the system has no randomness to give"))?;
    Ok(base64_simd::STANDARD.encode_to_string(nonce))
}

/// RFC 6455, section 4.2.2.
fn accept_of(key: &str) -> String {
    let joined = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, joined.as_bytes());
    base64_simd::STANDARD.encode_to_string(digest)
}

fn failed(error: &hyper::Error) -> End {
    let how = if error.is_parse() {
        How::Protocol
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        How::Eof
    } else {
        How::Io
    };
    End::new(Stage::Upgrade, how).because(&error.to_string())
}

fn broken(why: &str) -> End {
    End::new(Stage::Upgrade, How::Protocol).because(why)
}

fn address(why: &str) -> End {
    End::new(Stage::Resolve, How::Address).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_is_that_of_the_standard() {
        assert_eq!(
            accept_of("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
