/* Messages in and out: one strict decoder and one encoder for every message of proto/quipu/v1,
 * driven by protobuf-c's descriptors and by the marks in the .proto files (limits.awk makes the
 * table qp_rule_* of them).
 *
 * Strict means: a message has exactly one encoding. The decoder refuses unknown fields, fields out
 * of order or twice, varints with needless bytes, defaults written out, packed fields written
 * apart, bytes behind the end, strings that are not UTF-8 or not of their class, enum values
 * without a name, numbers and counts outside their marks, and a missing field that the marks
 * require. What it accepts, packing again gives back byte for byte.
 *
 * Decoded messages live in the caller's arena; `bytes` fields point into the input, which must
 * outlive them. Nothing here keeps state: any number of threads may decode at once. */
#ifndef QP_WIRE_WIRE_H
#define QP_WIRE_WIRE_H

#include <quipu/bytes.h>
#include <quipu/hash.h>

#include "core/alloc.h"

#include <quipu/v1/backup.pb-c.h>
#include <quipu/v1/bundle.pb-c.h>
#include <quipu/v1/event.pb-c.h>
#include <quipu/v1/state.pb-c.h>
#include <quipu/v1/statement.pb-c.h>

/* Byte limits of what travels; SPEC.md, "Limits". */
#define QP_EVENT_BYTES_MAX 65535
#define QP_EVENTS_MAX 4096 /* in a statement */
#define QP_STATEMENT_BYTES_MAX 1024
#define QP_ENTRY_BYTES_MAX 65535
#define QP_SEALED_BYTES_MAX 4194304
#define QP_SUBMISSION_BYTES_MAX 67108864 /* 64 MiB */
#define QP_BUNDLE_BYTES_MAX 536870912    /* 512 MiB */
#define QP_FORK_BYTES_MAX 4096
#define QP_FRAME_BYTES_MAX (QP_SUBMISSION_BYTES_MAX + 131072) /* of a backup: an entry, a note */
#define QP_NUMBER_MAX INT64_C(9007199254740991) /* 2^53 - 1: exact in every JSON reader */

/* First bytes of the files; SPEC.md, "Files". */
#define QP_SUBMISSION_MAGIC "quipu/submission/v1\n"
#define QP_BUNDLE_MAGIC "quipu/bundle/v1\n"
#define QP_FORK_MAGIC "quipu/fork/v1\n"
#define QP_BACKUP_MAGIC "quipu/backup/v1\n"

/* What a field may hold besides what its type says. */
enum qp_field_class {
    QP_CLASS_NONE,
    QP_CLASS_TIME,    /* uint64: milliseconds; RFC 3339 in JSON, without the "_ms" of the name */
    QP_CLASS_TEXT,    /* UTF-8 without control characters */
    QP_CLASS_CODE,    /* printable ASCII without space: 0x21 to 0x7e */
    QP_CLASS_DIGITS,  /* 0 to 9 */
    QP_CLASS_COUNTRY, /* two letters A to Z: ISO 3166-1 */
    QP_CLASS_PARTY,   /* a-z, 0-9 and '-', not at either end */
    QP_CLASS_ID,   /* party '/' local, local of A-Z a-z 0-9 '.' '_' '-', first a letter or digit */
    QP_CLASS_NAME, /* a party or an id */
    QP_CLASS_ORIGIN, /* printable ASCII without space or '+' */
    QP_CLASS_HEX,    /* bytes: hexadecimal in JSON */
    QP_CLASS_BASE64  /* bytes: base64 in JSON */
};

struct qp_message_rule;

struct qp_field_rule {
    const char *name;                      /* as the descriptor has it; a test compares */
    const struct qp_message_rule *message; /* of a field that is a message */
    enum qp_field_class class;
    bool required;
    bool ascending;
    int64_t least; /* of a number, or bytes of a string */
    int64_t most;
    uint32_t count_least; /* of a repeated field */
    uint32_t count_most;
    const char *note; /* what the .proto file says of it, with its unit; may be "" */
};

struct qp_message_rule {
    const ProtobufCMessageDescriptor *descriptor;
    const struct qp_field_rule *fields; /* in the order of the descriptor's */
    const char *about;                  /* what the .proto file says of it; may be "" */
};

extern const struct qp_message_rule qp_rule_event;
extern const struct qp_message_rule qp_rule_quantity;
extern const struct qp_message_rule qp_rule_harvest_origin;
extern const struct qp_message_rule qp_rule_statement;
extern const struct qp_message_rule qp_rule_entry;
extern const struct qp_message_rule qp_rule_submission;
extern const struct qp_message_rule qp_rule_bundle_entry;
extern const struct qp_message_rule qp_rule_bundle;
extern const struct qp_message_rule qp_rule_key_forked;
extern const struct qp_message_rule qp_rule_backup_frame;
extern const struct qp_message_rule qp_rule_sealed;
extern const struct qp_message_rule qp_rule_sealed_content;
extern const struct qp_message_rule qp_rule_producer;
extern const struct qp_message_rule qp_rule_price;
extern const struct qp_message_rule qp_rule_contact;
extern const struct qp_message_rule qp_rule_party_state;
extern const struct qp_message_rule qp_rule_key_state;
extern const struct qp_message_rule qp_rule_producer_state;
extern const struct qp_message_rule qp_rule_plot_state;
extern const struct qp_message_rule qp_rule_harvest_state;
extern const struct qp_message_rule qp_rule_lot_state;
extern const struct qp_message_rule qp_rule_certificate_state;
extern const struct qp_message_rule qp_rule_shipment_state;
extern const struct qp_message_rule qp_rule_rule_set_state;
/* Every rule, ended by NULL. */
extern const struct qp_message_rule *const qp_rules_all[];

