/* What the importer trusts and requires, read from its JSON. */
#ifndef QP_PROOF_TRUST_H
#define QP_PROOF_TRUST_H

#include <quipu/proof.h>

#include "core/alloc.h"
#include "rules/rules.h"

/* A party that the importer trusts for one thing. */
struct qp_trusted {
    const char *party;
    bool has_key; /* only this key of the party counts */
    struct qp_public_key key;
    const char *const *datasets; /* an assessment names each of these; assessors only */
    size_t dataset_count;
    const char *const *schemes; /* certificates of these only; none: of any; certifiers only */
    size_t scheme_count;
};

struct qp_trusted_list {
    const struct qp_trusted *items;
    size_t count;
};

struct qp_trust {
    struct qp_arena arena; /* owns all below */
    const char *name;
    struct qp_hash ledger_id;
    struct qp_policy *log;             /* C2SP: logs, witnesses, quorum */
    struct qp_trusted_list registrars; /* empty: any that the ledger has */
    struct qp_trusted_list assessors;
    struct qp_trusted_list certifiers;
    uint64_t cut_off_ms;
    uint64_t checkpoint_age_ms_max; /* 0: no limit */
    uint64_t assessment_lag_ms_max; /* from the newest observation to the harvest; 0: no limit */
    const char *const *rule_sets;   /* names, or event ids; empty: any that the ledger has */
    size_t rule_set_count;
    bool required[QP_LINE_COUNT];
    bool require_footprint; /* claims */
    bool require_circular;
    const char *const *required_schemes; /* of certificates */
    size_t required_scheme_count;
    bool has_footprint_max;
    uint64_t footprint_max_g_per_kg;
    uint32_t legal_heads; /* bit of each Qp__LegalityHead that must be shown */
    Qp__EvidenceLevel legal_level;
};

/* "deforestation-free" and so on; never NULL. */
const char *qp_line_name(enum qp_line line);

#endif
