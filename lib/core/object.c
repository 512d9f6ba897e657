/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: the schema of what Pinnace reads of an object, as a descent of small functions, one a
 * level. Known places are entered, everything else is checked and skipped by the scanner.
 */
#include "pinnace/object.h"

#include "pinnace/banned.h"

enum { SITES_PER_CHUNK = 64 };

struct site_chunk {
    struct site_chunk *next;
    size_t count;
    struct image_site sites[SITES_PER_CHUNK];
};

const struct kind kinds[] = {
    {STR_INIT(""), STR_INIT("Pod"), POD_AT_SPEC},
    {STR_INIT(""), STR_INIT("PodTemplate"), POD_AT_TEMPLATE},
    {STR_INIT(""), STR_INIT("ReplicationController"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("apps"), STR_INIT("Deployment"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("apps"), STR_INIT("StatefulSet"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("apps"), STR_INIT("DaemonSet"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("apps"), STR_INIT("ReplicaSet"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("batch"), STR_INIT("Job"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("batch"), STR_INIT("CronJob"), POD_AT_JOB_TEMPLATE},
    /* Manifests of clusters long gone: no server takes them, yet people keep them in git. */
    {STR_INIT("extensions"), STR_INIT("Deployment"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("extensions"), STR_INIT("DaemonSet"), POD_AT_SPEC_TEMPLATE},
    {STR_INIT("extensions"), STR_INIT("ReplicaSet"), POD_AT_SPEC_TEMPLATE},
    {{NULL, 0}, {NULL, 0}, POD_PLACES},
};

const struct kind *kind_find(struct str group, struct str name)
{
    for (const struct kind *kind = kinds; kind->name.ptr; kind++)
        if (str_eq(kind->name, name) && str_eq(kind->group, group))
            return kind;
    return NULL;
}

struct str group_of(struct str api_version)
{
    size_t slash = str_find(api_version, '/');
    return slash == STR_NOT_FOUND ? STR("") : str_head(api_version, slash);
}

struct reader {
    struct scan *scan;
    struct object *object;
};

static void note_misfit(struct reader *reader, enum pod_place place, const char *problem)
{
    struct object *object = reader->object;
    if (object->misfits[place].problem)
        return;
    object->misfits[place].problem = problem;
    object->misfits[place].offset = scan_offset(reader->scan);
}

/*
 * Whether the next value is of the type it should be. If not it is skipped, and remembered for
 * the place it belongs to; null counts as absent, as the API server reads it.
 */
static bool is_a(struct reader *reader, enum scan_type type, enum pod_place place)
{
    enum scan_type found = scan_peek(reader->scan);
    if (found == type)
        return true;
    if (found != SCAN_NULL && found != SCAN_INVALID)
        note_misfit(reader, place,
                    type == SCAN_OBJECT  ? "an object was expected here"
                    : type == SCAN_ARRAY ? "a list was expected here"
                                         : "a string was expected here (is a quote missing?)");
    scan_value(reader->scan);
    return false;
}

static void read_string(struct reader *reader, enum pod_place place, const char **ret_ptr,
                        uint32_t *ret_len)
{
    if (!is_a(reader, SCAN_STRING, place))
        return;
    struct str s = scan_string(reader->scan);
    *ret_ptr = s.ptr;
    *ret_len = (uint32_t)s.len;
}

static void add_site(struct reader *reader, const struct image_site *site)
{
    struct object *object = reader->object;
    struct site_chunk *chunk = object->last_chunk;
    if (!chunk || chunk->count == SITES_PER_CHUNK) {
        chunk = arena_new(reader->scan->arena, struct site_chunk);
        if (!chunk) {
            scan_out_of_memory(reader->scan);
            return;
        }
        if (object->last_chunk)
            object->last_chunk->next = chunk;
        else
            object->first_chunk = chunk;
        object->last_chunk = chunk;
    }
    chunk->sites[chunk->count++] = *site;
}

static void read_container(struct reader *reader, struct image_site *site)
{
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image")};
    enum { NAME, IMAGE, KEYS };
    if (!is_a(reader, SCAN_OBJECT, site->place))
        return;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME) {
            read_string(reader, site->place, &site->name_ptr, &site->name_len);
        } else {
            site->offset = (uint32_t)scan_offset(reader->scan);
            read_string(reader, site->place, &site->image_ptr, &site->image_len);
        }
    }
}

/* image: {reference: …} of a volume. */
static void read_image_source(struct reader *reader, struct image_site *site)
{
    static const struct str keys[] = {STR_INIT("reference")};
    struct scan_members members = scan_object(reader->scan);
    while (scan_member(reader->scan, &members, keys, 1) != SCAN_END) {
        site->offset = (uint32_t)scan_offset(reader->scan);
        read_string(reader, site->place, &site->image_ptr, &site->image_len);
    }
}

/* True when the volume is one of an image. */
static bool read_volume(struct reader *reader, struct image_site *site)
{
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("image")};
    enum { NAME, IMAGE, KEYS };
    bool of_image = false;
    if (!is_a(reader, SCAN_OBJECT, site->place))
        return false;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME) {
            read_string(reader, site->place, &site->name_ptr, &site->name_len);
        } else if (is_a(reader, SCAN_OBJECT, site->place)) {
            of_image = true;
            read_image_source(reader, site);
        }
    }
    return of_image;
}

static void read_list(struct reader *reader, enum pod_place place, enum image_list list)
{
    if (!is_a(reader, SCAN_ARRAY, place))
        return;
    struct scan_elements elements = scan_array(reader->scan);
    for (uint32_t i = 0; scan_element(reader->scan, &elements); i++) {
        struct image_site site = {.offset = (uint32_t)scan_offset(reader->scan),
                                  .index = i & 0xfffffff,
                                  .list = list & 3,
                                  .place = place & 3};
        bool names_image = true;
        if (list == LIST_VOLUMES)
            names_image = read_volume(reader, &site);
        else
            read_container(reader, &site);
        if (names_image)
            add_site(reader, &site);
    }
}

static const struct str spec_keys[] = {
    [LIST_CONTAINERS] = STR_INIT("containers"),
    [LIST_INIT_CONTAINERS] = STR_INIT("initContainers"),
    [LIST_EPHEMERAL_CONTAINERS] = STR_INIT("ephemeralContainers"),
    [LIST_VOLUMES] = STR_INIT("volumes"),
    [IMAGE_LISTS] = STR_INIT("template"),
    [IMAGE_LISTS + 1] = STR_INIT("jobTemplate"),
    [IMAGE_LISTS + 2] = STR_INIT("replicas"),
};

static void read_pod_spec(struct reader *reader, enum pod_place place)
{
    if (!is_a(reader, SCAN_OBJECT, place))
        return;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, spec_keys, IMAGE_LISTS)) != SCAN_END;)
        read_list(reader, place, (enum image_list)key);
}

