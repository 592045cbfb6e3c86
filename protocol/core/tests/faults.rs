//! What ends mean, over every close code and every status, whatever else is known about them.

use std::time::Duration;

use antiphon_protocol::{
    CLOSE_CODES, End, Fault, HTTP_STATUSES, How, Retry, ServerError, Stage, classify,
};

const STAGES: [Stage; 9] = [
    Stage::Token,
    Stage::Resolve,
    Stage::Connect,
    Stage::Proxy,
    Stage::Tls,
    Stage::Upgrade,
    Stage::Opening,
    Stage::Live,
    Stage::Draining,
];

const HOWS: [How; 13] = [
    How::CloseFrame,
    How::Eof,
    How::Io,
    How::Deadline,
    How::Status,
    How::Tls,
    How::Resolve,
    How::Protocol,
    How::TooLarge,
    How::Token,
    How::Address,
    How::Refused,
    How::Silent,
];

const REASONS: [&str; 4] = ["", "quota", "insufficient_quota", "bye\u{202e}\n"];

fn closed(code: u16, stage: Stage, resumed: bool) -> End {
    End {
        resumed,
        ..End::new(stage, How::CloseFrame).with_code(code)
    }
}

fn refused(status: u16) -> End {
    End::new(Stage::Upgrade, How::Status).with_status(status)
}

/// All ends by a close frame with `code`.
fn closes(code: u16) -> impl Iterator<Item = End> {
    STAGES.into_iter().flat_map(move |stage| {
        [false, true].into_iter().flat_map(move |resumed| {
            REASONS.map(|reason| closed(code, stage, resumed).because(reason))
        })
    })
}

#[test]
fn our_own_faults_are_never_repeated() {
    for code in [1002, 1003, 1009, 1010, 1015] {
        for end in closes(code) {
            assert_eq!(classify(&end).1, Retry::Never, "{end:?}");
        }
    }
}

#[test]
fn a_code_that_says_nothing_is_worth_another_try() {
    for code in (1000..=4999).filter(|code| CLOSE_CODES.iter().all(|(known, ..)| known != code)) {
        for end in closes(code) {
            assert_eq!(classify(&end), (Fault::Unknown, Retry::Backoff), "{end:?}");
        }
    }
}

#[test]
fn losing_the_network_is_worth_another_try() {
    for code in [1005, 1006] {
        for end in closes(code) {
            assert_eq!(classify(&end), (Fault::Network, Retry::Backoff), "{end:?}");
        }
    }
    for (how, stage) in [How::Eof, How::Io, How::Silent].into_iter().zip(STAGES) {
        assert_eq!(
            classify(&End::new(stage, how)),
            (Fault::Network, Retry::Backoff)
        );
    }
    let without_code = End::new(Stage::Live, How::CloseFrame);
    assert_eq!(classify(&without_code), (Fault::Network, Retry::Backoff));
}

#[test]
fn a_refused_handle_is_given_up_after_one_fresh_try() {
    for stage in STAGES.into_iter().filter(|stage| *stage <= Stage::Opening) {
        for code in [1007, 1008, 1011] {
            let verdict = classify(&closed(code, stage, true));
            assert_eq!(
                verdict,
                (Fault::ResumeRefused, Retry::OnceFresh),
                "{code} {stage:?}"
            );
            // Without the handle it is not the handle's fault, so the next end is read plainly.
            let verdict = classify(&closed(code, stage, false));
            assert_ne!(verdict.1, Retry::OnceFresh, "{code} {stage:?}");
        }
    }
}

#[test]
fn a_handle_that_was_taken_is_not_blamed_for_a_later_end() {
    for stage in [Stage::Live, Stage::Draining] {
        for (code, ..) in CLOSE_CODES {
            let with_handle = classify(&closed(*code, stage, true));
            assert_eq!(
                with_handle,
                classify(&closed(*code, stage, false)),
                "{code} {stage:?}"
            );
        }
    }
}

#[test]
fn the_rows_of_the_close_table_hold() {
    let fresh = |code, stage| classify(&closed(code, stage, false));
    let rows = [
        (1000, Stage::Live, Fault::Closed, Retry::Backoff),
        (1001, Stage::Live, Fault::SessionLimit, Retry::Backoff),
        (1002, Stage::Live, Fault::Protocol, Retry::Never),
        (1003, Stage::Live, Fault::Protocol, Retry::Never),
        (1007, Stage::Opening, Fault::Invalid, Retry::Never),
        (1007, Stage::Live, Fault::Invalid, Retry::Never),
        (1008, Stage::Opening, Fault::Invalid, Retry::Never),
        (1008, Stage::Live, Fault::Invalid, Retry::OnceFresh),
        (1009, Stage::Live, Fault::TooLarge, Retry::Never),
        (1010, Stage::Live, Fault::Protocol, Retry::Never),
        (1011, Stage::Live, Fault::Server, Retry::Backoff),
        (1012, Stage::Live, Fault::Overloaded, Retry::Backoff),
        (1013, Stage::Live, Fault::Overloaded, Retry::Backoff),
        (1015, Stage::Live, Fault::Tls, Retry::Never),
    ];
    for (code, stage, fault, retry) in rows {
        assert_eq!(fresh(code, stage), (fault, retry), "{code} {stage:?}");
    }
    for (code, ..) in CLOSE_CODES {
        let known = rows.iter().any(|(row, ..)| row == code) || matches!(code, 1005 | 1006);
        assert!(known, "{code} has no row here");
    }
}

