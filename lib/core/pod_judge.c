/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod_judge: who keeps a container from running. The image is blamed only for what another image
 * would mend, since it is taken back and put away for that; for what a person mends in the cluster
 * or at the registry, and whatever is not understood, everything waits instead.
 */
#include "rollout_inner.h"

#include "pinnace/banned.h"

enum {
    WORDS_MAX_BYTES = 300,
    SENTENCE_MAX_BYTES = 1024,
    MESSAGE_MAX_BYTES = 4096, /* of which is searched */
};

enum blame { BLAME_NOBODY, BLAME_IMAGE, BLAME_OTHER };

/* --- Messages ---------------------------------------------------------------------------------- */

void buf_add_words(struct buf *buf, struct str s)
{
    bool cut = s.len > WORDS_MAX_BYTES;
    if (cut)
        s.len = WORDS_MAX_BYTES;
    while (cut && s.len && ((unsigned char)s.ptr[s.len - 1] & 0xc0) == 0x80)
        s.len--; /* not within a character */
    if (cut && s.len && (unsigned char)s.ptr[s.len - 1] >= 0xc0)
        s.len--;
    for (size_t i = 0; i < s.len; i++)
        buf_add_char(buf, (unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f ? ' ' : s.ptr[i]);
    if (cut)
        buf_add(buf, STR("..."));
}

/*
 * What a runtime says is wrapped again and again: `failed to pull and unpack image "X": failed to
 * resolve reference "X": connection refused`. What tells something stands behind the last name.
 */
static struct str end_of_message(struct str message)
{
    for (size_t i = message.len; i >= 3; i--)
        if (str_eq((struct str){message.ptr + i - 3, 3}, STR("\": ")) && i < message.len)
            return str_tail(message, i);
    return message;
}

/*
 * The message in lower case without what stands in quotes and without words that have a slash in
 * them: names of images are full of anything, "timeout" and "not found" too.
 */
static struct str bare_message(struct str message, char *out)
{
    size_t len = 0, word = 0;
    bool quoted = false, named = false;
    if (message.len > MESSAGE_MAX_BYTES)
        message = str_tail(message, message.len - MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < message.len; i++) {
        char c = ascii_lower(message.ptr[i]);
        quoted = quoted != (c == '"');
        if (quoted || c == '"')
            continue;
        if (c == ' ') {
            len = named ? word : len;
            word = len + 1;
            named = false;
        }
        named = named || c == '/';
        out[len++] = c;
    }
    return (struct str){out, named ? word : len};
}

static bool has(struct str text, struct str part)
{
    for (size_t i = 0; i + part.len <= text.len; i++)
        if (str_starts(str_tail(text, i), part))
            return true;
    return false;
}

static bool has_any(struct str text, const struct str *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has(text, parts[i]))
            return true;
    return false;
}

#define HAS_ANY(text, parts) has_any((text), (parts), sizeof(parts) / sizeof((parts)[0]))

/* --- Who is to blame --------------------------------------------------------------------------- */

/* An image is at fault when it is not there, or not for such a machine, or not what its digest says. */
static enum blame blame_of_pull(struct str message)
{
    static const struct str others[] = {
        STR_INIT("unauthorized"),
        STR_INIT("forbidden"),
        STR_INIT("denied"),
        STR_INIT("authoriz"),
        STR_INIT("credentials"),
        STR_INIT("x509"),
        STR_INIT("certificate"),
        STR_INIT("tls"),
        STR_INIT("dial tcp"),
        STR_INIT("lookup"),
        STR_INIT("no such host"),
        STR_INIT("connection"),
        STR_INIT("timeout"),
        STR_INIT("deadline exceeded"),
        STR_INIT("too many requests"),
        STR_INIT("toomanyrequests"),
        STR_INIT("internal server error"),
        STR_INIT("bad gateway"),
        STR_INIT("unavailable"),
        STR_INIT("no space left"),
        STR_INIT("canceled"),
    };
    static const struct str images[] = {
        STR_INIT("not found"),
        STR_INIT("manifest unknown"),
        STR_INIT("no match for platform"),
        STR_INIT("manifest_unknown"),
        STR_INIT("blob unknown"),
        STR_INIT("no image found"),
        STR_INIT("unexpected digest"),
        STR_INIT("mismatched"),
        STR_INIT("failed size validation"),
        STR_INIT("invalid tar"),
        STR_INIT("unsupported media type"),
    };
    char room[MESSAGE_MAX_BYTES];
    struct str bare = bare_message(message, room);
    if (HAS_ANY(bare, others))
        return BLAME_OTHER;
    return HAS_ANY(bare, images) ? BLAME_IMAGE : BLAME_OTHER;
}

/* A missing ConfigMap, Secret or key is no business of the image; the user that it runs as is. */
static enum blame blame_of_config(struct str message)
{
    static const struct str images[] = {STR_INIT("image will run as root"),
                                        STR_INIT("image has non-numeric user")};
    return HAS_ANY(message, images) ? BLAME_IMAGE : BLAME_OTHER;
}

