# SPDX-License-Identifier: Apache-2.0
"""A steady stream of admissions: dry-run creates of pods at a fixed rate, on connections that are kept, each answer
held against what it is to be. A pod that is pinned is let in, one with a moving tag is refused by name."""
import http.client
import json
import threading
import time

RATE = 200  # admissions a second
CLIENTS = 8
TOLD = 5  # wrong answers that are quoted
DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
PINNED, MOVING = f"contoso.azurecr.io/shop/web@{DIGEST}", "contoso.azurecr.io/shop/web:latest"
WRONGS = ("lost", "wrongly let in", "wrongly refused", "failed")


def pod(image, name="web"):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"containers": [{"name": "web", "image": image}]}}


def kind_of(good, status, text):
    """None when the answer is as it is to be, or else how it is wrong."""
    if status >= 500 or status == 429:
        return "failed"
    if good:
        return None if status == 201 else "wrongly refused"
    if status == 201:
        return "wrongly let in"
    return None if status in (403, 422) and "NoDigest" in text else "failed"


class Load:
    """Runs within a 'with'. Its clients share one clock: request n is due at n / rate, however long others took."""

    def __init__(self, api, namespace, rate=RATE):
        self.address, self.context, self.rate = api.address, api.context, rate
        self.path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
        self.bodies = [json.dumps(pod(MOVING)), json.dumps(pod(PINNED))]
        self.lock, self.over = threading.Lock(), False
        self.sent = self.answered = 0
        self.wrong, self.samples, self.latencies = dict.fromkeys(WRONGS, 0), [], []

    def __enter__(self):
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    def run(self):
        client = None
        while not self.over:
            with self.lock:
                number, self.sent = self.sent, self.sent + 1
            wait = self.began + number / self.rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            client = self.ask(client, number % 2)

    def ask(self, client, good):
        """The connection to go on with."""
        begun = time.monotonic()
        client = client or http.client.HTTPSConnection(self.address, context=self.context, timeout=30)
        try:
            client.request("POST", self.path, self.bodies[good], {"Content-Type": "application/json"})
            answer = client.getresponse()
            status, text = answer.status, answer.read().decode()
        except Exception as problem:  # whatever it was, there is no answer
            client.close()
            self.note("lost", repr(problem), begun)
            return None
        self.note(kind_of(good, status, text), f"{status} {text}", begun)
        return client

    def note(self, wrong, text, begun):
        now = time.monotonic()
        with self.lock:
            self.answered += 1
            self.latencies.append(now - begun)
            if wrong:
                self.wrong[wrong] += 1
                if len(self.samples) < TOLD:
                    self.samples.append(f"after {now - self.began:.1f} s, {wrong}: {text[:600]}")

    @property
    def flawless(self):
        return self.answered > self.rate and not any(self.wrong.values())

    def summary(self):
        times = sorted(self.latencies) or [0]
        return (f"{self.answered} admissions, {self.answered / self.seconds:.0f}/s, "
                f"median {times[len(times) // 2] * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms")

    def story(self):
        return "\n".join([", ".join(f"{count} {what}" for what, count in self.wrong.items()), *self.samples])
