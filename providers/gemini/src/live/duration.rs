//! Lengths of time in every form that a service has been seen to write, or might.

use std::time::Duration;

use serde_json::Value;

/// Reads `"9.5s"`, and with it numbers, numbers in strings, and objects of seconds and nanos. What
/// is below zero is zero; what cannot be read is nothing.
pub(super) fn read(value: &Value) -> Option<Duration> {
    match value {
        Value::String(text) => of_text(text),
        Value::Number(number) => of_seconds(number.as_f64()?),
        Value::Object(parts) => {
            let seconds = parts.get("seconds").map_or(Some(0.0), number)?;
            let nanos = parts.get("nanos").map_or(Some(0.0), number)?;
            of_seconds(seconds + nanos / 1e9)
        }
        _ => None,
    }
}

/// Reads the text of a length of time.
pub(super) fn of_text(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    of_seconds(number.trim().parse::<f64>().ok()? * unit)
}

fn of_seconds(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let millis = |millis| Some(Duration::from_millis(millis));
        for (value, length) in [
            (json!("50s"), millis(50_000)),
            (json!("1.5s"), millis(1_500)),
            (json!(" 0.25 s "), millis(250)),
            (json!("250ms"), millis(250)),
            (json!("7"), millis(7_000)),
            (json!(7.5), millis(7_500)),
            (json!({"seconds": 3, "nanos": 500_000_000}), millis(3_500)),
            (json!({"seconds": "3"}), millis(3_000)),
            (json!({}), millis(0)),
            (json!("-3s"), millis(0)),
            (json!(-1), millis(0)),
            (json!("1e400s"), Some(Duration::MAX)),
            (json!(""), None),
            (json!("s"), None),
            (json!("NaNs"), None),
            (json!("soon"), None),
            (json!(null), None),
            (json!([1]), None),
            (json!({"seconds": "x"}), None),
        ] {
            assert_eq!(read(&value), length, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in ".*") {
            let _ = of_text(&text);
            let _ = read(&Value::String(text));
        }
    }
}
