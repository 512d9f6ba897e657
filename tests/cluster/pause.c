/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of every pod: keeps the pod's namespaces open, reaps the orphans of a pod whose
   containers share one process namespace, and ends when asked to. Linked statically, alone in its image. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal)
{
    (void)signal;
    _exit(0);
}

static void reap(int signal)
{
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

int main(void)
{
    /* A first process ignores every signal that it has no handler for. */
    struct sigaction ending = {.sa_handler = end};
    struct sigaction reaping = {.sa_handler = reap, .sa_flags = SA_NOCLDSTOP};

    if (sigaction(SIGTERM, &ending, NULL) || sigaction(SIGINT, &ending, NULL) ||
        sigaction(SIGCHLD, &reaping, NULL))
        return EXIT_FAILURE;
    for (;;)
        pause();
}
