/* SPDX-License-Identifier: Apache-2.0 */
/* dockerlogin: see the header. Reading comes first, then matching. */
#include "pinnace/dockerlogin.h"

#include "pinnace/base64.h"
#include "pinnace/buf.h"
#include "pinnace/imageref.h"
#include "pinnace/scan.h"

#include "pinnace/banned.h"

/* --- Reading ----------------------------------------------------------------------------------- */

struct reader {
    struct arena *arena;
    struct docker_login *first; /* all that were read, in the order of the text */
    struct docker_login **tail;
    size_t count;
    struct str helper_for_others;
    struct err *err;
    bool failed; /* err says why */
};

static struct str trim_slashes(struct str path)
{
    while (path.len && path.ptr[0] == '/')
        path = str_tail(path, 1);
    while (path.len && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

/* "https://index.docker.io/v1/": neither the scheme nor the version of the API counts. */
static void set_key(struct docker_login *login, struct str key)
{
    if (str_starts(key, STR("https://")))
        key = str_tail(key, 8);
    else if (str_starts(key, STR("http://")))
        key = str_tail(key, 7);
    size_t slash = str_find(key, '/');
    struct str path = slash == STR_NOT_FOUND ? STR_NONE : str_tail(key, slash);
    login->host = slash == STR_NOT_FOUND ? key : str_head(key, slash);
    if (str_starts(path, STR("/v1/")) || str_starts(path, STR("/v2/")))
        path = str_tail(path, 3);
    else if (str_eq(path, STR("/v1")) || str_eq(path, STR("/v2")))
        path = STR_NONE;
    login->path = trim_slashes(path);
}

static void fail(struct reader *reader, struct str key, const char *what)
{
    if (!reader->failed)
        err_set(reader->err, ERR_INPUT, "auths[\"%.*s\"]: %s", (int)(key.len > 200 ? 200 : key.len),
                key.ptr, what);
    reader->failed = true;
}

/* "dXNlcjpwYXNz": what stands before the first colon is the name. Padding may be missing. */
static void read_auth(struct reader *reader, struct str key, struct str auth,
                      struct docker_login *login)
{
    struct buf padded = BUF_INIT(reader->arena, DOCKERLOGIN_MAX_BYTES);
    struct str text = STR_NONE, plain = STR_NONE;
    buf_add(&padded, auth);
    for (size_t i = auth.len; i % 4 != 0; i++)
        buf_add_char(&padded, '=');
    struct err err = {ERR_NONE, ""};
    if (buf_finish(&padded, &text, &err) < 0 ||
        base64_decode(text, reader->arena, &plain, &err) < 0) {
        fail(reader, key, "auth is not base64");
        if (err.kind == ERR_MEMORY)
            err_no_memory(reader->err);
        return;
    }
    size_t colon = str_find(plain, ':');
    if (colon == STR_NOT_FOUND) {
        fail(reader, key, "auth is no NAME:PASSWORD in base64");
        return;
    }
    login->username = str_head(plain, colon);
    login->password = str_tail(plain, colon + 1);
    while (login->password.len && login->password.ptr[login->password.len - 1] == '\0')
        login->password.len--;
}

/* What a header cannot carry is somebody's attempt at another header. */
static bool is_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return true;
}

/* Google's key is a document of several lines, which only ever goes into base64 or a form. */
static bool is_clean_password(struct str username, struct str password)
{
    if (!str_eq(username, STR("_json_key")))
        return is_clean(password);
    for (size_t i = 0; i < password.len; i++)
        if ((unsigned char)password.ptr[i] < ' ' && !ascii_is_space(password.ptr[i]))
            return false;
    return true;
}

static void append(struct reader *reader, struct scan *scan, const struct docker_login *login)
{
    struct docker_login *kept = arena_new(reader->arena, struct docker_login);
    if (!kept) {
        scan_out_of_memory(scan);
        return;
    }
    if (reader->count++ == DOCKERLOGIN_MAX) {
        scan_fail(scan, "more than 4096 registries", scan_offset(scan));
        return;
    }
    *kept = *login;
    *reader->tail = kept;
    reader->tail = (struct docker_login **)(uintptr_t)&kept->next;
}

static void scan_login(struct reader *reader, struct scan *scan, struct str key)
{
    enum { USERNAME, PASSWORD, AUTH, IDENTITY, REGISTRY, KEYS };
    static const struct str keys[] = {
        [USERNAME] = STR_INIT("username"),
        [PASSWORD] = STR_INIT("password"),
        [AUTH] = STR_INIT("auth"),
        [IDENTITY] = STR_INIT("identitytoken"),
        [REGISTRY] = STR_INIT("registrytoken"),
    };
    struct docker_login login = {0};
    struct str fields[KEYS] = {{0}};
    struct scan_members members = scan_object(scan);
    for (int name; (name = scan_member(scan, &members, keys, KEYS)) != SCAN_END;)
        fields[name] = scan_string(scan);
    set_key(&login, key);
    login.username = fields[USERNAME];
    login.password = fields[PASSWORD];
    login.identity_token = fields[IDENTITY];
    login.registry_token = fields[REGISTRY];
    if (scan->problem_kind == ERR_NONE && fields[AUTH].len)
        read_auth(reader, key, fields[AUTH], &login);
    if (!is_clean(login.username) || !is_clean_password(login.username, login.password) ||
        !is_clean(login.identity_token) || !is_clean(login.registry_token))
        fail(reader, key, "a control character is in the credentials");
    /* docker leaves empty entries where a helper has what they stood for. */
    if (login.host.len &&
        (login.username.len || login.identity_token.len || login.registry_token.len))
        append(reader, scan, &login);
}

static void scan_auths(struct reader *reader, struct scan *scan)
{
    struct scan_members members = scan_object(scan);
    struct str key;
    while (scan_any_member(scan, &members, &key))
        scan_login(reader, scan, key);
}

static void scan_helpers(struct reader *reader, struct scan *scan)
{
    struct scan_members members = scan_object(scan);
    struct str key;
    while (scan_any_member(scan, &members, &key)) {
        struct docker_login login = {.helper = scan_string(scan)};
        set_key(&login, key);
        if (login.host.len && login.helper.len)
            append(reader, scan, &login);
    }
}

static void scan_config(struct reader *reader, struct scan *scan)
{
    enum { AUTHS, HELPERS, STORE, KEYS };
    static const struct str keys[] = {[AUTHS] = STR_INIT("auths"),
                                      [HELPERS] = STR_INIT("credHelpers"),
                                      [STORE] = STR_INIT("credsStore")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (scan_peek(scan) == SCAN_NULL)
            scan_value(scan);
        else if (key == AUTHS)
            scan_auths(reader, scan);
        else if (key == HELPERS)
            scan_helpers(reader, scan);
        else
            reader->helper_for_others = scan_string(scan);
    }
}

/* --- The order in which they are tried --------------------------------------------------------- */

static bool has_glob(struct str host)
{
    return str_find(host, '*') != STR_NOT_FOUND || str_find(host, '?') != STR_NOT_FOUND ||
           str_find(host, '[') != STR_NOT_FOUND;
}

/* Longer paths first, then hosts that are written out; docker's helpers before what it keeps. */
static bool goes_before(const struct docker_login *a, const struct docker_login *b)
{
    if (a->path.len != b->path.len)
        return a->path.len > b->path.len;
    if (has_glob(a->host) != has_glob(b->host))
        return has_glob(b->host);
    return a->helper.len && !b->helper.len;
}

static struct docker_login *next_of(const struct docker_login *login)
{
    return (struct docker_login *)(uintptr_t)login->next;
}

static struct docker_login *merge(struct docker_login *a, struct docker_login *b)
{
    struct docker_login head = {0}, *tail = &head;
    while (a && b) {
        struct docker_login **smaller = goes_before(b, a) ? &b : &a;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = next_of(*smaller);
    }
    tail->next = a ? a : b;
    return next_of(&head);
}

/* Of equal ones the first stays first. The depth is the logarithm of their number. */
static struct docker_login *sorted(struct docker_login *list, size_t count)
{
    if (count < 2)
        return list;
    struct docker_login *middle = list;
    for (size_t i = 1; i < count / 2; i++)
        middle = next_of(middle);
    struct docker_login *rest = next_of(middle);
    middle->next = NULL;
    return merge(sorted(list, count / 2), sorted(rest, count - count / 2));
}

/* The list that there was stays as it is, for those who hold it: the merged one is a copy. */
static int add_read(struct docker_logins *logins, struct reader *reader, struct arena *arena,
                    struct err *err)
{
    struct docker_login *copies = NULL, **tail = &copies;
    if (logins->count + reader->count > DOCKERLOGIN_MAX)
        return err_set(err, ERR_LIMIT, "more than %d registries", (int)DOCKERLOGIN_MAX);
    for (const struct docker_login *login = logins->first; login; login = login->next) {
        struct docker_login *copy = arena_new(arena, struct docker_login);
        if (!copy)
            return err_no_memory(err);
        *copy = *login;
        copy->next = NULL;
        *tail = copy;
        tail = (struct docker_login **)(uintptr_t)&copy->next;
    }
    logins->first = merge(copies, sorted(reader->first, reader->count));
    logins->count += reader->count;
    if (!logins->helper_for_others.len)
        logins->helper_for_others = reader->helper_for_others;
    return 0;
}

static int add(struct docker_logins *logins, struct str json, bool wrapped, struct arena *arena,
               struct err *err)
{
    struct reader reader = {.arena = arena, .err = err};
    struct scan scan;
    reader.tail = &reader.first;
    if (json.len > DOCKERLOGIN_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "%zu bytes of credentials; at most %d are read", json.len,
                       (int)DOCKERLOGIN_MAX_BYTES);
    scan_begin(&scan, json, arena);
    scan.derived = true; /* no part of the text in an error: it may be a password */
    (wrapped ? scan_config : scan_auths)(&reader, &scan);
    if (reader.failed)
        return -1;
    if (scan_finish(&scan, err) < 0)
        return -1;
    return add_read(logins, &reader, arena, err);
}

int docker_logins_add(struct docker_logins *logins, struct str json, struct arena *arena,
                      struct err *err)
{
    return add(logins, json, true, arena, err);
}

/* --- Secrets ----------------------------------------------------------------------------------- */

static void scan_data(struct scan *scan, struct str *ret_wrapped, struct str *ret_plain)
{
    static const struct str keys[] = {STR_INIT(".dockerconfigjson"), STR_INIT(".dockercfg")};
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;)
        *(key == 0 ? ret_wrapped : ret_plain) = scan_string(scan);
}

