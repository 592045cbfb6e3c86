//! What counts as heard, by report and by estimate.

mod void;

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn chunk(item: &str, millis: u64) -> AudioChunk {
    let format = AudioFormat::PCM16_24K;
    let bytes = format.bytes_of(format.samples_in(Duration::from_millis(millis)));
    let mut chunk = AudioChunk::new(Bytes::from(vec![0; bytes as usize]), format);
    chunk.item = Some(item.into());
    chunk.response = Some("r1".into());
    chunk
}

/// Produced, and taken by the reader at once.
fn play(playhead: &mut Playhead, now: Time, chunk: &AudioChunk) -> Option<u64> {
    let offset = playhead.produced(now, chunk);
    playhead.taken(now, chunk);
    offset
}

fn at(millis: u64) -> Time {
    Time::from_millis(millis)
}

fn millis(samples: u64) -> u64 {
    AudioFormat::PCM16_24K.millis_of(samples)
}

#[test]
fn the_imagined_player_plays_in_real_time_and_waits_when_it_runs_dry() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    assert_eq!(play(&mut playhead, at(1000), &chunk("a", 400)), Some(0));
    assert_eq!(play(&mut playhead, at(1100), &chunk("a", 100)), Some(9600));
    // 500 ms of speech: dry at 1500. The next 100 ms come at 2000 and start then.
    assert_eq!(
        play(&mut playhead, at(2000), &chunk("a", 100)),
        Some(12_000)
    );
    let open = playhead.interrupt(at(2030), true);
    assert_eq!(open.len(), 1);
    assert_eq!(millis(open[0].heard.heard), 530);
    assert_eq!(millis(open[0].heard.produced), 600);
}

#[test]
fn items_are_heard_one_after_the_other() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    for item in ["a", "b", "c"] {
        play(&mut playhead, at(0), &chunk(item, 200));
    }
    playhead.complete(Some(&"a".into()));
    let open = playhead.interrupt(at(250), true);
    let heard: Vec<_> = open.iter().map(|h| millis(h.heard.heard)).collect();
    assert_eq!(heard, [50, 0], "a is settled, b was begun, c was not");
}

#[test]
fn what_the_reader_has_not_taken_was_not_heard() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    playhead.produced(at(0), &chunk("a", 400));
    playhead.taken(at(0), &chunk("a", 100));
    let open = playhead.interrupt(at(10_000), true);
    assert_eq!(millis(open[0].heard.heard), 100);
}

#[test]
fn what_was_dropped_is_passed_over_and_what_follows_is_heard() {
    for reports in [false, true] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        let report = |playhead: &mut Playhead, millis: u64| {
            if reports {
                let samples = millis * 24;
                let item = Some("a".into());
                playhead.report(&Played { item, samples });
            }
        };
        play(&mut playhead, at(0), &chunk("a", 100));
        report(&mut playhead, 0);
        for _ in 0..2 {
            playhead.produced(at(0), &chunk("a", 200));
            playhead.dropped(at(0), &chunk("a", 200));
        }
        assert_eq!(play(&mut playhead, at(0), &chunk("a", 100)), Some(500 * 24));
        assert!(
            reports || playhead.runs_dry() <= Some(at(201)),
            "200 ms are left"
        );
        report(&mut playhead, 60);
        assert_eq!(playhead.open(at(60))[0].heard, 60 * 24);
        report(&mut playhead, 550);
        assert_eq!(playhead.open(at(150))[0].heard, 550 * 24);
        report(&mut playhead, 600);
        playhead.advance(at(200));
        assert!(!playhead.is_playing(), "reports: {reports}");
    }
}

#[test]
fn speech_whose_end_was_dropped_is_over_when_the_rest_was_heard() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 100));
    playhead.produced(at(0), &chunk("a", 100));
    playhead.dropped(at(40), &chunk("a", 100));
    playhead.advance(at(99));
    assert!(playhead.is_playing());
    playhead.advance(at(100));
    assert!(!playhead.is_playing());
}

#[test]
fn what_a_lost_connection_has_brought_is_still_heard_and_no_longer_known() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 200));
    playhead.orphan();
    assert!(playhead.is_playing());
    play(&mut playhead, at(0), &chunk("a", 200));
    let open = playhead.interrupt(at(100), true);
    let known = open.iter().map(|it| (it.orphan, millis(it.heard.heard)));
    let known: Vec<_> = known.collect();
    assert_eq!(known, [(true, 100), (false, 0)]);
}

