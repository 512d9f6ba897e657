/* SPDX-License-Identifier: Apache-2.0 */
/* auditreport: see the header. */
#include "auditreport.h"

#include "pinnace/jsonwrite.h"
#include "pinnace/table.h"

#include "pinnace/banned.h"

enum { COLUMNS = 7, CELL_MAX = 8 * 1024, TEXT_MAX = 256 * 1024 * 1024 };

static const char *const list_names[IMAGE_LISTS] = {
    [LIST_CONTAINERS] = "container",
    [LIST_INIT_CONTAINERS] = "init container",
    [LIST_EPHEMERAL_CONTAINERS] = "ephemeral container",
    [LIST_VOLUMES] = "volume",
};

/* ---- a table, as kubectl prints one ---- */

static struct str pods_text(const struct audit_row *row, struct arena *arena)
{
    struct buf text = BUF_INIT(arena, 64);
    struct str whole = STR_NONE;
    if (row->pods || !row->in_template)
        buf_addf(&text, "%zu%s", row->pods, row->in_template ? "" : " (old)");
    else
        buf_add(&text, STR("0"));
    buf_finish(&text, &whole, NULL);
    return whole;
}

static struct str joined(struct str a, char between, struct str b, struct arena *arena)
{
    struct buf text = BUF_INIT(arena, CELL_MAX);
    struct str whole = STR_NONE;
    buf_add(&text, a);
    buf_add_char(&text, between);
    buf_add(&text, b);
    buf_finish(&text, &whole, NULL);
    return whole;
}

static void fill(const struct audit_row *row, struct str *cells, struct arena *arena)
{
    cells[0] = row->namespace;
    cells[1] = joined(row->kind, '/', row->name, arena);
    cells[2] = row->container;
    cells[3] = row->exempt ? STR("Exempt") : reason_names[row->reason];
    cells[4] = pods_text(row, arena);
    cells[5] = row->image;
    cells[6] = row->runs.len ? row->runs : STR("<unknown>");
}

static int write_table(struct buf *out, const struct audit *audit, bool wide, struct err *err)
{
    static const struct str heads[COLUMNS] = {
        STR_INIT("NAMESPACE"), STR_INIT("WORKLOAD"), STR_INIT("CONTAINER"), STR_INIT("REASON"),
        STR_INIT("PODS"),      STR_INIT("IMAGE"),    STR_INIT("RUNS")};
    struct table table;
    table_begin(&table, audit->arena, heads, wide ? COLUMNS : COLUMNS - 1);
    for (const struct audit_row *row = audit->rows; row; row = row->next)
        fill(row, table_row(&table), audit->arena);
    return table_print(&table, out, err);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static int write_text(struct buf *out, const struct audit *audit, bool wide, struct err *err)
{
    if (audit->rows) {
        if (write_table(out, audit, wide, err) < 0)
            return -1;
        buf_add_char(out, '\n');
    }
    buf_addf(out, "%zu workload%s in %zu namespace%s: %zu finding%s", audit->workloads,
             plural(audit->workloads), audit->namespaces, plural(audit->namespaces),
             audit->findings, plural(audit->findings));
    if (audit->has_level)
        buf_addf(out, " against level \"%.*s\"", STR_FMT(level_names[audit->level]));
    buf_add(out, audit->unread ? STR("; not everything could be read.\n") : STR(".\n"));
    return 0;
}

/* ---- for programs ---- */

static void write_row(struct json_writer *json, const struct audit_row *row)
{
    json_open(json, '{');
    json_member(json, "namespace", row->namespace);
    json_member(json, "level", level_names[row->level]);
    json_member(json, "kind", row->kind);
    json_member(json, "name", row->name);
    json_member(json, "holder", str_of(list_names[row->list]));
    json_member(json, "container", row->container);
    json_member(json, "image", row->image);
    json_member(json, "reason", reason_names[row->reason]);
    json_member(json, "message", row->sentence);
    json_key(json, "exempt");
    json_bool(json, row->exempt);
    json_key(json, "inTemplate");
    json_bool(json, row->in_template);
    json_key(json, "pods");
    json_number(json, (int64_t)row->pods);
    if (row->runs.len)
        json_member(json, "runs", row->runs);
    json_close(json, '}');
}

static void write_json(struct buf *out, const struct audit *audit)
{
    struct json_writer json = {.buf = out};
    json_open(&json, '{');
    json_key(&json, "findings");
    json_open(&json, '[');
    for (const struct audit_row *row = audit->rows; row; row = row->next)
        write_row(&json, row);
    json_close(&json, ']');
    json_key(&json, "summary");
    json_open(&json, '{');
    json_key(&json, "namespaces");
    json_number(&json, (int64_t)audit->namespaces);
    json_key(&json, "workloads");
    json_number(&json, (int64_t)audit->workloads);
    json_key(&json, "findings");
    json_number(&json, (int64_t)audit->findings);
    json_key(&json, "unreadLists");
    json_number(&json, (int64_t)audit->unread);
    json_close(&json, '}');
    json_close(&json, '}');
}

int audit_report(struct buf *out, const struct audit *audit, enum output_format format,
                 struct err *err)
{
    struct buf text = BUF_INIT(audit->arena, TEXT_MAX);
    if (output_is_text(format))
        return write_text(out, audit, format == OUTPUT_WIDE, err);
    write_json(&text, audit);
    return output_json(out, &text, format, err);
}
