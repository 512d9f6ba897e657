/* SPDX-License-Identifier: Apache-2.0 */
/* trackaccess: see the header. */
#include "trackaccess.h"

#include "pinnace/kubelist.h"
#include "pinnace/object.h"
#include "pinnace/policy.h"

#include "pinnace/banned.h"

const struct kube_resource track_resource = {"/apis/" PINNACE_API_VERSION, "tracks"};

int track_operand(const struct cli_args *args, const char **name)
{
    const char *slash = strchr(args->value, '/');
    struct str kind = slash ? str_between(args->value, slash) : STR("track");
    const char *rest = slash ? slash + 1 : args->value;
    if (*name)
        return cli_usage_error(args->verb, "one Track at a time, not \"%s\" too", args->value);
    if (!*rest || strchr(rest, '/') ||
        !(str_eq(kind, STR("track")) || str_eq(kind, STR("tracks")) ||
          str_eq(kind, STR("tracks.pinnace.dev")) || str_eq(kind, STR("track.pinnace.dev"))))
        return cli_usage_error(args->verb,
                               "\"%s\" is not the name of a Track; its namespace is given with -n",
                               args->value);
    *name = rest;
    return EXIT_CLEAN;
}

struct kube_request track_request(struct str namespace, struct str name, struct arena *arena)
{
    return (struct kube_request){.verb = KUBE_GET,
                                 .path = kube_path(arena, track_resource, namespace, name, NULL)};
}

int track_view(struct str json, struct str name, struct arena *arena, struct trackview *ret_view,
               struct kube_error *error)
{
    struct err err;
    if (trackview_read(json, arena, ret_view, &err) == 0)
        return 0;
    kube_error_set(error, (struct kube_question){"GET", name}, KUBE_GARBLED, &err);
    return -1;
}

int track_look(struct kube *kube, struct str namespace, struct str name, struct arena *arena,
               struct trackview *ret_view, struct kube_error *error)
{
    const struct kube_request asking = track_request(namespace, name, arena);
    struct str body;
    if (kube_ask(kube, &asking, arena, &body, error) < 0)
        return -1;
    return track_view(body, name, arena, ret_view, error);
}

int track_list_add(struct track_list *list, struct trackview view, struct arena *arena,
                   struct err *err)
{
    if (list->count == TRACKS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d Tracks", TRACKS_MAX);
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        struct trackview *items = arena_array(arena, struct trackview, capacity);
        if (!items)
            return err_no_memory(err);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof(items[0]));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = view;
    return 0;
}

struct listing {
    struct track_list *list;
    struct arena *arena;
};

/* Of an object that is one at all its name is told, too. */
static int add_unread(struct track_list *list, struct str json, struct err *why,
                      struct arena *arena, struct err *err)
{
    struct object object;
    struct err none;
    if (object_read(json, arena, &object, &none) == 0)
        err_prefix(why, "%.*s/%.*s: ", STR_FMT(object.namespace), STR_FMT(object.name));
    struct track_unread *unread = arena_new(arena, struct track_unread);
    struct str text = arena_copy(arena, str_of(why->text));
    if (!unread || !text.ptr)
        return err_no_memory(err);
    *unread = (struct track_unread){list->reasons, text};
    list->reasons = unread;
    list->unread++;
    return 0;
}

void track_list_tell(const struct track_list *list)
{
    for (const struct track_unread *unread = list->reasons; unread; unread = unread->next)
        cli_error("a Track cannot be read: %.*s", STR_FMT(unread->why));
}

/* The page goes; what is read may point into it. */
static int add_track(void *context, const struct watch_page *page, struct str json, struct err *err)
{
    struct listing *listing = context;
    struct str kept = arena_copy(listing->arena, json);
    struct trackview view;
    (void)page;
    if (!kept.ptr)
        return err_no_memory(err);
    if (trackview_read(kept, listing->arena, &view, err) < 0) {
        struct err why = *err;
        return why.kind == ERR_MEMORY ? -1
                                      : add_unread(listing->list, kept, &why, listing->arena, err);
    }
    return track_list_add(listing->list, view, listing->arena, err);
}

int track_list(struct kube *kube, struct str namespace, struct arena *arena,
               struct track_list *ret_list, struct kube_error *error)
{
    struct listing listing = {ret_list, arena};
    *ret_list = (struct track_list){0};
    return kube_list(kube, kube_path(arena, track_resource, namespace, STR_NONE, NULL), add_track,
                     &listing, error);
}
