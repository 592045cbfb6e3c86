//! Which protocol a connection speaks, read from the request that opens it, and the machine for it.

use antiphon_protocol::{Time, WallTime};

use crate::{
    Builder, openai,
    peer::{Input, Peer},
};

/// What a client asked for by the path and the query of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// OpenAI Realtime: `…/realtime?model=`.
    Realtime {
        /// The model of the query.
        model: Option<String>,
    },
}

impl Route {
    /// The protocol behind `path`; `None` when there is none.
    pub(crate) fn of(path: &str, query: Option<&str>) -> Option<Self> {
        let last = path.split('/').rfind(|part| !part.is_empty());
        match last {
            Some("realtime") => Some(Self::Realtime {
                model: query_value(query, "model"),
            }),
            _ => None,
        }
    }
}

impl Builder {
    /// The machine of the `number`th connection, opened at `now`, which is `wall` on the calendar.
    pub(crate) fn peer(
        &self,
        number: u64,
        route: Route,
        now: Time,
        wall: WallTime,
    ) -> Box<dyn Peer> {
        let mut peer = match route {
            Route::Realtime { model } => {
                let settings = self.settings(number, model, wall);
                Box::new(openai::Connection::new(settings, now))
            }
        };
        peer.handle(now, Input::Timeout);
        peer
    }
}

/// The value of `name` in the query of a request target.
fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = query?.split('&');
    let value = pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)?
        .1;
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    decoded.extend_from_slice(rest.as_bytes());
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read_from_the_query() {
        let rows = [
            (Some("model=gpt-realtime"), Some("gpt-realtime")),
            (Some("intent=x&model=my%20model%2"), Some("my model%2")),
            (Some("models=a"), None),
            (None, None),
        ];
        for (query, model) in rows {
            assert_eq!(query_value(query, "model").as_deref(), model, "{query:?}");
        }
    }
}
