/*
 * cpus.c - how many processors this process may use
 *
 * A container is often given a part of a large machine's time, and none of its
 * processors is taken away: the count of them alone would overload it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "cpus.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS "/sys/fs/cgroup"

enum { CGROUP_MAX = 4096 };       /* bytes of a control group's path */

/* The first line of a file of a control group; NULL when there is none. */
static char *
cgroup_line(const char *dir, const char *file, char *line, int room)
{
	char path[CGROUP_MAX + 64];
	FILE *f;
	char *got;

	snprintf(path, sizeof path, "%s/%s", dir, file);
	f = fopen(path, "re");
	if (f == NULL)
		return NULL;
	got = fgets(line, room, f);
	fclose(f);
	return got;
}

/* Processors that a control group has time for, rounded up; 0: no limit. */
static long
cgroup_quota(const char *dir, int unified)
{
	char line[128];
	long quota = 0, period = 0;

	if (unified) {
		if (cgroup_line(dir, "cpu.max", line, sizeof line) == NULL ||
		    sscanf(line, "%ld %ld", &quota, &period) != 2)
			return 0;
	} else {
		if (cgroup_line(dir, "cpu.cfs_quota_us", line, sizeof line))
			quota = strtol(line, NULL, 10);
		if (cgroup_line(dir, "cpu.cfs_period_us", line, sizeof line))
			period = strtol(line, NULL, 10);
	}
	return quota > 0 && period > 0 ? (quota - 1) / period + 1 : 0;
}

/* The least of n and the quotas of a group and of all around it. */
static long
within_groups(long n, const char *root, const char *group, int unified)
{
	char dir[CGROUP_MAX];
	size_t least = strlen(root);
	long quota;
	char *slash;

	if (snprintf(dir, sizeof dir, "%s%s", root, group) >= (int)sizeof dir)
		return n;
	for (;;) {
		quota = cgroup_quota(dir, unified);
		if (quota > 0 && quota < n)
			n = quota;
		slash = strrchr(dir, '/');
		if (slash == NULL || (size_t)(slash - dir) < least)
			return n;
		*slash = '\0';
	}
}

/* 1 if a list of names, separated by commas, has that one. */
static int
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; list != NULL; list = strchr(list, ','), list += list != NULL)
		if (strncmp(list, word, n) == 0 &&
		    (list[n] == ',' || list[n] == '\0'))
			return 1;
	return 0;
}

/* "0::/group", or of the older kind "4:cpu,cpuacct:/group". */
static long
within_line(long n, char *line)
{
	char *controllers = strchr(line, ':'), *group;

	if (controllers == NULL)
		return n;
	group = strchr(++controllers, ':');
	if (group == NULL)
		return n;
	*group++ = '\0';
	group[strcspn(group, "\n")] = '\0';
	if (*controllers == '\0')
		return within_groups(n, GROUPS, group, 1);
	return has_word(controllers, "cpu") ?
	    within_groups(n, GROUPS "/cpu", group, 0) : n;
}

static long
within_quota(long n)
{
	char line[CGROUP_MAX];
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (f == NULL)
		return n;
	while (n > 1 && fgets(line, sizeof line, f) != NULL)
		n = within_line(n, line);
	fclose(f);
	return n;
}

size_t
wk_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
#endif
	n = within_quota(n);
	return n > 0 ? (size_t)n : 1;
}
