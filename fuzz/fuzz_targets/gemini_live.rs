//! Decoding of the Gemini Live wire: nothing panics, raw frames come back byte for byte, and what is
//! typed survives a second round.
#![no_main]

use antiphon_gemini_live_types as wire;
use libfuzzer_sys::fuzz_target;

macro_rules! round {
    ($events:path, $frame:expr) => {{
        use $events as Events;
        match Events::from_slice($frame) {
            Err(_) => {}
            Ok(event @ (Events::Unknown(_) | Events::Degraded(_))) => {
                assert_eq!(event.to_json().as_bytes(), $frame);
            }
            Ok(event) => {
                let again = Events::from_json(&event.to_json()).expect("what we write, we read");
                assert_eq!(event, again);
            }
        }
    }};
}

fuzz_target!(|frame: &[u8]| {
    round!(wire::ServerFrame, frame);
    round!(wire::ClientFrame, frame);
});
