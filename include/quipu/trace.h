/* Trace: the lot graph of an open log, and bundles made from it.
 *
 * Cost follows the part of the graph that is asked for, not the size of the log. */
#ifndef QUIPU_TRACE_H
#define QUIPU_TRACE_H

#include <quipu/log.h>

#ifdef __cplusplus
extern "C" {
#endif

enum qp_trace_direction { QP_TRACE_UPSTREAM, QP_TRACE_DOWNSTREAM };

/* One step of a depth-first walk. Texts are borrowed during the call. */
struct qp_trace_step {
    unsigned depth;   /* 0: the lot asked for */
    bool last;        /* last of its siblings */
    bool seen;        /* shown before: its own branches are not walked again */
    const char *kind; /* "lot", "plot" or "shipment" */
    const char *id;
    const char *parent; /* id of the step above, or "" */
    const char *event;  /* name of the event that connects the two, or that made the lot */
    uint64_t index;     /* of that event's entry */
    uint32_t position;
    uint64_t occurred_ms;
    uint64_t drawn_grams; /* what the connecting event draws from the one of the two that is nearer
                             the plot, for all that it makes; 0 at depth 0 */
    const char *form;     /* of the lot, or "" */
    uint64_t grams;       /* of the lot when it was made, or of the shipment; 0 for a plot */
    uint64_t left_grams;  /* of the lot now */
    const char *party;    /* who holds the lot now, registered the plot, or sent the shipment */
    const char *status;   /* "held", "handed", "recalled", "voided"; "registered", "withdrawn";
                             "dispatched", "received" */
};

/* Walk from a lot, plot or shipment, depth first: upstream to the plots that it comes from,
 * downstream to all that was made of it and the shipments that it left in. Branches come in the
 * order of the event that names them, or oldest first. What was voided is walked too: look at
 * `status`. Where an id names several things, a lot goes before a shipment, that before a plot.
 *
 * step  called for each; a failure of it ends the walk and is passed on
 * Returns QP_OK; QP_E_NOT_FOUND, naming an id near it if there is one; QP_E_USAGE (not an id);
 * QP_E_STORE; QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_trace_walk(
    struct qp_log *log, const char *id, enum qp_trace_direction direction,
    enum qp_code (*step)(void *context, const struct qp_trace_step *step, struct qp_err *err),
    void *context, struct qp_err *err);

/* ---- Bad news ---- */

/* One cause that taints what is made of it. Texts and arrays are borrowed during the call. */
struct qp_taint {
    const char *cause; /* "recalled", "voided", "loss" (of forest), "key" (in doubt), "certificate"
                          (withdrawn) */
    bool note;         /* weaker than the others: what was said of the goods is in doubt, not the
                          goods. A withdrawn certificate of whoever made them, or an inspection, a
                          footprint or a document under a key in doubt */
    const char *kind;  /* "lot", "plot", "producer", "shipment", "certificate" */
    const char *id;    /* of the thing that the cause is in */
    uint64_t index;    /* of the event that says so, or that was signed with the key */
    uint32_t position;
    const char *event;               /* its name */
    const char *party;               /* whose key, who holds the certificate; else "" */
    const struct qp_public_key *key; /* in doubt; else NULL */
    uint64_t since;                  /* of a key: the entry from which it is in doubt */
    uint64_t from_ms;                /* of a certificate: from when it is withdrawn */
    const char *const *path; /* ids from the one that was asked for to the one that the cause is in,
                                or to the goods under the certificate; the shortest way */
    size_t path_count;       /* 0 where it has more than QP_TAINT_PATH_MAX ids */
};
#define QP_TAINT_PATH_MAX 64

/* Tell every cause that taints a lot, shipment or plot: whatever is wrong with it or with anything
 * that it was made of. Taint is found in the graph and stands in no record. Each cause is told
 * once, what is nearer goes first; a key once for each thing that it touched. Cost follows the
 * ancestors and what was done with them.
 *
 * kind  "lot", "shipment" or "plot"; NULL: whichever the id names, as in qp_trace_walk
 * taint  called for each; a failure of it ends the walk and is passed on
 * Returns as qp_trace_walk. */
QP_API QP_MUST_USE enum qp_code
qp_taint(struct qp_log *log, const char *kind, const char *id,
         enum qp_code (*taint)(void *context, const struct qp_taint *taint, struct qp_err *err),
         void *context, struct qp_err *err);

/* What turns out bad. */
struct qp_impact_thing {
    const char *kind; /* "lot", "plot", "producer", "shipment", "certificate", "party"; NULL:
                         whichever the id names */
    const char *id;   /* NULL: a key or an event */
    const struct qp_public_key *key; /* NULL: see id, or an event */
    uint64_t index;                  /* of an event */
    uint32_t position;
    bool since_given; /* of a key or a party: what it signed from entry `since` on; else of a key
                         from the entry on from which it is in doubt, if it is; else everything */
    uint64_t since;
};

struct qp_impact_producer {
    const char *id;
    const char *party; /* who registered */
};

struct qp_impact_plot {
    const char *id;
    const char *producer;
    const char *party; /* who registered */
    bool loss;         /* an assessment found loss of forest */
    bool withdrawn;
};

struct qp_impact_lot {
    const char *id;
    const char *form;
    const char *output; /* "harvest", "product", "by_product", "waste" */
    uint64_t grams;     /* when it was made */
    uint64_t left_grams;
    const char *holder;
    const char *status;    /* "held", "handed", "recalled", "voided" */
    const char *handed_to; /* who has not signed for it yet; else "" */
};

/* Part of the graph, each thing once, what is nearer first. */
struct qp_impact_part {
    struct qp_impact_producer *producers;
    size_t producer_count;
    struct qp_impact_plot *plots;
    size_t plot_count;
    struct qp_impact_lot *lots;
    size_t lot_count;
    size_t voided_count; /* of the lots: they never were, and count for no kilogram */
};

struct qp_impact_shipment {
    const char *id;
    const char *form;   /* of the lots that are touched; "several" where they differ */
    uint64_t grams;     /* of the lots in it that are touched */
    uint64_t net_grams; /* of the whole shipment */
    const char *exporter;
    const char *consignee;
    const char *status; /* "dispatched", "received" */
};

/* What one buyer got in one form. */
struct qp_impact_buyer {
    const char *party;
    const char *form;
    size_t shipments;
    uint64_t grams;
};

/* Kilograms of one form. What is left and what was shipped are other kilograms; what was made is
 * not added up, since a lot and its parts would count twice. */
struct qp_impact_form {
    const char *form;
    size_t lots; /* without those that were voided */
    uint64_t left_grams;
    uint64_t shipped_grams;
};

/* Sums are at most 2^53 - 1 grams, and stand there where they would be more. */
struct qp_impact {
    const char *kind; /* of the thing; "key" and "event" too */
    const char *id;   /* "" for a key and an event */
    uint64_t since;   /* of a key or a party: the entry that was begun with */
    size_t entries;   /* of a key or a party: signed, and looked at */
    size_t events;
    struct qp_impact_part up;
    struct qp_impact_part down; /* what the thing is or touched, and all that was made of it */
    struct qp_impact_shipment *shipments;
    size_t shipment_count;
    struct qp_impact_buyer *buyers;
    size_t buyer_count; /* rows: buyers and forms */
    size_t consignee_count;
    struct qp_impact_form *forms;
    size_t form_count;
    /* What a key, party or event did that is not followed: ask for the impact of each. */
    const char **parties; /* enrolled, suspended, given or deprived of keys */
    size_t party_count;
    const char **certificates; /* issued or withdrawn */
    size_t certificate_count;
};

/* Which directions are asked for. */
#define QP_IMPACT_UP 1U
#define QP_IMPACT_DOWN 2U

/* What is touched if a thing turns out bad.
 *
 * From a lot, shipment, plot or producer the graph is followed. A certificate stands for what its
 * holder harvested, processed and dispatched of its goods within its time. A key stands for what
 * it signed, a party for what its keys signed: all that such an event made, drew from, changed or
 * described. An event stands for what it made, changed or described.
 *
 * What was voided is told and followed no further. Cost follows what is found; of a certificate
 * the lots and shipments that its holder named, of a key or party what it signed.
 * directions  QP_IMPACT_UP, QP_IMPACT_DOWN or both
 * Returns QP_OK, then free with qp_impact_free; QP_E_NOT_FOUND (a near id is named);
 * QP_E_USAGE (not an id; an id that names several things); QP_E_STORE; QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_impact_new(struct qp_log *log,
                                              const struct qp_impact_thing *thing,
                                              unsigned directions, struct qp_impact **impact,
                                              struct qp_err *err);
QP_API void qp_impact_free(struct qp_impact *impact); /* NULL is allowed */

/* ---- Bundles ---- */

/* What an exporter may show. */
enum qp_disclose {
    QP_DISCLOSE_GEOMETRY = 1,
    QP_DISCLOSE_PRODUCER_NAME = 2, /* the whole sealed identity of the producer */
    QP_DISCLOSE_PRICE = 4,
    QP_DISCLOSE_DOCUMENT = 8,
    QP_DISCLOSE_CONTACT = 16
};
#define QP_DISCLOSE_EUDR (QP_DISCLOSE_GEOMETRY | QP_DISCLOSE_PRODUCER_NAME)

struct qp_prove_report {
    size_t entries;
    size_t events;
    size_t sealed;         /* disclosed */
    size_t sealed_missing; /* asked for, but not in the vault */
    size_t plots;
    size_t lots;
    uint64_t bytes_content; /* of entries, events and disclosed contents */
    size_t hashes;          /* in all multi-proofs */
};

/* Make the bundle of a shipment under the log's newest checkpoint; appended to out.
 *
 * It holds every event of the shipment and of all lots that it is made of, also those that draw
 * from them for others; the origin plots with their producers and assessments; everybody who signed
 * or is named, with their keys and those who enrolled them; certificates, rule sets, corrections;
 * the ledger's opening and its newest entry. The same log and options give the same bytes.
 *
 * disclose  bits of qp_disclose; sealed contents outside them stay sealed
 * Returns QP_OK; QP_E_NOT_FOUND, QP_E_USAGE as qp_trace_walk; QP_E_STORE (what is stored does not
 * have the hashes that were signed); QP_E_INPUT (larger than a bundle may be); QP_E_MEMORY. */
QP_API QP_MUST_USE enum qp_code qp_prove(struct qp_log *log, const char *shipment,
                                         unsigned disclose, struct qp_buf *out,
                                         struct qp_prove_report *report, struct qp_err *err);

#ifdef __cplusplus
}
#endif
#endif
