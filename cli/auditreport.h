/* SPDX-License-Identifier: Apache-2.0 */
/* auditreport: an audit as a table, JSON or YAML. */
#ifndef PINNACE_CLI_AUDITREPORT_H
#define PINNACE_CLI_AUDITREPORT_H

#include "pinnace/audit.h"

enum audit_format { AUDIT_TEXT, AUDIT_WIDE, AUDIT_JSON, AUDIT_YAML, AUDIT_FORMATS };

/* "text wide json yaml", for the table of options. */
#define AUDIT_FORMAT_CHOICES "text wide json yaml"
bool audit_format_parse(struct str name, enum audit_format *ret_format);

int audit_report(struct buf *out, const struct audit *audit, enum audit_format format,
                 struct err *err);

#endif
