//! Who decides when the user has finished, as this wire says it.

use std::time::Duration;

use antiphon_gemini_live_types as wire;
use antiphon_protocol::{ConfigField, Subject, TurnDetection, Unsupported};

const FIELD: ConfigField = ConfigField::TurnDetection;

pub(super) fn realtime_input(
    detection: &TurnDetection,
    subject: &Subject,
) -> Result<wire::RealtimeInputConfig, Unsupported> {
    let mut input = wire::RealtimeInputConfig::default();
    let mut automatic = wire::AutomaticActivityDetection::default();
    match detection {
        TurnDetection::Manual => automatic.disabled = Some(true),
        TurnDetection::ServerVad {
            threshold,
            prefix_padding,
            silence,
            create_response,
            interrupt_response,
            idle_timeout,
        } => {
            if threshold.is_some() {
                return Err(subject.field(
                    FIELD,
                    "this wire has no threshold but two sensitivities; set the native member \
                     realtimeInputConfig.automaticActivityDetection.startOfSpeechSensitivity",
                ));
            }
            if *create_response == Some(false) {
                return Err(subject.field(
                    FIELD,
                    "the model always answers when the user has finished; detect activity by \
                     hand instead",
                ));
            }
            if idle_timeout.is_some() {
                return Err(subject.field(FIELD, "the model never speaks up by itself"));
            }
            automatic.disabled = Some(false);
            automatic.prefix_padding_ms = millis(*prefix_padding, subject)?;
            automatic.silence_duration_ms = millis(*silence, subject)?;
            input.activity_handling = interrupt_response.map(|interrupts| {
                if interrupts {
                    wire::ActivityHandling::StartOfActivityInterrupts
                } else {
                    wire::ActivityHandling::NoInterruption
                }
            });
        }
        _ => {
            return Err(subject.field(
                FIELD,
                "the service detects speech by energy; use that, or detect it by hand",
            ));
        }
    }
    input.automatic_activity_detection = Some(automatic);
    Ok(input)
}

/// Whole milliseconds, in the 32 bits that the wire has for them.
fn millis(length: Option<Duration>, subject: &Subject) -> Result<Option<i64>, Unsupported> {
    let Some(length) = length else {
        return Ok(None);
    };
    i32::try_from(length.as_millis())
        .map(|millis| Some(i64::from(millis)))
        .map_err(|_| {
            subject.field(
                FIELD,
                "a length of time that is longer than the wire can say",
            )
        })
}
