/* SPDX-License-Identifier: Apache-2.0 */
/* sameimages: see the header. */
#include "sameimages.h"

#include "pinnace/banned.h"

static bool fetch(struct asking *asking, const struct imageref *repository, struct str digest,
                  struct oci_manifest *ret_manifest)
{
    struct registry_request request = {.verb = REGISTRY_FETCH,
                                       .ref = *repository,
                                       .logins = &asking->logins,
                                       .patience_ms = asking->patience_ms};
    struct registry_answer answer;
    struct err err;
    request.ref.tag = STR_NONE;
    request.ref.digest = digest;
    return asking_prepare(asking, &request.ref, &err) == 0 &&
           registry_ask(asking->registry, &request, asking->arena, &answer) == 0 &&
           oci_manifest_read(answer.body, str_of(media_name(answer.media)), asking->arena,
                             ret_manifest, &err) == 0;
}

bool same_images(struct asking *asking, const struct imageref *repository, struct str one,
                 struct str other)
{
    struct oci_manifest a, b;
    struct err err;
    if (!asking->registry && asking_open(asking, &err) < 0)
        return false;
    return fetch(asking, repository, one, &a) && fetch(asking, repository, other, &b) &&
           oci_same_images(&a, &b);
}
