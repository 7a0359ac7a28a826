"""Twilio's own library against the simulator: sends, lists, templates, and its own check of our webhooks' signatures.

Started by scripts/clients-test.sh with the program's path.
"""

import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

SIMULATOR, RECEIVER = 9192, 9193
BASE, HOOK = f"http://127.0.0.1:{SIMULATOR}", f"http://127.0.0.1:{RECEIVER}/hook?shop=1"
ACCOUNT, TOKEN = "AC00112233445566778899aabbccddeeff", "sandbox-token"
SENDER, AMINA = "+15550001111", "+254711000234"
heard, failures = [], []


class Here(TwilioHttpClient):
    """The library's own client, sent here instead of to Twilio."""

    def request(self, method, url, **rest):
        for host in ("https://api.twilio.com", "https://content.twilio.com"):
            url = url.replace(host, BASE)
        return super().request(method, url, **rest)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        url = f"http://127.0.0.1:{RECEIVER}{self.path}"
        if not RequestValidator(TOKEN).validate(url, form, self.headers["X-Twilio-Signature"]):
            failures.append(f"a signature does not fit: {form}")
        heard.append(form)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def until(what, enough, seconds=20):
    end = time.monotonic() + seconds
    while not enough():
        if time.monotonic() > end:
            raise SystemExit(f"not in time: {what}; heard {heard}")
        time.sleep(0.05)


def statuses(sid):
    return {form.get("MessageStatus") for form in heard if form["MessageSid"] == sid}


def refused(code, **message):
    try:
        client.messages.create(**message)
        failures.append(f"{code} was not refused")
    except TwilioRestException as error:
        if error.code != code:
            failures.append(f"{code}: {error}")


def listening():
    try:
        return httpx.get(f"{BASE}/").status_code == 401
    except httpx.TransportError:
        return False


client = Client(ACCOUNT, TOKEN, http_client=Here())
threading.Thread(target=HTTPServer(("127.0.0.1", RECEIVER), Hook).serve_forever, daemon=True).start()
program = subprocess.Popen(
    [sys.argv[1], "sandbox", "--provider", "twilio", "--listen", f"127.0.0.1:{SIMULATOR}", "--webhook-url", HOOK],
    stdout=subprocess.DEVNULL,
)
try:
    until("the simulator listens", listening)

    sms = client.messages.create(to=AMINA, from_=SENDER, body="Habari 😀", status_callback=HOOK)
    assert sms.status == "queued" and sms.num_segments == "1", sms.status
    until("delivered", lambda: "delivered" in statuses(sms.sid))
    assert client.messages(sms.sid).fetch().status == "delivered"
    assert [it.sid for it in client.messages.list(to=AMINA, limit=5)] == [sms.sid]

    refused(21211, to="+1", from_=SENDER, body="x")
    refused(21606, to=AMINA, from_="+15550009999", body="x")
    refused(21602, to=AMINA, from_=SENDER)
    refused(21617, to=AMINA, from_=SENDER, body="x" * 1601)

    say = {"line": f"{ACCOUNT}/{SENDER}", "customer": {"wa_id": AMINA[1:], "name": "Amina"}}
    text = {"type": "text", "text": {"body": "STOP"}}
    httpx.post(f"{BASE}/_sandbox/say", json={**say, "message": text}).raise_for_status()
    until("STOP came in", lambda: any(form.get("Body") == "STOP" for form in heard))
    refused(21610, to=AMINA, from_=SENDER, body="one more")

    outside = client.messages.create(to=f"whatsapp:{AMINA}", from_=f"whatsapp:{SENDER}", body="hi", status_callback=HOOK)
    until("63016", lambda: any(form.get("ErrorCode") == "63016" for form in heard))
    assert client.messages(outside.sid).fetch().error_code == 63016

    made = httpx.post(
        f"{BASE}/v1/Content",
        auth=(ACCOUNT, TOKEN),
        json={"friendly_name": "shipped", "language": "en", "variables": {"1": "x"}, "types": {"twilio/text": {"body": "Hi {{1}}"}}},
    ).json()
    assert client.content.v1.contents(made["sid"]).fetch().friendly_name == "shipped"
    approval = f"{BASE}/v1/Content/{made['sid']}/ApprovalRequests"
    httpx.post(f"{approval}/whatsapp", auth=(ACCOUNT, TOKEN), json={"name": "shipped", "category": "UTILITY"}).raise_for_status()
    until("approved", lambda: client.content.v1.contents(made["sid"]).approval_fetch().fetch().whatsapp["status"] == "approved")
    template = client.messages.create(
        to=f"whatsapp:{AMINA}", from_=f"whatsapp:{SENDER}", content_sid=made["sid"], content_variables='{"1": "Amina"}', status_callback=HOOK
    )
    assert template.body == "Hi Amina", template.body
    until("read", lambda: "read" in statuses(template.sid))
finally:
    program.terminate()
    program.wait(10)

if failures:
    raise SystemExit("\n".join(failures))
print(f"{len(heard)} webhooks, all signed as Twilio's own library wants it")
