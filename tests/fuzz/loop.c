/*
 * loop.c - what calls a fuzzer where there is no libFuzzer
 *
 *	FUZZER [-max_total_time=SECONDS] [-seed=N] [-runs=N] DIRECTORY
 *
 * The files of the directory are mutated: bits, bytes, pieces, words of others.
 * Before each call the text is left in the file "last", so that it can be found
 * there after a crash; FUZZER FILE tries one.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROOM = 4096, SEEDS = 64, LOOK = 1024 };

static struct {
	uint8_t data[ROOM];
	size_t len;
} seeds[SEEDS];
static size_t count;
static uint64_t state = 1;

static size_t
dice(size_t sides)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return sides > 0 ? (size_t)(state >> 33) % sides : 0;
}

static size_t
take(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0 || count == SEEDS)
		return 0;
	n = read(fd, seeds[count].data, ROOM);
	close(fd);
	if (n >= 0)
		seeds[count++].len = (size_t)n;
	return count;
}

static void
take_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[4096];

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.')
			take(path);
	}
	if (d != NULL)
		closedir(d);
}

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
	static const uint8_t odd[] = "\0\n\t %{}()[]\"'`\\$=/_-+,@~:.0919";
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
	default:                /* a piece of another one */
		other = dice(count);
		from = dice(seeds[other].len + 1);
		return insert(to, len, at, seeds[other].data + from,
		    dice(seeds[other].len - from + 1));
	}
}

static void
one(uint8_t *last, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);      /* of just this size,
	                                          for the sanitizer */
	if (copy == NULL)
		return;
	memcpy(copy, data, len);
	memcpy(last + sizeof len, data, len);
	memcpy(last, &len, sizeof len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

int
main(int argc, char **argv)
{
	static uint8_t data[ROOM];
	long seconds = 1, runs = -1, i;
	time_t end;
	struct stat st;
	size_t len, k;
	uint8_t *last;
	int fd, a;

	for (a = 1; a < argc; a++)
		if (sscanf(argv[a], "-max_total_time=%ld", &seconds) == 1 ||
		    sscanf(argv[a], "-runs=%ld", &runs) == 1 ||
		    sscanf(argv[a], "-seed=%lu", (unsigned long *)&state) == 1)
			continue;
		else if (stat(argv[a], &st) == 0 && S_ISDIR(st.st_mode))
			take_all(argv[a]);
		else if (take(argv[a]) > 0)
			runs = 0;
	if (count == 0)
		count = 1;      /* an empty one */
	fd = open("last", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, ROOM + sizeof len) != 0)
		return 73;
	last = mmap(NULL, ROOM + sizeof len, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (last == MAP_FAILED)
		return 71;
	for (k = 0; k < count; k++)
		one(last, seeds[k].data, seeds[k].len);
	end = time(NULL) + seconds;
	for (i = 0; i != runs && (i % LOOK != 0 || time(NULL) < end); i++) {
		k = dice(count);
		len = seeds[k].len;
		memcpy(data, seeds[k].data, len);
		do
			len = mutate(data, len);
		while (dice(4) != 0);
		one(last, data, len);
	}
	printf("%ld runs\n", i);
	return 0;
}
