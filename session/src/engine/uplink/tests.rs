//! What the machine promises, step by step.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn uplink(pacing: UplinkPacing) -> Uplink {
    let clock = InputClock::Free;
    Uplink::new(
        AudioFormat::PCM16_24K,
        clock,
        pacing,
        5 * SECOND,
        15 * SECOND,
    )
}

fn continuous() -> Uplink {
    let (clock, pacing) = (InputClock::Continuous, UplinkPacing::AsGiven);
    Uplink::new(
        AudioFormat::PCM16_24K,
        clock,
        pacing,
        5 * SECOND,
        15 * SECOND,
    )
}

fn audio(millis: u64) -> Bytes {
    Bytes::from(vec![1; (millis * 48) as usize])
}

fn drain(uplink: &mut Uplink, now: Time) -> Vec<Departure> {
    std::iter::from_fn(|| uplink.depart(now)).collect()
}

#[test]
fn a_commit_never_overtakes_the_audio_it_commits() {
    for pacing in [UplinkPacing::AsGiven, UplinkPacing::RealTime] {
        let mut uplink = uplink(pacing);
        for _ in 0..5 {
            uplink.push_audio(Time::ZERO, audio(100));
        }
        uplink
            .push(Time::ZERO, CommandId::new(1), Command::CommitAudio)
            .unwrap();
        uplink.push_audio(Time::ZERO, audio(20));
        let mut left = Vec::new();
        for tick in 0..100 {
            left.extend(drain(&mut uplink, Time::from_millis(tick * 10)));
        }
        assert_eq!(left.len(), 7);
        assert_eq!(
            left[5],
            Departure::Ordered(CommandId::new(1), Command::CommitAudio)
        );
    }
}

#[test]
fn a_recording_leaves_in_real_time_with_a_lead() {
    let mut uplink = uplink(UplinkPacing::RealTime);
    for _ in 0..50 {
        uplink.push_audio(Time::ZERO, audio(20));
    }
    assert!(!uplink.has_room(), "a second waits, callers are held up");
    assert_eq!(
        drain(&mut uplink, Time::ZERO).len(),
        6,
        "the lead, and the piece that is due"
    );
    assert_eq!(drain(&mut uplink, Time::from_millis(200)).len(), 10);
    assert_eq!(uplink.poll_timeout(true), Some(Time::from_millis(220)));
}

#[test]
fn what_was_not_committed_is_sent_again_in_order_and_counted() {
    let mut uplink = uplink(UplinkPacing::AsGiven);
    uplink.push_audio(Time::ZERO, audio(100));
    uplink
        .push(Time::ZERO, CommandId::new(1), Command::CommitAudio)
        .unwrap();
    uplink.push_audio(Time::ZERO, Bytes::from_static(&[2; 96]));
    uplink.push_audio(Time::ZERO, Bytes::from_static(&[3; 96]));
    drain(&mut uplink, Time::ZERO);
    uplink.push_audio(Time::ZERO, Bytes::from_static(&[4; 96]));
    uplink.on_lost();
    let again = drain(&mut uplink, Time::ZERO);
    let first_bytes: Vec<u8> = again
        .iter()
        .map(|departure| match departure {
            Departure::Audio(data) => data[0],
            Departure::Silence(_) | Departure::Ordered(..) => 0,
        })
        .collect();
    assert_eq!(first_bytes, [2, 3, 4]);
    let marks = uplink.marks();
    assert_eq!(
        (marks.accepted, marks.sent, marks.replayed),
        (2544, 2544, 96)
    );
}

#[test]
fn old_audio_is_dropped_and_counted_instead_of_replayed_late() {
    let mut uplink = uplink(UplinkPacing::AsGiven);
    uplink.push_audio(Time::ZERO, audio(100));
    uplink.push_audio(Time::from_millis(4000), audio(100));
    assert!(uplink.expire(Time::from_millis(5000)).is_empty());
    assert_eq!(uplink.marks().dropped, 0);
    assert_eq!(
        uplink.poll_timeout(false),
        Some(Time::from_nanos(5_000_000_001))
    );
    uplink.expire(Time::from_millis(5001));
    assert_eq!(uplink.marks().dropped, 2400);
    assert_eq!(drain(&mut uplink, Time::from_millis(5001)).len(), 1);
}

