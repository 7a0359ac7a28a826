"""A Graph API client that others wrote (python-facebook-api) against the simulator of Instagram, by both logins.

Started by scripts/clients-test.sh with the program's path.
"""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlparse

import httpx
from pyfacebook import BasicDisplayAPI, FacebookError, GraphAPI

SIMULATOR, RECEIVER = 9194, 9195
BASE, HOOK = f"http://127.0.0.1:{SIMULATOR}/", f"http://127.0.0.1:{RECEIVER}/hook"
ACCOUNT, PAGE, TOKEN, SECRET = "17841400000000001", "1059380000000001", "sandbox-token", "sandbox-app-secret"
APP, APP_SECRET, AMINA = "310400500600701", "sandbox-instagram-app", "990001234567"
heard, failures = [], []


class Hook(BaseHTTPRequestHandler):
    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(query["hub.challenge"][0].encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if self.headers["X-Hub-Signature-256"] != wanted:
            failures.append(f"a signature does not fit: {body}")
        heard.extend(event for entry in json.loads(body)["entry"] for event in entry.get("messaging", []) + entry.get("changes", []))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def until(what, enough, seconds=20):
    end = time.monotonic() + seconds
    while not enough():
        if time.monotonic() > end:
            raise SystemExit(f"not in time: {what}; heard {heard}")
        time.sleep(0.05)


def listening():
    try:
        return httpx.get(f"{BASE}me").status_code in (400, 401)
    except httpx.TransportError:
        return False


def acts(**action):
    said = {"ig_id": ACCOUNT, "customer": {"id": AMINA, "name": "Amina", "username": "amina.o"}, "action": action}
    answer = httpx.post(f"{BASE}_sandbox/say", json=said)
    answer.raise_for_status()
    return answer.json()["id"]


def send(api, node, message, **more):
    data = {"recipient": json.dumps({"id": AMINA}), "message": json.dumps(message), **more}
    return api.post_object(node, connection="messages", data=data)


def refused(code, call):
    try:
        call()
        failures.append(f"{code} was not refused")
    except FacebookError as error:
        if error.code != code:
            failures.append(f"{code}: {error}")


threading.Thread(target=HTTPServer(("127.0.0.1", RECEIVER), Hook).serve_forever, daemon=True).start()
program = subprocess.Popen(
    [sys.argv[1], "sandbox", "--provider", "instagram", "--listen", f"127.0.0.1:{SIMULATOR}", "--webhook-url", HOOK, "--verify"],
    stdout=subprocess.DEVNULL,
)
try:
    until("the simulator listens", listening)
    by_instagram = BasicDisplayAPI(access_token=TOKEN, base_url=BASE, version="v23.0")
    by_facebook = GraphAPI(access_token=TOKEN, base_url=BASE, version="v23.0")

    assert by_instagram.get_object("me", fields="user_id,username")["user_id"] == ACCOUNT
    accounts = by_facebook.get_connection("me", "accounts")["data"]
    assert accounts[0]["instagram_business_account"]["id"] == ACCOUNT, accounts

    # Nobody may be written to whom the account does not know.
    refused(100, lambda: send(by_instagram, ACCOUNT, {"text": "hi"}))
    asked = acts(type="text", text="Habari")
    until("the question", lambda: any(event.get("message", {}).get("mid") == asked for event in heard))
    assert by_instagram.get_object(AMINA, fields="name,username")["username"] == "amina.o"

    sent = send(by_instagram, ACCOUNT, {"text": "Karibu 😀"})
    assert sent["recipient_id"] == AMINA, sent
    until("its echo", lambda: any(event.get("message", {}).get("mid") == sent["message_id"] and event["message"].get("is_echo") for event in heard))
    paged = send(by_facebook, PAGE, {"text": "Which?", "quick_replies": [{"content_type": "text", "title": "Today", "payload": "T"}]})
    until("both are seen", lambda: any(event.get("read", {}).get("mid") == paged["message_id"] for event in heard))
    acts(type="quick_reply", title="Today", payload="T")
    until("the answer", lambda: any(event.get("message", {}).get("quick_reply", {}).get("payload") == "T" for event in heard))
    assert by_instagram.get_object(sent["message_id"])["message"] == "Karibu 😀"
    refused(100, lambda: send(by_instagram, ACCOUNT, {"text": "x" * 1001}))

    # A comment is answered once, in private.
    comment = acts(type="comment", text="How much?")
    until("the comment", lambda: any(event.get("value", {}).get("id") == comment for event in heard))
    private = lambda: by_instagram.post_object(ACCOUNT, connection="messages", data={"recipient": json.dumps({"comment_id": comment}), "message": json.dumps({"text": "1,850"})})
    private()
    refused(10, private)

    # Logging in: the consent page, the code, the long token, its renewal.
    login = BasicDisplayAPI(app_id=APP, app_secret=APP_SECRET, oauth_flow=True, base_url=BASE, version="v23.0")
    page = httpx.get(f"{BASE}oauth/authorize", params={"client_id": APP, "redirect_uri": "https://desk.example/back", "response_type": "code", "state": "s"})
    code = parse_qs(urlparse(page.headers["location"]).query)["code"][0]
    form = {"client_id": APP, "client_secret": APP_SECRET, "grant_type": "authorization_code", "redirect_uri": "https://desk.example/back", "code": code}
    short = httpx.post(f"{BASE}oauth/access_token", data=form).json()
    short = short.get("data", [short])[0]["access_token"]
    long = login.exchange_long_lived_user_access_token(short)
    assert long["expires_in"] > 5_000_000, long
finally:
    program.terminate()
    program.wait(10)

if failures:
    raise SystemExit("\n".join(failures))
print(f"{len(heard)} events, all signed; sends by both logins taken")
