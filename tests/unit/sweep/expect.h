/* SPDX-License-Identifier: Apache-2.0 */
/* expect: what operations look at beside their results; see operations.h. */
#ifndef PINNACE_TESTS_SWEEP_EXPECT_H
#define PINNACE_TESTS_SWEEP_EXPECT_H

#include <stdbool.h>

/* What an operation found wrong; told by whoever runs it, once there is memory again. */
static const char *complaint;

static inline void expect(bool holds, const char *what)
{
    if (!holds && !complaint)
        complaint = what;
}

#endif
