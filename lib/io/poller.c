/* SPDX-License-Identifier: Apache-2.0 */
/* poller: see the header. */
#include "poller.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pinnace/banned.h"

enum { EVENTS_MAX = 32 };

int poller_open(struct poller *poller, struct err *err)
{
    *poller = (struct poller){epoll_create1(EPOLL_CLOEXEC), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (poller->set >= 0 && poller->wake >= 0 && poller_follow(poller, poller->wake, true, false))
        return 0;
    err_set(err, ERR_SYSTEM, "no descriptors can be waited for: %s", strerror(errno));
    poller_close(poller);
    return -1;
}

void poller_close(struct poller *poller)
{
    if (poller->set > 0)
        close(poller->set);
    if (poller->wake > 0)
        close(poller->wake);
    *poller = (struct poller){0, 0};
}

bool poller_follow(const struct poller *poller, int fd, bool to_read, bool to_write)
{
    struct epoll_event event = {.events = (to_read ? EPOLLIN : 0u) | (to_write ? EPOLLOUT : 0u),
                                .data.fd = fd};
    if (epoll_ctl(poller->set, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    return errno == EEXIST && epoll_ctl(poller->set, EPOLL_CTL_MOD, fd, &event) == 0;
}

void poller_leave(const struct poller *poller, int fd)
{
    epoll_ctl(poller->set, EPOLL_CTL_DEL, fd, NULL);
}

static bool is_wake(const struct poller *poller, int fd)
{
    uint64_t count;
    return fd == poller->wake && (read(fd, &count, sizeof(count)) > 0 || errno == EAGAIN);
}

int poller_wait(const struct poller *poller, int wait_ms, struct poller_event *ret_events, int max)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poller->set, events, max < EVENTS_MAX ? max : EVENTS_MAX, wait_ms);
    int found = 0;
    for (int i = 0; i < count; i++)
        if (!is_wake(poller, events[i].data.fd))
            ret_events[found++] =
                (struct poller_event){.fd = events[i].data.fd,
                                      .readable = events[i].events & EPOLLIN,
                                      .writable = events[i].events & EPOLLOUT,
                                      .broken = events[i].events & (EPOLLERR | EPOLLHUP)};
    return count < 0 && errno != EINTR ? -1 : found;
}

void poller_wake(const struct poller *poller)
{
    const uint64_t one = 1;
    /* It can only be full, and then it wakes anyway. */
    if (write(poller->wake, &one, sizeof(one)) < 0)
        return;
}
