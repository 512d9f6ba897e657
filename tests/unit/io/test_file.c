/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../check.h"

#include "pinnace/file.h"

#include "pinnace/banned.h"

static struct str content(struct arena *arena, const char *path)
{
    struct str text = STR_NONE;
    struct err err = ERR_CLEAN;
    if (file_read(path, 4096, arena, &text, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

TEST(replaced)
{
    TEST_ARENA(arena);
    struct err err = ERR_CLEAN;
    struct stat before, after;
    char folder[] = P_tmpdir "/pinnace-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    FILE *file = fopen("f", "w");
    assert_true(file && fputs("old", file) >= 0 && fclose(file) == 0);
    assert_int_equal(chmod("f", 0640), 0);
    assert_int_equal(symlink("f", "link"), 0);
    assert_int_equal(stat("f", &before), 0);
    CHECK_INT("a file", file_replace("f", STR("new"), &err), 0);
    CHECK_STR("a file", content(&arena, "f"), STR("new"));
    assert_int_equal(stat("f", &after), 0);
    CHECK_INT("its mode", after.st_mode, before.st_mode);
    CHECK("another file", after.st_ino != before.st_ino);
    CHECK_INT("by a link", file_replace("link", STR(""), &err), 0);
    CHECK_STR("by a link", content(&arena, "f"), STR(""));
    assert_int_equal(lstat("link", &after), 0);
    CHECK("still a link", S_ISLNK(after.st_mode));
    CHECK_INT("none", file_replace("none", STR("x"), &err), -1);
    CHECK_HAS("none", ERR_TEXT(err), "none: ");
    CHECK_INT("a folder", file_replace(".", STR("x"), &err), -1);
    CHECK_HAS("a folder", ERR_TEXT(err), "no file that could be written");
    assert_int_equal(unlink("link") + unlink("f"), 0);
    CHECK_INT("nothing is left behind", rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(replaced)};
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
