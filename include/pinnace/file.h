/* SPDX-License-Identifier: Apache-2.0 */
/* file: bytes from the file system, with a ceiling. Every error names the file. */
#ifndef PINNACE_FILE_H
#define PINNACE_FILE_H

#include "pinnace/arena.h"
#include "pinnace/err.h"
#include "pinnace/siphash.h"
#include "pinnace/str.h"

/* The whole file, or standard input for "-", with a NUL behind it; at most max_bytes. */
int file_read(const char *path, size_t max_bytes, struct arena *arena, struct str *ret_text,
              struct err *err);

/* Whether the path is a folder; -1 when there is nothing there. */
int file_is_folder(const char *path, bool *ret_is_folder, struct err *err);

/*
 * The names of the files below a folder that end in .yaml, .yml or .json, in the order of the
 * alphabet, hidden ones left out.
 */
struct file_names {
    const char **items;
    size_t count;
};
int file_list_manifests(const char *folder, struct arena *arena, struct file_names *ret_names,
                        struct err *err);

/*
 * Another content for a file that is there, all at once: whoever reads it meanwhile, or after a
 * crash, finds the old one or the new one. Mode and owner stay, and so does a symbolic link.
 */
int file_replace(const char *path, struct str text, struct err *err);

/* Seconds since 1970, and a key that nobody outside this process knows. */
int64_t clock_now(void);
int random_key(struct siphash_key *ret_key, struct err *err);

#endif
