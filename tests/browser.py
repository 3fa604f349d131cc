"""Chromium, for those who look at reports."""
import json
import os
import subprocess
import time


class Browser:
    """Chromium, spoken to over its debugging pipe."""

    def __init__(self, folder):
        to_browser, self.write = os.pipe()
        self.read, from_browser = os.pipe()
        script = f"exec chromium --headless=new --no-sandbox --disable-gpu --remote-debugging-pipe " \
                 f"--user-data-dir={folder}/profile about:blank 3<&{to_browser} 4>&{from_browser}"
        self.process = subprocess.Popen(["bash", "-c", script], pass_fds=(to_browser, from_browser),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pending, self.events, self.last, self.session = b"", [], 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.pending:
                self.pending += os.read(self.read, 1 << 16)
            answer, self.pending = self.pending.split(b"\0", 1)
            answer = json.loads(answer)
            if answer.get("id") == self.last:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def value(self, expression):
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        for _ in range(200):
            if self.value("document.documentElement?.dataset.drawn ?? null") is not None:
                return
            time.sleep(0.05)
        raise AssertionError("the figures were not drawn")
