/* SPDX-License-Identifier: Apache-2.0 */
/* files: snapshots out of --policy and --ledger, for a webhook without a cluster. */
#ifndef PINNACE_WEBHOOK_FILES_H
#define PINNACE_WEBHOOK_FILES_H

#include "snapshot.h"

/* Either may be NULL. On failure the snapshot before stays in force. */
int files_publish(const char *policy_file, const char *ledger_file, struct snapshots *snapshots,
                  struct err *err);

#endif
