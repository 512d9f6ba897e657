/* SPDX-License-Identifier: Apache-2.0 */
/* read_track: reads one Track as JSON on each line and says what the decoders think of it: "ok" or why not. */
#include <stdio.h>
#include <stdlib.h>

#include "pinnace/trackbook.h"

#include "pinnace/banned.h"

enum { ROOM = 64 * 1024 * 1024 };

static int read_both(struct str json, struct err *err)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(ROOM);
    struct trackspec spec;
    struct trackbook *book = arena_new(&arena, struct trackbook);
    if (!book)
        return err_no_memory(err);
    if (trackspec_read(json, &arena, &spec, err) < 0)
        return -1;
    return trackbook_read(json, &arena, book, err);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    for (ssize_t len; (len = getline(&line, &size, stdin)) > 0;) {
        struct err err = {ERR_NONE, ""};
        struct str json = {line, (size_t)len - (line[len - 1] == '\n')};
        puts(read_both(json, &err) < 0 ? err.text : "ok");
    }
    free(line);
    return EXIT_SUCCESS;
}
