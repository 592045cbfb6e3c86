//! What the spacing and the budget of attempts promise.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Time {
    Time::from_millis(seconds * 1000)
}

/// One whose session was lost at `now`, after it had been healthy for long.
fn lost_healthy(config: BackoffConfig, now: Time, seed: u64) -> Backoff {
    let mut backoff = Backoff::new(config, seed);
    backoff.ready(Time::ZERO);
    backoff.lost(now);
    backoff
}

#[test]
fn one_clients_delays_are_drawn_from_zero_to_a_bound_that_doubles() {
    let bounds = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    let mut widest = [Duration::ZERO; 8];
    for seed in 0..2000 {
        let mut backoff = Backoff::new(BackoffConfig::for_one_client(), seed);
        for (widest, bound) in widest.iter_mut().zip(bounds) {
            let delay = backoff.next(at(0), Cost::One).expect("within the budget");
            assert!(delay <= Duration::from_millis(bound));
            *widest = delay.max(*widest);
        }
    }
    for (widest, bound) in widest.iter().zip(bounds) {
        assert!(*widest > Duration::from_millis(bound * 9 / 10), "{bound}");
    }
}

#[test]
fn by_default_the_first_attempts_come_soon_and_the_others_evenly() {
    for seed in 0..500 {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
        let mut now = at(100);
        let mut delay = || {
            let delay = backoff.next(now, Cost::One).expect("within the budget");
            now = now + delay;
            delay
        };
        assert_eq!(delay(), Duration::ZERO);
        assert!(delay() <= SECOND / 2);
        assert!(delay() <= SECOND);
        assert!(delay() <= 88 * SECOND, "a random part of a delay");
        for _ in 0..4 {
            assert!((6 * SECOND..=82 * SECOND).contains(&delay()));
        }
    }
}

#[test]
fn one_client_is_back_soon_whatever_was_lost_with_it() {
    for seed in 0..200 {
        let mut backoff = lost_healthy(BackoffConfig::for_one_client(), at(100), seed);
        for bound in [0, 500, 1000, 2000, 4000] {
            let delay = backoff.next(at(1000), Cost::One).expect("an attempt");
            assert!(delay <= Duration::from_millis(bound), "{delay:?}");
        }
    }
}

#[test]
fn after_an_overload_delays_are_drawn_from_a_wider_range_and_none_is_made_at_once() {
    let mut widest = Duration::ZERO;
    for seed in 0..500 {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
        let delay = backoff.next_after_overload(at(100), Cost::One);
        let delay = delay.expect("an attempt");
        assert!(delay > Duration::ZERO && delay <= 2 * SECOND, "{delay:?}");
        assert_eq!(backoff.left(), Some(9));
        widest = widest.max(delay);
    }
    assert!(widest > SECOND, "{widest:?}");
}

#[test]
fn what_is_made_at_once_is_paid_for() {
    let mut backoff = Backoff::new(BackoffConfig::default().budget(1), 1);
    assert_eq!(backoff.at_once(), Some(Duration::ZERO));
    assert_eq!(backoff.left(), Some(0));
}

#[test]
fn the_first_delay_of_a_crowd_is_the_rest_of_one_that_it_was_met_in() {
    // Longer delays are met more often, so the rest is a little more than half of the mean.
    let rests = (0..20_000).map(|seed| {
        let mut backoff = Backoff::new(BackoffConfig::default(), seed);
        backoff.part_of_even_delay().as_secs_f64()
    });
    let mean = rests.sum::<f64>() / 20_000.0;
    assert!((22.2..23.0).contains(&mean), "{mean}");
}

#[test]
fn an_attempt_that_failed_slowly_is_not_followed_soon() {
    let long = |wait: u64| {
        let slow = |seed| {
            let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
            backoff.next(at(100), Cost::One);
            let later = backoff.next(at(100 + wait), Cost::Timeout);
            later.expect("within the budget") > SECOND
        };
        (0..1000).filter(|seed| slow(*seed)).count()
    };
    // A second after the loss there is time for another; after fifteen it would come in the
    // same moment as that of everybody who was lost with this client.
    assert_eq!(long(1), 0);
    assert!(long(15) > 900);
}

