/* SPDX-License-Identifier: Apache-2.0 */
/* report: for people at a terminal, and for the programs that read a pipeline's output. */
#include "report.h"

#include "pinnace/jsonwrite.h"

#include "pinnace/banned.h"

enum {
    TEXT_MAX = 8192,
    LINE_SHOWN = 100, /* of a line of the file; a minified one is shown around the finding */
};

static struct str finished(struct buf *buf)
{
    struct str text = STR_NONE;
    buf_finish(buf, &text, NULL);
    return text;
}

static struct str message_of(const struct report *report, const struct report_entry *entry)
{
    struct buf buf = BUF_INIT(report->arena, TEXT_MAX);
    buf_add_finding(&buf, entry->finding);
    return finished(&buf);
}

static struct str field_of(const struct report *report, const struct report_entry *entry)
{
    struct buf buf = BUF_INIT(report->arena, TEXT_MAX);
    buf_add_field(&buf, entry->finding->site);
    return finished(&buf);
}

static struct str suggestion_of(const struct report *report, const struct report_entry *entry)
{
    struct buf buf = BUF_INIT(report->arena, TEXT_MAX);
    buf_add_suggestion(&buf, entry->finding);
    return finished(&buf);
}

static struct str name_of(const struct object *object)
{
    return object->name.len ? object->name : object->generate_name;
}

static const char *file_of(const struct report_entry *entry)
{
    return entry->source->manifest->file;
}

/* ---- text ---- */

struct paint {
    const char *red, *yellow, *bold, *dim, *off;
};

static const struct paint no_paint = {"", "", "", "", ""};
static const struct paint ansi_paint = {"\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"};

