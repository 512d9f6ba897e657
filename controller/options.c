/* SPDX-License-Identifier: Apache-2.0 */
/* options: see the header. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

#include "pinnace/banned.h"

enum option_id {
    OPTION_KUBECONFIG = 256, /* no letter has such a number */
    OPTION_CONTEXT,
    OPTION_HEALTH,
    OPTION_NO_CERTIFICATES,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option table[] = {
    {"kubeconfig", required_argument, NULL, OPTION_KUBECONFIG},
    {"context", required_argument, NULL, OPTION_CONTEXT},
    {"namespace", required_argument, NULL, 'n'},
    {"health", required_argument, NULL, OPTION_HEALTH},
    {"no-certificates", no_argument, NULL, OPTION_NO_CERTIFICATES},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
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
    "  --no-certificates     leave them to others, such as cert-manager\n"
    "  --help, --version\n\n"
    "An ADDRESS is 127.0.0.1:8080, [::1]:8080, or :8080 for all.\n";

static enum options_result complain(const char *what, const char *which)
{
    fprintf(stderr, "pinnace-controller: error: %s%s\nSee 'pinnace-controller --help'.\n", what,
            which);
    return OPTIONS_BAD;
}

static void take(struct options *options, int id)
{
    if (id == OPTION_KUBECONFIG)
        options->kubeconfig = optarg;
    else if (id == OPTION_CONTEXT)
        options->context = optarg;
    else if (id == 'n')
        options->namespace = optarg;
    else if (id == OPTION_HEALTH)
        options->health = optarg;
    else
        options->no_certificates = true;
}

enum options_result options_read(int argc, char **argv, struct options *ret_options)
{
    struct options options = {.health = ":8080"};
    opterr = 0; /* told in our own words */
    for (int id; (id = getopt_long(argc, argv, "n:", table, NULL)) != -1;) {
        if (id == '?')
            return complain("there is no such option, or a value is missing or too much: ",
                            argv[optind - 1]);
        if (id == OPTION_HELP || id == OPTION_VERSION) {
            fputs(id == OPTION_HELP ? help : "pinnace " PINNACE_VERSION "\n", stdout);
            return OPTIONS_DONE;
        }
        take(&options, id);
    }
    if (optind < argc)
        return complain("options only are expected, not ", argv[optind]);
    if (options.context && !options.kubeconfig)
        return complain("--context is one of a --kubeconfig, and none is given", "");
    if (options.kubeconfig && !options.namespace)
        options.namespace = "pinnace-system";
    *ret_options = options;
    return OPTIONS_RUN;
}
