/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head: what asking a registry costs whoever has nothing else to do: one handle of libcurl, one kept
 * connection, a HEAD each so many milliseconds. Prints the milliseconds of CPU that one takes.
 *
 *   bench_head URL COUNT PAUSE_MS
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pinnace/banned.h"

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int ask(CURL *easy)
{
    long status = 0;
    if (curl_easy_perform(easy) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
        fprintf(stderr, "no answer, or %ld\n", status);
        return -1;
    }
    return 0;
}

static int ask_often(CURL *easy, long count, long pause_ms)
{
    const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
    if (ask(easy) < 0) /* connects */
        return -1;
    double begun = cpu_ms();
    for (long i = 0; i < count; i++) {
        nanosleep(&pause, NULL);
        if (ask(easy) < 0)
            return -1;
    }
    printf("%.4f\n", (cpu_ms() - begun) / (double)count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    CURL *easy = curl_easy_init();
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: application/vnd.oci.image.manifest.v1+json, "
                                "application/vnd.docker.distribution.manifest.v2+json");
    if (!easy || !headers)
        return 1;
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    int done = ask_often(easy, strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return done == 0 ? 0 : 1;
}