#[test]
fn the_few_attempts_of_a_first_connection_follow_soon() {
    let mut backoff = Backoff::new(BackoffConfig::default(), 1);
    for (now, bound) in [(0, 500), (15, 1000), (30, 2000)] {
        let delay = backoff.next(at(now), Cost::Timeout).expect("an attempt");
        assert!(delay <= Duration::from_millis(bound), "{delay:?}");
    }
}

#[test]
fn trouble_during_health_is_not_what_was_lost_long_ago() {
    let mut backoff = lost_healthy(BackoffConfig::default(), at(100), 1);
    for _ in 0..5 {
        backoff.next(at(100), Cost::One);
    }
    backoff.ready(at(200));
    let soon = backoff.next(at(4000), Cost::One).expect("an attempt");
    assert!(soon <= SECOND / 2, "{soon:?}");
    // But it is one trouble, however often it is tried.
    let rest: Duration = (0..2)
        .filter_map(|_| backoff.next(at(4003), Cost::One))
        .sum();
    assert!(rest > 10 * SECOND, "{rest:?}");
}

#[test]
fn the_same_seed_gives_the_same_delays() {
    let delays = |seed| {
        let mut backoff = Backoff::new(BackoffConfig::default(), seed);
        std::iter::from_fn(|| backoff.next(at(0), Cost::One)).collect::<Vec<_>>()
    };
    assert_eq!(delays(5), delays(5));
    assert_ne!(delays(5), delays(6));
    assert_eq!(delays(5).len(), 10, "the budget is used up then");
}

#[test]
fn there_is_no_end_only_where_that_was_asked_for() {
    for (config, ends) in [
        (BackoffConfig::default(), true),
        (BackoffConfig::for_one_client(), true),
        (BackoffConfig::retry_for_ever(), false),
    ] {
        let mut backoff = Backoff::new(config, 1);
        let ended = (0..1000).any(|_| backoff.next(at(0), Cost::One).is_none());
        assert_eq!(ended, ends);
    }
}

#[test]
fn a_timeout_costs_double_and_the_last_attempt_is_still_made() {
    let mut backoff = Backoff::new(BackoffConfig::default().budget(5), 1);
    for _ in 0..3 {
        assert!(backoff.next(at(0), Cost::Timeout).is_some());
    }
    assert_eq!(backoff.left(), Some(0));
    assert_eq!(backoff.next(at(0), Cost::Timeout), None);
    assert_eq!(backoff.after(SECOND), None);
    assert_eq!(backoff.at_once(), None);
}

#[test]
fn only_proven_health_starts_over() {
    // Ready for long enough; proven by a turn; neither; never ready.
    for (ready, turn, lived, first_again, left) in [
        (true, false, 60, true, 9),
        (true, true, 31, true, 8),
        (true, true, 1, true, 7),
        (true, false, 59, false, 7),
        (false, false, 600, false, 7),
    ] {
        let mut backoff = Backoff::new(BackoffConfig::default(), 9);
        for _ in 0..3 {
            backoff.next(at(0), Cost::One);
        }
        if ready {
            backoff.ready(at(0));
        }
        if turn {
            backoff.healthy();
        }
        backoff.lost(at(lived));
        assert_eq!(backoff.left(), Some(left), "{ready} {turn} {lived}");
        assert_eq!(backoff.attempts == 0, first_again, "{ready} {turn} {lived}");
    }
}

