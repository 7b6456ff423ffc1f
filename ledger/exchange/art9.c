#include "exchange/art9.h"

#include "core/check.h"
#include "exchange/csv.h"
#include "exchange/geojson.h"
#include "exchange/species.h"

#include <string.h>

/* Nine digits hold -180.123456, and no more than six decimals were written. */
#define DUMP_FLAGS (JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY)

static enum qp_code no_memory(struct qp_err *err)
{
    return qp_fail(err, QP_E_MEMORY, "no memory for the record");
}

/* ---- The object ---- */

/* The geometry as JSON, holes and all; null where it was not disclosed. */
static enum qp_code geometry_to_json(const struct qp_verdict_plot *plot, json_t **json,
                                     struct qp_err *err)
{
    struct qp_arena arena;
    struct qp_geometry geometry;
    struct qp_buf text = {0};
    if (plot->geometry.len == 0) {
        *json = json_null();
        return QP_OK;
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_geometry_decode(plot->geometry, &arena, &geometry, err);
    if (rc == QP_OK) {
        rc = qp_geometry_reduce(&geometry, &arena, &geometry, err);
    }
    if (rc == QP_OK) {
        rc = qp_geometry_normalize(&geometry, &arena, &geometry, err);
    }
    if (rc == QP_OK) {
        rc = qp_geojson_geometry(&text, &geometry, err);
    }
    if (rc == QP_OK) {
        *json = json_loadb((const char *)text.data, text.len, 0, NULL);
        rc = *json != NULL ? QP_OK : no_memory(err);
    }
    qp_buf_wipe(&text);
    qp_arena_wipe(&arena);
    return rc == QP_OK ? rc : qp_prefix(err, rc, "plot %s", plot->plot);
}

static enum qp_code add_plots(const struct qp_verdict *verdict, json_t *object, struct qp_err *err)
{
    json_t *plots = json_array();
    json_t *seen = json_object(); /* countries, as names */
    json_t *countries = json_array();
    enum qp_code rc = plots != NULL && seen != NULL && countries != NULL ? QP_OK : no_memory(err);
    for (size_t i = 0; rc == QP_OK && i < qp_verdict_plot_count(verdict); i++) {
        const struct qp_verdict_plot *plot = qp_verdict_plot(verdict, i);
        json_t *geometry = NULL;
        rc = geometry_to_json(plot, &geometry, err);
        if (rc != QP_OK) {
            break;
        }
        json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "plot", plot->plot,
                                "producer", plot->producer, "producer_name", plot->producer_name,
                                "country", plot->country, "region", plot->region, "area_m2",
                                (json_int_t)plot->area_m2, "geometry", geometry);
        bool ok = json_array_append_new(plots, row) == 0;
        if (ok && plot->country[0] != '\0' && json_object_get(seen, plot->country) == NULL) {
            ok = json_object_set_new(seen, plot->country, json_true()) == 0 &&
                 json_array_append_new(countries, json_string(plot->country)) == 0;
        }
        rc = ok ? QP_OK : no_memory(err);
    }
    if (rc == QP_OK && (json_object_set(object, "countries_of_production", countries) != 0 ||
                        json_object_set(object, "plots", plots) != 0)) {
        rc = no_memory(err);
    }
    json_decref(plots);
    json_decref(seen);
    json_decref(countries);
    return rc;
}

