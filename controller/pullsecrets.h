/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pullsecrets: who we are to the registry of a Track: as its targets' pods are, by the pull secrets of
 * their templates and accounts, and by the identities that a cloud has given their accounts. Only
 * where we were told that we may read Secrets, or speak for accounts; else, and where there are none,
 * nobody in particular.
 */
#ifndef PINNACE_CONTROLLER_PULLSECRETS_H
#define PINNACE_CONTROLLER_PULLSECRETS_H

#include "tracked.h"

/* False: they are being read; the poll is begun again when they are there. */
bool pullsecrets_ready(struct tracked *tracked);
/* Whether they have been read, or need not be. */
bool pullsecrets_there(const struct tracked *tracked);
/* Says of a request as whom it is made; until it is done, as the logins must not be read again. */
void pullsecrets_fill(const struct tracked *tracked, struct registry_request *request);
/* They were refused: they are read again before the next poll. */
void pullsecrets_doubt(struct tracked *tracked);
void pullsecrets_end(struct tracked *tracked);

#endif
