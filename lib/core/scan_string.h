/* SPDX-License-Identifier: Apache-2.0 */
/* scan_string: the part of scan that reads what stands between quotes. */
#ifndef PINNACE_SCAN_STRING_H
#define PINNACE_SCAN_STRING_H

#include "pinnace/scan.h"

/*
 * The bytes between the quotes, checked; the cursor is on the opening quote. *ret_escaped tells
 * whether string_unescape is needed to know what they say.
 */
struct str scan_raw_string(struct scan *scan, bool *ret_escaped);

/* Writes what a checked string says to out, which holds raw.len bytes, and returns the length. */
size_t string_unescape(struct str raw, char *out);

/* scan_fail at the cursor. */
static inline void scan_fail_here(struct scan *scan, const char *problem)
{
    scan_fail(scan, problem, (size_t)(scan->cur - scan->text.ptr));
}

#endif
