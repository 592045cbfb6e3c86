//! A recorded session, lived through again.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_protocol::{Frame, Generation, Provider, ResumeToken, Secret, Time, Usage};
use antiphon_transport::{Machine, Recorded, RecordedLine, testing::BadRecording};

use super::Moment;
use crate::{
    engine::{Engine, EngineConfig},
    tape::{Begun, Fed, Line},
};

/// A recorded session, lived through again in the same engine, frame by frame.
///
/// The recording is the file of a [`RecordingDial`](antiphon_transport::RecordingDial) that was also
/// the session's [tape](crate::SessionBuilder::tape). Nothing is dialled and no time passes: inputs are
/// fed at the times at which they came, and cost what they cost then.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use antiphon_session::testing::{TimeTravel, Toy};
/// # use std::io;
/// # #[derive(Clone, Default)] struct File(Arc<Mutex<Vec<u8>>>);
/// # impl io::Write for File {
/// #     fn write(&mut self, b: &[u8]) -> io::Result<usize> { self.0.lock().unwrap().extend(b); Ok(b.len()) }
/// #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::time::pause();
/// let file = File::default();
/// let toy = Toy::new();
/// let (session, _events, _peer, server) = toy.recorded(file.clone()).await?;
/// session.send_text("hello?").await?;
/// server.say("started r1");
/// server.say("text r1 good morning");
/// session.close().await;
///
/// let recording = String::from_utf8(file.0.lock().unwrap().clone())?;
/// let mut travel = TimeTravel::new(toy, &recording)?;
/// let moment = travel.to(2);
/// assert_eq!(moment.gate.state, "active");
/// assert_eq!(moment.history.len(), 1, "the answer comes with the third frame");
/// assert_eq!(travel.to(travel.frames()).state, *session.state().borrow());
/// # Ok(())
/// # }
/// ```
pub struct TimeTravel {
    provider: Arc<dyn Provider>,
    begun: Begun,
    /// The first input's place among the steps.
    steps: Vec<Step>,
    frames: usize,
    life: Life,
}

/// One thing of a recording.
enum Step {
    /// A connection was dialled.
    Opened(u32),
    /// A frame was heard on it.
    Heard(u32, Frame),
    /// The session was fed, which cost so much.
    Fed(Time, Fed, u64),
}

/// The session that is lived through.
struct Life {
    engine: Engine,
    next: usize,
    frame: usize,
    at: Time,
    /// Which connection of the recording was dialled last, and which one each generation is.
    dialled: u32,
    wires: BTreeMap<Generation, u32>,
    heard: BTreeMap<u32, VecDeque<Frame>>,
    /// What the input that comes next costs; whoever asks first pays all of it.
    charge: Arc<AtomicU64>,
}

impl fmt::Debug for TimeTravel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeTravel")
            .field("provider", &self.provider.name())
            .field("frame", &self.life.frame)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// The name of the provider that a recorded session spoke with.
///
/// # Errors
/// When the recording cannot be read or holds no tape.
pub fn recorded_provider(recording: &str) -> Result<String, BadRecording> {
    let (begun, _) = read(recording)?;
    Ok(begun.provider)
}

impl TimeTravel {
    /// Stands before the first frame of `recording`, one JSON object a line. `provider` must be
    /// described as it was then; its key does not matter.
    ///
    /// # Errors
    /// When a line is not one of a recording, or the session was not recorded with a tape.
    pub fn new(provider: impl Provider + 'static, recording: &str) -> Result<Self, BadRecording> {
        let (begun, steps) = read(recording)?;
        let frames = steps
            .iter()
            .filter(|step| matches!(step, Step::Fed(_, Fed::Frame { .. }, _)))
            .count();
        let provider: Arc<dyn Provider> = Arc::new(provider);
        let life = Life::new(&provider, &begun);
        let mut travel = Self {
            provider,
            begun,
            steps,
            frames,
            life,
        };
        travel.to(0);
        Ok(travel)
    }

    /// How many frames the session heard.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Goes to a frame, counted from 1, forwards or back, and says what the session was just before it
    /// heard the next one; the end where there are not so many.
    pub fn to(&mut self, frame: usize) -> Moment {
        if frame < self.life.frame {
            self.life = Life::new(&self.provider, &self.begun);
        }
        while let Some(step) = self.steps.get(self.life.next) {
            if matches!(step, Step::Fed(_, Fed::Frame { .. }, _)) && self.life.frame >= frame {
                break;
            }
            self.life.next += 1;
            self.life.step(step);
        }
        let mut moment = self.life.engine.moment();
        moment.frame = self.life.frame;
        moment.at = self.life.at;
        moment
    }
}

