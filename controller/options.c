/* SPDX-License-Identifier: Apache-2.0 */
/* options: see the header. */
#include "options.h"

#include <stdio.h>

#include "pinnace/provider.h"

#include "pinnace/banned.h"

enum option_id {
    OPTION_KUBECONFIG = CMDLINE_OWN,
    OPTION_CONTEXT,
    OPTION_HEALTH,
    OPTION_HOOKS,
    OPTION_HOOKS_SECRETS,
    OPTION_NO_CERTIFICATES,
    OPTION_REGISTRY_CA,
    OPTION_PLAIN,
    OPTION_REALM,
    OPTION_MIRROR,
    OPTION_PULL_SECRETS,
    OPTION_ACCOUNT_IDENTITY,
    OPTION_MACHINE_IDENTITY,
};

static const struct option table[] = {
    {"kubeconfig", required_argument, NULL, OPTION_KUBECONFIG},
    {"context", required_argument, NULL, OPTION_CONTEXT},
    {"namespace", required_argument, NULL, 'n'},
    {"health", required_argument, NULL, OPTION_HEALTH},
    {"hooks", required_argument, NULL, OPTION_HOOKS},
    {"hooks-secrets", required_argument, NULL, OPTION_HOOKS_SECRETS},
    {"no-certificates", no_argument, NULL, OPTION_NO_CERTIFICATES},
    {"registry-ca", required_argument, NULL, OPTION_REGISTRY_CA},
    {"plain-http", required_argument, NULL, OPTION_PLAIN},
    {"token-server", required_argument, NULL, OPTION_REALM},
    {"mirror", required_argument, NULL, OPTION_MIRROR},
    {"pull-secrets", no_argument, NULL, OPTION_PULL_SECRETS},
    {"account-identity", no_argument, NULL, OPTION_ACCOUNT_IDENTITY},
    {"machine-identity", required_argument, NULL, OPTION_MACHINE_IDENTITY},
    {"help", no_argument, NULL, CMDLINE_HELP},
    {"version", no_argument, NULL, CMDLINE_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Moves releases by digest, as Tracks say, and keeps Pinnace's certificates and webhook\n"
    "configurations in order.\n\n"
    "Usage:\n"
    "  pinnace-controller [OPTIONS]\n\n"
    "Options:\n"
    "  --kubeconfig FILE     run outside of the cluster that it is for\n"
    "  --context NAME        of the kubeconfig (default: its current one)\n"
    "  -n, --namespace NAME  where Pinnace is installed (default: that of the pod it runs in;\n"
    "                        with --kubeconfig, pinnace-system)\n"
    "  --health ADDRESS      /healthz, /readyz and /metrics, plain (default :8080)\n"
    "  --hooks ADDRESS       hints of pushes, plain: POST /hooks/acr and so on (default: none;\n"
    "                        polls miss nothing, hints only make them sooner)\n"
    "  --hooks-secrets DIR   a file for each who may send (acr, github, generic and so on), with\n"
    "                        one secret a line; read again when they change\n"
    "  --no-certificates     leave them to others, such as cert-manager\n"
    "  --registry-ca FILE    trust these authorities (PEM) of registries, and not the system's\n"
    "  --plain-http HOST     ask this registry by plain http (repeatable)\n"
    "  --token-server HOST   send credentials to this foreign token server (repeatable)\n"
    "  --mirror HOST=MIRROR  ask MIRROR for images of HOST first (repeatable)\n"
    "  --pull-secrets        be to a registry who the pods of the targets are, by their pull "
    "secrets\n"
    "  --account-identity    be to a cloud's registry who the ServiceAccounts of the targets' "
    "pods\n"
    "                        are, where their annotations name an identity of that cloud\n"
    "  --machine-identity CLOUD\n"
    "                        be to this cloud's registries who the machine is, where the\n"
    "                        environment names nobody (repeatable)\n"
    "  --help, --version\n\n"
    "An ADDRESS is 127.0.0.1:8080, [::1]:8080, or :8080 for all.\n";

static enum cmdline_result take(void *context, int id, const char *value);

static const struct cmdline cmdline = {.program = "pinnace-controller",
                                       .version = PINNACE_VERSION,
                                       .help = help,
                                       .letters = "n:",
                                       .table = table,
                                       .take = take};

static enum cmdline_result complain(const char *what, const char *which)
{
    return cmdline_complain(&cmdline, what, which);
}

static enum cmdline_result add_host(struct str_list *list, const char *value)
{
    if (!value[0] || strchr(value, '/'))
        return complain("a HOST or HOST:PORT was expected, not ", value);
    if (list->count == REGISTRY_LIST_MAX)
        return complain("there are too many hosts before ", value);
    list->items[list->count++] = str_of(value);
    return CMDLINE_RUN;
}

static enum cmdline_result add_mirror(struct options *options, const char *text)
{
    struct str value = str_of(text);
    size_t equals = str_find(value, '=');
    if (equals == STR_NOT_FOUND || equals == 0 || equals + 1 == value.len ||
        str_find(value, '/') != STR_NOT_FOUND)
        return complain("HOST=MIRROR was expected, both HOST or HOST:PORT, not ", text);
    if (options->registry.mirror_count == REGISTRY_LIST_MAX)
        return complain("there are too many mirrors before ", text);
    options->mirrors[options->registry.mirror_count++] =
        (struct registry_mirror){str_head(value, equals), str_tail(value, equals + 1)};
    return CMDLINE_RUN;
}

static enum cmdline_result add_cloud(struct str_list *list, const char *value)
{
    if (!provider_named(str_of(value)))
        return complain("no cloud whose machines have identities is known as ", value);
    if (list->count == REGISTRY_LIST_MAX)
        return complain("there are too many clouds before ", value);
    list->items[list->count++] = str_of(value);
    return CMDLINE_RUN;
}

static enum cmdline_result take_registry(struct options *options, int id, const char *value)
{
    if (id == OPTION_PLAIN)
        return add_host(&options->registry.plain, value);
    if (id == OPTION_REALM)
        return add_host(&options->registry.realms, value);
    if (id == OPTION_MIRROR)
        return add_mirror(options, value);
    if (id == OPTION_MACHINE_IDENTITY)
        return add_cloud(&options->registry.machine, value);
    if (id == OPTION_REGISTRY_CA)
        options->registry_ca = value;
    else if (id == OPTION_ACCOUNT_IDENTITY)
        options->account_identity = true;
    else
        options->pull_secrets = true;
    return CMDLINE_RUN;
}

static enum cmdline_result take(void *context, int id, const char *value)
{
    struct options *options = context;
    if (id >= OPTION_REGISTRY_CA)
        return take_registry(options, id, value);
    if (id == OPTION_KUBECONFIG)
        options->kubeconfig = value;
    else if (id == OPTION_CONTEXT)
        options->context = value;
    else if (id == 'n')
        options->namespace = value;
    else if (id == OPTION_HEALTH)
        options->health = value;
    else if (id == OPTION_HOOKS)
        options->hooks = value;
    else if (id == OPTION_HOOKS_SECRETS)
        options->hooks_secrets = value;
    else
        options->no_certificates = true;
    return CMDLINE_RUN;
}

enum cmdline_result options_read(int argc, char **argv, struct options *ret_options)
{
    struct options *options = ret_options;
    *options = (struct options){.health = ":8080"};
    enum cmdline_result read = cmdline_read(&cmdline, argc, argv, options);
    if (read != CMDLINE_RUN)
        return read;
    if (options->context && !options->kubeconfig)
        return complain("--context is one of a --kubeconfig, and none is given", "");
    if (options->hooks && !options->hooks_secrets)
        return complain("--hooks needs --hooks-secrets DIR: nobody listens to strangers", "");
    if (options->hooks_secrets && !options->hooks)
        return complain("--hooks-secrets is for --hooks ADDRESS, and none is given", "");
    if (options->kubeconfig && !options->namespace)
        options->namespace = "pinnace-system";
    options->registry.mirrors = options->mirrors;
    return CMDLINE_RUN;
}
