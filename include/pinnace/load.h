/* SPDX-License-Identifier: Apache-2.0 */
/* load: the files that the programs judge by: --policy and --ledger. */
#ifndef PINNACE_LOAD_H
#define PINNACE_LOAD_H

#include "pinnace/ledger.h"
#include "pinnace/policy.h"

/* file NULL: the built-in policy. Errors name file and line. */
int load_policy(const char *file, struct arena *arena, struct policy *ret_policy, struct err *err);

/* file NULL: *ret_ledger stays as it is. */
int load_ledger(const char *file, struct arena *arena, struct ledger *ret_ledger, struct err *err);

#endif
