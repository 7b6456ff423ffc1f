/* Short texts: times, numbers, names, identifiers, and what is made of any text before it reaches a
 * terminal. */
#include "fuzz/fuzz.h"

#include <quipu/key.h>

#include "core/time.h"
#include "issue/units.h"
#include "rules/identifier.h"
#include "wire/wire.h"

static void holds_time(struct qp_span in)
{
    char text[QP_TIME_TEXT_BYTES];
    uint64_t time_ms = 0;
    uint64_t again_ms = 1;
    if (qp_time_parse(in, &time_ms, NULL) == QP_OK) {
        HOLDS(time_ms <= QP_TIME_MAX_MS);
        qp_time_format(text, time_ms);
        HOLDS(qp_time_parse(qp_span_text(text), &again_ms, NULL) == QP_OK);
        HOLDS(again_ms == time_ms);
    }
}

static void holds_encodings(struct qp_span in)
{
    struct qp_buf bytes = {0};
    struct qp_buf text = {0};
    uint8_t hash[32];
    char hex[65];
    if (qp_base64_decode(&bytes, in, NULL) == QP_OK) {
        HOLDS(qp_base64_encode(&text, qp_span_buf(&bytes), NULL) == QP_OK);
        holds_same(qp_span_buf(&text), in);
    }
    if (qp_hex_decode(hash, sizeof hash, in, NULL) == QP_OK) { /* either case */
        uint8_t again[32];
        qp_hex_encode(hex, qp_span_of(hash, sizeof hash));
        HOLDS(qp_hex_decode(again, sizeof again, qp_span_text(hex), NULL) == QP_OK);
        holds_same(qp_span_of(hash, sizeof hash), qp_span_of(again, sizeof again));
    }
    qp_buf_wipe(&bytes);
    qp_buf_wipe(&text);
}

/* Escaped text is UTF-8 without controls, and escaping it once more changes nothing. */
static void holds_escaped(struct qp_span in)
{
    struct qp_buf once = {0};
    struct qp_buf twice = {0};
    HOLDS(qp_escape_terminal(&once, in, NULL) == QP_OK);
    HOLDS(qp_escape_terminal(&twice, qp_span_buf(&once), NULL) == QP_OK);
    holds_same(qp_span_buf(&once), qp_span_buf(&twice));
    HOLDS(qp_utf8_check(qp_span_buf(&once)));
    HOLDS(once.len == 0 || qp_class_check(QP_CLASS_TEXT, qp_span_buf(&once)));
    qp_buf_wipe(&once);
    qp_buf_wipe(&twice);
}

static void check_identifiers(const char *text)
{
    static enum qp_code (*const checks[])(const char *, struct qp_err *) = {
        qp_ruc_check, qp_gln_check,       qp_lei_check,        qp_eori_check,
        qp_vat_check, qp_container_check, qp_trade_item_check, qp_sscc_check};
    const struct qp_unit *unit = NULL;
    struct qp_err err;
    for (size_t i = 0; i < QP_COUNT(checks); i++) {
        if (checks[i](text, &err) != QP_OK) {
            holds_escaped(qp_span_text(err.text));
        }
    }
    for (unsigned least = 4; least <= 6; least += 2) {
        HOLDS(qp_hs_check(text, least, NULL) != QP_OK || strlen(text) >= least);
    }
    if (qp_unit_find(qp_span_text(text), "it", &unit, NULL) == QP_OK) {
        uint64_t grams = 0;
        HOLDS(unit->grams > 0);
        HOLDS(qp_unit_grams(unit, UINT64_MAX, 999999, UINT64_MAX, "it", &grams, NULL) ==
              QP_E_INPUT);
        HOLDS(qp_unit_grams(unit, 1, 0, UINT64_MAX, "it", &grams, NULL) == QP_OK);
        HOLDS(grams == unit->grams);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qp_span in = qp_span_of(data, size);
    char text[257];
    HOLDS(qp_init(NULL) == QP_OK);
    holds_time(in);
    holds_encodings(in);
    holds_escaped(in);
    HOLDS(qp_key_name_check(in, NULL) != QP_OK || qp_utf8_check(in));
    for (int class = QP_CLASS_TEXT; class <= QP_CLASS_ORIGIN; class ++) {
        (void)qp_class_check((enum qp_field_class) class, in);
    }
    if (size < sizeof text && memchr(data, '\0', size) == NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
        check_identifiers(text);
    }
    return 0;
}
