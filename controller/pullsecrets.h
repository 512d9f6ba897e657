/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pullsecrets: who we are to the registry of a Track: as its targets' pods are, by the pull secrets of
 * their templates and accounts. Only where we were told that we may read Secrets; else, and where
 * there are none, nobody in particular.
 */
#ifndef PINNACE_CONTROLLER_PULLSECRETS_H
#define PINNACE_CONTROLLER_PULLSECRETS_H

#include "tracked.h"

/* False: they are being read; the poll is begun again when they are there. */
bool pullsecrets_ready(struct tracked *tracked);
/* NULL: nobody in particular. */
const struct docker_logins *pullsecrets_of(const struct tracked *tracked);
/* They were refused: they are read again before the next poll. */
void pullsecrets_doubt(struct tracked *tracked);
void pullsecrets_end(struct tracked *tracked);

#endif
