/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long something takes
 */
#ifndef TIMING_H
#define TIMING_H

#include <stdlib.h>
#include <time.h>

static inline double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static inline int compare_values(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

/* Of values that it sorts */
static inline double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), compare_values);
	return values[count / 2];
}

#endif /* TIMING_H */
