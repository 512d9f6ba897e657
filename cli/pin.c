/* SPDX-License-Identifier: Apache-2.0 */
/* pin: writes the digests that tags mean now into manifests, and touches nothing else of them. */
#include <stdio.h>

#include "asking.h"

#include "pinnace/file.h"
#include "pinnace/manifestedit.h"
#include "pinnace/object.h"

#include "pinnace/banned.h"

enum { OPTION_FILE, OPTION_UPDATE, OPTION_DRY_RUN, OPTION_ASKING };

static const struct cli_option options[] = {
    [OPTION_FILE] = {'f', "filename", "FILE", "FILE",
                     "a manifest, a folder of them, or - (repeatable)"},
    [OPTION_UPDATE] = {'u', "update", NULL, NULL,
                       "what has a digest gets the one its tag means now, too"},
    [OPTION_DRY_RUN] = {'\0', "dry-run", NULL, NULL, "show the changes, and write nothing"},
    ASKING_OPTIONS(OPTION_ASKING),
    {0},
};

enum { IMAGES_MAX = 10000 };

/* One place in a manifest, and which of the images it is. */
struct place {
    const struct manifest_object *object;
    size_t offset, image;
};

struct pinned_file {
    struct manifest manifest;
    struct place *places;
    size_t count, room;
    struct str text; /* as it is to be */
};

struct pinner {
    struct asking asking;
    struct arena *arena;
    const char **names;
    struct pinned_file *files;
    size_t name_count, file_count, file_room;
    struct asking_image *images; /* each once, however often it is written */
    size_t image_count;
    bool update, dry_run;
};

/* --- What there is to pin ---------------------------------------------------------------------- */

