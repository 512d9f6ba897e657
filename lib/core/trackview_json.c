/* SPDX-License-Identifier: Apache-2.0 */
/* trackview_json: Tracks and their history for programs; see trackview.h. */
#include "pinnace/trackview.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

static void add_text(struct json_writer *json, const char *key, struct str value)
{
    if (value.len)
        json_member(json, key, value);
}

static void add_number(struct json_writer *json, const char *key, int64_t value)
{
    if (!value)
        return;
    json_key(json, key);
    json_number(json, value);
}

/* The writer escapes nothing in these: they are of digits and letters. */
static void add_when(struct json_writer *json, const char *key, int64_t seconds)
{
    if (!seconds)
        return;
    json_key(json, key);
    json_open(json, '"');
    buf_add_when(json->buf, seconds);
    json_close(json, '"');
}

static void add_span(struct json_writer *json, const char *key, int64_t seconds)
{
    if (!seconds)
        return;
    json_key(json, key);
    json_open(json, '"');
    buf_add_duration(json->buf, seconds);
    json_close(json, '"');
}

static void add_word(struct json_writer *json, const char *key, const struct track_word *word)
{
    if (!word->digest.len)
        return;
    json_key(json, key);
    json_open(json, '{');
    json_member(json, "digest", word->digest);
    add_text(json, "reason", word->reason);
    add_text(json, "by", word->by);
    json_close(json, '}');
}

static void add_spec(struct json_writer *json, const struct trackspec *spec)
{
    json_member(json, "namespace", spec->namespace);
    json_member(json, "name", spec->name);
    json_key(json, "image");
    json_open(json, '"');
    buf_add_repository(json->buf, &spec->image);
    json_close(json, '"');
    json_key(json, "follow");
    json_open(json, '{');
    add_text(json, "tag", spec->follow.tag);
    add_text(json, "semver", spec->range);
    add_text(json, "pattern", spec->regex);
    json_close(json, '}');
    if (spec->from.track.len) {
        json_key(json, "from");
        json_open(json, '{');
        json_member(json, "namespace", spec->from.namespace);
        json_member(json, "track", spec->from.track);
        add_span(json, "soak", spec->from.soak);
        json_close(json, '}');
    }
    json_member(json, "approval", spec->manual ? STR("Manual") : STR("Automatic"));
    json_key(json, "suspended");
    json_bool(json, spec->suspend);
    add_word(json, "hold", &spec->hold);
}

static void add_targets(struct json_writer *json, const struct trackspec *spec)
{
    json_key(json, "targets");
    json_open(json, '[');
    for (size_t i = 0; i < spec->target_count; i++) {
        json_open(json, '{');
        json_member(json, "kind", target_kind_names[spec->targets[i].kind]);
        json_member(json, "name", spec->targets[i].name);
        add_text(json, "container", spec->targets[i].container);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void add_bytes(struct json_writer *json, const struct trackbook *book)
{
    if (book->current.digest.len) {
        json_key(json, "current");
        json_open(json, '{');
        add_text(json, "tag", book->current.tag);
        json_member(json, "digest", book->current.digest);
        add_number(json, "revision", book->current.revision);
        add_when(json, "since", book->current.since);
        json_close(json, '}');
    }
    if (book->previous_good.digest.len) {
        json_key(json, "previousGood");
        json_open(json, '{');
        add_text(json, "tag", book->previous_good.tag);
        json_member(json, "digest", book->previous_good.digest);
        json_close(json, '}');
    }
    if (book->candidate.digest.len) {
        json_key(json, "candidate");
        json_open(json, '{');
        add_text(json, "tag", book->candidate.tag);
        json_member(json, "digest", book->candidate.digest);
        json_member(json, "waits", candidate_wait_names[book->candidate.waits]);
        add_text(json, "waitsFor", book->candidate.waits_for);
        add_when(json, "since", book->candidate.since);
        add_when(json, "until", book->candidate.until);
        json_close(json, '}');
    }
}

static void add_conditions(struct json_writer *json, const struct trackbook *book)
{
    json_key(json, "conditions");
    json_open(json, '[');
    for (int i = 0; i < TRACK_CONDITIONS; i++) {
        const struct book_condition *condition = &book->conditions[i];
        if (condition->status == CONDITION_UNKNOWN)
            continue;
        json_open(json, '{');
        json_member(json, "type", track_condition_names[i]);
        json_member(json, "status",
                    condition->status == CONDITION_TRUE ? STR("True") : STR("False"));
        add_text(json, "reason", condition->reason);
        add_text(json, "message", condition->message);
        add_when(json, "since", condition->since);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void trackview_json(struct json_writer *json, const struct trackview *view)
{
    json_open(json, '{');
    add_spec(json, view->spec);
    add_targets(json, view->spec);
    json_member(json, "phase", track_phase_names[view->book->phase]);
    json_key(json, "seenByController");
    json_bool(json, view->spec->generation <= view->book->generation);
    add_bytes(json, view->book);
    add_conditions(json, view->book);
    json_close(json, '}');
}

void history_row_json(struct json_writer *json, const struct trackview *view,
                      const struct book_row *row)
{
    json_open(json, '{');
    add_number(json, "revision", row->revision);
    add_text(json, "tag", row->tag);
    json_member(json, "digest", row->digest);
    json_member(json, "state", row_state_names[row->state]);
    json_key(json, "current");
    json_bool(json, book_row_is_current(view->book, row));
    json_key(json, "quarantined");
    json_bool(json, book_quarantine_of(view->book, row->digest) != NULL);
    add_when(json, "startedAt", row->started_at);
    add_when(json, "endedAt", row->ended_at);
    add_text(json, "why", row->why);
    add_text(json, "by", row->by);
    add_text(json, "movedTo", row->moved_to);
    json_close(json, '}');
}

void history_json(struct json_writer *json, const struct trackview *view,
                  const struct book_row *older, size_t older_count)
{
    json_open(json, '{');
    json_member(json, "namespace", view->spec->namespace);
    json_member(json, "name", view->spec->name);
    json_key(json, "image");
    json_open(json, '"');
    buf_add_repository(json->buf, &view->spec->image);
    json_close(json, '"');
    json_key(json, "rows");
    json_open(json, '[');
    for (size_t i = 0; i < view->book->row_count; i++)
        history_row_json(json, view, &view->book->rows[i]);
    for (size_t i = 0; i < older_count; i++)
        history_row_json(json, view, &older[i]);
    json_close(json, ']');
    json_close(json, '}');
}