/* A pod template: its text is kept, for the question whether an update changes it. */
static void read_template(struct reader *reader, enum pod_place place)
{
    static const struct str keys[] = {STR_INIT("spec")};
    if (!is_a(reader, SCAN_OBJECT, place))
        return;
    size_t begin = scan_offset(reader->scan);
    struct scan_members members = scan_object(reader->scan);
    while (scan_member(reader->scan, &members, keys, 1) != SCAN_END)
        read_pod_spec(reader, place);
    if (reader->scan->problem_kind == ERR_NONE) {
        struct str text = reader->scan->text;
        reader->object->templates[place] = str_between(text.ptr + begin, reader->scan->cur);
    }
}

static void read_job_template(struct reader *reader)
{
    static const struct str spec[] = {STR_INIT("spec")}, template[] = {STR_INIT("template")};
    const enum pod_place place = POD_AT_JOB_TEMPLATE;
    if (!is_a(reader, SCAN_OBJECT, place))
        return;
    struct scan_members members = scan_object(reader->scan);
    while (scan_member(reader->scan, &members, spec, 1) != SCAN_END) {
        if (!is_a(reader, SCAN_OBJECT, place))
            continue;
        struct scan_members job = scan_object(reader->scan);
        while (scan_member(reader->scan, &job, template, 1) != SCAN_END)
            read_template(reader, place);
    }
}

