//! What the end of a session means to the person who ran the program.

use std::time::Duration;

use antiphon_protocol::{Ended, EndedCause, Fault, Stage};

use super::{
    exit::{Exit, Failure},
    service::Service,
};

/// What is known when a session ends badly.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// With whom.
    pub service: Service,
    /// Where the conversation was.
    pub address: &'a str,
    /// Whether a key was sent.
    pub has_key: bool,
    /// Whether the session was ever in use.
    pub was_live: bool,
    /// How long the program may take.
    pub timeout: Duration,
}

/// The sentence and the code for an end that was not asked for.
pub fn of_end(ended: &Ended, scene: Scene<'_>) -> Failure {
    let fault = match ended.cause {
        EndedCause::Fault(fault) | EndedCause::BudgetSpent(fault) => fault,
        EndedCause::Unsupported => Fault::Invalid,
        EndedCause::ReaderStalled | EndedCause::Panicked => Fault::Internal,
        _ => Fault::Closed,
    };
    let exit = exit(fault, ended.stage, scene.was_live);
    let (address, words) = (scene.address, words(ended));
    let (protocol, variable) = (scene.service.protocol(), scene.service.key_variable());
    let sentence = match exit {
        Exit::Authentication if scene.has_key => {
            format!("{address} refuses the key{words}: check {variable}")
        }
        Exit::Authentication => format!("{address} wants a key{words}: set {variable}"),
        Exit::Configuration => {
            format!("{address} refuses the session{words}: check --model, --voice and --url")
        }
        Exit::Dial => {
            format!(
                "no connection to {address}{words}: check that it is up and that --url is right"
            )
        }
        Exit::Timeout => format!(
            "{address} did not answer in time{words}: check that it speaks the {protocol} protocol"
        ),
        Exit::Garbage => {
            format!("{address} does not speak the {protocol} protocol{words}: check --url")
        }
        Exit::Closed if scene.was_live => {
            format!("{address} closed the connection in mid-conversation{words}: run it again")
        }
        Exit::Closed => {
            format!(
                "{address} closed the connection before the conversation began{words}: check --url and --model"
            )
        }
        _ => format!("the session with {address} failed{words}: run it again, with -v to see more"),
    };
    Failure::new(exit, sentence)
}

/// The time was up before the connection was ready.
pub fn unanswered(scene: Scene<'_>) -> Failure {
    let Scene {
        service,
        address,
        timeout,
        ..
    } = scene;
    let sentence = format!(
        "{address} did not answer within {} s: check that it speaks the {} protocol, or raise \
         --timeout",
        timeout.as_secs_f64(),
        service.protocol()
    );
    Failure::new(Exit::Timeout, sentence)
}

fn exit(fault: Fault, stage: Option<Stage>, was_live: bool) -> Exit {
    let opened = stage.is_some_and(|stage| stage >= Stage::Opening);
    match fault {
        Fault::Auth | Fault::Forbidden | Fault::Quota => Exit::Authentication,
        Fault::Protocol | Fault::TooLarge => Exit::Garbage,
        Fault::ContextFull | Fault::Internal => Exit::Turn,
        _ if was_live => Exit::Closed,
        Fault::Timeout => Exit::Timeout,
        Fault::Invalid => Exit::Configuration,
        Fault::NotFound if opened => Exit::Configuration,
        _ if opened => Exit::Closed,
        _ => Exit::Dial,
    }
}

/// What the peer or the system said, in brackets.
fn words(ended: &Ended) -> String {
    let status = ended.status.map(|status| format!("status {status}"));
    let code = ended.code.map(|code| format!("code {code}"));
    let reason = ended.reason.as_str().trim();
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    let known: Vec<String> = [status, code, reason].into_iter().flatten().collect();
    if known.is_empty() {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(fault: Fault, stage: Stage, was_live: bool) -> Failure {
        let mut ended = Ended::local(EndedCause::Fault(fault));
        ended.stage = Some(stage);
        let scene = Scene {
            service: Service::OpenAiRealtime,
            address: "wss://host/v1/realtime",
            has_key: true,
            was_live,
            timeout: Duration::from_secs(5),
        };
        of_end(&ended, scene)
    }

    #[test]
    fn every_end_has_its_code() {
        let rows = [
            (Fault::Network, Stage::Connect, false, Exit::Dial),
            (Fault::NotFound, Stage::Resolve, false, Exit::Dial),
            (Fault::NotFound, Stage::Upgrade, false, Exit::Dial),
            (Fault::NotFound, Stage::Opening, false, Exit::Configuration),
            (Fault::Tls, Stage::Tls, false, Exit::Dial),
            (Fault::Overloaded, Stage::Upgrade, false, Exit::Dial),
            (Fault::Auth, Stage::Upgrade, false, Exit::Authentication),
            (Fault::Auth, Stage::Opening, false, Exit::Authentication),
            (Fault::Invalid, Stage::Opening, false, Exit::Configuration),
            (Fault::Timeout, Stage::Upgrade, false, Exit::Timeout),
            (Fault::Timeout, Stage::Opening, false, Exit::Timeout),
            (Fault::Closed, Stage::Opening, false, Exit::Closed),
            (Fault::Closed, Stage::Live, true, Exit::Closed),
            (Fault::Network, Stage::Connect, true, Exit::Closed),
            (Fault::SessionLimit, Stage::Live, true, Exit::Closed),
            (Fault::Protocol, Stage::Upgrade, false, Exit::Garbage),
            (Fault::Protocol, Stage::Live, true, Exit::Garbage),
        ];
        for (fault, stage, was_live, exit) in rows {
            let failure = sentence(fault, stage, was_live);
            assert_eq!(failure.exit, exit, "{fault:?} {stage:?} {was_live}");
            assert!(failure.sentence.contains("wss://host"), "{failure}");
            assert!(failure.sentence.contains(": "), "{failure}");
        }
    }

    #[test]
    fn a_missing_key_is_not_a_wrong_one() {
        let ended = Ended::local(EndedCause::Fault(Fault::Auth));
        let timeout = Duration::from_secs(5);
        let scene = Scene {
            service: Service::OpenAiRealtime,
            address: "ws://host",
            has_key: false,
            was_live: false,
            timeout,
        };
        assert!(of_end(&ended, scene).sentence.contains("wants a key"));
        assert!(
            of_end(
                &ended,
                Scene {
                    has_key: true,
                    ..scene
                }
            )
            .sentence
            .contains("refuses the key")
        );
    }
}
