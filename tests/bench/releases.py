# SPDX-License-Identifier: Apache-2.0
"""Inside the cluster of tests/bench/release: pushes images, watches Deployments, and counts."""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tarfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests" / part) for part in ("controller", "registry", "manifests")]
import servers  # noqa: E402
from api import STRATEGIC, Api  # noqa: E402
from program import Controller, eventually  # noqa: E402

BINARIES, FOLDER, CLUSTER, SECRET = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]
TURNS, TRACKS, SECONDS = (int(number) for number in sys.argv[5:8])
REGISTRY, SPACE = "registry.test:5003", "bench"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
TRACKS_PATH = f"/apis/pinnace.dev/v1alpha1/namespaces/{SPACE}/tracks"
POLLS = 'pinnace_track_polls_total{result="begun"}'
HOOKS, POLL_S, PATIENCE, FOLLOWED = "127.0.0.1:8090", 5, 120, 80


# --- Images --------------------------------------------------------------------------------------------


class Images:
    """Other bytes at each push, of one layer that is there: the configuration has another label."""

    def __init__(self, archive):
        with tarfile.open(archive) as layout:
            files = {member.name.removeprefix("./"): member for member in layout}
            read = lambda digest: layout.extractfile(files["blobs/" + digest.replace(":", "/")]).read()
            self.manifest = json.loads(read(json.load(layout.extractfile(files["index.json"]))["manifests"][0]["digest"]))
            self.config = json.loads(read(self.manifest["config"]["digest"]))
            self.layers = [read(layer["digest"]) for layer in self.manifest["layers"]]
        self.count, self.known = 0, set()
        self.connection = http.client.HTTPConnection(REGISTRY, timeout=PATIENCE)

    def make(self, repository):
        self.count += 1
        config = json.loads(json.dumps(self.config))
        config["config"]["Labels"] = {"push": f"{self.count} {time.time_ns()}"}
        config = json.dumps(config).encode()
        data = json.dumps({**self.manifest, "config": {**self.manifest["config"], "digest": servers.digest_of(config), "size": len(config)}}).encode()
        layers = [] if repository in self.known else self.layers
        self.known.add(repository)
        return data, [*layers, config]

    def spread(self, source, repositories, tag="latest"):
        """The same bytes in further repositories; (digest, when the last was answered)"""
        data, blobs = self.make(source)
        servers.push(self.connection, source, tag, data, servers.MANIFEST, blobs)
        for repository in repositories:
            for blob in *self.layers, *blobs:
                self.connection.request("POST", f"/v2/{repository}/blobs/uploads/?mount={servers.digest_of(blob)}&from={source}")
                answer = self.connection.getresponse()
                answer.read()
                assert answer.status == 201, answer.status
            servers.push(self.connection, repository, tag, data, servers.MANIFEST)
        return servers.digest_of(data), time.monotonic()

    def push(self, repository, tag="latest"):
        """(digest, when the registry had answered)"""
        data, blobs = self.make(repository)
        servers.push(self.connection, repository, tag, data, servers.MANIFEST, blobs)
        return servers.digest_of(data), time.monotonic()


# --- The cluster ---------------------------------------------------------------------------------------


class Watch:
    """When each Deployment had which image first, and was Ready with it, by a watch of its own."""

    def __init__(self):
        self.api, self.seen, self.ready, self.came = Api(), {}, {}, threading.Condition()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        version = self.api.get(DEPLOYMENTS).body["metadata"]["resourceVersion"]
        connection = http.client.HTTPSConnection(self.api.address, context=self.api.context)
        connection.request("GET", f"{DEPLOYMENTS}?watch=1&resourceVersion={version}&timeoutSeconds=7200")
        for line in connection.getresponse():
            now, body = time.monotonic(), json.loads(line)["object"]
            name, image = body["metadata"]["name"], body["spec"]["template"]["spec"]["containers"][0]["image"]
            status, wanted = body.get("status", {}), body["spec"]["replicas"]
            with self.came:
                self.seen.setdefault((name, image.partition("@")[2]), now)
                if status.get("observedGeneration") == body["metadata"]["generation"] and \
                        status.get("updatedReplicas", 0) == status.get("readyReplicas", 0) == status.get("replicas", 0) == wanted:
                    self.ready.setdefault((name, image.partition("@")[2]), now)
                self.came.notify_all()

    def forget(self, name):
        with self.came:
            for table in self.seen, self.ready:
                for key in [key for key in table if key[0] == name]:
                    del table[key]

    def changed(self, name, digest, table=None):
        table = self.seen if table is None else table
        with self.came:
            if not self.came.wait_for(lambda: (name, digest) in table, PATIENCE):
                raise RuntimeError(f"{name} never had {digest}")
            return table[name, digest]

    def is_ready(self, name, digest):
        return self.changed(name, digest, self.ready)


