/* SPDX-License-Identifier: Apache-2.0 */
/* imageref: see the header. One function a production of the grammar. */
#include "pinnace/imageref.h"

#include "pinnace/banned.h"

enum {
    PATH_MAX_LEN = 255, /* as the runtimes count it: with "library/", without the host */
    TAG_MAX_LEN = 128,
    HOST_MAX_LEN = 261, /* a DNS name of 253, brackets or not, and a port */
};

static const struct str docker_hub = STR_INIT("docker.io");
static const struct str library = STR_INIT("library/");

static bool is_lower_alnum(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
    return ascii_is_digit(c) || ascii_is_alpha(c);
}

static bool has_upper(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
            return true;
    return false;
}

/* What stands before the first separator; *rest is what stands behind it, or empty. */
static struct str cut(struct str *rest, char separator)
{
    size_t at = str_find(*rest, separator);
    struct str head = at == STR_NOT_FOUND ? *rest : str_head(*rest, at);
    *rest = at == STR_NOT_FOUND ? STR_NONE : str_tail(*rest, at + 1);
    return head;
}

/* A label of a host name: letters, digits and dashes, a dash neither first nor last. */
static bool host_label_ok(struct str label)
{
    if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return true;
}

static bool host_name_ok(struct str name)
{
    for (;;) {
        bool last = str_find(name, '.') == STR_NOT_FOUND;
        if (!host_label_ok(cut(&name, '.')))
            return false;
        if (last)
            return true;
    }
}

/* "[...]": hex digits and colons, as the reference implementation has it: no zone, no dotted end. */
static bool ipv6_ok(struct str name)
{
    if (name.len < 3 || name.ptr[name.len - 1] != ']')
        return false;
    for (size_t i = 1; i < name.len - 1; i++) {
        char c = ascii_lower(name.ptr[i]);
        if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':')
            return false;
    }
    return true;
}

/* Splits "host:port" and "[::1]:port"; .len of the port is 0 where there is no colon for one. */
static struct str split_port(struct str host, struct str *ret_name)
{
    size_t colon = str_rfind(host, ':');
    bool in_brackets = host.len && host.ptr[host.len - 1] == ']';
    if (colon == STR_NOT_FOUND || in_brackets) {
        *ret_name = host;
        return STR_NONE;
    }
    *ret_name = str_head(host, colon);
    return str_tail(host, colon);
}

static bool host_ok(struct str host)
{
    if (host.ptr == docker_hub.ptr) /* nobody wrote one */
        return true;
    struct str name;
    struct str port = split_port(host, &name);
    if (port.len == 1 || host.len > HOST_MAX_LEN)
        return false;
    for (size_t i = 1; i < port.len; i++)
        if (!ascii_is_digit(port.ptr[i]))
            return false;
    return name.len && name.ptr[0] == '[' ? ipv6_ok(name) : host_name_ok(name);
}

/* How many bytes of separator stand at i: one dot, one or two underscores, any number of dashes. */
static size_t separator_length(struct str s, size_t i)
{
    size_t run = 1;
    while (i + run < s.len && s.ptr[i + run] == s.ptr[i])
        run++;
    switch (s.ptr[i]) {
    case '.':
        return run == 1 ? 1 : 0;
    case '_':
        return run <= 2 ? run : 0;
    case '-':
        return run;
    default:
        return 0;
    }
}

/* Runs of lower-case letters and digits, one separator between two runs, slashes between parts. */
static bool path_ok(struct str path)
{
    bool after_run = false;
    for (size_t i = 0; i < path.len;) {
        char c = path.ptr[i];
        if (is_lower_alnum(c)) {
            after_run = true;
            i++;
            continue;
        }
        size_t separator = c == '/' ? 1 : separator_length(path, i);
        if (!after_run || separator == 0)
            return false;
        after_run = false;
        i += separator;
    }
    return after_run;
}