/* The object's own spec: a pod's, or one with a template in it. */
static void read_spec(struct reader *reader)
{
    enum { TEMPLATE = IMAGE_LISTS, JOB_TEMPLATE, REPLICAS, KEYS };
    if (scan_peek(reader->scan) != SCAN_OBJECT) {
        is_a(reader, SCAN_OBJECT, POD_AT_SPEC);
        const enum pod_place others[] = {POD_AT_SPEC_TEMPLATE, POD_AT_JOB_TEMPLATE};
        for (size_t i = 0; i < 2; i++)
            if (!reader->object->misfits[others[i]].problem)
                reader->object->misfits[others[i]] = reader->object->misfits[POD_AT_SPEC];
        return;
    }
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, spec_keys, KEYS)) != SCAN_END;) {
        if (key == TEMPLATE)
            read_template(reader, POD_AT_SPEC_TEMPLATE);
        else if (key == JOB_TEMPLATE)
            read_job_template(reader);
        else if (key == REPLICAS)
            reader->object->replicas = scan_value(reader->scan);
        else
            read_list(reader, POD_AT_SPEC, (enum image_list)key);
    }
}

static void read_owner(struct reader *reader)
{
    static const struct str keys[] = {STR_INIT("kind"), STR_INIT("name"), STR_INIT("controller")};
    enum { KIND, NAME, CONTROLLER, KEYS };
    struct str kind = STR_NONE, name = STR_NONE;
    bool controls = false;
    struct scan_members members = scan_object(reader->scan);
    for (int key; (key = scan_member(reader->scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == KIND)
            kind = scan_string(reader->scan);
        else if (key == NAME)
            name = scan_string(reader->scan);
        else
            controls = str_eq(scan_value(reader->scan), STR("true"));
    }
    if (controls) {
        reader->object->owner_kind = kind;
        reader->object->owner_name = name;
    }
}

static void read_owners(struct reader *reader)
{
    struct scan_elements elements = scan_array(reader->scan);
    while (scan_element(reader->scan, &elements))
        read_owner(reader);
}

static void read_metadata(struct reader *reader)
{
    static const struct str keys[] = {STR_INIT("name"), STR_INIT("namespace"),
                                      STR_INIT("generateName"), STR_INIT("ownerReferences")};
    enum { NAME, NAMESPACE, GENERATE_NAME, OWNERS, KEYS };
    struct scan *scan = reader->scan;
    struct object *object = reader->object;
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, KEYS)) != SCAN_END;) {
        if (key == NAME)
            object->name = scan_string(scan);
        else if (key == NAMESPACE)
            object->namespace = scan_string(scan);
        else if (key == GENERATE_NAME)
            object->generate_name = scan_string(scan);
        else if (scan_peek(scan) == SCAN_NULL)
            scan_value(scan);
        else
            read_owners(reader);
    }
}

/* What is not read of it for a verdict may be misshapen without anybody minding. */
static void read_status(struct reader *reader)
{
    static const struct str keys[] = {STR_INIT("currentRevision"), STR_INIT("updateRevision")};
    struct scan *scan = reader->scan;
    if (scan_peek(scan) != SCAN_OBJECT) {
        scan_value(scan);
        return;
    }
    struct scan_members members = scan_object(scan);
    for (int key; (key = scan_member(scan, &members, keys, 2)) != SCAN_END;) {
        if (scan_peek(scan) == SCAN_STRING)
            reader->object->revisions[key] = scan_string(scan);
        else
            scan_value(scan);
    }
}

