//! The addresses of this feature.

use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web};

use super::Accounts;
use super::login::{LoggedIn, Origin};
use super::model::{
    LoginAnswer, LoginBody, MeAnswer, PasswordBody, ProfileBody, SessionView, SetupBody, SetupState,
    TokenBody, TokenCreated, TokenView, UserBody, UserView, WorkspaceBody, WorkspaceCreated,
};
use crate::domain::time::SECOND;
use crate::domain::{SessionId, TokenId, UserId};
use crate::http::auth::{SESSION_COOKIE, SESSION_LIFETIME};
use crate::http::{
    ApiResult, Caller, ClientAddr, Items, NoQuery, OperatorCaller, OwnerCaller, Page, PageParams, PathId,
    Trace, ValidJson, endpoints,
};

endpoints!(
    setup_state,
    set_up,
    log_in,
    log_out,
    me,
    change_me,
    change_password,
    list_sessions,
    end_session,
    list_users,
    add_user,
    remove_user,
    list_tokens,
    create_token,
    delete_token,
    add_workspace,
);

type Service = web::Data<Accounts>;

fn origin(req: &HttpRequest, trace: Trace) -> Origin {
    let user_agent = req
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Origin {
        address: ClientAddr::of(req).bucket(),
        user_agent: user_agent.unwrap_or_default().to_owned(),
        trace: trace.0,
    }
}

fn cookie(accounts: &Accounts, value: String, seconds: i64) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(accounts.secure_cookie)
        .max_age(Duration::seconds(seconds))
        .finish()
}

fn logged_in(
    accounts: &Accounts,
    mut answer: actix_web::HttpResponseBuilder,
    login: LoggedIn,
) -> HttpResponse {
    let LoggedIn {
        secret,
        user,
        workspace,
    } = login;
    let token = secret.reveal().to_owned();
    answer
        .cookie(cookie(accounts, token.clone(), SESSION_LIFETIME / SECOND))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(LoginAnswer {
            token,
            user: UserView::new(&user, &workspace),
            workspace: (&workspace).into(),
        })
}

/// Whether the appliance waits for its first set-up.
#[utoipa::path(tag = "account", responses((status = 200, body = SetupState)), security(()))]
#[get("/api/v1/setup")]
pub(super) async fn setup_state(accounts: Service, _: NoQuery) -> ApiResult<web::Json<SetupState>> {
    let needed = accounts.needs_setup()?;
    Ok(web::Json(SetupState { needed }))
}

/// Sets the appliance up with the one-time code that the server printed: the first owner and the business.
#[utoipa::path(tag = "account", request_body = SetupBody, responses((status = 201, body = LoginAnswer)), security(()))]
#[post("/api/v1/setup")]
pub(super) async fn set_up(
    accounts: Service,
    body: ValidJson<SetupBody>,
    trace: Trace,
    req: HttpRequest,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let (code, new) = body.0.into_parts();
    let login = accounts.set_up(&code, new, &origin(&req, trace)).await?;
    Ok(logged_in(&accounts, HttpResponse::Created(), login))
}

/// Logs in. The answer's token goes into `Authorization: Bearer`; browsers get it as a cookie too.
#[utoipa::path(tag = "account", request_body = LoginBody, responses((status = 200, body = LoginAnswer)), security(()))]
#[post("/api/v1/auth/login")]
pub(super) async fn log_in(
    accounts: Service,
    body: ValidJson<LoginBody>,
    trace: Trace,
    req: HttpRequest,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let login = accounts
        .log_in(&body.email, &body.password, &origin(&req, trace))
        .await?;
    Ok(logged_in(&accounts, HttpResponse::Ok(), login))
}