#[test]
fn a_report_replaces_the_estimate_and_never_goes_back_or_past_production() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 200));
    let report = |samples| Played {
        item: Some("a".into()),
        samples,
    };
    playhead.report(&report(2400));
    playhead.report(&report(1200));
    let open = playhead.interrupt(at(10_000), true);
    assert_eq!(open[0].heard.heard, 2400);

    play(&mut playhead, at(0), &chunk("b", 200));
    playhead.report(&Played {
        item: Some("b".into()),
        samples: u64::MAX,
    });
    assert!(!playhead.is_playing());
}

fn reported(playhead: &mut Playhead, item: Option<&str>, samples: u64) {
    playhead.report(&Played {
        item: item.map(Into::into),
        samples,
    });
}

fn items(playhead: &mut Playhead, now: Time) -> Vec<(String, u64)> {
    let open = playhead.open(now).into_iter();
    open.map(|heard| {
        let item = heard.item.map_or_else(String::new, |item| item.to_string());
        (item, millis(heard.heard))
    })
    .collect()
}

fn track(millis: u64) -> AudioChunk {
    AudioChunk {
        item: None,
        response: None,
        ..chunk("", millis)
    }
}

#[test]
fn the_imagined_player_says_when_it_will_have_played_all_that_was_taken() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    assert_eq!(playhead.runs_dry(), None);
    playhead.produced(at(100), &chunk("a", 400));
    assert_eq!(playhead.runs_dry(), None, "nobody has taken it");
    playhead.taken(at(100), &chunk("a", 300));
    assert_eq!(playhead.runs_dry(), Some(at(400) + Duration::from_nanos(1)));
    playhead.advance(at(250));
    assert_eq!(playhead.runs_dry(), Some(at(400) + Duration::from_nanos(1)));
    playhead.advance(at(400));
    assert_eq!(playhead.runs_dry(), None);
    assert!(playhead.is_playing(), "100 ms are still to be taken");
    assert!(playhead.is_imagined());
    reported(&mut playhead, Some("a"), 0);
    assert!(!playhead.is_imagined());
    assert_eq!(playhead.runs_dry(), None, "a player that reports does so");
}

#[test]
fn fractions_of_a_sample_add_up() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 1000));
    for micros in 1..=10_000 {
        playhead.advance(Time::from_nanos(micros * 10_000));
    }
    assert_eq!(items(&mut playhead, at(100)), [("a".to_owned(), 100)]);
}

#[test]
fn an_item_is_settled_when_it_is_whole_and_heard() {
    for (whole, heard, open) in [(true, 100, 0), (true, 99, 1), (false, 100, 1)] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        play(&mut playhead, at(0), &chunk("a", 100));
        playhead.complete(Some(&"b".into()));
        if whole {
            playhead.complete(Some(&"a".into()));
        }
        assert_eq!(playhead.open(at(heard)).len(), open, "{whole} {heard}");
        assert_eq!(playhead.interrupt(at(heard), true).len(), open);
    }
}

#[test]
fn the_end_of_a_response_completes_what_belongs_to_it() {
    for (done, open) in [(Some("r1"), 1), (Some("r2"), 1), (Some("r3"), 2), (None, 0)] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        play(&mut playhead, at(0), &chunk("a", 100));
        let mut other = chunk("b", 100);
        other.response = Some("r2".into());
        play(&mut playhead, at(0), &other);
        playhead.response_done(done.map(ResponseId::from).as_ref());
        assert_eq!(playhead.interrupt(at(200), true).len(), open, "{done:?}");
    }
}

#[test]
fn the_parts_of_an_item_are_heard_apart() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    let mut second = chunk("a", 100);
    second.content_index = 1;
    play(&mut playhead, at(0), &chunk("a", 100));
    assert_eq!(play(&mut playhead, at(0), &second), Some(0));
    playhead.response_done(None);
    let open = playhead.interrupt(at(150), true);
    assert_eq!(open.len(), 1);
    assert_eq!(
        (open[0].content_index, millis(open[0].heard.heard)),
        (1, 50)
    );
}

#[test]
fn a_report_on_an_item_says_that_all_before_it_were_heard() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    for item in ["a", "b", "c"] {
        play(&mut playhead, at(0), &chunk(item, 100));
    }
    reported(&mut playhead, Some("b"), 24 * 30);
    reported(&mut playhead, Some("nobody"), 24 * 90);
    let heard = [("a", 100), ("b", 30), ("c", 0)].map(|(item, heard)| (item.to_owned(), heard));
    assert_eq!(items(&mut playhead, at(10_000)), heard);
}

