/* SPDX-License-Identifier: Apache-2.0 */
/* table: see the header. */
#include "pinnace/table.h"

#include "pinnace/utf8.h"

#include "pinnace/banned.h"

enum { GAP = 3 };

void table_begin(struct table *table, struct arena *arena, const struct str *heads, size_t columns)
{
    *table = (struct table){.arena = arena, .heads = heads, .columns = columns};
    table->tail = &table->rows;
}

void table_go_on(struct table *table, const struct table *before, struct arena *arena)
{
    *table = *before;
    table->arena = arena;
    table->rows = NULL;
    table->tail = &table->rows;
}

void table_keep(struct table *before, const struct table *table)
{
    memcpy(before->widths, table->widths, sizeof(before->widths));
    before->headed = table->headed;
}

struct str *table_row(struct table *table)
{
    struct table_row *row = arena_new(table->arena, struct table_row);
    if (!row) {
        table->failed = true;
        return table->lost.cells;
    }
    *table->tail = row;
    table->tail = &row->next;
    return row->cells;
}

static struct str cell_text(struct str cell)
{
    return cell.len ? cell : STR("<none>");
}

/* Characters, not bytes; what is no UTF-8 counts byte by byte, as it is written. */
static size_t width_of(struct str text)
{
    size_t width = 0;
    uint32_t code;
    for (size_t i = 0; i < text.len; width++) {
        size_t bytes = utf8_decode(str_tail(text, i), &code);
        i += bytes ? bytes : 1;
    }
    return width;
}

/* Controls of both kinds, and the marks that turn the direction of what follows. */
static bool is_harmless(uint32_t code)
{
    return code >= 0x20 && code != 0x7f && !(code >= 0x80 && code < 0xa0) && code != 0x61c &&
           code != 0x200e && code != 0x200f && !(code >= 0x2028 && code <= 0x202e) &&
           !(code >= 0x2066 && code <= 0x2069);
}

static void add_clean(struct buf *buf, struct str text)
{
    uint32_t code;
    for (size_t i = 0; i < text.len;) {
        size_t bytes = utf8_decode(str_tail(text, i), &code);
        if (bytes && is_harmless(code))
            buf_add(buf, str_head(str_tail(text, i), bytes));
        else
            buf_add_char(buf, '?');
        i += bytes ? bytes : 1;
    }
}

static void widen(struct table *table, const struct str *cells)
{
    for (size_t i = 0; i < table->columns; i++) {
        size_t width = width_of(cell_text(cells[i]));
        if (table->widths[i] < width)
            table->widths[i] = width;
    }
}

static size_t last_column(const struct table *table)
{
    size_t last = table->columns;
    while (last > 0 && !table->heads[last - 1].len)
        last--;
    return last ? last - 1 : 0;
}

static void print_row(const struct table *table, struct buf *buf, const struct str *cells)
{
    size_t last = last_column(table);
    for (size_t i = 0; i <= last; i++) {
        if (!table->heads[i].len)
            continue;
        struct str text = cell_text(cells[i]);
        add_clean(buf, text);
        for (size_t at = width_of(text); i < last && at < table->widths[i] + GAP; at++)
            buf_add_char(buf, ' ');
    }
    buf_add_char(buf, '\n');
}

int table_print(struct table *table, struct buf *buf, struct err *err)
{
    if (table->failed)
        return err_no_memory(err);
    if (!table->headed)
        widen(table, table->heads);
    for (const struct table_row *row = table->rows; row; row = row->next)
        widen(table, row->cells);
    if (!table->headed)
        print_row(table, buf, table->heads);
    for (const struct table_row *row = table->rows; row; row = row->next)
        print_row(table, buf, row->cells);
    table->headed = true;
    table->rows = NULL;
    table->tail = &table->rows;
    return 0;
}
