/* SPDX-License-Identifier: Apache-2.0 */
/* targetkinds: where the kinds that can be targets of a Track live, and how people call them. */
#ifndef PINNACE_CLI_TARGETKINDS_H
#define PINNACE_CLI_TARGETKINDS_H

#include "pinnace/kube.h"
#include "pinnace/trackspec.h"

extern const struct kube_resource target_resources[TARGET_KINDS];

/* "deploy", "deployments", "deployment.apps", "Deployment" and the like. */
bool target_kind_parse(struct str text, enum target_kind *ret_kind);

#endif
