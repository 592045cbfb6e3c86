//! The members of every client event, as the service accepts them.

use crate::shape::{
    Field,
    Shape::{Anything, Either, List, Number, Object, Tagged, Text, Truth, Whole, Word},
    opt, req,
};

const EVENT: Field = opt("event_id", Text);
const TYPE: Field = req("type", Text);
const MS: crate::shape::Shape = Whole(0, 600_000);

/// The members of a client event by its type; nothing for a type the protocol does not have.
pub(super) fn client_event(event_type: &str) -> Option<&'static [Field]> {
    let found = CLIENT_EVENTS.iter().find(|(name, _)| *name == event_type);
    found.map(|(_, fields)| *fields)
}

pub(super) const CLIENT_EVENTS: &[(&str, &[Field])] = &[
    (
        "session.update",
        &[
            TYPE,
            EVENT,
            req(
                "session",
                Tagged(&[
                    ("realtime", SESSION),
                    ("transcription", TRANSCRIPTION_SESSION),
                ]),
            ),
        ],
    ),
    (
        "input_audio_buffer.append",
        &[TYPE, EVENT, req("audio", Text)],
    ),
    ("input_audio_buffer.commit", &[TYPE, EVENT]),
    ("input_audio_buffer.clear", &[TYPE, EVENT]),
    ("output_audio_buffer.clear", &[TYPE, EVENT]),
    (
        "conversation.item.create",
        &[
            TYPE,
            EVENT,
            opt("previous_item_id", Text),
            req("item", Tagged(ITEMS)),
        ],
    ),
    (
        "conversation.item.delete",
        &[TYPE, EVENT, req("item_id", Text)],
    ),
    (
        "conversation.item.retrieve",
        &[TYPE, EVENT, req("item_id", Text)],
    ),
    (
        "conversation.item.truncate",
        &[
            TYPE,
            EVENT,
            req("item_id", Text),
            req("content_index", Whole(0, i64::MAX)),
            req("audio_end_ms", Whole(0, i64::MAX)),
        ],
    ),
    (
        "response.create",
        &[TYPE, EVENT, opt("response", Object(RESPONSE))],
    ),
    ("response.cancel", &[TYPE, EVENT, opt("response_id", Text)]),
];

const SESSION: &[Field] = &[
    TYPE,
    opt(
        "audio",
        Object(&[
            opt("input", Object(AUDIO_INPUT)),
            opt("output", Object(AUDIO_OUTPUT)),
        ]),
    ),
    opt(
        "include",
        List(&Word(&["item.input_audio_transcription.logprobs"])),
    ),
    opt("instructions", Text),
    opt("max_output_tokens", TOKENS),
    opt("model", Text),
    opt("output_modalities", MODALITIES),
    opt("parallel_tool_calls", Truth),
    opt("prompt", Anything),
    opt("reasoning", Anything),
    opt("tool_choice", TOOL_CHOICE),
    opt("tools", List(&TOOL)),
    opt("tracing", Anything),
    opt("truncation", Anything),
];

const TRANSCRIPTION_SESSION: &[Field] = &[
    TYPE,
    opt("audio", Object(&[opt("input", Object(AUDIO_INPUT))])),
    opt(
        "include",
        List(&Word(&["item.input_audio_transcription.logprobs"])),
    ),
];

const AUDIO_INPUT: &[Field] = &[
    opt("format", FORMAT),
    opt(
        "noise_reduction",
        Object(&[opt("type", Word(&["near_field", "far_field"]))]),
    ),
    opt("transcription", Object(TRANSCRIPTION)),
    opt(
        "turn_detection",
        Tagged(&[("server_vad", SERVER_VAD), ("semantic_vad", SEMANTIC_VAD)]),
    ),
];

const AUDIO_OUTPUT: &[Field] = &[
    opt("format", FORMAT),
    opt("speed", Number(0.25, 1.5)),
    opt("voice", VOICE),
];

const TRANSCRIPTION: &[Field] = &[
    opt(
        "delay",
        Word(&["minimal", "low", "medium", "high", "xhigh"]),
    ),
    opt("keywords", List(&Text)),
    opt("language", Text),
    opt("languages", List(&Text)),
    opt("model", Text),
    opt("prompt", Text),
];

const SERVER_VAD: &[Field] = &[
    TYPE,
    opt("threshold", Number(0.0, 1.0)),
    opt("prefix_padding_ms", MS),
    opt("silence_duration_ms", MS),
    opt("idle_timeout_ms", Whole(5_000, 30_000)),
    opt("create_response", Truth),
    opt("interrupt_response", Truth),
];

const SEMANTIC_VAD: &[Field] = &[
    TYPE,
    opt("eagerness", Word(&["low", "medium", "high", "auto"])),
    opt("create_response", Truth),
    opt("interrupt_response", Truth),
];

