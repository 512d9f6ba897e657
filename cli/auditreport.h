/* SPDX-License-Identifier: Apache-2.0 */
/* auditreport: an audit as a table, JSON or YAML. */
#ifndef PINNACE_CLI_AUDITREPORT_H
#define PINNACE_CLI_AUDITREPORT_H

#include "pinnace/audit.h"

#include "output.h"

int audit_report(struct buf *out, const struct audit *audit, enum output_format format,
                 struct err *err);

#endif
