/* SPDX-License-Identifier: Apache-2.0 */
/* options: see the header. */
#include "options.h"

#include <stdio.h>

#include "pinnace/banned.h"

enum option_id {
    OPTION_KUBECONFIG = CMDLINE_OWN,
    OPTION_CONTEXT,
    OPTION_HEALTH,
    OPTION_HOOKS,
    OPTION_HOOKS_SECRET,
    OPTION_NO_CERTIFICATES,
};

static const struct option table[] = {
    {"kubeconfig", required_argument, NULL, OPTION_KUBECONFIG},
    {"context", required_argument, NULL, OPTION_CONTEXT},
    {"namespace", required_argument, NULL, 'n'},
    {"health", required_argument, NULL, OPTION_HEALTH},
    {"hooks", required_argument, NULL, OPTION_HOOKS},
    {"hooks-secret", required_argument, NULL, OPTION_HOOKS_SECRET},
    {"no-certificates", no_argument, NULL, OPTION_NO_CERTIFICATES},
    {"help", no_argument, NULL, CMDLINE_HELP},
    {"version", no_argument, NULL, CMDLINE_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Keeps Pinnace's certificates and webhook configurations in order.\n\n"
    "Usage:\n"
    "  pinnace-controller [OPTIONS]\n\n"
    "Options:\n"
    "  --kubeconfig FILE     run outside of the cluster that it is for\n"
    "  --context NAME        of the kubeconfig (default: its current one)\n"
    "  -n, --namespace NAME  where Pinnace is installed (default: that of the pod it runs in;\n"
    "                        with --kubeconfig, pinnace-system)\n"
    "  --health ADDRESS      /healthz, /readyz and /metrics, plain (default :8080)\n"
    "  --hooks ADDRESS       hints of pushes, plain: POST /hooks/distribution, /hooks/generic\n"
    "                        (default: none; polls miss nothing, hints only make them sooner)\n"
    "  --hooks-secret FILE   who sends hints has to know one of the secrets in it, one a line;\n"
    "                        read again when it changes\n"
    "  --no-certificates     leave them to others, such as cert-manager\n"
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

static enum cmdline_result take(void *context, int id, const char *value)
{
    struct options *options = context;
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
    else if (id == OPTION_HOOKS_SECRET)
        options->hooks_secret = value;
    else
        options->no_certificates = true;
    return CMDLINE_RUN;
}

enum cmdline_result options_read(int argc, char **argv, struct options *ret_options)
{
    struct options options = {.health = ":8080"};
    enum cmdline_result read = cmdline_read(&cmdline, argc, argv, &options);
    if (read != CMDLINE_RUN)
        return read;
    if (options.context && !options.kubeconfig)
        return complain("--context is one of a --kubeconfig, and none is given", "");
    if (options.hooks && !options.hooks_secret)
        return complain("--hooks needs a --hooks-secret FILE: nobody listens to strangers", "");
    if (options.hooks_secret && !options.hooks)
        return complain("--hooks-secret is for --hooks ADDRESS, and none is given", "");
    if (options.kubeconfig && !options.namespace)
        options.namespace = "pinnace-system";
    *ret_options = options;
    return CMDLINE_RUN;
}
