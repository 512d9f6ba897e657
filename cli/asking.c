/* SPDX-License-Identifier: Apache-2.0 */
/* asking: see the header. */
#include "asking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pinnace/exec.h"
#include "pinnace/file.h"
#include "pinnace/provider.h"

#include "pinnace/banned.h"

enum {
    CONNECTIONS = 64,
    PATIENCE_S = 20,
    CA_MAX = 4 * 1024 * 1024,
    HELPER_MS = 30000,
    HELPER_MAX = 256 * 1024,
};

/* --- Options ----------------------------------------------------------------------------------- */

static int add_host(const struct cli_args *args, struct str_list *list)
{
    if (list->count == REGISTRY_LIST_MAX)
        return cli_error("more than %d hosts", (int)REGISTRY_LIST_MAX);
    if (!args->value[0] || strchr(args->value, '/'))
        return cli_usage_error(args->verb, "\"%s\" is no HOST or HOST:PORT", args->value);
    list->items[list->count++] = str_of(args->value);
    return EXIT_CLEAN;
}

static int add_mirror(struct asking *asking, const struct cli_args *args)
{
    struct str value = str_of(args->value);
    size_t equals = str_find(value, '=');
    if (asking->options.mirror_count == REGISTRY_LIST_MAX)
        return cli_error("more than %d mirrors", (int)REGISTRY_LIST_MAX);
    if (equals == STR_NOT_FOUND || equals == 0 || equals + 1 == value.len ||
        str_find(value, '/') != STR_NOT_FOUND)
        return cli_usage_error(args->verb, "\"%s\" is not HOST=MIRROR, both HOST or HOST:PORT",
                               args->value);
    asking->mirrors[asking->options.mirror_count++] =
        (struct registry_mirror){str_head(value, equals), str_tail(value, equals + 1)};
    return EXIT_CLEAN;
}

static int add_cloud(struct asking *asking, const struct cli_args *args)
{
    struct str_list *list = &asking->options.machine;
    if (!provider_named(str_of(args->value)))
        return cli_usage_error(
            args->verb, "no cloud whose machines have identities is known as \"%s\"", args->value);
    if (list->count == REGISTRY_LIST_MAX)
        return cli_error("more than %d clouds", (int)REGISTRY_LIST_MAX);
    list->items[list->count++] = str_of(args->value);
    return EXIT_CLEAN;
}

static int set_timeout(const struct cli_args *args, int *ret_ms)
{
    char *end;
    errno = 0;
    long seconds = strtol(args->value, &end, 10);
    if (errno || *end || end == args->value || seconds < 0 || seconds > 3600)
        return cli_usage_error(args->verb, "timeout \"%s\" is no number of seconds up to 3600",
                               args->value);
    *ret_ms = (int)seconds * 1000;
    return EXIT_CLEAN;
}

int asking_option(struct asking *asking, const struct cli_args *args, int option)
{
    switch (option) {
    case ASKING_CA:
        asking->ca_file = args->value;
        return EXIT_CLEAN;
    case ASKING_PLAIN:
        return add_host(args, &asking->options.plain);
    case ASKING_REALM:
        return add_host(args, &asking->options.realms);
    case ASKING_MIRROR:
        return add_mirror(asking, args);
    case ASKING_MACHINE:
        return add_cloud(asking, args);
    default:
        return set_timeout(args, &asking->patience_ms);
    }
}

/* --- Credentials ------------------------------------------------------------------------------- */

/* A file that does not exist is none that is wrong. */
static int add_logins(struct asking *asking, const char *folder, const char *inner, struct err *err)
{
    struct buf buf = BUF_INIT(asking->arena, 8192);
    struct str path, text;
    buf_addf(&buf, "%s%s", folder, inner);
    if (buf_finish(&buf, &path, err) < 0)
        return -1;
    if (access(path.ptr, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (file_read(path.ptr, DOCKERLOGIN_MAX_BYTES, asking->arena, &text, err) < 0)
        return -1;
    if (docker_logins_add(&asking->logins, text, asking->arena, err) < 0)
        return err_prefix(err, "%s: ", path.ptr);
    return 0;
}

static bool is_set(const char *value)
{
    return value && value[0];
}

/* As docker finds them, and where podman and skopeo log in. */
static int read_logins(struct asking *asking, struct err *err)
{
    const char *docker = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (is_set(docker) && add_logins(asking, docker, "/config.json", err) < 0)
        return -1;
    if (!is_set(docker) && is_set(home) &&
        add_logins(asking, home, "/.docker/config.json", err) < 0)
        return -1;
    return is_set(runtime) ? add_logins(asking, runtime, "/containers/auth.json", err) : 0;
}

int asking_open(struct asking *asking, struct err *err)
{
    if (asking->ca_file &&
        file_read(asking->ca_file, CA_MAX, asking->arena, &asking->options.ca, err) < 0)
        return -1;
    if (asking->ca_file && asking->options.ca.len == 0)
        return err_set(err, ERR_INPUT, "%s: no certificate is in it", asking->ca_file);
    asking->options.mirrors = asking->mirrors;
    if (asking->patience_ms < 0)
        asking->patience_ms = PATIENCE_S * 1000;
    if (read_logins(asking, err) < 0 || http_open(CONNECTIONS, &asking->http, err) < 0)
        return -1;
    return registry_open(asking->http, &asking->options, &asking->registry, err);
}

void asking_close(struct asking *asking)
{
    registry_close(&asking->registry);
    http_close(&asking->http);
}

/* --- Credential helpers ------------------------------------------------------------------------ */

/* What helpers know Docker Hub by. */
static struct str server_of(struct str host)
{
    return host_same(host, STR("docker.io")) ? STR("https://index.docker.io/v1/") : host;
}

static bool is_helper_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.ptr[i]) && !ascii_is_digit(name.ptr[i]) && name.ptr[i] != '-' &&
            name.ptr[i] != '_' && name.ptr[i] != '.')
            return false;
    return name.len > 0;
}

