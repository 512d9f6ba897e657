/* SPDX-License-Identifier: Apache-2.0 */
/* certfacts: what is stored, read and put side by side, so that certplan can say what is next. */
#ifndef PINNACE_CONTROLLER_CERTFACTS_H
#define PINNACE_CONTROLLER_CERTFACTS_H

#include "pinnace/certplan.h"
#include "pinnace/certsecret.h"
#include "pinnace/pki.h"

#include "certs.h"

struct certstate {
    struct certsecret ca, leaf;
    bool has_config[CERTS_CONFIGS], config_right[CERTS_CONFIGS];
    struct hookconfig configs[CERTS_CONFIGS];
    struct str bundle; /* what every entry is to have: the current and the previous CA */
    struct str stray;  /* a CA that only a bundle knows and that signed the leaf */
    struct certplan_facts facts;
};

/* What cannot be read counts as not there: it is written anew. */
int certfacts_read(const struct certs *certs, int64_t now, struct arena *arena,
                   struct certstate *ret_state, struct err *err);

#endif