def must(answer):
    if not answer.ok:
        raise RuntimeError(str(answer))
    return answer.body


def deployment(name, image, replicas):
    labels = {"app": name}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": SPACE}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels}, "revisionHistoryLimit": 2, "template": {"metadata": {"labels": labels}, "spec": {
            "terminationGracePeriodSeconds": 0, "containers": [{"name": "app", "image": image}]}}}}


def track(name, image, interval, **spec):
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Track", "metadata": {"name": name, "namespace": SPACE}, "spec": {
        "image": image, "follow": {"tag": "latest"}, "targets": [{"kind": "Deployment", "name": name}], "interval": interval, **spec}}


def make(api, name, repository, digest, replicas=0, interval="1h", host=REGISTRY, **spec):
    image = f"{host}/{repository}"
    must(api.create(DEPLOYMENTS, deployment(name, f"{image}:latest@{digest}", replicas)))
    must(api.create(TRACKS_PATH, track(name, image, interval, **spec)))


def phase(api, name):
    return api.get(f"{TRACKS_PATH}/{name}").body.get("status", {}).get("phase")


def start(*arguments):
    secrets = FOLDER / "hook-secrets"
    secrets.mkdir(exist_ok=True)
    for receiver in "distribution", "generic":
        (secrets / receiver).write_text(SECRET)
    controller = Controller(BINARIES / "pinnace-controller", FOLDER, os.environ["KUBECONFIG"], "--no-certificates", "--hooks", HOOKS,
                            "--hooks-secrets", secrets, "--plain-http", REGISTRY, *arguments)
    controller.wait_for("leading")
    return controller


# --- Figures -------------------------------------------------------------------------------------------


