/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: decompress THREADS FILE...
 * Decompresses all files on so many threads and does nothing else: the floor of what depmod can take.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/codec.h"
#include "engine/workers.h"
#include "sys/sys.h"

struct state {
	struct codec *codec;
	struct buf in, out;
};

struct job {
	char **files;
	struct state *states;
};

static int decompress(void *ctx, unsigned int thread, uint32_t item)
{
	struct job *job = ctx;
	struct state *s = &job->states[thread];
	enum codec_kind kind;
	int r;

	s->in.size = s->out.size = 0;
	r = sys_read_file(AT_FDCWD, job->files[item], &s->in);
	if (r < 0)
		return r;
	kind = codec_detect(buf_bytes(&s->in));
	return kind == CODEC_PLAIN ? 0 : codec_decode(s->codec, kind, buf_bytes(&s->in), &s->out, NULL);
}

int main(int argc, char **argv)
{
	unsigned int threads = argc > 1 ? (unsigned int)atoi(argv[1]) : 1;
	struct job job = { .files = argv + 2 };

	job.states = calloc(threads, sizeof(*job.states));
	for (unsigned int i = 0; i < threads; i++)
		job.states[i].codec = codec_new();
	if (argc < 3 || workers_run(threads, (uint32_t)argc - 2, decompress, &job) < 0) {
		fprintf(stderr, "decompress: failed\n");
		return 1;
	}
	return 0;
}
