/* SPDX-License-Identifier: Apache-2.0 */
/* jwt: see the header. */
#include "pinnace/jwt.h"

#include "pinnace/base64.h"
#include "pinnace/scan.h"
#include "pinnace/semver.h"

#include "pinnace/banned.h"

/* base64 with "-" and "_", and without padding. */
static int decode_part(struct str part, struct arena *arena, struct str *ret_bytes, struct err *err)
{
    struct buf standard = BUF_INIT(arena, JWT_MAX_BYTES + 4);
    struct str text;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        if (c == '+' || c == '/' || c == '=' || c == '\n' || c == '\r')
            return err_set(err, ERR_INPUT, "this is no JWT: its parts are not base64url");
        buf_add_char(&standard, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    for (size_t i = part.len; i % 4 != 0; i++)
        buf_add_char(&standard, '=');
    if (buf_finish(&standard, &text, err) < 0)
        return -1;
    return base64_decode(text, arena, ret_bytes, err);
}

/* "1790000000"; a fraction is cut off, as some write one. 0 for what is no moment. */
static int64_t moment_of(struct str number)
{
    uint64_t seconds = 0;
    size_t point = str_find(number, '.');
    if (point != STR_NOT_FOUND)
        number = str_head(number, point);
    return semver_number(number, &seconds) && seconds < INT64_C(1) << 40 ? (int64_t)seconds : 0;
}

static int read_claims(struct str json, struct arena *arena, struct jwt *ret_jwt, struct err *err)
{
    enum { ISSUER, SUBJECT, EXPIRES, ISSUED, NOT_BEFORE, KEYS };
    static const struct str keys[] = {[ISSUER] = STR_INIT("iss"),
                                      [SUBJECT] = STR_INIT("sub"),
                                      [EXPIRES] = STR_INIT("exp"),
                                      [ISSUED] = STR_INIT("iat"),
                                      [NOT_BEFORE] = STR_INIT("nbf")};
    struct jwt jwt = {.expires = 0};
    int64_t not_before = 0;
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.derived = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == ISSUER)
            jwt.issuer = scan_string(&scan);
        else if (key == SUBJECT)
            jwt.subject = scan_string(&scan);
        else if (key == EXPIRES)
            jwt.expires = moment_of(scan_value(&scan));
        else if (key == ISSUED)
            jwt.issued = moment_of(scan_value(&scan));
        else
            not_before = moment_of(scan_value(&scan));
    }
    if (scan_finish(&scan, err) < 0)
        return err_prefix(err, "the claims of the token");
    if (!jwt.issued)
        jwt.issued = not_before;
    *ret_jwt = jwt;
    return 0;
}

int jwt_read(struct str token, struct arena *arena, struct jwt *ret_jwt, struct err *err)
{
    size_t first = str_find(token, '.'), last = str_rfind(token, '.');
    struct str claims;
    if (token.len > JWT_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a JWT of more than 64 KiB");
    if (first == STR_NOT_FOUND || first == last ||
        str_find(str_between(token.ptr + first + 1, token.ptr + last), '.') != STR_NOT_FOUND)
        return err_set(err, ERR_INPUT,
                       "this is no JWT: three parts with dots between were expected");
    struct str middle = str_between(token.ptr + first + 1, token.ptr + last);
    if (decode_part(middle, arena, &claims, err) < 0)
        return -1;
    return read_claims(claims, arena, ret_jwt, err);
}

int64_t jwt_life(const struct jwt *jwt, int64_t now)
{
    int64_t begin = jwt->issued ? jwt->issued : now;
    int64_t life = jwt->expires - begin;
    if (!jwt->expires || life <= 0)
        return 0;
    return life > JWT_LIFE_MOST_S ? JWT_LIFE_MOST_S : life;
}
