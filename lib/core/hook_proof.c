/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_proof: whether a sender knows a secret: it sends it, in a header or the query, or it signs the
 * bytes of the body with it. All secrets are tried, whichever fits: which one it was shows in no time.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

/* --- Forms and queries -------------------------------------------------------------------------- */

/* False: an escape that is none. */
static bool unescape(struct str text, char *room, struct str *ret_value)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? ascii_hex_value(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? ascii_hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        room[len++] = c;
    }
    *ret_value = (struct str){room, len};
    return true;
}

size_t hook_form_value(struct str form, struct str name, char *room, struct str *ret_value)
{
    size_t count = 0;
    struct str value;
    while (form.len) {
        size_t end = str_find(form, '&');
        struct str pair = end == STR_NOT_FOUND ? form : str_head(form, end);
        form = end == STR_NOT_FOUND ? STR_NONE : str_tail(form, end + 1);
        size_t equals = str_find(pair, '=');
        if (equals == STR_NOT_FOUND || !str_eq(str_head(pair, equals), name))
            continue;
        if (!unescape(str_tail(pair, equals + 1), room, &value))
            return 0;
        *ret_value = value;
        count++;
    }
    return count;
}

/* --- Proofs ------------------------------------------------------------------------------------- */

static size_t find_proof(const struct hook_proof *proof, const struct hook_request *request,
                         char *room, struct str *ret_value)
{
    if (proof->header)
        return request->header(request->context, proof->header, ret_value);
    if (request->query.len > HOOK_QUERY_MAX)
        return 0;
    return hook_form_value(request->query, STR("secret"), room, ret_value);
}

static size_t sum_size(enum hook_sum sum)
{
    return sum == HOOK_SHA1 ? 20 : 32;
}

static bool signature_read(struct str hex, size_t size, unsigned char *ret_sum)
{
    if (hex.len != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = ascii_hex_value(hex.ptr[2 * i]), low = ascii_hex_value(hex.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_sum[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

static bool is_signed(const struct hook_proof *proof, struct str hex, struct str body,
                      struct str secret, const struct hook_tools *tools)
{
    unsigned char given[HOOK_SUM_MAX_BYTES], own[HOOK_SUM_MAX_BYTES];
    size_t size = sum_size(proof->sum);
    if (!signature_read(hex, size, given) || tools->hmac(proof->sum, secret, body, own) != size)
        return false;
    return tools->equal((struct str){(const char *)given, size},
                        (struct str){(const char *)own, size});
}

/* What stands behind the prefix, whose letters may be of any case, as those of "Bearer". */
static bool behind_prefix(const struct hook_proof *proof, struct str *value)
{
    struct str prefix = str_of(proof->prefix);
    if (value->len < prefix.len || !str_eq_nocase(str_head(*value, prefix.len), prefix))
        return false;
    *value = str_tail(*value, prefix.len);
    while (prefix.len && value->len && value->ptr[0] == ' ')
        *value = str_tail(*value, 1);
    return true;
}

static bool fits(const struct hook_proof *proof, struct str value, struct str body,
                 const struct push_secrets *secrets, const struct hook_tools *tools)
{
    bool fits_one = false;
    for (size_t i = 0; i < secrets->count; i++)
        if (proof->sum == HOOK_SECRET ? tools->equal(value, secrets->items[i])
                                      : is_signed(proof, value, body, secrets->items[i], tools))
            fits_one = true;
    return fits_one;
}

enum hook_proven hook_prove(const struct hook_proof *proofs, size_t count,
                            const struct hook_request *request, bool whole,
                            const struct push_secrets *secrets, const struct hook_tools *tools)
{
    enum hook_proven proven = HOOK_NO_PROOF;
    char room[HOOK_QUERY_MAX];
    for (size_t i = 0; i < count && proven != HOOK_PROVEN; i++) {
        const struct hook_proof *proof = &proofs[i];
        struct str value = STR_NONE;
        size_t times = find_proof(proof, request, room, &value);
        if (times > 1)
            return HOOK_AMBIGUOUS;
        if (!times || proven == HOOK_LATER)
            continue;
        if (proof->sum != HOOK_SECRET && !whole)
            proven = HOOK_LATER;
        else if (behind_prefix(proof, &value) && fits(proof, value, request->body, secrets, tools))
            proven = HOOK_PROVEN;
        else
            proven = HOOK_WRONG;
    }
    return proven;
}
