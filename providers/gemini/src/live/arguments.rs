//! Arguments of calls as the model wrote them: the generated types read them into a map, which sorts
//! the members and rounds numbers that are longer than a double.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, rename = "toolCall", alias = "tool_call")]
    calls: Calls<'a>,
}

#[derive(Deserialize)]
struct Calls<'a> {
    #[serde(borrow, rename = "functionCalls", alias = "function_calls")]
    calls: Vec<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// The arguments of each call of a frame, in order; nothing where the frame is not so simple.
pub(super) fn of(frame: &str) -> Vec<Option<&str>> {
    let Ok(frame) = serde_json::from_str::<Frame<'_>>(frame) else {
        return Vec::new();
    };
    let calls = frame.calls.calls.into_iter();
    calls.map(|call| call.args.map(RawValue::get)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_their_letters() {
        let frame = r#"{"toolCall":{"functionCalls":[
            {"id":"a","args":{"z":12345678901234567890.5, "a":1e2}},{"name":"b"},{"args":null}]}}"#;
        assert_eq!(
            of(frame),
            [Some(r#"{"z":12345678901234567890.5, "a":1e2}"#), None, None]
        );
        assert_eq!(
            of(r#"{"tool_call":{"function_calls":[{"args":{}}]}}"#),
            [Some("{}")]
        );
        for odd in ["{}", "7", r#"{"toolCall":7}"#, r#"{"toolCall":{}}"#] {
            assert!(of(odd).is_empty(), "{odd}");
        }
    }
}
