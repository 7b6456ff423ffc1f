#include "issue/import_priv.h"

#include "core/check.h"
#include "core/time.h"
#include "issue/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOT,
    DATE,
    PRODUCER,
    PLOTS,
    COMMODITY,
    FORM,
    QUANTITY,
    UNIT,
    CROP_YEAR,
    DELIVERY_NOTE,
    MOISTURE,
    PRICE,
    HARVEST_FROM,
    HARVEST_TO,
    COLUMNS
};

static const struct qp_csv_column columns[COLUMNS] = {
    [LOT] = {"lot", true},
    [DATE] = {"date", true},
    [PRODUCER] = {"producer", true},
    [PLOTS] = {"plots", true},
    [COMMODITY] = {"commodity", true},
    [FORM] = {"form", true},
    [QUANTITY] = {"quantity", true},
    [UNIT] = {"unit", true},
    [CROP_YEAR] = {"crop_year", true},
    [DELIVERY_NOTE] = {"delivery_note", false},
    [MOISTURE] = {"moisture_percent", false},
    [PRICE] = {"price_pen_per_kg", false},
    [HARVEST_FROM] = {"harvest_from", true},
    [HARVEST_TO] = {"harvest_to", true},
};

#define ORIGINS_MAX 64
#define WHOLE_SHARE 100000                /* 100 percent, in thousandths of a percent */
#define PRICE_MAX UINT64_C(1000000000000) /* a million soles a kilogram */

/* Everything that points into a row lives in the scratch or here, until the event is added. */
struct row {
    Qp__Event event;
    Qp__LotHarvested body;
    Qp__Quantity quantity;
    Qp__Price price;
    Qp__HarvestOrigin origins[ORIGINS_MAX];
    Qp__HarvestOrigin *origin_list[ORIGINS_MAX];
    uint64_t shares[ORIGINS_MAX]; /* thousandths of a percent; 0: not given */
    size_t origin_count;
    char *producer;
};

/* ---- What, in which form ---- */

/* In which forms a commodity comes over the scale at the farm gate, in the trade's short words. */
static const struct {
    const char *word;
    Qp__Commodity commodity;
    Qp__Form form;
} forms[] = {
    {"cherry", QP__COMMODITY__COMMODITY_COFFEE, QP__FORM__FORM_CHERRY},
    {"dried_cherry", QP__COMMODITY__COMMODITY_COFFEE, QP__FORM__FORM_DRIED_CHERRY},
    {"wet_parchment", QP__COMMODITY__COMMODITY_COFFEE, QP__FORM__FORM_WET_PARCHMENT},
    {"parchment", QP__COMMODITY__COMMODITY_COFFEE, QP__FORM__FORM_PARCHMENT},
    {"green", QP__COMMODITY__COMMODITY_COFFEE, QP__FORM__FORM_GREEN},
    {"wet", QP__COMMODITY__COMMODITY_COCOA, QP__FORM__FORM_WET_BEANS},
    {"wet_beans", QP__COMMODITY__COMMODITY_COCOA, QP__FORM__FORM_WET_BEANS},
    {"dry", QP__COMMODITY__COMMODITY_COCOA, QP__FORM__FORM_DRY_BEANS},
    {"dry_beans", QP__COMMODITY__COMMODITY_COCOA, QP__FORM__FORM_DRY_BEANS},
    {"fruit", QP__COMMODITY__COMMODITY_BANANA, QP__FORM__FORM_FRUIT},
    {"fruit", QP__COMMODITY__COMMODITY_AGUAJE, QP__FORM__FORM_FRUIT},
    {"fibre", QP__COMMODITY__COMMODITY_ALPACA, QP__FORM__FORM_FIBRE},
};

static enum qp_code take_form(struct qp_importing *in, const struct qp_span *cells, struct row *row,
                              struct qp_err *why)
{
    char known[120] = "";
    size_t used = 0;
    int commodity = 0;
    struct qp_span cell = qp_cell_trim(cells[FORM]);
    enum qp_code rc = qp_cell_enum(in, "commodity", cells[COMMODITY], &qp__commodity__descriptor,
                                   &commodity, why);
    if (rc != QP_OK) {
        return rc;
    }
    row->body.commodity = (Qp__Commodity)commodity;
    for (size_t i = 0; i < QP_COUNT(forms); i++) {
        if ((int)forms[i].commodity != commodity) {
            continue;
        }
        if (qp_span_eq(cell, qp_span_text(forms[i].word))) {
            row->body.form = forms[i].form;
            return QP_OK;
        }
        int n = snprintf(known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "",
                         forms[i].word);
        used += n > 0 && (size_t)n < sizeof known - used ? (size_t)n : 0;
    }
    char name[40];
    qp_enum_name(name, &qp__commodity__descriptor, commodity);
    return qp_fail(why, QP_E_INPUT, "form %s is not one that %s is delivered in; there are: %s",
                   qp_import_quote(in, cell), name, known);
}

