//! Everything that any crate logs, at every level, and what panics say.

use std::{
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use crate::canaries::clean;

/// Where it came from, and what it said.
pub(crate) type Record = (String, String);

static RECORDS: Mutex<Vec<Record>> = Mutex::new(Vec::new());
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct LogCapture;

impl log::Log for LogCapture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        put(record.target(), record.args().to_string());
    }

    fn flush(&self) {}
}

#[derive(Clone, Copy)]
struct TracingCapture;

impl io::Write for TracingCapture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        put("tracing", String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn put(target: &str, text: String) {
    RECORDS.lock().unwrap().push((target.to_owned(), text));
}

/// The only test that runs, and the records of what it does.
pub(crate) struct Captured(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

/// Sets the loggers and the panic hook up, once for the process, and forgets what was said before.
pub(crate) fn capture() -> Captured {
    static SET_UP: Once = Once::new();
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    SET_UP.call_once(|| {
        log::set_logger(&LogCapture).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| TracingCapture)
            .init();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            put("panic", panic.to_string());
            before(panic);
        }));
        log::trace!("the log capture works");
        tracing::trace!("the tracing capture works");
        let said = take();
        for capture in ["the log capture works", "the tracing capture works"] {
            assert!(said.iter().any(|(_, text)| text.contains(capture)));
        }
    });
    take();
    Captured(alone)
}

/// What was said since the last time.
pub(crate) fn take() -> Vec<Record> {
    std::mem::take(&mut RECORDS.lock().unwrap())
}

/// Fails when any record shows any secret, whichever crate it comes from.
pub(crate) fn judge(records: &[Record]) -> Result<(), String> {
    records
        .iter()
        .try_for_each(|(target, text)| clean(&format!("a record of {target}"), text))
}
