/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: see the header. The ring holds whole lines one behind the other. The writer takes a piece
 * out, lets go of the lock, and only then writes, for as long as that may take.
 */
#include "pinnace/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pinnace/clock.h"
#include "pinnace/jsonwrite.h"
#include "pinnace/when.h"

#include "pinnace/banned.h"

enum {
    RING_BYTES = 256 * 1024,
    PIECE_BYTES = 8 * 1024,
    LINE_MAX_BYTES = 4 * 1024,
    TEXT_MAX_BYTES = 512,
    GATHER_MS = 5,
    LAST_LINES_MS = 1000, /* for what is still to be written at the end */
};

struct log {
    int fd;
    pthread_t writer;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t more, done;
    bool closing, finished;
    bool abandoned;    /* whoever opened it is gone; the writer frees it */
    size_t begin, len; /* of what is in the ring */
    uint64_t dropped, told;
    char ring[RING_BYTES];
};

/* ---- the ring; the lock is held ---- */

static bool push(struct log *log, struct str line)
{
    if (line.len > RING_BYTES - log->len)
        return false;
    size_t at = (log->begin + log->len) % RING_BYTES;
    size_t first = RING_BYTES - at < line.len ? RING_BYTES - at : line.len;
    memcpy(log->ring + at, line.ptr, first);
    memcpy(log->ring, line.ptr + first, line.len - first);
    log->len += line.len;
    return true;
}

static size_t pull(struct log *log, char piece[PIECE_BYTES])
{
    size_t size = log->len < PIECE_BYTES ? log->len : PIECE_BYTES;
    size_t first = RING_BYTES - log->begin < size ? RING_BYTES - log->begin : size;
    memcpy(piece, log->ring + log->begin, first);
    memcpy(piece + first, log->ring, size - first);
    log->begin = (log->begin + size) % RING_BYTES;
    log->len -= size;
    return size;
}

/* ---- lines ---- */

static const char *const severity_names[] = {
    [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

/* "2026-11-21T09:30:00.123Z" */
static struct str time_text(struct arena *arena)
{
    struct timespec now;
    struct buf text = BUF_INIT(arena, 64);
    struct str whole = STR_NONE;
    clock_gettime(CLOCK_REALTIME, &now);
    buf_add_when(&text, now.tv_sec);
    if (text.len)
        text.len--;
    buf_addf(&text, ".%03dZ", (int)(now.tv_nsec / 1000000));
    buf_finish(&text, &whole, NULL);
    return whole;
}

static void add_field(struct json_writer *json, const struct log_field *field)
{
    struct str text = field->text;
    json_key(json, field->key);
    if (field->is_number)
        json_number(json, field->number);
    else
        json_string(json, text.len > TEXT_MAX_BYTES ? str_head(text, TEXT_MAX_BYTES) : text);
}

/* Fields that do not fit any more are left out: half a line would be no line. */
static int render(struct arena *arena, enum log_severity severity, const char *event,
                  const struct log_field *fields, size_t count, struct str *ret_line)
{
    struct buf text = BUF_INIT(arena, LINE_MAX_BYTES);
    struct json_writer json = {.buf = &text};
    json_open(&json, '{');
    json_member(&json, "time", time_text(arena));
    json_member(&json, "level", str_of(severity_names[severity]));
    json_member(&json, "event", str_of(event));
    for (size_t i = 0; i < count; i++) {
        struct buf before = text;
        add_field(&json, &fields[i]);
        if (text.failed || text.len > LINE_MAX_BYTES - 8)
            text = before;
    }
    json_close(&json, '}');
    buf_add_char(&text, '\n');
    return buf_finish(&text, ret_line, NULL);
}

static void push_line(struct log *log, struct str line)
{
    pthread_mutex_lock(&log->lock);
    if (!push(log, line))
        log->dropped++;
    else
        pthread_cond_signal(&log->more);
    pthread_mutex_unlock(&log->lock);
}

void log_write(struct log *log, enum log_severity severity, const char *event,
               const struct log_field *fields, size_t count)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * LINE_MAX_BYTES);
    struct str line;
    if (render(&arena, severity, event, fields, count, &line) == 0)
        push_line(log, line);
}

uint64_t log_dropped(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->lock);
    return dropped;
}

/* ---- the writer ---- */

/* What cannot be written at all is lost: there is no other place to say so. */
static void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, bytes, size);
        if (done < 0 && errno != EINTR)
            return;
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        }
    }
}

/* Told as soon as there is room again. The lock is held. */
static void tell_dropped(struct log *log)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT(16 * LINE_MAX_BYTES);
    struct log_field lines = LOG_NUMBER("lines", log->dropped - log->told);
    struct str line;
    if (log->dropped == log->told || render(&arena, LOG_WARNING, "log dropped", &lines, 1, &line))
        return;
    if (push(log, line))
        log->told = log->dropped;
}

static void destroy(struct log *log)
{
    pthread_cond_destroy(&log->more);
    pthread_cond_destroy(&log->done);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

/* One line seldom comes alone; waking up for each costs those who log more than the line. */
static void wait_for_lines(struct log *log)
{
    const struct timespec gather = {.tv_nsec = GATHER_MS * 1000000L};
    bool slept = false;
    while (log->len == 0 && !log->closing) {
        pthread_cond_wait(&log->more, &log->lock);
        slept = true;
    }
    if (!slept || log->closing)
        return;
    pthread_mutex_unlock(&log->lock);
    nanosleep(&gather, NULL);
    pthread_mutex_lock(&log->lock);
}

static void *run_writer(void *context)
{
    struct log *log = context;
    char piece[PIECE_BYTES];
    pthread_mutex_lock(&log->lock);
    for (;;) {
        wait_for_lines(log);
        if (log->len == 0)
            break;
        size_t size = pull(log, piece);
        tell_dropped(log);
        pthread_mutex_unlock(&log->lock);
        write_all(log->fd, piece, size);
        pthread_mutex_lock(&log->lock);
    }
    log->finished = true;
    bool abandoned = log->abandoned;
    pthread_cond_signal(&log->done);
    pthread_mutex_unlock(&log->lock);
    if (abandoned)
        destroy(log);
    return NULL;
}

int log_open(int fd, struct log **ret_log, struct err *err)
{
    struct log *log = calloc(1, sizeof(*log));
    if (!log)
        return err_no_memory(err);
    log->fd = fd;
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->more, NULL);
    clock_cond_init(&log->done);
    if (pthread_create(&log->writer, NULL, run_writer, log) != 0) {
        destroy(log);
        return err_set(err, ERR_SYSTEM, "no thread can be started");
    }
    *ret_log = log;
    return 0;
}

void log_close(struct log **log_in)
{
    struct log *log = *log_in;
    if (!log)
        return;
    *log_in = NULL;
    const struct timespec until = clock_deadline(LAST_LINES_MS);
    pthread_mutex_lock(&log->lock);
    log->closing = true;
    pthread_cond_signal(&log->more);
    while (!log->finished && pthread_cond_timedwait(&log->done, &log->lock, &until) == 0)
        continue;
    bool finished = log->finished;
    log->abandoned = !finished;
    if (!finished)
        pthread_detach(log->writer); /* it hangs in a write; the process ends without it */
    pthread_mutex_unlock(&log->lock);
    if (!finished)
        return;
    pthread_join(log->writer, NULL);
    destroy(log);
}