def rank(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def ms(seconds):
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def row(what, values):
    print(f"| {what} | {ms(statistics.median(values))} | {ms(rank(values, 0.99))} | {len(values)} |", flush=True)


def heads():
    """What the registry was asked for, by its own log: methods and repositories."""
    text = (CLUSTER / "logs/registry-plain.log").read_text(errors="replace")
    return re.findall(r'"(HEAD|GET) /v2/(\S+)/manifests/', text)


def api_writes(api):
    """Of everybody, without Leases, and without what the API server and the node tell of themselves."""
    text = api.get("/metrics").body
    return sum(float(value) for labels, value in re.findall(r"^apiserver_request_total\{(.*)\} (\S+)$", text, re.MULTILINE)
               if re.search('verb="(POST|PUT|PATCH|APPLY|DELETE)"', labels) and re.search('resource="(tracks|deployments|events|configmaps)"', labels))


# --- Parts ---------------------------------------------------------------------------------------------


def settle():
    time.sleep(0.15)


def pushes(images, watch, name, repository, turns, ready=False, hint=None, pause=settle):
    changed, pods = [], []
    for turn in range(turns + 2):
        digest, pushed = images.push(repository)
        if hint:
            hint(repository)
        at = watch.changed(name, digest) - pushed
        if turn >= 2:
            changed.append(at)
        if ready:
            pods.append(watch.is_ready(name, digest) - pushed)
        pause()
    return changed, pods[2:]


def generic(repository, host=REGISTRY):
    body = json.dumps({"repository": f"{host}/{repository}", "tag": "latest"}).encode()
    connection = http.client.HTTPConnection(HOOKS, timeout=PATIENCE)
    connection.request("POST", "/hooks/generic", body, {"Content-Type": "application/json", "X-Hub-Signature-256":
                                                        "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status


def timed(watch, name, digest, *command):
    """(from the command's start to the Deployment, to the command's end)"""
    watch.forget(name)
    begun = time.monotonic()
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    ended = time.monotonic()
    return watch.changed(name, digest) - begun, ended - begun


def hands(api, images, watch, turns):
    """A person's command, in turns with kubectl set image on a Deployment that nobody tracks."""
    digests = [images.push("bench/hand")[0] for _ in range(2)]
    make(api, "hand", "bench/hand", digests[1])
    must(api.create(DEPLOYMENTS, deployment("plain", f"{REGISTRY}/bench/hand@{digests[1]}", 0)))
    eventually(lambda: phase(api, "hand") == "Current", "the Track follows")
    third, _ = images.push("bench/hand")
    watch.changed("hand", third)
    settle()
    pinnace, said, back, plain, floor, resolved, started = BINARIES / "kubectl-pinnace", [], [], [], [], [], []
    common = ["-n", SPACE, "--plain-http", REGISTRY]
    for _ in range(turns):
        time.sleep(1)
        plain.append(timed(watch, "plain", digests[0], "kubectl", "set", "image", "-n", SPACE, "deployment/plain",
                           f"app={REGISTRY}/bench/hand@{digests[0]}")[0])
        begun = time.monotonic()
        watch.forget("plain")
        must(api.call("PATCH", f"{DEPLOYMENTS}/plain", {"spec": {"template": {"spec": {"containers": [
            {"name": "app", "image": f"{REGISTRY}/bench/hand@{digests[1]}"}]}}}}, content=STRATEGIC))
        floor.append(watch.changed("plain", digests[1]) - begun)
        at, ended = timed(watch, "hand", digests[1], pinnace, "rollback", "hand", "--to", digests[1], *common)
        said.append(at)
        back.append(ended)
        begun = time.monotonic()
        subprocess.run([pinnace, "resolve", "--plain-http", REGISTRY, f"{REGISTRY}/bench/hand@{digests[1]}"], check=True, capture_output=True)
        resolved.append(time.monotonic() - begun)
        begun = time.monotonic()
        subprocess.run([pinnace, "ref", f"{REGISTRY}/bench/hand@{digests[1]}"], check=True, capture_output=True)
        started.append(time.monotonic() - begun)
        time.sleep(1)
        timed(watch, "hand", third, pinnace, "resume", "hand", "-n", SPACE)
    row("an API PATCH alone → Deployment changed", floor)
    row("`kubectl set image` → Deployment changed", plain)
    row("`kubectl pinnace rollback` → Deployment changed", said)
    row("— until the command has ended", back)
    row("— `kubectl pinnace resolve`, which asks the registry the same", resolved)
    row("— `kubectl pinnace ref`, which asks nobody", started)
    whole, head, other = statistics.median(said), statistics.median(resolved) - statistics.median(started), statistics.median(plain)
    print(f"\nrollback → changed is {whole / other:.2f} of kubectl set image; without the registry's HEAD, which is what resolve "
          f"takes more than ref, {(whole - head) / other:.2f}.\n", flush=True)


def part_moves(api, images, watch):
    first = {name: images.push(f"bench/{name}")[0] for name in ("hint", "generic", "poll", "pods")}
    make(api, "hint", "bench/hint", first["hint"])
    make(api, "pods", "bench/pods", first["pods"], replicas=2, rollout={"soak": "1s"})
    make(api, "poll", "bench/poll", first["poll"], interval=f"{POLL_S}s")
    with start():
        for name in "hint", "pods", "poll":
            eventually(lambda name=name: phase(api, name) is not None, f"the ledger of {name}")
        time.sleep(2)
        print("| from … to | median | p99 | of |\n|---|---|---|---|")
        row("push → Deployment changed, the registry tells", pushes(images, watch, "hint", "bench/hint", TURNS)[0])
        row("push → Deployment changed, the registry and the pipeline tell",
            pushes(images, watch, "hint", "bench/hint", TURNS // 2, hint=generic)[0])
        changed, ready = pushes(images, watch, "pods", "bench/pods", max(TURNS // 5, 3), ready=True, pause=lambda: time.sleep(3))
        row("push → Deployment with two pods changed, the registry tells", changed)
        row("push → both pods Ready", ready)
        hands(api, images, watch, max(TURNS // 3, 3))
    with start("--hooks", "127.0.0.1:8091"):  # nobody tells it anything
        time.sleep(2)
        row(f"push → Deployment changed, polls every {POLL_S} s", pushes(images, watch, "poll", "bench/poll", max(TURNS // 10, 2))[0])


def part_thousand(api, images, watch):
    names = [f"many-{number}" for number in range(TRACKS)]
    digest, _ = images.spread("bench/many", [f"many/{name}" for name in names])
    with start() as empty:
        time.sleep(5)
        used = empty.cpu_s()
        time.sleep(30)
        before = empty.memory_mb(), 100 * (empty.cpu_s() - used) / 30
    for name in names:
        make(api, name, f"many/{name}", digest, interval="1m")
    asked = len(heads())
    with start() as controller:
        eventually(lambda: controller.metric('pinnace_tracks{phase="Current"}') >= TRACKS, "all are followed", 600)
        time.sleep(70)  # one whole interval, so that all have been polled
        show_polls(api, controller, before, asked)
        for what, pause in (f"one each {60_000 // TRACKS} ms, as polls are", 60_000 // TRACKS), ("one after another", 0):
            bare = subprocess.run([BINARIES / "bench_head", f"http://{REGISTRY}/v2/many/{names[0]}/manifests/latest", "500", str(pause)],
                                  check=True, capture_output=True, text=True)
            print(f"A bare curl HEAD on a kept connection, {what}: {float(bare.stdout):.3f} ms of CPU.")
        digest, pushed = images.spread("bench/many", [f"many/{name}" for name in names])
        last = max(watch.changed(name, digest) for name in names) - pushed
        print(f"A push to each of the {TRACKS} at once: the last Deployment changed {ms(max(last, 0))} after the last push; "
              f"RssAnon was {controller.memory_mb():.1f} MB then.\n", flush=True)


def marks(api, controller):
    return controller.cpu_s(), controller.metric(POLLS), len(heads()), api_writes(api), time.monotonic()


def show_polls(api, controller, before, first):
    begun = marks(api, controller)
    time.sleep(SECONDS)
    cpu, polled, asked, written, lasted = (b - a for a, b in zip(begun, marks(api, controller)))
    rows = {"memory (RssAnon) and CPU, without Tracks": f"{before[0]:.1f} MB, {before[1]:.2f} % of a core", "memory (RssAnon)": f"{controller.memory_mb():.1f} MB",
            "of files, which processes share (RssFile)": f"{controller.memory_mb('RssFile'):.1f} MB",
            "CPU": f"{100 * cpu / lasted:.2f} % of a core", "polls": f"{polled:.0f}, {polled / lasted:.1f} a second",
            "requests to the registry": f"{asked / lasted:.1f} a second; {(len(heads()) - first) / controller.metric(POLLS):.2f} for a poll",
            "CPU for a poll, without what an idle controller takes": f"{1000 * (cpu - before[1] / 100 * lasted) / max(polled, 1):.3f} ms", "writes to the API server": f"{written:.0f}",
            "longest turn of the loop": f"{controller.metric('pinnace_controller_longest_turn_milliseconds'):.0f} ms"}
    print(f"| {TRACKS} Tracks of as many repositories, a poll each minute, for {lasted:.0f} s | |\n|---|---|")
    for what, value in rows.items():
        print(f"| {what} | {value} |")
    print(flush=True)


def part_followed(api, images, watch):
    """Sources whose pods are watched, as somebody downstream asks for a day's proof."""
    names = [f"source-{number}" for number in range(FOLLOWED)]
    digest, _ = images.spread("bench/source", [f"source/{name}" for name in names])
    rollout = {"soak": "1s", "deadline": "5m"}
    for name in names:
        make(api, name, f"source/{name}", digest, replicas=1, interval="10s", rollout=rollout)
    with start() as controller:
        eventually(lambda: controller.metric('pinnace_tracks{phase="Current"}') >= FOLLOWED, "all are followed", 600)
        digest, _ = images.spread("bench/source", [f"source/{name}" for name in names])
        for name in names:
            eventually(lambda: proof_began(api, name, digest), f"{name} proves {digest}", 600)
        time.sleep(5)
    with start() as controller:
        time.sleep(20)
        print(f"{FOLLOWED} sources: {connected(controller)}")
        for name in names:
            must(api.create(TRACKS_PATH, track(f"after-{name}", f"{REGISTRY}/source/{name}", "1h", rollout={"soak": "24h"}, **{"from": {"track": name}})))
        time.sleep(20)
        print(f"with their pods watched: {connected(controller)}\n", flush=True)


def proof_began(api, name, digest):
    status = api.get(f"{TRACKS_PATH}/{name}").body.get("status", {})
    return any(proof["digest"] == digest for proof in status.get("proofs", []))


def connected(controller):
    used, begun = controller.cpu_s(), time.monotonic()
    time.sleep(SECONDS)
    sockets = sum(os.readlink(entry).startswith("socket") for entry in pathlib.Path(f"/proc/{controller.process.pid}/fd").iterdir())
    return f"{controller.memory_mb():.1f} MB, {sockets} sockets, {100 * (controller.cpu_s() - used) / (time.monotonic() - begun):.2f} % of a core"


class Hanging:
    """Takes connections and says nothing."""

    def __init__(self, address):
        self.socket = socket.create_server((address, 5003))
        self.held = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.held.append(self.socket.accept()[0])


def scripted(folder):
    """A registry of which some repositories hang: the double of the tests."""
    double = servers.Double(servers.Pki(folder), plain=True)
    for number in range(4):
        double.image(f"bench/hung-{number}", "latest")
        double.scripts[f"bench/hung-{number}"] = lambda handler: time.sleep(3600)
    return double


def part_hung(api, images, watch):
    digest, _ = images.push("bench/healthy")
    make(api, "healthy", "bench/healthy", digest, interval="2s")
    double = scripted(FOLDER)
    make(api, "same", "bench/healthy", double.image("bench/healthy", "latest"), interval="2s", host=double.host)
    hosts = [f"127.0.0.{number}:5003" for number in range(11, 15)]
    print("| the healthy one beside | push → Deployment changed, median | p99 | polls in 30 s, one each 2 s |\n|---|---|---|---|")

    def push_to_double():
        data, _ = images.make("bench/healthy")
        double.image("bench/healthy", "latest", data)
        return servers.digest_of(data), time.monotonic()

    def show(what, name, push, count):
        changed, asked = [], 0
        for _ in range(max(TURNS // 2, 5)):
            pushed, at = push()
            if name == "same":
                generic("bench/healthy", double.host)
            changed.append(watch.changed(name, pushed) - at)
            settle()
        asked = count()
        time.sleep(30)
        print(f"| {what} | {ms(statistics.median(changed))} | {ms(rank(changed, 0.99))} | {count() - asked} |", flush=True)

    def show_both(what, where):
        show(f"{what}", "healthy", lambda: images.push("bench/healthy"), lambda: sum(name == "bench/healthy" for _, name in heads()))
        show(f"{what}; a scripted registry{where}", "same", push_to_double, lambda: len(double.requests("bench/healthy")))
    with start(*[word for host in (*hosts, double.host) for word in ("--plain-http", host)]) as controller:
        for name in "healthy", "same":
            eventually(lambda name=name: phase(api, name) == "Current", f"{name} is followed")
        show_both("nothing else", "")
        held = [Hanging(host.split(":")[0]) for host in hosts]
        for number, host in enumerate(hosts):
            make(api, f"hung-{number}", "bench/hung", digest, interval="2s", host=host)
            make(api, f"same-hung-{number}", f"bench/hung-{number}", digest, interval="2s", host=double.host)
        time.sleep(5)
        show_both("four registries that hang", ", four other repositories of which hang")
        assert all(one.held for one in held) and double.requests("bench/hung-3"), "nobody was asked"
        time.sleep(60)
        print(f"\nLongest turn of the loop: {controller.metric('pinnace_controller_longest_turn_milliseconds'):.0f} ms.\n", flush=True)


def main():
    api, images = Api(), Images(FOLDER / "base.tar")
    for space in SPACE, "pinnace-system":
        must(api.create("/api/v1/namespaces", {"metadata": {"name": space}}))
    watch = Watch()
    for part in sys.argv[8:]:
        globals()[f"part_{part}"](api, images, watch)


main()
