/* SPDX-License-Identifier: Apache-2.0 */
/*
 * behave: the program of the test images. It does what the file /does of its image says:
 *
 *     good           answers with 200 on port 8080 until it is told to end
 *     unready        answers with 503
 *     half           answers with 503 to /strict, and with 200 to all else
 *     crash SECONDS  is good for so long, then fails (0: at once)
 *     done SECONDS   the same, but ends well, as a job does
 *     eat            takes memory until it is killed
 *
 * Each answer has the words of the file, so that one sees who answers.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int status_after;

static void end(int signal)
{
    _exit(signal == SIGALRM ? status_after : EXIT_SUCCESS);
}

static void eat(void)
{
    for (char *bytes; (bytes = malloc(1 << 20)); usleep(1000))
        memset(bytes, 1, 1 << 20);
}

static const char *answer(const char *does, const char *request)
{
    bool unready = strcmp(does, "unready") == 0 ||
                   (strcmp(does, "half") == 0 && strncmp(request, "GET /strict", 11) == 0);
    return unready ? "503 Service Unavailable" : "200 OK";
}

static int serve(const char *does, const char *words)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(8080)};
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&any, sizeof(any)) || listen(server, 64))
        return EXIT_FAILURE;
    for (int client; (client = accept(server, NULL, NULL)) >= 0; close(client)) {
        char request[4096] = "";
        if (read(client, request, sizeof(request) - 1) > 0)
            dprintf(client, "HTTP/1.0 %s\r\nContent-Length: %zu\r\n\r\n%s", answer(does, request),
                    strlen(words), words);
    }
    return EXIT_FAILURE;
}

int main(void)
{
    char words[256] = "", does[32] = "good";
    unsigned seconds = 0;
    FILE *file = fopen("/does", "r");
    if (!file || !fgets(words, sizeof(words), file) || sscanf(words, "%31s %u", does, &seconds) < 1)
        return EXIT_FAILURE;
    signal(SIGTERM, end);
    signal(SIGALRM, end);
    signal(SIGPIPE, SIG_IGN);
    status_after = strcmp(does, "done") ? EXIT_FAILURE : EXIT_SUCCESS;
    if (strcmp(does, "crash") == 0 || strcmp(does, "done") == 0) {
        if (seconds == 0)
            return status_after;
        alarm(seconds);
    }
    if (strcmp(does, "eat") == 0)
        eat();
    return serve(does, words);
}
