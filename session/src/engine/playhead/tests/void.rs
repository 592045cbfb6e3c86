//! What must not be heard any more, and what a player has thrown away.

use super::*;

#[test]
fn late_deltas_of_an_interrupted_answer_are_void_and_a_new_answer_is_not() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 200));
    playhead.interrupt(at(100), true);
    assert_eq!(play(&mut playhead, at(101), &chunk("a", 200)), None);
    assert_eq!(
        play(&mut playhead, at(101), &chunk("another item of r1", 20)),
        None
    );
    let mut fresh = chunk("b", 20);
    fresh.response = Some("r2".into());
    assert_eq!(play(&mut playhead, at(102), &fresh), Some(0));
}

#[test]
fn a_continuous_track_is_void_until_its_response_ends() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    let chunk = AudioChunk::new(Bytes::from_static(&[0; 960]), AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk);
    playhead.interrupt(at(1), true);
    assert_eq!(play(&mut playhead, at(2), &chunk), None);
    playhead.response_done(None);
    assert_eq!(
        play(&mut playhead, at(3), &chunk),
        Some(480),
        "a continuous track counts on"
    );
}

#[test]
fn a_continuous_track_is_void_only_if_somebody_was_speaking() {
    for responding in [true, false] {
        let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
        play(&mut playhead, at(0), &track(100));
        playhead.interrupt(at(10), responding);
        assert_eq!(playhead.is_void(&track(100)), responding);
        assert_eq!(playhead.is_void_item(None, None), responding);
        assert!(!playhead.is_void(&chunk("a", 100)), "it has a name");
        assert!(!playhead.is_void_item(Some(&"a".into()), None));
        assert!(!playhead.is_void_item(None, Some(&"r1".into())));
    }
}

#[test]
fn a_response_of_which_all_was_said_is_not_void() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 100));
    playhead.response_done(Some(&"r1".into()));
    playhead.interrupt(at(10), false);
    assert!(playhead.is_void(&chunk("a", 100)));
    assert!(
        !playhead.is_void(&chunk("b", 100)),
        "of r1, which was whole"
    );
    playhead.void_response(Some("r1".into()));
    assert!(playhead.is_void(&chunk("b", 100)));
}

#[test]
fn what_is_interrupted_is_void_whatever_else_is() {
    // Two parts of a continuous track.
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &track(100));
    playhead.response_done(None);
    play(&mut playhead, at(0), &track(100));
    assert_eq!(playhead.interrupt(at(10), true).len(), 2);
    assert!(playhead.is_void(&track(100)));
    // Speech that has a name says nothing of speech that has none.
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    play(&mut playhead, at(0), &chunk("a", 100));
    playhead.interrupt(at(10), true);
    assert!(!playhead.is_void(&track(100)));
    // Of a response, nor of another one.
    let mut other = chunk("b", 100);
    other.response = Some("r2".into());
    assert!(!playhead.is_void(&other));
    other.response = None;
    assert!(!playhead.is_void(&other));
    assert!(playhead.is_void_item(Some(&"a".into()), Some(&"r2".into())));
    assert!(playhead.is_void_item(Some(&"b".into()), Some(&"r1".into())));
}

#[test]
fn a_player_throws_away_what_it_was_given_whole_and_nothing_else() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    for item in ["whole", "unread", "running"] {
        playhead.produced(at(0), &chunk(item, 100));
        if item != "unread" {
            playhead.taken(at(0), &chunk(item, 100));
        }
        if item != "running" {
            playhead.complete(Some(&item.into()));
        }
    }
    playhead.report(&Played {
        item: Some("whole".into()),
        samples: 480,
    });
    let shown = playhead.at();
    assert!(!shown.estimated);
    assert_eq!(shown.open.len(), 3);
    let flushed = playhead.flushed();
    let flushed: Vec<_> = flushed.iter().map(|stopped| &stopped.heard).collect();
    assert_eq!(
        flushed,
        [&Heard {
            item: Some("whole".into()),
            heard: 480,
            produced: 2400,
        }]
    );
    let left = playhead.at().open;
    let left: Vec<_> = left.into_iter().map(|open| open.item).collect();
    assert_eq!(left, [Some("unread".into()), Some("running".into())]);
    assert!(playhead.flushed().is_empty(), "once");
}

#[test]
fn throwing_away_is_a_report_so_that_nothing_is_estimated_any_more() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    assert!(playhead.at().estimated);
    play(&mut playhead, at(0), &chunk("a", 100));
    playhead.complete(Some(&"a".into()));
    assert_eq!(playhead.flushed().len(), 1);
    assert!(!playhead.is_imagined() && !playhead.is_playing());
}

#[test]
fn what_was_heard_to_its_end_is_not_thrown_away_with_the_rest() {
    let mut playhead = Playhead::new(AudioFormat::PCM16_24K);
    for item in ["running", "heard", "waiting"] {
        play(&mut playhead, at(0), &chunk(item, 100));
    }
    playhead.complete(Some(&"heard".into()));
    playhead.complete(Some(&"waiting".into()));
    reported(&mut playhead, Some("heard"), 100 * 24);
    let flushed = playhead.flushed();
    let flushed: Vec<_> = flushed.iter().map(|it| it.heard.item.as_ref()).collect();
    assert_eq!(flushed, [Some(&"waiting".into())]);
    assert_eq!(items(&mut playhead, at(0)), [("running".to_owned(), 100)]);
}