#[test]
fn positions_on_a_continuous_track_count_from_its_beginning() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &track(100));
    assert_eq!(play(&mut playhead, at(0), &track(100)), Some(24 * 100));
    playhead.response_done(None);
    assert_eq!(play(&mut playhead, at(0), &track(100)), Some(24 * 200));
    reported(&mut playhead, None, 24 * 240);
    assert_eq!(items(&mut playhead, at(0)), [(String::new(), 40)]);
    reported(&mut playhead, None, 24 * 300);
    assert!(!playhead.is_playing());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    playhead.void_response(Some("first".into()));
    for _ in 0..2 {
        for n in 1..REMEMBERED {
            playhead.void_response(Some(format!("r{n}").into()));
        }
    }
    let void = |playhead: &Playhead, name: &str| playhead.is_void_item(None, Some(&name.into()));
    assert!(void(&playhead, "first"), "the same again takes no place");
    playhead.void_response(Some("one more".into()));
    assert!(!void(&playhead, "first") && void(&playhead, "one more"));

    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    for n in 0..=TRACKS {
        playhead.produced(at(0), &chunk(&format!("i{n}"), 1));
    }
    assert_eq!(playhead.tracks.len(), TRACKS);
}

proptest! {
    #[test]
    fn heard_is_monotone_and_never_past_production(
        steps in prop::collection::vec((0u64..3, 1u64..300, any::<bool>(), 0u64..9000), 1..60)
    ) {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        let mut now = Time::ZERO;
        let mut heard = std::collections::BTreeMap::new();
        for (item, millis, report, samples) in steps {
            now = now + Duration::from_millis(millis);
            let name = ["a", "b", "c"][item as usize];
            if report {
                playhead.report(&Played { item: Some(name.into()), samples });
            } else {
                play(&mut playhead, now, &chunk(name, millis));
            }
            playhead.advance(now);
            for track in &playhead.tracks {
                prop_assert!(track.heard <= track.produced);
                let before = heard.entry(track.item.clone()).or_insert(0);
                prop_assert!(track.heard >= *before || track.produced < *before);
                *before = track.heard;
            }
        }
    }
}

#[test]
fn the_imagined_player_goes_on_from_part_to_part_of_a_continuous_track() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &track(100));
    playhead.response_done(None);
    play(&mut playhead, at(0), &track(100));
    assert_eq!(playhead.runs_dry(), Some(at(200) + Duration::from_nanos(1)));
    assert_eq!(items(&mut playhead, at(150)), [(String::new(), 50)]);
    playhead.advance(at(200));
    assert!(!playhead.is_playing());
}

#[test]
fn no_more_is_taken_or_dropped_than_was_produced() {
    for dropped in [false, true] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        play(&mut playhead, at(0), &chunk("a", 100));
        playhead.produced(at(0), &chunk("a", 100));
        if dropped {
            playhead.dropped(at(0), &chunk("a", 900));
        } else {
            playhead.taken(at(0), &chunk("a", 900));
        }
        let open = playhead.open(at(5000));
        assert_eq!((open[0].heard, open[0].produced), (200 * 24, 200 * 24));
    }
}

#[test]
fn speech_that_belongs_to_no_response_ends_with_any() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &track(100));
    playhead.response_done(Some(&"r1".into()));
    assert_eq!(playhead.interrupt(at(100), false), [], "it was whole");
}

#[test]
fn a_report_on_an_item_means_the_part_that_is_still_to_be_heard() {
    for reports in [false, true] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        play(&mut playhead, at(0), &chunk("a", 100));
        playhead.complete(Some(&"a".into()));
        if reports {
            reported(&mut playhead, Some("a"), 100 * 24);
        } else {
            playhead.advance(at(100));
        }
        let mut second = chunk("a", 100);
        second.content_index = 1;
        play(&mut playhead, at(100), &second);
        reported(&mut playhead, Some("a"), 40 * 24);
        assert_eq!(items(&mut playhead, at(100)), [("a".to_owned(), 40)]);
    }
}

#[test]
fn nobody_has_heard_what_a_player_was_never_given_before_the_item_that_it_plays() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    playhead.produced(at(0), &chunk("a", 100));
    play(&mut playhead, at(0), &chunk("b", 100));
    assert_eq!(
        items(&mut playhead, at(60)),
        [("a".to_owned(), 0), ("b".to_owned(), 0)],
        "items are played in order"
    );
    playhead.taken(at(60), &chunk("a", 50));
    assert_eq!(
        items(&mut playhead, at(160)),
        [("a".to_owned(), 50), ("b".to_owned(), 0)]
    );
}
