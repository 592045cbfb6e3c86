//! Every conversation, over every wire, with every kind of credential, in which the peer repeats the
//! secrets wherever it can.

use std::sync::Arc;

use antiphon_protocol::Ended;
use antiphon_transport::{WsDial, testing::ScriptedDial};

use crate::{
    canaries::HANDLE,
    capture::{capture, judge, take},
    dice::Suite,
    in_real_time, in_virtual_time,
    recorded::{Conversation, Step, conversations},
    server::{accepting, close, serve, text},
    session::{Credential, Outcome, Tainted, run},
};

/// What the service would say that hands out a handle.
fn update() -> String {
    format!("{{\"sessionResumptionUpdate\":{{\"newHandle\":\"{HANDLE}\",\"resumable\":true}}}}")
}

/// The server's side of a conversation, with the handle in it, and its goodbye.
fn server_side(conversation: &Conversation) -> Vec<String> {
    let mut frames: Vec<String> = conversation
        .server_frames()
        .iter()
        .map(|frame| (*frame).to_owned())
        .collect();
    frames.push(update());
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

/// Words that repeat the handle and, if the peer does that, the credential.
fn last_words(repeated: &str) -> String {
    format!("no more of {repeated} and {HANDLE}")
}

async fn over_loopback(
    wire: WsDial,
    conversation: &Conversation,
    credential: Credential,
    repeated: &'static str,
) -> Outcome {
    let frames = server_side(conversation);
    let goodbye = close(1002, &last_words(repeated));
    let bytes: Vec<u8> = frames
        .iter()
        .flat_map(|frame| text(frame))
        .chain(goodbye)
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
    let frames = server_side(conversation);
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

/// Looks at what came of a conversation, and at all that was logged meanwhile. The exception holds
/// for one wire, and has to be needed there: else it should go.
fn verdict(outcome: &Outcome, frames: usize, excepted: bool, repeated: &str) -> Result<(), String> {
    let records = take();
    let handles = judge(&records, false)?;
    if let Some(stained) = &outcome.stained {
        return Err(stained.clone());
    }
    let Some(Ended { reason, .. }) = &outcome.ended else {
        return Err("it did not end".to_owned());
    };
    if reason.as_str() != format!("no more of {repeated} and [redacted]") {
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
    if !told("connection{generation=0") || !told(&format!("no more of {repeated} and [redacted]")) {
        return Err("the span or the end was not told".to_owned());
    }
    match (handles > 0, excepted) {
        (true, false) => Err("the handle was logged on a wire without an exception".to_owned()),
        (false, true) => Err("the exception is not needed".to_owned()),
        _ => Ok(()),
    }
}

// faults: I2, I3, I6 by canary secrets through every conversation, with all crates at trace level
#[test]
fn no_conversation_shows_a_secret() {
    let _alone = capture();
    let mut suite = Suite::new("taint_conversations");
    for conversation in conversations().iter() {
        let frames = server_side(conversation).len();
        for credential in Credential::ALL {
            // tungstenite traces the frames that come in, so that its peer is one that does not repeat
            // the credential in them; that one is met among the refusals.
            let silent = "nobody's key";
            let redacted = "[redacted]";
            let secret = credential.text();
            let mut case = |wire: &str, outcome: &Outcome, excepted, repeated| {
                let outcome = verdict(outcome, frames, excepted, repeated);
                suite.case(outcome.map_err(|why| {
                    format!("{} with {credential:?} on {wire}: {why}", conversation.name)
                }));
            };
            let outcome = in_virtual_time(over_a_script(conversation, credential));
            case("a script", &outcome, false, redacted);
            let wire = WsDial::new();
            let outcome = in_real_time(over_loopback(wire, conversation, credential, silent));
            case("tungstenite", &outcome, true, silent);
            let wire = WsDial::new().tokio_websockets();
            let outcome = in_real_time(over_loopback(wire, conversation, credential, secret));
            case("tokio-websockets", &outcome, false, redacted);
        }
    }
    suite.end();
}