/* The program that is to be run is the image's; mounts and control groups are not. */
static enum blame blame_of_start(struct str message)
{
    static const struct str images[] = {STR_INIT("exec: \""), STR_INIT("exec format error"),
                                        STR_INIT("no command specified"),
                                        STR_INIT("executable file not found")};
    return HAS_ANY(message, images) ? BLAME_IMAGE : BLAME_OTHER;
}

static bool never_started(struct str reason)
{
    return str_eq(reason, STR("StartError")) || str_eq(reason, STR("ContainerCannotRun"));
}

static bool is_lost(struct str reason)
{
    return str_eq(reason, STR("ContainerStatusUnknown")) || str_eq(reason, STR("Unknown"));
}

/* --- Sentences --------------------------------------------------------------------------------- */

struct verdict {
    const struct container_state *state;
    struct buf text;
    enum blame blame;
};

static void say(struct verdict *verdict, const char *before, const char *after, struct str message)
{
    buf_addf(&verdict->text, "%s%scontainer ", before, verdict->state->init ? "init " : "");
    buf_add_quoted(&verdict->text, verdict->state->container, 63);
    buf_addf(&verdict->text, "%s", after);
    if (!message.len)
        return;
    buf_add(&verdict->text, STR(": "));
    buf_add_words(&verdict->text, end_of_message(message));
}

/* A kubelet says so from the second end on, but not at all times. */
static bool ends_again_and_again(const struct container_state *state)
{
    return str_eq(state->waits_for, STR("CrashLoopBackOff")) ||
           (state->ended && state->restarts >= 2);
}

static void judge_end(struct verdict *verdict)
{
    const struct container_state *state = verdict->state;
    if (never_started(state->ended_reason)) {
        verdict->blame = blame_of_start(state->last_words);
        say(verdict, "", " cannot be started", state->last_words);
    } else if (str_eq(state->ended_reason, STR("OOMKilled"))) {
        verdict->blame = BLAME_IMAGE;
        say(verdict, "", " was killed for taking more memory than it may (OOMKilled)", STR_NONE);
    } else if (ends_again_and_again(state)) {
        verdict->blame = BLAME_IMAGE;
        say(verdict, "", " ends again and again", STR_NONE);
        buf_addf(&verdict->text, ": exit status %lld, %lld restart%s", (long long)state->exit_code,
                 (long long)state->restarts, state->restarts == 1 ? "" : "s");
    }
}

static void judge_waiting(struct verdict *verdict)
{
    const struct container_state *state = verdict->state;
    static const struct {
        struct str reason;
        enum blame (*blame_of)(struct str message);
        enum blame blame;
        const char *before, *after;
    } rows[] = {
        {STR_INIT("ErrImagePull"), blame_of_pull, 0, "the image of ", " cannot be pulled"},
        {STR_INIT("ImagePullBackOff"), blame_of_pull, 0, "the image of ", " cannot be pulled"},
        {STR_INIT("InvalidImageName"), NULL, BLAME_IMAGE, "the image of ", " has no valid name"},
        {STR_INIT("SignatureValidationFailed"), NULL, BLAME_IMAGE, "the image of ",
         " has no valid signature"},
        {STR_INIT("ErrImageNeverPull"), NULL, BLAME_OTHER, "the image of ", " may not be pulled"},
        {STR_INIT("RegistryUnavailable"), NULL, BLAME_OTHER, "the image of ", " cannot be pulled"},
        {STR_INIT("ImageInspectError"), NULL, BLAME_OTHER, "the image of ", " cannot be read"},
        {STR_INIT("CreateContainerConfigError"), blame_of_config, 0, "", " cannot be made"},
        {STR_INIT("CreateContainerError"), blame_of_start, 0, "", " cannot be made"},
        {STR_INIT("RunContainerError"), blame_of_start, 0, "", " cannot be started"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!str_eq(state->waits_for, rows[i].reason))
            continue;
        verdict->blame = rows[i].blame_of ? rows[i].blame_of(state->says) : rows[i].blame;
        say(verdict, rows[i].before, rows[i].after, state->says);
        return;
    }
    if (str_eq(state->waits_for, STR("CrashLoopBackOff")))
        judge_end(verdict);
}

int container_judge(const struct container_state *state, struct arena *arena,
                    struct pod_image *image, struct err *err)
{
    bool done = state->ended && state->exit_code == 0 && state->init;
    struct verdict verdict = {.state = state, .text = BUF_INIT(arena, SENTENCE_MAX_BYTES)};
    struct str text;
    bool counts = !done && !is_lost(state->ended_reason);
    image->restarts = counts ? state->restarts : 0;
    image->ended = counts && (state->ended || str_eq(state->waits_for, STR("CrashLoopBackOff")));
    if (state->waits)
        judge_waiting(&verdict);
    else if (state->ended && !done)
        judge_end(&verdict);
    if (verdict.blame == BLAME_NOBODY)
        return 0;
    if (buf_finish(&verdict.text, &text, err) < 0)
        return -1;
    *(verdict.blame == BLAME_IMAGE ? &image->fault : &image->obstacle) = text;
    return 0;
}
