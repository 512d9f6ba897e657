# SPDX-License-Identifier: Apache-2.0
"""Who may say what to a Track: forged names, people without the verb, and a status that only the controller writes."""
import json

from world import command, must

EDITOR, ADMIN, VIEWER = (f"{name}@contoso.example" for name in ("editor", "admin", "viewer"))


def run(world):
    where = world.namespace("shop")
    for user, role in ((EDITOR, "edit"), (ADMIN, "admin"), (VIEWER, "view")):
        must(command("kubectl", "create", "rolebinding", role, f"--clusterrole={role}", f"--user={user}", "-n", where))
    first = world.push("latest", serial="one")
    world.workload(where, "web", f"{world.repository()}:latest@{first}")
    world.track(where, "web", {"tag": "latest"}, approval="Manual")
    world.comes("what runs is adopted", lambda: world.ledger(where), world.told_of(where))
    second = world.push("latest", serial="two")
    world.comes("the next one waits for a person", lambda: world.status(where).get("candidate", {}).get("digest") == second,
                world.told_of(where))

    def says(user, word, by):
        return command("kubectl", "patch", "track", "web", "-n", where, "--as", user, "--type=merge", "-p",
                       f'{{"spec": {{"{word}": {{"digest": "{second}", "by": "{by}"}}}}}}')
    world.refused("who edits may not approve", says(EDITOR, "approve", EDITOR), 'needs the verb "approve" on tracks.pinnace.dev')
    world.refused("nor by the command", world.pinnace("approve", "web", "-n", where, "--as", EDITOR), 'the verb "approve"')
    world.refused("an admin does not approve in another's name", says(ADMIN, "approve", EDITOR), f'spec.approve.by must be "{ADMIN}"')
    for word in ("hold", "promote"):
        world.refused(f"nor says {word} in it", says(ADMIN, word, EDITOR), f'spec.{word}.by must be "{ADMIN}"')
    world.refused("who edits may not promote", says(EDITOR, "promote", EDITOR), 'needs the verb "promote" on tracks.pinnace.dev')
    world.refused("who only looks says nothing", world.pinnace("rollback", "web", "-n", where, "--to", first, "--as", VIEWER), "forbidden")
    status = command("kubectl", "patch", "track", "web", "-n", where, "--subresource=status", "--type=merge", "-p",
                     '{"status": {"phase": "Current"}}', "--as", ADMIN)
    world.refused("nobody writes the ledger but the controller", status, "forbidden")
    world.stays("nothing has moved for all that", lambda: world.image_of(where, "web").endswith(first), seconds=3)
    world.does("an admin approves", world.pinnace("approve", "web", "-n", where, "--as", ADMIN))
    world.comes_healthy("and it moves", where, second)
    world.same("the ledger says by whose word", world.status(where)["ledger"][0].get("by"), ADMIN)
    world.does("who edits rolls back", world.pinnace("rollback", "web", "-n", where, "--to", first, "--as", EDITOR))
    world.comes_healthy("and that is done", where, first)
    world.same("in his name", world.status(where)["ledger"][0].get("by"), EDITOR)

    def resumes(user, by):
        return command("kubectl", "patch", "track", "web", "-n", where, "--as", user, "--type=merge", "-p",
                       json.dumps({"spec": {"hold": None, "resume": {"at": "2026-01-01T00:00:00Z", "by": by}}}))
    for user, by in ((EDITOR, ADMIN), (ADMIN, EDITOR)):
        world.refused(f"nobody resumes in the name of {by}", resumes(user, by), f'spec.resume.by must be "{user}"')
    world.refused("who only looks does not resume", resumes(VIEWER, VIEWER), "forbidden")
    third = world.push("latest", serial="three")
    world.comes("there is something newer", lambda: world.status(where).get("candidate", {}).get("digest") == third, world.told_of(where))
    world.check("it is still held", "hold" in world.api.get(world.track_path(where, "web")).body["spec"], world.told_of(where)())
    world.stays("and nothing has moved", lambda: world.image_of(where, "web").endswith(first), seconds=3)
    world.does("who edits resumes in his own name", resumes(EDITOR, EDITOR))
    world.does("and what waits is approved", world.pinnace("approve", "web", "-n", where, "--as", ADMIN))
    world.comes_healthy("and runs", where, third)
