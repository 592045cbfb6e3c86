//! The built-in tool: the weather in a city, made up but always the same for the same city.

use antiphon_runner::{FunctionTool, tool_fn};
use serde_json::{Value, json};

/// Cities of the bundled conversation.
const KNOWN: [(&str, i64, &str); 2] = [("oslo", 8, "cloudy"), ("lisbon", 22, "sunny")];

const CONDITIONS: [&str; 6] = ["sunny", "cloudy", "rainy", "windy", "foggy", "snowy"];

/// The tool, to be given to an agent.
pub fn tool() -> FunctionTool {
    let parameters = json!({
        "type": "object",
        "properties": { "city": { "type": "string", "description": "The city, such as Oslo" } },
        "required": ["city"],
        "additionalProperties": false,
    });
    let description = "Tells the current weather in a city.";
    tool_fn(
        "get_weather",
        description,
        parameters,
        |arguments: Value| async move {
            report(
                arguments
                    .get("city")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            )
        },
    )
}

/// The weather in `city`. Spelling in capitals or with spaces around makes no difference.
pub fn report(city: &str) -> Value {
    let name = city.trim().to_lowercase();
    let known = KNOWN.iter().find(|(known, ..)| *known == name);
    let (degrees, conditions) = match known {
        Some((_, degrees, conditions)) => (*degrees, *conditions),
        None => draw(fnv(&name)),
    };
    json!({ "city": city.trim(), "temperature_c": degrees, "conditions": conditions })
}

/// Degrees and conditions that go together: snow belongs to frost.
fn draw(lot: u64) -> (i64, &'static str) {
    let degrees = (lot % 34) as i64 - 6;
    let kinds = if degrees <= 0 {
        CONDITIONS.as_slice()
    } else {
        CONDITIONS.split_at(5).0
    };
    let conditions = kinds.get((lot / 34) as usize % kinds.len());
    (degrees, conditions.copied().unwrap_or("sunny"))
}

/// FNV-1a: the same on every machine and in every build, which the standard hasher is not.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weather_depends_on_the_city_alone() {
        assert_eq!(report("Oslo"), report("Oslo"));
        assert_eq!(
            report(" oslo ")["temperature_c"],
            report("Oslo")["temperature_c"]
        );
        assert_ne!(report("Oslo"), report("Lisbon"));
    }

    #[test]
    fn every_city_has_believable_weather() {
        for city in [
            "Oslo",
            "Lisbon",
            "Nairobi",
            "Quito",
            "",
            "東京",
            "Reykjavík",
            "Perth",
        ] {
            let report = report(city);
            let degrees = report["temperature_c"].as_i64().unwrap();
            assert!((-6..28).contains(&degrees), "{city}: {degrees}");
            assert!(
                report["conditions"] != "snowy" || degrees <= 0,
                "{city}: {report}"
            );
        }
    }
}