int docker_logins_add_secret(struct docker_logins *logins, struct str json, struct arena *arena,
                             struct err *err)
{
    static const struct str keys[] = {STR_INIT("type"), STR_INIT("data")};
    struct str type = STR_NONE, wrapped = STR_NONE, plain = STR_NONE, text = STR_NONE;
    struct scan scan;
    if (json.len > 2 * DOCKERLOGIN_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "a Secret of %zu bytes", json.len);
    scan_begin(&scan, json, arena);
    scan.derived = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;) {
        if (key == 0)
            type = scan_string(&scan);
        else if (scan_peek(&scan) == SCAN_NULL)
            scan_value(&scan);
        else
            scan_data(&scan, &wrapped, &plain);
    }
    if (scan_finish(&scan, err) < 0)
        return -1;
    bool is_config = str_eq(type, STR("kubernetes.io/dockerconfigjson"));
    if (!is_config && !str_eq(type, STR("kubernetes.io/dockercfg")))
        return err_set(err, ERR_INPUT,
                       "type: kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg was "
                       "expected");
    struct str data = is_config ? wrapped : plain;
    const char *field = is_config ? "data[\".dockerconfigjson\"]" : "data[\".dockercfg\"]";
    if (!data.len)
        return err_set(err, ERR_INPUT, "%s: is missing", field);
    if (base64_decode(data, arena, &text, err) < 0 || add(logins, text, is_config, arena, err) < 0)
        return err_prefix(err, "%s: ", field);
    return 0;
}

