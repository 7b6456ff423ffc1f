/* What to do about a refusal: the long text behind each code of the rules, for people who are not
 * programmers. */
#ifndef QUIPU_ADVICE_H
#define QUIPU_ADVICE_H

/* Sentences, in ASCII, each text of several ending in a full stop. */
struct advice {
    const char *code;
    const char *why;    /* the rule is there */
    const char *source; /* law, standard, or section of proto/SPEC.md */
    const char *next;   /* what to do */
    const char *sample; /* case of tools/sample/bad/events that is refused with it */
};

/* One row for each of qp_rule_codes, in the same order, ended by a row of NULL. A test names what
 * is missing. */
extern const struct advice advices[];
/* The row of a code, or NULL. */
const struct advice *advice_find(const char *code);

#endif
