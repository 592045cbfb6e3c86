//! What the caller will say, and when: read and checked before anything is dialled.

use std::time::Duration;

use super::{
    cli::{Given, Options, Pace},
    clip::Clip,
    exit::Failure,
};

/// The turns of the caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In order.
    pub turns: Vec<Planned>,
    /// When to give up.
    pub timeout: Duration,
}

/// One turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What is said.
    pub part: Part,
    /// When.
    pub start: Start,
}

/// What is said in a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A recording.
    Recording(Clip),
    /// Written words.
    Words(String),
}

/// When a turn begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// When the answer before it is over.
    WhenIdle,
    /// When this much of the answer before it has been heard, or it is over.
    WhileHearing(Duration),
}

/// When the bundled interruption falls into the answer.
const INTO_THE_ANSWER: Duration = Duration::from_millis(1500);

impl Plan {
    /// The turns of a command line; without any, the bundled conversation.
    ///
    /// # Errors
    /// When a recording cannot be used.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        if options.turns().is_empty() {
            let timeout = options.timeout.unwrap_or(Duration::from_secs(45));
            return Ok(Self {
                turns: bundled()?,
                timeout,
            });
        }
        let turns: Result<Vec<Planned>, Failure> = options.turns().iter().map(planned).collect();
        let turns = turns?;
        let timeout = options
            .timeout
            .unwrap_or_else(|| patience(&turns, options.pace));
        Ok(Self { turns, timeout })
    }

    /// Whether anything is said aloud.
    pub fn is_spoken(&self) -> bool {
        self.turns
            .iter()
            .any(|turn| matches!(turn.part, Part::Recording(_)))
    }
}

fn planned(given: &Given) -> Result<Planned, Failure> {
    let part = match given {
        Given::Recording(path) => Part::Recording(Clip::open(path)?),
        Given::Text(words) => Part::Words(words.clone()),
    };
    Ok(Planned {
        part,
        start: Start::WhenIdle,
    })
}

fn bundled() -> Result<Vec<Planned>, Failure> {
    let clip = |name: &str, data: &[u8]| {
        Clip::read(name.to_owned(), data, "the bundled recording").map(Part::Recording)
    };
    let question = clip("question", include_bytes!("../../assets/question.wav"))?;
    let interruption = clip(
        "interruption",
        include_bytes!("../../assets/interruption.wav"),
    )?;
    Ok(vec![
        Planned {
            part: question,
            start: Start::WhenIdle,
        },
        Planned {
            part: interruption,
            start: Start::WhileHearing(INTO_THE_ANSWER),
        },
    ])
}

fn patience(turns: &[Planned], pace: Pace) -> Duration {
    let further = u32::try_from(turns.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let mut patience = Duration::from_secs(60) + Duration::from_secs(30).saturating_mul(further);
    if pace == Pace::Real {
        let clips = turns.iter().filter_map(|turn| match &turn.part {
            Part::Recording(clip) => Some(clip.duration()),
            Part::Words(_) => None,
        });
        patience += clips.sum::<Duration>();
    }
    patience
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn plan(line: &str) -> Result<Plan, Failure> {
        let line = ["talk"]
            .into_iter()
            .chain(line.split_whitespace())
            .map(OsString::from);
        Plan::new(&Options::read(line).unwrap())
    }

    #[test]
    fn without_turns_a_question_is_asked_and_its_answer_interrupted() {
        let plan = plan("").unwrap();
        let starts: Vec<_> = plan.turns.iter().map(|turn| turn.start).collect();
        assert_eq!(
            starts,
            [Start::WhenIdle, Start::WhileHearing(INTO_THE_ANSWER)]
        );
        assert!(plan.is_spoken());
        assert_eq!(plan.timeout, Duration::from_secs(45));
    }

    #[test]
    fn patience_grows_with_the_turns_unless_it_is_given() {
        assert_eq!(plan("--text one").unwrap().timeout, Duration::from_secs(60));
        assert_eq!(
            plan("--text one --text two").unwrap().timeout,
            Duration::from_secs(90)
        );
        assert_eq!(
            plan("--text one --timeout 2.5").unwrap().timeout,
            Duration::from_millis(2500)
        );
    }

    #[test]
    fn a_recording_that_cannot_be_used_stops_everything() {
        assert!(plan("--text one --input no/such.wav").is_err());
    }
}
