/* SPDX-License-Identifier: Apache-2.0 */
/* pushevent: see the header. */
#include "pinnace/pushevent.h"

#include "pinnace/banned.h"

/* --- Whom it concerns --------------------------------------------------------------------------- */

static bool is_path(struct str path, const struct imageref *image)
{
    static const struct str library = STR_INIT("library/");
    if (str_eq(path, image->path))
        return true;
    return image->in_library && str_starts(path, library) &&
           str_eq(str_tail(path, library.len), image->path);
}

bool push_concerns(const struct push_hint *hint, const struct imageref *image,
                   const struct tag_follow *follow)
{
    struct semver version;
    if (hint->host.len && !host_same(hint->host, image->host))
        return false;
    return is_path(hint->repository, image) && tag_judge(follow, hint->tag, &version) == TAG_FITS;
}

/* --- Secrets ------------------------------------------------------------------------------------ */

static int check_secret(struct str secret, size_t line, struct err *err)
{
    if (secret.len < PUSH_SECRET_MIN_BYTES || secret.len > PUSH_SECRET_MAX_BYTES)
        return err_set(err, ERR_INPUT, "line %zu: a secret has %d to %d characters, not %zu", line,
                       (int)PUSH_SECRET_MIN_BYTES, (int)PUSH_SECRET_MAX_BYTES, secret.len);
    for (size_t i = 0; i < secret.len; i++)
        if (secret.ptr[i] < ' ' || secret.ptr[i] > '~')
            return err_set(err, ERR_INPUT,
                           "line %zu: a secret is printable ASCII, as a header can carry it", line);
    if (secret.ptr[0] == ' ' || secret.ptr[secret.len - 1] == ' ')
        return err_set(err, ERR_INPUT, "line %zu: a secret neither begins nor ends with a space",
                       line);
    return 0;
}

static struct str next_line(struct str *text)
{
    size_t end = str_find(*text, '\n');
    struct str line = end == STR_NOT_FOUND ? *text : str_head(*text, end);
    *text = end == STR_NOT_FOUND ? STR_NONE : str_tail(*text, end + 1);
    return line.len && line.ptr[line.len - 1] == '\r' ? str_head(line, line.len - 1) : line;
}

int push_secrets_read(struct str text, struct push_secrets *ret_secrets, struct err *err)
{
    struct push_secrets secrets = {.count = 0};
    for (size_t number = 1; text.len; number++) {
        struct str line = next_line(&text);
        if (!line.len)
            continue;
        if (secrets.count == PUSH_SECRETS_MAX)
            return err_set(err, ERR_LIMIT, "line %zu: more than %d secrets", number,
                           (int)PUSH_SECRETS_MAX);
        if (check_secret(line, number, err) < 0)
            return -1;
        secrets.items[secrets.count++] = line;
    }
    if (!secrets.count)
        return err_set(err, ERR_INPUT, "there is no secret in it; one a line is expected");
    *ret_secrets = secrets;
    return 0;
}
