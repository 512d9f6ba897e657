/* SPDX-License-Identifier: Apache-2.0 */
/* files: see the header. */
#include "files.h"

#include "pinnace/clock.h"
#include "pinnace/load.h"

#include "pinnace/banned.h"

int files_publish(const char *policy_file, const char *ledger_file, struct snapshots *snapshots,
                  struct err *err)
{
    struct snapshot *snapshot __attribute__((cleanup(snapshot_free))) = snapshot_new();
    if (!snapshot)
        return err_no_memory(err);
    if (load_policy(policy_file, &snapshot->arena, &snapshot->policy, err) < 0 ||
        load_ledger(ledger_file, &snapshot->arena, &snapshot->ledger, err) < 0)
        return -1;
    snapshot->has_ledger = ledger_file != NULL;
    snapshots_publish(snapshots, snapshot);
    snapshot = NULL;
    atomic_store(&snapshots->fresh_at, clock_boot_ms());
    return 0;
}
