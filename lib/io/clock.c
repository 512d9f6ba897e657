/* SPDX-License-Identifier: Apache-2.0 */
/* clock: see the header. */
#include "pinnace/clock.h"

#include <sys/random.h>
#include <time.h>

#include "pinnace/banned.h"

int64_t clock_boot_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t random_u32(void)
{
    uint32_t number = 0;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
        number = (uint32_t)clock_boot_ms(); /* early in the life of a machine */
    return number;
}
