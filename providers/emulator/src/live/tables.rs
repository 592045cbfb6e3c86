//! The members of every client event of GPT-Live, as the service accepts them.

use crate::shape::{
    Field,
    Shape::{self, Anything, Either, List, Object, Tagged, Text, Truth, Whole, Word},
    nul, opt, req,
};

const EVENT: Field = opt("event_id", Text);
const TYPE: Field = req("type", Text);

/// What a kind of connection may send.
pub(super) type Events = &'static [(&'static str, &'static [Field])];

/// The events of a session's own connection.
pub(super) const PRIMARY: Events = &[
    ("session.start", START),
    ("session.update", UPDATE),
    ("session.input_audio.append", AUDIO),
    ("session.input_audio.mute", BARE),
    ("session.input_audio.unmute", BARE),
    ("session.output_audio.fixture.play", AUDIO),
    ("session.instructions.append", APPEND),
    ("session.thinking.append", APPEND),
    ("session.commentary.append", APPEND),
    ("response.item.create", ITEM),
    ("response.create", BARE),
    ("decision.create", DECISION),
    ("decision.item.create", ITEM),
    ("decision.item.delete", ITEM_ID),
    ("session.close", BARE),
];

/// The events of a fork's connection: like a session's own, but for the first.
pub(super) const FORK: Events = &[
    ("session.start", FORK_START),
    ("session.update", UPDATE),
    ("session.input_audio.append", AUDIO),
    ("session.input_audio.mute", BARE),
    ("session.input_audio.unmute", BARE),
    ("session.output_audio.fixture.play", AUDIO),
    ("session.instructions.append", APPEND),
    ("session.thinking.append", APPEND),
    ("session.commentary.append", APPEND),
    ("response.item.create", ITEM),
    ("response.create", BARE),
    ("decision.create", DECISION),
    ("decision.item.create", ITEM),
    ("decision.item.delete", ITEM_ID),
    ("session.close", BARE),
];

/// The events of a sideband.
pub(super) const SIDEBAND: Events = &[
    ("session.update", UPDATE),
    ("session.input_audio.mute", BARE),
    ("session.input_audio.unmute", BARE),
    ("session.output_audio.fixture.play", AUDIO),
    ("session.instructions.append", APPEND),
    ("session.thinking.append", APPEND),
    ("session.commentary.append", APPEND),
    ("response.item.create", ITEM),
    ("response.create", BARE),
    ("decision.create", DECISION),
    ("decision.item.create", ITEM),
    ("decision.item.delete", ITEM_ID),
    ("transport.dtmf.send", &[TYPE, EVENT, req("event", Text)]),
    ("session.close", BARE),
];

const START: &[Field] = &[TYPE, EVENT, req("session", Object(SESSION))];
const FORK_START: &[Field] = &[
    TYPE,
    EVENT,
    req(
        "session",
        Object(&[
            opt("audio", Object(&[opt("format", FORMAT)])),
            CLIENT,
            opt("delegation", Tagged(&[("responses", RESPONSES_CHANGE)])),
            opt("store", Truth),
        ]),
    ),
];
const UPDATE: &[Field] = &[
    TYPE,
    EVENT,
    req(
        "session",
        Object(&[
            opt(
                "delegation",
                Tagged(&[
                    ("client", CLIENT_DELEGATION),
                    ("responses", RESPONSES_CHANGE),
                    ("decisions", DECISIONS_CHANGE),
                ]),
            ),
            opt("triggers", TRIGGERS),
        ]),
    ),
];
const AUDIO: &[Field] = &[TYPE, EVENT, req("audio", Text)];
const BARE: &[Field] = &[TYPE, EVENT];
const APPEND: &[Field] = &[
    TYPE,
    EVENT,
    req("content", Text),
    nul("delegation_id", Text),
];
const ITEM: &[Field] = &[TYPE, EVENT, req("item", Anything)];
const ITEM_ID: &[Field] = &[TYPE, EVENT, req("item_id", Text)];
const DECISION: &[Field] = &[TYPE, req("event_id", Text)];

/// The members of a session that are fixed when it starts.
pub(super) const FIXED: [&str; 7] = [
    "audio",
    "client",
    "input",
    "instructions",
    "model",
    "safety_identifier",
    "store",
];

const SESSION: &[Field] = &[
    req("model", Text),
    opt("instructions", Text),
    opt("input", List(&HISTORY)),
    opt(
        "audio",
        Object(&[
            opt("format", FORMAT),
            opt("output", Object(&[opt("voice", VOICE)])),
        ]),
    ),
    opt("delegation", DELEGATION),
    opt("triggers", TRIGGERS),
    opt("store", Truth),
    CLIENT,
    opt("safety_identifier", Text),
];

const CLIENT: Field = opt("client", Object(&[req("data_channel", Anything)]));

const HISTORY: Shape = Object(&[
    opt("type", Word(&["message"])),
    opt("id", Text),
    opt("status", Text),
    req("role", Word(&["developer", "user", "assistant"])),
    req(
        "content",
        List(&Object(&[
            req("type", Word(&["input_text", "text", "output_text"])),
            req("text", Text),
        ])),
    ),
]);

const FORMAT: Shape = Tagged(&[
    ("audio/pcm", &[TYPE, req("rate", Whole(16_000, 24_000))]),
    ("audio/pcmu", &[TYPE, req("rate", Whole(8_000, 8_000))]),
    ("audio/pcma", &[TYPE, req("rate", Whole(8_000, 8_000))]),
]);

