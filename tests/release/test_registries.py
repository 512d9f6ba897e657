# SPDX-License-Identifier: Apache-2.0
"""Registries that are bad in every way: nothing is rolled for it and nothing put away, it is told, others are not held
up, and when it is over the release that was missed comes."""
from faulty import Hang, drop, half_a_list, other_bytes, oversized, page_of_login, refuse, without_digest

HANG = Hang()
# What it does, what the Track follows, and what is told of it.
FAULTS = {
    "drops": (drop, "latest", ""),
    "unauthorised": (refuse(401), "latest", "401"),
    "busy": (refuse(429, Retry_After="1"), "latest", "429"),
    "broken": (refuse(500), "latest", "500"),
    "hangs": (HANG, "latest", ""),
    "half-a-list": (half_a_list, ">=1.0.0", ""),
    "other-bytes": (without_digest(other_bytes), "latest", "digest"),
    "oversized": (without_digest(oversized), "latest", "more than"),
    "login": (page_of_login, "latest", "what came is no manifest"),
}


class One:
    """A Track whose registry is one of these."""

    def __init__(self, world, where, name):
        self.world, self.where, self.name = world, where, name
        self.fault, self.follows, self.says = FAULTS[name]
        self.faulty = world.stage.faulty(list(FAULTS).index(name))
        self.repository = f"{self.faulty.host}/{world.name}/{name}"
        self.tag = "latest" if self.follows == "latest" else "v1.0.0"
        self.first = world.push(self.tag, serial="one", name=name)
        world.workload(where, name, f"{self.repository}:{self.tag}@{self.first}", spec={"replicas": 1})
        follow = {"tag": "latest"} if self.follows == "latest" else {"semver": self.follows}
        world.track(where, name, follow, [name], image=self.repository)

    def adopted(self):
        self.world.comes(f"{self.name}: what runs is adopted", lambda: self.world.ledger(self.where, self.name) and
                         self.world.condition(self.where, "Resolved", self.name)[0] == "True", self.told())

    def told(self):
        return self.world.told_of(self.where, self.name)

    def fails(self):
        self.faulty.fault = self.fault
        self.second = self.world.push("latest" if self.tag == "latest" else "v1.1.0", serial="two", name=self.name)

    def is_told(self):
        def told():
            state, _, message = self.world.condition(self.where, "Resolved", self.name)
            return state == "False" and self.says in message
        self.world.comes(f"{self.name}: it is told", told, self.told())
        self.message = self.world.condition(self.where, "Resolved", self.name)[2]
        self.before = self.faulty.count

    def rolled_nothing(self):
        """However often it was asked since; what hangs is asked seldom."""
        if self.name != "hangs":
            self.world.comes(f"{self.name}: it is asked again", lambda: self.faulty.count > self.before, self.told())
        self.world.check(f"{self.name}: nothing is rolled for it", self.world.generation(self.where, self.name) == 1 and
                         not self.world.status(self.where, self.name).get("quarantined"), self.told()())

    def recovers(self):
        self.world.comes_healthy(f"{self.name}: it is over, and what was missed is rolled", self.where, self.second, self.name)


def run(world):
    where = world.namespace("bad")
    first = world.push("latest", serial="one", name="healthy")
    world.workload(where, "healthy", f"{world.repository('healthy')}:latest@{first}", spec={"replicas": 1})
    world.track(where, "healthy", {"tag": "latest"}, ["healthy"], image=world.repository("healthy"))
    all_of_them = [One(world, where, name) for name in FAULTS]
    try:
        for step in (One.adopted, One.fails, One.is_told):
            for one in all_of_them:
                step(one)
        second = world.push("latest", serial="two", name="healthy")
        world.comes_healthy("a registry that is well is not held up by them", where, second, "healthy")
        for one in all_of_them:
            one.rolled_nothing()
    finally:
        HANG.over.set()
        for one in all_of_them:
            one.faulty.fault = None
    for one in all_of_them:
        one.recovers()
        world.say(f"{one.name}: {one.message}")
