/* SPDX-License-Identifier: Apache-2.0 */
/* options: see the header. */
#include "options.h"

#include <stdio.h>

#include "pinnace/str.h"

#include "pinnace/banned.h"

enum option_id {
    OPTION_STANDALONE = CMDLINE_OWN,
    OPTION_LISTEN,
    OPTION_HEALTH,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_CLIENT_CA,
    OPTION_POLICY,
    OPTION_LEDGER,
    OPTION_KUBECONFIG,
    OPTION_CONTEXT,
    OPTION_LAME_DUCK,
    OPTION_THREADS,
    OPTION_CONNECTIONS,
    OPTION_LOG_ALLOWED,
};

static const struct option table[] = {
    {"standalone", no_argument, NULL, OPTION_STANDALONE},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"health", required_argument, NULL, OPTION_HEALTH},
    {"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
    {"tls-key", required_argument, NULL, OPTION_TLS_KEY},
    {"client-ca", required_argument, NULL, OPTION_CLIENT_CA},
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"ledger", required_argument, NULL, OPTION_LEDGER},
    {"kubeconfig", required_argument, NULL, OPTION_KUBECONFIG},
    {"context", required_argument, NULL, OPTION_CONTEXT},
    {"lame-duck", required_argument, NULL, OPTION_LAME_DUCK},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"log-allowed", no_argument, NULL, OPTION_LOG_ALLOWED},
    {"help", no_argument, NULL, CMDLINE_HELP},
    {"version", no_argument, NULL, CMDLINE_VERSION},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Answers AdmissionReviews over TLS: what images may run.\n\n"
    "Usage:\n"
    "  pinnace-webhook --tls-cert FILE --tls-key FILE [OPTIONS]\n\n"
    "In a pod it judges by the PinPolicy and the Exemptions of its cluster.\n\n"
    "Options:\n"
    "  --kubeconfig FILE   outside of a pod: the cluster\n"
    "  --context NAME      of the kubeconfig, instead of the current one\n"
    "  --standalone        judge by files, without a cluster\n"
    "  --listen ADDRESS    where reviews are answered (default :8443)\n"
    "  --tls-cert FILE     certificate and its chain, PEM; read again when it changes\n"
    "  --tls-key FILE      its private key, PEM\n"
    "  --client-ca FILE    ask clients for a certificate that one of these CAs signed\n"
    "  --policy FILE       PinPolicy and Exemptions, with --standalone; read again on SIGHUP\n"
    "  --ledger FILE       Tracks and ReplicaSets, for released; read again on SIGHUP\n"
    "  --health ADDRESS    /healthz, /readyz and /metrics, plain (default :8080)\n"
    "  --lame-duck SECONDS how long to go on answering after SIGTERM (default 15)\n"
    "  --threads N         that answer (default 2)\n"
    "  --connections N     at most (default 1024)\n"
    "  --log-allowed       log what is let in too\n"
    "  --help, --version\n\n"
    "An ADDRESS is 127.0.0.1:8443, [::1]:8443, or :8443 for all.\n";

static enum cmdline_result take(void *context, int id, const char *value);

static const struct cmdline cmdline = {.program = "pinnace-webhook",
                                       .version = PINNACE_VERSION,
                                       .help = help,
                                       .letters = "",
                                       .table = table,
                                       .take = take};

static enum cmdline_result complain(const char *what, const char *which)
{
    return cmdline_complain(&cmdline, what, which);
}

static bool read_number(const char *text, unsigned min, unsigned max, unsigned *ret_number)
{
    unsigned number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!ascii_is_digit(*text))
            return false;
        number = number * 10 + (unsigned)(*text - '0');
        if (number > max)
            return false;
    }
    if (number < min)
        return false;
    *ret_number = number;
    return true;
}

static const char **string_of(struct options *options, int id)
{
    switch (id) {
    case OPTION_LISTEN:
        return &options->listen;
    case OPTION_HEALTH:
        return &options->health;
    case OPTION_TLS_CERT:
        return &options->tls_cert;
    case OPTION_TLS_KEY:
        return &options->tls_key;
    case OPTION_CLIENT_CA:
        return &options->client_ca;
    case OPTION_POLICY:
        return &options->policy;
    case OPTION_LEDGER:
        return &options->ledger;
    case OPTION_KUBECONFIG:
        return &options->kubeconfig;
    case OPTION_CONTEXT:
        return &options->context;
    default:
        return NULL;
    }
}

static enum cmdline_result take(void *context, int id, const char *value)
{
    struct options *options = context;
    const char **string = string_of(options, id);
    if (string) {
        *string = value;
        return CMDLINE_RUN;
    }
    if (id == OPTION_STANDALONE)
        options->standalone = true;
    else if (id == OPTION_LOG_ALLOWED)
        options->log_allowed = true;
    else if (id == OPTION_LAME_DUCK && !read_number(value, 0, 3600, &options->lame_duck))
        return complain("--lame-duck: a number of seconds up to 3600 was expected, not ", value);
    else if (id == OPTION_THREADS && !read_number(value, 1, 64, &options->threads))
        return complain("--threads: a number from 1 to 64 was expected, not ", value);
    else if (id == OPTION_CONNECTIONS && !read_number(value, 64, 65536, &options->connections))
        return complain("--connections: a number from 64 to 65536 was expected, not ", value);
    return CMDLINE_RUN;
}

static bool is_stdin(const char *file)
{
    return str_eq(str_of(file), STR("-"));
}

static enum cmdline_result check(const struct options *options)
{
    if (!options->tls_cert || !options->tls_key)
        return complain("--tls-cert and --tls-key are needed", "");
    if (!options->standalone && (options->policy || options->ledger))
        return complain("--policy and --ledger are for --standalone; a cluster has its own", "");
    if (options->standalone && (options->kubeconfig || options->context))
        return complain("--kubeconfig and --context name a cluster, and --standalone is without",
                        "");
    if (options->context && !options->kubeconfig)
        return complain("--context is one of a --kubeconfig, and none is given", "");
    if (is_stdin(options->policy) || is_stdin(options->ledger))
        return complain("--policy and --ledger: standard input cannot be read again", "");
    return CMDLINE_RUN;
}

enum cmdline_result options_read(int argc, char **argv, struct options *ret_options)
{
    struct options options = {
        .listen = ":8443", .health = ":8080", .lame_duck = 15, .threads = 2, .connections = 1024};
    enum cmdline_result read = cmdline_read(&cmdline, argc, argv, &options);
    if (read != CMDLINE_RUN)
        return read;
    *ret_options = options;
    return check(ret_options);
}
