/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pinnace/listen.h"

#include "pinnace/banned.h"

TEST(addresses)
{
    static const struct {
        const char *address;
        bool valid;
    } rows[] = {
        {"127.0.0.1:0", true},
        {":0", true},
        {"", false},
        {":", false},
        {"8443", false},
        {"127.0.0.1", false},
        {"127.0.0.1:", false},
        {"127.0.0.1:65536", false},
        {"127.0.0.1:99999999999", false},
        {"127.0.0.1:+1", false},
        {"127.0.0.1:0x50", false},
        {"127.0.0.1: 80", false},
        {"127.1:0", false},
        {"256.0.0.1:0", false},
        {"localhost:0", false},
        {"*:0", false},
        {"::1:0", false},
        {"[::1]", false},
        {"[::1:0", false},
        {"[]:0", false},
        {"[127.0.0.1]:0", false},
        {"[::1%lo]:0", false},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:0", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = ERR_CLEAN;
        int fd = -1;
        CHECK_INT(rows[i].address, listen_open(rows[i].address, &fd, &err), rows[i].valid ? 0 : -1);
        CHECK_INT(rows[i].address, err.kind, rows[i].valid ? ERR_NONE : ERR_INPUT);
        CHECK(rows[i].address, (fd >= 0) == rows[i].valid);
        if (rows[i].valid)
            close(fd);
        else
            CHECK_HAS(rows[i].address, ERR_TEXT(err), "is no address to listen at");
    }
}

TEST(the_socket_listens_where_it_says)
{
    struct err err = ERR_CLEAN;
    char name[LISTEN_NAME_SIZE];
    int fd, again, listens = 0;
    socklen_t size = sizeof(listens);
    assert_int_equal(listen_open("127.0.0.1:0", &fd, &err), 0);
    listen_name(fd, name);
    CHECK("name", str_starts(str_of(name), STR("127.0.0.1:")) && strcmp(name, "127.0.0.1:0") != 0);
    CHECK_INT("socket", getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size), 0);
    CHECK("socket", listens);
    CHECK("socket", (fcntl(fd, F_GETFD) & FD_CLOEXEC) && (fcntl(fd, F_GETFL) & O_NONBLOCK));
    CHECK_INT("taken", listen_open(name, &again, &err), -1);
    CHECK_INT("taken", err.kind, ERR_SYSTEM);
    CHECK_HAS("taken", ERR_TEXT(err), name);
    close(fd);
    listen_name(fd, name);
    CHECK_STR("closed", str_of(name), STR("unknown"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(the_socket_listens_where_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
