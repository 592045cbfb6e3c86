//! Every public value that can hold a secret, in its debug forms; every public error, in its words.

use std::{error::Error, sync::Arc, time::Duration};

use antiphon_protocol::{
    AuthError, AuthShape, Effect, End, Ended, EndedCause, Frame, Generation, How, Refusal, Signal,
    Stage, Why, WireSeq,
};
use antiphon_transport::{
    Clock, DialProgress, DialRequest, FreshToken, HttpProxy, Input, Link, LinkCommand, LinkConfig,
    LinkOutput, Machine, Output, RecordingDial, TcpConnect, TokenCache, WireAction, WireEvent,
    WsDial,
    testing::{ReplayDial, ScriptedDial},
};

use crate::{
    canaries::{EPHEMERAL, HANDLE, KEY, OAUTH, PASSWORD, clean, clean_error, secret},
    capture::capture,
    dice::Suite,
    in_virtual_time,
    session::{Credential, Tainted, endpoint, handle, plan},
};

/// A value in both its debug forms.
macro_rules! debug {
    ($($value:expr),* $(,)?) => {
        vec![$((stringify!($value), format!("{0:?} {0:#?}", $value))),*]
    };
}

/// A link that has been asked for a plan and given one with a handle.
fn link() -> (Link, Vec<Output<LinkOutput>>) {
    let tainted = Tainted {
        url: "wss://tainted.example/".to_owned(),
        credential: Credential::Key,
    };
    let config = LinkConfig::new(Default::default());
    let mut link = Link::new(Arc::new(tainted), config, 1);
    let now = Clock::start().now();
    link.handle(now, Input::Command(LinkCommand::Start));
    link.handle(now, Input::Command(LinkCommand::Plan(plan())));
    let mut outputs = Vec::new();
    while let Some(output) = link.poll_output() {
        outputs.push(output);
    }
    (link, outputs)
}

type Row = (&'static str, String);

/// What holds credentials: requests, caches, proxies, dials.
fn holders() -> Vec<Row> {
    let request = DialRequest {
        endpoint: endpoint("wss://tainted.example/v1?key=none", Credential::Ephemeral),
        token: Some(secret(EPHEMERAL)),
        progress: DialProgress::default(),
    };
    let fresh = FreshToken {
        token: secret(OAUTH),
        valid_for: Some(Duration::from_secs(1)),
    };
    let cache = TokenCache::new({
        let fresh = fresh.clone();
        move || std::future::ready(Ok::<_, AuthError>(fresh.clone()))
    });
    in_virtual_time(async {
        use antiphon_protocol::TokenSource as _;
        cache.token(Why::Connect).await.unwrap();
    });
    let user = user();
    let proxy = HttpProxy::new(&format!("http://{user}@proxy.example:1")).unwrap();
    let (dial, peer) = ScriptedDial::new();
    let recording = RecordingDial::new(dial.clone(), std::io::sink()).redact(secret(KEY));
    let replay = ReplayDial::new("").unwrap();
    debug![
        secret(KEY),
        endpoint("wss://tainted.example/", Credential::Key),
        AuthShape::Bearer,
        request,
        fresh,
        cache,
        proxy,
        WsDial::new().proxy(proxy.clone()),
        WsDial::from_env(),
        TcpConnect,
        dial,
        peer,
        recording,
        replay,
    ]
}

/// What passes through a link, and the link itself.
fn passers() -> Vec<Row> {
    let (link, outputs) = link();
    let action = WireAction::Dial {
        generation: Generation::new(0),
        endpoint: endpoint("wss://tainted.example/", Credential::OAuth),
        why: Why::Refused,
    };
    let transmit = WireAction::Transmit {
        generation: Generation::new(0),
        seq: WireSeq::default(),
        frame: Frame::text(HANDLE),
    };
    let event = WireEvent::Frame {
        generation: Generation::new(0),
        frame: Frame::text(HANDLE),
    };
    let command: Input<LinkCommand> = Input::Command(LinkCommand::Plan(plan()));
    let mut rows = debug![
        handle(),
        plan(),
        link,
        action,
        transmit,
        event,
        command,
        LinkCommand::Plan(plan()),
        Effect::Signal(Signal::Resume(Some(handle()))),
        Effect::Send(Frame::text(HANDLE)),
        End::new(Stage::Token, How::Token),
        Ended::local(EndedCause::Closed),
        Refusal::default(),
    ];
    rows.extend(
        outputs
            .iter()
            .map(|output| ("an output", format!("{output:?} {output:#?}"))),
    );
    rows
}

/// User and password as an address holds them.
fn user() -> String {
    PASSWORD.replace('@', "%40").replace('/', "%2F")
}

// faults: I4, I5, I14 by printing every public value that can hold a secret
#[test]
fn no_value_shows_a_secret() {
    let _alone = capture();
    let mut suite = Suite::new("taint_values");
    for (what, text) in holders().into_iter().chain(passers()) {
        suite.case(clean(what, &text));
    }
    let user = user();
    let errors: [(&str, Box<dyn Error>); 4] = [
        (
            "a bad proxy",
            Box::new(HttpProxy::new(&format!("socks5://{user}@x")).unwrap_err()),
        ),
        (
            "a worse proxy",
            Box::new(HttpProxy::new(&format!("http://{user}@x y")).unwrap_err()),
        ),
        (
            "a bad recording",
            Box::new(ReplayDial::new(&format!("{{\"what\":\"{KEY}\"}}")).unwrap_err()),
        ),
        (
            "no credential",
            Box::new(AuthError("the vault is sealed".to_owned())),
        ),
    ];
    for (what, error) in errors {
        suite.case(clean_error(what, &*error));
    }
    suite.end();
}