#[test]
fn a_continuous_clock_is_fed_in_real_time_by_the_caller_by_silence_and_while_muted() {
    let mut uplink = continuous();
    uplink.on_live(Time::ZERO);
    let mut told = 0;
    for millis in 0..12_000 {
        let now = Time::from_millis(millis);
        uplink.mute(millis >= 8_000);
        // The caller speaks between 3 s and 6 s, and from 8 s on, muted.
        if ((3_000..6_000).contains(&millis) || millis >= 8_000) && millis % 100 == 0 {
            uplink.push_audio(now, audio(100));
        }
        for departure in drain(&mut uplink, now) {
            let (Departure::Audio(data) | Departure::Silence(data)) = departure else {
                panic!("no command was given")
            };
            assert!(
                millis < 8_200 || data.iter().all(|byte| *byte == 0),
                "muted"
            );
            told += data.len() as u64 / 48;
        }
        assert!(told <= millis + 20, "ahead at {millis}: {told}");
        assert!(told + 100 > millis, "starved at {millis}: {told}");
    }
    let marks = uplink.marks();
    assert_eq!(marks.accepted, 24 * 7_000);
    assert_eq!(marks.muted, 24 * 4_000);
    assert_eq!(marks.sent + uplink.waiting(), marks.accepted);
    assert!(marks.silence >= 24 * 4_800, "{marks:?}");
}

#[test]
fn on_a_continuous_clock_only_the_newest_half_second_is_sent_again() {
    let mut uplink = continuous();
    uplink.on_live(Time::ZERO);
    for tick in 0..100 {
        uplink.push_audio(Time::from_millis(tick * 20), audio(20));
        drain(&mut uplink, Time::from_millis(tick * 20));
    }
    uplink.on_lost();
    assert!(uplink.replayable() <= 24 * 500, "{}", uplink.replayable());
    assert!(
        drain(&mut uplink, Time::from_millis(2_000)).is_empty(),
        "no clock runs"
    );
    uplink.expire(Time::from_millis(2_300));
    assert!(uplink.replayable() <= 24 * 220, "{}", uplink.replayable());
}

#[test]
fn commands_wait_only_so_long_and_only_so_many() {
    let mut uplink = uplink(UplinkPacing::AsGiven);
    for n in 0..COMMANDS as u64 {
        uplink
            .push(Time::ZERO, CommandId::new(n), Command::ClearAudio)
            .unwrap();
    }
    assert!(
        uplink
            .push(Time::ZERO, CommandId::new(999), Command::ClearAudio)
            .is_err()
    );
    assert_eq!(uplink.expire(Time::from_millis(15_000)).len(), COMMANDS);
    assert!(
        uplink
            .push(Time::ZERO, CommandId::new(999), Command::ClearAudio)
            .is_ok()
    );
}

proptest! {
    #[test]
    fn every_sample_is_sent_dropped_or_waiting(
        steps in prop::collection::vec((0u8..5, 0u64..3000), 1..80), paced in any::<bool>()
    ) {
        let mut uplink =
            uplink(if paced { UplinkPacing::RealTime } else { UplinkPacing::AsGiven });
        let mut now = Time::ZERO;
        let mut replays_waiting = false;
        for (step, millis) in steps {
            now = now + Duration::from_millis(millis);
            match step {
                0 | 1 => uplink.push_audio(now, audio(millis % 100)),
                2 => { drain(&mut uplink, now); }
                3 => { uplink.on_lost(); replays_waiting = true; }
                _ => { uplink.expire(now); }
            }
            let marks = uplink.marks();
            let accounted = marks.sent + marks.dropped + uplink.waiting();
            if replays_waiting {
                prop_assert!(accounted >= marks.accepted);
            } else {
                prop_assert_eq!(accounted, marks.accepted);
            }
        }
        uplink.clear();
        let marks = uplink.marks();
        prop_assert_eq!(marks.sent + marks.dropped, marks.accepted);
    }
}
