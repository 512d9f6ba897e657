/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trackreview: see the header. A source that is not there yet is fine: whoever applies a folder makes
 * its objects in any order.
 */
#include "pinnace/trackreview.h"

#include "pinnace/banned.h"

enum { SENTENCE_MAX = 1024, CHAIN_MAX = 64 };

struct beside {
    const struct trackspec *spec, *old;
    const struct ledger *others;
    struct arena *arena;
    struct trackreview review;
};

static bool is_itself(const struct beside *beside, struct str namespace, struct str name)
{
    return str_eq(beside->spec->namespace, namespace) && str_eq(beside->spec->name, name);
}

static int add(struct beside *beside, bool is_fault, struct buf *buf, struct err *err)
{
    struct trackreview *review = &beside->review;
    struct str text;
    if (buf_finish(buf, &text, err) < 0)
        return -1;
    if (is_fault && review->fault_count < TRACKREVIEW_TEXTS)
        review->faults[review->fault_count++] = text;
    else if (!is_fault && review->warning_count < TRACKREVIEW_TEXTS)
        review->warnings[review->warning_count++] = text;
    return 0;
}

/* ---- two Tracks on one container ---- */

static bool same_target(const struct trackspec_target *a, const struct trackspec_target *b)
{
    return a->kind == b->kind && str_eq(a->name, b->name) && str_eq(a->container, b->container);
}

/* Whether the update leaves this target, and what it means, as they were. */
static bool was_there(const struct beside *beside, const struct trackspec_target *target)
{
    const struct trackspec *old = beside->old;
    if (!old || !imageref_same_repository(&old->image, &beside->spec->image))
        return false;
    for (size_t i = 0; i < old->target_count; i++)
        if (same_target(target, &old->targets[i]))
            return true;
    return false;
}

static bool meet(const struct beside *beside, const struct trackspec_target *mine,
                 const struct track *other, const struct track_target *its)
{
    return str_eq(target_kind_names[mine->kind], its->kind) && str_eq(mine->name, its->name) &&
           containers_meet(mine->container, &beside->spec->image, its->container, &other->image);
}

static int tell_of(struct beside *beside, size_t index, const struct track *other, struct err *err)
{
    const struct trackspec_target *mine = &beside->spec->targets[index];
    struct buf buf = BUF_INIT(beside->arena, SENTENCE_MAX);
    buf_addf(&buf, "spec.targets[%zu]: ", index);
    if (mine->container.len) {
        buf_add(&buf, STR("container "));
        buf_add_quoted(&buf, mine->container, 63);
    } else {
        buf_add(&buf, STR("a container"));
    }
    buf_addf(&buf, " of %.*s ", STR_FMT(target_kind_names[mine->kind]));
    buf_add_quoted(&buf, mine->name, 253);
    buf_add(&buf, STR(" is moved by Track "));
    buf_add_quoted(&buf, other->name, 253);
    buf_add(&buf, STR(" already; two would fight over it"));
    return add(beside, !was_there(beside, mine), &buf, err);
}

static int check_target(struct beside *beside, size_t index, struct err *err)
{
    for (const struct track *other = beside->others->tracks; other; other = other->next) {
        if (!str_eq(other->namespace, beside->spec->namespace) ||
            is_itself(beside, other->namespace, other->name))
            continue;
        for (const struct track_target *its = other->targets; its; its = its->next)
            if (meet(beside, &beside->spec->targets[index], other, its))
                return tell_of(beside, index, other, err);
    }
    return 0;
}

/* ---- where its proofs come from ---- */

static const struct track *find(const struct beside *beside, struct str namespace, struct str name)
{
    for (const struct track *track = beside->others->tracks; track; track = track->next)
        if (str_eq(track->name, name) && str_eq(track->namespace, namespace))
            return track;
    return NULL;
}

static bool has_source(const struct trackspec *spec)
{
    return spec && spec->from.track.len;
}

static bool source_was_there(const struct beside *beside)
{
    return has_source(beside->old) && str_eq(beside->old->from.track, beside->spec->from.track) &&
           str_eq(beside->old->from.namespace, beside->spec->from.namespace);
}

static void add_track_name(struct buf *buf, struct str namespace, struct str name)
{
    buf_add(buf, STR("Track "));
    buf_add_quoted(buf, name, 253);
    buf_add(buf, STR(" of namespace "));
    buf_add_quoted(buf, namespace, 63);
}

/* Each of them would wait for another one for ever. */
static bool goes_round(const struct beside *beside, const struct track *source)
{
    for (int i = 0; source && source->from_track.len && i < CHAIN_MAX; i++) {
        if (is_itself(beside, source->from_namespace, source->from_track))
            return true;
        source = find(beside, source->from_namespace, source->from_track);
    }
    return false;
}

static int check_source(struct beside *beside, struct err *err)
{
    const struct trackspec *spec = beside->spec;
    struct buf buf = BUF_INIT(beside->arena, SENTENCE_MAX);
    const struct track *source = find(beside, spec->from.namespace, spec->from.track);
    buf_add(&buf, STR("spec.from: "));
    if (!source) {
        buf_add(&buf, STR("there is no "));
        add_track_name(&buf, spec->from.namespace, spec->from.track);
        buf_add(&buf, STR(" yet; until it has proved something, nothing moves here"));
        return add(beside, false, &buf, err);
    }
    add_track_name(&buf, spec->from.namespace, spec->from.track);
    if (goes_round(beside, source)) {
        buf_add(&buf, STR(" waits for this one in turn, itself or by others; none of them would "
                          "ever move"));
        return add(beside, !source_was_there(beside), &buf, err);
    }
    if (imageref_same_repository(&source->image, &spec->image))
        return 0;
    buf_add(&buf, STR(" follows another repository, "));
    buf_add_repository(&buf, &source->image);
    buf_add(&buf, STR("; it proves only bytes that are the same in both"));
    return add(beside, false, &buf, err);
}

int trackreview_read(const struct trackspec *spec, const struct trackspec *old,
                     const struct ledger *others, struct arena *arena,
                     struct trackreview *ret_review, struct err *err)
{
    struct beside beside = {.spec = spec, .old = old, .others = others, .arena = arena};
    for (size_t i = 0; others && i < spec->target_count; i++)
        if (check_target(&beside, i, err) < 0)
            return -1;
    if (others && has_source(spec) && check_source(&beside, err) < 0)
        return -1;
    *ret_review = beside.review;
    return 0;
}