/* --- Credential helpers ------------------------------------------------------------------------- */

int docker_logins_add_helped(struct docker_logins *logins, struct str host, struct str json,
                             struct arena *arena, struct err *err)
{
    static const struct str keys[] = {STR_INIT("Username"), STR_INIT("Secret")};
    struct docker_login *login = arena_new(arena, struct docker_login);
    struct str name = STR_NONE, secret = STR_NONE;
    struct scan scan;
    scan_begin(&scan, json, arena);
    scan.derived = true;
    struct scan_members members = scan_object(&scan);
    for (int key; (key = scan_member(&scan, &members, keys, 2)) != SCAN_END;)
        *(key == 0 ? &name : &secret) = scan_string(&scan);
    if (scan_finish(&scan, err) < 0)
        return -1;
    if (!login)
        return err_no_memory(err);
    if (!name.len || !secret.len || !is_clean(name) || !is_clean_password(name, secret))
        return err_set(err, ERR_INPUT, "Username and Secret were expected");
    bool is_token = str_eq(name, STR("<token>"));
    *login = (struct docker_login){.next = logins->first, .host = host, .username = name};
    *(is_token ? &login->identity_token : &login->password) = secret;
    logins->first = login;
    logins->count++;
    return 0;
}

/* --- Matching ---------------------------------------------------------------------------------- */

