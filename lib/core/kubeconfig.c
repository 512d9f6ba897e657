/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig: see the header. The entries come first, then a whole file; picking has its own file. */
#include "pinnace/kubeconfig.h"

#include "pinnace/base64.h"
#include "pinnace/json.h"

#include "pinnace/banned.h"

struct reader {
    struct arena *arena;
    struct str folder;
};

/* A path in a file counts from where the file stands. */
static int get_path(const struct reader *reader, const struct json_fields *fields, const char *name,
                    struct str *ret_path, struct err *err)
{
    struct str path = STR_NONE;
    if (json_get_string(fields, name, reader->arena, &path, err) < 0)
        return -1;
    if (path.len && path.ptr[0] != '/' && reader->folder.len) {
        struct buf whole = BUF_INIT(reader->arena, 64 * 1024);
        buf_add(&whole, reader->folder);
        buf_add_char(&whole, '/');
        buf_add(&whole, path);
        if (buf_finish(&whole, &path, err) < 0)
            return -1;
    }
    *ret_path = path;
    return 0;
}

static int get_bytes(const struct reader *reader, const struct json_fields *fields,
                     const char *name, struct str *ret_bytes, struct err *err)
{
    struct str text = STR_NONE;
    if (json_get_string(fields, name, reader->arena, &text, err) < 0)
        return -1;
    if (text.len && base64_decode(text, reader->arena, ret_bytes, err) < 0)
        return err_prefix(err, "%s.%s: ", fields->path, name);
    return 0;
}

static int get_string(const struct reader *reader, const struct json_fields *fields,
                      const char *name, struct str *ret_value, struct err *err)
{
    return json_get_string(fields, name, reader->arena, ret_value, err);
}

static int read_cluster(const struct reader *reader, const struct json_fields *fields,
                        struct kubeconfig_entry *entry, struct err *err)
{
    struct kubeconfig_cluster *cluster = (struct kubeconfig_cluster *)entry;
    if (get_string(reader, fields, "server", &cluster->server, err) < 0 ||
        get_string(reader, fields, "tls-server-name", &cluster->tls_server_name, err) < 0 ||
        get_string(reader, fields, "proxy-url", &cluster->proxy_url, err) < 0 ||
        get_path(reader, fields, "certificate-authority", &cluster->ca_file, err) < 0 ||
        get_bytes(reader, fields, "certificate-authority-data", &cluster->ca_data, err) < 0)
        return -1;
    return json_get_bool(fields, "insecure-skip-tls-verify", &cluster->insecure, err);
}

static int get_words(const struct reader *reader, const struct json_fields *fields,
                     const char *name, const struct kubeconfig_word **ret_words, struct err *err)
{
    struct json_list list;
    struct str text;
    int more;
    if (json_get_list(fields, name, &list, err) < 0)
        return -1;
    while ((more = json_next_string(&list, reader->arena, &text, err)) > 0) {
        struct kubeconfig_word *word = arena_new(reader->arena, struct kubeconfig_word);
        if (!word)
            return err_no_memory(err);
        word->text = text;
        *ret_words = word;
        ret_words = &word->next;
    }
    return more;
}

static int get_env(const struct reader *reader, const struct json_fields *fields,
                   const struct kubeconfig_pair **ret_pairs, struct err *err)
{
    struct json_list list;
    struct json_fields item = {0};
    int more;
    if (json_get_list(fields, "env", &list, err) < 0)
        return -1;
    while ((more = json_next_object(&list, &item, err)) > 0) {
        struct kubeconfig_pair *pair = arena_new(reader->arena, struct kubeconfig_pair);
        if (!pair)
            return err_no_memory(err);
        if (get_string(reader, &item, "name", &pair->name, err) < 0 ||
            get_string(reader, &item, "value", &pair->value, err) < 0)
            return -1;
        if (!pair->name.len || str_find(pair->name, '=') != STR_NOT_FOUND)
            return err_set(err, ERR_INPUT, "%s.name: this is no name of a variable", item.path);
        *ret_pairs = pair;
        ret_pairs = &pair->next;
    }
    return more;
}

