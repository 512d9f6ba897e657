/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is sent to /hooks/nexus. */
#include "hookfuzz.h"

#include "pinnace/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return hook_fuzz("/hooks/nexus", data, size);
}
