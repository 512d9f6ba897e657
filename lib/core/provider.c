/* SPDX-License-Identifier: Apache-2.0 */
/* provider: see the header. Which clouds there are, and what their files share. */
#include "pinnace/provider.h"

#include <stdarg.h>
#include <stdio.h>

#include "pinnace/scan.h"
#include "pinnace/url.h"

#include "pinnace/banned.h"

const struct provider *const providers[] = {&provider_azure, &provider_aws, &provider_google, NULL};

const struct provider *provider_of(struct str host)
{
    for (size_t i = 0; providers[i]; i++)
        if (providers[i]->serves(host))
            return providers[i];
    return NULL;
}

const struct provider *provider_named(struct str name)
{
    for (size_t i = 0; providers[i]; i++)
        if (str_eq(str_of(providers[i]->name), name))
            return providers[i];
    return NULL;
}

static void note_annotations(const struct provider *provider, struct scan *scan,
                             struct provider_input *noted)
{
    struct scan_members annotations = scan_object(scan);
    for (struct str key; scan_any_member(scan, &annotations, &key);) {
        struct str value = scan_string(scan);
        for (size_t i = 0; i < provider->need_count; i++)
            if (provider->needs[i].annotation && value.len <= PROVIDER_VALUE_MAX &&
                str_eq(key, str_of(provider->needs[i].annotation)) &&
                (!provider->needs[i].mark || str_eq(value, str_of(provider->needs[i].mark))))
                noted->values[i] = value;
    }
}

/* An account that is only said which tenant it is of has no identity yet: that is general. */
static bool is_somebody(const struct provider *provider, const struct provider_input *noted)
{
    for (size_t i = 0; i < provider->need_count; i++)
        if (noted->values[i].len && !provider->needs[i].is_general)
            return true;
    return false;
}

bool provider_note_account(const struct provider *provider, struct str json, struct arena *arena,
                           struct provider_input *input)
{
    static const struct str keys[] = {STR_INIT("metadata")}, inner[] = {STR_INIT("annotations")};
    struct provider_input noted = {.host = input->host};
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.deep = true;
    struct scan_members members = scan_object(&scan);
    while (scan_member(&scan, &members, keys, 1) != SCAN_END) {
        struct scan_members metadata = scan_object(&scan);
        while (scan_member(&scan, &metadata, inner, 1) != SCAN_END)
            note_annotations(provider, &scan, &noted);
    }
    if (scan_finish(&scan, NULL) < 0 || !is_somebody(provider, &noted))
        return false;
    *input = noted;
    return true;
}

void provider_add_field(struct buf *buf, const char *name, struct str value)
{
    buf_addf(buf, "%s%s=", buf->len ? "&" : "", name);
    buf_add_url_part(buf, value);
}

void provider_fail(struct provider_next *next, const struct provider_answer *answer,
                   enum registry_fault fault, const char *format, ...)
{
    char text[sizeof(next->error.text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    next->turn = PROVIDER_FAILED;
    next->error.status = answer ? answer->status : 0;
    next->error.retry_after_s = answer ? answer->retry_after_s : 0;
    registry_error_set(&next->error, fault, STR_NONE, "%s", text);
}

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alpha(text.ptr[i]) && !ascii_is_digit(text.ptr[i]) && text.ptr[i] != '-' &&
            text.ptr[i] != '.')
            return false;
    return text.len > 0 && text.ptr[0] != '.' && text.ptr[0] != '-';
}

bool provider_host_under(struct str host, struct str suffix)
{
    return is_name(host) && host.len > suffix.len + 1 && str_ends(host, suffix) &&
           host.ptr[host.len - suffix.len - 1] == '.';
}
