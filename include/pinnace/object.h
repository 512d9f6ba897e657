/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object: what Pinnace needs of a Kubernetes object, read in one pass whatever the order of its
 * keys: who it is, the text of its pod template, and every place in it that names an image.
 */
#ifndef PINNACE_OBJECT_H
#define PINNACE_OBJECT_H

#include "pinnace/buf.h"
#include "pinnace/scan.h"

/* Where a kind keeps its pod spec. All are read, since the kind may come last; one is asked for. */
enum pod_place {
    POD_AT_SPEC,          /* spec                           Pod */
    POD_AT_TEMPLATE,      /* template.spec                  PodTemplate */
    POD_AT_SPEC_TEMPLATE, /* spec.template.spec             Deployment and the like */
    POD_AT_JOB_TEMPLATE,  /* spec.jobTemplate.spec.template.spec       CronJob */
    POD_PLACES,
};

/* The lists of a pod spec that name images. */
enum image_list {
    LIST_CONTAINERS,
    LIST_INIT_CONTAINERS,
    LIST_EPHEMERAL_CONTAINERS,
    LIST_VOLUMES,
    IMAGE_LISTS,
};

/* One container, or one volume of kind image. 32 bytes: a large object has a hundred thousand. */
struct image_site {
    const char *image_ptr, *name_ptr;
    uint32_t image_len, name_len;
    uint32_t offset; /* of the image in the text, or of the container that has none */
    uint32_t index : 28, list : 2, place : 2;
};

static inline struct str site_image(const struct image_site *site)
{
    return (struct str){site->image_ptr, site->image_len};
}

static inline struct str site_name(const struct image_site *site)
{
    return (struct str){site->name_ptr, site->name_len};
}

struct kind {
    struct str group, name;
    enum pod_place place;
};

struct site_chunk;

struct object {
    struct str text; /* what it was read from; offsets count from its beginning */
    bool derived;    /* as in struct scan */
    struct str api_version, kind_name;
    struct str name, generate_name, namespace;
    struct str owner_kind, owner_name; /* of the owner that controls it */
    struct str items;                  /* the text of "items", for a List */
    struct str data;                   /* the text of "data", for a ControllerRevision */
    struct str replicas;               /* the text of "spec.replicas" */
    struct str revisions[2];           /* a StatefulSet's current and update revision */
    struct str templates[POD_PLACES];  /* the text of the pod template at each place */
    const struct kind *kind;           /* NULL: not a kind that makes pods */
    struct site_chunk *first_chunk, *last_chunk;
    struct {
        const char *problem;
        size_t offset;
    } misfits[POD_PLACES]; /* what has another type than the API gives it */
};

/* NULL when no pods come of such a kind. */
const struct kind *kind_find(struct str group, struct str name);
/* All of them, ended by one without a name. */
extern const struct kind kinds[];

/* "apps" of "apps/v1", "" of "v1". */
struct str group_of(struct str api_version);

/*
 * Reads the next value of scan as an object; nothing in it may be used before scan_finish has
 * said 0. What is misshapen fails only where the object's kind keeps its pods.
 */
void object_scan(struct scan *scan, struct object *ret_object);
/*
 * The first thing in the kind's own pod spec that has the wrong type, as an error with its path;
 * *ret_offset, which may be NULL, is where it stands.
 */
int object_check(const struct object *object, size_t *ret_offset, struct err *err);

/* Reads text as one object: object_scan, scan_finish and object_check. */
int object_read(struct str text, struct arena *arena, struct object *ret_object, struct err *err);

/*
 * Every image of the object's kind, in the order of the text: the only loop over images there is.
 *     struct image_cursor cursor = {0};
 *     for (const struct image_site *site; (site = object_next_image(object, &cursor));)
 */
struct image_cursor {
    const struct site_chunk *chunk;
    size_t index;
    bool begun;
};
const struct image_site *object_next_image(const struct object *object,
                                           struct image_cursor *cursor);

/* "spec.template.spec.containers[0].image" */
void buf_add_field(struct buf *buf, const struct image_site *site);
/* "container \"web\"", "volume \"data\"" */
void buf_add_holder(struct buf *buf, const struct image_site *site);

#endif
