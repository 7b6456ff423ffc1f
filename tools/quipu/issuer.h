/* Who signs: a key, its journal for one ledger, and the party that it speaks for.
 *
 * A key without its journal would begin a second chain, which the ledger refuses for ever: so a
 * command that signs wants the folder to be there (quipu key new makes it). Until something is
 * signed, nothing is written: no folder, no records.
 *
 * Beside the records the folder holds <ledger id>.party: the party's short name, from the first
 * signing on. */
#ifndef QUIPU_ISSUER_H
#define QUIPU_ISSUER_H

#include "cli.h"

struct issuer {
    /* From the command line. */
    const char *key_path;
    const char *ledger; /* NULL: the only one of the journal */
    const char *party;  /* NULL: not said */
    struct cli_secret secret;
    bool new_journal;
    bool dry_run; /* nothing will be signed */
    /* Filled by issuer_open. */
    struct qp_key *key;
    struct qp_journal *journal; /* NULL: nothing was signed for this ledger yet */
    struct qp_hash ledger_id;
    struct qp_buf dir;
    char remembered[32]; /* the party in the journal, or "" */
};

/* Rows of an option table. */
#define ISSUER_KEY_OPTIONS(issuer)                                                                 \
    {'k', "key", CLI_NEEDED, "FILE", &(issuer).key_path, "the secret key that signs"},             \
        CLI_SECRET_OPTIONS((issuer).secret)
#define ISSUER_LEDGER_OPTIONS(issuer)                                                              \
    {'l',                                                                                          \
     "ledger",                                                                                     \
     CLI_TEXT,                                                                                     \
     "LEDGER",                                                                                     \
     &(issuer).ledger,                                                                             \
     "for which ledger: its id, its ledger.json, or its folder; needed the first time"},           \
    {                                                                                              \
        0, "new-journal", CLI_FLAG, NULL, &(issuer).new_journal,                                   \
            "begin a journal where there is none: the key has never signed anywhere"               \
    }

/* Ended by issuer_close, whatever it returns. QP_E_USAGE: no journal, no ledger named, or another
 * party than before. */
enum qp_code issuer_open(struct cli *cli, struct issuer *issuer, struct qp_err *err) QP_MUST_USE;
/* Just before signing: issuer->journal is there afterwards, and knows its party. */
enum qp_code issuer_begin(struct issuer *issuer, struct qp_err *err) QP_MUST_USE;
void issuer_close(struct issuer *issuer);
/* The party that was given, or that the journal remembers; NULL: not known. */
const char *issuer_party(const struct issuer *issuer);
/* Note a party in a journal's folder. */
enum qp_code issuer_remember(const char *dir, const struct qp_hash *ledger_id, const char *party,
                             struct qp_err *err) QP_MUST_USE;

#endif
