/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: gives a fuzz target every file of the folders and files named, for compilers without
 * libFuzzer. A folder without files fails, so that a corpus cannot get lost unnoticed.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 64 * 1024 * 1024, PATH_SIZE = 4096 };

/* The number of files replayed; 0 when this one cannot be read. */
static unsigned replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(size ? size : 1); /* of exactly that size: reading past it shows */
    bool whole = file && bytes && size <= FILE_MAX && fread(bytes, 1, size, file) == size;
    if (whole)
        LLVMFuzzerTestOneInput(bytes, size);
    else
        fprintf(stderr, "%s: cannot be read\n", path);
    if (file)
        fclose(file);
    free(bytes);
    return whole ? 1 : 0;
}

static unsigned replay(const char *path);

static unsigned replay_folder(const char *path, DIR *folder)
{
    unsigned count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inner[PATH_SIZE];
        int len = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof(inner))
            count += replay(inner);
    }
    return count;
}

static unsigned replay(const char *path)
{
    struct stat status;
    if (stat(path, &status)) {
        perror(path);
        return 0;
    }
    if (!S_ISDIR(status.st_mode))
        return replay_file(path, (size_t)status.st_size);
    DIR *folder = opendir(path);
    if (!folder) {
        perror(path);
        return 0;
    }
    unsigned count = replay_folder(path, folder);
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    unsigned total = 0;
    bool all = argc > 1;
    for (int i = 1; i < argc; i++) {
        unsigned count = replay(argv[i]);
        if (count == 0)
            fprintf(stderr, "%s: nothing to replay\n", argv[i]);
        all = all && count > 0;
        total += count;
    }
    printf("%u inputs replayed\n", total);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
