/* SPDX-License-Identifier: Apache-2.0 */
/* regex_parse: a pattern as a tree, between its text and the steps that match it. */
#ifndef PINNACE_REGEX_PARSE_H
#define PINNACE_REGEX_PARSE_H

#include "pinnace/regex.h"

enum regex_node_kind {
    NODE_EMPTY,
    NODE_SET,    /* .set */
    NODE_EDGE,   /* .edge, of enum regex_do */
    NODE_JOIN,   /* .left, then .right */
    NODE_CHOICE, /* .left or .right */
    NODE_REPEAT, /* .left, .least to .most times; most -1: no end */
};

struct regex_node {
    enum regex_node_kind kind;
    enum regex_do edge;
    uint16_t left, right, set;
    int least, most;
};

enum { REGEX_NODES_MAX = 4 * REGEX_MAX_BYTES };

struct regex_tree {
    struct regex_node nodes[REGEX_NODES_MAX];
    uint16_t count, root;
};

/* Puts the sets of characters into regex. */
int regex_parse(struct str pattern, struct regex_tree *ret_tree, struct regex *regex,
                struct err *err);

#endif
