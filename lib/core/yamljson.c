/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamljson: a YAML tree as JSON. First every alias gets its target and every mapping is checked
 * once; then the tree is written, aliased nodes as often as they are meant. What that can grow to
 * is bounded by the budget, and so is the work of merges, which may bring keys and write none.
 */
#include "pinnace/yamltree.h"

#include <stdlib.h>

#include "pinnace/jsonwrite.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

enum {
    DEPTH_MAX = SCAN_DEPTH, /* what the JSON scanner takes */
    MERGE_CHAIN_MAX = 64,   /* merges within merges */
};

struct writer {
    struct yamltree *tree;
    struct yamlbudget *budget;
    struct buf buf;
    struct json_writer json;
    struct yaml_place *places;
    uint32_t place_count, place_capacity;
    unsigned depth;
};

static int key_of(const struct yamltree *tree, uint32_t index, struct str *ret_key, struct err *err)
{
    const struct yamlnode *node = &tree->nodes[yamltree_follow(tree, index)];
    if (node->kind != YAMLNODE_SCALAR) {
        err_set(err, ERR_INPUT, "a key must be a single word or text, not a list or a map");
        return yamlnode_prefix(err, &tree->nodes[index]);
    }
    struct yamlscalar scalar = {(enum yamlscalar_type)node->type, yamlnode_text(node)};
    if (yamlscalar_key(tree->arena, scalar, ret_key, err))
        return err && err->kind == ERR_INPUT ? yamlnode_prefix(err, &tree->nodes[index]) : -1;
    return 0;
}

static int add_member(const struct yamltree *tree, struct yamlmembers *members, uint32_t key_node,
                      bool merged, struct err *err)
{
    if (members->count == members->capacity) {
        struct yamlmember *more =
            yamltree_grow(tree->arena, members->items, &members->capacity, sizeof(*more));
        if (!more)
            return err_no_memory(err);
        members->items = more;
    }
    struct yamlmember *member = &members->items[members->count];
    *member = (struct yamlmember){.key_node = key_node,
                                  .value_node = tree->nodes[key_node].end,
                                  .rank = members->count,
                                  .merged = merged};
    if (key_of(tree, key_node, &member->key, err))
        return -1;
    members->count++;
    return 0;
}

/* Adds the keys of the mapping but <<, whose node it hands out; a second << is refused. */
static int add_own(const struct yamltree *tree, uint32_t mapping, bool merged,
                   struct yamlmembers *members, uint32_t *ret_merge, struct err *err)
{
    const struct yamlnode *nodes = tree->nodes;
    uint32_t merge = 0;
    for (uint32_t key = mapping + 1; key < nodes[mapping].end; key = nodes[nodes[key].end].end) {
        if (nodes[key].kind != YAMLNODE_SCALAR || !nodes[key].merges) {
            if (add_member(tree, members, key, merged, err))
                return -1;
        } else if (merge) {
            err_set(err, ERR_INPUT,
                    "a second << after the one on line %u; write one with a list: <<: [*a, *b]",
                    (unsigned)nodes[merge].line);
            return yamlnode_prefix(err, &nodes[key]);
        } else {
            merge = key;
        }
    }
    *ret_merge = merge;
    return 0;
}

static int spend_merges(const struct yamltree *tree, struct yamlbudget *budget, size_t amount,
                        uint32_t at, struct err *err)
{
    if (amount <= budget->merged) {
        budget->merged -= (uint32_t)amount;
        return 0;
    }
    err_set(err, ERR_LIMIT, "the merges (<<) up to here bring more keys than is read");
    return yamlnode_prefix(err, &tree->nodes[at]);
}

/* The mapping that is merged: there itself or by an alias. */
static int merge_source(const struct yamltree *tree, uint32_t index, uint32_t *ret_mapping,
                        struct err *err)
{
    uint32_t source = yamltree_follow(tree, index);
    if (tree->nodes[source].kind != YAMLNODE_MAPPING) {
        err_set(err, ERR_INPUT, "<< takes a map, an alias of one or a list of these");
        return yamlnode_prefix(err, &tree->nodes[index]);
    }
    *ret_mapping = source;
    return 0;
}

/* A place in a chain of merges: the nodes of one << that are still to be added. */
struct merge_level {
    uint32_t next, end;
};

/* What stands behind << as a range of nodes, each one mapping to merge. */
static struct merge_level level_of(const struct yamltree *tree, uint32_t merge)
{
    uint32_t value = tree->nodes[merge].end;
    if (tree->nodes[value].kind == YAMLNODE_SEQUENCE)
        return (struct merge_level){value + 1, tree->nodes[value].end};
    return (struct merge_level){value, tree->nodes[value].end};
}

