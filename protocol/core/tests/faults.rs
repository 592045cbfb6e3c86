//! What ends mean, over every close code and every status, whatever else is known about them.

use std::collections::BTreeSet;
use std::time::Duration;

use antiphon_protocol::{
    CLOSE_CODES, End, EndMeaning, EndWhen, Fault, HTTP_STATUSES, How, Retry, ServerError, Stage,
    classify,
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

/// What a close code means, said once more in another form than the table's.
fn said_otherwise(code: u16, end: &End) -> (Fault, Retry) {
    let opening_by_handle = end.resumed && end.stage <= Stage::Opening;
    let quota = end.reason.as_str().to_lowercase().contains("quota");
    match code {
        1000 => (Fault::Closed, Retry::Backoff),
        1001 => (Fault::SessionLimit, Retry::Rotate),
        1002 | 1003 | 1010 => (Fault::Protocol, Retry::Never),
        1005 | 1006 => (Fault::Network, Retry::Backoff),
        1007 | 1008 if opening_by_handle => (Fault::ResumeRefused, Retry::OnceFresh),
        1007 if end.resumed => (Fault::Invalid, Retry::OnceFresh),
        1008 if end.stage == Stage::Live => (Fault::Invalid, Retry::OnceFresh),
        1007 | 1008 => (Fault::Invalid, Retry::Never),
        1009 => (Fault::TooLarge, Retry::Never),
        1011 if quota => (Fault::Quota, Retry::Never),
        1011 if opening_by_handle => (Fault::ResumeRefused, Retry::OnceFresh),
        1011 => (Fault::Server, Retry::Backoff),
        1012 | 1013 => (Fault::Overloaded, Retry::Backoff),
        1015 => (Fault::Tls, Retry::Never),
        3000..=4999 if quota => (Fault::Quota, Retry::Never),
        _ => (Fault::Unknown, Retry::Backoff),
    }
}

/// The row of a table that decides `end`.
fn deciding(table: &[EndMeaning], code: u16, end: &End) -> Option<usize> {
    table.iter().position(|row| row.holds(code, end))
}

#[test]
fn every_close_code_in_every_circumstance_and_every_row() {
    let mut executed = BTreeSet::new();
    for code in 0..=4999 {
        for end in closes(code) {
            assert_eq!(classify(&end), said_otherwise(code, &end), "{end:?}");
            executed.extend(deciding(CLOSE_CODES, code, &end));
        }
    }
    assert_eq!(
        executed.len(),
        CLOSE_CODES.len(),
        "rows executed: {executed:?}"
    );
}

#[test]
fn every_status_and_every_row() {
    let mut executed = BTreeSet::new();
    for status in 100..=599 {
        for reason in REASONS {
            let end = refused(status).because(reason);
            let spent = reason == "insufficient_quota";
            let expected = match status {
                401 => (Fault::Auth, Retry::Never),
                403 => (Fault::Forbidden, Retry::Never),
                404 => (Fault::NotFound, Retry::Never),
                408 | 504 => (Fault::Timeout, Retry::Backoff),
                429 if spent => (Fault::Quota, Retry::Never),
                429 => (Fault::RateLimit, Retry::Backoff),
                400..=499 => (Fault::Invalid, Retry::Never),
                500 | 502 => (Fault::Server, Retry::Backoff),
                503 => (Fault::Overloaded, Retry::Backoff),
                _ => (Fault::Protocol, Retry::Never),
            };
            assert_eq!(classify(&end), expected, "{status} {reason}");
            executed.extend(deciding(HTTP_STATUSES, status, &end));
        }
    }
    assert_eq!(
        executed.len(),
        HTTP_STATUSES.len(),
        "rows executed: {executed:?}"
    );
}

#[test]
fn every_stage_has_words_of_its_own() {
    let names: BTreeSet<_> = STAGES.map(Stage::name).into();
    assert_eq!(names.len(), STAGES.len());
    assert!(names.iter().all(|name| name.len() > 2), "{names:?}");
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
fn a_handle_that_was_taken_is_blamed_for_no_later_end_but_bad_content() {
    for stage in [Stage::Live, Stage::Draining] {
        for code in (1000..=4999).filter(|code| *code != 1007) {
            let with_handle = classify(&closed(code, stage, true));
            let without = classify(&closed(code, stage, false));
            assert_eq!(with_handle, without, "{code} {stage:?}");
        }
    }
    // What the old conversation holds may be what is refused, so a fresh one is worth one attempt.
    let end = closed(1007, Stage::Live, true);
    assert_eq!(classify(&end), (Fault::Invalid, Retry::OnceFresh));
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
fn the_last_row_of_each_table_leaves_nothing_undecided() {
    for table in [CLOSE_CODES, HTTP_STATUSES] {
        let last = table.last().unwrap();
        assert_eq!(
            (last.first, last.last, last.when),
            (0, u16::MAX, EndWhen::Always)
        );
        assert!(table.iter().all(|row| row.first <= row.last), "{table:?}");
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
