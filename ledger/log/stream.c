#include "log/stream.h"

#include "core/alloc.h"
#include "core/check.h"
#include "wire/wire.h"

#include <string.h>

#define READ_BYTES ((size_t)256 * 1024)
#define PIECE_BYTES (QP_GROUP_BYTES + READ_BYTES)

static enum qp_code set_capacity(struct qp_piece *piece, size_t capacity, struct qp_err *err)
{
    uint8_t *moved = qp_realloc(piece->data, capacity);
    if (moved == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for submissions of %zu bytes", capacity);
    }
    piece->data = moved;
    piece->capacity = capacity;
    return QP_OK;
}

enum qp_code qp_stream_begin(struct qp_stream *stream, struct qp_piece *piece, struct qp_err *err)
{
    const struct qp_piece *last = stream->last;
    size_t tail = last == NULL ? 0 : last->len - last->at;
    enum qp_code rc = QP_OK;
    if (piece->capacity < PIECE_BYTES || piece->capacity < tail) {
        rc = set_capacity(piece, tail < PIECE_BYTES ? PIECE_BYTES : tail, err);
    }
    if (rc != QP_OK) {
        return rc;
    }
    if (tail > 0) {
        memmove(piece->data, last->data + last->at, tail);
    }
    stream->start = qp_stream_place(stream);
    piece->len = tail;
    piece->at = 0;
    stream->last = piece;
    /* What a large record needed is not kept behind it. */
    return piece->capacity > PIECE_BYTES && tail < PIECE_BYTES
               ? set_capacity(piece, PIECE_BYTES, err)
               : QP_OK;
}

uint64_t qp_stream_place(const struct qp_stream *stream)
{
    return stream->last == NULL ? 0 : stream->start + stream->last->at;
}

/* Of the record that comes next; 0 when its head is not whole yet. Sets `bad` when it is none. */
static size_t record_length(struct qp_stream *stream)
{
    const struct qp_piece *piece = stream->last;
    size_t left = piece->len - piece->at;
    size_t whole = 0;
    if (left == 0 || (left < QP_SUBMISSION_HEAD_BYTES && !stream->ended)) {
        return 0;
    }
    struct qp_span head = qp_span_of(
        piece->data + piece->at, left < QP_SUBMISSION_HEAD_BYTES ? left : QP_SUBMISSION_HEAD_BYTES);
    (void)!qp_submission_head(head, &whole, &stream->bad);
    if (stream->bad.code == QP_OK && stream->ended && whole > left) {
        qp_fail_at(&stream->bad, QP_E_INPUT, left, "the submission is cut off: %zu bytes of %zu",
                   left, whole);
    }
    return stream->bad.code == QP_OK ? whole : 0;
}

/* whole: bytes of the record that comes next, as far as that is known. */
static enum qp_code read_more(struct qp_stream *stream, size_t whole, struct qp_err *err)
{
    struct qp_piece *piece = stream->last;
    size_t lacks = whole > piece->len - piece->at ? whole - (piece->len - piece->at) : 1;
    size_t got = 0;
    enum qp_code rc = QP_OK;
    if (piece->capacity - piece->len < lacks) {
        rc = set_capacity(piece, piece->len + lacks, err);
    }
    if (rc == QP_OK) {
        size_t room = piece->capacity - piece->len;
        size_t len = lacks > READ_BYTES ? lacks : READ_BYTES;
        len = len < room ? len : room;
        rc =
            stream->source->read(stream->source->context, piece->data + piece->len, len, &got, err);
        QP_ASSERT(got <= len);
    }
    piece->len += got;
    stream->ended = rc == QP_OK && got == 0;
    return rc;
}

static bool is_ready(const struct qp_stream *stream)
{
    return stream->source->ready == NULL || stream->source->ready(stream->source->context);
}

enum qp_code qp_stream_take(struct qp_stream *stream, size_t most, bool wait, struct qp_cut *cut,
                            struct qp_err *err)
{
    struct qp_piece *piece = stream->last;
    *cut = (struct qp_cut){.len = 0};
    while (stream->bad.code == QP_OK) {
        size_t whole = record_length(stream);
        bool behind = piece->at > 0 && whole > 0 && piece->at + whole > QP_GROUP_BYTES;
        if (stream->bad.code != QP_OK || whole > most || behind) {
            break;
        }
        if (whole > 0 && whole <= piece->len - piece->at) {
            *cut =
                (struct qp_cut){.at = piece->at, .len = whole, .offset = stream->start + piece->at};
            piece->at += whole;
            break;
        }
        if (stream->ended || (!wait && !is_ready(stream))) {
            break;
        }
        enum qp_code rc = read_more(stream, whole, err);
        if (rc != QP_OK) {
            return rc;
        }
    }
    return QP_OK;
}