/* A tab and what is not printable take one column, so that the caret stays under its word. */
static void add_plain(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_add_char(out, (unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f ? ' ' : s.ptr[i]);
}

/* How many bytes of the line the value takes that begins at column: to its end, for the caret. */
static size_t underlined(struct str line, size_t begin, struct str image)
{
    size_t len = image.len ? image.len : 1;
    if (begin < line.len && (line.ptr[begin] == '"' || line.ptr[begin] == '\''))
        len += 2;
    return begin + len > line.len ? 1 : len;
}

static void add_excerpt(struct buf *out, const struct report_entry *entry,
                        const struct paint *paint)
{
    struct str line = manifest_line(entry->source->manifest, entry->place.line);
    size_t begin = entry->place.column - 1, first = 0;
    if (begin > line.len)
        begin = line.len;
    size_t marks = underlined(line, begin, site_image(entry->finding->site));
    if (line.len > LINE_SHOWN && begin > LINE_SHOWN / 2)
        first = begin - LINE_SHOWN / 2;
    struct str shown = str_tail(line, first);
    if (shown.len > LINE_SHOWN)
        shown = str_head(shown, LINE_SHOWN);
    if (marks > LINE_SHOWN)
        marks = LINE_SHOWN;
    buf_addf(out, "%s%6zu |%s ", paint->dim, entry->place.line, paint->off);
    add_plain(out, shown);
    buf_addf(out, "\n%s       |%s ", paint->dim, paint->off);
    for (size_t i = first; i < begin; i++)
        buf_add_char(out, ' ');
    buf_add(out, str_of(paint->red));
    for (size_t i = 0; i < marks; i++)
        buf_add_char(out, '^');
    buf_addf(out, "%s\n", paint->off);
}

static void add_whose(struct buf *out, const struct report_entry *entry)
{
    const struct object *object = entry->object;
    buf_addf(out, "%.*s ", STR_FMT(object->kind_name));
    buf_add_quoted(out, name_of(object), 253);
    if (object->namespace.len) {
        buf_add(out, STR(" of namespace "));
        buf_add_quoted(out, object->namespace, 63);
    }
    buf_add(out, STR(", "));
    buf_add_holder(out, entry->finding->site);
}

static void add_entry(struct buf *out, const struct report *report,
                      const struct report_entry *entry, const struct paint *paint)
{
    bool refused = entry->finding->weight == FINDING_REFUSED;
    struct str suggestion = suggestion_of(report, entry);
    buf_addf(out, "%s%s:%zu:%zu:%s %s%.*s%s%s ", paint->bold, file_of(entry), entry->place.line,
             entry->place.column, paint->off, refused ? paint->red : paint->yellow,
             STR_FMT(reason_names[entry->finding->reason]), refused ? "" : " (let pass)",
             paint->off);
    add_whose(out, entry);
    buf_add_char(out, '\n');
    add_excerpt(out, entry, paint);
    buf_add(out, STR("       "));
    buf_add(out, message_of(report, entry));
    buf_add_char(out, '\n');
    if (suggestion.len)
        buf_addf(out, "       %spaste:%s %.*s\n", paint->bold, paint->off, STR_FMT(suggestion));
    buf_add_char(out, '\n');
}

static void add_skipped(struct buf *out, const struct report *report)
{
    const char *before = "Not judged, since no pods come of them: ";
    for (const struct report_skipped *s = report->skipped; s; s = s->next) {
        buf_add(out, str_of(before));
        buf_add_quoted(out, s->kind_name, 63);
        buf_add(out, STR(" of "));
        buf_add_quoted(out, s->api_version, 253);
        if (s->count > 1)
            buf_addf(out, " (%zu)", s->count);
        before = ", ";
    }
    if (report->skipped)
        buf_add(out, STR(".\n"));
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void report_text(struct buf *out, const struct report *report, bool colour)
{
    const struct paint *paint = colour ? &ansi_paint : &no_paint;
    for (const struct report_entry *entry = report->entries; entry; entry = entry->next)
        add_entry(out, report, entry, paint);
    add_skipped(out, report);
    buf_addf(out, "%zu object%s in %zu file%s, %zu image%s: ", report->objects,
             plural(report->objects), report->files, plural(report->files), report->images,
             plural(report->images));
    struct str level = level_names[report->level];
    if (report->violations)
        buf_addf(out, "%zu violation%s of level \"%.*s\".\n", report->violations,
                 plural(report->violations), STR_FMT(level));
    else
        buf_addf(out, "no violation of level \"%.*s\".\n", STR_FMT(level));
    if (report->unread)
        buf_addf(out, "%zu part%s could not be read and so not judged: see the error%s above.\n",
                 report->unread, plural(report->unread), plural(report->unread));
}

/* ---- JSON ---- */

static void write_violation(struct json_writer *json, const struct report *report,
                            const struct report_entry *entry)
{
    const struct finding *finding = entry->finding;
    json_open(json, '{');
    json_member(json, "file", str_of(file_of(entry)));
    json_key(json, "line");
    json_number(json, (int64_t)entry->place.line);
    json_member(json, "kind", entry->object->kind_name);
    json_member(json, "namespace", entry->object->namespace);
    json_member(json, "name", name_of(entry->object));
    json_member(json, "field", field_of(report, entry));
    json_member(json, "image", site_image(finding->site));
    json_member(json, "reason", reason_names[finding->reason]);
    json_member(json, "message", message_of(report, entry));
    json_member(json, "suggestion", suggestion_of(report, entry));
    json_close(json, '}');
}

void report_json(struct buf *out, const struct report *report)
{
    struct json_writer json = {.buf = out};
    json_open(&json, '{');
    json_key(&json, "objects");
    json_number(&json, (int64_t)report->objects);
    json_key(&json, "images");
    json_number(&json, (int64_t)report->images);
    json_key(&json, "violations");
    json_open(&json, '[');
    for (const struct report_entry *entry = report->entries; entry; entry = entry->next)
        if (entry->finding->weight == FINDING_REFUSED)
            write_violation(&json, report, entry);
    json_close(&json, ']');
    json_close(&json, '}');
    buf_add_char(out, '\n');
}

/* ---- SARIF 2.1.0 ---- */

static bool is_unreserved(char c)
{
    return ascii_is_digit(c) || ascii_is_alpha(c) || strchr("-._~/", c);
}

/* A path as a relative URI reference. */
static struct str uri_of(const struct report *report, const char *file)
{
    struct buf uri = BUF_INIT(report->arena, 3 * TEXT_MAX);
    while (file[0] == '.' && file[1] == '/')
        file += 2;
    for (const char *p = file; *p; p++) {
        if (is_unreserved(*p))
            buf_add_char(&uri, *p);
        else
            buf_addf(&uri, "%%%02X", (unsigned char)*p);
    }
    return finished(&uri);
}

static void write_text(struct json_writer *json, const char *key, struct str text)
{
    json_key(json, key);
    json_open(json, '{');
    json_member(json, "text", text);
    json_close(json, '}');
}

static void write_location(struct json_writer *json, const struct report *report,
                           const struct report_entry *entry)
{
    json_open(json, '{');
    json_key(json, "physicalLocation");
    json_open(json, '{');
    json_key(json, "artifactLocation");
    json_open(json, '{');
    json_member(json, "uri", uri_of(report, file_of(entry)));
    json_close(json, '}');
    json_key(json, "region");
    json_open(json, '{');
    json_key(json, "startLine");
    json_number(json, (int64_t)entry->place.line);
    json_key(json, "startColumn");
    json_number(json, (int64_t)entry->place.column);
    json_close(json, '}');
    json_close(json, '}');
    json_key(json, "logicalLocations");
    json_open(json, '[');
    json_open(json, '{');
    json_member(json, "fullyQualifiedName", field_of(report, entry));
    json_close(json, '}');
    json_close(json, ']');
    json_close(json, '}');
}

static void write_result(struct json_writer *json, const struct report *report,
                         const struct report_entry *entry)
{
    bool refused = entry->finding->weight == FINDING_REFUSED;
    json_open(json, '{');
    json_member(json, "ruleId", reason_names[entry->finding->reason]);
    json_member(json, "level", refused ? STR("error") : STR("note"));
    write_text(json, "message", message_of(report, entry));
    json_key(json, "locations");
    json_open(json, '[');
    write_location(json, report, entry);
    json_close(json, ']');
    json_close(json, '}');
}

/* How to mend it: code hosts ask for it, and show it with the rule. */
static const struct str helps[REASONS] = {
    [REASON_NO_DIGEST] =
        STR_INIT("Append @sha256:... of the image you mean; \"kubectl pinnace pin\" "
                 "writes it into manifests."),
    [REASON_MUTABLE_TAG] = STR_INIT("Name a version, or better a digest."),
    [REASON_NO_TAG] = STR_INIT("Name a version, or better a digest."),
    [REASON_BAD_REFERENCE] = STR_INIT("\"kubectl pinnace ref NAME\" tells how a name is read."),
    [REASON_BAD_DIGEST] = STR_INIT("Write sha256: and 64 hex digits, or sha512: and 128."),
    [REASON_REGISTRY_NOT_ALLOWED] =
        STR_INIT("Take the image from a registry that the PinPolicy allows."),
    [REASON_NOT_RELEASED] = STR_INIT("Let the Track release it, or name what it released."),
    [REASON_TAG_MISMATCH] = STR_INIT("Write the tag that was released with the digest, or none."),
    [REASON_TAG_MOVED] = STR_INIT("Push a new version: a released one keeps its bytes."),
};

static void write_rule(struct json_writer *json, int reason)
{
    json_open(json, '{');
    json_member(json, "id", reason_names[reason]);
    write_text(json, "shortDescription", reason_summaries[reason]);
    write_text(json, "fullDescription", reason_summaries[reason]);
    write_text(json, "help", helps[reason]);
    json_close(json, '}');
}

static void write_driver(struct json_writer *json)
{
    json_open(json, '{');
    json_member(json, "name", STR("pinnace"));
    json_member(json, "version", STR(PINNACE_VERSION));
    json_key(json, "rules");
    json_open(json, '[');
    for (int reason = REASON_NONE + 1; reason < REASONS; reason++)
        write_rule(json, reason);
    json_close(json, ']');
    json_close(json, '}');
}

void report_sarif(struct buf *out, const struct report *report)
{
    struct json_writer json = {.buf = out};
    json_open(&json, '{');
    json_member(&json, "$schema", STR("https://json.schemastore.org/sarif-2.1.0.json"));
    json_member(&json, "version", STR("2.1.0"));
    json_key(&json, "runs");
    json_open(&json, '[');
    json_open(&json, '{');
    json_key(&json, "tool");
    json_open(&json, '{');
    json_key(&json, "driver");
    write_driver(&json);
    json_close(&json, '}');
    /* Without it, a file that could not be read would look like one without findings. */
    json_key(&json, "invocations");
    json_open(&json, '[');
    json_open(&json, '{');
    json_key(&json, "executionSuccessful");
    json_bool(&json, report->unread == 0);
    json_close(&json, '}');
    json_close(&json, ']');
    json_key(&json, "results");
    json_open(&json, '[');
    for (const struct report_entry *entry = report->entries; entry; entry = entry->next)
        write_result(&json, report, entry);
    json_close(&json, ']');
    json_close(&json, '}');
    json_close(&json, ']');
    json_close(&json, '}');
    buf_add_char(out, '\n');
}

/* ---- GitHub's workflow commands ---- */

/* What would end a command, or a property of it, is written as %XX. */
static void add_command_text(struct buf *out, struct str s, const char *special)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] && strchr(special, s.ptr[i]))
            buf_addf(out, "%%%02X", (unsigned char)s.ptr[i]);
        else
            buf_add_char(out, s.ptr[i]);
    }
}

void report_github(struct buf *out, const struct report *report)
{
    for (const struct report_entry *entry = report->entries; entry; entry = entry->next) {
        bool refused = entry->finding->weight == FINDING_REFUSED;
        buf_addf(out, "::%s file=", refused ? "error" : "notice");
        add_command_text(out, str_of(file_of(entry)), "%\r\n:,");
        buf_addf(out, ",line=%zu,col=%zu,title=%.*s::", entry->place.line, entry->place.column,
                 STR_FMT(reason_names[entry->finding->reason]));
        add_command_text(out, message_of(report, entry), "%\r\n");
        buf_add_char(out, '\n');
    }
}
