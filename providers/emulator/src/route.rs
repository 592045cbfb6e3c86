//! Which protocol a connection speaks, read from the request that opens it, and the machine for it.

use antiphon_protocol::{Time, WallTime};

use crate::{
    Builder,
    faults::Disturbed,
    gemini,
    joint::Seated,
    live, openai,
    peer::{Gone, Input, Peer},
};

/// What a client asked for by the path and the query of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// OpenAI Realtime: `…/realtime?model=`.
    Realtime {
        /// The model of the query.
        model: Option<String>,
        /// Whether `intent=transcription` was asked for.
        transcription: bool,
    },
    /// Translation with OpenAI Realtime: `…/realtime/translations?model=`.
    Translation {
        /// The model of the query.
        model: Option<String>,
    },
    /// A sideband of OpenAI Realtime: `…/realtime?call_id=`.
    RealtimeCall {
        /// The session.
        id: String,
    },
    /// GPT-Live: `…/live/sessions`.
    Live,
    /// A sideband of GPT-Live: `…/live/sessions/ID/attach`.
    LiveAttach {
        /// The session.
        id: String,
    },
    /// A fork of GPT-Live: `…/live/sessions/ID/fork`.
    LiveFork {
        /// The stored session.
        id: String,
    },
    /// Gemini Live: any path with `BidiGenerateContent` in it.
    Gemini {
        /// Developer API or Vertex.
        service: gemini::Service,
        /// The version in the path, such as `v1beta`.
        version: String,
    },
}

impl Route {
    /// The protocol behind `path`; `None` when there is none.
    pub(crate) fn of(path: &str, query: Option<&str>) -> Option<Self> {
        if path.contains("BidiGenerateContent") {
            return Some(Self::gemini(path));
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match *parts.as_slice() {
            [.., "realtime"] => Some(match query_value(query, "call_id") {
                Some(id) => Self::RealtimeCall { id },
                None => Self::Realtime {
                    model: query_value(query, "model"),
                    transcription: query_value(query, "intent").as_deref() == Some("transcription"),
                },
            }),
            [.., "realtime", "translations"] => Some(Self::Translation {
                model: query_value(query, "model"),
            }),
            [.., "live", "sessions"] => Some(Self::Live),
            [.., "live", "sessions", id, "attach"] => Some(Self::LiveAttach { id: id.to_owned() }),
            [.., "live", "sessions", id, "fork"] => Some(Self::LiveFork { id: id.to_owned() }),
            _ => None,
        }
    }

    fn gemini(path: &str) -> Self {
        let service = if path.contains("LlmBidiService") {
            gemini::Service::Vertex
        } else {
            gemini::Service::Developer
        };
        let is_version = |part: &&str| {
            let digits = part.strip_prefix('v');
            digits.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let version = path.split(['/', '.']).find(is_version).unwrap_or("v1beta");
        Self::Gemini {
            service,
            version: version.to_owned(),
        }
    }
}

impl Builder {
    /// Whether what `route` names is there.
    pub(crate) fn finds(&self, route: &Route) -> bool {
        match route {
            Route::RealtimeCall { id } => self.calls.find(id).is_some(),
            Route::LiveAttach { id } => self.hall.has_running(id),
            Route::LiveFork { id } => self.hall.has_stored(id),
            _ => true,
        }
    }

    /// The machine of the `number`th connection, opened at `now`, which is `wall` on the calendar.
    pub(crate) fn peer(
        &self,
        number: u64,
        route: Route,
        now: Time,
        wall: WallTime,
    ) -> Box<dyn Peer> {
        let mut peer: Box<dyn Peer> = match route {
            Route::Realtime {
                model,
                transcription,
            } => {
                let mut settings = self.settings(number, model, wall);
                settings.transcription = transcription;
                let session = openai::Connection::new(settings, now);
                let id = session.session_id().to_owned();
                let own = Seated::open(session, now);
                self.calls.enter(id, own.session());
                Box::new(own)
            }
            Route::Translation { model } => {
                let settings = self.settings(number, model, wall);
                Box::new(openai::Translation::new(settings, now))
            }
            Route::RealtimeCall { id } => {
                let session = self.calls.find(&id);
                let running = |session: &openai::Connection| !session.is_closed();
                match session.and_then(|session| session.join(now, running)) {
                    Some(sideband) => Box::new(sideband),
                    None => Box::new(Gone::default()),
                }
            }
            Route::Live => {
                let settings = self.live_settings(number, wall);
                Box::new(live::Connection::open(settings, &self.hall, now))
            }
            Route::LiveAttach { id } => match live::Connection::attach(&id, &self.hall, now) {
                Some(sideband) => Box::new(sideband),
                None => Box::new(Gone::default()),
            },
            Route::LiveFork { id } => {
                let settings = self.live_settings(number, wall);
                match live::Connection::fork(&id, settings, &self.hall, now) {
                    Some(fork) => Box::new(fork),
                    None => Box::new(Gone::default()),
                }
            }
            Route::Gemini { service, version } => {
                let settings = self.gemini_settings(number, service, version, wall);
                Box::new(gemini::Connection::new(settings, now))
            }
        };
        peer.handle(now, Input::Timeout);
        Box::new(Disturbed::new(peer))
    }
}

/// The value of `name` in the query of a request target.
pub(crate) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
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
    fn every_address_of_gemini_live_is_its_route() {
        use gemini::Service::{Developer, Vertex};
        let service = "google.ai.generativelanguage.v1beta.GenerativeService";
        let rows = [
            (format!("/ws/{service}.BidiGenerateContent"), Developer, "v1beta"),
            (format!("//ws/{service}.BidiGenerateContent"), Developer, "v1beta"),
            (
                "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained"
                    .to_owned(),
                Developer,
                "v1alpha",
            ),
            (
                "/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent".to_owned(),
                Vertex,
                "v1",
            ),
        ];
        for (path, service, version) in rows {
            let version = version.to_owned();
            let expected = Route::Gemini { service, version };
            assert_eq!(Route::of(&path, Some("key=k")), Some(expected), "{path}");
        }
        assert_eq!(Route::of("/ws/GenerateContent", None), None);
    }

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
