/* SPDX-License-Identifier: Apache-2.0 */
/* awsplace: which hosts are registries of Amazon, and where their tokens come from. */
#ifndef PINNACE_AWSPLACE_H
#define PINNACE_AWSPLACE_H

#include "pinnace/buf.h"

struct aws_registry {
    struct str account, region; /* of a private registry */
    struct str api;             /* the domain of its API */
    bool is_public;             /* public.ecr.aws */
    bool is_fips;
    bool is_dual; /* by IPv6 too; its API has other names */
};

/* Only names that Amazon alone can have. */
bool aws_registry_of(struct str host, struct aws_registry *ret_registry);

/* "https://api.ecr.us-west-2.amazonaws.com/" */
void buf_add_ecr_url(struct buf *buf, const struct aws_registry *registry);
/* "https://sts.us-west-2.amazonaws.com/"; only of what aws_is_region. */
void buf_add_sts_url(struct buf *buf, struct str region);

bool aws_is_region(struct str text);

/*
 * Whether a container's credentials may be asked for there: behind https, or on this machine at the
 * places where agents answer.
 */
bool aws_is_agent(struct str url);

#endif
