/* SPDX-License-Identifier: Apache-2.0 */
/* followed: operations on what the controller follows: objects, leases, histories; see operations.h. */
#ifndef PINNACE_TESTS_FOLLOWED_H
#define PINNACE_TESTS_FOLLOWED_H

#include "../world.h"
#include "expect.h"

#include "pinnace/certsecret.h"
#include "pinnace/hookconfig.h"
#include "pinnace/lease.h"
#include "pinnace/objectmeta.h"
#include "pinnace/pullnames.h"
#include "pinnace/trackhistory.h"
#include "pinnace/watch.h"

static inline int run_meta(struct arena *arena, struct err *err)
{
    struct object_meta meta = {.uid = STR("untouched")};
    struct str json = STR("{\"metadata\":{\"name\":\"w\\u0065b\",\"uid\":\"\\u0075\","
                          "\"resourceVersion\":\"\\u0031\"}}");
    int done = object_meta_read(json, arena, &meta, err);
    expect(str_eq(meta.uid, STR("untouched")) == (done < 0), "the metadata was touched");
    return done;
}

static inline int run_pull_names(struct arena *arena, struct err *err)
{
    struct pullnames names = {.count = 0};
    struct str workload =
        STR("{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\":[{\"name\":\"\\u0061\"}],"
            "\"serviceAccountName\":\"\\u0062\"}}}}");
    if (pullnames_add_workload(&names, workload, arena, err) < 0) {
        expect(names.count == 0 && !names.account.len, "the names were touched");
        return -1;
    }
    int done = pullnames_add_account(&names, STR("{\"imagePullSecrets\":[{\"name\":\"\\u0063\"}]}"),
                                     arena, err);
    expect(names.count == (done < 0 ? 1 : 2), "the names were touched, or nothing was added");
    return done;
}

static inline int run_watch(struct arena *arena, struct err *err)
{
    struct watch_event event = {.type = WATCH_ERROR};
    struct watch_page page = {.count = 4711};
    struct str line = STR("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":"
                          "\"\\u0031\"}}}");
    struct str list = STR("{\"kind\":\"L\\u0069st\",\"apiVersion\":\"v1\",\"metadata\":{"
                          "\"resourceVersion\":\"1\"},\"items\":[{\"a\":1}]}");
    int done = watch_event_read(line, arena, &event, err);
    expect((event.type == WATCH_ERROR) == (done < 0), "the event was touched");
    if (done == 0)
        done = watch_page_read(list, arena, &page, err);
    expect((page.count == 4711) == (done < 0), "the page was touched");
    return done;
}

static inline int run_lease(struct arena *arena, struct err *err)
{
    struct lease_record record = {.duration_s = 4711};
    struct str json = STR("{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"holderIdentity\":"
                          "\"\\u0061\",\"leaseDurationSeconds\":15}}");
    int done = lease_record_read(json, arena, &record, err);
    expect((record.duration_s == 4711) == (done < 0), "the record was touched");
    return done;
}

static inline int run_cert_secret(struct arena *arena, struct err *err)
{
    struct certsecret secret = {.version = STR("untouched")};
    struct str json =
        STR("{\"metadata\":{\"resourceVersion\":\"1\"},\"data\":{\"tls.crt\":\"YQ==\","
            "\"tls.key\":\"Yg==\",\"previous.crt\":\"Yw==\"}}");
    int done = certsecret_read(json, arena, &secret, err);
    expect(str_eq(secret.version, STR("untouched")) == (done < 0), "the secret was touched");
    return done;
}

static inline int run_hook_config(struct arena *arena, struct err *err)
{
    struct hookconfig config = {.count = 4711};
    struct hookconfig_owner owner = {.uid = STR("untouched")};
    struct str namespace = STR("{\"metadata\":{\"name\":\"n\",\"uid\":\"\\u0075\"}}");
    struct str json = STR("{\"metadata\":{\"resourceVersion\":\"1\",\"ownerReferences\":[{\"uid\":"
                          "\"u\"}]},\"webhooks\":[{\"clientConfig\":{\"caBundle\":\"YQ==\"}}]}");
    int done = hookconfig_owner_read(namespace, arena, &owner, err);
    expect(str_eq(owner.uid, STR("untouched")) == (done < 0), "the owner was touched");
    if (done == 0)
        done = hookconfig_read(json, STR("u"), arena, &config, err);
    expect((config.count == 4711) == (done < 0), "the configuration was touched");
    return done;
}

/* One is lost, and what it held against bytes is recalled and written again. */
static inline int run_history(struct arena *arena, struct err *err)
{
    static const char json[] =
        "{\"metadata\":{\"uid\":\"\\u0075\",\"labels\":{\"app.kubernetes.io/managed-by\":"
        "\"pinnace\"}},\"data\":{\"rows\":\"{}\\n\",\"status\":\"{\\\"current\\\":{"
        "\\\"revision\\\":7},\\\"quarantined\\\":[{\\\"digest\\\":\\\"" D1 "\\\"}]}\"}}";
    struct track_history history = {.uid = STR("untouched")};
    struct trackspec *spec = arena_new(arena, struct trackspec);
    struct trackbook *book = arena_new(arena, struct trackbook);
    struct str text = STR("untouched");
    if (!spec || !book)
        return err_no_memory(err);
    int done = track_history_read(str_of(json), arena, &history, err);
    expect(str_eq(history.uid, STR("untouched")) == (done < 0), "the history was touched");
    if (done < 0)
        return -1;
    done = track_history_recall(&history, arena, book, err);
    expect(book->quarantined_count == (done < 0 ? 0 : 1), "the book was touched, or nothing came");
    expect(book->current.revision == (done < 0 ? 0 : 7),
           "the revision was touched, or did not come");
    if (done == 0)
        done = track_history_write(&history, spec, book, arena, &text, err);
    expect(str_eq(text, STR("untouched")) == (done < 0), "the text was touched");
    return done;
}

#endif
