/* SPDX-License-Identifier: Apache-2.0 */
/* regex: see the header. How a tree becomes steps comes first, then how they are followed. */
#include "pinnace/regex.h"

#include "regex_parse.h"

#include "pinnace/banned.h"

/* --- Steps ------------------------------------------------------------------------------------- */

struct compiler {
    const struct regex_tree *tree;
    struct regex *regex;
    bool full;
};

/* Returns where it stands; the last place again and again once there is no room. */
static uint16_t add_step(struct compiler *compiler, struct regex_step step)
{
    struct regex *regex = compiler->regex;
    if (regex->step_count == REGEX_STEPS_MAX) {
        compiler->full = true;
        return REGEX_STEPS_MAX - 1;
    }
    regex->steps[regex->step_count] = step;
    return regex->step_count++;
}

static void add_tree(struct compiler *compiler, uint16_t index);

/* Skips what follows, or does it and comes back: a way out, to be closed by close_option. */
static uint16_t open_option(struct compiler *compiler)
{
    uint16_t split = add_step(compiler, (struct regex_step){.what = REGEX_SPLIT});
    compiler->regex->steps[split].a = (uint16_t)(split + 1);
    return split;
}

static void close_option(struct compiler *compiler, uint16_t split)
{
    compiler->regex->steps[split].b = compiler->regex->step_count;
}

static void add_repeat(struct compiler *compiler, const struct regex_node *node)
{
    uint16_t options[REGEX_STEPS_MAX], open = 0;
    for (int i = 0; i < node->least && !compiler->full; i++)
        add_tree(compiler, node->left);
    if (node->most < 0) {
        uint16_t split = open_option(compiler);
        add_tree(compiler, node->left);
        add_step(compiler, (struct regex_step){.what = REGEX_GO, .a = split});
        close_option(compiler, split);
        return;
    }
    for (int i = node->least; i < node->most && !compiler->full; i++) {
        options[open++] = open_option(compiler);
        add_tree(compiler, node->left);
    }
    while (open > 0)
        close_option(compiler, options[--open]);
}

static void add_choice(struct compiler *compiler, const struct regex_node *node)
{
    uint16_t split = open_option(compiler);
    add_tree(compiler, node->left);
    uint16_t end = add_step(compiler, (struct regex_step){.what = REGEX_GO});
    close_option(compiler, split);
    add_tree(compiler, node->right);
    compiler->regex->steps[end].a = compiler->regex->step_count;
}

/* Every node costs a step at least, so that no repetition of nothing takes long. */
static void add_tree(struct compiler *compiler, uint16_t index)
{
    const struct regex_node *node = &compiler->tree->nodes[index];
    uint16_t next = (uint16_t)(compiler->regex->step_count + 1);
    if (compiler->full)
        return;
    switch (node->kind) {
    case NODE_EMPTY:
        add_step(compiler, (struct regex_step){.what = REGEX_GO, .a = next});
        break;
    case NODE_SET:
        add_step(compiler, (struct regex_step){.what = REGEX_TAKE, .a = node->set});
        break;
    case NODE_EDGE:
        add_step(compiler, (struct regex_step){.what = (uint16_t)node->edge});
        break;
    case NODE_JOIN:
        add_tree(compiler, node->left);
        add_tree(compiler, node->right);
        break;
    case NODE_CHOICE:
        add_choice(compiler, node);
        break;
    case NODE_REPEAT:
        add_repeat(compiler, node);
        break;
    }
}

int regex_compile(struct str pattern, struct regex *ret_regex, struct err *err)
{
    struct regex regex = {.step_count = 0};
    struct regex_tree tree;
    struct compiler compiler = {.tree = &tree, .regex = &regex};
    if (regex_parse(pattern, &tree, &regex, err) < 0)
        return -1;
    add_tree(&compiler, tree.root);
    add_step(&compiler, (struct regex_step){.what = REGEX_MATCH});
    if (compiler.full)
        return err_set(err, ERR_LIMIT,
                       "the pattern \"%.*s\" is too large once its repetitions are written out",
                       STR_FMT(pattern));
    *ret_regex = regex;
    return 0;
}

/* --- Following them ---------------------------------------------------------------------------- */

/* The steps that can be taken at a place of the text; seen: the place each was added at last. */
struct front {
    uint16_t steps[REGEX_STEPS_MAX];
    uint16_t count;
};

struct matcher {
    const struct regex *regex;
    struct str text;
    size_t at;
    size_t seen[REGEX_STEPS_MAX]; /* at + 1 */
    bool matched;
};

static bool is_word(struct str text, size_t at)
{
    return at < text.len &&
           (ascii_is_alpha(text.ptr[at]) || ascii_is_digit(text.ptr[at]) || text.ptr[at] == '_');
}

static bool holds(const struct matcher *matcher, uint16_t what)
{
    size_t at = matcher->at;
    bool before = at > 0 && is_word(matcher->text, at - 1), behind = is_word(matcher->text, at);
    switch (what) {
    case REGEX_BEGIN:
        return at == 0;
    case REGEX_END:
        return at == matcher->text.len;
    case REGEX_WORD_EDGE:
        return before != behind;
    default:
        return before == behind;
    }
}

/* Adds a step and all that can be reached from it without taking a character. */
static void add_front(struct matcher *matcher, struct front *front, uint16_t first)
{
    uint16_t stack[2 * REGEX_STEPS_MAX], depth = 0;
    stack[depth++] = first;
    while (depth > 0) {
        uint16_t index = stack[--depth];
        const struct regex_step *step = &matcher->regex->steps[index];
        if (matcher->seen[index] == matcher->at + 1)
            continue;
        matcher->seen[index] = matcher->at + 1;
        if (step->what == REGEX_TAKE) {
            front->steps[front->count++] = index;
        } else if (step->what == REGEX_MATCH) {
            matcher->matched = true;
        } else if (step->what == REGEX_GO) {
            stack[depth++] = step->a;
        } else if (step->what == REGEX_SPLIT) {
            stack[depth++] = step->b;
            stack[depth++] = step->a;
        } else if (holds(matcher, step->what)) {
            stack[depth++] = (uint16_t)(index + 1);
        }
    }
}

static bool set_has(const struct regex_set *set, char c)
{
    unsigned code = (unsigned char)c;
    return code < 128 && (set->bits[code / 64] >> (code % 64) & 1);
}

bool regex_matches(const struct regex *regex, struct str text)
{
    struct matcher matcher = {.regex = regex, .text = text};
    struct front fronts[2];
    struct front *now = &fronts[0], *next = &fronts[1];
    now->count = 0;
    for (;;) {
        add_front(&matcher, now, 0); /* it may begin anywhere */
        if (matcher.matched || matcher.at == text.len)
            return matcher.matched;
        char c = text.ptr[matcher.at++];
        next->count = 0;
        for (uint16_t i = 0; i < now->count; i++) {
            const struct regex_step *step = &regex->steps[now->steps[i]];
            if (set_has(&regex->sets[step->a], c))
                add_front(&matcher, next, (uint16_t)(now->steps[i] + 1));
        }
        struct front *swapped = now;
        now = next;
        next = swapped;
    }
}
