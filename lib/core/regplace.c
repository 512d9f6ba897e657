/* SPDX-License-Identifier: Apache-2.0 */
/* regplace: see the header. */
#include "pinnace/regplace.h"

#include "pinnace/url.h"

#include "pinnace/banned.h"

struct str registry_api_host(struct str host, char *out, size_t size)
{
    struct str normal = host_normal(host, out, size);
    return str_eq(normal, STR("docker.io")) ? STR("registry-1.docker.io") : normal;
}

static void add_path(struct buf *buf, const struct imageref *ref)
{
    if (ref->in_library)
        buf_add(buf, STR("library/"));
    buf_add(buf, ref->path);
}

void buf_add_registry_url(struct buf *buf, struct str api_host, bool plain,
                          const struct imageref *ref, struct str tail)
{
    buf_add(buf, plain ? STR("http://") : STR("https://"));
    buf_add(buf, api_host);
    buf_add(buf, STR("/v2/"));
    add_path(buf, ref);
    buf_add_char(buf, '/');
    buf_add(buf, tail);
}

void buf_add_scope(struct buf *buf, const struct imageref *ref, struct str actions)
{
    buf_add(buf, STR("repository:"));
    add_path(buf, ref);
    buf_add_char(buf, ':');
    buf_add(buf, actions);
}

static struct str without_port(struct str host)
{
    size_t colon = str_rfind(host, ':');
    if (colon == STR_NOT_FOUND || str_ends(host, STR("]")))
        return host;
    return str_head(host, colon);
}

/* Digits and dots, or in brackets: no domain that anything else could be of. */
static bool is_address(struct str host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!ascii_is_digit(host.ptr[i]) && host.ptr[i] != '.')
            return host.len > 0 && host.ptr[0] == '[';
    return true;
}

/* "docker.io" of "auth.docker.io"; .len 0 for what has no dot. */
static struct str domain_of(struct str host)
{
    size_t last = str_rfind(host, '.');
    if (last == STR_NOT_FOUND || is_address(host))
        return STR_NONE;
    size_t before = str_rfind(str_head(host, last), '.');
    return before == STR_NOT_FOUND ? host : str_tail(host, before + 1);
}

static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~' || text.ptr[i] == '\\')
            return false;
    return true;
}

enum realm_trust realm_trust(struct str realm, struct str api_host, bool plain)
{
    bool is_plain = str_starts(realm, STR("http://"));
    struct str host = without_port(url_host(realm)), registry = without_port(api_host);
    if ((!is_plain && !str_starts(realm, STR("https://"))) || host.len == 0 || !is_word(realm) ||
        str_find(url_host(realm), '@') != STR_NOT_FOUND)
        return REALM_REFUSED;
    bool same_host = str_eq_nocase(host, registry);
    if (is_plain)
        return plain && same_host ? REALM_OWN : REALM_REFUSED;
    if (same_host)
        return REALM_OWN;
    if (is_address(host) || host_is_local(host))
        return REALM_REFUSED; /* nobody's token server, but perhaps something of ours */
    struct str domain = domain_of(registry);
    return domain.len && str_eq_nocase(domain, domain_of(host)) ? REALM_OWN : REALM_FOREIGN;
}