/* ---- How much ---- */

static enum qp_code take_quantity(struct qp_importing *in, const struct qp_span *cells,
                                  struct row *row, struct qp_err *why)
{
    const struct qp_unit *unit = NULL;
    uint64_t thousandths = 0;
    uint64_t grams = 0;
    struct qp_span cell = qp_cell_trim(cells[UNIT]);
    enum qp_code rc = qp_unit_find(cell, qp_import_quote(in, cell), &unit, why);
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "quantity", cells[QUANTITY], 3, UINT64_MAX, &thousandths, why);
    }
    if (rc != QP_OK) {
        return rc;
    }
    char quoted[80];
    (void)snprintf(quoted, sizeof quoted, "quantity %s",
                   qp_import_quote(in, qp_cell_trim(cells[QUANTITY])));
    if (thousandths == 0) {
        return qp_fail(why, QP_E_INPUT, "%s is nothing", quoted);
    }
    rc = qp_unit_grams(unit, thousandths / 1000, thousandths % 1000 * 1000, QP_IMPORT_GRAMS_MAX,
                       quoted, &grams, why);
    if (rc != QP_OK) {
        return rc;
    }
    qp__quantity__init(&row->quantity);
    row->quantity.grams = grams;
    row->body.quantity = &row->quantity;
    return QP_OK;
}

/* ---- From where ---- */

static enum qp_code check_plot(const struct row *row, const char *plot,
                               const struct qp_catalog_item *item, struct qp_err *why)
{
    if (item == NULL) {
        return QP_OK;
    }
    if (strcmp(item->owner, row->producer) != 0) {
        return qp_fail(why, QP_E_REFUSED, "plots: %s is a plot of producer %s, not of %s", plot,
                       item->owner, row->producer);
    }
    if ((item->commodities & (UINT64_C(1) << ((unsigned)row->body.commodity & 63U))) == 0) {
        char name[40];
        qp_enum_name(name, &qp__commodity__descriptor, (int)row->body.commodity);
        return qp_refuse(why, "QP-PLOT-COMMODITY", "plots: %s is not registered for %s", plot,
                         name);
    }
    return QP_OK;
}

/* One "code" or "code:share". */
static enum qp_code take_origin(struct qp_importing *in, struct qp_span part, struct row *row,
                                struct qp_err *why)
{
    const struct qp_catalog_item *item = NULL;
    if (row->origin_count == ORIGINS_MAX) {
        return qp_fail(why, QP_E_INPUT, "plots: more than %d in one delivery", ORIGINS_MAX);
    }
    Qp__HarvestOrigin *origin = &row->origins[row->origin_count];
    const uint8_t *colon = part.len > 0 ? memchr(part.data, ':', part.len) : NULL;
    size_t len = colon == NULL ? part.len : (size_t)(colon - part.data);
    qp__harvest_origin__init(origin);
    enum qp_code rc = qp_cell_known_id(in, "plots:", qp_span_of(part.data, len), QP_CATALOG_PLOT,
                                       &origin->plot, &item, why);
    if (rc == QP_OK) {
        rc = check_plot(row, origin->plot, item, why);
    }
    for (size_t i = 0; rc == QP_OK && i < row->origin_count; i++) {
        if (strcmp(row->origins[i].plot, origin->plot) == 0) {
            rc = qp_fail(why, QP_E_INPUT, "plots: %s stands there twice", origin->plot);
        }
    }
    uint64_t share = 0;
    if (rc == QP_OK && colon != NULL) {
        rc = qp_cell_decimal(in, "plots: share", qp_span_of(colon + 1, part.len - len - 1), 3,
                             WHOLE_SHARE, &share, why);
        if (rc == QP_OK && share == 0) {
            rc = qp_fail(why, QP_E_INPUT, "plots: %s has a share of nothing", origin->plot);
        }
    }
    if (rc == QP_OK) {
        row->shares[row->origin_count] = share;
        row->origin_list[row->origin_count] = origin;
        row->origin_count++;
    }
    return rc;
}

static enum qp_code check_shares(struct row *row, struct qp_err *why)
{
    uint64_t sum = 0;
    size_t given = 0;
    for (size_t i = 0; i < row->origin_count; i++) {
        sum += row->shares[i];
        given += row->shares[i] > 0;
    }
    if (given == 0) {
        return QP_OK;
    }
    if (given < row->origin_count) {
        return qp_fail(why, QP_E_INPUT,
                       "plots: give every plot a share, or none (then the shares are equal)");
    }
    if (sum != WHOLE_SHARE) {
        return qp_fail(why, QP_E_INPUT,
                       "plots: the shares add up to %" PRIu64 ".%03" PRIu64 " percent, not to 100",
                       sum / 1000, sum % 1000);
    }
    return QP_OK;
}

