/* The library's rules against the model's, side by side: test_model [OPTIONS]; see README.md. */
#include "model/story.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    uint64_t from;
    uint64_t sequences;
    size_t length;
    bool log;
    bool stats;
    bool every_code;
};

static void print_stats(const struct counts *counts)
{
    uint64_t admitted = 0;
    uint64_t refused = 0;
    printf("%-28s %12s %12s\n", "event", "admitted", "refused");
    for (size_t i = 0; i < maker_count; i++) {
        size_t body = makers[i].body;
        printf("%-28s %12llu %12llu\n", qp_event_name(makers[i].body),
               (unsigned long long)counts->admitted[body],
               (unsigned long long)counts->refused[body]);
        admitted += counts->admitted[body];
        refused += counts->refused[body];
    }
    printf("%-28s %12llu %12llu\n\n", "all", (unsigned long long)admitted,
           (unsigned long long)refused);
    for (size_t i = 0; qp_rule_codes[i].code != NULL; i++) {
        printf("%-28s %25llu\n", qp_rule_codes[i].code, (unsigned long long)counts->codes[i]);
    }
}

/* What no event can be refused for by the rules alone: the chain of statements, and the clock. */
static const char *const not_by_rules[] = {
    "QP-CHAIN-FORK", "QP-CHAIN-GAP", "QP-CHAIN-GIVEN-UP", "QP-CHAIN-LINK", "QP-TIME-FUTURE",
};

static bool excepted(const char *code)
{
    for (size_t i = 0; i < QP_COUNT(not_by_rules); i++) {
        if (strcmp(not_by_rules[i], code) == 0) {
            return true;
        }
    }
    return false;
}

/* Every code that the rules can give was given, every kind of event admitted and refused. */
static bool met_everything(const struct counts *counts)
{
    bool all = true;
    for (size_t i = 0; qp_rule_codes[i].code != NULL; i++) {
        if (counts->codes[i] == 0 && !excepted(qp_rule_codes[i].code)) {
            printf("no event was refused with %s\n", qp_rule_codes[i].code);
            all = false;
        }
    }
    for (size_t i = 0; i < maker_count; i++) {
        bool reserved = makers[i].body == QP__EVENT__BODY_STATE_COMMITTED;
        if ((counts->admitted[makers[i].body] == 0 && !reserved) ||
            counts->refused[makers[i].body] == 0) {
            printf("%s was never %s\n", qp_event_name(makers[i].body),
                   counts->refused[makers[i].body] == 0 ? "refused" : "admitted");
            all = false;
        }
    }
    return all;
}

static uint64_t number(const char *name, const char *value)
{
    char *end = NULL;
    unsigned long long read = value == NULL ? 0 : strtoull(value, &end, 10);
    if (value == NULL || *value == '\0' || *end != '\0') {
        fprintf(stderr, "%s wants a number\n", name);
        exit(2);
    }
    return read;
}

static struct options read_options(int count, char **arguments)
{
    struct options options = {.from = 1, .sequences = 100, .length = 120};
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--log") == 0) {
            options.log = true;
        } else if (strcmp(name, "--stats") == 0) {
            options.stats = true;
        } else if (strcmp(name, "--every-code") == 0) {
            options.every_code = true;
        } else if (strcmp(name, "--seed") == 0) {
            options.from = number(name, arguments[++i]);
            options.sequences = 1;
        } else if (strcmp(name, "--from") == 0) {
            options.from = number(name, arguments[++i]);
        } else if (strcmp(name, "--sequences") == 0) {
            options.sequences = number(name, arguments[++i]);
        } else if (strcmp(name, "--length") == 0) {
            options.length = (size_t)number(name, arguments[++i]);
        } else {
            fprintf(stderr, "usage: test_model [--log] [--from N] [--sequences N] [--seed N] "
                            "[--length N] [--stats] [--every-code]\n");
            exit(2);
        }
    }
    return options;
}

int main(int count, char **arguments)
{
    struct options options = read_options(count, arguments);
    struct teller teller = {.length = options.length};
    bool good = true;
    world_keys_open();
    teller.side = options.log ? side_log_open() : side_memory_open();
    printf("seeds %llu to %llu\n", (unsigned long long)options.from,
           (unsigned long long)(options.from + options.sequences - 1));
    for (uint64_t i = 0; i < options.sequences && good; i++) {
        good = tell(&teller, options.from + i);
    }
    printf("%llu statements in %llu sequences\n", (unsigned long long)teller.counts.statements,
           (unsigned long long)teller.counts.stories);
    if (options.stats) {
        print_stats(&teller.counts);
    }
    good = good && (!options.every_code || met_everything(&teller.counts));
    if (options.log) {
        side_log_close(teller.side);
    } else {
        side_memory_close(teller.side);
    }
    world_keys_close();
    return good ? 0 : 1;
}
