/* SPDX-License-Identifier: Apache-2.0 */
/* acrdoc: see the header. */
#include "pinnace/acrdoc.h"

#include "pinnace/scan.h"

#include "pinnace/banned.h"

/* What a form and a header can carry as one word. */
static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return text.len > 0;
}

int acr_exchange_read(struct str body, struct arena *arena, struct str *ret_token, struct err *err)
{
    static const struct str keys[] = {STR_INIT("refresh_token")};
    struct str token = STR_NONE;
    struct scan scan;
    if (body.len > ACRDOC_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "an answer of more than 4 MiB");
    scan_begin(&scan, body, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        token = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!is_word(token))
        return err_set(err, ERR_INPUT, "refresh_token: is missing, or cannot be one");
    *ret_token = token;
    return 0;
}
