//! Credentials: awaited inside the dial, kept while good, asked for once more when refused.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon_protocol::{
    AuthError, AuthShape, End, EndedCause, Fault, How, Secret, Stage, TokenSource, Why,
};
use antiphon_transport::{FreshToken, TokenCache};
use async_trait::async_trait;
use futures_util::future::join_all;

use crate::support::{
    Words,
    bench::config,
    rig::{rig, settle},
};

type Fetching = Pin<Box<dyn Future<Output = Result<FreshToken, AuthError>> + Send>>;
type Fetch = Box<dyn Fn() -> Fetching + Send + Sync>;

/// A cache whose tokens are numbered, and their number.
fn numbered(valid_for: Option<Duration>) -> (Arc<TokenCache<Fetch>>, Arc<AtomicU32>) {
    let fetched = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fetched);
    let fetch: Fetch = Box::new(move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(FreshToken {
                token: Secret::from(format!("token-{number}")),
                valid_for,
            })
        })
    });
    (Arc::new(TokenCache::new(fetch)), fetched)
}

// faults: A19 by fifty askers in one moment
#[tokio::test(start_paused = true)]
async fn many_ask_and_one_fetches() {
    let (cache, fetched) = numbered(Some(Duration::from_secs(600)));
    let tokens = join_all((0..50).map(|_| cache.token(Why::Connect))).await;
    assert!(
        tokens
            .iter()
            .all(|token| token.as_ref().is_ok_and(|t| t.expose() == "token-1"))
    );
    assert_eq!(fetched.load(Ordering::Relaxed), 1);
}

// faults: A19 by a token that is asked for in the last minute of its life
#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_before_it_runs_out() {
    let (cache, fetched) = numbered(Some(Duration::from_secs(600)));
    cache.token(Why::Connect).await.unwrap();
    tokio::time::sleep(Duration::from_secs(539)).await;
    cache.token(Why::Connect).await.unwrap();
    assert_eq!(fetched.load(Ordering::Relaxed), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let token = cache.token(Why::Connect).await.unwrap();
    assert_eq!(token.expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_short_token_is_used_for_half_its_life() {
    let (cache, fetched) = numbered(Some(Duration::from_secs(20)));
    cache.token(Why::Connect).await.unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    cache.token(Why::Connect).await.unwrap();
    assert_eq!(fetched.load(Ordering::Relaxed), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cache.token(Why::Connect).await.unwrap();
    assert_eq!(fetched.load(Ordering::Relaxed), 2);
}

// faults: A19 by fifty refusals of one token
#[tokio::test(start_paused = true)]
async fn many_refusals_of_one_token_fetch_one_other() {
    let (cache, fetched) = numbered(None);
    cache.token(Why::Connect).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let tokens = join_all((0..50).map(|_| cache.token(Why::Refused))).await;
    assert!(
        tokens
            .iter()
            .all(|token| token.as_ref().is_ok_and(|t| t.expose() == "token-2"))
    );
    assert_eq!(fetched.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_dropped_lets_the_next_one_in() {
    let (cache, fetched) = numbered(None);
    let first = cache.token(Why::Connect);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), first)
            .await
            .is_err()
    );
    assert_eq!(cache.token(Why::Connect).await.unwrap().expose(), "token-2");
    assert_eq!(fetched.load(Ordering::Relaxed), 2);
}

fn words(source: Arc<dyn TokenSource>) -> Words {
    Words {
        auth: Some((AuthShape::Bearer, source)),
        ..Words::default()
    }
}

fn unauthorized() -> End {
    End::new(Stage::Upgrade, How::Status).with_status(401)
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_refreshed_once_within_the_same_attempt() {
    let (cache, fetched) = numbered(None);
    cache.token(Why::Connect).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let rig = rig(words(cache), config());
    rig.peer.refuse_next(unauthorized());
    let wire = rig.peer.accept().await;
    assert_eq!(wire.token().map(Secret::expose), Some("token-2"));
    assert_eq!((rig.peer.dials(), fetched.load(Ordering::Relaxed)), (2, 2));
    rig.close().await;
}

// faults: A11 by a wrong key that is refused with 401
#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_change_is_offered_once() {
    let rig = rig(words(Arc::new(Secret::from("wrong"))), config());
    rig.peer.refuse_next(unauthorized());
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::Fault(Fault::Auth));
    assert_eq!(rig.peer.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_refusals_are_the_end() {
    let (cache, fetched) = numbered(None);
    cache.token(Why::Connect).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let rig = rig(words(cache), config());
    rig.peer.refuse_next(unauthorized());
    rig.peer.refuse_next(unauthorized());
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::Fault(Fault::Auth));
    assert_eq!((rig.peer.dials(), fetched.load(Ordering::Relaxed)), (2, 2));
}

struct Never;

#[async_trait]
impl TokenSource for Never {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        std::future::pending().await
    }
}

struct Fails;

#[async_trait]
impl TokenSource for Fails {
    async fn token(&self, _why: Why) -> Result<Secret, AuthError> {
        Err(AuthError("the vault is sealed".to_owned()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_is_under_the_dials_deadline_and_named() {
    let rig = rig(words(Arc::new(Never)), config().connect_attempts(1));
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::BudgetSpent(Fault::Timeout));
    assert_eq!(rig.peer.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn close_interrupts_a_source_that_hangs() {
    let rig = rig(words(Arc::new(Never)), config());
    settle().await;
    assert_eq!(rig.close().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_ends_the_link() {
    let rig = rig(words(Arc::new(Fails)), config());
    rig.task.await.unwrap();
    assert_eq!(rig.above.ended(), EndedCause::Fault(Fault::Auth));
}
