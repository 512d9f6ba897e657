/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why the containers of a workload run what they run, by the books of Tracks. */
#ifndef PINNACE_EXPLAIN_H
#define PINNACE_EXPLAIN_H

#include "pinnace/object.h"
#include "pinnace/trackview.h"

/* One container; what is NULL is not there. */
struct explained {
    struct str name, image, digest;
    bool init;
    const struct trackview *track;      /* that means this container */
    const struct trackview *source;     /* that it takes from */
    const struct book_row *row;         /* the newest of these bytes */
    const struct book_proof *own;       /* of these bytes here */
    const struct book_proof *at_source; /* and there */
    bool drifts;                        /* the Track means other bytes */
};

/* views: Tracks of the workload's namespace, and those that they take from. */
int explain_workload(struct str json, enum target_kind kind, const struct trackview *views,
                     size_t count, struct arena *arena, struct explained **ret_items,
                     size_t *ret_count, struct err *err);

/* wide: with whole digests. */
void explain_text(struct buf *buf, const struct explained *item, bool wide, int64_t now);
void explain_json(struct json_writer *json, const struct explained *item, int64_t now);

#endif
