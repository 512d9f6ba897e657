# SPDX-License-Identifier: Apache-2.0
"""Wrong values are told by their names, before anything is made of them; the chart is as Helm wants charts."""
from chart import CHART, flags, helm
from results import check

CLIENT = "11111111-2222-3333-4444-555555555555"
# (values, what is told)
WRONG = (
    ({"profile": "loose"}, ["profile", "'strict'", "'available'"]),
    ({"profile": ""}, ["profile"]),
    ({"defaultLevel": "latest"}, ["defaultLevel", "'pinned'"]),
    ({"defaultLevel": False}, ["defaultLevel"]),
    ({"certificates": "none"}, ["certificates", "'cert-manager'"]),
    ({"hooks": "yes"}, ["hooks", "boolean"]),
    ({"pullSecrets": "true"}, ["pullSecrets", "boolean"]),
    ({"accountIdentity": "yes"}, ["accountIdentity", "boolean"]),
    ({"platform": "AKS"}, ["platform", "'aks'"]),
    ({"platfrom": "aks"}, ["platfrom"]),
    ({"image.digest": "latest"}, ["digest", "sha256:"]),
    ({"image.digest": "sha256:" + "A" * 64}, ["digest", "sha256:"]),
    ({"image.repository": "contoso.azurecr.io/pinnace:0.1.0"}, ["repository"]),
    ({"image.repository": "pinnace"}, ["repository"]),
    ({"image.tag": "0.1.0"}, ["image", "tag"]),
    ({"identity": CLIENT}, ["identity"]),
    ({"platform": "kind", "identity": CLIENT}, ["identity"]),
    ({"platform": "aks", "identity": "pinnace"}, ["identity"]),
    ({"platform": "eks", "identity": CLIENT}, ["identity", "arn:"]),
    ({"platform": "gke", "identity": CLIENT}, ["identity", "gserviceaccount"]),
    ({"konnectivityOnly": True}, ["konnectivityOnly"]),
    ({"platform": "eks", "konnectivityOnly": True}, ["konnectivityOnly"]),
)
RIGHT = (
    {},
    {"platform": "aks", "identity": CLIENT, "konnectivityOnly": True},
    {"platform": "eks", "identity": "arn:aws-us-gov:iam::111122223333:role/teams/pinnace"},
    {"platform": "gke", "identity": "pinnace@contoso.iam.gserviceaccount.com"},
    {"image.repository": "registry.test:5000/pinnace", "image.digest": "sha256:" + "0a" * 32},
)


def run():
    for values, words in WRONG:
        done = helm("template", CHART, *flags(values))
        check(f"{values} is refused", done.returncode != 0 and not done.stdout, done.stdout[:300])
        check(f"{values} is told", all(word in done.stderr for word in words), f"{words} in: {done.stderr}")
    for values in RIGHT:
        done = helm("lint", "--strict", CHART, *flags(values))
        check(f"helm lint with {values}", done.returncode == 0, done.stdout + done.stderr)
    old = helm("template", CHART, "--kube-version", "1.29.0")
    check("an older Kubernetes is refused", old.returncode != 0 and "1.30" in old.stderr, old.stderr)
