//! What may happen next in a random conversation.

use proptest::prelude::*;

use super::wire::Abilities;

/// How the next connection is received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reception {
    /// The dial fails.
    Refused,
    /// It is closed during the opening, with this code.
    Closed(u16),
    /// Nothing is said until the caller gives up.
    Silent,
    /// A handle is taken for what it is not: the conversation begins anew.
    Anew,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(u64),
    // The caller.
    Audio {
        frames: u8,
        loud: bool,
    },
    Text,
    Create,
    Commit,
    Cancel,
    /// With `told`, the player reports how far it is before it is silenced.
    Interrupt {
        told: bool,
    },
    Answer {
        first: u8,
        count: u8,
    },
    AnswerAnything(u8),
    Mute(bool),
    Update {
        voice: bool,
        to: u8,
    },
    Remember,
    /// The process dies, and another one goes on.
    Restore,
    // The reader and its player.
    Read(u8),
    Report,
    ReportAnything {
        item: u8,
        samples: u32,
    },
    // The server.
    Answers,
    Speaks {
        next: bool,
        samples: u16,
    },
    Says,
    Calls,
    CallsAgain(u8),
    Withdraws(u8),
    Ends {
        cancelled: bool,
    },
    EndsAgain(u8),
    UsedSoFar(u8),
    UserSpeaks,
    UserStops,
    UserSays,
    Interrupts,
    Handle(bool),
    GoesAway(u16),
    /// What it says stays under way until the next release.
    Hold(bool),
    /// Whether it confirms what it has carried out at once.
    Confirms(bool),
    ConfirmsOne {
        which: u8,
        refused: bool,
    },
    /// A connection that is no more still speaks.
    Echo(u8),
    // The network.
    Stall(bool),
    Drop,
    Deaf(bool),
    Receive(Reception),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1u64..4000).prop_map(Step::Wait),
        30 => prop_oneof![
            4 => (1u8..9, prop::bool::weighted(0.8))
                .prop_map(|(frames, loud)| Step::Audio { frames, loud }),
            3 => Just(Step::Text),
            2 => Just(Step::Create),
            1 => Just(Step::Commit),
            1 => Just(Step::Cancel),
            2 => any::<bool>().prop_map(|told| Step::Interrupt { told }),
            4 => (any::<u8>(), 1u8..4).prop_map(|(first, count)| Step::Answer { first, count }),
            1 => any::<u8>().prop_map(Step::AnswerAnything),
            1 => any::<bool>().prop_map(Step::Mute),
            2 => (any::<bool>(), any::<u8>()).prop_map(|(voice, to)| Step::Update { voice, to }),
            1 => Just(Step::Remember),
        ],
        1 => prop_oneof![
            1 => Just(Step::Restore),
            4 => any::<u8>().prop_map(Step::Echo),
        ],
        12 => prop_oneof![
            6 => (1u8..12).prop_map(Step::Read),
            4 => Just(Step::Report),
            1 => (any::<u8>(), any::<u32>())
                .prop_map(|(item, samples)| Step::ReportAnything { item, samples }),
        ],
        45 => prop_oneof![
            6 => Just(Step::Answers),
            9 => (prop::bool::weighted(0.2), 240u16..12_000)
                .prop_map(|(next, samples)| Step::Speaks { next, samples }),
            5 => Just(Step::Says),
            4 => Just(Step::Calls),
            1 => any::<u8>().prop_map(Step::CallsAgain),
            1 => any::<u8>().prop_map(Step::Withdraws),
            5 => prop::bool::weighted(0.2).prop_map(|cancelled| Step::Ends { cancelled }),
            1 => any::<u8>().prop_map(Step::EndsAgain),
            1 => any::<u8>().prop_map(Step::UsedSoFar),
            2 => Just(Step::UserSpeaks),
            2 => Just(Step::UserStops),
            2 => Just(Step::UserSays),
            1 => Just(Step::Interrupts),
            2 => prop::bool::weighted(0.8).prop_map(Step::Handle),
            1 => (100u16..20_000).prop_map(Step::GoesAway),
            2 => prop::bool::weighted(0.3).prop_map(Step::Hold),
            1 => prop::bool::weighted(0.7).prop_map(Step::Confirms),
            2 => (any::<u8>(), prop::bool::weighted(0.2))
                .prop_map(|(which, refused)| Step::ConfirmsOne { which, refused }),
        ],
        5 => prop_oneof![
            2 => prop::bool::weighted(0.3).prop_map(Step::Stall),
            2 => Just(Step::Drop),
            1 => prop::bool::weighted(0.2).prop_map(Step::Deaf),
            2 => reception().prop_map(Step::Receive),
        ],
    ]
}

fn reception() -> impl Strategy<Value = Reception> {
    prop_oneof![
        Just(Reception::Refused),
        prop::sample::select(vec![1007, 1008, 1011]).prop_map(Reception::Closed),
        Just(Reception::Silent),
        Just(Reception::Anew),
    ]
}

/// Turns, items and responses have names, and everything can be asked for.
pub(super) const NAMED: Abilities = Abilities {
    turns: true,
    create: true,
    cancel: true,
    truncate: true,
    delete: true,
    interrupts: true,
    refusals: true,
    resume: false,
    overlap: true,
    automatic: false,
    continuous: false,
    seeds: true,
    short_lived: false,
};

/// A provider like one of those there are, or one with any abilities.
pub(super) fn abilities() -> impl Strategy<Value = Abilities> {
    let by_handle = Abilities {
        cancel: false,
        truncate: false,
        delete: false,
        refusals: false,
        resume: true,
        overlap: false,
        automatic: true,
        ..NAMED
    };
    let track = Abilities {
        turns: false,
        create: false,
        cancel: false,
        truncate: false,
        delete: false,
        refusals: false,
        continuous: true,
        ..NAMED
    };
    let any = any::<u16>().prop_map(|bits| {
        let bit = |n: u16| bits & (1 << n) != 0;
        Abilities {
            turns: bit(0) || bit(1),
            // What has no name cannot be asked for, nor stopped.
            create: (bit(0) || bit(1)) && (bit(2) || bit(3)),
            cancel: (bit(0) || bit(1)) && bit(4),
            truncate: bit(5),
            delete: bit(6),
            interrupts: bit(7),
            refusals: bit(8),
            resume: bit(9),
            overlap: bit(10),
            automatic: bit(11),
            continuous: bit(12) && bit(13),
            seeds: bit(14),
            short_lived: bit(15),
        }
    });
    prop_oneof![
        4 => Just(NAMED),
        2 => Just(by_handle),
        1 => Just(track),
        4 => any,
    ]
}
