/* Cells of an import: short texts of people and office programs, read without guessing. */
#include "issue/import_priv.h"

#include "core/check.h"
#include "core/time.h"

#include <inttypes.h>
#include <string.h>

static enum qp_code no_memory(struct qp_err *why)
{
    return qp_fail(why, QP_E_MEMORY, "no memory to import");
}

struct qp_span qp_cell_trim(struct qp_span cell)
{
    while (cell.len > 0 && (cell.data[0] == ' ' || cell.data[0] == '\t')) {
        cell = qp_span_of(cell.data + 1, cell.len - 1);
    }
    while (cell.len > 0 && (cell.data[cell.len - 1] == ' ' || cell.data[cell.len - 1] == '\t')) {
        cell.len--;
    }
    return cell;
}

static enum qp_code empty(const char *name, struct qp_err *why)
{
    return qp_fail(why, QP_E_INPUT, "%s is empty", name);
}

enum qp_code qp_cell_text(struct qp_importing *in, const char *name, struct qp_span cell,
                          bool needed, char **text, struct qp_err *why)
{
    cell = qp_cell_trim(cell);
    if (cell.len == 0 && needed) {
        return empty(name, why);
    }
    if (!qp_class_check(QP_CLASS_TEXT, cell)) {
        return qp_fail(why, QP_E_INPUT,
                       "%s %s holds control characters or a line end; write it on one line", name,
                       qp_import_quote(in, cell));
    }
    char *copy = qp_arena_text(&in->scratch, cell);
    if (copy == NULL) {
        return no_memory(why);
    }
    *text = copy;
    return QP_OK;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static enum qp_code not_a_number(struct qp_importing *in, const char *name, struct qp_span cell,
                                 struct qp_err *why)
{
    const char *quoted = qp_import_quote(in, cell);
    if (in->separator == ';' && memchr(cell.data, ',', cell.len) != NULL) {
        return qp_fail(why, QP_E_INPUT,
                       "%s %s: one decimal comma or point and no thousands, such as 1250,5", name,
                       quoted);
    }
    if (memchr(cell.data, ',', cell.len) != NULL) {
        return qp_fail(why, QP_E_INPUT,
                       "%s %s: a comma could be a decimal sign or set thousands apart; write a "
                       "decimal point and no thousands, such as 1250.5",
                       name, quoted);
    }
    if (cell.data[0] == '-') {
        return qp_fail(why, QP_E_INPUT, "%s %s is less than zero", name, quoted);
    }
    return qp_fail(why, QP_E_INPUT, "%s %s is not a plain number such as 212.5", name, quoted);
}

/* Where semicolons separate the cells, a comma can only be a decimal sign, if points are not: then
 * they would set thousands apart. So a file has one or the other. */
static enum qp_code check_sign(struct qp_importing *in, const char *name, struct qp_span cell,
                               struct qp_err *why)
{
    bool comma = memchr(cell.data, ',', cell.len) != NULL;
    bool point = memchr(cell.data, '.', cell.len) != NULL;
    if (in->separator != ';' || comma == point) {
        return QP_OK; /* both: no number at all */
    }
    if (in->decimal == 0) {
        in->decimal = comma ? ',' : '.';
        in->decimal_place = in->place;
    }
    if (in->decimal == (comma ? ',' : '.')) {
        return QP_OK;
    }
    return qp_fail(why, QP_E_INPUT,
                   "%s %s: %s, but %s %" PRIu64 " has a decimal %s; write one of them in the whole "
                   "file, and no thousands",
                   name, qp_import_quote(in, cell), comma ? "a comma" : "a point", in->unit,
                   in->decimal_place, comma ? "point" : "comma");
}

enum qp_code qp_cell_decimal(struct qp_importing *in, const char *name, struct qp_span cell,
                             unsigned decimals, uint64_t most, uint64_t *value, struct qp_err *why)
{
    uint64_t whole = 0;
    unsigned behind = 0;
    bool point = false;
    cell = qp_cell_trim(cell);
    if (cell.len == 0) {
        return empty(name, why);
    }
    enum qp_code rc = check_sign(in, name, cell, why);
    if (rc != QP_OK) {
        return rc;
    }
    for (size_t i = 0; i < cell.len; i++) {
        uint8_t byte = cell.data[i];
        bool sign = byte == '.' || (byte == ',' && in->separator == ';');
        if (sign && !point && i > 0 && i + 1 < cell.len) {
            point = true;
            continue;
        }
        if (!is_digit(byte)) {
            return not_a_number(in, name, cell, why);
        }
        if (point && behind == decimals) {
            return qp_fail(why, QP_E_INPUT, "%s %s has more than %u decimals", name,
                           qp_import_quote(in, cell), decimals);
        }
        behind += point ? 1 : 0;
        if (!qp_mul_u64(whole, 10, &whole) || !qp_add_u64(whole, (uint64_t)(byte - '0'), &whole)) {
            whole = UINT64_MAX;
            break;
        }
    }
    for (; behind < decimals; behind++) {
        if (!qp_mul_u64(whole, 10, &whole)) {
            whole = UINT64_MAX;
            break;
        }
    }
    if (whole > most) {
        return qp_fail(why, QP_E_INPUT, "%s %s is too large to be true", name,
                       qp_import_quote(in, cell));
    }
    *value = whole;
    return QP_OK;
}

enum qp_code qp_cell_date(struct qp_importing *in, const char *name, struct qp_span cell,
                          uint64_t *time_ms, struct qp_err *why)
{
    static const char form[] = "dddd-dd-dd";
    cell = qp_cell_trim(cell);
    if (cell.len == 0) {
        return empty(name, why);
    }
    bool fits = cell.len == sizeof form - 1;
    for (size_t i = 0; fits && i < cell.len; i++) {
        fits = form[i] == 'd' ? is_digit(cell.data[i]) : cell.data[i] == (uint8_t)form[i];
    }
    if (!fits) {
        return qp_fail(why, QP_E_INPUT, "%s %s is not of the form YYYY-MM-DD, such as 2026-06-10",
                       name, qp_import_quote(in, cell));
    }
    if (qp_time_parse(cell, time_ms, NULL) != QP_OK) {
        return qp_fail(why, QP_E_INPUT, "%s %s: there is no such day", name,
                       qp_import_quote(in, cell));
    }
    return QP_OK;
}

enum qp_code qp_cell_enum(struct qp_importing *in, const char *name, struct qp_span cell,
                          const ProtobufCEnumDescriptor *descriptor, int *value, struct qp_err *why)
{
    char *text = NULL;
    enum qp_code rc = qp_cell_text(in, name, cell, true, &text, why);
    if (rc == QP_OK) {
        rc = qp_enum_value(descriptor, text, value, why);
        rc = rc == QP_OK ? rc : qp_prefix(why, rc, "%s", name);
    }
    return rc;
}

enum qp_code qp_cell_id(struct qp_importing *in, const char *name, struct qp_span cell, char **id,
                        struct qp_err *why)
{
    char *text = NULL;
    enum qp_code rc = qp_cell_text(in, name, cell, true, &text, why);
    if (rc != QP_OK) {
        return rc;
    }
    bool whole = strchr(text, '/') != NULL;
    char *made = whole ? text : qp_arena_printf(&in->scratch, "%s/%s", in->options->party, text);
    if (made == NULL) {
        return no_memory(why);
    }
    if (!qp_class_check(QP_CLASS_ID, qp_span_text(made))) {
        return qp_fail(why, QP_E_INPUT,
                       "%s %s is not a code: letters A-Z, digits, '.', '_' and '-', at most 48 of "
                       "them, the first a letter or digit",
                       name, qp_import_quote(in, qp_span_text(text)));
    }
    *id = made;
    return QP_OK;
}

/* The codes of a ledger for a name that is taken, and for one that nobody has. */
static const char *rule_of(enum qp_catalog_kind kind, bool taken)
{
    static const char *const rules[QP_CATALOG_KINDS][2] = {
        [QP_CATALOG_PRODUCER] = {"QP-PRODUCER-UNKNOWN", "QP-PRODUCER-NEW"},
        [QP_CATALOG_PLOT] = {"QP-PLOT-UNKNOWN", "QP-PLOT-NEW"},
        [QP_CATALOG_LOT] = {"QP-LOT-UNKNOWN", "QP-LOT-NEW"},
    };
    const char *rule = rules[kind][taken ? 1 : 0];
    return rule == NULL ? "" : rule;
}

static bool is_own(const struct qp_importing *in, const char *id)
{
    size_t len = strlen(in->options->party);
    return strncmp(id, in->options->party, len) == 0 && id[len] == '/';
}

enum qp_code qp_cell_new_id(struct qp_importing *in, const char *name, struct qp_span cell,
                            enum qp_catalog_kind kind, char **id, struct qp_err *why)
{
    enum qp_code rc = qp_cell_id(in, name, cell, id, why);
    if (rc != QP_OK) {
        return rc;
    }
    if (!is_own(in, *id)) {
        return qp_fail(why, QP_E_INPUT, "%s %s belongs to another party; %s names its own", name,
                       *id, in->options->party);
    }
    const struct qp_catalog_item *item = qp_import_find(in, kind, *id);
    if (item != NULL) {
        if (item->statement > 0 && in->report->signed_before++ == 0) {
            in->report->statement = item->statement - 1;
        }
        return qp_refuse(why, rule_of(kind, true),
                         "%s %s is used already, in %s; a code is used once", name, *id,
                         qp_import_where(in, item));
    }
    return QP_OK;
}

enum qp_code qp_cell_known_id(struct qp_importing *in, const char *name, struct qp_span cell,
                              enum qp_catalog_kind kind, char **id,
                              const struct qp_catalog_item **item, struct qp_err *why)
{
    enum qp_code rc = qp_cell_id(in, name, cell, id, why);
    if (rc != QP_OK) {
        return rc;
    }
    *item = qp_import_find(in, kind, *id);
    if (*item == NULL && !in->options->others_registered) {
        return qp_refuse(why, rule_of(kind, false),
                         "%s %s is not registered by this key; import it first, or say "
                         "--others-registered if another party has registered it",
                         name, *id);
    }
    return QP_OK;
}
