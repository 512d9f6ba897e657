/* SPDX-License-Identifier: Apache-2.0 */
/* url: see the header. */
#include "pinnace/url.h"

#include "pinnace/banned.h"

struct str url_host(struct str url)
{
    size_t colon = str_find(url, ':');
    struct str rest = colon == STR_NOT_FOUND ? url : str_tail(url, colon + 1);
    if (!str_starts(rest, STR("//")))
        return url;
    rest = str_tail(rest, 2);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?' && rest.ptr[end] != '#')
        end++;
    return str_head(rest, end);
}

bool host_is_local(struct str host)
{
    return str_starts(host, STR("127.")) || str_starts(host, STR("[::1]")) ||
           str_eq(host, STR("localhost")) || str_starts(host, STR("localhost:"));
}

void buf_add_url_part(struct buf *buf, struct str part)
{
    static const struct str plain = STR_INIT("-._~");
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        if (ascii_is_alpha(c) || ascii_is_digit(c) || str_find(plain, c) != STR_NOT_FOUND)
            buf_add_char(buf, c);
        else
            buf_addf(buf, "%%%02X", (unsigned char)c);
    }
}
