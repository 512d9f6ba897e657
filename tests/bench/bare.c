/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare: what a TLS server with libmicrohttpd costs before it does anything: it reads the body,
 * throws it away, and answers what would let a pod in. The measure for pinnace-webhook.
 *
 *   bench_bare PORT CERT KEY
 */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char answer[] =
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"response\":{\"uid\":"
    "\"705ab4f5-6393-11e8-b7cc-42010a800002\",\"allowed\":true}}";

/* The cipher that pinnace-webhook agrees on with the same client, so that both encrypt alike. */
static const char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM";

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *chunk,
                                  size_t *chunk_size, void **seen)
{
    static char head_was_seen;
    (void)context, (void)url, (void)method, (void)version, (void)chunk;
    if (!*seen) {
        *seen = &head_was_seen;
        return MHD_YES;
    }
    if (*chunk_size > 0) {
        *chunk_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(answer) - 1, (void *)(uintptr_t)answer, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static char *read_file(const char *name)
{
    static char texts[2][64 * 1024];
    static int next;
    char *text = texts[next++];
    FILE *file = fopen(name, "r");
    if (!file || fread(text, 1, sizeof(texts[0]) - 1, file) == 0) {
        perror(name);
        exit(1);
    }
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    sigset_t stop;
    int signal;
    if (argc != 4) {
        fputs("usage: bench_bare PORT CERT KEY\n", stderr);
        return 2;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_TLS,
        (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL, on_request, NULL,
        MHD_OPTION_HTTPS_MEM_CERT, read_file(argv[2]), MHD_OPTION_HTTPS_MEM_KEY, read_file(argv[3]),
        MHD_OPTION_HTTPS_PRIORITIES, priorities, MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_END);
    if (!daemon) {
        fputs("bench_bare: the server does not start\n", stderr);
        return 1;
    }
    sigwait(&stop, &signal);
    MHD_stop_daemon(daemon);
    return 0;
}
