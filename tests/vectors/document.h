/* The blocks of proto/SPEC.md's worked example, and whether they follow from each other. */
#ifndef QP_TESTS_VECTORS_DOCUMENT_H
#define QP_TESTS_VECTORS_DOCUMENT_H

#include "core/alloc.h"
#include "wire/wire.h"

#include <quipu/key.h>

#define DOCUMENT_BLOCKS_MAX 400
#define DOCUMENT_PARTIES 7
#define DOCUMENT_CONTENTS 4
#define DOCUMENT_EVENTS 18
#define DOCUMENT_STATEMENTS 10

/* Which party signs each statement, and its first event. */
extern const size_t document_issuers[DOCUMENT_STATEMENTS];
extern const size_t document_first_events[DOCUMENT_STATEMENTS];

struct block {
    char label[40];
    bool is_text; /* JSON too */
    struct qp_span bytes;
    bool used;
};

struct document {
    struct qp_arena arena;
    struct block blocks[DOCUMENT_BLOCKS_MAX];
    size_t count;
    const char *wrong; /* the first label that does not hold, or NULL */
    char wrong_label[80];
    struct qp_key *keys[DOCUMENT_PARTIES];
    struct qp_public_key public_keys[DOCUMENT_PARTIES];
    struct qp_hash ids[DOCUMENT_EVENTS];
    struct qp_hash leaves[DOCUMENT_STATEMENTS];
};

/* Read the text and recompute everything. The label of the first thing that does not hold, or NULL.
 * Close it in either case. */
const char *document_check(struct document *document, const char *text);
void document_close(struct document *document);
/* The block's bytes, or text; an absent one is noted as wrong. */
struct qp_span document_get(struct document *document, const char *label);
/* "event-3"; overwritten by the next call. */
const char *document_label(const char *what, size_t at);
/* Hexadecimal digits, with line ends between them, to bytes in the document's arena. */
struct qp_span document_unhex(struct document *document, const char *text, size_t len);

#endif
