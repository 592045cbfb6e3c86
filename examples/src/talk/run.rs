//! One run of the program: everything is checked, then dialled, held, written down and summed up.

use std::{env, path::Path, time::Duration};

use antiphon_emulator::Emulator;
use antiphon_protocol::{AudioFormat, Ended};
use antiphon_runner::{Runner, StartError};
use antiphon_session::ConnectError;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{
    account::Account,
    agent::Agent,
    cli::Options,
    conversation::{Conversation, Cue, Habits, Line, Recording, Remains, Stop},
    events_log::EventsLog,
    exit::{Exit, Failure},
    picture::picture,
    plan::{Part, Plan, Planned},
    progress::Progress,
    reply::{self, unwritable},
    service::Service,
    summary::{self, EndReport, Lost, Summary},
    target::Target,
    timeline::{self, Sound, Timeline},
    verdict::{self, Scene},
    wire_audio,
};

/// Kept back from the time allowed, for closing and for writing files.
const RESERVE: Duration = Duration::from_millis(1500);

/// Runs it. Answers with the summary, and with what went wrong if something did.
pub async fn run(
    options: &Options,
    progress: Progress,
    started: Instant,
) -> (Summary, Option<Failure>) {
    match Stage::set(options, &progress, started).await {
        Ok(stage) => stage.play(options, progress).await,
        Err(failure) => (Summary::failed(options, &failure), Some(failure)),
    }
}

/// Everything that can be known before anything is dialled.
struct Stage {
    service: Service,
    agent: Agent,
    cues: Vec<Cue>,
    log: Option<EventsLog>,
    /// Stops when it is dropped.
    _emulator: Option<Emulator>,
    has_key: bool,
    timeout: Duration,
    deadline: Instant,
    farewell: Duration,
}

impl Stage {
    async fn set(
        options: &Options,
        progress: &Progress,
        started: Instant,
    ) -> Result<Self, Failure> {
        let service = Service::named(&options.provider)?;
        let target = Target::choose(service, options, |name| env::var(name).ok())?;
        let plan = Plan::new(options)?;
        check_folder("--output", &options.output)?;
        check_folder("--timeline", &options.timeline)?;
        let emulator = match target {
            Target::Emulator => Some(Emulator::builder().start().await.map_err(|error| {
                let sentence =
                    format!("the emulator cannot listen on 127.0.0.1 ({error}): give --url");
                Failure::new(Exit::Dial, sentence)
            })?),
            _ => None,
        };
        let url = emulator.as_ref().map(|emulator| service.emulated(emulator));
        let agent = Agent::new(service, options, &target, url.as_deref())?;
        let cues: Result<Vec<Cue>, Failure> = plan
            .turns
            .into_iter()
            .map(|turn| cue(turn, agent.input))
            .collect();
        let cues = cues?;
        let log = options
            .events
            .as_deref()
            .map(EventsLog::create)
            .transpose()?;
        if emulator.is_some() {
            progress.say(format_args!(
                "no key in {} and no --url: talking with the embedded emulator at {}",
                service.key_variable(),
                agent.address
            ));
        } else {
            progress.say(format_args!(
                "talking with {} at {}",
                service.name(),
                agent.address
            ));
        }
        let reserve = RESERVE.min(plan.timeout / 3);
        Ok(Self {
            service,
            agent,
            cues,
            log,
            _emulator: emulator,
            has_key: matches!(target, Target::Service(_) | Target::Address(_, Some(_))),
            timeout: plan.timeout,
            deadline: started + plan.timeout - reserve,
            farewell: reserve / 3,
        })
    }

    async fn play(self, options: &Options, progress: Progress) -> (Summary, Option<Failure>) {
        let recording = self.agent.recording.clone();
        let (address, output, input) = (
            self.agent.address.clone(),
            self.agent.output,
            self.agent.input,
        );
        let scene = Scene {
            service: self.service,
            address: &address,
            has_key: self.has_key,
            was_live: false,
            timeout: self.timeout,
        };
        let name = self.service.name();
        let model = options.model.as_deref().unwrap_or(self.service.model());
        let title = format!("{name} · {model} · {address}");
        let (told, tools) = mpsc::unbounded_channel();
        let stop = stop_order();
        tokio::pin!(stop);
        let connected = tokio::select! {
            biased;
            // Dropping a dial closes what was begun.
            () = &mut stop => Err((None, None)),
            connected = timeout_at(self.deadline, self.agent.connect(told)) => match connected {
                Ok(connected) => connected.map_err(|error| not_started(error, scene)),
                Err(_) => Err((None, Some(verdict::unanswered(scene)))),
            },
        };
        let report = match connected {
            Ok(runner) => {
                welcome(&progress, &runner);
                let habits = Habits {
                    pace: options.pace,
                    deadline: self.deadline,
                    farewell: self.farewell,
                };
                let talk = Conversation::new(runner, tools, self.cues, habits, self.log, progress);
                let remains = talk.hold(stop).await;
                Report::of(
                    remains,
                    Scene {
                        was_live: true,
                        ..scene
                    },
                    input,
                )
            }
            Err((ended, failure)) => Report {
                ended,
                failure,
                log: self.log,
                ..Report::default()
            },
        };
        let report = Report {
            recording,
            ..report
        };
        report.write(options, address, title, output)
    }
}

