/* SPDX-License-Identifier: Apache-2.0 */
/* kubelist: a whole collection once, page by page, for programs with nothing else to do. */
#ifndef PINNACE_KUBELIST_H
#define PINNACE_KUBELIST_H

#include "pinnace/kube.h"
#include "pinnace/watch.h"

/* json is an object of the page, whose kind counts where the object says none; -1 ends the list. */
typedef int kube_list_object(void *context, const struct watch_page *page, struct str json,
                             struct err *err);

int kube_list(struct kube *kube, struct str path, kube_list_object *object, void *context,
              struct kube_error *error);

#endif
