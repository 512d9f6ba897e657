/* SPDX-License-Identifier: Apache-2.0 */
/* when: points in time and spans of it as the Kubernetes API writes them. No clock in here. */
#ifndef PINNACE_WHEN_H
#define PINNACE_WHEN_H

#include "pinnace/buf.h"
#include "pinnace/str.h"

/* "2026-11-21T09:30:00Z", fractions and offsets allowed, as seconds since 1970. */
bool when_parse(struct str text, int64_t *ret_seconds);
/* "Sat, 21 Nov 2026 09:30:00 GMT", the form that HTTP has used since 1994. */
bool http_date_parse(struct str text, int64_t *ret_seconds);
/* "72h", "1h30m", "90s": hours, minutes and seconds, whole numbers, more than nothing in sum. */
bool duration_parse(struct str text, int64_t *ret_seconds);

/* "2026-11-21T09:30:00Z" */
void buf_add_when(struct buf *buf, int64_t seconds);
/* "72h", "1h30m", "0s": as duration_parse reads it. */
void buf_add_duration(struct buf *buf, int64_t seconds);
/* The two largest units at most, as kubectl tells ages: "42s", "5m3s", "7h", "3d4h", "2y". */
void buf_add_age(struct buf *buf, int64_t seconds);

#endif
