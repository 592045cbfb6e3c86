//! The way to the other side: what may be reached and trusted, what is recorded, what is played back.

use std::{
    fmt,
    fs::{self, File},
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
};

use antiphon_transport::{Dial, RecordingDial, WsDial, testing::ReplayDial};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::{
    cli::Options,
    exit::{Exit, Failure},
    reply::unwritable,
};

/// How connections are made.
pub struct Wire {
    dial: Arc<dyn Dial>,
    recording: Option<Recording>,
}

/// What is recorded, and where to.
#[derive(Clone, Debug)]
pub struct Recording {
    path: PathBuf,
    dial: Arc<RecordingDial>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// The way that the command line describes.
    ///
    /// # Errors
    /// When a file of certificates or a recording cannot be used, or the recording cannot be written.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        let dial: Arc<dyn Dial> = match &options.replay {
            Some(path) => Arc::new(replay(path)?),
            None => Arc::new(network(options)?),
        };
        let Some(path) = &options.record else {
            return Ok(Self {
                dial,
                recording: None,
            });
        };
        let file =
            File::create(path).map_err(|error| unwritable("--record", path, &error.to_string()))?;
        let recording = Recording {
            path: path.clone(),
            dial: Arc::new(RecordingDial::new(dial, BufWriter::new(file))),
        };
        Ok(Self {
            dial: Arc::clone(&recording.dial) as Arc<dyn Dial>,
            recording: Some(recording),
        })
    }

    /// What makes the connections.
    pub fn dial(&self) -> Arc<dyn Dial> {
        Arc::clone(&self.dial)
    }

    /// What is recorded, if anything is.
    pub fn recording(&self) -> Option<Recording> {
        self.recording.clone()
    }
}

impl Recording {
    /// Where the session writes down what it is fed.
    pub fn tape(&self) -> Arc<RecordingDial> {
        Arc::clone(&self.dial)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn finish(self) -> Result<(), Failure> {
        self.dial
            .flush()
            .map_err(|why| unwritable("--record", &self.path, &why))
    }
}

fn network(options: &Options) -> Result<WsDial, Failure> {
    let mut dial = WsDial::from_env();
    if let Some(host) = &options.insecure_plaintext_host {
        dial = dial.allow_plaintext_host(host);
    }
    if let Some(path) = &options.ca {
        dial = dial.only_roots(roots(path)?);
    }
    Ok(dial)
}

fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unusable = |why: String| {
        let shown = path.display();
        let sentence = format!("'{shown}' {why}: give a PEM file of root certificates to --ca");
        Failure::new(Exit::Input, sentence)
    };
    let text = fs::read(path).map_err(|error| unusable(format!("cannot be read ({error})")))?;
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match roots {
        Ok(roots) if roots.is_empty() => Err(unusable("holds no certificate".to_owned())),
        Ok(roots) => Ok(roots),
        Err(error) => Err(unusable(format!("is damaged ({error})"))),
    }
}

fn replay(path: &Path) -> Result<ReplayDial, Failure> {
    let unusable = |why: String| {
        let shown = path.display();
        let sentence = format!("'{shown}' {why}: give a file that --record has written");
        Failure::new(Exit::Input, sentence)
    };
    let lines =
        fs::read_to_string(path).map_err(|error| unusable(format!("cannot be read ({error})")))?;
    ReplayDial::new(&lines).map_err(|error| unusable(format!("is no recording ({error})")))
}
