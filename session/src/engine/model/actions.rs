//! What each step does, and what the session's words about it are held against.

use std::time::Duration;

use antiphon_protocol::{
    Command, CommandId, End, Event, Fault, How, Recovery, ResponseOptions, Rotation, Stage,
    ToolResult,
};
use antiphon_transport::Input;

use super::{
    book::{Returned, Wish},
    chronicle::Who,
    step::Step,
    world::World,
};
use crate::{
    Update,
    engine::{EngineCommand, Outcome, Played, Verb},
};

impl World {
    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            Step::Audio { .. }
            | Step::Text
            | Step::Create
            | Step::Commit
            | Step::Cancel
            | Step::Interrupt { .. }
            | Step::Answer { .. }
            | Step::AnswerAnything(_)
            | Step::Mute(_)
            | Step::Update { .. }
            | Step::Remember
            | Step::Restore => self.caller(step),
            Step::Read(events) => self.read(usize::from(*events)),
            Step::Report => self.report(),
            Step::ReportAnything { item, samples } if self.manner.reports => {
                let samples = u64::from(*samples);
                let item = Some(format!("r{item}-9").into());
                self.put(Input::Command(EngineCommand::Played(Played {
                    item,
                    samples,
                })));
            }
            Step::ReportAnything { .. } => {}
            Step::Stall(_) | Step::Drop | Step::Deaf(_) | Step::Receive(_) | Step::Hold(_) => {
                self.network(step);
            }
            step => self.server_does(step),
        }
        self.run();
    }

    fn caller(&mut self, step: &Step) {
        match step {
            Step::Audio { frames, loud } => {
                let data = self.microphone.record(self.now, *frames, *loud);
                self.ask(Wish::Other, Verb::Audio(data));
            }
            Step::Text => {
                self.word += 1;
                let words = format!("t{}", self.word);
                self.chronicle.command(self.next_id(), Who::User, &words);
                self.ask(Wish::Words, Verb::Text(words));
            }
            Step::Create => {
                let options = ResponseOptions::default();
                self.ask(Wish::Other, Verb::Say(Command::CreateResponse(options)));
            }
            Step::Commit => {
                self.ask(Wish::Frame, Verb::Say(Command::CommitAudio));
            }
            Step::Cancel => {
                self.stopping = true;
                self.ask(Wish::Other, Verb::Say(Command::CancelResponse(None)));
            }
            Step::Interrupt { told } => {
                if *told {
                    self.report();
                }
                self.stopping = true;
                self.ask(Wish::Other, Verb::Interrupt);
            }
            Step::Answer { first, count } => {
                let open = self.calls.open();
                let first = usize::from(*first) % open.len().max(1);
                let calls = open.into_iter().cycle().skip(first);
                let calls = calls.take(usize::from(*count)).collect();
                self.answer_calls(calls);
            }
            Step::AnswerAnything(which) => {
                let calls = vec![self.calls.any(*which), self.calls.any(which / 2)];
                self.answer_calls(calls);
            }
            Step::Mute(muted) => {
                self.ask(Wish::Other, Verb::Mute(*muted));
            }
            Step::Update { voice, to } => {
                let (voice, to) = (*voice, to.to_string());
                let update = Update::change(move |config| {
                    if voice {
                        config.voice(to)
                    } else {
                        config.instructions(to)
                    }
                });
                self.ask(Wish::Other, Verb::Update(update));
            }
            Step::Remember => {
                self.ask(Wish::Other, Verb::History);
            }
            Step::Restore => self.restore(),
            _ => {}
        }
    }

    fn answer_calls(&mut self, calls: Vec<String>) {
        if calls.is_empty() {
            return;
        }
        let id = self.next_id();
        if self.calls.wait_for(&calls) {
            self.calls.answered(id, &calls);
            for call in &calls {
                self.chronicle
                    .command(id, Who::Tool, &format!("result:{call}"));
            }
        }
        let results = calls
            .iter()
            .map(|call| ToolResult::new(call.as_str().into(), "tool", "ok"));
        let results = Command::ToolResults(results.collect());
        self.ask(Wish::Answer(calls), Verb::Say(results));
    }

    fn network(&mut self, step: &Step) {
        match step {
            Step::Hold(held) => self.held = *held,
            Step::Stall(stalled) => {
                self.stalled = *stalled;
                self.ever_stalled |= *stalled;
                self.write();
            }
            Step::Drop => {
                if let Some(generation) = self.server.live() {
                    self.lose(generation, End::new(Stage::Live, How::Eof));
                }
            }
            Step::Deaf(deaf) => self.deaf = *deaf,
            Step::Receive(reception) => self.server.reception = Some(*reception),
            _ => {}
        }
    }

    fn server_does(&mut self, step: &Step) {
        let turns = self.manner.able.turns;
        match step {
            Step::Answers if turns => self.server.begin(),
            Step::Speaks { next, samples } if turns => self.server.speak(*next, *samples),
            Step::Speaks {
                next: true,
                samples,
            } => self.server.say(format!("zeros {samples}")),
            Step::Speaks { samples, .. } => self.server.say(format!("voice {samples}")),
            Step::Says if turns => self.server.words(),
            Step::Says => {
                let word = self.server.name("w");
                self.server.say(format!("said {word}"));
            }
            Step::UserSays => {
                let word = self.server.name("u");
                self.server.say(format!("heard {word}"));
            }
            Step::Calls => self.server.call(None),
            Step::CallsAgain(which) => self.server.call(Some(*which)),
            Step::Withdraws(which) => self.server.withdraw(*which),
            Step::Ends { cancelled } => self.server.end(*cancelled, self.now.as_millis() % 1000),
            Step::EndsAgain(which) => {
                if let Some((response, cost)) = self.costs.iter().nth(usize::from(*which)) {
                    self.server.say(format!("done {response} completed {cost}"));
                }
            }
            Step::UsedSoFar(more) => self.server.used_so_far(*more),
            Step::UserSpeaks if turns => self.server.say("speech".into()),
            Step::UserStops if turns => self.server.say("silence".into()),
            Step::Interrupts if turns => self.server.say("interrupted".into()),
            Step::Handle(given) if self.manner.able.resume => self.server.give_handle(*given),
            Step::GoesAway(left) => self.server.say(format!("goaway {left}")),
            Step::Confirms(at_once) => self.server.confirms = *at_once,
            Step::ConfirmsOne { which, refused } => self.server.confirm(*which, *refused),
            Step::Echo(which) => {
                let gone = self.server.peers.keys().nth(usize::from(*which)).copied();
                if let Some(gone) = gone.filter(|gone| Some(*gone) < self.generation) {
                    self.frame(gone, "speak echo echo echo");
                }
            }
            _ => {}
        }
    }

    fn report(&mut self) {
        if let Some(played) = self.speaker.report(self.now) {
            self.put(Input::Command(EngineCommand::Played(played)));
        }
    }

    pub(super) fn read(&mut self, events: usize) {
        let mut begun = Vec::new();
        for _ in 0..events {
            let Some(event) = self.engine.take_event(self.now) else {
                break;
            };
            assert_eq!(self.ends.0, 0, "an event after the end");
            if let Event::Audio(chunk) = &event {
                self.downlink.read += chunk.samples();
                if let Some(item) = &chunk.item {
                    begun.extend(self.speaker.take(self.now, item.as_str(), chunk.samples()));
                }
                continue;
            }
            let shown = self.shown.pop_front();
            assert_eq!(shown, Some(std::mem::discriminant(&event)), "{event:?}");
            self.ends.0 += usize::from(matches!(event, Event::Ended(_)));
        }
        self.engine.after_taking(self.now);
        self.run();
        for played in begun {
            self.put(Input::Command(EngineCommand::Played(played)));
        }
    }

    /// What the session tells at once; the reader gets the same in its own time.
    pub(super) fn show(&mut self, event: Event) {
        assert_eq!(self.ends.1, 0, "{event:?} after the end");
        if !matches!(event, Event::Audio(_)) {
            self.shown.push_back(std::mem::discriminant(&event));
        }
        let turns = self.manner.able.turns;
        match event {
            Event::Audio(chunk) => {
                self.downlink.shown += chunk.samples();
                let Some(item) = &chunk.item else { return };
                let response = chunk.response.as_ref().map(AsRef::as_ref);
                let void = self.chronicle.is_void(Some(item.as_str()), response);
                assert!(!void, "{chunk:?} was interrupted");
                assert_eq!(
                    chunk.offset,
                    self.speaker.offset(item.as_str()),
                    "{chunk:?}"
                );
                self.speaker
                    .produced(item.as_str(), response, chunk.samples());
            }
            Event::OutputTranscript(words) => {
                assert_ne!(words.text, "echo ", "a connection that is no more is heard");
                let item = words.item.as_ref().map(AsRef::as_ref);
                let response = words.response.as_ref().map(AsRef::as_ref);
                let void = self.engine.conversation.is_unsaid(&words);
                let stopped = self.chronicle.is_void(item, response);
                let may = response.is_some_and(|response| self.stopped.contains(response));
                assert!(
                    void == stopped || (void && may),
                    "{words:?}: void is {void}"
                );
                if !void {
                    self.chronicle.say(Who::Model, item, &words.text);
                }
            }
            Event::InputTranscript(words) => self.chronicle.say(Who::User, None, &words.text),
            Event::SpeechStopped(_) if !turns => self.chronicle.complete(Some(Who::User)),
            Event::ToolCall(call) => {
                self.calls.announced(call.id.as_str());
                self.chronicle.call(call.id.as_str());
            }
            Event::ToolCallsCancelled { calls } => {
                for call in calls {
                    self.calls.withdrawn(call.as_str());
                }
            }
            Event::ResponseStarted { response } => {
                self.response = response.map(|response| response.as_str().to_owned());
                if std::mem::take(&mut self.stopping) {
                    self.stopped.extend(self.response.clone());
                }
            }
            Event::ResponseDone(done) => {
                let response = done.response.as_ref().map(AsRef::<str>::as_ref);
                self.speaker.nothing_more_of(response);
                self.chronicle.complete((!turns).then_some(Who::Model));
                if response.is_none() || response == self.response.as_deref() {
                    self.response = None;
                }
            }
            Event::Error(error) if error.fault == Fault::Timeout => self.response = None,
            Event::InterruptionSettled(report) => {
                match self.interruption.take() {
                    Some(begun) => assert_eq!(begun.items, report.items),
                    None => self.stop(&report),
                }
                self.downlink.void += report.unread_bytes as u64;
            }
            Event::Rotated(rotation) => self.rotated(&rotation),
            Event::Ended(_) => self.ends.1 += 1,
            _ => {}
        }
    }

    /// What is reported of a new connection is what the server knows.
    fn rotated(&mut self, rotation: &Rotation) {
        assert_eq!(Some(rotation.generation), self.engine.state().generation);
        if rotation.recovery == Recovery::Reverted {
            return;
        }
        let truth = self.server.peers[&rotation.generation].recovery;
        assert_eq!(rotation.recovery, truth, "{rotation:?}");
        let losses = &rotation.losses;
        let void: Vec<_> = losses
            .calls_void
            .iter()
            .map(|call| call.as_str().to_owned())
            .collect();
        if truth != Recovery::Resumed {
            let asked = &self.asked;
            self.chronicle.retold(|id| !asked.was_heard(id));
        }
        self.calls.rotated(truth == Recovery::Resumed, &void);
        assert!(
            losses.response_lost || !losses.response_asked_again,
            "{rotation:?}"
        );
    }

    pub(super) fn answered(&mut self, id: CommandId, outcome: Outcome) {
        let id = id.get();
        let (wish, returned) = self.asked.answer(id, &outcome);
        match &wish {
            Wish::Words if returned == Some(Returned::Lost) => self.chronicle.doubt(id),
            Wish::Words if returned.is_some() => self.chronicle.returned(id),
            Wish::Answer(_) if self.calls.is_answered_by(id) => {
                assert_ne!(
                    returned,
                    Some(Returned::Refused),
                    "{outcome:?} to an open call"
                );
                if let Some(returned) = returned {
                    self.calls.returned(id, returned == Returned::Lost);
                    if returned == Returned::Lost {
                        self.chronicle.doubt(id);
                    } else {
                        self.chronicle.returned(id);
                    }
                }
            }
            Wish::Answer(calls) => {
                // It may have been void since, as its connection is gone.
                let known = matches!(returned, Some(Returned::Refused | Returned::Lost));
                assert!(known || self.is_over(), "{outcome:?} to {calls:?}");
            }
            _ => {}
        }
        match outcome {
            Outcome::History(history) => self.chronicle.check(&history),
            Outcome::Snapshot(kept) => self.snapshot = Some(*kept),
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        self.closing || self.engine.state().ended.is_some()
    }
}