/* All keys of a mapping in the order in which they win, each as often as it is brought. */
static int gather(const struct yamltree *tree, struct yamlbudget *budget, uint32_t mapping,
                  struct yamlmembers *members, uint32_t *ret_merge, struct err *err)
{
    struct merge_level levels[MERGE_CHAIN_MAX];
    uint32_t first = 0, merge = 0;
    members->count = 0;
    if (add_own(tree, mapping, false, members, &first, err))
        return -1;
    unsigned depth = 0;
    if (first)
        levels[depth++] = level_of(tree, first);
    while (depth > 0) {
        struct merge_level *level = &levels[depth - 1];
        if (level->next >= level->end) {
            depth--;
            continue;
        }
        uint32_t at = level->next, source = 0, before = members->count;
        level->next = tree->nodes[at].end;
        if (merge_source(tree, at, &source, err) ||
            add_own(tree, source, true, members, &merge, err) ||
            spend_merges(tree, budget, members->count - before + 1, at, err))
            return -1;
        if (merge && depth == MERGE_CHAIN_MAX) {
            err_set(err, ERR_LIMIT, "more than %d merges (<<) within each other", MERGE_CHAIN_MAX);
            return yamlnode_prefix(err, &tree->nodes[merge]);
        }
        if (merge)
            levels[depth++] = level_of(tree, merge);
    }
    *ret_merge = first;
    return 0;
}

static int compare_keys(const void *left, const void *right)
{
    const struct yamlmember *a = left, *b = right;
    int order = yamltree_compare(a->key, b->key);
    return order ? order : a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int compare_ranks(const void *left, const void *right)
{
    const struct yamlmember *a = left, *b = right;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

/*
 * first and second are one key of one mapping. A merge above the own key is what people mean by
 * "all of that, but"; below it kubectl lets the merge win and other readers the own key.
 */
static int check_pair(const struct yamltree *tree, const struct yamlmember *first,
                      const struct yamlmember *second, uint32_t merge, struct err *err)
{
    bool duplicate = !first->merged && !second->merged;
    bool overruled = !first->merged && second->merged && first->key_node < merge;
    if (!duplicate && !overruled)
        return 0;
    struct str key;
    if (yamltree_quote(tree->arena, first->key, &key, err))
        return -1;
    const struct yamlnode *own = &tree->nodes[first->key_node];
    if (overruled) {
        err_set(err, ERR_INPUT,
                "this merge brings the key %.*s too, which stands above it on line %u; kubectl "
                "takes the merge's value, other readers the map's own: put << first",
                STR_FMT(key), (unsigned)own->line);
        return yamlnode_prefix(err, &tree->nodes[merge]);
    }
    err_set(err, ERR_INPUT, "the key %.*s is already on line %u; a map has each key once",
            STR_FMT(key), (unsigned)own->line);
    return yamlnode_prefix(err, &tree->nodes[second->key_node]);
}

static int check_mapping(struct yamltree *tree, struct yamlbudget *budget, uint32_t mapping,
                         struct err *err)
{
    uint32_t merge;
    struct yamlmembers *scratch = &tree->scratch;
    if (gather(tree, budget, mapping, scratch, &merge, err))
        return -1;
    tree->nodes[mapping].merges = merge != 0;
    if (scratch->count > 1)
        qsort(scratch->items, scratch->count, sizeof(*scratch->items), compare_keys);
    for (uint32_t i = 1, first = 0; i < scratch->count; i++) {
        const struct yamlmember *member = &scratch->items[i];
        if (!str_eq(scratch->items[first].key, member->key))
            first = i;
        else if (check_pair(tree, &scratch->items[first], member, merge, err))
            return -1;
    }
    return 0;
}

static int check_mappings(struct yamltree *tree, struct yamlbudget *budget, struct err *err)
{
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].kind == YAMLNODE_MAPPING && check_mapping(tree, budget, i, err))
            return -1;
    return 0;
}

static int add_place(struct writer *writer, const struct yamlnode *node, struct err *err)
{
    if (writer->buf.failed) /* not only at the end: a failed buffer does not grow to the limit */
        return err_no_memory(err);
    if (writer->buf.len > writer->budget->json) {
        err_set(err, ERR_LIMIT,
                "with its aliases and merges written out, this is larger than is "
                "read");
        return yamlnode_prefix(err, node);
    }
    if (writer->place_count == writer->place_capacity) {
        struct yaml_place *more = yamltree_grow(writer->tree->arena, writer->places,
                                                &writer->place_capacity, sizeof(*more));
        if (!more)
            return err_no_memory(err);
        writer->places = more;
    }
    size_t offset = writer->buf.len + (writer->json.comma ? 1 : 0);
    writer->places[writer->place_count++] =
        (struct yaml_place){(uint32_t)offset, node->line, node->column};
    return 0;
}