const VOICE: Shape = Either(&[Text, Object(&[req("id", Text)])]);

/// The voices that have a name.
pub(super) const VOICES: [&str; 23] = [
    "alloy", "ash", "ballad", "beacon", "bossa", "cedar", "cinder", "coral", "delta", "echo",
    "gleam", "marin", "meridian", "quartz", "ripple", "sage", "shida", "shimmer", "stone", "tempo",
    "verse", "vesper", "willow",
];

const DELAY: Field = opt("acknowledgement_delay_ms", Whole(0, 600_000));

const DELEGATION: Shape = Tagged(&[
    ("client", CLIENT_DELEGATION),
    (
        "responses",
        &[
            TYPE,
            DELAY,
            req(
                "responses",
                Object(&[
                    req("model", Text),
                    RESPONSES[0],
                    RESPONSES[1],
                    RESPONSES[2],
                    RESPONSES[3],
                    RESPONSES[4],
                    RESPONSES[5],
                    RESPONSES[6],
                    RESPONSES[7],
                ]),
            ),
        ],
    ),
    (
        "decisions",
        &[
            TYPE,
            DELAY,
            req(
                "decisions",
                Object(&[req("model", Text), req("questions", List(&QUESTION))]),
            ),
        ],
    ),
]);

const CLIENT_DELEGATION: &[Field] = &[TYPE, DELAY];

const RESPONSES_CHANGE: &[Field] = &[
    TYPE,
    DELAY,
    opt(
        "responses",
        Object(&[
            opt("model", Text),
            RESPONSES[0],
            RESPONSES[1],
            RESPONSES[2],
            RESPONSES[3],
            RESPONSES[4],
            RESPONSES[5],
            RESPONSES[6],
            RESPONSES[7],
        ]),
    ),
];

const DECISIONS_CHANGE: &[Field] = &[
    TYPE,
    DELAY,
    opt(
        "decisions",
        Object(&[opt("model", Text), opt("questions", List(&QUESTION))]),
    ),
];

/// What a backend model is told, but for its name.
const RESPONSES: [Field; 8] = [
    opt("instructions", Text),
    opt("max_output_tokens", Whole(16, 1_000_000)),
    opt("parallel_tool_calls", Truth),
    opt(
        "reasoning",
        Object(&[
            opt(
                "effort",
                Word(&["none", "minimal", "low", "medium", "high", "xhigh"]),
            ),
            opt("summary", Word(&["concise", "detailed", "auto"])),
        ]),
    ),
    opt(
        "service_tier",
        Word(&[
            "auto",
            "default",
            "fast_tier_temp_pilot",
            "flex",
            "priority",
            "ultrafast",
        ]),
    ),
    opt(
        "text",
        Object(&[opt("verbosity", Word(&["low", "medium", "high"]))]),
    ),
    opt(
        "tool_choice",
        Either(&[Word(&["none", "auto", "required"]), TOOL]),
    ),
    opt("tools", List(&TOOL)),
];

/// A tool, or the choice of one. Those that the service hosts are not looked into.
const TOOL: Shape = Tagged(&[
    (
        "function",
        &[
            TYPE,
            req("name", Text),
            opt("description", Text),
            opt("parameters", Anything),
            opt("strict", Truth),
        ],
    ),
    ("allowed_tools", HOSTED),
    ("apply_patch", HOSTED),
    ("code_interpreter", HOSTED),
    ("computer", HOSTED),
    ("custom", HOSTED),
    ("file_search", HOSTED),
    ("image_generation", HOSTED),
    ("mcp", HOSTED),
    ("namespace", HOSTED),
    ("programmatic_tool_calling", HOSTED),
    ("shell", HOSTED),
    ("tool_search", HOSTED),
    ("web_search", HOSTED),
]);

const HOSTED: &[Field] = &[
    TYPE,
    opt("allowed_tools", Anything),
    opt("authorization", Text),
    opt("connector_id", Text),
    opt("container", Anything),
    opt("description", Text),
    opt("environment", Anything),
    opt("filters", Anything),
    opt("format", Anything),
    opt("headers", Anything),
    opt("max_num_results", Anything),
    opt("mode", Text),
    opt("name", Text),
    opt("ranking_options", Anything),
    opt("require_approval", Anything),
    opt("search_context_size", Text),
    opt("server_description", Text),
    opt("server_label", Text),
    opt("server_url", Text),
    opt("tools", Anything),
    opt("user_location", Anything),
    opt("vector_store_ids", Anything),
];

const TRIGGERS: Shape = List(&Object(&[
    req("type", Word(&["decisions"])),
    req(
        "event_type",
        Word(&[
            "session.input_transcript.delta",
            "session.output_transcript.delta",
        ]),
    ),
    req("decisions", Object(&[req("questions", List(&QUESTION))])),
]));

const QUESTION: Shape = Tagged(&[
    (
        "choice",
        &[
            TYPE,
            req("instructions", Anything),
            opt("name", Text),
            req("choices", List(&Anything)),
        ],
    ),
    (
        "predicate",
        &[TYPE, req("instructions", Anything), opt("name", Text)],
    ),
    (
        "score",
        &[
            TYPE,
            req("instructions", Anything),
            opt("name", Text),
            req("levels", List(&Anything)),
        ],
    ),
]);
