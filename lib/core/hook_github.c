/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_github: packages of GitHub, which an organisation, a repository ("package") or an app
 * ("registry_package") is told of. What holds the tag may be missing; the reference to pull then has
 * it, or ends with a bare colon for what has none.
 */
#include "hook_inner.h"

#include "pinnace/banned.h"

enum part { TYPE, NAMESPACE, NAME, URL, TAG, PARTS };

struct event {
    struct str action;
    struct str parts[PARTS];
};

/* "ghcr.io/acme/app:" and the like, without what is behind the last colon of its last part. */
static struct str name_in(struct str reference)
{
    size_t colon = str_rfind(reference, ':'), slash = str_rfind(reference, '/');
    bool has = colon != STR_NOT_FOUND && slash != STR_NOT_FOUND && colon > slash;
    return has ? str_head(reference, colon) : reference;
}

static struct str tag_of(const struct event *event)
{
    struct str url = event->parts[URL], name = name_in(url);
    if (event->parts[TAG].len || name.len == url.len)
        return event->parts[TAG];
    return str_tail(url, name.len + 1);
}

static void add_package(struct hook_reading *reading, const struct event *event)
{
    struct buf text = BUF_INIT(reading->arena, reading->body.len + 16);
    struct str name = STR_NONE;
    if (event->parts[URL].len) {
        buf_add(&text, name_in(event->parts[URL]));
    } else {
        buf_add(&text, STR("ghcr.io/"));
        buf_add(&text, event->parts[NAMESPACE]);
        buf_add_char(&text, '/');
        buf_add(&text, event->parts[NAME]);
    }
    if (buf_finish(&text, &name, NULL) < 0)
        reading->no_memory = true;
    else
        hook_add_name(reading, hook_lower(reading, name), tag_of(event));
}

static bool is_image(struct str type)
{
    return str_eq_nocase(type, STR("container")) || str_eq_nocase(type, STR("docker"));
}

int hook_read_github(struct hook_reading *reading, struct err *err)
{
    enum { ACTION, ZEN, FIRST, SECOND = FIRST + PARTS, FIELDS = SECOND + PARTS };
#define PACKAGE(first, key)                                                                        \
    [(first) + TYPE] = {.path = key ".package_type"},                                              \
               [(first) + NAMESPACE] = {.path = key ".namespace"},                                 \
               [(first) + NAME] = {.path = key ".name"},                                           \
               [(first) + URL] = {.path = key ".package_version.package_url"}, [(first) + TAG] = { \
                   .path = key ".package_version.container_metadata.tag.name"                      \
               }
    struct hook_field fields[FIELDS] = {[ACTION] = {.path = "action"},
                                        [ZEN] = {.path = "zen"},
                                        PACKAGE(FIRST, "package"),
                                        PACKAGE(SECOND, "registry_package")};
    if (hook_pick_body(reading, fields, FIELDS, err) < 0)
        return -1;
    size_t first = fields[FIRST + TYPE].value.len ? FIRST : SECOND;
    struct event event = {.action = fields[ACTION].value};
    for (size_t i = 0; i < PARTS; i++)
        event.parts[i] = fields[first + i].value;
    bool published = str_eq(event.action, STR("published")) || str_eq(event.action, STR("updated"));
    if (fields[ZEN].value.len)
        hook_pass_over(reading, "a ping: GitHub can send here");
    else if (!published || !event.parts[TYPE].len)
        hook_pass_over(reading, HOOK_NO_PUSH);
    else if (!is_image(event.parts[TYPE]))
        hook_pass_over(reading, HOOK_NO_IMAGE);
    else
        add_package(reading, &event);
    return 0;
}
