/*
 * cpus.h - how many processors this process may use
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef WK_CPUS_H
#define WK_CPUS_H

#include <stddef.h>

/*
 * The processors that are online, or fewer: those that this process may run on
 * (its affinity), and, rounded up, those for which its control group, or one
 * around that, gives it time (cpu.max, cpu.cfs_quota_us).  At least 1.
 */
size_t wk_cpus(void);

#endif
