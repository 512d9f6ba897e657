/* SPDX-License-Identifier: Apache-2.0 */
/* report: what check found, and the four ways to print it. */
#ifndef PINNACE_CLI_REPORT_H
#define PINNACE_CLI_REPORT_H

#include "pinnace/buf.h"
#include "pinnace/judge.h"
#include "pinnace/manifest.h"

struct report_entry {
    const struct report_entry *next;
    const struct manifest_object *source;
    const struct object *object;
    const struct finding *finding;
    struct manifest_place place;
};

/* Kinds that make no pods, each once. */
struct report_skipped {
    struct report_skipped *next;
    struct str api_version, kind_name;
    size_t count;
};

struct report {
    enum level level;
    struct arena *arena;
    size_t files, objects, images, violations;
    size_t unread; /* files and objects that could not be read; told on stderr */
    const struct report_entry *entries, **tail;
    struct report_skipped *skipped;
};

enum report_format {
    REPORT_TEXT,
    REPORT_JSON,
    REPORT_SARIF,
    REPORT_GITHUB,
};

void report_text(struct buf *out, const struct report *report, bool colour);
void report_json(struct buf *out, const struct report *report);
void report_sarif(struct buf *out, const struct report *report);
void report_github(struct buf *out, const struct report *report);

#endif
