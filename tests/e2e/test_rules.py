# SPDX-License-Identifier: Apache-2.0
"""warn and audit; the PinPolicy and Exemptions of a cluster, as they come, change and go."""
import datetime
import json

from corpus import EMPTY_POLICY
from lib import LATEST, allowed, check, kubectl, must, refused, until

POLICIES = "/apis/pinnace.dev/v1alpha1/pinpolicies"
EXEMPTIONS = "/apis/pinnace.dev/v1alpha1/namespaces/{}/exemptions"


def logged(world, answer):
    """The audit log's annotations of a request."""
    def entry():
        with open(world.audit_log, encoding="utf-8") as log:
            found = [json.loads(line) for line in log if answer.audit_id in line]
        return found[-1] if found else None
    return until(entry, "the audit log").get("annotations", {})


def try_modes(world):
    world.namespace("ruled")
    world.label("ruled", warn="pinned")
    until(lambda: world.create("Pod", "ruled", "settle", LATEST, dry=True).warnings, "the first warning")
    allowed("warn: a mutable image is let in, with a warning that kubectl shows",
            kubectl("-n", "ruled", "run", "warned", f"--image={LATEST}"),
            f'Warning: spec.containers[0].image: NoDigest: "{LATEST}" names no digest', "pod/warned created")
    answer = world.create("Pod", "ruled", "p", world.web, dry=True)
    check("warn: a digest is let in without a word", answer.ok and not answer.warnings, answer.warnings)
    world.label("ruled", warn=None, audit="pinned")
    until(lambda: not world.create("Pod", "ruled", "settle", LATEST, dry=True).warnings, "the warnings to end")
    answer = world.create("Pod", "ruled", "audited", LATEST, dry=True)
    check("audit: a mutable image is let in without a word", answer.ok and not answer.warnings, f"{answer} {answer.warnings}")
    notes = logged(world, answer)
    check("audit: the API server's audit log tells", notes.get("audit-pinned.pinnace.dev/verdict") == "violation" and
          "NoDigest spec.containers[0].image" in notes.get("audit-pinned.pinnace.dev/violations", ""), notes)
    world.label("ruled", audit=None, enforce="pinned")
    notes = logged(world, world.create("Pod", "ruled", "p", LATEST, dry=True))
    check("enforce: the audit log tells of a refusal", notes.get("enforce-pinned.pinnace.dev/verdict") == "violation", notes)
    must(kubectl("-n", "ruled", "delete", "pod", "warned"))


def try_policy(world):
    """What each change means for a request is waited for: it takes effect, and without a restart."""
    path = "/enforce/pinned"

    def policy(text, spec, verdict, image, *says):
        body = json.dumps({**EMPTY_POLICY, "spec": spec})
        allowed(f"PinPolicy: {text}: is taken", kubectl("apply", "-f", "-", text=body))
        world.until_judged(path, "ruled", image, verdict is allowed)
        verdict(f"PinPolicy: {text}: takes effect", world.create("Pod", "ruled", "p", image, dry=True), *says)
    policy("only other registries", {"registries": ["contoso.azurecr.io"]}, refused, world.web, "RegistryNotAllowed",
           "registry.test:5000")
    policy("this registry too", {"registries": ["contoso.azurecr.io", "registry.test:5000"]}, allowed, world.web)
    policy("a standing exemption", {"exemptions": [{"images": ["registry.test:5000/shop/**"], "namespaces": ["ru*"],
                                                    "reason": "an old shop"}]}, allowed, LATEST, "is let in by the PinPolicy")
    policy("and its end", {"exemptions": []}, refused, LATEST, "NoDigest")
    world.label("ruled", enforce="tagged")
    path = "/enforce/tagged"
    policy("a tag that counts as immutable", {"tags": {"immutable": ["lat*"]}}, allowed, LATEST)
    policy("one that moves in spite of it", {"tags": {"immutable": ["lat*"], "moving": ["*est"]}}, refused, LATEST, "MutableTag")
    bad = {**EMPTY_POLICY, "spec": {"registries": ["UPPER/x"]}}
    refused("PinPolicy: one that cannot be meant is refused, with field and reason", kubectl("apply", "-f", "-", text=json.dumps(bad)),
            "registries")
    refused("and the one before holds", world.create("Pod", "ruled", "p", LATEST, dry=True), "MutableTag")
    policy("a tag that counts as immutable again", {"tags": {"immutable": ["lat*"]}}, allowed, LATEST)
    must(kubectl("delete", "pinpolicy", "default"))
    world.until_judged(path, "ruled", LATEST, False)
    refused("without a PinPolicy the defaults hold", world.create("Pod", "ruled", "p", LATEST, dry=True), "MutableTag")
    world.label("ruled", enforce="pinned")


def exemption(name, seconds, by, images=("registry.test:5000/shop/web",)):
    until_then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return {"apiVersion": "pinnace.dev/v1alpha1", "kind": "Exemption", "metadata": {"name": name}, "spec": {
        "images": list(images), "reason": "the release pipeline is down", "by": by,
        "expires": until_then.strftime("%Y-%m-%dT%H:%M:%SZ")}}


def try_exemption(world):
    refused("Exemption: one that is longer than may be is refused", world.api.create(EXEMPTIONS.format("ruled"), exemption("long", 90000, world.user)),
            "spec.expires", "lasts at most 24h")
    refused("Exemption: one that is over is refused", world.api.create(EXEMPTIONS.format("ruled"), exemption("over", -5, world.user)), "spec.expires", "over already")
    refused("Exemption: one in another's name is refused", world.api.create(EXEMPTIONS.format("ruled"), exemption("forged", 60, "jane@contoso.example")),
            "spec.by must be")
    short = world.api.create(EXEMPTIONS.format("ruled"), exemption("hotfix", 30, world.user))
    allowed("Exemption: a short one is taken", short)
    world.until_judged("/enforce/pinned", "ruled", LATEST, True)
    answer = world.create("Pod", "ruled", "broken-glass", LATEST)
    allowed("Exemption: it lets in, with a warning that names it, its end and its reason", answer, 'is let in by Exemption "hotfix" until ',
            "the release pipeline is down")
    notes = logged(world, answer)
    check("Exemption: its use is in the audit log", notes.get("enforce-pinned.pinnace.dev/verdict") == "exempt" and
          "by hotfix" in notes.get("enforce-pinned.pinnace.dev/exempted", ""), notes)
    refused("Exemption: other images are refused as ever",
            world.create("Pod", "ruled", "p", "registry.test:5000/shop/api:latest", dry=True), "NoDigest")
    world.await_running("ruled", "", 1)
    check("Exemption: the pod runs", True)
    world.until_judged("/enforce/pinned", "ruled", LATEST, False)
    refused("Exemption: it expires by itself", world.create("Pod", "ruled", "p", LATEST, dry=True), "NoDigest")
    check("Exemption: what it let in runs on", world.await_running("ruled", "", 1))
    allowed("kubectl pinnace break-glass writes one", kubectl("pinnace", "break-glass", "-n", "ruled", "--images",
                                                             "registry.test:5000/shop/web", "--for", "1h", "--reason", "again"))
    world.until_judged("/enforce/pinned", "ruled", LATEST, True)
    must(kubectl("-n", "ruled", "delete", "exemptions", "--all"))
    world.until_judged("/enforce/pinned", "ruled", LATEST, False)
    refused("Exemption: deleted, it lets in no more", world.create("Pod", "ruled", "p", LATEST, dry=True), "NoDigest")


def run(world):
    world.install()
    try_modes(world)
    try_policy(world)
    try_exemption(world)
    world.api.delete("/api/v1/namespaces/ruled")