/* The eight heads with their level, from the numbers of the line. */
static json_t *list_heads(const struct qp_verdict *verdict)
{
    static const char *const levels[] = {"not shown", "declared", "documented", "verified"};
    json_t *list = json_array();
    const json_t *numbers = verdict->lines[QP_LINE_LEGAL].numbers;
    for (int head = QP__LEGALITY_HEAD__LEGALITY_HEAD_LAND_USE;
         list != NULL && head <= QP__LEGALITY_HEAD__LEGALITY_HEAD_TAX_TRADE; head++) {
        char name[40];
        qp_enum_name(name, &qp__legality_head__descriptor, head);
        json_int_t level = json_integer_value(json_object_get(numbers, name));
        json_t *row =
            json_pack("{s:s, s:s}", "head", name, "level",
                      levels[level >= 0 && level < (json_int_t)QP_COUNT(levels) ? level : 0]);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *list_lines(const struct qp_verdict *verdict)
{
    static const char *const results[] = {"PASS", "FAIL", "NOT SHOWN"};
    json_t *list = json_array();
    for (int i = 0; list != NULL && i < QP_LINE_COUNT; i++) {
        const struct qp_verdict_line *line = &verdict->lines[i];
        json_t *row = json_pack("{s:s, s:s, s:b, s:O}", "line", qp_line_name((enum qp_line)i),
                                "result", results[line->result], "required", verdict->required[i],
                                "reasons", line->reasons);
        if (json_array_append_new(list, row) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *describe_goods(const struct qp_verdict *verdict)
{
    json_t *goods = json_copy(json_object_get(verdict->facts, "goods"));
    const char *commodity = json_string_value(json_object_get(goods, "commodity"));
    const struct qp_species *species = commodity != NULL ? qp_species_find(commodity) : NULL;
    if (goods == NULL) { /* the dispatch is not shown */
        return json_object();
    }
    if (species != NULL &&
        (json_object_set_new(goods, "description", json_string(species->description)) != 0 ||
         json_object_set_new(goods, "usual_species", json_string(species->scientific_name)) != 0)) {
        json_decref(goods);
        return NULL;
    }
    return goods;
}

enum qp_code qp_art9_new(const struct qp_verdict *verdict, const struct qp_hash *bundle,
                         json_t **object, struct qp_err *err)
{
    char hex[65];
    qp_hash_hex(hex, bundle);
    json_t *made =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "record", "quipu/art9/v1", "regulation",
                  "(EU) 2023/1115, Article 9", "bundle_sha256", hex, "verdict",
                  qp_verdict_passed(verdict) ? "PASS" : "FAIL", "lines", list_lines(verdict));
    bool ok = made != NULL && json_object_update(made, verdict->facts) == 0 &&
              json_object_update(made, json_object_get(verdict->facts, "evidence")) == 0 &&
              json_object_set_new(made, "goods", describe_goods(verdict)) == 0 &&
              json_object_set_new(made, "legality", list_heads(verdict)) == 0;
    if (ok) {
        (void)json_object_del(made, "evidence");
    }
    enum qp_code rc = ok ? add_plots(verdict, made, err) : no_memory(err);
    if (rc != QP_OK) {
        json_decref(made);
        return rc;
    }
    *object = made;
    return QP_OK;
}

static int print_part(const char *text, size_t len, void *context)
{
    struct qp_buf *out = context;
    return qp_buf_add(out, qp_span_of(text, len), NULL) == QP_OK ? 0 : -1;
}

enum qp_code qp_art9_json(const json_t *object, struct qp_buf *out, struct qp_err *err)
{
    if (json_dump_callback(object, print_part, out, DUMP_FLAGS | JSON_INDENT(2)) != 0) {
        return no_memory(err);
    }
    return qp_buf_add_text(out, "\n", err);
}

/* ---- The tables ---- */

#define COLUMNS_MAX 16

struct table {
    const char *file;
    const char *list; /* member of the object; an object instead of a list is one row */
    const char *columns[COLUMNS_MAX];
};

static const struct table tables[] = {
    {"goods.csv",
     "goods",
     {"commodity", "description", "usual_species", "hs_code", "net_grams", "bags", "consignee",
      "port_of_loading", "port_of_discharge", "destination_country", "customs_declaration",
      "containers", "dispatched"}},
    {"lots.csv", "lots", {"lot", "form", "grams", "pieces"}},
    {"parties.csv",
     "parties",
     {"party", "legal_name", "country", "roles", "identifiers", "contact_disclosed", "address",
      "email", "phone"}},
    {"hand_overs.csv",
     "hand_overs",
     {"date", "lot", "from", "to", "kind", "document", "grams", "received", "received_grams"}},
    {"producers.csv",
     "producers",
     {"producer", "name", "community", "district", "registered_by", "disclosed"}},
    {"plots.csv",
     "plots",
     {"plot", "producer", "producer_name", "country", "region", "area_m2", "geometry"}},
    {"harvests.csv",
     "harvests",
     {"plot", "from", "to", "crop_year", "buyer", "commodity", "form", "lots", "grams"}},
    {"assessments.csv",
     "assessments",
     {"plot", "assessor", "trusted", "date", "entry", "outcome", "cut_off", "covers_to", "method",
      "datasets", "assessed_m2", "forest_m2", "loss_m2", "nodata_ppm"}},
    {"legality.csv", "legality", {"head", "level"}},
    {"tenures.csv",
     "tenures",
     {"plot", "producer", "tenure", "level", "document_committed", "document_disclosed", "by",
      "date"}},
    {"documents.csv",
     "documents",
     {"subject_kind", "subject", "title", "number", "heads", "level", "document_committed",
      "document_disclosed", "by", "date"}},
    {"certificates.csv",
     "certificates",
     {"certificate", "scheme", "number", "holder", "scope", "by", "valid_from", "valid_to",
      "withdrawn"}},
};

size_t qp_art9_table_count(void)
{
    return QP_COUNT(tables);
}

const char *qp_art9_table_name(size_t at)
{
    QP_ASSERT(at < QP_COUNT(tables));
    return tables[at].file;
}

/* "a; b; c"; the values of an object with spaces between them. */
static enum qp_code join(const json_t *list, struct qp_buf *text, struct qp_err *err)
{
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        const char *name = NULL;
        json_t *value = NULL;
        rc = qp_buf_add_text(text, i > 0 ? "; " : "", err);
        if (rc == QP_OK && json_is_string(item)) {
            rc = qp_buf_add_text(text, json_string_value(item), err);
        }
        bool first = true;
        json_object_foreach(item, name, value)
        {
            if (rc == QP_OK) {
                rc = qp_buf_addf(text, err, "%s%s", first ? "" : " ", json_string_value(value));
            }
            first = false;
        }
    }
    return rc;
}

static enum qp_code put_cell(struct qp_csv_writer *csv, const json_t *value, struct qp_err *err)
{
    struct qp_buf text = {0};
    enum qp_code rc = QP_OK;
    if (json_is_integer(value)) {
        return qp_csv_number(csv, json_integer_value(value), 0, err);
    }
    if (json_is_string(value)) {
        return qp_csv_text(csv, qp_span_text(json_string_value(value)), err);
    }
    if (json_is_boolean(value)) {
        return qp_csv_text(csv, qp_span_text(json_is_true(value) ? "yes" : "no"), err);
    }
    if (json_is_array(value)) {
        rc = join(value, &text, err);
    } else if (json_is_object(value) &&
               json_dump_callback(value, print_part, &text, DUMP_FLAGS | JSON_COMPACT) != 0) {
        rc = no_memory(err);
    }
    if (rc == QP_OK) {
        rc = qp_csv_text(csv, qp_span_buf(&text), err);
    }
    qp_buf_wipe(&text);
    return rc;
}

enum qp_code qp_art9_table(const json_t *object, size_t at, struct qp_buf *out, struct qp_err *err)
{
    QP_ASSERT(at < QP_COUNT(tables));
    const struct table *table = &tables[at];
    const json_t *list = json_object_get(object, table->list);
    bool is_one = json_is_object(list);
    struct qp_csv_writer csv;
    enum qp_code rc = qp_csv_begin(&csv, out, ',', true, err);
    for (size_t k = 0; rc == QP_OK && k < COLUMNS_MAX && table->columns[k] != NULL; k++) {
        rc = qp_csv_text(&csv, qp_span_text(table->columns[k]), err);
    }
    if (rc == QP_OK) {
        rc = qp_csv_end_row(&csv, err);
    }
    for (size_t i = 0; rc == QP_OK && i < (is_one ? 1 : json_array_size(list)); i++) {
        const json_t *row = is_one ? list : json_array_get(list, i);
        for (size_t k = 0; rc == QP_OK && k < COLUMNS_MAX && table->columns[k] != NULL; k++) {
            rc = put_cell(&csv, json_object_get(row, table->columns[k]), err);
        }
        if (rc == QP_OK) {
            rc = qp_csv_end_row(&csv, err);
        }
    }
    return rc;
}
