/* Words for people: quantities in the trade's units, and events as sentences.
 *
 * Texts of an event come from outside: print what stands here through cli_safe or a table. */
#ifndef QUIPU_WORDS_H
#define QUIPU_WORDS_H

#include "wire/wire.h"

#define WORDS_BYTES 80

/* Each returns `text`. */
char *words_mass(char text[WORDS_BYTES], uint64_t grams);      /* "1,234.5 kg" */
char *words_area(char text[WORDS_BYTES], uint64_t area_m2);    /* "12.34 ha", "85 m2" */
char *words_size(char text[WORDS_BYTES], uint64_t size_bytes); /* "12.3 MiB" */
/* "12 kg", "30 pieces, 12 kg"; NULL: "nothing". */
char *words_quantity(char text[WORDS_BYTES], const Qp__Quantity *quantity);
/* "1 plot", "1,234 plots": `words` are in the plural and lose it for one. */
char *words_count(char text[WORDS_BYTES], uint64_t count, const char *words);
/* A name as in JSON, with spaces: "wet parchment". */
char *words_enum(char text[WORDS_BYTES], const ProtobufCEnumDescriptor *descriptor, int value);

/* What an event is mostly about. */
struct words_gist {
    const char *id; /* "" when it is about nothing that has a name; borrowed from the event */
    uint64_t grams; /* 0: no mass in it */
};
struct words_gist words_gist(const Qp__Event *event);

/* The event as a sentence, appended, with a NUL behind that is not counted. QP_E_MEMORY. */
enum qp_code words_event(const Qp__Event *event, struct qp_buf *out,
                         struct qp_err *err) QP_MUST_USE;

#endif