static int get_interactive(const struct reader *reader, const struct json_fields *fields,
                           struct kubeconfig_exec *exec, struct err *err)
{
    struct str mode = STR_NONE;
    if (get_string(reader, fields, "interactiveMode", &mode, err) < 0)
        return -1;
    if (!mode.len || str_eq(mode, STR("IfAvailable")))
        exec->interactive = EXEC_IF_AVAILABLE;
    else if (str_eq(mode, STR("Never")))
        exec->interactive = EXEC_NEVER;
    else if (str_eq(mode, STR("Always")))
        exec->interactive = EXEC_ALWAYS;
    else
        return err_set(err, ERR_INPUT, "%s.interactiveMode: none of Never, IfAvailable and Always",
                       fields->path);
    return 0;
}

/* A command with a slash in it is a path; one without is looked for in PATH. */
static int read_exec(const struct reader *reader, const struct json_fields *fields,
                     const struct kubeconfig_exec **ret_exec, struct err *err)
{
    struct json_fields in = {0};
    if (json_get_object(fields, "exec", &in, err) < 0)
        return -1;
    if (!in.object)
        return 0;
    struct kubeconfig_exec *exec = arena_new(reader->arena, struct kubeconfig_exec);
    if (!exec)
        return err_no_memory(err);
    if (get_string(reader, &in, "apiVersion", &exec->api_version, err) < 0 ||
        get_string(reader, &in, "command", &exec->command, err) < 0 ||
        get_string(reader, &in, "installHint", &exec->install_hint, err) < 0 ||
        get_words(reader, &in, "args", &exec->args, err) < 0 ||
        get_env(reader, &in, &exec->env, err) < 0 || get_interactive(reader, &in, exec, err) < 0 ||
        json_get_bool(&in, "provideClusterInfo", &exec->cluster_info, err) < 0)
        return -1;
    if (str_find(exec->command, '/') != STR_NOT_FOUND &&
        get_path(reader, &in, "command", &exec->command, err) < 0)
        return -1;
    *ret_exec = exec;
    return 0;
}

static int read_user(const struct reader *reader, const struct json_fields *fields,
                     struct kubeconfig_entry *entry, struct err *err)
{
    struct kubeconfig_user *user = (struct kubeconfig_user *)entry;
    struct json_fields provider = {0}, extra = {0};
    if (get_path(reader, fields, "client-certificate", &user->cert_file, err) < 0 ||
        get_bytes(reader, fields, "client-certificate-data", &user->cert_data, err) < 0 ||
        get_path(reader, fields, "client-key", &user->key_file, err) < 0 ||
        get_bytes(reader, fields, "client-key-data", &user->key_data, err) < 0 ||
        get_string(reader, fields, "token", &user->token, err) < 0 ||
        get_path(reader, fields, "tokenFile", &user->token_file, err) < 0 ||
        get_string(reader, fields, "username", &user->username, err) < 0 ||
        get_string(reader, fields, "password", &user->password, err) < 0 ||
        get_string(reader, fields, "as", &user->as, err) < 0 ||
        get_string(reader, fields, "as-uid", &user->as_uid, err) < 0 ||
        get_words(reader, fields, "as-groups", &user->as_groups, err) < 0 ||
        json_get_object(fields, "auth-provider", &provider, err) < 0 ||
        json_get_object(fields, "as-user-extra", &extra, err) < 0)
        return -1;
    user->auth_provider = provider.object != NULL;
    user->as_extra = extra.object != NULL;
    return read_exec(reader, fields, &user->exec, err);
}

static int read_context(const struct reader *reader, const struct json_fields *fields,
                        struct kubeconfig_entry *entry, struct err *err)
{
    struct kubeconfig_context *context = (struct kubeconfig_context *)entry;
    if (get_string(reader, fields, "cluster", &context->cluster, err) < 0 ||
        get_string(reader, fields, "user", &context->user, err) < 0)
        return -1;
    return get_string(reader, fields, "namespace", &context->namespace, err);
}

