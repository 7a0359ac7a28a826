//! Through the feature's own service, on a clock that the tests move.

use std::time::Duration;

use actix_web::web::Data;

use super::login::Origin;
use super::store::session_end;
use super::*;
use crate::actors::sessions::end_session_when_due;
use crate::domain::account::{User, Workspace};
use crate::domain::operations::DueWork;
use crate::domain::{Timestamp, TraceId};
use crate::http::AuthOptions;
use crate::http::auth::SESSION_LIFETIME;
use crate::storage::keys::{DueKey, SessionKey};
use crate::storage::{MasterKey, Prefix, StoreOptions};

const START: Timestamp = Timestamp(1_790_000_000_000_000);
const EMAIL: &str = "owner@bakery.example";
const PASSWORD: &str = "correct horse battery";

struct House {
    accounts: Accounts,
    auth: Data<Authenticator>,
    workspace: Workspace,
    owner: User,
    _dir: tempfile::TempDir,
}

/// One workspace with its owner; tokio's time is paused from here on.
async fn house() -> House {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let master_key = MasterKey::generate().expect("random bytes");
    let options = StoreOptions {
        dir: dir.path().to_owned(),
        master_key,
    };
    let store = Store::open(options).expect("an empty store opens");
    let hasher = PasswordHasher::cheap_for_tests().expect("parameters");
    let new = NewWorkspace {
        name: "Bakery".into(),
        timezone: "UTC".into(),
        locale: "en".into(),
        demo: false,
        operator: true,
        owner: NewPerson {
            name: "Owner".into(),
            email: EMAIL.into(),
            password: PASSWORD.into(),
        },
    };
    let made = create_workspace(
        &store,
        &hasher,
        new,
        PasswordRule::Strict,
        START,
        TraceId([0; 16]),
    )
    .await;
    let (workspace, owner) = made.expect("a workspace");
    tokio::time::pause();
    let clock = Clock::tokio_from(START);
    let auth = Data::new(Authenticator::new(store.clone(), clock, AuthOptions::default()));
    let options = AccountsOptions {
        secure_cookie: false,
        setup: None,
    };
    House {
        accounts: Accounts::new(store, clock, auth.clone(), hasher, options),
        auth,
        workspace,
        owner,
        _dir: dir,
    }
}

fn origin() -> Origin {
    Origin {
        address: [127, 0, 0, 1].into(),
        user_agent: "Tester\u{7} 1.0".into(),
        trace: TraceId([0; 16]),
    }
}

impl House {
    async fn log_in(&self, password: &str) -> Result<String, &'static str> {
        let result = self.accounts.log_in(EMAIL, password, &origin()).await;
        result
            .map(|login| login.secret.reveal().to_owned())
            .map_err(|error| error.code())
    }

    fn due(&self) -> Vec<(DueKey, DueWork)> {
        let prefix = Prefix::<DueKey>::table();
        self.accounts.store.scan(&prefix, None, 100).expect("readable")
    }
}

#[actix_web::test]
async fn a_lock_ends_by_itself_and_the_next_one_is_longer() {
    let house = house().await;
    for _ in 0..5 {
        assert_eq!(house.log_in("wrong").await, Err("invalid_credentials"));
    }
    assert_eq!(house.log_in(PASSWORD).await, Err("locked_out"));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(house.log_in("wrong").await, Err("invalid_credentials"));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(
        house.log_in(PASSWORD).await,
        Err("locked_out"),
        "two minutes this time"
    );
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(house.log_in(PASSWORD).await.is_ok());
    assert_eq!(
        house.log_in("wrong").await,
        Err("invalid_credentials"),
        "counted from the beginning again"
    );
}

#[actix_web::test]
async fn a_session_ends_thirty_days_after_its_last_use() {
    let house = house().await;
    let secret = house.log_in(PASSWORD).await.expect("logged in");
    let identity = house.auth.identify(&secret).expect("known");
    assert_eq!(identity.workspace, house.workspace.id);
    assert_eq!(identity.user, house.owner.id);
    let days = |n: u64| Duration::from_secs(n * 24 * 3_600);
    tokio::time::advance(days(30) - Duration::from_secs(1)).await;
    assert!(house.auth.identify(&secret).is_ok());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        house.auth.identify(&secret).expect_err("ended").code(),
        "unauthenticated"
    );
}

#[actix_web::test]
async fn due_sessions_are_ended_and_used_ones_wait_again() {
    let house = house().await;
    house.log_in(PASSWORD).await.expect("logged in");
    let [(due, DueWork::EndSession(secret))] = house.due()[..] else {
        panic!("one session's end is due: {:?}", house.due());
    };
    assert_eq!(due.at, session_end(START));
    let store = &house.accounts.store;
    let key = SessionKey { secret };
    let mut session = store.get(&key).expect("readable").expect("there");
    assert_eq!(
        session.user_agent, "Tester 1.0",
        "control characters are left out"
    );

    // Used meanwhile: it waits for its new end.
    session.expires_at = due.at.plus(5);
    let mut batch = crate::storage::Batch::new();
    batch.put(
        &key,
        &session,
        &store.workspace_seal(session.workspace).expect("its seal"),
    );
    store.commit(batch).await.expect("durable");
    let batch = end_session_when_due(store, secret, due.at).expect("readable");
    store.commit(batch).await.expect("durable");
    assert!(store.contains(&key).expect("readable"));
    assert!(house.due().iter().any(|(due, _)| due.at == session.expires_at));

    let batch = end_session_when_due(store, secret, session.expires_at).expect("readable");
    store.commit(batch).await.expect("durable");
    assert!(!store.contains(&key).expect("readable"));
    let nothing = end_session_when_due(store, secret, due.at).expect("readable");
    assert!(nothing.is_empty(), "a session that is gone needs nothing");
}

