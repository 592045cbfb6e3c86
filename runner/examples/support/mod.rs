//! Whom the examples speak with.

use std::error::Error;

use antiphon_emulator::{Emulator, Script};
use antiphon_openai::OpenAi;
use antiphon_protocol::SessionConfig;
use antiphon_runner::{Control, Runner, RunnerBuilder};
use tokio::sync::mpsc;

/// What an example may end with.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// What the model says, answer by answer.
pub(crate) struct Answers {
    said: mpsc::UnboundedReceiver<String>,
    _emulator: Emulator,
}

/// An agent of the service, or without a key of an emulator that plays `script`, and its answers.
pub(crate) async fn agent(script: &str) -> Result<(RunnerBuilder, Answers), Box<dyn Error>> {
    let script: Script = script.parse()?;
    let emulator = Emulator::builder().script(script).start().await?;
    let provider = match std::env::var("OPENAI_API_KEY") {
        Ok(key) => OpenAi::realtime(key),
        Err(_) => OpenAi::realtime("")
            .without_key()
            .with_base_url(&emulator.url())?,
    };
    let (say, said) = mpsc::unbounded_channel();
    let agent = Runner::builder(provider)
        .config(SessionConfig::new("gpt-realtime"))
        .on_error(|problem| eprintln!("! {problem}"))
        .on_output_transcript(move |text| {
            if text.done {
                say.send(text.text)
            } else {
                Ok(())
            }
        });
    Ok((
        agent,
        Answers {
            said,
            _emulator: emulator,
        },
    ))
}

impl Answers {
    /// Says something as the user and waits for the model's answer.
    pub(crate) async fn to(&mut self, control: &Control, words: &str) -> Outcome {
        println!("user:  {words}");
        control.send_text(words).await?;
        self.next().await
    }

    /// Waits for what the model says next.
    pub(crate) async fn next(&mut self) -> Outcome {
        let answer = self.said.recv().await.ok_or("the session is over")?;
        println!("model: {answer}");
        Ok(())
    }
}
