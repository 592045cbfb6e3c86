//! The HTTP upgrade: who may connect, to which path, with which model.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use antiphon_protocol::WallTime;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use crate::{
    Builder, Refusal,
    route::{Route, query_value},
    script::Refused,
    server::Stream,
};

/// How long a client may take to ask for the upgrade.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// The largest message: 15 MiB of audio in base64, and its event around it.
const MAX_MESSAGE: usize = 24 << 20;
/// The prefix of the subprotocol by which browsers hand over a key.
const BROWSER_KEY: &str = "openai-insecure-api-key.";

/// Performs the upgrade; nothing when the client was refused or gone.
pub(super) async fn accept<S: Stream>(
    stream: S,
    builder: &Builder,
    number: u64,
    has_place: bool,
) -> Option<(WebSocketStream<S>, Route)> {
    let upgrade = &builder.script_of(number).upgrade;
    tokio::time::sleep(upgrade.after).await;
    let mut route = None;
    let mut wrong_key = false;
    let check = |request: &Request, mut response: Response| {
        if !has_place {
            return Err(refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "server_error",
                "overloaded",
            ));
        }
        if let Some(refused) = &upgrade.refused {
            return Err(refuse_as_told(refused));
        }
        let asked = Route::of(request.uri().path(), request.uri().query());
        route = asked.filter(|route| builder.finds(route));
        if route.is_none() {
            return Err(refuse(
                StatusCode::NOT_FOUND,
                "invalid_request_error",
                "not_found",
            ));
        }
        let (key, browser) = key(request.headers());
        let query = ["key", "access_token"].map(|name| query_value(request.uri().query(), name));
        let key = key.or(query.iter().find_map(Option::as_deref));
        wrong_key = !builder.accepts(key);
        if wrong_key && builder.refuses_with() == Refusal::Status {
            let status = StatusCode::UNAUTHORIZED;
            return Err(refuse(status, "invalid_request_error", "invalid_api_key"));
        }
        if browser {
            let chosen = HeaderValue::from_static("realtime");
            response
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        Ok(response)
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(16 << 10)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let accepted = accept_hdr_async_with_config(stream, check, Some(config));
    let mut socket = tokio::time::timeout(HANDSHAKE, accepted).await.ok()?.ok()?;
    let route = route?;
    if wrong_key {
        _ = tokio::time::timeout(HANDSHAKE, turn_away(&mut socket, &route)).await;
        return None;
    }
    Some((socket, route))
}

/// The key that a request carries, and whether it came as a browser's subprotocol.
fn key(headers: &HeaderMap) -> (Option<&str>, bool) {
    let value = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let protocols = value(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    let mut protocols = protocols.split(',').map(str::trim);
    let browser = protocols.clone().any(|protocol| protocol == "realtime");
    let authorization = value(header::AUTHORIZATION);
    let mut schemes = ["Bearer ", "Token "].into_iter();
    let bearer =
        authorization.and_then(|value| schemes.find_map(|scheme| value.strip_prefix(scheme)));
    let api_key = value(header::HeaderName::from_static("api-key"));
    let api_key = api_key.or(value(header::HeaderName::from_static("x-goog-api-key")));
    let insecure = protocols.find_map(|protocol| protocol.strip_prefix(BROWSER_KEY));
    (bearer.or(api_key).or(insecure), browser)
}

fn refuse(status: StatusCode, kind: &str, code: &str) -> ErrorResponse {
    let body = json!({"error": {
        "message": message(code),
        "type": kind,
        "param": null,
        "code": code,
    }});
    let mut response = ErrorResponse::new(Some(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// What a script answers in place of a WebSocket.
fn refuse_as_told(refused: &Refused) -> ErrorResponse {
    let body = json!({"error": {"message": refused.message, "code": refused.status}});
    let mut response = ErrorResponse::new(Some(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(refused.status).unwrap_or_default();
    if let Some(seconds) = refused.retry_after {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn message(code: &str) -> &'static str {
    match code {
        "invalid_api_key" => "Incorrect API key provided.",
        "not_found" => "There is nothing at this path.",
        _ => "The server serves as many connections as it may.",
    }
}

/// Refuses a client over the WebSocket that it was given.
async fn turn_away<S: Stream>(socket: &mut WebSocketStream<S>, route: &Route) {
    use futures::SinkExt;
    if let Route::Gemini { .. } = route {
        let close = CloseFrame {
            code: 1008.into(),
            reason: "API key not valid. Please pass a valid API key.".into(),
        };
        _ = socket.close(Some(close)).await;
        return;
    }
    let live = matches!(
        route,
        Route::Live | Route::LiveAttach { .. } | Route::LiveFork { .. }
    );
    let at_fault = if live { "client_event_id" } else { "event_id" };
    let event = json!({
        "type": "error",
        "event_id": "event_refused",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_api_key",
            "message": message("invalid_api_key"),
            "param": null,
            at_fault: null,
        },
    });
    let close = CloseFrame {
        code: 3000.into(),
        reason: "invalid_request_error.invalid_api_key".into(),
    };
    if socket.send(Message::text(event.to_string())).await.is_ok() {
        _ = socket.close(Some(close)).await;
    }
}

/// The one place where the server looks at a calendar; it only shows in `expires_at`.
pub(super) fn wall_clock() -> WallTime {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    WallTime::from_unix_seconds(since.as_secs())
}
