# SPDX-License-Identifier: Apache-2.0
"""All of Pinnace from its image, as an identity of Azure: by the token that kubelet gave its pod, by tokens made for the
accounts of a namespace's pods, and no one in the place of another."""
import base64
import json

from commands import SYSTEM, command, must

ENTRA = "login.microsoftonline.com"


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def assertions(world):
    """The claims of the tokens of ServiceAccounts that Entra was shown."""
    return [claims_of(asked.form()["client_assertion"]) for asked in world.stage.place.beside.azure.asked(ENTRA)]


def pods_of(world, account):
    """Of those among them that are of this account, the pods that they are bound to; "" for one that is bound to none."""
    return {claims["kubernetes.io"].get("pod", {}).get("name", "") for claims in assertions(world)
            if claims["sub"] == f"system:serviceaccount:{account}"}


def pullers(world, folder):
    """Who has asked for what is in the folder, with a token."""
    asked = world.stage.place.beside.azure.asked(world.stage.place.host)
    tokens = {a.bearer() for a in asked if a.path.startswith((f"/v2/{folder}/", f"/acr/v1/{folder}/"))} - {None}
    return {claims_of(token)["sub"] for token in tokens}


def push(world, folder, tag, serial):
    return world.registry.push(f"{folder}/web", tag, serial=serial)


def begin(world, where, folder, follow):
    tag = follow.get("tag", "v1.0.0")
    image, first = f"{world.stage.place.host}/{folder}/web", push(world, folder, tag, "one")
    world.workload(where, "web", f"{image}:{tag}@{first}")
    world.track(where, "web", follow, image=image)


def controllers(world):
    answer = world.api.get(f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app.kubernetes.io/component%3Dcontroller")
    return {pod["metadata"]["name"] for pod in answer.body["items"]}


def leader(world):
    return world.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/pinnace-controller").body["spec"]["holderIdentity"]


def run_own(world):
    """The controller's own identity; and the next replica's, which has a token of its own."""
    where = world.namespace("own")
    begin(world, where, "identities", {"tag": "latest"})
    world.comes("the controller's identity: what runs is adopted", lambda: world.ledger(where), world.told_of(where))
    world.comes_healthy("a push is rolled", where, push(world, "identities", "latest", "two"))
    world.check("by a token that is bound to its pod", pods_of(world, f"{SYSTEM}:pinnace-controller") <= controllers(world) and
                pods_of(world, f"{SYSTEM}:pinnace-controller"), assertions(world))
    first = leader(world).split("_")[0]
    must(command("kubectl", "delete", "pod", first, "-n", SYSTEM, "--wait=false"))
    world.comes("another replica leads", lambda: leader(world) and leader(world).split("_")[0] != first, lambda: leader(world))
    world.comes_healthy("and rolls what is pushed", where, push(world, "identities", "latest", "three"))
    world.check("by a token of its own", leader(world).split("_")[0] in pods_of(world, f"{SYSTEM}:pinnace-controller"), assertions(world))
    world.same("only it asks for what is there", pullers(world, "identities"), {world.stage.place.CONTROLLER})


def run_tenant(world):
    """A namespace whose account has an identity of its own, for versions, which are looked for by Azure's own lists."""
    where = world.namespace("tenant")
    client = world.stage.place.identify("tenant", where)
    begin(world, where, "tenant", {"semver": ">=1.0.0"})
    world.comes("an account's identity: what runs is adopted", lambda: world.ledger(where), world.told_of(where))
    world.comes_healthy("a version is rolled", where, push(world, "tenant", "v1.1.0", "two"))
    world.same("by a token that was made for nobody's pod", pods_of(world, f"{where}:default"), {""})
    world.same("nobody else asks for what is there", pullers(world, "tenant"), {client})


def run_stranger(world):
    """A namespace whose images are none of the controller's business; until they are."""
    where, place = world.namespace("stranger"), world.stage.place
    begin(world, where, "foreign", {"tag": "latest"})
    world.comes("what the identity may not see is told", lambda: "401" in world.condition(where, "Resolved")[2], world.told_of(where))
    second = push(world, "foreign", "latest", "two")
    world.stays("and nothing is rolled", lambda: world.generation(where, "web") == 1, world.told_of(where))
    place.registry.readers[place.CONTROLLER].add("foreign")
    world.comes_healthy("once the role is given, it is", where, second)


def run(world):
    world.at_once((run_own, run_tenant, run_stranger))
