/* SPDX-License-Identifier: Apache-2.0 */
/* metrics: see the header. */
#include "pinnace/metrics.h"

#include <inttypes.h>

#include "pinnace/banned.h"

static const char *const type_names[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

struct metric_family metric_open(struct buf *out, const char *name, enum metric_type type,
                                 const char *help)
{
    buf_addf(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, type_names[type]);
    return (struct metric_family){out, name};
}

static bool needs_escape(char c)
{
    return c == '\n' || c == '"' || c == '\\';
}

static void add_label(struct buf *out, const struct metric_label *label, bool first)
{
    struct str rest = label->value;
    buf_add_char(out, first ? '{' : ',');
    buf_add(out, str_of(label->name));
    buf_add(out, STR("=\""));
    for (size_t plain; rest.len > 0; rest = str_tail(rest, plain + 1)) {
        plain = 0;
        while (plain < rest.len && !needs_escape(rest.ptr[plain]))
            plain++;
        buf_add(out, str_head(rest, plain));
        if (plain == rest.len)
            break;
        buf_add_char(out, '\\');
        buf_add_char(out, rest.ptr[plain] == '\n' ? 'n' : rest.ptr[plain]);
    }
    buf_add_char(out, '"');
}

/* bound: what "le" says, or NULL. */
static void add_name(const struct metric_family *family, const char *suffix,
                     const struct metric_label *labels, const struct metric_label *bound)
{
    bool first = true;
    buf_add(family->out, str_of(family->name));
    buf_add(family->out, str_of(suffix));
    for (; labels && labels->name; labels++, first = false)
        add_label(family->out, labels, first);
    if (bound) {
        add_label(family->out, bound, first);
        first = false;
    }
    buf_add(family->out, first ? STR(" ") : STR("} "));
}

void metric_add(const struct metric_family *family, const struct metric_label *labels,
                int64_t value)
{
    add_name(family, "", labels, NULL);
    buf_addf(family->out, "%" PRId64 "\n", value);
}

void metric_write(struct buf *out, const char *name, enum metric_type type, const char *help,
                  int64_t value)
{
    struct metric_family family = metric_open(out, name, type, help);
    metric_add(&family, NULL, value);
}

/* Without zeros at the end: 0.0025, 1. */
static void add_seconds(struct buf *out, uint64_t nanoseconds)
{
    uint64_t whole = nanoseconds / 1000000000, part = nanoseconds % 1000000000;
    int digits = 9;
    buf_addf(out, "%" PRIu64, whole);
    if (part == 0)
        return;
    for (; part % 10 == 0; part /= 10)
        digits--;
    buf_addf(out, ".%0*" PRIu64, digits, part);
}

static void add_bucket(const struct metric_family *family, const struct metric_label *labels,
                       const uint64_t *bound, uint64_t total)
{
    struct buf text = BUF_INIT(family->out->arena, 64);
    struct metric_label label = {"le", STR("+Inf")};
    if (bound) {
        add_seconds(&text, *bound);
        label.value = (struct str){text.ptr, text.len};
    }
    add_name(family, "_bucket", labels, &label);
    buf_addf(family->out, "%" PRIu64 "\n", total);
}

void metric_add_buckets(const struct metric_family *family, const struct metric_label *labels,
                        const struct metric_buckets *buckets)
{
    uint64_t total = 0;
    for (size_t i = 0; i <= buckets->count; i++) {
        total += buckets->counts[i];
        add_bucket(family, labels, i < buckets->count ? &buckets->bounds[i] : NULL, total);
    }
    add_name(family, "_sum", labels, NULL);
    add_seconds(family->out, buckets->sum);
    buf_add_char(family->out, '\n');
    add_name(family, "_count", labels, NULL);
    buf_addf(family->out, "%" PRIu64 "\n", total);
}