static int run_helper(struct asking *asking, struct str helper, struct str host, struct err *err)
{
    extern char **environ;
    struct buf name = BUF_INIT(asking->arena, 512);
    struct str program, output;
    buf_addf(&name, "docker-credential-%.*s", STR_FMT(helper));
    if (!is_helper_name(helper))
        return err_set(err, ERR_INPUT, "docker's configuration: \"%.*s\" is no credential helper",
                       STR_FMT(helper));
    if (buf_finish(&name, &program, err) < 0)
        return -1;
    const char *const argv[] = {program.ptr, "get", NULL};
    struct exec_request request = {.argv = argv,
                                   .env = (const char *const *)environ,
                                   .input = server_of(host),
                                   .output_max = HELPER_MAX,
                                   .timeout_ms = HELPER_MS};
    if (exec_run(&request, asking->arena, &output, err) < 0)
        return -1;
    if (docker_logins_add_helped(&asking->logins, host, output, asking->arena, err) < 0)
        return err_prefix(err, "%s: ", program.ptr);
    return 0;
}

static bool was_helped(const struct asking *asking, struct str host)
{
    for (size_t i = 0; i < asking->helped.count; i++)
        if (host_same(asking->helped.items[i], host))
            return true;
    return false;
}

/* A helper for all hosts may know none for this one: it is asked without credentials then. */
int asking_prepare(struct asking *asking, const struct imageref *ref, struct err *err)
{
    const struct docker_login *login =
        docker_login_next(&asking->logins, NULL, ref->host, ref->path);
    struct str store = asking->logins.helper_for_others;
    struct err ignored;
    if (login && login->helper.len)
        return run_helper(asking, login->helper, ref->host, err);
    if (login || !store.len || was_helped(asking, ref->host))
        return 0;
    if (asking->helped.count < REGISTRY_LIST_MAX)
        asking->helped.items[asking->helped.count++] = ref->host;
    run_helper(asking, store, ref->host, &ignored);
    return 0;
}

/* --- Questions --------------------------------------------------------------------------------- */

struct question {
    struct asking *asking;
    struct asking_image *image;
    size_t *left;
};

static void take_answer(void *context, const struct registry_answer *answer)
{
    struct question *question = context;
    struct registry_answer *kept = &question->image->answer;
    *kept = *answer;
    kept->digest = arena_copy(question->asking->arena, answer->digest);
    kept->body = STR_NONE;
    if (!kept->digest.ptr)
        registry_error_set(&kept->error, REGISTRY_TOO_LARGE, STR_NONE, "memory is out");
    --*question->left;
}

int asking_resolve(struct asking *asking, struct asking_image *images, size_t count,
                   struct err *err)
{
    struct question *questions = arena_array(asking->arena, struct question, count);
    size_t left = count;
    if (!questions)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        questions[i] = (struct question){asking, &images[i], &left};
        struct registry_request request = {.verb = images[i].verb,
                                           .ref = images[i].ref,
                                           .logins = &asking->logins,
                                           .patience_ms = asking->patience_ms,
                                           .on_done = take_answer,
                                           .context = &questions[i]};
        if (asking_prepare(asking, &images[i].ref, err) < 0 ||
            !registry_send(asking->registry, &request, err))
            return -1;
    }
    while (left > 0)
        if (http_turn(asking->http, 1000, err) < 0)
            return -1;
    return 0;
}

void buf_add_resolved(struct buf *buf, const struct asking_image *image)
{
    size_t at = str_find(image->text, '@');
    buf_add(buf, at == STR_NOT_FOUND ? image->text : str_head(image->text, at));
    if (!image->ref.tag.len && !image->ref.digest.len)
        buf_add(buf, STR(":latest"));
    buf_add_char(buf, '@');
    buf_add(buf, image->answer.digest);
}

int asking_tell(const struct asking_image *images, size_t count)
{
    int code = EXIT_CLEAN;
    for (size_t i = 0; i < count; i++) {
        const struct registry_error *error = &images[i].answer.error;
        if (error->fault == REGISTRY_FINE)
            continue;
        cli_error("%s", error->text);
        if (error->fault != REGISTRY_NOT_FOUND)
            code = EXIT_BAD_INPUT;
        else if (code == EXIT_CLEAN)
            code = EXIT_FINDINGS;
    }
    return code;
}