/// Ends the session that asks.
#[utoipa::path(tag = "account", responses((status = 204)))]
#[post("/api/v1/auth/logout")]
pub(super) async fn log_out(accounts: Service, who: Caller, _: NoQuery) -> ApiResult<HttpResponse> {
    accounts.log_out(&who).await?;
    let gone = cookie(&accounts, String::new(), 0);
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// Who is logged in, and to what.
#[utoipa::path(tag = "account", responses((status = 200, body = MeAnswer)))]
#[get("/api/v1/me")]
pub(super) async fn me(
    accounts: Service,
    who: Caller,
    req: HttpRequest,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let user = accounts.user(who.workspace, who.user)?;
    let workspace = accounts.workspace(who.workspace)?;
    let mut answer = HttpResponse::Ok();
    if let Some(current) = req.cookie(SESSION_COOKIE) {
        // The session slides with its use; so must the browser's copy.
        answer.cookie(cookie(
            &accounts,
            current.value().to_owned(),
            SESSION_LIFETIME / SECOND,
        ));
    }
    Ok(answer.json(MeAnswer {
        user: UserView::new(&user, &workspace),
        workspace: (&workspace).into(),
        version: env!("CARGO_PKG_VERSION"),
        demo: workspace.demo,
        operator: user.operator,
    }))
}

/// Changes one's own profile.
#[utoipa::path(tag = "account", request_body = ProfileBody, responses((status = 200, body = UserView)))]
#[patch("/api/v1/me")]
pub(super) async fn change_me(
    accounts: Service,
    who: Caller,
    body: ValidJson<ProfileBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<web::Json<UserView>> {
    let user = accounts.change_profile(&who, &body, trace.0).await?;
    Ok(web::Json(UserView::new(
        &user,
        &accounts.workspace(who.workspace)?,
    )))
}

/// Changes one's own password; other sessions end.
#[utoipa::path(tag = "account", request_body = PasswordBody, responses((status = 204)))]
#[post("/api/v1/me/password")]
pub(super) async fn change_password(
    accounts: Service,
    who: Caller,
    body: ValidJson<PasswordBody>,
    trace: Trace,
    req: HttpRequest,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let origin = origin(&req, trace);
    accounts
        .change_password(&who, &body.current, &body.new, &origin)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One's own sessions, newest first.
#[utoipa::path(tag = "account", params(PageParams), responses((status = 200, body = Items<SessionView>)))]
#[get("/api/v1/me/sessions")]
pub(super) async fn list_sessions(
    accounts: Service,
    who: Caller,
    page: Page,
) -> ApiResult<web::Json<Items<SessionView>>> {
    let sessions = accounts.list_sessions(&who, &page)?;
    Ok(web::Json(sessions.map(|session| SessionView::new(session, &who))))
}

/// Ends one of one's own sessions.
#[utoipa::path(tag = "account", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/me/sessions/{id}")]
pub(super) async fn end_session(
    accounts: Service,
    who: Caller,
    id: PathId<SessionId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    accounts.end_session(&who, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Everyone in the workspace.
#[utoipa::path(tag = "people", params(PageParams), responses((status = 200, body = Items<UserView>)))]
#[get("/api/v1/users")]
pub(super) async fn list_users(
    accounts: Service,
    who: Caller,
    page: Page,
) -> ApiResult<web::Json<Items<UserView>>> {
    let workspace = accounts.workspace(who.workspace)?;
    let users = accounts.list_users(&who, &page)?;
    Ok(web::Json(users.map(|user| UserView::new(&user, &workspace))))
}

/// Adds someone. For owners.
#[utoipa::path(tag = "people", request_body = UserBody, responses((status = 201, body = UserView)))]
#[post("/api/v1/users")]
pub(super) async fn add_user(
    accounts: Service,
    who: OwnerCaller,
    body: ValidJson<UserBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let (new, role) = body.0.into_parts();
    let user = accounts.add_user(&who, new, role, trace.0).await?;
    let view = UserView::new(&user, &accounts.workspace(who.workspace)?);
    Ok(HttpResponse::Created().json(view))
}

/// Removes someone; their sessions and tokens end. For owners.
#[utoipa::path(tag = "people", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/users/{id}")]
pub(super) async fn remove_user(
    accounts: Service,
    who: OwnerCaller,
    id: PathId<UserId>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    accounts.remove_user(&who, id.0, trace.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The workspace's API tokens, without their secrets. For owners.
#[utoipa::path(tag = "people", params(PageParams), responses((status = 200, body = Items<TokenView>)))]
#[get("/api/v1/tokens")]
pub(super) async fn list_tokens(
    accounts: Service,
    who: OwnerCaller,
    page: Page,
) -> ApiResult<web::Json<Items<TokenView>>> {
    let tokens = accounts.list_tokens(&who, &page)?;
    Ok(web::Json(tokens.map(|token| TokenView::from(&token))))
}

/// Makes an API token; its secret is shown this once. It may do what its maker may. For owners.
#[utoipa::path(tag = "people", request_body = TokenBody, responses((status = 201, body = TokenCreated)))]
#[post("/api/v1/tokens")]
pub(super) async fn create_token(
    accounts: Service,
    who: OwnerCaller,
    body: ValidJson<TokenBody>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let (token, secret) = accounts.create_token(&who, &body.name).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(answer.json(TokenCreated {
        view: TokenView::from(&token),
        token: secret.reveal().to_owned(),
    }))
}

/// Ends an API token. For owners.
#[utoipa::path(tag = "people", params(("id" = String, Path)), responses((status = 204)))]
#[delete("/api/v1/tokens/{id}")]
pub(super) async fn delete_token(
    accounts: Service,
    who: OwnerCaller,
    id: PathId<TokenId>,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    accounts.delete_token(&who, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Adds a business to the appliance. For the owner who runs it.
#[utoipa::path(tag = "people", request_body = WorkspaceBody, responses((status = 201, body = WorkspaceCreated)))]
#[post("/api/v1/workspaces")]
pub(super) async fn add_workspace(
    accounts: Service,
    _who: OperatorCaller,
    body: ValidJson<WorkspaceBody>,
    trace: Trace,
    _: NoQuery,
) -> ApiResult<HttpResponse> {
    let (workspace, owner) = accounts.add_workspace(body.0.into_new(), trace.0).await?;
    let owner = UserView::new(&owner, &workspace);
    Ok(HttpResponse::Created().json(WorkspaceCreated {
        workspace: (&workspace).into(),
        owner,
    }))
}