/* One label of a host: *, ? and [a-z], as Go's filepath.Match has them. */
static bool take_set(struct str *pattern, char c)
{
    struct str rest = str_tail(*pattern, 1);
    bool inverted = str_starts(rest, STR("^")), found = false;
    if (inverted)
        rest = str_tail(rest, 1);
    while (rest.len && rest.ptr[0] != ']') {
        char from = rest.ptr[0], to = from;
        rest = str_tail(rest, 1);
        if (rest.len >= 2 && rest.ptr[0] == '-' && rest.ptr[1] != ']') {
            to = rest.ptr[1];
            rest = str_tail(rest, 2);
        }
        found = found || (c >= from && c <= to);
    }
    bool whole = rest.len > 0;
    *pattern = whole ? str_tail(rest, 1) : STR_NONE;
    return whole && found != inverted;
}

static bool label_matches(struct str pattern, struct str label)
{
    struct str after_star = STR_NONE, retry = STR_NONE;
    for (;;) {
        if (pattern.len && pattern.ptr[0] == '*') {
            pattern = after_star = str_tail(pattern, 1);
            retry = label;
            continue;
        }
        if (!pattern.len && !label.len)
            return true;
        bool fits = false;
        if (pattern.len && label.len && pattern.ptr[0] == '[') {
            fits = take_set(&pattern, ascii_lower(label.ptr[0]));
        } else if (pattern.len && label.len) {
            fits =
                pattern.ptr[0] == '?' || ascii_lower(pattern.ptr[0]) == ascii_lower(label.ptr[0]);
            pattern = str_tail(pattern, 1);
        }
        if (fits) {
            label = str_tail(label, 1);
            continue;
        }
        if (!after_star.ptr || !retry.len)
            return false;
        label = retry = str_tail(retry, 1);
        pattern = after_star;
    }
}

static bool labels_match(struct str key, struct str host)
{
    for (;;) {
        size_t key_dot = str_find(key, '.'), dot = str_find(host, '.');
        bool last = dot == STR_NOT_FOUND;
        if (last != (key_dot == STR_NOT_FOUND) ||
            !label_matches(last ? key : str_head(key, key_dot), last ? host : str_head(host, dot)))
            return false;
        if (last)
            return true;
        key = str_tail(key, key_dot + 1);
        host = str_tail(host, dot + 1);
    }
}

static struct str take_port(struct str *host)
{
    size_t colon = str_rfind(*host, ':');
    if (colon == STR_NOT_FOUND || str_ends(*host, STR("]")))
        return STR_NONE;
    struct str port = str_tail(*host, colon + 1);
    *host = str_head(*host, colon);
    return port;
}

static bool host_matches(struct str key, struct str host)
{
    if (host_same(key, host))
        return true;
    if (!has_glob(key) || str_starts(key, STR("[")))
        return false;
    struct str key_port = take_port(&key), port = take_port(&host);
    return str_eq(key_port, port) && labels_match(key, host);
}

const struct docker_login *docker_login_next(const struct docker_logins *logins,
                                             const struct docker_login *after, struct str host,
                                             struct str path)
{
    const struct docker_login *login = after ? after->next : logins->first;
    while (login && !(str_starts(path, login->path) && host_matches(login->host, host)))
        login = login->next;
    return login;
}