const FORMAT: crate::shape::Shape = Tagged(&[
    ("audio/pcm", &[TYPE, opt("rate", Whole(24_000, 24_000))]),
    ("audio/pcmu", &[TYPE]),
    ("audio/pcma", &[TYPE]),
]);

const VOICE: crate::shape::Shape = Either(&[
    Word(&[
        "alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar",
    ]),
    Object(&[req("id", Text)]),
]);

const MODALITIES: crate::shape::Shape = List(&Word(&["text", "audio"]));

const TOKENS: crate::shape::Shape = Either(&[Whole(1, 128_000), Word(&["inf"])]);

const TOOL_CHOICE: crate::shape::Shape = Either(&[
    Word(&["none", "auto", "required"]),
    Tagged(&[
        ("function", &[TYPE, req("name", Text)]),
        ("mcp", &[TYPE, req("server_label", Text), opt("name", Text)]),
    ]),
]);

const TOOL: crate::shape::Shape = Tagged(&[
    (
        "function",
        &[
            TYPE,
            req("name", Text),
            opt("description", Text),
            opt("parameters", Anything),
        ],
    ),
    ("mcp", MCP_TOOL),
]);

const MCP_TOOL: &[Field] = &[
    TYPE,
    req("server_label", Text),
    opt("allowed_callers", Anything),
    opt("allowed_tools", Anything),
    opt("authorization", Text),
    opt("connector_id", Text),
    opt("defer_loading", Truth),
    opt("headers", Anything),
    opt("require_approval", Anything),
    opt("server_description", Text),
    opt("server_url", Text),
    opt("tunnel_id", Text),
];

const RESPONSE: &[Field] = &[
    opt(
        "audio",
        Object(&[opt(
            "output",
            Object(&[opt("format", FORMAT), opt("voice", VOICE)]),
        )]),
    ),
    opt("conversation", Word(&["auto", "none"])),
    opt("input", List(&Tagged(INPUT_ITEMS))),
    opt("instructions", Text),
    opt("max_output_tokens", TOKENS),
    opt("metadata", Anything),
    opt("output_modalities", MODALITIES),
    opt("parallel_tool_calls", Truth),
    opt("prompt", Anything),
    opt("reasoning", Anything),
    opt("tool_choice", TOOL_CHOICE),
    opt("tools", List(&TOOL)),
];

const ITEM_ID: Field = opt("id", Text);
const ITEM_OBJECT: Field = opt("object", Word(&["realtime.item"]));
const ITEM_STATUS: Field = opt("status", Word(&["completed", "incomplete", "in_progress"]));

const MESSAGE: &[Field] = &[
    TYPE,
    ITEM_ID,
    ITEM_OBJECT,
    ITEM_STATUS,
    opt("phase", Text),
    req("role", Word(&["user", "assistant", "system"])),
    req("content", List(&Tagged(CONTENT))),
];

const CONTENT: &[(&str, &[Field])] = &[
    ("input_text", &[TYPE, req("text", Text)]),
    (
        "input_audio",
        &[TYPE, opt("audio", Text), opt("transcript", Text)],
    ),
    (
        "input_image",
        &[TYPE, opt("image_url", Text), opt("detail", Text)],
    ),
    ("output_text", &[TYPE, req("text", Text)]),
    (
        "output_audio",
        &[TYPE, opt("audio", Text), opt("transcript", Text)],
    ),
];

const FUNCTION_CALL: &[Field] = &[
    TYPE,
    ITEM_ID,
    ITEM_OBJECT,
    ITEM_STATUS,
    opt("call_id", Text),
    req("name", Text),
    req("arguments", Text),
];

const FUNCTION_CALL_OUTPUT: &[Field] = &[
    TYPE,
    ITEM_ID,
    ITEM_OBJECT,
    ITEM_STATUS,
    req("call_id", Text),
    req("output", Text),
];

const APPROVAL: &[Field] = &[
    TYPE,
    req("id", Text),
    req("approval_request_id", Text),
    req("approve", Truth),
    opt("reason", Text),
];

const ITEMS: &[(&str, &[Field])] = &[
    ("message", MESSAGE),
    ("function_call", FUNCTION_CALL),
    ("function_call_output", FUNCTION_CALL_OUTPUT),
    ("mcp_approval_response", APPROVAL),
];

const INPUT_ITEMS: &[(&str, &[Field])] = &[
    ("message", MESSAGE),
    ("function_call", FUNCTION_CALL),
    ("function_call_output", FUNCTION_CALL_OUTPUT),
    ("mcp_approval_response", APPROVAL),
    ("item_reference", &[TYPE, req("id", Text)]),
];