static int find_image(struct pinner *pinner, struct str text, const struct imageref *ref,
                      size_t *ret_index, struct err *err)
{
    for (size_t i = 0; i < pinner->image_count; i++) {
        if (!str_eq(pinner->images[i].text, text))
            continue;
        *ret_index = i;
        return 0;
    }
    if (pinner->image_count == IMAGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d different images", (int)IMAGES_MAX);
    struct asking_image *image = &pinner->images[pinner->image_count];
    *image = (struct asking_image){.text = text, .ref = *ref};
    image->ref.digest = STR_NONE;
    *ret_index = pinner->image_count++;
    return 0;
}

static int add_place(struct pinner *pinner, struct pinned_file *file, struct place place,
                     struct err *err)
{
    if (file->count == file->room) {
        size_t room = file->room ? 2 * file->room : 16;
        struct place *more = arena_array(pinner->arena, struct place, room);
        if (!more)
            return err_no_memory(err);
        if (file->count)
            memcpy(more, file->places, file->count * sizeof(*more));
        file->places = more;
        file->room = room;
    }
    file->places[file->count++] = place;
    return 0;
}

static int add_site(struct pinner *pinner, struct pinned_file *file,
                    const struct manifest_object *source, const struct image_site *site,
                    struct err *err)
{
    struct place place = {.object = source, .offset = site->offset};
    struct imageref ref = {0};
    struct str image = site_image(site);
    if (!image.len)
        return 0; /* a template that others fill in */
    enum imageref_fault fault = imageref_parse(image, &ref);
    if (fault != IMAGEREF_OK) {
        err_set(err, ERR_INPUT, "\"%.*s\": %s", STR_FMT(image), imageref_fault_text(fault));
        return manifest_prefix(source, site->offset, err);
    }
    if (ref.digest.len && (!pinner->update || !ref.tag.len))
        return 0;
    if (find_image(pinner, image, &ref, &place.image, err) < 0)
        return -1;
    return add_place(pinner, file, place, err);
}

static int add_object(struct pinner *pinner, struct pinned_file *file,
                      const struct manifest_object *source, struct err *err)
{
    struct object *object = arena_new(pinner->arena, struct object);
    struct image_cursor cursor = {0};
    if (!object)
        return err_no_memory(err);
    if (object_read(source->json, pinner->arena, object, err) < 0)
        return manifest_prefix(source, 0, err);
    if (!object->kind)
        return 0;
    for (const struct image_site *site; (site = object_next_image(object, &cursor));)
        if (add_site(pinner, file, source, site, err) < 0)
            return -1;
    return 0;
}

static int add_file(struct pinner *pinner, const char *name, struct err *err)
{
    if (pinner->file_count == pinner->file_room) {
        size_t room = pinner->file_room ? 2 * pinner->file_room : 16;
        struct pinned_file *more = arena_array(pinner->arena, struct pinned_file, room);
        if (!more)
            return err_no_memory(err);
        if (pinner->file_count)
            memcpy(more, pinner->files, pinner->file_count * sizeof(*more));
        pinner->files = more;
        pinner->file_room = room;
    }
    pinner->files[pinner->file_count++] = (struct pinned_file){.manifest = {.file = name}};
    return 0;
}

/* Objects point at their manifest, which has to stay where it is: all files are known before. */
static int read_files(struct pinner *pinner, struct err *err)
{
    for (size_t i = 0; i < pinner->file_count; i++) {
        struct pinned_file *file = &pinner->files[i];
        const char *name = file->manifest.file;
        if (manifest_read(name, pinner->arena, &file->manifest, err) < 0)
            return -1;
        const struct manifest_object *object = file->manifest.objects;
        for (; object; object = object->next)
            if (add_object(pinner, file, object, err) < 0)
                return -1;
    }
    return 0;
}

static int add_path(struct pinner *pinner, const char *path, struct err *err)
{
    bool is_folder = false;
    struct file_names names;
    if (strcmp(path, "-") != 0 && file_is_folder(path, &is_folder, err) < 0)
        return -1;
    if (!is_folder)
        return add_file(pinner, path, err);
    if (file_list_manifests(path, pinner->arena, &names, err) < 0)
        return -1;
    if (names.count == 0)
        return err_set(err, ERR_INPUT, "%s: no .yaml, .yml or .json file is in this folder", path);
    for (size_t i = 0; i < names.count; i++)
        if (add_file(pinner, names.items[i], err) < 0)
            return -1;
    return 0;
}

/* --- Pinning it -------------------------------------------------------------------------------- */

static int edit_file(struct pinner *pinner, struct pinned_file *file, struct err *err)
{
    struct manifest_change *changes =
        arena_array(pinner->arena, struct manifest_change, file->count);
    if (!changes)
        return err_no_memory(err);
    for (size_t i = 0; i < file->count; i++) {
        const struct asking_image *image = &pinner->images[file->places[i].image];
        struct buf to = BUF_INIT(pinner->arena, 8192);
        changes[i] = (struct manifest_change){.object = file->places[i].object,
                                              .offset = file->places[i].offset,
                                              .from = image->text};
        buf_add_resolved(&to, image);
        if (buf_finish(&to, &changes[i].to, err) < 0)
            return -1;
    }
    return manifest_edit(&file->manifest, changes, file->count, pinner->arena, &file->text, err);
}

static struct str next_line(struct str *rest)
{
    size_t end = str_find(*rest, '\n');
    struct str line = end == STR_NOT_FOUND ? *rest : str_head(*rest, end + 1);
    *rest = str_tail(*rest, line.len);
    return line;
}

static void add_diff_line(struct buf *out, char sign, struct str line)
{
    buf_add_char(out, sign);
    buf_add(out, line);
    if (!str_ends(line, STR("\n")))
        buf_add(out, STR("\n\\ No newline at end of file\n"));
}

/* As many lines before as after, so that no cleverness is needed. */
static void add_diff(struct buf *out, const struct pinned_file *file)
{
    struct str old = file->manifest.text, new = file->text;
    buf_addf(out, "--- %s\n+++ %s\n", file->manifest.file, file->manifest.file);
    for (size_t line = 1; old.len; line++) {
        struct str before = next_line(&old), after = next_line(&new);
        if (str_eq(before, after))
            continue;
        buf_addf(out, "@@ -%zu +%zu @@\n", line, line);
        add_diff_line(out, '-', before);
        add_diff_line(out, '+', after);
    }
}

static void add_summary(struct buf *out, const struct pinner *pinner,
                        const struct pinned_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct place *place = &file->places[i];
        struct manifest_place where = manifest_place_of(place->object, place->offset);
        buf_addf(out, "%s:%zu: ", file->manifest.file, where.line);
        buf_add_resolved(out, &pinner->images[place->image]);
        buf_add_char(out, '\n');
    }
}