static bool tag_ok(struct str tag)
{
    if (tag.len == 0 || tag.len > TAG_MAX_LEN || tag.ptr[0] == '.' || tag.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.ptr[i];
        if (!is_alnum(c) && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

/* Without a branch for each byte: every image that is let in passes here. */
static bool all_lower_hex(struct str s)
{
    bool good = true;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        good &= (unsigned char)(c - '0') < 10 || (unsigned char)(c - 'a') < 6;
    }
    return good;
}

static enum imageref_fault digest_hex_check(struct str hex, size_t length)
{
    if (hex.len == length && all_lower_hex(hex))
        return IMAGEREF_OK;
    for (size_t i = 0; i < hex.len; i++)
        if (!ascii_is_digit(hex.ptr[i]) &&
            (ascii_lower(hex.ptr[i]) < 'a' || ascii_lower(hex.ptr[i]) > 'f'))
            return IMAGEREF_DIGEST_FORM;
    return hex.len != length ? IMAGEREF_DIGEST_LENGTH : IMAGEREF_DIGEST_UPPER_CASE;
}

enum imageref_fault digest_check(struct str digest)
{
    size_t colon = str_find(digest, ':');
    if (colon == STR_NOT_FOUND)
        return IMAGEREF_DIGEST_FORM;
    struct str algorithm = str_head(digest, colon);
    struct str hex = str_tail(digest, colon + 1);
    if (str_eq(algorithm, STR("sha256")))
        return digest_hex_check(hex, 64);
    if (str_eq(algorithm, STR("sha512")))
        return digest_hex_check(hex, 128);
    return IMAGEREF_DIGEST_ALGORITHM;
}

/* The first part is a host when no part of a Docker Hub path could look like it. */
static bool looks_like_host(struct str first)
{
    return str_find(first, '.') != STR_NOT_FOUND || str_find(first, ':') != STR_NOT_FOUND ||
           str_eq(first, STR("localhost")) || has_upper(first);
}

static void split_host(struct str name, struct imageref *ref)
{
    struct str rest = name;
    struct str first = cut(&rest, '/');
    bool has_host = rest.ptr && looks_like_host(first);
    ref->host = has_host ? first : docker_hub;
    ref->path = has_host ? rest : name;
    /* Docker Hub by any of its names has no repository of one part but those of the library. */
    ref->in_library = str_find(ref->path, '/') == STR_NOT_FOUND && host_same(ref->host, docker_hub);
}

static bool is_hex64(struct str text)
{
    return text.len == 64 && all_lower_hex(text);
}

static enum imageref_fault name_fault(const struct imageref *ref)
{
    if (!host_ok(ref->host))
        return IMAGEREF_BAD_HOST;
    if (path_ok(ref->path))
        return IMAGEREF_OK;
    return has_upper(ref->path) ? IMAGEREF_UPPER_CASE : IMAGEREF_BAD_PATH;
}

/* No production takes them; a person is told of them before anything else. */
static enum imageref_fault odd_bytes(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c == 0x7f)
            return IMAGEREF_SPACE;
        if (c > 0x7f)
            return IMAGEREF_NOT_ASCII;
    }
    return IMAGEREF_OK;
}

static enum imageref_fault check(struct str text, const struct imageref *ref, bool has_tag,
                                 bool has_digest)
{
    enum imageref_fault fault = name_fault(ref);
    if (fault != IMAGEREF_OK)
        return fault;
    if (is_hex64(text))
        return IMAGEREF_HEX64;
    if (ref->path.len + (ref->in_library ? library.len : 0) > PATH_MAX_LEN)
        return IMAGEREF_TOO_LONG;
    if (has_tag && !tag_ok(ref->tag))
        return IMAGEREF_BAD_TAG;
    return has_digest ? digest_check(ref->digest) : IMAGEREF_OK;
}

enum imageref_fault imageref_parse(struct str text, struct imageref *ret_ref)
{
    if (text.len == 0)
        return IMAGEREF_EMPTY;
    struct imageref ref = {0};
    struct str name = text;
    size_t at = str_find(name, '@');
    if (at != STR_NOT_FOUND) {
        ref.digest = str_tail(name, at + 1);
        name = str_head(name, at);
    }
    size_t slash = str_rfind(name, '/'), colon = str_rfind(name, ':');
    bool has_tag = colon != STR_NOT_FOUND && (slash == STR_NOT_FOUND || colon > slash);
    if (has_tag) {
        ref.tag = str_tail(name, colon + 1);
        name = str_head(name, colon);
    }
    split_host(name, &ref);
    enum imageref_fault fault = check(text, &ref, has_tag, at != STR_NOT_FOUND);
    if (fault == IMAGEREF_OK) {
        *ret_ref = ref;
        return IMAGEREF_OK;
    }
    enum imageref_fault odd = odd_bytes(text);
    return odd == IMAGEREF_OK ? fault : odd;
}

bool imageref_fault_in_digest(enum imageref_fault fault)
{
    return fault >= IMAGEREF_DIGEST_ALGORITHM;
}