static void read_member(struct reader *reader, int key)
{
    enum { API_VERSION, KIND, METADATA, SPEC, TEMPLATE, ITEMS, DATA };
    struct scan *scan = reader->scan;
    struct object *object = reader->object;
    if (key == API_VERSION)
        object->api_version = scan_string(scan);
    else if (key == KIND)
        object->kind_name = scan_string(scan);
    else if (key == SPEC)
        read_spec(reader);
    else if (key == TEMPLATE)
        read_template(reader, POD_AT_TEMPLATE);
    else if (key == METADATA && scan_peek(scan) != SCAN_NULL)
        read_metadata(reader);
    else if (key == METADATA)
        scan_value(scan);
    else if (key == ITEMS)
        object->items = scan_value(scan);
    else if (key == DATA)
        object->data = scan_value(scan);
    else
        read_status(reader);
}

void object_scan(struct scan *scan, struct object *ret_object)
{
    static const struct str keys[] = {
        STR_INIT("apiVersion"), STR_INIT("kind"),  STR_INIT("metadata"), STR_INIT("spec"),
        STR_INIT("template"),   STR_INIT("items"), STR_INIT("data"),     STR_INIT("status")};
    *ret_object = (struct object){.text = scan->text, .derived = scan->derived};
    struct reader reader = {.scan = scan, .object = ret_object};
    struct scan_members members = scan_object(scan);
    for (int key;
         (key = scan_member(scan, &members, keys, sizeof(keys) / sizeof(keys[0]))) != SCAN_END;)
        read_member(&reader, key);
    ret_object->kind = kind_find(group_of(ret_object->api_version), ret_object->kind_name);
}

int object_check(const struct object *object, size_t *ret_offset, struct err *err)
{
    if (!object->kind || !object->misfits[object->kind->place].problem)
        return 0;
    struct json_place at;
    size_t offset = object->misfits[object->kind->place].offset;
    json_place_of(object->text, offset, &at);
    if (ret_offset)
        *ret_offset = offset;
    err_set(err, ERR_INPUT, "%s: %s", at.path, object->misfits[object->kind->place].problem);
    return object->derived ? -1 : err_add_line(err, at.line, at.column);
}

int object_read(struct str text, struct arena *arena, struct object *ret_object, struct err *err)
{
    struct scan scan;
    struct object object;
    scan_begin(&scan, text, arena);
    scan.deep = true;
    object_scan(&scan, &object);
    if (scan_finish(&scan, err) < 0 || object_check(&object, NULL, err) < 0)
        return -1;
    *ret_object = object;
    return 0;
}

const struct image_site *object_next_image(const struct object *object, struct image_cursor *cursor)
{
    if (!cursor->begun)
        *cursor = (struct image_cursor){.chunk = object->first_chunk, .begun = true};
    while (object->kind && cursor->chunk) {
        if (cursor->index == cursor->chunk->count) {
            cursor->chunk = cursor->chunk->next;
            cursor->index = 0;
            continue;
        }
        const struct image_site *site = &cursor->chunk->sites[cursor->index++];
        if (site->place == object->kind->place)
            return site;
    }
    return NULL;
}

void buf_add_field(struct buf *buf, const struct image_site *site)
{
    static const char *const paths[] = {
        [POD_AT_SPEC] = "spec",
        [POD_AT_TEMPLATE] = "template.spec",
        [POD_AT_SPEC_TEMPLATE] = "spec.template.spec",
        [POD_AT_JOB_TEMPLATE] = "spec.jobTemplate.spec.template.spec",
    };
    buf_addf(buf, "%s.%s[%u].%s", paths[site->place], spec_keys[site->list].ptr, site->index,
             site->list == LIST_VOLUMES ? "image.reference" : "image");
}

void buf_add_holder(struct buf *buf, const struct image_site *site)
{
    static const char *const words[] = {
        [LIST_CONTAINERS] = "container",
        [LIST_INIT_CONTAINERS] = "init container",
        [LIST_EPHEMERAL_CONTAINERS] = "ephemeral container",
        [LIST_VOLUMES] = "volume",
    };
    buf_addf(buf, "%s ", words[site->list]);
    buf_add_quoted(buf, site_name(site), 63);
}