#[test]
fn healthy_time_adds_up_and_never_beyond_a_full_budget() {
    let mut backoff = Backoff::new(BackoffConfig::default(), 9);
    for _ in 0..4 {
        backoff.at_once();
    }
    // Two lives of three quarters of a minute each earn three attempts, not two.
    for (begins, left) in [(0, 7), (100, 9)] {
        backoff.ready(at(begins));
        backoff.healthy();
        backoff.lost(at(begins + 45));
        assert_eq!(backoff.left(), Some(left));
    }
    backoff.ready(at(200));
    backoff.lost(at(20_000));
    assert_eq!(backoff.left(), Some(10));
    // What is more than full is not kept for later.
    backoff.at_once();
    backoff.ready(at(30_000));
    backoff.healthy();
    backoff.lost(at(30_029));
    assert_eq!(backoff.left(), Some(9));
}

#[test]
fn only_a_long_life_is_followed_at_once() {
    let mut backoff = lost_healthy(BackoffConfig::default(), at(61), 9);
    assert_eq!(backoff.next(at(61), Cost::One), Some(Duration::ZERO));
    assert!(backoff.next(at(61), Cost::One) > Some(Duration::ZERO));
    let mut backoff = lost_healthy(BackoffConfig::default(), at(59), 9);
    assert!(backoff.next(at(59), Cost::One) > Some(Duration::ZERO));
}

#[test]
fn what_the_peer_wishes_is_honoured_up_to_a_cap() {
    let mut backoff = Backoff::new(BackoffConfig::default(), 9);
    let day = Duration::from_secs(86_400);
    let wait = backoff.after(day).expect("an attempt");
    assert!((60 * SECOND..=61 * SECOND).contains(&wait));
    let wait = backoff.after(7 * SECOND).expect("an attempt");
    assert!((7 * SECOND..=8 * SECOND).contains(&wait));
}

#[test]
fn a_crowd_that_was_told_to_wait_does_not_return_in_one_moment() {
    let mut waits = (0..1000).map(|seed| {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
        backoff.after(30 * SECOND).expect("an attempt")
    });
    assert!(waits.all(|wait| (30 * SECOND..=60 * SECOND).contains(&wait)));
    let late = (0..1000).filter(|seed| {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), *seed);
        backoff.after(30 * SECOND) > Some(45 * SECOND)
    });
    assert!((400..600).contains(&late.count()));
}

#[test]
fn a_crowd_that_is_told_the_same_again_stays_spread() {
    for seed in 0..200 {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
        backoff.after(30 * SECOND);
        let again = backoff.after(30 * SECOND).expect("an attempt");
        assert!((30 * SECOND..=33 * SECOND).contains(&again));
    }
    // Told of one moment instead, which comes nearer, all would meet in it.
    let late = (0..1000).filter(|seed| {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), *seed);
        backoff.after(50 * SECOND);
        backoff.after(30 * SECOND) > Some(45 * SECOND)
    });
    assert!((400..600).contains(&late.count()));
}

#[test]
fn an_attempt_that_fails_slowly_is_followed_no_later_for_it() {
    let spread = |seed| {
        let mut backoff = lost_healthy(BackoffConfig::default(), at(100), seed);
        for _ in 0..5 {
            backoff.next(at(100), Cost::One);
        }
        backoff
    };
    for seed in 0..200 {
        let [mut fast, mut slow, mut slower] = [spread(seed), spread(seed), spread(seed)];
        for backoff in [&mut fast, &mut slow, &mut slower] {
            backoff.begin(at(200));
        }
        let delay = fast.next(at(200), Cost::One).expect("an attempt");
        let rest = slow.next(at(203), Cost::One).expect("an attempt");
        assert_eq!(rest, (delay - 3 * SECOND).max(delay / 4));
        let pause = slower.next(at(900), Cost::One).expect("an attempt");
        assert_eq!(pause, delay / 4);
    }
}

#[test]
fn extremes_do_not_overflow() {
    let config = BackoffConfig::retry_for_ever().delays(Duration::MAX, Duration::MAX);
    let mut backoff = Backoff::new(config, u64::MAX);
    for _ in 0..100 {
        assert!(backoff.next(Time::MAX, Cost::One).is_some());
    }
    backoff.ready(Time::MAX);
    backoff.lost(Time::ZERO);
    for _ in 0..100 {
        assert!(backoff.next(Time::MAX, Cost::One).is_some());
    }
}