impl Life {
    fn new(provider: &Arc<dyn Provider>, begun: &Begun) -> Self {
        let mut restore = begun.restore.clone();
        if let Some(snapshot) = restore.as_mut().filter(|_| begun.by_handle) {
            snapshot.resume = Some(ResumeToken(Secret::from("a recording holds no handles")));
        }
        let capabilities = provider.capabilities(&begun.config.model).into_owned();
        let charge = Arc::new(AtomicU64::new(0));
        let due = Arc::clone(&charge);
        Self {
            engine: Engine::new(EngineConfig {
                provider: Arc::clone(provider),
                config: Arc::new(begun.config.clone()),
                capabilities,
                link: begun.link.clone(),
                limits: begun.limits.clone(),
                pacing: begun.pacing,
                follow_up: begun.follow_up,
                late_results: begun.late_results,
                seed: begun.seed,
                derivation: begun.derivation.clone(),
                prices: Some(Arc::new(move |_: &str, _: &Usage| {
                    due.swap(0, Ordering::Relaxed)
                })),
                budget: begun.budget,
                restore,
            }),
            next: 0,
            frame: 0,
            at: Time::ZERO,
            dialled: 0,
            wires: BTreeMap::new(),
            heard: BTreeMap::new(),
            charge,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Opened(connection) => self.dialled = *connection,
            Step::Heard(connection, frame) => {
                let heard = self.heard.entry(*connection).or_default();
                heard.push_back(frame.clone());
            }
            Step::Fed(at, fed, charge) => {
                self.at = *at;
                self.charge.store(*charge, Ordering::Relaxed);
                self.feed(fed);
                while self.engine.poll_output().is_some() {}
            }
        }
    }

    fn feed(&mut self, fed: &Fed) {
        match fed {
            Fed::Begun(_) => return self.engine.start(self.at),
            Fed::Taken(events) => {
                for _ in 0..*events {
                    self.engine.take_event(self.at);
                }
                return self.engine.after_taking(self.at);
            }
            Fed::Dialed { generation } => {
                self.wires.insert(*generation, self.dialled);
            }
            Fed::Frame { .. } => self.frame += 1,
            _ => {}
        }
        let (wires, heard) = (&self.wires, &mut self.heard);
        let input = fed.input(|generation| {
            let connection = wires.get(&generation)?;
            heard.get_mut(connection)?.pop_front()
        });
        if let Some(input) = input {
            self.engine.handle(self.at, input);
        }
    }
}

fn read(recording: &str) -> Result<(Begun, Vec<Step>), BadRecording> {
    let mut begun = None;
    let mut steps = Vec::new();
    for (place, text) in recording.lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let bad = |why: String| BadRecording {
            line: place + 1,
            why,
        };
        let line: RecordedLine =
            serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        match line.what {
            Recorded::Open { .. } => steps.push(Step::Opened(line.connection)),
            Recorded::HeardText { text } => {
                steps.push(Step::Heard(line.connection, Frame::text(text)));
            }
            Recorded::HeardBinary { base64 } => {
                let data = base64_simd::STANDARD
                    .decode_to_vec(base64)
                    .map_err(|_| bad("the frame is not base64".to_owned()))?;
                steps.push(Step::Heard(line.connection, Frame::binary(data)));
            }
            Recorded::Note { note } => {
                let note: Line =
                    serde_json::from_value(note).map_err(|error| bad(error.to_string()))?;
                if let Fed::Begun(its) = &note.fed
                    && begun.replace((**its).clone()).is_some()
                {
                    return Err(bad(
                        "another session begins in the same recording".to_owned()
                    ));
                }
                let last = steps.iter_mut().rev().find_map(|step| match step {
                    Step::Fed(_, _, charge) => Some(charge),
                    _ => None,
                });
                match (note.fed, last) {
                    (Fed::Charged(charge), Some(last)) => *last = charge,
                    (fed, _) => steps.push(Step::Fed(note.at, fed, 0)),
                }
            }
            _ => {}
        }
    }
    let begun = begun.ok_or_else(|| BadRecording {
        line: 1,
        why: "only what travelled was recorded: give the recording to the session as its tape, too"
            .to_owned(),
    })?;
    Ok((begun, steps))
}