const char *imageref_fault_text(enum imageref_fault fault)
{
    switch (fault) {
    case IMAGEREF_OK:
        break;
    case IMAGEREF_EMPTY:
        return "no image is named";
    case IMAGEREF_SPACE:
        return "white space and control characters have no place in an image name";
    case IMAGEREF_NOT_ASCII:
        return "an image name is plain ASCII; this one has a character that only looks like it";
    case IMAGEREF_UPPER_CASE:
        return "a repository is written in lower case";
    case IMAGEREF_HEX64:
        return "64 hex digits alone are an image ID, not a name; write REPOSITORY@sha256:DIGEST";
    case IMAGEREF_TOO_LONG:
        return "a repository has at most 255 characters";
    case IMAGEREF_BAD_HOST:
        return "the registry before the first slash is not HOST or HOST:PORT";
    case IMAGEREF_BAD_PATH:
        return "a repository is made of lower-case letters and digits, with single '.', '_', '__' "
               "or dashes between them and '/' between its parts";
    case IMAGEREF_BAD_TAG:
        return "a tag has 1 to 128 letters, digits, '_', '.' and '-', and begins with none of the "
               "last two";
    case IMAGEREF_DIGEST_ALGORITHM:
        return "a digest is sha256:... or sha512:..., no other algorithm is pulled by";
    case IMAGEREF_DIGEST_LENGTH:
        return "a sha256 digest has exactly 64 hex digits, a sha512 digest 128";
    case IMAGEREF_DIGEST_UPPER_CASE:
        return "a digest is written in lower case";
    case IMAGEREF_DIGEST_FORM:
        return "what follows the @ is not ALGORITHM:HEX";
    }
    return "a good image name";
}

/* A name that is read as a host in lower case too: "Contoso/web" has one for its case alone. */
static bool is_host_in_any_case(struct str name)
{
    return str_find(name, '.') != STR_NOT_FOUND || str_find(name, ':') != STR_NOT_FOUND ||
           str_eq_nocase(name, STR("localhost"));
}

struct str host_core(struct str host)
{
    static const struct str hub_aliases[] = {
        STR_INIT("index.docker.io"),
        STR_INIT("registry-1.docker.io"),
        STR_INIT("registry.hub.docker.com"),
    };
    struct str name;
    if (!str_eq(split_port(host, &name), STR(":443")) || !is_host_in_any_case(name))
        name = host;
    for (size_t i = 0; i < sizeof(hub_aliases) / sizeof(hub_aliases[0]); i++)
        if (str_eq_nocase(name, hub_aliases[i]))
            return docker_hub;
    return name;
}

bool host_same(struct str a, struct str b)
{
    return str_eq_nocase(host_core(a), host_core(b));
}

bool imageref_same_repository(const struct imageref *a, const struct imageref *b)
{
    struct str longer = a->path, shorter = b->path;
    if (a->in_library != b->in_library) {
        longer = a->in_library ? b->path : a->path;
        shorter = a->in_library ? a->path : b->path;
        if (!str_starts(longer, library))
            return false;
        longer = str_tail(longer, library.len);
    }
    return str_eq(longer, shorter) && host_same(a->host, b->host);
}

struct str host_normal(struct str host, char *out, size_t size)
{
    struct str core = host_core(host);
    if (core.len > size)
        return STR_NONE;
    for (size_t i = 0; i < core.len; i++)
        out[i] = ascii_lower(core.ptr[i]);
    if (!is_host_in_any_case(core))
        memcpy(out, core.ptr, core.len);
    return (struct str){out, core.len};
}

void buf_add_host(struct buf *buf, struct str host)
{
    char normal[HOST_MAX_LEN];
    buf_add(buf, host_normal(host, normal, sizeof(normal)));
}

void buf_add_repository(struct buf *buf, const struct imageref *ref)
{
    buf_add_host(buf, ref->host);
    buf_add_char(buf, '/');
    if (ref->in_library)
        buf_add(buf, library);
    buf_add(buf, ref->path);
}

void buf_add_imageref(struct buf *buf, const struct imageref *ref)
{
    buf_add_repository(buf, ref);
    if (ref->tag.len || !ref->digest.len) {
        buf_add_char(buf, ':');
        buf_add(buf, ref->tag.len ? ref->tag : STR("latest"));
    }
    if (ref->digest.len) {
        buf_add_char(buf, '@');
        buf_add(buf, ref->digest);
    }
}
