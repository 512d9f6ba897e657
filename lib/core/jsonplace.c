/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonplace: which path and line an offset of a JSON text belongs to. Only messages need it, so it
 * walks the text again rather than make every scan keep track; the text may be broken behind it.
 */
#include "pinnace/scan.h"

#include <stdio.h>

#include "pinnace/banned.h"

enum { KEY_SHOWN = 64 };

struct level {
    bool is_object, expects_key;
    size_t index;
    struct str key;
};

/* Deeper levels are counted, so as to find back; no path tells of them. */
struct walk {
    struct level levels[SCAN_DEPTH];
    size_t depth;
};

static struct level *top_of(struct walk *walk)
{
    return walk->depth && walk->depth <= SCAN_DEPTH ? &walk->levels[walk->depth - 1] : NULL;
}

static void push(struct walk *walk, bool is_object)
{
    walk->depth++;
    if (walk->depth <= SCAN_DEPTH)
        walk->levels[walk->depth - 1] =
            (struct level){.is_object = is_object, .expects_key = is_object};
}

/* Takes one byte outside strings. */
static void step(struct walk *walk, char c)
{
    struct level *top = top_of(walk);
    if (c == '{' || c == '[')
        push(walk, c == '{');
    else if ((c == '}' || c == ']') && walk->depth)
        walk->depth--;
    else if (c == ',' && top) {
        top->index++;
        top->expects_key = top->is_object;
    } else if (c == ':' && top)
        top->expects_key = false;
}

/* The index behind the string that opens at begin, or the end of the text. */
static size_t string_end(struct str text, size_t begin)
{
    size_t i = begin + 1;
    while (i < text.len && text.ptr[i] != '"')
        i += text.ptr[i] == '\\' ? 2 : 1;
    return i < text.len ? i + 1 : text.len;
}

/* A key nobody can read in a message is cut, and what would tear the message is a question mark. */
static const char *printable(struct str key, char out[KEY_SHOWN + 1])
{
    size_t len = key.len > KEY_SHOWN ? KEY_SHOWN : key.len;
    for (size_t i = 0; i < len; i++)
        out[i] = key.ptr[i] > ' ' && key.ptr[i] <= '~' ? key.ptr[i] : '?';
    out[len] = '\0';
    return out;
}

static void write_path(const struct walk *walk, struct json_place *place)
{
    size_t len = 0;
    place->path[0] = '\0';
    size_t depth = walk->depth < SCAN_DEPTH ? walk->depth : SCAN_DEPTH;
    for (size_t i = 0; i < depth && len < sizeof(place->path); i++) {
        const struct level *level = &walk->levels[i];
        char *at = place->path + len;
        size_t room = sizeof(place->path) - len;
        int more = 0;
        char key[KEY_SHOWN + 1];
        if (!level->is_object)
            more = snprintf(at, room, "[%zu]", level->index);
        else if (level->key.ptr)
            more = snprintf(at, room, "%s%s", len ? "." : "", printable(level->key, key));
        len += (size_t)more;
    }
}

void json_place_of(struct str text, size_t offset, struct json_place *ret_place)
{
    struct walk walk = {.depth = 0};
    ret_place->line = ret_place->column = 1;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        bool newline = text.ptr[i] == '\n';
        ret_place->line += newline;
        ret_place->column = newline ? 1 : ret_place->column + 1;
    }
    /* Up to the offset, and over the key that begins there. */
    for (size_t i = 0; i < text.len && (i < offset || (i == offset && text.ptr[i] == '"'));) {
        if (text.ptr[i] != '"') {
            step(&walk, text.ptr[i++]);
            continue;
        }
        size_t end = string_end(text, i);
        struct level *top = top_of(&walk);
        if (top && top->expects_key && end > i + 1)
            top->key = str_between(text.ptr + i + 1, text.ptr + end - 1);
        i = end;
    }
    write_path(&walk, ret_place);
}
