#!/usr/bin/env python3
"""Opens a page in headless Chromium, as on a phone and on a desktop, light and dark, and prints it.

Fails on a line of the console, an error of a script, a request for anything but the page itself, a page that is wider than its
window, and text that is not there. Keeps pictures and a PDF if it is told where.
Usage: page.py CHROMIUM PAGE TEXT [FOLDER]
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Without these, Chromium itself asks servers of its maker.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run"]
WINDOWS = [("phone", 390, 844), ("desktop", 1280, 900)]


class Browser:
    """The DevTools protocol over two pipes: messages end with a zero byte."""

    def __init__(self, chromium, profile):
        (theirs_in, self.out), (self.into, theirs_out) = os.pipe(), os.pipe()

        def descriptors():
            # Above 4 first: either may be 3 or 4 already.
            one, two = os.dup2(theirs_in, 103), os.dup2(theirs_out, 104)
            os.dup2(one, 3)
            os.dup2(two, 4)

        self.process = subprocess.Popen(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}", *QUIET],
            preexec_fn=descriptors,
            pass_fds=(3, 4),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self.rest, self.last, self.events, self.session = b"", 0, [], None

    def receive(self):
        while b"\0" not in self.rest:
            chunk = os.read(self.into, 1 << 20)
            if not chunk:
                sys.exit("Chromium ended")
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.last:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def close(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait()


def problems(events, url):
    """What the page did that it must not."""
    for event in events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled":
            yield f"console: {[argument.get('value') for argument in params['args']]}"
        elif method == "Runtime.exceptionThrown":
            yield f"script: {params['exceptionDetails']['text']}"
        elif method == "Log.entryAdded":
            yield f"log: {params['entry']['text']}"
        elif method == "Network.requestWillBeSent":
            asked = params["request"]["url"]
            if asked != url and not asked.startswith("data:"):
                yield f"request: {asked}"


def look(chromium, page, text, folder):
    url = Path(page).resolve().as_uri()
    found = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(chromium, profile)
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            browser.call(f"{domain}.enable")
        for name, width, height in WINDOWS:
            for scheme in ["light", "dark"]:
                browser.call(
                    "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=name == "phone"
                )
                browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                browser.events.clear()
                browser.call("Page.navigate", url=url)
                browser.wait_for("Page.loadEventFired")
                wide = browser.call("Runtime.evaluate", expression="document.documentElement.scrollWidth")["result"]["value"]
                said = browser.call("Runtime.evaluate", expression="document.body.innerText")["result"]["value"]
                found += [f"{name}, {scheme}: {problem}" for problem in problems(browser.events, url)]
                if wide > width:
                    found.append(f"{name}, {scheme}: {wide} pixels wide")
                if text not in said:
                    found.append(f"{name}, {scheme}: no {text!r}")
                if folder:
                    whole = browser.call("Page.captureScreenshot", captureBeyondViewport=True)
                    Path(folder, f"{name}-{scheme}.png").write_bytes(base64.b64decode(whole["data"]))
        printed = base64.b64decode(browser.call("Page.printToPDF", printBackground=False)["data"])
        if not printed.startswith(b"%PDF-"):
            found.append("no PDF")
        if folder:
            Path(folder, "paper.pdf").write_bytes(printed)
        browser.close()
    return found


if __name__ == "__main__":
    arguments = sys.argv[1:]
    found = look(*arguments[:3], arguments[3] if len(arguments) > 3 else None)
    for problem in found:
        print(problem)
    sys.exit(1 if found else 0)
