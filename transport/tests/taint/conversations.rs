//! Every conversation, over every wire, with every kind of credential, in which the peer repeats the
//! secrets wherever it can.

use std::sync::Arc;

use antiphon_protocol::Ended;
use antiphon_transport::{WsDial, testing::ScriptedDial};

use crate::{
    canaries::{HANDLE, echoes},
    capture::{capture, judge, take},
    dice::Suite,
    in_real_time, in_virtual_time,
    recorded::{Conversation, Step, conversations},
    server::{accepting, close, in_pieces, ping, pong, serve, text},
    session::{Credential, Outcome, Tainted, run},
};

/// What the service would say that hands out a handle.
fn update() -> String {
    format!("{{\"sessionResumptionUpdate\":{{\"newHandle\":\"{HANDLE}\",\"resumable\":true}}}}")
}

/// The server's side of a conversation, with the handle in it and the credential repeated.
fn server_side(conversation: &Conversation, secret: &str) -> Vec<String> {
    let mut frames: Vec<String> = conversation
        .server_frames()
        .iter()
        .map(|frame| (*frame).to_owned())
        .collect();
    frames.push(update());
    frames.push(format!("{{\"you\":{:?}}}", echoes(secret)));
    frames
}

fn client_side(conversation: &Conversation) -> Vec<String> {
    conversation
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Client(frame) => Some(frame.clone()),
            _ => None,
        })
        .collect()
}

/// Words that repeat the credential and the handle.
fn last_words(secret: &str) -> String {
    format!("no more of {secret} and {HANDLE}")
}

async fn over_loopback(
    wire: WsDial,
    conversation: &Conversation,
    credential: Credential,
) -> Outcome {
    let secret = credential.text();
    let frames = server_side(conversation, secret);
    let bytes: Vec<u8> = frames
        .iter()
        .flat_map(|frame| text(frame))
        .chain([ping(secret), ping(HANDLE), pong(secret), pong(HANDLE)].concat())
        .chain(in_pieces(secret))
        .chain(close(1002, &last_words(secret)))
        .collect();
    let address = serve(Arc::new(move |_, head: &str| {
        assert!(
            head.contains(credential.text()),
            "the credential has to arrive"
        );
        [accepting(head), bytes.clone()].concat()
    }))
    .await;
    let provider = Tainted {
        url: format!("ws://{address}/v1"),
        credential,
    };
    run(provider, wire, client_side(conversation), usize::MAX).await
}

async fn over_a_script(conversation: &Conversation, credential: Credential) -> Outcome {
    let (dial, peer) = ScriptedDial::new();
    let frames = server_side(conversation, credential.text());
    let script = tokio::spawn(async move {
        let wire = peer.accept().await;
        for frame in frames {
            wire.send_text(frame);
        }
        wire.close(1002, &last_words(credential.text()));
        let _ = wire.hangup().await;
    });
    let provider = Tainted {
        url: "wss://tainted.example/v1".to_owned(),
        credential,
    };
    let outcome = run(provider, dial, client_side(conversation), usize::MAX).await;
    script.abort();
    outcome
}

/// Looks at what came of a conversation, and at all that was logged meanwhile.
fn verdict(outcome: &Outcome, frames: usize, library: Option<&str>) -> Result<(), String> {
    let records = take();
    judge(&records)?;
    if let Some(stained) = &outcome.stained {
        return Err(stained.clone());
    }
    let Some(Ended { reason, .. }) = &outcome.ended else {
        return Err("it did not end".to_owned());
    };
    if reason.as_str() != LAST_WORDS {
        return Err(format!("its last words: {reason}"));
    }
    if outcome.events != frames {
        return Err(format!("{} of {frames} events", outcome.events));
    }
    let told = |words: &str| {
        records
            .iter()
            .any(|(target, text)| target == "tracing" && text.contains(words))
    };
    if !told("connection{generation=0") || !told(LAST_WORDS) {
        return Err("the span or the end was not told".to_owned());
    }
    // Whatever the library has to say was looked at.
    if let Some(library) = library
        && !records
            .iter()
            .any(|(target, _)| target.starts_with(library))
    {
        return Err(format!("{library} was not heard"));
    }
    Ok(())
}

/// What is left of the last words.
const LAST_WORDS: &str = "no more of [redacted] and [redacted]";

// faults: I2, I3, I6 by canary secrets through every conversation, with all crates at trace level
#[test]
fn no_conversation_shows_a_secret() {
    let _alone = capture();
    let mut suite = Suite::new("taint_conversations");
    for conversation in conversations().iter() {
        for credential in Credential::ALL {
            let frames = server_side(conversation, credential.text()).len();
            let mut case = |wire: &str, outcome: &Outcome, frames, library| {
                let outcome = verdict(outcome, frames, library);
                suite.case(outcome.map_err(|why| {
                    format!("{} with {credential:?} on {wire}: {why}", conversation.name)
                }));
            };
            let outcome = in_virtual_time(over_a_script(conversation, credential));
            case("a script", &outcome, frames, None);
            // A real wire brings one more message, in pieces.
            let wire = WsDial::new();
            let outcome = in_real_time(over_loopback(wire, conversation, credential));
            case("tungstenite", &outcome, frames + 1, Some("tungstenite"));
            let wire = WsDial::new().tokio_websockets();
            let outcome = in_real_time(over_loopback(wire, conversation, credential));
            case("tokio-websockets", &outcome, frames + 1, None);
        }
    }
    suite.end();
}
