//! Panics while secrets are at hand: in the hook's text, and in what the task's owner is told.

use antiphon_protocol::{
    AuthError, Capabilities, Codec, End, Endpoint, How, OpeningPlan, Provider, Secret, Stage,
    TokenSource, Unsupported, Why,
};
use antiphon_transport::{Dial, DialRequest, WirePair};
use async_trait::async_trait;
use std::{borrow::Cow, sync::Arc};

use crate::{
    canaries::{KEY, PASSWORD, clean, secret},
    capture::{capture, judge, take},
    dice::Suite,
    in_virtual_time,
    session::{Credential, Tainted, endpoint, run},
};

/// Where a session panics, with all that it holds there in the panic's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Plan,
    Token,
    Dial,
    Unwrap,
}

struct Panics(Place);

impl Provider for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn capabilities(&self, _model: &str) -> Cow<'_, Capabilities> {
        Cow::Owned(Capabilities::minimal("made for tests"))
    }

    fn open(&self, plan: &OpeningPlan) -> Result<(Endpoint, Box<dyn Codec>), Unsupported> {
        if self.0 == Place::Plan {
            panic!("{plan:?} {plan:#?}");
        }
        let tainted = Tainted {
            url: "wss://panics.example/".to_owned(),
            credential: Credential::Key,
        };
        let (mut endpoint, codec) = tainted.open(plan)?;
        if self.0 == Place::Token
            && let Some((_, source)) = &mut endpoint.auth
        {
            *source = Arc::new(Source);
        }
        Ok((endpoint, codec))
    }
}

struct Source;

#[async_trait]
impl TokenSource for Source {
    async fn token(&self, why: Why) -> Result<Secret, AuthError> {
        let token = secret(KEY);
        panic!(
            "{why:?}: {token:?} {:?}",
            endpoint("wss://x/", Credential::Key)
        );
    }
}

#[async_trait]
impl Dial for Panics {
    async fn dial(&self, request: DialRequest) -> Result<WirePair, End> {
        if self.0 == Place::Unwrap {
            return Ok(refuse(request).unwrap());
        }
        panic!(
            "{request:?} {request:#?} {:?}",
            End::new(Stage::Connect, How::Io)
        );
    }
}

/// Gives back what it was asked, as careless code might.
fn refuse(request: DialRequest) -> Result<WirePair, Box<DialRequest>> {
    Err(Box::new(request))
}

// faults: I14 by panics whose words hold everything at hand
#[test]
fn no_panic_shows_a_secret() {
    let _alone = capture();
    let mut suite = Suite::new("taint_panics");
    for place in [Place::Plan, Place::Token, Place::Dial, Place::Unwrap] {
        let told = in_virtual_time(async {
            let session = tokio::spawn(run(Panics(place), Panics(place), Vec::new(), 0));
            match session.await {
                Ok(_) => String::new(),
                Err(panic) => {
                    let words = format!("{panic} {panic:?}");
                    let payload = panic.into_panic();
                    let payload = payload.downcast_ref::<String>().cloned();
                    format!("{words} {}", payload.unwrap_or_default())
                }
            }
        });
        let records = take();
        let hooked = records.iter().any(|(target, _)| target == "panic");
        let outcome = judge(&records)
            .and_then(|_| clean("the panic", &told))
            .and_then(|()| match hooked && !told.is_empty() {
                true => Ok(()),
                false => Err("it did not panic".to_owned()),
            });
        suite.case(outcome.map_err(|why| format!("{place:?}: {why}")));
    }
    // The capture sees what a careless panic would show.
    let careless = std::panic::catch_unwind(|| panic!("{PASSWORD}"));
    let seen = careless.is_err() && judge(&take()).is_err();
    suite.case(
        seen.then_some(())
            .ok_or_else(|| "the hook sees nothing".to_owned()),
    );
    suite.end();
}
