/*
 * loop.c - what calls a fuzzer where there is no libFuzzer
 *
 *	FUZZER [-max_total_time=SECONDS] [-seed=N] [-runs=N] DIRECTORY
 *	FUZZER FILE...
 *
 * The files of the directory are mutated: bits, bytes, pieces, words of others.
 * What each call is about is in the file "last", and there it is after a crash:
 * "FUZZER last" tries it once more.  Other options are libFuzzer's.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROOM = 4096, SEEDS = 64, LOOK = 256 };

static struct {
	uint8_t data[ROOM];
	size_t len;
} seeds[SEEDS];
static size_t count;
static uint64_t state = 1;
static int last = -1;

static size_t
dice(size_t sides)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return sides > 0 ? (size_t)(state >> 33) % sides : 0;
}

/* --- where it begins --- */

static int
take(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || count == SEEDS) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	n = read(fd, seeds[count].data, ROOM);
	close(fd);
	if (n < 0)
		return -1;
	seeds[count++].len = (size_t)n;
	return 0;
}

static int
take_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[4096];

	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			take(path);
	}
	closedir(d);
	return 0;
}

/* --- what becomes of it --- */

/* Put n bytes in at a place. */
static size_t
insert(uint8_t *to, size_t len, size_t at, const uint8_t *what, size_t n)
{
	if (n > ROOM - len)
		n = ROOM - len;
	memmove(to + at + n, to + at, len - at);
	memcpy(to + at, what, n);
	return len + n;
}

static size_t
mutate(uint8_t *to, size_t len)
{
	static const uint8_t odd[] = "\0\n\t %{}()[]\"'`\\$=/_-+,@~:.0919\377";
	size_t at = dice(len + 1), n = dice(len - at + 1), other, from;
	uint8_t c = dice(2) ? odd[dice(sizeof odd)] : (uint8_t)dice(256);

	switch (dice(6)) {
	case 0:
		if (at < len)
			to[at] ^= (uint8_t)(1 << dice(8));
		return len;
	case 1:
		if (at < len)
			to[at] = c;
		return len;
	case 2:
		return insert(to, len, at, &c, 1);
	case 3:                 /* a piece is gone */
		memmove(to + at, to + at + n, len - at - n);
		return len - n;
	case 4:                 /* its end is gone */
		return at;
	default:                /* a piece of another one, or all of it */
		other = dice(count);
		from = dice(2) ? dice(seeds[other].len + 1) : 0;
		n = seeds[other].len - from;
		return insert(to, len, at, seeds[other].data + from,
		    from > 0 ? dice(n + 1) : n);
	}
}

/* The copy is just so long: a sanitizer sees who reads more. */
static void
one(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		exit(71);
	if (last >= 0 && (pwrite(last, data, len, 0) != (ssize_t)len ||
	    ftruncate(last, (off_t)len) != 0)) {
		perror("last");
		exit(73);
	}
	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static long
fuzz(long seconds, long runs)
{
	static uint8_t data[ROOM];
	time_t end = time(NULL) + seconds;
	size_t len, k;
	long i;

	for (i = 0; i != runs && (i % LOOK != 0 || time(NULL) < end); i++) {
		k = dice(count);
		len = seeds[k].len;
		memcpy(data, seeds[k].data, len);
		do
			len = mutate(data, len);
		while (dice(4) != 0);
		one(data, len);
	}
	return i;
}

int
main(int argc, char **argv)
{
	long seconds = -1, runs = -1;
	size_t k;
	int a, only = 0;

	for (a = 1; a < argc; a++)
		if (sscanf(argv[a], "-max_total_time=%ld", &seconds) != 1 &&
		    sscanf(argv[a], "-runs=%ld", &runs) != 1 &&
		    sscanf(argv[a], "-seed=%" SCNu64, &state) != 1 &&
		    *argv[a] != '-' && take_all(argv[a]) != 0) {
			if (take(argv[a]) != 0) {
				perror(argv[a]);
				return 66;
			}
			only = 1;
		}
	if (count == 0)
		count = 1;      /* an empty one */
	if (!only)              /* else it may be the one that is tried */
		last = open("last", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	for (k = 0; k < count; k++)
		one(seeds[k].data, seeds[k].len);
	if (!only)
		printf("%ld runs\n", fuzz(seconds < 0 ? 1000000 : seconds,
		    runs));
	return 0;
}