/* Grams by largest remainder: every plot gets its share rounded down, and the grams that are left
 * go one each to the largest remainders, the first in the row first; so they add up exactly. */
static enum qp_code split(struct row *row, struct qp_err *why)
{
    uint64_t rest[ORIGINS_MAX] = {0};
    uint64_t grams = row->quantity.grams;
    uint64_t left = grams;
    bool equal = row->shares[0] == 0;
    uint64_t whole = equal ? row->origin_count : WHOLE_SHARE;
    for (size_t i = 0; i < row->origin_count; i++) {
        uint64_t part = grams * (equal ? 1 : row->shares[i]); /* at most 1e12 * 1e5 */
        row->origins[i].grams = part / whole;
        rest[i] = part % whole;
        left -= row->origins[i].grams;
    }
    for (; left > 0; left--) {
        size_t largest = 0;
        for (size_t i = 1; i < row->origin_count; i++) {
            largest = rest[i] > rest[largest] ? i : largest;
        }
        row->origins[largest].grams++;
        rest[largest] = 0;
    }
    for (size_t i = 0; i < row->origin_count; i++) {
        if (row->origins[i].grams == 0) {
            return qp_fail(why, QP_E_INPUT, "plots: less than a gram comes from %s",
                           row->origins[i].plot);
        }
    }
    return QP_OK;
}

static enum qp_code take_origins(struct qp_importing *in, const struct qp_span *cells,
                                 struct row *row, struct qp_err *why)
{
    const struct qp_catalog_item *item = NULL;
    struct qp_span cell = qp_cell_trim(cells[PLOTS]);
    enum qp_code rc = qp_cell_known_id(in, "producer", cells[PRODUCER], QP_CATALOG_PRODUCER,
                                       &row->producer, &item, why);
    if (rc == QP_OK && cell.len == 0) {
        rc = qp_fail(why, QP_E_INPUT, "plots is empty: a lot without origin is worth nothing");
    }
    for (size_t at = 0; rc == QP_OK && at <= cell.len;) {
        const uint8_t *bar = at < cell.len ? memchr(cell.data + at, '|', cell.len - at) : NULL;
        size_t end = bar == NULL ? cell.len : (size_t)(bar - cell.data);
        rc = take_origin(in, qp_span_of(cell.data + at, end - at), row, why);
        at = end + 1;
    }
    if (rc == QP_OK) {
        rc = check_shares(row, why);
    }
    if (rc == QP_OK) {
        rc = split(row, why);
    }
    row->body.n_origins = row->origin_count;
    row->body.origins = row->origin_list;
    return rc;
}

/* ---- When, and the rest ---- */

static enum qp_code check_times(struct qp_importing *in, const struct row *row, struct qp_err *why)
{
    const Qp__LotHarvested *body = &row->body;
    char from[QP_TIME_TEXT_BYTES];
    char to[QP_TIME_TEXT_BYTES];
    char date[QP_TIME_TEXT_BYTES];
    qp_date_format(from, body->harvest_from_ms);
    qp_date_format(to, body->harvest_to_ms);
    qp_date_format(date, row->event.occurred_ms);
    if (body->harvest_from_ms > body->harvest_to_ms) {
        return qp_fail(why, QP_E_INPUT, "harvest_from %s is after harvest_to %s", from, to);
    }
    if (body->harvest_to_ms > row->event.occurred_ms) {
        return qp_fail(why, QP_E_INPUT, "harvest_to %s is after the delivery on %s", to, date);
    }
    if (in->options->latest_ms != 0 && row->event.occurred_ms > in->options->latest_ms) {
        return qp_fail(why, QP_E_INPUT, "date %s is still to come", date);
    }
    uint64_t year = strtoull(from, NULL, 10);
    if (year != body->crop_year && year != (uint64_t)body->crop_year + 1) {
        return qp_fail(why, QP_E_INPUT, "crop_year %u does not fit a harvest from %s on",
                       body->crop_year, from);
    }
    return QP_OK;
}

