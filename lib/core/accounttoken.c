/* SPDX-License-Identifier: Apache-2.0 */
/* accounttoken: see the header. */
#include "pinnace/accounttoken.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

void buf_add_account_token_request(struct buf *buf, struct str audience)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '{');
    json_member(&writer, "apiVersion", STR("authentication.k8s.io/v1"));
    json_member(&writer, "kind", STR("TokenRequest"));
    json_key(&writer, "spec");
    json_open(&writer, '{');
    json_key(&writer, "audiences");
    json_open(&writer, '[');
    json_string(&writer, audience);
    json_close(&writer, ']');
    json_key(&writer, "expirationSeconds");
    json_number(&writer, ACCOUNT_TOKEN_LIFE_S);
    json_close(&writer, '}');
    json_close(&writer, '}');
}

int account_token_read(struct str json, struct arena *arena, struct str *ret_token, struct err *err)
{
    static const struct str keys[] = {STR_INIT("status")}, inner[] = {STR_INIT("token")};
    struct str token = STR_NONE;
    struct scan scan;
    scan_begin(&scan, json, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        struct scan_members status = scan_object(&scan);
        while (scan_member(&scan, &status, inner, 1) != SCAN_END)
            token = scan_string(&scan);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!token.len)
        return err_set(err, ERR_INPUT, "status.token: is missing");
    *ret_token = token;
    return 0;
}

int account_issuer_read(struct str json, struct arena *arena, struct str *ret_issuer,
                        struct err *err)
{
    static const struct str keys[] = {STR_INIT("issuer")};
    struct str issuer = STR_NONE;
    struct scan scan;
    scan_begin(&scan, json, arena);
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END)
        issuer = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!issuer.len)
        return err_set(err, ERR_INPUT, "issuer: is missing");
    *ret_issuer = issuer;
    return 0;
}
