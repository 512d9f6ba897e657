/* SPDX-License-Identifier: Apache-2.0 */
/* lease: see the header. The record comes first, then the decision, then what is written. */
#include "pinnace/lease.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

/* --- The record -------------------------------------------------------------------------------- */

static struct str read_version(struct scan *scan)
{
    static const struct str keys[] = {STR_INIT("resourceVersion")};
    struct str version = STR_NONE;
    struct scan_members members = scan_object(scan);
    while (scan_member(scan, &members, keys, 1) != SCAN_END)
        version = scan_string(scan);
    return version;
}

/* Whole and not negative; null, and what cannot be meant, is 0. */
static int64_t read_number(struct scan *scan)
{
    int64_t number = 0;
    struct str text = scan_value(scan);
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]) || i > 9)
            return 0;
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

static void read_spec(struct scan *scan, struct lease_record *record)
{
    enum { HOLDER, RENEWED, DURATION, TRANSITIONS, KEYS };
    static const struct str keys[] = {[HOLDER] = STR_INIT("holderIdentity"),
                                      [RENEWED] = STR_INIT("renewTime"),
                                      [DURATION] = STR_INIT("leaseDurationSeconds"),
                                      [TRANSITIONS] = STR_INIT("leaseTransitions")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == HOLDER)
            record->holder = scan_string(scan);
        else if (key == RENEWED)
            record->renewed = scan_string(scan);
        else if (key == DURATION)
            record->duration_s = read_number(scan);
        else
            record->transitions = read_number(scan);
    }
}

int lease_record_read(struct str json, struct arena *arena, struct lease_record *ret_record,
                      struct err *err)
{
    enum { METADATA, SPEC, KEYS };
    static const struct str keys[] = {[METADATA] = STR_INIT("metadata"), [SPEC] = STR_INIT("spec")};
    struct lease_record record = {0};
    struct scan scan;
    scan_begin(&scan, json, arena);
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == METADATA)
            record.version = read_version(&scan);
        else
            read_spec(&scan, &record);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!record.version.len || record.version.len >= LEASE_TEXT_SIZE)
        return err_set(err, ERR_INPUT, "metadata.resourceVersion: one was expected here");
    if (record.holder.len >= LEASE_TEXT_SIZE || record.renewed.len >= LEASE_TEXT_SIZE)
        return err_set(err, ERR_LIMIT, "spec: longer than is read");
    *ret_record = record;
    return 0;
}

/* --- The decision ------------------------------------------------------------------------------ */

static void keep(char kept[LEASE_TEXT_SIZE], struct str text)
{
    size_t len = text.len < LEASE_TEXT_SIZE ? text.len : LEASE_TEXT_SIZE - 1;
    if (len)
        memcpy(kept, text.ptr, len);
    kept[len] = '\0';
}

static bool same(const char *kept, struct str text)
{
    return str_eq(str_of(kept), text);
}

static bool is_ours(const struct lease *lease)
{
    return same(lease->holder, str_of(lease->identity));
}

