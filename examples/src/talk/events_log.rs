//! Every event as a line of JSON.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_protocol::Event;
use serde::Serialize;

use super::{exit::Failure, reply::unwritable};

/// A file that takes events.
#[derive(Debug)]
pub struct EventsLog {
    path: PathBuf,
    file: BufWriter<File>,
    /// What went wrong, once something has.
    fault: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Milliseconds on the conversation's clock.
    t_ms: u128,
    #[serde(flatten)]
    event: &'a Event,
}

impl EventsLog {
    /// Begins a file; an old one of that name is overwritten.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let file =
            File::create(path).map_err(|error| unwritable("--events", path, &error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            fault: None,
        })
    }

    /// Adds an event. A fault is kept for [`EventsLog::finish`].
    pub fn add(&mut self, at: Duration, event: &Event) {
        if self.fault.is_some() {
            return;
        }
        let line = Line {
            t_ms: at.as_millis(),
            event,
        };
        let written = serde_json::to_writer(&mut self.file, &line)
            .map_err(|error| error.to_string())
            .and_then(|()| {
                self.file
                    .write_all(b"\n")
                    .map_err(|error| error.to_string())
            });
        self.fault = written.err();
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn finish(mut self) -> Result<(), Failure> {
        let fault = self
            .fault
            .take()
            .or_else(|| self.file.flush().err().map(|e| e.to_string()));
        fault.map_or(Ok(()), |why| Err(unwritable("--events", &self.path, &why)))
    }
}
