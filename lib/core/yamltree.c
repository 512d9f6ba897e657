/* SPDX-License-Identifier: Apache-2.0 */
/* yamltree: see the header. Anchors are sorted once, so that many aliases find theirs quickly. */
#include "pinnace/yamltree.h"

#include <stdlib.h>

#include "pinnace/buf.h"

#include "pinnace/banned.h"

enum { CAPACITY_MIN = 32 };

void *yamltree_grow(struct arena *arena, const void *items, uint32_t *capacity, size_t item_size)
{
    uint32_t larger = *capacity ? *capacity * 2 : CAPACITY_MIN;
    void *copy = larger > *capacity ? arena_calloc(arena, larger, item_size) : NULL;
    if (!copy)
        return NULL;
    if (*capacity)
        memcpy(copy, items, *capacity * item_size);
    *capacity = larger;
    return copy;
}

struct yamlnode *yamltree_add(struct yamltree *tree, struct yamlnode node)
{
    if (tree->count == tree->capacity) {
        struct yamlnode *more =
            yamltree_grow(tree->arena, tree->nodes, &tree->capacity, sizeof(*tree->nodes));
        if (!more)
            return NULL;
        tree->nodes = more;
    }
    node.end = tree->count + 1;
    tree->nodes[tree->count] = node;
    return &tree->nodes[tree->count++];
}

int yamltree_anchor(struct yamltree *tree, struct str name, struct err *err)
{
    if (tree->anchor_count == tree->anchor_capacity) {
        struct yamlanchor *more = yamltree_grow(tree->arena, tree->anchors, &tree->anchor_capacity,
                                                sizeof(*tree->anchors));
        if (!more)
            return err_no_memory(err);
        tree->anchors = more;
    }
    struct str copy = arena_copy(tree->arena, name);
    if (!copy.ptr)
        return err_no_memory(err);
    tree->anchors[tree->anchor_count++] = (struct yamlanchor){copy, tree->count};
    return 0;
}

int yamlnode_prefix(struct err *err, const struct yamlnode *node)
{
    return err_prefix(err, "line %u, column %u: ", (unsigned)node->line, (unsigned)node->column);
}

int yamltree_compare(struct str a, struct str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

int yamltree_quote(struct arena *arena, struct str s, struct str *ret_quoted, struct err *err)
{
    struct buf buf = BUF_INIT(arena, 512);
    buf_add_quoted(&buf, s, 80);
    return buf_finish(&buf, ret_quoted, err);
}

static int compare_anchors(const void *left, const void *right)
{
    const struct yamlanchor *a = left, *b = right;
    int order = yamltree_compare(a->name, b->name);
    return order ? order : a->node < b->node ? -1 : a->node > b->node;
}

/* The last anchor of that name before the alias: a name may be given anew. */
static const struct yamlanchor *find_anchor(const struct yamltree *tree, struct str name,
                                            uint32_t alias)
{
    const struct yamlanchor wanted = {name, alias};
    uint32_t low = 0, high = tree->anchor_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_anchors(&tree->anchors[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || !str_eq(tree->anchors[low - 1].name, name))
        return NULL;
    return &tree->anchors[low - 1];
}

static int refuse_alias(const struct yamltree *tree, const struct yamlnode *alias,
                        const char *problem, struct err *err)
{
    struct str name;
    if (yamltree_quote(tree->arena, yamlnode_text(alias), &name, err))
        return -1;
    err_set(err, ERR_INPUT, "the anchor %.*s %s", STR_FMT(name), problem);
    return yamlnode_prefix(err, alias);
}

int yamltree_resolve(struct yamltree *tree, struct err *err)
{
    if (tree->anchor_count > 1)
        qsort(tree->anchors, tree->anchor_count, sizeof(*tree->anchors), compare_anchors);
    for (uint32_t i = 0; i < tree->count; i++) {
        struct yamlnode *alias = &tree->nodes[i];
        if (alias->kind != YAMLNODE_ALIAS)
            continue;
        const struct yamlanchor *anchor = find_anchor(tree, yamlnode_text(alias), i);
        if (!anchor)
            return refuse_alias(tree, alias, "is not set above", err);
        if (tree->nodes[anchor->node].end > i)
            return refuse_alias(tree, alias, "would contain itself", err);
        alias->target = anchor->node;
    }
    return 0;
}
