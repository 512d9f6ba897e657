/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: one JSON object a line, for programs only. Lines go through a ring to a thread that writes
 * them; when whoever reads them has stopped reading, lines are dropped and counted, and those who
 * log never wait.
 */
#ifndef PINNACE_LOG_H
#define PINNACE_LOG_H

#include "pinnace/err.h"
#include "pinnace/str.h"

enum log_severity {
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
};

struct log_field {
    const char *key;
    struct str text; /* at most 512 bytes of it are kept */
    int64_t number;
    bool is_number;
};

#define LOG_TEXT(field_key, value) ((struct log_field){.key = (field_key), .text = (value)})
#define LOG_NUMBER(field_key, value)                                                               \
    ((struct log_field){.key = (field_key), .number = (int64_t)(value), .is_number = true})

struct log;

/* fd stays the caller's. */
int log_open(int fd, struct log **ret_log, struct err *err);

/* {"time":…,"level":…,"event":event, the fields} */
void log_write(struct log *log, enum log_severity severity, const char *event,
               const struct log_field *fields, size_t count);

/* Lines that found no room, since the beginning. */
uint64_t log_dropped(struct log *log);

/* Writes what is left, for at most a second; *log is NULL then. */
void log_close(struct log **log);

#endif
