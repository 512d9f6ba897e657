/* SPDX-License-Identifier: Apache-2.0 */
/* listen: see the header. */
#include "pinnace/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pinnace/str.h"

#include "pinnace/banned.h"

enum { BACKLOG = 1024 };

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } socket;
    socklen_t size;
    bool every; /* of both families */
};

static bool parse_port(struct str text, in_port_t *ret_port)
{
    unsigned port = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!ascii_is_digit(text.ptr[i]))
            return false;
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (port > 65535)
        return false;
    *ret_port = htons((in_port_t)port);
    return true;
}

static struct address every_ipv4(in_port_t port)
{
    struct address address = {.size = sizeof(struct sockaddr_in)};
    address.socket.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    return address;
}

static bool parse_host(struct str host, in_port_t port, struct address *ret_address)
{
    char text[INET6_ADDRSTRLEN];
    struct address address = {.size = sizeof(struct sockaddr_in6), .every = host.len == 0};
    address.socket.ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    bool brackets = str_starts(host, STR("[")) && str_ends(host, STR("]"));
    if (brackets)
        host = str_head(str_tail(host, 1), host.len - 2);
    if (host.len >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", STR_FMT(host));
    if (!address.every && brackets &&
        inet_pton(AF_INET6, text, &address.socket.ipv6.sin6_addr) != 1)
        return false;
    if (!address.every && !brackets) {
        address = every_ipv4(port);
        if (inet_pton(AF_INET, text, &address.socket.ipv4.sin_addr) != 1)
            return false;
    }
    *ret_address = address;
    return true;
}

static bool parse_address(struct str text, struct address *ret_address)
{
    in_port_t port;
    size_t colon = str_rfind(text, ':');
    return colon != STR_NOT_FOUND && parse_port(str_tail(text, colon + 1), &port) &&
           parse_host(str_head(text, colon), port, ret_address);
}

/* -1 with errno set. */
static int open_socket(const struct address *address)
{
    int family = address->socket.any.sa_family, yes = 1, only_ipv6 = !address->every;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof(only_ipv6));
    if (bind(fd, &address->socket.any, address->size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

int listen_open(const char *text, int *ret_fd, struct err *err)
{
    struct address address;
    if (!parse_address(str_of(text), &address))
        return err_set(err, ERR_INPUT,
                       "\"%s\" is no address to listen at, such as 127.0.0.1:8443, [::1]:8443 or "
                       ":8443",
                       text);
    int fd = open_socket(&address);
    if (fd < 0 && address.every && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        address = every_ipv4(address.socket.ipv6.sin6_port);
        fd = open_socket(&address);
    }
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "cannot listen at %s: %s", text, strerror(errno));
    *ret_fd = fd;
    return 0;
}

void listen_name(int fd, char name[LISTEN_NAME_SIZE])
{
    struct address address = {.size = sizeof(address.socket)};
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, &address.socket.any, &address.size) < 0) {
        snprintf(name, LISTEN_NAME_SIZE, "unknown");
    } else if (address.socket.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.socket.ipv6.sin6_addr, host, sizeof(host));
        snprintf(name, LISTEN_NAME_SIZE, "[%s]:%d", host, ntohs(address.socket.ipv6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address.socket.ipv4.sin_addr, host, sizeof(host));
        snprintf(name, LISTEN_NAME_SIZE, "%s:%d", host, ntohs(address.socket.ipv4.sin_port));
    }
}
