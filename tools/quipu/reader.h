/* Looking into a ledger: entries and events decoded, issuers by name, and waiting for more. */
#ifndef QUIPU_READER_H
#define QUIPU_READER_H

#include "cli.h"
#include "log/view.h"

struct reader {
    struct qp_log *log;
    struct qp_arena entry_arena; /* of the entry read last */
    struct qp_arena event_arena; /* of the event read last */
    struct qp_arena scratch;     /* of one record of the state */
    struct qp_buf entry_bytes;
    struct qp_buf event_bytes;
};

struct reader_entry {
    struct qp_hash leaf;
    const Qp__Entry *entry;
    const Qp__Statement *statement;
    char issuer[32]; /* party, or the first digits of a key that is nobody's */
};

/* After QP_OK, close. */
enum qp_code reader_open(struct reader *reader, const char *dir, struct qp_err *err) QP_MUST_USE;
void reader_close(struct reader *reader);

/* Lives until the next entry is read. */
enum qp_code reader_entry(struct reader *reader, uint64_t index, struct reader_entry *entry,
                          struct qp_err *err) QP_MUST_USE;
/* Lives until the next event is read. */
enum qp_code reader_event(struct reader *reader, uint64_t index, uint32_t position,
                          const Qp__Event **event, struct qp_err *err) QP_MUST_USE;
/* A record of the state, which lives until the next one is read; NULL where there is none. */
enum qp_code reader_state(struct reader *reader, const struct qp_state_key *key,
                          const struct qp_message_rule *rule, void *record,
                          struct qp_err *err) QP_MUST_USE;
/* Party of a key, into `issuer` as above. */
enum qp_code reader_issuer(struct reader *reader, const struct qp_public_key *key, char issuer[32],
                           struct qp_err *err) QP_MUST_USE;

/* The entry as a JSON object, its statement decoded, without its events. */
enum qp_code reader_entry_json(const struct reader_entry *entry, json_t **json,
                               struct qp_err *err) QP_MUST_USE;

/* ---- Following ---- */

/* From here on an interrupt ends the waiting and not the process, and so does a reader of stdout
 * that goes away. */
enum qp_code reader_follow_begin(struct qp_err *err) QP_MUST_USE;
/* Flush stdout, then wait until the ledger has more than `size` entries. *more is false when
 * the person has had enough. */
enum qp_code reader_follow(struct cli *cli, struct reader *reader, uint64_t size, bool *more,
                           struct qp_err *err) QP_MUST_USE;

#endif
