/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yamltree: one YAML document as a list of nodes in the order they are written, between the parser
 * (lib/io/yaml.c) and the JSON. The children of a node stand behind it up to its end, in a mapping
 * key and value in turn.
 */
#ifndef PINNACE_YAMLTREE_H
#define PINNACE_YAMLTREE_H

#include "pinnace/yaml.h"
#include "pinnace/yamlscalar.h"

enum yamlnode_kind {
    YAMLNODE_SCALAR,
    YAMLNODE_SEQUENCE,
    YAMLNODE_MAPPING,
    YAMLNODE_ALIAS,
};

struct yamlnode {
    const char *text; /* of a scalar as yamlscalar has it; of an alias the name */
    uint32_t len;
    uint32_t line, column;
    uint32_t end;    /* the index behind the last descendant */
    uint32_t target; /* of an alias: the node it stands for, once that is known */
    uint8_t kind;    /* enum yamlnode_kind */
    uint8_t type;    /* enum yamlscalar_type */
    bool merges;     /* a scalar: it is << if it is a key; a mapping: it has such a key */
};

struct yamlanchor {
    struct str name;
    uint32_t node;
};

/* A key as it can be found in one mapping, its own or brought by a merge. */
struct yamlmember {
    struct str key;
    uint32_t key_node, value_node;
    uint32_t rank; /* the order of what wins */
    bool merged;
};

struct yamlmembers {
    struct yamlmember *items;
    uint32_t count, capacity;
};

struct yamltree {
    struct arena *arena;
    struct yamlnode *nodes;
    struct yamlanchor *anchors;
    uint32_t count, capacity;
    uint32_t anchor_count, anchor_capacity;
    struct yamlmembers scratch; /* kept from document to document, for checks */
};

/* What all documents of one file may take together. */
struct yamlbudget {
    size_t json;     /* bytes written */
    uint32_t merged; /* keys brought by merges */
};

/* Puts a node at the end and returns it; NULL when the arena is full. */
struct yamlnode *yamltree_add(struct yamltree *tree, struct yamlnode node);

/* Names the node that is added next. */
int yamltree_anchor(struct yamltree *tree, struct str name, struct err *err);

/* Gives every alias its target; -1 when it has none or is a part of it. */
int yamltree_resolve(struct yamltree *tree, struct err *err);

/* The whole tree as JSON, aliases and merges written out. */
int yamltree_json(struct yamltree *tree, struct yamlbudget *budget,
                  struct yaml_document *ret_document, struct err *err);

/* A twice as large copy of an array that is full; NULL when the arena is too. */
void *yamltree_grow(struct arena *arena, const void *items, uint32_t *capacity, size_t item_size);

/* An order of texts, by length first, since that is cheap and any order does. */
int yamltree_compare(struct str a, struct str b);

/* s for a message. */
int yamltree_quote(struct arena *arena, struct str s, struct str *ret_quoted, struct err *err);

static inline struct str yamlnode_text(const struct yamlnode *node)
{
    return (struct str){node->text, node->len};
}

/* The node itself, or what the alias stands for, which is never an alias. */
static inline uint32_t yamltree_follow(const struct yamltree *tree, uint32_t index)
{
    const struct yamlnode *node = &tree->nodes[index];
    return node->kind == YAMLNODE_ALIAS ? node->target : index;
}

/* Puts the node's line and column in front of the error and returns -1. */
int yamlnode_prefix(struct err *err, const struct yamlnode *node);

#endif