static int write_scalar(struct writer *writer, const struct yamlnode *node, struct err *err)
{
    struct str text = yamlnode_text(node);
    if (node->type == YAMLSCALAR_NOT_FINITE) {
        err_set(err, ERR_INPUT, "JSON has no %.*s; put it in quotes if it is text", STR_FMT(text));
        return yamlnode_prefix(err, node);
    }
    if (node->type == YAMLSCALAR_STRING) {
        json_string(&writer->json, text);
        return 0;
    }
    if (writer->json.comma)
        buf_add_char(&writer->buf, ',');
    buf_add(&writer->buf, text);
    writer->json.comma = true;
    return 0;
}

static int write_value(struct writer *writer, uint32_t index, struct err *err);

static int write_items(struct writer *writer, uint32_t sequence, struct err *err)
{
    const struct yamlnode *nodes = writer->tree->nodes;
    json_open(&writer->json, '[');
    for (uint32_t item = sequence + 1; item < nodes[sequence].end; item = nodes[item].end)
        if (write_value(writer, item, err))
            return -1;
    json_close(&writer->json, ']');
    return 0;
}

static int write_member(struct writer *writer, struct str key, uint32_t value, struct err *err)
{
    json_string(&writer->json, key);
    buf_add_char(&writer->buf, ':');
    writer->json.comma = false;
    return write_value(writer, value, err);
}

/* The usual mapping, without merges. */
static int write_members(struct writer *writer, uint32_t mapping, struct err *err)
{
    const struct yamlnode *nodes = writer->tree->nodes;
    for (uint32_t key = mapping + 1, value; key < nodes[mapping].end; key = nodes[value].end) {
        struct str text = STR_NONE;
        value = nodes[key].end;
        if (key_of(writer->tree, key, &text, err) || write_member(writer, text, value, err))
            return -1;
    }
    return 0;
}

/* Own keys as they are written, then what merges bring and nobody before them had. */
static int write_merged(struct writer *writer, uint32_t mapping, struct err *err)
{
    struct yamlmembers members = {0};
    uint32_t merge, kept = 0;
    if (gather(writer->tree, writer->budget, mapping, &members, &merge, err))
        return -1;
    if (members.count == 0)
        return 0;
    struct yamlmember *items = members.items;
    qsort(items, members.count, sizeof(*items), compare_keys);
    for (uint32_t i = 0; i < members.count; i++)
        if (kept == 0 || !str_eq(items[kept - 1].key, items[i].key))
            items[kept++] = items[i];
    qsort(items, kept, sizeof(*items), compare_ranks);
    for (uint32_t i = 0; i < kept; i++)
        if (write_member(writer, items[i].key, items[i].value_node, err))
            return -1;
    return 0;
}

static int write_mapping(struct writer *writer, uint32_t mapping, struct err *err)
{
    json_open(&writer->json, '{');
    if (writer->tree->nodes[mapping].merges ? write_merged(writer, mapping, err)
                                            : write_members(writer, mapping, err))
        return -1;
    json_close(&writer->json, '}');
    return 0;
}

/* Recursion ends at DEPTH_MAX, however aliases are stacked. */
static int write_value(struct writer *writer, uint32_t index, struct err *err)
{
    index = yamltree_follow(writer->tree, index);
    const struct yamlnode *node = &writer->tree->nodes[index];
    if (add_place(writer, node, err))
        return -1;
    if (node->kind == YAMLNODE_SCALAR)
        return write_scalar(writer, node, err);
    if (writer->depth == DEPTH_MAX) {
        err_set(err, ERR_LIMIT, "nested deeper than %d levels", DEPTH_MAX);
        return yamlnode_prefix(err, node);
    }
    writer->depth++;
    int result = node->kind == YAMLNODE_SEQUENCE ? write_items(writer, index, err)
                                                 : write_mapping(writer, index, err);
    writer->depth--;
    return result;
}

int yamltree_json(struct yamltree *tree, struct yamlbudget *budget,
                  struct yaml_document *ret_document, struct err *err)
{
    if (yamltree_resolve(tree, err) || check_mappings(tree, budget, err))
        return -1;
    /* One more scalar than the budget has fits, so that running out of memory is told apart. */
    struct writer writer = {.tree = tree, .budget = budget, .place_capacity = tree->count};
    writer.places = arena_array(tree->arena, struct yaml_place, tree->count);
    if (!writer.places)
        return err_no_memory(err);
    writer.buf = BUF_INIT(tree->arena, budget->json + 6 * (size_t)YAML_INPUT_MAX);
    writer.json.buf = &writer.buf;
    struct yaml_document document = {.line = tree->nodes[0].line};
    if (write_value(&writer, 0, err) || buf_finish(&writer.buf, &document.json, err))
        return -1;
    budget->json -= document.json.len < budget->json ? document.json.len : budget->json;
    document.places = writer.places;
    document.place_count = writer.place_count;
    *ret_document = document;
    return 0;
}

struct yaml_place yaml_place_at(const struct yaml_document *document, size_t json_offset)
{
    size_t low = 0, high = document->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (document->places[middle].json_offset <= json_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? document->places[low - 1] : (struct yaml_place){0, document->line, 1};
}
