/* Stream: submission records as they come from a source, cut into groups.
 *
 * The bytes of a group stand in a piece of memory of their own, so that the next group can be read
 * while this one is still worked on. What was read beyond a group's last record is its tail, and
 * moves to the group that is read next. */
#ifndef QP_LOG_STREAM_H
#define QP_LOG_STREAM_H

#include <quipu/log.h>

/* Bytes of one group; a record that is larger is a group of its own. */
#define QP_GROUP_BYTES ((size_t)2 * 1024 * 1024)
/* The largest record that is read while another group is worked on. */
#define QP_BESIDE_BYTES ((size_t)4 * 1024 * 1024)

struct qp_piece {
    uint8_t *data; /* qp_free */
    size_t capacity;
    size_t len;
    size_t at; /* of these, taken by the group; the rest is the tail */
};

/* All zeros with a source is a stream at its beginning. */
struct qp_stream {
    const struct qp_source *source;
    struct qp_piece *last; /* has the tail; NULL: nothing was read yet */
    uint64_t start;        /* place in the input of the first byte of `last` */
    bool ended;
    struct qp_err bad; /* code QP_E_INPUT: what the tail begins with is no record */
};

/* A record in a piece; len 0: none. */
struct qp_cut {
    size_t at;
    size_t len;
    uint64_t offset; /* in the input */
};

/* Take the tail into the piece of the next group, which may be the one that has it. */
enum qp_code qp_stream_begin(struct qp_stream *stream, struct qp_piece *piece,
                             struct qp_err *err) QP_MUST_USE;
/* The next record of the group, once it is there whole. The piece's bytes may move.
 *
 * most  the largest record that is taken now
 * wait  go on waiting for a source that is not ready
 * None at the end of the stream, before bytes that are no record, where it does not wait, and when
 * the next record is too large or for the next group. Fails as the source does; QP_E_MEMORY. */
enum qp_code qp_stream_take(struct qp_stream *stream, size_t most, bool wait, struct qp_cut *cut,
                            struct qp_err *err) QP_MUST_USE;
/* Place in the input of what was not taken. */
uint64_t qp_stream_place(const struct qp_stream *stream);

#endif
