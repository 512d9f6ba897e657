/* SPDX-License-Identifier: Apache-2.0 */
/* presence: see the header. */
#include "presence.h"

#include <stdio.h>

#include "pinnace/banned.h"

static struct asking_image image_of(const struct imageref *repository, struct str tag,
                                    struct str digest)
{
    struct asking_image image = {.ref = *repository};
    image.ref.tag = tag;
    image.ref.digest = digest;
    return image;
}

static void take(const struct asking_image *image, struct presence_answer *answer)
{
    const struct registry_error *error = &image->answer.error;
    *answer = (struct presence_answer){.presence = PRESENCE_UNKNOWN};
    if (error->fault == REGISTRY_FINE) {
        answer->presence = PRESENCE_THERE;
        answer->digest = image->answer.digest;
        return;
    }
    if (error->fault == REGISTRY_NOT_FOUND)
        answer->presence = PRESENCE_GONE;
    snprintf(answer->why, sizeof(answer->why), "%s", error->text);
}

static void ask(struct asking *asking, struct asking_image *images, size_t count,
                struct presence_answer *answers)
{
    struct err err;
    if ((!asking->registry && asking_open(asking, &err) < 0) ||
        asking_resolve(asking, images, count, &err) < 0) {
        for (size_t i = 0; i < count; i++) {
            answers[i] = (struct presence_answer){.presence = PRESENCE_UNKNOWN};
            snprintf(answers[i].why, sizeof(answers[i].why), "%s", err.text);
        }
        return;
    }
    for (size_t i = 0; i < count; i++)
        take(&images[i], &answers[i]);
}

void presence_ask(struct asking *asking, const struct imageref *repository, struct str tag,
                  struct str digest, struct presence_answer *ret_answer)
{
    struct asking_image image = image_of(repository, digest.len ? STR_NONE : tag, digest);
    ask(asking, &image, 1, ret_answer);
}

void presence_ask_all(struct asking *asking, const struct imageref *repository,
                      const struct str *digests, size_t count, struct presence_answer *answers)
{
    struct asking_image *images = arena_array(asking->arena, struct asking_image, count);
    for (size_t i = 0; i < count; i++)
        answers[i] = (struct presence_answer){.presence = PRESENCE_UNKNOWN};
    if (!images || !count)
        return;
    for (size_t i = 0; i < count; i++)
        images[i] = image_of(repository, STR_NONE, digests[i]);
    ask(asking, images, count, answers);
}
