/* SPDX-License-Identifier: Apache-2.0 */
/* dryrun: see the header. */
#include "dryrun.h"

#include "pinnace/banned.h"

int dry_run_take(const struct cli_args *args, enum dry_run *ret_dry_run)
{
    static const char *const names[] = {
        [DRY_NONE] = "none", [DRY_CLIENT] = "client", [DRY_SERVER] = "server"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!str_eq(str_of(args->value), str_of(names[i])))
            continue;
        *ret_dry_run = (enum dry_run)i;
        return EXIT_CLEAN;
    }
    return cli_usage_error(args->verb, "--dry-run: \"%s\" is none of none, client, server",
                           args->value);
}
