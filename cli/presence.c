/* SPDX-License-Identifier: Apache-2.0 */
/* presence: see the header. */
#include "presence.h"

#include <stdio.h>

#include "pinnace/banned.h"

static struct asking_image image_of(const struct presence_question *question)
{
    struct asking_image image = {.ref = *question->repository};
    image.ref.tag = question->digest.len ? STR_NONE : question->tag;
    image.ref.digest = question->digest;
    return image;
}

static void take(const struct asking_image *image, struct presence_answer *answer)
{
    const struct registry_error *error = &image->answer.error;
    *answer =
        (struct presence_answer){.presence = PRESENCE_UNKNOWN, .provider = image->answer.provider};
    if (error->fault == REGISTRY_FINE) {
        answer->presence = PRESENCE_THERE;
        answer->digest = image->answer.digest;
        return;
    }
    if (error->fault == REGISTRY_NOT_FOUND)
        answer->presence = PRESENCE_GONE;
    snprintf(answer->why, sizeof(answer->why), "%s", error->text);
}

static int ask(struct asking *asking, struct asking_image *images, size_t count, struct err *err)
{
    if (!images)
        return err_no_memory(err);
    if (!asking->registry && asking_open(asking, err) < 0)
        return -1;
    return asking_resolve(asking, images, count, err);
}

void presence_ask(struct asking *asking, const struct presence_question *questions, size_t count)
{
    struct asking_image *images = arena_array(asking->arena, struct asking_image, count);
    struct err err = {.text = ""};
    for (size_t i = 0; images && i < count; i++)
        images[i] = image_of(&questions[i]);
    bool asked = ask(asking, images, count, &err) == 0;
    for (size_t i = 0; i < count; i++) {
        struct presence_answer *answer = questions[i].answer;
        *answer = (struct presence_answer){.presence = PRESENCE_UNKNOWN};
        if (asked)
            take(&images[i], answer);
        else
            snprintf(answer->why, sizeof(answer->why), "%s", err.text);
    }
}