#[test]
fn a_spent_quota_is_not_asked_again() {
    for reason in ["You exceeded your current Quota", "QUOTA", "no quota left"] {
        let end = closed(1011, Stage::Live, false).because(reason);
        assert_eq!(classify(&end), (Fault::Quota, Retry::Never), "{reason}");
    }
    let mut end = refused(429).because("{\"code\":\"insufficient_quota\"}");
    assert_eq!(classify(&end), (Fault::Quota, Retry::Never));
    end.retry_after = Some(Duration::from_secs(1));
    assert_eq!(classify(&end), (Fault::Quota, Retry::Never));
}

#[test]
fn every_status_is_one_of_the_stated_kinds() {
    for status in 0..=u16::MAX {
        let expected = match status {
            408 | 429 | 500 | 502 | 503 | 504 => Retry::Backoff,
            _ => Retry::Never,
        };
        let end = refused(status);
        let (fault, retry) = classify(&end);
        assert_eq!(retry, expected, "{status}");
        assert_ne!(fault, Fault::Unknown, "{status}");

        let wait = Duration::from_secs(3);
        let told = End {
            retry_after: Some(wait),
            ..end
        };
        let expected = match expected {
            Retry::Backoff => Retry::After(wait),
            other => other,
        };
        assert_eq!(classify(&told), (fault, expected), "{status}");
    }
    assert_eq!(classify(&refused(401)).0, Fault::Auth);
    assert_eq!(classify(&refused(403)).0, Fault::Forbidden);
    assert_eq!(classify(&refused(404)).0, Fault::NotFound);
    assert_eq!(classify(&refused(429)).0, Fault::RateLimit);
    assert_eq!(
        classify(&End::new(Stage::Upgrade, How::Status)).1,
        Retry::Never
    );
}

#[test]
fn no_row_of_the_status_table_is_dead() {
    for (place, row) in HTTP_STATUSES.iter().enumerate() {
        let earlier = HTTP_STATUSES.get(..place).unwrap_or_default();
        let reached = (row.first..=row.last).any(|status| {
            !earlier
                .iter()
                .any(|row| (row.first..=row.last).contains(&status))
        });
        assert!(row.first <= row.last && reached, "{row:?}");
    }
    for (place, (code, ..)) in CLOSE_CODES.iter().enumerate() {
        let first = CLOSE_CODES.iter().position(|(known, ..)| known == code);
        assert_eq!(first, Some(place), "{code} twice");
    }
}

#[test]
fn a_fatal_error_before_the_end_is_fatal_however_it_ends() {
    let rows = [
        (Fault::Auth, Retry::Never),
        (Fault::Forbidden, Retry::Never),
        (Fault::NotFound, Retry::Never),
        (Fault::Quota, Retry::Never),
        (Fault::SessionLimit, Retry::Rotate),
        (Fault::RateLimit, Retry::Backoff),
        (Fault::Overloaded, Retry::Backoff),
    ];
    for (fault, retry) in rows {
        for (how, stage) in HOWS
            .into_iter()
            .flat_map(|how| STAGES.map(|stage| (how, stage)))
        {
            let end = End {
                last_error: Some(ServerError {
                    fault,
                    ..ServerError::default()
                }),
                ..End::new(stage, how)
            };
            assert_eq!(classify(&end), (fault, retry), "{end:?}");
        }
    }
}

#[test]
fn what_can_only_fail_again_is_not_tried_again() {
    for how in [
        How::Tls,
        How::Protocol,
        How::TooLarge,
        How::Token,
        How::Address,
        How::Refused,
    ] {
        for stage in STAGES {
            assert_eq!(
                classify(&End::new(stage, how)).1,
                Retry::Never,
                "{how:?} {stage:?}"
            );
        }
    }
    for how in [How::Deadline, How::Resolve] {
        assert_eq!(
            classify(&End::new(Stage::Connect, how)).1,
            Retry::Backoff,
            "{how:?}"
        );
    }
}
