/* SPDX-License-Identifier: Apache-2.0 */
/* yamlwrite: JSON as YAML that a person reads, as kubectl prints it. */
#ifndef PINNACE_YAMLWRITE_H
#define PINNACE_YAMLWRITE_H

#include "pinnace/buf.h"
#include "pinnace/err.h"

int buf_add_yaml(struct buf *buf, struct str json, struct arena *arena, struct err *err);

#endif
