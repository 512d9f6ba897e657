/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_write: a Track as short as a ledger can still read it. Whoever follows a cluster keeps this
 * of it: proofs, conditions and reasons of its status are many times as long.
 */
#include "pinnace/jsonwrite.h"
#include "pinnace/ledger.h"
#include "pinnace/policy.h"

#include "pinnace/banned.h"

static void member_if(struct json_writer *json, const char *key, struct str value)
{
    if (value.len)
        json_member(json, key, value);
}

static void open_member(struct json_writer *json, const char *key, char bracket)
{
    json_key(json, key);
    json_open(json, bracket);
}

static void write_metadata(struct json_writer *json, const struct track *track)
{
    open_member(json, "metadata", '{');
    json_member(json, "name", track->name);
    json_member(json, "namespace", track->namespace);
    json_close(json, '}');
}

static void write_targets(struct json_writer *json, const struct track_target *target)
{
    open_member(json, "targets", '[');
    for (; target; target = target->next) {
        json_open(json, '{');
        json_member(json, "kind", target->kind);
        json_member(json, "name", target->name);
        member_if(json, "container", target->container);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* Its characters are such that nothing need be escaped. */
static void write_image(struct json_writer *json, const struct imageref *image)
{
    json_key(json, "image");
    buf_add_char(json->buf, '"');
    buf_add_repository(json->buf, image);
    buf_add_char(json->buf, '"');
    json->comma = true;
}

static void write_spec(struct json_writer *json, const struct track *track)
{
    open_member(json, "spec", '{');
    write_image(json, &track->image);
    open_member(json, "follow", '{');
    member_if(json, "tag", track->follow_tag);
    json_close(json, '}');
    if (track->from_track.len) {
        open_member(json, "from", '{');
        json_member(json, "namespace", track->from_namespace);
        json_member(json, "track", track->from_track);
        json_close(json, '}');
    }
    write_targets(json, track->targets);
    json_close(json, '}');
}

/* What has become of a row counts only as far as it lets the bytes run. */
static void write_rows(struct json_writer *json, const struct ledger_row *row)
{
    open_member(json, "ledger", '[');
    for (; row; row = row->next) {
        json_open(json, '{');
        member_if(json, "tag", row->tag);
        json_member(json, "digest", row->digest);
        member_if(json, "movedTo", row->moved_to);
        json_member(json, "state", row->released ? STR("Healthy") : STR("Failed"));
        json_close(json, '}');
    }
    json_close(json, ']');
}

void buf_add_track(struct buf *buf, const struct track *track)
{
    struct json_writer json = {.buf = buf};
    json_open(&json, '{');
    json_member(&json, "apiVersion", STR(PINNACE_API_VERSION));
    json_member(&json, "kind", STR("Track"));
    write_metadata(&json, track);
    write_spec(&json, track);
    open_member(&json, "status", '{');
    open_member(&json, "current", '{');
    member_if(&json, "digest", track->current);
    json_close(&json, '}');
    write_rows(&json, track->rows);
    json_close(&json, '}');
    json_close(&json, '}');
}