static enum qp_code take_times(struct qp_importing *in, const struct qp_span *cells,
                               struct row *row, struct qp_err *why)
{
    uint64_t year = 0;
    enum qp_code rc = qp_cell_date(in, "date", cells[DATE], &row->event.occurred_ms, why);
    if (rc == QP_OK) {
        rc = qp_cell_date(in, "harvest_from", cells[HARVEST_FROM], &row->body.harvest_from_ms, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_date(in, "harvest_to", cells[HARVEST_TO], &row->body.harvest_to_ms, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_decimal(in, "crop_year", cells[CROP_YEAR], 0, 2999, &year, why);
    }
    row->body.crop_year = (uint32_t)year;
    return rc == QP_OK ? check_times(in, row, why) : rc;
}

static enum qp_code take_moisture(struct qp_importing *in, const struct qp_span *cells,
                                  struct row *row, struct qp_err *why)
{
    uint64_t ppm = 0;
    if (qp_cell_trim(cells[MOISTURE]).len == 0) {
        return QP_OK;
    }
    enum qp_code rc =
        qp_cell_decimal(in, "moisture_percent", cells[MOISTURE], 4, UINT64_MAX, &ppm, why);
    if (rc == QP_OK && ppm > 1000000) {
        rc = qp_fail(why, QP_E_INPUT, "moisture_percent %s is more than 100",
                     qp_import_quote(in, qp_cell_trim(cells[MOISTURE])));
    }
    row->body.moisture_ppm = (uint32_t)ppm;
    return rc;
}

static enum qp_code take_price(struct qp_importing *in, const struct qp_span *cells,
                               struct row *row, struct qp_err *why)
{
    static char currency[] = "PEN";
    if (qp_cell_trim(cells[PRICE]).len == 0) {
        return QP_OK;
    }
    qp__price__init(&row->price);
    row->price.currency = currency;
    enum qp_code rc = qp_cell_decimal(in, "price_pen_per_kg", cells[PRICE], 6, PRICE_MAX,
                                      &row->price.micro_units, why);
    if (rc == QP_OK && row->price.micro_units == 0) {
        rc = qp_fail(why, QP_E_INPUT, "price_pen_per_kg is 0; leave it empty if it is not known");
    }
    return rc == QP_OK ? qp_draft_seal_message(in->draft, QP__SEALED_KIND__SEALED_KIND_PRICE,
                                               &row->price, &row->body.price, why)
                       : rc;
}

static enum qp_code fill(struct qp_importing *in, const struct qp_span *cells, struct row *row,
                         struct qp_err *why)
{
    struct qp_err part;
    qp_err_init(&part);
    enum qp_code rc = qp_cell_new_id(in, "lot", cells[LOT], QP_CATALOG_LOT, &row->body.lot, &part);
    rc = qp_import_part(in, QP_OK, rc, &part, why);
    rc = qp_import_part(in, rc, take_times(in, cells, row, &part), &part, why);
    enum qp_code goods = take_form(in, cells, row, &part);
    rc = qp_import_part(in, rc, goods, &part, why);
    if (goods == QP_OK) {
        goods = take_quantity(in, cells, row, &part);
        rc = qp_import_part(in, rc, goods, &part, why);
    }
    if (goods == QP_OK) {
        rc = qp_import_part(in, rc, take_origins(in, cells, row, &part), &part, why);
    }
    rc = qp_import_part(in, rc, take_moisture(in, cells, row, &part), &part, why);
    rc = qp_import_part(in, rc,
                        qp_cell_text(in, "delivery_note", cells[DELIVERY_NOTE], false,
                                     &row->body.delivery_note, &part),
                        &part, why);
    rc = qp_import_part(in, rc, take_price(in, cells, row, &part), &part, why);
    return rc == QP_OK ? qp_import_check_yield(in, &row->body, why) : rc;
}

static enum qp_code take(struct qp_importing *in, const struct qp_span *cells, struct qp_err *why)
{
    struct row *row = qp_arena_alloc_zero(&in->scratch, 1, sizeof *row);
    if (row == NULL) {
        return qp_fail(why, QP_E_MEMORY, "no memory to import");
    }
    qp__event__init(&row->event);
    qp__lot_harvested__init(&row->body);
    enum qp_code rc = fill(in, cells, row, why);
    if (rc != QP_OK) {
        return rc;
    }
    row->event.body_case = QP__EVENT__BODY_LOT_HARVESTED;
    row->event.lot_harvested = &row->body;
    rc = qp_import_event(in, &row->event, why);
    struct qp_catalog_item item = {.kind = QP_CATALOG_LOT, .id = row->body.lot, .place = in->place};
    rc = rc == QP_OK ? qp_catalog_add(in->local, &item, why) : rc;
    return rc == QP_OK ? qp_catalog_add_harvest(in->local, &row->body, why) : rc;
}

enum qp_code qp_import_deliveries(struct qp_draft *draft, struct qp_span file,
                                  const struct qp_import_options *options,
                                  struct qp_import_report *report, struct qp_buf *bad_rows,
                                  struct qp_err *err)
{
    static const struct qp_import_csv csv = {
        .columns = columns, .column_count = COLUMNS, .take = take};
    struct qp_importing in = {
        .options = options, .draft = draft, .report = report, .bad_rows = bad_rows, .file = file};
    return qp_import_csv_run(&in, &csv, err);
}
