/* Every code of the rules has its advice, at the same place, and there is no other advice. */
#include "test.h"

#include "advice.h"
#include "rules/rules.h"

static void every_code_has_advice_and_no_other(void **state)
{
    (void)state;
    size_t at = 0;
    for (; qp_rule_codes[at].code != NULL; at++) {
        const char *code = qp_rule_codes[at].code;
        if (advice_find(code) == NULL) {
            fail_msg("%s has no advice: give it a row in tools/quipu/advice.c, a case in "
                     "tools/sample/bad/events, and write tools/man/quipu-codes.7 anew",
                     code);
        }
        assert_non_null(advices[at].code);
        if (strcmp(advices[at].code, code) != 0) {
            fail_msg("the advice of %s does not stand at its place: %s does", code,
                     advices[at].code);
        }
    }
    if (advices[at].code != NULL) {
        fail_msg("advice for %s, which is no code of the rules", advices[at].code);
    }
    assert_null(advice_find("QP-NONE"));
}

/* Sentences that fit a terminal and a manual page alike. */
static void check_text(const char *code, const char *text, bool sentence)
{
    size_t len = strlen(text);
    if (len < 4) {
        fail_msg("%s: a text is missing", code);
    }
    for (size_t i = 0; i < len; i++) {
        bool plain = text[i] >= ' ' && text[i] < 0x7f;
        if (!plain || strncmp(text + i, "  ", 2) == 0 || strncmp(text + i, " .", 2) == 0) {
            fail_msg("%s: \"%s\" is not plain text", code, text);
        }
    }
    if ((text[len - 1] == '.') != sentence) {
        fail_msg("%s: \"%s\" %s", code, text, sentence ? "is no sentence" : "ends like a sentence");
    }
}

static void advice_is_whole_sentences(void **state)
{
    (void)state;
    for (const struct advice *at = advices; at->code != NULL; at++) {
        check_text(at->code, at->why, true);
        check_text(at->code, at->next, true);
        check_text(at->code, at->source, false);
        check_text(at->code, at->sample, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_advice_and_no_other),
        cmocka_unit_test(advice_is_whole_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