/* Nothing is written before everything is known. */
static int write_files(struct pinner *pinner, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < pinner->file_count; i++) {
        struct pinned_file *file = &pinner->files[i];
        bool is_stdin = strcmp(file->manifest.file, "-") == 0;
        bool same = str_eq(file->text, file->manifest.text);
        if (pinner->dry_run) {
            if (!same)
                add_diff(out, file);
        } else if (is_stdin) {
            buf_add(out, file->text);
        } else if (!same) {
            if (file_replace(file->manifest.file, file->text, err) < 0)
                return -1;
            add_summary(out, pinner, file);
        }
    }
    return 0;
}

static int collect(struct pinner *pinner, struct err *err)
{
    for (size_t i = 0; i < pinner->name_count; i++)
        if (add_path(pinner, pinner->names[i], err) < 0)
            return -1;
    return read_files(pinner, err);
}

static int pin(struct pinner *pinner, struct buf *out)
{
    struct err err;
    if (collect(pinner, &err) < 0 || asking_open(&pinner->asking, &err) < 0 ||
        asking_resolve(&pinner->asking, pinner->images, pinner->image_count, &err) < 0)
        return cli_error("%s", err.text);
    int code = asking_tell(pinner->images, pinner->image_count);
    if (code != EXIT_CLEAN) {
        fputs("kubectl-pinnace: nothing was written\n", stderr);
        return code;
    }
    for (size_t i = 0; i < pinner->file_count; i++)
        if (edit_file(pinner, &pinner->files[i], &err) < 0)
            return cli_error("%s", err.text);
    if (write_files(pinner, out, &err) < 0)
        return cli_error("%s", err.text);
    return cli_finish(out, EXIT_CLEAN);
}

static int read_request(struct cli_args *args, struct pinner *pinner)
{
    int code = EXIT_CLEAN;
    for (int found; code == EXIT_CLEAN && (found = cli_next(args)) != CLI_END;) {
        if (found == CLI_BAD)
            return EXIT_BAD_INPUT;
        if (found >= OPTION_ASKING)
            code = asking_option(&pinner->asking, args, found - OPTION_ASKING);
        else if (found == OPTION_UPDATE)
            pinner->update = true;
        else if (found == OPTION_DRY_RUN)
            pinner->dry_run = true;
        else
            pinner->names[pinner->name_count++] = args->value;
    }
    if (code == EXIT_CLEAN && pinner->name_count == 0)
        return cli_usage_error(args->verb, "no manifest was given; name one with -f");
    return code;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
    struct arena arena ARENA_SCOPED = ARENA_INIT((size_t)4 << 30);
    struct cli_args args = {.verb = verb, .argc = argc, .argv = argv};
    struct buf out = BUF_INIT(&arena, (size_t)1 << 30);
    struct pinner pinner = {
        .asking = ASKING_INIT(&arena),
        .arena = &arena,
        .names = arena_array(&arena, const char *, (size_t)argc + 1),
        .images = arena_array(&arena, struct asking_image, IMAGES_MAX),
    };
    int code =
        pinner.names && pinner.images ? read_request(&args, &pinner) : cli_error("no memory");
    if (code == EXIT_CLEAN)
        code = pin(&pinner, &out);
    asking_close(&pinner.asking);
    return code;
}

const struct cli_verb verb_pin = {
    .name = "pin",
    .arguments = "-f FILE|DIR|- ... [--update] [--dry-run]",
    .summary = "Writes the digests that tags mean now into manifests.",
    .details =
        "Asks registries for each image that has no digest and writes it behind the tag, in\n"
        "place; comments, quotes and layout stay as they are, byte for byte. Standard input is\n"
        "written to standard output. When one image is not there, nothing is written at all.\n"
        "Exit status 0 when all are pinned, 1 when an image is not there, 2 when it could not\n"
        "be done.\n\n"
        "Example:\n  kubectl pinnace pin -f deploy/ --dry-run\n",
    .options = options,
    .run = run,
};
