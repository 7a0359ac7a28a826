"""A well-known client library of WhatsApp Cloud API (pywa), and its webhook server, against the simulator.

Started by scripts/clients-test.sh with the program's path. Every call must be taken, and every webhook must pass the
library's own signature check and arrive as its own types.
"""

import subprocess
import sys
import threading
import time

import httpx
import uvicorn
from fastapi import FastAPI
from pywa import WhatsApp
from pywa.types import Button, Contact, ProductsSection, Section, SectionList, SectionRow, URLButton
from pywa.types import templates as T

SIMULATOR, RECEIVER = 9190, 9191
NUMBER, ACCOUNT, AMINA = "205300400500601", "104200300400501", "254711000234"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

app, heard, failures = FastAPI(), [], []
session = httpx.Client(timeout=20)
wa = WhatsApp(
    phone_id=NUMBER,
    token="sandbox-token",
    session=session,
    server=app,
    webhook_endpoint="/hook",
    verify_token="sandbox-verify-token",
    app_secret="sandbox-app-secret",
    waba_id=ACCOUNT,
)
session.base_url = f"http://127.0.0.1:{SIMULATOR}/v23.0"



@wa.on_message
def on_message(_, message):
    heard.append(("message", message.type))


@wa.on_message_status
def on_status(_, status):
    heard.append(("status", str(status.status)))


@wa.on_callback_button
def on_button(_, button):
    heard.append(("button", button.title))


def until(what, enough, seconds=20):
    end = time.monotonic() + seconds
    while not enough():
        if time.monotonic() > end:
            failures.append(f"{what}: not within {seconds} s; heard {heard[-5:]}")
            return
        time.sleep(0.05)


def call(name, act):
    try:
        return act()
    except Exception as error:  # every kind is a failure of the simulator, told together at the end
        failures.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
        return None


def main(program):
    server = uvicorn.Server(uvicorn.Config(app, port=RECEIVER, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    until("the library's server", lambda: server.started)
    simulator = subprocess.Popen(
        [program, "sandbox", "--listen", f"127.0.0.1:{SIMULATOR}", "--verify"]
        + ["--webhook-url", f"http://127.0.0.1:{RECEIVER}/hook"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # The last line of the start says that the library passed the handshake.
        for line in simulator.stdout:
            if "handshake" in line:
                break
        run(httpx.Client(base_url=f"http://127.0.0.1:{SIMULATOR}/_sandbox"))
    finally:
        simulator.terminate()
        simulator.wait(20)
    print(f"{len(heard)} webhooks understood by the library")
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


def run(control):
    def say(message):
        body = {"phone_number_id": NUMBER, "customer": {"wa_id": AMINA, "name": "Amina"}, "message": message}
        return control.post("/say", json=body).raise_for_status().json()["id"]

    first = say({"type": "text", "text": {"body": "Habari"}})
    until("a message", lambda: any(kind == "message" for kind, _ in heard))
    sent = call("text", lambda: wa.send_message(AMINA, "Karibu"))
    buttons = [Button("Yes", "y"), Button("No", "n")]
    rows = [Section("Cakes", [SectionRow("Honey", "honey")])]
    sends = {
        "reply buttons": lambda: wa.send_message(AMINA, "Pick", buttons=buttons, header="H", footer="F"),
        "list": lambda: wa.send_message(AMINA, "Pick", buttons=SectionList("Open", rows)),
        "link button": lambda: wa.send_message(AMINA, "See", buttons=URLButton("Go", "https://example.com")),
        "location": lambda: wa.send_location(AMINA, -1.29, 36.82, "Shop", "Biashara Street"),
        "location request": lambda: wa.request_location(AMINA, "Where?"),
        "contact": lambda: wa.send_contact(
            AMINA,
            Contact(name=Contact.Name(formatted_name="A B", first_name="A"), phones=[Contact.Phone(phone="+254700")]),
        ),
        "image by link": lambda: wa.send_image(AMINA, "https://example.com/x.jpg", "cake"),
        "sticker": lambda: wa.send_sticker(AMINA, "https://example.com/s.webp"),
        "reaction": lambda: wa.send_reaction(AMINA, "👍", sent.id),
        "reaction removed": lambda: wa.remove_reaction(AMINA, sent.id),
        "read": lambda: wa.mark_message_as_read(first),
        "typing": lambda: wa.indicate_typing(first),
        "product": lambda: wa.send_product(AMINA, "123", "sku1", "New"),
        "products": lambda: wa.send_products(AMINA, "123", [ProductsSection("New", ["s1", "s2"])], "Cakes", "Look"),
        "catalogue": lambda: wa.send_catalog(AMINA, "Look"),
    }
    for name, act in sends.items():
        call(name, act)
    with open("/tmp/frontdesk-clients.png", "wb") as file:
        file.write(PNG)
    media = call("upload", lambda: wa.upload_media("/tmp/frontdesk-clients.png", mime_type="image/png"))
    if media:
        call("image", lambda: wa.send_image(AMINA, media.id))
        url = call("media address", lambda: wa.get_media_url(media.id))
        if url and call("download", lambda: wa.get_media_bytes(url.url)) != PNG:
            failures.append("download: other bytes than were uploaded")
        call("media deleted", lambda: wa.delete_media(media.id))
    until("twelve messages delivered", lambda: sum(what == ("status", "delivered") for what in heard) >= 12)
    manage()


def manage():
    call("profile", wa.get_business_profile)
    call("profile changed", lambda: wa.update_business_profile(about="We bake"))
    call("number", wa.get_business_phone_number)
    call("numbers", lambda: list(wa.get_business_phone_numbers()))
    call("account", wa.get_business_account)
    call("shop", wa.get_commerce_settings)
    call("block", lambda: wa.block_users([AMINA]))
    # Its list of blocked people is left out: the library reads it flat, the contract has it one level deeper.
    call("unblock", lambda: wa.unblock_users([AMINA]))
    body = T.BodyText("Hi {{1}}, your order {{2}} is ready", "Amina", "17")
    template = T.Template(
        name="order_ready",
        category=T.TemplateCategory.UTILITY,
        language=T.TemplateLanguage.ENGLISH_US,
        components=[body, T.FooterText(text="Bakery")],
        parameter_format=T.ParamFormat.POSITIONAL,
    )
    call("template", lambda: wa.create_template(template))
    approved = lambda: any(str(found.status).endswith("APPROVED") for found in wa.get_templates())
    until("the template approved", approved)
    words = [T.BodyText.params("Amina", "17")]
    call("template sent", lambda: wa.send_template(AMINA, "order_ready", T.TemplateLanguage.ENGLISH_US, words))
    call("template deleted", lambda: wa.delete_template("order_ready"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