/* Bytes to a message in the arena. *message is the protobuf-c struct of the rule's descriptor. An
 * empty input is a message of defaults, which nearly every rule refuses.
 * QP_E_INPUT, with the field's path in the text and the byte in offset; QP_E_MEMORY. */
enum qp_code qp_wire_decode(const struct qp_message_rule *rule, struct qp_span in,
                            struct qp_arena *arena, void *message, struct qp_err *err) QP_MUST_USE;

/* A message to bytes, appended to out. What was written is decoded once more, so that nothing
 * leaves that would not be let in: QP_E_INPUT names the field. The arena is scratch for that. */
enum qp_code qp_wire_encode(const struct qp_message_rule *rule, const void *message,
                            struct qp_arena *arena, struct qp_buf *out,
                            struct qp_err *err) QP_MUST_USE;

/* The typed doors; sizes are capped here. */
enum qp_code qp_event_decode(struct qp_span in, struct qp_arena *arena, Qp__Event **event,
                             struct qp_err *err) QP_MUST_USE;
enum qp_code qp_statement_decode(struct qp_span in, struct qp_arena *arena,
                                 Qp__Statement **statement, struct qp_err *err) QP_MUST_USE;
enum qp_code qp_entry_decode(struct qp_span in, struct qp_arena *arena, Qp__Entry **entry,
                             struct qp_err *err) QP_MUST_USE;

/* The commitment that a content opens: SHA-256(0x03 || salt || content). */
void qp_content_hash(const Qp__SealedContent *content, struct qp_hash *hash);

/* One submission at the front of `in`, which may hold several: magic, u32 big-endian length, body.
 * *used: bytes taken. QP_E_INPUT; also when `in` ends inside it. */
enum qp_code qp_submission_decode(struct qp_span in, struct qp_arena *arena,
                                  Qp__Submission **submission, size_t *used,
                                  struct qp_err *err) QP_MUST_USE;
enum qp_code qp_submission_encode(const Qp__Submission *submission, struct qp_arena *arena,
                                  struct qp_buf *out, struct qp_err *err) QP_MUST_USE;
/* Length of the whole record from its first QP_SUBMISSION_HEAD_BYTES. QP_E_INPUT. */
#define QP_SUBMISSION_HEAD_BYTES 24
enum qp_code qp_submission_head(struct qp_span head, size_t *record_bytes,
                                struct qp_err *err) QP_MUST_USE;

/* A whole bundle file. */
enum qp_code qp_bundle_decode(struct qp_span in, struct qp_arena *arena, Qp__Bundle **bundle,
                              struct qp_err *err) QP_MUST_USE;
enum qp_code qp_bundle_encode(const Qp__Bundle *bundle, struct qp_arena *arena, struct qp_buf *out,
                              struct qp_err *err) QP_MUST_USE;

/* A whole fork proof: two statements of one key under one sequence. Its form alone: whether it
 * proves anything is for qp_fork_read. */
enum qp_code qp_fork_decode(struct qp_span in, struct qp_arena *arena, Qp__KeyForked **proof,
                            struct qp_err *err) QP_MUST_USE;
enum qp_code qp_fork_encode(const Qp__KeyForked *proof, struct qp_arena *arena, struct qp_buf *out,
                            struct qp_err *err) QP_MUST_USE;
/* Does it begin as one, of whatever version? */
bool qp_fork_is(struct qp_span in);

/* Name of an event's body as in JSON, such as "lot_harvested". Never NULL. */
const char *qp_event_name(Qp__Event__BodyCase body);
/* Name of an enum value as in JSON: "coffee" for COMMODITY_COFFEE; "unspecified" for 0 and for
 * values without a name. The text stands in `name`, which has room for 40 characters. */
void qp_enum_name(char name[40], const ProtobufCEnumDescriptor *descriptor, int value);
/* The value of a name; QP_E_INPUT lists the names there are. */
enum qp_code qp_enum_value(const ProtobufCEnumDescriptor *descriptor, const char *name, int *value,
                           struct qp_err *err) QP_MUST_USE;

/* True when `text` is of the class (QP_CLASS_TEXT to QP_CLASS_ORIGIN). */
bool qp_class_check(enum qp_field_class class, struct qp_span text);

struct qp_span qp_span_bytes(ProtobufCBinaryData bytes);
ProtobufCBinaryData qp_bytes_span(struct qp_span span);
/* The 32 bytes of a field that the decoder has checked. */
struct qp_hash qp_bytes_hash(ProtobufCBinaryData bytes);
ProtobufCBinaryData qp_hash_bytes(const struct qp_hash *hash); /* borrows */

#endif
