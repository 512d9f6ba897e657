/* SPDX-License-Identifier: Apache-2.0 */
/* dryrun: kubectl's two ways to try something, for verbs that write. */
#ifndef PINNACE_CLI_DRYRUN_H
#define PINNACE_CLI_DRYRUN_H

#include "cli.h"

enum dry_run {
    DRY_NONE,
    DRY_CLIENT, /* nothing is sent */
    DRY_SERVER, /* the API server is asked, and keeps nothing */
};

#define DRY_RUN_CHOICES "none client server"

/* Reads the value of --dry-run; returns an exit code. */
int dry_run_take(const struct cli_args *args, enum dry_run *ret_dry_run);

#endif