/// A turn, ready to be said.
fn cue(turn: Planned, format: AudioFormat) -> Result<Cue, Failure> {
    let line = match turn.part {
        Part::Words(words) => Line::Words(words),
        Part::Recording(clip) => {
            let samples = wire_audio::resample(&clip, format.rate)?;
            Line::Recording(Recording {
                wire: wire_audio::encode(&samples, format.encoding),
                duration: clip.duration(),
                last_sound: clip.last_sound(),
                name: clip.name,
                sound: Sound {
                    at: Duration::ZERO,
                    rate: clip.rate,
                    samples: clip.samples,
                },
            })
        }
    };
    Ok(Cue {
        line,
        start: turn.start,
    })
}

/// What is known at the end, whichever end it was.
#[derive(Debug, Default)]
struct Report {
    account: Account,
    remains: Option<(Vec<Sound>, Vec<super::speaker::Stretch>, Duration)>,
    reconnects: u32,
    lost: Lost,
    ended: Option<Ended>,
    failure: Option<Failure>,
    log: Option<EventsLog>,
    recording: Option<super::wire::Recording>,
}

impl Report {
    fn of(remains: Remains, scene: Scene<'_>, input: AudioFormat) -> Self {
        let failure = failure(&remains, scene);
        let losses = &remains.losses;
        let lost = Lost {
            input_audio_ms: input.millis_of(remains.unsent),
            items: losses.items_lost as u64,
            responses: u64::from(losses.response_lost),
            tool_calls: losses.calls_void.len() as u64,
            malformed_frames: remains.account.malformed,
        };
        Self {
            account: remains.account,
            remains: Some((remains.said, remains.heard, remains.end)),
            reconnects: remains.reconnects,
            lost,
            ended: Some(remains.ended),
            failure,
            log: remains.log,
            recording: None,
        }
    }

    /// Writes every file, whatever went wrong before or with another of them.
    fn write(
        self,
        options: &Options,
        address: String,
        title: String,
        format: AudioFormat,
    ) -> (Summary, Option<Failure>) {
        let turns = summary::turns(&self.account, format);
        let (said, heard, end) = self.remains.unwrap_or_default();
        let reply = reply::write(&options.output, format.rate, &heard);
        let picture = picture(title, &self.account, said, &heard, format, end);
        let drawn = draw(&options.timeline, &picture);
        let logged = self.log.map_or(Ok(()), EventsLog::finish);
        let recorded = self
            .recording
            .map_or(Ok(()), super::wire::Recording::finish);
        let written = [reply, drawn, logged, recorded];
        let written = written.into_iter().find_map(Result::err);
        let failure = self.failure.or(written);
        let ended = match &failure {
            Some(failure) => EndReport::failed(failure, self.ended),
            None => EndReport::orderly(self.ended),
        };
        let summary = Summary {
            provider: options.provider.clone(),
            url: Some(address),
            turns,
            usage: self.account.usage,
            reconnects: self.reconnects,
            lost: self.lost,
            ended,
        };
        (summary, failure)
    }
}

/// What went wrong in a conversation that was begun, if anything did.
fn failure(remains: &Remains, scene: Scene<'_>) -> Option<Failure> {
    let Remains { account, stop, .. } = remains;
    let (address, malformed) = (scene.address, account.malformed);
    if malformed > 0 {
        let sentence = format!(
            "{address} sent {malformed} frames that are not of the {} protocol: check that it is such \
             a service and that --url is right",
            scene.service.protocol()
        );
        return Some(Failure::new(Exit::Garbage, sentence));
    }
    if !remains.ended.is_orderly() {
        return Some(verdict::of_end(&remains.ended, scene));
    }
    if remains.cut_off {
        let sentence =
            format!("{address} closed the connection in the middle of a turn: run it again");
        return Some(Failure::new(Exit::Closed, sentence));
    }
    if *stop == Stop::TimeUp {
        let seconds = scene.timeout.as_secs_f64();
        let said = account.complaint.as_ref();
        let said = said.map_or(String::new(), |said| format!(" (its last error: {said})"));
        let turn = account.turns.len().max(1);
        let sentence = format!(
            "{address} had not answered turn {turn} when the {seconds} s were up{said}: raise --timeout, \
             or check that the recording holds speech"
        );
        return Some(Failure::new(Exit::Timeout, sentence));
    }
    account.turns.iter().enumerate().find_map(|(index, turn)| {
        let why = turn.failure.as_ref()?;
        let sentence = format!(
            "turn {} failed: {why}: say it again, or another way",
            index + 1
        );
        Some(Failure::new(Exit::Turn, sentence))
    })
}

fn not_started(error: StartError, scene: Scene<'_>) -> (Option<Ended>, Option<Failure>) {
    match error {
        StartError::Session(ConnectError::Ended(ended)) => {
            let failure = verdict::of_end(&ended, scene);
            (Some(*ended), Some(failure))
        }
        error => {
            let sentence = format!("{error}: check --model and --voice");
            (None, Some(Failure::new(Exit::Configuration, sentence)))
        }
    }
}

fn welcome(progress: &Progress, runner: &Runner) {
    let control = runner.control();
    let (input, output) = (control.input_format(), control.output_format());
    progress.say(format_args!(
        "connected: {input} to the model, {output} back"
    ));
}

/// Resolves when the person presses Ctrl-C; never where that cannot be noticed.
async fn stop_order() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn check_folder(option: &str, path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(unwritable(option, path, "it is a folder"));
    }
    if !folder.is_dir() {
        return Err(unwritable(option, path, "its folder does not exist"));
    }
    Ok(())
}

fn draw(path: &Path, picture: &Timeline) -> Result<(), Failure> {
    std::fs::write(path, timeline::draw(picture))
        .map_err(|error| unwritable("--timeline", path, &error.to_string()))
}