void lease_begin(struct lease *lease, struct str identity)
{
    *lease = (struct lease){0};
    keep(lease->identity, identity);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct lease_plan call(const struct lease *lease, enum lease_step step, int64_t now)
{
    int64_t timeout = LEASE_CALL_MS;
    if (lease_may_act(lease, now))
        timeout = earlier(timeout, lease_left_ms(lease, now));
    return (struct lease_plan){.step = step, .until = now, .timeout_ms = (int)timeout};
}

static struct lease_plan wait_until(int64_t until)
{
    return (struct lease_plan){.step = LEASE_WAIT, .until = until};
}

struct lease_plan lease_next(const struct lease *lease, int64_t now)
{
    if (lease->busy)
        return wait_until(lease->sent_at + LEASE_CALL_MS);
    if (now < lease->not_before)
        return wait_until(lease->not_before);
    if (!lease->known || lease->read_again)
        return call(lease, LEASE_READ, now);
    if (!lease->exists)
        return call(lease, LEASE_CREATE, now);
    if (lease_may_act(lease, now) && now < lease->renewed_at + LEASE_RENEW_MS)
        return wait_until(lease->renewed_at + LEASE_RENEW_MS);
    int64_t free_at = lease->changed_at + lease->duration_ms;
    if (is_ours(lease) || !lease->holder[0] || now >= free_at)
        return call(lease, LEASE_WRITE, now);
    int64_t look_at = lease->looked_at + LEASE_LOOK_MS;
    return now >= look_at ? call(lease, LEASE_READ, now) : wait_until(earlier(free_at, look_at));
}

void lease_sent(struct lease *lease, enum lease_step step, int64_t now)
{
    lease->busy = true;
    lease->writing = step == LEASE_CREATE || step == LEASE_WRITE;
    lease->sent_at = now;
}

/* A change is told by what holders write, not by the version: others may label it as they like. */
static void take_in(struct lease *lease, const struct lease_record *record, int64_t now)
{
    bool changed = !lease->known || !lease->exists || !same(lease->holder, record->holder) ||
                   !same(lease->renewed, record->renewed) ||
                   lease->transitions != record->transitions;
    if (changed)
        lease->changed_at = now;
    lease->known = lease->exists = true;
    lease->read_again = false;
    keep(lease->version, record->version);
    keep(lease->holder, record->holder);
    keep(lease->renewed, record->renewed);
    lease->transitions = record->transitions;
    lease->duration_ms = record->duration_s ? record->duration_s * 1000 : LEASE_DURATION_MS;
    lease->duration_ms = earlier(lease->duration_ms, LEASE_DURATION_MOST_MS);
    lease->looked_at = now;
}

void lease_answered(struct lease *lease, const struct lease_record *record, int64_t now)
{
    take_in(lease, record, now);
    lease->busy = false;
    if (!is_ours(lease)) {
        lease->held = false;
    } else if (lease->writing) {
        lease->held = true;
        lease->renewed_at = lease->sent_at;
        lease->valid_until = lease->sent_at + LEASE_DURATION_MS - LEASE_MARGIN_MS;
    }
}

/* Somebody has written beside us, perhaps himself: until that is read, nothing is done. */
void lease_missed(struct lease *lease, bool exists, int64_t now)
{
    lease->busy = lease->held = false;
    lease->known = true;
    lease->exists = lease->read_again = exists;
    if (lease->writing && !exists)
        lease->not_before = now + LEASE_RETRY_MS;
}

/*
 * A write may have been done all the same: only reading tells from which version to go on. What we
 * held is ours for as long as it was.
 */
void lease_failed(struct lease *lease, int64_t now)
{
    lease->busy = false;
    lease->not_before = now + LEASE_RETRY_MS;
    lease->read_again = lease->read_again || lease->writing;
}

bool lease_may_act(const struct lease *lease, int64_t now)
{
    return lease->held && now < lease->valid_until;
}

int64_t lease_left_ms(const struct lease *lease, int64_t now)
{
    return lease_may_act(lease, now) ? lease->valid_until - now : 0;
}

/* --- What is written --------------------------------------------------------------------------- */

static void add_time(struct json_writer *writer, const char *key, int64_t wall_us)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(4096);
    struct buf text = BUF_INIT(&arena, 256);
    struct str seconds = STR_NONE, whole = STR_NONE;
    buf_add_when(&text, wall_us / 1000000);
    if (buf_finish(&text, &seconds, NULL) < 0)
        return;
    /* The API wants six digits of a second, no more and no fewer. */
    struct buf micro = BUF_INIT(&arena, 256);
    buf_add(&micro, str_head(seconds, seconds.len - 1));
    buf_addf(&micro, ".%06dZ", (int)(wall_us % 1000000));
    if (buf_finish(&micro, &whole, NULL) == 0)
        json_member(writer, key, whole);
}

static void add_spec(struct json_writer *writer, const struct lease *lease, bool release,
                     int64_t wall_us)
{
    bool changes = !lease->exists || !is_ours(lease);
    json_key(writer, "spec");
    json_open(writer, '{');
    json_member(writer, "holderIdentity", release ? STR("") : str_of(lease->identity));
    json_key(writer, "leaseDurationSeconds");
    json_number(writer, release ? 1 : LEASE_DURATION_MS / 1000);
    add_time(writer, "renewTime", wall_us);
    if (changes) {
        add_time(writer, "acquireTime", wall_us);
        json_key(writer, "leaseTransitions");
        json_number(writer, lease->exists ? lease->transitions + 1 : 0);
    }
    json_close(writer, '}');
}

/* The version makes the server refuse if another one was quicker. */
void buf_add_lease(struct buf *buf, const struct lease *lease, struct str name, bool release,
                   int64_t wall_us)
{
    struct json_writer writer = {.buf = buf};
    json_open(&writer, '{');
    json_member(&writer, "apiVersion", STR("coordination.k8s.io/v1"));
    json_member(&writer, "kind", STR("Lease"));
    json_key(&writer, "metadata");
    json_open(&writer, '{');
    json_member(&writer, "name", name);
    if (lease->exists)
        json_member(&writer, "resourceVersion", str_of(lease->version));
    json_close(&writer, '}');
    add_spec(&writer, lease, release, wall_us);
    json_close(&writer, '}');
}