struct list_kind {
    const char *plural, *singular;
    size_t size; /* of an entry with what it names */
    int (*read)(const struct reader *reader, const struct json_fields *fields,
                struct kubeconfig_entry *entry, struct err *err);
};

static const struct list_kind cluster_kind = {"clusters", "cluster",
                                              sizeof(struct kubeconfig_cluster), read_cluster};
static const struct list_kind user_kind = {"users", "user", sizeof(struct kubeconfig_user),
                                           read_user};
static const struct list_kind context_kind = {"contexts", "context",
                                              sizeof(struct kubeconfig_context), read_context};

struct kubeconfig_entry *kubeconfig_find(struct kubeconfig_entry *list, struct str name)
{
    while (list && !str_eq(list->name, name))
        list = list->next;
    return list;
}

/* NULL when it cannot be read. */
static struct kubeconfig_entry *read_entry(const struct reader *reader,
                                           const struct list_kind *kind,
                                           const struct json_fields *item, struct err *err)
{
    struct json_fields fields = {0};
    struct kubeconfig_entry *entry = arena_alloc(reader->arena, kind->size);
    if (!entry)
        err_no_memory(err);
    else if (get_string(reader, item, "name", &entry->name, err) == 0 &&
             json_get_object(item, kind->singular, &fields, err) == 0 &&
             kind->read(reader, &fields, entry, err) == 0)
        return entry;
    return NULL;
}

/*
 * Behind what earlier files brought. A name twice in one file is an error; where an earlier file
 * has it, kubeconfig_find never gets to ours.
 */
static int read_list(const struct reader *reader, const struct json_fields *root,
                     const struct list_kind *kind, struct kubeconfig_entry **list, struct err *err)
{
    struct json_list items;
    struct json_fields item = {0};
    int more;
    while (*list)
        list = &(*list)->next;
    struct kubeconfig_entry **tail = list;
    if (json_get_list(root, kind->plural, &items, err) < 0)
        return -1;
    if (items.count > KUBECONFIG_MAX_ENTRIES)
        return err_set(err, ERR_LIMIT, "%s: more than %d", kind->plural, KUBECONFIG_MAX_ENTRIES);
    while ((more = json_next_object(&items, &item, err)) > 0) {
        struct kubeconfig_entry *entry = read_entry(reader, kind, &item, err);
        if (!entry)
            return -1;
        if (kubeconfig_find(*list, entry->name))
            return err_set(err, ERR_INPUT, "%s: the name \"%.*s\" is given twice", kind->plural,
                           STR_FMT(entry->name));
        *tail = entry;
        tail = &entry->next;
    }
    return more;
}

int kubeconfig_add(struct kubeconfig *config, struct str json, struct str folder,
                   struct arena *arena, struct err *err)
{
    JSON_SCOPED struct cJSON *tree = NULL;
    struct kubeconfig whole = *config;
    struct reader reader = {arena, folder};
    struct str kind = STR_NONE, context = STR_NONE;
    if (json_read(json, KUBECONFIG_MAX_BYTES, &tree, err) < 0)
        return -1;
    while (json.len && ascii_is_space(json.ptr[0]))
        json = str_tail(json, 1);
    if (!str_starts(json, STR("{")))
        return err_set(err, ERR_INPUT, "a kubeconfig (clusters, users, contexts) was expected");
    struct json_fields root = {.object = tree};
    if (get_string(&reader, &root, "kind", &kind, err) < 0 ||
        get_string(&reader, &root, "current-context", &context, err) < 0)
        return -1;
    if (kind.len && !str_eq(kind, STR("Config")))
        return err_set(err, ERR_INPUT, "kind: \"%.*s\" is no kubeconfig", STR_FMT(kind));
    if (read_list(&reader, &root, &cluster_kind, &whole.clusters, err) < 0 ||
        read_list(&reader, &root, &user_kind, &whole.users, err) < 0 ||
        read_list(&reader, &root, &context_kind, &whole.contexts, err) < 0)
        return -1;
    if (!whole.current_context.len)
        whole.current_context = context;
    *config = whole;
    return 0;
}