#[actix_web::test]
async fn use_moves_a_sessions_end() {
    let house = house().await;
    let secret = house.log_in(PASSWORD).await.expect("logged in");
    tokio::time::advance(Duration::from_secs(3_600)).await;
    let app = actix_web::test::init_service(actix_web::App::new().app_data(house.auth.clone()).route(
        "/",
        web::get().to(|who: crate::http::Caller| async move { who.user.to_string() }),
    ))
    .await;
    let request =
        actix_web::test::TestRequest::get().insert_header(("authorization", format!("Bearer {secret}")));
    let answer = actix_web::test::call_service(&app, request.to_request()).await;
    assert!(answer.status().is_success());
    let key = SessionKey {
        secret: crate::http::secret::hash(&secret),
    };
    let expected = START.plus(3_600_000_000);
    for _ in 0..10_000 {
        let session = house.accounts.store.get(&key).expect("readable").expect("there");
        if session.last_used_at >= expected {
            assert!(session.expires_at >= expected.plus(SESSION_LIFETIME));
            return;
        }
        tokio::task::yield_now().await;
        std::thread::yield_now();
    }
    panic!("the session's last use was never written");
}

#[actix_web::test]
async fn knowing_a_caller_costs_microseconds() {
    let house = house().await;
    let secret = house.log_in(PASSWORD).await.expect("logged in");
    house.auth.identify(&secret).expect("known");
    let started = std::time::Instant::now();
    for _ in 0..1_000 {
        house.auth.identify(&secret).expect("known");
    }
    let each = started.elapsed() / 1_000;
    assert!(each < Duration::from_micros(200), "{each:?} each, unoptimised");
}

#[actix_web::test]
async fn the_operator_may_set_a_short_password_in_the_environment() {
    let house = house().await;
    let new = |password: &str| NewWorkspace {
        name: "Second".into(),
        timezone: "UTC".into(),
        locale: "en".into(),
        demo: true,
        operator: true,
        owner: NewPerson {
            name: "O".into(),
            email: "o@o.example".into(),
            password: password.into(),
        },
    };
    let (store, hasher) = (&house.accounts.store, &house.accounts.hasher);
    let make = |password, rule| create_workspace(store, hasher, new(password), rule, START, TraceId([0; 16]));
    let refused = make("short", PasswordRule::Strict).await.expect_err("too short");
    assert_eq!(refused.field(), Some("owner.password"));
    assert!(make("", PasswordRule::Operator).await.is_err());
    assert!(make("short", PasswordRule::Operator).await.is_ok());
}

#[actix_web::test]
async fn the_operator_sets_a_password_from_the_command_line() {
    let house = house().await;
    let old = house.log_in(PASSWORD).await.expect("logged in");
    for _ in 0..5 {
        assert_eq!(house.log_in("wrong").await, Err("invalid_credentials"));
    }
    let (store, hasher) = (&house.accounts.store, &house.accounts.hasher);
    let all = everyone(store).expect("readable");
    assert_eq!(
        (all.len(), all[0].1.len(), all[0].1[0].email.as_str()),
        (1, 1, EMAIL)
    );
    let set = |email, password| set_password(store, hasher, email, password, START, PasswordRule::Strict);
    assert_eq!(
        set("nobody@x.example", "a new long one")
            .await
            .expect_err("nobody")
            .code(),
        "not_found"
    );
    assert_eq!(
        set(EMAIL, "short").await.expect_err("short").field(),
        Some("password")
    );
    set("OWNER@bakery.example ", "a new long one").await.expect("set");
    assert!(
        house.log_in("a new long one").await.is_ok(),
        "the lock is gone too"
    );
    house.auth.forget_user(house.owner.id);
    assert!(house.auth.identify(&old).is_err(), "old sessions ended");
}

#[actix_web::test]
async fn an_open_connection_notices_that_its_session_ended() {
    let house = house().await;
    let secret = house.log_in(PASSWORD).await.expect("logged in");
    let who = house.auth.identify(&secret).expect("known");
    assert!(house.auth.recheck(&who).is_ok());
    house.accounts.log_out(&who).await.expect("logged out");
    assert_eq!(
        house.auth.recheck(&who).expect_err("ended").code(),
        "unauthenticated"
    );
}

#[actix_web::test]
async fn a_session_that_calls_too_often_is_slowed_down() {
    let house = house().await;
    let secret = house.log_in(PASSWORD).await.expect("logged in");
    let options = AuthOptions {
        rate_per_s: 1,
        burst: 20,
    };
    let auth = Authenticator::new(house.accounts.store.clone(), house.accounts.clock, options);
    let calls = (0..40).map(|_| auth.identify(&secret));
    let (good, slowed): (Vec<_>, Vec<_>) = calls.partition(Result::is_ok);
    assert!((20..=22).contains(&good.len()), "{}", good.len());
    for answer in slowed {
        assert_eq!(answer.expect_err("slowed").code(), "rate_limited");
    }
}
